package campaign

import (
	"math"

	"outreach.example/donor"
)

// CheckGoal compares the sum of what donors are asked for with the goal. Donors hold their contribution of the base year.
func (c *Campaign) CheckGoal(donors []donor.Donor) (faults donor.Faults) {
	low, high, n := donor.Money{Currency: c.Ask.Floor.Currency}, donor.Money{Currency: c.Ask.Floor.Currency}, 0
	for i := range donors {
		a := c.Record(donors[i]).Ask
		if !a.Figure || a.High.Minor > math.MaxInt64-high.Minor {
			continue
		}
		low.Minor, high.Minor, n = low.Minor+a.Low.Minor, high.Minor+a.High.Minor, n+1
	}
	line, column := c.Place("goal")
	switch {
	case n == 0 || c.Goal.Currency != low.Currency:
	case high.Minor < c.Goal.Minor:
		faults.Warnf(c.file, line, column, "goal: %d letters name an amount, together %s to %s, which is less than the goal of %s even if everybody gives the most", n, low, high, c.Goal)
	case low.Minor > c.Goal.Minor:
		faults.Warnf(c.file, line, column, "goal: %d letters name an amount, together %s to %s, which is more than the goal of %s even if everybody gives the least: is a contribution in the wrong unit?", n, low, high, c.Goal)
	}
	return faults
}
