package relay_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"outreach.example/letter"
	"outreach.example/relay"
	"outreach.example/relay/relaytest"
)

// TestConnectionsAreReused: one connection carries one letter after the other, and is left with QUIT when it is idle.
func TestConnectionsAreReused(t *testing.T) {
	pipelining(t, func(t *testing.T, extensions []string) {
		s := relaytest.StartRaw(t, relaytest.Script{Extensions: extensions})
		times := quick
		times.Idle = 50 * time.Millisecond
		r := open(t, s.URL(), 3, times)
		for i := range 20 {
			if v := r.Deliver(t.Context(), sealed(fmt.Sprintf("l%d@m.example", i)), relay.Attempt{}, granted); v.Outcome != letter.Accepted {
				t.Fatal(v)
			}
		}
		if n := s.Connections(); n != 1 {
			t.Errorf("%d connections for 20 letters in a row", n)
		}
		said := func(verb string) (n int) {
			for _, c := range s.Commands() {
				if c.Verb == verb {
					n++
				}
			}
			return n
		}
		waitUntil(t, func() bool { return said("QUIT") == 1 })
		if said("RSET")+said("NOOP") > 0 {
			t.Error("RSET or NOOP was said")
		}
		if v := r.Deliver(t.Context(), sealed("after@m.example"), relay.Attempt{}, granted); v.Outcome != letter.Accepted {
			t.Error(v)
		}
	})
}

// TestDefiniteAnswersKeepTheConnection: a no to MAIL or to the dot ends the transaction, and the next letter follows on
// the same connection.
func TestDefiniteAnswersKeepTheConnection(t *testing.T) {
	pipelining(t, func(t *testing.T, extensions []string) {
		s := relaytest.StartRaw(t, relaytest.Script{Extensions: extensions, Answer: func(c relaytest.Command) *relaytest.Answer {
			switch {
			case c.Letter == 1 && c.Verb == "MAIL":
				return &relaytest.Answer{Raw: "451 no\r\n"}
			case c.Letter == 1 && (c.Verb == "RCPT" || c.Verb == "DATA"):
				return &relaytest.Answer{Raw: "503 no transaction\r\n"}
			case c.Letter == 2 && c.Verb == ".":
				return &relaytest.Answer{Raw: "451 no\r\n"}
			}
			return nil
		}})
		r := open(t, s.URL(), 1, quick)
		for i, want := range []letter.Outcome{letter.Deferred, letter.Deferred, letter.Accepted} {
			if v := r.Deliver(t.Context(), sealed("a@m.example"), relay.Attempt{}, granted); v.Outcome != want {
				t.Errorf("letter %d: %+v", i+1, v)
			}
		}
		if n := s.Connections(); n != 1 {
			t.Errorf("%d connections", n)
		}
	})
}

// TestDeadWhileIdle: a connection that died unseen costs a letter nothing.
func TestDeadWhileIdle(t *testing.T) {
	for _, tc := range []struct {
		name string
		die  func(*relaytest.Raw)
		mail *relaytest.Answer // to the second letter on the first connection
	}{
		{"closed by the relay", (*relaytest.Raw).HangUp, nil},
		{"421 at MAIL", func(*relaytest.Raw) {}, &relaytest.Answer{Raw: "421 4.4.2 idle too long\r\n", HangUp: true}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			pipelining(t, func(t *testing.T, extensions []string) {
				s := relaytest.StartRaw(t, relaytest.Script{Extensions: extensions, Answer: func(c relaytest.Command) *relaytest.Answer {
					if c.Connection == 1 && c.Letter == 2 && c.Verb == "MAIL" {
						return tc.mail
					}
					return nil
				}})
				r := open(t, s.URL(), 1, quick)
				for i := range 2 {
					l, asked := sealed(fmt.Sprintf("l%d@m.example", i)), 0
					v := r.Deliver(t.Context(), l, relay.Attempt{}, func(context.Context) error { asked++; return nil })
					if v.Outcome != letter.Accepted || asked != 1 || s.Count(l.MessageID) != 1 {
						t.Errorf("letter %d: %+v, asked %d times, taken %d times", i+1, v, asked, s.Count(l.MessageID))
					}
					tc.die(s)
				}
				if n := s.Connections(); n != 2 {
					t.Errorf("%d connections", n)
				}
			})
		})
	}
}

