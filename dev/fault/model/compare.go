package model

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
)

// A Comparison is what came of doing the same to the model and to the scripts of the ledger.
type Comparison struct {
	Seeds, Calls int
	Differ       string // the first difference, "" if there is none
	Seed         uint64 // that came to it
	Trace        []string
	Missed       []string // what no seed came to, though so many must
}

// String is the line that closes a comparison.
func (c Comparison) String() string {
	return fmt.Sprintf("comparison: %d seeds, %d calls answered by model and scripts", c.Seeds, c.Calls)
}

// Print writes a difference for a person: what, how to repeat it on the store, and what came before.
func (c Comparison) Print(out io.Writer, repeat string) {
	fmt.Fprintf(out, "seed %d: %s\nrepeat it: %s\n%s\n", c.Seed, c.Differ, repeat, strings.Join(c.Trace, "\n"))
}

// reached are answers that a comparison must have come to, or it has compared too little.
var reached = []string{
	"begin ok", "begin again", "begin nonce", "begin lease", "begin edition", "begin status", "begin stopped", "begin paused", "begin moved",
	"begin held", "record planned again", "record refused", "record again",
	"begin suppressed:0", "begin earlier", "begin frozen",
	"settle ok", "settle again", "settle nonce", "settle state", "settle X", "settle S",
	"evidence sent", "evidence noted", "evidence again", "evidence twice", "evidence odd", "evidence date", "evidence weak",
	"resolve ok", "resolve again", "resolve none", "resolve own", "resolve quiet", "resolve state", "resolve address",
	"weigh P D", "weigh C S", "weigh G D", "weigh D R", "weigh R D", "weigh D S", "weigh X kept", "weigh - S", "weigh S -",
}

// Compare does the same to the model and to the scripts on a store, which it empties, for seeds from, from+1, ... up to the
// first difference. mini is the store where it is a miniredis, whose clock stands still, and nil for a redis-server.
func Compare(ctx context.Context, rdb *redis.Client, mini *miniredis.Miniredis, seeds int, from uint64) Comparison {
	var c Comparison
	seen := map[string]int{}
	for c.Seeds < seeds && ctx.Err() == nil {
		seed := from + uint64(c.Seeds)
		tw := newTwin(ctx, rdb, mini, seed, Whole)
		tw.run(seen)
		if ctx.Err() != nil {
			break
		}
		c.Seeds, c.Calls = c.Seeds+1, c.Calls+len(tw.trace)
		if tw.differ != "" {
			c.Differ, c.Seed, c.Trace = tw.differ, seed, tw.trace
			return c
		}
	}
	if seeds >= 40 {
		for _, o := range twinOps {
			if seen[o.name] == 0 && (mini != nil || o.name != "time") {
				c.Missed = append(c.Missed, o.name)
			}
		}
	}
	if seeds >= 300 {
		c.Missed = append(c.Missed, slices.DeleteFunc(slices.Clone(reached), func(what string) bool { return seen[what] > 0 })...)
	}
	return c
}
