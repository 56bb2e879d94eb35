package returned

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
	"unicode/utf8"
)

// Whatever bytes come, sorting ends soon, gives the same twice, names a kind with a reason, and hands on little.
func FuzzSort(f *testing.F) {
	files, _ := filepath.Glob("../testdata/corpus/*/*.eml")
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b, false)
	}
	f.Add([]byte("From: a@b.example\nContent-Type: multipart/report; boundary=\n\n--\n"), true)
	f.Fuzz(func(t *testing.T, b []byte, cut bool) {
		began := time.Now()
		m := Sort(b, cut)
		if took := time.Since(began); took > 5*time.Second {
			t.Fatalf("%d bytes took %v", len(b), took)
		}
		if again := Sort(b, cut); again.ID != m.ID || again.Kind != m.Kind || !slices.Equal(again.Reasons, m.Reasons) {
			t.Fatalf("sorted twice: %s %v, then %s %v", m.Kind, m.Reasons, again.Kind, again.Reasons)
		}
		if !slices.Contains(Kinds, m.Kind) || len(m.Reasons) == 0 {
			t.Fatalf("kind %q, reasons %v", m.Kind, m.Reasons)
		}
		if (m.Quarantine != "" || cut) && m.Kind != Unclear {
			t.Fatalf("quarantined (%s), and sorted as %s", m.Quarantine, m.Kind)
		}
		if m.Kind == Bounce && len(m.Reports) == 0 {
			t.Fatal("a bounce about nobody")
		}
		if !m.Back.IsZero() && (!m.Back.After(m.Date.Truncate(24*time.Hour)) || m.Back.After(m.Date.AddDate(1, 0, 2))) {
			t.Fatalf("written %v, back %v", m.Date, m.Back)
		}
		if len(m.Clues.References) > 50 || len(m.Clues.About) > 50 || len(m.Reports) > maxReports || len(m.Text)+len(m.Quote) > 2*maxText {
			t.Fatal("more than the limits")
		}
		for _, s := range []string{m.Text, m.Subject} {
			if !utf8.ValidString(s) {
				t.Fatalf("not UTF-8: %q", s)
			}
		}
	})
}
