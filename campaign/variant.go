package campaign

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"outreach.example/donor"
)

// A Variant is one wording of the letters and the rule by which donors get it. The first variant of the list that fits a
// donor is the donor's. A condition that the file leaves out fits everybody.
type Variant struct {
	Name    string
	Asks    Asks
	Donors  []string    // these ids alone; nil for any, empty for none yet
	Status  []string    // donors of one of these status; nil for any
	AtLeast donor.Money // a contribution of the base year of at least this much, in this currency; zero for any
}

// Asks is what the letters of a variant ask for.
type Asks string

// What letters may ask for. A variant that asks for an amount fits only donors whose contribution an amount follows from;
// one that asks for nothing is a single letter, because a reminder would ask.
const (
	AnAmount Asks = "an amount"
	NoAmount Asks = "no amount"
	Nothing  Asks = "nothing"
)

// Record is a donor as an edition freezes it, without the hashes of its letters: the variant that fits, and what the
// donor is asked for. The donor holds its contribution of the base year.
func (c *Campaign) Record(d donor.Donor) Record {
	r := Record{Donor: d, Ask: c.Ask.Ask(d.Contribution)}
	for i := range c.Variants {
		v := &c.Variants[i]
		why, fits := v.fits(&d, r.Ask)
		if !fits {
			continue
		}
		rule := fmt.Sprintf("variant %s: %s", v.Name, why)
		r.Variant = v.Name
		switch v.Asks {
		case Nothing:
			r.Ask = donor.Ask{Lines: []string{rule, "its letter asks for nothing"}}
		case NoAmount:
			if r.Ask.Figure {
				r.Ask = donor.Ask{Lines: append(r.Ask.Lines, "its variant asks for no amount")}
			}
			r.Ask.Lines = append([]string{rule}, r.Ask.Lines...)
		default:
			r.Ask.Lines = append([]string{rule}, r.Ask.Lines...)
		}
		return r
	}
	return r
}

// fits says whether the variant is the donor's, and by what.
func (v *Variant) fits(d *donor.Donor, ask donor.Ask) (why string, fits bool) {
	var by []string
	if v.Donors != nil {
		if !slices.Contains(v.Donors, d.ID) {
			return "", false
		}
		by = append(by, d.ID+" is in its donors")
	}
	if v.Status != nil {
		if !slices.Contains(v.Status, d.Status) {
			return "", false
		}
		by = append(by, "status "+d.Status)
	}
	if v.AtLeast.Minor > 0 {
		c := d.Contribution
		if c == nil || c.Amount.Currency != v.AtLeast.Currency || c.Amount.Minor < v.AtLeast.Minor {
			return "", false
		}
		by = append(by, fmt.Sprintf("the contribution is at least %s", v.AtLeast))
	}
	if v.Asks == AnAmount {
		if !ask.Figure {
			return "", false
		}
		by = append(by, "an amount follows from the contribution")
	}
	if len(by) == 0 {
		return "no variant before it fits", true
	}
	return strings.Join(by, ", "), true
}

// Variant finds a variant by its name; nil where the campaign has none of it.
func (c *Campaign) Variant(name string) *Variant {
	i := slices.IndexFunc(c.Variants, func(v Variant) bool { return v.Name == name })
	if i < 0 {
		return nil
	}
	return &c.Variants[i]
}

// Gets says whether the donor of a record gets the letter of a step: a variant that asks for nothing has the first alone.
func (c *Campaign) Gets(r *Record, step string) bool {
	return len(c.Steps) > 0 && step == c.Steps[0].Name || !c.Quiet(r.Variant)
}

// Quiet says whether a variant asks for nothing.
func (c *Campaign) Quiet(variant string) bool {
	v := c.Variant(variant)
	return v != nil && v.Asks == Nothing
}

// HasQuiet says whether any variant asks for nothing.
func (c *Campaign) HasQuiet() bool {
	return slices.ContainsFunc(c.Variants, func(v Variant) bool { return v.Asks == Nothing })
}

