package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"

	"outreach.example/ledger"
	"outreach.example/ledger/ledgertest"
	"outreach.example/letter"
)

const editionOne, editionTwo = "1111111111111111", "2222222222222222"

// world is a ledger with one running campaign of two steps whose donors lie in blocks of their own.
type world struct {
	*ledger.Ledger
	t      *testing.T
	ctx    context.Context
	worker string
}

func newWorld(t *testing.T, rdb *redis.Client, donors ...string) *world {
	t.Helper()
	w := &world{Ledger: ledger.New(rdb), t: t, ctx: context.Background(), worker: ledger.WorkerName()}
	if _, err := w.Open(w.ctx); err != nil {
		t.Fatal(err)
	}
	w.plan(editionOne, donors...)
	w.ok(w.Approve(w.ctx, "bea", "res", editionOne, []ledger.StepApproval{{Step: "reminder-1", Until: time.Now().Add(time.Hour)}}))
	w.ok(w.Switch(w.ctx, "ann", "res", ledger.Start, ""))
	w.ok(w.Renew(w.ctx, w.worker, time.Minute, true))
	return w
}

func (w *world) ok(_ any, err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func block(donor string) letter.Block {
	return letter.Block{Campaign: "res", Step: "appeal", Name: donor + "-0"}
}

func (w *world) plan(edition string, donors ...string) {
	w.t.Helper()
	w.ok(w.done(w.Plan(w.ctx, "ann", ledger.Edition{Campaign: "res", Hash: edition, Steps: []string{"appeal", "reminder-1"}, Donors: len(donors), Inputs: "in"})))
	if c, _ := w.Campaign(w.ctx, "res"); c.Edition != "" && c.Edition != edition {
		return // rows of a later edition are laid once it is approved
	}
	w.lay(edition, donors...)
}

func (w *world) done(n int, _ bool, err error) (any, error) { return n, err }

func (w *world) lay(edition string, donors ...string) ledger.Laid {
	w.t.Helper()
	var rows []ledger.Row
	for _, d := range donors {
		rows = append(rows, ledger.Row{Block: d + "-0", Group: "African Group", Region: "Africa", Donors: []string{d}})
	}
	laid, err := w.Lay(w.ctx, "ann", "res", "appeal", edition, rows, true, true)
	if err != nil {
		w.t.Fatal(err)
	}
	return laid
}

func (w *world) claim(donor string) ledger.Claims {
	w.t.Helper()
	got, err := w.Claim(w.ctx, block(donor), ledger.Nonce(w.worker), 10, ledger.Pace{Relay: "main"})
	if err != nil {
		w.t.Fatal(err)
	}
	return got
}

func (w *world) claimOne(donor string) ledger.Claim {
	w.t.Helper()
	got := w.claim(donor)
	if len(got.Letters) != 1 {
		w.t.Fatalf("claim of %s: %+v, want one letter", donor, got)
	}
	return got.Letters[0]
}

func (w *world) beginAs(c ledger.Claim) error {
	_, err := w.grant(c)
	return err
}

func (w *world) grant(c ledger.Claim) (ledger.Granted, error) {
	return w.Begin(w.ctx, ledger.Begin{Claim: c, ContentHash: "c", ByteHash: "b", Addresses: []string{ledger.AddressHash("a@" + c.ID.Donor + ".example")}})
}

func (w *world) settleAs(c ledger.Claim, to letter.State) letter.State {
	w.t.Helper()
	got, err := w.Settle(w.ctx, ledger.Settlement{Claim: c, To: to, Words: "250 2.0.0 ok"})
	if err != nil {
		w.t.Fatal(err)
	}
	return got
}

func (w *world) state(donor string) letter.State {
	w.t.Helper()
	got, ok, err := w.Letter(w.ctx, block(donor), donor)
	if err != nil || !ok {
		w.t.Fatalf("letter of %s: %v, there: %v", donor, err, ok)
	}
	return got.State
}

// adds asserts invariant I4: the counters are what the rows say, and each open letter lies in an indexed block.
func (w *world) adds(donors ...string) {
	w.t.Helper()
	counted, err := w.Counts(w.ctx, "res")
	if err != nil {
		w.t.Fatal(err)
	}
	for _, step := range []string{"appeal", "reminder-1"} {
		want := ledger.Counts{}
		for _, d := range donors {
			got, ok, err := w.Letter(w.ctx, letter.Block{Campaign: "res", Step: step, Name: d + "-0"}, d)
			if err != nil {
				w.t.Fatal(err)
			}
			if ok {
				want[got.State]++
			}
		}
		for _, s := range letter.States {
			if counted[step][s] != want[s] {
				w.t.Errorf("%s %s: counter says %d, rows say %d", step, s, counted[step][s], want[s])
			}
		}
	}
	w.indexed()
	if got := w.checkup(&ledger.Checker{Whole: true}); len(got.Faults) > 0 {
		w.t.Errorf("the ledger contradicts itself: %+v", got.Faults)
	}
}

// A letter is claimed, begun and settled by one worker only, whoever asks how often.
func TestClaimTwice(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		w := newWorld(t, rdb, "KEN")
		c := w.claimOne("KEN")
		if again := w.claim("KEN"); len(again.Letters) != 0 || again.More {
			t.Errorf("second claim gave %+v", again)
		}
		other := c
		other.Nonce = ledger.Nonce(w.worker)
		var no ledger.NotGranted
		if err := w.beginAs(other); !errors.As(err, &no) {
			t.Errorf("begin with another nonce: %v", err)
		}
		for range 2 { // repeated as after a lost reply: granted once, and again to the same nonce
			if err := w.beginAs(c); err != nil {
				t.Fatal(err)
			}
		}
		got, _, _ := w.Letter(w.ctx, block("KEN"), "KEN")
		if got.Attempts != 1 || got.State != letter.Sending {
			t.Errorf("after two begins: %+v", got)
		}
		for range 2 {
			if s := w.settleAs(c, letter.Sent); s != letter.Sent {
				t.Errorf("settle: %s", s)
			}
		}
		if _, err := w.Settle(w.ctx, ledger.Settlement{Claim: other, To: letter.Refused}); !errors.As(err, &no) {
			t.Errorf("settle with another nonce: %v", err)
		}
		if err := w.beginAs(c); !errors.As(err, &no) {
			t.Errorf("begin of a sent letter: %v", err)
		}
		w.adds("KEN")
	})
}

