package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"outreach.example/campaign"
	"outreach.example/console/calendar"
	"outreach.example/donor"
	"outreach.example/ledger"
	"outreach.example/letter"
)

// calendarFlags are what outreach calendar is asked for.
type calendarFlags struct {
	files, simulate, places bool
	day, donor, svg, csv    string
}

func (a *app) calendarCommand() *cobra.Command {
	var f calendarFlags
	cmd := &cobra.Command{
		Use: "calendar [CAMPAIGN]", Short: "Show when every letter leaves, in words, drawn or as a table, and why then",
		Example: "  outreach calendar resilience\n  outreach calendar resilience --donor KEN\n  outreach calendar resilience --day 2026-12-07\n" +
			"  outreach calendar resilience --svg calendar.svg --csv calendar.csv\n  outreach calendar resilience --from-files --simulate",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usagef("calendar takes one campaign, got %d", len(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			name := ""
			if len(args) == 1 {
				name = args[0]
			}
			return a.calendar(cmd, name, f)
		},
	}
	fl := cmd.Flags()
	fl.BoolVar(&f.files, "from-files", false, "from the project folder as it is now, not from what was planned")
	fl.BoolVar(&f.simulate, "simulate", false, "with the project folder: run the campaign to its end on a moved clock, and compare")
	fl.BoolVar(&f.places, "places", false, "list the places where letters can be read")
	fl.StringVar(&f.day, "day", "", "the letters of this `day`, YYYY-MM-DD")
	fl.StringVar(&f.donor, "donor", "", "the letters to this `donor`")
	fl.StringVar(&f.svg, "svg", "", "draw it into this `file`")
	fl.StringVar(&f.csv, "csv", "", "write every letter into this `file` for a spreadsheet")
	return cmd
}

func (a *app) calendar(cmd *cobra.Command, name string, f calendarFlags) error {
	var day donor.Date
	if f.day != "" {
		var err error
		if day, err = donor.ParseDate(f.day); err != nil {
			return usagef("--day: %s", err)
		}
	}
	if f.places {
		return a.placesList(name)
	}
	if f.simulate || f.files {
		p, err := a.named(name)
		if err != nil {
			return err
		}
		p.warn()
		now := a.now().Truncate(time.Millisecond) // as the ledger keeps times
		letters := p.campaign.Leavings(p.donors, now, nil)
		if f.simulate {
			if err := a.simulate(cmd.Context(), p, now, letters); err != nil {
				return err
			}
		}
		return a.showCalendar(calendar.Make(p.campaign, letters, now), f, day)
	}
	return a.withLedger(cmd, func(ctx context.Context, l *ledger.Ledger) error {
		c, err := which(ctx, l, name)
		if err != nil {
			return err
		}
		cal, err := laidOut(ctx, l, c)
		if err != nil {
			return err
		}
		return a.showCalendar(cal, f, day)
	})
}

// named opens and checks the project of a campaign, the only one where none is named.
func (a *app) named(name string) (*project, error) {
	if name == "" {
		names := a.written()
		if len(names) != 1 {
			return nil, usagef("which campaign? there are: %s", strings.Join(names, ", "))
		}
		name = names[0]
	}
	p, err := a.open(name)
	if err != nil {
		return nil, err
	}
	return p, p.load()
}

// Calendar is that of outreach calendar.
func (d *consoleDesk) Calendar(ctx context.Context, c ledger.Campaign) (calendar.Calendar, error) {
	return laidOut(ctx, d.house.ledger, c)
}

// laidOut is the calendar of a campaign as the ledger has it: what left, what has a due time, and what follows from it.
func laidOut(ctx context.Context, l *ledger.Ledger, c ledger.Campaign) (calendar.Calendar, error) {
	e, err := l.Edition(ctx, c.Current())
	if err != nil {
		return calendar.Calendar{}, err
	}
	written, err := e.LoadCampaign()
	if err != nil {
		return calendar.Calendar{}, err
	}
	now, err := l.Now(ctx)
	if err != nil {
		return calendar.Calendar{}, err
	}
	cases, err := l.AllCases(ctx, c.Name)
	if err != nil {
		return calendar.Calendar{}, err
	}
	blocks, err := l.AllBlocks(ctx, c.Name)
	if err != nil {
		return calendar.Calendar{}, err
	}
	been := campaign.Been{}
	if err := l.AllLetters(ctx, c.Name, c.Steps, blocks, func(row ledger.Letter) {
		known := been[row.ID.Donor]
		if known == nil {
			known = map[string]campaign.Leaving{}
			been[row.ID.Donor] = known
		}
		switch row.State {
		case letter.Sent, letter.Bounced, letter.InDoubt, letter.Sending:
			known[row.ID.Step] = campaign.Leaving{At: row.Since, Left: true, Why: word(row.State)}
		case letter.Planned, letter.Claimed:
			at := row.Since
			if at.Before(now) {
				at = now
			}
			known[row.ID.Step] = campaign.Leaving{At: at, Why: row.Words}
		default:
			known[row.ID.Step] = campaign.Leaving{} // it leaves no more, and nothing follows it
		}
	}); err != nil {
		return calendar.Calendar{}, err
	}
	var donors []donor.Donor
	if err := l.AllRecords(ctx, c.Current(), func(_ string, r campaign.Record) {
		if cs := cases[r.Donor.ID]; cs.Stopped {
			// What left stays in the calendar, and nothing follows.
			for _, step := range c.Steps {
				if l, ok := been[r.Donor.ID][step]; !ok || !l.Left {
					if been[r.Donor.ID] == nil {
						been[r.Donor.ID] = map[string]campaign.Leaving{}
					}
					been[r.Donor.ID][step] = campaign.Leaving{}
				}
			}
		}
		donors = append(donors, r.Donor)
	}); err != nil {
		return calendar.Calendar{}, err
	}
	return calendar.Make(written, written.Leavings(donors, now, been), now), nil
}

func (a *app) showCalendar(c calendar.Calendar, f calendarFlags, day donor.Date) error {
	if f.svg != "" {
		if err := write(f.svg, func(w io.Writer) error { _, err := io.WriteString(w, c.SVG()); return err }); err != nil {
			return err
		}
	}
	if f.csv != "" {
		if err := write(f.csv, c.CSV); err != nil {
			return err
		}
	}
	letters := c.Letters
	switch {
	case f.donor != "":
		letters = c.Of(strings.ToUpper(f.donor))
		if len(letters) == 0 {
			letters = c.Of(f.donor)
		}
		if len(letters) == 0 {
			return ledger.Refusal(fmt.Sprintf("no letter to %q is in the calendar; type: outreach case %s", f.donor, f.donor))
		}
	case f.day != "":
		letters = c.On(day)
	}
	switch {
	case a.json:
		return a.print(shownLetters(c, letters))
	case f.donor != "" || f.day != "":
		return a.tellLetters(c, letters)
	case f.svg != "" || f.csv != "":
		for _, file := range []string{f.svg, f.csv} {
			if file != "" {
				fmt.Fprintf(a.out, "written: %s\n", file)
			}
		}
		return nil
	case len(letters) == 0:
		fmt.Fprintln(a.out, "no letter is planned")
		return nil
	}
	if err := c.Text(a.out); err != nil {
		return err
	}
	a.next("outreach calendar --donor KEN says when each letter to one State leaves and why; --svg FILE draws it")
	return nil
}

// shownLetter is a letter of the calendar as --json prints it.
type shownLetter struct {
	Donor string    `json:"donor"`
	Name  string    `json:"name"`
	Step  string    `json:"step"`
	At    time.Time `json:"at"`
	Place string    `json:"place,omitempty"`
	Left  bool      `json:"left"`
	Why   string    `json:"why"`
}

func shownLetters(_ calendar.Calendar, letters []campaign.Leaving) []shownLetter {
	out := []shownLetter{}
	for _, l := range letters {
		out = append(out, shownLetter(l))
	}
	return out
}

func (a *app) tellLetters(c calendar.Calendar, letters []campaign.Leaving) error {
	if len(letters) == 0 {
		fmt.Fprintln(a.out, "no letter leaves on that day")
		return nil
	}
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, strings.ToUpper(strings.Join(calendar.Head, "\t")))
	for _, l := range letters {
		fmt.Fprintln(w, strings.Join(c.Row(l), "\t"))
	}
	return w.Flush()
}

// placesList lists the places of the project, or the built-in ones.
func (a *app) placesList(name string) error {
	p, err := a.named(name)
	var faults donor.Faults
	if err != nil && !errors.As(err, &faults) {
		return err
	}
	if err != nil || !p.campaign.ByPlace() {
		return ledger.Refusal("the letters of this campaign all leave by one clock; schedule.place in campaign.yaml lets each leave by the place where it is read")
	}
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "PLACE\tNAME\tZONE\tWEEKEND\tHOLIDAYS KNOWN\tLETTERS")
	for _, u := range p.campaign.PlacesOf(p.donors) {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%d\n", u.ID, u.Name, u.Zone, u.Weekend, u.Years, u.Letters)
	}
	return w.Flush()
}
