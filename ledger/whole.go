package ledger

import (
	"context"
	"fmt"

	"github.com/redis/go-redis/v9"

	"outreach.example/campaign"
	"outreach.example/letter"
)

// together is how many blocks are read in one pipeline where all are.
const together = 100

// AllCases reads every case of a campaign in which something was recorded, by donor.
func (l *Ledger) AllCases(ctx context.Context, campaign string) (map[string]Case, error) {
	all, err := l.Redis.HGetAll(ctx, casesKey(campaign)).Result()
	if err != nil {
		return nil, fmt.Errorf("cases of %s: %w", campaign, err)
	}
	out := make(map[string]Case, len(all))
	for donor, v := range all {
		if out[donor], err = readCase(donor, v); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// AllLetters reads every letter of some steps in some blocks, and calls each with them in no order.
func (l *Ledger) AllLetters(ctx context.Context, campaign string, steps, blocks []string, each func(Letter)) error {
	for _, step := range steps {
		for rest := blocks; len(rest) > 0; {
			n := min(together, len(rest))
			p := l.Redis.Pipeline()
			rows := make([]*redis.MapStringStringCmd, n)
			for i, name := range rest[:n] {
				rows[i] = p.HGetAll(ctx, rowsKey(letter.Block{Campaign: campaign, Step: step, Name: name}))
			}
			if _, err := p.Exec(ctx); err != nil {
				return fmt.Errorf("letters of %s, %s: %w", campaign, step, err)
			}
			for i, name := range rest[:n] {
				for _, got := range readRows(letter.Block{Campaign: campaign, Step: step, Name: name}, rows[i].Val()) {
					each(got)
				}
			}
			rest = rest[n:]
		}
	}
	return nil
}

// AllRecords reads every donor record of an edition, and calls each with them block by block, in the order of the blocks.
func (l *Ledger) AllRecords(ctx context.Context, hash string, each func(block string, r campaign.Record)) error {
	b, err := l.Blocks(ctx, hash)
	if err != nil {
		return err
	}
	for rest := b.Names(); len(rest) > 0; {
		n := min(together, len(rest))
		keys := make([]string, n)
		for i, name := range rest[:n] {
			keys[i] = b.hashes[name]
		}
		data, err := l.Redis.HMGet(ctx, recordsKey(b.campaign), keys...).Result()
		if err != nil {
			return fmt.Errorf("records of edition %.12s: %w", hash, err)
		}
		for i, name := range rest[:n] {
			stored, ok := data[i].(string)
			if !ok {
				return fmt.Errorf("edition %.12s: the records of block %s are not in the ledger", hash, name)
			}
			records, err := campaign.DecodeBlock([]byte(stored), keys[i])
			if err != nil {
				return err
			}
			for _, r := range records {
				each(name, r)
			}
		}
		rest = rest[n:]
	}
	return nil
}
