package main

import (
	"strings"
	"sync/atomic"
	"testing"

	"outreach.example/relay/relaytest"
)

// The first of two relays dies after some letters: the second takes over at once, nothing is lost, refused or sent twice,
// and status says what became of the first.
func TestSecondRelay(t *testing.T) {
	f := newField(t, false)
	var taken atomic.Int32
	dying := relaytest.StartRaw(t, relaytest.Script{Extensions: []string{"PIPELINING"}, Answer: func(c relaytest.Command) *relaytest.Answer {
		switch {
		case c.Verb == "." && taken.Add(1) > 20:
			return &relaytest.Answer{Raw: "451 4.3.0 shutting down\r\n", HangUp: true}
		case taken.Load() > 20 && c.Verb != ".":
			return &relaytest.Answer{Raw: "421 4.3.2 shutting down\r\n", HangUp: true}
		}
		return nil
	}})
	// What it defers at the dot waits for a quarter of an hour: those letters are counted apart.
	f.env["OUTREACH_RELAY"] = dying.URL() + "&connections=1\n" + f.box.URL() + "&connections=3"
	start(t, f.env, "scheduler")
	w := start(t, f.env, "worker")
	until(t, "the rest sent by the second relay", func() bool {
		s := f.status(t)
		return s.Sent+int(taken.Load())-20 >= 175
	})
	s := f.status(t)
	first, second := len(dying.Letters()), f.once(t)
	if first != 20 || first+second != s.Sent || s.Refused+s.InDoubt+s.Withheld > 0 || s.Sent < 170 {
		t.Errorf("the first took %d, the second %d: %+v", first, second, s.totals)
	}
	ids := map[string]bool{}
	for _, m := range append(dying.Letters(), f.box.Letters()...) {
		if ids[m.MessageID] {
			t.Errorf("%s was taken by both", m.MessageID)
		}
		ids[m.MessageID] = true
	}
	want := "relay " + dying.Addr + " is offered no letter: 3 failures within 5m, the last: "
	until(t, "status names the first relay", func() bool { return strings.Contains(must(t, f.env, "status"), want) })
	w.stop(t)
}

// A relay that tears its answers after the dot is held after the second letter, status says so with what to type, and
// what is typed lets the rest go.
func TestRelayHeld(t *testing.T) {
	f := newField(t, false)
	var tearing atomic.Bool
	tearing.Store(true)
	torn := relaytest.StartRaw(t, relaytest.Script{Answer: func(c relaytest.Command) *relaytest.Answer {
		if c.Verb == "." && tearing.Load() {
			return &relaytest.Answer{Raw: "25", Take: true, HangUp: true}
		}
		return nil
	}})
	f.env["OUTREACH_RELAY"], f.env["OUTREACH_IN_HAND"] = torn.URL(), "1"
	start(t, f.env, "scheduler")
	w := start(t, f.env, "worker")
	held := "relay " + torn.Addr + " is held: it left two letters in a row in doubt, the last resilience/"
	until(t, "the relay is held", func() bool { return strings.Contains(must(t, f.env, "status"), held) })
	if said := must(t, f.env, "status"); !strings.Contains(said, "; look at these letters, then type: outreach release --relay "+torn.Addr+" --as NAME") {
		t.Errorf("status:\n%s", said)
	}
	if s := f.status(t); s.InDoubt != 2 || s.Planned+s.Claimed != 173 || len(s.Relays) != 1 || s.Relays[0].Relay != torn.Addr {
		t.Errorf("%+v", s)
	}
	tearing.Store(false)
	if said := must(t, f.env, "release", "--relay", torn.Addr, "--as", "bea", "--reason", "mended"); said != "relay "+torn.Addr+": released; workers try it again now\n" {
		t.Errorf("release says %q", said)
	}
	until(t, "the rest sent", func() bool { return f.status(t).Sent == 173 })
	if s := f.status(t); s.InDoubt != 2 || len(s.Relays) != 0 || len(torn.Letters()) != 175 {
		t.Errorf("%d taken: %+v", len(torn.Letters()), s)
	}
	w.stop(t)
}
