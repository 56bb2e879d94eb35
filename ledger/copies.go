package ledger

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
)

// shards of read copies: with a million of them each set holds some 250 numbers, which Redis keeps in eight bytes each.
const shards = 4096

// Unread says which registry copies, each named by a number of 64 bits, were not read before.
func (l *Ledger) Unread(ctx context.Context, copies []uint64) ([]bool, error) {
	if len(copies) == 0 {
		return nil, nil
	}
	p := l.Redis.Pipeline()
	cmds := make([]*redis.BoolCmd, len(copies))
	for i, c := range copies {
		cmds[i] = p.SIsMember(ctx, readKey(c%shards), int64(c))
	}
	if _, err := p.Exec(ctx); err != nil {
		return nil, fmt.Errorf("registry copies: %w", err)
	}
	out := make([]bool, len(copies))
	for i, cmd := range cmds {
		out[i] = !cmd.Val()
	}
	return out, nil
}

// Reading is what came of reading registry copies, by finding.
type Reading struct {
	At    time.Time      // when the folder was last looked at
	Found map[string]int // since the ledger began
}

// Read remembers registry copies as read, counts what they came to, and notes that the folder was looked at. It comes
// after their evidence: what a crash leaves out is read once more and changes nothing.
func (l *Ledger) Read(ctx context.Context, copies []uint64, found map[string]int) error {
	now, err := l.Now(ctx)
	if err != nil {
		return fmt.Errorf("registry copies: %w", err)
	}
	p := l.Redis.TxPipeline()
	for _, c := range copies {
		p.SAdd(ctx, readKey(c%shards), int64(c))
	}
	for _, what := range slices.Sorted(maps.Keys(found)) {
		p.HIncrBy(ctx, inboxKey(), what, int64(found[what]))
	}
	p.HSet(ctx, inboxKey(), "at", now.UnixMilli())
	if _, err := p.Exec(ctx); err != nil {
		return fmt.Errorf("registry copies: %w", err)
	}
	return nil
}

// MarkRead remembers mails as read, each named by a number of 64 bits, once what they did has returned.
func (l *Ledger) MarkRead(ctx context.Context, mails []uint64) error {
	if len(mails) == 0 {
		return nil
	}
	p := l.Redis.TxPipeline()
	for _, m := range mails {
		p.SAdd(ctx, readKey(m%shards), int64(m))
	}
	if _, err := p.Exec(ctx); err != nil {
		return fmt.Errorf("mail that came back: %w", err)
	}
	return nil
}

// Reading reads what Read wrote.
func (l *Ledger) Reading(ctx context.Context) (Reading, error) {
	h, err := l.Redis.HGetAll(ctx, inboxKey()).Result()
	if err != nil {
		return Reading{}, fmt.Errorf("registry copies: %w", err)
	}
	r := Reading{At: fromMS(h["at"]), Found: map[string]int{}}
	for k, v := range h {
		if k != "at" {
			r.Found[k], _ = strconv.Atoi(v)
		}
	}
	return r, nil
}
