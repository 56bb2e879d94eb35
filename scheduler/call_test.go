package scheduler_test

import (
	"fmt"
	"strings"
	"testing"

	"outreach.example/ledger"
)

// When the last reminder has no answer, a person is asked to telephone, so many working days later and once; who answers
// before or meanwhile is not telephoned.
func TestTelephone(t *testing.T) {
	f := newField(t, "standing until 2027-03-31", "KEN", "PER", "TGO")
	f.at(zurich(t, "2026-11-23 09:30"))
	f.send("appeal", "KEN", "PER", "TGO")
	f.do(f.s.Advance)
	if tasks, err := f.ledger.Tasks(f.ctx, "", ""); err != nil || len(tasks) != 0 {
		t.Errorf("tasks after the appeal: %+v %v", tasks, err)
	}
	f.at(zurich(t, "2026-12-07 10:00"))
	f.send("reminder-1", "KEN", "PER", "TGO")
	record := func(donor, kind string) {
		t.Helper()
		if _, err := f.ledger.Record(f.ctx, "res", donor, donor+"-0", []string{"appeal", "reminder-1"}, ledger.Entry{Kind: kind, By: "ann"}); err != nil {
			t.Fatal(err)
		}
	}
	record("PER", "reply")
	for range 2 {
		f.do(f.s.Advance)
	}
	if left, err := f.ledger.Following(f.ctx, "res", 10); err != nil || len(left) != 0 {
		t.Errorf("still followed: %v %v", left, err)
	}
	tasks, err := f.ledger.Tasks(f.ctx, "res", "")
	if err != nil || len(tasks) != 2 || tasks[0].ID != "res/KEN/call" || tasks[1].ID != "res/TGO/call" {
		t.Fatalf("%+v %v", tasks, err)
	}
	if k := tasks[0]; !k.Open || !k.Due.Equal(zurich(t, "2026-12-21 09:00")) || k.Why != "no answer to reminder-1 of 7 December 2026: telephone" {
		t.Errorf("%+v", k)
	}
	record("TGO", "decline")
	if tasks, _ = f.ledger.Tasks(f.ctx, "res", "TGO"); tasks[0].Open || tasks[0].Word != "the case has an answer" {
		t.Errorf("%+v", tasks)
	}
	// Another edition, and a block that is followed anew, bring no task back that was done.
	if _, err := f.ledger.CloseTask(f.ctx, "ann", "res/KEN/call", "spoke to the counsellor"); err != nil {
		t.Fatal(err)
	}
	f.plan(fmt.Sprintf(file, "standing until 2027-03-31")+"# again\n", "KEN", "PER", "TGO")
	f.approve("standing")
	f.do(f.s.Tidy)
	f.do(f.s.Advance)
	if tasks, _ = f.ledger.Tasks(f.ctx, "res", ""); len(tasks) != 2 || tasks[0].Open || tasks[1].Open {
		t.Errorf("%+v", tasks)
	}
}

// Nobody is asked to telephone where the file says never, or where a letter asks for nothing.
func TestNobodyTelephones(t *testing.T) {
	for _, more := range []string{"call_after: never\n", "variants: [{name: given, donors: [KEN], asks: nothing}, {name: small, asks: no amount}]\n"} {
		f := newField(t, "standing until 2027-03-31", "KEN")
		f.at(zurich(t, "2026-11-23 09:30"))
		f.send("appeal", "KEN")
		f.do(f.s.Advance)
		f.at(zurich(t, "2026-12-07 10:00"))
		if !strings.Contains(more, "given") {
			f.send("reminder-1", "KEN")
		}
		f.plan(fmt.Sprintf(file, "standing until 2027-03-31")+more, "KEN")
		f.approve("standing")
		f.do(f.s.Tidy)
		if strings.Contains(more, "given") {
			f.send("reminder-1", "KEN")
		}
		f.do(f.s.Advance)
		if tasks, err := f.ledger.Tasks(f.ctx, "", ""); err != nil || len(tasks) != 0 {
			t.Errorf("%s: %+v %v", more, tasks, err)
		}
		if left, err := f.ledger.Following(f.ctx, "res", 10); err != nil || len(left) != 0 {
			t.Errorf("%s: still followed: %v %v", more, left, err)
		}
	}
}

// What a person answers to one campaign stops the letters of every campaign that writes to the donor.
func TestEverywhere(t *testing.T) {
	f := newField(t, "standing until 2027-03-31", "KEN", "PER")
	f.at(zurich(t, "2026-11-23 09:30"))
	f.send("appeal", "KEN")
	f.do(f.s.Advance)
	for i := range 2 {
		got, err := f.ledger.Everywhere(f.ctx, "KEN", ledger.Entry{Kind: "reply", Mail: "<1@ken.example>", By: "inbox"})
		if err != nil || len(got) != 1 || got[0].Campaign != "res" || got[0].Again != (i == 1) || i == 0 && got[0].Cancelled != 1 {
			t.Errorf("%+v %v", got, err)
		}
	}
	got, err := f.ledger.Everywhere(f.ctx, "PER", ledger.Entry{Kind: "auto-reply", Until: "2026-12-05", Mail: "<2@per.example>", By: "inbox"})
	if err != nil || len(got) != 1 || !got[0].Until.Equal(zurich(t, "2026-12-07 09:00")) {
		t.Errorf("back on a Saturday, and letters leave from %+v %v", got, err)
	}
	if got, err := f.ledger.Everywhere(f.ctx, "TGO", ledger.Entry{Kind: "reply", Mail: "<3@tgo.example>", By: "inbox"}); err != nil || len(got) != 0 {
		t.Errorf("a donor of no campaign: %+v %v", got, err)
	}
	// The appeal to PER waits for that day, and then leaves.
	for _, at := range []string{"2026-11-24 10:00", "2026-12-04 16:00", "2026-12-07 10:00"} {
		f.at(zurich(t, at))
		f.do(f.s.Wake)
		want := 0
		if at == "2026-12-07 10:00" {
			want = 1
		}
		if sent := f.send("appeal", "PER"); len(sent) != want {
			t.Errorf("%s: sent to %v", at, sent)
		}
	}
}
