package model

import (
	"strings"
	"testing"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"outreach.example/ledger/ledgertest"
)

// The model does what the scripts do, answer for answer and row for row, whatever happens in which order.
func TestModelIsTheLedger(t *testing.T) {
	t.Parallel()
	same := func(t *testing.T, rdb *redis.Client, mini *miniredis.Miniredis, seeds int) {
		c := Compare(t.Context(), rdb, mini, seeds, 1)
		if c.Differ != "" {
			var b strings.Builder
			c.Print(&b, "run this test again")
			t.Fatal(b.String())
		}
		if len(c.Missed) > 0 || c.Seeds != seeds {
			t.Errorf("%s: no seed came to %v", c, c.Missed)
		}
	}
	t.Run("miniredis", func(t *testing.T) {
		t.Parallel()
		m := ledgertest.Mini(t)
		same(t, ledgertest.Client(t, m.Addr()), m, 40)
	})
	t.Run("redis-server", func(t *testing.T) {
		t.Parallel()
		same(t, ledgertest.Client(t, ledgertest.Start(t).Addr), nil, 300)
	})
}

// The comparison can fail: a model with one safeguard removed answers otherwise than the scripts.
func TestMutantIsNotTheLedger(t *testing.T) {
	t.Parallel()
	rdb := ledgertest.Client(t, ledgertest.Start(t).Addr)
	for _, m := range Mutants {
		switch m.Mutant {
		case NoStopCheck, RecordAfterSend, NoQuietPeriod, SweepPlansSending, RefusedKeeps:
		default:
			continue // not in the ledger itself
		}
		found := false
		for seed := uint64(0); seed < 1000 && !found; seed++ {
			tw := newTwin(t.Context(), rdb, nil, seed, m.Mutant)
			tw.run(nil)
			found = strings.Contains(tw.differ, "model")
		}
		if !found {
			t.Errorf("%s: no difference in 1000 seeds", m.Name)
		}
	}
}
