package trial

import (
	"bytes"
	"cmp"
	"embed"
	"fmt"
	"html/template"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"outreach.example/letter"
)

//go:embed pages
var files embed.FS

var templates = template.Must(template.New("").Funcs(template.FuncMap{
	"size":     sizeInWords,
	"language": languageName,
	"stamp":    func(t time.Time) string { return t.Format(time.RFC3339) },
	"long":     func(t time.Time) string { return t.Format("2 January 2006, 15:04:05 MST") },
	"short":    func(t time.Time) string { return t.Format("2 Jan 15:04:05") },
}).ParseFS(files, "pages/*.html"))

// What the pages may do: show their own style sheet and frame a letter of their own, nothing else.
const pagePolicy = "default-src 'none'; style-src 'self'; img-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// What a letter's HTML may do: be looked at.
const letterPolicy = "default-src 'none'; style-src 'unsafe-inline'; img-src data: cid:; form-action 'none'; base-uri 'none'; frame-ancestors 'self'; sandbox"

// pages serves the letters to the person at this machine.
type pages struct {
	shelf *shelf
	log   *slog.Logger
}

func newPages(s *shelf, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           (&pages{s, log}).handler(),
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      time.Minute,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}

func (p *pages) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", p.list)                       // a person, from the link that try prints
	mux.HandleFunc("GET /letters/{n}", p.letter)             // the list
	mux.HandleFunc("GET /letters/{n}/html", p.html)          // the frame of a letter's page
	mux.HandleFunc("GET /letters/{n}/letter.eml", p.message) // the download link of a letter's page
	mux.HandleFunc("GET /style.css", p.asset("pages/style.css", "text/css; charset=utf-8"))
	mux.HandleFunc("GET /icon.svg", p.asset("pages/icon.svg", "image/svg+xml"))
	mux.HandleFunc("GET /", p.missing) // a person with an old or mistyped link
	return p.guard(mux)
}

// guard answers only a browser of this machine that asks for this machine, and only questions. A page of another site
// that had its own name point here (DNS rebinding) is recognised by that name.
func (p *pages) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", pagePolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-DNS-Prefetch-Control", "off")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		switch {
		case !ownHost(r.Host):
			p.fail(w, http.StatusMisdirectedRequest, "Wrong address", "This page answers only to the address that the trial printed, for example 127.0.0.1 or localhost.")
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			h.Set("Allow", "GET, HEAD")
			p.fail(w, http.StatusMethodNotAllowed, "Nothing to change here", "The built-in mailbox only shows letters. Nothing can be sent, changed or deleted on these pages.")
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// ownHost says whether a Host header names this machine.
func ownHost(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.Trim(host, "[]")
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

// A frame is what every page shows around its own.
type frame struct {
	Title    string
	Accepted int
	Doubles  int
	Full     bool
}

func (p *pages) frame(title string) frame {
	n := p.shelf.count()
	return frame{title, n.accepted, n.doubles, p.shelf.full()}
}

// A failPage says why there is nothing to see.
type failPage struct {
	frame
	Text string
}

func (p *pages) missing(w http.ResponseWriter, _ *http.Request) {
	p.fail(w, http.StatusNotFound, "Page not found", "There is no page at this address. If you typed it, check it; if you followed a link, the letter may belong to an earlier trial, whose letters went with it.")
}

func (p *pages) fail(w http.ResponseWriter, status int, title, text string) {
	p.show(w, status, "fail.html", failPage{p.frame(title), text})
}

func (p *pages) show(w http.ResponseWriter, status int, name string, page any) {
	var b bytes.Buffer
	if err := templates.ExecuteTemplate(&b, name, page); err != nil {
		p.log.Error("page not shown", "page", name, "error", err)
		http.Error(w, "This page cannot be shown; the program log says why.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // a reader who went away misses nothing
}

func (p *pages) asset(name, kind string) http.HandlerFunc {
	content, err := files.ReadFile(name)
	if err != nil {
		panic(err) // it is embedded
	}
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		_, _ = w.Write(content)
	}
}

// A listPage is the first page: letters, newest first.
type listPage struct {
	frame
	Filter    filter
	Languages []string // those of the letters here, "none" for letters that do not say
	Steps     []string
	Rows      []row
	Found     int
	From, To  int // which of those found are on this page
	Newer     string
	Older     string
}

// A row is one letter in the list.
type row struct {
	Number   int
	Link     string
	Received time.Time
	Donor    string // "" when the letter does not say
	Letter   letter.ID
	To       person
	Subject  string
	Language string
	Cc       int
	Hidden   int
	Bytes    int64
	Copies   int // letters with this Message-ID; more than one is a double
	Faults   int
}

func (p *pages) list(w http.ResponseWriter, r *http.Request) {
	f := readFilter(r.URL.Query())
	all := p.shelf.all()
	found := f.pick(p.shelf, all)
	f.Page = min(f.Page, max(1, (len(found)+pageSize-1)/pageSize))
	from := (f.Page - 1) * pageSize
	to := min(len(found), from+pageSize)

	page := listPage{frame: p.frame("Letters"), Filter: f, Found: len(found), From: from + 1, To: to}
	page.Accepted = len(all)
	page.Languages, page.Steps = choices(all)
	for _, e := range found[from:to] {
		s := e.summary()
		page.Rows = append(page.Rows, row{
			e.number, f.link(fmt.Sprintf("/letters/%d", e.number), "", ""), e.received, p.shelf.donor(e), e.letter, s.To, s.Subject, s.Language,
			len(s.Cc), len(s.Hidden), int64(e.size), len(p.shelf.copies(e.id)), s.Faults,
		})
	}
	if f.Page > 1 {
		page.Newer = f.link("/", "page", fmt.Sprint(f.Page-1))
	}
	if to < len(found) {
		page.Older = f.link("/", "page", fmt.Sprint(f.Page+1))
	}
	p.show(w, http.StatusOK, "list.html", page)
}

// choices are what a filter can be set to for these letters.
func choices(all []*entry) (tags, steps []string) {
	seenTags, seenSteps := map[string]bool{}, map[string]bool{}
	for _, e := range all {
		seenTags[cmp.Or(e.summary().Language, unstated)] = true
		seenSteps[e.letter.Step] = true
	}
	delete(seenSteps, "")
	return slices.Sorted(maps.Keys(seenTags)), slices.Sorted(maps.Keys(seenSteps))
}

// sizeInWords is bytes as people read them.
func sizeInWords(n int64) string {
	switch {
	case n < 1000:
		return fmt.Sprintf("%d bytes", n)
	case n < 999_500:
		return fmt.Sprintf("%d kB", (n+500)/1000)
	}
	return fmt.Sprintf("%.1f MB", float64(n)/1e6)
}
