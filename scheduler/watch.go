package scheduler

import (
	"context"
	"time"

	"outreach.example/ledger"
)

// checkEvery is how often the ledger is checked against itself, by whichever scheduler comes first.
const checkEvery = 3 * time.Minute

// Watch checks the ledger against itself, again and again until ctx ends, with rests between its calls so that letters come
// first. What it finds becomes an alarm, which status, metrics and the log show.
func (s *Scheduler) Watch(ctx context.Context) error {
	c := &ledger.Checker{Ledger: s.Ledger, Rest: 20 * time.Millisecond}
	every := s.Check
	if every == 0 {
		every = checkEvery
	}
	t := time.NewTicker(every)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
		s.try(ctx, "check", func(ctx context.Context) error {
			mine, err := s.Ledger.CheckTurn(ctx, every)
			if err != nil || !mine {
				return err
			}
			return s.check(ctx, c)
		})
	}
}

// check checks once, raises what was found and takes back what is right again. What the audit chain lost stays until a
// person has looked.
func (s *Scheduler) check(ctx context.Context, c *ledger.Checker) error {
	got, err := c.Run(ctx)
	if err != nil {
		return err
	}
	for _, f := range got.Faults {
		s.Log.Error("the ledger contradicts itself: "+f.Says, "about", f.About, "means", f.Means, "type", f.Mend)
	}
	if _, err := s.Ledger.Raise(ctx, "scheduler", got.Faults); err != nil {
		return err
	}
	if news, err := s.Ledger.HearAlarms(ctx, "scheduler"); err != nil {
		return err
	} else if news > 0 {
		s.Log.Warn("reminders wait: nobody reads a reply mailbox", "type", "outreach status")
	}
	if news, err := s.Ledger.UnseenAlarms(ctx, "scheduler", c.Rest); err != nil {
		return err
	} else if news > 0 {
		s.Log.Warn("letters were accepted, and their registry copies not seen", "type", "outreach status")
	}
	if !got.Settled() {
		return nil
	}
	for _, about := range []string{"counters/", "place/"} {
		n, err := s.Ledger.Clear(ctx, "scheduler", about, "a later check found it right")
		if err != nil {
			return err
		}
		if n > 0 {
			s.Log.Info("the ledger is right again", "about", about, "alarms", n)
		}
	}
	return nil
}
