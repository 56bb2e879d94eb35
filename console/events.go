package console

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"outreach.example/ledger"
)

// How pages that are open hear that something happened.
const (
	listen   = 300 * time.Millisecond // between two looks at the audit stream, while anybody listens
	beat     = 15 * time.Second       // between two signs of life, and looks whether the person is still signed in
	longest  = 30 * time.Minute       // of one connection; the browser opens another
	mostEars = 500                    // connections at once
	mostTold = 3                      // pages that are told after one look: each asks for itself then, and letters go first
)

// A hub looks at the end of the audit stream once for all pages that are open.
type hub struct {
	ledger *ledger.Ledger
	log    *slog.Logger

	mu   sync.Mutex
	ears []*ear // those that were told longest ago first
	last int64
}

// ear is a page that listens.
type ear struct {
	news chan int64
	told int64
}

func newHub(l *ledger.Ledger, log *slog.Logger) *hub {
	return &hub{ledger: l, log: log}
}

// run tells those who listen how far the stream is, when it has moved: everybody in turn, a few after each look.
func (h *hub) run(ctx context.Context) error {
	t := time.NewTicker(listen)
	defer t.Stop()
	failed := false
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
		if h.listeners() == 0 {
			continue
		}
		at, err := h.ledger.Where(ctx)
		if err != nil {
			if !failed && ctx.Err() == nil {
				h.log.Warn("audit stream cannot be followed", "error", err)
			}
			failed = true
			continue
		}
		failed = false
		h.tell(at.Seq)
	}
}

func (h *hub) listeners() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.ears)
}

func (h *hub) tell(seq int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.last = seq
	for range min(mostTold, len(h.ears)) {
		next := h.ears[0]
		if next.told == seq {
			return // nobody was told longer ago
		}
		next.told = seq
		h.ears = append(h.ears[1:], next)
		select {
		case next.news <- seq:
		default: // it has not heard the one before yet, and will ask for the page then
		}
	}
}

// hear adds somebody who listens; nil when there are too many.
func (h *hub) hear() *ear {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.ears) >= mostEars {
		return nil
	}
	e := &ear{news: make(chan int64, 1), told: h.last} // it was asked for a moment ago
	h.ears = append(h.ears, e)
	return e
}

func (h *hub) leave(e *ear) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ears = slices.DeleteFunc(h.ears, func(one *ear) bool { return one == e })
}

// events tells a page that the audit stream moved, and nothing of what moved it: the page asks for itself, and is given
// what its reader may see.
func (c *Console) events(v *visit) error {
	e := c.hub.hear()
	if e == nil {
		v.w.Header().Set("Retry-After", "30")
		plainly(v.w, http.StatusServiceUnavailable, "too many pages are open")
		return nil
	}
	defer c.hub.leave(e)
	v.w.Header().Set("Content-Type", "text/event-stream")
	v.w.Header().Set("X-Accel-Buffering", "no")
	control := http.NewResponseController(v.w)
	say := func(format string, args ...any) bool {
		_ = control.SetWriteDeadline(time.Now().Add(beat))
		_, err := fmt.Fprintf(v.w, format, args...)
		return err == nil && control.Flush() == nil
	}
	if !say("retry: 3000\n\n") {
		return nil
	}
	t := time.NewTicker(beat)
	defer t.Stop()
	end := time.NewTimer(longest)
	defer end.Stop()
	for {
		select {
		case <-v.ctx.Done():
			return nil
		case <-end.C:
			return nil
		case seq := <-e.news:
			if !say("id: %d\nevent: moved\ndata: %d\n\n", seq, seq) {
				return nil
			}
		case <-t.C:
			still, err := c.still(v)
			if err == nil && !still {
				say("event: out\ndata: signed out\n\n")
				return nil
			}
			if !say(": here\n\n") {
				return nil
			}
		}
	}
}

// still says whether the person of a long answer is still signed in: in the store, not in what was read at its beginning.
func (c *Console) still(v *visit) (bool, error) {
	cookie, err := v.r.Cookie(c.sessions.Cookie.Name)
	if err != nil {
		return false, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second) // the request's own holds the session as it was
	defer cancel()
	ctx, err = c.sessions.Load(ctx, cookie.Value)
	if err != nil {
		return false, err
	}
	_, ok, err := c.who(ctx)
	return ok, err
}
