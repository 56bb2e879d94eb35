package trial

import (
	"io"
	"net"
	"sync"
	"time"
)

// linger is how long a cut connection is still read: closing it with bytes unread would reset it, and a reset can take
// back replies to earlier letters that the other side has not read yet.
const linger = time.Second

// A door accepts connections and knows which of them have a letter in hand, so that closing can spare those.
type door struct {
	net.Listener
	closing sync.Once

	mu       sync.Mutex
	wires    map[*wire]bool // true from MAIL until the answer to the dot
	draining bool
}

func (d *door) Accept() (net.Conn, error) {
	c, err := d.Listener.Accept()
	if err != nil {
		return nil, err
	}
	w := &wire{Conn: c, door: d}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.wires[w] = false
	if d.draining {
		_ = c.Close() // its server notices
	}
	return w, nil
}

// Close may be called again: go-smtp closes the listeners it knows, and it does not know one whose Serve is only about to
// begin.
func (d *door) Close() (err error) {
	d.closing.Do(func() { err = d.Listener.Close() })
	return err
}

// drain takes no more connections, and closes those without a letter in hand now, the others when they are done with it.
func (d *door) drain() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.draining = true
	for w, busy := range d.wires {
		if !busy {
			_ = w.Conn.Close()
		}
	}
	return d.Close()
}

// shut closes every connection.
func (d *door) shut() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for w := range d.wires {
		_ = w.Conn.Close()
	}
}

// A wire is one connection.
type wire struct {
	net.Conn
	door *door

	// before354 happens instead of answering DATA. The server in use gives no other place to say no to it.
	before354 func(*wire)
	cutOff    bool
}

// busy notes whether a letter is in hand. A mailbox that is closing takes no new one, and ends the connection instead.
func (w *wire) busy(yes bool) {
	w.door.mu.Lock()
	was, open := w.door.wires[w]
	ends := w.door.draining && !(yes && was)
	if open {
		w.door.wires[w] = yes && !ends
	}
	w.door.mu.Unlock()
	if ends && !w.cutOff {
		w.cut()
	}
}

// Write sends one reply: go-smtp flushes after each.
func (w *wire) Write(p []byte) (int, error) {
	if act := w.before354; act != nil && len(p) > 3 && string(p[:4]) == "354 " {
		w.before354 = nil
		act(w)
	}
	if w.cutOff {
		return 0, net.ErrClosed
	}
	return w.Conn.Write(p)
}

func (w *wire) Close() error {
	w.door.mu.Lock()
	delete(w.door.wires, w)
	w.door.mu.Unlock()
	return w.Conn.Close()
}

// cut ends the connection without another word. Replies already written still arrive.
func (w *wire) cut() {
	w.cutOff = true
	if c, ok := w.Conn.(*net.TCPConn); ok && c.CloseWrite() == nil {
		late := time.AfterFunc(linger, func() { _ = c.Close() })
		_, _ = io.Copy(io.Discard, c)
		late.Stop()
	}
	_ = w.Conn.Close()
}
