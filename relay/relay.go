// Package relay speaks SMTP to the organisation's relay: connections, logins, the staged transaction whose last dot
// waits for permission, and the one reading of what the relay answers. It leaves who is written to, why, and what an
// answer leads to, to others.
package relay

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"outreach.example/letter"
)

// Times are how long the relay is waited for, stage by stage.
type Times struct {
	Dial  time.Duration // connection, greeting, EHLO, TLS and login together
	Mail  time.Duration // the answer to MAIL
	Rcpt  time.Duration // the answer to each RCPT
	Data  time.Duration // the answer to DATA
	Block time.Duration // the writing of each 64 kB of content, and of the dot
	Dot   time.Duration // the answer to the dot: too short a time makes doubts of letters that were taken
	Guard time.Duration // the age at which permission to send is too old for the dot
	Idle  time.Duration // how long an unused connection is kept: less than relays do, usually 5 minutes
	Quit  time.Duration // the farewell
	House time.Duration // how long letters wait after a refusal that the house must mend

	Failing  time.Duration // within which three failures open the breaker
	Open     time.Duration // how long it is open at first; each probe that fails doubles it
	OpenMost time.Duration // and at most
	Tend     time.Duration // how often Tend looks at it
}

// Standard are the times of RFC 5321 4.5.3.2, and ours.
var Standard = Times{
	Dial: 2 * time.Minute, Mail: 5 * time.Minute, Rcpt: 5 * time.Minute, Data: 2 * time.Minute, Block: 3 * time.Minute,
	Dot: 10 * time.Minute, Guard: 30 * time.Second, Idle: 30 * time.Second, Quit: 5 * time.Second, House: 15 * time.Minute,
	Failing: 5 * time.Minute, Open: 5 * time.Minute, OpenMost: time.Hour, Tend: time.Second,
}

// Options are what a relay needs besides its settings.
type Options struct {
	Now   func() time.Time // must not be nil; measures the age of a permission, moves no deadline
	Times Times            // Standard when zero
	Log   *slog.Logger     // nil for none
	// Dial makes the connections in place of net.Dialer: LoopbackOnly in trial mode.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	Fail func(point string) // called where a test may end the process; nil in real work
}

// A Relay hands over letters through connections that it opens on demand, uses again and closes when they are idle. Its
// methods may be called from many goroutines.
type Relay struct {
	settings Settings
	times    Times
	now      func() time.Time
	log      *slog.Logger
	dial     func(ctx context.Context, network, address string) (net.Conn, error)
	fail     func(point string)

	breaker breaker

	life context.Context // ends when the relay stops waiting for anything
	cut  context.CancelFunc

	mu      sync.Mutex
	conns   map[*conn]struct{} // all that stand
	slots   int                // connections that stand or are being made
	idle    []*conn
	waiting []*waiter
	inHand  int
	closing bool
	empty   chan struct{} // closed when it is closing and nothing is in hand
	quits   sync.WaitGroup
}

// New makes a relay from settings that ParseURL has checked. It connects to nothing yet.
func New(s Settings, o Options) *Relay {
	s.Connections = max(1, s.Connections)
	r := &Relay{
		settings: s, times: o.Times, now: o.Now, log: o.Log, dial: o.Dial, fail: o.Fail,
		conns: map[*conn]struct{}{}, empty: make(chan struct{}),
	}
	if r.times == (Times{}) {
		r.times = Standard
	}
	r.breaker.times, r.breaker.proving = &r.times, make(chan struct{}, 1)
	if r.log == nil {
		r.log = slog.New(slog.DiscardHandler)
	}
	if r.dial == nil {
		r.dial = new(net.Dialer).DialContext
		if s.TLS == NoTLS && !s.Insecure {
			r.dial = onlyHere("tls=none: %s is not this machine; write tls=starttls or tls=implicit")
		}
	}
	r.life, r.cut = context.WithCancel(context.Background())
	return r
}