// TestManyAtOnce: many letters through few connections, each taken once, behaved relay or not.
func TestManyAtOnce(t *testing.T) {
	s := relaytest.Start(t, relaytest.Options{})
	r := open(t, s.URL(), 4, quick)
	names := []string{"a", "a", "a", "a", "a", "a", "tempfail", "refuse", "hangup", "dot-tempfail", "dot-refuse", "dot-hangup", "dot-drop"}
	var wg sync.WaitGroup
	for i := range 400 {
		wg.Go(func() {
			l := sealed(fmt.Sprintf("%s+%d@m.example", names[i%len(names)], i))
			v := r.Deliver(t.Context(), l, relay.Attempt{}, granted)
			agrees(t, v, s.Count(l.MessageID))
			if names[i%len(names)] == "a" && v.Outcome != letter.Accepted {
				t.Errorf("%s: %+v", l.Envelope.To, v)
			}
		})
	}
	wg.Wait()
	if n := r.Free(); n != 8 {
		t.Errorf("%d free at the end, want 8", n)
	}
}

// TestConnectionLimit: never more connections than set, however many letters wait.
func TestConnectionLimit(t *testing.T) {
	release := make(chan struct{})
	s := relaytest.StartRaw(t, relaytest.Script{Answer: func(c relaytest.Command) *relaytest.Answer {
		if c.Verb == "." {
			return &relaytest.Answer{Raw: "250 ok\r\n", Take: true, Wait: release}
		}
		return nil
	}})
	r := open(t, s.URL(), 3, quick)
	var wg sync.WaitGroup
	for i := range 10 {
		wg.Go(func() { r.Deliver(t.Context(), sealed(fmt.Sprintf("l%d@m.example", i)), relay.Attempt{}, granted) })
	}
	waitUntil(t, func() bool { return r.Waiting() == 7 && s.Connections() == 3 })
	if n := r.Free(); n != 0 {
		t.Errorf("%d free", n)
	}
	close(release)
	wg.Wait()
	if s.Connections() != 3 || len(s.Letters()) != 10 {
		t.Errorf("%d connections, %d letters", s.Connections(), len(s.Letters()))
	}
}

// TestStop: until permission is asked for, the end of the context ends the attempt, wherever it stands; afterwards the
// relay's answer is waited for.
func TestStop(t *testing.T) {
	for _, verb := range []string{"CONNECT", "EHLO", "MAIL", "RCPT", "DATA", "."} {
		t.Run(verb, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			reached, release := make(chan struct{}), make(chan struct{})
			var once sync.Once
			s := relaytest.StartRaw(t, relaytest.Script{Extensions: []string{"PIPELINING"}, Answer: func(c relaytest.Command) *relaytest.Answer {
				if c.Verb == verb {
					once.Do(func() { close(reached) })
					if verb == "." {
						return &relaytest.Answer{Raw: "250 ok\r\n", Take: true, Wait: release}
					}
					return &relaytest.Answer{Wait: release}
				}
				return nil
			}})
			r := open(t, s.URL(), 1, quick)
			done := make(chan letter.Verdict)
			go func() { done <- r.Deliver(ctx, sealed("a@m.example"), relay.Attempt{}, granted) }()
			<-reached
			cancel()
			if verb == "." {
				close(release)
			}
			v := <-done
			if verb != "." {
				close(release)
			}
			want := map[string]letter.Outcome{".": letter.Accepted, "CONNECT": letter.Unreachable, "EHLO": letter.Unreachable}[verb]
			if v.Outcome != want || want != letter.Accepted && !strings.Contains(v.Text, "stopped") {
				t.Errorf("%+v", v)
			}
			agrees(t, v, len(s.Letters()))
		})
	}
	t.Run("while it waits for a connection", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		s := relaytest.Start(t, relaytest.Options{})
		r := open(t, s.URL(), 1, quick)
		v := r.Deliver(t.Context(), sealed("a@m.example"), relay.Attempt{}, func(context.Context) error {
			done := make(chan letter.Verdict)
			go func() { done <- r.Deliver(ctx, sealed("b@m.example"), relay.Attempt{}, granted) }()
			waitUntil(t, func() bool { return r.Waiting() == 1 })
			cancel()
			if v := <-done; v.Outcome != letter.Unsent || v.Text != "stopped before it was sent" {
				t.Errorf("%+v", v)
			}
			return nil
		})
		if v.Outcome != letter.Accepted || len(s.Letters()) != 1 {
			t.Errorf("%+v", v)
		}
	})
	t.Run("when its envelope is out already", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		reached, release := make(chan struct{}), make(chan struct{})
		s := relaytest.StartRaw(t, relaytest.Script{Extensions: []string{"PIPELINING"}, Answer: func(c relaytest.Command) *relaytest.Answer {
			if c.Connection == 1 && c.Verb == "." {
				close(reached)
				return &relaytest.Answer{Raw: "250 ok\r\n", Take: true, Wait: release}
			}
			return nil
		}})
		r := open(t, s.URL(), 1, quick)
		second, first := make(chan letter.Verdict), make(chan letter.Verdict)
		go func() {
			first <- r.Deliver(t.Context(), sealed("a@m.example"), relay.Attempt{}, func(context.Context) error {
				go func() { second <- r.Deliver(ctx, sealed("b@m.example"), relay.Attempt{}, granted) }()
				waitUntil(t, func() bool { return r.Waiting() == 1 })
				return nil
			})
		}()
		<-reached
		cancel()
		if v := <-second; v.Outcome != letter.Unsent {
			t.Errorf("second: %+v", v)
		}
		close(release)
		if v := <-first; v.Outcome != letter.Accepted {
			t.Errorf("first: %+v", v)
		}
		// The envelope of the second is open on that connection: nothing more is said on it.
		if v := r.Deliver(t.Context(), sealed("c@m.example"), relay.Attempt{}, granted); v.Outcome != letter.Accepted {
			t.Errorf("third: %+v", v)
		}
		if s.Connections() != 2 || len(s.Letters()) != 2 {
			t.Errorf("%d connections, %d letters", s.Connections(), len(s.Letters()))
		}
	})
}