// A claim whose reply was lost is repeated under its nonce and finds the same letters, and no more.
func TestClaimRepeated(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		w := newWorld(t, rdb)
		donors := []string{"P0", "P1", "P2", "P3"}
		w.ok(w.Lay(w.ctx, "ann", "res", "appeal", editionOne, []ledger.Row{{Block: "none-0", Donors: donors}}, true, true))
		b := letter.Block{Campaign: "res", Step: "appeal", Name: "none-0"}
		nonce := ledger.Nonce(w.worker)
		var first ledger.Claims
		for i := range 3 {
			got, err := w.Claim(w.ctx, b, nonce, 2, ledger.Pace{})
			if err != nil || len(got.Letters) != 2 {
				t.Fatalf("claim %d: %d letters %v", i, len(got.Letters), err)
			}
			if i == 0 {
				first = got
			}
			for j, c := range got.Letters {
				if c.ID != first.Letters[j].ID || !c.Date.Equal(first.Letters[j].Date) {
					t.Errorf("claim %d gave %v, the first %v", i, c, first.Letters[j])
				}
			}
		}
		counts, _ := w.Counts(w.ctx, "res")
		if counts["appeal"][letter.Claimed] != 2 || counts["appeal"][letter.Planned] != 2 {
			t.Errorf("counts %v", counts)
		}
	})
}

// Many workers and goroutines on one block of many letters: every letter is granted exactly once, in gathered calls.
func TestClaimRace(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		w := newWorld(t, rdb)
		var donors []string
		for i := range 100 {
			donors = append(donors, fmt.Sprintf("P%03d", i))
		}
		w.ok(w.Lay(w.ctx, "ann", "res", "appeal", editionOne, []ledger.Row{{Block: "none-0", Donors: donors}}, true, true))
		b := letter.Block{Campaign: "res", Step: "appeal", Name: "none-0"}
		var mu sync.Mutex
		granted := map[string]int{}
		var wg sync.WaitGroup
		for range 5 {
			wg.Go(func() {
				for {
					got, err := w.Claim(w.ctx, b, ledger.Nonce(w.worker), 7, ledger.Pace{Relay: "main"})
					if err != nil || len(got.Letters) == 0 {
						if err != nil {
							t.Error(err)
						}
						return
					}
					var in sync.WaitGroup
					for _, c := range got.Letters {
						in.Go(func() {
							if err := w.beginAs(c); err != nil {
								t.Error(err)
								return
							}
							mu.Lock()
							granted[c.ID.Donor]++
							mu.Unlock()
							if s := w.settleAs(c, letter.Sent); s != letter.Sent {
								t.Error(s)
							}
						})
					}
					in.Wait()
				}
			})
		}
		wg.Wait()
		for _, d := range donors {
			if granted[d] != 1 {
				t.Errorf("%s granted %d times", d, granted[d])
			}
		}
		counts, _ := w.Counts(w.ctx, "res")
		if counts["appeal"][letter.Sent] != 100 || counts["appeal"].Total() != 100 {
			t.Errorf("counts %v", counts)
		}
		if n, _ := rdb.ZCard(w.ctx, "{outreach}:busy").Result(); n != 0 {
			t.Errorf("%d blocks still busy", n)
		}
	})
}

// Whatever a person does between claim and begin wins, and the letter ends where it says.
func TestStopBeatsBegin(t *testing.T) {
	tests := []struct {
		name string
		do   func(w *world) error
		why  string
		then letter.State // after the worker settled it as not sent
	}{
		{"reply", func(w *world) error {
			_, err := w.Record(w.ctx, "res", "KEN", "KEN-0", []string{"appeal", "reminder-1"}, ledger.Entry{Kind: "reply", By: "ann"})
			return err
		}, "the case has an answer", letter.Cancelled},
		{"pause", func(w *world) error { _, err := w.Switch(w.ctx, "ann", "res", ledger.Pause, "wait"); return err },
			"the campaign is not running", letter.Planned},
		{"cancel", func(w *world) error { _, err := w.Switch(w.ctx, "ann", "res", ledger.Cancel, "wrong"); return err },
			"the campaign is not running", letter.Cancelled},
		{"hold donor", func(w *world) error { _, err := w.Hold(w.ctx, "ann", "donor:KEN", time.Time{}, "talks"); return err },
			"the donor is held", letter.Planned},
		{"hold group", func(w *world) error {
			_, err := w.Hold(w.ctx, "ann", "group:African Group", time.Time{}, "summit")
			return err
		}, "the donor is held", letter.Planned},
		{"hold region", func(w *world) error { _, err := w.Hold(w.ctx, "ann", "region:Africa", time.Time{}, "x"); return err },
			"the donor is held", letter.Planned},
		{"hold all", func(w *world) error { _, err := w.Hold(w.ctx, "ann", "all", time.Time{}, "x"); return err },
			"the donor is held", letter.Planned},
		{"suppressed", func(w *world) error {
			_, err := w.Suppress(w.ctx, "ann", "A@KEN.example", ledger.ByHand, "asked")
			return err
		},
			"an address of the letter is suppressed", letter.Planned},
		{"new edition", func(w *world) error {
			w.plan(editionTwo, "KEN")
			_, err := w.Approve(w.ctx, "bea", "res", editionTwo, nil)
			return err
		}, "another edition was approved meanwhile", letter.Planned},
		{"withdrawn", func(w *world) error {
			_, err := w.Withdraw(w.ctx, "ann", "corrected", []string{"people@1"})
			return err
		}, "facts were withdrawn meanwhile; the letter is looked at again", letter.Planned},
		{"lease ended", func(w *world) error { return w.Leave(w.ctx, w.worker) }, "the worker's lease has ended", letter.Planned},
	}
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				rdb.FlushDB(context.Background())
				w := newWorld(t, rdb, "KEN")
				c := w.claimOne("KEN")
				if err := tt.do(w); err != nil {
					t.Fatal(err)
				}
				var no ledger.NotGranted
				if err := w.beginAs(c); !errors.As(err, &no) || no.Why != tt.why {
					t.Fatalf("begin: %v, want %q", err, tt.why)
				}
				if s, err := w.Settle(w.ctx, ledger.Settlement{Claim: c, To: letter.Planned}); err != nil || s != tt.then {
					t.Errorf("settled: %s %v, want %s", s, err, tt.then)
				}
				if s := w.state("KEN"); s != tt.then {
					t.Errorf("state %s, want %s", s, tt.then)
				}
				w.adds("KEN")
			})
		}
	})
}

