package campaign

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"outreach.example/donor"
)

// checkAudience finds what is wrong between the lists; faulty says that one of them could not be read.
func checkAudience(r *reader, v value, a Audience, faulty bool) {
	if len(a.Status) == 0 && len(a.Include) == 0 && !faulty {
		r.fault(v, "selects nobody: write for example status: [member], or name donors in include")
	}
	if len(a.Status) == 0 && len(a.Groups)+len(a.Regions) > 0 && !faulty {
		r.fault(v, "groups and regions narrow a status, and there is none: write for example status: [member]")
	}
	first := map[string]int{}
	for i, e := range a.Exclude {
		at := r.at("audience.exclude", fmt.Sprintf("audience.exclude[%d]", i))
		if e.Donor == "" {
			continue
		}
		if line, twice := first[e.Donor]; twice {
			r.fault(at, "%s is excluded twice, first in line %d: keep one", donor.Quote(e.Donor), line)
			continue
		}
		first[e.Donor] = at.at.line
		if slices.Contains(a.Include, e.Donor) {
			r.fault(at, "%s is in include as well: remove one of the two", donor.Quote(e.Donor))
		}
	}
}

// A LeftOut is a donor that a campaign does not write to, with the reason.
type LeftOut struct {
	Donor    string
	Name     string // short name in English, or in the first language that it has
	Reason   string // as the campaign file gives it, or which list does not hold the donor
	Excluded bool   // by name; otherwise the donor is merely not in the audience
}

// Select divides the donors into those the campaign writes to, by id, and those it leaves out, by id, each with the
// reason. A word, an id or a language of the campaign file that the donors do not know is a fault, and so is a chosen
// donor without a contact: nobody is dropped without a word.
func (c *Campaign) Select(donors []donor.Donor) (chosen []donor.Donor, left []LeftOut, faults donor.Faults) {
	if c.unsure {
		return nil, nil, nil // the audience's own faults come first
	}
	faults = c.checkWords(donors)
	excluded := make(map[string]string, len(c.Audience.Exclude))
	for _, e := range c.Audience.Exclude {
		excluded[e.Donor] = e.Reason
	}
	included := make(map[string]bool, len(c.Audience.Include))
	for _, id := range c.Audience.Include {
		included[id] = true
	}
	for _, d := range donors {
		reason, out := excluded[d.ID]
		if !out && !included[d.ID] {
			reason = c.Audience.misses(d)
		}
		if out || reason != "" {
			left = append(left, LeftOut{Donor: d.ID, Name: shortName(d), Reason: reason, Excluded: out})
			continue
		}
		chosen = append(chosen, d)
	}
	slices.SortFunc(chosen, func(a, b donor.Donor) int { return strings.Compare(a.ID, b.ID) })
	slices.SortFunc(left, func(a, b LeftOut) int { return strings.Compare(a.Donor, b.Donor) })
	for _, d := range chosen {
		if len(d.Contacts) == 0 {
			faults.Addf("contacts.csv", 0, 0, "%s (%s): no contact; add a row or exclude it with a reason", d.ID, shortName(d))
		}
	}
	if len(chosen) == 0 && !faults.Refuses() {
		line, column := c.Place("audience")
		faults.Addf(c.file, line, column, "audience: selects none of %d donors: look at status, groups, regions and exclude", len(donors))
	}
	faults = append(faults, c.checkLanguages(chosen)...)
	faults = append(faults, c.checkVariants(donors, chosen)...)
	faults.Sort()
	return chosen, left, faults
}

// misses says which list does not hold the donor, "" when the audience selects it.
func (a Audience) misses(d donor.Donor) string {
	switch {
	case len(a.Status) == 0:
		return "not in include"
	case !slices.Contains(a.Status, d.Status):
		return "status " + d.Status + " is not in the audience"
	case len(a.Groups) > 0 && !slices.Contains(a.Groups, d.Group):
		return cmp.Or(d.Group, "no group") + " is not in the audience's groups"
	case len(a.Regions) > 0 && !slices.Contains(a.Regions, d.Region):
		return cmp.Or(d.Region, "no region") + " is not in the audience's regions"
	}
	return ""
}

