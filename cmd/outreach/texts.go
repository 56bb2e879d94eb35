package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"outreach.example/console"
	"outreach.example/donor"
	"outreach.example/ledger"
	"outreach.example/templates"
)

// textsFlags are what outreach texts is asked for.
type textsFlags struct{ step, variant, edition string }

func (a *app) textsCommand() *cobra.Command {
	var f textsFlags
	cmd := &cobra.Command{
		Use: "texts CAMPAIGN", Short: "Show the texts side by side in their languages: what one lacks, and what was changed in one only", Args: named,
		Example: "  outreach texts resilience\n  outreach texts resilience --step appeal --variant large\n  outreach texts resilience --edition waiting --json",
		RunE: func(cmd *cobra.Command, args []string) error {
			of, ok := console.TextsOf(f.edition)
			if !ok {
				return usagef("--edition %q: write waiting or approved; without it the project folder's texts are shown", f.edition)
			}
			if f.variant != "" && f.step == "" {
				return usagef("--variant wants its step: outreach texts %s --step STEP --variant %s", args[0], f.variant)
			}
			return a.showTexts(cmd.Context(), args[0], of, f)
		},
	}
	fl := cmd.Flags()
	fl.StringVar(&f.step, "step", "", "the texts of this `step` in full; thanks and acknowledgement are the answers")
	fl.StringVar(&f.variant, "variant", "", "with --step: the text of this `variant`; the general one unless set")
	fl.StringVar(&f.edition, "edition", "", "those of an edition, `waiting` or approved, in place of the project folder's")
	return cmd
}

// showTexts prints the texts. The folder's are shown without a ledger too; then nobody knows what was approved.
func (a *app) showTexts(ctx context.Context, name, of string, f textsFlags) error {
	l, end, unread := a.ledgerIfThere(ctx)
	if unread != nil && of != console.OfFolder {
		return unread
	}
	defer end()
	t, faults, err := a.texts(ctx, l, name, of)
	if err != nil {
		return err
	}
	if len(t.Texts) == 0 && faults.Refuses() {
		return faults
	}
	if t.Texts, err = f.chosen(name, t.Texts); err != nil {
		return err
	}
	if a.json {
		err = a.print(t)
	} else {
		err = a.put("", a.printedTexts(t, f.step != ""))
	}
	if err != nil {
		return err
	}
	for _, fault := range t.Faults {
		fmt.Fprintln(a.errs, fault)
	}
	a.textsNext(t, f, faults)
	switch {
	case unread != nil:
		return partly{fmt.Errorf("the ledger cannot be read, so nothing is marked as changed since the approval: %w", unread)}
	case faults.Refuses():
		return partly{errors.New("the texts are shown as they are written; they have faults, and no letter is written from such a text")}
	}
	return nil
}

// textsNext says what to type after the texts.
func (a *app) textsNext(t console.Texts, f textsFlags, faults donor.Faults) {
	for _, s := range t.Texts {
		if s.Look > 0 && f.step == "" {
			more := ""
			if s.Variant != "" {
				more = " --variant " + s.Variant
			}
			a.next("outreach texts %s --step %s%s", t.Campaign, s.Step, more)
			return
		}
	}
	if t.Of == console.OfFolder && !faults.Refuses() {
		a.next("outreach check %s", t.Campaign)
	}
}

// ledgerIfThere connects to the ledger. An error says why there is none.
func (a *app) ledgerIfThere(ctx context.Context) (*ledger.Ledger, func(), error) {
	c, err := a.config()
	if err != nil {
		return nil, func() {}, err
	}
	l, _, end, err := a.connect(ctx, c)
	if err != nil {
		return nil, func() {}, err
	}
	return l, end, nil
}

// chosen are the texts of a step and variant, all of them where no step is named.
func (f textsFlags) chosen(name string, all []templates.Spread) ([]templates.Spread, error) {
	if f.step == "" {
		return all, nil
	}
	var there []string
	for _, s := range all {
		if s.Step == f.step && s.Variant == f.variant {
			return []templates.Spread{s}, nil
		}
		there = append(there, s.Name())
	}
	asked := templates.Spread{Step: f.step, Variant: f.variant}
	return nil, usagef("campaign %s has no text for %s (there are: %s)", name, asked.Name(), strings.Join(there, "; "))
}

