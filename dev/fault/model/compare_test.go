package model

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"outreach.example/ledger"
	"outreach.example/ledger/ledgertest"
	"outreach.example/letter"
)

var compareSeeds = flag.Int("compare", 0, "how many seeds compare the model with the scripts on each store (default: a quick part)")

// The model does what the scripts do, answer for answer and row for row, whatever happens in which order.
func TestModelIsTheLedger(t *testing.T) {
	t.Parallel()
	t.Run("miniredis", func(t *testing.T) {
		t.Parallel()
		m := ledgertest.Mini(t)
		compare(t, ledgertest.Client(t, m.Addr()), m, pick(*compareSeeds, 40))
	})
	t.Run("redis-server", func(t *testing.T) {
		t.Parallel()
		compare(t, ledgertest.Client(t, ledgertest.Start(t).Addr), nil, pick(*compareSeeds, 300))
	})
}

// The comparison can fail: a model with one safeguard removed answers otherwise than the scripts.
func TestMutantIsNotTheLedger(t *testing.T) {
	t.Parallel()
	rdb := ledgertest.Client(t, ledgertest.Start(t).Addr)
	for _, m := range Mutants {
		switch m.Mutant {
		case NoStopCheck, RecordAfterSend, NoQuietPeriod, SweepPlansSending, RefusedKeeps:
		default:
			continue // not in the ledger itself
		}
		found := false
		for seed := uint64(0); seed < 1000 && !found; seed++ {
			tw := newTwin(t, rdb, nil, seed, m.Mutant)
			tw.run(nil)
			found = tw.differ != ""
		}
		if !found {
			t.Errorf("%s: no difference in 1000 seeds", m.Name)
		}
	}
}

func pick(asked, usual int) int {
	if asked > 0 {
		return asked
	}
	return usual
}

// reached are answers that a comparison must have come to, or it has compared too little.
var reached = []string{
	"begin ok", "begin again", "begin nonce", "begin lease", "begin edition", "begin status", "begin stopped", "begin held",
	"begin suppressed:0", "begin earlier", "begin frozen",
	"settle ok", "settle again", "settle nonce", "settle state", "settle X", "settle S",
	"evidence sent", "evidence noted", "evidence again", "evidence twice", "evidence odd", "evidence date", "evidence weak",
	"resolve ok", "resolve again", "resolve none", "resolve own", "resolve quiet", "resolve state", "resolve address",
	"weigh P D", "weigh C S", "weigh G D", "weigh D R", "weigh R D", "weigh D S", "weigh X kept", "weigh - S", "weigh S -",
}

func compare(t *testing.T, rdb *redis.Client, mini *miniredis.Miniredis, seeds int) {
	seen := map[string]int{}
	for seed := range uint64(seeds) {
		tw := newTwin(t, rdb, mini, seed, Whole)
		tw.run(seen)
		if tw.differ != "" {
			t.Fatalf("seed %d: %s\n%s", seed, tw.differ, strings.Join(tw.trace, "\n"))
		}
	}
	for _, o := range twinOps {
		if seen[o.name] == 0 && (mini != nil || o.name != "time") {
			t.Errorf("no seed did %s", o.name)
		}
	}
	if seeds >= 300 {
		for _, what := range reached {
			if seen[what] == 0 {
				t.Errorf("no seed came to %s", what)
			}
		}
	}
}

// run does what the seed brings about, up to the first difference.
func (tw *twin) run(seen map[string]int) {
	for range 60 {
		name := tw.step()
		if seen != nil {
			seen[name]++
		}
		if tw.differ == "" {
			tw.differ = tw.rowsDiffer()
		}
		if tw.differ != "" {
			return
		}
	}
	for what, n := range tw.answers {
		if seen != nil {
			seen[what] += n
		}
	}
	tw.everything()
}

// A twin is a ledger and its model, to which the same things happen.
type twin struct {
	t      *testing.T
	ctx    context.Context
	l      *ledger.Ledger
	rdb    *redis.Client
	mini   *miniredis.Miniredis
	b      *book
	rng    *rand.Rand
	began  int64 // laying names times that no other call of a sequence gives: a server's clock goes on between two calls
	slack  int64 // ms by which the times of a server whose clock runs may differ
	token  uint32
	names  uint8
	donors [maxEdition + 1]uint8
	steps  [maxEdition + 1]uint8
	hands  []handOf
	begun  map[begunOf]position
	trace  []string
	differ string

	answers map[string]int // that were come to
}

// handOf is a claim that both gave.
type handOf struct {
	c    ledger.Claim
	step int
	d    int
	n    nonce
	ed   uint8
}

// begunOf is a granted begin, and position where both stood after it.
type begunOf struct {
	d int
	n nonce
}

type position struct {
	at   ledger.Position
	link uint32
}

