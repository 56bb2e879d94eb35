package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"outreach.example/templates"
)

// Every letter of every step is there in every form, readable by somebody else's parser, and the page leads to each.
func TestPreviewAll(t *testing.T) {
	dir, out := sampleProject(t), filepath.Join(t.TempDir(), "all")
	must(t, nil, "-C", dir, "preview", sample, "--all", "--dir", out)

	c := countEML(t, out)
	for _, f := range c.Faults {
		t.Error(f)
	}
	if c.Letters != 525 || len(c.IDs) != 525 || len(c.To) != 175 {
		t.Errorf("%d letters with %d ids to %d addresses, want 525, 525 and 175", c.Letters, len(c.IDs), len(c.To))
	}

	f, err := os.Open(filepath.Join(out, "index.html"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	page, err := goquery.NewDocumentFromReader(f)
	if err != nil {
		t.Fatal(err)
	}
	if n := page.Find("script, link, img, iframe, [src], [style], [onclick]").Length(); n > 0 {
		t.Errorf("%d elements run or fetch something", n)
	}
	for _, step := range []string{"appeal", "reminder-1", "reminder-2"} {
		if n := page.Find("table#" + step + " tbody tr").Length(); n != 175 {
			t.Errorf("%s: %d rows", step, n)
		}
	}
	links := map[string]bool{}
	page.Find("a").Each(func(_ int, a *goquery.Selection) {
		href, _ := a.Attr("href")
		if links[href] {
			t.Errorf("%s is linked twice", href)
		}
		links[href] = true
		if id, here := strings.CutPrefix(href, "#"); here {
			if page.Find(`[id="`+id+`"]`).Length() != 1 {
				t.Errorf("%s leads nowhere", href)
			}
		} else if info, err := os.Stat(filepath.Join(out, href)); err != nil || info.Size() == 0 || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v", href, err)
		}
	})
	if len(links) != 525*3+4 {
		t.Errorf("%d links", len(links))
	}
	row := page.Find(`table#appeal tbody tr`).FilterFunction(func(_ int, s *goquery.Selection) bool { return strings.Contains(s.Text(), "CIV") })
	if got := row.Text(); !strings.Contains(got, "Côte d’Ivoire") || !strings.Contains(got, "fr") || !strings.Contains(got, "civ.mission.example") || !strings.Contains(got, "without a figure") {
		t.Errorf("the row of Côte d’Ivoire: %s", got)
	}
}

// On a terminal the words that differ stand out; a colour ends with its line.
func TestPaint(t *testing.T) {
	d := templates.Difference{Pieces: []templates.Piece{{Text: "To ", Letter: "To "}, {Text: "{{.Address}}", Letter: "A\nB"}, {Text: "{{end}}"}, {Text: ".", Letter: "."}}}
	var b bytes.Buffer
	colours.lines(&b, "- ", colours.gone, d, func(p templates.Piece) string { return p.Text })
	colours.lines(&b, "+ ", colours.come, d, func(p templates.Piece) string { return p.Letter })
	want := "- To \x1b[1;31m{{.Address}}\x1b[0m\x1b[1;31m{{end}}\x1b[0m.\n+ To \x1b[1;32mA\x1b[0m\n+ \x1b[1;32mB\x1b[0m.\n"
	if b.String() != want {
		t.Errorf("got %q, want %q", b.String(), want)
	}
}
