package model

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"outreach.example/ledger"
	"outreach.example/letter"
)

// A twin is a ledger and its model, to which the same things happen.
type twin struct {
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

func newTwin(ctx context.Context, rdb *redis.Client, mini *miniredis.Miniredis, seed uint64, wrong Mutant) *twin {
	tw := &twin{
		ctx: ctx, l: ledger.New(rdb), rdb: rdb, mini: mini,
		b: &book{state: newState(), log: &chain{links: make([]link, 1)}, sorted: mini != nil, wrong: wrong}, rng: rand.New(rand.NewPCG(seed, 7)), answers: map[string]int{}, begun: map[begunOf]position{},
	}
	tw.check(rdb.FlushDB(ctx).Err())
	if mini != nil {
		mini.SetTime(twinEpoch)
	} else {
		tw.slack = 5000
	}
	_, err := tw.l.Open(ctx)
	tw.check(err)
	tw.tick()
	if tw.differ != "" {
		return tw
	}
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

// run does what the seed brings about, up to the first difference.
func (tw *twin) run(seen map[string]int) {
	for range 60 {
		if tw.differ != "" {
			return
		}
		name := tw.step()
		if seen != nil {
			seen[name]++
		}
		if tw.differ == "" {
			tw.differ = tw.rowsDiffer()
		}
	}
	if tw.differ != "" {
		return
	}
	for what, n := range tw.answers {
		if seen != nil {
			seen[what] += n
		}
	}
	tw.everything()
}

// tick takes the time of the ledger for the model.
func (tw *twin) tick() {
	now, err := tw.l.Now(tw.ctx)
	tw.check(err)
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
