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

// lost is where a ledger stood that no longer exists.
var lost = ledger.Position{Epoch: "gone", Seq: 9999, Chain: "gone"}

func (w *world) witnessed(donor string, generation int, nonce string, at ledger.Position, says letter.State) ledger.Witnessed {
	return ledger.Witnessed{
		Letter: letter.ID{Campaign: "res", Donor: donor, Step: "appeal"}, Block: block(donor), Generation: generation, Nonce: nonce,
		Position: at, Says: says, At: time.Now().Add(-time.Hour).Truncate(time.Millisecond), Words: "250 2.0.0 queued",
	}
}

// weigh sees, does, and does again: the first two agree, and the third finds nothing to do.
func (w *world) weigh(ws ...ledger.Witnessed) ledger.Weighed {
	w.t.Helper()
	seen, err := w.Weigh(w.ctx, "ann", ws, false)
	w.ok(nil, err)
	done, err := w.Weigh(w.ctx, "ann", ws, true)
	w.ok(nil, err)
	for i := range ws {
		if len(ws) == 1 && seen[i] != done[i] {
			w.t.Errorf("seen %+v, done %+v", seen[i], done[i])
		}
	}
	at, err := w.Where(w.ctx)
	w.ok(nil, err)
	again, err := w.Weigh(w.ctx, "ann", ws, true)
	w.ok(nil, err)
	if now, _ := w.Where(w.ctx); now != at && !again[0].Kept {
		w.t.Errorf("done again: the ledger went from %+v to %+v: %+v", at, now, again)
	}
	return done[0]
}

// What an intent file says, and what the ledger holds: what becomes of the letter.
func TestWeigh(t *testing.T) {
	for _, c := range []struct {
		name string
		// do brings the letter somewhere and returns nonce and position of the attempt that the file speaks of.
		do   func(w *world) (string, ledger.Position)
		gen  int
		says letter.State
		want letter.State
		news bool // it becomes something else than it was
	}{
		{"sent, and the ledger forgot", planned, 1, letter.Sent, letter.Sent, true},
		{"nobody knows, and the ledger forgot", planned, 1, letter.InDoubt, letter.InDoubt, true},
		{"refused, and the ledger forgot", planned, 1, letter.Refused, letter.Refused, true},
		{"later, and the ledger forgot", planned, 1, letter.Planned, letter.Planned, false},
		{"a later generation sent, and the ledger forgot", planned, 2, letter.Sent, letter.Sent, true},
		{"a later generation in doubt", planned, 2, letter.InDoubt, letter.InDoubt, true},
		{"sent, another attempt claimed", claimedByOther, 1, letter.Sent, letter.Sent, true},
		{"nobody knows, another attempt claimed", claimedByOther, 1, letter.InDoubt, letter.InDoubt, true},
		{"withheld meanwhile, and sent", withheld, 1, letter.Sent, letter.Sent, true},
		{"withheld meanwhile, nobody knows", withheld, 1, letter.InDoubt, letter.InDoubt, true},
		{"sending, sent", sending, 1, letter.Sent, letter.Sent, true},
		{"sending, nobody knows", sending, 1, letter.InDoubt, letter.InDoubt, true},
		{"sending, refused", sending, 1, letter.Refused, letter.Refused, true},
		{"sending, the dot never written", sending, 1, letter.Planned, letter.Planned, true},
		{"in doubt, sent", settledAs(letter.InDoubt), 1, letter.Sent, letter.Sent, true},
		{"in doubt, nobody knows", settledAs(letter.InDoubt), 1, letter.InDoubt, letter.InDoubt, false},
		{"in doubt, the dot never written", settledAs(letter.InDoubt), 1, letter.Planned, letter.Planned, true},
		{"in doubt, refused", settledAs(letter.InDoubt), 1, letter.Refused, letter.Refused, true},
		{"sent, sent", settledAs(letter.Sent), 1, letter.Sent, letter.Sent, false},
		{"sent, the file was not told", settledAs(letter.Sent), 1, letter.InDoubt, letter.Sent, false},
		{"refused, the file was not told", settledAs(letter.Refused), 1, letter.InDoubt, letter.Refused, false},
		// The begin stands in the audit stream: what the ledger made of it since then stands.
		{"tried again later, the file was not told", settledAs(letter.Planned), 1, letter.InDoubt, letter.Planned, false},
		{"tried again and claimed by another", againByOther, 1, letter.InDoubt, letter.Claimed, false},
		{"refused by a second attempt, the first one is unknown", refusedByOther, 1, letter.InDoubt, letter.InDoubt, true},
		{"cancelled", cancelled, 1, letter.Sent, letter.Cancelled, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
				w := newWorld(t, rdb, "KEN")
				nonce, at := c.do(w)
				before := w.state("KEN")
				got := w.weigh(w.witnessed("KEN", c.gen, nonce, at, c.says))
				if s := w.state("KEN"); s != c.want || (got.Becomes != "") != c.news || got.Was != before {
					t.Errorf("the letter was %s and is %s, want %s; weighed: %+v", before, s, c.want, got)
				}
				row, _, _ := w.Letter(w.ctx, block("KEN"), "KEN")
				if c.news && c.want != letter.Planned && row.Generation != c.gen {
					t.Errorf("generation %d", row.Generation)
				}
				w.adds("KEN")
				w.chain()
				w.sound()
				if n := rdb.ZCard(w.ctx, "{outreach}:busy").Val(); (n > 0) != (c.want == letter.Claimed || c.want == letter.Sending) {
					t.Errorf("blocks with letters in hand: %d", n)
				}
				follow, _ := w.Following(w.ctx, "res", 9)
				if (len(follow) > 0) != (c.want == letter.Sent) {
					t.Errorf("followed: %v", follow)
				}
			})
		})
	}
}

