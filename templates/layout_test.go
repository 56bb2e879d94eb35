package templates

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"

	"outreach.example/donor"
)

// TestWrap: lines break at spaces only, never at a no-break space, and count columns, not bytes.
func TestWrap(t *testing.T) {
	long := strings.Repeat("x", 90)
	cases := []struct{ name, in, want string }{
		{"short", "One line.", "One line.\n"},
		{"fills 76 columns", strings.Repeat("1234 ", 15) + "1 2", strings.TrimSpace(strings.Repeat("1234 ", 15)) + " 1\n2\n"},
		{"accents are one column", strings.Repeat("éàùç ", 15) + "1 2", strings.TrimSpace(strings.Repeat("éàùç ", 15)) + " 1\n2\n"},
		{"combining marks are none", strings.Repeat("e\u0301e\u0301e\u0301e\u0301 ", 15) + "1 2", strings.TrimSpace(strings.Repeat("e\u0301e\u0301e\u0301e\u0301 ", 15)) + " 1\n2\n"},
		{"no-break spaces hold", strings.Repeat("1234 ", 14) + "USD" + nbsp + "38" + nbsp + "million", strings.TrimSpace(strings.Repeat("1234 ", 14)) + "\nUSD" + nbsp + "38" + nbsp + "million\n"},
		{"a long word has its own line", "a " + long + " b", "a\n" + long + "\nb\n"},
		{"soft and hard line ends", "one\ntwo  three" + lineBreak + "four", "one two three\nfour\n"},
		{"source", "people" + markOpen + "12" + markClose + ", and", "people[12], and\n"},
		{"only marks", markOpen + "1" + markClose, "[1]\n"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var s plainSheet
			s.wrap([]byte(c.in), "", "")
			if diff := cmp.Diff(c.want, string(s.out)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestLay: paragraphs and lists, with and without an empty line between them, are the same in both parts.
func TestLay(t *testing.T) {
	var p plainSheet
	h := htmlSheet{reply: []byte("desk@iom.example")}
	lay([]byte("\nFirst <b> & 'one':\n- an item\n  that goes on\n- another\n\n\n\n- alone\n \t\n  Write to (desk@iom.example).\n"), &p, &h)
	if diff := cmp.Diff("First <b> & 'one':\n\n- an item that goes on\n- another\n\n- alone\n\nWrite to (desk@iom.example).\n", string(p.out)); diff != "" {
		t.Error(diff)
	}
	want := styleP + "First &lt;b&gt; &amp; &#39;one&#39;:</p>\n" + styleUL + styleLI + "an item that goes on</li>\n" + styleLI + "another</li>\n</ul>\n" +
		styleUL + styleLI + "alone</li>\n</ul>\n" + styleP + "Write to (" + styleLink + `desk@iom.example">desk@iom.example</a>).</p>` + "\n"
	if diff := cmp.Diff(want, string(h.out)); diff != "" {
		t.Error(diff)
	}
}

// TestNamesAreEscaped: what staff write of a person is text in the HTML, wherever it stands.
func TestNamesAreEscaped(t *testing.T) {
	s := load(t)
	person := contact("ambassador", "f")
	person.Name, person.Title = `A <script>alert("1")</script> & B`, `"><img src=x>`
	c, err := s.Compose(record(t, "KEN", "", person, nil), "appeal")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(c.HTML, "<script") || strings.Contains(c.HTML, "<img") || !strings.Contains(c.HTML, "A &lt;script&gt;") {
		t.Errorf("a name is HTML:\n%s", c.HTML)
	}
	if !strings.Contains(c.Text, person.Name) {
		t.Error("the text part does not hold the name as it is")
	}
}

var (
	fontSize  = regexp.MustCompile(`font-size:\s*([0-9]+)px`)
	remote    = regexp.MustCompile(`(?i)https?:|//|url\(|@import|<(?:img|script|link|iframe|object|svg|video|form)\b|\bsrc=|\bon[a-z]+=`)
	hex       = regexp.MustCompile(`#[0-9a-f]{6}\b`)
	plainText = regexp.MustCompile(`<table [^>]*>`)
)

// TestPaper: the HTML is a letter that every mail program shows and a screen reader reads.
func TestPaper(t *testing.T) {
	s := load(t)
	for _, lang := range known() {
		c, err := s.Compose(record(t, "KEN", lang, contact("ambassador", "f"), gave(1_200_000)), "appeal")
		if err != nil {
			t.Fatal(err)
		}
		if found := remote.FindString(c.HTML); found != "" {
			t.Errorf("%s: holds %q: nothing may be fetched", lang, found)
		}
		if !strings.Contains(c.HTML, `<html lang="`+lang+`">`) || strings.Contains(c.HTML, "{{") {
			t.Errorf("%s: the language is not said, or a place of the layout is left", lang)
		}
		for _, m := range fontSize.FindAllStringSubmatch(c.HTML, -1) {
			if px, _ := strconv.Atoi(m[1]); px < 14 {
				t.Errorf("%s: text of %d px", lang, px)
			}
		}
		for _, table := range plainText.FindAllString(c.HTML, -1) {
			if !strings.Contains(table, `role="presentation"`) {
				t.Errorf("%s: a screen reader takes %s for a table", lang, table)
			}
		}
		checkNesting(t, lang, c.HTML)
	}
}

// checkNesting finds elements that are not closed, or closed twice.
func checkNesting(t *testing.T, lang, page string) {
	t.Helper()
	var open []string
	z := html.NewTokenizer(strings.NewReader(page))
	for {
		switch z.Next() {
		case html.ErrorToken:
			if len(open) > 0 {
				t.Errorf("%s: not closed: %v", lang, open)
			}
			return
		case html.StartTagToken:
			if tag := z.Token().Data; tag != "meta" && tag != "br" {
				open = append(open, tag)
			}
		case html.EndTagToken:
			tag := z.Token().Data
			if len(open) == 0 || open[len(open)-1] != tag {
				t.Fatalf("%s: </%s> closes %v", lang, tag, open)
			}
			open = open[:len(open)-1]
		}
	}
}

// TestContrast: every colour of text on its paper, by day and by night, has a contrast of 4.5:1 or more (WCAG 2.2, 1.4.3).
func TestContrast(t *testing.T) {
	light, dark, _ := strings.Cut(layoutHTML, "prefers-color-scheme: dark")
	dark, after, _ := strings.Cut(dark, "</style>")
	pick := func(source, pattern string) string {
		m := regexp.MustCompile(pattern).FindStringSubmatch(source)
		if m == nil {
			t.Fatalf("no colour by %s", pattern)
		}
		return m[1]
	}
	_ = light
	var notes htmlSheet
	notes.sources("Sources", []string{"a"})
	paper, night := pick(after, `class="page ink"[^>]*background-color:(#[0-9a-f]{6})`), pick(dark, `\.page \{ background-color: (#[0-9a-f]{6})`)
	for name, c := range map[string][2]string{
		"ink":         {pick(after, `class="page ink"[^>]*[;"]color:(#[0-9a-f]{6})`), paper},
		"letterhead":  {pick(after, `class="head"[^>]*[;"]color:(#[0-9a-f]{6})`), paper},
		"link":        {pick(styleLink, `color:(#[0-9a-f]{6})`), paper},
		"notes":       {pick(string(notes.out), `[;"]color:(#[0-9a-f]{6})`), paper},
		"ink, dark":   {pick(dark, `\.ink \{ color: (#[0-9a-f]{6})`), night},
		"notes, dark": {pick(dark, `\.notes \{ color: (#[0-9a-f]{6})`), night},
		"head, dark":  {pick(dark, `\.head \{ color: (#[0-9a-f]{6})`), night},
		"link, dark":  {pick(dark, `\.link \{ color: (#[0-9a-f]{6})`), night},
	} {
		if ratio := contrast(c[0], c[1]); ratio < 4.5 {
			t.Errorf("%s: %s on %s has a contrast of %.2f:1", name, c[0], c[1], ratio)
		}
	}
	if got := contrast("#009edb", "#ffffff"); math.Abs(got-3.04) > 0.01 {
		t.Errorf("the measure itself is wrong: %.2f", got)
	}
	if len(hex.FindAllString(layoutHTML, -1)) == 0 {
		t.Error("no colours found")
	}
}

// contrast is the contrast ratio of two colours.
func contrast(a, b string) float64 {
	light, dark := luminance(a), luminance(b)
	if light < dark {
		light, dark = dark, light
	}
	return (light + 0.05) / (dark + 0.05)
}

func luminance(colour string) (l float64) {
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		n, err := strconv.ParseUint(colour[1+2*i:3+2*i], 16, 8)
		if err != nil {
			panic(err)
		}
		c := float64(n) / 255
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		l += weight * c
	}
	return l
}

// FuzzText: whatever staff write, reading it ends with faults or with letters that hold their date once and no braces,
// and nothing panics.
func FuzzText(f *testing.F) {
	for _, text := range Standard() {
		f.Add(text)
	}
	f.Add(goodText + "{{if .Note}}- a\n- b{{else if .Ask.Figure}}{{.Ask.Range}}{{end}}{{fact \"savings\"}}{{year \"savings\"}}")
	f.Add("Subject: {{if not .Note}}a{{end}}\n\n{{define \"x\"}}{{end}}{{.Date}}{{- /* c */ -}}")
	register := files(f)["facts.csv"]
	person := contact("ambassador", "f")
	f.Fuzz(func(t *testing.T, text string) {
		s, faults := Load(sample(), map[string]string{"facts.csv": register, "texts/appeal.en.txt": text, "texts/reminder-1.en.txt": goodText})
		for _, fault := range faults {
			if fault.Text == "" || fault.File == "" || strings.Contains(fault.Text, "\n") {
				t.Fatalf("a fault without a sentence or a place: %q", fault.Error())
			}
		}
		for _, contribution := range []*donor.Contribution{nil, gave(1_200_000)} {
			c, err := s.Compose(record(t, "KEN", "en", person, contribution), "appeal")
			if err == nil && faults.Refuses() {
				t.Fatal("a letter was written from a faulty text")
			}
			if err == nil && (c.Subject == "" || strings.ContainsAny(c.Text, "{}\ue002\ue003\u2028")) {
				t.Fatalf("a letter with a gap: %q\n%s", c.Subject, c.Text)
			}
		}
	})
}

// FuzzFacts: whatever stands in the register, reading it ends with faults or figures.
func FuzzFacts(f *testing.F) {
	f.Add(files(f)["facts.csv"])
	f.Add("id;value;unit;year;phrase_fr;source_fr\na;2.5;per cent;2024;{value} de tous;s\n\"")
	f.Fuzz(func(t *testing.T, content string) {
		facts, faults := readFacts(content, profiles)
		if faults.Refuses() {
			return
		}
		for _, fact := range facts {
			for _, p := range profiles {
				if c, _, lack := fact.cite(p); lack == "" && (c.first == "" || strings.Contains(c.first, "{value}")) {
					t.Fatalf("%s in %s: %q", fact.id, p.code, c.first)
				}
			}
		}
	})
}
