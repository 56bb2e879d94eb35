package ledger_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"outreach.example/ledger"
	"outreach.example/ledger/ledgertest"
	"outreach.example/letter"
)

// One relay's two doubts in a row hold it for every worker; what it did not cause does not count, and a definite answer
// to the dot begins anew. Letters go by another relay meanwhile, and a person ends the hold.
func TestTwoDoubtsHoldTheRelay(t *testing.T) {
	const doubt, answer, ours, early = "doubt", "answer", "ours", "early"
	for _, tc := range []struct {
		name string
		says []string // what the relay "b.example:25" does to one letter after the other
		held bool
	}{
		{"two doubts", []string{doubt, doubt}, true},
		{"one doubt", []string{doubt}, false},
		{"an answer between", []string{doubt, answer, doubt}, false},
		{"an answer before the dot between", []string{doubt, early, doubt}, true},
		{"our own stop between", []string{doubt, ours, ours, ours}, false},
		{"our own stop, then two", []string{ours, doubt, doubt}, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
				donors := []string{"KEN", "NOR", "FRA", "PER", "JPN"}
				w := newWorld(t, rdb, donors...)
				bad, good := ledger.Pace{Relay: "b.example:25"}, ledger.Pace{Relay: "a.example:25"}
				w.ok(w.Tell(w.ctx, w.worker, time.Minute, []ledger.Word{{Relay: bad.Relay}, {Relay: good.Relay}}))
				for i, does := range tc.says {
					c := w.claimOne(donors[i])
					s := ledger.Settlement{Claim: c, Relay: bad.Relay, To: letter.InDoubt, Words: does}
					switch does {
					case doubt:
						s.Silent = true
					case answer:
						s.To, s.Answered = letter.Sent, true
					case early:
						s.To = letter.Planned
					}
					if does != early {
						if err := w.beginAs(c); err != nil {
							t.Fatal(err)
						}
					}
					for range 2 { // again, as after a lost reply: one doubt stays one
						w.ok(w.Settle(w.ctx, s))
					}
				}
				last := donors[len(donors)-1]
				got, err := w.Claim(w.ctx, block(last), ledger.Nonce(w.worker), 1, bad)
				if err != nil {
					t.Fatal(err)
				}
				if !tc.held {
					if got.Held || len(got.Letters) != 1 {
						t.Errorf("claim: %+v", got)
					}
					return
				}
				why := "it left two letters in a row in doubt, the last res/" + donors[len(tc.says)-1] + "/appeal"
				if !got.Held || got.Why != "relay b.example:25 is held: "+why {
					t.Errorf("claim through the held relay: %+v", got)
				}
				audit, err := w.Audit(w.ctx, 0, 1000)
				if err != nil {
					t.Fatal(err)
				}
				if e := audit[len(audit)-1]; e.Who != "worker" || e.What != "hold" || e.Body != "relay:b.example:25\n"+why {
					t.Errorf("audit ends with %+v", e)
				}
				relays, err := w.Relays(w.ctx)
				if err != nil || len(relays) != 2 || relays[0].Held != "" || relays[1].Held != why || relays[1].Since.IsZero() {
					t.Errorf("relays: %+v, %v", relays, err)
				}
				heard, err := w.Tell(w.ctx, w.worker, time.Minute, []ledger.Word{{Relay: bad.Relay}, {Relay: good.Relay}})
				if err != nil || heard[0].Held != why || heard[1].Held != "" || heard[0].Released != 0 {
					t.Errorf("told: %+v, %v", heard, err)
				}
				if got, err := w.Claim(w.ctx, block(donors[3]), ledger.Nonce(w.worker), 1, good); err != nil || len(got.Letters) != 1 {
					t.Errorf("claim through another relay: %+v, %v", got, err)
				}

				for i, want := range []bool{false, true} {
					if again, err := w.Lift(w.ctx, "bea (desk)", bad.Relay, "the log was read"); err != nil || again != want {
						t.Errorf("release %d: again %v, %v", i, again, err)
					}
				}
				audit, _ = w.Audit(w.ctx, 0, 1000)
				if e := audit[len(audit)-1]; e.Who != "bea (desk)" || e.What != "release" || e.Body != "relay:b.example:25\nthe log was read" {
					t.Errorf("audit ends with %+v", e)
				}
				heard, err = w.Tell(w.ctx, w.worker, time.Minute, []ledger.Word{{Relay: bad.Relay}})
				if err != nil || heard[0].Held != "" || heard[0].Released != 2 {
					t.Errorf("told after the release: %+v, %v", heard, err)
				}
				c, err := w.Claim(w.ctx, block(last), ledger.Nonce(w.worker), 1, bad)
				if err != nil || len(c.Letters) != 1 {
					t.Fatalf("claim after the release: %+v, %v", c, err)
				}
				// The doubts before the release are over: one more is the first.
				if err := w.beginAs(c.Letters[0]); err != nil {
					t.Fatal(err)
				}
				w.ok(w.Settle(w.ctx, ledger.Settlement{Claim: c.Letters[0], Relay: bad.Relay, To: letter.InDoubt, Silent: true}))
				if relays, _ = w.Relays(w.ctx); relays[1].Held != "" {
					t.Errorf("one doubt after the release holds it: %+v", relays[1])
				}
				w.adds(donors...)
			})
		})
	}
}

