package templates

import (
	"maps"
	"slices"
	"strings"

	"outreach.example/campaign"
	"outreach.example/letter"
)

// A field is one name that a text may use between two braces. Either fixed or written says what stands in its place.
type field struct {
	fixed   func(c *campaign.Campaign, p *profile) (value, lack string) // the same in every letter of the language
	written func(r *render) string
	figure  bool // only where an amount is asked, between {{if .Ask.Figure}} and {{end}}
	block   bool // not in a subject: it has several lines, or its place is in the letter
}

func (f field) isField() bool { return f.fixed != nil || f.written != nil }

// fields are all names; the package comment tells staff what they mean.
var fields = map[string]field{
	".Date":           {written: func(*render) string { return letter.DateMark }, block: true},
	".Reference":      {written: func(r *render) string { return r.reference }},
	".Address":        {written: func(r *render) string { return r.to.address }, block: true},
	".Salutation":     {written: func(r *render) string { return r.to.salutation }, block: true},
	".Close":          {written: func(r *render) string { return r.to.close }, block: true},
	".State.Formal":   {written: func(r *render) string { return r.p.formal(&r.record.Donor) }},
	".State.OfFormal": {written: func(r *render) string { return r.p.ofName(r.p.formal(&r.record.Donor)) }},
	".State.ToFormal": {written: func(r *render) string { return r.p.toName(r.p.formal(&r.record.Donor)) }},
	".State.Short":    {written: func(r *render) string { return r.p.short(&r.record.Donor) }},
	".State.OfShort":  {written: func(r *render) string { return r.p.ofName(r.p.short(&r.record.Donor)) }},
	".State.ToShort":  {written: func(r *render) string { return r.p.toName(r.p.short(&r.record.Donor)) }},
	".Ask.Low":        {written: func(r *render) string { return r.money(r.record.Ask.Low) }, figure: true},
	".Ask.High":       {written: func(r *render) string { return r.money(r.record.Ask.High) }, figure: true},
	".Ask.Base":       {written: func(r *render) string { return r.money(r.record.Ask.Base) }, figure: true},
	".Ask.Range":      {written: func(r *render) string { return r.amounts(r.record.Ask.Low, r.record.Ask.High) }, figure: true},
	".Ask.Year":       {written: func(r *render) string { return r.year() }, figure: true},
	".Ask.Percent": {fixed: func(c *campaign.Campaign, p *profile) (string, string) {
		return p.percentRange(c.Ask.Low, c.Ask.High), ""
	}},
	".Campaign.Title": {fixed: func(c *campaign.Campaign, p *profile) (string, string) {
		return typeset(p, c.Title[p.code]), "title." + p.code
	}},
	".Pledge":        {written: func(r *render) string { return r.money(r.record.Pledge) }},
	".Campaign.Goal": {written: func(r *render) string { return r.money(r.set.campaign.Goal) }},
	".ReplyBy": {fixed: func(c *campaign.Campaign, p *profile) (string, string) {
		if c.ReplyBy.Month == 0 {
			return "", "reply_by"
		}
		return p.printDate(c.ReplyBy), ""
	}},
	".ReplyTo":      {fixed: func(c *campaign.Campaign, _ *profile) (string, string) { return c.ReplyTo.Address, "reply_to" }},
	".ReplyTo.Name": {fixed: func(c *campaign.Campaign, _ *profile) (string, string) { return c.ReplyTo.Name, "reply_to.name" }},
	".Sender":       {fixed: func(c *campaign.Campaign, _ *profile) (string, string) { return c.Sender.Name, "sender.name" }},
	".Signatory.Name": {fixed: func(c *campaign.Campaign, _ *profile) (string, string) {
		return c.Signatory.Name, "signatory.name"
	}},
	".Signatory.Title": {fixed: func(c *campaign.Campaign, p *profile) (string, string) {
		return typeset(p, c.Signatory.Title[p.code]), "signatory.title." + p.code
	}},
}

// conditions are the names that may follow {{if}} and {{if not}}.
var conditions = map[string]func(r *render) bool{
	figure:     func(r *render) bool { return r.record.Ask.Figure },
	".Pledged": func(r *render) bool { return r.record.Pledge.Minor > 0 },
	".Note":    func(r *render) bool { return r.to.note },
}

// figure is the condition that guards the amounts.
const figure = ".Ask.Figure"

// needed are the fields that no letter can do without.
var needed = []struct{ name, why string }{
	{".Date", "a letter shows its date"},
	{".Salutation", "a letter greets the person it is written to, in the form that is due"},
	{".Close", "a letter ends in the form that is due"},
}

func fieldNames() []string {
	names := slices.Sorted(maps.Keys(fields))
	for i, n := range names {
		names[i] = "{{" + n + "}}"
	}
	return names
}

func conditionNames() string {
	return strings.Join(slices.Sorted(maps.Keys(conditions)), " or ")
}
