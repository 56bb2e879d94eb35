package main

import (
	"fmt"
	"strings"
	"time"
)

// redisFaults are those of Redis and of the way to it.
var redisFaults = []scenario{
	{
		id: "F14", what: "kill -9 of Redis with appendfsync always", short: true,
		options: options{campaign: campaignIs{letters: 400, block: 20}},
		do: func(l *lab) error {
			l.slow(20 * time.Millisecond)
			if err := l.release(); err != nil {
				return err
			}
			if err := l.both(); err != nil {
				return err
			}
			for i := range 4 {
				if err := l.until(patience, "letters leave", func() (bool, error) {
					return l.witness.accepted() >= (i+1)*30, nil
				}); err != nil {
					return err
				}
				if err := l.killRedis(); err != nil {
					return err
				}
			}
			return l.quiet(time.Minute)
		},
	},
	{
		id: "F21", what: "Redis full, read-only, standing still, without its scripts", short: true,
		options: options{campaign: campaignIs{letters: 400, block: 20}},
		do:      illRedis,
	},
	{
		id: "F22", what: "answers to claim, begin, settle, enqueue and all else of the ledger dropped", short: true,
		options: options{campaign: campaignIs{letters: 400, block: 20}}, most: 5 * time.Minute,
		do: func(l *lab) error {
			l.proxy.harming(l.dropping(map[string]int{
				"claim": 5, "begin": 10, "settle": 10, "unclaim": 5, "renew": 20, "sweep": 5, "enqueue": 10, "due": 10,
			}))
			return l.through(4 * time.Minute)
		},
	},
	{
		id: "F22q", what: "answers to dequeue and Done dropped: asynq misses its task for two minutes",
		options: options{campaign: campaignIs{letters: 400, block: 1}}, most: 6 * time.Minute,
		do: func(l *lab) error {
			l.proxy.harming(l.dropping(map[string]int{"dequeue": 60, "done": 5, "enqueue": 5, "begin": 10, "settle": 10}))
			return l.through(5 * time.Minute)
		},
	},
}

// killRedis kills Redis and starts it again on what it kept.
func (l *lab) killRedis() error {
	l.redis.kill()
	l.did("kill -9 of Redis", 1)
	return l.startRedis()
}

// dropping loses one answer in so many, by name, in every way an answer can be lost.
func (l *lab) dropping(one map[string]int) func(call) harm {
	return func(c call) harm {
		n := one[c.name]
		if n == 0 || l.rng.IntN(n) > 0 {
			return harm{}
		}
		switch k := l.rng.IntN(24); {
		case k < 3:
			return harm{before: true, fault: "cut before " + c.name}
		case k == 3:
			return harm{mute: true, fault: "dropped answer to " + c.name + ", the connection stands"}
		}
		return harm{after: true, fault: "dropped answer to " + c.name}
	}
}

// illRedis makes Redis refuse and stand still in every way while letters leave.
func illRedis(l *lab) error {
	l.slow(20 * time.Millisecond)
	if err := l.release(); err != nil {
		return err
	}
	if err := l.both(); err != nil {
		return err
	}
	set := func(key, value string) func() error {
		return func() error { return l.rdb.ConfigSet(l.ctx, key, value).Err() }
	}
	refuse := func(answer string) func() error {
		return func() error {
			l.proxy.harming(func(c call) harm {
				if strings.HasPrefix(c.name, "client") || c.name == "hello" || c.name == "ping" {
					return harm{}
				}
				return harm{answer: answer}
			})
			return nil
		}
	}
	well := func() error { l.proxy.harming(nil); return nil }
	for i, ill := range []struct {
		name         string
		make, unmake func() error
	}{
		{"Redis is full (noeviction)", set("maxmemory", "1mb"), set("maxmemory", "0")},
		{"Redis is read-only", refuse("READONLY You can't write against a read only replica."), well},
		{"Redis is loading", refuse("LOADING Redis is loading the dataset in memory"), well},
		{"Redis has lost its scripts", func() error { return l.rdb.ScriptFlush(l.ctx).Err() }, well},
		{"Redis stands still for 4 s", func() error { return l.rdb.ClientPause(l.ctx, 4*time.Second).Err() }, well},
		{"the way to Redis is cut", func() error { l.proxy.part(true); return nil }, func() error { l.proxy.part(false); return nil }},
	} {
		if err := l.until(patience, "letters leave", func() (bool, error) {
			c, err := l.counts("appeal")
			return l.witness.accepted() >= (i+1)*40 || c.Open() == 0, err
		}); err != nil {
			return fmt.Errorf("before %s: %w", ill.name, err)
		}
		if err := ill.make(); err != nil {
			return fmt.Errorf("%s: %w", ill.name, err)
		}
		l.did(ill.name, 1)
		// For longer than a lease lives.
		if err := l.pass(1500 * time.Millisecond); err != nil {
			return err
		}
		if err := ill.unmake(); err != nil {
			return fmt.Errorf("%s: %w", ill.name, err)
		}
	}
	return l.quiet(time.Minute)
}
