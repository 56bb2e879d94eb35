// Package report computes what management reads of a campaign: where its letters are, who answered, what is pledged and
// what was received, by regional group and region. It reads the ledger, decides nothing and prints to nobody.
//
// Letters are counted in the state they are in. A donor counts once, however many letters it got. A donor has one pledge:
// the last that was recorded stands, in its own currency. Receipts add up. A pledge and the receipt that fulfils it are the
// same money seen twice, so no figure of a report adds one to the other.
package report

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"outreach.example/campaign"
	"outreach.example/donor"
	"outreach.example/ledger"
	"outreach.example/letter"
)

// A Report is a campaign at one moment, with what happened in one week of it.
type Report struct {
	Campaign string      `json:"campaign"`
	Title    string      `json:"title"`
	Goal     donor.Money `json:"goal"`
	AsOf     time.Time   `json:"as_of"` // when the ledger was read
	Week     Week        `json:"week"`
	Total    Line        `json:"total"`
	Groups   []Line      `json:"groups"` // United Nations regional groups; donors of none stand last
	Regions  []Line      `json:"regions"`
	Donors   []Donor     `json:"donors"` // by name
	Overdue  []Overdue   `json:"overdue"`
}

// A Line is one row of a report: all donors, or those of a group or region.
type Line struct {
	Name     string        `json:"name"`
	Donors   int           `json:"donors"`
	Letters  ledger.Counts `json:"letters"`  // of every step, by state
	Answered int           `json:"answered"` // donors; one that pledged or declined has answered, too
	Pledged  int           `json:"pledged"`
	Declined int           `json:"declined"`
	Pledges  []donor.Money `json:"pledges"`  // one a currency, the goal's first
	Receipts []donor.Money `json:"receipts"` // likewise
	Days     Days          `json:"days_to_answer"`
	ThisWeek Weekly        `json:"this_week"`
}

// Weekly is what happened in the week of the report.
type Weekly struct {
	Sent     int           `json:"sent"`
	Bounced  int           `json:"bounced"`
	Answered int           `json:"answered"`
	Pledged  int           `json:"pledged"`
	Pledges  []donor.Money `json:"pledges"`
	Receipts []donor.Money `json:"receipts"`
}

// Days are the days from the first letter to the first answer, of those donors that answered one.
type Days struct {
	Answers int `json:"answers"`
	Least   int `json:"least"`
	Median  int `json:"median"`
	Most    int `json:"most"`
}

// A Donor is one donor's row.
type Donor struct {
	ID        string        `json:"id"`
	Name      string        `json:"name"`
	Group     string        `json:"group,omitempty"`
	Region    string        `json:"region,omitempty"`
	Case      string        `json:"case"` // in the words of ledger.Case
	Asked     donor.Ask     `json:"asked"`
	Sent      *time.Time    `json:"sent,omitempty"`      // its first letter
	Last      string        `json:"last_step,omitempty"` // the last step that left
	Answered  donor.Date    `json:"answered,omitzero"`
	Pledge    donor.Money   `json:"pledge,omitzero"`
	PledgedOn donor.Date    `json:"pledged_on,omitzero"`
	Received  []donor.Money `json:"received"` // one a currency

	received, weekReceived map[string]int64 // by currency
}

// Overdue is a letter whose time has passed by more than a day and that has not left.
type Overdue struct {
	Letter string    `json:"letter"`
	Name   string    `json:"name"`
	Due    time.Time `json:"due"`
}

// lateBy is how long after its time a letter is called overdue: less is the time that a letter takes on its way.
const lateBy = 24 * time.Hour

// others names the row of donors that belong to no group or region.
const others = "No group"

