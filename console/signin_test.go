package console

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"outreach.example/ledger"
)

// Whoever asks learns nothing of who may sign in: not by words, not by headers, not by time.
func TestNobodyLearnsWhoThereIs(t *testing.T) {
	o := openOffice(t, tlsAddress)
	if _, err := o.c.Ledger.AddPerson(t.Context(), "test", ledger.Account{Name: "invited", Roles: []string{"viewer"}}); err != nil {
		t.Fatal(err)
	}
	var bodies []string
	var took []time.Duration
	for i, name := range []string{"viewer", "nobody", "invited", strings.Repeat("x", 5000), "view\r\ner"} {
		b := o.browser()
		var w *httptest.ResponseRecorder
		least := time.Hour // of several: a busy machine only ever adds
		for try := range 4 {
			b.from = fmt.Sprintf("192.0.2.%d:1", 10*i+try)
			begun := time.Now()
			w = b.signIn(name, "not the password at all")
			least = min(least, time.Since(begun))
		}
		took = append(took, least)
		if w.Code != http.StatusUnprocessableEntity || len(w.Result().Cookies()) > 0 {
			t.Errorf("%.20q: %d, cookies %v", name, w.Code, w.Result().Cookies())
		}
		bodies = append(bodies, strings.ReplaceAll(said(w), name, ""))
	}
	for i := range bodies[1:] {
		if bodies[i+1] != bodies[0] {
			t.Errorf("the answers differ:\n%s\n%s", bodies[0], bodies[i+1])
		}
		if took[i+1] < took[0]/3 {
			t.Errorf("an answer took %s, the one for somebody who is there %s", took[i+1], took[0])
		}
	}
}

// Who guesses waits longer and longer, also with the right password; others at other addresses do not.
func TestGuessingWaits(t *testing.T) {
	o := openOffice(t, tlsAddress)
	guesser := o.browser()
	guesser.from = "198.51.100.7:1"
	for i := range freeTries {
		if w := guesser.signIn("Editor", "wrong password number"); w.Code != http.StatusUnprocessableEntity {
			t.Fatalf("try %d: %d", i+1, w.Code)
		}
	}
	w := guesser.signIn("editor", right)
	if w.Code != http.StatusTooManyRequests || !strings.Contains(said(w), tooMany) {
		t.Errorf("the right password after %d tries: %d %s", freeTries, w.Code, said(w))
	}
	if w := o.browser().signIn("editor", right); w.Code != http.StatusSeeOther {
		t.Errorf("the person at their own address: %d %s", w.Code, said(w))
	}
	o.store.FastForward(2 * time.Second)
	if w := guesser.signIn("editor", right); w.Code != http.StatusSeeOther {
		t.Errorf("after the wait: %d %s", w.Code, said(w))
	}
	// An address that tries many names waits, too.
	many := o.browser()
	many.from = "[2001:db8:1:2::1]:1"
	for i := range freeAddress {
		many.from = "[2001:db8:1:2::" + string(rune('a'+i%6)) + "]:1" // one network, many addresses
		many.signIn("name"+string(rune('a'+i)), "wrong password number")
	}
	if w := many.signIn("viewer", right); w.Code != http.StatusTooManyRequests {
		t.Errorf("the right password after %d names: %d", freeAddress, w.Code)
	}
	for _, tt := range []struct {
		n    int64
		want time.Duration
	}{{0, 0}, {4, 0}, {5, time.Second}, {6, 2 * time.Second}, {9, 16 * time.Second}, {60, longestWait}} {
		if got := wait(tt.n, freeTries); got != tt.want {
			t.Errorf("after %d tries one waits %s, want %s", tt.n, got, tt.want)
		}
	}
}

