package main

import (
	"bufio"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"net"
	"net/textproto"
	"strings"
	"sync"
	"time"
)

// cutter ends a connection after so many bytes.
type cutter struct {
	net.Conn
	left    limits
	limited limits
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
	var limit limits
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