func planned(*world) (string, ledger.Position) { return "workerAAAAAAAAAAAA", lost }

func claimedByOther(w *world) (string, ledger.Position) {
	w.claimOne("KEN")
	return "workerAAAAAAAAAAAA", lost
}

func withheld(w *world) (string, ledger.Position) {
	w.ok(nil, w.Withhold(w.ctx, w.claimOne("KEN"), "a word is missing"))
	return "workerAAAAAAAAAAAA", lost
}

func sending(w *world) (string, ledger.Position) {
	c := w.claimOne("KEN")
	w.ok(nil, w.beginAs(c))
	at, err := w.Where(w.ctx)
	w.ok(nil, err)
	return c.Nonce, at
}

func settledAs(s letter.State) func(*world) (string, ledger.Position) {
	return func(w *world) (string, ledger.Position) {
		c := w.claimOne("KEN")
		w.ok(nil, w.beginAs(c))
		at, err := w.Where(w.ctx)
		w.ok(nil, err)
		w.settleAs(c, s)
		return c.Nonce, at
	}
}

func againByOther(w *world) (string, ledger.Position) {
	nonce, at := settledAs(letter.Planned)(w)
	w.claimOne("KEN")
	return nonce, at
}

func refusedByOther(w *world) (string, ledger.Position) {
	w.settleAs(w.claimOne("KEN"), letter.Refused)
	return "workerAAAAAAAAAAAA", lost
}

func cancelled(w *world) (string, ledger.Position) {
	w.ok(w.Record(w.ctx, "res", "KEN", "KEN-0", []string{"appeal"}, ledger.Entry{Kind: "decline", Date: "2026-11-24", By: "ann", At: time.Now()}))
	return "workerAAAAAAAAAAAA", lost
}