// A stop that comes after the commit point does not undo it, and says so.
func TestStopAfterBegin(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		w := newWorld(t, rdb, "KEN")
		c := w.claimOne("KEN")
		w.ok(nil, w.beginAs(c))
		e := ledger.Entry{Kind: "pledge", Amount: "1", Currency: "USD", By: "ann", At: time.Now()}
		got, err := w.Record(w.ctx, "res", "KEN", "KEN-0", []string{"appeal", "reminder-1"}, e)
		if err != nil || !cmp.Equal(got.Past, []string{"appeal"}) {
			t.Errorf("record: %+v %v", got, err)
		}
		if again, _ := w.Record(w.ctx, "res", "KEN", "KEN-0", []string{"appeal"}, e); !again.Again {
			t.Error("the same pledge was recorded twice")
		}
		if s := w.settleAs(c, letter.Sent); s != letter.Sent {
			t.Error(s)
		}
		f, _ := w.Following(w.ctx, "res", 10)
		if len(f) != 1 {
			t.Fatalf("following %v", f)
		}
		n, err := w.Advance(w.ctx, f[0], "reminder-1", []ledger.Next{{Donor: "KEN", Due: time.Now()}})
		if err != nil || n != 0 {
			t.Errorf("advance planned %d reminders to a State that pledged (%v)", n, err)
		}
		w.adds("KEN")
		cs, err := w.Case(w.ctx, "res", "KEN")
		if err != nil || cs.Word() != "pledged" || !cs.Stopped || len(cs.Entries) != 1 {
			t.Errorf("case %+v %v", cs, err)
		}
	})
}

// The appeal's reminder is planned once, whoever advances how often, and waits for the appeal to be sent.
func TestAdvanceTwice(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		w := newWorld(t, rdb, "KEN", "PER")
		c := w.claimOne("KEN")
		w.ok(nil, w.beginAs(c))
		w.settleAs(c, letter.Sent)
		f, _ := w.Following(w.ctx, "res", 10)
		if len(f) != 1 || f[0].Block != block("KEN") {
			t.Fatalf("following %v", f)
		}
		due := time.Now().Add(-time.Second)
		total := 0
		for range 3 {
			n, err := w.Advance(w.ctx, f[0], "reminder-1", []ledger.Next{{Donor: "KEN", Due: due}, {Donor: "PER", Due: due}})
			if err != nil {
				t.Fatal(err)
			}
			total += n
		}
		if total != 1 {
			t.Errorf("%d reminders planned, want 1", total)
		}
		if f, _ := w.Following(w.ctx, "res", 10); len(f) != 0 {
			t.Errorf("still following %v", f)
		}
		rb := letter.Block{Campaign: "res", Step: "reminder-1", Name: "KEN-0"}
		got, err := w.Claim(w.ctx, rb, ledger.Nonce(w.worker), 5, ledger.Pace{})
		if err != nil || len(got.Letters) != 1 {
			t.Fatalf("claim of the reminder: %+v %v", got, err)
		}
		if _, err := w.Begin(w.ctx, ledger.Begin{Claim: got.Letters[0], Before: "appeal"}); err != nil {
			t.Error(err)
		}
		w.adds("KEN", "PER")
	})
}

// No reminder passes the commit point while the letter before it is not sent (I11).
func TestReminderWaitsForAppeal(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		w := newWorld(t, rdb, "KEN")
		c := w.claimOne("KEN")
		var no ledger.NotGranted
		_, err := w.Begin(w.ctx, ledger.Begin{Claim: c, Before: "a-step-before"})
		if !errors.As(err, &no) || no.Why != "the step before has not been sent" {
			t.Errorf("begin: %v", err)
		}
	})
}

