package worker_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"outreach.example/letter"
	"outreach.example/relay"
	"outreach.example/relay/relaytest"
)

// A worker that is stopping gives back at once what has not passed the commit point, also in the middle of its dialogue and
// without an attempt burnt, and waits for the answer to a dot that was written.
func TestStoppingBeforeTheDot(t *testing.T) {
	h := newHouse(t, "registry@iom.example", map[string][]string{"A": {"a@a.example"}, "B": {"b@b.example"}, "C": {"c@c.example"}})
	release := make(chan struct{})
	free := sync.OnceFunc(func() { close(release) })
	defer free()
	box := relaytest.StartRaw(t, relaytest.Script{Answer: func(c relaytest.Command) *relaytest.Answer {
		switch {
		case c.Connection == 1 && c.Verb == ".":
			return &relaytest.Answer{Wait: release, Take: true, Raw: "250 2.0.0 taken\r\n"}
		case c.Connection == 2 && c.Verb == "RCPT":
			return &relaytest.Answer{Wait: release, Raw: "250 ok\r\n"}
		}
		return nil
	}})
	settings, err := relay.ParseURL(box.URL())
	h.ok(err)
	settings.Connections, settings.Helo = 2, "worker.outreach.example"
	r := relay.New(settings, relay.Options{Now: time.Now})
	defer func() { _ = r.Close(context.Background()) }()
	intake, stop := context.WithCancel(h.ctx)
	h.worker.Relays, h.worker.Intake = []*relay.Relay{r}, intake
	done := make(chan error, 1)
	go func() { done <- h.worker.Process(h.ctx, block) }()
	count := func() (m map[letter.State]int) {
		m = map[letter.State]int{}
		for _, id := range []string{"A", "B", "C"} {
			m[h.letter(id).State]++
		}
		return m
	}
	until := func(what string, ok func() bool) {
		t.Helper()
		late, tick := time.NewTimer(20*time.Second), time.NewTicker(time.Millisecond)
		defer late.Stop()
		defer tick.Stop()
		for !ok() {
			select {
			case <-late.C:
				t.Fatalf("waited in vain for %s: %v", what, count())
			case <-tick.C:
			}
		}
	}
	until("one past the commit point, one at RCPT, one that waits", func() bool {
		rcpt := false
		for _, c := range box.Commands() {
			rcpt = rcpt || c.Connection == 2 && c.Verb == "RCPT"
		}
		return rcpt && r.Waiting() == 1 && count()[letter.Sending] == 1
	})
	stop()
	until("two given back while the third waits for its answer", func() bool { return count()[letter.Planned] == 2 })
	if c := count(); c[letter.Sending] != 1 {
		t.Errorf("%v", c)
	}
	free()
	h.ok(<-done)
	if c := count(); c[letter.Sent] != 1 || c[letter.Planned] != 2 || len(box.Letters()) != 1 {
		t.Errorf("%v, %d taken", c, len(box.Letters()))
	}
	for _, id := range []string{"A", "B", "C"} {
		if l := h.letter(id); l.State == letter.Planned && (l.Attempts != 0 || l.Since.After(h.now)) {
			t.Errorf("%s: %+v, want it due now and no attempt burnt", id, l)
		}
	}
}