// A session is one person's at one place: its id is new with the sign-in, it ends when it is not used, when its time is
// over, when its person signs out everywhere, and what is gone does not come back.
func TestSessionEnds(t *testing.T) {
	o := openOffice(t, tlsAddress)
	gone := func(b *browser, why string) {
		t.Helper()
		if w := b.get("/"); w.Code != http.StatusSeeOther || !strings.HasPrefix(w.Header().Get("Location"), "/sign-in") {
			t.Errorf("%s: the page is still shown (%d)", why, w.Code)
		}
	}
	b := o.browser()
	b.cookie = &http.Cookie{Name: "__Host-outreach", Value: "chosen-by-somebody-else"}
	w := b.signIn("viewer", right)
	k := w.Result().Cookies()[0]
	if k.Value == "chosen-by-somebody-else" || len(k.Value) < 40 {
		t.Errorf("the id is %q", k.Value)
	}
	if k.Name != "__Host-outreach" || !k.Secure || !k.HttpOnly || k.SameSite != http.SameSiteLaxMode || k.Path != "/" || k.Domain != "" {
		t.Errorf("cookie %s", k)
	}
	for _, key := range o.store.Keys() {
		v, _ := o.store.Get(key)
		if strings.Contains(key+v, k.Value) {
			t.Errorf("%s holds what the cookie says: reading the store would sign in", key)
		}
	}
	again := *b
	if w := again.signIn("viewer", right); w.Result().Cookies()[0].Value == k.Value {
		t.Error("a second sign-in has the same id")
	}

	out := o.as("viewer")
	before := *out.cookie
	if w := out.post("/sign-out"); w.Code != http.StatusSeeOther {
		t.Errorf("signing out: %d", w.Code)
	}
	out.cookie = &before
	gone(out, "after signing out, with the old cookie")

	still := o.as("viewer")
	o.store.FastForward(idle - time.Minute)
	if w := still.get("/"); w.Code != http.StatusOK {
		t.Errorf("just before the end: %d", w.Code)
	}
	// A page that asks for itself by script keeps nobody signed in.
	o.store.FastForward(idle - time.Minute)
	still.header = map[string]string{"X-Live": "1"}
	if w := still.get("/"); w.Code != http.StatusOK {
		t.Errorf("a live page: %d", w.Code)
	}
	o.store.FastForward(2 * time.Minute)
	still.header = nil
	gone(still, "unused")

	one, two := o.as("viewer"), o.as("viewer")
	one.post("/account/sign-out")
	gone(two, "signed out everywhere")
	admin, other := o.as("admin"), o.as("editor")
	admin.post("/people/editor", "do", "roles", "role", "viewer")
	gone(other, "with other roles")
	viewer := o.as("viewer")
	admin.post("/people/viewer", "do", "remove")
	gone(viewer, "removed")
}

// Somebody signs out while an answer of theirs is still being made: writing that session back would sign them in again.
func TestSignedOutStaysOut(t *testing.T) {
	o := openOffice(t, tlsAddress)
	b := o.as("viewer")
	ctx, err := o.c.sessions.Load(t.Context(), b.cookie.Value)
	if err != nil {
		t.Fatal(err)
	}
	slow := o.c.withSession(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := o.c.sessions.Destroy(ctx); err != nil { // the other window
			t.Error(err)
		}
		w.WriteHeader(http.StatusOK)
	}))
	r, _ := http.NewRequest(http.MethodGet, "/", nil)
	r.AddCookie(b.cookie)
	slow.ServeHTTP(&discard{header: http.Header{}}, r)
	if w := b.get("/"); w.Code != http.StatusSeeOther {
		t.Errorf("after signing out in another window the page is shown: %d", w.Code)
	}
}

type discard struct{ header http.Header }

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(b []byte) (int, error) { return len(b), nil }
func (d *discard) WriteHeader(int)             {}

// After signing in one lands on a page of this console, whatever the link said.
func TestWhereToGo(t *testing.T) {
	o := openOffice(t, plainAddress)
	for to, want := range map[string]string{
		"/audit?who=x": "/audit?who=x", "": "/", "//evil.example": "/", "https://evil.example": "/", "/\\evil.example": "/", "/a\r\nSet-Cookie: x=y": "/",
	} {
		w := o.browser().do(http.MethodPost, "/sign-in", url.Values{"name": {"viewer"}, "password": {right}, "to": {to}})
		if got := w.Header().Get("Location"); got != want {
			t.Errorf("to %q: %q, want %q", to, got, want)
		}
	}
}

