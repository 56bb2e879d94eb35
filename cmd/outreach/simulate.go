package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"outreach.example/campaign"
	"outreach.example/ledger"
	"outreach.example/letter"
	"outreach.example/relay"
	"outreach.example/trial"
	"outreach.example/worker"
)

// overtime is for how long after the last letter of the calendar a simulation waits for one more.
const overtime = 14 * 24 * time.Hour

// mostSteps bounds a simulation: a campaign of a million letters has fewer moments at which one is due.
const mostSteps = 100_000

// simulation is a campaign that is run to its end on a clock of its own: the very scheduler and worker, a store and a mailbox
// in this process, and nobody who answers.
//
//	moved clock -> scheduler (lay, advance, tidy) -> built-in store -> worker -> built-in mailbox
type simulation struct {
	clock atomic.Int64 // ms
	store *trial.Store
	house *house
	work  *worker.Worker
	name  string
	steps []campaign.Step
}

func (s *simulation) now() time.Time { return time.UnixMilli(s.clock.Load()).UTC() }

func (s *simulation) turn(to time.Time) {
	s.clock.Store(to.UnixMilli())
	s.store.Turn(to)
}

// simulate runs a campaign from a moment on and compares when its letters left with a calendar. Nothing leaves this machine.
func (a *app) simulate(ctx context.Context, p *project, begin time.Time, expected []campaign.Leaving) error {
	left, err := a.run(ctx, p, begin, expected)
	if err != nil {
		return fmt.Errorf("simulation: %w", err)
	}
	faults := differences(p.name, expected, left)
	if len(faults) > 0 {
		return ledger.Refusal("the simulation differs from the calendar:\n  " + strings.Join(faults, "\n  "))
	}
	fmt.Fprintf(a.errs, "simulated: %d letters left, each at the moment that the calendar says; nothing left this machine\n", len(left))
	return nil
}

func (a *app) run(ctx context.Context, p *project, begin time.Time, expected []campaign.Leaving) (left map[letter.ID]time.Time, err error) {
	s, done, err := a.simulation(ctx, p, begin)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, done()) }()
	end := begin.Add(overtime)
	if n := len(expected); n > 0 {
		end = expected[n-1].At.Add(overtime)
	}
	if err := s.toTheEnd(ctx, end); err != nil {
		return nil, err
	}
	return s.left(ctx)
}

// simulation plans, approves and starts a campaign at a moment, in this process. done ends it.
func (a *app) simulation(ctx context.Context, p *project, begin time.Time) (s *simulation, done func() error, err error) {
	var ends []func() error
	done = func() (err error) {
		for _, end := range slices.Backward(ends) {
			err = errors.Join(err, end())
		}
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, done())
		}
	}()
	store, err := trial.StartStore(ctx)
	if err != nil {
		return nil, done, err
	}
	ends = append(ends, func() error { store.Close(); return nil })
	s = &simulation{store: store, name: p.name, steps: p.campaign.Steps}
	s.turn(begin.Truncate(time.Millisecond))
	box, err := trial.StartMailbox(trial.Options{Now: s.now, Name: nameOf})
	if err != nil {
		return nil, done, err
	}
	ends = append(ends, func() error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		return box.Close(ctx)
	})
	inside := &app{
		getenv: func(string) string { return "" }, in: strings.NewReader(""), out: io.Discard, errs: &bytes.Buffer{}, now: s.now,
		account: "simulation", dir: a.dir, set: map[string]*string{}, guard: relay.LoopbackOnly,
	}
	h, closeAll, err := inside.trialHouse(ctx, store, box, tryFlags{})
	if err != nil {
		return nil, done, err
	}
	ends = append(ends, func() error { closeAll(); return nil })
	h.always = false // the calendar is what is looked at
	s.house = h
	if err := inside.release(ctx, h, p); err != nil {
		return nil, done, err
	}
	relays, err := h.relays()
	if err != nil {
		return nil, done, err
	}
	ends = append(ends, func() error { h.closeRelays(context.WithoutCancel(ctx), relays); return nil })
	s.work = &worker.Worker{
		Ledger: h.ledger, Relays: relays, Editions: &worker.Editions{Ledger: h.ledger}, Times: h.times, InHand: 16, Intake: ctx,
		Now: s.now, Log: slog.New(slog.DiscardHandler),
	}
	return s, done, nil
}

