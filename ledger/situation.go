package ledger

import (
	"context"

	"outreach.example/campaign"
	"outreach.example/letter"
)

// Situations are the letters of one donor, one for each step of the campaign in order, with all that may keep them but the
// facts that they cite, which only their texts know.
func (l *Ledger) Situations(ctx context.Context, around Around, c Campaign, written *campaign.Campaign, r campaign.Record, block string) ([]Situation, error) {
	cs, err := l.Case(ctx, c.Name, r.Donor.ID)
	if err != nil {
		return nil, err
	}
	asked, err := l.Asked(ctx, []string{r.Donor.ID})
	if err != nil {
		return nil, err
	}
	var out []Situation
	var before *Letter
	for _, step := range c.Steps {
		s := Situation{
			Around: around, Campaign: c, Written: written, Record: r, Case: cs, Step: step, Before: before, Asked: asked[r.Donor.ID],
		}
		got, ok, err := l.Letter(ctx, letter.Block{Campaign: c.Name, Step: step, Name: block}, r.Donor.ID)
		if err != nil {
			return nil, err
		}
		if before = nil; ok {
			s.Letter, before = &got, &got
		}
		out = append(out, s)
	}
	return out, nil
}
