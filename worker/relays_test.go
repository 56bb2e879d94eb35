package worker_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"outreach.example/ledger"
	"outreach.example/letter"
	"outreach.example/relay"
	"outreach.example/relay/relaytest"
)

// moody is a relay that a test lets do what it wants from one moment to the next.
type moody struct {
	*relaytest.Raw
	mu     sync.Mutex
	answer func(relaytest.Command) *relaytest.Answer
}

func newMoody(t *testing.T, extensions ...string) *moody {
	m := &moody{}
	m.Raw = relaytest.StartRaw(t, relaytest.Script{Extensions: extensions, Answer: func(c relaytest.Command) *relaytest.Answer {
		m.mu.Lock()
		defer m.mu.Unlock()
		if m.answer == nil {
			return nil
		}
		return m.answer(c)
	}})
	return m
}

// does sets what it does from now on; nil for what a good relay does.
func (m *moody) does(answer func(relaytest.Command) *relaytest.Answer) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.answer = answer
}

// always answers one verb in one way.
func always(verb, raw string) func(relaytest.Command) *relaytest.Answer {
	return func(c relaytest.Command) *relaytest.Answer {
		if c.Verb == verb {
			return &relaytest.Answer{Raw: raw, HangUp: strings.HasPrefix(raw, "421") || raw == ""}
		}
		return nil
	}
}

// givers are so many donors, A to whatever.
func givers(n int) map[string][]string {
	m := map[string][]string{}
	for i := range n {
		id := string(rune('A' + i))
		m[id] = []string{strings.ToLower(id) + "@givers.example"}
	}
	return m
}

// states counts the letters by state.
func (h *house) states(donors map[string][]string) map[letter.State]int {
	h.t.Helper()
	n := map[letter.State]int{}
	for id := range donors {
		n[h.letter(id).State]++
	}
	return n
}

// once wants each letter in one of the boxes at most, and says how many there are.
func once(t *testing.T, boxes ...*moody) int {
	t.Helper()
	seen := map[string]bool{}
	for _, b := range boxes {
		for _, l := range b.Letters() {
			if seen[l.MessageID] {
				t.Errorf("%s was taken twice", l.MessageID)
			}
			seen[l.MessageID] = true
		}
	}
	return len(seen)
}

