// Package scheduler decides which letters are due: it writes an edition's rows, wakes due blocks, plans the next step of
// what was sent, and sweeps up after dead workers. It renders nothing and speaks no SMTP. Any number may run at once:
// every transition is one script of the ledger, and a block that is woken twice is claimed once.
package scheduler

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"outreach.example/campaign"
	"outreach.example/ledger"
	"outreach.example/letter"
	"outreach.example/queue"
)

// How often the scheduler looks at what, by default.
const (
	tick  = 40 * time.Millisecond  // due blocks
	tidy  = 3 * time.Second        // leases, holds, editions to be laid, cancelled campaigns
	renew = 100 * time.Millisecond // which campaigns run, and what was sent
)

// stays is for how long an open send window is taken to be open without a scheduler saying so again.
const stays = 20 * time.Second

// depth is how many wake-ups may wait in the queue: what is due beyond that stays in the ledger's index.
const depth = 2000

// A Scheduler works for all campaigns of one ledger.
type Scheduler struct {
	Ledger *ledger.Ledger
	Queue  *queue.Queue
	Now    func() time.Time
	Log    *slog.Logger
	Always bool          // send windows never close and every day works (trial)
	Check  time.Duration // how often Watch checks the ledger; checkEvery when zero
	Copied bool          // registry copies are read, whether or not anybody has begun to
	Sweep  time.Duration // how often leases are looked at; every 3 s unless set

	mu       sync.Mutex
	editions map[string]*campaign.Campaign // by hash

	turn   int    // which of the open campaigns is listed first
	frozen string // why nothing leaves, as it was logged last

	unanswered map[letter.Block]asked
}

// Run works until ctx ends. A fault of the store is logged and tried again; nothing is lost by it.
func (s *Scheduler) Run(ctx context.Context) error {
	t := time.NewTicker(tick)
	defer t.Stop()
	var running []string
	var tidied, renewed time.Time
	sweep := cmp.Or(s.Sweep, tidy)
	for {
		now := s.Now()
		if now.Sub(tidied) >= sweep || now.Before(tidied) {
			s.try(ctx, "tidy", s.Tidy)
			tidied = now
		}
		if now.Sub(renewed) >= renew || now.Before(renewed) {
			s.try(ctx, "campaigns", func(ctx context.Context) (err error) {
				running, err = s.look(ctx)
				return err
			})
			renewed = now
		}
		s.try(ctx, "wake", func(ctx context.Context) error { return s.wake(ctx, running) })
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
	}
}

func (s *Scheduler) try(ctx context.Context, what string, do func(context.Context) error) {
	if err := do(ctx); err != nil && ctx.Err() == nil {
		s.Log.Error("scheduler "+what, "error", err)
	}
}

// open lists the running campaigns whose send window is open now.
func (s *Scheduler) open(ctx context.Context) ([]string, error) {
	names, err := s.Ledger.Campaigns(ctx)
	if err != nil {
		return nil, err
	}
	now, err := s.Ledger.Now(ctx)
	if err != nil {
		return nil, err
	}
	var open []string
	for _, name := range names {
		c, err := s.Ledger.Campaign(ctx, name)
		if err != nil {
			return nil, err
		}
		if c.Status != "running" {
			continue
		}
		written, err := s.Written(ctx, c.Edition)
		if err != nil {
			s.Log.Error("campaign cannot be read", "campaign", name, "error", err)
			continue
		}
		if !written.OpenSomewhere(s.Now()) {
			continue
		}
		// A task that waited in the queue, or a worker that starts late, must not send outside the window: claims are
		// refused when the scheduler has not said for a while that it is open.
		if c.Open.Sub(now) < stays/2 {
			if err := s.Ledger.KeepOpen(ctx, name, now.Add(stays)); err != nil {
				return nil, err
			}
		}
		open = append(open, name)
	}
	// Each campaign comes first in its turn, so that none with many letters keeps the others waiting.
	if n := len(open); n > 1 {
		s.turn = (s.turn + 1) % n
		open = append(open[s.turn:n:n], open[:s.turn]...)
	}
	return open, nil
}

// Wake enqueues a task for each due block of the running campaigns whose window is open.
func (s *Scheduler) Wake(ctx context.Context) error {
	icy, err := s.icy(ctx)
	if err != nil || icy {
		return err
	}
	running, err := s.open(ctx)
	if err != nil {
		return err
	}
	return s.wake(ctx, running)
}

