package worker

import (
	"context"
	"time"

	"outreach.example/ledger"
	"outreach.example/templates"
)

// unfit says why a claimed letter may not leave although it was approved: it cites a fact that was withdrawn since, or one
// that has expired. "" for nothing.
func (w *Worker) unfit(c ledger.Claim, now time.Time, t *texts) string {
	r := t.records[c.ID.Donor]
	if r == nil {
		return "" // seal says so
	}
	w.mu.Lock()
	withdrawn := w.withdrawn
	w.mu.Unlock()
	if len(withdrawn) > 0 {
		for _, key := range t.set.Cites(r, c.ID.Step) {
			if wd, ok := withdrawn[key]; ok {
				return "fact " + templates.FactID(key) + " is withdrawn: " + wd.Reason
			}
		}
	}
	return t.set.Expired(r, c.ID.Step, now)
}

// readWithdrawn reads the withdrawn facts where a claim's token says that others are known here.
func (w *Worker) readWithdrawn(ctx context.Context, token string) error {
	w.mu.Lock()
	known := w.token == token
	w.mu.Unlock()
	if known {
		return nil
	}
	// Facts are only ever added to the list, and begin asks for the token: a list that is read now is never too short for it.
	list, err := w.Ledger.Withdrawn(ctx)
	if err != nil {
		return err
	}
	w.mu.Lock()
	w.withdrawn, w.token = list, token
	w.mu.Unlock()
	return nil
}
