package templates

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"outreach.example/campaign"
)

// The built-in texts say the same in every language: each paragraph has its counterpart, by its place and its fields.
func TestBuiltInTextsStandBesideEachOther(t *testing.T) {
	languages, all := Beside(Version{various(), filesFor(t, various())}, nil)
	if diff := cmp.Diff([]string{"en", "fr", "es"}, languages); diff != "" {
		t.Error(diff)
	}
	if len(all) != len(Standard())/len(languages) {
		t.Errorf("%d texts of %d files", len(all), len(Standard()))
	}
	for _, s := range all {
		if s.Look != 0 {
			t.Errorf("%s %s: %d to look at", s.Step, s.Variant, s.Look)
		}
		for _, r := range s.Rows {
			for i, p := range r.Parts {
				if p.Mark != Unmarked || p.Text == "" || p.Line == 0 || !s.Sides[i].Standard {
					t.Errorf("%s: %+v", s.Sides[i].File, p)
				}
			}
		}
	}
}

// Every part is one of its file's, at the line where it stands, and none of the file's is left out.
func TestPartsAreTheFile(t *testing.T) {
	files := filesFor(t, various())
	_, all := Beside(Version{various(), files}, nil)
	for _, s := range all {
		for i, side := range s.Sides {
			var got strings.Builder
			lines := strings.Split(files["texts/"+side.File], "\n")
			for _, r := range s.Rows {
				got.WriteString(r.Parts[i].Text + "\n")
				if first, _, _ := strings.Cut(r.Parts[i].Text, "\n"); lines[r.Parts[i].Line-1] != first {
					t.Errorf("%s:%d is %q, not %q", side.File, r.Parts[i].Line, lines[r.Parts[i].Line-1], first)
				}
			}
			if diff := cmp.Diff(strings.Fields(files["texts/"+side.File]), strings.Fields(got.String())); diff != "" {
				t.Errorf("%s: %s", side.File, diff)
			}
		}
	}
}

// marksOf are the rows of a text that say something, each as the marks of its parts.
func marksOf(s Spread) (out []string) {
	for _, r := range s.Rows {
		var parts []string
		any := false
		for i, p := range r.Parts {
			word := string(p.Mark)
			if p.Mark == Unmarked {
				word = "-"
			}
			any = any || p.Mark != Unmarked && p.Mark != Absent
			parts = append(parts, s.Sides[i].Language+" "+word)
		}
		if any {
			line := 0
			for _, p := range r.Parts {
				line = max(line, p.Line)
			}
			out = append(out, fmt.Sprintf("%s (to line %d)", strings.Join(parts, ", "), line))
		}
	}
	return out
}

// What was changed since the approval in one language and not in another is marked; so is what one of them lacks.
func TestBesideWhatWasApproved(t *testing.T) {
	const briefing = "IOM would be pleased to offer a briefing, in person or by video link, at any convenient time.\n\n"
	replace := func(file, old, new string) func(map[string]string) {
		return func(f map[string]string) {
			if !strings.Contains(f["texts/"+file], old) {
				panic(file + " has no " + old)
			}
			f["texts/"+file] = strings.Replace(f["texts/"+file], old, new, 1)
		}
	}
	drop := func(file string) func(map[string]string) {
		return func(f map[string]string) { delete(f, "texts/"+file) }
	}
	for _, c := range []struct {
		name          string
		step, variant string
		do            []func(map[string]string)
		want          []string
		look          int
	}{
		{"nothing", "appeal", "", nil, nil, 0},
		{"one language is changed", "appeal", "", []func(map[string]string){replace("appeal.en.txt", "at any convenient time", "at a convenient time")},
			[]string{"en changed, fr behind, es behind (to line 26)"}, 2},
		{"a header line is changed", "appeal", "", []func(map[string]string){replace("appeal.fr.txt", "Subject: Campagne", "Subject: La campagne")},
			[]string{"en behind, fr changed, es behind (to line 1)"}, 2},
		{"two languages are changed", "appeal", "", []func(map[string]string){
			replace("appeal.en.txt", "at any convenient time", "at a convenient time"),
			replace("appeal.es.txt", "por videoconferencia", "en línea"),
		}, []string{"en changed, fr behind, es changed (to line 26)"}, 1},
		{"lines are broken elsewhere", "appeal", "", []func(map[string]string){replace("appeal.en.txt", "at any convenient time", "at any\nconvenient time")}, nil, 0},
		{"a field is exchanged for another", "appeal", "", []func(map[string]string){replace("appeal.en.txt", "{{.Close}}", "{{.Closing}}")},
			[]string{"en changed, fr behind, es behind (to line 28)"}, 2},
		{"a paragraph is taken out", "appeal", "", []func(map[string]string){replace("appeal.en.txt", briefing, "")},
			[]string{"en removed, fr behind, es behind (to line 26)"}, 2},
		{"a paragraph is added", "appeal", "", []func(map[string]string){replace("appeal.en.txt", briefing, briefing+"The Director General will write to the capital of each State separately.\n\n")},
			[]string{"en added, fr missing, es missing (to line 28)"}, 2},
		{"a language is taken out", "appeal", "", []func(map[string]string){drop("appeal.es.txt")}, nil, 1},
		{"a variant goes without a text of its own", "appeal", "large", []func(map[string]string){drop("appeal.large.es.txt")}, nil, 0},
		{"a variant that asks for nothing cannot", "appeal", "given", []func(map[string]string){drop("appeal.given.es.txt")}, nil, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			was, now := Version{various(), filesFor(t, various())}, Version{various(), filesFor(t, various())}
			for _, do := range c.do {
				do(now.Files)
			}
			_, all := Beside(now, &was)
			for _, s := range all {
				if s.Step != c.step || s.Variant != c.variant {
					if s.Look != 0 || len(marksOf(s)) > 0 {
						t.Errorf("%s %s: %v", s.Step, s.Variant, marksOf(s))
					}
					continue
				}
				if diff := cmp.Diff(c.want, marksOf(s)); diff != "" {
					t.Error(diff)
				}
				if s.Look != c.look {
					t.Errorf("%d to look at, not %d", s.Look, c.look)
				}
			}
		})
	}
}

