package main

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"outreach.example/ledger"
	"outreach.example/letter"
)

// storms are long runs in which everything happens at random, on one seed.
var storms = func() (all []scenario) {
	all = append(all, scenario{
		id: "K100", what: "kill -9 of the worker 100 times during one campaign of 5,000 letters, slow relay",
		options: options{campaign: campaignIs{letters: 5000, block: 20}}, most: 15 * time.Minute, lasts: 10 * time.Minute,
		do: killings,
	}, scenario{
		id: "S0", what: "a short storm of everything", short: true,
		options: options{campaign: campaignIs{letters: 600, block: 20}}, most: 3 * time.Minute, lasts: 50 * time.Second,
		do: func(l *lab) error { return l.storm(400) },
	})
	for i := range 8 {
		block := 20
		if i%4 == 3 {
			block = 1
		}
		all = append(all, scenario{
			id: fmt.Sprintf("S%d", i+1), what: "a storm of everything", most: 20 * time.Minute, lasts: 5 * time.Minute,
			options: options{campaign: campaignIs{letters: 2500, block: block}},
			do:      func(l *lab) error { return l.storm(2100) },
		})
	}
	return all
}()

// killings kills the worker again and again while it works. Each death leaves no more doubts than it had connections.
func killings(l *lab) error {
	l.slow(30 * time.Millisecond)
	if err := l.release(); err != nil {
		return err
	}
	if _, err := l.role("scheduler"); err != nil {
		return err
	}
	doubts := 0
	for kill := range 100 {
		p, err := l.role("worker")
		if err != nil {
			return err
		}
		was, n := l.witness.accepted(), 5+l.rng.IntN(40)
		if err := l.until(time.Minute, "letters leave", func() (bool, error) {
			c, err := l.counts("appeal")
			return l.witness.accepted() >= was+n || c.Total() > 0 && c.Open() == 0, err
		}); err != nil {
			return fmt.Errorf("before kill %d: %w", kill+1, err)
		}
		p.kill()
		l.did("kill -9 of a worker", 1)
		// What it had in hand is given up within its lease.
		var c ledger.Counts
		if err := l.until(patience, "the dead worker's letters are out of its hand", func() (bool, error) {
			var err error
			c, err = l.counts("appeal")
			return c[letter.Claimed]+c[letter.Sending] == 0, err
		}); err != nil {
			return err
		}
		if d := c[letter.InDoubt] - doubts; d > 2*connections {
			return fmt.Errorf("kill %d left %d letters in doubt, with %d connections", kill+1, d, connections)
		}
		doubts = c[letter.InDoubt]
	}
	l.note("100 kills left %d letters in doubt", doubts)
	return nil
}

// weather is how the witness misbehaves in a storm.
func (l *lab) weather(m moment) act {
	roll := l.rng.IntN(1000)
	switch m.verb {
	case ".":
		switch {
		case m.seen > 3:
			return act{}
		case roll < 12:
			return act{mute: true, cut: true, fault: "cut after the dot, the letter taken"}
		case roll < 20:
			return act{mute: true, cut: true, drop: true, fault: "cut after the dot, the letter not taken"}
		case roll < 26:
			return act{reply: "25", cut: true, fault: "torn answer to the dot, cut"}
		case roll < 46:
			return act{reply: "451 4.3.0 later\r\n", drop: true, fault: "451 after the dot"}
		case roll < 56:
			return act{reply: "421 4.3.2 going away\r\n", cut: true, drop: true, fault: "421 after the dot"}
		case roll < 66:
			return act{reset: true, fault: "reset after 250"}
		case roll < 70:
			return act{never: true, fault: "a dot never answered"}
		}
		return act{wait: time.Duration(l.rng.IntN(40)) * time.Millisecond}
	case "MAIL", "RCPT", "DATA":
		switch {
		case roll < 25:
			return act{cut: true, mute: true, fault: "cut before the answer to " + m.verb}
		case roll < 40:
			return act{reply: "451 4.7.1 greylisted\r\n", fault: "451 to " + m.verb}
		case roll < 50:
			return act{reset: true, fault: "reset after " + m.verb}
		}
	case "CONNECT", "EHLO":
		if roll < 30 {
			return act{reply: "421 4.3.2 too busy\r\n", cut: true, fault: "421 to " + m.verb}
		}
	}
	return act{}
}

