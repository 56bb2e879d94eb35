package console

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"outreach.example/donor"
	"outreach.example/ledger"
)

// Every page is denied to whoever is not signed in, and to whoever has no role that may do what it is for.
func TestDeniedByDefault(t *testing.T) {
	o := openOffice(t, plainAddress)
	fill := strings.NewReplacer("{$}", "", "{name}", "viewer", "{donor}", "KEN", "{step}", "appeal", "{relay}", "r:25", "{token}", "x")
	for _, r := range o.c.closed() {
		method, pattern, _ := strings.Cut(r.pattern, " ")
		path := fill.Replace(pattern)
		if pattern == "/events" {
			continue // answers for as long as one listens; TestEvents looks at it
		}
		stranger := o.browser()
		if w := stranger.do(method, path, url.Values{}); w.Code != http.StatusSeeOther || !strings.HasPrefix(w.Header().Get("Location"), "/sign-in") {
			t.Errorf("%s for a stranger: %d", r.pattern, w.Code)
		}
		if len(allowed[r.act]) == 0 {
			t.Errorf("%s is for the act %q, which nobody may do", r.pattern, r.act)
		}
		for _, role := range Roles {
			if slices.Contains(allowed[r.act], role) {
				continue
			}
			b := o.as(role)
			w := b.get(path)
			if method == http.MethodPost {
				w = b.post(path)
			}
			if w.Code != http.StatusForbidden || !strings.Contains(said(w), "Not for your role") {
				t.Errorf("%s for %s: %d %s", r.pattern, role, w.Code, said(w))
			}
		}
	}
	if May(ledger.Account{Roles: Roles}, "") || May(ledger.Account{Roles: Roles}, "unheard of") || May(ledger.Account{}, See) {
		t.Error("what is in no table is allowed")
	}
}

// A form is taken from the console's own pages only, and only as the session was shown it.
func TestFormsOfOthers(t *testing.T) {
	o := openOffice(t, plainAddress)
	for _, tt := range []struct {
		name   string
		header map[string]string
		token  string
		want   int
	}{
		{"its own", nil, "right", http.StatusSeeOther},
		{"another site", map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}, "right", http.StatusForbidden},
		{"a sister site", map[string]string{"Sec-Fetch-Site": "same-site", "Origin": "http://127.0.0.1:9999"}, "right", http.StatusForbidden},
		{"an old browser at another site", map[string]string{"Sec-Fetch-Site": "", "Origin": "https://evil.example"}, "right", http.StatusForbidden},
		{"a sandboxed frame", map[string]string{"Sec-Fetch-Site": "", "Origin": "null"}, "right", http.StatusForbidden},
		{"nobody says where from", map[string]string{"Sec-Fetch-Site": "", "Origin": ""}, "right", http.StatusForbidden},
		{"without a token", nil, "", http.StatusForbidden},
		{"with somebody else's token", nil, "other", http.StatusForbidden},
	} {
		b := o.as("viewer")
		token := map[string]string{"right": b.token(), "other": o.as("editor").token()}[tt.token]
		b.header = tt.header
		if w := b.do(http.MethodPost, "/account/sign-out", url.Values{"token": {token}}); w.Code != tt.want {
			t.Errorf("%s: %d, want %d: %s", tt.name, w.Code, tt.want, said(w))
		}
	}
	login := o.browser()
	login.header = map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
	if w := login.signIn("viewer", right); w.Code != http.StatusForbidden || login.cookie != nil {
		t.Errorf("another site signs somebody in: %d", w.Code)
	}
}

