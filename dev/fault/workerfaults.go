package main

import (
	"fmt"
	"syscall"
	"time"

	"outreach.example/letter"
)

const patience = 30 * time.Second

const (
	sigcont = syscall.SIGCONT
	sigstop = syscall.SIGSTOP
)

// workerFaults are deaths and standstills of workers.
var workerFaults = []scenario{
	{
		id: "F01", what: "kill -9 of a worker before or after claim, after RCPT, after the content", short: true,
		options: options{campaign: campaignIs{letters: 120, block: 20}},
		do: func(l *lab) error {
			return l.dying("before-claim", "after-claim", "after-rcpt", "after-content")
		},
	},
	{
		id: "F02", what: "kill -9 of a worker between begin and dot", short: true,
		options: options{campaign: campaignIs{letters: 120, block: 20}},
		do:      func(l *lab) error { return l.dying("after-begin", "after-begin", "after-intent") },
	},
	{
		id: "F03", what: "kill -9 of a worker after the dot, before the answer", short: true,
		options: options{campaign: campaignIs{letters: 120, block: 1}},
		do: func(l *lab) error {
			l.witness.misbehave(func(m moment) act {
				if m.verb == "." {
					return act{wait: 300 * time.Millisecond, fault: "answer to the dot late by 0.3 s"}
				}
				return act{}
			})
			return l.dying("after-dot", "after-dot", "after-dot")
		},
	},
	{
		id: "F04", what: "kill -9 of a worker after the 250, before settle", short: true,
		options: options{campaign: campaignIs{letters: 120, block: 20}},
		do:      func(l *lab) error { return l.dying("after-reply", "after-outcome", "after-outcome") },
	},
	{
		id: "F05", what: "kill -9 of a worker after settle, before asynq's Done", short: true,
		options: options{campaign: campaignIs{letters: 120, block: 1}},
		do:      func(l *lab) error { return l.dying("after-settle", "after-settle", "after-settle") },
	},
	{
		id: "F07", what: "SIGSTOP of a worker in each step for longer than its lease, then SIGCONT", short: true,
		options: options{campaign: campaignIs{letters: 80, block: 20}},
		do:      standstills,
	},
	{
		id: "F08", what: "SIGTERM of a worker while the relay is slow", short: true,
		options: options{campaign: campaignIs{letters: 60, block: 20}},
		do:      terms,
	},
	{
		id: "F10", what: "five workers claim the same letters", short: true,
		options: options{campaign: campaignIs{letters: 300, block: 20}},
		do: func(l *lab) error {
			if err := l.release(); err != nil {
				return err
			}
			for range 2 {
				if _, err := l.role("scheduler"); err != nil {
					return err
				}
			}
			for range 5 {
				if _, err := l.role("worker"); err != nil {
					return err
				}
			}
			l.did("workers beside the first", 4)
			return l.quiet(patience)
		},
	},
}

// dying runs worker after worker, each of which ends itself at one of the points.
func (l *lab) dying(points ...string) error {
	if err := l.release(); err != nil {
		return err
	}
	if _, err := l.role("scheduler"); err != nil {
		return err
	}
	for round := range 2 {
		for _, at := range points {
			n := 1 + l.rng.IntN(4)
			if _, err := l.fails(fmt.Sprintf("%s:%d", at, n), patience); err != nil {
				c, _ := l.counts("appeal")
				return fmt.Errorf("round %d: %w (the letters stand at %v)", round+1, err, c)
			}
		}
	}
	return nil
}

// standstills stops workers in each step for longer than their lease, lets another work, and lets them go on.
func standstills(l *lab) error {
	if err := l.release(); err != nil {
		return err
	}
	if _, err := l.role("scheduler"); err != nil {
		return err
	}
	var still []*proc
	for _, at := range []string{"after-claim", "after-content", "after-begin", "after-dot", "after-reply"} {
		p, err := l.role("worker", "OUTREACH_TEST_FAIL="+at+":1:stop")
		if err != nil {
			return err
		}
		if err := l.until(patience, "the worker stands still at "+at, func() (bool, error) {
			return p.stopped(), nil
		}); err != nil {
			return err
		}
		l.did("SIGSTOP of a worker", 1)
		still = append(still, p)
	}
	// The others' letters leave, and what the stopped ones hold is given up: planned again, or in doubt.
	other, err := l.role("worker")
	if err != nil {
		return err
	}
	if err := l.quiet(patience); err != nil {
		return err
	}
	for _, p := range still {
		p.signal(sigcont)
	}
	// Each says what it found, and none sends what was given to another.
	return l.until(patience, "the stopped workers go on under new names", func() (bool, error) {
		if !other.running() {
			return false, fmt.Errorf("the other worker ended: %s", tail(other.said(), 5))
		}
		n, err := l.ledger.Working(l.ctx)
		return n == len(still)+1, err
	})
}

// terms ends workers politely while letters wait for the relay's answer.
func terms(l *lab) error {
	l.witness.misbehave(func(m moment) act {
		if m.verb == "." {
			return act{wait: 1500 * time.Millisecond, fault: "answer to the dot late by 1.5 s"}
		}
		return act{}
	})
	if err := l.release(); err != nil {
		return err
	}
	if _, err := l.role("scheduler"); err != nil {
		return err
	}
	for range 4 {
		p, err := l.role("worker")
		if err != nil {
			return err
		}
		if err := l.until(patience, "letters are on their way", func() (bool, error) {
			c, err := l.counts("appeal")
			return c[letter.Sending] > 0, err
		}); err != nil {
			return err
		}
		l.did("SIGTERM of a worker", 1)
		if err := p.end(patience); err != nil {
			return err
		}
	}
	// Whoever was told to stop had the time to hear the answers: nothing is in doubt.
	c, err := l.counts("appeal")
	if err == nil && c[letter.InDoubt] > 0 {
		err = fmt.Errorf("%d letters are in doubt after a polite end", c[letter.InDoubt])
	}
	return err
}