func (s *Scheduler) wake(ctx context.Context, running []string) error {
	if len(running) == 0 {
		return nil
	}
	waiting, err := s.Queue.Depth(ctx)
	if err != nil {
		return err
	}
	for waiting < depth {
		due, err := s.Ledger.Due(ctx, running, min(depth-waiting, 500))
		if err != nil || len(due) == 0 {
			return err
		}
		if err := s.enqueue(ctx, due); err != nil {
			return err
		}
		waiting += len(due)
	}
	return nil
}

// Tidy does what time alone brings about: leases that ended, holds whose date has passed, an approved edition whose rows
// are not laid, a cancelled campaign's letters, places in the index after a hold was freed.
func (s *Scheduler) Tidy(ctx context.Context) error {
	swept, err := s.Ledger.Sweep(ctx)
	if err != nil {
		return err
	}
	if swept != (ledger.Swept{}) {
		s.Log.Warn("letters of a worker that is gone, or without an answer", "planned_again", swept.Planned,
			"in_doubt", swept.InDoubt, "cancelled", swept.Cancelled)
	}
	if icy, err := s.icy(ctx); err != nil || icy {
		return err
	}
	if err := s.endHolds(ctx); err != nil {
		return err
	}
	names, err := s.Ledger.Campaigns(ctx)
	if err != nil {
		return err
	}
	for _, name := range names {
		c, err := s.Ledger.Campaign(ctx, name)
		if err != nil {
			return err
		}
		if err := s.settleDown(ctx, c); err != nil {
			s.Log.Error("campaign cannot be tidied", "campaign", name, "error", err)
		}
	}
	return s.reindex(ctx)
}

func (s *Scheduler) settleDown(ctx context.Context, c ledger.Campaign) error {
	switch {
	case c.Status == "cancelled" && !c.Voided:
		return s.void(ctx, c)
	case c.Status != "cancelled" && c.Edition != "" && c.Laid != c.Edition:
		_, err := s.Lay(ctx, "scheduler", c.Name)
		return err
	case !c.LaunchAt.IsZero():
		started, err := s.Ledger.Go(ctx, "scheduler", c.Name)
		if started {
			s.Log.Info("started", "campaign", c.Name, "by", c.LaunchBy)
		}
		return err
	case c.Status == "running" && len(c.Canary) > 0:
		return s.canary(ctx, c)
	}
	return nil
}

// canary lets the other letters go once the first ones have arrived.
func (s *Scheduler) canary(ctx context.Context, c ledger.Campaign) error {
	written, err := s.Written(ctx, c.Edition)
	if err != nil {
		return err
	}
	boxes, err := s.Ledger.Mailboxes(ctx)
	if err != nil {
		return err
	}
	copied := s.Copied || slices.ContainsFunc(boxes, func(m ledger.Mailbox) bool { return !m.Replies })
	passed, err := s.Ledger.LookAtCanary(ctx, "scheduler", c, written.Registry != "" && copied)
	if passed {
		s.Log.Info("the canary has passed", "campaign", c.Name, "letters", len(c.Canary))
	}
	return err
}

func (s *Scheduler) endHolds(ctx context.Context) error {
	holds, err := s.Ledger.Holds(ctx)
	if err != nil || len(holds) == 0 {
		return err
	}
	now, err := s.Ledger.Now(ctx)
	if err != nil {
		return err
	}
	for scope, h := range holds {
		if h.Ends(now) {
			if _, err := s.Ledger.End(ctx, "scheduler", h, "its end date has passed"); err != nil {
				return err
			}
			s.Log.Info("hold ended", "scope", scope)
		}
	}
	return nil
}

// reindex gives letters their place back after a hold was freed.
func (s *Scheduler) reindex(ctx context.Context) error {
	names, err := s.Ledger.ToReindex(ctx)
	if err != nil {
		return err
	}
	for name, number := range names {
		if err := s.place(ctx, name); err != nil {
			return err
		}
		if err := s.Ledger.Reindexed(ctx, name, number); err != nil {
			return err
		}
	}
	return nil
}

// place gives every block of a campaign its place in the index.
func (s *Scheduler) place(ctx context.Context, name string) error {
	c, err := s.Ledger.Campaign(ctx, name)
	if err != nil || c.Current() == "" {
		return err
	}
	blocks, err := s.Ledger.AllBlocks(ctx, name)
	if err != nil {
		return err
	}
	for _, step := range c.Steps {
		if err := s.Ledger.Reindex(ctx, name, step, blocks); err != nil {
			return err
		}
	}
	return nil
}