// A dead worker's claimed letters are planned again and its sending ones are in doubt; a late answer settles the doubt.
func TestDeadWorker(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		w := newWorld(t, rdb, "KEN", "PER", "FRA")
		claimed, sending, other := w.claimOne("KEN"), w.claimOne("PER"), w.claimOne("FRA")
		_ = claimed
		w.ok(nil, w.beginAs(sending))
		w.ok(nil, w.beginAs(other))
		if got, err := w.Sweep(w.ctx); err != nil || got != (ledger.Swept{}) {
			t.Fatalf("sweep of the living: %+v %v", got, err)
		}
		rdb.ZAdd(w.ctx, "{outreach}:workers", redis.Z{Score: 1, Member: w.worker}) // its lease ended long ago
		if ok, err := w.Renew(w.ctx, w.worker, time.Minute, true); err != nil || ok {
			t.Errorf("an ended lease was renewed (%v)", err)
		}
		got, err := w.Sweep(w.ctx)
		if err != nil || got != (ledger.Swept{Planned: 1, InDoubt: 2}) {
			t.Errorf("sweep: %+v %v", got, err)
		}
		if again, _ := w.Sweep(w.ctx); again != (ledger.Swept{}) {
			t.Errorf("second sweep: %+v", again)
		}
		if s := w.state("KEN"); s != letter.Planned {
			t.Errorf("claimed letter is %s", s)
		}
		if s := w.state("PER"); s != letter.InDoubt {
			t.Errorf("sending letter is %s", s)
		}
		due, err := w.Due(w.ctx, []string{"res"}, 10)
		if err != nil || len(due) != 1 || due[0].Block != block("KEN") || due[0].Wake != 2 { // one claim, one death
			t.Errorf("due: %+v %v", due, err)
		}
		look, _ := w.Look(w.ctx, "res", 10)
		if len(look) != 2 {
			t.Errorf("to look at: %v", look)
		}
		w.adds("KEN", "PER", "FRA")
		if s := w.settleAs(sending, letter.Sent); s != letter.Sent {
			t.Errorf("late answer: %s", s)
		}
		if s := w.settleAs(other, letter.Planned); s != letter.Planned {
			t.Errorf("late refusal for now: %s", s)
		}
		if look, _ := w.Look(w.ctx, "res", 10); len(look) != 0 {
			t.Errorf("still to look at: %v", look)
		}
		w.adds("KEN", "PER", "FRA")
	})
}

// A worker that leaves with letters in hand is swept at once, as a dead one is.
func TestLeave(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		w := newWorld(t, rdb, "KEN", "PER")
		w.claimOne("KEN")
		w.ok(nil, w.beginAs(w.claimOne("PER")))
		w.ok(nil, w.Leave(w.ctx, w.worker))
		if got, err := w.Sweep(w.ctx); err != nil || got != (ledger.Swept{Planned: 1, InDoubt: 1}) {
			t.Errorf("sweep: %+v %v", got, err)
		}
		w.adds("KEN", "PER")
	})
}

// A live worker's letter without an answer is in doubt after its time.
func TestNoAnswer(t *testing.T) {
	m := ledgertest.Mini(t)
	w := newWorld(t, ledgertest.Client(t, m.Addr()), "KEN")
	c := w.claimOne("KEN")
	w.ok(nil, w.beginAs(c))
	m.SetTime(time.Now().Add(12 * time.Minute))
	m.ZAdd("{outreach}:workers", float64(time.Now().Add(time.Hour).UnixMilli()), w.worker)
	if got, err := w.Sweep(w.ctx); err != nil || got != (ledger.Swept{}) {
		t.Errorf("after 12 minutes: %+v %v", got, err)
	}
	m.SetTime(time.Now().Add(13*time.Minute + time.Second))
	if got, err := w.Sweep(w.ctx); err != nil || got != (ledger.Swept{InDoubt: 1}) {
		t.Errorf("after 13 minutes: %+v %v", got, err)
	}
}

// Planning may be cut off and repeated; a start before its end is refused.
func TestPlanCutOff(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		l := ledger.New(rdb)
		ctx := context.Background()
		e := ledger.Edition{Campaign: "res", Hash: editionOne, Steps: []string{"appeal"}, Donors: 2}
		row := func(d string) ledger.Row { return ledger.Row{Block: d + "-0", Donors: []string{d}} }
		for range 2 {
			if _, _, err := l.Plan(ctx, "ann", e); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := l.Lay(ctx, "ann", "res", "appeal", editionOne, []ledger.Row{row("KEN")}, true, false); err != nil {
			t.Fatal(err)
		}
		var no ledger.Refusal
		if _, err := l.Approve(ctx, "ann", "res", editionOne, nil); !errors.As(err, &no) || !strings.Contains(string(no), "another person approves it") {
			t.Errorf("own approval: %v", err)
		}
		if _, err := l.Approve(ctx, "bea", "res", editionTwo, nil); !errors.As(err, &no) {
			t.Errorf("approval of another edition: %v", err)
		}
		if again, err := l.Approve(ctx, "bea", "res", editionOne, nil); err != nil || again {
			t.Fatal(again, err)
		}
		if again, err := l.Approve(ctx, "bea", "res", editionOne, nil); err != nil || !again {
			t.Errorf("second approval: again %v, %v", again, err)
		}
		if _, err := l.Switch(ctx, "ann", "res", ledger.Start, ""); !errors.As(err, &no) || !strings.Contains(string(no), "cut off") {
			t.Errorf("start of a half laid campaign: %v", err)
		}
		laid, err := l.Lay(ctx, "ann", "res", "appeal", editionOne, []ledger.Row{row("KEN"), row("PER")}, true, true)
		if err != nil || laid != (ledger.Laid{New: 1}) {
			t.Errorf("laid %+v %v", laid, err)
		}
		first, err := l.Switch(ctx, "ann", "res", ledger.Start, "")
		second, err2 := l.Switch(ctx, "ann", "res", ledger.Start, "")
		if err != nil || err2 != nil || first.Again || !second.Again {
			t.Errorf("start twice: %+v %v, %+v %v", first, err, second, err2)
		}
	})
}

