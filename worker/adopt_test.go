package worker_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"outreach.example/ledger"
	"outreach.example/ledger/intent"
	"outreach.example/ledger/ledgertest"
	"outreach.example/letter"
	"outreach.example/worker"
)

// estate is what a dead worker has left: letters in a ledger, and an intent file that nobody holds.
type estate struct {
	t      *testing.T
	ctx    context.Context
	rdb    *redis.Client
	ledger *ledger.Ledger
	name   string // of the dead worker
	folder string
	donors []string
	file   *intent.File // of the dead one, while it lives
	log    bytes.Buffer
}

func newEstate(t *testing.T, rdb *redis.Client, donors ...string) *estate {
	t.Helper()
	e := &estate{t: t, ctx: t.Context(), rdb: rdb, ledger: ledger.New(rdb), name: ledger.WorkerName(), folder: t.TempDir(), donors: donors}
	at, err := e.ledger.Open(e.ctx)
	e.ok(err)
	_, _, err = e.ledger.Plan(e.ctx, "ann", ledger.Edition{Campaign: "res", Hash: "1111", Steps: []string{"appeal"}, Donors: len(donors), Inputs: "in"})
	e.ok(err)
	_, err = e.ledger.Approve(e.ctx, "bea", "res", "1111", nil)
	e.ok(err)
	_, err = e.ledger.Lay(e.ctx, "ann", "res", "appeal", "1111", []ledger.Row{{Block: "none-0", Donors: donors}}, true, true)
	e.ok(err)
	_, err = e.ledger.Switch(e.ctx, "ann", "res", ledger.Start, "")
	e.ok(err)
	_, err = e.ledger.Renew(e.ctx, e.name, time.Minute, true)
	e.ok(err)
	// The living file lies elsewhere: what the dead one left is a copy of its bytes without its lock.
	e.file, err = intent.Open(t.TempDir(), intent.Options{Process: "dead", Floor: 1, Now: time.Now, Position: at})
	e.ok(err)
	t.Cleanup(func() { _ = e.file.Close() })
	e.ok(e.file.Worker(e.name))
	return e
}

func (e *estate) ok(err error) {
	e.t.Helper()
	if err != nil {
		e.t.Fatal(err)
	}
}

// begun claims every letter and takes it past the commit point.
func (e *estate) begun() map[string]ledger.Claim {
	e.t.Helper()
	got, err := e.ledger.Claim(e.ctx, block, ledger.Nonce(e.name), len(e.donors), ledger.Pace{Relay: "main"})
	e.ok(err)
	out := map[string]ledger.Claim{}
	for _, c := range got.Letters {
		_, err := e.ledger.Begin(e.ctx, ledger.Begin{Claim: c, ContentHash: "c", ByteHash: "b", Addresses: []string{ledger.AddressHash("a@a.example")}})
		e.ok(err)
		out[c.ID.Donor] = c
	}
	if len(out) != len(e.donors) {
		e.t.Fatalf("%d letters begun of %d", len(out), len(e.donors))
	}
	return out
}

func (e *estate) intend(c ledger.Claim) intent.Key {
	e.t.Helper()
	in := intent.Intent{Letter: c.ID, Block: c.Block, Generation: c.Generation, Nonce: c.Nonce, ContentHash: "c", ByteHash: "b", At: time.Now()}
	e.ok(e.file.Intend(e.ctx, in))
	return in.Key()
}

// die leaves the file to whoever adopts it, after change has had its bytes.
func (e *estate) die(change func([]byte) []byte) {
	e.t.Helper()
	e.ok(e.file.Note(ledger.Position{Epoch: "none", Seq: 1})) // takes the outcomes before it along
	e.ok(e.file.Worker(e.name))
	b, err := os.ReadFile(e.file.Path())
	e.ok(err)
	e.ok(os.WriteFile(filepath.Join(e.folder, "DEAD.intents"), change(b), 0o600))
}

func (e *estate) adopt() {
	e.t.Helper()
	a := &worker.Adopter{Ledger: e.ledger, Folder: e.folder, Keep: time.Hour, Times: worker.Standard, Now: time.Now, Log: slog.New(slog.NewTextHandler(&e.log, nil))}
	e.ok(a.Adopt(e.ctx))
}

func (e *estate) sweep() {
	e.t.Helper()
	_, err := e.ledger.Sweep(e.ctx)
	e.ok(err)
}

func (e *estate) letter(donor string) ledger.Letter {
	e.t.Helper()
	got, ok, err := e.ledger.Letter(e.ctx, block, donor)
	if err != nil || !ok {
		e.t.Fatalf("letter of %s: %v, there: %v", donor, err, ok)
	}
	return got
}

