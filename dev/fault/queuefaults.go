package main

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"outreach.example/letter"
)

const queueName = "outreach"

// queueFaults are those of asynq, which is only the alarm clock.
var queueFaults = []scenario{
	{
		id: "F06", what: "errors and lost answers at asynq's Done", short: true,
		options: options{campaign: campaignIs{letters: 120, block: 1}},
		do: func(l *lab) error {
			l.proxy.harming(func(c call) harm {
				switch {
				case c.name != "done" || c.n%3 == 0:
					return harm{}
				case c.n%3 == 1:
					return harm{answer: "ERR injected", fault: "error at asynq's Done"}
				}
				return harm{after: true, fault: "dropped answer to asynq's Done"}
			})
			if err := l.through(time.Minute); err != nil {
				return err
			}
			return l.stands(letter.Sent, l.is.letters, l.is.letters)
		},
	},
	{
		id: "F09", what: "asynq's timeout, and leases it takes away, while the relay is slow", short: true,
		options: options{campaign: campaignIs{letters: 60, block: 20}},
		do:      impatience,
	},
	{
		id: "F20", what: "every key of asynq deleted, again and again", short: true,
		options: options{campaign: campaignIs{letters: 300, block: 1}},
		do: func(l *lab) error {
			l.slow(10 * time.Millisecond)
			if err := l.release(); err != nil {
				return err
			}
			if err := l.both(); err != nil {
				return err
			}
			for i := range 8 {
				if err := l.until(patience, "letters leave", func() (bool, error) {
					return l.witness.accepted() >= (i+1)*20, nil
				}); err != nil {
					return err
				}
				n, err := l.deleteQueue()
				if err != nil {
					return err
				}
				l.did("deleting all keys of asynq", 1)
				l.did("keys of asynq deleted", n)
			}
			return l.quiet(time.Minute)
		},
	},
	{
		id: "F41", what: "a person archives and runs tasks by hand", short: true,
		options: options{campaign: campaignIs{letters: 200, block: 1}}, most: 3 * time.Minute,
		do: byHand,
	},
}

// slow makes the witness take its time with every letter.
func (l *lab) slow(d time.Duration) {
	l.witness.misbehave(func(m moment) act {
		if m.verb == "." {
			return act{wait: d}
		}
		return act{}
	})
}

func (l *lab) deleteQueue() (n int, err error) {
	it := l.rdb.Scan(l.ctx, 0, "asynq:*", 1000).Iterator()
	for it.Next(l.ctx) {
		if err := l.rdb.Del(l.ctx, it.Val()).Err(); err != nil {
			return n, err
		}
		n++
	}
	return n, it.Err()
}

// wake enqueues a task for each block beside the scheduler's, with asynq's own patience of a second.
func (l *lab) wake(q *asynq.Client, round int) error {
	blocks, err := l.ledger.AllBlocks(l.ctx, campaignName)
	if err != nil {
		return err
	}
	for _, b := range blocks {
		body, _ := json.Marshal(map[string]string{"c": campaignName, "s": "appeal", "b": b})
		_, err := q.Enqueue(asynq.NewTask("block", body), asynq.Queue(queueName), asynq.TaskID(fmt.Sprintf("hand-%s-%d", b, round)),
			asynq.Timeout(time.Second), asynq.MaxRetry(100))
		if err != nil {
			return err
		}
		l.did("a second task for a block, with a timeout of a second", 1)
	}
	return nil
}

// impatience lets asynq give tasks to others while their letters are still on their way.
func impatience(l *lab) error {
	l.slow(1500 * time.Millisecond)
	if err := l.release(); err != nil {
		return err
	}
	q := asynq.NewClientFromRedisClient(l.rdb)
	if err := l.wake(q, 0); err != nil {
		return err
	}
	if err := l.both(); err != nil {
		return err
	}
	for round := range 4 {
		if err := l.until(patience, "letters are on their way", func() (bool, error) {
			c, err := l.counts("appeal")
			return c[letter.Sending] > 0 || c.Open() == 0, err
		}); err != nil {
			return err
		}
		if err := l.wake(q, round+1); err != nil {
			return err
		}
		// A server with another clock believes that every lease has ended; one that starts takes the tasks at once.
		lease := "asynq:{" + queueName + "}:lease"
		held, err := l.rdb.ZRange(l.ctx, lease, 0, -1).Result()
		if err != nil {
			return err
		}
		for _, id := range held {
			if err := l.rdb.ZAddXX(l.ctx, lease, redis.Z{Score: float64(time.Now().Add(-time.Hour).Unix()), Member: id}).Err(); err != nil {
				return err
			}
			l.did("a lease of asynq moved an hour back", 1)
		}
		if _, err := l.role("worker"); err != nil {
			return err
		}
	}
	return l.quiet(time.Minute)
}

// byHand archives pending tasks, runs some of them again, and runs what is there.
func byHand(l *lab) error {
	l.slow(20 * time.Millisecond)
	if err := l.release(); err != nil {
		return err
	}
	if _, err := l.role("scheduler"); err != nil {
		return err
	}
	inspector := asynq.NewInspectorFromRedisClient(l.rdb)
	var pending []*asynq.TaskInfo
	if err := l.until(patience, "tasks wait", func() (bool, error) {
		var err error
		pending, err = inspector.ListPendingTasks(queueName, asynq.PageSize(500))
		return len(pending) > 20, ignoreMissing(err)
	}); err != nil {
		return err
	}
	for i, t := range pending {
		if i%2 == 0 {
			if err := inspector.ArchiveTask(queueName, t.ID); err != nil {
				return err
			}
			l.did("a task archived by hand", 1)
		}
	}
	archived, err := inspector.ListArchivedTasks(queueName, asynq.PageSize(500))
	if err != nil {
		return err
	}
	if _, err := l.role("worker"); err != nil {
		return err
	}
	for i, t := range archived {
		if i%3 == 0 {
			if err := inspector.RunTask(queueName, t.ID); err != nil {
				return err
			}
			l.did("an archived task run by hand", 1)
		}
	}
	// What stays archived keeps its id; its block must be woken all the same.
	return l.quiet(2 * time.Minute)
}

func ignoreMissing(err error) error {
	if err != nil && err.Error() == "asynq: queue not found" {
		return nil
	}
	return err
}
