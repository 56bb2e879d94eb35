package queue_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"outreach.example/ledger/ledgertest"
	"outreach.example/letter"
	"outreach.example/queue"
)

var kenya = letter.Block{Campaign: "res", Step: "appeal", Name: "KEN-0"}

// serve runs a server until the returned function is called, which waits for its end.
func serve(t *testing.T, rdb *redis.Client, process func(letter.Block) error) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	s := &queue.Server{Redis: rdb, Workers: 4, Drain: 5 * time.Second, Log: slog.New(slog.DiscardHandler), Process: process}
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx) }()
	return sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// A block that is woken twice under one number is one task; under the next number it is another.
func TestWakeTwice(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		q := queue.New(rdb)
		for _, wake := range []int64{0, 0, 1} {
			if _, err := q.Wake(t.Context(), kenya, wake); err != nil {
				t.Fatal(err)
			}
		}
		if n, err := q.Depth(t.Context()); err != nil || n != 2 {
			t.Errorf("depth %d %v, want 2", n, err)
		}
	})
}

// The reply to a wake-up is lost: woken again under its number, the block is one task.
func TestWakeReplyLost(t *testing.T) {
	proxy := ledgertest.NewProxy(t, ledgertest.Start(t).Addr)
	rdb := ledgertest.Client(t, proxy.Addr)
	q := queue.New(rdb)
	for range 2 {
		if err := rdb.Ping(t.Context()).Err(); err != nil { // a connection stands ready
			t.Fatal(err)
		}
		proxy.DropReply()
		if _, err := q.Wake(t.Context(), kenya, 3); err == nil {
			t.Fatal("the reply was not dropped")
		}
	}
	if _, err := q.Wake(t.Context(), kenya, 3); err != nil {
		t.Error(err)
	}
	if n, err := q.Depth(t.Context()); err != nil || n != 1 {
		t.Errorf("depth %d %v, want 1", n, err)
	}
}

// A task holds ids only.
func TestPayload(t *testing.T) {
	rdb := ledgertest.Client(t, ledgertest.Mini(t).Addr())
	if _, err := queue.New(rdb).Wake(t.Context(), kenya, 7); err != nil {
		t.Fatal(err)
	}
	raw, err := rdb.HGet(t.Context(), "asynq:{outreach}:t:res.appeal.KEN-0.7", "msg").Result()
	if err != nil {
		t.Fatal(err)
	}
	start, end := strings.Index(raw, "{"), strings.LastIndex(raw, "}")
	var got map[string]string
	if err := json.Unmarshal([]byte(raw[start:end+1]), &got); err != nil {
		t.Fatalf("payload of %q: %v", raw, err)
	}
	if len(got) != 3 || got["c"] != "res" || got["s"] != "appeal" || got["b"] != "KEN-0" {
		t.Errorf("payload %v", got)
	}
}

// Every woken block is processed, an error is no retry and no archive, and its number can be used again afterwards.
func TestServe(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		q := queue.New(rdb)
		got := make(chan letter.Block, 10)
		stop := serve(t, rdb, func(b letter.Block) error {
			got <- b
			return errors.New("the store did not answer")
		})
		defer stop()
		for range 2 {
			if _, err := q.Wake(t.Context(), kenya, 3); err != nil {
				t.Fatal(err)
			}
			select {
			case b := <-got:
				if b != kenya {
					t.Errorf("processed %v", b)
				}
			case <-time.After(20 * time.Second):
				t.Fatal("not processed")
			}
			// The handler has returned; asynq frees the id a moment later.
			free := func() bool {
				n, _ := rdb.Exists(t.Context(), "asynq:{outreach}:t:res.appeal.KEN-0.3").Result()
				return n == 0
			}
			for deadline := time.After(20 * time.Second); !free(); {
				select {
				case <-deadline:
					t.Fatal("the task's id was not freed")
				case <-time.After(5 * time.Millisecond):
				}
			}
		}
		stop()
		for _, set := range []string{"retry", "archived", "scheduled"} {
			if n, _ := rdb.ZCard(t.Context(), "asynq:{outreach}:"+set).Result(); n != 0 {
				t.Errorf("%d tasks in %s", n, set)
			}
		}
	})
}

// Serve returns only after the handlers in hand have, and takes no more in between.
func TestServeDrains(t *testing.T) {
	rdb := ledgertest.Client(t, ledgertest.Mini(t).Addr())
	q := queue.New(rdb)
	entered, leave := make(chan bool, 10), make(chan bool)
	var mu sync.Mutex
	finished := 0
	stop := serve(t, rdb, func(letter.Block) error {
		entered <- true
		<-leave
		mu.Lock()
		finished++
		mu.Unlock()
		return nil
	})
	if _, err := q.Wake(t.Context(), kenya, 0); err != nil {
		t.Fatal(err)
	}
	<-entered
	stopped := make(chan bool)
	go func() { stop(); close(stopped) }()
	select {
	case <-stopped:
		t.Fatal("returned while a handler was at work")
	case <-time.After(300 * time.Millisecond):
	}
	close(leave)
	<-stopped
	mu.Lock()
	defer mu.Unlock()
	if finished != 1 {
		t.Errorf("%d handlers finished", finished)
	}
}
