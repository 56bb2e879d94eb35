package campaign

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"outreach.example/donor"
)

var (
	nameForm   = regexp.MustCompile(`^[a-z0-9-]{1,32}$`)
	stepForm   = regexp.MustCompile(`^[a-z0-9-]{1,24}$`)
	factForm   = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,64}$`)
	folderForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$`)
	afterForm  = regexp.MustCompile(`^([0-9]{1,3}) working days?$`)
)

const standingUntil = "standing until "

// The tables below are the campaign file: the package comment and docs/campaign-file.md say the same in words.

var campaignKeys = []key[Campaign]{
	{"campaign", "campaign: resilience", func(r *reader, v value, c *Campaign) {
		c.Name, _ = r.word(v, nameForm, "1 to 32 lower-case letters, digits and hyphens", "resilience")
	}},
	{"title", `title: {en: "From Reform to Resilience"}`, func(r *reader, v value, c *Campaign) {
		c.Title = r.texts(v, `"From Reform to Resilience"`)
	}},
	{"goal", "goal: {amount: 100000000, currency: USD}", func(r *reader, v value, c *Campaign) {
		var g amount
		readGroup(r, v, goalKeys, &g)
		c.Goal = money(g.units, g.currency)
	}},
	{"audience", "audience: {status: [member]}", func(r *reader, v value, c *Campaign) {
		before := len(r.faults)
		readGroup(r, v, audienceKeys, &c.Audience)
		checkAudience(r, v, c.Audience, len(r.faults) > before)
		c.unsure = len(r.faults) > before
	}},
	{"sender", `sender: {name: "Name", address: campaign@iom.example}`, func(r *reader, v value, c *Campaign) {
		readGroup(r, v, mailboxKeys, &c.Sender)
	}},
	{"reply_to", `reply_to: {name: "Name", address: desk@iom.example}`, func(r *reader, v value, c *Campaign) {
		readGroup(r, v, mailboxKeys, &c.ReplyTo)
	}},
	{"sent_by", "", func(r *reader, v value, c *Campaign) { readGroup(r, v, mailboxKeys, &c.SentBy) }},
	{"return_path", "", func(r *reader, v value, c *Campaign) { c.ReturnPath, _ = r.address(v, "returns@iom.example") }},
	{"registry", "", func(r *reader, v value, c *Campaign) { c.Registry, _ = r.address(v, "registry@iom.example") }},
	{"opt_out", "", func(r *reader, v value, c *Campaign) { readGroup(r, v, optOutKeys, &c.OptOut) }},
	{"attachments", "", func(r *reader, v value, c *Campaign) {
		c.Attached.MaxMB = 5
		readGroup(r, v, attachmentKeys, &c.Attached)
	}},
	{"signatory", `signatory: {name: "Name", title: {en: "Director General"}}`, func(r *reader, v value, c *Campaign) {
		readGroup(r, v, signatoryKeys, &c.Signatory)
	}},
	{"facts", "", func(r *reader, v value, c *Campaign) {
		c.Facts = r.words(v, factForm, "an id of the facts register (letters, digits, _ . -)", "people_assisted")
	}},
	{"mentions", "", func(r *reader, v value, c *Campaign) {
		c.Mentions = r.words(v, nil, "", "SDN")
		for i, id := range c.Mentions {
			if _, ok := donor.Registry().State(id); !ok {
				r.fault(value{name: v.name, at: r.places[fmt.Sprintf("%s[%d]", v.path, i)]}, "%s is no code of a State: write the three letters of ISO 3166, for example SDN", donor.Quote(id))
			}
		}
	}},
	{"numbers", "", func(r *reader, v value, c *Campaign) { c.Numbers = r.words(v, nil, "", `"A/RES/73/195"`) }},
	{"ask", "ask: {low: 5, high: 10, base_year: 2024, currency: USD}", func(r *reader, v value, c *Campaign) {
		a := ask{AskRule: donor.AskRule{RoundTo: 1}}
		readGroup(r, v, askKeys, &a)
		a.Floor.Currency = a.currency
		c.Ask = a.AskRule
		if c.Ask.Low > c.Ask.High && c.Ask.High > 0 {
			r.fault(value{name: "ask.low", at: r.places["ask.low"]}, "%d is more than ask.high, %d: the lower per cent goes first", c.Ask.Low, c.Ask.High)
		}
	}},
	{"variants", "", func(r *reader, v value, c *Campaign) { readVariants(r, v, c) }},
	{"reply_by", "reply_by: 2027-01-29", func(r *reader, v value, c *Campaign) { c.ReplyBy, _ = r.day(v) }},
	{"schedule", `schedule: {start: 2026-11-23, zone: Europe/Zurich, days: [mon, tue, wed, thu, fri], hours: "08:30-17:00"}`,
		func(r *reader, v value, c *Campaign) {
			readGroup(r, v, scheduleKeys, &c.Schedule)
			checkClocks(r, v)
		}},
	{"steps", "steps: [{name: appeal}]", func(r *reader, v value, c *Campaign) { readSteps(r, v, c) }},
	{"call_after", "", func(r *reader, v value, c *Campaign) {
		if text, ok := r.text(v, "10 working days"); ok && text == "never" {
			c.CallAfter = callNever
		} else if ok {
			c.CallAfter = workingDays(r, v, text, ", or never")
		}
	}},
	{"quiet_days", "", func(r *reader, v value, c *Campaign) {
		if n, ok := r.whole(v, 0, 60, "5"); ok {
			c.QuietDays = int(n)
		}
	}},
	{"canary", "", func(r *reader, v value, c *Campaign) {
		if n, ok := r.whole(v, 1, 20, "5"); ok {
			c.Canary = int(n)
		}
	}},
	{"block_size", "", func(r *reader, v value, c *Campaign) {
		if n, ok := r.whole(v, 1, 1000, "100"); ok {
			c.BlockSize = int(n)
		}
	}},
}

