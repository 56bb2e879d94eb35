package ledger_test

import (
	"testing"

	"github.com/redis/go-redis/v9"

	"outreach.example/ledger/ledgertest"
)

// A granted letter comes with the ledger's position right after it: the audit entry that names it. Asked again, the
// ledger stands where it stands now.
func TestGrantTellsThePosition(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		w := newWorld(t, rdb, "KEN", "PER")
		ken, per := w.claimOne("KEN"), w.claimOne("PER")
		first, err := w.grant(ken)
		w.ok(nil, err)
		stands, err := w.Open(w.ctx)
		w.ok(nil, err)
		if first.Position != stands || stands.Seq == 0 || stands.Epoch == "" || stands.Chain == "" {
			t.Errorf("granted at %+v, the ledger stands at %+v", first.Position, stands)
		}
		second, err := w.grant(per)
		w.ok(nil, err)
		again, err := w.grant(ken)
		w.ok(nil, err)
		if second.Position.Seq != first.Position.Seq+1 || again.Position != second.Position {
			t.Errorf("granted at %+v, then %+v, and again at %+v", first.Position, second.Position, again.Position)
		}
		entries, err := w.Audit(w.ctx, first.Position.Seq-1, 2)
		w.ok(nil, err)
		if len(entries) != 2 || entries[0].Chain != first.Position.Chain || entries[1].Chain != second.Position.Chain {
			t.Errorf("audit: %+v", entries)
		}
	})
}
