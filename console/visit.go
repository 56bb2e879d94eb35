package console

import (
	"bytes"
	"context"
	"crypto/subtle"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"outreach.example/ledger"
)

// A visit is one request with the person it comes from, and what its page shows around its own.
type visit struct {
	*Console
	w      http.ResponseWriter
	r      *http.Request
	ctx    context.Context
	Person ledger.Account // with no name for a stranger
}

// visit makes a page answer: to those whose roles allow its act, and with an empty act to everybody.
func (c *Console) visit(act Act, p page) http.Handler {
	return c.withSession(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := &visit{Console: c, w: w, r: r, ctx: r.Context()}
		if err := v.answer(act, p); err != nil {
			v.fail(err)
		}
	}))
}

func (v *visit) answer(act Act, p page) error {
	person, ok, err := v.Console.who(v.ctx)
	if err != nil {
		return err
	}
	if ok {
		v.Person = person
	}
	if act != "" && !ok {
		if live(v.r) {
			plainly(v.w, http.StatusUnauthorized, "signed out")
			return nil
		}
		return v.toSignIn()
	}
	if act != "" && !May(person, act) {
		return refused("role")
	}
	if v.r.Method == http.MethodPost {
		if act != "" {
			if err := v.token(); err != nil {
				return err
			}
		}
		defer v.gallery.touch()
	}
	return p(v)
}

// toSignIn sends a stranger to sign in, and back to where they wanted to go. A form that they sent is lost.
func (v *visit) toSignIn() error {
	to := "/sign-in"
	if v.r.Method == http.MethodGet && v.r.URL.Path != "/" {
		to += "?to=" + url.QueryEscape(v.r.URL.RequestURI())
	}
	http.Redirect(v.w, v.r, to, http.StatusSeeOther)
	return nil
}

// token makes sure that a form is one that this session was shown.
func (v *visit) token() error {
	if err := v.parse(); err != nil {
		return err
	}
	want := v.sessions.GetString(v.ctx, tokenKey)
	if want == "" || subtle.ConstantTimeCompare([]byte(v.r.PostFormValue("token")), []byte(want)) != 1 {
		return refused("stale")
	}
	return nil
}

// parse reads the form, within the bounds that guard has set.
func (v *visit) parse() error {
	var err error
	if strings.HasPrefix(v.r.Header.Get("Content-Type"), "multipart/form-data") {
		err = v.r.ParseMultipartForm(4 << 20)
	} else {
		err = v.r.ParseForm()
	}
	var large *http.MaxBytesError
	if err != nil && !errors.As(err, &large) {
		return refused("unread")
	}
	return err
}

// value is a field of the form, without the spaces around it.
func (v *visit) value(name string) string { return strings.TrimSpace(v.r.PostFormValue(name)) }

// who is how the ledger keeps who decided: the account's name, and that they were signed in.
func (v *visit) who() string { return v.Person.Name + " (console)" }

// say puts a sentence on top of the next page.
func (v *visit) say(text string) { v.sessions.Put(v.ctx, flashKey, text) }

// to ends a form: with a sentence, on another page.
func (v *visit) to(path, said string) error {
	if said != "" {
		v.say(said)
	}
	http.Redirect(v.w, v.r, path, http.StatusSeeOther)
	return nil
}

// show answers with a page made of a template. What the page is is in the struct that embeds a frame.
func (v *visit) show(name string, p any) error { return v.showAs(http.StatusOK, name, p) }

func (v *visit) showAs(status int, name string, p any) error {
	var b bytes.Buffer
	if err := pages.ExecuteTemplate(&b, name, p); err != nil {
		return err
	}
	v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	v.w.WriteHeader(status)
	_, _ = v.w.Write(b.Bytes()) // a reader who went away misses nothing
	return nil
}

// fail shows what is wrong.
func (v *visit) fail(err error) {
	f := v.faultOf(v.r, err)
	p := failPage{frame: v.frame(f.title), Text: f.text}
	if err := v.showAs(f.status, "fail.html", p); err != nil {
		v.broken(v.w, v.r, err)
	}
}

// failPage says why there is nothing to see.
type failPage struct {
	frame
	Text string
}

func (c *Console) missing(v *visit) error {
	if v.r.Method != http.MethodGet && v.r.Method != http.MethodHead {
		return refused("method")
	}
	return refused("missing")
}

// sure wants the person's password where they have not typed it for a while: before a start, a decision on a doubt, a
// change of roles. It adds what is missing to the problems of the form.
func (v *visit) sure(form *problems) (bool, error) {
	if !v.askAgain() {
		return true, nil
	}
	given := v.r.PostFormValue("password")
	if given == "" {
		form.add("password", "Type your password again: this decision wants it")
		return false, nil
	}
	ok, waiting, err := v.judge(v.Person.Name, given)
	switch {
	case err != nil:
		return false, err
	case waiting:
		form.add("password", tooMany)
		return false, nil
	case !ok:
		form.add("password", "That is not your password")
		return false, nil
	}
	v.sessions.Put(v.ctx, againKey, v.Now().UnixMilli())
	return true, nil
}

// askAgain says whether a form that is sure has to ask for the password.
func (v *visit) askAgain() bool {
	at := time.UnixMilli(v.sessions.GetInt64(v.ctx, againKey))
	return v.Now().Sub(at) > again || v.Now().Before(at)
}
