// Package cuts ends the SMTP dialogue after byte n, for every n, in both directions, against a witness that notes what
// it accepts before it answers: a letter may be in doubt only when its dot was written, and what is planned again was
// never accepted. It finds out; what a fault means is for the reader of its report.
package cuts

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"outreach.example/letter"
	"outreach.example/relay"
)

// Options are how much is cut.
type Options struct {
	Step  int  // every Step-th byte; 1 when zero: all of them
	Lanes int  // dialogues at once; 4 when zero
	Both  bool // each byte with an end of file and with a reset; by turns otherwise
	// Worse turns the relay's verdict into what a worse sender would have said: a harness that cannot fail proves nothing.
	Worse func(letter.Verdict) letter.Verdict
}

// A Report is what came of it.
type Report struct {
	Cuts     int // dialogues that were cut
	Letters  int
	Accepted int // verdicts
	Doubtful int
	Taken    int // of the doubtful ones, how many the witness had accepted
	Again    int // planned again, and then sent
	Together int // dialogues in which a dot and the next envelope were one write
	Lost     int // letters called accepted that were not
	Twice    int // letters accepted twice
	Faults   []string
}

// String is the report in one line.
func (r Report) String() string {
	return fmt.Sprintf("%d cuts, %d letters: %d accepted, %d in doubt (%d of them taken), %d planned again and sent; %d dots with the next envelope in one write; faults %d",
		r.Cuts, r.Letters, r.Accepted, r.Doubtful, r.Taken, r.Again, r.Together, len(r.Faults))
}

func (r *Report) add(o Report) {
	r.Cuts, r.Letters, r.Accepted, r.Doubtful = r.Cuts+o.Cuts, r.Letters+o.Letters, r.Accepted+o.Accepted, r.Doubtful+o.Doubtful
	r.Taken, r.Again, r.Together = r.Taken+o.Taken, r.Again+o.Again, r.Together+o.Together
	r.Lost, r.Twice, r.Faults = r.Lost+o.Lost, r.Twice+o.Twice, append(r.Faults, o.Faults...)
}

// wrong notes a fault with a letter that was accepted n times; over says that nobody will send it again.
func (r *Report) wrong(over bool, n int, format string, args ...any) {
	switch {
	case n > 1:
		r.Twice++
	case n == 0 && over:
		r.Lost++
	}
	r.Faults = append(r.Faults, fmt.Sprintf(format, args...))
}

// dialogue is one kind of dialogue.
type dialogue struct {
	extensions []string
	letters    int
}

// task is one dialogue to cut.
type task struct {
	dialogue
	cut
}

func (t task) String() string {
	how := "ended"
	if t.reset {
		how = "reset"
	}
	return fmt.Sprintf("%d letters, %s, %s after byte %d %s", t.letters, strings.Join(append([]string{"EHLO"}, t.extensions...), " "), how, t.after, t.direction)
}

// Every cuts every dialogue: with and without PIPELINING, with one letter and with two on one connection.
func Every(ctx context.Context, o Options) (Report, error) {
	if o.Lanes == 0 {
		o.Lanes = 4
	}
	var tasks []task
	for _, d := range []dialogue{{[]string{"PIPELINING"}, 1}, {[]string{"PIPELINING"}, 2}, {nil, 1}, {nil, 2}} {
		whole, err := measure(ctx, d, o)
		if err != nil {
			return Report{}, err
		}
		for _, direction := range []Direction{ToRelay, FromRelay} {
			for n := 0; n <= whole[direction]; n += max(1, o.Step) {
				if o.Both {
					tasks = append(tasks, task{d, cut{direction, n, false}})
				}
				tasks = append(tasks, task{d, cut{direction, n, o.Both || n%2 == 1}})
			}
		}
	}
	var all sync.WaitGroup
	var mu sync.Mutex
	var sum Report
	var failed error
	for i := range o.Lanes {
		all.Go(func() {
			got, err := work(ctx, o, tasks, i)
			mu.Lock()
			defer mu.Unlock()
			sum.add(got)
			failed = errors.Join(failed, err)
		})
	}
	all.Wait()
	return sum, failed
}

// measure is how long a dialogue is that nobody cuts, in both directions.
func measure(ctx context.Context, d dialogue, o Options) (whole [2]int, err error) {
	o.Worse = nil
	l, err := newLane(d.extensions, o)
	if err != nil {
		return whole, err
	}
	defer l.close()
	got := l.run(ctx, task{d, cut{ToRelay, 1 << 30, false}})
	if len(got.Faults) > 0 || got.Accepted != d.letters {
		return whole, fmt.Errorf("a dialogue without a cut: %s %v", got, got.Faults)
	}
	return l.proxy.passed, nil
}

// work cuts every so-many-th dialogue of a list.
func work(ctx context.Context, o Options, tasks []task, from int) (Report, error) {
	var sum Report
	lanes := map[string]*lane{}
	for i := from; i < len(tasks) && ctx.Err() == nil; i += o.Lanes {
		kind := strings.Join(tasks[i].extensions, " ")
		l := lanes[kind]
		if l == nil {
			var err error
			if l, err = newLane(tasks[i].extensions, o); err != nil {
				return sum, err
			}
			defer l.close()
			lanes[kind] = l
		}
		sum.add(l.run(ctx, tasks[i]))
	}
	return sum, ctx.Err()
}

// lane is a sender, a proxy and a witness for one dialogue at a time.
type lane struct {
	options Options
	witness *witness
	proxy   *proxy

	mu       sync.Mutex
	current  int          // the letter that may write its dot
	dotted   map[int]bool // letters of whose dot the kernel took at least one byte
	together int          // dots that went with the next envelope in one write
}

