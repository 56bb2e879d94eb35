package scheduler_test

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"outreach.example/ledger"
	"outreach.example/letter"
)

// why is the reason why KEN's letter of a step has not left.
func (f *field) why(step string, change ...func(*ledger.Situation)) ledger.Why {
	f.t.Helper()
	c, err := f.ledger.Campaign(f.ctx, "res")
	if err != nil {
		f.t.Fatal(err)
	}
	written, err := f.s.Written(f.ctx, c.Current())
	if err != nil {
		f.t.Fatal(err)
	}
	blocks, err := f.ledger.Blocks(f.ctx, c.Current())
	if err != nil {
		f.t.Fatal(err)
	}
	records, err := f.ledger.Records(f.ctx, blocks, "KEN-0")
	if err != nil {
		f.t.Fatal(err)
	}
	around, err := f.ledger.Around(f.ctx)
	if err != nil {
		f.t.Fatal(err)
	}
	all, err := f.ledger.Situations(f.ctx, around, c, written, records[0], "KEN-0")
	if err != nil {
		f.t.Fatal(err)
	}
	for i := range all {
		if all[i].Step != step {
			continue
		}
		for _, do := range change {
			do(&all[i])
		}
		w, ok := all[i].WhyNot()
		if !ok {
			return ledger.Why{}
		}
		return w
	}
	f.t.Fatalf("no step %s", step)
	return ledger.Why{}
}