// TestBehindAHungDot: a letter whose envelope went out behind a dot that nobody answers does not wait for ever: it is
// sent on a connection that is free by then.
func TestBehindAHungDot(t *testing.T) {
	release := make(chan struct{})
	s := relaytest.StartRaw(t, relaytest.Script{Extensions: []string{"PIPELINING"}, Answer: func(c relaytest.Command) *relaytest.Answer {
		if c.Connection == 1 && c.Verb == "." {
			return &relaytest.Answer{Raw: "250 ok\r\n", Take: true, Wait: release}
		}
		return nil
	}})
	times := quick
	times.Mail = 100 * time.Millisecond
	r := open(t, s.URL(), 2, times)
	deliver := func(to string, commit func(context.Context) error) chan letter.Verdict {
		done := make(chan letter.Verdict, 1)
		go func() { done <- r.Deliver(t.Context(), sealed(to), relay.Attempt{}, commit) }()
		return done
	}
	asked, granted1, granted2 := make(chan struct{}, 2), make(chan struct{}), make(chan struct{})
	ask := func(granted chan struct{}) func(context.Context) error {
		return func(context.Context) error { asked <- struct{}{}; <-granted; return nil }
	}
	first := deliver("a@m.example", ask(granted1)) // on connection 1
	<-asked
	second := deliver("b@m.example", ask(granted2)) // on connection 2
	<-asked
	third := deliver("c@m.example", granted)
	waitUntil(t, func() bool { return r.Waiting() == 1 })
	close(granted1) // the third letter's envelope goes out behind the first one's dot, and stays there
	waitUntil(t, func() bool { return r.Waiting() == 0 })
	close(granted2)
	if v := <-second; v.Outcome != letter.Accepted {
		t.Errorf("second: %+v", v)
	}
	if v := <-third; v.Outcome != letter.Accepted {
		t.Errorf("third: %+v", v)
	}
	close(release)
	if v := <-first; v.Outcome != letter.Accepted {
		t.Errorf("first: %+v", v)
	}
	for _, to := range []string{"a@m.example", "b@m.example", "c@m.example"} {
		if n := s.Count(sealed(to).MessageID); n != 1 {
			t.Errorf("%s was taken %d times", to, n)
		}
	}
}

