package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"outreach.example/campaign"
	"outreach.example/console/intake"
	"outreach.example/donor"
	"outreach.example/ledger"
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
	for _, f := range p.attached.Files {
		content, err := p.attachment(f)
		if err == nil {
			err = l.StoreFile(ctx, p.name, f.Hash, content)
		}
		if err != nil {
			return planned{}, fmt.Errorf("attachment %s: %w", f.Name, err)
		}
	}
	bar.end()
	out := planned{edition: e.Hash()}
	if err := l.StoreEdition(ctx, out.edition, e.Encode(), list); err != nil {
		return planned{}, err
	}
	importers, err := a.importers(ctx, l, p, known)
	if err != nil {
		return planned{}, err
	}
	out.number, out.again, err = l.Plan(ctx, who, ledger.Edition{
		Campaign: p.name, Hash: out.edition, Steps: e.Steps, Donors: e.Donors, Inputs: e.Inputs, Import: p.imported, Canary: p.canary(e), Importers: importers,
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

// importers are those who imported since the edition that is approved, or, for a campaign without one, since the last import
// that any campaign's approved edition has. Whoever imports or takes back while the files are read counts: the files may have
// either.
func (a *app) importers(ctx context.Context, l *ledger.Ledger, p *project, known ledger.Campaign) ([]string, error) {
	now, _, err := a.intake().Settled()
	if err != nil {
		return nil, err
	}
	since := known.Import
	if known.Edition == "" {
		if since, err = lastApproved(ctx, l, now); err != nil {
			return nil, err
		}
	}
	who := intake.Since(p.imports, since)
	for _, name := range intake.Since(now, since) {
		if !slices.Contains(who, name) {
			who = append(who, name)
		}
	}
	return who, nil
}

// lastApproved is the newest import that an approved edition of any campaign has.
func lastApproved(ctx context.Context, l *ledger.Ledger, all []intake.Import) (string, error) {
	names, err := l.Campaigns(ctx)
	if err != nil {
		return "", err
	}
	approved := map[string]bool{}
	for _, name := range names {
		c, err := l.Campaign(ctx, name)
		if err != nil {
			return "", err
		}
		approved[c.Import] = true
	}
	if at := slices.IndexFunc(all, func(i intake.Import) bool { return approved[i.ID] }); at >= 0 {
		return all[at].ID, nil
	}
	return "", nil
}

// canary is where the letters lie that leave before all others.
func (p *project) canary(e campaign.Edition) (out []ledger.Canary) {
	for _, d := range p.campaign.Canaries(p.donors, p.app.now()) {
		out = append(out, ledger.Canary{Donor: d.ID, Block: e.Block(d.State, d.ID)})
	}
	return out
}

// described is a plan as --json prints it.
func (p *project) described(got planned) any {
	type line struct {
		Donor    string    `json:"donor"`
		Name     string    `json:"name"`
		Language string    `json:"language"`
		To       string    `json:"to"`
		Due      time.Time `json:"due"`
		Variant  string    `json:"variant,omitempty"`
		Ask      []string  `json:"ask"`
	}
	var lines []line
	for _, d := range p.donors {
		r := p.campaign.Record(d)
		lines = append(lines, line{d.ID, d.Name["en"], d.Language, d.Contacts[0].Email, p.campaign.ScheduleOf(&d).Opening(p.app.now()), r.Variant, r.Ask.Lines})
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
		"steps": p.campaign.Calendar(p.campaign.Usual().Opening(p.app.now())),
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
	w := tabwriter.NewWriter(p.app.out, 0, 0, 2, ' ', 0)
	various := len(p.campaign.Variants) > 0
	fmt.Fprint(w, "DONOR\tNAME\tLANGUAGE\tTO\tDUE\tASK")
	if various {
		fmt.Fprint(w, "\tVARIANT")
	}
	fmt.Fprintln(w)
	for _, d := range p.donors {
		r := p.campaign.Record(d)
		figure := "without a figure"
		switch {
		case r.Ask.Figure:
			figure = fmt.Sprintf("%s to %s", r.Ask.Low, r.Ask.High)
		case p.campaign.Quiet(r.Variant):
			figure = "nothing"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s", d.ID, d.Name["en"], d.Language, d.Contacts[0].Email, p.due(&d), figure)
		if various {
			_, why, _ := strings.Cut(r.Ask.Lines[0], ": ")
			fmt.Fprintf(w, "\t%s: %s", r.Variant, why)
		}
		fmt.Fprintln(w)
	}
	_ = w.Flush()
	fmt.Fprintln(p.app.out)
}

// due is when a donor's first letter leaves, by the clocks of the place where it is read.
func (p *project) due(d *donor.Donor) string {
	s := p.campaign.ScheduleOf(d)
	at := s.Opening(p.app.now()).In(s.Place()).Format("Mon 2 Jan 2006 15:04 MST")
	if place, ok := p.campaign.PlaceOf(d); ok {
		return at + " (" + place.Name + ")"
	}
	return at
}

// local is a moment where the campaign's clock is.
func (p *project) local(t time.Time) string {
	return t.In(p.campaign.Zone()).Format("Mon 2 Jan 2006 15:04 MST")
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
	figures, quiet, variants := 0, 0, map[string]int{}
	for _, d := range p.donors {
		r := p.campaign.Record(d)
		variants[r.Variant]++
		switch {
		case r.Ask.Figure:
			low.Minor, high.Minor, figures = low.Minor+r.Ask.Low.Minor, high.Minor+r.Ask.High.Minor, figures+1
		case p.campaign.Quiet(r.Variant):
			quiet++
		}
	}
	fmt.Fprintf(out, "asks: %d with a figure, together %s to %s, of a goal of %s; %d without", figures, low, high, p.campaign.Goal,
		len(p.donors)-figures-quiet)
	if quiet > 0 {
		fmt.Fprintf(out, "; %d are asked for nothing and not reminded", quiet)
	}
	fmt.Fprintln(out)
	if len(p.campaign.Variants) > 0 {
		fmt.Fprintf(out, "variants: %s\n", inWords(variants))
	}
	for _, s := range p.campaign.Calendar(p.campaign.Usual().Opening(p.app.now())) {
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