// amount is whole units until the currency beside them is known.
type amount struct {
	units    int64
	currency string
}

var goalKeys = []key[amount]{
	{"amount", "amount: 100000000", func(r *reader, v value, a *amount) { a.units, _ = r.whole(v, 1, maxUnits, "100000000") }},
	{"currency", "currency: USD", func(r *reader, v value, a *amount) { a.currency, _ = r.currency(v) }},
}

var audienceKeys = []key[Audience]{
	{"status", "status: [member]", func(r *reader, v value, a *Audience) {
		a.Status = r.words(v, nil, "", "member")
	}},
	{"groups", "", func(r *reader, v value, a *Audience) {
		a.Groups = r.words(v, nil, "", "African Group")
	}},
	{"regions", "", func(r *reader, v value, a *Audience) { a.Regions = r.words(v, nil, "", "Africa") }},
	{"include", "", func(r *reader, v value, a *Audience) { a.Include = r.words(v, nil, "", "KEN") }},
	{"exclude", "", func(r *reader, v value, a *Audience) {
		items, _ := r.list(v, `[{donor: KEN, reason: "has given"}]`)
		for _, item := range items {
			var e Exclusion
			readGroup(r, item, exclusionKeys, &e)
			a.Exclude = append(a.Exclude, e)
		}
	}},
}

var exclusionKeys = []key[Exclusion]{
	{"donor", "donor: KEN", func(r *reader, v value, e *Exclusion) { e.Donor, _ = r.text(v, "KEN") }},
	{"reason", `reason: "why it is left out"`, func(r *reader, v value, e *Exclusion) {
		e.Reason, _ = r.text(v, `"has given in July"`)
	}},
}

var mailboxKeys = []key[donor.Mailbox]{
	{"name", "", func(r *reader, v value, m *donor.Mailbox) { m.Name, _ = r.text(v, `"Resilience desk"`) }},
	{"address", "address: desk@iom.example", func(r *reader, v value, m *donor.Mailbox) {
		m.Address, _ = r.address(v, "desk@iom.example")
	}},
}

var optOutKeys = []key[OptOut]{
	{"web", "", func(r *reader, v value, o *OptOut) { o.Web = r.yes(v) }},
	{"address", "", func(r *reader, v value, o *OptOut) { o.Address, _ = r.address(v, "optout@iom.example") }},
}

