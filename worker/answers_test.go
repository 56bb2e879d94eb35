package worker_test

import (
	"testing"
	"time"

	"outreach.example/ledger"
	"outreach.example/letter"
	"outreach.example/relay"
	"outreach.example/relay/relaytest"
)

// A greylisted letter comes back sooner than one that is deferred for another reason.
func TestGreylisted(t *testing.T) {
	h := newHouse(t, "registry@iom.example", givers(1))
	box := newMoody(t)
	h.worker.Relays = []*relay.Relay{h.relay(box.URL())}
	box.does(always("RCPT", "450 4.2.0 Recipient address rejected: Greylisted\r\n"))
	for _, want := range []time.Duration{6 * time.Minute, 15 * time.Minute, time.Hour, 2 * time.Hour} {
		h.process()
		got := h.letter("A")
		if d := got.Since.Sub(h.now); got.State != letter.Planned || d != want {
			t.Errorf("%s, due again after %v, want %v", got.State, d, want)
		}
		h.at(got.Since)
	}
	box.does(always("RCPT", "451 4.7.1 Greylisted, try again in 10 minutes\r\n"))
	h.process()
	if d := h.letter("A").Since.Sub(h.now); d != 10*time.Minute {
		t.Errorf("due again after %v, want what the relay says", d)
	}
}

// A refusal after the dot because of the sender pauses the campaign, so that the next letters do not meet the same; a
// person resumes it.
func TestRefusedForItsSender(t *testing.T) {
	donors := givers(4)
	h := newHouse(t, "registry@iom.example", donors)
	box := newMoody(t)
	h.work(1, h.relay(box.URL()))
	box.does(func(c relaytest.Command) *relaytest.Answer {
		if c.Verb == "." {
			return &relaytest.Answer{Raw: "550 5.7.26 not authenticated (DMARC)\r\n"}
		}
		return nil
	})
	for range 4 {
		h.process()
	}
	if n := h.states(donors); n[letter.Refused] != 1 || n[letter.Planned] != 3 {
		t.Errorf("%v", n)
	}
	c, err := h.ledger.Campaign(h.ctx, "res")
	h.ok(err)
	refused := ""
	for id := range donors {
		if h.letter(id).State == letter.Refused {
			refused = id
		}
	}
	want := "the relay refused res/" + refused + "/appeal because of its sender: 550 5.7.26 not authenticated (DMARC); mend what it names (SPF, DKIM, DMARC or a policy), then resume"
	if c.Status != "paused" || c.PausedBy != "the house" || c.PausedWhy != want {
		t.Errorf("%s by %s: %s\nwant %s", c.Status, c.PausedBy, c.PausedWhy, want)
	}
	box.does(nil)
	_, err = h.ledger.Switch(h.ctx, "bea", "res", ledger.Resume, "")
	h.ok(err)
	for range 3 {
		h.process()
	}
	if n := h.states(donors); n[letter.Refused] != 1 || n[letter.Sent] != 3 {
		t.Errorf("after it was resumed: %v", n)
	}
}
