package console

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"outreach.example/ledger"
	"outreach.example/ledger/ledgertest"
	"outreach.example/letter"
	"outreach.example/worker/workertest"
)

// The link of a letter opts its reader out by POST alone, once however often, and tells nobody whether it did.
func TestOptOut(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		l := ledger.New(rdb)
		if _, err := l.Open(t.Context()); err != nil {
			t.Fatal(err)
		}
		const long = "a-foundation-with-a-long-id"
		block, err := workertest.Start(t.Context(), l, "givers", 3, time.Now(), func(i int) string {
			return []string{"a@giver.example", "b@giver.example", "c@giver.example"}[i]
		})
		if err != nil {
			t.Fatal(err)
		}
		older, newer := []byte(strings.Repeat("o", 32)), []byte(strings.Repeat("n", 32))
		o := &OptOut{Ledger: l, Keys: letter.TokenKeys{newer, older}, Path: "/optout", Now: time.Now, Log: newDiscard()}
		h := OptOutHandler(o)
		token := func(key []byte, kind letter.TokenKind, donor string) string {
			s, err := letter.TokenKeys{key}.Token(kind, letter.ID{Campaign: "givers", Donor: donor, Step: "appeal"}, 0)
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
		ask := func(method, token string) *httptest.ResponseRecorder {
			r := httptest.NewRequest(method, "/optout/"+token, strings.NewReader("List-Unsubscribe=One-Click"))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Set("Origin", "https://mail.example") // a mail program's page, or none at all
			r.Header.Set("Sec-Fetch-Site", "cross-site")
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			return w
		}
		state := func(donor string) (letter.State, bool) {
			got, _, err := l.Letter(t.Context(), block, donor)
			if err != nil {
				t.Fatal(err)
			}
			c, err := l.Case(t.Context(), "givers", donor)
			if err != nil {
				t.Fatal(err)
			}
			return got.State, c.Stopped
		}
		mine := token(newer, letter.OptOutToken, "P1")
		if strings.Contains(mine, "giver") || strings.Contains(mine, "@") {
			t.Errorf("the token %s names somebody", mine)
		}

		// Scanners open every link: looking changes nothing.
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			if w := ask(method, mine); w.Code != http.StatusOK {
				t.Errorf("%s: %d", method, w.Code)
			}
		}
		if s, stopped := state("P1"); s != letter.Planned || stopped {
			t.Fatalf("looking changed it: %s, stopped %v", s, stopped)
		}
		if w := ask(http.MethodPut, mine); w.Code != http.StatusMethodNotAllowed {
			t.Errorf("PUT: %d", w.Code)
		}

		done := ask(http.MethodPost, mine)
		if s, stopped := state("P1"); s != letter.Cancelled || !stopped {
			t.Errorf("after the POST: %s, stopped %v", s, stopped)
		}
		if s, stopped := state("P0"); s != letter.Planned || stopped {
			t.Errorf("somebody else: %s, stopped %v", s, stopped)
		}
		list, err := l.Suppressions(t.Context())
		if err != nil || len(list) != 1 || list[0].Address != "b@giver.example" || list[0].Source != ledger.ByOptOut {
			t.Errorf("suppressed: %+v %v", list, err)
		}
		at, _ := l.Where(t.Context())
		again := ask(http.MethodPost, mine)
		if now, _ := l.Where(t.Context()); now.Seq != at.Seq {
			t.Errorf("a second POST wrote %d entries", now.Seq-at.Seq)
		}

		// Whatever the token is, the answer is the same, and takes as long.
		for name, wrong := range map[string]string{
			"cut": mine[:len(mine)-2], "altered": "a" + mine[1:], "of a return path": token(newer, letter.ReturnToken, "P0"),
			"of a stranger's key": token([]byte(strings.Repeat("x", 32)), letter.OptOutToken, "P0"), "of nobody": token(newer, letter.OptOutToken, "NOBODY"),
			"of a long id that is not there": token(newer, letter.OptOutToken, long), "none": "x", "endless": strings.Repeat("a", 4000),
			"with a way out": url.PathEscape("../people"),
		} {
			begun := time.Now()
			w := ask(http.MethodPost, wrong)
			if took := time.Since(begun); took < evenly-50*time.Millisecond {
				t.Errorf("a token %s is answered after %s", name, took)
			}
			if w.Code != done.Code || w.Body.String() != done.Body.String() {
				t.Errorf("a token %s is answered otherwise: %d", name, w.Code)
			}
			if s, stopped := state("P0"); s != letter.Planned || stopped {
				t.Fatalf("a token %s opted somebody out", name)
			}
		}
		if again.Body.String() != done.Body.String() {
			t.Error("a second POST is answered otherwise")
		}
		if len(done.Result().Cookies()) > 0 || done.Header().Get("Referrer-Policy") != "no-referrer" || !strings.Contains(done.Header().Get("Content-Security-Policy"), "default-src 'none'") {
			t.Errorf("headers: %v", done.Header())
		}

		// A letter that left with the key before still opts out.
		ask(http.MethodPost, token(older, letter.OptOutToken, "P2"))
		if s, stopped := state("P2"); s != letter.Cancelled || !stopped {
			t.Errorf("with the older key: %s, stopped %v", s, stopped)
		}
	})
}