// Whatever is answered, the browser is told to keep to this host, this page and no script but ours.
func TestHeaders(t *testing.T) {
	o := openOffice(t, tlsAddress)
	b := o.as("viewer")
	for _, path := range []string{"/", "/nowhere", "/people", "/audit.csv", "/sign-in", assetPath["style.css"], "/welcome/x"} {
		h := b.get(path).Header()
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "same-origin",
			"Strict-Transport-Security": "max-age=31536000", "Cross-Origin-Opener-Policy": "same-origin",
		} {
			if h.Get(name) != want {
				t.Errorf("%s: %s is %q", path, name, h.Get(name))
			}
		}
		csp := h.Get("Content-Security-Policy")
		for _, part := range []string{"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"} {
			if !strings.Contains(csp, part) {
				t.Errorf("%s: policy %q", path, csp)
			}
		}
		if strings.Contains(csp, "unsafe") || strings.Contains(csp, "*") || strings.Contains(csp, "http") {
			t.Errorf("%s: policy %q", path, csp)
		}
		if !strings.HasPrefix(path, "/assets/") && h.Get("Cache-Control") != "no-store" && !strings.Contains(h.Get("Cache-Control"), "no-cache") {
			t.Errorf("%s may be kept: %q", path, h.Get("Cache-Control"))
		}
	}
}

// No page has a style or a script in it, or names another host.
func TestNothingInline(t *testing.T) {
	entries, err := files.ReadDir("pages")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		content, _ := files.ReadFile("pages/" + e.Name())
		for _, bad := range []string{" style=", "<style", "javascript:", " onclick=", " onload=", "//cdn", "@import"} {
			if strings.Contains(string(content), bad) {
				t.Errorf("%s holds %q", e.Name(), bad)
			}
		}
		for at := range strings.SplitSeq(string(content), "http") {
			if strings.HasPrefix(at, "://") && !strings.HasPrefix(at, "://www.w3.org/2000/svg") || strings.HasPrefix(at, "s://") {
				t.Errorf("%s names another host: http%.40s", e.Name(), at)
			}
		}
	}
}

func TestBoundsOfRequests(t *testing.T) {
	o := openOffice(t, plainAddress)
	b := o.as("admin")
	big := url.Values{"token": {b.token()}, "name": {strings.Repeat("x", mostBody)}}
	if w := b.do(http.MethodPost, "/people", big); w.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("a form of more than %d bytes: %d", mostBody, w.Code)
	}
	if w := b.do(http.MethodPost, "/nowhere", url.Values{"token": {b.token()}}); w.Code != http.StatusMethodNotAllowed && w.Code != http.StatusNotFound {
		t.Errorf("a form to nowhere: %d", w.Code)
	}
	for host, want := range map[string]int{"127.0.0.1:8080": 200, "localhost:8080": 200, "evil.example": 421, "127.0.0.1:9": 421, "": 421} {
		r := httptest.NewRequest(http.MethodGet, "/sign-in", nil)
		r.Host = host
		w := httptest.NewRecorder()
		o.c.ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("host %q: %d, want %d", host, w.Code, want)
		}
	}
	s := NewServer(o.c)
	if s.ReadHeaderTimeout == 0 || s.ReadTimeout == 0 || s.WriteTimeout == 0 || s.IdleTimeout == 0 || s.MaxHeaderBytes == 0 {
		t.Errorf("a server without bounds: %+v", s)
	}
	multipart := httptest.NewRequest(http.MethodPost, plainAddress+"/people", io.LimitReader(endless{}, mostUpload+1))
	multipart.Header.Set("Content-Type", "multipart/form-data; boundary=x")
	multipart.Header.Set("Origin", plainAddress)
	multipart.AddCookie(b.cookie)
	w := httptest.NewRecorder()
	o.c.ServeHTTP(w, multipart)
	if w.Code < 400 || w.Code >= 500 {
		t.Errorf("an endless upload: %d", w.Code)
	}
}

type endless struct{}

func (endless) Read(b []byte) (int, error) { return copy(b, bytes.Repeat([]byte("x"), len(b))), nil }

