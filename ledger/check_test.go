package ledger_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"outreach.example/ledger"
	"outreach.example/ledger/ledgertest"
	"outreach.example/letter"
)

// checkup looks at everything.
func (w *world) checkup(c *ledger.Checker) ledger.Checkup {
	w.t.Helper()
	c.Ledger = w.Ledger
	got, err := c.Run(w.ctx)
	if err != nil {
		w.t.Fatal(err)
	}
	return got
}

// indexed plays the scheduler's part after an approval.
func (w *world) indexed() {
	w.t.Helper()
	list, err := w.ToReindex(w.ctx)
	w.ok(nil, err)
	for name, number := range list {
		w.ok(nil, w.Reindexed(w.ctx, name, number))
	}
}

// everyState brings letters into every state that scripts of today write.
func everyState(t *testing.T, rdb *redis.Client) *world {
	t.Helper()
	w := newWorld(t, rdb, "KEN", "NOR", "PER", "FJI", "MLI", "TON", "CHE")
	w.indexed()
	w.end("KEN", letter.Sent)
	w.end("NOR", letter.InDoubt)
	w.end("PER", letter.Refused)
	c := w.claimOne("FJI") // sending
	w.ok(nil, w.beginAs(c))
	w.claimOne("MLI") // claimed
	w.ok(nil, w.Withhold(w.ctx, w.claimOne("TON"), "no salutation"))
	return w
}

func (w *world) end(donor string, to letter.State) {
	w.t.Helper()
	c := w.claimOne(donor)
	w.ok(nil, w.beginAs(c))
	w.settleAs(c, to)
}

// A ledger that nobody tampered with is found right, and each single thing that may be wrong in it is found and named,
// mended where that changes no letter, and right afterwards.
func TestCheck(t *testing.T) {
	type tamper struct {
		name   string
		do     func(ctx context.Context, rdb *redis.Client) error
		about  string
		says   string
		mended bool
	}
	const key = "{outreach}:"
	tests := []tamper{
		{"a counter too many", func(ctx context.Context, rdb *redis.Client) error {
			return rdb.HIncrBy(ctx, key+"n:res", "appeal/S", 1).Err()
		}, "counters/res/appeal", "res appeal: the counters differ from the letters: +1 sent", true},
		{"a counter moved", func(ctx context.Context, rdb *redis.Client) error {
			p := rdb.Pipeline()
			p.HIncrBy(ctx, key+"n:res", "appeal/P", -1)
			p.HIncrBy(ctx, key+"n:res", "appeal/X", 1)
			_, err := p.Exec(ctx)
			return err
		}, "counters/res/appeal", "-1 planned, +1 cancelled", true},
		{"a letter lost", func(ctx context.Context, rdb *redis.Client) error {
			return rdb.HDel(ctx, key+"r:res:appeal:KEN-0", "KEN").Err()
		}, "counters/res/appeal", "+1 sent", true},
		{"a due block without its place", func(ctx context.Context, rdb *redis.Client) error {
			return rdb.ZRem(ctx, key+"due:res", "appeal/CHE-0").Err()
		}, "place/res/appeal/due", "1 planned letters are in blocks that are not in the index of what is due (CHE-0)", true},
		{"a letter in hand that nothing sweeps", func(ctx context.Context, rdb *redis.Client) error {
			return rdb.Del(ctx, key+"busy").Err()
		}, "place/res/appeal/busy", "2 letters in hand", true},
		{"letters in hand miscounted", func(ctx context.Context, rdb *redis.Client) error {
			return rdb.HSet(ctx, key+"r:res:appeal:MLI-0", ".b", 3).Err()
		}, "place/res/appeal/hand", "1 letters in hand are counted wrongly by their blocks (MLI-0)", true},
		{"a sent letter that nothing follows", func(ctx context.Context, rdb *redis.Client) error {
			return rdb.Del(ctx, key+"follow:res").Err()
		}, "place/res/appeal/follow", "1 sent letters have no next step", true},
		{"a doubt on no list", func(ctx context.Context, rdb *redis.Client) error {
			return rdb.ZRem(ctx, key+"look:res", "appeal/NOR").Err()
		}, "place/res/appeal/look", "1 letters that a person must look at are on no list (NOR)", true},
		{"a row that is none", func(ctx context.Context, rdb *redis.Client) error {
			return rdb.HSet(ctx, key+"r:res:appeal:CHE-0", "X1", "nonsense").Err()
		}, "place/res/appeal/row", "1 rows cannot be read (X1)", false},
		{"an audit entry altered", func(ctx context.Context, rdb *redis.Client) error {
			p := rdb.Pipeline()
			p.XDel(ctx, key+"audit", "3-0")
			_, err := p.Exec(ctx)
			return err
		}, "chain", "audit entries 3 to 3 are missing", false},
		{"the end of the audit stream lost", func(ctx context.Context, rdb *redis.Client) error {
			last, err := rdb.XRevRangeN(ctx, key+"audit", "+", "-", 1).Result()
			if err != nil {
				return err
			}
			return rdb.XDel(ctx, key+"audit", last[0].ID).Err()
		}, "chain/end", "the ledger stands at entry", false},
		{"the chain's hash altered", func(ctx context.Context, rdb *redis.Client) error {
			return rdb.HSet(ctx, key+"meta", "chain", "0123").Err()
		}, "chain/end", "(0123)", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
				w := everyState(t, rdb)
				c := &ledger.Checker{Whole: true}
				if got := w.checkup(c); !got.Clean() || got.Letters != 7 || got.Blocks != 7 || got.Entries == 0 {
					t.Fatalf("before: %+v", got)
				}
				w.ok(nil, tt.do(w.ctx, rdb))
				got := w.checkup(c)
				i := -1
				for j, f := range got.Faults {
					if f.About == tt.about {
						i = j
					}
				}
				if i < 0 || !strings.Contains(got.Faults[i].Says, tt.says) || got.Faults[i].Means == "" || got.Faults[i].Mend == "" {
					t.Fatalf("found %+v, want %s: %s", got.Faults, tt.about, tt.says)
				}
				c.Mender = "ann"
				w.checkup(c)
				c.Mender = ""
				if after := w.checkup(c); after.Clean() != tt.mended {
					t.Errorf("after mending: %+v", after)
				}
			})
		})
	}
}

