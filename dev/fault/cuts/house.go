package cuts

import (
	"context"
	"fmt"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"outreach.example/ledger"
	"outreach.example/letter"
	"outreach.example/worker/workertest"
)

// House cuts dialogues of a whole house: a block of two letters, claimed, sent and settled by a real worker against a
// ledger of its own. It goes on until no letter is open, and then looks at ledger and witness side by side. Every
// Step-th byte towards the relay is cut, 61 when zero, and eight times as many of the few that come from it.
func House(ctx context.Context, o Options) (Report, error) {
	if o.Step == 0 {
		o.Step = 61
	}
	var sum Report
	for _, d := range []dialogue{{[]string{"PIPELINING"}, 2}, {nil, 2}} {
		h, err := newHouse(d, o)
		if err != nil {
			return sum, err
		}
		got, err := h.every(ctx)
		h.close()
		sum.add(got)
		if err != nil {
			return sum, err
		}
	}
	return sum, nil
}

// house is a lane with a store under it.
type house struct {
	*lane
	dialogue
	mini *miniredis.Miniredis
	rdb  *redis.Client
	now  time.Time
}

func newHouse(d dialogue, o Options) (*house, error) {
	l, err := newLane(d.extensions, o)
	if err != nil {
		return nil, err
	}
	m, err := miniredis.Run()
	if err != nil {
		l.close()
		return nil, err
	}
	return &house{lane: l, dialogue: d, mini: m, rdb: redis.NewClient(&redis.Options{Addr: m.Addr(), MaxRetries: -1})}, nil
}

func (h *house) close() {
	_ = h.rdb.Close()
	h.mini.Close()
	h.lane.close()
}

func (h *house) every(ctx context.Context) (Report, error) {
	sum, err := h.run(ctx, task{h.dialogue, cut{ToRelay, 1 << 30, false}})
	if err != nil || len(sum.Faults) > 0 || sum.Accepted != h.letters {
		return sum, fmt.Errorf("a house without a cut: %s %v: %w", sum, sum.Faults, err)
	}
	whole := h.proxy.passed
	sum = Report{}
	for _, direction := range []Direction{ToRelay, FromRelay} {
		step := h.options.Step
		if direction == FromRelay {
			step = max(1, step/8)
		}
		for n := 0; n <= whole[direction]; n += step {
			got, err := h.run(ctx, task{h.dialogue, cut{direction, n, n%2 == 1}})
			sum.add(got)
			if err != nil {
				return sum, err
			}
		}
	}
	return sum, ctx.Err()
}

// at moves the clock of worker and store.
func (h *house) at(t time.Time) {
	h.now = t
	h.mini.SetTime(t)
}

func to(i int) string { return fmt.Sprintf("p%d@mission.example", i) }

// run is one campaign whose first connection is cut.
func (h *house) run(ctx context.Context, t task) (Report, error) {
	got := Report{Cuts: 1, Letters: t.letters}
	h.mini.FlushAll()
	h.at(time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC))
	h.witness.forget()
	h.proxy.arm(t.cut)
	h.mu.Lock()
	h.dotted, h.together = map[int]bool{}, 0
	h.mu.Unlock()
	l := ledger.New(h.rdb)
	if _, err := l.Open(ctx); err != nil {
		return got, err
	}
	b, err := workertest.Start(ctx, l, "cuts", t.letters, h.now, to)
	if err != nil {
		return got, err
	}
	again := map[string]bool{}
	var letters map[string]ledger.Letter
	for round := 0; ; round++ {
		r := h.relay()
		w, err := workertest.New(ctx, l, r, func() time.Time { return h.now })
		if err != nil {
			return got, err
		}
		err = w.Process(ctx, b)
		h.end(ctx, r)
		if err != nil {
			return got, err
		}
		if letters, err = l.Letters(ctx, b); err != nil {
			return got, err
		}
		var due time.Time
		for id, le := range letters {
			if le.State == letter.Planned {
				again[id] = true
				if le.Since.After(due) {
					due = le.Since
				}
				if n := h.witness.count(letter.MessageID(le.ID, "iom.example")); n != 0 {
					got.Faults = append(got.Faults, fmt.Sprintf("%s: %s is planned again (%s), and was accepted", t, le.ID, le.Words))
				}
			}
		}
		if due.IsZero() {
			break
		}
		if round == 5 {
			return got, fmt.Errorf("%s: letters are open after %d rounds: %v", t, round, letters)
		}
		h.at(due.Add(time.Millisecond))
	}
	h.mu.Lock()
	got.Together = h.together
	h.mu.Unlock()
	for id, le := range letters {
		n := h.witness.count(letter.MessageID(le.ID, "iom.example"))
		switch {
		case le.State == letter.Sent && n == 1:
			got.Accepted++
		case le.State == letter.InDoubt && n <= 1 && !again[id]:
			got.Doubtful++
			got.Taken += n
		default:
			got.wrong(le.State == letter.Sent, n, "%s: %s is %s (%s), and was accepted %d times", t, le.ID, le.State, le.Words, n)
		}
	}
	got.Again = len(again)
	counts, err := l.Counts(ctx, b.Campaign)
	if c := counts[b.Step]; err != nil || c.Total() != t.letters || c[letter.Sent] != got.Accepted || c[letter.InDoubt] != got.Doubtful {
		got.Faults = append(got.Faults, fmt.Sprintf("%s: counters %v, letters %v (%v)", t, c, letters, err))
	}
	return got, nil
}