// adds asserts that the counters are what the rows say, and that nothing is kept for the dead any more.
func (e *estate) adds() {
	e.t.Helper()
	counted, err := e.ledger.Counts(e.ctx, "res")
	e.ok(err)
	want := ledger.Counts{}
	for _, d := range e.donors {
		want[e.letter(d).State]++
	}
	for _, s := range letter.States {
		if counted["appeal"][s] != want[s] {
			e.t.Errorf("%s: counter says %d, rows say %d", s, counted["appeal"][s], want[s])
		}
	}
	if n, err := e.rdb.Exists(e.ctx, "{outreach}:swept", "{outreach}:lines").Result(); err != nil || n != 0 {
		e.t.Errorf("%d lists are kept for the dead: %v", n, err)
	}
}

// What the file says of one letter.
var says = []struct {
	name  string
	write func(e *estate, c ledger.Claim)
}{
	{"intent", func(e *estate, c ledger.Claim) { e.intend(c) }},
	{"sent", func(e *estate, c ledger.Claim) { e.ok(e.file.Outcome(e.intend(c), 1, letter.Sent, "250 taken")) }},
	{"deferred", func(e *estate, c ledger.Claim) {
		e.ok(e.file.Outcome(e.intend(c), 1, letter.Planned, "451 later"))
	}},
	{"refused", func(e *estate, c ledger.Claim) {
		e.ok(e.file.Outcome(e.intend(c), 1, letter.Refused, "554 never"))
	}},
	{"doubt", func(e *estate, c ledger.Claim) {
		e.ok(e.file.Outcome(e.intend(c), 1, letter.InDoubt, "no answer to the dot"))
	}},
	{"never", func(e *estate, c ledger.Claim) { e.ok(e.file.Never(e.intend(c), 1)) }},
	{"none", func(*estate, ledger.Claim) {}},
}

// What had become of the file.
var files = []struct {
	name   string
	proves bool // that a letter which does not stand in it got no dot
	change func(b []byte) []byte
	before func(e *estate)
}{
	{"whole", true, func(b []byte) []byte { return b }, nil},
	{"torn", true, func(b []byte) []byte {
		lines := bytes.TrimRight(b, "\t") // what follows is room
		copy(b[len(lines):], fmt.Sprintf("%d dot res/Z/appeal non", bytes.Count(b, []byte("\n"))+1))
		return b
	}, nil},
	{"damaged", false, func(b []byte) []byte { return bytes.Replace(b, []byte("res/B/"), []byte("res/b/"), 1) }, nil},
	{"older than the ledger remembers", false, func(b []byte) []byte { return b }, func(e *estate) {
		e.ok(e.ledger.Wrote(e.ctx, e.name, 1000))
	}},
}

// Where the letter was when the file was adopted.
var rows = []struct {
	name   string
	before func(e *estate, c ledger.Claim)
	stays  letter.State // whatever the file says
}{
	{"sending", func(*estate, ledger.Claim) {}, ""},
	{"in doubt", func(e *estate, _ ledger.Claim) {
		e.ok(e.ledger.Leave(e.ctx, e.name))
		e.sweep()
		if got := e.letter("A"); got.State != letter.InDoubt {
			e.t.Fatalf("after the sweep: %+v", got)
		}
	}, ""},
	{"sent", func(e *estate, c ledger.Claim) {
		_, err := e.ledger.Settle(e.ctx, ledger.Settlement{Claim: c, To: letter.Sent, Words: "250 settled"})
		e.ok(err)
	}, letter.Sent},
	{"in hand again", func(e *estate, c ledger.Claim) { e.resent("C", ledger.Nonce(ledger.WorkerName())) }, letter.Claimed},
	{"planned again", func(e *estate, c ledger.Claim) { e.resent("P", c.Nonce) }, letter.Planned},
}

// resent puts A where a person's decision to send it again has brought it: another generation.
func (e *estate) resent(state, nonce string) {
	e.t.Helper()
	e.ok(e.ledger.Leave(e.ctx, e.name))
	e.sweep()
	e.ok(e.rdb.HSet(e.ctx, "{outreach}:r:res:appeal:none-0", "A", state+"|2|1|1|1764000000000|1764000000|"+nonce+"|f").Err())
	e.ok(e.rdb.HIncrBy(e.ctx, "{outreach}:n:res", "appeal/D", -1).Err())
	e.ok(e.rdb.HIncrBy(e.ctx, "{outreach}:n:res", "appeal/"+state, 1).Err())
}

// orders in which the adoption and the sweep come.
var orders = []struct {
	name string
	run  func(e *estate)
}{
	{"adopted, then swept", func(e *estate) { e.adopt(); e.sweep() }},
	{"swept, then adopted", func(e *estate) { e.ok(e.ledger.Leave(e.ctx, e.name)); e.sweep(); e.adopt() }},
	{"both at once, twice", func(e *estate) {
		var all sync.WaitGroup
		for range 2 {
			all.Go(func() {
				a := &worker.Adopter{Ledger: e.ledger, Folder: e.folder, Keep: time.Hour, Times: worker.Standard, Now: time.Now, Log: slog.New(slog.DiscardHandler)}
				if err := a.Adopt(e.ctx); err != nil {
					e.t.Error(err)
				}
			})
			all.Go(func() {
				if _, err := e.ledger.Sweep(e.ctx); err != nil {
					e.t.Error(err)
				}
			})
		}
		all.Wait()
		e.adopt()
		e.sweep()
	}},
}

