// Package queue owns everything asynq: one task per block, serving blocks to a worker, how deep the queue is. asynq is
// only the alarm clock: what a task did is in the ledger, so a lost or repeated task costs nothing. What a letter says
// and whether it may leave is for others.
package queue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"outreach.example/letter"
)

const (
	kind = "block"
	name = "outreach"

	// A handler asks for claims for at most ten minutes and the relay's slowest answer takes ten; asynq must never give a
	// task to a second handler while the first one still has it.
	timeout = 30 * time.Minute
	// The ledger decides about retries. asynq must never archive a wake-up: an archived task keeps its id.
	maxRetry = 1 << 30
)

// payload is a task's payload: ids only, no names and no addresses.
type payload struct {
	Campaign string `json:"c"`
	Step     string `json:"s"`
	Block    string `json:"b"`
}

// A Queue puts wake-ups into Redis.
type Queue struct {
	rdb    redis.UniversalClient
	client *asynq.Client
}

// New makes a queue on a client, which it does not close.
func New(rdb redis.UniversalClient) *Queue {
	return &Queue{rdb: rdb, client: asynq.NewClientFromRedisClient(rdb)}
}

// TaskID names the wake-up of a block: the same number gives the same task.
func TaskID(b letter.Block, wake int64) string { return b.String() + "." + strconv.FormatInt(wake, 10) }

// Wake enqueues the wake-up of a block. That its number is taken is success: the same wake-up is there already, or an
// answer to an earlier call was lost. What holds the number may also never run (asynq keeps archived tasks for 90 days, and lost ones for ever), so the caller is told.
func (q *Queue) Wake(ctx context.Context, b letter.Block, wake int64) (taken bool, err error) {
	body, err := json.Marshal(payload{b.Campaign, b.Step, b.Name})
	if err != nil {
		return false, err
	}
	_, err = q.client.EnqueueContext(ctx, asynq.NewTask(kind, body), asynq.TaskID(TaskID(b, wake)), asynq.Queue(name),
		asynq.MaxRetry(maxRetry), asynq.Timeout(timeout))
	switch {
	case errors.Is(err, asynq.ErrTaskIDConflict):
		return true, nil
	case err != nil:
		return false, fmt.Errorf("queue %s: %w", TaskID(b, wake), err)
	}
	return false, nil
}

// Depth is how many wake-ups wait to be taken by a worker. It asks for the length of asynq's pending list alone: the
// inspector would measure the memory of every queue on the way.
func (q *Queue) Depth(ctx context.Context) (int, error) {
	n, err := q.rdb.LLen(ctx, "asynq:{"+name+"}:pending").Result()
	if err != nil {
		return 0, fmt.Errorf("queue: %w", err)
	}
	return int(n), nil
}

// Server serves blocks to a worker's Process.
type Server struct {
	Redis   redis.UniversalClient
	Workers int           // handlers at once
	Drain   time.Duration // how long letters in hand may take to finish when the context ends
	Log     *slog.Logger
	Process func(b letter.Block) error
}

// fetchers is how many asynq servers take tasks side by side: each has one loop that asks for one task at a time, and
// waits for Redis in between.
const fetchers = 3

// Serve runs until ctx ends, then takes no more tasks, lets the ones in hand finish for Drain, and returns. A handler
// never reports an error to asynq: it is logged, and the ledger wakes the block again.
func (s *Server) Serve(ctx context.Context) error {
	var inHand sync.WaitGroup
	handle := func(_ context.Context, t *asynq.Task) error {
		inHand.Add(1)
		defer inHand.Done()
		var p payload
		if err := json.Unmarshal(t.Payload(), &p); err != nil {
			s.Log.Error("a task that is no block was dropped", "error", err)
			return nil
		}
		// Not asynq's context: it ends when asynq has lost its lease or patience, which says nothing of the letters.
		if err := s.Process(letter.Block{Campaign: p.Campaign, Step: p.Step, Name: p.Block}); err != nil && ctx.Err() == nil {
			s.Log.Warn("block put off", "campaign", p.Campaign, "step", p.Step, "block", p.Block, "error", err)
		}
		return nil
	}
	var servers []*asynq.Server
	defer func() {
		var down sync.WaitGroup
		for _, srv := range servers {
			down.Go(srv.Shutdown)
		}
		down.Wait()
		inHand.Wait()
	}()
	for range fetchers {
		srv := asynq.NewServerFromRedisClient(s.Redis, asynq.Config{
			Concurrency:       max(1, s.Workers/fetchers),
			Queues:            map[string]int{name: 1},
			ShutdownTimeout:   s.Drain + 5*time.Second,
			TaskCheckInterval: 50 * time.Millisecond, // the default of a second is the latency of an idle letter
			Logger:            quiet{s.Log},
			LogLevel:          asynq.ErrorLevel, // its warnings are of tasks that another server took care of
		})
		if err := srv.Start(asynq.HandlerFunc(handle)); err != nil {
			return fmt.Errorf("queue: %w", err)
		}
		servers = append(servers, srv)
	}
	<-ctx.Done()
	return nil
}

// quiet passes asynq's errors on to the program's log.
type quiet struct{ log *slog.Logger }

func (q quiet) Debug(...any) {}
func (q quiet) Info(...any)  {}
func (q quiet) Warn(...any)  {}
func (q quiet) Error(a ...any) {
	q.log.Error("queue: " + fmt.Sprint(a...))
}
func (q quiet) Fatal(a ...any) {
	q.log.Error("queue: " + fmt.Sprint(a...))
}
