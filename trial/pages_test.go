package trial

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/google/go-cmp/cmp"

	"outreach.example/letter"
)

// room is a shelf with its pages, and no ports.
func room(t *testing.T, o Options) (*shelf, http.Handler) {
	t.Helper()
	o.Now, o.Name = clock(), names
	s, err := newShelf(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.close(); err != nil {
			t.Error(err)
		}
	})
	return s, newPages(s, slog.New(slog.DiscardHandler)).Handler
}

func put(t *testing.T, s *shelf, letters ...letter.Sealed) {
	t.Helper()
	for _, l := range letters {
		rcpts := append([]string{l.Envelope.To}, l.Envelope.Cc...)
		if err := s.add(l.Envelope.From, append(rcpts, l.Envelope.Registry), l.Bytes); err != nil {
			t.Fatal(err)
		}
	}
}

func get(t *testing.T, h http.Handler, path string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.Host = "127.0.0.1:8025"
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func page(t *testing.T, h http.Handler, path string) *goquery.Document {
	t.Helper()
	w := get(t, h, path)
	if w.Code != http.StatusOK {
		t.Fatalf("%s: %d %s", path, w.Code, w.Body)
	}
	doc, err := goquery.NewDocumentFromReader(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// text is what a selector finds, its white space folded.
func text(doc *goquery.Document, selector string) string {
	return strings.Join(strings.Fields(doc.Find(selector).Text()), " ")
}

// donors are the first cells of the list.
func donors(doc *goquery.Document) []string {
	return doc.Find("td.donor .note").Map(func(_ int, s *goquery.Selection) string { return s.Text() })
}

var boundary = regexp.MustCompile(`[0-9a-f]{40,}`) // go-mail draws a new one each time

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	got = boundary.ReplaceAll(got, []byte("BOUNDARY"))
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got), run with -update if it is meant:\n%s", file, diff)
	}
}

func TestPagesAreAsReviewed(t *testing.T) {
	s, h := room(t, Options{MaxLetters: 5})
	golden(t, "empty.html", get(t, h, "/").Body.Bytes())
	ken := sample(t, "en", "appeal")
	put(t, s, ken, sample(t, "fr", "appeal"), sample(t, "es", "appeal"), sample(t, "en", "reminder-1"), ken)
	for file, path := range map[string]string{
		"list.html": "/", "list-filtered.html": "/?q=kenya&language=en&step=appeal&doubles=1", "list-none.html": "/?q=atlantis",
		"letter-html.html": "/letters/2", "letter-text.html": "/letters/3?view=text&language=es", "letter-source.html": "/letters/5?view=source",
		"missing.html": "/letters/9",
	} {
		golden(t, file, get(t, h, path).Body.Bytes())
	}
}

func TestListTeachesWhileEmpty(t *testing.T) {
	_, h := room(t, Options{})
	doc := page(t, h, "/")
	if got := text(doc, "#empty strong"); got != "No letter has come in yet." {
		t.Errorf("says %q", got)
	}
	if doc.Find("form, table, .alarm").Length() > 0 {
		t.Error("shows a form, a table or an alarm without any letter")
	}
}

func TestListShows(t *testing.T) {
	s, h := room(t, Options{})
	put(t, s, sample(t, "en", "appeal"), sample(t, "fr", "appeal"))
	doc := page(t, h, "/")
	var rows [][]string
	doc.Find(".letters tbody tr").Each(func(_ int, tr *goquery.Selection) {
		rows = append(rows, tr.Find("td").Map(func(_ int, td *goquery.Selection) string { return strings.Join(strings.Fields(td.Text()), " ") }))
	})
	for _, r := range rows {
		r[5] = regexp.MustCompile(`^\d+ (bytes|kB)$`).ReplaceAllString(r[5], "size")
	}
	want := [][]string{
		{"Côte d’Ivoire CIV, appeal", "S.E. Aïcha Koné-Ouattara ambassade@cotedivoire.example", "De la réforme à la résilience : consolider ce que nous avons bâti ensemble", "Français", "registry", "size", "23 Nov 08:30:01"},
		{"Kenya KEN, appeal", "H.E. Wanjiru Achieng ambassador@kenya.example", "From Reform to Resilience: Securing What We Built Together", "English", "1 Cc, registry", "size", "23 Nov 08:30:00"},
	}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	if got := text(doc, "#count"); got != "2 letters" {
		t.Errorf("count %q", got)
	}
	if got := doc.Find("time").First().AttrOr("datetime", ""); got != "2026-11-23T08:30:01+01:00" {
		t.Errorf("time %q", got)
	}
}