var attachmentKeys = []key[Attachments]{
	{"folder", "folder: attachments", func(r *reader, v value, a *Attachments) {
		a.Folder, _ = r.word(v, folderForm, "the name of a folder beside campaign.yaml, in letters, digits, _ and -", "attachments")
	}},
	{"max_mb", "", func(r *reader, v value, a *Attachments) {
		if n, ok := r.whole(v, 1, 10, "5"); ok {
			a.MaxMB = int(n)
		}
	}},
	{"steps", "", func(r *reader, v value, a *Attachments) {
		a.Steps = r.words(v, stepForm, "names of steps", "appeal")
	}},
}

var signatoryKeys = []key[Signatory]{
	{"name", `name: "First Last"`, func(r *reader, v value, s *Signatory) { s.Name, _ = r.text(v, `"First Last"`) }},
	{"title", `title: {en: "Director General"}`, func(r *reader, v value, s *Signatory) {
		s.Title = r.texts(v, `"Director General"`)
	}},
}

// ask is the rule until the currency beside the floor is known.
type ask struct {
	donor.AskRule
	currency string
}

var askKeys = []key[ask]{
	{"low", "low: 5", func(r *reader, v value, a *ask) { n, _ := r.whole(v, 5, 10, "5"); a.Low = int(n) }},
	{"high", "high: 10", func(r *reader, v value, a *ask) { n, _ := r.whole(v, 5, 10, "10"); a.High = int(n) }},
	{"base_year", "base_year: 2024", func(r *reader, v value, a *ask) {
		n, _ := r.whole(v, 1951, 2199, "2024")
		a.BaseYear = int(n)
	}},
	{"base", "", func(r *reader, v value, a *ask) { a.Base, _ = r.text(v, `"voluntary contributions"`) }},
	{"floor", "", func(r *reader, v value, a *ask) {
		n, _ := r.whole(v, 0, maxUnits, "100000")
		a.Floor = money(n, "")
	}},
	{"currency", "currency: USD", func(r *reader, v value, a *ask) { a.currency, _ = r.currency(v) }},
	{"round_to", "", func(r *reader, v value, a *ask) {
		if n, ok := r.whole(v, 1, maxUnits, "1000"); ok {
			a.RoundTo = n
		}
	}},
}

var scheduleKeys = []key[Schedule]{
	{"start", "start: 2026-11-23", func(r *reader, v value, s *Schedule) { s.Start, _ = r.day(v) }},
	{"place", "", func(r *reader, v value, s *Schedule) {
		s.Reading, _ = r.word(v, placeForm, "the id of a place of places.yaml, or capital", "geneva")
	}},
	{"zone", "", func(r *reader, v value, s *Schedule) { s.Zone, _ = r.zone(v) }},
	{"days", "", func(r *reader, v value, s *Schedule) {
		s.Days = r.weekdays(v)
	}},
	{"hours", `hours: "08:30-17:00"`, func(r *reader, v value, s *Schedule) { s.Opens, s.Closes, _ = r.hours(v) }},
	{"holidays", "", func(r *reader, v value, s *Schedule) {
		items, _ := r.list(v, "[2026-12-25]")
		for _, item := range items {
			d, ok := r.day(item)
			if !ok {
				continue
			}
			if n := len(s.Holidays); n > 0 {
				switch last := s.Holidays[n-1]; {
				case d == last:
					r.fault(item, "%s is in the list twice: keep one", d)
					continue
				case d.Before(last):
					r.fault(item, "%s stands after %s: put the days in order", d, last)
					continue
				}
			}
			s.Holidays = append(s.Holidays, d)
		}
	}},
}

// checkClocks wants either a place, whose clocks and weekend count, or a zone and days for all letters.
func checkClocks(r *reader, v value) {
	if !isGroup(v.node) {
		return // its own fault
	}
	at := func(key string) (value, bool) {
		p, there := r.places[join(v.path, key)]
		return value{name: join(v.name, key), path: join(v.path, key), at: p}, there
	}
	_, placed := at("place")
	for _, k := range []struct{ key, example string }{{"zone", "zone: Europe/Zurich"}, {"days", "days: [mon, tue, wed, thu, fri]"}} {
		switch own, there := at(k.key); {
		case placed && there:
			r.fault(own, "is of the place where a letter is read, and schedule.place names it: remove this, or the place")
		case !placed && !there:
			r.fault(v, "key %q is missing: add %s", k.key, k.example)
		}
	}
}

