package campaign

import (
	"time"

	"outreach.example/donor"
)

// horizon bounds every search: a schedule without an opening within it answers a moment past it, never one too early.
const horizon = 10 * 366 // days

// IsOpen says whether a letter may leave at t.
func (s Schedule) IsOpen(t time.Time) bool {
	if s.Always {
		return true
	}
	local := t.In(s.zone())
	shown := clock(local)
	return s.Working(donor.DateOf(local)) && shown >= s.Opens && shown < s.Closes
}

// clock is what the clocks show, since midnight; on a day of 23 or 25 hours not the time that has passed.
func clock(local time.Time) time.Duration {
	h, m, sec := local.Clock()
	return time.Duration(h)*time.Hour + time.Duration(m)*time.Minute + time.Duration(sec)*time.Second +
		time.Duration(local.Nanosecond())
}

// Opening is t itself if a letter may leave then, else the next moment at which one may.
func (s Schedule) Opening(t time.Time) time.Time {
	if s.Always {
		return t
	}
	zone := s.zone()
	if from := s.Start.AddDays(-1).In(zone); s.Start != (donor.Date{}) && t.Before(from) {
		t = from
	}
	// The time from here on falls into stretches that lie within one day and between two changes of the clocks. In
	// each of them the clocks run evenly, so the window is one interval of it.
	for limit := t.AddDate(0, 0, horizon); t.Before(limit); {
		local := t.In(zone)
		_, change := local.ZoneBounds()
		day := donor.DateOf(local)
		midnight := t.Add(-clock(local)) // as these clocks show it, even where it was skipped
		end := midnight.Add(24 * time.Hour)
		if !change.IsZero() && change.Before(end) {
			end = change
		}
		if s.Working(day) {
			opens, closes := midnight.Add(s.Opens), midnight.Add(s.Closes)
			if opens.Before(t) {
				opens = t
			}
			if opens.Before(closes) && opens.Before(end) {
				return opens
			}
		}
		t = end
	}
	return t
}

// OpeningOf is the first moment of a day, by the clocks of Zone, or after it, at which a letter may leave.
func (s Schedule) OpeningOf(d donor.Date) time.Time { return s.Opening(startOf(d, s.zone())) }

// After is when the next letter may leave: so many working days after the day on which one was sent, as the calendar
// of Zone counts days, at that day's opening or the next one. With no working days it is the next opening after sent.
func (s Schedule) After(sent time.Time, workingDays int) time.Time {
	if workingDays <= 0 {
		return s.Opening(sent)
	}
	day := donor.DateOf(sent.In(s.zone()))
	for left, searched := workingDays, 0; left > 0 && searched < horizon; searched++ {
		if day = day.AddDays(1); s.Working(day) {
			left--
		}
	}
	return s.Opening(startOf(day, s.zone()))
}

// QuietUntil is from when on this campaign may ask a donor whom another campaign asked at a moment: QuietDays working days
// later. Zero where it may at once: nobody asked, it was this campaign itself, or the file has no quiet days.
func (c *Campaign) QuietUntil(other string, asked time.Time) time.Time {
	if other == "" || other == c.Name || c.QuietDays == 0 || c.Schedule.Always {
		return time.Time{}
	}
	return c.Schedule.After(asked, c.QuietDays)
}

// Place is the zone in which days are counted.
func (s Schedule) Place() *time.Location { return s.zone() }

// startOf is the first instant of a day: midnight, the first of two midnights, or the change of the clocks that skips it.
func startOf(d donor.Date, zone *time.Location) time.Time {
	t := d.In(zone)
	before, after := t.ZoneBounds()
	if donor.DateOf(t).Before(d) && !after.IsZero() {
		return after // midnight is skipped, and time.Date answers with an instant before the change
	}
	if !before.IsZero() {
		_, earlier := before.Add(-1).Zone()
		if first := d.In(time.UTC).Add(-time.Duration(earlier) * time.Second); first.Before(before) && donor.DateOf(first.In(zone)) == d {
			return first.In(zone)
		}
		if donor.DateOf(before) == d {
			return before // midnight is skipped, and time.Date answers with an instant after the change
		}
	}
	return t
}