// What keeps a letter out of the index is no fault: a hold, also one whose end has come and is not freed yet, a step that
// waits for a person, a campaign that is over.
func TestCheckKnowsWhatKeeps(t *testing.T) {
	for name, keep := range map[string]func(w *world){
		"held":           func(w *world) { w.ok(w.Hold(w.ctx, "ann", "donor:KEN", time.Time{}, "")) },
		"region held":    func(w *world) { w.ok(w.Hold(w.ctx, "ann", "region:Africa", time.Time{}, "")) },
		"hold that ends": func(w *world) { w.ok(w.Hold(w.ctx, "ann", "all", time.Now().Add(-time.Second), "")) },
		"hold freed just now": func(w *world) {
			w.ok(w.Hold(w.ctx, "ann", "all", time.Time{}, ""))
			w.ok(w.Free(w.ctx, "ann", "all", ""))
		},
		"cancelled": func(w *world) { w.ok(w.Switch(w.ctx, "ann", "res", ledger.Cancel, "")) },
	} {
		t.Run(name, func(t *testing.T) {
			ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
				w := newWorld(t, rdb, "KEN")
				w.indexed()
				w.ok(nil, rdb.Del(w.ctx, "{outreach}:due:res").Err())
				if got := w.checkup(&ledger.Checker{}); len(got.Faults) != 1 {
					t.Fatalf("without its place: %+v", got)
				}
				keep(w)
				if got := w.checkup(&ledger.Checker{}); !got.Clean() {
					t.Errorf("%+v", got)
				}
			})
		})
	}
}

// The number that fell is seen by a checker that has seen it, and an altered entry by one that has read it.
func TestCheckRemembers(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		w := newWorld(t, rdb, "KEN")
		c := &ledger.Checker{}
		first := w.checkup(c)
		if again := w.checkup(c); !again.Clean() || first.Entries == 0 || again.Entries != 0 {
			t.Errorf("first %+v, again %+v: what was followed is not followed again", first, again)
		}
		other := w.checkup(&ledger.Checker{})
		if !other.Clean() || other.Entries != 0 {
			t.Errorf("another checker: %+v, want it to go on where the first one ended", other)
		}
		if whole := w.checkup(&ledger.Checker{Whole: true}); whole.Entries != first.Entries {
			t.Errorf("whole: %+v", whole)
		}
		// An older ledger, consistent in itself.
		seq := rdb.HGet(w.ctx, "{outreach}:meta", "seq").Val()
		w.ok(nil, rdb.XDel(w.ctx, "{outreach}:audit", seq+"-0").Err())
		entries, err := w.Audit(w.ctx, 0, 100)
		w.ok(nil, err)
		last := entries[len(entries)-1]
		w.ok(nil, rdb.HSet(w.ctx, "{outreach}:meta", "seq", last.Seq, "chain", last.Chain).Err())
		got := w.checkup(c)
		if len(got.Faults) != 1 || got.Faults[0].About != "seq" || !strings.Contains(got.Faults[0].Says, fmt.Sprintf("fell from %s to %d", seq, last.Seq)) {
			t.Errorf("%+v", got)
		}
	})
}

