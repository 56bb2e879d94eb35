package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"outreach.example/ledger"
	"outreach.example/ledger/ledgertest"
	"outreach.example/letter"
)

// F21: a store that is full, read-only, frozen or has lost its scripts grants nothing that it does not hold, says what to
// do, and goes on where it was when it is well again.
func TestStoreInTrouble(t *testing.T) {
	signal := func(sig syscall.Signal) func(*world, *ledgertest.Server) error {
		return func(_ *world, s *ledgertest.Server) error { return syscall.Kill(s.PID(), sig) }
	}
	config := func(args ...any) func(*world, *ledgertest.Server) error {
		return func(w *world, _ *ledgertest.Server) error { return w.Redis.Do(w.ctx, args...).Err() }
	}
	tests := []struct {
		name        string
		ail, mend   func(*world, *ledgertest.Server) error
		says, words string // the sentence for a person, and the store's own
	}{
		{"full", config("config", "set", "maxmemory", "1"), config("config", "set", "maxmemory", "0"), "the store is full", "OOM"},
		{"read-only", config("replicaof", "127.0.0.1", "1"), config("replicaof", "no", "one"), "the store is a replica", "READONLY"},
		{"without replicas", config("config", "set", "min-replicas-to-write", "1"), config("config", "set", "min-replicas-to-write", "0"), "takes no writes without its replicas", "NOREPLICAS"},
		{"frozen", signal(syscall.SIGSTOP), signal(syscall.SIGCONT), "the store does not answer in time", "timeout"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			srv := ledgertest.Start(t)
			rdb := redis.NewClient(&redis.Options{Addr: srv.Addr, MaxRetries: -1, ReadTimeout: 100 * time.Millisecond, OnConnect: ledger.Load})
			defer func() { _ = rdb.Close() }()
			w := newWorld(t, rdb, "KEN", "PER", "FJI")
			per, fji := w.claimOne("PER"), w.claimOne("FJI")
			w.ok(w.grant(fji))
			w.ok(nil, tt.ail(w, srv))
			nonce := ledger.Nonce(w.worker)
			_, claim := w.Claim(w.ctx, block("KEN"), nonce, 1, ledger.Pace{Relay: "main"})
			_, begin := w.grant(per)
			_, settle := w.Settle(w.ctx, ledger.Settlement{Claim: fji, To: letter.Sent, Words: "250 ok"})
			for what, err := range map[string]error{"claim": claim, "begin": begin, "settle": settle} {
				var no ledger.NotGranted
				if err == nil || errors.As(err, &no) || !strings.Contains(err.Error(), tt.says) || !strings.Contains(err.Error(), tt.words) {
					t.Errorf("%s: %v", what, err)
				}
			}
			w.ok(nil, tt.mend(w, srv))
			// A frozen store does what it was asked before it does what it is asked now, or after: each order is the same.
			ledgertest.Await(t, "the store", func(ctx context.Context) error { return rdb.Ping(ctx).Err() })
			got, err := w.Claim(w.ctx, block("KEN"), nonce, 1, ledger.Pace{Relay: "main"})
			if err != nil || len(got.Letters) != 1 {
				t.Fatalf("claimed again: %+v, %v", got, err)
			}
			w.ok(w.grant(per))
			for _, c := range []ledger.Claim{per, fji} {
				if s := w.settleAs(c, letter.Sent); s != letter.Sent {
					t.Errorf("settled as %s", s)
				}
			}
			for donor, attempts := range map[string]int{"KEN": 0, "PER": 1, "FJI": 1} {
				if l, _, err := w.Letter(w.ctx, block(donor), donor); err != nil || l.Attempts != attempts {
					t.Errorf("%s: %+v, %v", donor, l, err)
				}
			}
			w.adds("KEN", "PER", "FJI")
		})
	}
}

// A begin that reaches a frozen store after its letter was given up, because it waited in the store's socket, grants
// nothing.
func TestLateBegin(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		w := newWorld(t, rdb, "KEN")
		ken := w.claimOne("KEN")
		if s, err := w.Settle(w.ctx, ledger.Settlement{Claim: ken, To: letter.Planned, NoAttempt: true}); s != letter.Planned {
			t.Fatalf("%s, %v", s, err)
		}
		var no ledger.NotGranted
		if _, err := w.grant(ken); !errors.As(err, &no) {
			t.Errorf("begun after it was given up: %v", err)
		}
		if got, _, _ := w.Letter(w.ctx, block("KEN"), "KEN"); got.State != letter.Planned || got.Attempts != 0 {
			t.Errorf("%+v", got)
		}
	})
}

// An attempt that the house spoilt is not counted, whether its begin was written or not, and however often it is said.
func TestNoAttempt(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		w := newWorld(t, rdb, "KEN")
		for _, begun := range []bool{true, false} {
			ken := w.claimOne("KEN")
			if begun {
				w.ok(w.grant(ken))
			}
			for range 2 {
				if s, err := w.Settle(w.ctx, ledger.Settlement{Claim: ken, To: letter.Planned, NoAttempt: true, Words: "no disk"}); s != letter.Planned {
					t.Errorf("%s, %v", s, err)
				}
			}
			got, _, err := w.Letter(w.ctx, block("KEN"), "KEN")
			if err != nil || got.Attempts != 0 || got.Words != "no disk" {
				t.Errorf("begun %v: %+v, %v", begun, got, err)
			}
		}
		w.adds("KEN")
	})
}

