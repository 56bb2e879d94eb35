package cuts

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"sync"
)

// witness is a relay that speaks SMTP by hand and notes every letter that it accepts before it answers.
type witness struct {
	listener   net.Listener
	extensions []string

	mu       sync.Mutex
	accepted map[string]int // Message-ID to how often
	open     int            // connections
	quiet    *sync.Cond
}

func startWitness(extensions ...string) (*witness, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	w := &witness{listener: l, extensions: extensions, accepted: map[string]int{}}
	w.quiet = sync.NewCond(&w.mu)
	w.enter()
	go func() {
		defer w.leave()
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			w.enter()
			go func() {
				defer w.leave()
				defer c.Close()
				w.serve(c)
			}()
		}
	}()
	return w, nil
}

func (w *witness) enter() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.open++
}

func (w *witness) leave() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.open--
	w.quiet.Broadcast()
}

// settle waits until every connection has ended: what has reached the witness by then it has noted.
func (w *witness) settle() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.open > 1 {
		w.quiet.Wait()
	}
}

// count is how often a letter was accepted.
func (w *witness) count(messageID string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.accepted[messageID]
}

// forget begins anew.
func (w *witness) forget() {
	w.mu.Lock()
	defer w.mu.Unlock()
	clear(w.accepted)
}

func (w *witness) close() { w.listener.Close() }

// serve is one connection. A reply that cannot be written ends nothing by itself: what was received is still worked off,
// as a relay with an input buffer does.
func (w *witness) serve(c net.Conn) {
	in := bufio.NewReader(c)
	say := func(format string, args ...any) { fmt.Fprintf(c, format+"\r\n", args...) }
	say("220 witness.example ESMTP")
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		switch verb, _, _ := strings.Cut(strings.ToUpper(strings.TrimRight(line, "\r\n")), " "); verb {
		case "EHLO":
			reply := "250-witness.example\r\n"
			for _, e := range w.extensions {
				reply += "250-" + e + "\r\n"
			}
			say("%s250 SIZE 1000000", reply)
		case "DATA":
			say("354 go on")
			id, err := content(in)
			if err != nil {
				return
			}
			w.mu.Lock()
			w.accepted[id]++
			n := len(w.accepted)
			w.mu.Unlock()
			say("250 2.0.0 taken as %d", n)
		case "QUIT":
			say("221 2.0.0 bye")
			return
		default:
			say("250 2.0.0 ok")
		}
	}
}

// content reads a letter up to its dot, and gives its Message-ID.
func content(in *bufio.Reader) (id string, err error) {
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return "", err
		}
		if line == ".\r\n" {
			return id, nil
		}
		if v, ok := strings.CutPrefix(line, "Message-ID: "); ok && id == "" {
			id = strings.TrimSpace(v)
		}
	}
}