// texts lays the texts of a campaign side by side: those of the project folder, or of an edition, beside those that were approved.
// l may be nil for the folder's. The faults are those of the folder's files; where no text could be read, they say why.
func (a *app) texts(ctx context.Context, l *ledger.Ledger, name, of string) (console.Texts, donor.Faults, error) {
	t := console.Texts{Campaign: name, Of: of}
	var c ledger.Campaign
	if l != nil {
		var err error
		if c, err = l.Campaign(ctx, name); err != nil && (of != console.OfFolder || !errors.Is(err, ledger.ErrNoCampaign)) {
			return t, nil, err
		}
	}
	t.Waiting, t.Approved = c.Pending, c.Edition
	var approved *templates.Version
	if c.Edition != "" && of != console.OfApproved {
		v, err := versionOf(ctx, l, c.Edition)
		if err != nil {
			return t, nil, err
		}
		approved, t.Beside = &v, c.Edition
	}
	var now templates.Version
	var faults donor.Faults
	var err error
	switch {
	case of == console.OfFolder:
		now, t.BuiltIn, faults, err = a.folderTexts(name)
	case of == console.OfWaiting && c.Pending == "":
		err = ledger.Refusal(fmt.Sprintf("no edition of %s waits for approval", name))
	case of == console.OfWaiting:
		now, err = versionOf(ctx, l, c.Pending)
	case c.Edition == "":
		err = ledger.Refusal(fmt.Sprintf("no edition of %s is approved yet", name))
	default:
		now, err = versionOf(ctx, l, c.Edition)
	}
	t.Languages, t.Texts, t.Faults = []string{}, []templates.Spread{}, []string{}
	for _, f := range faults {
		t.Faults = append(t.Faults, f.Error())
	}
	if err != nil || now.Campaign == nil {
		return t, faults, err
	}
	t.Languages, t.Texts = templates.Beside(now, approved)
	return t, faults, nil
}

// versionOf is the texts of an edition.
func versionOf(ctx context.Context, l *ledger.Ledger, hash string) (templates.Version, error) {
	e, err := l.Edition(ctx, hash)
	if err != nil {
		return templates.Version{}, err
	}
	c, err := e.LoadCampaign()
	return templates.Version{Campaign: c, Files: e.Files}, err
}

// folderTexts are the texts of the project folder, with what is wrong with them, faults before warnings: what is wrong
// with lists is for check. Without a campaign file that can be read there are none, and the faults say why.
func (a *app) folderTexts(name string) (v templates.Version, builtIn bool, faults donor.Faults, err error) {
	p, err := openTexts(a, os.DirFS(a.dir), name)
	if errors.As(err, &faults) {
		return v, false, faults, nil
	}
	if err != nil {
		return v, false, nil, err
	}
	faults = slices.Clone(p.misread)
	if p.parsed == nil {
		return v, false, faults, nil
	}
	_ = p.parsed.ReadPlaces(p.places) // whose faults check names
	_, found := p.compile(p.parsed, donor.DateOf(a.now()))
	faults = append(faults, found...)
	faults.Sort()
	slices.SortStableFunc(faults, func(a, b donor.Fault) int { // a page lists a few
		switch {
		case a.Warning == b.Warning:
			return 0
		case b.Warning:
			return -1
		}
		return 1
	})
	return templates.Version{Campaign: p.parsed, Files: p.files}, p.standard, faults, nil
}

// printedTexts is a table of the texts with every place to look at, or a text in full.
func (a *app) printedTexts(t console.Texts, whole bool) []byte {
	var b bytes.Buffer
	if whole {
		for _, s := range t.Texts {
			printSpread(&b, t, s)
		}
		return b.Bytes()
	}
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "TEXT\t%s\tTO LOOK AT\n", strings.ToUpper(strings.Join(t.Languages, "\t")))
	for _, s := range t.Texts {
		fmt.Fprint(w, s.Name())
		for _, side := range s.Sides {
			fmt.Fprint(w, "\t"+side.Word(t.BuiltIn))
		}
		fmt.Fprintf(w, "\t%d\n", s.Look)
	}
	_ = w.Flush() // a buffer takes everything
	for _, s := range t.Texts {
		for _, side := range s.Sides {
			if side.Look() {
				fmt.Fprintf(&b, "%s: %s\n", side.File, side.Says(t.BuiltIn))
			}
		}
		for _, r := range s.Rows {
			for i, p := range r.Parts {
				if p.Mark.Look() {
					fmt.Fprintf(&b, "%s: %s: %s\n", s.Place(r, i), s.Says(r, i), beginning(r, i))
				}
			}
		}
	}
	return b.Bytes()
}

// beginning is the beginning of a part: its own words, or those of the first language that has it.
func beginning(r templates.Row, i int) string {
	text := r.Parts[i].Text
	for _, p := range r.Parts {
		text = cmp.Or(text, p.Text)
	}
	return donor.Quote(strings.Join(strings.Fields(text), " "))
}

// printSpread prints a text in full, the languages of each paragraph one under the other.
func printSpread(b *bytes.Buffer, t console.Texts, s templates.Spread) {
	fmt.Fprintf(b, "%s\n", s.Name())
	for _, side := range s.Sides {
		fmt.Fprintf(b, "  %s  %s: %s\n", side.Language, side.File, side.Says(t.BuiltIn))
	}
	for _, r := range s.Rows {
		fmt.Fprintln(b)
		for i, p := range r.Parts {
			if p.Mark == templates.Absent {
				continue
			}
			fmt.Fprintf(b, "%s", s.Place(r, i))
			if says := s.Says(r, i); says != "" {
				fmt.Fprintf(b, "  ** %s", says)
			}
			fmt.Fprintln(b)
			printLines(b, "  ", p.Text)
			printLines(b, "  - ", p.Before)
		}
	}
}

// printLines prints a text behind a lead. It may have faults, and what a terminal would obey is left out.
func printLines(b *bytes.Buffer, lead, text string) {
	if text == "" {
		return
	}
	for line := range strings.SplitSeq(text, "\n") {
		fmt.Fprintf(b, "%s%s\n", lead, strings.Map(printable, line))
	}
}
