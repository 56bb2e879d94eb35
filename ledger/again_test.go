package ledger_test

import (
	"context"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"outreach.example/ledger"
	"outreach.example/ledger/ledgertest"
	"outreach.example/letter"
)

// A claim whose reply was lost and that is refused when it is asked again leaves nothing behind: the worker has been told of
// no letter, and nobody else would look after one that is claimed by a worker that lives.
func TestClaimRefusedWhenAskedAgain(t *testing.T) {
	tests := []struct {
		name string
		stop func(w *world) error
		then letter.State
	}{
		{"paused", func(w *world) error { _, err := w.Switch(w.ctx, "ann", "res", ledger.Pause, "wait"); return err }, letter.Planned},
		{"cancelled", func(w *world) error { _, err := w.Switch(w.ctx, "ann", "res", ledger.Cancel, "wrong"); return err }, letter.Cancelled},
		{"window closed", func(w *world) error { return w.KeepOpen(w.ctx, "res", time.Now().Add(-time.Hour)) }, letter.Planned},
		{"frozen", func(w *world) error { _, err := w.Freeze(w.ctx, "ann", "a rollback"); return err }, letter.Planned},
		{"lease ended", func(w *world) error { return w.Leave(w.ctx, w.worker) }, letter.Planned},
		{"another edition", func(w *world) error {
			w.plan(editionTwo, "KEN")
			_, err := w.Approve(w.ctx, "bea", "res", editionTwo, nil)
			return err
		}, letter.Planned},
	}
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				rdb.FlushDB(context.Background())
				w := newWorld(t, rdb, "KEN")
				nonce := ledger.Nonce(w.worker)
				w.ok(w.Claim(w.ctx, block("KEN"), nonce, 5, ledger.Pace{})) // its answer is lost
				w.ok(nil, tt.stop(w))
				got, err := w.Claim(w.ctx, block("KEN"), nonce, 5, ledger.Pace{})
				if err != nil || got.Why == "" || len(got.Letters) != 0 {
					t.Fatalf("asked again: %+v %v, want a refusal", got, err)
				}
				if s := w.state("KEN"); s != tt.then {
					t.Errorf("the letter is %s, want %s", s, tt.then)
				}
				if n, _ := rdb.ZCard(w.ctx, "{outreach}:busy").Result(); n != 0 {
					t.Errorf("%d blocks have letters in hand, want none", n)
				}
				w.adds("KEN")
			})
		}
	})
}

// A claim that is answered again under another edition is made from that one, and its row says so.
func TestClaimAgainUnderAnotherEdition(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		w := newWorld(t, rdb, "KEN")
		nonce := ledger.Nonce(w.worker)
		w.ok(w.Claim(w.ctx, block("KEN"), nonce, 5, ledger.Pace{}))
		w.plan(editionTwo, "KEN")
		w.ok(w.Approve(w.ctx, "bea", "res", editionTwo, nil))
		w.lay(editionTwo, "KEN")
		got, err := w.Claim(w.ctx, block("KEN"), nonce, 5, ledger.Pace{})
		if err != nil || len(got.Letters) != 1 || got.Letters[0].Edition != editionTwo {
			t.Fatalf("asked again: %+v %v", got, err)
		}
		if row, _, _ := w.Letter(w.ctx, block("KEN"), "KEN"); row.Edition != 2 {
			t.Errorf("the row says edition %d, the letter is of edition 2", row.Edition)
		}
	})
}

// A scheduler that stood still between giving places and closing its list does not take off the list a hold that was freed
// meanwhile, also when another scheduler has closed the list in between.
func TestReindexedByOneThatStoodStill(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		w := newWorld(t, rdb, "KEN")
		slow, err := w.ToReindex(w.ctx)
		if err != nil || slow["res"] == "" {
			t.Fatalf("to reindex: %v %v", slow, err)
		}
		w.ok(nil, w.Reindexed(w.ctx, "res", slow["res"])) // by the other one
		w.ok(w.Hold(w.ctx, "ann", "all", time.Time{}, "talks"))
		if got := w.claim("KEN"); len(got.Letters) != 0 {
			t.Fatalf("a held letter was claimed: %+v", got)
		}
		w.ok(w.Free(w.ctx, "ann", "all", "over"))
		w.ok(nil, w.Reindexed(w.ctx, "res", slow["res"]))
		left, err := w.ToReindex(w.ctx)
		if err != nil || left["res"] == "" {
			t.Errorf("the freed hold is off the list (%v %v): its letters will never be looked at", left, err)
		}
	})
}

// A letter that a worker holds who is off the list is planned again within minutes: a failover may have lost the sweep that
// went before the burial.
func TestBuriedBeforeSwept(t *testing.T) {
	m := ledgertest.Mini(t)
	now := time.Now()
	m.SetTime(now)
	w := newWorld(t, ledgertest.Client(t, m.Addr()), "KEN")
	w.claimOne("KEN")
	w.ok(w.Redis.ZRem(w.ctx, "{outreach}:workers", w.worker).Result())
	m.SetTime(now.Add(61 * time.Second))
	got, err := w.Sweep(w.ctx)
	if err != nil || got.Planned != 1 || w.state("KEN") != letter.Planned {
		t.Errorf("swept %+v %v, the letter is %s", got, err, w.state("KEN"))
	}
	w.adds("KEN")
}
