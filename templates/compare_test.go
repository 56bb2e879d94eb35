package templates

import (
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"outreach.example/letter"
)

var sourceNumber = regexp.MustCompile(`\[[0-9]+\]`)

// evened is a text with every white space as one space.
func evened(s string) string {
	return strings.Join(strings.Fields(strings.ReplaceAll(s, nbsp, "~")), " ")
}

// TestCompare: what is shown as the letter's is in the letter, what is shown as the text's is in the text, and what is not
// shown is the same in both.
func TestCompare(t *testing.T) {
	s := load(t)
	for _, lang := range known() {
		for _, step := range []string{"appeal", "reminder-1"} {
			for _, rank := range []string{"ambassador", "office"} {
				for _, gift := range []int64{0, 1_200_000} {
					r := record(t, "CIV", lang, contact(rank, "f"), nil)
					if gift > 0 {
						r = record(t, "CIV", lang, contact(rank, "f"), gave(gift))
					}
					c, err := s.Compose(r, step)
					if err != nil {
						t.Fatal(err)
					}
					file, all, err := s.Compare(r, step)
					if err != nil || !strings.HasSuffix(file, step+"."+lang+".txt") {
						t.Fatalf("%s: %v", file, err)
					}
					written := s.texts[textKey{step, "", lang}].source
					text, sent := evened(typeset(profiles[lang], written)), evened("Subject: "+c.Subject+" "+sourceNumber.ReplaceAllString(c.Text, ""))
					lines := strings.Split(written, "\n")
					var shown strings.Builder
					for _, d := range all {
						if got := evened(d.Text()); !strings.Contains(text, got) {
							t.Errorf("%s: the text has no %q", file, got)
						}
						if got := evened(d.Letter()); !strings.Contains(sent, got) {
							t.Errorf("%s: the letter has no %q", file, got)
						}
						if first := evened(typeset(profiles[lang], lines[d.Line-1])); !strings.HasPrefix(first, evened(strings.Split(strings.TrimLeft(d.Text(), "\n"), "\n")[0])) {
							t.Errorf("%s: line %d is %q", file, d.Line, first)
						}
						shown.WriteString(evened(d.Text()) + "\n")
					}
					for _, paragraph := range strings.Split(written, "\n\n") {
						if p := evened(typeset(profiles[lang], paragraph)); strings.Contains(p, "{{") && !strings.Contains(shown.String(), evened(typeset(profiles[lang], strings.Split(paragraph, "\n")[0]))) {
							t.Errorf("%s: %q has fields and is not shown", file, p)
						}
					}
				}
			}
		}
	}
}

// TestCompareWords: a field, a choice that is taken, one that is not, and a paragraph without either.
func TestCompareWords(t *testing.T) {
	f := files(t)
	f["texts/appeal.en.txt"] = "Subject: To {{.State.Short}}\n\n{{.Date}}\n\n{{.Salutation}}\n\nThe same words in every letter.\n\n" +
		"{{if .Note}}It is a note.{{else}}It is a letter.{{end}} {{if not .Note}}By name.{{end}}{{if .Ask.Figure}}{{.Ask.Low}}{{end}}\n\n{{.Close}}\n"
	s, faults := Load(sample(), f)
	if faults.Refuses() {
		t.Fatal(faults)
	}
	_, all, err := s.Compare(record(t, "KEN", "", contact("ambassador", "f"), nil), "appeal")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, d := range all {
		got = append(got, itoa(d.Line)+": "+d.Text()+" => "+d.Letter())
	}
	want := []string{
		"1: Subject: To {{.State.Short}} => Subject: To Kenya",
		"3: {{.Date}} => " + letter.DateMark,
		"5: {{.Salutation}} => Excellency,",
		"9: {{if .Note}}It is a note.{{else}}It is a letter.{{end}} {{if not .Note}}By name.{{end}}{{if .Ask.Figure}}{{.Ask.Low}}{{end}} => It is a letter. By name.",
		"11: {{.Close}}\n => Accept, Excellency, the assurances of my highest consideration.\n",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
