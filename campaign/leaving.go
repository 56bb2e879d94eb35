package campaign

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"outreach.example/donor"
)

// A Leaving is one letter in the calendar: when it leaves, or left, and why then.
type Leaving struct {
	Donor string
	Name  string
	Step  string
	At    time.Time // by the clocks of the place where it is read
	Place string    // "" where all letters leave by one clock
	Left  bool      // it has left; else it leaves then, if nothing stops it
	Why   string
}

// Been is what is known of letters that have left or are planned already, by donor and step: the moment, and whether it left.
type Been map[string]map[string]Leaving

// Leavings is the calendar of all letters to some donors, where sending begins at the moment given, nobody answers, and every
// letter leaves as soon as it may: in the order in which they leave. What has left, or has a due time, is taken as it is.
func (c *Campaign) Leavings(donors []donor.Donor, begin time.Time, been Been) []Leaving {
	var out []Leaving
	for i := range donors {
		d := &donors[i]
		r := c.Record(*d)
		s := c.ScheduleOf(d)
		place := ""
		if p, ok := c.PlaceOf(d); ok {
			place = p.Name
		}
		var before time.Time
		for k, step := range c.Steps {
			if k > 0 && c.Quiet(r.Variant) {
				break
			}
			l := Leaving{Donor: d.ID, Name: d.Name["en"], Step: step.Name, Place: place}
			known, ok := been[d.ID][step.Name]
			switch {
			case ok && known.At.IsZero():
				// It leaves no more.
			case ok:
				l.At, l.Left, l.Why = known.At, known.Left, known.Why
				if l.Why == "" {
					l.Why = s.whyKnown(before, l.At, step.After)
				}
			case k == 0:
				l.At = s.Opening(begin)
				l.Why = s.why(begin, l.At, 0)
			default:
				l.At = s.After(before, step.After)
				l.Why = s.why(before, l.At, step.After)
			}
			if l.At.IsZero() {
				break
			}
			l.At = l.At.In(s.Place())
			before = l.At
			out = append(out, l)
		}
	}
	slices.SortStableFunc(out, func(a, b Leaving) int { return a.At.Compare(b.At) })
	return out
}

// whyKnown says how a letter comes to have a moment that was set before: as its step leads to it, or the window's opening.
func (s Schedule) whyKnown(before, at time.Time, days int) string {
	switch {
	case !before.IsZero() && at.Equal(s.After(before, days)):
		return s.why(before, at, days)
	case !s.Always && at.Equal(s.OpeningOf(donor.DateOf(at.In(s.zone())))):
		return "the window opens at " + at.In(s.zone()).Format("15:04")
	}
	return ""
}

// why says how a letter comes to leave at a moment: so many working days after another, and which days in between were none.
func (s Schedule) why(from, at time.Time, days int) string {
	if s.Always {
		return "the window never closes"
	}
	var parts []string
	if days > 0 {
		parts = append(parts, fmt.Sprintf("%d working days after %s", days, from.In(s.zone()).Format("2 January")))
	}
	weekends := 0
	first, last := donor.DateOf(from.In(s.zone())), donor.DateOf(at.In(s.zone()))
	var off []string
	for d := first; !last.Before(d); d = d.AddDays(1) {
		switch reason := s.Off(d); {
		case reason == "":
		case reason == Weekend:
			weekends++
		case len(off) == 0 || !strings.HasSuffix(off[len(off)-1], reason):
			off = append(off, fmt.Sprintf("%s: %s", d.In(time.UTC).Format("2 January"), reason))
		}
	}
	if weekends > 0 {
		parts = append(parts, fmt.Sprintf("without %d days of weekend", weekends))
	}
	parts = append(parts, off...)
	if at.Equal(from) {
		parts = append(parts, "the window is open")
	} else {
		parts = append(parts, "the window opens at "+at.In(s.zone()).Format("15:04"))
	}
	return strings.Join(parts, "; ")
}