// Each reason why a letter has not left is made on a ledger, and its sentence read: it says until when, or what to type. Of
// several reasons the first by rank is told.
func TestWhyNot(t *testing.T) {
	standing := "standing until 2027-03-31"
	record := func(kind, until string) func(*field) {
		return func(f *field) {
			e := ledger.Entry{Kind: kind, Until: until, Date: "2026-11-23", Note: "by note verbale", By: "ann"}
			if until != "" {
				e.Opens = zurich(f.t, until+" 09:00").UnixMilli()
			}
			if _, err := f.ledger.Record(f.ctx, "res", "KEN", "KEN-0", []string{"appeal", "reminder-1"}, e); err != nil {
				f.t.Fatal(err)
			}
		}
	}
	do := func(call func(f *field) error) func(*field) {
		return func(f *field) {
			f.t.Helper()
			if err := call(f); err != nil {
				f.t.Fatal(err)
			}
		}
	}
	turn := func(v ledger.Verb) func(*field) {
		return do(func(f *field) error { _, err := f.ledger.Switch(f.ctx, "ann", "res", v, "wrong year"); return err })
	}
	open := func(f *field) {
		f.at(zurich(f.t, "2026-11-23 09:30"))
		f.do(f.s.Wake)
	}
	working := func(f *field) {
		open(f)
		f.mini.ZAdd("{outreach}:workers", float64(f.now.Add(time.Hour).UnixMilli()), f.worker)
	}
	// settle hands KEN's appeal over with an outcome.
	settle := func(to letter.State) func(*field) {
		return func(f *field) {
			working(f)
			got, err := f.ledger.Claim(f.ctx, letter.Block{Campaign: "res", Step: "appeal", Name: "KEN-0"}, ledger.Nonce(f.worker), 1, ledger.Pace{})
			if err != nil || len(got.Letters) != 1 {
				f.t.Fatal(got, err)
			}
			c := got.Letters[0]
			switch to {
			case letter.Withheld:
				err = f.ledger.Withhold(f.ctx, c, "contact has no salutation")
			case letter.Claimed:
			default:
				if _, err = f.ledger.Begin(f.ctx, ledger.Begin{Claim: c, Asks: true}); err == nil && to != letter.Sending {
					_, err = f.ledger.Settle(f.ctx, ledger.Settlement{Claim: c, To: to, After: time.Hour, Words: "450 4.2.0 later"})
				}
			}
			if err != nil {
				f.t.Fatal(err)
			}
		}
	}
	advanced := func(f *field) {
		settle(letter.Sent)(f)
		f.do(f.s.Advance)
	}
	// asked is another campaign's letter to KEN an hour ago, when its reminder is due.
	asked := func(f *field) {
		advanced(f)
		f.at(zurich(f.t, "2026-12-07 09:30"))
		for _, k := range f.mini.Keys() {
			if strings.HasPrefix(k, "{outreach}:asks:") {
				f.mini.HSet(k, "KEN", fmt.Sprintf("%d|aid", f.now.Add(-time.Hour).Unix()))
			}
		}
	}
	relay := func(held string) func(*field) {
		return func(f *field) {
			working(f)
			_, _ = f.mini.SetAdd("{outreach}:relays", "relay.example:587")
			if held != "" {
				f.mini.HSet("{outreach}:relay:relay.example:587", "held", held)
				return
			}
			f.mini.HSet("{outreach}:relay:relay.example:587", "trouble", fmt.Sprintf("%d|w|connection refused", f.now.Add(time.Hour).UnixMilli()))
		}
	}
	tests := []struct {
		reason, step, approval string
		make                   []func(*field)
		says                   string // a pattern that the whole sentence fits
	}{
		{"doubt", "appeal", "each", []func(*field){settle(letter.InDoubt)}, `nobody knows whether it left; type: outreach resolve res/KEN/appeal sent\|resend\|give-up --reason WHY --as NAME`},
		{"refused", "appeal", "each", []func(*field){settle(letter.Refused), turn(ledger.Pause)}, `the relay refused it: 450 4.2.0 later; type: outreach resolve res/KEN/appeal resend .*`},
		{"bounced", "appeal", "each", []func(*field){settle(letter.Sent), do(func(f *field) error {
			_, err := f.ledger.Record(f.ctx, "res", "KEN", "KEN-0", []string{"appeal"}, ledger.Entry{Kind: "bounce", Step: "appeal", By: "inbox"})
			return err
		})}, `it left and came back: 450 4.2.0 later; type: outreach resolve res/KEN/appeal resend .*`},
		{"withheld", "appeal", "each", []func(*field){settle(letter.Withheld)}, `it is withheld: contact has no salutation; type: outreach plan res .*`},
		{"cancelled", "appeal", "each", []func(*field){record("pledge", "")}, `it is cancelled, as the case is pledged`},
		{"cancelled", "appeal", "each", []func(*field){record("pledge", ""), record("reopen", "")}, `an answer cancelled it that no longer counts; .*; type: outreach record reopen KEN --reason WHY --plan-again`},
		{"frozen", "appeal", "each", []func(*field){turn(ledger.Pause), do(func(f *field) error {
			f.mini.HSet("{outreach}:meta", "frozen", "a restore was begun")
			return nil
		})}, `the ledger is frozen, nothing leaves: a restore was begun; type: outreach reconcile .*`},
		{"campaign cancelled", "appeal", "each", []func(*field){turn(ledger.Cancel)}, `the campaign is cancelled`},
		{"unapproved", "appeal", "", nil, `the edition waits for approval by another person than ann; type: outreach approve res --as NAME`},
		{"not started", "appeal", "not started", nil, `the campaign has not been started; type: outreach start res --confirm res`},
		{"paused", "appeal", "each", []func(*field){turn(ledger.Pause), record("unclear", "")}, `the campaign is paused by ann: wrong year; type: outreach resume res`},
		{"stopped", "reminder-1", "each", []func(*field){record("reply", "")}, `the case is answered \(reply of 23 November 2026\): by note verbale`},
		{"undecided", "appeal", "each", []func(*field){record("unclear", "")}, `the case is to be decided \(unclear of 23 November 2026\): by note verbale; a person decides first; type: outreach record .* KEN --instead`},
		{"nothing asked", "reminder-1", "nothing", nil, `its variant given asks for nothing, so no letter follows the first`},
		{"no earlier letter", "reminder-1", "unlaid", nil, `the step before it is not planned yet`},
		{"earlier", "reminder-1", "each", nil, `the step before it, appeal, is planned`},
		{"unplanned", "appeal", "unlaid", nil, `its day is set within moments while a scheduler runs; type: outreach status res`},
		{"canary", "appeal", "each", []func(*field){working, func(f *field) { f.mini.HSet("{outreach}:c:res", "canary", "PER@PER-0 FRA@FRA-0") }}, `it waits for the canary: the first 2 letters; type: outreach canary res`},
		{"held", "appeal", "each", []func(*field){do(func(f *field) error {
			_, err := f.ledger.Hold(f.ctx, "bea", "group:African Group", f.now.Add(48*time.Hour), "summit")
			return err
		})}, `held \(group:African Group\) by bea until .* 25 November 2026 .*: summit; type: outreach release --group 'African Group'`},
		{"laying", "appeal", "each", []func(*field){do(func(f *field) error { f.mini.HSet("{outreach}:c:res", "laid", "another"); return nil })}, `the new edition is being laid out.*; type: outreach status res`},
		{"suppressed", "appeal", "each", []func(*field){do(func(f *field) error {
			_, err := f.ledger.Suppress(f.ctx, "inbox", "a@KEN.example", ledger.ByBounce, "550")
			return err
		})}, `the address of the first contact is suppressed; type: outreach plan res .*`},
		{"unreleased", "reminder-1", "each", []func(*field){advanced}, `it waits for a person's release; type: outreach release KEN --step reminder-1 --as NAME`},
		{"approval ended", "reminder-1", standing, []func(*field){advanced, do(func(f *field) error { f.at(zurich(f.t, "2027-04-20 10:00")); return nil })}, `the standing approval of reminder-1 ended on 31 March 2027; type: outreach plan res .*`},
		{"moved", "appeal", "each", []func(*field){working, record("capital", "2027-01-14")}, `the case is with capital until 14 January 2027; it leaves from Thursday 14 January 2027 .* on`},
		{"quiet", "reminder-1", standing, []func(*field){asked}, `campaign aid wrote to the donor on 7 December 2026, and quiet_days keeps 5 working days between two asks; it leaves from Monday 14 December 2026 .* on`},
		{"again", "appeal", "each", []func(*field){settle(letter.Planned)}, `it is tried again: 450 4.2.0 later; it leaves from Monday 23 November 2026 .* on`},
		{"not due", "reminder-1", standing, []func(*field){advanced}, `it is not due yet; it leaves from Monday 7 December 2026 .* on`},
		{"window", "appeal", "each", []func(*field){do(func(f *field) error { f.at(zurich(f.t, "2026-11-28 10:00")); return nil })}, `it is due, and the send window is closed; it leaves from Monday 30 November 2026 .* on`},
		{"unheard", "reminder-1", standing, []func(*field){advanced, do(func(f *field) error {
			f.at(zurich(f.t, "2026-12-07 09:30"))
			f.mini.HSet("{outreach}:mailboxes", "desk", fmt.Sprintf(`{"replies":true,"at":%d,"trouble":"connection refused"}`, f.now.Add(-2*time.Hour).UnixMilli()))
			return nil
		})}, `it is due, and nobody has read the reply mailbox desk since 7 December 2026 06:30 UTC, so reminders wait: connection refused; type: outreach inbox .*forget desk\)`},
		{"no scheduler", "appeal", "each", []func(*field){do(func(f *field) error { f.at(zurich(f.t, "2026-11-23 09:30")); return nil })}, `it is due, and no scheduler runs; type: outreach scheduler .*`},
		{"no worker", "appeal", "each", []func(*field){open}, `it is due, and no worker runs; type: outreach worker .*`},
		{"relay", "appeal", "each", []func(*field){relay("two doubts in a row")}, `it is due, and relay relay.example:587 is held: two doubts in a row; type: outreach release --relay relay.example:587 --as NAME`},
		{"relay", "appeal", "each", []func(*field){relay("")}, `it is due, and no relay can be used: relay.example:587: connection refused; type: outreach doctor`},
		{"due", "appeal", "each", []func(*field){working}, `it is due: a worker takes it next, at the relay's pace`},
		{"", "appeal", "each", []func(*field){settle(letter.Sent)}, ``},
		{"", "appeal", "each", []func(*field){settle(letter.Sending)}, ``},
		{"", "appeal", "each", []func(*field){settle(letter.Claimed)}, ``},
	}
	docs, err := os.ReadFile("../docs/stops.md")
	if err != nil {
		t.Fatal(err)
	}
	seen := []string{"", "fact", "full"} // these two need texts, and a store that is full: below
	for _, tt := range tests {
		seen = append(seen, tt.reason)
		t.Run(tt.reason+" "+tt.says[:min(20, len(tt.says))], func(t *testing.T) {
			f := staged(t, tt.approval)
			for _, do := range tt.make {
				do(f)
			}
			w := f.why(tt.step)
			if w.Name != tt.reason || !regexp.MustCompile(`^`+tt.says+`$`).MatchString(w.String()) && tt.reason != "" {
				t.Errorf("%q: %s\nwant %q: %s", w.Name, w, tt.reason, tt.says)
			}
		})
	}
	for _, name := range ledger.Reasons() {
		if !slices.Contains(seen, name) {
			t.Errorf("nothing makes the reason %q", name)
		}
		if !strings.Contains(string(docs), "| "+name+" |") {
			t.Errorf("docs/stops.md does not tell the reason %q", name)
		}
	}
	f := staged(t, "each")
	working(f)
	if w := f.why("appeal", func(s *ledger.Situation) { s.Fact = "fact people is withdrawn: corrected" }); w.Name != "fact" || !strings.HasPrefix(w.String(), "fact people is withdrawn: corrected; type: outreach plan res") {
		t.Errorf("%q: %s", w.Name, w)
	}
	if w := f.why("appeal", func(s *ledger.Situation) { s.Memory = ledger.Full(900<<20, 1000<<20) }); w.Name != "full" || !strings.HasPrefix(w.Says, "Redis uses 900 of 1000 MB") {
		t.Errorf("%q: %s", w.Name, w)
	}
}

// staged is a field that has come as far as the approval says.
func staged(t *testing.T, approval string) *field {
	t.Helper()
	switch approval {
	case "":
		f := unplanned(t)
		f.plan(fmt.Sprintf(file, "each"), "KEN")
		return f
	case "unlaid", "not started":
		f := unplanned(t)
		f.plan(fmt.Sprintf(file, "each"), "KEN")
		f.approve("each")
		if approval == "not started" {
			return f
		}
		f.mini.HSet("{outreach}:c:res", "status", "running")
		return f
	case "nothing":
		f := newField(t, "each", "KEN")
		f.plan(thanked("[KEN]"), "KEN")
		f.approve("each")
		f.do(f.s.Tidy)
		return f
	}
	return newField(t, approval, "KEN")
}