// void cancels the planned letters of a cancelled campaign, block by block. The last call closes it, so that a crash in
// between is made good.
func (s *Scheduler) void(ctx context.Context, c ledger.Campaign) error {
	if len(c.Canary) > 0 {
		if _, err := s.Ledger.LookAtCanary(ctx, "scheduler", c, false); err != nil {
			return err
		}
	}
	names, err := s.Ledger.AllBlocks(ctx, c.Name)
	if err != nil {
		return err
	}
	for i, step := range c.Steps {
		for from := 0; from < len(names); from += 50 {
			to := min(from+50, len(names))
			if _, err := s.Ledger.Void(ctx, c.Name, step, names[from:to], to == len(names) && i == len(c.Steps)-1); err != nil {
				return err
			}
		}
	}
	return nil
}

// Lay writes the rows of the campaign's current edition: the approved one, or before that the first one planned. New rows
// are of the first step; in the further steps of an approved edition what was withheld is planned again, and what the
// edition no longer has is cancelled. It may be cut off and repeated at any point.
func (s *Scheduler) Lay(ctx context.Context, who, name string) (ledger.Laid, error) {
	var sum ledger.Laid
	c, err := s.Ledger.Campaign(ctx, name)
	if err != nil {
		return sum, err
	}
	edition := c.Current()
	written, err := s.Written(ctx, edition)
	if err != nil {
		return sum, err
	}
	blocks, err := s.Ledger.Blocks(ctx, edition)
	if err != nil {
		return sum, err
	}
	names := blocks.Names()
	before, err := s.Ledger.AllBlocks(ctx, name)
	if err != nil {
		return sum, err
	}
	for _, n := range before {
		if !blocks.Has(n) {
			names = append(names, n) // donors that only editions before had
		}
	}
	var steps []string
	for _, step := range written.Steps {
		steps = append(steps, step.Name)
	}
	if c.Edition == "" {
		steps = steps[:1] // nothing of the further steps can be there yet
	}
	now := s.Now()
	var rows, further []ledger.Row // of the first step and of those after it
	letters := 0
	for i, n := range names {
		row, asked, err := s.row(ctx, written, blocks, n, now)
		if err != nil {
			return sum, err
		}
		rows, letters = append(rows, row), letters+len(row.Donors)
		row.Donors = asked
		further = append(further, row)
		last := i == len(names)-1
		if letters < 100 && len(rows) < 100 && !last {
			continue
		}
		for k, step := range steps {
			these := rows
			if k > 0 {
				these = further
			}
			laid, err := s.Ledger.Lay(ctx, who, name, step, edition, these, k == 0, last && k == len(steps)-1)
			if err != nil {
				return sum, err
			}
			sum.New, sum.Changed, sum.Cancelled = sum.New+laid.New, sum.Changed+laid.Changed, sum.Cancelled+laid.Cancelled
		}
		rows, further, letters = nil, nil, 0
	}
	return sum, nil
}

// row is one block as an edition has it, without donors where the edition has none of the block, and those of its donors
// that are reminded.
func (s *Scheduler) row(ctx context.Context, c *campaign.Campaign, blocks *ledger.Blocks, name string, now time.Time) (row ledger.Row, asked []string, err error) {
	row = ledger.Row{Block: name, Due: c.Usual().Opening(now)}
	if !blocks.Has(name) {
		return row, nil, nil
	}
	records, err := s.Ledger.Records(ctx, blocks, name)
	for i, r := range records {
		due := c.ScheduleOf(&r.Donor).Opening(now)
		if i == 0 {
			row.Due = due
		} else if !due.Equal(row.Due) {
			if row.Own == nil {
				row.Own = map[string]time.Time{}
			}
			row.Own[r.Donor.ID] = due
		}
		// A block's donors are of one State, so any record that names its group names it for all.
		row.Group, row.Region = cmp.Or(row.Group, r.Donor.Group), cmp.Or(row.Region, r.Donor.Region)
		row.Donors = append(row.Donors, r.Donor.ID)
		if !c.Quiet(r.Variant) {
			asked = append(asked, r.Donor.ID)
		}
	}
	return row, asked, err
}

// Written reads the campaign file of an edition, once for each edition.
func (s *Scheduler) Written(ctx context.Context, edition string) (*campaign.Campaign, error) {
	s.mu.Lock()
	c := s.editions[edition]
	s.mu.Unlock()
	if c != nil {
		return c, nil
	}
	e, err := s.Ledger.Edition(ctx, edition)
	if err != nil {
		return nil, err
	}
	if c, err = e.LoadCampaign(); err != nil {
		return nil, err
	}
	if s.Always {
		c.Schedule.Always = true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.editions == nil {
		s.editions = map[string]*campaign.Campaign{}
	}
	s.editions[edition] = c
	return c, nil
}
