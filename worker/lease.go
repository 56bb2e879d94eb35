package worker

import (
	"context"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"

	"outreach.example/ledger"
)

// Keep takes a lease and renews it until ctx ends, then drops it. Nothing is claimed before it has returned nil for the
// first time: call Join first.
func (w *Worker) Keep(ctx context.Context) {
	t := time.NewTicker(w.Times.Renew)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			w.leave(context.WithoutCancel(ctx))
			return
		case <-t.C:
		}
		alive, err := w.Ledger.Renew(ctx, w.Name(), w.Times.Lease, false)
		w.leases.count(alive, err)
		switch {
		case err != nil:
			if ctx.Err() == nil {
				w.Log.Error("lease not renewed", "worker", w.Name(), "error", err)
			}
		case !alive:
			// The ledger has planned this name's letters again. The process goes on under a new one.
			w.Log.Warn("the lease had ended; going on under a new name", "worker", w.Name())
			if err := w.Join(ctx); err != nil && ctx.Err() == nil {
				w.Log.Error("no lease", "error", err)
			}
		case w.Intents != nil:
			w.wrote(ctx)
		}
	}
}

// Join takes a lease under a new name.
func (w *Worker) Join(ctx context.Context) error {
	name := ledger.WorkerName()
	if w.Intents != nil {
		if err := w.Intents.Worker(name); err != nil {
			return err
		}
	}
	if _, err := w.Ledger.Renew(ctx, name, w.Times.Lease, true); err != nil {
		return err
	}
	w.mu.Lock()
	w.name = name
	w.Files.open(w.Ledger)
	if w.hands == nil {
		w.hands = semaphore.NewWeighted(int64(w.InHand))
		w.work = make(chan func())
	}
	w.mu.Unlock()
	w.Look(ctx) // what a person releases from now on is heard
	return nil
}

func (w *Worker) leave(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	if err := w.Ledger.Leave(ctx, w.Name()); err != nil {
		w.Log.Warn("lease not given back; it ends by itself", "worker", w.Name(), "error", err)
	}
}

// Name is the name under which the worker holds letters now.
func (w *Worker) Name() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.name
}

// Leases counts what came of renewing the worker's lease since the process began.
type Leases struct{ renewed, failed, lost atomic.Int64 }

func (l *Leases) count(alive bool, err error) {
	switch {
	case err != nil:
		l.failed.Add(1)
	case alive:
		l.renewed.Add(1)
	default:
		l.lost.Add(1)
	}
}

// Leases is how often the lease was renewed, could not be renewed because the store did not answer, and was found ended.
func (w *Worker) Leases() (renewed, failed, lost int64) {
	return w.leases.renewed.Load(), w.leases.failed.Load(), w.leases.lost.Load()
}
