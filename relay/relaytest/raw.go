package relaytest

import (
	"bufio"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
)

// A Command is one thing said to a Raw server.
type Command struct {
	Connection int    // from 1
	Letter     int    // which MAIL of this connection it belongs to, from 1; 0 before the first
	Verb       string // "CONNECT", "EHLO", "MAIL", "RCPT", "DATA", "." (all of the content), "QUIT", ...
	Line       string // without its line end; the whole content for "."
}

// An Answer is what a Raw server does about a command.
type Answer struct {
	Raw    string          // octets as they are, nothing added
	Take   bool            // for ".": the letter is taken, whatever Raw says
	HangUp bool            // after Raw the connection ends
	Wait   <-chan struct{} // before anything else
}

// A Script is how a Raw server misbehaves.
type Script struct {
	Extensions []string                // lines of the answer to EHLO, for example "PIPELINING"
	Answer     func(c Command) *Answer // nil, or an answer of nil, for what a good server does
	// The first connection ends when so many octets were read or written; nil for no end. What was read up to there is
	// still worked off.
	CutIn, CutOut *int
}

// A Raw server speaks SMTP by hand, so that it can lie, tear its replies and end in the middle of anything.
type Raw struct {
	Witness
	Addr string // 127.0.0.1:port

	script Script
	done   chan struct{}

	mu       sync.Mutex
	commands []Command
	conns    map[net.Conn]bool
	count    int
	in, out  int
}

// StartRaw runs a Raw server until the test ends.
func StartRaw(t testing.TB, s Script) *Raw {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &Raw{Addr: l.Addr().String(), script: s, done: make(chan struct{}), conns: map[net.Conn]bool{}}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			r.mu.Lock()
			r.conns[c] = true
			r.count++
			n := r.count
			r.mu.Unlock()
			all.Go(func() { r.serve(c, n) })
		}
	})
	t.Cleanup(func() {
		close(r.done)
		l.Close()
		r.HangUp()
		all.Wait()
	})
	return r
}

// URL is the server's address as relay.ParseURL reads it.
func (r *Raw) URL() string { return "smtp://" + r.Addr + "?tls=none" }

// HangUp ends all connections that stand.
func (r *Raw) HangUp() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for c := range r.conns {
		c.Close()
	}
}

// Commands are the commands said so far, in the order in which they were understood.
func (r *Raw) Commands() []Command {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]Command(nil), r.commands...)
}

// Connections is how many connections were made so far.
func (r *Raw) Connections() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.count
}

// Octets is how many were read from and written to the first connection.
func (r *Raw) Octets() (in, out int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.in, r.out
}

// cutter is a connection that ends in the middle.
type cutter struct {
	net.Conn
	server  *Raw
	in, out *int
}

func (c *cutter) Read(p []byte) (int, error) {
	if c.in != nil {
		if *c.in <= 0 {
			return 0, io.EOF
		}
		p = p[:min(len(p), *c.in)]
	}
	n, err := c.Conn.Read(p)
	if c.in != nil {
		*c.in -= n
	}
	c.server.mu.Lock()
	c.server.in += n
	c.server.mu.Unlock()
	return n, err
}

func (c *cutter) Write(p []byte) (int, error) {
	short := false
	if c.out != nil && *c.out < len(p) {
		p, short = p[:*c.out], true
	}
	n, err := c.Conn.Write(p)
	if c.out != nil {
		*c.out -= n
	}
	c.server.mu.Lock()
	c.server.out += n
	c.server.mu.Unlock()
	if short && err == nil {
		err = io.ErrShortWrite
	}
	return n, err
}

func (r *Raw) serve(c net.Conn, n int) {
	defer func() {
		c.Close()
		r.mu.Lock()
		delete(r.conns, c)
		r.mu.Unlock()
	}()
	d := &dialogue{server: r, conn: c, connection: n}
	if n == 1 {
		d.conn = &cutter{Conn: c, server: r, in: clone(r.script.CutIn), out: clone(r.script.CutOut)}
	}
	in := bufio.NewReader(d.conn)
	_, open := d.answer("CONNECT", "", "220 raw.example ESMTP\r\n")
	for open {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		var said string
		if said, open = d.command(strings.TrimRight(line, "\r\n")); open && strings.HasPrefix(said, "354") {
			open = d.content(in)
		}
	}
}

// dialogue is one connection.
type dialogue struct {
	server     *Raw
	conn       net.Conn
	connection int
	letter     int
	from       string
	to         []string
}

// answer answers one command; false ends the connection.
func (d *dialogue) answer(verb, line, good string) (*Answer, bool) {
	r, cmd := d.server, Command{d.connection, d.letter, verb, line}
	r.mu.Lock()
	r.commands = append(r.commands, cmd)
	r.mu.Unlock()
	a := &Answer{Raw: good, Take: true}
	if r.script.Answer != nil {
		if other := r.script.Answer(cmd); other != nil {
			a = other
		}
	}
	if a.Wait != nil {
		select {
		case <-a.Wait:
		case <-r.done:
			return a, false
		}
	}
	if verb == "." && a.Take {
		return a, d.take(line, a)
	}
	return a, d.write(a)
}

func (d *dialogue) write(a *Answer) bool {
	_, err := io.WriteString(d.conn, a.Raw)
	return err == nil && !a.HangUp
}

// take logs the letter, then answers.
func (d *dialogue) take(data string, a *Answer) bool {
	d.server.take(d.from, d.to, []byte(data))
	return d.write(a)
}

// command answers one line, and says with what.
func (d *dialogue) command(line string) (said string, open bool) {
	verb, _, _ := strings.Cut(strings.ToUpper(line), " ")
	good := "250 2.0.0 ok\r\n"
	switch verb {
	case "EHLO":
		good = "250-raw.example\r\n"
		for _, e := range d.server.script.Extensions {
			good += "250-" + e + "\r\n"
		}
		good += "250 HELP\r\n"
	case "MAIL":
		d.letter++
	case "DATA":
		good = "354 go on\r\n"
		if len(d.to) == 0 {
			good = "554 5.5.1 no valid recipients\r\n"
		}
	case "QUIT":
		good = "221 2.0.0 bye\r\n"
	}
	a, open := d.answer(verb, line, good)
	switch taken := strings.HasPrefix(a.Raw, "2"); {
	case verb == "MAIL":
		d.from, d.to = between(line), nil
	case verb == "RCPT" && taken:
		d.to = append(d.to, between(line))
	}
	return a.Raw, open && verb != "QUIT"
}

// content reads up to the dot and answers it.
func (d *dialogue) content(in *bufio.Reader) bool {
	var data strings.Builder
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return false
		}
		if line == ".\r\n" {
			break
		}
		data.WriteString(strings.TrimPrefix(line, "."))
	}
	_, open := d.answer(".", data.String(), "250 2.0.0 queued as RAW\r\n")
	d.to = nil
	return open
}

// between is what stands between the angle brackets of a command.
func between(line string) string {
	_, rest, _ := strings.Cut(line, "<")
	address, _, _ := strings.Cut(rest, ">")
	return address
}

// clone is a counter of its own.
func clone(n *int) *int {
	if n == nil {
		return nil
	}
	v := *n
	return &v
}
