package worker

import (
	"context"
	"fmt"
	"time"

	"outreach.example/donor"
	"outreach.example/ledger"
)

// asks is when donors of one claim were written to last, by which campaign.
type asks map[string]ledger.Ask

// asked reads it where another campaign can have written and the claim's own has quiet days.
func (w *Worker) asked(ctx context.Context, claims ledger.Claims, t *texts) (asks, error) {
	if !claims.Letters[0].Others || t.written.QuietDays == 0 {
		return nil, nil
	}
	donors := make([]string, len(claims.Letters))
	for i, c := range claims.Letters {
		donors[i] = c.ID.Donor
	}
	return w.Ledger.Asked(ctx, donors)
}

// tooSoon says for how long a letter waits because another campaign has just asked its donor, and why, as it is kept beside
// the letter; 0 where it need not wait.
func (a asks) tooSoon(c ledger.Claim, now time.Time, t *texts) (time.Duration, string) {
	last := a[c.ID.Donor]
	until := t.written.QuietUntil(last.Campaign, last.At)
	if !until.After(now) {
		return 0, ""
	}
	return until.Sub(now), fmt.Sprintf("quiet until %s: %s wrote", donor.DateOf(until.In(t.written.Schedule.Place())), last.Campaign)
}

// of is the ask that was looked at for a letter; nil where quiet days are of no matter.
func (a asks) of(c ledger.Claim, t *texts) *ledger.Ask {
	if t.written.QuietDays == 0 {
		return nil
	}
	last := a[c.ID.Donor]
	return &last
}

// asks says whether the letters to a donor ask for something.
func (t *texts) asks(donor string) bool {
	r := t.records[donor]
	return r == nil || !t.written.Quiet(r.Variant)
}
