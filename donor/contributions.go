package donor

import (
	"cmp"
	"io/fs"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Columns of contributions.csv.
const (
	contributionDonor = iota
	contributionYear
	contributionAmount
	contributionCurrency
	contributionLabel
	contributionSource
	contributionVerified
)

var contributionColumns = []column{
	{"donor", true}, {"year", true}, {"amount", true}, {"currency", true}, {"label", false}, {"source", false}, {"verified", false},
}

const firstYear = 1951 // the organisation's first

var yearForm = regexp.MustCompile(`^[0-9]{4}$`)

// label is what a contribution is called, and the line that says so first.
type label struct {
	name string
	line int
}

// readContributions reads contributions.csv or contributions.xlsx, which need not be there. Two contributions of one
// donor, year and name are a fault: nobody can say which of them is the base of an ask.
func readContributions(fsys fs.FS, today Date, donors []Donor, index index, faults *Faults) (string, []record) {
	var records []record
	labels := map[string]string{} // each label once in memory
	spelt := map[string]label{}   // by what its spellings share, the first
	unknown := map[string]bool{}
	file := readTable(fsys, "contributions", false, contributionColumns, faults, func(r row) {
		if !r.sound {
			return
		}
		fault := func(format string, args ...any) { faults.Addf(r.file, r.line, 0, format, args...) }
		id, name := r.cells[contributionDonor], r.cells[contributionLabel]
		before := len(*faults)
		at, known := index.at[id]
		switch {
		case id == "":
			fault("donor is empty: write the code of a State, for example KEN, or an id of the donors file")
		case !known && !unknown[id]:
			unknown[id] = true
			if wrong := index.unknown(id); wrong != "" {
				fault("%s", wrong)
			}
		}
		year, _ := strconv.Atoi(r.cells[contributionYear])
		if !yearForm.MatchString(r.cells[contributionYear]) || year < firstYear || year > today.Year {
			fault("year %s: write a year from %d to %d", Quote(r.cells[contributionYear]), firstYear, today.Year)
		}
		amount, err := ParseMoney(r.cells[contributionAmount], r.cells[contributionCurrency])
		if err != nil {
			// The second reading is of a sound amount: whatever it refuses is the currency.
			field := "amount"
			if _, other := ParseMoney(r.cells[contributionAmount], "USD"); other == nil {
				field = "currency"
			}
			fault("%s: %v", field, err)
		}
		checked := r.cells[contributionVerified] != ""
		if d, err := ParseDate(r.cells[contributionVerified]); checked && err != nil {
			fault("verified: %v", err)
		} else if today.Before(d) {
			fault("verified: %s lies in the future (today is %s)", d, today)
		}
		kept, again := labels[name]
		if !again {
			kept = strings.Clone(name)
			labels[kept] = kept
			first, twice := spelt[fold(kept)]
			switch {
			case isPlaceholder(kept):
				fault("label %s is a placeholder: write what the contribution is, for example voluntary contributions", Quote(kept))
			case twice:
				faults.Warnf(r.file, r.line, 0, "label %s is written %s in line %d: one campaign reads one of the two", Quote(kept), Quote(first.name), first.line)
			default:
				spelt[fold(kept)] = label{kept, r.line}
			}
		}
		if len(*faults) > before && (*faults)[before:].Refuses() || !known {
			return
		}
		records = append(records, record{donor: donors[at].ID, checked: checked, Contribution: Contribution{
			Year: year, Amount: Money{amount.Minor, strings.Clone(amount.Currency)}, Label: kept, File: r.file, Line: r.line,
		}})
	})
	slices.SortFunc(records, func(a, b record) int {
		return cmp.Or(strings.Compare(a.donor, b.donor), cmp.Compare(a.Year, b.Year), strings.Compare(a.Label, b.Label), cmp.Compare(a.Line, b.Line))
	})
	for i := 1; i < len(records); i++ {
		a, b := records[i-1], records[i]
		if a.donor == b.donor && a.Year == b.Year && a.Label == b.Label {
			faults.Addf(file, b.Line, 0, "%s has %s of %d already, in line %d: keep one", b.donor, orElse(b.Label, "a contribution"), b.Year, a.Line)
		}
	}
	oddUnits(file, records, faults)
	return file, records
}
