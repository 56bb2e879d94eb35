package returned

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the confusion matrix into docs/inbox.md")

const (
	matrixBegins = "<!-- The matrix is written by: go test ./inbox/returned -run TestCorpus -update -->\n"
	matrixEnds   = "<!-- End of the matrix. -->\n"
)

// label is a kind as the folders of the corpus name it.
func label(m *Mail) string {
	if m.Kind != Bounce {
		return string(m.Kind)
	}
	for _, o := range []Outcome{Hard, Soft, Delayed, Success, Relayed} {
		if slices.ContainsFunc(m.Reports, func(r Report) bool { return r.Outcome == o }) {
			return "bounce-" + string(o)
		}
	}
	return "bounce"
}

// Over all returned mails of the corpus: what a person wrote is never taken for a machine's, a hard bounce never for a
// reply, and at least 95 % are sorted as they should be. The numbers stand in docs/inbox.md.
func TestCorpus(t *testing.T) {
	files, err := filepath.Glob("../testdata/corpus/*/*.eml")
	if err != nil || len(files) < 120 {
		t.Fatalf("%d mails in the corpus, and 120 are wanted: %v", len(files), err)
	}
	matrix, wrong := map[string]map[string]int{}, 0
	var kinds []string
	note := func(k string) {
		if !slices.Contains(kinds, k) {
			kinds = append(kinds, k)
		}
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		m := Sort(b, false)
		want, got := filepath.Base(filepath.Dir(file)), label(m)
		note(want)
		note(got)
		if matrix[want] == nil {
			matrix[want] = map[string]int{}
		}
		matrix[want][got]++
		if want != got {
			wrong++
			t.Logf("%s: %s, want %s (%s)", filepath.Base(file), got, want, strings.Join(m.Reasons, "; "))
		}
		machine := m.Kind != Reply && m.Kind != Unclear && m.Kind != OptOut
		if want == "reply" && machine {
			t.Errorf("%s: a person's mail is taken for %s: %v", file, got, m.Reasons)
		}
		if want == "bounce-hard" && m.Kind == Reply {
			t.Errorf("%s: a hard bounce is taken for a reply: %v", file, m.Reasons)
		}
		if len(m.Reasons) == 0 {
			t.Errorf("%s: no reason is given", file)
		}
	}
	right := 100 * float64(len(files)-wrong) / float64(len(files))
	if right < 95 {
		t.Errorf("%.1f %% are sorted as they should be, and 95 are wanted", right)
	}
	slices.Sort(kinds)
	text := table(matrix, kinds) + fmt.Sprintf("\n%d mails, %d of them sorted as they should be: %.1f %%.\n", len(files), len(files)-wrong, right)
	inDocs(t, text)
}

// table writes the matrix: a row for what a mail is, a column for what it was sorted as.
func table(matrix map[string]map[string]int, kinds []string) string {
	var w strings.Builder
	w.WriteString("| is | mails |")
	for _, k := range kinds {
		w.WriteString(" " + k + " |")
	}
	w.WriteString("\n|---|---:|" + strings.Repeat("---:|", len(kinds)) + "\n")
	for _, is := range kinds {
		total, cells := 0, ""
		for _, as := range kinds {
			n := matrix[is][as]
			total += n
			if n == 0 {
				cells += " |"
			} else {
				cells += fmt.Sprintf(" %d |", n)
			}
		}
		fmt.Fprintf(&w, "| %s | %d |%s\n", is, total, cells)
	}
	return w.String()
}

// inDocs compares the matrix with the one in docs/inbox.md.
func inDocs(t *testing.T, text string) {
	t.Helper()
	const file = "../../docs/inbox.md"
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(b), matrixBegins)
	was, after, ends := strings.Cut(rest, matrixEnds)
	if !found || !ends {
		t.Fatalf("%s does not say where the matrix stands", file)
	}
	if *update {
		if err := os.WriteFile(file, []byte(before+matrixBegins+text+matrixEnds+after), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if was != text {
		t.Errorf("%s has another matrix; write it with -update:\n%s", file, text)
	}
}
