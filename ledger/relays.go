package ledger

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// Word is what a worker says of one of its relays: why it offers it no letter, "" where it may.
type Word struct{ Relay, Trouble string }

// Heard is what the ledger says of it.
type Heard struct {
	Held     string // why it is held, "" where it is not
	Released int    // how often a person has released it
}

// Tell writes down how a worker's relays are, for a while, and answers what became of them elsewhere, in the same order.
func (l *Ledger) Tell(ctx context.Context, worker string, life time.Duration, words []Word) ([]Heard, error) {
	keys, args := []string{relaysKey()}, []any{worker, life.Milliseconds()}
	for _, w := range words {
		keys = append(keys, relayKey(w.Relay))
		args = append(args, w.Relay, w.Trouble)
	}
	got, err := l.strings(ctx, "relays", keys, args...)
	if err != nil {
		return nil, err
	}
	if len(got) != 2*len(words) {
		return nil, fmt.Errorf("ledger relays: %d answers for %d relays", len(got), len(words))
	}
	out := make([]Heard, len(words))
	for i := range out {
		out[i].Held = got[2*i]
		out[i].Released, _ = strconv.Atoi(got[2*i+1])
	}
	return out, nil
}

// Relay is a relay as all workers together see it.
type Relay struct {
	Name    string
	Held    string // why it is held, "" where it is not
	Since   time.Time
	Trouble string // why a worker offers it no letter now, "" where none says so
	Worker  string // which
}

// RelayNames lists the relays that workers have used.
func (l *Ledger) RelayNames(ctx context.Context) ([]string, error) {
	names, err := l.Redis.SMembers(ctx, relaysKey()).Result()
	if err != nil {
		return nil, fmt.Errorf("relays: %w", err)
	}
	slices.Sort(names)
	return names, nil
}

// Relays says how the relays are that workers have used, by name.
func (l *Ledger) Relays(ctx context.Context) ([]Relay, error) {
	names, err := l.RelayNames(ctx)
	if err != nil || len(names) == 0 {
		return nil, err
	}
	p := l.Redis.Pipeline()
	clock := p.Time(ctx)
	var rows []*redis.SliceCmd
	for _, name := range names {
		rows = append(rows, p.HMGet(ctx, relayKey(name), "held", "since", "trouble"))
	}
	if _, err := p.Exec(ctx); err != nil {
		return nil, fmt.Errorf("relays: %w", err)
	}
	out := make([]Relay, len(names))
	for i, row := range rows {
		var v [3]string
		for j, x := range row.Val() {
			v[j], _ = x.(string)
		}
		out[i] = Relay{Name: names[i], Held: v[0], Since: fromMS(v[1])}
		if part := strings.SplitN(v[2], "|", 3); len(part) == 3 && fromMS(part[0]).After(clock.Val()) {
			out[i].Worker, out[i].Trouble = part[1], part[2]
		}
	}
	return out, nil
}

// Lift lets a relay be used again: by a person who has looked why it was not.
func (l *Ledger) Lift(ctx context.Context, who, relay, reason string) (again bool, err error) {
	got, err := l.text(ctx, "lift", []string{metaKey(), auditKey(), relayKey(relay), relaysKey()}, who, relay, reason)
	if err != nil || got != "unknown" {
		return got == "again", err
	}
	names, err := l.RelayNames(ctx)
	if err != nil {
		return false, err
	}
	there := "no worker has used a relay yet"
	if len(names) > 0 {
		there = "there are: " + strings.Join(names, ", ")
	}
	return false, Refusal(fmt.Sprintf("no worker uses a relay %s (%s); a relay is named by host:port", relay, there))
}

// NonceFor is a Nonce of which two characters stand for the relay that the letters are claimed for. Whoever writes a doubt
// down, and however late, the row says by it which relay the letter was handed to, and is no byte longer.
func NonceFor(worker, relay string) string {
	n := Nonce(worker)
	return n[:nameLength] + mark(relay) + n[nameLength+markLength:]
}

const markLength = 2

func mark(relay string) string {
	sum := sha256.Sum256([]byte(relay))
	return base64.RawURLEncoding.EncodeToString(sum[:])[:markLength]
}

// Through is the relay that the letter was claimed for last: the one of those that workers have used that its nonce stands
// for, and where it stands for several, all of them; "" for none.
func (l Letter) Through(relays []string) string {
	if len(l.Nonce) < nameLength+markLength {
		return ""
	}
	var found []string
	for _, name := range relays {
		if mark(name) == l.Nonce[nameLength:nameLength+markLength] {
			found = append(found, name)
		}
	}
	return strings.Join(found, " or ")
}

// Memory is how much memory Redis uses, and how much it may; most is 0 where nothing limits it.
func (l *Ledger) Memory(ctx context.Context) (used, most int64, err error) {
	text, err := l.Redis.Info(ctx, "memory").Result()
	if err != nil {
		return 0, 0, fmt.Errorf("memory of Redis: %w", err)
	}
	for line := range strings.SplitSeq(text, "\r\n") {
		switch k, v, _ := strings.Cut(line, ":"); k {
		case "used_memory":
			used, _ = strconv.ParseInt(v, 10, 64)
		case "maxmemory":
			most, _ = strconv.ParseInt(v, 10, 64)
		}
	}
	return used, most, nil
}

// Full says, in words, that Redis is so full that nothing new may be taken up, "" when it is not.
func Full(used, most int64) string {
	if most <= 0 || used <= most/100*80 {
		return ""
	}
	return fmt.Sprintf("Redis uses %d of %d MB of memory, more than 80 %%: no letter is taken up before there is room; raise maxmemory",
		used>>20, most>>20)
}
