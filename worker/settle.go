package worker

import (
	"context"
	"errors"
	"fmt"
	"time"

	"outreach.example/ledger"
	"outreach.example/letter"
)

// takeBack returns a letter that the ledger did not let pass.
func (w *Worker) takeBack(c ledger.Claim, no ledger.NotGranted) error {
	after := time.Second
	switch {
	case no.Suppressed == 0:
		return w.withhold(c, "the address of the first contact is suppressed")
	case no.Suppressed > 0:
		// A copy was suppressed while the letter was on its way: the next claim reads the list again and leaves it out.
		w.mu.Lock()
		w.listed = -1
		w.mu.Unlock()
	case no.Earlier:
		after = time.Hour // until then only a person or an answer changes it
	}
	return w.giveBack([]ledger.Claim{c}, after, no.Why)
}

// settlement turns a verdict into what the ledger writes down.
func (w *Worker) settlement(c ledger.Claim, v letter.Verdict, out *outgoing) ledger.Settlement {
	s := ledger.Settlement{Claim: c, Words: words(v, out)}
	s.Answered, s.Silent = v.Stage == letter.StageDot && v.Outcome != letter.Doubtful, v.Outcome == letter.Doubtful && !v.Own
	switch v.Outcome {
	case letter.Accepted:
		s.To = letter.Sent
	case letter.Refused5xx:
		s.To = letter.Refused
	case letter.Doubtful:
		s.To = letter.InDoubt
	case letter.Deferred:
		s.To, s.After, s.DeferredCc = letter.Planned, w.retry(c.Attempts, v.Greylisted), out.mask(v.DeferredCc)|c.DeferredCc
		if v.Retry > 0 {
			s.After = v.Retry
		}
	default:
		// Cut off before the dot: soon again at first, and no oftener than after a 4xx when it goes on.
		s.To, s.DeferredCc = letter.Planned, c.DeferredCc
		s.After = min(w.Times.Cut<<min(c.Attempts, 16), w.Times.Retry[len(w.Times.Retry)-1])
	}
	// A pause is no attempt: a letter is given up only after enough of them, however long ago the first was.
	if s.To == letter.Planned && c.Attempts >= enough && w.Now().Sub(c.Date) > w.Times.GiveUp {
		s.To, s.Words = letter.Refused, "expired: "+s.Words
	}
	return s
}

func (w *Worker) retry(attempts int, greylisted bool) time.Duration {
	if greylisted && attempts < len(w.Times.Greylisted) {
		return w.Times.Greylisted[attempts]
	}
	return w.Times.Retry[min(attempts, len(w.Times.Retry)-1)]
}

// settle writes down what the relay said. The sweep shows the letter in doubt while the store does not answer, and a late
// settle still counts.
func (w *Worker) settle(s ledger.Settlement) error {
	err := w.insist(func(ctx context.Context) error {
		state, err := w.Ledger.Settle(ctx, s)
		var no ledger.NotGranted
		if s.To == letter.Sent && errors.As(err, &no) {
			if noted, late := w.Ledger.Late(ctx, s); noted || late != nil {
				return late
			}
		}
		if err == nil {
			w.at("after-settle")
			w.Log.Info("letter", "campaign", s.Claim.ID.Campaign, "step", s.Claim.ID.Step, "donor", s.Claim.ID.Donor,
				"letter", s.Claim.ID.String(), "attempt", s.Claim.Attempts+1, "state", string(state), "verdict", s.Words)
		}
		return err
	})
	if err == nil && s.Silent {
		w.hear(context.Background()) // it may have been the second in a row
	}
	if err != nil {
		return fmt.Errorf("settle as %s (%s): %w", s.To, s.Words, err)
	}
	return nil
}

// giveBack returns claimed letters, planned for later.
func (w *Worker) giveBack(cs []ledger.Claim, after time.Duration, why string) error {
	return w.insist(func(ctx context.Context) error { return w.Ledger.Unclaim(ctx, cs, after, why) })
}

// withhold keeps a claimed letter back.
func (w *Worker) withhold(c ledger.Claim, reason string) error {
	return w.insist(func(ctx context.Context) error { return w.Ledger.Withhold(ctx, c, reason) })
}

// insist writes down what happened to a letter in hand, also while the process is being stopped, and goes on trying for a
// minute while the store does not answer: the sweep looks at no claimed letter of a worker that lives. A store that is
// away for longer than the lease ends it, and then the sweep does.
func (w *Worker) insist(do func(ctx context.Context) error) error {
	ctx := context.Background()
	pause := 100 * time.Millisecond
	for began := w.Now(); ; pause = min(2*pause, 5*time.Second) {
		err := do(ctx)
		var no ledger.NotGranted
		if err == nil || errors.As(err, &no) || w.Now().Sub(began) > time.Minute {
			return err
		}
		ledger.Rest(ctx, pause)
	}
}
