package campaign

import (
	"fmt"
	"time"

	"outreach.example/donor"
)

// Parse reads a campaign file: name is the folder that it lies in, file what staff call it. Every fault comes with its
// line and column, all at once; warnings are among them. The campaign is what could be read, so that later checks may
// add their faults, and nil where the file could not be read at all; while the faults refuse, nothing may be planned
// from it. The same bytes give the same answer on every day: Check compares with today.
func Parse(name, file string, content []byte) (*Campaign, donor.Faults) {
	r := &reader{file: file, places: map[string]place{}}
	top, ok := r.root(content)
	if !ok {
		return nil, r.faults
	}
	c := &Campaign{BlockSize: 100, QuietDays: 5, file: file, places: r.places}
	readGroup(r, top, campaignKeys, c)
	for i := range c.Variants {
		c.Variants[i].AtLeast.Currency = c.Ask.Floor.Currency
	}
	if c.ReturnPath == "" {
		c.ReturnPath = c.Sender.Address
	}
	c.compare(r, name)
	r.faults.Sort()
	return c, r.faults
}

// at is a value that was read, for a fault that follows from several.
func (r *reader) at(name, path string) value {
	return value{name: name, path: path, at: r.places[path]}
}

// compare finds what is wrong between values that are each right.
func (c *Campaign) compare(r *reader, name string) {
	if !nameForm.MatchString(name) {
		r.faults.Addf(r.file, 1, 1, "the folder %s has no campaign's name: use 1 to 32 lower-case letters, digits and hyphens", donor.Quote(name))
	} else if c.Name != "" && c.Name != name {
		r.fault(r.at("campaign", "campaign"), "%q is not the name of its folder, %q: write campaign: %s", c.Name, name, name)
	}
	if c.OptOut == (OptOut{}) && r.places["opt_out"] != (place{}) {
		r.warn(r.at("opt_out", "opt_out"), "offers no way to opt out: write web: true or an address, or remove it")
	}
	c.attachedTo(r)
	c.afterReminders(r)
	start := c.Schedule.Start
	if start == (donor.Date{}) {
		return
	}
	if c.ReplyBy != (donor.Date{}) && !start.Before(c.ReplyBy) {
		r.fault(r.at("reply_by", "reply_by"), "%s is not after schedule.start, %s: give a later day", c.ReplyBy, start)
	}
	if c.Ask.BaseYear > start.Year {
		r.fault(r.at("ask.base_year", "ask.base_year"), "%d has not begun on schedule.start, %s: give a year with contributions", c.Ask.BaseYear, start)
	}
	s := c.Schedule
	if s.Zone == nil || len(s.Days) == 0 || s.Closes == 0 {
		return // each has its own fault
	}
	first := s.Opening(start.In(s.Zone))
	if limit := start.AddDays(366).In(s.Zone); first.After(limit) {
		r.fault(r.at("schedule", "schedule"), "letters cannot leave within a year of %s: look at days, hours and holidays", start)
		return
	}
	if day := donor.DateOf(first.In(s.Zone)); day != start {
		r.warn(r.at("schedule.start", "schedule.start"), "%s is no working day: the first letters leave on %s", start, moment(first, s.Zone))
	}
	for i, e := range c.Calendar(first) {
		if i > 0 && c.Steps[i].After == 0 {
			return // its own fault, and no later step has a day
		}
		day, path := donor.DateOf(e.Earliest.In(s.Zone)), fmt.Sprintf("steps[%d]", i)
		if e.Standing != (donor.Date{}) && e.Standing.Before(day) {
			r.fault(r.at("steps.approval", path+".approval"), "standing until %s ends before %q can leave, %s at the earliest: give a later day", e.Standing, e.Step, day)
		}
		if i > 0 && c.ReplyBy != (donor.Date{}) && start.Before(c.ReplyBy) && c.ReplyBy.Before(day) {
			r.warn(r.at("steps.after", path+".after"), "%q leaves on %s at the earliest, after the answer is due on reply_by, %s", e.Step, day, c.ReplyBy)
		}
	}
}

// moment shows an instant in its zone and in UTC, so that nobody has to guess.
func moment(t time.Time, zone *time.Location) string {
	return fmt.Sprintf("%s %s (%s UTC)", t.In(zone).Format("2006-01-02 15:04"), zone, t.UTC().Format("2006-01-02 15:04"))
}

// Check finds what was right when it was written and is not on the day that today names (in the schedule's zone). It
// is asked before an edition is frozen; a frozen edition needs no other day.
func (c *Campaign) Check(today donor.Date) donor.Faults {
	var faults donor.Faults
	add := func(report func(*donor.Faults, string, int, int, string, ...any), path, format string, args ...any) {
		line, column := c.Place(path)
		report(&faults, c.file, line, column, format, args...)
	}
	fault, warn := (*donor.Faults).Addf, (*donor.Faults).Warnf
	if c.ReplyBy != (donor.Date{}) && !today.Before(c.ReplyBy) {
		add(fault, "reply_by", "reply_by: %s is past or today (%s): give a later day", c.ReplyBy, today)
	}
	for i, s := range c.Steps {
		if s.Standing != (donor.Date{}) && s.Standing.Before(today) {
			add(fault, fmt.Sprintf("steps[%d].approval", i), "steps.approval: standing until %s has passed (today is %s): give a later day, or write each", s.Standing, today)
		}
	}
	// A campaign that runs has begun; a start that is long past is more likely a slip in the year.
	if s := c.Schedule; s.Start != (donor.Date{}) && s.Start.AddDays(31).Before(today) && s.Zone != nil && len(s.Days) > 0 && s.Closes > 0 {
		next := s.Opening(today.In(s.Zone))
		add(warn, "schedule.start", "schedule.start: %s has passed: letters that are due leave from %s", s.Start, moment(next, s.Zone))
	}
	faults.Sort()
	return faults
}
