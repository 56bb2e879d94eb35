package queue_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"outreach.example/ledger"
	"outreach.example/ledger/ledgertest"
	"outreach.example/letter"
	"outreach.example/queue"
	"outreach.example/relay"
	"outreach.example/relay/relaytest"
	"outreach.example/scheduler"
	"outreach.example/worker/workertest"
)

// trap is a whole house around a queue that is tampered with: one letter, due now, and a relay that answers its dot when
// the test says so. The ledger's clock is moved by hand; asynq goes by the machine's.
type trap struct {
	t         *testing.T
	mini      *miniredis.Miniredis
	rdb       *redis.Client
	ledger    *ledger.Ledger
	scheduler *scheduler.Scheduler
	block     letter.Block
	box       *relaytest.Raw
	answer    func() // lets the relay answer its dots
	runs      atomic.Int64
	ended     atomic.Int64

	mu  sync.Mutex
	now time.Time
}

func newTrap(t *testing.T, answering bool) *trap {
	t.Helper()
	m := ledgertest.Mini(t)
	rdb := ledgertest.Client(t, m.Addr())
	release := make(chan struct{})
	f := &trap{t: t, mini: m, rdb: rdb, ledger: ledger.New(rdb), answer: sync.OnceFunc(func() { close(release) })}
	if answering {
		f.answer()
	}
	t.Cleanup(f.answer)
	f.box = relaytest.StartRaw(t, relaytest.Script{Answer: func(c relaytest.Command) *relaytest.Answer {
		if c.Verb != "." {
			return nil
		}
		return &relaytest.Answer{Wait: release, Take: true, Raw: "250 2.0.0 taken\r\n"}
	}})
	f.at(time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC))
	if _, err := f.ledger.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	var err error
	if f.block, err = workertest.Start(t.Context(), f.ledger, "traps", 1, f.clock(), func(int) string { return "a@mission.example" }); err != nil {
		t.Fatal(err)
	}
	f.scheduler = &scheduler.Scheduler{Ledger: f.ledger, Queue: queue.New(rdb), Now: f.clock, Log: slog.New(slog.DiscardHandler)}
	return f
}

func (f *trap) clock() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.now
}

func (f *trap) at(t time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now = t
	f.mini.SetTime(t)
}

// later moves the ledger's clock on and wakes what is due then.
func (f *trap) later(d time.Duration) {
	f.t.Helper()
	f.at(f.clock().Add(d))
	f.wake()
}

func (f *trap) wake() {
	f.t.Helper()
	if err := f.scheduler.Wake(f.t.Context()); err != nil {
		f.t.Fatal(err)
	}
}

// serve runs a queue's server with a worker and a relay of its own, until the test ends or stop is called.
func (f *trap) serve(rdb *redis.Client, drain time.Duration) (stop func()) {
	f.t.Helper()
	s, err := relay.ParseURL(f.box.URL())
	if err != nil {
		f.t.Fatal(err)
	}
	s.Connections, s.Helo = 2, "worker.example"
	r := relay.New(s, relay.Options{Now: time.Now})
	w, err := workertest.New(f.t.Context(), f.ledger, r, f.clock)
	if err != nil {
		f.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	hard, cut := context.WithCancel(context.Background())
	process := w.Handle(hard)
	server := &queue.Server{Redis: rdb, Workers: 6, Drain: drain, Log: slog.New(slog.DiscardHandler), Process: func(b letter.Block) error {
		f.runs.Add(1)
		defer f.ended.Add(1)
		return process(b)
	}}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := server.Serve(ctx); err != nil {
			f.t.Error(err)
		}
	}()
	f.t.Cleanup(func() {
		f.answer()
		cancel()
		<-done
		cut()
		_ = r.Close(context.Background())
	})
	return cancel
}

