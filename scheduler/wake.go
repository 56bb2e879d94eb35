package scheduler

import (
	"context"
	"errors"
	"sync"
	"time"

	"outreach.example/ledger"
	"outreach.example/letter"
)

// patience is how many times in a row a block is woken under a number that is taken before it gets another: asynq keeps
// the number of a task that was archived by hand for 90 days, of one whose taker is gone for up to two minutes, and of
// one that it has lost for ever. A task that only waits its turn is doubled by this, which costs one claim.
const patience = 3

// asked is how often a block was woken under one number that was taken.
type asked struct {
	wake  int64
	times int
	at    time.Time
}

// enqueue wakes blocks, several at a time: asynq has no call for many tasks.
func (s *Scheduler) enqueue(ctx context.Context, due []ledger.Wake) error {
	const hands = 8
	errs := make([]error, hands)
	var wg sync.WaitGroup
	for h := range min(hands, len(due)) {
		wg.Go(func() {
			for i := h; i < len(due) && errs[h] == nil; i += hands {
				errs[h] = s.call(ctx, due[i])
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// call wakes one block.
func (s *Scheduler) call(ctx context.Context, due ledger.Wake) error {
	taken, err := s.Queue.Wake(ctx, due.Block, due.Wake)
	if err != nil || !s.deaf(due, taken) {
		return err
	}
	s.Log.Info("nobody answers a wake-up; it gets another number", "campaign", due.Block.Campaign, "step", due.Block.Step,
		"block", due.Block.Name, "number", due.Wake)
	if err := s.Ledger.Renumber(ctx, due.Block); err != nil {
		return err
	}
	_, err = s.Queue.Wake(ctx, due.Block, due.Wake+1)
	return err
}

// deaf says whether a block was woken in vain so often that its number must be held by something that does not run.
func (s *Scheduler) deaf(due ledger.Wake, taken bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !taken {
		delete(s.unanswered, due.Block)
		return false
	}
	now := s.Now()
	a := s.unanswered[due.Block]
	if a.wake != due.Wake {
		a = asked{wake: due.Wake}
	}
	a.times, a.at = a.times+1, now
	if a.times >= patience {
		delete(s.unanswered, due.Block)
		return true
	}
	if s.unanswered == nil {
		s.unanswered = map[letter.Block]asked{}
	}
	if len(s.unanswered) > 4*depth {
		// Blocks that were answered after all are never asked about again.
		for b, a := range s.unanswered {
			if now.Sub(a.at).Abs() > 6*ledger.Rewake {
				delete(s.unanswered, b)
			}
		}
	}
	s.unanswered[due.Block] = a
	return false
}