func newLane(extensions []string, o Options) (*lane, error) {
	w, err := startWitness(extensions...)
	if err != nil {
		return nil, err
	}
	p, err := startProxy(w.listener.Addr().String())
	if err != nil {
		w.close()
		return nil, err
	}
	return &lane{options: o, witness: w, proxy: p}, nil
}

func (l *lane) close() {
	l.proxy.close()
	l.witness.close()
}

// sealed is a small letter with dots where they hurt.
func sealed(n int) letter.Sealed {
	to := fmt.Sprintf("a%d@mission.example", n)
	id := fmt.Sprintf("<%d@iom.example>", n)
	return letter.Sealed{
		MessageID: id,
		Envelope:  letter.Envelope{From: "b@iom.example", To: to, Cc: []string{"c@mission.example"}, Registry: "r@iom.example"},
		Bytes:     []byte("Message-ID: " + id + "\r\nSubject: x\r\n\r\n.\r\n..two\r\ntext\r\n.\r\n"),
	}
}

// spy notes what the kernel took of a sender's words: the truth about the dot.
type spy struct {
	net.Conn
	lane *lane
}

// SyscallConn is the socket, which the sender looks at before it writes a dot.
func (s spy) SyscallConn() (syscall.RawConn, error) { return s.Conn.(*net.TCPConn).SyscallConn() }

func (s spy) Write(b []byte) (int, error) {
	n, err := s.Conn.Write(b)
	if n > 0 && bytes.HasPrefix(b, []byte(".\r\n")) {
		s.lane.mu.Lock()
		s.lane.dotted[s.lane.current] = true
		if bytes.HasPrefix(b[:n], []byte(".\r\nMAIL")) {
			s.lane.together++
		}
		s.lane.mu.Unlock()
	}
	return n, err
}

// relay makes a sender with one connection at a time. Its deadlines are those of real work: a cut is seen at once.
func (l *lane) relay() *relay.Relay {
	s, err := relay.ParseURL("smtp://" + l.proxy.listener.Addr().String() + "?tls=none")
	if err != nil {
		panic(err) // an address of our own
	}
	s.Connections, s.Helo = 1, "worker.example"
	return relay.New(s, relay.Options{Now: time.Now, Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := new(net.Dialer).DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return spy{c, l}, nil
	}})
}

// run cuts one dialogue, looks at what became of its letters, sends again what is planned again, and looks once more.
func (l *lane) run(ctx context.Context, t task) Report {
	l.witness.forget()
	l.proxy.arm(t.cut)
	got := Report{Cuts: 1, Letters: t.letters}
	verdicts, dotted, together := l.deliver(ctx, t.letters)
	got.Together = together
	var again []int
	for k, v := range verdicts {
		n, wrong := l.witness.count(sealed(k).MessageID), ""
		switch v.Outcome {
		case letter.Accepted:
			got.Accepted++
			if n != 1 {
				wrong = "it is called accepted"
			}
		case letter.Doubtful:
			got.Doubtful++
			got.Taken += n
			if !dotted[k] {
				wrong = "it is in doubt, and no byte of its dot was written"
			}
		case letter.Unsent, letter.Unreachable:
			again = append(again, k)
			if n != 0 || dotted[k] {
				wrong = "it is planned again"
			}
		default:
			wrong = "nobody refused or deferred it"
		}
		if n > 1 || wrong != "" {
			got.wrong(v.Outcome == letter.Accepted, n, "%s: letter %d: %s; accepted %d times, dot written: %v, verdict %v at %s: %s",
				t, k+1, wrong, n, dotted[k], v.Outcome, v.Stage, v.Text)
		}
	}
	for _, k := range again {
		r := l.relay()
		v := r.Deliver(ctx, sealed(k), relay.Attempt{}, func(context.Context) error { return nil })
		l.end(ctx, r)
		if n := l.witness.count(sealed(k).MessageID); n != 1 || v.Outcome != letter.Accepted {
			got.wrong(true, n, "%s: letter %d, sent again: accepted %d times, verdict %v: %s", t, k+1, n, v.Outcome, v.Text)
		}
		got.Again++
	}
	return got
}

// deliver sends letters over one connection: each next one is waiting when the dot of the one before is written, so that
// with PIPELINING the dot and the next envelope go in one write.
func (l *lane) deliver(ctx context.Context, letters int) (verdicts []letter.Verdict, dotted map[int]bool, together int) {
	l.mu.Lock()
	l.dotted, l.together = map[int]bool{}, 0
	l.mu.Unlock()
	r := l.relay()
	verdicts = make([]letter.Verdict, letters)
	var send func(k int)
	send = func(k int) {
		var next sync.WaitGroup
		var once sync.Once
		follow := func() {
			once.Do(func() {
				if k+1 < letters {
					next.Go(func() { send(k + 1) })
				}
			})
		}
		verdicts[k] = r.Deliver(ctx, sealed(k), relay.Attempt{}, func(context.Context) error {
			follow()
			for k+1 < letters && r.Waiting() == 0 && ctx.Err() == nil {
				runtime.Gosched()
			}
			l.mu.Lock()
			defer l.mu.Unlock()
			l.current = k
			return nil
		})
		follow()
		next.Wait()
	}
	send(0)
	l.end(ctx, r)
	if l.options.Worse != nil {
		for k := range verdicts {
			verdicts[k] = l.options.Worse(verdicts[k])
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(verdicts), l.dotted, l.together
}

// end closes a sender and waits until proxy and witness have worked off all that it said.
func (l *lane) end(ctx context.Context, r *relay.Relay) {
	patience, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	_ = r.Close(patience) // what it had in hand has a verdict
	l.proxy.settle()
	l.witness.settle()
}