func TestListFilters(t *testing.T) {
	s, h := room(t, Options{})
	ken := sample(t, "en", "appeal")
	put(t, s, ken, sample(t, "fr", "appeal"), sample(t, "es", "appeal"), sample(t, "en", "reminder-1"), ken)
	if err := s.add("", []string{"x@other.example"}, lines("Subject: other", "", "x")); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, query string
		want        []string
		count       string
	}{
		{"by State", "q=Kenya", []string{"KEN, appeal", "KEN, reminder-1", "KEN, appeal"}, "6 letters (3 shown)"},
		{"by State as its reader writes it, any case", "q=CÔTE+D’IVOIRE", []string{"CIV, appeal"}, "6 letters (1 shown)"},
		{"by code", "q=bol", []string{"BOL, appeal"}, "6 letters (1 shown)"},
		{"by address", "q=embajada@bolivia", []string{"BOL, appeal"}, "6 letters (1 shown)"},
		{"by name", "q=íñigo", []string{"BOL, appeal"}, "6 letters (1 shown)"},
		{"by subject", "q=résilience", []string{"CIV, appeal"}, "6 letters (1 shown)"},
		{"by the text", "q=république", []string{"CIV, appeal"}, "6 letters (1 shown)"},
		{"every word", "q=kenya+excellency", []string{"KEN, appeal", "KEN, reminder-1", "KEN, appeal"}, "6 letters (3 shown)"},
		{"one word too many", "q=kenya+excelentísimo", []string{}, "6 letters (0 shown)"},
		{"by language", "language=es", []string{"BOL, appeal"}, "6 letters (1 shown)"},
		{"language not stated", "language=none", []string{}, "6 letters (1 shown)"},
		{"by step", "step=reminder-1", []string{"KEN, reminder-1"}, "6 letters (1 shown)"},
		{"doubles", "doubles=1", []string{"KEN, appeal", "KEN, appeal"}, "6 letters (2 shown)"},
		{"together", "q=kenya&step=appeal&language=en", []string{"KEN, appeal", "KEN, appeal"}, "6 letters (2 shown)"},
		{"nonsense", "page=-7&doubles=x&what=1", []string{"KEN, appeal", "KEN, reminder-1", "BOL, appeal", "CIV, appeal", "KEN, appeal"}, "6 letters"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			doc := page(t, h, "/?"+tt.query)
			if diff := cmp.Diff(tt.want, donors(doc)); diff != "" {
				t.Errorf("found (-want +got):\n%s", diff)
			}
			if got := text(doc, "#count"); got != tt.count {
				t.Errorf("count %q, want %q", got, tt.count)
			}
		})
	}
}

func TestListKeepsWhatWasAsked(t *testing.T) {
	s, h := room(t, Options{})
	put(t, s, sample(t, "en", "appeal"), sample(t, "en", "reminder-1"), sample(t, "fr", "appeal"))
	doc := page(t, h, "/?q=kenya&language=en&step=appeal")
	if got := doc.Find("#q").AttrOr("value", ""); got != "kenya" {
		t.Errorf("search %q", got)
	}
	if got := text(doc, "#language option[selected]") + ", " + text(doc, "#step option[selected]"); got != "English, appeal" {
		t.Errorf("selected %q", got)
	}
	link := doc.Find("td.donor a").AttrOr("href", "")
	if link != "/letters/1?language=en&q=kenya&step=appeal" {
		t.Errorf("link %q", link)
	}
	if got := page(t, h, link).Find(`nav[aria-label="Letters"] a`).First().AttrOr("href", ""); got != "/?language=en&q=kenya&step=appeal" {
		t.Errorf("the way back is %q", got)
	}
}

