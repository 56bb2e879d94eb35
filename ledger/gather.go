package ledger

import (
	"context"
	"runtime"
	"sync"
)

// gather lets many goroutines share one call: while a call is under way the next ones pile up, and whoever is first
// among them takes all of them along. No timer, no goroutine of its own: an idle ledger answers a single letter at once.
type gather[T, R any] struct {
	do   func(ctx context.Context, items []T) ([]R, error)
	most int

	mu      sync.Mutex
	waiting []*waiter[T, R]
	busy    bool
}

type waiter[T, R any] struct {
	item   T
	result R
	err    error
	woken  chan bool // true: it is your turn to lead; false: your result is there
}

func (g *gather[T, R]) call(ctx context.Context, item T) (R, error) {
	w := &waiter[T, R]{item: item, woken: make(chan bool, 1)}
	g.mu.Lock()
	g.waiting = append(g.waiting, w)
	lead := !g.busy
	g.busy = true
	g.mu.Unlock()
	if !lead && !<-w.woken {
		return w.result, w.err
	}
	// Let the letters that are ready at this moment come along.
	runtime.Gosched()
	g.mu.Lock()
	n := min(len(g.waiting), g.most)
	taken := make([]*waiter[T, R], n)
	copy(taken, g.waiting)
	g.waiting = append(g.waiting[:0:0], g.waiting[n:]...)
	g.mu.Unlock()

	items := make([]T, n)
	for i, t := range taken {
		items[i] = t.item
	}
	results, err := g.do(ctx, items)
	g.mu.Lock()
	if len(g.waiting) > 0 {
		g.waiting[0].woken <- true
	} else {
		g.busy = false
	}
	g.mu.Unlock()
	for i, t := range taken {
		t.err = err
		if err == nil {
			t.result = results[i]
		}
		if t != w {
			t.woken <- false
		}
	}
	return w.result, w.err
}
