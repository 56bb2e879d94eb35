package trial

import (
	"errors"
	"fmt"
	"net/textproto"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// Whatever the weather, every letter ends sent or refused after three attempts at the latest, none is kept twice, and
// nothing goes wrong once the content is under way.
func TestWeatherPasses(t *testing.T) {
	m := start(t, Options{Weather: true, Seed: 7, Hang: time.Millisecond})
	struck := map[gust]int{}
	sent, refused := 0, 0
	for i := range 175 {
		to := fmt.Sprintf("mission-%03d@states.example", i)
		struck[m.weather.forecast(to)]++
		for attempt := 1; ; attempt++ {
			before, err := hand(m.SMTPAddr(), "a@iom.example", []string{to, "registry@iom.example"}, plainLetter(fmt.Sprint(i), 100))
			if err == nil {
				sent++
				break
			}
			if !before {
				t.Fatalf("%s: %v after the content", to, err)
			}
			var reply *textproto.Error
			if errors.As(err, &reply) && reply.Code == 550 {
				refused++
				break
			}
			if attempt == 3 {
				t.Fatalf("%s: third attempt: %v", to, err)
			}
		}
	}
	want := WeatherCount{
		Deferred: struck[putOffOnce] + 2*struck[putOffTwice], Refused: struck[refuse],
		Hung: struck[hangAtRcpt] + struck[hangAtData], Cut: struck[cutAtRcpt] + struck[cutAtData],
	}
	if diff := cmp.Diff(want, m.Weather()); diff != "" {
		t.Errorf("weather (-want +got):\n%s", diff)
	}
	if m.Accepted() != sent || m.Doubles() != 0 || sent+refused != 175 {
		t.Errorf("%d sent, %d refused, %d kept, %d doubles", sent, refused, m.Accepted(), m.Doubles())
	}
	for _, g := range []gust{putOffOnce, putOffTwice, refuse, hangAtRcpt, hangAtData, cutAtRcpt, cutAtData} {
		if struck[g] == 0 {
			t.Errorf("gust %d struck nobody", g)
		}
	}
}

func TestWeatherStrikesItsShare(t *testing.T) {
	w := &weather{seed: 1}
	const letters = 100_000
	struck := map[gust]int{}
	for i := range letters {
		struck[w.forecast(fmt.Sprintf("mission-%d@states.example", i))]++
	}
	for _, c := range climate {
		want := int(c.share) * letters / 1000
		if got := struck[c.gust]; got < want*9/10 || got > want*11/10 {
			t.Errorf("gust %d strikes %d of %d, want about %d", c.gust, got, letters, want)
		}
	}
}

func TestWeatherFollowsItsSeed(t *testing.T) {
	differ := 0
	for i := range 500 {
		to := fmt.Sprintf("mission-%d@states.example", i)
		one, same, other := (&weather{seed: 1}).forecast(to), (&weather{seed: 1}).forecast("M"+to[1:]), (&weather{seed: 2}).forecast(to)
		if one != same {
			t.Fatalf("%s: %d, then %d", to, one, same)
		}
		if one != other {
			differ++
		}
	}
	if differ == 0 {
		t.Error("two seeds make the same weather")
	}
}

// gusty finds an address that is struck by g.
func gusty(t *testing.T, m *Mailbox, g gust) string {
	t.Helper()
	for i := range 10_000 {
		if to := fmt.Sprintf("mission-%d@states.example", i); m.weather.forecast(to) == g {
			return to
		}
	}
	t.Fatalf("gust %d strikes nobody", g)
	return ""
}

// The dot of one letter and the envelope of the next may come in one write: cutting off the next must not take back the
// answer to the first.
func TestCutSparesTheAnswerBefore(t *testing.T) {
	for _, g := range []gust{cutAtRcpt, cutAtData, hangAtRcpt, hangAtData} {
		t.Run(fmt.Sprint(g), func(t *testing.T) {
			m := start(t, Options{Weather: true, Hang: time.Millisecond})
			c := dialogue(t, m.SMTPAddr(), "EHLO there.example", "250", "MAIL FROM:<a@iom.example>", "250", "RCPT TO:<"+gusty(t, m, calm)+">", "250", "DATA", "354")
			if err := c.PrintfLine("Subject: one\r\n\r\none\r\n.\r\nMAIL FROM:<a@iom.example>\r\nRCPT TO:<%s>\r\nRCPT TO:<registry@iom.example>\r\nDATA", gusty(t, m, g)); err != nil {
				t.Fatal(err)
			}
			if _, _, err := c.ReadResponse(250); err != nil {
				t.Fatalf("answer to the first letter: %v", err)
			}
			for {
				line, err := c.ReadLine()
				if err != nil {
					break
				}
				if line[:3] != "250" {
					t.Errorf("after the cut: %q", line)
				}
			}
			if m.Accepted() != 1 {
				t.Errorf("%d kept", m.Accepted())
			}
		})
	}
}

// While the first recipient of a letter waits or is refused, no copy of it may go anywhere.
func TestWeatherHoldsTheCopiesToo(t *testing.T) {
	m := start(t, Options{Weather: true})
	dialogue(t, m.SMTPAddr(), "EHLO there.example", "250",
		"MAIL FROM:<a@iom.example>", "250", "RCPT TO:<"+gusty(t, m, putOffOnce)+">", "451", "RCPT TO:<registry@iom.example>", "451", "DATA", "502", "RSET", "250",
		"MAIL FROM:<a@iom.example>", "250", "RCPT TO:<"+gusty(t, m, refuse)+">", "550", "RCPT TO:<registry@iom.example>", "451", "DATA", "502", "RSET", "250",
		"MAIL FROM:<a@iom.example>", "250", "RCPT TO:<"+gusty(t, m, putOffOnce)+">", "250", "RCPT TO:<registry@iom.example>", "250", "DATA", "354", "a: b\r\n.", "250")
	if m.Accepted() != 1 {
		t.Errorf("%d kept", m.Accepted())
	}
}

// A held answer does not hold up the end of the trial.
func TestCloseEndsAHang(t *testing.T) {
	m := start(t, Options{Weather: true, Hang: time.Hour})
	c := dialogue(t, m.SMTPAddr(), "EHLO there.example", "250", "MAIL FROM:<a@iom.example>", "250")
	if err := c.PrintfLine("RCPT TO:<%s>", gusty(t, m, hangAtRcpt)); err != nil {
		t.Fatal(err)
	}
	for m.Weather().Hung == 0 { // the mailbox has read the line once this ends
		if _, err := hand(m.SMTPAddr(), "a@iom.example", []string{gusty(t, m, calm)}, plainLetter("x", 1)); err != nil {
			t.Fatal(err)
		}
	}
}
