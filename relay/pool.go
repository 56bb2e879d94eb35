package relay

import (
	"context"
	"errors"
	"slices"
	"time"
)

// waiter is a letter that waits for a connection.
type waiter struct {
	job     *job
	ready   chan grant // holds one: whoever grants never waits
	alone   bool       // it was let down before: its envelope goes behind no other letter's dot
	engaged bool       // its envelope went out behind the dot of another letter
	gone    bool       // it waits no more
}

// grant is what a waiter gets: a connection, with its envelope written or not; permission to open one (no connection);
// or the news that the connection with its envelope broke.
type grant struct {
	conn    *conn
	written bool
}

// broken stands for a connection that carried the letter's envelope and is no more.
var broken = new(conn)

// Waiting is how many letters wait for a connection.
func (r *Relay) Waiting() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.waiting)
}

// take waits for a connection. A nil connection without an error means: open one, the slot is yours. fresh asks for a
// new one where that is possible, after a letter was let down by an old one.
func (r *Relay) take(ctx context.Context, j *job, fresh bool) (c *conn, written bool, err error) {
	if err := ctx.Err(); err != nil {
		return nil, false, errors.New("stopped before it was sent")
	}
	r.mu.Lock()
	if n := len(r.idle); n > 0 && !fresh {
		c := r.idle[n-1]
		r.idle = r.idle[:n-1]
		r.mu.Unlock()
		c.idle.Stop()
		return c, false, nil
	}
	if r.slots < r.settings.Connections {
		r.slots++
		r.mu.Unlock()
		return nil, false, nil
	}
	if len(r.idle) > 0 {
		old := r.idle[0]
		r.idle = r.idle[1:]
		old.slotless = true
		r.mu.Unlock()
		r.retire(old)
		return nil, false, nil
	}
	w := &waiter{job: j, ready: make(chan grant, 1), alone: fresh}
	r.waiting = append(r.waiting, w)
	r.mu.Unlock()

	// A letter does not wait for the answer to another's dot longer than it would for that to its own MAIL.
	patience := time.NewTimer(r.times.Mail)
	defer patience.Stop()
	for {
		select {
		case g := <-w.ready:
			return g.conn, g.written, nil
		case <-patience.C:
			if r.abandon(w, true) {
				return broken, false, nil
			}
			patience.Reset(r.times.Mail)
		case <-ctx.Done():
			r.abandon(w, false)
			return nil, false, errors.New("stopped before it was sent")
		case <-r.life.Done():
			r.abandon(w, false)
			return nil, false, errors.New(stopped)
		}
	}
}

// abandon ends a wait, or only that of an engaged waiter. What was granted meanwhile is given back.
func (r *Relay) abandon(w *waiter, engagedOnly bool) bool {
	r.mu.Lock()
	if engagedOnly && !w.engaged {
		r.mu.Unlock()
		return false
	}
	w.gone = true
	if i := slices.Index(r.waiting, w); i >= 0 {
		r.waiting = slices.Delete(r.waiting, i, i+1)
	}
	r.mu.Unlock()
	select {
	case g := <-w.ready:
		switch {
		case g.conn == nil:
			r.slotFree()
		case g.conn != broken:
			g.conn.clean = g.conn.clean && !g.written
			r.put(g.conn, nil)
		}
	default:
	}
	return true
}

// engage picks the letter whose envelope goes out with this connection's dot: the one that has waited longest, when the
// relay takes commands in one piece. nil when none waits.
func (r *Relay) engage(c *conn) *waiter {
	if !c.offer.pipelining || r.Trouble() != nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	i := slices.IndexFunc(r.waiting, func(w *waiter) bool { return !w.alone })
	if i < 0 || r.waiting[i].job.fits(c.offer) != nil {
		return nil
	}
	w := r.waiting[i]
	if i == 0 {
		r.next()
	} else {
		r.waiting = slices.Delete(r.waiting, i, i+1)
	}
	w.engaged = true
	return w
}

// next is the waiter that has waited longest, nil for none. r.mu is held.
func (r *Relay) next() *waiter {
	if len(r.waiting) == 0 {
		return nil
	}
	w := r.waiting[0]
	r.waiting[0] = nil
	r.waiting = r.waiting[1:]
	return w
}

// put gives a connection back after a transaction: to the letter whose envelope it carries, else to the next in the
// queue, else to the idle ones. One that is not clean is closed, because nothing else is safe to say on it.
func (r *Relay) put(c *conn, engaged *waiter) {
	c.deadline.Stop()
	r.mu.Lock()
	defer r.mu.Unlock()
	if engaged != nil && engaged.gone {
		c.clean = false
	}
	if !c.clean || c.aborted() != "" {
		c.wire.Conn.Close()
		delete(r.conns, c)
		r.release()
		if engaged != nil {
			engaged.ready <- grant{conn: broken}
		}
		return
	}
	if engaged != nil {
		engaged.ready <- grant{conn: c, written: true}
	} else if w := r.next(); w != nil {
		w.ready <- grant{conn: c}
	} else if r.closing {
		r.quits.Add(1)
		go r.farewell(c)
	} else {
		r.idle = append(r.idle, c)
		if c.idle == nil {
			c.idle = time.AfterFunc(r.times.Idle, func() { r.expire(c) })
		} else {
			c.idle.Reset(r.times.Idle)
		}
	}
}

// add takes up a connection that was made.
func (r *Relay) add(c *conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.conns[c] = struct{}{}
	if r.life.Err() != nil {
		c.abort(stopped)
	}
}

// slotFree gives back the permission to open a connection.
func (r *Relay) slotFree() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.release()
}

// release passes a slot on to the next in the queue. r.mu is held.
func (r *Relay) release() {
	if w := r.next(); w != nil {
		w.ready <- grant{}
		return
	}
	r.slots--
}

// expire closes a connection that has been idle for too long, unless it was taken meanwhile.
func (r *Relay) expire(c *conn) {
	r.mu.Lock()
	i := slices.Index(r.idle, c)
	if i >= 0 {
		r.idle = slices.Delete(r.idle, i, i+1)
		r.quits.Add(1)
	}
	r.mu.Unlock()
	if i >= 0 {
		r.farewell(c)
	}
}

// retire closes a connection that was taken out of the idle ones.
func (r *Relay) retire(c *conn) {
	c.idle.Stop()
	r.quits.Add(1)
	go r.farewell(c)
}

// farewell leaves a clean connection and gives its slot back, unless it was passed on already.
func (r *Relay) farewell(c *conn) {
	defer r.quits.Done()
	c.quit()
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.conns, c)
	if !c.slotless {
		r.release()
	}
	r.log.Debug("disconnected", "relay", r.settings.Name())
}
