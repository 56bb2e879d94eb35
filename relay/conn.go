package relay

import (
	"bufio"
	"errors"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// conn is one connection. One goroutine at a time owns it; abort may be called from any.
type conn struct {
	relay *Relay
	wire  *wire
	r     *bufio.Reader
	w     *bufio.Writer
	offer offer
	space []byte // for the text of the last reply

	clean bool // no transaction is open, and every reply that is due has been read
	used  bool // an envelope was answered on it before: it may have died since

	slotless bool // its place in the pool was given to another

	deadline *time.Timer
	limit    atomic.Int64 // the deadline's length
	why      atomic.Pointer[string]
	idle     *time.Timer
}

// stopped is why connections end when this process does.
const stopped = "the program was stopped"

// abort closes the socket without a word.
func (c *conn) abort(why string) {
	c.why.CompareAndSwap(nil, &why)
	c.wire.Conn.Close()
}

// aborted is why the connection was closed from this side, "" while it was not.
func (c *conn) aborted() string {
	if why := c.why.Load(); why != nil {
		return *why
	}
	return ""
}

// await sets how long what follows may take. Durations, not times of day: no change of the clock moves a deadline.
func (c *conn) await(d time.Duration) {
	c.limit.Store(int64(d))
	c.deadline.Reset(d)
}

// words are what happened to the connection.
func (c *conn) words(err error) string {
	if why := c.aborted(); why != "" {
		return why
	}
	var op *net.OpError
	switch {
	case errors.Is(err, errGarbage):
	case errors.Is(err, io.EOF):
		if err != io.EOF {
			return strings.Replace(err.Error(), "EOF", "the relay closed the connection", 1)
		}
		return "the relay closed the connection"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "the relay reset the connection"
	case errors.As(err, &op):
		return op.Err.Error()
	}
	return err.Error()
}

// quit ends a clean connection politely. The answer does not matter.
func (c *conn) quit() {
	c.await(c.relay.times.Quit)
	defer c.deadline.Stop()
	defer c.wire.Conn.Close()
	c.w.WriteString("QUIT\r\n")
	if c.w.Flush() == nil {
		readReply(c.r, c.space)
	}
}
