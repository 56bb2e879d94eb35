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

// A donor that has no letter of the next step keeps nobody else from theirs, and its block is not followed for it: but only
// while the edition that says so is the approved one.
func TestAdvanceWithoutALetter(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		w := newWorld(t, rdb, "KEN")
		c := w.claimOne("KEN")
		w.ok(nil, w.beginAs(c))
		w.ok(nil, rdb.HSet(w.ctx, "{outreach}:c:res", "steps", "appeal reminder-1").Err())
		w.ok(w.Settle(w.ctx, ledger.Settlement{Claim: c, To: letter.Sent}))
		for _, x := range []struct {
			edition string
			open    int
		}{{"of-before", 1}, {rdb.HGet(w.ctx, "{outreach}:c:res", "edition").Val(), 0}} {
			f, err := w.Following(w.ctx, "res", 10)
			if err != nil || len(f) != 1 {
				t.Fatalf("followed %v %v", f, err)
			}
			n, err := w.Advance(w.ctx, f[0], "reminder-1", []ledger.Next{{Donor: "KEN", Without: x.edition}})
			if err != nil || n != 0 {
				t.Errorf("%s: planned %d %v", x.edition, n, err)
			}
			if f, err = w.Following(w.ctx, "res", 10); err != nil || len(f) != x.open {
				t.Errorf("%s: followed %v %v, want %d", x.edition, f, err, x.open)
			}
		}
		if n := rdb.Exists(w.ctx, "{outreach}:r:res:reminder-1:KEN-0").Val(); n != 0 {
			t.Error("a row of the reminder was written")
		}
	})
}
