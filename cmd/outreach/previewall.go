package main

import (
	"bufio"
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"

	"outreach.example/campaign"
	"outreach.example/donor"
	"outreach.example/ledger"
	"outreach.example/letter"
)

//go:embed preview.html
var previewHTML string

var previewPage = template.Must(template.New("preview").Parse(previewHTML))

// previewHead is what the page says above its tables and below them.
type previewHead struct {
	Title, Campaign, Day, Inputs, Language string
	Letters                                int
	Steps                                  []string
	LeftOut                                []campaign.LeftOut
}

// previewStep is the head of one step's table.
type previewStep struct {
	Step    string
	Letters int
}

// previewRow is one letter in it.
type previewRow struct {
	Donor, Step, Name, Language, Person, Address, Variant, Ask string
	Copies                                                     int
	Forms                                                      []previewForm
}

// previewForm is one file of a letter.
type previewForm struct{ Label, File string }

// previewAll writes every letter in every form, and a page that lists them:
//
//	check everything -> FOLDER/STEP/DONOR.txt .html .eml -> FOLDER/index.html
//
// Nothing is written while one letter has a fault, and nothing is overwritten.
func (a *app) previewAll(ctx context.Context, f previewFlags) error {
	steps := []string{f.step}
	p, err := f.open(a)
	if err != nil {
		return err
	}
	if steps[0] == "" {
		steps = nil
		for _, s := range p.campaign.Steps {
			f.step = s.Name
			if err := f.choose(p); err != nil {
				return err
			}
			steps = append(steps, s.Name)
		}
	}
	readers, err := p.everyLetter(ctx, f.pick, steps)
	if err != nil {
		return err
	}
	letters := 0
	for _, all := range readers {
		letters += len(all)
	}
	if err := newFolder(f.dir); err != nil {
		return err
	}
	index, err := os.OpenFile(filepath.Join(f.dir, "index.html"), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("%s: %s", f.dir, plain(err))
	}
	w := bufio.NewWriter(index)
	err = errors.Join(a.previewPages(ctx, w, p, f, steps, readers, letters), w.Flush(), index.Close())
	if err != nil {
		return fmt.Errorf("%s: the letters are not all written: %w", f.dir, err)
	}
	page := filepath.Join(f.dir, "index.html")
	if a.json {
		if err := a.print(map[string]any{"campaign": p.name, "letters": letters, "steps": steps, "page": page, "sent": false}); err != nil {
			return err
		}
	} else {
		fmt.Fprintf(a.out, "%s: %d letters written, each as text, HTML and message; %s lists them\n", p.name, letters, page)
	}
	fmt.Fprintln(a.errs, "nothing was sent: this is a preview, with today's date")
	return nil
}

// everyLetter writes every letter once and keeps none: all faults come at once, before a file is made. It says who gets the
// letter of each step.
func (p *project) everyLetter(ctx context.Context, k pick, steps []string) (map[string][]campaign.Record, error) {
	readers := map[string][]campaign.Record{}
	var faults donor.Faults
	for _, d := range p.donors {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		r := k.recordOf(p, d)
		for _, step := range steps {
			if !p.campaign.Gets(&r, step) {
				continue
			}
			readers[step] = append(readers[step], r)
			_, err := p.set.Compose(&r, step)
			if err == nil {
				continue
			}
			var found donor.Faults
			if errors.As(p.fault(r, err), &found) {
				faults = append(faults, found...)
			}
		}
	}
	if len(faults) > 0 {
		faults.Sort()
		return nil, slices.Compact(faults) // a contact's fault shows in every step
	}
	return readers, nil
}

// newFolder makes a folder, or takes one that is there and empty.
func newFolder(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil { // the letters of a campaign are nobody else's to read
		return fmt.Errorf("%s: %s", dir, plain(err))
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("%s: %s", dir, plain(err))
	}
	if len(entries) > 0 {
		return ledger.Refusal(fmt.Sprintf("%s is not empty and nothing is overwritten; name a new folder", dir))
	}
	return nil
}

// previewPages writes the letters and the page that lists them, row by row.
func (a *app) previewPages(ctx context.Context, w *bufio.Writer, p *project, f previewFlags, steps []string, readers map[string][]campaign.Record, letters int) error {
	head := previewHead{
		Title: p.campaign.Title["en"], Campaign: p.name, Day: p.local(a.now()), Inputs: fmt.Sprintf("%.12s", p.inputs()), Language: f.language,
		Letters: letters, Steps: steps, LeftOut: p.left,
	}
	if head.Title == "" {
		head.Title = p.name
	}
	if err := previewPage.ExecuteTemplate(w, "head", head); err != nil {
		return err
	}
	bar := a.progress("writing", head.Letters)
	defer bar.end()
	done := 0
	for _, step := range steps {
		if err := os.Mkdir(filepath.Join(f.dir, step), 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
		if err := previewPage.ExecuteTemplate(w, "step", previewStep{Step: step, Letters: len(readers[step])}); err != nil {
			return err
		}
		for _, r := range readers[step] {
			if err := ctx.Err(); err != nil {
				return err
			}
			d := r.Donor
			c, err := p.set.Compose(&r, step)
			if err != nil {
				return p.fault(r, err)
			}
			forms, err := a.writeLetter(f.dir, p, &c)
			if err != nil {
				return err
			}
			row := previewRow{
				Donor: d.ID, Step: step, Name: d.Name["en"], Language: c.Language, Person: c.To.Name, Address: c.To.Address, Copies: len(c.Cc),
				Variant: r.Variant, Ask: asked(p.campaign, &r), Forms: forms,
			}
			if err := previewPage.ExecuteTemplate(w, "row", row); err != nil {
				return err
			}
			done++
			bar.at(done)
		}
		if err := previewPage.ExecuteTemplate(w, "end", nil); err != nil {
			return err
		}
	}
	return previewPage.ExecuteTemplate(w, "foot", head)
}

// asked is an ask in a table.
func asked(c *campaign.Campaign, r *campaign.Record) string {
	switch {
	case c.Quiet(r.Variant):
		return "nothing"
	case !r.Ask.Figure:
		return "without a figure"
	}
	return fmt.Sprintf("%s to %s", r.Ask.Low, r.Ask.High)
}

// writeLetter writes one letter in every form, and says where.
func (a *app) writeLetter(dir string, p *project, c *letter.Content) (forms []previewForm, err error) {
	var text, message bytes.Buffer
	a.text(&text, p, *c)
	if err := a.source(&message, p, c); err != nil {
		return nil, err
	}
	for _, form := range []struct {
		label, ending string
		content       []byte
	}{
		{"Text", ".txt", text.Bytes()}, {"HTML", ".html", []byte(a.dated(p, c.HTML, c.Language))}, {"Message", ".eml", message.Bytes()},
	} {
		name := path.Join(c.ID.Step, c.ID.Donor+form.ending)
		if err := os.WriteFile(filepath.Join(dir, filepath.FromSlash(name)), form.content, 0o600); err != nil {
			return nil, err
		}
		forms = append(forms, previewForm{form.label, name})
	}
	return forms, nil
}
