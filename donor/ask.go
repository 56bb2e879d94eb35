package donor

import (
	"fmt"
	"math/bits"
)

// AskRule says how the ask follows from a contribution: whole per cent of the contribution of a named year.
type AskRule struct {
	Low, High int    // per cent, 5 and 10
	BaseYear  int    // the year whose contribution is the base
	Base      string // what the base is, by its name in the contributions file; "" for any
	Floor     Money  // a smaller contribution is not asked for a figure
	RoundTo   int64  // whole currency units that amounts are rounded to, half up; 1 for none
}

// Ask is what one donor is asked for. Without Figure the letter's wording names no amount; Lines say why.
type Ask struct {
	Low    Money    `json:"low,omitzero"`
	High   Money    `json:"high,omitzero"`
	Base   Money    `json:"base,omitzero"`
	Year   int      `json:"year,omitempty"`
	Figure bool     `json:"figure"` // whether the letter names an amount
	Lines  []string `json:"lines"`  // how it was computed, line by line, for staff
}

const noFigure = "wording without a figure"

// Ask computes what a donor with this contribution (nil for none) is asked for: the percentage to the cent, and from
// that the nearest multiple of RoundTo, both half up, so that the lines can be checked by hand. Where that would round
// the lower figure to nothing, or both figures of a range to the same, the step of rounding is made smaller. Nothing is
// ever converted to another currency.
func (r AskRule) Ask(c *Contribution) Ask {
	of := fmt.Sprintf("contribution of %d", r.BaseYear)
	if r.Base != "" {
		of = fmt.Sprintf("%s, %s", of, r.Base)
	}
	switch {
	case c == nil:
		return Ask{Lines: []string{"no " + of + ", is recorded: " + noFigure}}
	case r.Floor.Currency != "" && c.Amount.Currency != r.Floor.Currency:
		return Ask{Lines: []string{fmt.Sprintf("%s: %s", of, c.Amount), fmt.Sprintf(
			"the campaign asks in %s and amounts are never converted: %s", r.Floor.Currency, noFigure)}}
	case c.Amount.Minor < r.Floor.Minor:
		return Ask{Lines: []string{fmt.Sprintf("%s: %s", of, c.Amount), fmt.Sprintf(
			"under the floor of %s: %s", r.Floor, noFigure)}}
	}
	step := max(1, r.RoundTo)
	lowest, highest := share(c.Amount.Minor, r.Low), share(c.Amount.Minor, r.High)
	low, high := rounded(lowest, step), rounded(highest, step)
	for step > 1 && (low == 0 || low == high && r.Low != r.High) {
		step = max(1, step/10)
		low, high = rounded(lowest, step), rounded(highest, step)
	}
	if low == 0 || low == high && r.Low != r.High {
		return Ask{Lines: []string{fmt.Sprintf("%s: %s", of, c.Amount), fmt.Sprintf(
			"%d per cent of it is too little to ask for: %s", r.Low, noFigure)}}
	}
	money := func(units int64) Money { return Money{Minor: units * 100, Currency: c.Amount.Currency} }
	a := Ask{Low: money(low), High: money(high), Base: c.Amount, Year: c.Year, Figure: true}
	a.Lines = append(a.Lines, fmt.Sprintf("%s: %s", of, c.Amount))
	if step < r.RoundTo {
		a.Lines = append(a.Lines, fmt.Sprintf("the nearest %s is too coarse for it: %s instead",
			money(r.RoundTo), money(step)))
	}
	a.Lines = append(a.Lines, explained(r.Low, c.Amount, step, a.Low))
	if r.High != r.Low {
		a.Lines = append(a.Lines, explained(r.High, c.Amount, step, a.High))
	}
	return a
}

// explained tells how one figure came about.
func explained(percent int, base Money, step int64, figure Money) string {
	exact := Money{Minor: share(base.Minor, percent), Currency: base.Currency}
	s := fmt.Sprintf("%d per cent of %s = %s", percent, base, exact)
	if exact == figure {
		return s
	}
	return fmt.Sprintf("%s; rounded to the nearest %s: %s", s, Money{Minor: step * 100, Currency: base.Currency}, figure)
}

// share is a percentage of an amount in minor units, half up, without overflow in between.
func share(minor int64, percent int) int64 {
	high, low := bits.Mul64(uint64(minor), uint64(percent))
	low, carry := bits.Add64(low, 50, 0)
	q, _ := bits.Div64(high+carry, low, 100)
	return int64(q)
}

// rounded is the multiple of a step of whole units that is nearest to an amount in minor units, half up.
func rounded(minor, step int64) int64 {
	step *= 100
	return (minor/step + (minor%step*2)/step) * (step / 100)
}
