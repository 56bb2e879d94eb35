package relay_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"outreach.example/letter"
	"outreach.example/relay"
	"outreach.example/relay/relaytest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// quick are times that a test can wait for.
var quick = func() relay.Times {
	t := relay.Standard
	t.Dial, t.Quit = 5*time.Second, time.Second
	return t
}()

// open makes a relay for a server, which is closed when the test ends.
func open(t testing.TB, url string, connections int, times relay.Times) *relay.Relay {
	t.Helper()
	s, err := relay.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	s.Connections = connections
	r := relay.New(s, relay.Options{Now: time.Now, Times: times})
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := r.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	return r
}

// sealed is a small letter with dots where they hurt.
func sealed(to string, cc ...string) letter.Sealed {
	id := "<" + strings.Map(func(r rune) rune {
		if r == '@' {
			return '.'
		}
		return r
	}, to) + "@iom.example>"
	return letter.Sealed{
		MessageID: id,
		Envelope:  letter.Envelope{From: "bounce@iom.example", To: to, Cc: cc, Registry: "registry@iom.example"},
		Bytes:     []byte("Message-ID: " + id + "\r\nSubject: x\r\n\r\n.\r\n..two\r\ntext\r\n.\r\n"),
	}
}

func granted(context.Context) error { return nil }

// pipelining runs a test with and without it.
func pipelining(t *testing.T, f func(t *testing.T, extensions []string)) {
	t.Run("pipelining", func(t *testing.T) { f(t, []string{"PIPELINING", "ENHANCEDSTATUSCODES"}) })
	t.Run("one by one", func(t *testing.T) { f(t, []string{"ENHANCEDSTATUSCODES"}) })
}

// says answers one command of every letter with raw octets.
func says(verb, raw string) func(relaytest.Command) *relaytest.Answer {
	return func(c relaytest.Command) *relaytest.Answer {
		if c.Verb == verb {
			return &relaytest.Answer{Raw: raw}
		}
		return nil
	}
}

