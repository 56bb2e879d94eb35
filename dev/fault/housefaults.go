package main

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"outreach.example/letter"
)

// houseFaults are those of schedulers, commands and clocks.
var houseFaults = []scenario{
	{
		id: "F11", what: "two schedulers, two of every command at once, a second start", short: true,
		options: options{campaign: campaignIs{letters: 200, block: 20}},
		do:      doubles,
	},
	{
		id: "F12", what: "no scheduler for three days over several due times", short: true,
		options: options{campaign: campaignIs{letters: 60, block: 20, second: true}, shift: true}, steps: []string{"appeal", "reminder-1"},
		do: func(l *lab) error {
			if err := l.through(patience); err != nil {
				return err
			}
			if err := l.until(patience, "the reminders are planned", func() (bool, error) {
				c, err := l.counts("reminder-1")
				return c.Total() == l.is.letters, err
			}); err != nil {
				return err
			}
			if err := l.endRoles(); err != nil {
				return err
			}
			l.did("three days without a scheduler", 1)
			return l.shiftRedis(72 * time.Hour)
		},
	},
	{
		id: "F13", what: "kill -9 of plan in the middle, then plan again", short: true,
		options: options{campaign: campaignIs{letters: 300, block: 1}},
		do:      halfPlans,
	},
	{
		id: "F23", what: "clock of workers, schedulers and Redis shifted by an hour and a day, in the middle of the work", short: true,
		options: options{campaign: campaignIs{letters: 400, block: 20}, shift: true},
		do:      clocks,
	},
}

// doubles runs everything twice at once.
func doubles(l *lab) error {
	twice := func(args ...string) error {
		var wg sync.WaitGroup
		errs := make([]error, 2)
		for i := range errs {
			wg.Go(func() { _, _, errs[i] = l.run(args...) })
		}
		wg.Wait()
		l.did("a command given twice at once", 1)
		if errs[0] != nil && errs[1] != nil {
			return errs[0]
		}
		return nil
	}
	for _, args := range [][]string{{"plan", campaignName}, {"approve", campaignName, "--as", "bea"}, {"start", campaignName, "--confirm", campaignName}} {
		if err := twice(args...); err != nil {
			return err
		}
	}
	for range 2 {
		if err := l.both(); err != nil {
			return err
		}
	}
	l.did("a second scheduler", 1)
	out, _, err := l.run("start", campaignName, "--confirm", campaignName)
	if err != nil || !strings.Contains(out, "already") {
		return fmt.Errorf("a second start says %q (%v)", out, err)
	}
	out, _, err = l.run("plan", campaignName)
	if err != nil || !strings.Contains(out, "planned before") {
		return fmt.Errorf("a second plan says %q (%v)", out, err)
	}
	return l.quiet(patience)
}

// halfPlans kills plan at several places, then lets it run.
func halfPlans(l *lab) error {
	for range 4 {
		p, err := launch("plan", l.dir+"/plan.log", l.environ(l.proxy.addr), l.dir, l.h.exe, "-C", l.dir+"/project", "plan", campaignName)
		if err != nil {
			return err
		}
		l.roles = append(l.roles, p)
		before, at := l.proxy.passed("lay"), 1+l.rng.IntN(3)
		if err := l.until(patience, "plan lays its rows", func() (bool, error) {
			return l.proxy.passed("lay") >= before+at || !p.running(), nil
		}); err != nil {
			return err
		}
		p.kill()
		l.did("kill -9 of plan", 1)
	}
	if err := l.through(patience); err != nil {
		return err
	}
	return l.stands(letter.Sent, l.is.letters, l.is.letters)
}

// clocks moves every clock while letters leave.
func clocks(l *lab) error {
	l.witness.misbehave(func(m moment) act {
		if m.verb == "." {
			return act{wait: 20 * time.Millisecond}
		}
		return act{}
	})
	if err := l.release(); err != nil {
		return err
	}
	for i, shift := range []string{"+1h", "-1h", "+24h", "-24h", "+1h@1s", "-24h@1s"} {
		name := "worker"
		if i%3 == 0 {
			name = "scheduler"
		}
		if _, err := l.role(name, "OUTREACH_TEST_CLOCK="+shift); err != nil {
			return err
		}
		l.did("clock of a "+name+" shifted by "+shift, 1)
	}
	for _, by := range []time.Duration{time.Hour, 0, -24 * time.Hour, 24 * time.Hour, 25 * time.Hour} {
		was := l.witness.accepted()
		if err := l.shiftRedis(by); err != nil {
			return err
		}
		if err := l.until(patience, "letters leave", func() (bool, error) {
			c, err := l.counts("appeal")
			return l.witness.accepted() >= was+20 || c.Total() == l.is.letters && c.Open() == 0, err
		}); err != nil {
			// A clock that stands a day back lets nothing be due: only timing changes.
			l.note("while the clock of Redis stood at %v nothing left", by)
		}
	}
	return nil
}
