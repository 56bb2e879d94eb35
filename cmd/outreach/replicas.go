package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"outreach.example/ledger"
)

const bySentinel = "sentinel"

func checkReplicas(s string) error {
	if n, err := strconv.Atoi(s); s != bySentinel && (err != nil || n < 0 || n > 9) {
		return fmt.Errorf("%q is neither a number from 0 to 9 nor %s", s, bySentinel)
	}
	return nil
}

// wanted says how many replicas every begin must reach; counted says that the sentinels know.
func (c config) wanted() (n int, counted bool, err error) {
	v := c.value["replicas"]
	finds := strings.HasPrefix(c.value["redis"], "redis+sentinel://")
	if v == "" {
		return 0, finds, nil
	}
	if v == bySentinel {
		if !finds {
			return 0, false, errors.New("replicas is sentinel, and redis names none; set OUTREACH_REDIS to redis+sentinel://h1,h2/NAME, or OUTREACH_REPLICAS to a number")
		}
		return 0, true, nil
	}
	n, err = strconv.Atoi(v)
	return n, false, err
}

// counter makes the ledger's begins wait for the replicas they must reach. What it returns counts them again, nil where
// the number is fixed. A worker that cannot count them does not start.
func (h *house) counter(ctx context.Context) (count func(context.Context) (int, error), done func(), err error) {
	done = func() {}
	n, counted, err := h.config.wanted()
	if err != nil {
		return nil, done, ledger.Refusal(err.Error())
	}
	if !counted {
		h.ledger.Need(n)
		return nil, done, nil
	}
	s := h.app.sentinels(h.config)
	done = func() { _ = s.Close() }
	if n, err = s.Promotable(ctx); err != nil {
		done()
		return nil, func() {}, fmt.Errorf("replicas: %w; start the sentinels that redis names, or set OUTREACH_REPLICAS to a number", err)
	}
	h.ledger.Need(n)
	return s.Promotable, done, nil
}

// replicas compares what every begin waits for with what a failover could promote.
func (a *app) replicas(ctx context.Context, c config, rdb redis.UniversalClient, info map[string]string) []finding {
	attached := 0
	for k, v := range info {
		if strings.HasPrefix(k, "slave") && strings.Contains(v, "state=online") {
			attached++
		}
	}
	f := finding{What: "redis replicas"}
	n, counted, err := c.wanted()
	if err != nil {
		f.Says = err.Error()
		return []finding{f}
	}
	promotable := attached
	if s := a.sentinels(c); s != nil {
		defer func() { _ = s.Close() }()
		if promotable, err = s.Promotable(ctx); err != nil {
			f.Says, f.Mend = err.Error(), "start the sentinels that redis names: without most of them nothing is promoted and no worker starts"
			return []finding{f}
		}
		if counted {
			n = promotable
		}
	}
	switch {
	case n == 0 && promotable == 0:
		f.Well, f.Says = true, "none: one Redis, no failover"
	case n < promotable:
		f.Says = fmt.Sprintf("%d could become the primary and a letter's begin waits for %d: a failover may send letters twice", promotable, n)
		f.Mend = fmt.Sprintf("set OUTREACH_REPLICAS=%d, or use redis+sentinel://", promotable)
	case attached < n:
		f.Says = "sending waits: " + ledger.MissingReplica{Answered: attached, Needed: n}.Count()
		f.Mend = "start the missing replica; if it will not come back and sentinels watch, SENTINEL RESET on each of them"
	default:
		f.Well, f.Says = true, fmt.Sprintf("every begin waits for %d", n)
	}
	out := []finding{f}
	if promotable > 0 {
		out = append(out, minReplicas(ctx, rdb))
	}
	return out
}

// minReplicas looks whether a primary that is cut off stops taking writes.
func minReplicas(ctx context.Context, rdb redis.UniversalClient) finding {
	f := finding{What: "redis min-replicas-to-write", Mend: "redis.conf of every node: min-replicas-to-write 1, min-replicas-max-lag 10"}
	got, err := rdb.ConfigGet(ctx, "min-replicas-to-write").Result()
	switch n, _ := strconv.Atoi(got["min-replicas-to-write"]); {
	case err != nil:
		f.Says, f.Mend = "cannot be read: "+err.Error(), "allow CONFIG GET to the doctor's user"
	case n < 1:
		f.Says = "is 0: a primary that is cut off goes on taking decisions that are lost when it comes back"
	default:
		f.Well, f.Says = true, strconv.Itoa(n)
	}
	return f
}