// TestVerdicts: each answer at each stage has one verdict, and the witness agrees with it.
func TestVerdicts(t *testing.T) {
	line := strings.Repeat("x", 5000)
	for _, tc := range []struct {
		name   string
		answer func(relaytest.Command) *relaytest.Answer
		want   letter.Verdict // Text: a part of it
		taken  int
	}{
		{"taken", nil, letter.Verdict{Outcome: letter.Accepted, Stage: letter.StageDot, Code: 250, Enhanced: "2.0.0", Text: "queued as RAW"}, 1},
		{"several lines", take(".", "250-2.0.0 one\r\n250 2.0.0 two\r\n"), letter.Verdict{Outcome: letter.Accepted, Stage: letter.StageDot, Code: 250, Enhanced: "2.0.0", Text: "one two"}, 1},
		{"bare code", take(".", "250\r\n"), letter.Verdict{Outcome: letter.Accepted, Stage: letter.StageDot, Code: 250}, 1},

		{"greeting 421", says("CONNECT", "421 4.3.2 busy\r\n"), letter.Verdict{Outcome: letter.Unreachable, Stage: letter.StageDial, Code: 421, Enhanced: "4.3.2", Text: "no greeting: busy"}, 0},
		{"greeting 554", says("CONNECT", "554 go away\r\n"), letter.Verdict{Outcome: letter.Unreachable, Stage: letter.StageDial, Code: 554, Text: "no greeting: go away"}, 0},
		{"greeting without end", says("CONNECT", strings.Repeat("220-hello\r\n", 20000)), letter.Verdict{Outcome: letter.Unreachable, Stage: letter.StageDial, Text: "the relay talks without end"}, 0},

		{"MAIL later", says("MAIL", "451 4.7.1 try again in 5 minutes\r\n"), letter.Verdict{Outcome: letter.Deferred, Stage: letter.StageMail, Code: 451, Enhanced: "4.7.1", Text: "try again in 5 minutes", Retry: 5 * time.Minute, Greylisted: true}, 0},
		{"MAIL never", says("MAIL", "550 5.7.1 not yours\r\n"), letter.Verdict{Outcome: letter.Unreachable, Stage: letter.StageMail, Code: 550, Enhanced: "5.7.1", Text: "the relay refuses the sender: not yours", Retry: 15 * time.Minute}, 0},
		{"MAIL too large", says("MAIL", "552 5.3.4 too big\r\n"), letter.Verdict{Outcome: letter.Refused5xx, Stage: letter.StageMail, Code: 552, Enhanced: "5.3.4", Text: "too big"}, 0},
		{"MAIL 421", says("MAIL", "421 4.4.2 bye\r\n"), letter.Verdict{Outcome: letter.Unreachable, Stage: letter.StageMail, Code: 421, Enhanced: "4.4.2", Text: "bye"}, 0},
		{"MAIL 354", says("MAIL", "354 go\r\n"), letter.Verdict{Outcome: letter.Unsent, Stage: letter.StageMail, Code: 354, Text: "unexpected reply: 354 go"}, 0},
		{"MAIL torn", cut("MAIL", "25"), letter.Verdict{Outcome: letter.Unsent, Stage: letter.StageMail, Text: `in the middle of a reply ("25")`}, 0},

		{"RCPT 421", says("RCPT", "421 bye\r\n"), letter.Verdict{Outcome: letter.Unreachable, Stage: letter.StageRcptTo, Code: 421, Text: "bye"}, 0},
		{"RCPT garbage", says("RCPT", "hello\r\n"), letter.Verdict{Outcome: letter.Unsent, Stage: letter.StageRcptTo, Text: `unreadable reply "hello\r\n"`}, 0},
		{"RCPT 354", says("RCPT", "354 x\r\n"), letter.Verdict{Outcome: letter.Unsent, Stage: letter.StageRcptTo, Code: 354, Text: "unexpected reply: 354 x"}, 0},
		{"all refused", says("RCPT", "550 5.1.1 no\r\n"), letter.Verdict{Outcome: letter.Refused5xx, Stage: letter.StageRcptTo, Code: 550, Enhanced: "5.1.1", Text: "no; registry copy: 550 5.1.1 no"}, 0},

		{"DATA later", says("DATA", "451 4.3.0 no\r\n"), letter.Verdict{Outcome: letter.Deferred, Stage: letter.StageData, Code: 451, Enhanced: "4.3.0", Text: "no"}, 0},
		{"DATA never", says("DATA", "554 5.7.0 no\r\n"), letter.Verdict{Outcome: letter.Refused5xx, Stage: letter.StageData, Code: 554, Enhanced: "5.7.0", Text: "no"}, 0},
		{"DATA 250", says("DATA", "250 ok\r\n"), letter.Verdict{Outcome: letter.Unsent, Stage: letter.StageData, Code: 250, Text: "unexpected reply: 250 ok"}, 0},
		{"DATA 421", says("DATA", "421 bye\r\n"), letter.Verdict{Outcome: letter.Unreachable, Stage: letter.StageData, Code: 421, Text: "bye"}, 0},
		{"answer before the dot", says("DATA", "354 go\r\n250 ok\r\n"), letter.Verdict{Outcome: letter.Unsent, Stage: letter.StageData, Text: "the relay says more than it was asked"}, 0},

		{"dot later", says(".", "451 4.3.0 later\r\n"), letter.Verdict{Outcome: letter.Deferred, Stage: letter.StageDot, Code: 451, Enhanced: "4.3.0", Text: "later"}, 0},
		{"dot 421", says(".", "421 4.3.2 later\r\n"), letter.Verdict{Outcome: letter.Deferred, Stage: letter.StageDot, Code: 421, Enhanced: "4.3.2", Text: "later"}, 0},
		{"dot never", says(".", "554 5.7.1 spam\r\n"), letter.Verdict{Outcome: letter.Refused5xx, Stage: letter.StageDot, Code: 554, Enhanced: "5.7.1", Text: "spam", Standing: true}, 0},
		{"dot 354", take(".", "354 more\r\n"), letter.Verdict{Outcome: letter.Doubtful, Stage: letter.StageDot, Code: 354, Text: "answer to the dot that is none: 354 more"}, 1},
		{"enhanced code of another class", says(".", "554 2.0.0 odd\r\n"), letter.Verdict{Outcome: letter.Refused5xx, Stage: letter.StageDot, Code: 554, Text: "2.0.0 odd"}, 0},

		{"dot: one octet", cut(".", "2"), letter.Verdict{Outcome: letter.Doubtful, Stage: letter.StageDot, Text: `the relay closed the connection in the middle of a reply ("2")`}, 1},
		{"dot: code without line end", cut(".", "250 ok"), letter.Verdict{Outcome: letter.Doubtful, Stage: letter.StageDot, Text: `in the middle of a reply ("250 ok")`}, 1},
		{"dot: first of two lines", cut(".", "250-ok\r\n"), letter.Verdict{Outcome: letter.Doubtful, Stage: letter.StageDot, Text: `in the middle of a reply ("ok")`}, 1},
		{"dot: nothing", cut(".", ""), letter.Verdict{Outcome: letter.Doubtful, Stage: letter.StageDot, Text: "no answer to the dot: the relay"}, 1},
		{"dot: garbage", take(".", "\x80\xff garbage\r\n"), letter.Verdict{Outcome: letter.Doubtful, Stage: letter.StageDot, Text: `unreadable reply "\x80\xff garbage\r\n"`}, 1},
		{"dot: two codes", take(".", "250-ok\r\n550 no\r\n"), letter.Verdict{Outcome: letter.Doubtful, Stage: letter.StageDot, Text: `unreadable reply "550 no\r\n"`}, 1},
		{"dot: NUL", take(".", "250 o\x00k\r\n"), letter.Verdict{Outcome: letter.Doubtful, Stage: letter.StageDot, Text: `unreadable reply "250 o\x00k\r\n"`}, 1},
		{"dot: 300 lines", take(".", strings.Repeat("250-x\r\n", 300)+"250 x\r\n"), letter.Verdict{Outcome: letter.Doubtful, Stage: letter.StageDot, Text: "more than 100 lines"}, 1},
		{"dot: a line of 1 MB", take(".", "250 "+strings.Repeat(line, 200)+"\r\n"), letter.Verdict{Outcome: letter.Doubtful, Stage: letter.StageDot, Text: "a line without end"}, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			pipelining(t, func(t *testing.T, extensions []string) {
				s := relaytest.StartRaw(t, relaytest.Script{Extensions: extensions, Answer: tc.answer})
				r := open(t, s.URL(), 1, quick)
				l := sealed("a@mission.example")
				asked := 0
				got := r.Deliver(t.Context(), l, relay.Attempt{}, func(context.Context) error { asked++; return nil })
				if !strings.Contains(got.Text, tc.want.Text) {
					t.Errorf("text %q, want %q", got.Text, tc.want.Text)
				}
				want := tc.want
				want.Text = got.Text
				if diff := cmp.Diff(want, got); diff != "" {
					t.Error(diff)
				}
				if n := s.Count(l.MessageID); n != tc.taken {
					t.Errorf("taken %d times, want %d", n, tc.taken)
				}
				if dot := got.Stage == letter.StageDot; dot != (asked == 1) {
					t.Errorf("permission was asked for %d times", asked)
				}
			})
		})
	}
}