// A page that fails says so and nothing else; what a person types reaches the log as one line, and a password never does.
func TestWhatTheLogHolds(t *testing.T) {
	o := openOffice(t, plainAddress)
	b := o.browser()
	b.signIn("eve\nlevel=INFO msg=\"signed in\" name=admin", "the password that was tried")
	o.as("viewer")
	for _, secret := range []string{"the password that was tried", right, rightHash} {
		if strings.Contains(o.log.String(), secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
	if strings.Contains(o.log.String(), "\nlevel=INFO msg=\"signed in\" name=admin") {
		t.Error("a name wrote a line of the log")
	}
	panics := o.c.guard(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("the pledge of KEN is lost") }))
	r := httptest.NewRequest(http.MethodGet, plainAddress+"/", nil)
	w := httptest.NewRecorder()
	panics.ServeHTTP(w, r)
	if w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "pledge") {
		t.Errorf("a page that panics: %d %s", w.Code, w.Body)
	}
	o.store.SetError("LOADING nothing is here")
	if w := o.browser().get("/sign-in"); strings.Contains(w.Body.String(), "LOADING") && w.Code == http.StatusOK {
		t.Errorf("without a store: %d %s", w.Code, w.Body)
	}
}

// What people wrote is shown as they wrote it, and is no part of the page.
func TestHostileText(t *testing.T) {
	o := openOffice(t, plainAddress)
	const evil = `"><script>alert(1)</script><img src=x onerror=alert(2)>`
	o.add(strings.ReplaceAll(evil, "(", "[")[:30], "viewer")
	if _, err := o.c.Ledger.Hold(t.Context(), evil, "all", o.now.AddDate(1, 0, 0), evil); err != nil {
		t.Fatal(err)
	}
	b := o.as("admin")
	for _, path := range []string{"/audit", "/people", "/audit?who=" + url.QueryEscape(evil), "/?campaign=" + url.QueryEscape(evil)} {
		if body := b.get(path).Body.String(); strings.Contains(body, "<script>alert") || strings.Contains(body, "<img src=x") || strings.Contains(body, "><script>a") {
			t.Errorf("%s: text of a person became part of the page", path)
		}
	}
	for in, want := range map[string]string{
		"=1+1": "'=1+1", "+41 22": "'+41 22", "-5": "'-5", "@x": "'@x", "\tx": "'\tx", "＝1": "'＝1", "plain": "plain", "": "",
	} {
		if got := donor.Cell(in); got != want {
			t.Errorf("donor.Cell(%q) = %q, want %q", in, got, want)
		}
	}
	if csv := b.get("/audit.csv").Body.String(); strings.Contains(csv, "\n=") || strings.Contains(csv, ",=") {
		t.Error("a cell is a formula")
	}
}

// Decisions that matter want the password again once it was typed a while ago, and are not made without it.
func TestPasswordAgain(t *testing.T) {
	o := openOffice(t, plainAddress)
	b := o.as("admin")
	o.now = o.now.Add(again + 1e9)
	if w := b.post("/people", "name", "Nia New", "role", "admin"); w.Code != http.StatusUnprocessableEntity || !strings.Contains(said(w), "Type your password again") {
		t.Errorf("without the password: %d %s", w.Code, said(w))
	}
	if w := b.post("/people/viewer", "do", "roles", "role", "admin", "password", "a wrong one of some length"); w.Code != http.StatusUnprocessableEntity {
		t.Errorf("with a wrong one: %d", w.Code)
	}
	if p, _, _ := o.c.Ledger.Person(t.Context(), "viewer"); May(p, Admit) {
		t.Error("the roles were changed all the same")
	}
	if _, ok, _ := o.c.Ledger.Person(t.Context(), "nia new"); ok {
		t.Error("somebody was added all the same")
	}
	if w := b.post("/people/viewer", "do", "roles", "role", "admin", "password", right); w.Code != http.StatusSeeOther {
		t.Errorf("with the right one: %d %s", w.Code, said(w))
	}
	if w := b.post("/people/editor", "do", "roles", "role", "viewer"); w.Code != http.StatusSeeOther {
		t.Errorf("soon after: %d %s", w.Code, said(w))
	}
}

// Nobody can take the last admin away.
func TestLastAdmin(t *testing.T) {
	o := openOffice(t, plainAddress)
	b := o.as("admin")
	for _, form := range [][]string{{"do", "roles", "role", "viewer"}, {"do", "remove"}} {
		if w := b.post("/people/admin", form...); w.Code != http.StatusUnprocessableEntity || !strings.Contains(said(w), "only admin") {
			t.Errorf("%v: %d %s", form, w.Code, said(w))
		}
	}
}