// A relay in trouble burns no attempt, however long it lasts: the letters stay planned, they are not even claimed while
// the breaker is open, the wake-ups succeed, and after the probe, which carries no letter, they go.
func TestRelayInTrouble(t *testing.T) {
	for _, tc := range []struct {
		name       string
		query      string
		extensions []string
		sick       func(relaytest.Command) *relaytest.Answer
		words      string
	}{
		{"no greeting", "tls=none", nil, always("CONNECT", ""), "no greeting"},
		{"421", "tls=none", nil, always("CONNECT", "421 4.3.2 shutting down\r\n"), "421 4.3.2"},
		{"421 to MAIL", "tls=none", nil, always("MAIL", "421 4.3.2 shutting down\r\n"), "421 4.3.2"},
		{"454 to the login", "tls=none", []string{"AUTH PLAIN"}, always("AUTH", "454 4.7.0 later\r\n"), "454 4.7.0"},
		{"535 to the login", "tls=none", []string{"AUTH PLAIN"}, always("AUTH", "535 5.7.8 wrong\r\n"), "535 5.7.8"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			donors := givers(5)
			h := newHouse(t, "registry@iom.example", donors)
			box := newMoody(t, tc.extensions...)
			url := "smtp://" + box.Addr + "?" + tc.query
			if tc.extensions != nil {
				url = "smtp://desk:secret@" + box.Addr + "?" + tc.query
			}
			r := h.relay(url)
			h.work(8, r)
			box.does(tc.sick)
			met := false
			for range 10 { // ten wake-ups within two minutes, then one a day for a week
				h.process()
				for id := range donors {
					met = met || strings.Contains(h.letter(id).Words, tc.words)
				}
				h.at(h.now.Add(12 * time.Second))
			}
			if r.Trouble() == nil {
				t.Fatal("its breaker is closed")
			}
			said := len(box.Commands())
			wakes, _ := h.ledger.Redis.HGet(h.ctx, "{outreach}:r:res:appeal:none-0", ".w").Int()
			h.process()
			if now, _ := h.ledger.Redis.HGet(h.ctx, "{outreach}:r:res:appeal:none-0", ".w").Int(); now != wakes || len(box.Commands()) != said {
				t.Errorf("while it is open: %d claims granted, %d commands said", now-wakes, len(box.Commands())-said)
			}
			for range 7 {
				h.at(h.now.Add(24 * time.Hour))
				r.Probe(h.ctx)
				h.process()
			}
			if r.Trouble() == nil {
				t.Fatal("its breaker is closed")
			}
			for id := range donors {
				if got := h.letter(id); got.State != letter.Planned || got.Attempts != 0 {
					t.Errorf("%s: %+v", id, got)
				}
			}
			if !met {
				t.Errorf("the words %q were never kept beside a letter", tc.words)
			}
			h.worker.Look(h.ctx)
			relays, err := h.ledger.Relays(h.ctx)
			if i := slices.IndexFunc(relays, func(l ledger.Relay) bool { return l.Name == r.Name() }); err != nil || i < 0 || relays[i].Trouble != r.Trouble().String() {
				t.Errorf("the ledger is told %+v, %v", relays, err)
			}

			box.does(func(c relaytest.Command) *relaytest.Answer {
				if c.Verb == "AUTH" {
					return &relaytest.Answer{Raw: "235 2.7.0 welcome\r\n"}
				}
				return nil
			})
			h.at(h.now.Add(time.Hour))
			if strings.HasPrefix(tc.words, "535") {
				r.Probe(h.ctx)
				if r.Trouble() == nil {
					t.Error("a refused login was tried again without a person")
				}
				if _, err := h.ledger.Lift(h.ctx, "bea", r.Name(), "unlocked"); err != nil {
					t.Fatal(err)
				}
				h.worker.Look(h.ctx)
			}
			said = len(box.Commands())
			r.Probe(h.ctx)
			for _, c := range box.Commands()[said:] {
				if c.Verb == "MAIL" {
					t.Error("the probe carried a letter")
				}
			}
			h.at(h.now.Add(time.Minute))
			h.process()
			if n := h.states(donors); n[letter.Sent] != 5 || once(t, box) != 5 {
				t.Errorf("after the probe: %v, taken: %d", n, once(t, box))
			}
			if got := h.letter("A"); got.Attempts != 1 {
				t.Errorf("A had %d attempts", got.Attempts)
			}
		})
	}
}

