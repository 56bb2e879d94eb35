package ledger

import (
	"context"
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// An Ask is the last letter that passed the commit point to a donor, of whichever campaign. The zero value is none.
type Ask struct {
	Campaign string
	At       time.Time
}

// token is how begin knows which ask was looked at.
func (a Ask) token() string {
	if a.Campaign == "" {
		return ""
	}
	return strconv.FormatInt(a.At.Unix(), 10) + "|" + a.Campaign
}

// askShards is in how many hashes asks lie: few enough that many donors share the overhead of one, and many enough that those
// of half a million donors keep the compact encoding of Redis (hash-max-listpack-entries 512).
const askShards = 1_500

func shardOf(donor string) uint64 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(donor)) // never fails (hash.Hash)
	return uint64(h.Sum32() % askShards)
}

// Asked reads when donors were written to last, by which campaign. A donor that was not is left out.
func (l *Ledger) Asked(ctx context.Context, donors []string) (map[string]Ask, error) {
	p := l.Redis.Pipeline()
	got := make([]*redis.StringCmd, len(donors))
	for i, d := range donors {
		got[i] = p.HGet(ctx, asksKey(shardOf(d)), d)
	}
	if _, err := p.Exec(ctx); err != nil && !isNil(err) {
		return nil, fmt.Errorf("asks: %w", err)
	}
	out := map[string]Ask{}
	for i, cmd := range got {
		at, campaign, ok := strings.Cut(cmd.Val(), "|")
		if s, err := strconv.ParseInt(at, 10, 64); ok && err == nil {
			out[donors[i]] = Ask{Campaign: campaign, At: time.Unix(s, 0).UTC()}
		}
	}
	return out, nil
}
