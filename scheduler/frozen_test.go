package scheduler_test

import (
	"testing"
	"time"

	"outreach.example/ledger"
	"outreach.example/letter"
)

// On a frozen ledger nothing is planned and nothing is woken; what a dead worker held is still given back. After the
// freeze everything goes on.
func TestFrozen(t *testing.T) {
	f := newField(t, "each", "KEN", "PER")
	f.at(zurich(t, "2026-11-24 10:00"))
	b := letter.Block{Campaign: "res", Step: "appeal", Name: "KEN-0"}
	f.do(f.s.Wake)
	if n := f.woken(); n != 2 {
		t.Fatalf("%d blocks woken", n)
	}
	f.mini.ZAdd("{outreach}:workers", float64(f.now.Add(time.Hour).UnixMilli()), f.worker)
	if got, err := f.ledger.Claim(f.ctx, b, ledger.Nonce(f.worker), 1, ledger.Pace{}); err != nil || len(got.Letters) != 1 {
		t.Fatalf("claim: %+v %v", got, err)
	}
	if _, err := f.ledger.Freeze(f.ctx, "ann", "a test"); err != nil {
		t.Fatal(err)
	}
	if err := f.ledger.Leave(f.ctx, f.worker); err != nil {
		t.Fatal(err)
	}
	f.do(f.s.Tidy)
	if got, _, err := f.ledger.Letter(f.ctx, b, "KEN"); err != nil || got.State != letter.Planned {
		t.Errorf("after its worker died: %+v %v", got, err)
	}
	f.at(zurich(t, "2026-11-24 11:00"))
	f.do(f.s.Wake)
	if n := f.woken(); n != 2 {
		t.Errorf("%d blocks woken, two of them before the freeze", n)
	}
	at, err := f.ledger.Where(f.ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.ledger.NewEpoch(f.ctx, "ann", at.Epoch, "next", ""); err != nil {
		t.Fatal(err)
	}
	f.do(f.s.Wake)
	if n := f.woken(); n != 4 { // the two tasks wait still; a death gives every block another number
		t.Errorf("%d blocks woken after the freeze", n)
	}
}