// A letter that the restored ledger does not have yet is written, so that nothing plans it a second time; also of a
// campaign that the ledger does not have: planning it again finds the letter.
func TestWeighUnknownLetter(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		w := &world{Ledger: ledger.New(rdb), t: t, ctx: t.Context(), worker: ledger.WorkerName()}
		w.ok(w.Open(w.ctx))
		if got := w.weigh(w.witnessed("KEN", 1, "n", lost, letter.Sent)); got.Was != "" || got.Becomes != letter.Sent {
			t.Errorf("weighed: %+v", got)
		}
		w.weigh(w.witnessed("PER", 1, "n", lost, letter.InDoubt))
		w.plan(editionOne, "KEN", "PER", "FRA")
		w.ok(w.Approve(w.ctx, "bea", "res", editionOne, nil))
		if w.state("KEN") != letter.Sent || w.state("PER") != letter.InDoubt || w.state("FRA") != letter.Planned {
			t.Errorf("after planning: %s %s %s", w.state("KEN"), w.state("PER"), w.state("FRA"))
		}
		w.adds("KEN", "PER", "FRA")
		// A reminder that was sent before the ledger had planned it.
		r := w.witnessed("KEN", 1, "m", lost, letter.Sent)
		r.Letter.Step, r.Block.Step = "reminder-1", "reminder-1"
		w.weigh(r)
		n, err := w.Advance(w.ctx, ledger.Follow{Block: block("KEN")}, "reminder-1", []ledger.Next{{Donor: "KEN", Due: time.Now()}})
		if err != nil || n != 0 {
			t.Errorf("advance planned %d reminders: %v", n, err)
		}
		w.adds("KEN", "PER", "FRA")
	})
}

// Several attempts of one letter give the same in any order.
func TestWeighOrder(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		w := newWorld(t, rdb, "A", "B", "C", "D")
		doubt := func(d string) ledger.Witnessed { return w.witnessed(d, 1, "n1", lost, letter.InDoubt) }
		sent := func(d string) ledger.Witnessed { return w.witnessed(d, 2, "n2", lost, letter.Sent) }
		refused := func(d string) ledger.Witnessed { return w.witnessed(d, 1, "n0", lost, letter.Refused) }
		w.weigh(doubt("A"), sent("A"), refused("A"))
		w.weigh(sent("B"), refused("B"), doubt("B"))
		w.weigh(refused("C"), doubt("C"))
		w.weigh(doubt("D"), refused("D"))
		for d, want := range map[string]letter.State{"A": letter.Sent, "B": letter.Sent, "C": letter.InDoubt, "D": letter.InDoubt} {
			if s := w.state(d); s != want {
				t.Errorf("%s is %s, want %s", d, s, want)
			}
		}
		w.adds("A", "B", "C", "D")
	})
}

// A person's decision after the doubt stands, unless a copy of the earlier generation is proved to have left.
func TestWeighAfterDecision(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		w := newWorld(t, rdb, "KEN")
		nonce, at := settledAs(letter.InDoubt)(w)
		row := rdb.HGet(w.ctx, "{outreach}:r:res:appeal:KEN-0", "KEN").Val()
		again := strings.Replace(row, "D|1|", "P|2|", 1)
		w.ok(nil, rdb.HSet(w.ctx, "{outreach}:r:res:appeal:KEN-0", "KEN", again).Err())
		rdb.HIncrBy(w.ctx, "{outreach}:n:res", "appeal/D", -1)
		rdb.HIncrBy(w.ctx, "{outreach}:n:res", "appeal/P", 1)
		if got := w.weigh(w.witnessed("KEN", 1, nonce, at, letter.InDoubt)); got.Becomes != "" {
			t.Errorf("a decision was undone: %+v", got)
		}
		if got := w.weigh(w.witnessed("KEN", 1, nonce, at, letter.Sent)); got.Becomes != letter.Sent {
			t.Errorf("the first one left: %+v", got)
		}
		if row, _, _ := w.Letter(w.ctx, block("KEN"), "KEN"); row.State != letter.Sent || row.Generation != 2 {
			t.Errorf("row: %+v", row)
		}
		w.adds("KEN")
	})
}

// A new epoch thaws the ledger that was looked at, and no other; whoever remembers the old one freezes it again.
func TestNewEpoch(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		w := newWorld(t, rdb, "KEN")
		at, err := w.Where(w.ctx)
		w.ok(nil, err)
		w.ok(w.Freeze(w.ctx, "ann", "being reconciled"))
		var no ledger.Refusal
		if _, err := w.NewEpoch(w.ctx, "ann", "another", "new", "why"); !errors.As(err, &no) {
			t.Errorf("another ledger: %v", err)
		}
		next := ledger.RandomEpoch()
		for range 2 {
			got, err := w.NewEpoch(w.ctx, "ann", at.Epoch, next, "what was found")
			if err != nil || got.Epoch != next || got.Seq != at.Seq+2 {
				t.Fatalf("new epoch: %+v %v", got, err)
			}
		}
		if why, _ := w.Frozen(w.ctx); why != "" {
			t.Errorf("still frozen: %s", why)
		}
		w.claimOne("KEN")
		if got, err := ledger.Check(w.ctx, rdb, "elsewhere", at); err != nil || got.Holds || got.Frozen == "" {
			t.Errorf("the old epoch: %+v %v", got, err)
		}
		w.chain()
	})
}

