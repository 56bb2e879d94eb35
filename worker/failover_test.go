package worker_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"outreach.example/ledger"
	"outreach.example/ledger/ledgertest"
	"outreach.example/letter"
)

// F16: the primary is killed in the middle of a run of two workers. Sending waits while the old primary is away, says so,
// and goes on by itself when it is back as a replica; nothing is lost or sent twice.
func TestFailover(t *testing.T) {
	top := ledgertest.Sentinel(t)
	f := newFleet(t, top.Client(t, ledger.Load), 400)
	s := ledger.NewSentinels(ledgertest.PrimaryName, top.Sentinels, redis.Options{})
	defer func() { _ = s.Close() }()
	old := top.Primary()
	for range 2 {
		f.worker(top.Client(t, ledger.Load), s.Promotable)
	}
	f.sweeper()
	f.taken(100)
	old.Kill()
	next := top.Promoted(old)
	f.logged("sending waits: 1 of 2 replicas answers")
	before := len(f.box.Letters())
	if before == f.letters {
		t.Fatal("the failover came after everything")
	}
	f.ledger.Need(2)
	ledgertest.Await(t, "status to say so", func(ctx context.Context) error {
		if waits, err := f.ledger.Waits(ctx); waits != "1 of 2 replicas answers" {
			return fmt.Errorf("%q, %v", waits, err)
		}
		return nil
	})
	if n := len(f.box.Letters()); n != before {
		t.Errorf("%d letters left while a replica was missing", n-before)
	}
	old.Rejoin()
	f.logged("sending goes on")
	doubts := f.proven()
	t.Logf("%d letters, the new primary is %s; lost 0, twice 0, in doubt %d", f.letters, next.Direct, doubts)
}

// F18: a replica is gone. Sending stops with the reason, burns no attempt, and resumes by itself.
func TestReplicaGone(t *testing.T) {
	top := ledgertest.Sentinel(t)
	f := newFleet(t, top.Client(t, ledger.Load), 300)
	s := ledger.NewSentinels(ledgertest.PrimaryName, top.Sentinels, redis.Options{})
	defer func() { _ = s.Close() }()
	gone := top.Replicas()[0]
	f.worker(top.Client(t, ledger.Load), s.Promotable)
	f.sweeper()
	f.taken(50)
	gone.Freeze()
	f.logged("sending waits: 1 of 2 replicas answers")
	before := len(f.box.Letters())
	f.ledger.Need(2)
	for range 2 {
		if err := f.ledger.Reach(f.ctx); err == nil { // takes its second
			t.Error("the frozen replica answers")
		}
	}
	if n := len(f.box.Letters()); n != before || n == f.letters {
		t.Errorf("%d of %d letters had left, then %d", before, f.letters, n)
	}
	gone.Thaw()
	f.logged("sending goes on")
	if doubts := f.proven(); doubts != 0 {
		t.Errorf("%d in doubt", doubts)
	}
	for id, l := range f.out() {
		if l.Attempts != 1 {
			t.Errorf("%s was sent at attempt %d", id, l.Attempts)
		}
	}
}

// F21: a store that is full stops the run without a dot; with room again it goes on.
func TestStoreFull(t *testing.T) {
	srv := ledgertest.Start(t)
	client := func() *redis.Client {
		c := redis.NewClient(&redis.Options{Addr: srv.Addr, MaxRetries: -1, OnConnect: ledger.Load})
		t.Cleanup(func() { _ = c.Close() })
		return c
	}
	f := newFleet(t, client(), 300)
	f.worker(client(), nil)
	f.taken(50)
	f.ok(f.ledger.Redis.Do(f.ctx, "config", "set", "maxmemory", "1").Result())
	f.logged("the store is full")
	// What was past the commit point may still leave; after that nothing does.
	var sending int
	ledgertest.Await(t, "the dots under way", func(ctx context.Context) error {
		counts, err := f.ledger.Counts(ctx, "res")
		sending = counts["appeal"][letter.Sending]
		if taken := counts["appeal"][letter.Sent] + sending; err != nil || len(f.box.Letters()) != taken {
			return fmt.Errorf("%v, %v, %d taken", counts, err, len(f.box.Letters()))
		}
		return nil
	})
	if n := len(f.box.Letters()); n == f.letters {
		t.Fatal("the store was full after everything")
	}
	f.ok(f.ledger.Redis.Do(f.ctx, "config", "set", "maxmemory", "0").Result())
	if doubts := f.proven(); doubts != 0 {
		t.Errorf("%d in doubt", doubts)
	}
}

// F22: replies of the store are dropped all through a run, with their connections.
func TestRepliesDropped(t *testing.T) {
	srv := ledgertest.Start(t)
	proxy := ledgertest.NewProxy(t, srv.Addr)
	f := newFleet(t, ledgertest.Client(t, srv.Addr), 200)
	dropping := redis.NewClient(&redis.Options{Addr: proxy.Addr, MaxRetries: -1, OnConnect: ledger.Load})
	t.Cleanup(func() { _ = dropping.Close() })
	f.worker(dropping, nil)
	f.sweeper()
	turn := 0
	proxy.DropReplies(func() int { turn++; return 3 + turn%7 })
	f.taken(f.letters)
	proxy.PassReplies()
	if doubts := f.proven(); doubts != 0 {
		t.Errorf("%d in doubt", doubts)
	}
	if n := proxy.Dropped(); n < 20 {
		t.Errorf("only %d replies were dropped", n)
	}
	t.Logf("%d replies dropped over %d letters", proxy.Dropped(), f.letters)
}

// A store that comes back without what it was told last may hold a letter as this worker's that the worker has given back:
// it goes on under a new name, and the letter is planned again.
func TestStoreForgets(t *testing.T) {
	srv := ledgertest.Start(t)
	f := newFleet(t, ledgertest.Client(t, srv.Addr), 1)
	w := f.idle(ledgertest.Client(t, srv.Addr), nil)
	name := w.Name()
	claimed, err := f.ledger.Claim(f.ctx, f.blocks[0], ledger.Nonce(name), 1, ledger.Pace{Relay: "main"})
	f.ok(nil, err)
	f.logged("the ledger is with") // Watch knows this server
	f.ok(f.ledger.Redis.Do(f.ctx, "save").Result())
	f.ok(nil, f.ledger.Unclaim(f.ctx, claimed.Letters, time.Hour, ""))
	srv.Kill()
	srv.Restart(t)
	ledgertest.Await(t, "a new name", func(context.Context) error {
		if w.Name() == name {
			return fmt.Errorf("still %s", name)
		}
		return nil
	})
	ledgertest.Await(t, "the letter to be planned", func(ctx context.Context) error {
		if _, err := f.ledger.Sweep(ctx); err != nil {
			return err
		}
		got, _, err := f.ledger.Letter(ctx, f.blocks[0], "D0000")
		if err != nil || got.State != letter.Planned || got.Since.After(time.Now()) {
			return fmt.Errorf("%+v, %v", got, err)
		}
		return nil
	})
}
