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

// inDoubt takes a letter past the commit point and loses its answer.
func (w *world) inDoubt(donor string) ledger.Claim {
	w.t.Helper()
	c := w.claimOne(donor)
	w.ok(nil, w.beginAs(c))
	if s := w.settleAs(c, letter.InDoubt); s != letter.InDoubt {
		w.t.Fatalf("letter of %s is %s, want in doubt", donor, s)
	}
	return c
}

func (w *world) letter(donor string) ledger.Letter {
	w.t.Helper()
	got, ok, err := w.Letter(w.ctx, block(donor), donor)
	if err != nil || !ok {
		w.t.Fatalf("letter of %s: %v, there: %v", donor, err, ok)
	}
	return got
}

func decision(donor string, d ledger.Decision, who string) ledger.Resolution {
	return ledger.Resolution{
		Letter: letter.ID{Campaign: "res", Donor: donor, Step: "appeal"}, Block: donor + "-0", Decision: d, Who: who, Reason: "the relay's log says so",
	}
}

// refused wants a decision to be refused with these words, and nothing to have moved.
func (w *world) refused(r ledger.Resolution, words string) {
	w.t.Helper()
	before, _ := w.Audit(w.ctx, 0, 1000)
	_, err := w.Resolve(w.ctx, r)
	var no ledger.Refusal
	if !errors.As(err, &no) || !strings.Contains(err.Error(), words) {
		w.t.Errorf("%s of %s by %s: %v, want %q", r.Decision, r.Letter, r.Who, err, words)
	}
	if after, _ := w.Audit(w.ctx, 0, 1000); len(after) != len(before) {
		w.t.Errorf("a refused decision wrote %+v", after[len(before):])
	}
}

// Each decision leads where the table of states says, once, however often it is repeated.
func TestResolve(t *testing.T) {
	for _, tt := range []struct {
		decision ledger.Decision
		want     letter.State
		words    string
		gen      int
	}{
		{ledger.DecideSent, letter.Sent, "sent, says cora: the relay's log says so", 1},
		{ledger.DecideResend, letter.Planned, "to be sent again, says cora: the relay's log says so", 2},
		{ledger.DecideGiveUp, letter.Cancelled, "given up, says cora: the relay's log says so", 1},
	} {
		t.Run(string(tt.decision), func(t *testing.T) {
			ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
				w := newWorld(t, rdb, "KEN")
				c := w.inDoubt("KEN")
				was := w.letter("KEN")
				for i := range 3 {
					got, err := w.Resolve(w.ctx, decision("KEN", tt.decision, "cora (desk)"))
					if err != nil || got.State != tt.want || got.Generation != tt.gen || got.Again != (i > 0) {
						t.Fatalf("decision %d: %+v %v", i, got, err)
					}
				}
				got := w.letter("KEN")
				if got.State != tt.want || got.Words != tt.words || got.Generation != tt.gen || !got.Date.Equal(was.Date) || got.Date.IsZero() {
					t.Errorf("after it: %+v (date was %v)", got, was.Date)
				}
				w.refused(decision("KEN", tt.decision, "dora"), "not in doubt: there is nothing to resolve")
				entries, err := w.Audit(w.ctx, 0, 1000)
				w.ok(nil, err)
				last := entries[len(entries)-1]
				if last.Who != "cora (desk)" || last.What != "resolve" || !strings.Contains(last.Body, "res/KEN/appeal D>") || !strings.Contains(last.Body, "the relay's log says so") {
					t.Errorf("audit: %+v", last)
				}
				d, ok, err := w.Decided(w.ctx, got.ID)
				if !ok || err != nil || d.Decision != tt.decision || d.Who != "cora (desk)" || d.Before != letter.InDoubt || d.Reason != "the relay's log says so" {
					t.Errorf("kept: %+v %v %v", d, ok, err)
				}
				follow, err := w.Following(w.ctx, "res", 10)
				if err != nil || (len(follow) == 1) != (tt.want == letter.Sent) {
					t.Errorf("blocks whose next step is planned: %v %v", follow, err)
				}
				if look, _ := w.Look(w.ctx, "res", 10); len(look) != 0 {
					t.Errorf("to look at still: %v", look)
				}
				w.adds("KEN")
				if tt.decision == ledger.DecideResend {
					again := w.claimOne("KEN")
					if again.Generation != 2 || !again.Date.Equal(c.Date) || again.Attempts != 1 {
						t.Errorf("claimed again as %+v, first as %+v", again, c)
					}
					w.ok(nil, w.beginAs(again))
					if s := w.settleAs(again, letter.Sent); s != letter.Sent {
						t.Errorf("sent again: %s", s)
					}
					w.adds("KEN")
				}
			})
		})
	}
}

