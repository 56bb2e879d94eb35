package cuts

import (
	"io"
	"net"
	"sync"
)

// Direction is which way the bytes flow that a cut counts.
type Direction int

// The two directions of a dialogue.
const (
	ToRelay Direction = iota
	FromRelay
)

func (d Direction) String() string { return [...]string{"to the relay", "from the relay"}[d] }

// cut ends a connection after so many bytes in one direction: with an end of file to both sides, or with a reset.
type cut struct {
	direction Direction
	after     int
	reset     bool
}

// proxy stands between a sender and the witness. The first connection after arm is cut, later ones pass.
type proxy struct {
	listener net.Listener
	target   string

	mu     sync.Mutex
	armed  *cut
	open   int
	quiet  *sync.Cond
	passed [2]int // bytes of the armed connection
}

func startProxy(target string) (*proxy, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &proxy{listener: l, target: target}
	p.quiet = sync.NewCond(&p.mu)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			p.mu.Lock()
			p.open++
			how := p.armed
			p.armed = nil
			p.mu.Unlock()
			go func() {
				p.carry(c.(*net.TCPConn), how)
				p.mu.Lock()
				defer p.mu.Unlock()
				p.open--
				p.quiet.Broadcast()
			}()
		}
	}()
	return p, nil
}

// arm makes the next connection one that is cut.
func (p *proxy) arm(c cut) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.armed, p.passed = &c, [2]int{}
}

// settle waits until every connection has ended.
func (p *proxy) settle() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.open > 0 {
		p.quiet.Wait()
	}
}

func (p *proxy) close() { p.listener.Close() }

// carry passes bytes on both ways until both sides are done, or until the cut.
func (p *proxy) carry(sender *net.TCPConn, how *cut) {
	defer sender.Close()
	c, err := net.Dial("tcp", p.target)
	if err != nil {
		return
	}
	relay := c.(*net.TCPConn)
	defer relay.Close()
	var end sync.Once
	sever := func() {
		end.Do(func() {
			// What was passed on before must reach the witness: its side sees an end of file in any case.
			relay.CloseWrite()
			if how.reset {
				sender.SetLinger(0)
				sender.Close()
			} else {
				sender.CloseWrite()
			}
		})
	}
	var both sync.WaitGroup
	both.Go(func() { p.pump(relay, sender, ToRelay, how, sever) })
	both.Go(func() { p.pump(sender, relay, FromRelay, how, sever) })
	both.Wait()
}

// pump passes bytes on in one direction. After a cut it only drains what the other side still says.
func (p *proxy) pump(to, from *net.TCPConn, d Direction, how *cut, sever func()) {
	left := -1
	if how != nil && how.direction == d {
		left = how.after
	}
	buf := make([]byte, 32<<10)
	for left != 0 {
		n, err := from.Read(buf)
		if n > 0 && how != nil {
			p.mu.Lock()
			p.passed[d] += n
			p.mu.Unlock()
		}
		if left > 0 {
			n = min(n, left)
			left -= n
		}
		if n > 0 {
			if _, werr := to.Write(buf[:n]); werr != nil && err == nil {
				err = werr
			}
		}
		if err != nil {
			to.CloseWrite()
			return
		}
	}
	sever()
	io.Copy(io.Discard, from)
}
