package ledger_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"outreach.example/ledger"
	"outreach.example/ledger/ledgertest"
	"outreach.example/letter"
)

// A ledger that no longer holds what a process remembers freezes: nothing is claimed, nothing begins, and what is on its
// way can still be settled.
func TestFreeze(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		w := newWorld(t, rdb, "KEN", "PER", "FRA")
		flying, claimed := w.claimOne("KEN"), w.claimOne("PER")
		w.ok(nil, w.beginAs(flying))
		at, err := w.Where(w.ctx)
		w.ok(nil, err)
		for _, p := range []ledger.Position{{}, {Epoch: "other"}, at} {
			got, err := ledger.Check(w.ctx, rdb, "a worker", p)
			if err != nil || !got.Holds || got.Frozen != "" || got.Now != at {
				t.Fatalf("check of %+v: %+v %v", p, got, err)
			}
		}
		ahead := at
		ahead.Seq += 10
		for i := range 2 { // repeated: the reason and the audit stream stay
			got, err := ledger.Check(w.ctx, rdb, "host-a", ahead)
			if err != nil || got.Holds || got.Now.Seq != at.Seq+1 {
				t.Fatalf("check %d: %+v %v", i, got, err)
			}
		}
		why, err := w.Frozen(w.ctx)
		w.ok(nil, err)
		if want := "the ledger has lost what came last: it ends at entry "; !strings.HasPrefix(why, want) || !strings.Contains(why, "host-a remembers entry ") {
			t.Errorf("reason: %q", why)
		}
		if got := w.claim("FRA"); got.Why != "frozen: "+why || len(got.Letters) != 0 {
			t.Errorf("claim: %+v", got)
		}
		for _, c := range []ledger.Claim{claimed, flying} { // the second one repeats a begin that was granted
			var no ledger.NotGranted
			if err := w.beginAs(c); !errors.As(err, &no) || no.Why != "the ledger is frozen" {
				t.Errorf("begin: %v", err)
			}
		}
		if s := w.settleAs(flying, letter.Sent); s != letter.Sent {
			t.Errorf("settle: %s", s)
		}
		entries, err := w.Audit(w.ctx, at.Seq, 1)
		if err != nil || entries[0].What != "freeze" || entries[0].Body != why || entries[0].Who != "host-a" {
			t.Errorf("audit: %+v %v", entries, err)
		}
		w.adds("KEN", "PER", "FRA")
	})
}

// What is remembered and what the ledger holds, case by case.
func TestFreezeReasons(t *testing.T) {
	for _, c := range []struct {
		name string
		spin func(at, before ledger.Position) ledger.Position
		want string // of the reason, "" holds, "empty"
	}{
		{"the same", func(at, _ ledger.Position) ledger.Position { return at }, ""},
		{"an older entry", func(_, before ledger.Position) ledger.Position { return before }, ""},
		{"another epoch", func(at, _ ledger.Position) ledger.Position { at.Epoch = "0123456789"; return at },
			"this is not the ledger that p remembers: its epoch is "},
		{"another hash", func(at, before ledger.Position) ledger.Position { before.Chain = at.Chain; return before },
			"the ledger has another history than p remembers: entry "},
		{"overtaken", func(at, _ ledger.Position) ledger.Position { at.Seq++; return at },
			"the ledger has lost what came last: it ends at entry "},
	} {
		t.Run(c.name, func(t *testing.T) {
			ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
				w := newWorld(t, rdb, "KEN")
				before, err := w.Where(w.ctx)
				w.ok(nil, err)
				w.ok(w.Hold(w.ctx, "ann", "donor:KEN", time.Time{}, "a visit"))
				at, err := w.Where(w.ctx)
				w.ok(nil, err)
				got, err := ledger.Check(w.ctx, rdb, "p", c.spin(at, before))
				w.ok(nil, err)
				if got.Holds != (c.want == "") || !strings.HasPrefix(got.Frozen, c.want) || (got.Frozen == "") != (c.want == "") {
					t.Errorf("got %+v, want the reason %q", got, c.want)
				}
			})
		})
	}
}

// An emptied ledger is not frozen, there is nothing to freeze: it is refused.
func TestFreezeEmpty(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		w := newWorld(t, rdb, "KEN")
		at, err := w.Where(w.ctx)
		w.ok(nil, err)
		w.ok(nil, rdb.FlushDB(w.ctx).Err())
		if _, err := w.Where(w.ctx); !errors.Is(err, ledger.ErrEmpty) {
			t.Errorf("where: %v", err)
		}
		for range 2 { // without an epoch, and with the one that a reading command of staff gave it
			if _, err := ledger.Check(w.ctx, rdb, "p", at); !errors.Is(err, ledger.ErrEmpty) {
				t.Errorf("check: %v", err)
			}
			w.ok(w.Open(w.ctx))
		}
		if got, err := ledger.Check(w.ctx, rdb, "p", ledger.Position{}); err != nil || !got.Holds {
			t.Errorf("check of nothing: %+v %v", got, err)
		}
	})
}