// written is a step as it stands in the file, before its place in the list is known.
type written struct {
	Step
	after, approval *value
}

var stepKeys = []key[written]{
	{"name", "name: appeal", func(r *reader, v value, s *written) {
		s.Name, _ = r.word(v, stepForm, "1 to 24 lower-case letters, digits and hyphens", "reminder-1")
	}},
	{"after", "", func(r *reader, v value, s *written) {
		s.after = &v
		if _, bare := v.node.(*ast.IntegerNode); bare {
			r.fault(v, "%s of what? write for example 10 working days", v.node.GetToken().Value)
			return
		}
		text, ok := r.text(v, "10 working days")
		if !ok {
			return
		}
		s.After = workingDays(r, v, text, "")
	}},
	{"approval", "", func(r *reader, v value, s *written) {
		s.approval = &v
		text, ok := r.text(v, "each")
		switch day, standing := strings.CutPrefix(text, standingUntil); {
		case !ok:
		case standing:
			s.Standing, _ = r.dayOf(v, day)
		case text == "each":
			s.Each = true
		default:
			r.fault(v, "%s is not an approval: write each (a person releases every letter) or standing until YYYY-MM-DD", donor.Quote(text))
		}
	}},
}

// workingDays reads a number of working days; also says what else the key may be.
func workingDays(r *reader, v value, text, also string) int {
	m := afterForm.FindStringSubmatch(text)
	if m == nil {
		r.fault(v, "%s is not a number of working days: write for example 10 working days%s", donor.Quote(text), also)
		return 0
	}
	n, _ := strconv.Atoi(m[1]) // digits, by the form
	if n < 1 || n > 250 {
		r.fault(v, "%s is out of range: write 1 to 250 working days%s", donor.Quote(text), also)
	}
	return n
}

// callNever stands in CallAfter while a file is read, where it says never.
const callNever = -1

// mostReminders is how many reminders may leave by themselves: after them a person telephones.
const mostReminders = 2

// afterReminders settles what follows the last reminder, once all of the file is read.
func (c *Campaign) afterReminders(r *reader) {
	standing := 0
	for i, s := range c.Steps {
		if s.Standing == (donor.Date{}) {
			continue
		}
		if standing++; standing > mostReminders {
			r.fault(r.at("steps.approval", fmt.Sprintf("steps[%d].approval", i)),
				"%q would be reminder %d that leaves by itself, and after %d a person telephones: write approval: each, or leave the step out", s.Name, standing, mostReminders)
		}
	}
	switch {
	case c.CallAfter == callNever:
		c.CallAfter = 0
	case len(c.Steps) == 1 && c.CallAfter > 0:
		r.fault(r.at("call_after", "call_after"), "follows the last reminder, and there is none: remove it, or add a step")
	case c.CallAfter == 0 && len(c.Steps) > 1:
		c.CallAfter = c.Steps[len(c.Steps)-1].After
	}
}

func readSteps(r *reader, v value, c *Campaign) {
	items, ok := r.list(v, "[{name: appeal}]")
	if ok && len(items) == 0 {
		r.fault(v, "no step: a campaign has at least one letter, for example [{name: appeal}]")
	}
	first := map[string]int{}
	for i, item := range items {
		var s written
		readGroup(r, item, stepKeys, &s)
		c.Steps = append(c.Steps, s.Step)
		if !isGroup(item.node) {
			continue
		}
		if line, twice := first[s.Name]; twice && s.Name != "" {
			r.fault(item, "the step name %q is here twice, first in line %d: give each step its own name", s.Name, line)
		} else {
			first[s.Name] = item.at.line
		}
		switch {
		case i == 0 && s.after != nil:
			r.fault(*s.after, "the first step leaves when the schedule starts: remove after")
		case i > 0 && s.after == nil:
			r.fault(item, `key "after" is missing: add after: 10 working days`)
		}
		switch {
		case i == 0 && s.approval != nil:
			r.fault(*s.approval, "the first step is approved with the campaign itself: remove approval")
		case i > 0 && s.approval == nil:
			r.fault(item, `key "approval" is missing: add approval: each, or approval: standing until YYYY-MM-DD`)
		}
	}
}