// toTheEnd moves the clock from one due letter to the next.
func (s *simulation) toTheEnd(ctx context.Context, end time.Time) error {
	for range mostSteps {
		if err := s.atRest(ctx); err != nil {
			return err
		}
		next, err := s.house.ledger.NextDue(ctx, s.name)
		if err != nil || next.IsZero() || next.After(end) {
			return err
		}
		s.turn(next)
	}
	return errors.New("the campaign comes to no end")
}

// atRest does what is to be done at this moment, until nothing is.
func (s *simulation) atRest(ctx context.Context) error {
	l, sched := s.house.ledger, s.house.scheduler()
	if err := s.work.Join(ctx); err != nil { // its lease has ended while the clock was moved
		return err
	}
	for range mostSteps {
		if err := errors.Join(sched.Tidy(ctx), sched.Advance(ctx), s.release(ctx)); err != nil {
			return err
		}
		if err := l.KeepOpen(ctx, s.name, s.now().Add(time.Hour)); err != nil {
			return err
		}
		due, err := l.Due(ctx, []string{s.name}, 500)
		if err != nil {
			return err
		}
		for _, w := range due {
			if err := s.work.Process(ctx, w.Block); err != nil {
				return err
			}
		}
		following, err := l.Following(ctx, s.name, 1)
		if err != nil || len(due) == 0 && len(following) == 0 {
			return err
		}
	}
	return errors.New("letters are due that do not leave")
}

// release lets those letters go that a person releases one by one: in a simulation somebody is always there.
func (s *simulation) release(ctx context.Context) error {
	counts, err := s.house.ledger.Counts(ctx, s.name)
	if err != nil {
		return err
	}
	blocks, err := s.house.ledger.AllBlocks(ctx, s.name)
	if err != nil {
		return err
	}
	for _, step := range s.steps {
		if step.Each && counts[step.Name][letter.Planned] > 0 {
			if _, err := s.house.ledger.Release(ctx, "approver (simulation)", s.name, step.Name, "", blocks); err != nil {
				return err
			}
		}
	}
	return nil
}

// left is when each letter left.
func (s *simulation) left(ctx context.Context) (map[letter.ID]time.Time, error) {
	out := map[letter.ID]time.Time{}
	c, err := s.house.ledger.Campaign(ctx, s.name)
	if err != nil {
		return nil, err
	}
	blocks, err := s.house.ledger.AllBlocks(ctx, s.name)
	if err != nil {
		return nil, err
	}
	err = s.house.ledger.AllLetters(ctx, s.name, c.Steps, blocks, func(l ledger.Letter) {
		if l.State == letter.Sent {
			out[l.ID] = l.Since
		}
	})
	return out, err
}

// mostDifferences are listed.
const mostDifferences = 10

// differences says which letters left at another moment than the calendar says.
func differences(name string, expected []campaign.Leaving, left map[letter.ID]time.Time) (out []string) {
	seen := map[letter.ID]bool{}
	for _, e := range expected {
		id := letter.ID{Campaign: name, Donor: e.Donor, Step: e.Step}
		at, ok := left[id]
		seen[id] = true
		switch {
		case !ok:
			out = append(out, fmt.Sprintf("%s of %s should leave %s and did not", e.Step, e.Donor, e.At.Format("2 January 2006 15:04 MST")))
		case !at.Equal(e.At):
			out = append(out, fmt.Sprintf("%s of %s should leave %s and left %s", e.Step, e.Donor, e.At.Format("2 January 2006 15:04 MST"), at.In(e.At.Location()).Format("2 January 2006 15:04:05 MST")))
		}
	}
	for id := range left {
		if !seen[id] {
			out = append(out, fmt.Sprintf("%s of %s left and is not in the calendar", id.Step, id.Donor))
		}
	}
	slices.Sort(out)
	if n := len(out) - mostDifferences; n > 0 {
		out = append(out[:mostDifferences], fmt.Sprintf("and %d more", n))
	}
	return out
}