func (f *trap) until(what string, ok func() bool) {
	f.t.Helper()
	late, tick := time.NewTimer(40*time.Second), time.NewTicker(2*time.Millisecond)
	defer late.Stop()
	defer tick.Stop()
	for !ok() {
		select {
		case <-late.C:
			f.t.Fatalf("waited in vain for: %s", what)
		case <-tick.C:
		}
	}
}

func (f *trap) letter() ledger.Letter {
	f.t.Helper()
	got, ok, err := f.ledger.Letter(f.t.Context(), f.block, "P0")
	if err != nil || !ok {
		f.t.Fatalf("letter: %v, there: %v", err, ok)
	}
	return got
}

// once asserts the end: the letter was sent, in one dialogue.
func (f *trap) once() {
	f.t.Helper()
	f.until("the letter is sent", func() bool { return f.letter().State == letter.Sent })
	mails := 0
	for _, c := range f.box.Commands() {
		if c.Verb == "MAIL" {
			mails++
		}
	}
	if n := len(f.box.Letters()); n != 1 || mails != 1 {
		f.t.Errorf("%d letters in %d dialogues, want one", n, mails)
	}
	if got := f.letter(); got.Attempts != 1 {
		f.t.Errorf("%d attempts", got.Attempts)
	}
}

// set is how many members one of asynq's sets or lists has.
func (f *trap) set(name string) int64 {
	key := "asynq:{outreach}:" + name
	if n, err := f.rdb.LLen(f.t.Context(), key).Result(); err == nil {
		return n
	}
	n, _ := f.rdb.ZCard(f.t.Context(), key).Result()
	return n
}

func (f *trap) do(errs ...error) {
	f.t.Helper()
	for _, err := range errs {
		if err != nil {
			f.t.Fatal(err)
		}
	}
}

func (f *trap) inspector() *asynq.Inspector { return asynq.NewInspectorFromRedisClient(f.rdb) }

// aged makes the lease of a task one that ended two minutes ago, as a server whose clock is ahead sees it.
func (f *trap) aged(id string) {
	f.t.Helper()
	f.do(f.rdb.ZAdd(f.t.Context(), "asynq:{outreach}:lease", redis.Z{Score: float64(time.Now().Add(-2 * time.Minute).Unix()), Member: id}).Err())
}

// retried waits until asynq wants to retry a task, and lets it do so at once.
func (f *trap) retried(id string) {
	f.t.Helper()
	f.until("asynq puts the task off", func() bool { return f.set("retry") == 1 })
	f.do(f.inspector().RunTask("outreach", id))
}

// dropper stands before a store and loses the reply to the first request that holds its words, or the first reply that
// does.
type dropper struct {
	addr           string
	request, reply string

	mu      sync.Mutex
	dropped bool
}

func startDropper(t *testing.T, target, request, reply string) *dropper {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d := &dropper{addr: l.Addr().String(), request: request, reply: reply}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go d.carry(c, target)
		}
	}()
	return d
}

func (d *dropper) carry(c net.Conn, target string) {
	defer c.Close()
	s, err := net.Dial("tcp", target)
	if err != nil {
		return
	}
	defer s.Close()
	var lose atomic.Bool
	go func() {
		defer s.Close()
		buf := make([]byte, 64<<10)
		for {
			n, err := c.Read(buf)
			if d.is(d.request, buf[:n]) {
				lose.Store(true)
			}
			if _, werr := s.Write(buf[:n]); err != nil || werr != nil {
				return
			}
		}
	}()
	buf := make([]byte, 64<<10)
	for {
		n, err := s.Read(buf)
		if err != nil || lose.Load() || d.is(d.reply, buf[:n]) {
			return
		}
		if _, err := io.Copy(c, bytes.NewReader(buf[:n])); err != nil {
			return
		}
	}
}

// is says whether these are the bytes that are waited for: once.
func (d *dropper) is(words string, b []byte) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.dropped || words == "" || !bytes.Contains(b, []byte(words)) {
		return false
	}
	d.dropped = true
	return true
}

func (d *dropper) done() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.dropped
}