// Whoever imported rows of an edition wrote it, until an edition with these rows is approved.
func TestImportersApproveNothing(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		l := ledger.New(rdb)
		ctx := context.Background()
		plan := func(hash, last string, importers ...string) {
			t.Helper()
			e := ledger.Edition{Campaign: "res", Hash: hash, Steps: []string{"appeal"}, Donors: 1, Import: last, Importers: importers}
			for range 2 {
				if _, _, err := l.Plan(ctx, "ann", e); err != nil {
					t.Fatal(err)
				}
			}
		}
		approve := func(hash, who, want string) {
			t.Helper()
			_, err := l.Approve(ctx, who, "res", hash, nil)
			if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
				t.Errorf("approval by %s: %v, want %q", who, err, want)
			}
		}
		plan(editionOne, "2", "Bea (console)", "cid", "José Diaz")
		approve(editionOne, "JOSE\u0301 DIAZ (desk)", "José Diaz imported rows")
		if c, err := l.Campaign(ctx, "res"); err != nil || strings.Join(c.Importers, ", ") != "Bea (console), cid, José Diaz" || c.Import != "" {
			t.Errorf("it waits with %q, %q, %v", c.Importers, c.Import, err)
		}
		approve(editionOne, "bea", "Bea (console) imported rows of this edition of res")
		approve(editionOne, "\u00a0BEA", "Bea (console) imported rows of this edition of res") // a space that is none of ASCII's
		approve(editionOne, "Cid (desk)", "cid imported rows of this edition of res")
		approve(editionOne, "ann", "ann planned this edition of res")
		approve(editionOne, "dan", "")
		if c, err := l.Campaign(ctx, "res"); err != nil || c.Import != "2" || len(c.Importers) > 0 {
			t.Errorf("approved with the imports up to %q, %q, %v", c.Import, c.Importers, err)
		}
		plan(editionTwo, "2")
		approve(editionTwo, "bea", "")
	})
}

// A new edition beside the running one changes nothing until it is approved; then donors come, go, and withheld letters
// are planned again.
func TestNewEdition(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		w := newWorld(t, rdb, "KEN", "PER", "FRA")
		c := w.claimOne("KEN")
		w.ok(nil, w.Withhold(w.ctx, c, "contact has no salutation"))
		w.ok(nil, w.Withhold(w.ctx, c, "contact has no salutation"))
		if s := w.state("KEN"); s != letter.Withheld {
			t.Fatal(s)
		}
		w.plan(editionTwo, "KEN", "FRA", "TGO")
		var no ledger.Refusal
		if _, err := w.Lay(w.ctx, "ann", "res", "appeal", editionTwo, nil, true, true); !errors.As(err, &no) {
			t.Errorf("rows of an edition nobody approved: %v", err)
		}
		if got := w.claimOne("PER"); got.Edition != editionOne {
			t.Errorf("claimed under %s", got.Edition)
		}
		w.ok(w.Approve(w.ctx, "bea", "res", editionTwo, nil))
		if got := w.claim("FRA"); got.Why == "" {
			t.Errorf("claimed before the rows of the new edition are laid: %+v", got)
		}
		rows := []ledger.Row{{Block: "KEN-0", Donors: []string{"KEN"}}, {Block: "FRA-0", Donors: []string{"FRA"}}, {Block: "TGO-0", Donors: []string{"TGO"}}, {Block: "PER-0"}}
		laid, err := w.Lay(w.ctx, "ann", "res", "appeal", editionTwo, rows, true, true)
		if err != nil || laid.New != 1 || laid.Cancelled != 0 { // PER is claimed; its worker gives it back
			t.Errorf("laid %+v %v", laid, err)
		}
		if again, _ := w.Lay(w.ctx, "ann", "res", "appeal", editionTwo, rows, true, true); again.New != 0 || again.Cancelled != 0 {
			t.Errorf("laid again %+v", again)
		}
		if got := w.claimOne("KEN"); got.Edition != editionTwo {
			t.Errorf("claimed under %s", got.Edition)
		}
		w.adds("KEN", "PER", "FRA", "TGO")
	})
}

// Nobody approves their own work, also when somebody else planned the same edition again after them.
func TestOwnWorkPlannedAgain(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		w := newWorld(t, rdb, "KEN")
		e := ledger.Edition{Campaign: "res", Steps: []string{"appeal", "reminder-1"}, Donors: 1}
		for _, p := range []struct{ who, hash string }{{"cid (a)", editionTwo}, {"dan (a)", "3333333333333333"}, {"dan (a)", editionTwo}} {
			e.Hash = p.hash
			w.ok(w.done(w.Plan(w.ctx, p.who, e)))
		}
		var no ledger.Refusal
		for _, who := range []string{"cid (another account)", "dan (a)"} {
			if _, err := w.Approve(w.ctx, who, "res", editionTwo, nil); !errors.As(err, &no) {
				t.Errorf("%s approved their own work: %v", who, err)
			}
		}
		w.ok(w.Approve(w.ctx, "eve (a)", "res", editionTwo, nil))
	})
}

// An edition may add steps at the end; it may not remove, rename or move those that letters were written of.
func TestStepsOfANewEdition(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		w := newWorld(t, rdb, "KEN")
		var no ledger.Refusal
		for _, steps := range [][]string{{"appeal"}, {"reminder-1", "appeal"}, {"appeal", "reminder-0", "reminder-1"}, {"appeal", "reminder-10"}} {
			if _, _, err := w.Plan(w.ctx, "ann", ledger.Edition{Campaign: "res", Hash: editionTwo, Steps: steps}); !errors.As(err, &no) {
				t.Errorf("steps %v: %v", steps, err)
			}
		}
		c := w.claimOne("KEN")
		w.ok(nil, w.beginAs(c))
		w.ok(w.Settle(w.ctx, ledger.Settlement{Claim: c, To: letter.Sent, Last: true}))
		w.ok(w.done(w.Plan(w.ctx, "ann", ledger.Edition{Campaign: "res", Hash: editionTwo, Steps: []string{"appeal", "reminder-1", "reminder-2"}})))
		w.ok(w.Approve(w.ctx, "bea", "res", editionTwo, nil))
		w.lay(editionTwo, "KEN")
		if f, _ := w.Following(w.ctx, "res", 5); len(f) != 1 {
			t.Errorf("following %v: what was sent before the step was added has no next step", f)
		}
	})
}