// What a dead worker's file proves decides where its letters end, in whatever order it is read and the sweep comes.
func TestAdopt(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		for _, file := range files {
			for _, say := range says {
				for _, row := range rows {
					for _, order := range orders {
						t.Run(strings.Join([]string{file.name, say.name, row.name, order.name}, "/"), func(t *testing.T) {
							if err := rdb.FlushAll(t.Context()).Err(); err != nil {
								t.Fatal(err)
							}
							e := newEstate(t, rdb, "A", "B")
							claims := e.begun()
							// B is a letter like any other, sent and settled.
							e.ok(e.file.Outcome(e.intend(claims["B"]), 1, letter.Sent, "250"))
							_, err := e.ledger.Settle(e.ctx, ledger.Settlement{Claim: claims["B"], To: letter.Sent})
							e.ok(err)
							say.write(e, claims["A"])
							e.die(file.change)
							if file.before != nil {
								file.before(e)
							}
							row.before(e, claims["A"])
							order.run(e)

							want := map[string]letter.State{
								"intent": letter.InDoubt, "sent": letter.Sent, "deferred": letter.Planned, "refused": letter.Refused,
								"doubt": letter.InDoubt, "never": letter.Planned, "none": letter.Planned,
							}[say.name]
							if say.name == "none" && !file.proves {
								want = letter.InDoubt
							}
							if row.stays != "" {
								want = row.stays
							}
							if row.stays != "" && say.name == "sent" {
								want = letter.Sent // the file proves it, whatever was decided meanwhile
							}
							got := e.letter("A")
							if got.State != want {
								t.Errorf("%s (%s), want %s\n%s", got.State, got.Words, want, e.log.String())
							}
							if strings.HasSuffix(row.name, "again") && got.Generation != 2 {
								t.Errorf("%+v", got)
							}
							// A letter without a dot has had no attempt.
							if attempts := map[bool]int{true: 0, false: 1}[say.name == "never" || say.name == "none" && file.proves]; row.stays == "" && got.Attempts != attempts {
								t.Errorf("%d attempts, want %d", got.Attempts, attempts)
							}
							if say.name == "deferred" && row.stays == "" && time.Until(got.Since) < 10*time.Minute {
								t.Errorf("due again at %v", got.Since)
							}
							if b := e.letter("B"); b.State != letter.Sent {
								t.Errorf("B: %+v", b)
							}
							e.adds()
							if _, err := os.Stat(filepath.Join(e.folder, "DEAD.settled")); err != nil {
								t.Errorf("the file is not kept: %v", err)
							}
						})
					}
				}
			}
		}
	})
}

// A begin of the dead process that is still on its way when its file has been adopted is refused.
func TestBeginAfterAdoption(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		e := newEstate(t, rdb, "A")
		got, err := e.ledger.Claim(e.ctx, block, ledger.Nonce(e.name), 1, ledger.Pace{Relay: "main"})
		e.ok(err)
		e.die(func(b []byte) []byte { return b })
		e.adopt()
		if _, err := e.ledger.Begin(e.ctx, ledger.Begin{Claim: got.Letters[0]}); err == nil || !strings.Contains(err.Error(), "lease has ended") {
			t.Errorf("begin: %v", err)
		}
		e.sweep()
		if got := e.letter("A"); got.State != letter.Planned {
			t.Errorf("%+v", got)
		}
		e.adds()
	})
}

// The file of a process that worked with another ledger is left alone, and told about once; so is one whose store does not
// answer, and that one is adopted later.
func TestAdoptNotYet(t *testing.T) {
	m := ledgertest.Mini(t)
	e := newEstate(t, ledgertest.Client(t, m.Addr()), "A")
	c := e.begun()["A"]
	e.ok(e.file.Outcome(e.intend(c), 1, letter.Sent, "250"))
	e.die(func(b []byte) []byte { return b })
	a := &worker.Adopter{Ledger: e.ledger, Folder: e.folder, Keep: time.Hour, Times: worker.Standard, Now: time.Now, Log: slog.New(slog.NewTextHandler(&e.log, nil))}
	at, err := e.ledger.Where(e.ctx)
	e.ok(err)
	m.HSet("{outreach}:meta", "epoch", "another")
	for range 3 {
		e.ok(a.Adopt(e.ctx))
	}
	if n := strings.Count(e.log.String(), "belongs to another ledger"); n != 1 || e.letter("A").State != letter.Sending {
		t.Errorf("told %d times, A is %s", n, e.letter("A").State)
	}
	m.HSet("{outreach}:meta", "epoch", at.Epoch)
	m.SetError("LOADING")
	if err := a.Adopt(e.ctx); err == nil {
		t.Error("adopted while the store does not answer")
	}
	m.SetError("")
	e.ok(a.Adopt(e.ctx))
	if got := e.letter("A"); got.State != letter.Sent || got.Words != "250" {
		t.Errorf("%+v", got)
	}
	e.adds()
}