// Read reads a campaign's ledger. The week is the one that holds the day, in the time zone of the campaign; the zero day is
// today.
func Read(ctx context.Context, l *ledger.Ledger, c ledger.Campaign, day donor.Date) (Report, error) {
	e, err := l.Edition(ctx, c.Current())
	if err != nil {
		return Report{}, err
	}
	written, err := e.LoadCampaign()
	if err != nil {
		return Report{}, err
	}
	now, err := l.Now(ctx)
	if err != nil {
		return Report{}, err
	}
	zone := written.Zone()
	if day == (donor.Date{}) {
		day = donor.DateOf(now.In(zone))
	}
	b := builder{
		out:  Report{Campaign: c.Name, Title: written.Title["en"], Goal: written.Goal, AsOf: now.In(zone), Week: weekOf(day, zone)},
		zone: zone, first: c.Steps[0], quiet: c.Status == "cancelled",
	}
	if b.cases, err = l.AllCases(ctx, c.Name); err != nil {
		return Report{}, err
	}
	if err := b.read(ctx, l, c); err != nil {
		return Report{}, fmt.Errorf("report of %s: %w", c.Name, err)
	}
	return b.finish(), nil
}

// A Week is seven days from a Monday (ISO 8601).
type Week struct {
	Year   int       `json:"year"`
	Number int       `json:"number"`
	From   time.Time `json:"from"`
	To     time.Time `json:"to"` // the next Monday
}

func weekOf(day donor.Date, zone *time.Location) Week {
	t := day.In(zone)
	monday := day.AddDays(-(int(t.Weekday()) + 6) % 7)
	w := Week{From: monday.In(zone), To: monday.AddDays(7).In(zone)}
	w.Year, w.Number = w.From.ISOWeek()
	return w
}

func (w Week) String() string { return fmt.Sprintf("%d-W%02d", w.Year, w.Number) }

// Has says whether a moment lies in the week.
func (w Week) Has(t time.Time) bool { return !t.Before(w.From) && t.Before(w.To) }

// Day is whether a day lies in the week.
func (w Week) Day(d donor.Date) bool { return d != (donor.Date{}) && w.Has(d.In(w.From.Location())) }

// read goes through all blocks of a campaign, those of donors that an edition dropped among them.
func (b *builder) read(ctx context.Context, l *ledger.Ledger, c ledger.Campaign) error {
	names, err := l.AllBlocks(ctx, c.Name)
	if err != nil {
		return err
	}
	editions := slices.Compact(append([]string{c.Current()}, c.Editions...))
	var lists []*ledger.Blocks
	for _, hash := range editions {
		list, err := l.Blocks(ctx, hash)
		if err != nil {
			return err
		}
		lists = append(lists, list)
	}
	for _, name := range names {
		records := map[string]campaign.Record{}
		for _, list := range lists { // the newest first: its record of a donor stands
			if !list.Has(name) {
				continue
			}
			got, err := l.Records(ctx, list, name)
			if err != nil {
				return err
			}
			for _, r := range got {
				if _, known := records[r.Donor.ID]; !known {
					records[r.Donor.ID] = r
				}
			}
		}
		letters := map[string][]ledger.Letter{}
		for _, step := range c.Steps {
			rows, err := l.Letters(ctx, letter.Block{Campaign: c.Name, Step: step, Name: name})
			if err != nil {
				return err
			}
			for id, row := range rows {
				letters[id] = append(letters[id], row)
			}
		}
		for id, r := range records {
			if len(letters[id]) > 0 || len(b.cases[id].Entries) > 0 {
				b.add(r, letters[id])
			}
		}
	}
	return nil
}

// finish sorts and closes the sums.
func (b *builder) finish() Report {
	r := b.out
	r.Total = b.total.close("All donors", r.Goal.Currency)
	r.Groups = closed(b.groups, r.Goal.Currency)
	r.Regions = closed(b.regions, r.Goal.Currency)
	slices.SortFunc(r.Donors, func(x, y Donor) int { return cmp.Or(cmp.Compare(x.Name, y.Name), cmp.Compare(x.ID, y.ID)) })
	slices.SortFunc(r.Overdue, func(x, y Overdue) int {
		return cmp.Or(x.Due.Compare(y.Due), cmp.Compare(x.Letter, y.Letter))
	})
	return r
}
