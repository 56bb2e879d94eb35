package console

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"outreach.example/donor"
	"outreach.example/ledger"
	"outreach.example/letter"
)

// OptOut answers the link by which a reader asks not to be written to again (RFC 8058). It needs no account and has no
// cookie: the link's token is all there is, and it names a letter and no address.
//
// Mail filters open every link of every mail. So GET shows a page and changes nothing; POST alone changes, may come from
// anywhere (3.2: mail programs send it without a session), and may come again. A token that is wrong, of another key or of a
// letter that is gone gets the very same answer as one that is right, so that trying tokens tells nothing.
type OptOut struct {
	Ledger *ledger.Ledger
	Keys   letter.TokenKeys
	Path   string // before the token: /optout
	Now    func() time.Time
	Log    *slog.Logger
}

// evenly is how long every answer to a POST takes, whatever was done: the time tells nothing either.
const evenly = 400 * time.Millisecond

// optOutPage is both pages: the question, and that it is done.
type optOutPage struct {
	Done bool
	Path string
}

// ServeHTTP answers the link.
func (o *OptOut) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer") // the address is the token
	h.Set("Cache-Control", "no-store")
	h.Set("X-Robots-Tag", "noindex")
	token := strings.TrimPrefix(r.URL.Path, o.Path+"/")
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		o.show(w, optOutPage{Path: o.Path + "/" + token})
	case http.MethodPost:
		begun := o.Now()
		// The body says nothing that the address does not; reading a little of it lets the sender finish.
		_, _ = io.Copy(io.Discard, http.MaxBytesReader(w, r.Body, 8<<10))
		o.take(context.WithoutCancel(r.Context()), token)
		rest := time.NewTimer(evenly - o.Now().Sub(begun))
		defer rest.Stop()
		select {
		case <-rest.C:
		case <-r.Context().Done():
		}
		o.show(w, optOutPage{Done: true})
	default:
		h.Set("Allow", "GET, HEAD, POST")
		plainly(w, http.StatusMethodNotAllowed, "This link takes GET and POST.")
	}
}

func (o *OptOut) show(w http.ResponseWriter, p optOutPage) {
	var b strings.Builder
	if err := pages.ExecuteTemplate(&b, "optout.html", p); err != nil {
		o.Log.Error("opt-out page", "error", err)
		plainly(w, http.StatusInternalServerError, "This page failed; please write to us instead.")
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = io.WriteString(w, b.String()) // a reader who went away misses nothing
}

// take does what the token asks, if it is one of ours. Who asked is told the same whatever comes of it; what went wrong is
// for the log.
func (o *OptOut) take(ctx context.Context, text string) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	t, err := o.Keys.Read(letter.OptOutToken, text)
	if err != nil {
		o.Log.Info("opt-out with a token that is none")
		return
	}
	id, err := o.Ledger.OptOut(ctx, "opt-out link", t, donor.DateOf(o.Now()).String(), o.Now())
	switch {
	case errors.Is(err, ledger.ErrNoLetter):
		o.Log.Warn("opt-out of a letter that is not there")
	case err != nil:
		o.Log.Error("opt-out not done", "letter", id.String(), "error", err)
	default:
		o.Log.Info("opted out", "letter", id.String())
	}
}

// OptOutHandler serves the link and the style sheet of its page.
func OptOutHandler(o *OptOut) http.Handler {
	mux := http.NewServeMux()
	mux.Handle(o.Path+"/{token}", o) // a mail program, or a reader
	mux.Handle("GET /assets/", assets())
	mux.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) { plainly(w, http.StatusOK, "ok") }) // the service manager
	return mux
}