// checkWords finds the words and ids of the audience that no donor has.
func (c *Campaign) checkWords(donors []donor.Donor) (faults donor.Faults) {
	statuses, groups, regions := map[string]bool{}, map[string]bool{}, map[string]bool{}
	ids, named := make([]string, 0, len(donors)), map[string]bool{}
	for _, id := range c.Audience.Include {
		named[id] = true
	}
	for _, e := range c.Audience.Exclude {
		named[e.Donor] = true
	}
	for _, d := range donors {
		statuses[d.Status], groups[d.Group], regions[d.Region] = true, true, true
		delete(named, d.ID)
		ids = append(ids, d.ID)
	}
	add := func(path, name, format string, args ...any) {
		line, column := c.Place(path)
		faults.Addf(c.file, line, column, name+": "+format, args...)
	}
	for _, l := range []struct {
		name  string
		words []string
		known map[string]bool
	}{
		{"status", c.Audience.Status, statuses}, {"groups", c.Audience.Groups, groups}, {"regions", c.Audience.Regions, regions},
	} {
		delete(l.known, "")
		for i, w := range l.words {
			if !l.known[w] {
				path := fmt.Sprintf("audience.%s[%d]", l.name, i)
				add(path, "audience."+l.name, "no donor has %s: %s", donor.Quote(w), didYouMean(w, slices.Sorted(maps.Keys(l.known))))
			}
		}
	}
	unknown := func(path, name, id string) {
		if !named[id] {
			return
		}
		add(path, name, "no donor has the id %s: %s", donor.Quote(id), meant(id, ids))
	}
	for i, id := range c.Audience.Include {
		unknown(fmt.Sprintf("audience.include[%d]", i), "audience.include", id)
	}
	for i, e := range c.Audience.Exclude {
		unknown(fmt.Sprintf("audience.exclude[%d].donor", i), "audience.exclude.donor", e.Donor)
	}
	return faults
}

// meant says which donor an unknown id may have been meant for.
func meant(id string, ids []string) string {
	if hint := donor.Registry().Suggest(id); hint != "" {
		return hint
	}
	if near := donor.Nearest(id, ids); near != "" {
		return fmt.Sprintf("did you mean %s?", near)
	}
	return "look at the codes of States and at donors.csv"
}

// checkLanguages finds the languages of the chosen donors that a title is not written in.
func (c *Campaign) checkLanguages(chosen []donor.Donor) (faults donor.Faults) {
	readers := map[string][]string{}
	for _, d := range chosen {
		readers[d.Language] = append(readers[d.Language], d.ID)
	}
	for _, t := range []struct {
		path  string
		texts map[string]string
	}{{"title", c.Title}, {"signatory.title", c.Signatory.Title}} {
		if len(t.texts) == 0 {
			continue // its own fault
		}
		for _, lang := range slices.Sorted(maps.Keys(readers)) {
			if t.texts[lang] != "" {
				continue
			}
			line, column := c.Place(t.path)
			who := readers[lang]
			shown := strings.Join(who[:min(3, len(who))], ", ")
			if len(who) > 3 {
				shown += ", ..."
			}
			faults.Addf(c.file, line, column, "%s: no text in %q, the language of %s (%s): add a line %s: \"...\"", t.path, lang, donorsIn(len(who)), shown, lang)
		}
	}
	return faults
}

func donorsIn(n int) string {
	if n == 1 {
		return "1 donor"
	}
	return fmt.Sprintf("%d donors", n)
}

func shortName(d donor.Donor) string {
	if n := d.Name["en"]; n != "" {
		return n
	}
	for _, lang := range slices.Sorted(maps.Keys(d.Name)) {
		if d.Name[lang] != "" {
			return d.Name[lang]
		}
	}
	return d.ID
}
