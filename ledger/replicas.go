package ledger

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// A failover may lose whatever the new primary had not been told. So a letter leaves only when every replica that could
// become the primary has its begin: WAIT behind the script, in the same pipeline on the same connection, because WAIT
// counts the writes of its own connection and of no other. It forces nothing to the disk of a replica.

// patience is how long a begin waits for the replicas. It must be shorter than the client's read timeout (3 s): WAIT and
// the script's answer are read under one.
const patience = time.Second

// replicas is how many of them are wanted, and what the last WAIT said.
type replicas struct {
	needed atomic.Int64
	short  atomic.Pointer[MissingReplica]
}

// MissingReplica says that fewer replicas answered than every begin must have reached.
type MissingReplica struct{ Answered, Needed int }

func (e MissingReplica) Error() string { return "replica missing: " + e.Count() }

// Count is the error in numbers.
func (e MissingReplica) Count() string {
	verb := "answer"
	if e.Answered == 1 {
		verb = "answers"
	}
	return fmt.Sprintf("%d of %d replicas %s", e.Answered, e.Needed, verb)
}

// Need sets how many replicas every begin must have reached before its letter may leave, also while letters are on their
// way. 0, as a ledger begins, asks for none.
func (l *Ledger) Need(n int) { l.replicas.needed.Store(int64(max(0, n))) }

// Needed is how many that are.
func (l *Ledger) Needed() int { return int(l.replicas.needed.Load()) }

// Missing is nil, or the MissingReplica that the last begin or Reach met.
func (l *Ledger) Missing() error {
	if m := l.replicas.short.Load(); m != nil && l.Needed() > 0 {
		return *m
	}
	return nil
}

// Reach asks whether a write of this moment reaches as many replicas as are needed, and leaves the answer in the ledger
// for Waits. The error is a MissingReplica, or the store's.
func (l *Ledger) Reach(ctx context.Context) error {
	n := l.Needed()
	if n == 0 {
		l.replicas.short.Store(nil)
		return nil
	}
	was := l.Missing()
	p := l.Redis.Pipeline()
	note := l.note(ctx, p, n)
	acked := wait(ctx, p, n)
	_, _ = p.Exec(ctx) // each command has its own error
	if err := note.Err(); err != nil && !redis.HasErrorPrefix(err, "NOREPLICAS") {
		return fmt.Errorf("ledger replicas: %w", explain(err))
	}
	answered, err := acked.Int()
	if err != nil {
		return fmt.Errorf("ledger replicas: %w", explain(err))
	}
	missing := l.reached(answered, n)
	if note.Err() != nil && missing == nil {
		return fmt.Errorf("ledger replicas: %w", explain(note.Err()))
	}
	if !errors.Is(missing, was) {
		if err := l.note(ctx, l.Redis, n).Err(); err != nil && missing == nil {
			return fmt.Errorf("ledger replicas: %w", explain(err))
		}
	}
	return missing
}

// wait asks, behind what the pipeline holds already, how many replicas have it.
func wait(ctx context.Context, p redis.Pipeliner, n int) *redis.Cmd {
	return p.Do(ctx, "wait", n, patience.Milliseconds())
}

// note leaves what the last WAIT said in the ledger, for as long as somebody goes on asking.
func (l *Ledger) note(ctx context.Context, to redis.Cmdable, n int) *redis.StatusCmd {
	answered := n
	if m := l.replicas.short.Load(); m != nil {
		answered = min(m.Answered, n)
	}
	return to.Set(ctx, replicasKey(), fmt.Sprintf("%d|%d", answered, n), 20*time.Second)
}

// reached keeps what a WAIT said.
func (l *Ledger) reached(answered, n int) error {
	if answered >= n {
		l.replicas.short.Store(nil)
		return nil
	}
	m := MissingReplica{Answered: answered, Needed: n}
	l.replicas.short.Store(&m)
	return m
}

// Waits says for whoever looks from outside why sending waits for a replica, "" when it does not: by what the workers
// found last, and by the primary itself where it takes no writes any more.
func (l *Ledger) Waits(ctx context.Context) (string, error) {
	v, err := l.Redis.Get(ctx, replicasKey()).Result()
	if err != nil && !isNil(err) {
		return "", fmt.Errorf("ledger replicas: %w", explain(err))
	}
	var m MissingReplica
	if a, n, ok := strings.Cut(v, "|"); ok {
		m.Answered, _ = strconv.Atoi(a)
		m.Needed, _ = strconv.Atoi(n)
	}
	if m.Answered < m.Needed {
		return m.Count(), nil
	}
	// Where INFO is not allowed, or not known, the workers' word is all there is.
	text, err := l.Redis.Info(ctx, "replication").Result()
	if err == nil && strings.Contains(text, "min_slaves_good_slaves:0\r") {
		return "the primary takes no writes without a replica (min-replicas-to-write), and none answers", nil
	}
	return "", nil
}

// reaching runs a script with a WAIT behind it when replicas are needed. short is the MissingReplica that the WAIT came
// back with; the script has run all the same. err is the script's, or the WAIT's.
func (l *Ledger) reaching(ctx context.Context, name string, keys []string, args []any) (got []string, short, err error) {
	n := l.Needed()
	if n == 0 {
		got, err = l.strings(ctx, name, keys, args...)
		return got, nil, err
	}
	for range 2 {
		p := l.Redis.Pipeline()
		ran := scripts[name].EvalSha(ctx, p, keys, args...)
		acked := wait(ctx, p, n)
		_, _ = p.Exec(ctx) // each command has its own error
		answered, unheard := acked.Int()
		switch {
		case redis.HasErrorPrefix(ran.Err(), "NOSCRIPT"):
			// The WAIT went well and means nothing: the script has not run. A new primary gets its scripts when a connection
			// is made; this one lost them since.
			if err = scripts[name].Load(ctx, l.Redis).Err(); err != nil {
				return nil, nil, fmt.Errorf("ledger %s: %w", name, explain(err))
			}
			continue
		case redis.HasErrorPrefix(ran.Err(), "NOREPLICAS"):
			return nil, nil, l.reached(min(answered, n-1), n)
		case ran.Err() != nil:
			return nil, nil, fmt.Errorf("ledger %s: %w", name, explain(ran.Err()))
		case unheard != nil:
			return nil, nil, fmt.Errorf("ledger %s: no word of the replicas: %w", name, explain(unheard))
		}
		if got, err = texts(ran); err != nil {
			return nil, nil, fmt.Errorf("ledger %s: %w", name, err)
		}
		return got, l.reached(answered, n), nil
	}
	return nil, nil, fmt.Errorf("ledger %s: the store forgets its scripts as soon as they are loaded", name)
}