// Held letters have no place in the index, and get it back when the hold is freed.
func TestHoldAndFree(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		w := newWorld(t, rdb, "KEN")
		for i := range 2 {
			again, err := w.Hold(w.ctx, "ann", "group:African Group", time.Time{}, "summit")
			if err != nil || again != (i == 1) {
				t.Errorf("hold %d: again %v %v", i, again, err)
			}
		}
		if got := w.claim("KEN"); len(got.Letters) != 0 {
			t.Fatalf("claimed a held letter: %+v", got)
		}
		if n, _ := rdb.ZCard(w.ctx, "{outreach}:due:res").Result(); n != 0 {
			t.Error("a held letter has a place in the index")
		}
		for i := range 2 {
			again, err := w.Free(w.ctx, "ann", "group:African Group", "over")
			if err != nil || again != (i == 1) {
				t.Errorf("free %d: again %v %v", i, again, err)
			}
		}
		names, _ := w.ToReindex(w.ctx)
		if len(names) != 1 || names["res"] == "" {
			t.Fatalf("to reindex: %v", names)
		}
		w.ok(nil, w.Reindex(w.ctx, "res", "appeal", []string{"KEN-0"}))
		// A hold freed while the blocks got their places keeps the campaign on the list.
		w.ok(w.Hold(w.ctx, "ann", "all", time.Time{}, "x"))
		w.ok(w.Free(w.ctx, "ann", "all", ""))
		w.ok(nil, w.Reindexed(w.ctx, "res", names["res"]))
		if again, _ := w.ToReindex(w.ctx); len(again) != 1 {
			t.Errorf("off the list although a hold was freed meanwhile")
		} else {
			w.ok(nil, w.Reindexed(w.ctx, "res", again["res"]))
		}
		if left, _ := w.ToReindex(w.ctx); len(left) != 0 {
			t.Errorf("still to reindex: %v", left)
		}
		w.claimOne("KEN")
	})
}

// A hold that a person prolongs while its old end is being carried out stays.
func TestHoldProlonged(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		w := newWorld(t, rdb, "KEN")
		w.ok(w.Hold(w.ctx, "ann", "donor:KEN", time.Now().Add(-time.Minute), "visit"))
		seen, _ := w.Holds(w.ctx)
		w.ok(w.Hold(w.ctx, "ann", "donor:KEN", time.Now().Add(time.Hour), "longer visit"))
		if again, err := w.End(w.ctx, "scheduler", seen["donor:KEN"], "over"); err != nil || !again {
			t.Errorf("the prolonged hold was ended (%v)", err)
		}
		if got := w.claim("KEN"); len(got.Letters) != 0 {
			t.Errorf("claimed %+v", got)
		}
	})
}

// A donor that one edition drops and the next has back is written to.
func TestDroppedAndBack(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		w := newWorld(t, rdb, "KEN", "PER")
		for i, edition := range []string{editionTwo, "3333333333333333"} {
			w.plan(edition, "KEN", "PER")
			w.ok(w.Approve(w.ctx, "bea", "res", edition, nil))
			rows := []ledger.Row{{Block: "KEN-0", Donors: []string{"KEN"}}, {Block: "PER-0"}}
			if i == 1 {
				rows[1].Donors = []string{"PER"}
			}
			w.ok(w.Lay(w.ctx, "ann", "res", "appeal", edition, rows, true, true))
			if want := []letter.State{letter.Cancelled, letter.Planned}[i]; w.state("PER") != want {
				t.Errorf("after edition %d PER is %s, want %s", i+2, w.state("PER"), want)
			}
		}
		w.claimOne("PER")
		w.adds("KEN", "PER")
	})
}

// Two letters of a block sent in the same millisecond both get their next step, though one was not seen by Advance.
func TestAdvanceSameMillisecond(t *testing.T) {
	m := ledgertest.Mini(t)
	w := newWorld(t, ledgertest.Client(t, m.Addr()))
	w.ok(w.Lay(w.ctx, "ann", "res", "appeal", editionOne, []ledger.Row{{Block: "none-0", Donors: []string{"P0", "P1"}}}, true, true))
	b := letter.Block{Campaign: "res", Step: "appeal", Name: "none-0"}
	got, err := w.Claim(w.ctx, b, ledger.Nonce(w.worker), 2, ledger.Pace{})
	if err != nil || len(got.Letters) != 2 {
		t.Fatal(got, err)
	}
	m.SetTime(time.Now())
	for _, c := range got.Letters {
		w.ok(nil, w.beginAs(c))
	}
	w.settleAs(got.Letters[0], letter.Sent)
	f, _ := w.Following(w.ctx, "res", 1)
	w.settleAs(got.Letters[1], letter.Sent)
	w.ok(w.Advance(w.ctx, f[0], "reminder-1", []ledger.Next{{Donor: got.Letters[0].ID.Donor, Due: time.Now()}}))
	if f, _ = w.Following(w.ctx, "res", 1); len(f) != 1 {
		t.Fatal("the block is no longer followed although a letter of it has no next step")
	}
	w.ok(w.Advance(w.ctx, f[0], "reminder-1", []ledger.Next{{Donor: got.Letters[1].ID.Donor, Due: time.Now()}}))
	if f, _ = w.Following(w.ctx, "res", 1); len(f) != 0 {
		t.Errorf("still following %v", f)
	}
}

