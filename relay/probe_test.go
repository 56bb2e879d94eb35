package relay_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"outreach.example/letter"
	"outreach.example/relay"
	"outreach.example/relay/relaytest"
)

// clock is a clock that a test moves.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// on makes a relay for an address, on a moved clock.
func on(t *testing.T, url string, c *clock, o relay.Options) *relay.Relay {
	t.Helper()
	s, err := relay.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	if s.Connections == 0 {
		s.Connections = 5
	}
	o.Now, o.Times = c.now, quick
	r := relay.New(s, o)
	t.Cleanup(func() {
		if err := r.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return r
}

// TestTroubleOpensAndTheProbeCloses: after three failures of any kind nothing is offered, only the probe tries again, it
// carries no letter, and after it letters go as before. No letter is asked to pass the commit point meanwhile.
func TestTroubleOpensAndTheProbeCloses(t *testing.T) {
	var mu sync.Mutex
	broken := true
	down := func() bool {
		mu.Lock()
		defer mu.Unlock()
		return broken
	}
	says := func(verb, raw string) func(relaytest.Command) *relaytest.Answer {
		return func(c relaytest.Command) *relaytest.Answer {
			if c.Verb == verb && down() {
				return &relaytest.Answer{Raw: raw, HangUp: strings.HasPrefix(raw, "421")}
			}
			return nil
		}
	}
	for _, tc := range []struct {
		name       string
		query      string
		extensions []string
		answer     func(relaytest.Command) *relaytest.Answer
		dial       bool
		code       int
		stage      letter.Stage
		words      string
	}{
		{name: "refused connections", dial: true, stage: letter.StageDial, words: "no connection"},
		{name: "421 at the greeting", answer: says("CONNECT", "421 4.3.2 shutting down\r\n"), code: 421, stage: letter.StageDial, words: "shutting down"},
		{name: "421 to MAIL", answer: says("MAIL", "421 4.3.2 going away\r\n"), code: 421, stage: letter.StageMail, words: "going away"},
		{name: "421 after DATA", answer: says("DATA", "421 4.3.2 going away\r\n"), code: 421, stage: letter.StageData, words: "going away"},
		{name: "454 to STARTTLS", query: "starttls", extensions: []string{"STARTTLS"}, answer: says("STARTTLS", "454 4.7.0 TLS not available\r\n"), code: 454, stage: letter.StageDial, words: "TLS not available"},
		{name: "454 to the login", query: "login", extensions: []string{"AUTH PLAIN"}, answer: says("AUTH", "454 4.7.0 temporary failure\r\n"), code: 454, stage: letter.StageDial, words: "temporary failure"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			mu.Lock()
			broken = true
			mu.Unlock()
			s := relaytest.StartRaw(t, relaytest.Script{Extensions: tc.extensions, Answer: func(c relaytest.Command) *relaytest.Answer {
				if c.Verb == "AUTH" && !down() {
					return &relaytest.Answer{Raw: "235 2.7.0 welcome\r\n"}
				}
				if tc.answer != nil {
					return tc.answer(c)
				}
				return nil
			}})
			url := s.URL()
			switch tc.query {
			case "starttls":
				url = "smtp://" + s.Addr + "?tls=starttls"
			case "login":
				url = "smtp://u:secretword@" + s.Addr + "?tls=none"
			}
			at := newClock()
			var log bytes.Buffer
			var o relay.Options
			o.Log = slog.New(slog.NewTextHandler(&log, nil))
			if tc.dial {
				o.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
					if down() {
						return nil, &net.OpError{Op: "dial", Net: network, Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
					}
					return new(net.Dialer).DialContext(ctx, network, address)
				}
			}
			r := on(t, url, at, o)
			asked := 0
			deliver := func(i int) letter.Verdict {
				return r.Deliver(t.Context(), sealed(fmt.Sprintf("l%d@m.example", i)), relay.Attempt{}, func(context.Context) error {
					asked++
					return nil
				})
			}
			for i := range 3 {
				if tr := r.Trouble(); tr != nil {
					t.Fatalf("after %d failures: %v", i, tr)
				}
				if v := deliver(i); v.Outcome != letter.Unreachable || v.Stage != tc.stage || v.Code != tc.code || !strings.Contains(v.Text, tc.words) {
					t.Errorf("%+v", v)
				}
				at.move(time.Minute)
			}
			tr := r.Trouble()
			if tr == nil || tr.Until.Sub(at.now()) != 4*time.Minute || !strings.Contains(tr.Why, "3 failures within 5m, the last: ") || !strings.Contains(tr.Why, tc.words) {
				t.Fatalf("trouble: %+v", tr)
			}
			before := len(s.Commands())
			for i := range 5 {
				if v := deliver(10 + i); v.Outcome != letter.Unreachable || v.Stage != letter.StageDial || !strings.HasPrefix(v.Text, "relay left alone: ") {
					t.Errorf("while it is open: %+v", v)
				}
				r.Probe(t.Context())
			}
			if n := len(s.Commands()); n != before {
				t.Errorf("%d commands were said while it was open", n-before)
			}
			if tc.query != "starttls" { // this server has no TLS to offer
				mu.Lock()
				broken = false
				mu.Unlock()
				at.move(4 * time.Minute)
				r.Probe(t.Context())
				if tr := r.Trouble(); tr != nil {
					t.Fatalf("after the probe: %v", tr)
				}
				for _, c := range s.Commands()[before:] {
					if c.Verb == "MAIL" || c.Verb == "RCPT" || c.Verb == "DATA" {
						t.Errorf("the probe said %s", c.Line)
					}
				}
				if asked != 0 {
					t.Errorf("%d letters were asked to pass the commit point", asked)
				}
				if v := deliver(20); v.Outcome != letter.Accepted || asked != 1 {
					t.Errorf("%+v", v)
				}
			} else {
				at.move(4 * time.Minute)
				r.Probe(t.Context())
				if tr := r.Trouble(); tr == nil || tr.Until.Sub(at.now()) != 10*time.Minute {
					t.Errorf("after a probe that failed: %+v", tr)
				}
			}
			if n := strings.Count(log.String(), "the relay is offered no letter"); n != 1 {
				t.Errorf("said %d times that it is offered no letter:\n%s", n, log.String())
			}
			if strings.Contains(log.String(), "secretword") {
				t.Error("the log shows the password")
			}
		})
	}
}

// TestRefusedLogin: one definite no to the login is enough, however many letters come at once, and no time mends it: a
// changed password file does, or a person.
func TestRefusedLogin(t *testing.T) {
	s := relaytest.Start(t, relaytest.Options{Logins: []string{"PLAIN"}, User: "desk", Password: "right"})
	file := filepath.Join(t.TempDir(), "password")
	write := func(password string) {
		if err := os.WriteFile(file, []byte(password+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("wrongword")
	at := newClock()
	r := on(t, "smtp://desk@"+s.Addr+"?tls=none&connections=20&password_file="+file, at, relay.Options{})
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			v := r.Deliver(t.Context(), sealed(fmt.Sprintf("l%d@m.example", i)), relay.Attempt{}, granted)
			if v.Outcome != letter.Unreachable {
				t.Error(v)
			}
		})
	}
	all.Wait()
	if n := s.Connections(); n != 1 {
		t.Errorf("the wrong password was said %d times", n)
	}
	tr := r.Trouble()
	if tr == nil || !tr.Until.IsZero() || !strings.HasPrefix(tr.Why, "the relay refuses the login: 535") {
		t.Fatalf("trouble: %+v", tr)
	}
	if want := "; it is tried again when its password or token changes, or a person releases it"; !strings.HasSuffix(tr.String(), want) {
		t.Errorf("%q does not end with %q", tr.String(), want)
	}
	at.move(30 * 24 * time.Hour)
	r.Probe(t.Context())
	if n := s.Connections(); n != 1 {
		t.Errorf("%d connections: time alone tried the login again", n)
	}
	r.Release()
	r.Probe(t.Context())
	if n := s.Connections(); n != 2 || r.Trouble() == nil || !r.Trouble().Until.IsZero() {
		t.Errorf("%d connections after a release, trouble %v", n, r.Trouble())
	}
	write("right")
	r.Probe(t.Context())
	if tr := r.Trouble(); tr != nil {
		t.Fatalf("after the password changed: %v", tr)
	}
	if v := r.Deliver(t.Context(), sealed("a@m.example"), relay.Attempt{}, granted); v.Outcome != letter.Accepted {
		t.Error(v)
	}
}

// TestFullRelayIsNoTrouble: a relay that takes no more connections beside those that stand goes on being used.
func TestFullRelayIsNoTrouble(t *testing.T) {
	release := make(chan struct{})
	s := relaytest.StartRaw(t, relaytest.Script{Answer: func(c relaytest.Command) *relaytest.Answer {
		switch {
		case c.Verb == "CONNECT" && c.Connection > 1:
			return &relaytest.Answer{Raw: "421 4.7.0 too many connections\r\n", HangUp: true}
		case c.Verb == ".":
			return &relaytest.Answer{Raw: "250 ok\r\n", Take: true, Wait: release}
		}
		return nil
	}})
	r := on(t, s.URL(), newClock(), relay.Options{})
	first := make(chan letter.Verdict, 1)
	begun := make(chan struct{})
	go func() {
		first <- r.Deliver(t.Context(), sealed("first@m.example"), relay.Attempt{}, func(context.Context) error { close(begun); return nil })
	}()
	<-begun
	for i := range 5 {
		if v := r.Deliver(t.Context(), sealed(fmt.Sprintf("l%d@m.example", i)), relay.Attempt{}, granted); v.Outcome != letter.Unreachable {
			t.Error(v)
		}
	}
	if tr := r.Trouble(); tr != nil {
		t.Errorf("trouble: %v", tr)
	}
	close(release)
	if v := <-first; v.Outcome != letter.Accepted {
		t.Error(v)
	}
}

// TestStoppingIsNoTrouble: what this program cuts off itself is no sign of trouble, and a doubt that comes of it is its own.
func TestStoppingIsNoTrouble(t *testing.T) {
	s := relaytest.StartRaw(t, relaytest.Script{Answer: func(c relaytest.Command) *relaytest.Answer {
		if c.Verb == "CONNECT" {
			return &relaytest.Answer{Raw: "", Wait: make(chan struct{})}
		}
		return nil
	}})
	r := on(t, s.URL(), newClock(), relay.Options{})
	for range 4 {
		ctx, cancel := context.WithCancelCause(t.Context())
		done := make(chan letter.Verdict, 1)
		n := s.Connections()
		go func() { done <- r.Deliver(ctx, sealed("a@m.example"), relay.Attempt{}, granted) }()
		waitUntil(t, func() bool { return s.Connections() > n })
		cancel(errors.New("stopped"))
		if v := <-done; v.Outcome == letter.Accepted || v.Outcome == letter.Doubtful {
			t.Error(v)
		}
	}
	if tr := r.Trouble(); tr != nil {
		t.Errorf("trouble: %v", tr)
	}
}

// TestTend: the probe comes by itself.
func TestTend(t *testing.T) {
	var mu sync.Mutex
	refuse := true
	s := relaytest.StartRaw(t, relaytest.Script{Answer: func(c relaytest.Command) *relaytest.Answer {
		mu.Lock()
		defer mu.Unlock()
		if c.Verb == "CONNECT" && refuse {
			return &relaytest.Answer{Raw: "421 4.3.2 not now\r\n", HangUp: true}
		}
		return nil
	}})
	times := quick
	times.Open, times.OpenMost, times.Tend = 50*time.Millisecond, 100*time.Millisecond, 5*time.Millisecond
	r := open(t, s.URL(), 1, times)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); r.Tend(ctx) }()
	for i := range 3 {
		r.Deliver(t.Context(), sealed(fmt.Sprintf("l%d@m.example", i)), relay.Attempt{}, granted)
	}
	if r.Trouble() == nil {
		t.Fatal("no trouble after three failures")
	}
	waitUntil(t, func() bool { return s.Connections() >= 5 })
	if r.Trouble() == nil {
		t.Error("a probe that failed closed it")
	}
	mu.Lock()
	refuse = false
	mu.Unlock()
	waitUntil(t, func() bool { return r.Trouble() == nil })
	stop()
	<-ended
}

