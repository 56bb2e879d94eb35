package worker

import (
	"context"
	"errors"
	"time"

	"outreach.example/ledger"
)

// Watch looks at the store at every renewal of the lease until ctx ends: how many replicas a begin must reach and whether
// they answer, so that sending waits and goes on by itself; whether it is still the same server; what it says of the
// relays, and how much room it has.
func (w *Worker) Watch(ctx context.Context) {
	t := time.NewTicker(w.Times.Renew)
	defer t.Stop()
	var last error
	server := ""
	for {
		last = w.watchReplicas(ctx, last)
		server = w.watchServer(ctx, server)
		w.Look(ctx)
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
	}
}

// watchReplicas says when sending begins to wait for a replica, and when it goes on.
func (w *Worker) watchReplicas(ctx context.Context, last error) error {
	if w.Replicas != nil {
		n, err := w.Replicas(ctx)
		if err == nil {
			w.Ledger.Need(n)
		} else if ctx.Err() == nil {
			w.Log.Warn("replicas not counted; the last count stands", "replicas", w.Ledger.Needed(), "error", err)
		}
	}
	err := w.Ledger.Reach(ctx)
	var missing ledger.MissingReplica
	switch {
	case errors.As(err, &missing):
		if !errors.Is(last, err) {
			w.Log.Warn("sending waits: " + missing.Count())
		}
	case err != nil:
		if ctx.Err() == nil {
			w.Log.Warn("replicas not asked", "error", err)
		}
		return last
	case last != nil:
		w.Log.Info("sending goes on", "replicas", w.Ledger.Needed())
	}
	return err
}

// watchServer takes a new name when another server answers for the ledger. What the old one was told last may be lost: a
// letter that was given back would be claimed by this name for as long as it lives. The old name is kept until its last
// letter in hand is written down, and then ended, so that the sweep looks at what is left.
func (w *Worker) watchServer(ctx context.Context, known string) string {
	server, err := w.Ledger.Server(ctx)
	if err != nil || server == "" {
		return known
	}
	if known == "" {
		w.Log.Debug("the ledger is with", "server", server)
	}
	if known != "" && server != known {
		old := w.Name()
		if err := w.Join(ctx); err != nil {
			return known
		}
		w.Log.Warn("another server answers for the ledger; going on under a new name", "worker", w.Name(), "before", old)
		w.mu.Lock()
		w.retired = append(w.retired, old)
		w.mu.Unlock()
	}
	w.retire(ctx)
	return server
}

// retire ends the names that hold nothing any more, and keeps the lease of the others.
func (w *Worker) retire(ctx context.Context) {
	w.mu.Lock()
	names := w.retired
	w.retired = nil
	w.mu.Unlock()
	for _, name := range names {
		w.mu.Lock()
		n := w.holds[name]
		w.mu.Unlock()
		var alive bool
		var err error
		if n == 0 {
			err = w.Ledger.Leave(ctx, name)
		} else {
			alive, err = w.Ledger.Renew(ctx, name, w.Times.Lease, false)
		}
		if alive || err != nil {
			w.mu.Lock()
			w.retired = append(w.retired, name)
			w.mu.Unlock()
		}
	}
}

// holding counts what a name has in hand, claims under way included.
func (w *Worker) holding(name string, n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.holds == nil {
		w.holds = map[string]int{}
	}
	if w.holds[name] += n; w.holds[name] == 0 {
		delete(w.holds, name)
	}
}

// replicated waits while a replica is missing; false says that the time to ask for letters is over.
func (w *Worker) replicated(until time.Time) bool {
	for w.Ledger.Missing() != nil {
		if w.Now().After(until) || !ledger.Rest(w.Intake, w.Times.Renew/8) {
			return false
		}
	}
	return true
}
