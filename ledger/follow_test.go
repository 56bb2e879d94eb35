package ledger_test

import (
	"testing"

	"github.com/redis/go-redis/v9"

	"outreach.example/ledger"
	"outreach.example/ledger/ledgertest"
	"outreach.example/letter"
)

// A letter was past the commit point when an edition with one step more was approved. Its worker knows of no further step;
// the ledger does, and the block is followed. Where no step follows nothing is.
func TestSettleAfterANewStep(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		for steps, want := range map[string]int{"appeal reminder-1": 1, "appeal": 0} {
			w := newWorld(t, rdb, "KEN")
			c := w.claimOne("KEN")
			w.ok(nil, w.beginAs(c))
			w.ok(nil, rdb.HSet(w.ctx, "{outreach}:c:res", "steps", steps).Err())
			w.ok(w.Settle(w.ctx, ledger.Settlement{Claim: c, To: letter.Sent, Last: true}))
			if f, err := w.Following(w.ctx, "res", 10); err != nil || len(f) != want {
				t.Errorf("%s: followed %v %v, want %d", steps, f, err, want)
			}
			w.ok(nil, rdb.FlushAll(w.ctx).Err())
		}
	})
}