// take is a lying or careless answer to a letter that is taken all the same.
func take(verb, raw string) func(relaytest.Command) *relaytest.Answer {
	return func(c relaytest.Command) *relaytest.Answer {
		if c.Verb == verb {
			return &relaytest.Answer{Raw: raw, Take: true}
		}
		return nil
	}
}

// cut is an answer after which the connection ends, to a letter that is taken.
func cut(verb, raw string) func(relaytest.Command) *relaytest.Answer {
	return func(c relaytest.Command) *relaytest.Answer {
		if c.Verb == verb {
			return &relaytest.Answer{Raw: raw, Take: true, HangUp: true}
		}
		return nil
	}
}

// agrees compares a verdict with the witness, who alone knows what was taken.
func agrees(t *testing.T, v letter.Verdict, taken int) {
	t.Helper()
	switch {
	case v.Outcome == letter.Accepted && taken == 1:
	case v.Outcome == letter.Doubtful && taken <= 1 && v.Stage == letter.StageDot:
	case v.Outcome != letter.Accepted && v.Outcome != letter.Doubtful && taken == 0:
	default:
		t.Errorf("verdict %s at %s (%s), and the witness has %d", v.Outcome, v.Stage, v.Text, taken)
	}
}

// TestCutEverywhere ends the connection after each octet, in each direction, of a dialogue of three letters, two of
// which go together where the relay allows it. Nothing is ever taken and called open, or taken twice.
func TestCutEverywhere(t *testing.T) {
	pipelining(t, func(t *testing.T, extensions []string) {
		run := func(t *testing.T, in, out *int) (int, int) {
			s := relaytest.StartRaw(t, relaytest.Script{Extensions: extensions, CutIn: in, CutOut: out})
			r := open(t, s.URL(), 1, quick)
			// The second and third letter wait while the first is asked about.
			waiting := make(chan struct{})
			verdicts := make([]letter.Verdict, 3)
			var wg sync.WaitGroup
			var once sync.Once
			for i := range verdicts {
				wg.Go(func() {
					l := sealed(fmt.Sprintf("l%d@mission.example", i))
					if i > 0 {
						<-waiting
					}
					verdicts[i] = r.Deliver(t.Context(), l, relay.Attempt{}, func(context.Context) error {
						once.Do(func() { close(waiting) })
						if i == 0 {
							waitUntil(t, func() bool { return r.Waiting() == 2 })
						}
						return nil
					})
					once.Do(func() { close(waiting) })
				})
			}
			wg.Wait()
			for i, v := range verdicts {
				agrees(t, v, s.Count(sealed(fmt.Sprintf("l%d@mission.example", i)).MessageID))
			}
			return s.Octets()
		}
		in, out := run(t, nil, nil)
		if in < 500 || out < 200 {
			t.Fatalf("the whole dialogue has %d octets in and %d out", in, out)
		}
		for n := range in {
			run(t, &n, nil)
		}
		for n := range out {
			run(t, nil, &n)
		}
	})
}

