package ledger_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"outreach.example/ledger"
	"outreach.example/ledger/ledgertest"
	"outreach.example/letter"
)

// A test is in the audit stream, under a hash in place of the address, and nowhere else; a suppressed address and a frozen
// ledger refuse it.
func TestTested(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		w := newWorld(t, rdb, "KEN")
		id := letter.ID{Campaign: "res", Donor: "KEN", Step: "appeal"}
		test := func(address, messageID string) error {
			return w.Test(w.ctx, "ann (acc)", id, "fr", address, messageID)
		}
		before, err := w.Counts(w.ctx, "res")
		if err != nil {
			t.Fatal(err)
		}
		entries := func() int64 { n, _ := rdb.XLen(w.ctx, "{outreach}:audit").Result(); return n }
		n := entries()
		w.ok(nil, test("Me@iom.example", "<test.1@iom.example>"))
		w.ok(nil, test("Me@iom.example", "<test.1@iom.example>")) // its answer was lost
		if got := entries(); got != n+1 {
			t.Errorf("%d entries for one test", got-n)
		}
		last, err := rdb.XRevRangeN(w.ctx, "{outreach}:audit", "+", "-", 1).Result()
		if err != nil {
			t.Fatal(err)
		}
		want := "res/KEN/appeal fr to " + ledger.AddressHash("me@iom.example") + " <test.1@iom.example>"
		if e := last[0].Values; e["who"] != "ann (acc)" || e["what"] != "test" || e["body"] != want {
			t.Errorf("entry %v, want body %q", e, want)
		}
		after, err := w.Counts(w.ctx, "res")
		if err != nil || after["appeal"].Total() != before["appeal"].Total() || w.state("KEN") != letter.Planned {
			t.Errorf("a test was counted: %v, %v", after, err)
		}
		w.adds("KEN")

		w.ok(w.Suppress(w.ctx, "ann", "me@iom.example", ledger.ByHand, "asked for it"))
		n = entries()
		var refusal ledger.Refusal
		if err := test("ME@iom.example", "<test.2@iom.example>"); !errors.As(err, &refusal) || !strings.Contains(err.Error(), "suppressed") {
			t.Errorf("to a suppressed address: %v", err)
		}
		w.ok(w.Freeze(w.ctx, "ann", "a rollback"))
		n++ // the freezing itself
		if err := test("you@iom.example", "<test.3@iom.example>"); !errors.As(err, &refusal) || !strings.Contains(err.Error(), "frozen") {
			t.Errorf("of a frozen ledger: %v", err)
		}
		if got := entries(); got != n {
			t.Errorf("%d entries for tests that were refused", got-n)
		}
	})
}