// A letter that an edition had dropped while nobody knew that it may have left is not planned again by an edition that has
// the donor back.
func TestKeptIsNotPlannedAgain(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		w := newWorld(t, rdb, "KEN", "PER")
		c := w.claimOne("KEN") // its begin is lost, its claim is not
		w.ok(nil, w.Unclaim(w.ctx, []ledger.Claim{c}, 0, ""))
		w.plan(editionTwo, "PER")
		w.ok(w.Approve(w.ctx, "bea", "res", editionTwo, nil))
		w.ok(w.Lay(w.ctx, "ann", "res", "appeal", editionTwo, []ledger.Row{{Block: "KEN-0"}, {Block: "PER-0", Donors: []string{"PER"}}}, true, true))
		if s := w.state("KEN"); s != letter.Cancelled {
			t.Fatalf("dropped by the edition: %s", s)
		}
		got := w.weigh(w.witnessed("KEN", 1, c.Nonce, lost, letter.InDoubt))
		if !got.Kept {
			t.Errorf("weighed: %+v, want kept", got)
		}
		w.lay(editionTwo, "KEN", "PER")
		if s := w.state("KEN"); s != letter.Cancelled {
			t.Errorf("the edition has the donor back, and its letter that may have left is %s", s)
		}
		w.adds("KEN", "PER")
	})
}

// A row that a reconciliation wrote into a block that was not laid since is kept by every hold of a group or a region.
func TestHoldOfUnknownGroup(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		w := newWorld(t, rdb, "KEN")
		w.weigh(w.witnessed("PER", 1, ledger.Nonce(w.worker), lost, letter.InDoubt))
		w.ok(w.Hold(w.ctx, "ann", "region:Americas", time.Time{}, "talks"))
		w.ok(w.Resolve(w.ctx, ledger.Resolution{
			Letter: letter.ID{Campaign: "res", Donor: "PER", Step: "appeal"}, Block: "PER-0", Decision: ledger.DecideResend, Who: "cyd", Reason: "looked",
		}))
		if got := w.claim("PER"); len(got.Letters) != 0 {
			t.Errorf("claimed although its region may be held: %+v", got.Letters)
		}
		w.ok(w.Free(w.ctx, "ann", "region:Americas", "over"))
		if got := w.claim("PER"); len(got.Letters) != 1 {
			t.Errorf("not claimed after the hold was freed: %+v", got)
		}
	})
}

// A letter that the restored ledger holds as sending by an attempt that came to nothing, and whose later attempt nobody knows
// the end of, is in doubt in whichever order the files are read, and the outcome of the first attempt does not plan it again.
func TestWeighInAnyOrder(t *testing.T) {
	for _, doubt := range []bool{false, true} {
		for _, laterFirst := range []bool{false, true} {
			ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
				w := newWorld(t, rdb, "KEN")
				c := w.claimOne("KEN")
				w.ok(nil, w.beginAs(c))
				if doubt {
					w.settleAs(c, letter.InDoubt)
				}
				at, err := w.Where(w.ctx)
				w.ok(nil, err)
				ws := []ledger.Witnessed{
					w.witnessed("KEN", 1, c.Nonce, at, letter.Planned), w.witnessed("KEN", 1, ledger.Nonce(w.worker), lost, letter.InDoubt),
				}
				if laterFirst {
					ws[0], ws[1] = ws[1], ws[0]
				}
				w.weigh(ws...)
				if s := w.state("KEN"); s != letter.InDoubt {
					t.Errorf("in doubt before %v, the later file first %v: the letter is %s", doubt, laterFirst, s)
				}
				w.adds("KEN")
			})
		}
	}
}