// waitUntil waits for a condition that other goroutines bring about.
func waitUntil(t testing.TB, ok func() bool) {
	t.Helper()
	tick, late := time.NewTicker(100*time.Microsecond), time.NewTimer(10*time.Second)
	defer tick.Stop()
	defer late.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-late.C:
			t.Error("waited in vain")
			return
		}
	}
}

// TestBytesArrive: what is taken is what was sealed, dots and all.
func TestBytesArrive(t *testing.T) {
	s := relaytest.Start(t, relaytest.Options{})
	r := open(t, s.URL(), 1, quick)
	l := sealed("a@m.example")
	l.Bytes = append([]byte(".first\r\n"), l.Bytes...)
	l.Bytes = append(l.Bytes, strings.Repeat("..\r\n.\r\nsome text\r\n", 20000)...)
	if v := r.Deliver(t.Context(), l, relay.Attempt{}, granted); v.Outcome != letter.Accepted {
		t.Fatal(v)
	}
	if diff := cmp.Diff(string(l.Bytes), string(s.Letters()[0].Data)); diff != "" {
		t.Error(diff)
	}
}

// TestCommitRefused: without permission the relay gets nothing, not even a farewell that it could take for the end.
func TestCommitRefused(t *testing.T) {
	pipelining(t, func(t *testing.T, extensions []string) {
		s := relaytest.StartRaw(t, relaytest.Script{Extensions: extensions})
		r := open(t, s.URL(), 1, quick)
		l := sealed("a@m.example")
		v := r.Deliver(t.Context(), l, relay.Attempt{}, func(context.Context) error { return errors.New("the campaign is paused") })
		want := letter.Verdict{Outcome: letter.Unsent, Stage: letter.StageCommit, Text: "the campaign is paused"}
		if diff := cmp.Diff(want, v); diff != "" {
			t.Error(diff)
		}
		if v := r.Deliver(t.Context(), sealed("b@m.example"), relay.Attempt{}, granted); v.Outcome != letter.Accepted {
			t.Error(v)
		}
		for _, c := range s.Commands() {
			if c.Connection == 1 && (c.Verb == "QUIT" || c.Verb == "RSET" || c.Verb == "NOOP" || c.Verb == ".") {
				t.Errorf("%s was said on the connection of the refused letter", c.Verb)
			}
		}
		if n := s.Count(l.MessageID); n != 0 || s.Connections() != 2 {
			t.Errorf("taken %d times, %d connections", n, s.Connections())
		}
	})
}

// TestOldPermission: a process that slept between permission and dot does not use it, by whichever clock it slept.
func TestOldPermission(t *testing.T) {
	start := time.Now()
	for _, tc := range []struct {
		name  string
		later time.Time
		want  letter.Outcome
	}{
		{"at once", start, letter.Accepted},
		{"29 seconds", start.Add(29 * time.Second), letter.Accepted},
		{"31 seconds", start.Add(31 * time.Second), letter.Unsent},
		{"31 seconds by the wall clock", start.Round(0).Add(31 * time.Second), letter.Unsent},
		{"clock set back an hour", start.Round(0).Add(-time.Hour), letter.Unsent},
	} {
		t.Run(tc.name, func(t *testing.T) {
			srv := relaytest.Start(t, relaytest.Options{})
			s, err := relay.ParseURL(srv.URL())
			if err != nil {
				t.Fatal(err)
			}
			now := start
			r := relay.New(s, relay.Options{Now: func() time.Time { return now }})
			defer r.Close(t.Context())
			v := r.Deliver(t.Context(), sealed("a@m.example"), relay.Attempt{}, func(context.Context) error { now = tc.later; return nil })
			if v.Outcome != tc.want || v.Outcome == letter.Unsent && !strings.HasPrefix(v.Text, "dot never written: permission to send is ") {
				t.Errorf("%+v", v)
			}
			agrees(t, v, len(srv.Letters()))
		})
	}
}