// TestStandingConnectionsRestToo: while the breaker is open no letter goes by a connection that stands either; the letter
// that was in hand on it gets its answer.
func TestStandingConnectionsRestToo(t *testing.T) {
	s := relaytest.StartRaw(t, relaytest.Script{Extensions: []string{"PIPELINING"}})
	var mu sync.Mutex
	dials := 0
	at := newClock()
	r := on(t, s.URL(), at, relay.Options{Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
		mu.Lock()
		defer mu.Unlock()
		if dials++; dials > 1 && dials <= 4 {
			return nil, &net.OpError{Op: "dial", Net: network, Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
		}
		return new(net.Dialer).DialContext(ctx, network, address)
	}})
	begun, goOn := make(chan struct{}), make(chan struct{})
	first := make(chan letter.Verdict, 1)
	go func() {
		first <- r.Deliver(t.Context(), sealed("first@m.example"), relay.Attempt{}, func(context.Context) error {
			close(begun)
			<-goOn
			return nil
		})
	}()
	<-begun
	for i := range 3 {
		r.Deliver(t.Context(), sealed(fmt.Sprintf("l%d@m.example", i)), relay.Attempt{}, granted)
	}
	if r.Trouble() == nil {
		t.Fatal("no trouble")
	}
	close(goOn)
	if v := <-first; v.Outcome != letter.Accepted {
		t.Errorf("the letter in hand: %v", v)
	}
	for range 2 {
		if v := r.Deliver(t.Context(), sealed("second@m.example"), relay.Attempt{}, granted); v.Outcome != letter.Unreachable || !strings.HasPrefix(v.Text, "relay left alone: ") {
			t.Errorf("by the connection that stands: %v", v)
		}
	}
	at.move(5 * time.Minute)
	r.Probe(t.Context())
	if v := r.Deliver(t.Context(), sealed("second@m.example"), relay.Attempt{}, granted); v.Outcome != letter.Accepted {
		t.Errorf("after the probe: %v", v)
	}
	if n := len(s.Letters()); n != 2 {
		t.Errorf("%d letters taken", n)
	}
}
