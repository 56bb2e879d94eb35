package main

import (
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// taken is one letter that the witness took: one line of its file, on the disk before the relay's answer is on its way.
type taken struct {
	MessageID  string    `json:"message_id"`
	From       string    `json:"from"`
	To         []string  `json:"to"`
	Hash       string    `json:"sha256"` // of the content as it came, without the dots that SMTP adds
	At         time.Time `json:"at"`
	Connection int       `json:"connection"`
}

// moment is when a plan may make the witness misbehave.
type moment struct {
	conn   int    // from 1
	verb   string // CONNECT, EHLO, STARTTLS, AUTH, MAIL, RCPT, DATA, "." (the whole content is there), QUIT
	line   string // the command
	letter string // for ".": the Message-ID
	seen   int    // for ".": how often this letter has come so far, this time included
}

// act is what the witness does; the zero value is what a good relay does.
type act struct {
	reply string        // in place of the good one, with its line ends
	wait  time.Duration // before the answer; it ends early when the other side has gone
	never bool          // no answer at all: the connection stands until the other side gives it up
	cut   bool          // the connection is closed after the reply ("" where none is given)
	reset bool          // the connection is reset after the reply
	mute  bool          // with cut or reset: no reply before it
	drop  bool          // for ".": the letter is not taken although the plan gives no refusal
	fault string        // what this is counted as; "" for good behaviour
}

// limits say after how many bytes a connection ends; 0 is no end.
type limits struct{ in, out int }

// witness is a relay that writes down what it takes before it says so. It is no library's server: it tears its answers
// and lies when its plan says so, and it knows nothing of the program that speaks to it.
type witness struct {
	addr string

	listener net.Listener
	file     *os.File
	registry string // folder for registry copies
	offers   []string
	cert     *tls.Certificate

	mu     sync.Mutex
	plan   func(moment) act
	cut    func(conn int) limits
	copies func(n int) copying
	taken  []taken
	came   map[string]int // contents that came whole, by Message-ID
	copied map[string]int // registry copies in the folder, by Message-ID
	conns  map[net.Conn]bool
	count  int
	faults map[string]int
	late   []*time.Timer
	closed bool
	wg     sync.WaitGroup
}

// copying is what becomes of a registry copy.
type copying struct {
	times int
	after time.Duration
}

const registryAddress = "registry@iom.example"

// startWitness serves on a free port of this machine.
func startWitness(log, registry string) (*witness, error) {
	f, err := os.OpenFile(log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	w := &witness{
		addr: l.Addr().String(), listener: l, file: f, registry: registry, offers: []string{"PIPELINING", "8BITMIME", "ENHANCEDSTATUSCODES"},
		came: map[string]int{}, copied: map[string]int{}, conns: map[net.Conn]bool{}, faults: map[string]int{},
	}
	w.wg.Go(w.accept)
	return w, nil
}

func (w *witness) accept() {
	for {
		c, err := w.listener.Accept()
		if err != nil {
			return
		}
		w.mu.Lock()
		w.count++
		n := w.count
		w.conns[c] = true
		closed := w.closed
		w.mu.Unlock()
		if closed {
			_ = c.Close()
			return
		}
		w.wg.Go(func() {
			defer func() {
				w.mu.Lock()
				delete(w.conns, c)
				w.mu.Unlock()
				_ = c.Close()
			}()
			w.serve(c, n)
		})
	}
}

// misbehave sets what the witness does from now on; nil is a good relay.
func (w *witness) misbehave(plan func(moment) act) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.plan = plan
}

// cutting sets where connections end from now on.
func (w *witness) cutting(cut func(conn int) limits) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cut = cut
}

// stop takes no more connections and ends those that stand: the relay is down.
func (w *witness) stop() {
	w.mu.Lock()
	w.closed = true
	_ = w.listener.Close()
	for c := range w.conns {
		_ = c.Close()
	}
	for _, t := range w.late {
		t.Stop()
	}
	w.mu.Unlock()
	w.wg.Wait()
}

// again opens the same port once more.
func (w *witness) again() error {
	l, err := net.Listen("tcp", w.addr)
	if err != nil {
		return err
	}
	w.mu.Lock()
	w.listener, w.closed = l, false
	w.mu.Unlock()
	w.wg.Go(w.accept)
	return nil
}

func (w *witness) close() error {
	w.stop()
	return w.file.Close()
}

func (w *witness) connections() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.count
}

func (w *witness) accepted() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.taken)
}

// took is how often a letter was taken.
func (w *witness) took(messageID string) (n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, t := range w.taken {
		if t.MessageID == messageID {
			n++
		}
	}
	return n
}

// injected is how many faults the witness has made, by kind.
func (w *witness) injected() map[string]int {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := map[string]int{}
	for k, n := range w.faults {
		out[k] = n
	}
	return out
}

// ask is what the plan says of a moment.
func (w *witness) ask(m moment) act {
	w.mu.Lock()
	defer w.mu.Unlock()
	if m.verb == "." {
		w.came[m.letter]++
		m.seen = w.came[m.letter]
	}
	if w.plan == nil {
		return act{}
	}
	a := w.plan(m)
	if a.fault != "" {
		w.faults[a.fault]++
	}
	return a
}

// take writes a letter down, and returns when it is on the disk.
func (w *witness) take(t taken, content []byte) error {
	line, err := json.Marshal(t)
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, err := w.file.Write(append(line, '\n')); err != nil {
		return err
	}
	if err := w.file.Sync(); err != nil {
		return err
	}
	w.taken = append(w.taken, t)
	for _, to := range t.To {
		if to == registryAddress {
			w.keep(len(w.taken), t.MessageID, content)
		}
	}
	return nil
}

// keep puts a registry copy where the mailbox would: now, later, twice or never. w.mu is held.
func (w *witness) keep(n int, id string, content []byte) {
	c := copying{times: 1}
	if w.copies != nil {
		c = w.copies(n)
	}
	write := func() (done int) {
		for i := range c.times {
			name := filepath.Join(w.registry, fmt.Sprintf("%06d-%d.eml", n, i))
			if os.WriteFile(name+".part", content, 0o600) == nil && os.Rename(name+".part", name) == nil {
				done++
			}
		}
		return done
	}
	if c.after == 0 {
		w.copied[id] += write()
		return
	}
	w.late = append(w.late, time.AfterFunc(c.after, func() {
		done := write()
		w.mu.Lock()
		defer w.mu.Unlock()
		w.copied[id] += done
	}))
}

// filed is how many registry copies of a letter are in the folder.
func (w *witness) filed(messageID string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.copied[messageID]
}
