package ledger_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"outreach.example/ledger"
	"outreach.example/ledger/ledgertest"
	"outreach.example/letter"
)

func copyOf(donor, copy string, date time.Time) ledger.Evidence {
	return ledger.Evidence{
		Letter: letter.ID{Campaign: "res", Donor: donor, Step: "appeal"}, Block: donor + "-0", Copy: copy, Date: date, Words: "registry copy",
	}
}

// read notes one copy twice, as after a lost reply, and wants this of the first.
func (w *world) read(e ledger.Evidence, finding ledger.Finding, before letter.State) {
	w.t.Helper()
	got, err := w.Evidence(w.ctx, "inbox", []ledger.Evidence{e})
	if err != nil || len(got) != 1 || got[0] != (ledger.Noted{Finding: finding, Before: before}) {
		w.t.Errorf("copy %s of %s: %+v %v, want %s of a letter %s", e.Copy, e.Letter, got, err, finding, before)
	}
	was := w.letter(e.Letter.Donor)
	seq, _ := w.Open(w.ctx)
	got, err = w.Evidence(w.ctx, "inbox", []ledger.Evidence{e})
	if want := ledger.FoundAgain; err != nil || finding != ledger.FoundWeak && finding != ledger.FoundEarlier && got[0].Finding != want {
		w.t.Errorf("copy %s of %s again: %+v %v", e.Copy, e.Letter, got, err)
	}
	if now := w.letter(e.Letter.Donor); now != was {
		w.t.Errorf("read again: %+v, was %+v", now, was)
	}
	if now, _ := w.Open(w.ctx); now != seq {
		w.t.Errorf("read again: the ledger went from %+v to %+v", seq, now)
	}
}

// A registry copy settles a doubt by itself, and the next step follows.
func TestEvidenceSettlesDoubt(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		w := newWorld(t, rdb, "KEN")
		c := w.inDoubt("KEN")
		e := copyOf("KEN", "a", c.Date)
		e.Taken = time.Now().Add(-time.Second)
		w.read(e, ledger.FoundSent, letter.InDoubt)
		got := w.letter("KEN")
		if got.State != letter.Sent || got.Words != "registry copy" || got.Since.UnixMilli() != e.Taken.UnixMilli() || got.Proof.Copies != 1 || got.Proof.Twice {
			t.Errorf("letter: %+v", got)
		}
		follow, err := w.Following(w.ctx, "res", 10)
		if err != nil || len(follow) != 1 {
			t.Fatalf("follow: %v %v", follow, err)
		}
		if n, err := w.Advance(w.ctx, follow[0], "reminder-1", []ledger.Next{{Donor: "KEN", Due: time.Now().Add(time.Hour)}}); n != 1 || err != nil {
			t.Errorf("next step: %d planned, %v", n, err)
		}
		// The worker's late answer finds it so.
		if s := w.settleAs(c, letter.Sent); s != letter.Sent {
			t.Errorf("late answer: %s", s)
		}
		if n, err := w.Copies(w.ctx, "res"); err != nil || n["appeal"] != 1 {
			t.Errorf("copies: %v %v", n, err)
		}
		w.adds("KEN")
	})
}

// A copy read before the worker's answer is kept: no way of losing that answer leaves a doubt.
func TestEvidenceBeforeAnswer(t *testing.T) {
	for _, tt := range []struct {
		name string
		lose func(w *world, c ledger.Claim) letter.State
		want letter.State
	}{
		{"no answer", func(w *world, c ledger.Claim) letter.State { return w.settleAs(c, letter.InDoubt) }, letter.Sent},
		{"dead worker", func(w *world, c ledger.Claim) letter.State {
			w.ok(nil, w.Leave(w.ctx, w.worker))
			swept, err := w.Sweep(w.ctx)
			if err != nil || swept != (ledger.Swept{}) {
				w.t.Errorf("swept %+v %v", swept, err)
			}
			return w.state(c.ID.Donor)
		}, letter.Sent},
		{"a definite no", func(w *world, c ledger.Claim) letter.State { return w.settleAs(c, letter.Planned) }, letter.Sent},
		{"an answer", func(w *world, c ledger.Claim) letter.State { return w.settleAs(c, letter.Sent) }, letter.Sent},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
				w := newWorld(t, rdb, "KEN")
				c := w.claimOne("KEN")
				w.ok(nil, w.beginAs(c))
				w.read(copyOf("KEN", "a", c.Date), ledger.FoundNoted, letter.Sending)
				if s := w.state("KEN"); s != letter.Sending {
					t.Errorf("the copy made it %s", s)
				}
				if s := tt.lose(w, c); s != tt.want {
					t.Errorf("then it is %s, want %s", s, tt.want)
				}
				tt.lose(w, c) // a repeated call says what it was asked for, and changes nothing
				if s := w.state("KEN"); s != tt.want {
					t.Errorf("it ends as %s", s)
				}
				if follow, _ := w.Following(w.ctx, "res", 10); len(follow) != 1 {
					t.Errorf("follow: %v", follow)
				}
				w.adds("KEN")
			})
		})
	}
}

