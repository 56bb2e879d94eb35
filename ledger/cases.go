package ledger

import (
	"context"
	"fmt"
)

// Cases reads all cases of a campaign that hold anything, by donor.
func (l *Ledger) Cases(ctx context.Context, campaign string) (map[string]Case, error) {
	out := map[string]Case{}
	for cursor := uint64(0); ; {
		some, next, err := l.Redis.HScan(ctx, casesKey(campaign), cursor, "", 1000).Result()
		if err != nil {
			return nil, fmt.Errorf("cases of %s: %w", campaign, err)
		}
		for i := 0; i+1 < len(some); i += 2 {
			if out[some[i]], err = readCase(some[i], some[i+1]); err != nil {
				return nil, fmt.Errorf("cases of %s: %w", campaign, err)
			}
		}
		if cursor = next; cursor == 0 {
			return out, nil
		}
	}
}

// Answers says whether an entry of this kind is an answer of the donor.
func Answers(kind string) bool { return kind == "reply" || kind == "pledge" || kind == "decline" }
