package main

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"outreach.example/campaign"
	"outreach.example/donor"
	"outreach.example/ledger"
	"outreach.example/letter"
)

func (a *app) planCommand() *cobra.Command {
	var all bool
	cmd := &cobra.Command{
		Use: "plan CAMPAIGN", Short: "Freeze an edition and show who gets which letter, when, in which language", Args: named,
		Example: "  outreach plan resilience\n  outreach plan resilience --all\n  outreach plan resilience --json",
		RunE: func(cmd *cobra.Command, args []string) error {
			who, err := a.person()
			if err != nil {
				return err
			}
			p, err := a.open(args[0])
			if err != nil {
				return err
			}
			if err := p.load(); err != nil {
				return err
			}
			p.warn()
			h, closeAll, err := a.house(cmd)
			if err != nil {
				return err
			}
			defer closeAll()
			got, err := a.plan(cmd.Context(), h, p, who)
			if err != nil {
				return err
			}
			if a.json {
				return a.print(p.described(got))
			}
			p.calendar(all)
			p.summary(got)
			switch {
			case got.again && got.approved:
				a.next("outreach start %s --confirm %s", p.name, p.name)
			default:
				a.next("another person types: outreach approve %s --as NAME", p.name)
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "list every donor, however many")
	return cmd
}

// planned is what planning came to.
type planned struct {
	edition  string
	number   int
	again    bool // this very edition was planned before
	approved bool
	laid     ledger.Laid
}

// plan freezes an edition, stores it, and writes the rows of a first one. It may be cut off and repeated.
func (a *app) plan(ctx context.Context, h *house, p *project, who string) (planned, error) {
	l := h.ledger
	names, err := l.Campaigns(ctx)
	if err != nil {
		return planned{}, err
	}
	if faults, err := barred(ctx, l, p.set); err != nil || len(faults) > 0 {
		return planned{}, cmp.Or[error](err, faults)
	}
	var cuts map[string]int
	var known ledger.Campaign
	if slices.Contains(names, p.name) {
		if known, err = l.Campaign(ctx, p.name); err != nil {
			return planned{}, err
		}
		before, err := l.Edition(ctx, known.Current())
		if err != nil {
			return planned{}, err
		}
		cuts = before.Cuts
	}
	bar := a.progress("rendering", len(p.donors))
	defer bar.end()
	batch, size := map[string][]byte{}, 0
	flush := func() error {
		err := l.StoreBlocks(ctx, p.name, batch)
		batch, size = map[string][]byte{}, 0
		return err
	}
	e, list, err := p.freeze(ctx, cuts, func(b campaign.Block) error {
		batch[b.Hash] = b.Data
		if size += len(b.Data); size < 256<<10 {
			return nil
		}
		return flush()
	}, bar.at)
	if err != nil {
		return planned{}, err
	}
	if err := flush(); err != nil {
		return planned{}, err
	}
	bar.end()
	out := planned{edition: e.Hash()}
	if err := l.StoreEdition(ctx, out.edition, e.Encode(), list); err != nil {
		return planned{}, err
	}
	out.number, out.again, err = l.Plan(ctx, who, ledger.Edition{
		Campaign: p.name, Hash: out.edition, Steps: e.Steps, Donors: e.Donors, Inputs: e.Inputs,
	})
	if err != nil {
		return planned{}, err
	}
	out.approved = known.Edition == out.edition
	if known.Edition == "" || out.approved {
		// The rows of a later edition are written once it is approved: the one before keeps running.
		out.laid, err = h.scheduler().Lay(ctx, who, p.name)
	}
	return out, err
}

// described is a plan as --json prints it.
func (p *project) described(got planned) any {
	type line struct {
		Donor    string    `json:"donor"`
		Name     string    `json:"name"`
		Language string    `json:"language"`
		To       string    `json:"to"`
		Due      time.Time `json:"due"`
		Ask      []string  `json:"ask"`
	}
	var lines []line
	due := p.campaign.Schedule.Opening(p.app.now())
	for _, d := range p.donors {
		lines = append(lines, line{d.ID, d.Name["en"], d.Language, d.Contacts[0].Email, due, p.campaign.Ask.Ask(d.Contribution).Lines})
	}
	type left struct {
		Donor  string `json:"donor"`
		Reason string `json:"reason"`
	}
	var out []left
	for _, l := range p.left {
		out = append(out, left{l.Donor, l.Reason})
	}
	return map[string]any{
		"campaign": p.name, "edition": got.edition, "number": got.number, "again": got.again, "donors": lines, "left_out": out,
		"steps": p.campaign.Calendar(due),
	}
}

// few is how many donors are listed without being asked for.
const few = 300

// calendar lists who gets the first letter when, in which language, and which ask.
func (p *project) calendar(all bool) {
	if len(p.donors) > few && !all {
		fmt.Fprintf(p.app.out, "%d donors; --all lists them\n\n", len(p.donors))
		return
	}
	due := p.campaign.Schedule.Opening(p.app.now())
	w := tabwriter.NewWriter(p.app.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "DONOR\tNAME\tLANGUAGE\tTO\tDUE\tASK")
	for _, d := range p.donors {
		ask := p.campaign.Ask.Ask(d.Contribution)
		figure := "without a figure"
		if ask.Figure {
			figure = fmt.Sprintf("%s to %s", ask.Low, ask.High)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", d.ID, d.Name["en"], d.Language, d.Contacts[0].Email, p.local(due), figure)
	}
	_ = w.Flush()
	fmt.Fprintln(p.app.out)
}

// local is a moment where the campaign's clock is.
func (p *project) local(t time.Time) string {
	if z := p.campaign.Schedule.Zone; z != nil {
		t = t.In(z)
	}
	return t.Format("Mon 2 Jan 2006 15:04 MST")
}

func (p *project) summary(got planned) {
	out := p.app.out
	word := "planned"
	if got.again {
		word = "planned before, nothing changed"
	}
	fmt.Fprintf(out, "%s: edition %d (%.12s) %s\n", p.name, got.number, got.edition, word)
	fmt.Fprintf(out, "letters: %d (%s)\n", len(p.donors), inWords(p.languages()))
	low, high := donor.Money{Currency: p.campaign.Ask.Floor.Currency}, donor.Money{Currency: p.campaign.Ask.Floor.Currency}
	figures := 0
	for _, d := range p.donors {
		if ask := p.campaign.Ask.Ask(d.Contribution); ask.Figure {
			low.Minor, high.Minor, figures = low.Minor+ask.Low.Minor, high.Minor+ask.High.Minor, figures+1
		}
	}
	fmt.Fprintf(out, "asks: %d with a figure, together %s to %s, of a goal of %s; %d without\n", figures, low, high, p.campaign.Goal,
		len(p.donors)-figures)
	for _, s := range p.campaign.Calendar(p.campaign.Schedule.Opening(p.app.now())) {
		how := ""
		switch {
		case s.Each:
			how = ", a person releases each"
		case s.Standing != donor.Date{}:
			how = ", standing approval until " + s.Standing.String()
		}
		fmt.Fprintf(out, "step %s: from %s%s\n", s.Step, p.local(s.Earliest), how)
	}
	for _, l := range p.left {
		fmt.Fprintf(out, "left out: %s: %s\n", l.Donor, l.Reason)
	}
}

func (a *app) previewCommand() *cobra.Command {
	var in, step, form string
	cmd := &cobra.Command{
		Use: "preview DONOR", Short: "Show one letter as it would leave: text, HTML or source",
		Example: "  outreach preview KEN\n  outreach preview FRA --step reminder-1\n  outreach preview PER --as-html > per.html",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usagef("which donor? for example: outreach preview KEN")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.preview(in, step, form, strings.ToUpper(args[0]), args[0])
		},
	}
	f := cmd.Flags()
	f.StringVar(&in, "campaign", "", "which campaign, where there are several")
	f.StringVar(&step, "step", "", "which step; the first unless set")
	f.StringVar(&form, "form", "text", "text, html or source")
	cmd.Example = "  outreach preview KEN\n  outreach preview FRA --step reminder-1\n  outreach preview PER --form html > per.html"
	return cmd
}

func (a *app) preview(in, step, form, upper, id string) error {
	if form != "text" && form != "html" && form != "source" {
		return usagef("--form %q is not known (there are: text, html, source)", form)
	}
	if in == "" {
		found, _ := filepath.Glob(filepath.Join(a.dir, "campaigns", "*", "campaign.yaml"))
		if len(found) != 1 {
			var names []string
			for _, f := range found {
				names = append(names, filepath.Base(filepath.Dir(f)))
			}
			return usagef("which campaign? add --campaign NAME (there are: %s)", strings.Join(names, ", "))
		}
		in = filepath.Base(filepath.Dir(found[0]))
	}
	p, err := a.open(in)
	if err != nil {
		return err
	}
	if err := p.load(); err != nil {
		return err
	}
	if step == "" {
		step = p.campaign.Steps[0].Name
	}
	var steps []string
	for _, s := range p.campaign.Steps {
		steps = append(steps, s.Name)
	}
	if !slices.Contains(steps, step) {
		return usagef("campaign %s has no step %q (there are: %s)", in, step, strings.Join(steps, ", "))
	}
	for _, d := range p.donors {
		if d.ID != upper && d.ID != id {
			continue
		}
		r := campaign.Record{Donor: d, Ask: p.campaign.Ask.Ask(d.Contribution)}
		c, err := p.set.Compose(&r, step)
		if err != nil {
			return p.fault(r, err)
		}
		return a.show(p, c, form)
	}
	for _, l := range p.left {
		if l.Donor == upper {
			return ledger.Refusal(fmt.Sprintf("%s is left out: %s", upper, l.Reason))
		}
	}
	hint := ""
	if s := donor.Registry().Suggest(id); s != "" {
		hint = "; " + s
	}
	return usagef("campaign %s does not write to %q%s", in, id, hint)
}

func (a *app) show(p *project, c letter.Content, form string) error {
	now := a.now()
	printed := p.set.PrintDate(c.Language, now)
	switch form {
	case "source":
		sealed, err := letter.Seal(&c, now, printed)
		if err != nil {
			return err
		}
		_, err = a.out.Write(sealed.Bytes)
		return err
	case "html":
		_, err := fmt.Fprintln(a.out, strings.ReplaceAll(c.HTML, letter.DateMark, printed))
		return err
	}
	fmt.Fprintf(a.out, "From: %s\nTo: %s\n", mailbox(c.From), mailbox(c.To))
	for _, cc := range c.Cc {
		fmt.Fprintf(a.out, "Cc: %s\n", mailbox(cc))
	}
	fmt.Fprintf(a.out, "Subject: %s\n\n%s\n", strings.ReplaceAll(c.Subject, letter.DateMark, printed),
		strings.ReplaceAll(c.Text, letter.DateMark, printed))
	return nil
}

func mailbox(m donor.Mailbox) string { return strings.TrimSpace(m.Name + " <" + m.Address + ">") }