// A claim whose reply was lost and that is repeated when the relay is held meanwhile gives its letters back: another relay
// may have them.
func TestClaimRepeatedThroughAHeldRelay(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		w := newWorld(t, rdb, "KEN")
		nonce, pace := ledger.Nonce(w.worker), ledger.Pace{Relay: "b.example:25"}
		if first, err := w.Claim(w.ctx, block("KEN"), nonce, 1, pace); err != nil || len(first.Letters) != 1 {
			t.Fatalf("%+v, %v", first, err)
		}
		rdb.HSet(w.ctx, "{outreach}:relay:b.example:25", "held", "two doubts")
		if again, err := w.Claim(w.ctx, block("KEN"), nonce, 1, pace); err != nil || !again.Held || w.state("KEN") != letter.Planned {
			t.Errorf("the claim repeated gave %+v, %v; the letter is %s", again, err, w.state("KEN"))
		}
		if other, err := w.Claim(w.ctx, block("KEN"), ledger.Nonce(w.worker), 1, ledger.Pace{Relay: "a.example:25"}); err != nil || len(other.Letters) != 1 {
			t.Errorf("through another relay: %+v, %v", other, err)
		}
	})
}

// What a worker says of its relays stands while it says so, and no longer than its word is good for.
func TestTrouble(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		w := newWorld(t, rdb, "KEN")
		words := []ledger.Word{{Relay: "a.example:25", Trouble: "no connection: refused | really"}, {Relay: "b.example:25"}}
		w.ok(w.Tell(w.ctx, "worker-1", time.Minute, words))
		relays, err := w.Relays(w.ctx)
		if err != nil || len(relays) != 2 || relays[0].Trouble != words[0].Trouble || relays[0].Worker != "worker-1" || relays[1].Trouble != "" {
			t.Fatalf("%+v, %v", relays, err)
		}
		w.ok(w.Tell(w.ctx, "worker-2", time.Minute, []ledger.Word{{Relay: "a.example:25"}}))
		if relays, _ = w.Relays(w.ctx); relays[0].Trouble == "" {
			t.Error("another worker's good word hides the trouble")
		}
		w.ok(w.Tell(w.ctx, "worker-1", time.Minute, []ledger.Word{{Relay: "a.example:25"}}))
		if relays, _ = w.Relays(w.ctx); relays[0].Trouble != "" {
			t.Errorf("it is over and still told: %+v", relays[0])
		}
		w.ok(w.Tell(w.ctx, "worker-1", -time.Second, words)) // long ago
		if relays, _ = w.Relays(w.ctx); relays[0].Trouble != "" {
			t.Errorf("a word that is too old is told: %+v", relays[0])
		}
		w.ok(w.Tell(w.ctx, "worker-1", time.Minute, words))
		if again, err := w.Lift(w.ctx, "bea", "a.example:25", ""); again || err != nil {
			t.Errorf("release: %v, %v", again, err)
		}
		if again, err := w.Lift(w.ctx, "bea", "b.example:25", ""); !again || err != nil {
			t.Errorf("release of one that is well: %v, %v", again, err)
		}
		_, err = w.Lift(w.ctx, "bea", "c.example:25", "")
		var no ledger.Refusal
		if want := "no worker uses a relay c.example:25 (there are: a.example:25, b.example:25); a relay is named by host:port"; !errors.As(err, &no) || err.Error() != want {
			t.Errorf("release of one that is not there: %v\nwant %s", err, want)
		}
	})
}

