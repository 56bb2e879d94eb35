package report

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"outreach.example/campaign"
	"outreach.example/donor"
	"outreach.example/ledger"
	"outreach.example/letter"
)

// builder collects a report donor by donor.
type builder struct {
	out             Report
	zone            *time.Location
	first           string // step
	quiet           bool   // the campaign is over, so nothing is overdue
	cases           map[string]ledger.Case
	total           tally
	groups, regions map[string]*tally
}

// tally is a Line that is still open.
type tally struct {
	line                                         Line
	days                                         []int
	pledges, receipts, weekPledges, weekReceipts map[string]int64
}

// add counts one donor in every line it belongs to.
func (b *builder) add(r campaign.Record, letters []ledger.Letter) {
	d := b.donor(r, letters)
	b.out.Donors = append(b.out.Donors, d)
	if b.groups == nil {
		b.groups, b.regions = map[string]*tally{}, map[string]*tally{}
	}
	for _, t := range []*tally{&b.total, under(b.groups, d.Group), under(b.regions, d.Region)} {
		b.count(t, d, letters)
	}
	for _, l := range letters {
		if l.State == letter.Planned && !b.quiet && !b.cases[d.ID].Stopped && l.Since.Add(lateBy).Before(b.out.AsOf) {
			b.out.Overdue = append(b.out.Overdue, Overdue{Letter: l.ID.String(), Name: d.Name, Due: l.Since.In(b.zone)})
		}
	}
}

func under(m map[string]*tally, name string) *tally {
	name = cmp.Or(name, others)
	if m[name] == nil {
		m[name] = &tally{}
	}
	return m[name]
}

// donor is one donor's row: its letters and what its case holds.
func (b *builder) donor(r campaign.Record, letters []ledger.Letter) Donor {
	c := b.cases[r.Donor.ID]
	d := Donor{
		ID: r.Donor.ID, Name: cmp.Or(r.Donor.Name["en"], r.Donor.ID), Group: r.Donor.Group, Region: r.Donor.Region,
		Case: c.Word(), Asked: r.Ask,
	}
	for _, l := range letters {
		if l.State != letter.Sent && l.State != letter.Bounced {
			continue
		}
		d.Last = l.ID.Step
		if l.ID.Step == b.first && !l.Date.IsZero() {
			sent := l.Date.In(b.zone)
			d.Sent = &sent
		}
	}
	d.received, d.weekReceived = map[string]int64{}, map[string]int64{}
	for _, e := range c.Entries {
		if on, err := donor.ParseDate(e.Date); err == nil && e.Answers() && (d.Answered == (donor.Date{}) || on.Before(d.Answered)) {
			d.Answered = on
		}
	}
	if e, m, ok := c.Pledge(); ok {
		d.Pledge = m
		d.PledgedOn, _ = donor.ParseDate(e.Date) // an entry has the day it came
	}
	for _, e := range c.Received() {
		m, _ := e.Money()
		d.received[m.Currency] += m.Minor
		if on, err := donor.ParseDate(e.Date); err == nil && b.out.Week.Day(on) {
			d.weekReceived[m.Currency] += m.Minor
		}
	}
	d.Received = Monies(d.received, b.out.Goal.Currency)
	return d
}

// count adds one donor to a line.
func (b *builder) count(t *tally, d Donor, letters []ledger.Letter) {
	line, week := &t.line, &t.line.ThisWeek
	line.Donors++
	if line.Letters == nil {
		line.Letters = ledger.Counts{}
		t.pledges, t.receipts, t.weekPledges, t.weekReceipts = map[string]int64{}, map[string]int64{}, map[string]int64{}, map[string]int64{}
	}
	for _, l := range letters {
		line.Letters[l.State]++
		switch {
		case l.State == letter.Sent && b.out.Week.Has(l.Since):
			week.Sent++
		case l.State == letter.Bounced && b.out.Week.Has(l.Since):
			week.Bounced++
		}
	}
	if d.Answered != (donor.Date{}) {
		line.Answered++
		if b.out.Week.Day(d.Answered) {
			week.Answered++
		}
		if d.Sent != nil {
			t.days = append(t.days, max(0, days(donor.DateOf(*d.Sent), d.Answered)))
		}
	}
	switch d.Case {
	case "pledged":
		line.Pledged++
	case "declined":
		line.Declined++
	}
	if d.Pledge.Currency != "" {
		t.pledges[d.Pledge.Currency] += d.Pledge.Minor
		if b.out.Week.Day(d.PledgedOn) {
			week.Pledged++
			t.weekPledges[d.Pledge.Currency] += d.Pledge.Minor
		}
	}
	for currency, minor := range d.received {
		t.receipts[currency] += minor
	}
	for currency, minor := range d.weekReceived {
		t.weekReceipts[currency] += minor
	}
}

// close ends a line's sums.
func (t *tally) close(name, first string) Line {
	line := t.line
	line.Name = name
	line.Pledges, line.Receipts = Monies(t.pledges, first), Monies(t.receipts, first)
	line.ThisWeek.Pledges, line.ThisWeek.Receipts = Monies(t.weekPledges, first), Monies(t.weekReceipts, first)
	if n := len(t.days); n > 0 {
		slices.Sort(t.days)
		line.Days = Days{Answers: n, Least: t.days[0], Median: t.days[(n-1)/2], Most: t.days[n-1]}
	}
	return line
}

// days is how many days lie between two, counted by the calendar.
func days(from, to donor.Date) int {
	return int(to.In(time.UTC).Sub(from.In(time.UTC)) / (24 * time.Hour))
}

// closed are the lines of a table by name; donors of none stand last.
func closed(m map[string]*tally, first string) []Line {
	lines := make([]Line, 0, len(m))
	for _, name := range slices.Sorted(maps.Keys(m)) {
		if name != others {
			lines = append(lines, m[name].close(name, first))
		}
	}
	if rest := m[others]; rest != nil {
		lines = append(lines, rest.close(others, first))
	}
	return lines
}

// Monies are sums by currency: the goal's first, the others by code.
func Monies(sums map[string]int64, first string) []donor.Money {
	out := make([]donor.Money, 0, len(sums))
	for _, currency := range slices.Sorted(maps.Keys(sums)) {
		out = append(out, donor.Money{Minor: sums[currency], Currency: currency})
	}
	if i := slices.IndexFunc(out, func(m donor.Money) bool { return m.Currency == first }); i > 0 {
		goal := out[i]
		out = slices.Insert(slices.Delete(out, i, i+1), 0, goal)
	}
	return out
}
