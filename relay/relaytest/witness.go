// Package relaytest stands in for a relay in tests: a real SMTP server that obeys the address, and one that
// misbehaves octet by octet. Both write down every letter they take before they answer. What a relay's answers mean is
// for package relay.
package relaytest

import (
	"bytes"
	"net/mail"
	"sync"
	"testing"
	"time"
)

// A Letter is a letter that was taken.
type Letter struct {
	From      string
	To        []string // every recipient that was not refused
	Data      []byte
	MessageID string
}

// A Witness is the server's own log of what it took, written before the sender could know.
type Witness struct {
	mu      sync.Mutex
	letters []Letter
	changed chan struct{}
}

// take logs one letter.
func (w *Witness) take(from string, to []string, data []byte) {
	l := Letter{From: from, To: to, Data: data}
	if m, err := mail.ReadMessage(bytes.NewReader(data)); err == nil {
		l.MessageID = m.Header.Get("Message-Id")
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.letters = append(w.letters, l)
	if w.changed != nil {
		close(w.changed)
		w.changed = nil
	}
}

// Letters are the letters taken so far, in order.
func (w *Witness) Letters() []Letter {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]Letter(nil), w.letters...)
}

// Count is how often a letter was taken.
func (w *Witness) Count(messageID string) (n int) {
	for _, l := range w.Letters() {
		if l.MessageID == messageID {
			n++
		}
	}
	return n
}

// Await waits until n letters were taken and returns them; after 10 seconds it fails the test.
func (w *Witness) Await(t testing.TB, n int) []Letter {
	t.Helper()
	timeout := time.NewTimer(10 * time.Second)
	defer timeout.Stop()
	for {
		w.mu.Lock()
		if len(w.letters) >= n {
			defer w.mu.Unlock()
			return append([]Letter(nil), w.letters...)
		}
		if w.changed == nil {
			w.changed = make(chan struct{})
		}
		changed := w.changed
		w.mu.Unlock()
		select {
		case <-changed:
		case <-timeout.C:
			t.Fatalf("%d letters were taken, not %d", len(w.Letters()), n)
		}
	}
}
