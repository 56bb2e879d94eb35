package donor

import (
	"cmp"
	"slices"
)

// An amount that is written in thousands is a thousandth of what it should be, or a thousand times as much. What States
// give moves from year to year, seldom by more than half or double.
const (
	thousandLow, thousandHigh = 500, 2000 // times
	farOff                    = 50        // times a donor's other years
	farOffOthers              = 100       // times what the middle half of the others gave
	enoughOthers              = 8         // whose amounts tell what is usual
)

// oddUnits finds amounts that seem to be written in another unit than the rest: by the donor's other years, and where it has
// none, a State by what other States gave in the same year: private givers give a little or much. A row with a day under verified was compared with its source, and stands.
func oddUnits(file string, records []record, faults *Faults) {
	type same struct{ donor, label, currency string }
	of := map[same][]record{}
	type year struct {
		year            int
		label, currency string
	}
	in := map[year][]int64{}
	for _, r := range records {
		if k := (same{r.donor, r.Label, r.Amount.Currency}); r.Amount.Minor > 0 {
			of[k] = append(of[k], r)
		}
		if _, state := Registry().State(r.donor); state && r.Amount.Minor > 0 {
			y := year{r.Year, r.Label, r.Amount.Currency}
			in[y] = append(in[y], r.Amount.Minor)
		}
	}
	for _, years := range of {
		slices.SortStableFunc(years, func(a, b record) int { return cmp.Compare(a.Amount.Minor, b.Amount.Minor) })
	}
	for _, amounts := range in {
		slices.Sort(amounts)
	}
	for _, r := range records {
		if r.checked || r.Amount.Minor <= 0 {
			continue
		}
		years := of[same{r.donor, r.Label, r.Amount.Currency}]
		if len(years) == 1 {
			if _, state := Registry().State(r.donor); state {
				oddAmongOthers(file, r, in[year{r.Year, r.Label, r.Amount.Currency}], faults)
			}
			continue
		}
		middle := years[len(years)/2]
		if len(years) == 2 { // the later of the two says it
			if middle = earlier(years); r.Year == middle.Year || middle.checked {
				continue
			}
		}
		times, part := r.Amount.Minor/middle.Amount.Minor, middle.Amount.Minor/r.Amount.Minor
		off := max(times, part)
		switch {
		case off >= thousandLow && off <= thousandHigh:
			faults.Addf(file, r.Line, 0, "amount: %s gave %s in %d and %s in %d (line %d), about a thousand times %s: write whole units, not thousands; where both are right, write the day on which you compared this row with its source under verified",
				r.donor, r.Amount, r.Year, middle.Amount, middle.Year, middle.Line, moreOrLess(times))
		case off >= farOff:
			faults.Warnf(file, r.Line, 0, "amount: %s gave %s in %d and %s in %d (line %d), %d times %s: compare it with its source, and write the day under verified",
				r.donor, r.Amount, r.Year, middle.Amount, middle.Year, middle.Line, off, moreOrLess(times))
		}
	}
}

// earlier is the first of two years.
func earlier(two []record) record {
	if two[0].Year < two[1].Year {
		return two[0]
	}
	return two[1]
}

func moreOrLess(times int64) string {
	if times > 0 {
		return "as much"
	}
	return "less"
}

// oddAmongOthers compares the only amount of a donor with those of the others, sorted.
func oddAmongOthers(file string, r record, amounts []int64, faults *Faults) {
	if len(amounts) < enoughOthers {
		return
	}
	low, high := amounts[len(amounts)/4], amounts[len(amounts)*3/4]
	switch {
	case r.Amount.Minor < low/farOffOthers:
		faults.Warnf(file, r.Line, 0, "amount: %s of %s in %d is less than a hundredth of what three in four others gave (%s or more): make sure that it is not written in thousands, and write the day under verified",
			r.Amount, r.donor, r.Year, Money{low, r.Amount.Currency})
	case high < 1<<62/farOffOthers && r.Amount.Minor > high*farOffOthers:
		faults.Warnf(file, r.Line, 0, "amount: %s of %s in %d is more than a hundred times what three in four others gave (%s or less): make sure that it is not written in cents, and write the day under verified",
			r.Amount, r.donor, r.Year, Money{high, r.Amount.Currency})
	}
}