// Nobody resolves what they planned or started, under whatever account; nor too early, nor what is no doubt.
func TestResolveRefused(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		w := newWorld(t, rdb, "KEN", "PER", "NER")
		w.inDoubt("KEN")
		w.refused(decision("KEN", ledger.DecideResend, "ann (home)"), "ann planned edition 1 of res; another person resolves its letters: add --as NAME")
		quiet := decision("KEN", ledger.DecideResend, "cora")
		quiet.Quiet = ledger.Quiet
		w.refused(quiet, "its answer or its registry copy may still come; it can be resolved from ")
		w.refused(decision("PER", ledger.DecideSent, "cora"), "res/PER/appeal is planned, not in doubt")
		reminder := decision("PER", ledger.DecideSent, "cora")
		reminder.Letter.Step = "reminder-1"
		w.refused(reminder, "there is no letter res/PER/reminder-1 yet; type: outreach case PER")
		if _, err := w.Resolve(w.ctx, decision("KEN", "perhaps", "cora")); err == nil {
			t.Error("an unknown decision was taken")
		}
		// The one who starts a campaign that another planned.
		w.ok(w.done(w.Plan(w.ctx, "eve", ledger.Edition{Campaign: "two", Hash: editionOne, Steps: []string{"appeal"}, Donors: 1, Inputs: "in"})))
		w.ok(w.Approve(w.ctx, "bea", "two", editionOne, nil))
		w.ok(w.Lay(w.ctx, "eve", "two", "appeal", editionOne, []ledger.Row{{Block: "KEN-0", Donors: []string{"KEN"}}}, true, true))
		w.ok(w.Switch(w.ctx, "fay (desk)", "two", ledger.Start, ""))
		got, err := w.Claim(w.ctx, letter.Block{Campaign: "two", Step: "appeal", Name: "KEN-0"}, ledger.Nonce(w.worker), 1, ledger.Pace{})
		if err != nil || len(got.Letters) != 1 {
			t.Fatal(got, err)
		}
		w.ok(nil, w.beginAs(got.Letters[0]))
		w.settleAs(got.Letters[0], letter.InDoubt)
		r := decision("KEN", ledger.DecideSent, "fay (home)")
		r.Letter.Campaign = "two"
		w.refused(r, "fay (desk) started two; another person resolves its letters: add --as NAME")
		w.adds("KEN", "PER", "NER")
	})
}

// A letter to be sent again is cancelled when its case has an answer, or its campaign was cancelled.
func TestResolveAfterStop(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		w := newWorld(t, rdb, "KEN", "PER")
		w.inDoubt("KEN")
		w.inDoubt("PER")
		w.ok(w.Record(w.ctx, "res", "KEN", "KEN-0", []string{"appeal", "reminder-1"}, ledger.Entry{Kind: "reply", By: "ann", At: time.Now()}))
		for range 2 {
			got, err := w.Resolve(w.ctx, decision("KEN", ledger.DecideResend, "cora"))
			if err != nil || got.State != letter.Cancelled {
				t.Fatalf("after an answer: %+v %v", got, err)
			}
		}
		w.ok(w.Switch(w.ctx, "ann", "res", ledger.Cancel, ""))
		got, err := w.Resolve(w.ctx, decision("PER", ledger.DecideResend, "cora"))
		if err != nil || got.State != letter.Cancelled {
			t.Fatalf("of a cancelled campaign: %+v %v", got, err)
		}
		w.adds("KEN", "PER")
	})
}