// A copy that arrives after a resend was decided and before it left: sent, and begin lets nothing more pass.
func TestEvidenceBeatsResend(t *testing.T) {
	for _, claimed := range []bool{false, true} {
		t.Run(fmt.Sprintf("claimed %v", claimed), func(t *testing.T) {
			ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
				w := newWorld(t, rdb, "KEN")
				first := w.inDoubt("KEN")
				w.ok(w.Resolve(w.ctx, decision("KEN", ledger.DecideResend, "cora")))
				before, second := letter.Planned, ledger.Claim{}
				if claimed {
					second, before = w.claimOne("KEN"), letter.Claimed
				}
				w.read(copyOf("KEN", "a", first.Date), ledger.FoundSent, before)
				if claimed {
					var no ledger.NotGranted
					if err := w.beginAs(second); !errors.As(err, &no) {
						t.Errorf("begin of a letter that evidence shows sent: %v", err)
					}
					w.ok(nil, w.Unclaim(w.ctx, []ledger.Claim{second}, 0, "not granted"))
				}
				if got := w.claim("KEN"); len(got.Letters) != 0 {
					t.Errorf("claimed again: %+v", got)
				}
				got := w.letter("KEN")
				if got.State != letter.Sent || got.Generation != 2 || got.Proof.Twice {
					t.Errorf("letter: %+v", got)
				}
				swept, err := w.Sweep(w.ctx)
				if err != nil || swept != (ledger.Swept{}) {
					t.Errorf("swept %+v %v", swept, err)
				}
				// One copy was sent on purpose. A second one is one too many.
				w.read(copyOf("KEN", "b", first.Date), ledger.FoundTwice, letter.Sent)
				if got := w.letter("KEN"); !got.Proof.Twice || got.Proof.Copies != 2 {
					t.Errorf("letter: %+v", got)
				}
				if odd, err := w.Odd(w.ctx, "res", 10); err != nil || len(odd) != 1 || odd[0].Donor != "KEN" {
					t.Errorf("odd: %v %v", odd, err)
				}
				w.adds("KEN")
			})
		})
	}
}

// A resend that left has two copies by right, and a third is one too many.
func TestTwiceCountsGenerations(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		w := newWorld(t, rdb, "KEN")
		c := w.inDoubt("KEN")
		w.ok(w.Resolve(w.ctx, decision("KEN", ledger.DecideResend, "cora")))
		second := w.claimOne("KEN")
		w.ok(nil, w.beginAs(second))
		w.settleAs(second, letter.Sent)
		w.read(copyOf("KEN", "a", c.Date), ledger.FoundNoted, letter.Sent)
		w.read(copyOf("KEN", "b", c.Date), ledger.FoundNoted, letter.Sent)
		w.read(copyOf("KEN", "c", c.Date), ledger.FoundTwice, letter.Sent)
		for i := range 20 { // bounded
			w.ok(w.Evidence(w.ctx, "inbox", []ledger.Evidence{copyOf("KEN", fmt.Sprintf("more%d", i), c.Date)}))
		}
		if got := w.letter("KEN"); got.Proof.Copies != 9 || !got.Proof.Twice {
			t.Errorf("letter: %+v", got)
		}
		w.read(copyOf("KEN", "a", c.Date), ledger.FoundAgain, letter.Sent)
	})
}

// A letter that never left is settled by its own content only; after a restore that is how it is known to have left.
func TestEvidenceOfPlanned(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		w := newWorld(t, rdb, "KEN", "PER")
		date := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
		w.read(copyOf("KEN", "a", date), ledger.FoundWeak, letter.Planned)
		exact := copyOf("KEN", "a", date)
		exact.Exact = true
		w.read(exact, ledger.FoundSent, letter.Planned)
		if got := w.letter("KEN"); got.State != letter.Sent || !got.Date.Equal(date) {
			t.Errorf("letter: %+v", got)
		}
		if got := w.claim("KEN"); len(got.Letters) != 0 {
			t.Errorf("claimed: %+v", got)
		}
		c := w.claimOne("PER")
		w.read(copyOf("PER", "a", c.Date), ledger.FoundWeak, letter.Claimed)
		exact = copyOf("PER", "a", date)
		exact.Exact = true
		w.read(exact, ledger.FoundSent, letter.Claimed)
		var no ledger.NotGranted
		if err := w.beginAs(c); !errors.As(err, &no) {
			t.Errorf("begin: %v", err)
		}
		w.adds("KEN", "PER")
	})
}

