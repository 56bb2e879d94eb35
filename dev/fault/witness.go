package main

import (
	"bufio"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"os"
	"path/filepath"
	"strings"
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

// cuts say after how many bytes a connection ends; 0 is no end.
type cuts struct{ in, out int }

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
	cut    func(conn int) cuts
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
func (w *witness) cutting(cut func(conn int) cuts) {
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

// cutter ends a connection after so many bytes.
type cutter struct {
	net.Conn
	left    cuts
	limited cuts
	ended   func(what string)
}

var errCut = errors.New("cut here")

func (c *cutter) Read(p []byte) (int, error) {
	if c.limited.in > 0 {
		if c.left.in == 0 {
			c.ended("cut after a byte received")
			_ = c.Close()
			return 0, errCut
		}
		p = p[:min(len(p), c.left.in)]
	}
	n, err := c.Conn.Read(p)
	c.left.in -= n
	return n, err
}

func (c *cutter) Write(p []byte) (int, error) {
	if c.limited.out > 0 && len(p) > c.left.out {
		n, _ := c.Conn.Write(p[:c.left.out])
		c.left.out = 0
		c.ended("cut after a byte sent")
		_ = c.Close()
		return n, errCut
	}
	n, err := c.Conn.Write(p)
	c.left.out -= n
	return n, err
}

// session is one connection.
type session struct {
	*witness
	n    int
	conn net.Conn
	r    *bufio.Reader
	w    *bufio.Writer
	from string
	to   []string
}

func (w *witness) serve(raw net.Conn, n int) {
	w.mu.Lock()
	var limit cuts
	if w.cut != nil {
		limit = w.cut(n)
	}
	w.mu.Unlock()
	var once sync.Once
	c := &cutter{Conn: raw, left: limit, limited: limit, ended: func(what string) {
		once.Do(func() {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.faults[what]++
		})
	}}
	s := &session{witness: w, n: n, conn: c, r: bufio.NewReaderSize(c, 4096), w: bufio.NewWriter(c)}
	if !s.answer(moment{verb: "CONNECT"}, "220 witness.example ESMTP\r\n") {
		return
	}
	for {
		line, err := s.r.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimRight(line, "\r\n")
		verb, rest, _ := strings.Cut(line, " ")
		if !s.command(strings.ToUpper(verb), rest, line) {
			return
		}
	}
}

// command works off one command; false ends the connection.
func (s *session) command(verb, rest, line string) bool {
	m := moment{verb: verb, line: line}
	switch verb {
	case "EHLO", "HELO":
		s.from, s.to = "", nil
		reply := "250-witness.example\r\n"
		for _, o := range s.offers {
			reply += "250-" + o + "\r\n"
		}
		return s.answer(m, reply+"250 SIZE 50000000\r\n")
	case "STARTTLS":
		if s.cert == nil {
			return s.answer(m, "502 5.5.1 no TLS here\r\n")
		}
		if !s.answer(m, "220 2.0.0 go on\r\n") {
			return false
		}
		t := tls.Server(s.conn, &tls.Config{Certificates: []tls.Certificate{*s.cert}, MinVersion: tls.VersionTLS12})
		if t.Handshake() != nil {
			return false
		}
		s.conn, s.r, s.w = t, bufio.NewReader(t), bufio.NewWriter(t)
		return true
	case "AUTH":
		return s.answer(m, "235 2.7.0 welcome\r\n")
	case "MAIL":
		s.from, s.to = address(rest), nil
		return s.answer(m, "250 2.1.0 ok\r\n")
	case "RCPT":
		a := s.ask(s.at(m))
		if a.reply == "" || a.reply[0] == '2' {
			s.to = append(s.to, address(rest))
		}
		return s.do(a, "250 2.1.5 ok\r\n")
	case "DATA":
		if len(s.to) == 0 {
			return s.do(act{}, "554 5.5.1 no recipient\r\n")
		}
		a := s.ask(s.at(m))
		if !s.do(a, "354 go on\r\n") {
			return false
		}
		return a.reply != "" && a.reply[0] != '3' || s.content()
	case "RSET", "NOOP":
		s.from, s.to = "", nil
		return s.answer(m, "250 2.0.0 ok\r\n")
	case "QUIT":
		_ = s.answer(m, "221 2.0.0 bye\r\n")
		_ = s.w.Flush()
		return false
	}
	return s.answer(m, "500 5.5.2 what?\r\n")
}

// address is what stands between the angle brackets.
func address(s string) string {
	_, s, _ = strings.Cut(s, "<")
	s, _, _ = strings.Cut(s, ">")
	return s
}

// content reads a letter up to its dot, and takes it or not before it answers.
func (s *session) content() bool {
	var content []byte
	for {
		line, err := s.r.ReadSlice('\n')
		for errors.Is(err, bufio.ErrBufferFull) {
			content = append(content, line...)
			line, err = s.r.ReadSlice('\n')
		}
		if err != nil {
			return false // no dot: RFC 5321 4.1.1.10, nothing is taken
		}
		if string(line) == ".\r\n" {
			break
		}
		if line[0] == '.' && (len(content) == 0 || content[len(content)-1] == '\n') {
			line = line[1:]
		}
		content = append(content, line...)
	}
	header, _ := textproto.NewReader(bufio.NewReader(strings.NewReader(string(content)))).ReadMIMEHeader()
	sum := sha256.Sum256(content)
	t := taken{
		MessageID: header.Get("Message-Id"), From: s.from, To: s.to, Hash: hex.EncodeToString(sum[:]), At: time.Now(), Connection: s.n,
	}
	s.from, s.to = "", nil
	a := s.ask(moment{conn: s.n, verb: ".", letter: t.MessageID})
	refuses := a.reply != "" && (a.reply[0] == '4' || a.reply[0] == '5')
	if !refuses && !a.drop {
		if err := s.take(t, content); err != nil {
			return false
		}
	}
	return s.do(a, "250 2.0.0 taken as "+t.Hash[:10]+"\r\n")
}

func (s *session) at(m moment) moment {
	m.conn = s.n
	return m
}

func (s *session) answer(m moment, good string) bool { return s.do(s.ask(s.at(m)), good) }

// do answers as an act says; false ends the connection.
func (s *session) do(a act, good string) bool {
	if a.wait > 0 && !s.idle(a.wait) {
		return false
	}
	if a.never {
		s.idle(time.Hour)
		return false
	}
	reply := good
	if a.reply != "" {
		reply = a.reply
	}
	if a.mute {
		reply = ""
	}
	_, _ = s.w.WriteString(reply)
	if a.cut || a.reset {
		_ = s.w.Flush()
		if c, ok := s.conn.(*cutter); ok && a.reset {
			if tcp, ok := c.Conn.(*net.TCPConn); ok {
				_ = tcp.SetLinger(0) // close sends RST
			}
		}
		return false
	}
	if s.r.Buffered() == 0 && s.w.Flush() != nil {
		return false
	}
	return true
}

// idle lets time pass; false says that the other side went away meanwhile. What it sends meanwhile stays to be read.
func (s *session) idle(d time.Duration) bool {
	_ = s.w.Flush()
	end := time.Now().Add(d)
	_ = s.conn.SetReadDeadline(end)
	defer func() { _ = s.conn.SetReadDeadline(time.Time{}) }()
	for {
		_, err := s.r.Peek(s.r.Buffered() + 1)
		var timeout net.Error
		switch {
		case err == nil: // the next letter's envelope, behind the dot
		case errors.As(err, &timeout) && timeout.Timeout():
			return true
		case errors.Is(err, bufio.ErrBufferFull):
			<-time.After(time.Until(end))
			return true
		default:
			return false
		}
	}
}