// A paragraph that one language never had is missing, and the others stay beside their own.
func TestMissingPart(t *testing.T) {
	files := filesFor(t, various())
	body := strings.Split(files["texts/reminder-1.fr.txt"], "\n\n")
	files["texts/reminder-1.fr.txt"] = strings.Join(append(body[:5:5], body[6:]...), "\n\n")
	_, all := Beside(Version{various(), files}, nil)
	for _, s := range all {
		if s.Step != "reminder-1" {
			continue
		}
		if got := marksOf(s); len(got) != 1 || !strings.HasPrefix(got[0], "en -, fr missing, es -") {
			t.Errorf("got %v", got)
		}
	}
}

// A text with faults is shown as it was written, and one that cannot be read says why.
func TestBesideWithFaults(t *testing.T) {
	files := filesFor(t, various())
	files["texts/appeal.en.txt"] = "Subject: {{.Nothing\n\n{{if .Note}}A note.\n"
	files["texts/appeal.fr.txt"] = "Subject: \xff\n\nX"
	_, all := Beside(Version{various(), files}, nil)
	s := all[0]
	if s.Rows[0].Parts[0].Text != "Subject: {{.Nothing" || !strings.Contains(s.Sides[1].Wrong, "not UTF-8") || s.Look == 0 {
		t.Errorf("%+v", s)
	}
}

// A file with very many paragraphs is laid out within a moment.
func TestBesideLarge(t *testing.T) {
	files := filesFor(t, various())
	files["texts/appeal.en.txt"] = "Subject: A\n\n" + strings.Repeat("Word.\n\n", maxText/8)
	files["texts/appeal.fr.txt"] = files["texts/appeal.en.txt"]
	began := time.Now()
	_, all := Beside(Version{various(), files}, &Version{various(), filesFor(t, various())})
	if took := time.Since(began); took > 10*time.Second || len(all) == 0 {
		t.Errorf("took %s", took)
	}
}

func FuzzBeside(f *testing.F) {
	for _, content := range Standard() {
		f.Add(content, content)
	}
	f.Add("Subject: a\n\n- b\n\n\n\nc {{.D}}\n{{.E}}", "")
	f.Fuzz(func(t *testing.T, now, was string) {
		c := &campaign.Campaign{Steps: []campaign.Step{{Name: "appeal"}}}
		_, all := Beside(Version{c, map[string]string{"texts/appeal.en.txt": now, "texts/appeal.fr.txt": was}}, &Version{c, map[string]string{"texts/appeal.en.txt": was}})
		text, wrong := readable(now, maxText)
		if wrong != "" {
			return
		}
		var got strings.Builder
		for _, r := range all[0].Rows {
			got.WriteString(r.Parts[0].Text + "\n")
		}
		if diff := cmp.Diff(strings.Fields(text), strings.Fields(got.String())); diff != "" {
			t.Error(diff)
		}
	})
}