// TestClose: letters in hand are finished; those that are not by then are cut off, and their verdicts say how far they
// had come.
func TestClose(t *testing.T) {
	t.Run("waits", func(t *testing.T) {
		s := relaytest.Start(t, relaytest.Options{})
		r := open(t, s.URL(), 1, quick)
		closed := make(chan error, 1)
		v := r.Deliver(t.Context(), sealed("a@m.example"), relay.Attempt{}, func(context.Context) error {
			go func() { closed <- r.Close(t.Context()) }()
			waitUntil(t, func() bool { return r.Free() == 0 })
			if v := r.Deliver(t.Context(), sealed("b@m.example"), relay.Attempt{}, granted); v.Outcome != letter.Unsent || v.Text != "the relay is being closed" {
				t.Errorf("%+v", v)
			}
			return nil
		})
		if err := <-closed; err != nil || v.Outcome != letter.Accepted {
			t.Errorf("%+v, %v", v, err)
		}
	})
	t.Run("cuts off", func(t *testing.T) {
		reached := make(chan struct{})
		s := relaytest.StartRaw(t, relaytest.Script{Answer: func(c relaytest.Command) *relaytest.Answer {
			if c.Verb == "." {
				close(reached)
				return &relaytest.Answer{Take: true, Wait: make(chan struct{})}
			}
			return nil
		}})
		r := open(t, s.URL(), 1, quick)
		done := make(chan letter.Verdict, 2)
		go func() { done <- r.Deliver(context.Background(), sealed("a@m.example"), relay.Attempt{}, granted) }()
		<-reached
		go func() { done <- r.Deliver(context.Background(), sealed("b@m.example"), relay.Attempt{}, granted) }()
		waitUntil(t, func() bool { return r.Waiting() == 1 })
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := r.Close(ctx); err == nil || err.Error() != "2 letters were cut off in the middle" {
			t.Error(err)
		}
		a, b := <-done, <-done
		if a.Outcome == letter.Unsent {
			a, b = b, a
		}
		if a.Outcome != letter.Doubtful || !a.Own || a.Text != "no answer to the dot: the program was stopped" || b.Outcome != letter.Unsent {
			t.Errorf("%+v\n%+v", a, b)
		}
	})
}

// TestDeadlines: each stage has a deadline of its own, and what it means depends on the dot alone.
func TestDeadlines(t *testing.T) {
	const short = 50 * time.Millisecond
	for _, tc := range []struct {
		verb string
		set  func(*relay.Times)
		want letter.Verdict
	}{
		{"CONNECT", func(t *relay.Times) { t.Dial = short }, letter.Verdict{Outcome: letter.Unreachable, Stage: letter.StageDial, Text: "no greeting: no answer in time"}},
		{"MAIL", func(t *relay.Times) { t.Mail = short }, letter.Verdict{Outcome: letter.Unsent, Stage: letter.StageMail, Text: "no answer within 50ms"}},
		{"RCPT", func(t *relay.Times) { t.Rcpt = short }, letter.Verdict{Outcome: letter.Unsent, Stage: letter.StageRcptTo, Text: "no answer within 50ms"}},
		{"DATA", func(t *relay.Times) { t.Data = short }, letter.Verdict{Outcome: letter.Unsent, Stage: letter.StageData, Text: "no answer within 50ms"}},
		{".", func(t *relay.Times) { t.Dot = short }, letter.Verdict{Outcome: letter.Doubtful, Stage: letter.StageDot, Text: "no answer to the dot: no answer within 50ms"}},
	} {
		t.Run(tc.verb, func(t *testing.T) {
			pipelining(t, func(t *testing.T, extensions []string) {
				s := relaytest.StartRaw(t, relaytest.Script{Extensions: extensions, Answer: func(c relaytest.Command) *relaytest.Answer {
					if c.Verb == tc.verb {
						return &relaytest.Answer{Take: true, Wait: make(chan struct{})}
					}
					return nil
				}})
				times := quick
				tc.set(&times)
				r := open(t, s.URL(), 1, times)
				if v := r.Deliver(t.Context(), sealed("a@m.example"), relay.Attempt{}, granted); v.Outcome != tc.want.Outcome || v.Stage != tc.want.Stage || v.Text != tc.want.Text {
					t.Errorf("%+v", v)
				}
			})
		})
	}
	t.Run("late, but in time", func(t *testing.T) {
		s := relaytest.Start(t, relaytest.Options{Slow: 200 * time.Millisecond})
		times := quick
		times.Mail, times.Rcpt, times.Data, times.Block, times.Guard = short, short, short, short, short
		r := open(t, s.URL(), 1, times)
		if v := r.Deliver(t.Context(), sealed("slow@m.example"), relay.Attempt{}, granted); v.Outcome != letter.Accepted {
			t.Errorf("%+v", v)
		}
	})
	t.Run("permission takes too long", func(t *testing.T) {
		s := relaytest.Start(t, relaytest.Options{})
		times := quick
		times.Guard = short
		r := open(t, s.URL(), 1, times)
		v := r.Deliver(t.Context(), sealed("a@m.example"), relay.Attempt{}, func(context.Context) error {
			began := time.Now()
			waitUntil(t, func() bool { return time.Since(began) > 2*short })
			return nil
		})
		if v.Outcome != letter.Unsent || v.Stage != letter.StageCommit || !strings.HasPrefix(v.Text, "dot never written: ") || len(s.Letters()) > 0 {
			t.Errorf("%+v", v)
		}
	})
}