// The link of the first person works once, and not while there are people; that of somebody who was added once as well.
func TestWelcomeOnce(t *testing.T) {
	o := openOffice(t, plainAddress)
	if path, err := First(t.Context(), o.c.Ledger); err != nil || path != "" {
		t.Errorf("a first link although there are people: %q %v", path, err)
	}
	w := o.as("admin").post("/people", "name", "Nia New", "role", "editor")
	link := o.c.Address + "/welcome/"
	at := strings.Index(w.Body.String(), link)
	if at < 0 {
		t.Fatalf("no link: %s", said(w))
	}
	path := w.Body.String()[at+len(o.c.Address):][:len("/welcome/")+43]
	b := o.browser()
	for _, tt := range []struct{ pass, repeat, want string }{
		{"short", "short", "has 5 characters"}, {right, "another", "differ"}, {"passwordpassword", "passwordpassword", "can be guessed"},
	} {
		if w := b.do(http.MethodPost, path, url.Values{"new": {tt.pass}, "repeat": {tt.repeat}}); w.Code != http.StatusUnprocessableEntity || !strings.Contains(said(w), tt.want) {
			t.Errorf("%s: %d %s", tt.pass, w.Code, said(w))
		}
	}
	if w := b.do(http.MethodPost, path, url.Values{"new": {right}, "repeat": {right}}); w.Code != http.StatusSeeOther {
		t.Fatalf("choosing a password: %d %s", w.Code, said(w))
	}
	if w := b.get("/"); w.Code != http.StatusOK {
		t.Errorf("then: %d", w.Code)
	}
	if w := o.browser().get(path); w.Code != http.StatusNotFound {
		t.Errorf("the link a second time: %d", w.Code)
	}
	late := o.as("admin").post("/people/nia%20new", "do", "reset")
	path = late.Body.String()[strings.Index(late.Body.String(), link)+len(o.c.Address):][:len("/welcome/")+43]
	o.now = o.now.Add(linkLife + time.Second)
	if w := o.browser().get(path); w.Code != http.StatusNotFound {
		t.Errorf("the link a day later: %d", w.Code)
	}

	o.store.FlushAll()
	first, err := First(t.Context(), o.c.Ledger)
	if err != nil || first == "" {
		t.Fatalf("%q %v", first, err)
	}
	if _, err := o.c.Ledger.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	form := url.Values{"name": {"Una  First"}, "new": {right}, "repeat": {right}}
	if w := o.browser().do(http.MethodPost, first, form); w.Code != http.StatusSeeOther {
		t.Fatalf("the first person: %d %s", w.Code, said(w))
	}
	if w := o.browser().do(http.MethodPost, first, form); w.Code != http.StatusNotFound {
		t.Errorf("the first link a second time: %d", w.Code)
	}
	if p, ok, _ := o.c.Ledger.Person(t.Context(), "una first"); !ok || !May(p, Admit) {
		t.Errorf("the first person: %+v", p)
	}
}

func TestCheckPassword(t *testing.T) {
	for password, want := range map[string]string{
		right: "", strings.Repeat("long and dull ", 8): "", "naïve façade été": "", "пароль от сейфа": "",
		"elevenchars": "11 characters", strings.Repeat("x", 201): "longer than", "aaaaaaaaaaaa": "repeats", "1234567890123": "guessed",
		"Password1234!": "password", "outreach2026!": "outreach", "abcdefghijklm": "follow", "ada author 12": "the name", "\xff\xfe\xfd12345678901": "no text",
	} {
		err := CheckPassword("Ada Author", password)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", password, err, want)
		}
	}
}

// A stored hash that cannot be read is an error, and costs nothing.
func FuzzSamePassword(f *testing.F) {
	for _, s := range []string{rightHash, "", "$argon2id$v=19$m=4294967295,t=9,p=1$AAAA$AAAA", "$argon2id$v=19$m=1,t=1,p=0$AAAA$AAAAAAAAAAAAAAAAAAAAAAAA", "$2a$x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, hash string) {
		if strings.HasPrefix(hash, "$argon2id$v=19$m=") && len(hash) > 60 {
			return // would be computed
		}
		if same, _ := samePassword(hash, right); same {
			t.Errorf("%q is taken for the hash of a password", hash)
		}
	})
}
