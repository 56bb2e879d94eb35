package ledgertest_test

import (
	"testing"

	"outreach.example/ledger/ledgertest"
)

// The topology does what its helpers say: a killed primary is replaced, and comes back as a replica.
func TestTopology(t *testing.T) {
	top := ledgertest.Sentinel(t)
	before := top.Epoch()
	old, next := top.Failover()
	if old == next || top.Epoch() <= before {
		t.Fatal("nothing was promoted")
	}
	old.Rejoin()
	top.Settled(3)
	ledgertest.Await(t, "the old primary to become a replica", old.IsReplica)
}
