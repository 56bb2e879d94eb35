// Package calendar shows when the letters of a campaign leave: as days with their letters, drawn, in words and as a table. When
// that is is the campaign's to say; this package only shows it.
package calendar

import (
	"cmp"
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"outreach.example/campaign"
	"outreach.example/donor"
)

// A Calendar is the days from the Monday before the first letter to the Sunday after the last.
type Calendar struct {
	Title   string
	Steps   []string
	Days    []Day
	Letters []campaign.Leaving // in the order in which they leave
	Zone    *time.Location     // of the organisation, for the table
	Today   donor.Date         // by its clock
}

// A Day is one day, by the clocks of the places where its letters are read.
type Day struct {
	Date   donor.Date
	Counts map[string]int // letters by step
	Left   int            // how many of them have left
	Off    string         // why nobody reads at the campaign's own place; "" for a working day
}

// Total is how many letters leave on the day.
func (d Day) Total() (n int) {
	for _, c := range d.Counts {
		n += c
	}
	return n
}

// Named says whether the day is one of rest that has a name: a holiday, no mere weekend.
func (d Day) Named() bool {
	return d.Off != "" && d.Off != campaign.Weekend && d.Off != campaign.NotBegun
}

// Make makes the calendar of a campaign's letters as of a moment.
func Make(c *campaign.Campaign, letters []campaign.Leaving, now time.Time) Calendar {
	out := Calendar{Title: cmp.Or(c.Title["en"], c.Name), Letters: letters, Zone: c.Zone(), Today: donor.DateOf(now.In(c.Zone()))}
	for _, s := range c.Steps {
		out.Steps = append(out.Steps, s.Name)
	}
	counts, left := map[donor.Date]map[string]int{}, map[donor.Date]int{}
	var first, last donor.Date
	for _, l := range letters {
		d := donor.DateOf(l.At)
		if counts[d] == nil {
			counts[d] = map[string]int{}
		}
		counts[d][l.Step]++
		if l.Left {
			left[d]++
		}
		if first == (donor.Date{}) || d.Before(first) {
			first = d
		}
		if last.Before(d) {
			last = d
		}
	}
	if first == (donor.Date{}) {
		return out
	}
	first = first.AddDays(-(int(first.Weekday()) + 6) % 7)
	last = last.AddDays((7 - int(last.Weekday())) % 7)
	usual := c.Usual()
	for d := first; !last.Before(d); d = d.AddDays(1) {
		out.Days = append(out.Days, Day{Date: d, Counts: counts[d], Left: left[d], Off: usual.Off(d)})
	}
	return out
}

// Weeks are the days by weeks.
func (c Calendar) Weeks() [][]Day { return slices.Collect(slices.Chunk(c.Days, 7)) }

// Part is the calendar of so many of its weeks: the nth part, from 1, or with 0 the one that today is in, else the first. Parts
// says how many there are.
func (c Calendar) Part(n, weeks int) (part Calendar, at, parts int) {
	days := 7 * weeks
	parts = max(1, (len(c.Days)+days-1)/days)
	if n == 0 {
		today := slices.IndexFunc(c.Days, func(d Day) bool { return d.Date == c.Today })
		n = max(0, today)/days + 1
	}
	at = max(1, min(n, parts))
	c.Days = c.Days[(at-1)*days : min(len(c.Days), at*days)]
	return c, at, parts
}

// Telling are the days that say something: those with letters, and those of rest that have a name.
func (c Calendar) Telling() []Day {
	return slices.DeleteFunc(slices.Clone(c.Days), func(d Day) bool { return d.Total() == 0 && !d.Named() })
}

// On are the letters of a day.
func (c Calendar) On(d donor.Date) (out []campaign.Leaving) {
	for _, l := range c.Letters {
		if donor.DateOf(l.At) == d {
			out = append(out, l)
		}
	}
	return out
}

// Of are the letters to a donor.
func (c Calendar) Of(id string) (out []campaign.Leaving) {
	for _, l := range c.Letters {
		if l.Donor == id {
			out = append(out, l)
		}
	}
	return out
}

// Row is a letter as a row of a table: donor, name, step, when it leaves by the clocks of the place and of the organisation,
// the place, whether it has left, and why then.
func (c Calendar) Row(l campaign.Leaving) []string {
	left := "planned"
	if l.Left {
		left = "left"
	}
	return []string{l.Donor, l.Name, l.Step, l.At.Format("2006-01-02 15:04 MST"), l.At.In(c.Zone).Format("2006-01-02 15:04 MST"), l.Place, left, l.Why}
}

// Head names the cells of a Row.
var Head = []string{"donor", "name", "step", "leaves", "by the organisation's clock", "place", "state", "why"}

// CSV writes all letters as a table for spreadsheets.
func (c Calendar) CSV(w io.Writer) error {
	if _, err := io.WriteString(w, "\ufeff"); err != nil {
		return err
	}
	out := csv.NewWriter(w)
	out.UseCRLF = true
	rows := [][]string{Head}
	for _, l := range c.Letters {
		row := c.Row(l)
		for i := range row {
			row[i] = donor.Cell(row[i])
		}
		rows = append(rows, row)
	}
	return out.WriteAll(rows)
}

// Text writes the days on which letters leave, and those on which nobody reads although it is no weekend.
func (c Calendar) Text(w io.Writer) error {
	for _, d := range c.Days {
		var parts []string
		for _, s := range c.Steps {
			if n := d.Counts[s]; n > 0 {
				parts = append(parts, fmt.Sprintf("%s %d", s, n))
			}
		}
		switch {
		case len(parts) > 0 && d.Off != "":
			parts = append(parts, "("+d.Off+")")
		case d.Named():
			parts = append(parts, d.Off)
		}
		if len(parts) == 0 {
			continue
		}
		if _, err := fmt.Fprintf(w, "%s  %s\n", d.Date.In(time.UTC).Format("Mon  2 Jan 2006"), strings.Join(parts, "  ")); err != nil {
			return err
		}
	}
	return nil
}
