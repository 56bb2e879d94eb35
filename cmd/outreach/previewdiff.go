package main

import (
	"bytes"
	"fmt"
	"io"
	"path"
	"strings"

	"outreach.example/templates"
)

// difference is a paragraph as --diff --json prints it.
type difference struct {
	Line   int    `json:"line"`
	Text   string `json:"text"`
	Letter string `json:"letter"`
}

// previewDiff shows where a letter is not word for word the text that it is written from.
func (a *app) previewDiff(f previewFlags, p *project) error {
	r, err := f.record(p)
	if err != nil {
		return err
	}
	file, all, err := p.set.Compare(&r, f.step)
	if err != nil {
		return p.fault(r, err)
	}
	name := path.Join("campaigns", p.name, "texts", path.Base(file))
	if _, own := p.written[name]; !own {
		name = "built-in text " + path.Base(file)
	}
	templates.Dated(all, p.set.PrintDate(r.Donor.Language, a.now()))
	var b bytes.Buffer
	if a.json {
		var out []difference
		for _, d := range all {
			out = append(out, difference{d.Line, strings.TrimSpace(d.Text()), strings.TrimSpace(d.Letter())})
		}
		if err := printTo(&b, map[string]any{
			"campaign": p.name, "donor": r.Donor.ID, "step": f.step, "language": r.Donor.Language, "file": name, "differences": out, "sent": false,
		}); err != nil {
			return err
		}
	} else {
		paint := plainPaint
		if f.out == "" && a.coloured() {
			paint = colours
		}
		fmt.Fprintf(&b, "--- %s\n+++ letter to %s, %s, %s\n", name, r.Donor.ID, f.step, r.Donor.Language)
		for _, d := range all {
			fmt.Fprintf(&b, "@@ line %d\n", d.Line)
			paint.lines(&b, "- ", paint.gone, d, func(p templates.Piece) string { return p.Text })
			paint.lines(&b, "+ ", paint.come, d, func(p templates.Piece) string { return p.Letter })
		}
	}
	if err := a.put(f.out, b.Bytes()); err != nil {
		return err
	}
	if f.out != "" {
		fmt.Fprintf(a.errs, "wrote %s\n", f.out)
	}
	fmt.Fprintf(a.errs, "nothing was sent: %d paragraphs differ, the others are word for word the text's; sources follow from facts.csv\n", len(all))
	return nil
}

// paint is how what differs stands out: in colour on a terminal, between no marks elsewhere.
type paint struct{ gone, come, end string }

var (
	plainPaint = paint{}
	colours    = paint{gone: "\x1b[1;31m", come: "\x1b[1;32m", end: "\x1b[0m"}
)

// lines writes one side of a paragraph; the words that differ stand out.
func (c paint) lines(w io.Writer, lead, colour string, d templates.Difference, side func(templates.Piece) string) {
	var b strings.Builder
	for _, p := range d.Pieces {
		words := side(p)
		if p.Same() || words == "" || colour == "" {
			b.WriteString(words)
			continue
		}
		// A colour never goes over the end of a line.
		b.WriteString(colour + strings.ReplaceAll(words, "\n", c.end+"\n"+colour) + c.end)
	}
	for line := range strings.SplitSeq(strings.TrimSpace(b.String()), "\n") {
		if strings.Trim(line, " \t") != "" && line != colour+c.end {
			fmt.Fprintf(w, "%s%s\n", lead, line)
		}
	}
}

// coloured says whether output may be coloured: a person reads it on a terminal, and has not asked for none.
func (a *app) coloured() bool {
	return isTerminal(a.out) && a.getenv("NO_COLOR") == "" && a.getenv("TERM") != "dumb"
}
