package worker

import (
	"context"
	"errors"
	"time"

	"outreach.example/ledger"
	"outreach.example/letter"
	"outreach.example/relay"
)

// claim asks for letters for the first relay that may be offered any: its breaker is closed and the ledger does not hold
// it. None comes back while there is no such relay, or no room in the ledger.
func (w *Worker) claim(b letter.Block, name string, n int) (*relay.Relay, ledger.Claims, error) {
	w.mu.Lock()
	full := w.full
	w.mu.Unlock()
	if full != "" {
		return nil, ledger.Claims{Why: full}, nil
	}
	for _, r := range w.Relays {
		if r.Trouble() != nil {
			continue
		}
		claims, err := w.ask(b, name, n, r)
		if err != nil || !claims.Held {
			return r, claims, err
		}
		w.hear(w.Intake)
	}
	return nil, ledger.Claims{Why: "no relay may be offered a letter"}, nil
}

// ask claims for one relay, again and again under the same nonce while the store does not answer: what a lost reply has
// granted is this worker's, and nobody else would look after it while its lease runs.
func (w *Worker) ask(b letter.Block, name string, n int, r *relay.Relay) (ledger.Claims, error) {
	nonce, pace := ledger.NonceFor(name, r.Name()), ledger.Pace{Relay: r.Name(), Between: r.Pace()}
	for pause := 100 * time.Millisecond; ; pause = min(2*pause, 5*time.Second) {
		claims, err := w.Ledger.Claim(w.Intake, b, nonce, n, pace)
		if err == nil || !ledger.Rest(w.Intake, pause) {
			return claims, err
		}
		w.Log.Warn("claim is asked again", "campaign", b.Campaign, "step", b.Step, "block", b.Name, "error", err)
	}
}

// instead is when a letter that a relay could not be offered is due again: soon, if another one can be used.
func (w *Worker) instead(r *relay.Relay) time.Duration {
	for _, other := range w.Relays {
		if other != r && other.Trouble() == nil {
			return w.Times.Instead
		}
	}
	return w.Times.Unreachable
}

// hold notes that the ledger holds a relay, or with "" that it does not.
func (w *Worker) hold(r *relay.Relay, why string) {
	switch was := r.Hold(why); {
	case was == "" && why != "":
		w.Log.Error("the relay is held", "relay", r.Name(), "why", why, "type", "outreach release --relay "+r.Name()+" --as NAME")
	case was != "" && why == "":
		w.Log.Info("the relay is held no more", "relay", r.Name())
	}
}

// Look tells the ledger how the relays are, hears what became of them elsewhere, and looks how much room it has. Watch
// does so at each renewal of the lease.
func (w *Worker) Look(ctx context.Context) {
	w.hear(ctx)
	used, most, err := w.Ledger.Memory(ctx)
	full := ledger.Full(used, most)
	w.mu.Lock()
	was, blind := w.full, w.blind
	if err == nil {
		w.full = full
	}
	w.blind = err != nil
	w.mu.Unlock()
	switch {
	case err != nil:
		if !blind && ctx.Err() == nil {
			w.Log.Warn("how full Redis is cannot be read; allow INFO to the worker's user", "error", err)
		}
	case was == "" && full != "":
		w.Log.Error("no letter is taken up", "why", full)
	case was != "" && full == "":
		w.Log.Info("letters are taken up again: there is room in Redis")
	}
}

// hear tells the ledger how the relays are and hears what it says of them: its holds, and what a person released.
func (w *Worker) hear(ctx context.Context) {
	words := make([]ledger.Word, len(w.Relays))
	for i, r := range w.Relays {
		words[i].Relay = r.Name()
		if t := r.Trouble(); t != nil && !t.Held {
			words[i].Trouble = t.String()
		}
	}
	heard, err := w.Ledger.Tell(ctx, w.Name(), w.Times.Lease, words)
	if err != nil {
		if ctx.Err() == nil {
			w.Log.Warn("nothing is heard of the relays", "error", err)
		}
		return
	}
	for i, r := range w.Relays {
		w.hold(r, heard[i].Held)
		w.mu.Lock()
		was, known := w.released[r.Name()]
		if w.released == nil {
			w.released = map[string]int{}
		}
		w.released[r.Name()] = heard[i].Released
		w.mu.Unlock()
		if known && was != heard[i].Released {
			r.Release()
		}
	}
}

// pause keeps the rest of a campaign whose letter was refused because of its sender: a person must mend that.
func (w *Worker) pause(c ledger.Claim, said string) {
	why := "the relay refused " + c.ID.String() + " because of its sender: " + said + "; mend what it names (SPF, DKIM, DMARC or a policy), then resume"
	err := w.insist(func(ctx context.Context) error {
		_, err := w.Ledger.Switch(ctx, "the house", c.ID.Campaign, ledger.Pause, why)
		var no ledger.Refusal
		if errors.As(err, &no) {
			return nil // it is not running
		}
		return err
	})
	if err != nil {
		w.Log.Error("the campaign was to be paused", "campaign", c.ID.Campaign, "why", why, "error", err)
		return
	}
	w.Log.Error("the campaign is paused", "campaign", c.ID.Campaign, "why", why)
}
