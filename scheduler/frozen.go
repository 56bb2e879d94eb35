package scheduler

import "context"

// look plans what follows, and lists the running campaigns whose send window is open now. In a frozen ledger there are
// none: it may not hold all that has happened, so nothing is planned on it and nobody is woken in vain.
func (s *Scheduler) look(ctx context.Context) ([]string, error) {
	icy, err := s.icy(ctx)
	if err != nil || icy {
		return nil, err
	}
	s.try(ctx, "advance", s.Advance)
	return s.open(ctx)
}

// icy says whether the ledger is frozen, and logs when that changes.
func (s *Scheduler) icy(ctx context.Context) (bool, error) {
	why, err := s.Ledger.Frozen(ctx)
	if err != nil {
		return false, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case why == s.frozen:
	case why == "":
		s.Log.Info("the ledger is no longer frozen")
	default:
		s.Log.Warn("the ledger is frozen: nothing leaves", "why", why, "next", "stop every worker, then type: outreach reconcile")
	}
	s.frozen = why
	return why != "", nil
}