func TestListPages(t *testing.T) {
	s, h := room(t, Options{})
	for i := range 250 {
		if err := s.add("", []string{"x@ken.example"}, plainLetter(fmt.Sprint(i+1), 1)); err != nil {
			t.Fatal(err)
		}
	}
	tests := []struct {
		path, count, first, newer, older string
		rows                             int
	}{
		{"/", "250 letters, 1 to 100 on this page", "Letter 250", "", "/?page=2", 100},
		{"/?page=2", "250 letters, 101 to 200 on this page", "Letter 150", "/?page=1", "/?page=3", 100},
		{"/?page=3", "250 letters, 201 to 250 on this page", "Letter 50", "/?page=2", "", 50},
		{"/?page=99", "250 letters, 201 to 250 on this page", "Letter 50", "/?page=2", "", 50},
		{"/?q=ken&page=2", "250 letters (250 shown), 101 to 200 on this page", "Letter 150", "/?page=1&q=ken", "/?page=3&q=ken", 100},
	}
	for _, tt := range tests {
		t.Run(tt.path, func(t *testing.T) {
			doc := page(t, h, tt.path)
			got := []any{
				text(doc, "#count"), doc.Find("td.donor a").First().Text(), doc.Find("a[rel=prev]").AttrOr("href", ""), doc.Find("a[rel=next]").AttrOr("href", ""),
				doc.Find("tbody tr").Length(),
			}
			if diff := cmp.Diff([]any{tt.count, tt.first, tt.newer, tt.older, tt.rows}, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestDoublesAreShownEverywhere(t *testing.T) {
	s, h := room(t, Options{})
	ken := sample(t, "en", "appeal")
	put(t, s, ken, sample(t, "fr", "appeal"))
	if got := page(t, h, "/").Find("#doubles, .double").Length(); got != 0 {
		t.Errorf("%d alarms without a double", got)
	}
	put(t, s, ken)
	doc := page(t, h, "/")
	if got := text(doc, "#doubles strong"); got != "1 letter came in again." {
		t.Errorf("alarm %q", got)
	}
	if got := doc.Find(".double").Length(); got != 2 {
		t.Errorf("%d letters are flagged, want both", got)
	}
	if got := page(t, h, "/letters/1").Find("#double a").AttrOr("href", ""); got != "/letters/3" {
		t.Errorf("the letter leads to %q", got)
	}
}

func TestFullIsShown(t *testing.T) {
	s, h := room(t, Options{MaxLetters: 1})
	if page(t, h, "/").Find("#full").Length() != 0 {
		t.Error("full while empty")
	}
	put(t, s, sample(t, "en", "appeal"))
	if got := text(page(t, h, "/"), "#full"); got != "The mailbox is full. It keeps 1 letter and takes no more: end this trial and start another." {
		t.Errorf("says %q", got)
	}
}

// The hostile HTML of a letter stands in no page but its own, which may do nothing.
func TestEveryAnswerIsGuarded(t *testing.T) {
	s, h := room(t, Options{})
	put(t, s, sample(t, "en", "appeal"))
	for _, path := range []string{"/", "/letters/1", "/letters/1/html", "/letters/1/letter.eml", "/style.css", "/icon.svg", "/letters/7", "/nothing"} {
		header := get(t, h, path).Header()
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cross-Origin-Opener-Policy": "same-origin",
			"Cross-Origin-Resource-Policy": "same-origin", "X-DNS-Prefetch-Control": "off", "Cache-Control": "no-store",
		} {
			if got := header.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", path, name, got, want)
			}
		}
		policy := header.Get("Content-Security-Policy")
		if own := path == "/letters/1/html"; !strings.HasPrefix(policy, "default-src 'none';") || strings.Contains(policy, "frame-ancestors 'none'") == own {
			t.Errorf("%s: policy %q", path, policy)
		}
	}
}

func TestWhoIsAnswered(t *testing.T) {
	_, h := room(t, Options{})
	tests := []struct {
		name, method, host, path string
		want                     int
	}{
		{"by number", "GET", "127.0.0.1:8025", "/", 200},
		{"by name", "GET", "LocalHost:8025", "/", 200},
		{"without a port", "GET", "localhost", "/", 200},
		{"IPv6", "GET", "[::1]:8025", "/", 200},
		{"HEAD", "HEAD", "localhost:8025", "/", 200},
		{"another name that points here", "GET", "evil.example:8025", "/", 421},
		{"a name that begins alike", "GET", "127.0.0.1.evil.example", "/", 421},
		{"another address", "GET", "192.0.2.1:8025", "/", 421},
		{"no name", "GET", "", "/", 421},
		{"POST", "POST", "localhost:8025", "/", 405},
		{"DELETE", "DELETE", "localhost:8025", "/letters/1", 405},
		{"no such letter", "GET", "localhost:8025", "/letters/1", 404},
		{"a letter that is no number", "GET", "localhost:8025", "/letters/x", 404},
		{"letter 0", "GET", "localhost:8025", "/letters/0/html", 404},
		{"no such page", "GET", "localhost:8025", "/admin", 404},
		{"the program's files", "GET", "localhost:8025", "/pages/list.html", 404},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequest(tt.method, tt.path, nil)
			r.Host = tt.host
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != tt.want {
				t.Errorf("%d, want %d", w.Code, tt.want)
			}
			if tt.want >= 400 && !strings.Contains(w.Body.String(), "<h1>") {
				t.Errorf("no words for a person: %s", w.Body)
			}
		})
	}
}

func TestEveryPageCanBeWalked(t *testing.T) {
	s, h := room(t, Options{})
	put(t, s, sample(t, "en", "appeal"))
	for _, path := range []string{"/", "/letters/1", "/letters/1?view=text"} {
		doc := page(t, h, path)
		if doc.Find(`a.skip[href="#main"]`).Length() != 1 || doc.Find("main#main").Length() != 1 || doc.Find("h1").Length() != 1 || doc.Find("html[lang]").Length() != 1 {
			t.Errorf("%s: skip link, main, heading or language is missing", path)
		}
		if !strings.HasPrefix(text(doc, ".banner"), "Nothing left this machine.") {
			t.Errorf("%s: no banner", path)
		}
		doc.Find("input, select").Each(func(_ int, field *goquery.Selection) {
			if id := field.AttrOr("id", ""); doc.Find(`label[for="`+id+`"]`).Length() != 1 && field.Closest("label").Length() != 1 {
				t.Errorf("%s: a field %q without a label", path, id)
			}
		})
		doc.Find("[src], link[href]").Each(func(_ int, e *goquery.Selection) {
			if where := e.AttrOr("src", e.AttrOr("href", "")); !strings.HasPrefix(where, "/") || strings.HasPrefix(where, "//") {
				t.Errorf("%s: asks another host: %s", path, where)
			}
		})
	}
}

// The pages over a real connection, started with the mailbox.
func TestPagesURL(t *testing.T) {
	m := start(t, Options{})
	send(t, m, sample(t, "en", "appeal"))
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	r, err := client.Get(m.PagesURL())
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil || !bytes.Contains(body, []byte("1 letter<")) {
		t.Errorf("%v: %s", err, body)
	}
}

func TestSizeInWords(t *testing.T) {
	for n, want := range map[int64]string{0: "0 bytes", 999: "999 bytes", 1000: "1 kB", 1499: "1 kB", 1500: "2 kB", 999_499: "999 kB", 999_500: "1.0 MB", 26_214_400: "26.2 MB"} {
		if got := sizeInWords(n); got != want {
			t.Errorf("%d is %q, want %q", n, got, want)
		}
	}
}
