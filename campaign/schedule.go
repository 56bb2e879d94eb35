package campaign

import (
	"slices"
	"time"

	"outreach.example/donor"
)

// A Schedule says when letters may leave: on working days from Start on, while the clocks of Zone show Opens or later
// and not yet Closes. A clock that is put forward over the opening opens the window late; one that is put back inside
// it shows its hour twice, and the window is open both times. A nil Zone is UTC.
type Schedule struct {
	Start    donor.Date
	Zone     *time.Location
	Days     []time.Weekday
	Opens    time.Duration // since midnight, by the clocks of Zone
	Closes   time.Duration
	Holidays []donor.Date
	Reading  string // id of the place where letters are read unless a contact says otherwise; "": all leave by Zone and Days
	Always   bool   // the window never closes, every day works and Start does not matter (trial)

	Names map[donor.Date]string // of holidays, where they have any
}

// Working says whether letters may leave on a day: one of Days, no holiday, not before Start.
func (s Schedule) Working(d donor.Date) bool {
	if s.Always {
		return true
	}
	return !d.Before(s.Start) && slices.Contains(s.Days, d.Weekday()) && !slices.Contains(s.Holidays, d)
}

// What Off says of days that are no holiday.
const (
	NotBegun = "before the campaign begins"
	Weekend  = "weekend"
)

// Off says why letters do not leave on a day; "" where they do.
func (s Schedule) Off(d donor.Date) string {
	switch {
	case s.Working(d):
		return ""
	case d.Before(s.Start):
		return NotBegun
	case s.Names[d] != "":
		return s.Names[d]
	case slices.Contains(s.Holidays, d):
		return "holiday"
	}
	return Weekend
}

// zone is where days and hours are counted.
func (s Schedule) zone() *time.Location {
	if s.Zone == nil {
		return time.UTC
	}
	return s.Zone
}

// An Entry is one step in the calendar of a campaign.
type Entry struct {
	Step     string
	Earliest time.Time  // when its first letter can leave
	Each     bool       // a person releases every letter
	Standing donor.Date // the last day on which it leaves without a person; zero for the first step, or with Each
}

// Calendar is when each step leaves at the earliest, where sending begins at the moment given and every letter leaves
// as soon as it may.
func (c *Campaign) Calendar(begin time.Time) []Entry { return c.calendar(*c.Usual(), begin) }

func (c *Campaign) calendar(s Schedule, begin time.Time) []Entry {
	entries := make([]Entry, len(c.Steps))
	for i, step := range c.Steps {
		begin = s.After(begin, step.After)
		entries[i] = Entry{Step: step.Name, Earliest: begin, Each: step.Each, Standing: step.Standing}
	}
	return entries
}
