package main

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"outreach.example/console/consoletest"
)

// A doubt in the console: its evidence, and a decision that whoever planned the letter cannot make.
func TestDoubtInTheConsole(t *testing.T) {
	t.Parallel()
	f, _ := newDying(t)
	f.env["OUTREACH_CONSOLE"] = "127.0.0.1:0"
	errs := running(t, f.env, "-C", f.dir, "up")
	at := regexp.MustCompile(`console started" url=(\S+)`)
	until(t, "a doubt and all others sent", func() bool {
		s := f.status(t)
		return s.InDoubt == 1 && s.Sent == 174 && at.MatchString(errs.String())
	})
	o := &office{env: f.env, dir: f.dir, address: at.FindStringSubmatch(errs.String())[1]}
	for name, role := range map[string]string{"ann": "approver", "Cora Approver": "approver", "Ole Operator": "operator", "vic": "viewer"} {
		o.admit(t, name, role)
	}
	const path = "/doubts/resilience/KEN/appeal"
	cora, ann := consoletest.Open(t), consoletest.Open(t)
	cora.SignIn(t, o.address, "Cora Approver", officePassword)
	ann.SignIn(t, o.address, "ann", officePassword)
	cora.Look(t, "overview-doubt", o.address+"/")
	cora.Look(t, "doubts-one", o.address+"/doubts")
	cora.Look(t, "doubt", o.address+path)
	if got := cora.Text(t, "main"); !strings.Contains(got, lost) || !strings.Contains(got, f.box.Addr) {
		t.Errorf("the evidence: %.400q", got)
	}
	decide := func(b *consoletest.Browser) {
		t.Helper()
		b.Go(t, o.address+path)
		b.Choose(t, "#decision-sent")
		b.Write(t, "#reason", "the relay logged it as sent")
		b.Send(t, "main form button")
	}
	decide(ann)
	if got := ann.Text(t, ".problems"); !strings.Contains(got, "planned edition 1 of resilience; another person resolves its letters") || strings.Contains(got, "--as") {
		t.Errorf("whoever planned it decides: %q", got)
	}
	cora.Write(t, "#reason", "I do not know yet")
	cora.Send(t, "main form button")
	cora.LookHere(t, "doubt-undecided")
	if got := cora.Text(t, ".problems"); !strings.Contains(got, "Say what became of the letter") {
		t.Errorf("without a decision: %q", got)
	}
	decide(cora)
	if got := cora.Text(t, ".said"); !strings.Contains(got, "by decision of Cora Approver (console)") {
		t.Errorf("after the decision: %q", got)
	}
	if s := f.status(t); s.InDoubt != 0 || s.Sent != 175 {
		t.Errorf("after the decision: %+v", s)
	}

	// A relay that is held is let free by an operator, with a reason.
	if err := f.rdb.HSet(t.Context(), "{outreach}:relay:relay.example:25", "held", "two letters in doubt in a row", "since", time.Now().UnixMilli()).Err(); err != nil {
		t.Fatal(err)
	}
	if err := f.rdb.SAdd(t.Context(), "{outreach}:relays", "relay.example:25").Err(); err != nil {
		t.Fatal(err)
	}
	ole := consoletest.Open(t)
	ole.SignIn(t, o.address, "Ole Operator", officePassword)
	ole.Look(t, "relays-held", o.address+"/relays")
	ole.Look(t, "relay-held", o.address+"/relays/relay.example:25")
	ole.Write(t, "#reason", "its certificate was renewed")
	ole.Send(t, "main form button")
	if got := ole.Text(t, ".said"); !strings.Contains(got, "relay.example:25 is released") {
		t.Errorf("after the release: %q", got)
	}
	if out := must(t, f.env, "status"); strings.Contains(out, "is held") {
		t.Errorf("the relay is held still:\n%s", out)
	}
}