// The first relay dies in the middle, one letter at its dot: the second takes over, that letter stays in doubt and is not
// offered to it, and after the probe the first is taken again. Every letter arrives once.
func TestSecondRelayTakesOver(t *testing.T) {
	donors := givers(12)
	h := newHouse(t, "registry@iom.example", donors)
	first, second := newMoody(t), newMoody(t)
	main, other := h.relay(first.URL()), h.relay(second.URL())
	h.work(1, main, other) // one after the other
	first.does(func(c relaytest.Command) *relaytest.Answer {
		switch {
		case c.Connection > 1:
			return &relaytest.Answer{Raw: "421 4.3.2 down\r\n", HangUp: true}
		case c.Verb == "." && c.Letter == 4:
			return &relaytest.Answer{Take: true, HangUp: true}
		}
		return nil
	})
	rounds := 0
	for ; len(second.Letters()) < 4; rounds++ {
		if rounds == 30 {
			t.Fatalf("after 30 rounds: %v", h.states(donors))
		}
		// One letter a round is let go: the rest waits for the first relay's return.
		for id := range donors {
			if len(second.Letters()) >= 3 && h.letter(id).State == letter.Planned && id > "I" {
				_, err := h.ledger.Hold(h.ctx, "ann", "donor:"+id, time.Time{}, "wait")
				h.ok(err)
			}
		}
		h.process()
		h.at(h.now.Add(2 * time.Second))
	}
	if n := len(first.Letters()); n != 4 {
		t.Errorf("the first relay took %d letters", n)
	}
	n := h.states(donors)
	if n[letter.InDoubt] != 1 || n[letter.Sent] != 3+len(second.Letters()) {
		t.Errorf("%v", n)
	}
	for id := range donors {
		if got := h.letter(id); got.State == letter.InDoubt && got.Through([]string{main.Name(), other.Name()}) != main.Name() {
			t.Errorf("the letter in doubt is said to be with %q", got.Through([]string{main.Name(), other.Name()}))
		}
	}
	if main.Trouble() == nil || other.Trouble() != nil {
		t.Errorf("trouble: %v, %v", main.Trouble(), other.Trouble())
	}
	for id := range donors {
		if _, err := h.ledger.Free(h.ctx, "ann", "donor:"+id, "go"); err != nil {
			t.Fatal(err)
		}
	}
	rest := n[letter.Planned]
	if rest == 0 {
		t.Fatal("no letter is left for the first relay")
	}
	first.does(nil)
	h.at(h.now.Add(6 * time.Minute))
	main.Probe(h.ctx)
	took := len(second.Letters())
	for range rest {
		h.process()
	}
	if len(second.Letters()) != took || len(first.Letters()) != 4+rest {
		t.Errorf("after the probe the first took %d and the second %d of %d", len(first.Letters())-4, len(second.Letters())-took, rest)
	}
	if n := once(t, first, second); n != 12 {
		t.Errorf("%d letters arrived", n)
	}
	if n := h.states(donors); n[letter.Sent] != 11 || n[letter.InDoubt] != 1 {
		t.Errorf("at the end: %v", n)
	}
}

// A letter that one relay deferred may go by another.
func TestDeferredGoesElsewhere(t *testing.T) {
	h := newHouse(t, "registry@iom.example", givers(1))
	first, second := newMoody(t), newMoody(t)
	main := h.relay(first.URL())
	h.worker.Relays = []*relay.Relay{main, h.relay(second.URL())}
	first.does(always(".", "451 4.3.0 not now\r\n"))
	h.process()
	if got := h.letter("A"); got.State != letter.Planned || got.Attempts != 1 || len(second.Letters()) != 0 {
		t.Fatalf("%+v", got)
	}
	h.ledger.Redis.HSet(h.ctx, "{outreach}:relay:"+main.Name(), "held", "a person wants it so")
	h.at(h.now.Add(16 * time.Minute))
	h.process()
	if got := h.letter("A"); got.State != letter.Sent || len(second.Letters()) != 1 || len(first.Letters()) != 0 {
		t.Errorf("%+v", got)
	}
}

// Two doubts in a row that a relay caused hold it, and no third letter is lost to it; a person ends the hold.
func TestTwoDoubtsHold(t *testing.T) {
	donors := givers(5)
	h := newHouse(t, "registry@iom.example", donors)
	box := newMoody(t)
	r := h.relay(box.URL())
	h.work(1, r)
	box.does(func(c relaytest.Command) *relaytest.Answer {
		if c.Verb == "." {
			return &relaytest.Answer{Take: true, Raw: "2", HangUp: true} // a torn answer
		}
		return nil
	})
	for range 4 {
		h.process()
		h.at(h.now.Add(2 * time.Minute))
	}
	if n := h.states(donors); n[letter.InDoubt] != 2 || n[letter.Planned] != 3 {
		t.Fatalf("%v", n)
	}
	relays, err := h.ledger.Relays(h.ctx)
	if err != nil || !slices.ContainsFunc(relays, func(l ledger.Relay) bool {
		return l.Name == r.Name() && strings.HasPrefix(l.Held, "it left two letters in a row in doubt")
	}) {
		t.Errorf("%+v, %v", relays, err)
	}
	box.does(nil)
	h.at(h.now.Add(7 * 24 * time.Hour))
	h.process()
	if n := len(box.Letters()); n != 2 {
		t.Errorf("%d letters went by a held relay", n-2)
	}
	if _, err := h.ledger.Lift(h.ctx, "bea", r.Name(), "mended"); err != nil {
		t.Fatal(err)
	}
	h.worker.Look(h.ctx)
	for range 3 {
		h.process()
	}
	if n := h.states(donors); n[letter.InDoubt] != 2 || n[letter.Sent] != 3 || once(t, box) != 5 {
		t.Errorf("after the release: %v", n)
	}
}