// A step that a person releases letter by letter waits until another person than its author does; also where the letter
// was planned while the step still had a standing approval.
func TestRelease(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		w := newWorld(t, rdb, "KEN")
		c := w.claimOne("KEN")
		w.ok(nil, w.beginAs(c))
		w.settleAs(c, letter.Sent)
		f, _ := w.Following(w.ctx, "res", 1)
		w.ok(w.Advance(w.ctx, f[0], "reminder-1", []ledger.Next{{Donor: "KEN", Due: time.Now().Add(-time.Minute)}}))
		w.plan(editionTwo, "KEN")
		w.ok(w.Approve(w.ctx, "bea", "res", editionTwo, []ledger.StepApproval{{Step: "reminder-1", Each: true}}))
		w.lay(editionTwo, "KEN")
		rb := letter.Block{Campaign: "res", Step: "reminder-1", Name: "KEN-0"}
		if got, _ := w.Claim(w.ctx, rb, ledger.Nonce(w.worker), 5, ledger.Pace{}); len(got.Letters) != 0 {
			t.Fatalf("claimed without release: %+v", got)
		}
		var no ledger.Refusal
		if _, err := w.Release(w.ctx, "ann", "res", "reminder-1", "KEN", []string{"KEN-0"}); !errors.As(err, &no) {
			t.Errorf("released by the author: %v", err)
		}
		for i := range 2 {
			if n, err := w.Release(w.ctx, "bea", "res", "reminder-1", "", []string{"KEN-0"}); err != nil || n != 1-i {
				t.Errorf("release %d: %d %v", i, n, err)
			}
		}
		if got, _ := w.Claim(w.ctx, rb, ledger.Nonce(w.worker), 5, ledger.Pace{}); len(got.Letters) != 1 {
			t.Errorf("not claimable after release: %+v", got)
		}
	})
}

// The relay's pace is shared by all workers: slots within five seconds are handed out, the rest stays planned.
func TestPace(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		w := newWorld(t, rdb)
		var donors []string
		for i := range 10 {
			donors = append(donors, fmt.Sprintf("P%d", i))
		}
		w.ok(w.Lay(w.ctx, "ann", "res", "appeal", editionOne, []ledger.Row{{Block: "none-0", Donors: donors}}, true, true))
		b := letter.Block{Campaign: "res", Step: "appeal", Name: "none-0"}
		got, err := w.Claim(w.ctx, b, ledger.Nonce(w.worker), 10, ledger.Pace{Relay: "main", Between: 2 * time.Second})
		if err != nil || len(got.Letters) != 3 || got.More {
			t.Fatalf("claim: %+v %v, want 3 letters (0, 2 and 4 s)", got, err)
		}
		if d := got.Letters[2].NotBefore.Sub(got.Letters[0].NotBefore); d != 4*time.Second {
			t.Errorf("third letter %v after the first", d)
		}
		next, _ := w.Claim(w.ctx, b, ledger.Nonce(w.worker), 10, ledger.Pace{Relay: "main", Between: 2 * time.Second})
		if len(next.Letters) != 0 || next.Next.IsZero() {
			t.Errorf("second claim: %+v", next)
		}
	})
}

// Blocks that wait for a slot are woken one after the other.
func TestPaceSpreadsWakes(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		donors := []string{"A0", "B0", "C0", "D0", "E0", "F0"}
		w := newWorld(t, rdb, donors...)
		pace := ledger.Pace{Relay: "main", Between: 4 * time.Second}
		woken := map[int64]bool{}
		for i, d := range donors {
			got, err := w.Claim(w.ctx, block(d), ledger.Nonce(w.worker), 1, pace)
			if err != nil {
				t.Fatal(err)
			}
			if i < 2 {
				if len(got.Letters) != 1 {
					t.Fatalf("%s: %+v", d, got)
				}
				continue
			}
			if len(got.Letters) != 0 || woken[got.Next.UnixMilli()/1000] {
				t.Errorf("%s is woken with another block: %+v", d, got)
			}
			woken[got.Next.UnixMilli()/1000] = true
		}
	})
}

// A letter given back keeps its reason; its date is set anew as long as no begin was granted, and kept afterwards.
func TestDateIsFixedByTheFirstBegin(t *testing.T) {
	m := ledgertest.Mini(t)
	w := newWorld(t, ledgertest.Client(t, m.Addr()), "KEN")
	t0 := time.Now().Truncate(time.Second)
	at := func(d time.Duration) {
		m.SetTime(t0.Add(d))
		m.ZAdd("{outreach}:workers", float64(t0.Add(d+time.Hour).UnixMilli()), w.worker)
	}
	at(0)
	c := w.claimOne("KEN")
	w.ok(nil, w.Unclaim(w.ctx, []ledger.Claim{c}, 0, "no connection"))
	w.ok(nil, w.Unclaim(w.ctx, []ledger.Claim{c}, 0, "no connection"))
	if got, _, _ := w.Letter(w.ctx, block("KEN"), "KEN"); got.Words != "no connection" || got.Attempts != 0 {
		t.Errorf("given back: %+v", got)
	}
	at(48 * time.Hour)
	c = w.claimOne("KEN")
	if !c.Date.Equal(t0.Add(48 * time.Hour)) {
		t.Errorf("date %v", c.Date)
	}
	w.ok(nil, w.beginAs(c))
	w.settleAs(c, letter.Planned)
	at(49 * time.Hour)
	c = w.claimOne("KEN")
	if !c.Date.Equal(t0.Add(48*time.Hour)) || c.Attempts != 1 {
		t.Errorf("second attempt: %+v", c)
	}
	w.adds("KEN")
}

// Cancelling sets a flag at once; what was planned is cancelled block by block.
func TestCancel(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		w := newWorld(t, rdb, "KEN", "PER")
		c := w.claimOne("KEN")
		w.ok(nil, w.beginAs(c))
		got, err := w.Switch(w.ctx, "ann", "res", ledger.Cancel, "wrong year")
		if err != nil || got.Past != 1 || got.Status != "cancelled" {
			t.Errorf("cancel: %+v %v", got, err)
		}
		for i := range 2 {
			n, err := w.Void(w.ctx, "res", "appeal", []string{"KEN-0", "PER-0"}, true)
			if err != nil || n != 1-i {
				t.Errorf("void %d: %d %v", i, n, err)
			}
		}
		w.settleAs(c, letter.Sent)
		w.adds("KEN", "PER")
		var no ledger.Refusal
		if _, err := w.Switch(w.ctx, "ann", "res", ledger.Resume, ""); !errors.As(err, &no) {
			t.Errorf("resume of a cancelled campaign: %v", err)
		}
	})
}

