package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"outreach.example/dev/fault/cuts"
	"outreach.example/dev/fault/model"
)

// The layers, by the names that --only takes. What is tried in the first two is not processes: their letters do not count
// among those of the last line, and what they lose or send twice does.
const (
	layerModel     = "model"     // thousands of seeds of a model, and the model beside the scripts of the ledger
	layerCuts      = "cuts"      // the SMTP dialogue cut after every byte
	layerProcesses = "processes" // everything real
)

var layers = []string{layerModel, layerCuts, layerProcesses}

// unreal are the rows of the first two layers.
var unreal = []scenario{
	{
		id: "M1", what: "a model of the house under seeded crashes, failovers, freezes and restores", layer: layerModel,
		short: true, alone: simulated, lasts: 15 * time.Second,
	},
	{
		id: "M2", what: "the model against the scripts of the ledger, on miniredis", layer: layerModel,
		short: true, alone: comparedMini, lasts: 50 * time.Second, most: 10 * time.Minute,
	},
	{
		id: "M3", what: "the model against the scripts of the ledger, on redis-server", layer: layerModel,
		short: true, alone: comparedServer, lasts: 30 * time.Second, most: 10 * time.Minute,
	},
	{
		id: "B1", what: "the SMTP dialogue cut after every byte, in both directions", layer: layerCuts,
		short: true, alone: everyByte, lasts: 5 * time.Second,
	},
	{
		id: "B2", what: "the same through worker and ledger", layer: layerCuts,
		short: true, alone: everyByteOfTheHouse, lasts: 20 * time.Second, most: 10 * time.Minute,
	},
}

// first is the first seed of a row: the same in every short run, another one in a long run.
func (h *harness) first() uint64 {
	switch {
	case h.from > 0:
		return h.from
	case h.all:
		return h.seed * 1_000_000
	}
	return 1
}

// seedsOr is how many seeds a row takes.
func (h *harness) seedsOr(usual int) int {
	if h.seeds > 0 {
		return h.seeds
	}
	return usual
}

// simulated runs seeds of the model. It leaves a processor to what is real.
func simulated(ctx context.Context, h *harness, o *outcome) error {
	seeds := h.seedsOr(100_000)
	r := model.Run(ctx, seeds, h.first(), model.Options{Workers: 1})
	o.Kinds = map[string]int{"of the model": r.Faults}
	o.Letters, o.Lost, o.Twice, o.Doubt, o.Shown = r.Letters, r.Broken(model.Lost), r.Broken(model.Twice), r.Shown, r.Shown
	o.Seeds = r.Seeds
	o.note("%s; seeds from %d", r, h.first())
	for _, f := range r.Failures {
		var b strings.Builder
		f.Print(&b)
		o.wrong("%s", b.String())
	}
	if len(r.Failures) > 0 {
		return nil
	}
	if seeds >= 1000 && (r.Dots < r.Letters/3 || r.CutShort > r.Seeds/50) {
		o.wrong("%d dots for %d letters, %d of %d runs cut short: too little happens", r.Dots, r.Letters, r.CutShort, r.Seeds)
	}
	return o.whole(ctx, r.Seeds, seeds)
}

// whole says that as much was done as there was to do.
func (o *outcome) whole(ctx context.Context, did, all int) error {
	if did == all {
		return nil
	}
	return fmt.Errorf("%d of %d were done: %w", did, all, context.Cause(ctx))
}

// comparedMini compares the model with the scripts as the store of the trial runs them.
func comparedMini(ctx context.Context, h *harness, o *outcome) error {
	m, err := miniredis.Run()
	if err != nil {
		return err
	}
	defer m.Close()
	rdb := redis.NewClient(&redis.Options{Addr: m.Addr(), MaxRetries: -1})
	defer func() { _ = rdb.Close() }()
	return h.compared(ctx, o, rdb, m)
}

// comparedServer compares it with them as Redis runs them.
func comparedServer(ctx context.Context, h *harness, o *outcome) error {
	l, err := h.newLab(ctx, o.ID, options{fsync: "no"})
	if l != nil {
		defer l.close()
	}
	if err != nil {
		return err
	}
	return h.compared(ctx, o, l.rdb, nil)
}

func (h *harness) compared(ctx context.Context, o *outcome, rdb *redis.Client, mini *miniredis.Miniredis) error {
	seeds := h.seedsOr(2000)
	c := model.Compare(ctx, rdb, mini, seeds, h.first())
	o.Kinds, o.Seeds = map[string]int{"seeds compared": c.Seeds}, c.Seeds
	o.note("%s; seeds from %d", c, h.first())
	if c.Differ != "" {
		var b strings.Builder
		c.Print(&b, fmt.Sprintf("./dev/faults --only %s --seeds 1 --from %d", o.ID, c.Seed))
		o.wrong("%s", b.String())
		return nil
	}
	if len(c.Missed) > 0 {
		o.wrong("no seed came to %v: too little is compared", c.Missed)
	}
	return o.whole(ctx, c.Seeds, seeds)
}

// everyByte cuts the dialogue of a relay: by turns with an end of file and a reset, with --all each byte with both.
func everyByte(ctx context.Context, h *harness, o *outcome) error {
	r, err := cuts.Every(ctx, cuts.Options{Both: h.all})
	return o.cut(r, err)
}

// everyByteOfTheHouse cuts the dialogue of a worker with its ledger: with --all after every byte, else after some of those
// of the content, which are all alike.
func everyByteOfTheHouse(ctx context.Context, h *harness, o *outcome) error {
	step := 17
	if h.all {
		step = 1
	}
	r, err := cuts.House(ctx, cuts.Options{Step: step})
	return o.cut(r, err)
}

func (o *outcome) cut(r cuts.Report, err error) error {
	o.Kinds = map[string]int{"dialogue cut": r.Cuts}
	o.Letters, o.Lost, o.Twice, o.Doubt = r.Letters, r.Lost, r.Twice, r.Doubtful
	o.note("%s", r)
	o.Wrong = append(o.Wrong, r.Faults...)
	if err == nil && (r.Accepted == 0 || r.Doubtful == 0 || r.Taken == 0 || r.Again == 0 || r.Together == 0) {
		o.wrong("not every outcome was met")
	}
	return err
}

func (o *outcome) note(format string, args ...any) {
	o.Notes = append(o.Notes, fmt.Sprintf(format, args...))
}

func (o *outcome) wrong(format string, args ...any) {
	o.Wrong = append(o.Wrong, fmt.Sprintf(format, args...))
}