// Memory is asked of a real Redis, with and without a limit.
func TestMemory(t *testing.T) {
	for _, tc := range []struct {
		args []string
		full bool
	}{
		{nil, false},
		{[]string{"--maxmemory", "500mb"}, false},
		{[]string{"--maxmemory", "1mb"}, true},
	} {
		l := ledger.New(ledgertest.Client(t, ledgertest.Start(t, tc.args...).Addr))
		used, most, err := l.Memory(t.Context())
		if err != nil || used == 0 || (most > 0) != (tc.args != nil) {
			t.Errorf("%v: %d of %d, %v", tc.args, used, most, err)
		}
		full := ledger.Full(used, most)
		if (full != "") != tc.full || tc.full && !strings.HasSuffix(full, "of 1 MB of memory, more than 80 %: no letter is taken up before there is room; raise maxmemory") {
			t.Errorf("%v: %q", tc.args, full)
		}
	}
	if ledger.Full(80, 100) != "" || ledger.Full(801, 1000) == "" {
		t.Error("80 % of the limit is the limit")
	}
}

// A letter in doubt says which relay it was handed to, whoever noticed the doubt: its worker, the sweep after the
// worker's death, and the sweep that gave the answer up.
func TestDoubtNamesItsRelay(t *testing.T) {
	const good, bad = "a.example:25", "b.example:25"
	for _, tc := range []struct {
		name  string
		words string
		doubt func(w *world, c ledger.Claim)
	}{
		{"no answer to the dot", "cut", func(w *world, c ledger.Claim) {
			w.ok(w.Settle(w.ctx, ledger.Settlement{Claim: c, Relay: bad, To: letter.InDoubt, Silent: true, Words: "cut"}))
		}},
		{"its worker died", "its worker is gone, the dot may be written", func(w *world, c ledger.Claim) {
			if err := w.Leave(w.ctx, w.worker); err != nil {
				w.t.Fatal(err)
			}
			w.ok(w.Sweep(w.ctx))
		}},
		{"no answer in time", "no answer of the relay in time", func(w *world, c ledger.Claim) {
			w.ok(w.Sweep(w.ctx))
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
				w := newWorld(t, rdb, "KEN")
				w.Patience = ledger.Patience{Answer: time.Nanosecond, Rewake: ledger.Rewake}
				w.ok(w.Tell(w.ctx, w.worker, time.Minute, []ledger.Word{{Relay: good}, {Relay: bad}}))
				got, err := w.Claim(w.ctx, block("KEN"), ledger.NonceFor(w.worker, bad), 1, ledger.Pace{Relay: bad})
				if err != nil || len(got.Letters) != 1 {
					t.Fatalf("%+v, %v", got, err)
				}
				if err := w.beginAs(got.Letters[0]); err != nil {
					t.Fatal(err)
				}
				tc.doubt(w, got.Letters[0])
				names, err := w.RelayNames(w.ctx)
				if err != nil || !slices.Equal(names, []string{good, bad}) {
					t.Errorf("relays: %v, %v", names, err)
				}
				row, _, err := w.Letter(w.ctx, block("KEN"), "KEN")
				if err != nil || row.State != letter.InDoubt || row.Words != tc.words || row.Worker() != w.worker || row.Through(names) != bad {
					t.Errorf("%+v through %q, %v", row, row.Through(names), err)
				}
				if other := row.Through([]string{good}); other != "" {
					t.Errorf("it names %q, which had no part in it", other)
				}
			})
		})
	}
}
