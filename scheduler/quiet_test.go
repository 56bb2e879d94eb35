package scheduler_test

import (
	"fmt"
	"strings"
	"testing"

	"outreach.example/letter"
)

// thanked is the campaign with a variant that asks for nothing.
func thanked(donors string) string {
	return fmt.Sprintf(file, "standing until 2027-03-31") + "variants: [{name: given, donors: " + donors + ", asks: nothing}, {name: small, asks: no amount}]\n"
}

// No reminder follows a letter that asks for nothing: not when it is sent, and not when an edition says so later. An edition
// that asks after all has its reminder.
func TestNoReminderWhereNothingIsAsked(t *testing.T) {
	f := newField(t, "standing until 2027-03-31", "KEN", "PER", "TGO")
	approve := func(content string) {
		t.Helper()
		f.plan(content, "KEN", "PER", "TGO")
		f.approve("standing")
		f.do(f.s.Tidy)
	}
	approve(thanked("[PER]"))
	f.at(zurich(t, "2026-11-23 09:30"))
	if sent := f.send("appeal", "KEN", "PER", "TGO"); len(sent) != 3 {
		t.Fatalf("sent %v", sent)
	}
	f.do(f.s.Advance)
	if left, err := f.ledger.Following(f.ctx, "res", 10); err != nil || len(left) != 0 {
		t.Errorf("still followed: %v %v", left, err)
	}
	planned := func(want int) {
		t.Helper()
		counts, err := f.ledger.Counts(f.ctx, "res")
		if err != nil || counts["reminder-1"][letter.Planned] != want {
			t.Errorf("reminders %v %v, want %d planned", counts["reminder-1"], err, want)
		}
	}
	planned(2)
	approve(thanked("[PER, TGO]")) // Togo has given meanwhile
	planned(1)
	approve(thanked("[TGO]")) // Peru had not: a slip
	f.do(f.s.Advance)
	planned(2)
	f.at(zurich(t, "2026-12-08 10:00"))
	f.do(f.s.Tidy)
	if sent := f.send("reminder-1", "KEN", "PER", "TGO"); strings.Join(sent, " ") != "KEN PER" {
		t.Errorf("reminders to %v, want KEN PER", sent)
	}
	if l, ok, err := f.ledger.Letter(f.ctx, letter.Block{Campaign: "res", Step: "reminder-1", Name: "TGO-0"}, "TGO"); err != nil || !ok || l.State != letter.Cancelled {
		t.Errorf("the reminder to TGO is %+v %t %v", l, ok, err)
	}
}