// F14: a store that fsyncs every write and is killed in the middle of a run still holds every transition that it had
// answered.
func TestKilledStore(t *testing.T) {
	srv := ledgertest.Start(t, "--appendonly", "yes", "--appendfsync", "always")
	rdb := redis.NewClient(&redis.Options{Addr: srv.Addr, MaxRetries: -1, OnConnect: ledger.Load})
	defer func() { _ = rdb.Close() }()
	var donors []string
	for i := range 400 {
		donors = append(donors, fmt.Sprintf("D%03d", i))
	}
	w := newWorld(t, rdb, donors...)
	var mu sync.Mutex
	answered := map[string]letter.State{}
	keep := func(donor string, s letter.State) int {
		mu.Lock()
		defer mu.Unlock()
		answered[donor] = s
		return len(answered)
	}
	third := make(chan struct{})
	var once sync.Once
	var workers sync.WaitGroup
	for part := range slices.Chunk(donors, 50) {
		workers.Go(func() {
			for _, d := range part {
				got, err := w.Claim(w.ctx, block(d), ledger.Nonce(w.worker), 1, ledger.Pace{Relay: "main"})
				if err != nil {
					return
				}
				keep(d, letter.Claimed)
				if _, err := w.grant(got.Letters[0]); err != nil {
					return
				}
				if keep(d, letter.Sending) > len(donors)/3 {
					once.Do(func() { close(third) })
				}
				if s, err := w.Settle(w.ctx, ledger.Settlement{Claim: got.Letters[0], To: letter.Sent, Words: "250 ok"}); err != nil || s != letter.Sent {
					return
				}
				keep(d, letter.Sent)
			}
		})
	}
	<-third
	srv.Kill()
	workers.Wait()
	srv.Restart(t)
	ledgertest.Await(t, "the store", func(ctx context.Context) error { return rdb.Ping(ctx).Err() })
	rank := map[letter.State]int{letter.Planned: 0, letter.Claimed: 1, letter.Sending: 2, letter.Sent: 3}
	for d, s := range answered {
		if got := w.state(d); rank[got] < rank[s] {
			t.Errorf("%s is %s; %s was answered before the kill", d, got, s)
		}
	}
	if n := len(answered); n == len(donors) {
		t.Error("the kill came after everything")
	}
	w.adds(donors...)
	chained(w)
}

// chained asserts invariant I10 and I8: the audit chain is whole and its numbers follow each other.
func chained(w *world) {
	w.t.Helper()
	before, after := "", int64(0)
	for {
		entries, err := w.Audit(w.ctx, after, 500)
		w.ok(nil, err)
		for _, e := range entries {
			if e.Seq != after+1 || e.Link(before) != e.Chain {
				w.t.Fatalf("audit entry %d after %d: chain broken", e.Seq, after)
			}
			before, after = e.Chain, e.Seq
		}
		if len(entries) == 0 {
			break
		}
	}
	if stands, err := w.Open(w.ctx); err != nil || stands.Seq != after || stands.Chain != before {
		w.t.Errorf("the ledger stands at %+v (%v), its audit ends at %d", stands, err, after)
	}
}

// F22: the reply to any call is dropped with its connection. Asked again, the call finds what the first one did: nothing
// is granted to two, no letter is lost, nothing is counted twice.
func TestDroppedReplies(t *testing.T) {
	srv := ledgertest.Start(t)
	proxy := ledgertest.NewProxy(t, srv.Addr)
	rdb := redis.NewClient(&redis.Options{Addr: proxy.Addr, MaxRetries: -1, OnConnect: ledger.Load, PoolSize: 1})
	defer func() { _ = rdb.Close() }()
	w := newWorld(t, rdb, "KEN")
	lost := func(what string, call func() error) {
		t.Helper()
		w.ok(nil, rdb.Ping(w.ctx).Err()) // a connection stands ready
		before := proxy.Dropped()
		proxy.DropReply()
		err := call()
		if proxy.Dropped() != before+1 {
			t.Errorf("%s: the reply was not dropped", what)
		}
		if err != nil {
			w.ok(nil, call())
		}
	}
	nonce := ledger.Nonce(w.worker)
	var got ledger.Claims
	lost("claim", func() (err error) {
		got, err = w.Claim(w.ctx, block("KEN"), nonce, 1, ledger.Pace{Relay: "main"})
		return err
	})
	if len(got.Letters) != 1 {
		t.Fatalf("claimed: %+v", got)
	}
	ken := got.Letters[0]
	if other := w.claim("KEN"); len(other.Letters) != 0 {
		t.Errorf("claimed by another: %+v", other)
	}
	lost("unclaim", func() error { return w.Unclaim(w.ctx, got.Letters, 0, "") })
	ken = w.claimOne("KEN")
	lost("begin", func() error { _, err := w.grant(ken); return err })
	stranger := ken
	stranger.Nonce = ledger.Nonce(w.worker)
	var no ledger.NotGranted
	if _, err := w.grant(stranger); !errors.As(err, &no) {
		t.Errorf("granted to a second nonce: %v", err)
	}
	lost("settle", func() error {
		_, err := w.Settle(w.ctx, ledger.Settlement{Claim: ken, To: letter.Sent, Words: "250 ok"})
		return err
	})
	if l, _, err := w.Letter(w.ctx, block("KEN"), "KEN"); err != nil || l.State != letter.Sent || l.Attempts != 1 {
		t.Errorf("%+v, %v", l, err)
	}
	w.adds("KEN")
	chained(w)
}