// storm lets the campaign go through everything at once until enough letters were taken, then lets it calm down.
func (l *lab) storm(enough int) error {
	l.witness.misbehave(l.weather)
	l.witness.copies = func(int) copying {
		switch roll := l.rng.IntN(20); {
		case roll == 0:
			return copying{}
		case roll < 3:
			return copying{times: 2}
		case roll < 8:
			return copying{times: 1, after: time.Duration(l.rng.IntN(3000)) * time.Millisecond}
		}
		return copying{times: 1}
	}
	l.proxy.harming(l.dropping(map[string]int{
		"claim": 25, "begin": 25, "settle": 25, "unclaim": 25, "withhold": 25, "renew": 40, "sweep": 25, "enqueue": 40, "due": 30, "done": 40,
	}))
	if err := l.release(); err != nil {
		return err
	}
	alive := map[string][]*proc{}
	start := func(name string) error {
		p, err := l.role(name)
		if err == nil {
			alive[name] = append(alive[name], p)
		}
		return err
	}
	for _, name := range []string{"scheduler", "scheduler", "worker", "worker", "worker"} {
		if err := start(name); err != nil {
			return err
		}
	}
	points := strings.Fields("before-claim after-claim after-rcpt after-content after-begin after-intent after-dot after-reply after-outcome after-settle")
	ends := 0
	end := time.Now().Add(5 * time.Minute)
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	for l.witness.accepted() < enough && time.Now().Before(end) {
		select {
		case <-l.ctx.Done():
			return l.ctx.Err()
		case <-tick.C:
		}
		for name, ps := range alive {
			for i, p := range ps {
				if !p.running() {
					if p.killedItself() && strings.Contains(p.said(), "OUTREACH_TEST_FAIL") {
						l.did("kill -9 of a worker at a point", 1)
					} else if !p.killedItself() {
						// A lost answer while it starts, or a store that is away then, ends a role; whoever minds it starts it again.
						if !storeAway.MatchString(tail(p.said(), 1)) {
							return fmt.Errorf("a %s ended by itself: %s", name, tail(p.said(), 3))
						}
						ends++
					}
					var more []string
					if name == "worker" && l.rng.IntN(2) == 0 {
						more = append(more, fmt.Sprintf("OUTREACH_TEST_FAIL=%s:%d", points[l.rng.IntN(len(points))], 1+l.rng.IntN(40)))
					}
					var err error
					if ps[i], err = l.role(name, more...); err != nil {
						return err
					}
				}
			}
		}
		if err := l.tend(); err != nil {
			return err
		}
		if err := l.gust(alive); err != nil {
			return err
		}
	}
	for _, ps := range alive {
		for _, p := range ps {
			p.signal(sigcont)
		}
	}
	l.proxy.harming(nil)
	l.witness.misbehave(nil)
	if ends > 0 {
		l.note("%d roles ended because the store did not answer while they started, and were started again", ends)
	}
	return nil
}

// storeAway is what a role says of a store that is cut off, dead or starting again.
var storeAway = regexp.MustCompile(`EOF|LOADING|connection refused|connection reset`)

// gust is one thing that happens to one process, or none.
func (l *lab) gust(alive map[string][]*proc) error {
	worker := alive["worker"][l.rng.IntN(len(alive["worker"]))]
	scheduler := alive["scheduler"][l.rng.IntN(len(alive["scheduler"]))]
	switch roll := l.rng.IntN(100); {
	case roll < 22:
		worker.kill()
		l.did("kill -9 of a worker at random", 1)
	case roll < 30:
		scheduler.kill()
		l.did("kill -9 of a scheduler", 1)
	case roll < 38:
		worker.signal(sigstop)
		l.did("SIGSTOP of a worker", 1)
	case roll < 60:
		for _, p := range alive["worker"] {
			p.signal(sigcont)
		}
	case roll < 64:
		if _, err := l.deleteQueue(); err != nil {
			return err
		}
		l.did("deleting all keys of asynq", 1)
	case roll < 68:
		return l.killRedis()
	case roll < 70:
		l.did("Redis has lost its scripts", 1)
		return l.rdb.ScriptFlush(l.ctx).Err()
	case roll < 73:
		l.did("the way to Redis is cut", 1)
		l.proxy.part(true)
		l.proxy.part(false)
	}
	return nil
}
