package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// scenario is one fault of the table: what is done, on which lab.
type scenario struct {
	id      string
	what    string
	short   bool // part of the run that every change goes through
	options options
	do      func(*lab) error
	layer   string                                          // of processes unless set
	alone   func(context.Context, *harness, *outcome) error // in place of do, of what needs no lab
	lasts   time.Duration                                   // where it is long, about so long: the longest begin first
	most    time.Duration                                   // two minutes unless set
	steps   []string                                        // that must be quiet at the end; the appeal unless set
	sick    bool                                            // with a mutant, which may never come to rest
}

func (s scenario) limit() time.Duration {
	if s.most == 0 {
		return 2 * time.Minute
	}
	return s.most
}

// finish lets the house come to rest with nothing in its way, and checks: once what machines do is done, and once more
// when a person has settled what was left in doubt.
func (l *lab) finish(s scenario) (finding, error) {
	steps := s.steps
	if steps == nil {
		steps = []string{"appeal"}
	}
	within := s.limit()
	if s.sick {
		within = 15 * time.Second
	}
	l.proxy.harming(nil)
	l.witness.misbehave(nil)
	l.witness.cutting(nil)
	if err := l.both(); err != nil {
		return finding{}, err
	}
	rest := func() error {
		if err := l.quiet(within, steps...); err != nil && !s.sick {
			l.note("%s", tail(l.roles[len(l.roles)-1].said(), 3))
			return err
		}
		return nil
	}
	if err := rest(); err != nil {
		return finding{}, err
	}
	if s.sick {
		return l.conclude(steps)
	}
	if err := l.evident(); err != nil {
		return finding{}, err
	}
	f, err := l.conclude(steps)
	if err != nil || f.doubt == 0 || len(f.lost)+len(f.twice)+len(f.wrong) > 0 {
		return f, err
	}
	if err := l.decide(); err != nil {
		return f, err
	}
	if err := l.both(); err != nil {
		return f, err
	}
	if err := rest(); err != nil {
		return f, err
	}
	after, err := l.conclude(steps)
	if after.doubt > 0 {
		after.wrong = append(after.wrong, fmt.Sprintf("%d letters are in doubt though a person settled each", after.doubt))
	}
	after.doubt, after.shown = f.doubt, f.shown
	return after, err
}

// conclude ends the program's processes and checks.
func (l *lab) conclude(steps []string) (finding, error) {
	if err := l.endRoles(); err != nil {
		return finding{}, err
	}
	if l.is.second && len(steps) == 1 {
		steps = append(steps, "reminder-1")
	}
	now, err := l.ledger.Now(l.ctx)
	if err != nil {
		return finding{}, err
	}
	return l.check(now.Add(time.Minute), steps...)
}

// both makes sure that one scheduler and one worker run without any test of their own.
func (l *lab) both() error {
	for _, name := range []string{"scheduler", "worker"} {
		if err := l.keep(name); err != nil {
			return err
		}
	}
	return nil
}

// wanted are the faults that a whole run must have exercised, by their names in the project's list of faults.
var wanted = func() (ids []string) {
	for i := 1; i <= 45; i++ {
		if i == 32 || i == 33 || i >= 35 && i <= 37 {
			continue // of the reply mailbox, whose tests are its own
		}
		ids = append(ids, fmt.Sprintf("F%02d", i))
	}
	return ids
}()

// titles name the faults that have no scenario.
var titles = map[string]string{}

// choose picks the scenarios of a run.
func choose(all bool, only string) ([]scenario, error) {
	list := scenarios()
	if only == "" {
		return slices.DeleteFunc(list, func(s scenario) bool { return !all && !s.short }), nil
	}
	var out []scenario
	for _, name := range strings.Split(only, ",") {
		name = strings.TrimSpace(name)
		there := false
		for _, s := range list {
			// A layer is what a run of that kind has of it; a fault that is asked for by its name always runs.
			if !strings.EqualFold(s.id, name) && (s.layer != name || !all && !s.short) {
				continue
			}
			there = true
			if !slices.ContainsFunc(out, func(c scenario) bool { return c.id == s.id }) {
				out = append(out, s)
			}
		}
		if !there {
			var ids []string
			for _, s := range list {
				ids = append(ids, s.id)
			}
			return nil, fmt.Errorf("--only %s: there is no such fault or layer (there are: %s)", name, strings.Join(slices.Concat(layers, ids), ", "))
		}
	}
	return out, nil
}

// unexercised names what a whole run lacks, and what a short one leaves out.
func unexercised(chosen []scenario, all bool) (missing, left []string) {
	list := scenarios()
	for _, id := range wanted {
		has := func(list []scenario) bool {
			return slices.ContainsFunc(list, func(s scenario) bool { return s.id == id })
		}
		switch {
		case !has(list):
			missing = append(missing, id)
		case !has(chosen):
			left = append(left, id)
		}
	}
	for _, s := range list {
		if !slices.Contains(wanted, s.id) && !slices.ContainsFunc(chosen, func(c scenario) bool { return c.id == s.id }) {
			left = append(left, s.id)
		}
	}
	if all {
		missing = append(missing, left...)
		left = nil
	}
	return missing, left
}

// scenarios are all there are, in the order of the table.
func scenarios() []scenario {
	list := slices.Concat(unreal, workerFaults, queueFaults, houseFaults, redisFaults, lossFaults, haFaults, relayFaults, unreachable, contentFaults, storms)
	for i := range list {
		if list[i].layer == "" {
			list[i].layer = layerProcesses
		}
	}
	return list
}
