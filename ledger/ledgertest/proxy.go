package ledgertest

import (
	"net"
	"sync"
	"testing"
)

// Proxy stands before a server and carries bytes both ways, until it is told not to.
type Proxy struct {
	Addr string

	to       string
	listener net.Listener

	mu       sync.Mutex
	cond     *sync.Cond
	stalled  func(from net.IP) bool // whose bytes wait, with the connection open as if the network had gone
	replies  int                    // so many more replies get through, then one is dropped and its connection cut; -1: all do
	dropping func() int             // what replies is set to after a dropped one
	dropped  int
	links    map[*link]bool
	closed   bool
}

// link is one connection through the proxy.
type link struct {
	from       net.IP
	near, away net.Conn
}

// NewProxy starts a proxy before an address.
func NewProxy(t testing.TB, to string) *Proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{Addr: l.Addr().String(), to: to, listener: l, links: map[*link]bool{}, replies: -1}
	p.cond = sync.NewCond(&p.mu)
	var done sync.WaitGroup
	done.Go(func() { p.serve(&done) })
	t.Cleanup(func() {
		p.mu.Lock()
		p.closed = true
		p.mu.Unlock()
		p.cond.Broadcast()
		_ = l.Close()
		p.Cut()
		done.Wait()
	})
	return p
}

func (p *Proxy) serve(done *sync.WaitGroup) {
	for {
		near, err := p.listener.Accept()
		if err != nil {
			return
		}
		away, err := net.Dial("tcp", p.to)
		if err != nil {
			_ = near.Close()
			continue
		}
		k := &link{from: near.RemoteAddr().(*net.TCPAddr).IP, near: near, away: away}
		p.mu.Lock()
		p.links[k] = true
		p.mu.Unlock()
		var both sync.WaitGroup
		both.Go(func() { p.carry(k, k.away, k.near, false) })
		both.Go(func() { p.carry(k, k.near, k.away, true) })
		done.Go(func() {
			both.Wait()
			p.mu.Lock()
			delete(p.links, k)
			p.mu.Unlock()
		})
	}
}

// carry copies one direction of a connection, and ends both when it is over.
func (p *Proxy) carry(k *link, to, from net.Conn, back bool) {
	defer func() { _ = k.near.Close(); _ = k.away.Close() }()
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		if n > 0 {
			if !p.pass(k, back) {
				return
			}
			if _, werr := to.Write(buf[:n]); werr != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// pass waits while the connection is stalled, and says whether what was read may go on.
func (p *Proxy) pass(k *link, back bool) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.stalled != nil && p.stalled(k.from) && !p.closed {
		p.cond.Wait()
	}
	if p.closed {
		return false
	}
	if !back || p.replies < 0 {
		return true
	}
	if p.replies--; p.replies >= 0 {
		return true
	}
	p.dropped++
	p.replies = p.dropping()
	return false
}

// Stall keeps back the bytes of those it says yes to, in both directions, with their connections open: what a network
// does that is gone. nil lets everything through again.
func (p *Proxy) Stall(whose func(from net.IP) bool) {
	p.mu.Lock()
	p.stalled = whose
	p.mu.Unlock()
	p.cond.Broadcast()
}

// DropReply lets the next request through and drops the reply, with the connection.
func (p *Proxy) DropReply() { p.drop(0, func() int { return -1 }) }

// DropReplies drops every reply after so many have passed as next says.
func (p *Proxy) DropReplies(next func() int) { p.drop(next(), next) }

// PassReplies ends that.
func (p *Proxy) PassReplies() { p.drop(-1, nil) }

func (p *Proxy) drop(replies int, next func() int) {
	p.mu.Lock()
	p.replies, p.dropping = replies, next
	p.mu.Unlock()
}

// Dropped is how many replies were dropped.
func (p *Proxy) Dropped() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.dropped
}

// Cut ends every connection that is open now.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for k := range p.links {
		_ = k.near.Close()
		_ = k.away.Close()
	}
}
