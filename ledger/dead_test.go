package ledger_test

import (
	"slices"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"outreach.example/ledger"
	"outreach.example/ledger/ledgertest"
	"outreach.example/letter"
)

// A dead worker's letters past the commit point are found while they are sending and after they were swept, and nobody
// else's; what was settled since is found no more.
func TestHeldBy(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		w := newWorld(t, rdb, "AAA", "BBB", "CCC", "DDD", "EEE")
		dead := []string{w.worker}
		held := func() []string {
			t.Helper()
			got, err := w.HeldBy(w.ctx, dead)
			w.ok(nil, err)
			var out []string
			for _, h := range got {
				if c := h.Claim(); c.Nonce[:6] != w.worker || c.Block != block(c.ID.Donor) || c.Generation != 1 || c.Attempts != 1 {
					t.Errorf("%+v", c)
				}
				out = append(out, h.ID.Donor+" "+string(h.State))
			}
			slices.Sort(out)
			return out
		}
		want := func(when string, letters ...string) {
			t.Helper()
			if got := held(); !slices.Equal(got, letters) {
				t.Errorf("%s: %q, want %q", when, got, letters)
			}
		}
		want("before anything")
		claims := map[string]ledger.Claim{}
		for _, d := range []string{"AAA", "BBB", "CCC"} {
			claims[d] = w.claimOne(d)
			w.ok(nil, w.beginAs(claims[d]))
		}
		w.claimOne("DDD") // claimed only
		living := &world{Ledger: w.Ledger, t: t, ctx: w.ctx, worker: ledger.WorkerName()}
		w.ok(w.Renew(w.ctx, living.worker, time.Minute, true))
		w.ok(nil, living.beginAs(living.claimOne("EEE")))
		want("sending", "AAA sending", "BBB sending", "CCC sending")
		w.settleAs(claims["AAA"], letter.Sent)
		want("one is settled", "BBB sending", "CCC sending")
		w.ok(nil, w.Leave(w.ctx, w.worker))
		w.ok(w.Sweep(w.ctx))
		want("swept", "BBB in_doubt", "CCC in_doubt")
		w.settleAs(claims["BBB"], letter.Sent)
		want("a late answer", "CCC in_doubt")
		if n := rdb.SCard(w.ctx, "{outreach}:swept").Val(); n != 1 {
			t.Errorf("%d letters are kept as swept", n)
		}
		w.ok(nil, w.Wrote(w.ctx, w.worker, 12))
		w.ok(nil, w.Wrote(w.ctx, living.worker, 5))
		if n, err := w.Written(w.ctx, []string{living.worker, "nobody", w.worker}); err != nil || n != 12 {
			t.Errorf("%d lines, %v", n, err)
		}
		w.ok(nil, w.Adopted(w.ctx, dead))
		if n, err := w.Written(w.ctx, dead); err != nil || n != 0 || rdb.Exists(w.ctx, "{outreach}:swept").Val() != 0 {
			t.Errorf("after the adoption: %d lines, %v", n, err)
		}
		w.adds("AAA", "BBB", "CCC", "DDD", "EEE")
	})
}

// Rows that lie anywhere come in the order in which they were asked for.
func TestRows(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		w := newWorld(t, rdb, "AAA", "BBB")
		c := w.claimOne("BBB")
		w.ok(nil, w.beginAs(c))
		at := []ledger.Place{{Block: block("BBB"), Donor: "BBB"}, {Block: block("CCC"), Donor: "CCC"}, {Block: block("AAA"), Donor: "AAA"}}
		for len(at) < 1203 { // more than one pipeline takes
			at = append(at, at[:3]...)
		}
		got, err := w.Rows(w.ctx, at)
		w.ok(nil, err)
		if len(got) != len(at) {
			t.Fatalf("%d rows of %d", len(got), len(at))
		}
		for i := 0; i < len(got); i += 3 {
			if got[i].State != letter.Sending || got[i].Nonce != c.Nonce || got[i+1].State != "" || got[i+2].State != letter.Planned {
				t.Fatalf("from %d: %+v", i, got[i:i+3])
			}
		}
	})
}
