package queue_test

import (
	"testing"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"outreach.example/ledger/ledgertest"
	"outreach.example/queue"
)

// The traps of asynq v0.26.0, each as the house meets it. What asynq does in each was seen; what is asserted is that no
// letter is sent twice by it and none stays behind.

// TestFailedDone: one lost reply while a task is finished, and asynq runs it again: the ledger has nothing due.
func TestFailedDone(t *testing.T) {
	t.Parallel()
	for name, words := range map[string]string{
		"before it was done":   "9223372036854775807", // an argument: the first attempt names a script the store does not have
		"after it was written": `redis.call("LREM"`,   // the source that is sent after it
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newTrap(t, true)
			d := startDropper(t, f.mini.Addr(), words, "")
			f.wake()
			f.serve(ledgertest.Client(t, d.addr), time.Second)
			f.until("the reply is dropped", d.done)
			id := queue.TaskID(f.block, 0)
			if name == "before it was done" {
				f.until("the first run ends", func() bool { return f.ended.Load() == 1 })
				f.aged(id)
				f.serve(f.rdb, time.Second) // recovers at its start, as any server does every minute
				f.retried(id)
				f.until("the task runs again", func() bool { return f.ended.Load() == 2 })
			}
			f.once()
			f.until("asynq has no task", func() bool { return f.set("active")+f.set("retry")+f.set("pending") == 0 })
			if n := f.runs.Load(); name == "after it was written" && n != 1 {
				t.Errorf("%d runs", n)
			}
		})
	}
}

// TestCopies: a second handler runs a block while the first one waits for the relay's answer. There is no second
// dialogue, and no second copy.
func TestCopies(t *testing.T) {
	t.Parallel()
	for name, copied := range map[string]func(f *trap, id string, stop func()){
		"a lease that another server sees ended": func(f *trap, id string, _ func()) {
			f.aged(id)
			f.serve(f.rdb, time.Second)
			f.retried(id)
		},
		"a lease that was lost": func(f *trap, id string, _ func()) {
			f.do(f.rdb.ZRem(f.t.Context(), "asynq:{outreach}:lease", id).Err())
			for range 4 {
				f.later(11 * time.Second) // the letter is not due: nothing is woken, and nothing is lost
			}
			_, err := queue.New(f.rdb).Wake(f.t.Context(), f.block, 1)
			f.do(err)
		},
		"a shutdown that is too short": func(f *trap, _ string, stop func()) {
			stop()
			f.until("asynq gives the task back", func() bool { return f.set("pending") == 1 })
			f.serve(f.rdb, time.Second)
		},
		"every key of the queue deleted": func(f *trap, _ string, _ func()) {
			keys, err := f.rdb.Keys(f.t.Context(), "asynq:*").Result()
			f.do(err, f.rdb.Del(f.t.Context(), keys...).Err())
			_, err = queue.New(f.rdb).Wake(f.t.Context(), f.block, 0)
			f.do(err)
		},
		"the same wake-up under another number": func(f *trap, _ string, _ func()) {
			_, err := queue.New(f.rdb).Wake(f.t.Context(), f.block, 99)
			f.do(err)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newTrap(t, false)
			f.wake()
			drain := time.Second
			if name == "a shutdown that is too short" {
				drain = -4900 * time.Millisecond // the server adds five seconds
			}
			stop := f.serve(f.rdb, drain)
			f.until("the letter waits for its answer", func() bool { return f.letter().State == "sending" })
			copied(f, queue.TaskID(f.block, 0), stop)
			f.until("the copy has run", func() bool { return f.runs.Load() >= 2 && f.ended.Load() >= 1 })
			if f.ended.Load() != f.runs.Load()-1 {
				t.Errorf("%d runs, %d ended; the first one waits still", f.runs.Load(), f.ended.Load())
			}
			f.answer()
			f.once()
		})
	}
}

// TestTimeoutCopies: asynq does not wait for a handler whose time is over, it runs another one. The house asks for half an
// hour, and a task that has a second all the same makes no second dialogue.
func TestTimeoutCopies(t *testing.T) {
	t.Parallel()
	f := newTrap(t, false)
	f.wake()
	info, err := f.inspector().GetTaskInfo("outreach", queue.TaskID(f.block, 0))
	f.do(err)
	if info.Timeout != 30*time.Minute || info.MaxRetry < 1<<20 {
		t.Errorf("timeout %v, retries %d", info.Timeout, info.MaxRetry)
	}
	f.do(f.inspector().DeleteTask("outreach", info.ID))
	hasty := asynq.NewTask(info.Type, info.Payload)
	_, err = asynq.NewClientFromRedisClient(f.rdb).Enqueue(hasty, asynq.TaskID(info.ID), asynq.Queue("outreach"), asynq.Timeout(time.Second), asynq.MaxRetry(10))
	f.do(err)
	f.serve(f.rdb, time.Second)
	f.until("the letter waits for its answer", func() bool { return f.letter().State == "sending" })
	f.retried(info.ID)
	f.until("the copy has run", func() bool { return f.runs.Load() == 2 && f.ended.Load() == 1 })
	f.answer()
	f.once()
}