// Letters in hand when the relay is held go back, without an attempt: one whose content is with the relay already, and those
// that wait for a connection.
func TestHeldWithLettersInHand(t *testing.T) {
	donors := givers(5)
	h := newHouse(t, "registry@iom.example", donors)
	box := newMoody(t, "PIPELINING")
	url, err := relay.ParseURL(box.URL())
	h.ok(err)
	url.Connections, url.Helo = 1, "worker.outreach.example"
	r := relay.New(url, relay.Options{Now: func() time.Time { return h.now }})
	t.Cleanup(func() { _ = r.Close(context.Background()) })
	h.work(20, r) // all five in hand at once
	held := make(chan struct{})
	box.does(func(c relaytest.Command) *relaytest.Answer {
		switch {
		case c.Verb == "." && c.Connection <= 2:
			return &relaytest.Answer{Take: true, Raw: "2", HangUp: true}
		case c.Verb == "DATA" && c.Connection == 3:
			return &relaytest.Answer{Raw: "354 go on\r\n", Wait: held}
		}
		return nil
	})
	done := make(chan error, 1)
	go func() { done <- h.worker.Process(h.ctx, block) }()
	deadline, cancel := context.WithTimeout(h.ctx, 20*time.Second)
	defer cancel()
	for tick := time.NewTicker(5 * time.Millisecond); r.Trouble() == nil; {
		select {
		case <-tick.C:
		case <-deadline.Done():
			t.Fatalf("the relay is not held: %v", h.states(donors))
		}
	}
	close(held)
	h.ok(<-done)
	if n := h.states(donors); n[letter.InDoubt] != 2 || n[letter.Planned] != 3 || len(box.Letters()) != 2 {
		t.Errorf("%v, taken: %d", n, len(box.Letters()))
	}
	for id := range donors {
		if got := h.letter(id); got.State == letter.Planned && (got.Attempts != 0 || !strings.HasPrefix(got.Words, "relay left alone: it is held: it left two letters")) {
			t.Errorf("%+v", got)
		}
	}
}

// Doubts of our own making hold no relay: the process is stopped while two letters wait for their answers.
func TestOwnDoubtsHoldNothing(t *testing.T) {
	donors := givers(2)
	h := newHouse(t, "registry@iom.example", donors)
	box := newMoody(t)
	r := h.relay(box.URL())
	h.work(8, r)
	atDot := make(chan struct{}, 2)
	box.does(func(c relaytest.Command) *relaytest.Answer {
		if c.Verb == "." {
			atDot <- struct{}{}
			return &relaytest.Answer{Wait: make(chan struct{})}
		}
		return nil
	})
	done := make(chan error, 1)
	go func() { done <- h.worker.Process(h.ctx, block) }()
	<-atDot
	<-atDot
	ended, cancel := context.WithCancel(h.ctx)
	cancel()
	_ = r.Close(ended)
	h.ok(<-done)
	if n := h.states(donors); n[letter.InDoubt] != 2 {
		t.Errorf("%v", n)
	}
	relays, err := h.ledger.Relays(h.ctx)
	if err != nil || len(relays) != 2 || relays[0].Held != "" || relays[1].Held != "" {
		t.Errorf("%+v, %v", relays, err)
	}
}
