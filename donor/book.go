package donor

import (
	"cmp"
	"fmt"
	"io/fs"
	"slices"
	"sort"
	"strings"
)

// A Book is everything a project folder says of its donors.
type Book struct {
	Donors []Donor // by id: the States of the registry, with contacts or without, and the project's own donors

	contributions []record // by donor, year and label
	file          string   // where they were read, "" for nowhere
}

// Read reads donors, contacts and contributions of a project folder, each from its CSV or XLSX file. Donors are there
// as far as they could be read, so that later checks may add their faults; while the faults refuse, nothing may be
// planned from them. The same files give the same answer on the same day.
func Read(fsys fs.FS, today Date) (*Book, Faults) { return ReadFresh(fsys, today, Fresh) }

// ReadFresh is Read where a contact that was not verified within so many days is warned of.
func ReadFresh(fsys fs.FS, today Date, fresh int) (*Book, Faults) {
	var faults Faults
	donors := append(Registry().All(), readDonors(fsys, &faults)...)
	index := index{make(map[string]int32, len(donors)), !faults.Refuses()}
	slices.SortFunc(donors, func(a, b Donor) int { return strings.Compare(a.ID, b.ID) })
	b := &Book{Donors: donors}
	for i, d := range donors {
		index.at[d.ID] = int32(i)
	}
	readContacts(fsys, today, fresh, donors, index, &faults)
	b.file, b.contributions = readContributions(fsys, today, donors, index, &faults)
	faults.Sort()
	return b, faults
}

// index finds a donor by id.
type index struct {
	at    map[string]int32
	whole bool // the donors file has no fault: whoever is not here is nowhere
}

// unknown says that nobody has an id, and who may be meant; "" where a fault of the donors file may be the reason.
func (x index) unknown(id string) string {
	if hint := Registry().Suggest(id); hint != "" {
		return fmt.Sprintf("donor %s: %s", Quote(id), hint)
	}
	for _, other := range []string{strings.ToUpper(id), strings.ToLower(id)} {
		if _, ok := x.at[other]; ok {
			return fmt.Sprintf("donor %s: did you mean %s?", Quote(id), other)
		}
	}
	if !x.whole {
		return ""
	}
	return fmt.Sprintf("donor %s: neither in the registry of States (%s) nor in donors.csv: write the three letters of a State, or add the donor", Quote(id), registryDate)
}

// record is a contribution and whose it is.
type record struct {
	donor string
	Contribution
	checked bool // a person compared an unusual amount with its source
}

// Contributions are all that a donor gave, by year.
func (b *Book) Contributions(donor string) (out []Contribution) {
	for _, r := range b.contributions {
		if r.donor == donor {
			out = append(out, r.Contribution)
		}
	}
	return out
}

// Contribution is what a donor gave in a year, by the name of what it gave; "" takes the only one of the year. It is
// nil when none is recorded, and when several are and the name does not choose: Check tells the two apart.
func (b *Book) Contribution(donor string, year int, label string) *Contribution {
	of := b.of(donor, year)
	if label == "" {
		if len(of) != 1 {
			return nil
		}
		return &of[0].Contribution
	}
	for i := range of {
		if of[i].Label == label {
			return &of[i].Contribution
		}
	}
	return nil
}

// of is what a donor gave in a year.
func (b *Book) of(donor string, year int) []record {
	compare := func(r record) int { return cmp.Or(strings.Compare(r.donor, donor), cmp.Compare(r.Year, year)) }
	from := sort.Search(len(b.contributions), func(i int) bool { return compare(b.contributions[i]) >= 0 })
	to := from
	for to < len(b.contributions) && compare(b.contributions[to]) == 0 {
		to++
	}
	return b.contributions[from:to]
}

// Check finds where the base of a campaign's ask and the contributions of those it writes to do not fit: a base that
// nobody has, two contributions that might be the base, and, as a warning, those in another currency than the ask's,
// which get no figure.
func (b *Book) Check(r AskRule, chosen []Donor) Faults {
	var faults Faults
	found, labels, foreign := 0, map[string]bool{}, []*Contribution{}
	for _, d := range chosen {
		of := b.of(d.ID, r.BaseYear)
		for i := range of {
			labels[of[i].Label] = true
		}
		if r.Base == "" && len(of) > 1 {
			faults.Addf(of[1].File, of[1].Line, 0, "%s has %d contributions in %d (first in line %d): name the one that counts in ask.base of the campaign file, %s",
				d.ID, len(of), r.BaseYear, of[0].Line, quotedList(labelsOf(of)))
		}
		c := b.Contribution(d.ID, r.BaseYear, r.Base)
		if c == nil {
			continue
		}
		found++
		if r.Floor.Currency != "" && c.Amount.Currency != r.Floor.Currency {
			foreign = append(foreign, c)
		}
	}
	file := cmp.Or(b.file, "contributions.csv")
	switch {
	case found > 0 || faults.Refuses() || len(chosen) == 0:
	case len(labels) > 0:
		list := make([]string, 0, len(labels))
		for l := range labels {
			list = append(list, l)
		}
		slices.Sort(list)
		faults.Addf(file, 0, 0, "no contribution of %d is named %s, as ask.base of the campaign file says (there are: %s)", r.BaseYear, Quote(r.Base), quotedList(list))
	default:
		faults.Warnf(file, 0, 0, "no contribution of %d of anybody in the audience: every letter goes without a figure", r.BaseYear)
	}
	if len(foreign) > 0 {
		faults.Warnf(foreign[0].File, foreign[0].Line, 0, "%s: no figure in the letter, as the campaign asks in %s and nothing is converted (%s)",
			foreign[0].Amount, r.Floor.Currency, others(len(foreign)))
	}
	faults.Sort()
	return faults
}

func labelsOf(of []record) (labels []string) {
	for _, r := range of {
		labels = append(labels, r.Label)
	}
	return labels
}

func quotedList(words []string) string {
	var list []string
	for _, w := range words[:min(len(words), 10)] {
		list = append(list, Quote(w))
	}
	return strings.Join(list, ", ")
}

// others says how many rows a sentence stands for.
func others(n int) string {
	if n == 1 {
		return "the only such row"
	}
	return fmt.Sprintf("the first of %d such rows", n)
}
