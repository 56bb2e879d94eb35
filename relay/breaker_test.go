package relay

import (
	"context"
	"testing"
	"time"
)

// TestBreaker: what opens it, for how long, and what closes it, minute by minute on a given clock.
func TestBreaker(t *testing.T) {
	type step struct {
		at   time.Duration // since the beginning
		do   string        // fail, login (a definite no to it), busy (a login that fails for now), letter:X (421 to it), probe-ok, probe-fail, probe-login, release, other (login), or nothing
		want string        // "closed", "open 10m" until then, "person", or "probe" when one is due
	}
	const m = time.Minute
	for _, tc := range []struct {
		name  string
		steps []step
	}{
		{"three failures open it", []step{
			{0, "fail", "closed"}, {2 * m, "fail", "closed"}, {4 * m, "fail", "open 9m"}, {9*m - time.Second, "", "open 9m"}, {9 * m, "", "probe"},
		}},
		{"two do not, however old the others are", []step{
			{0, "fail", "closed"}, {m, "fail", "closed"}, {6 * m, "fail", "closed"}, {7 * m, "fail", "closed"}, {8 * m, "fail", "open 13m"},
		}},
		{"it doubles to an hour", []step{
			{0, "fail", "closed"}, {0, "fail", "closed"}, {0, "fail", "open 5m"}, {5 * m, "probe-fail", "open 15m"}, {15 * m, "probe-fail", "open 35m"},
			{35 * m, "probe-fail", "open 1h15m"}, {75 * m, "probe-fail", "open 2h15m"}, {135 * m, "probe-fail", "open 3h15m"},
		}},
		{"success closes it and resets the doubling", []step{
			{0, "fail", "closed"}, {0, "fail", "closed"}, {0, "fail", "open 5m"}, {5 * m, "probe-fail", "open 15m"}, {15 * m, "probe-ok", "closed"},
			{16 * m, "fail", "closed"}, {16 * m, "fail", "closed"}, {16 * m, "fail", "open 21m"},
		}},
		{"failures of letters in hand do not prolong it", []step{
			{0, "fail", "closed"}, {0, "fail", "closed"}, {0, "fail", "open 5m"}, {m, "fail", "open 5m"}, {2 * m, "login", "open 5m"}, {5 * m, "", "probe"},
		}},
		{"what one letter meets is one sign", []step{
			{0, "letter:a", "closed"}, {m, "letter:a", "closed"}, {2 * m, "letter:a", "closed"}, {3 * m, "letter:a", "closed"},
			{3 * m, "letter:b", "closed"}, {3 * m, "letter:c", "open 8m"},
		}},
		{"a refused login waits for a person", []step{
			{0, "login", "person"}, {48 * time.Hour, "", "person"}, {48 * time.Hour, "release", "probe"}, {48 * time.Hour, "probe-login", "person"},
			{49 * time.Hour, "release", "probe"}, {49 * time.Hour, "probe-ok", "closed"},
		}},
		{"or for another password", []step{
			{0, "login", "person"}, {m, "other", "probe"}, {m, "probe-ok", "closed"},
		}},
		{"another password is tried before its time", []step{
			{0, "busy", "closed"}, {0, "busy", "closed"}, {0, "busy", "open 5m"}, {m, "", "open 5m"}, {m, "other", "probe"},
		}},
		{"a refused login during a probe waits for a person", []step{
			{0, "fail", "closed"}, {0, "fail", "closed"}, {0, "fail", "open 5m"}, {5 * m, "probe-login", "person"},
		}},
		{"a person may shorten it, and it starts again from the shortest", []step{
			{0, "fail", "closed"}, {0, "fail", "closed"}, {0, "fail", "open 5m"}, {5 * m, "probe-fail", "open 15m"}, {6 * m, "release", "probe"},
			{6 * m, "probe-fail", "open 11m"},
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			begin := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
			b := &breaker{times: &Standard, proving: make(chan struct{}, 1)}
			refused, login := fingerprintOf("old", nil), fingerprintOf("old", nil)
			for i, s := range tc.steps {
				now := begin.Add(s.at)
				probe := func(f *failure) {
					if !b.due(now, login) {
						t.Fatalf("step %d: no probe is due", i)
					}
					if b.due(now, login) {
						t.Fatalf("step %d: two probes at once", i)
					}
					if f == nil {
						b.passed()
					} else {
						b.missed(f)
					}
				}
				switch s.do {
				case "fail":
					b.failed(failure{at: now, why: "no connection"})
				case "login":
					b.failed(failure{at: now, why: "535", login: refused, person: true})
				case "busy":
					b.failed(failure{at: now, why: "454", login: refused})
				case "letter:a", "letter:b", "letter:c":
					b.failed(failure{at: now, why: "421", letter: s.do})
				case "probe-ok":
					probe(nil)
				case "probe-fail":
					probe(&failure{at: now, why: "no connection"})
				case "probe-login":
					probe(&failure{at: now, why: "535", login: refused, person: true})
				case "release":
					b.release(now)
				case "other":
					login = fingerprintOf("new", nil)
				}
				got := "closed"
				if tr := b.trouble(); tr != nil {
					got = "person"
					if !tr.Until.IsZero() {
						got = "open " + short(tr.Until.Sub(begin))
					}
					if b.due(now, login) {
						got = "probe"
						b.missed(nil) // given back
					}
				}
				if got != s.want {
					t.Errorf("step %d (%s at %v): %s, want %s", i, s.do, s.at, got, s.want)
				}
			}
		})
	}
}

// TestOneLoginAtATime: until a connection has stood there is one attempt at a login, and others wait for what comes of it.
func TestOneLoginAtATime(t *testing.T) {
	b := &breaker{times: &Standard, proving: make(chan struct{}, 1)}
	leave, err := b.enter(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := b.enter(ctx); err == nil {
		t.Error("a second login was let in beside the first")
	}
	leave()
	b.stood()
	for range 3 {
		if _, err := b.enter(t.Context()); err != nil {
			t.Error(err)
		}
	}
}
