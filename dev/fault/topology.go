package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"

	"outreach.example/ledger"
	"outreach.example/ledger/ledgertest"
)

// bench lets the test topology of sentinels run outside a test: what it would fail a test with ends the scenario.
type bench struct {
	testing.TB // nil: what is not overridden here is not used there
	ctx        context.Context
	dir        string

	mu    sync.Mutex
	after []func()
}

// unmet is what the topology waited for in vain.
type unmet struct{ error }

func (b *bench) Helper()                  {}
func (b *bench) Context() context.Context { return b.ctx }
func (b *bench) Fatal(a ...any)           { panic(unmet{fmt.Errorf("%s", fmt.Sprint(a...))}) }
func (b *bench) Fatalf(f string, a ...any) {
	panic(unmet{fmt.Errorf(f, a...)})
}

func (b *bench) Cleanup(f func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.after = append(b.after, f)
}

func (b *bench) TempDir() string {
	dir, err := os.MkdirTemp(b.dir, "node-")
	if err != nil {
		b.Fatal(err)
	}
	return dir
}

// end undoes what was set up, the last first.
func (b *bench) end() {
	for i := len(b.after) - 1; i >= 0; i-- {
		b.after[i]()
	}
}

// met runs what waits for the topology, and gives what it waited for in vain as an error.
func met(do func()) (err error) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case unmet:
			err = r.error
		case runtime.Error:
			panic(r)
		default:
			panic(r)
		}
	}()
	do()
	return nil
}

// sentinels starts a primary with two replicas and three sentinels in place of the one Redis.
func (l *lab) sentinels() error {
	l.bench = &bench{ctx: l.ctx, dir: l.dir}
	return met(func() {
		l.top = ledgertest.Sentinel(l.bench)
		l.rdb = l.top.Client(l.bench, nil)
		l.ledger = ledger.New(l.rdb)
	})
}

// redisURL is what OUTREACH_REDIS is set to: the sentinels, or one address.
func (l *lab) redisURL(address string) string {
	if l.top != nil {
		return "redis+sentinel://" + strings.Join(l.top.Sentinels, ",") + "/" + ledgertest.PrimaryName
	}
	return "redis://" + address + "/0"
}
