package templates

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// TestMarkTest: in every language the subject and the first line of both parts say that this is a test, and the rest is the
// letter.
func TestMarkTest(t *testing.T) {
	s := load(t)
	for _, lang := range known() {
		c, err := s.Compose(record(t, "KEN", lang, contact("ambassador", "f"), gave(1_200_000)), "appeal")
		if err != nil {
			t.Fatal(err)
		}
		m := testMarks[lang]
		if m.subject == "" || m.line == "" || utf8.RuneCountInString(m.line) > columns {
			t.Fatalf("%s: no mark, or one that is wider than the text: %+v", lang, m)
		}
		got := MarkTest(c)
		if got.Subject != m.subject+c.Subject {
			t.Errorf("%s: subject %q", lang, got.Subject)
		}
		if rest, ok := strings.CutPrefix(got.Text, m.line+"\n\n"); !ok || rest != c.Text {
			t.Errorf("%s: the text begins %.100q", lang, got.Text)
		}
		before, after, ok := strings.Cut(got.HTML, styleTest+m.line+"</p>\n")
		if !ok || before+after != c.HTML || !strings.HasPrefix(after, headOpen) {
			t.Errorf("%s: the HTML does not say it above the letterhead", lang)
		}
		checkNesting(t, lang, got.HTML)
	}
}