// A check while letters move never raises a false alarm, and finds a counter that is off; once they rest it finds it to
// the letter.
func TestCheckWhileLettersMove(t *testing.T) {
	rdb := ledgertest.Client(t, ledgertest.Start(t).Addr)
	w := newWorld(t, rdb)
	const blocks, size = 60, 100 // three calls a look
	var rows []ledger.Row
	for b := range blocks {
		row := ledger.Row{Block: fmt.Sprintf("none-%d", b)}
		for i := range size {
			row.Donors = append(row.Donors, fmt.Sprintf("P%05d", b*size+i))
		}
		rows = append(rows, row)
	}
	w.ok(w.Lay(w.ctx, "ann", "res", "appeal", editionOne, rows, true, true))
	ctx, stop := context.WithCancel(w.ctx)
	defer stop()
	var movers sync.WaitGroup
	for m := range 4 {
		movers.Go(func() {
			for b := m; ctx.Err() == nil; b = (b + 4) % blocks {
				got, err := w.Claim(w.ctx, letter.Block{Campaign: "res", Step: "appeal", Name: fmt.Sprintf("none-%d", b)}, ledger.Nonce(w.worker), 5, ledger.Pace{})
				if err != nil {
					t.Error(err)
					return
				}
				for i, c := range got.Letters {
					if i%2 == 0 {
						if err := w.Unclaim(w.ctx, []ledger.Claim{c}, 0, ""); err != nil {
							t.Error(err)
						}
						continue
					}
					if _, err := w.Begin(w.ctx, ledger.Begin{Claim: c}); err != nil {
						t.Error(err)
					}
					if _, err := w.Settle(w.ctx, ledger.Settlement{Claim: c, To: letter.Sent}); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	c := &ledger.Checker{}
	moving := 0
	for range 30 {
		got := w.checkup(c)
		if len(got.Faults) > 0 {
			t.Fatalf("false alarm: %+v", got.Faults)
		}
		moving += len(got.Moving)
	}
	if moving == 0 {
		t.Error("nothing moved while it was looked at")
	}
	// A fault larger than what moves is found at once.
	w.ok(nil, rdb.HIncrBy(w.ctx, "{outreach}:n:res", "appeal/B", 7000).Err())
	if got := w.checkup(c); len(got.Faults) != 1 || !strings.Contains(got.Faults[0].Says, "bounced") {
		t.Errorf("%+v", got)
	}
	w.ok(nil, rdb.HIncrBy(w.ctx, "{outreach}:n:res", "appeal/B", -7001).Err())
	stop()
	movers.Wait()
	got := w.checkup(c)
	if len(got.Faults) != 1 || !strings.HasSuffix(got.Faults[0].Says, "differ from the letters: -1 bounced") || len(got.Moving) != 0 {
		t.Errorf("at rest: %+v", got)
	}
	c.Mender = "ann"
	w.checkup(c)
	if got := w.checkup(&ledger.Checker{Whole: true}); !got.Clean() {
		t.Errorf("mended: %+v", got)
	}
}

// An alarm is kept once, audited once, and taken back once.
func TestAlarm(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		w := newWorld(t, rdb, "KEN")
		before, _ := w.Open(w.ctx)
		faults := []ledger.Fault{{About: "counters/res/appeal", Says: "res appeal: off | by one"}, {About: "chain", Says: "broken"}}
		for i, want := range []int{2, 0} {
			if n, err := w.Raise(w.ctx, "scheduler", faults); err != nil || n != want {
				t.Errorf("raise %d: %d %v", i, n, err)
			}
		}
		got, err := w.Alarms(w.ctx)
		if err != nil || len(got) != 2 || got[0].About != "chain" || got[1].Says != "res appeal: off | by one" || got[1].Since.IsZero() {
			t.Errorf("%+v %v", got, err)
		}
		for i, want := range []int{1, 0} {
			if n, err := w.Clear(w.ctx, "scheduler", "counters/", "found right"); err != nil || n != want {
				t.Errorf("clear %d: %d %v", i, n, err)
			}
		}
		if got, _ := w.Alarms(w.ctx); len(got) != 1 || got[0].About != "chain" {
			t.Errorf("%+v", got)
		}
		after, _ := w.Open(w.ctx)
		if after.Seq != before.Seq+2 {
			t.Errorf("%d audit entries, want 2", after.Seq-before.Seq)
		}
		if mine, err := w.CheckTurn(w.ctx, time.Minute); !mine || err != nil {
			t.Errorf("turn: %v %v", mine, err)
		}
		if mine, err := w.CheckTurn(w.ctx, time.Minute); mine || err != nil {
			t.Errorf("another's turn at once: %v %v", mine, err)
		}
	})
}