// TestNextEnvelopeRefused: the dot of one letter and the envelope of the next go together, and the relay's no to the
// second says nothing of the first.
func TestNextEnvelopeRefused(t *testing.T) {
	for _, tc := range []struct {
		name   string
		answer *relaytest.Answer
		verb   string
		want   letter.Outcome
	}{
		{"MAIL refused", &relaytest.Answer{Raw: "552 5.3.4 no\r\n"}, "MAIL", letter.Refused5xx},
		{"To refused", &relaytest.Answer{Raw: "550 5.1.1 no\r\n"}, "RCPT", letter.Refused5xx},
		{"DATA deferred", &relaytest.Answer{Raw: "451 no\r\n"}, "DATA", letter.Deferred},
		{"hung up at MAIL: sent on another connection", &relaytest.Answer{HangUp: true}, "MAIL", letter.Accepted},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := relaytest.StartRaw(t, relaytest.Script{Extensions: []string{"PIPELINING"}, Answer: func(c relaytest.Command) *relaytest.Answer {
				if c.Connection == 1 && c.Letter == 2 && c.Verb == tc.verb {
					return tc.answer
				}
				return nil
			}})
			r := open(t, s.URL(), 1, quick)
			a, b := sealed("a@m.example"), sealed("b@m.example")
			var second letter.Verdict
			var wg sync.WaitGroup
			first := r.Deliver(t.Context(), a, relay.Attempt{}, func(context.Context) error {
				wg.Go(func() { second = r.Deliver(t.Context(), b, relay.Attempt{}, granted) })
				waitUntil(t, func() bool { return r.Waiting() == 1 })
				return nil
			})
			wg.Wait()
			if first.Outcome != letter.Accepted || second.Outcome != tc.want {
				t.Errorf("first %+v\nsecond %+v", first, second)
			}
			agrees(t, first, s.Count(a.MessageID))
			agrees(t, second, s.Count(b.MessageID))
		})
	}
}

// TestRelayLeavesBeforeTheDot: a relay that closes the connection, or says something, while permission is asked for gets
// no dot, and the letter is not in doubt.
func TestRelayLeavesBeforeTheDot(t *testing.T) {
	for _, last := range []string{"", "421 4.4.2 too slow\r\n"} {
		for _, when := range []string{"before permission", "with permission"} {
			t.Run(when+" "+last, func(t *testing.T) {
				say := make(chan struct{})
				l, err := net.Listen("tcp", "127.0.0.1:0")
				if err != nil {
					t.Fatal(err)
				}
				defer l.Close()
				gone := make(chan []byte, 1)
				go func() {
					c, err := l.Accept()
					if err != nil {
						return
					}
					fmt.Fprint(c, "220 raw.example ESMTP\r\n")
					in := bufio.NewReader(c)
					for _, reply := range []string{"250 raw.example", "250 ok", "250 ok", "250 ok", "354 go on"} {
						if _, err := in.ReadString('\n'); err != nil {
							return
						}
						fmt.Fprint(c, reply+"\r\n")
					}
					head, _ := in.ReadString('\n') // of the content
					if when == "with permission" {
						<-say
					}
					fmt.Fprint(c, last)
					if last == "" {
						_ = c.(*net.TCPConn).CloseWrite()
					}
					say <- struct{}{}
					rest, _ := io.ReadAll(in)
					gone <- append([]byte(head), rest...)
				}()
				r := open(t, "smtp://"+l.Addr().String()+"?tls=none", 1, quick)
				asked := false
				content := sealed("a@m.example")
				v := r.Deliver(t.Context(), content, relay.Attempt{}, func(context.Context) error {
					asked = true
					if when == "with permission" {
						say <- struct{}{}
					}
					<-say
					return nil
				})
				if !asked {
					<-say
				}
				if v.Outcome != letter.Unsent || !strings.Contains(v.Text, "the relay") {
					t.Errorf("%+v", v)
				}
				if got := <-gone; bytes.HasSuffix(got, []byte("\r\n.\r\n")) {
					t.Error("the dot was written")
				}
			})
		}
	}
}