// The audit stream is a chain without gaps, and every transition is in it.
func TestAuditChain(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		w := newWorld(t, rdb, "KEN", "PER")
		c := w.claimOne("KEN")
		w.ok(nil, w.beginAs(c))
		w.settleAs(c, letter.Sent)
		entries, err := w.Audit(w.ctx, 0, 100)
		if err != nil {
			t.Fatal(err)
		}
		var whats []string
		chain := ""
		for i, e := range entries {
			if e.Seq != int64(i+1) {
				t.Errorf("entry %d has seq %d", i+1, e.Seq)
			}
			if want := e.Link(chain); e.Chain != want {
				t.Errorf("entry %d breaks the chain", e.Seq)
			}
			chain = e.Chain
			whats = append(whats, e.What)
		}
		want := []string{"plan", "lay", "approve", "start", "begin", "settle"}
		if d := cmp.Diff(want, whats); d != "" {
			t.Error(d)
		}
		at, err := w.Open(w.ctx)
		if err != nil || at.Chain != chain || at.Seq != int64(len(entries)) {
			t.Errorf("open: %+v %v", at, err)
		}
	})
}

// Every call of a ledger whose connections were prepared by Load is an EVALSHA: the source travels once a connection.
func TestScriptsAreLoaded(t *testing.T) {
	srv := ledgertest.Start(t)
	rdb := redis.NewClient(&redis.Options{Addr: srv.Addr, MaxRetries: -1, OnConnect: ledger.Load})
	defer func() { _ = rdb.Close() }()
	w := newWorld(t, rdb, "KEN")
	w.claimOne("KEN")
	if info := rdb.Info(t.Context(), "commandstats").Val(); strings.Contains(info, "cmdstat_eval:") {
		t.Errorf("a script was sent whole:\n%s", info)
	}
}

// An older program refuses a newer ledger.
func TestNewerSchema(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		l := ledger.New(rdb)
		if _, err := l.Open(t.Context()); err != nil {
			t.Fatal(err)
		}
		rdb.HSet(t.Context(), "{outreach}:meta", "schema", "99")
		if _, err := l.Open(t.Context()); err == nil || !strings.Contains(err.Error(), "newer program") {
			t.Errorf("open: %v", err)
		}
	})
}

// A relay's answer is never taken for a row, whatever it says, and never costs the compact encoding.
func TestHostileWords(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		w := newWorld(t, rdb, "KEN")
		c := w.claimOne("KEN")
		words := "P|1|0|0|0|0|| " + strings.Repeat("é\r\n\x00", 80)
		w.ok(w.Settle(w.ctx, ledger.Settlement{Claim: c, To: letter.Planned, Words: words}))
		got, _, _ := w.Letter(w.ctx, block("KEN"), "KEN")
		if len(got.Words) > 64 || strings.ContainsAny(got.Words, "\r\n\x00") {
			t.Errorf("words %q", got.Words)
		}
		w.claimOne("KEN")
		w.adds("KEN")
	})
}

// Two hundred thousand settled letters in blocks of about 100 take at most 200 bytes each, in the compact encoding.
func TestBytesPerLetter(t *testing.T) {
	rdb := ledgertest.Client(t, ledgertest.Start(t).Addr)
	w := newWorld(t, rdb)
	ctx := w.ctx
	const blocks, size = 2000, 100
	used := func() int64 {
		var n int64
		info := rdb.Info(ctx, "memory").Val()
		for _, line := range strings.Split(info, "\r\n") {
			if v, ok := strings.CutPrefix(line, "used_memory:"); ok {
				fmt.Sscan(v, &n)
			}
		}
		return n
	}
	start := used()
	for b := range blocks {
		name := fmt.Sprintf("none-%d", b)
		donors := make([]string, size)
		for i := range donors {
			donors[i] = fmt.Sprintf("P%06d", b*size+i)
		}
		w.ok(w.Lay(ctx, "ann", "res", "appeal", editionOne, []ledger.Row{{Block: name, Donors: donors}}, true, b == blocks-1))
		got, err := w.Claim(ctx, letter.Block{Campaign: "res", Step: "appeal", Name: name}, ledger.Nonce(w.worker), size, ledger.Pace{})
		if err != nil || len(got.Letters) != size {
			t.Fatalf("claim: %d letters %v", len(got.Letters), err)
		}
		if b == 0 || b == blocks-1 {
			if enc := rdb.ObjectEncoding(ctx, "{outreach}:r:res:appeal:"+name).Val(); enc != "listpack" {
				t.Errorf("block %s is kept as %s", name, enc)
			}
		}
		var wg sync.WaitGroup
		for _, c := range got.Letters {
			wg.Go(func() {
				if _, err := w.Begin(ctx, ledger.Begin{Claim: c}); err != nil {
					t.Error(err)
				}
				if _, err := w.Settle(ctx, ledger.Settlement{Claim: c, To: letter.Sent, Last: true, Words: "250 2.0.0 Ok: queued as 4bYzXk2Qm9z1Wv8r with more words than fit"}); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		rdb.Del(ctx, "{outreach}:audit")
	}
	per := float64(used()-start) / (blocks * size)
	t.Logf("%.0f bytes of Redis per settled letter", per)
	if per > 200 {
		t.Errorf("%.0f bytes per settled letter, want at most 200", per)
	}
	counts, _ := w.Counts(ctx, "res")
	if counts["appeal"][letter.Sent] != blocks*size {
		t.Errorf("counts %v", counts)
	}
	if enc := rdb.ObjectEncoding(ctx, "{outreach}:r:res:appeal:none-7").Val(); enc != "listpack" {
		t.Errorf("a settled block is kept as %s", enc)
	}
}