// TestLostEnqueue: the reply to an enqueue is lost. asynq's client says that the task is there already, or, where nothing
// is repeated, that it failed; then the next wake-up finds it there.
func TestLostEnqueue(t *testing.T) {
	t.Parallel()
	for name, retries := range map[string]int{"repeated by the client": 3, "not repeated": -1} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newTrap(t, true)
			d := startDropper(t, f.mini.Addr(), "pending_since", "")
			rdb := redis.NewClient(&redis.Options{Addr: d.addr, MaxRetries: retries})
			defer rdb.Close()
			f.scheduler.Queue = queue.New(rdb)
			err := f.scheduler.Wake(t.Context())
			if (err == nil) != (retries > 0) || !d.done() {
				t.Errorf("wake: %v; dropped: %v", err, d.done())
			}
			f.later(11 * time.Second)
			if n := f.set("pending"); n != 1 {
				t.Errorf("%d tasks", n)
			}
			f.serve(f.rdb, time.Second)
			f.once()
		})
	}
}

// TestLostDequeue: the reply to a dequeue is lost, and a task is active with nobody. The block is woken under another
// number within a minute.
func TestLostDequeue(t *testing.T) {
	t.Parallel()
	f := newTrap(t, true)
	f.wake()
	d := startDropper(t, f.mini.Addr(), "", `"c":"traps"`) // the task itself, on its way to a server
	f.serve(ledgertest.Client(t, d.addr), time.Second)
	f.until("the reply is dropped", d.done)
	f.until("the task is active with nobody", func() bool { return f.set("active") == 1 })
	for range 5 {
		f.later(11 * time.Second)
	}
	f.once()
	if n := f.runs.Load(); n != 1 {
		t.Errorf("%d runs", n)
	}
}

// TestNumberTaken: a task holds the number of a block's next wake-up and never runs. The block is woken under another
// number within a minute, whatever became of the first task; when that one comes back there is no second copy.
func TestNumberTaken(t *testing.T) {
	t.Parallel()
	const pending, active, hash = "asynq:{outreach}:pending", "asynq:{outreach}:active", "asynq:{outreach}:t:"
	move := func(f *trap, id, state string) {
		f.do(f.rdb.LRem(f.t.Context(), pending, 0, id).Err(), f.rdb.HSet(f.t.Context(), hash+id, "state", state).Err())
	}
	at := func(f *trap, set, id string, score time.Time) {
		f.do(f.rdb.ZAdd(f.t.Context(), "asynq:{outreach}:"+set, redis.Z{Score: float64(score.Unix()), Member: id}).Err())
	}
	for name, take := range map[string]func(f *trap, id string){
		"archived by hand": func(f *trap, id string) { f.do(f.inspector().ArchiveTask("outreach", id)) },
		"active without a lease": func(f *trap, id string) {
			move(f, id, "active")
			f.do(f.rdb.LPush(f.t.Context(), active, id).Err())
		},
		"leased by a server whose clock is ahead": func(f *trap, id string) {
			move(f, id, "active")
			f.do(f.rdb.LPush(f.t.Context(), active, id).Err())
			at(f, "lease", id, time.Now().Add(time.Hour))
		},
		"put off by a server whose clock is ahead": func(f *trap, id string) {
			move(f, id, "retry")
			at(f, "retry", id, time.Now().Add(24*time.Hour))
		},
		"completed and kept": func(f *trap, id string) {
			move(f, id, "completed")
			at(f, "completed", id, time.Now().Add(24*time.Hour))
		},
		"in no list":            func(f *trap, _ string) { f.do(f.rdb.Del(f.t.Context(), pending).Err()) },
		"listed, its hash gone": func(f *trap, id string) { f.do(f.rdb.Del(f.t.Context(), hash+id).Err()) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newTrap(t, true)
			f.wake()
			id := queue.TaskID(f.block, 0)
			take(f, id)
			f.serve(f.rdb, time.Second)
			if name == "listed, its hash gone" {
				f.until("the list is empty", func() bool { return f.set("pending") == 0 })
			}
			for range 5 {
				f.later(11 * time.Second)
			}
			f.once()
			if name != "archived by hand" {
				return
			}
			f.do(f.inspector().RunTask("outreach", id)) // a person presses Run
			f.until("it has run", func() bool { return f.ended.Load() == 2 })
			f.once()
		})
	}
}

// TestRunByHand: asynq runs a completed task again when a person asks for it. The ledger has nothing due.
func TestRunByHand(t *testing.T) {
	t.Parallel()
	f := newTrap(t, true)
	f.wake()
	info, err := f.inspector().GetTaskInfo("outreach", queue.TaskID(f.block, 0))
	f.do(err)
	if info.Retention != 0 {
		t.Errorf("tasks are kept for %v after their end", info.Retention)
	}
	f.do(f.inspector().DeleteTask("outreach", info.ID))
	_, err = asynq.NewClientFromRedisClient(f.rdb).Enqueue(asynq.NewTask(info.Type, info.Payload), asynq.TaskID(info.ID), asynq.Queue("outreach"), asynq.Retention(time.Hour))
	f.do(err)
	f.serve(f.rdb, time.Second)
	f.until("the task is completed", func() bool { return f.set("completed") == 1 })
	f.do(f.inspector().RunTask("outreach", info.ID))
	f.until("the task has run again", func() bool { return f.ended.Load() == 2 })
	f.once()
}
