package trial

import (
	"fmt"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func lines(s ...string) []byte { return []byte(strings.Join(s, "\r\n")) }

func nested(depth int) []byte {
	var b strings.Builder
	for i := range depth {
		fmt.Fprintf(&b, "Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n", i, i)
	}
	b.WriteString("Content-Type: text/plain\r\n\r\ndeep\r\n")
	return []byte(b.String())
}

func TestReadLetter(t *testing.T) {
	tests := []struct {
		name string
		raw  []byte
		want reading
	}{
		{"nothing", nil, reading{Text: "", hasText: true}},
		{"no header", lines("", "text"), reading{Text: "text", hasText: true}},
		{"plain, no type", lines("Subject: a", "", "one", "two"), reading{Text: "one\ntwo", hasText: true}},
		{"quoted-printable Latin-1", lines("Content-Type: text/plain; charset=iso-8859-1", "Content-Transfer-Encoding: quoted-printable", "", "Gen=E8ve"), reading{Text: "Genève", hasText: true}},
		{"HTML in base64", lines("Content-Type: text/html; charset=utf-8", "Content-Transfer-Encoding: base64", "", "PHA+w6k8L3A+"), reading{HTML: "<p>é</p>", hasHTML: true}},
		{"alternatives and an attachment", lines("Content-Type: multipart/mixed; boundary=m", "", "--m", "Content-Type: multipart/alternative; boundary=a", "",
			"--a", "Content-Type: text/plain", "", "t", "--a", "Content-Type: text/html", "", "<p>h</p>", "--a--", "--m",
			"Content-Type: application/pdf; name*=utf-8''%C3%A9.pdf", "Content-Disposition: attachment", "", "12345", "--m--"),
			reading{Text: "t", HTML: "<p>h</p>", hasText: true, hasHTML: true, Attachments: []attachment{{"é.pdf", "application/pdf", 5}}}},
		{"an attached page is not the letter", lines("Content-Type: text/html", "Content-Disposition: attachment; filename=\"a\u202Eb.html\"", "", "<p>"),
			reading{Attachments: []attachment{{"ab.html", "text/html", 3}}}},
		{"an attached letter is not opened", lines("Content-Type: message/rfc822", "", "Subject: inner", "", "x"), reading{Attachments: []attachment{{"", "message/rfc822", 19}}}},
		{"bytes that are no UTF-8", lines("Content-Type: text/plain; charset=utf-8", "", "a\xff\xfeb"), reading{Text: "a\uFFFDb", hasText: true}},
		{"unknown charset", lines("Content-Type: text/plain; charset=x-none", "", "abc"), reading{Text: "abc", hasText: true, Faults: []string{`part 1: unknown charset: unknown charset: charset "x-none": htmlindex: invalid encoding name`}}},
		{"no boundary ever", lines("Content-Type: multipart/mixed; boundary=b", "", "text"), reading{Faults: []string{"the parts after part 1 cannot be read: multipart: NextPart: EOF"}}},
		{"a header without end", []byte("Subject: " + strings.Repeat("a", maxHeader)), reading{Faults: []string{"the header cannot be read: message: header exceeds maximum size"}}},
		{"20 deep", nested(20), reading{Text: "deep", hasText: true, Faults: []string{"part 21: unexpected EOF", "the parts after part 21 cannot be read: multipart: NextPart: unexpected EOF"}}},
		{"too deep", nested(25), reading{Faults: []string{"parts lie more than 20 deep within each other: the rest is not shown"}}},
		{"too many parts", []byte("Content-Type: multipart/mixed; boundary=b\r\n\r\n" + strings.Repeat("--b\r\nContent-Type: image/png\r\n\r\n\r\n", 500)),
			reading{Faults: []string{"more than 200 parts: the rest is not shown"}}},
		{"too long", []byte("Subject: a\r\n\r\n" + strings.Repeat("a", maxContent+1)), reading{Text: strings.Repeat("a", maxContent), hasText: true, Faults: []string{"part 1: longer than 2 MB: the end is not shown"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := readLetter(tt.raw)
			if len(got.Attachments) > 100 {
				got.Attachments = nil // of the letter with too many parts
			}
			if diff := cmp.Diff(&tt.want, got, cmp.AllowUnexported(reading{}), cmpopts.IgnoreFields(reading{}, "Header", "parts", "torn")); diff != "" {
				t.Errorf("reading (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSummary(t *testing.T) {
	raw := func(fields ...string) *reading {
		return readLetter(lines(append(fields, "", "Excellency,")...))
	}
	tests := []struct {
		name     string
		read     *reading
		envelope []string
		want     summary
	}{
		{"encoded words, copies and registry", raw("To: =?utf-8?q?A=C3=AFcha?= <a@civ.example>", "Cc: b@civ.example, C <c@civ.example>", "Subject: =?utf-8?b?w6k=?=", "Content-Language: fr-CI, en"),
			[]string{"A@civ.example", "b@civ.example", "r@iom.example"},
			summary{To: person{"Aïcha", "a@civ.example"}, Cc: []string{"b@civ.example", "c@civ.example"}, LeftOut: []string{"c@civ.example"}, Hidden: []string{"r@iom.example"}, Subject: "é", Language: "fr"}},
		{"no header at all", raw(), []string{"a@ken.example"}, summary{To: person{"", "a@ken.example"}}},
		{"language of the HTML", readLetter(lines("Content-Type: text/html", "", `<HTML class="x" lang='es-BO'>`)), nil, summary{Language: "es"}},
		{"a language that is none", raw(`Content-Language: "><script>`), nil, summary{}},
		{"an address that is none", raw("To: Mission of Kenya, <ken"), []string{"a@ken.example"}, summary{To: person{"", "Mission of Kenya, <ken"}, LeftOut: []string{"Mission of Kenya, <ken"}, Hidden: []string{"a@ken.example"}}},
		{"controls and turned direction", raw("To: \"a\x01\u202Eb\" <a@ken.example>", "Subject: a\u2066\x00b\tc"), []string{"a@ken.example"}, summary{To: person{"", "\"ab\" <a@ken.example>"}, LeftOut: []string{"\"ab\" <a@ken.example>"}, Hidden: []string{"a@ken.example"}, Subject: "ab c"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := summarize(tt.read, tt.envelope)
			if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(summary{}), cmpopts.IgnoreFields(summary{}, "sought")); diff != "" {
				t.Errorf("summary (-want +got):\n%s", diff)
			}
		})
	}
}

// FuzzReadLetter: whatever comes in, reading ends, stays within its limits, and yields text that a page can show.
func FuzzReadLetter(f *testing.F) {
	for _, raw := range [][]byte{
		nil, nested(3), plainLetter("a", 10),
		lines("To: =?utf-8?q?A?= <a@b.example>", "Content-Type: text/html; charset=iso-8859-1", "Content-Transfer-Encoding: quoted-printable", "", "<p>=E8"),
		lines("Content-Type: multipart/mixed; boundary=b", "", "--b", "Content-Disposition: attachment; filename=x", "Content-Transfer-Encoding: base64", "", "QUJD", "--b--"),
	} {
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		r := readLetter(raw)
		s := summarize(r, []string{"a@ken.example"})
		for _, line := range []string{s.Subject, s.To.Name, s.To.Address, r.field("From"), messageID(raw)} {
			if !utf8.ValidString(line) || strings.ContainsFunc(line, unicode.IsControl) {
				t.Errorf("%q is no line", line)
			}
		}
		if len(r.Text) > 3*maxContent || len(r.HTML) > 3*maxContent || len(r.Attachments) > maxParts || len(r.Faults) > 20 {
			t.Error("past the limits")
		}
		if !utf8.ValidString(r.Text) || !utf8.ValidString(r.HTML) || !utf8.ValidString(source(raw)) {
			t.Error("no UTF-8")
		}
		inert(r.HTML)
	})
}

func TestInert(t *testing.T) {
	tests := []struct{ name, source, want string }{
		{"a letter", `<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><style>p{color:red}</style></head><body><P Class=x>Hé &amp; <br/></P><!-- c --></body></html>`,
			`<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><style>p{color:red}</style></head><body><P Class=x>Hé &amp; <br/></P><!-- c --></body></html>`},
		{"calls ahead", `<link rel=preconnect href=//x.example><LINK REL=dns-prefetch href=//x.example><p>a`, `<p>a`},
		{"refresh", `<meta content="0;url=//x.example" http-equiv=refresh><p>a`, `<p>a`},
		{"other base", `<base href=//x.example><p>a`, `<p>a`},
		{"script", `<script src=//x.example></script><p>a`, `<p>a`},
		{"an empty script", `<script></script>a<iframe></iframe>b`, `ab`},
		{"hidden in noscript", `<noscript><link rel=preconnect href=//x.example></noscript><p>a`, `<p>a`},
		{"frames and objects", `<iframe src=//x.example></iframe><object data=//x.example></object><embed src=//x.example><p>a`, `<p>a`},
		{"unfinished", `<p>a<link rel=preconnect href=//x`, `<p>a`},
		{"nothing", ``, ``},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := inert(tt.source); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}
