package ledger_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"

	"outreach.example/ledger"
	"outreach.example/ledger/ledgertest"
	"outreach.example/letter"
)

// TestWithdrawBeatsBegin: a withdrawal that has returned beats every letter that its worker has not looked at since, and
// no other; a letter past the commit point is not undone.
func TestWithdrawBeatsBegin(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		w := newWorld(t, rdb, "KEN", "PER", "FRA")
		past, held := w.claimOne("PER"), w.claimOne("KEN")
		w.ok(nil, w.beginAs(past))
		if past.Withdrawn != "" || held.Withdrawn != "" {
			t.Fatalf("tokens %q and %q before anything was withdrawn", past.Withdrawn, held.Withdrawn)
		}
		again, err := w.Withdraw(w.ctx, "ann", "was corrected | by half", []string{"people@1", "countries@2"})
		if err != nil || again {
			t.Fatalf("withdraw: %v %v", again, err)
		}
		if err := w.beginAs(held); err == nil || err.Error() != "facts were withdrawn meanwhile; the letter is looked at again" {
			t.Errorf("begin after the withdrawal: %v", err)
		}
		if err := w.beginAs(past); err != nil {
			t.Errorf("a letter past the commit point, asked again: %v", err)
		}
		if s := w.settleAs(past, letter.Sent); s != letter.Sent {
			t.Errorf("settled as %s", s)
		}
		w.ok(nil, w.Unclaim(w.ctx, []ledger.Claim{held}, 0, ""))
		looked := w.claimOne("KEN")
		if looked.Withdrawn == "" {
			t.Fatal("a claim after the withdrawal has no token")
		}
		if err := w.beginAs(looked); err != nil {
			t.Errorf("begin of a letter that was looked at since: %v", err)
		}
		// Once more with another fact: the token is another.
		other := w.claimOne("FRA")
		if again, err := w.Withdraw(w.ctx, "bea", "", []string{"people@1", "savings@3"}); err != nil || again {
			t.Fatalf("a further fact: %v %v", again, err)
		}
		if err := w.beginAs(other); err == nil {
			t.Error("a begin passed with the token of the withdrawal before")
		}
		w.adds("KEN", "PER", "FRA")
	})
}

// TestWithdrawTwice: what is withdrawn stays as it was first said, and a repeated call changes and audits nothing.
func TestWithdrawTwice(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		w := newWorld(t, rdb, "KEN")
		w.ok(w.Withdraw(w.ctx, "ann", "was corrected | by half", []string{"people@1", "countries@2"}))
		before, err := w.Withdrawn(w.ctx)
		w.ok(nil, err)
		stands, err := w.Open(w.ctx)
		w.ok(nil, err)
		c := w.claimOne("KEN")
		again, err := w.Withdraw(w.ctx, "bea", "other words", []string{"countries@2"})
		if err != nil || !again {
			t.Errorf("again: %v %v", again, err)
		}
		after, err := w.Withdrawn(w.ctx)
		w.ok(nil, err)
		if diff := cmp.Diff(before, after); diff != "" {
			t.Error(diff)
		}
		if got := after["people@1"]; got.By != "ann" || got.Reason != "was corrected | by half" || got.At.IsZero() || len(after) != 2 {
			t.Errorf("withdrawn: %+v", after)
		}
		if err := w.beginAs(c); err != nil {
			t.Errorf("a repeated withdrawal stopped a letter: %v", err)
		}
		entries, err := w.Audit(w.ctx, stands.Seq-1, 1)
		if err != nil || len(entries) != 1 || entries[0].What != "withdraw" || entries[0].Who != "ann" ||
			entries[0].Body != "people@1\ncountries@2\nwas corrected | by half" {
			t.Errorf("audit: %+v %v", entries, err)
		}
	})
}