// Evidence of a step that is not planned yet is kept, and the step is sent as soon as it would be planned.
func TestEvidenceBeforeRow(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		w := newWorld(t, rdb, "KEN")
		date := time.Now().Add(-time.Hour).Truncate(time.Second)
		e := copyOf("KEN", "a", date)
		e.Letter.Step, e.Exact = "reminder-1", true
		for i, want := range []ledger.Finding{ledger.FoundNoted, ledger.FoundAgain} {
			if got, err := w.Evidence(w.ctx, "inbox", []ledger.Evidence{e}); err != nil || got[0] != (ledger.Noted{Finding: want}) {
				t.Errorf("time %d: %+v %v", i, got, err)
			}
		}
		c := w.claimOne("KEN")
		w.ok(nil, w.beginAs(c))
		w.settleAs(c, letter.Sent)
		for range 2 {
			follow, _ := w.Following(w.ctx, "res", 1)
			w.ok(w.Advance(w.ctx, follow[0], "reminder-1", []ledger.Next{{Donor: "KEN", Due: time.Now()}}))
		}
		got, ok, err := w.Letter(w.ctx, letter.Block{Campaign: "res", Step: "reminder-1", Name: "KEN-0"}, "KEN")
		if !ok || err != nil || got.State != letter.Sent || !got.Date.Equal(date) {
			t.Errorf("reminder: %+v %v %v", got, ok, err)
		}
		w.adds("KEN")
	})
}

// What ended otherwise keeps its state, and the copy is shown.
func TestEvidenceOfEnded(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		w := newWorld(t, rdb, "KEN", "PER")
		c := w.claimOne("KEN")
		w.ok(nil, w.beginAs(c))
		w.settleAs(c, letter.Refused)
		w.read(copyOf("KEN", "a", c.Date), ledger.FoundOdd, letter.Refused)
		p := w.inDoubt("PER")
		w.ok(w.Resolve(w.ctx, decision("PER", ledger.DecideGiveUp, "cora")))
		w.read(copyOf("PER", "a", p.Date), ledger.FoundOdd, letter.Cancelled)
		if odd, err := w.Odd(w.ctx, "res", 10); err != nil || len(odd) != 2 {
			t.Errorf("odd: %v %v", odd, err)
		}
		if w.state("KEN") != letter.Refused || w.state("PER") != letter.Cancelled {
			t.Errorf("%s, %s", w.state("KEN"), w.state("PER"))
		}
		w.adds("KEN", "PER")
	})
}

// Proof that is no copy settles as well, and is no second copy.
func TestEvidenceThatIsNoCopy(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		w := newWorld(t, rdb, "KEN")
		c := w.inDoubt("KEN")
		w.ok(w.Resolve(w.ctx, decision("KEN", ledger.DecideResend, "cora")))
		e := copyOf("KEN", "", time.Time{})
		e.Words = "250 2.0.0 taken, read late"
		w.read(e, ledger.FoundSent, letter.Planned)
		w.read(copyOf("KEN", "a", c.Date), ledger.FoundNoted, letter.Sent)
		if got := w.letter("KEN"); got.State != letter.Sent || got.Proof.Twice || !got.Proof.Other || got.Proof.Copies != 1 {
			t.Errorf("letter: %+v", got)
		}
		w.adds("KEN")
	})
}

// The first worker's late answer, after a person decided to send again: sent, whoever holds the letter now.
func TestLateAnswer(t *testing.T) {
	for _, claimed := range []bool{false, true} {
		t.Run(fmt.Sprintf("claimed %v", claimed), func(t *testing.T) {
			ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
				w := newWorld(t, rdb, "KEN")
				first := w.inDoubt("KEN")
				w.ok(w.Resolve(w.ctx, decision("KEN", ledger.DecideResend, "cora")))
				var second ledger.Claim
				if claimed {
					second = w.claimOne("KEN")
				}
				late := ledger.Settlement{Claim: first, To: letter.Sent, Words: "250 2.0.0 taken"}
				var no ledger.NotGranted
				if _, err := w.Settle(w.ctx, late); !errors.As(err, &no) {
					t.Errorf("settle: %v", err)
				}
				for range 2 {
					if noted, err := w.Late(w.ctx, late); !noted || err != nil {
						t.Errorf("late answer: %v %v", noted, err)
					}
				}
				if got := w.letter("KEN"); got.State != letter.Sent || got.Words != "250 2.0.0 taken" {
					t.Errorf("letter: %+v", got)
				}
				if err := w.beginAs(second); claimed && !errors.As(err, &no) {
					t.Errorf("begin: %v", err)
				}
				w.adds("KEN")
			})
		})
	}
}

// Registry copies are remembered as read, whatever their number, and what they came to is counted.
func TestCopiesRead(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		l := ledger.New(rdb)
		copies := []uint64{0, 1, 1 << 63, ^uint64(0), 12345678901234567890}
		unread, err := l.Unread(t.Context(), copies)
		if err != nil || fmt.Sprint(unread) != "[true true true true true]" {
			t.Fatal(unread, err)
		}
		for range 2 {
			if err := l.Read(t.Context(), copies[:3], map[string]int{"unknown": 2}); err != nil {
				t.Fatal(err)
			}
		}
		if unread, err = l.Unread(t.Context(), copies); err != nil || fmt.Sprint(unread) != "[false false false true true]" {
			t.Error(unread, err)
		}
		r, err := l.Reading(t.Context())
		if err != nil || r.At.IsZero() || r.Found["unknown"] != 4 {
			t.Errorf("%+v %v", r, err)
		}
	})
}