// Attempt is what earlier attempts at a letter came to.
type Attempt struct {
	DeferredCc []int // places in Envelope.Cc that the relay deferred before: deferred again, they are left out
}

// Name is the relay's name in pages and keys: host:port.
func (r *Relay) Name() string { return r.settings.Name() }

// Pace is the time between two letters to it, 0 for none.
func (r *Relay) Pace() time.Duration {
	if r.settings.Pace == nil {
		return 0
	}
	return *r.settings.Pace
}

// Free is how many more letters can be in hand without waiting for long: one under way and one behind it for each
// connection.
func (r *Relay) Free() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closing {
		return 0
	}
	return max(0, 2*r.settings.Connections-r.inHand)
}

// Deliver offers one letter to the relay. When the relay has all of it but the final dot, commit is asked, once; the dot
// is written only after it has returned nil. Until commit is called the end of ctx ends the attempt; afterwards only the
// deadlines do, because the relay's answer is worth waiting for. Every way it can go is in the verdict.
func (r *Relay) Deliver(ctx context.Context, s letter.Sealed, a Attempt, commit func(context.Context) error) letter.Verdict {
	j, no := prepare(s, a)
	if no != nil {
		return *no
	}
	if !r.enter() {
		return letter.Verdict{Outcome: letter.Unsent, Stage: letter.StageDial, Text: "the relay is being closed"}
	}
	defer r.leave()
	// A connection that was idle may have died unseen, and so may its successors when the relay is restarted: the
	// letter is offered again as long as nothing of it was answered, on a new connection where that is possible.
	const tries = 4
	v := letter.Verdict{Outcome: letter.Unsent, Stage: letter.StageMail, Text: "the relay closed the connection"}
	for try := range tries {
		c, written, err := r.take(ctx, j, try > 0)
		switch {
		case err != nil:
			return letter.Verdict{Outcome: letter.Unsent, Stage: letter.StageDial, Text: err.Error()}
		case c == nil:
			var u *unreachable
			if c, u = r.reach(ctx); u != nil {
				r.slotFree()
				return u.verdict()
			}
		case c == broken:
			continue
		case !written:
			if t := r.Trouble(); t != nil {
				r.put(c, nil)
				return t.unreachable().verdict()
			}
		}
		if !written {
			if no := j.fits(c.offer); no != nil {
				r.put(c, nil)
				return *no
			}
		}
		var again bool
		if v, again = c.deliver(ctx, j, written, commit); !again {
			break
		}
	}
	if departs(v.Code) {
		r.failed(failure{at: r.now(), letter: s.MessageID, why: v.Text})
	}
	return v
}

// Check connects, says EHLO, sets up TLS, logs in and leaves, without a letter, and says what the relay offers.
func (r *Relay) Check(ctx context.Context) (string, error) {
	c, u := r.open(ctx)
	if u != nil {
		return "", fmt.Errorf("%s: %w", r.settings.Name(), u)
	}
	defer c.quit()
	return r.settings.Name() + ": " + c.offer.String(), nil
}

// Close takes no more letters and waits for those in hand, until ctx ends; then it closes the sockets under those that
// are left, which the error counts. Idle connections are left politely.
func (r *Relay) Close(ctx context.Context) error {
	r.mu.Lock()
	if !r.closing {
		r.closing = true
		if r.inHand == 0 {
			close(r.empty)
		}
	}
	idle := r.idle
	r.idle = nil
	r.mu.Unlock()
	for _, c := range idle {
		r.retire(c)
	}
	var err error
	select {
	case <-r.empty:
	case <-ctx.Done():
		r.mu.Lock()
		r.cut()
		err = fmt.Errorf("%d letters were cut off in the middle", r.inHand)
		for c := range r.conns {
			c.abort(stopped)
		}
		r.mu.Unlock()
	}
	r.cut()
	r.quits.Wait()
	return err
}

func (r *Relay) enter() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.closing {
		r.inHand++
	}
	return !r.closing
}

func (r *Relay) leave() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.inHand--; r.inHand == 0 && r.closing {
		close(r.empty)
	}
}