const twinCampaign = "res"

var (
	twinSteps = [maxSteps]string{"appeal", "reminder-1"}
	twinEpoch = time.UnixMilli(1_790_000_000_000)
)

func newTwin(t *testing.T, rdb *redis.Client, mini *miniredis.Miniredis, seed uint64, wrong Mutant) *twin {
	if err := rdb.FlushDB(context.Background()).Err(); err != nil {
		t.Fatal(err)
	}
	tw := &twin{
		t: t, ctx: context.Background(), l: ledger.New(rdb), rdb: rdb, mini: mini,
		b: &book{state: newState(), log: &chain{links: make([]link, 1)}, sorted: mini != nil, wrong: wrong}, rng: rand.New(rand.NewPCG(seed, 7)), answers: map[string]int{}, begun: map[begunOf]position{},
	}
	if mini != nil {
		mini.SetTime(twinEpoch)
	} else {
		tw.slack = 5000
	}
	if _, err := tw.l.Open(tw.ctx); err != nil {
		t.Fatal(err)
	}
	tw.tick()
	tw.began = tw.b.now
	tw.b.blocks = uint8(1 + tw.rng.IntN(maxBlocks))
	all := uint8(1<<(2+tw.rng.IntN(maxDonors-1)) - 1)
	for e := 1; e <= maxEdition; e++ {
		tw.donors[e], tw.steps[e] = all, 2
		if tw.rng.IntN(3) == 0 {
			tw.donors[e] &^= 1 << tw.rng.IntN(maxDonors)
		}
		if tw.rng.IntN(4) == 0 {
			tw.steps[e] = 1
		}
	}
	// Most sequences begin with a running campaign and a worker: what is interesting lies beyond.
	if tw.rng.IntN(6) > 0 {
		tw.tick()
		opRenewFirst(tw)
		tw.planAs(1, ann)
		tw.layIn(1, 1<<tw.b.blocks-1, tw.began-7_200_000)
		until := tw.b.now + 86_400_000
		if tw.rng.IntN(4) == 0 {
			until = each
		}
		tw.approveAs(1, bea, until)
		opStart(tw)
	}
	return tw
}

// tick takes the time of the ledger for the model.
func (tw *twin) tick() {
	now, err := tw.l.Now(tw.ctx)
	if err != nil {
		tw.t.Fatal(err)
	}
	tw.b.now = now.UnixMilli()
}

func (tw *twin) step() string {
	total := 0
	for _, o := range twinOps {
		total += o.weight
	}
	n := tw.rng.IntN(total)
	for _, o := range twinOps {
		if n -= o.weight; n < 0 {
			o.do(tw)
			return o.name
		}
	}
	panic("unreachable")
}

// same notes what both answered.
func (tw *twin) same(what string, real, model any) {
	r, m := fmt.Sprint(real), fmt.Sprint(model)
	tw.trace = append(tw.trace, fmt.Sprintf("%s -> %s", what, r))
	if r != m && tw.differ == "" {
		tw.differ = fmt.Sprintf("%s: the ledger answers %s, the model %s", what, r, m)
	}
}

func (tw *twin) check(err error) {
	if err != nil && tw.differ == "" {
		tw.differ = "error: " + err.Error()
	}
}

// refusedAs is one word for every refusal: the sentences are for people.
func refusedAs(err error) string {
	var r ledger.Refusal
	if errors.As(err, &r) {
		return "refused"
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

func (a answer) refused() string {
	if a == done || a == again {
		return ""
	}
	return "refused"
}

func donorName(d int) string            { return fmt.Sprintf("D%02d", d) }
func (tw *twin) blockName(b int) string { return fmt.Sprintf("B%d-0", b) }
func editionHash(e uint8) string        { return strings.Repeat(fmt.Sprint(e), 16) }
func workerName(w uint8) string         { return fmt.Sprintf("w%05d", w) }
func nonceText(n nonce) string {
	return fmt.Sprintf("%s%012d", workerName(n.worker()), uint32(n&0xffffff))
}

func (tw *twin) blockOf(step, bl int) letter.Block {
	return letter.Block{Campaign: twinCampaign, Step: twinSteps[step], Name: tw.blockName(bl)}
}

func (tw *twin) donor() int    { return tw.rng.IntN(maxDonors) }
func (tw *twin) anyStep() int  { return tw.rng.IntN(maxSteps) }
func (tw *twin) anyBlock() int { return tw.rng.IntN(int(tw.b.blocks)) }
func (tw *twin) person() uint8 { return uint8(1 + tw.rng.IntN(3)) }
func (tw *twin) at(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// near compares two times, or two scores.
func (tw *twin) near(a, b int64) bool { return a == b || a != 0 && b != 0 && max(a-b, b-a) <= tw.slack }
