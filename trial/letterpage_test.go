package trial

import (
	"bytes"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/google/go-cmp/cmp"

	"outreach.example/letter"
)

func TestLetterShows(t *testing.T) {
	s, h := room(t, Options{})
	put(t, s, sample(t, "en", "appeal"), sample(t, "fr", "appeal"), sample(t, "en", "reminder-1"))
	doc := page(t, h, "/letters/3?q=kenya")
	var head [][2]string
	doc.Find(".head div").Each(func(_ int, d *goquery.Selection) {
		head = append(head, [2]string{d.Find("dt").Text(), strings.Join(strings.Fields(d.Find("dd").Text()), " ")})
	})
	appeal := letter.MessageID(letter.ID{Campaign: "resilience", Donor: "KEN", Step: "appeal"}, "iom.example")
	want := [][2]string{
		{"Letter", "resilience/KEN/reminder-1"},
		{"From", "International Organization for Migration resilience@iom.example"},
		{"Reply-To", "Resilience Desk resilience-desk@iom.example"},
		{"To", "H.E. Wanjiru Achieng ambassador@kenya.example"},
		{"Cc", "Desk Officer desk@kenya.example"},
		{"Registry copy", "registry@iom.example (in the envelope only, same message)"},
		{"Date", "Mon, 23 Nov 2026 08:30:00 +0100"},
		{"Message-ID", letter.MessageID(letter.ID{Campaign: "resilience", Donor: "KEN", Step: "reminder-1"}, "iom.example")},
		{"In-Reply-To", appeal},
		{"Return path", "bounce@iom.example"},
	}
	if diff := cmp.Diff(want, head[:len(head)-1]); diff != "" {
		t.Errorf("head (-want +got):\n%s", diff)
	}
	if got := head[len(head)-1][1]; !strings.HasPrefix(got, "23 November 2026, 08:30:02 CET letter 3, ") || !strings.HasSuffix(got, ", English") {
		t.Errorf("received %q", got)
	}
	if got := doc.Find("h1").Text() + "|" + doc.Find("title").Text(); got != "From Reform to Resilience: Securing What We Built Together|Kenya, reminder-1 - Outreach trial mailbox" {
		t.Errorf("titles %q", got)
	}
	frame := doc.Find("iframe")
	if v, ok := frame.Attr("sandbox"); !ok || v != "" || frame.AttrOr("src", "") != "/letters/3/html" {
		t.Error("the HTML is not in a closed sandbox of its own")
	}
	if got := doc.Find("a[rel=next]").AttrOr("href", ""); got != "/letters/1?q=kenya&view=html" {
		t.Errorf("older letter of the filter: %q", got)
	}
	if doc.Find("a[rel=prev]").Length() != 0 {
		t.Error("there is a newer letter than the newest")
	}
}

func TestLetterLeftOutOfItsEnvelope(t *testing.T) {
	s, h := room(t, Options{})
	ken := sample(t, "en", "appeal")
	if err := s.add("", []string{ken.Envelope.To}, ken.Bytes); err != nil {
		t.Fatal(err)
	}
	got := text(page(t, h, "/letters/1"), ".head")
	if !strings.Contains(got, "Left outdesk@kenya.example (named in the letter, not in its envelope)") || strings.Contains(got, "Registry copy") {
		t.Errorf("head %q", got)
	}
}

func TestLetterViews(t *testing.T) {
	s, h := room(t, Options{})
	fr := sample(t, "fr", "appeal")
	put(t, s, fr)
	if err := s.add("", []string{"x@ken.example"}, lines("Content-Type: text/html", "", "<p>only")); err != nil {
		t.Fatal(err)
	}
	if err := s.add("", []string{"x@ken.example"}, lines("Subject: <b>&amp;", "", "a <b>text</b> only")); err != nil {
		t.Fatal(err)
	}
	tests := []struct{ name, path, selector, want string }{
		{"text", "/letters/1?view=text", "pre.text", "Genève, le 23 novembre 2026\n\nMadame l’Ambassadrice,\n\nLa République de Côte d’Ivoire est invitée à donner 31 250 dollars.\n"},
		{"source", "/letters/1?view=source", "pre.source", strings.ReplaceAll(string(fr.Bytes), "\r\n", "\n")},
		{"current tab", "/letters/1?view=source", ".tabs [aria-current]", "Source"},
		{"an unknown view is HTML", "/letters/1?view=x", ".tabs [aria-current]", "HTML"},
		{"without HTML the text comes first", "/letters/3", "pre.text", "a <b>text</b> only"},
		{"no HTML part", "/letters/3?view=html", "p.empty", "This letter has no HTML part."},
		{"no text part", "/letters/2?view=text", "p.empty", "This letter has no text part."},
		{"a subject is text", "/letters/3", "h1", "<b>&amp;"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := page(t, h, tt.path).Find(tt.selector).Text(); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestDownloadIsByteForByte(t *testing.T) {
	s, h := room(t, Options{})
	ken := sample(t, "en", "appeal")
	put(t, s, ken)
	w := get(t, h, "/letters/1/letter.eml")
	if !bytes.Equal(w.Body.Bytes(), ken.Bytes) {
		t.Error("not the letter's bytes")
	}
	if got := w.Header().Get("Content-Disposition"); got != `attachment; filename="KEN.appeal.eml"` {
		t.Errorf("disposition %q", got)
	}
}

const hostile = `<html><head><link rel="preconnect" href="https://evil.example"><meta http-equiv="refresh" content="0;url=https://evil.example">
<script>parent.location="https://evil.example"</script></head><body onload="alert(1)"><p>Excellency,</p><img src="https://evil.example/pixel.gif"><form action="https://evil.example"></form></body></html>`

func TestHostileLetterStaysInItsFrame(t *testing.T) {
	s, h := room(t, Options{})
	if err := s.add("", []string{"x@ken.example"}, lines(`To: "<script>alert(1)</script>" <x@ken.example>`, "Subject: </title><script>alert(2)</script>", "Content-Type: text/html", "", hostile)); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/", "/letters/1", "/letters/1?view=source", "/?q=%3Cscript%3E", "/letters/1?view=%22%3E%3Cscript%3E"} {
		doc := page(t, h, path)
		if n := doc.Find("script, img, link[rel=preconnect], meta[http-equiv], [onload]").Length(); n > 0 {
			t.Errorf("%s holds %d elements of the letter", path, n)
		}
	}
	w := get(t, h, "/letters/1/html")
	policy := w.Header().Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "img-src data: cid:", "form-action 'none'", "frame-ancestors 'self'", "sandbox"} {
		if !strings.Contains(policy+";", want+";") {
			t.Errorf("policy %q lacks %q", policy, want)
		}
	}
	doc, err := goquery.NewDocumentFromReader(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	if doc.Find("link, meta[http-equiv], script").Length() > 0 || doc.Find("p").Text() != "Excellency," {
		t.Error("the frame is not the letter without what acts")
	}
}