// A refused letter goes out again to a corrected address only, in an edition approved since, as a letter of a new date.
func TestResolveRefusedLetter(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		w := newWorld(t, rdb, "KEN")
		c := w.claimOne("KEN")
		w.ok(nil, w.beginAs(c))
		w.settleAs(c, letter.Refused)
		r := decision("KEN", ledger.DecideResend, "cora")
		w.refused(r, "the address of KEN is the one that failed; correct it in the contacts, type: outreach plan res")
		r.Corrected = editionOne
		w.refused(r, "the address of KEN is the one that failed")
		w.refused(decision("KEN", ledger.DecideSent, "cora"), "res/KEN/appeal is refused, not in doubt: there is nothing to resolve; it can only be sent again, to a corrected address: outreach resolve res/KEN/appeal resend")
		w.plan(editionTwo, "KEN")
		r.Corrected = editionTwo
		w.refused(r, "the address of KEN is the one that failed") // it waits for approval
		w.ok(w.Approve(w.ctx, "bea", "res", editionTwo, nil))
		w.lay(editionTwo, "KEN")
		w.refused(ledger.Resolution{Letter: r.Letter, Block: r.Block, Decision: r.Decision, Who: "ann", Reason: r.Reason, Corrected: editionTwo}, "ann planned edition 1 of res")
		for i := range 2 {
			got, err := w.Resolve(w.ctx, r)
			if err != nil || got.State != letter.Planned || got.Generation != 2 || got.Again != (i > 0) {
				t.Fatalf("decision %d: %+v %v", i, got, err)
			}
		}
		// The copy of the letter to the address before says nothing of this one.
		found, err := w.Evidence(w.ctx, "inbox", []ledger.Evidence{copyOf("KEN", "old", c.Date)})
		if err != nil || found[0].Finding != ledger.FoundWeak {
			t.Errorf("copy of the first generation: %+v %v", found, err)
		}
		again := w.claimOne("KEN")
		if again.Generation != 2 || again.Attempts != 0 || again.Edition != editionTwo {
			t.Errorf("claimed again as %+v", again)
		}
		w.ok(nil, w.beginAs(again))
		old := copyOf("KEN", "old", c.Date.Add(-time.Hour))
		if found, err = w.Evidence(w.ctx, "inbox", []ledger.Evidence{old}); err != nil || found[0].Finding != ledger.FoundEarlier {
			t.Errorf("copy of another date: %+v %v", found, err)
		}
		if s := w.settleAs(again, letter.InDoubt); s != letter.InDoubt {
			t.Errorf("a copy of the letter before made it %s", s)
		}
		w.adds("KEN")
	})
}

// Doubts are listed first and all, however many other letters want a look.
func TestDoubtsFirst(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		w := newWorld(t, rdb, "KEN", "NER", "PER", "FRA")
		for _, d := range []string{"KEN", "NER"} {
			c := w.claimOne(d)
			w.ok(nil, w.beginAs(c))
			w.settleAs(c, letter.Refused)
		}
		w.inDoubt("PER")
		w.inDoubt("FRA")
		ids, err := w.Doubts(w.ctx, "res", 10)
		if err != nil || len(ids) != 2 || ids[0].Donor == "KEN" || ids[1].Donor == "KEN" {
			t.Errorf("doubts: %v %v", ids, err)
		}
		look, err := w.Look(w.ctx, "res", 2)
		if err != nil || len(look) != 2 || look[0] != ids[0] || look[1] != ids[1] {
			t.Errorf("to look at: %v %v", look, err)
		}
	})
}
