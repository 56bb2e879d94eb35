package console

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"outreach.example/ledger"
	"outreach.example/ledger/ledgertest"
	"outreach.example/letter"
)

// office is a console with people, for tests that ask it as a browser does.
type office struct {
	t     *testing.T
	c     *Console
	store *miniredis.Miniredis
	log   *bytes.Buffer
	now   time.Time
}

// noDesk is a desk for pages that ask it nothing; what else they might ask fails the test.
type noDesk struct{ Desk }

func (noDesk) Approve(context.Context, string, string, string) error {
	return ledger.Refusal("not here")
}
func (noDesk) Startable(ledger.Campaign) error                 { return nil }
func (noDesk) UndoTime() time.Duration                         { return time.Minute }
func (noDesk) Doubts(context.Context, string) ([]Doubt, error) { return nil, nil }
func (noDesk) Depth(context.Context) (int, error)              { return 0, nil }
func (noDesk) Resolve(context.Context, string, letter.ID, ledger.Decision, string) ([]string, error) {
	return nil, ledger.Refusal("not here")
}

const right = "a lamp under seven hills"

var rightHash = HashPassword(right)

// openOffice makes a console of which people of every role are, each called as the role.
func openOffice(t *testing.T, address string) *office {
	t.Helper()
	o := &office{t: t, store: ledgertest.Mini(t), log: &bytes.Buffer{}, now: time.Now()}
	l := ledger.New(redis.NewClient(&redis.Options{Addr: o.store.Addr(), MaxRetries: -1}))
	t.Cleanup(func() { _ = l.Redis.Close() })
	if _, err := l.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	o.c = &Console{Ledger: l, Desk: noDesk{}, Now: func() time.Time { return o.now }, Log: slog.New(slog.NewTextHandler(o.log, nil)), Address: address}
	o.c.Open()
	for _, role := range Roles {
		o.add(role, role)
	}
	return o
}

func (o *office) add(name string, roles ...string) {
	o.t.Helper()
	if _, err := o.c.Ledger.AddPerson(o.t.Context(), "test", ledger.Account{Name: name, Roles: roles, Password: rightHash, Added: o.now, By: "test"}); err != nil {
		o.t.Fatal(err)
	}
}

// browser is somebody's browser: it keeps cookies, and says where its forms come from.
type browser struct {
	*office
	cookie *http.Cookie
	from   string
	header map[string]string
}

func (o *office) browser() *browser { return &browser{office: o, from: "192.0.2.1:4000"} }

func (b *browser) do(method, path string, form url.Values) *httptest.ResponseRecorder {
	b.t.Helper()
	var r *http.Request
	if form != nil {
		r = httptest.NewRequest(method, b.c.Address+path, strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	} else {
		r = httptest.NewRequest(method, b.c.Address+path, nil)
	}
	r.RemoteAddr = b.from
	if method != http.MethodGet {
		r.Header.Set("Origin", b.c.Address)
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	for k, v := range b.header {
		r.Header.Del(k)
		if v != "" {
			r.Header.Set(k, v)
		}
	}
	if b.cookie != nil {
		r.AddCookie(b.cookie)
	}
	w := httptest.NewRecorder()
	b.c.ServeHTTP(w, r)
	for _, k := range w.Result().Cookies() {
		if k.MaxAge < 0 {
			b.cookie = nil
		} else {
			b.cookie = k
		}
	}
	return w
}

func (b *browser) get(path string) *httptest.ResponseRecorder {
	b.t.Helper()
	return b.do(http.MethodGet, path, nil)
}

// post sends a form with the token of the person's pages.
func (b *browser) post(path string, pairs ...string) *httptest.ResponseRecorder {
	b.t.Helper()
	form := url.Values{"token": {b.token()}}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	return b.do(http.MethodPost, path, form)
}

var tokenField = regexp.MustCompile(`name="token" value="([^"]*)"`)

func (b *browser) token() string {
	if m := tokenField.FindStringSubmatch(b.get("/account").Body.String()); m != nil {
		return m[1]
	}
	return ""
}

func (b *browser) signIn(name, password string) *httptest.ResponseRecorder {
	b.t.Helper()
	return b.do(http.MethodPost, "/sign-in", url.Values{"name": {name}, "password": {password}})
}

// as is a browser in which somebody is signed in.
func (o *office) as(name string) *browser {
	o.t.Helper()
	b := o.browser()
	if w := b.signIn(name, right); w.Code != http.StatusSeeOther {
		o.t.Fatalf("%s signs in: %d %s", name, w.Code, said(w))
	}
	return b
}

// said is what a page shows.
func said(w *httptest.ResponseRecorder) string {
	doc, err := goquery.NewDocumentFromReader(bytes.NewReader(w.Body.Bytes()))
	if err != nil {
		return w.Body.String()
	}
	return strings.Join(strings.Fields(doc.Find("main, body > :only-child").First().Text()), " ")
}

const plainAddress, tlsAddress = "http://127.0.0.1:8080", "https://outreach.iom.example"

func newDiscard() *slog.Logger { return slog.New(slog.DiscardHandler) }