// fitsAll says that no donor can be passed over.
func (v *Variant) fitsAll() bool {
	return v.Donors == nil && v.Status == nil && v.AtLeast.Minor == 0 && v.Asks != AnAmount
}

var variantKeys = []key[Variant]{
	{"name", "name: contributor", func(r *reader, v value, w *Variant) {
		w.Name, _ = r.word(v, stepForm, "1 to 24 lower-case letters, digits and hyphens", "contributor")
		if languageForm.MatchString(w.Name) {
			r.fault(v, "%s looks like a language in the names of texts: give a longer name, for example contributor", donor.Quote(w.Name))
		}
	}},
	{"asks", "asks: no amount", func(r *reader, v value, w *Variant) {
		text, ok := r.text(v, string(NoAmount))
		switch w.Asks = Asks(text); w.Asks {
		case AnAmount, NoAmount, Nothing:
		default:
			if ok {
				r.fault(v, "%s is not something to ask for: write an amount, no amount, or nothing", donor.Quote(text))
			}
		}
	}},
	{"donors", "", func(r *reader, v value, w *Variant) {
		w.Donors = append([]string{}, r.words(v, nil, "", "KEN")...)
	}},
	{"status", "", func(r *reader, v value, w *Variant) {
		w.Status = append([]string{}, r.words(v, nil, "", "observer")...)
	}},
	{"at_least", "", func(r *reader, v value, w *Variant) {
		n, _ := r.whole(v, 1, maxUnits, "5000000")
		w.AtLeast = money(n, "")
	}},
}

// readVariants reads the list of variants and finds rules that can choose nobody, or pass somebody over.
func readVariants(r *reader, v value, c *Campaign) {
	items, ok := r.list(v, "[{name: contributor, asks: no amount}]")
	if !ok {
		return
	}
	if len(items) == 0 {
		r.fault(v, "no variant: write for example [{name: contributor, asks: no amount}], or remove the key")
	}
	first, before := map[string]int{}, len(r.faults)
	for i, item := range items {
		var w Variant
		readGroup(r, item, variantKeys, &w)
		c.Variants = append(c.Variants, w)
		if line, twice := first[w.Name]; twice && w.Name != "" {
			r.fault(item, "the variant %q is here twice, first in line %d: give each its own name", w.Name, line)
		}
		first[w.Name] = item.at.line
		last := i == len(items)-1
		switch {
		case len(r.faults) > before:
		case !last && w.fitsAll():
			r.fault(item, "%q fits every donor, so those below it never do: give it a condition (donors, status, at_least) or put it last", w.Name)
		case last && !w.fitsAll():
			r.fault(item, "%q is the last and does not fit every donor: end the list with one without conditions that asks for no amount or nothing", w.Name)
		}
	}
}

// checkVariants finds the words of variants that no donor has, and named donors that are not written to.
func (c *Campaign) checkVariants(donors, chosen []donor.Donor) (faults donor.Faults) {
	if len(c.Variants) == 0 {
		return nil
	}
	known, written, statuses := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for i := range donors {
		known[donors[i].ID], statuses[donors[i].Status] = true, true
	}
	for i := range chosen {
		written[chosen[i].ID] = true
	}
	for i, v := range c.Variants {
		for j, id := range v.Donors {
			line, column := c.Place(fmt.Sprintf("variants[%d].donors[%d]", i, j))
			switch {
			case !known[id]:
				faults.Addf(c.file, line, column, "variants.donors: no donor has the id %s: %s", donor.Quote(id), meant(id, slices.Sorted(maps.Keys(known))))
			case !written[id]:
				faults.Warnf(c.file, line, column, "variants.donors: %s is not written to, so no letter of %q goes to it", donor.Quote(id), v.Name)
			}
		}
		for j, s := range v.Status {
			if !statuses[s] {
				line, column := c.Place(fmt.Sprintf("variants[%d].status[%d]", i, j))
				faults.Addf(c.file, line, column, "variants.status: no donor has %s: %s", donor.Quote(s), didYouMean(s, slices.Sorted(maps.Keys(statuses))))
			}
		}
	}
	return faults
}
