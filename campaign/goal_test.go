package campaign

import (
	"testing"

	"outreach.example/donor"
)

// TestCheckGoal: what all are asked for, and the goal, must fit together.
func TestCheckGoal(t *testing.T) {
	usd := func(units int64) donor.Money { return money(units, "USD") }
	gave := func(units int64) donor.Donor {
		return donor.Donor{ID: "KEN", Contribution: &donor.Contribution{Year: 2024, Amount: usd(units)}}
	}
	c := &Campaign{file: "campaign.yaml", Ask: donor.AskRule{Low: 5, High: 10, BaseYear: 2024, Floor: usd(100)}}
	for _, tt := range []struct {
		goal   donor.Money
		donors []donor.Donor
		want   string
	}{
		{usd(1000), []donor.Donor{gave(8000), gave(4000), {ID: "FRA"}}, ""},
		{usd(1201), []donor.Donor{gave(8000), gave(4000), gave(99)}, `campaign.yaml:1:1: warning: goal: 2 letters name an amount, together USD 600 to USD 1,200, which is less than the goal of USD 1,201 even if everybody gives the most`},
		{usd(599), []donor.Donor{gave(8000), gave(4000)}, `campaign.yaml:1:1: warning: goal: 2 letters name an amount, together USD 600 to USD 1,200, which is more than the goal of USD 599 even if everybody gives the least: is a contribution in the wrong unit?`},
		{money(1, "EUR"), []donor.Donor{gave(8000)}, ""},
		{usd(1000), []donor.Donor{{ID: "FRA"}}, ""},
	} {
		c.Goal = tt.goal
		if got := c.CheckGoal(tt.donors).Error(); got != tt.want {
			t.Errorf("got %s\nwant %s", got, tt.want)
		}
	}
}
