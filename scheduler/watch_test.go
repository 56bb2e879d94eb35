package scheduler_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"outreach.example/ledger"
)

// lines is a log that a test reads while it is written.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) has(words string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Contains(l.b.String(), words)
}

// The scheduled check raises an alarm and says so in the log, and takes it back once the ledger is right again.
func TestWatch(t *testing.T) {
	f := newField(t, "each", "KEN", "NOR")
	f.do(f.s.Tidy)
	log := &lines{}
	f.s.Log, f.s.Check = slog.New(slog.NewTextHandler(log, nil)), 20*time.Millisecond
	ctx, stop := context.WithCancel(f.ctx)
	done := make(chan error, 1)
	go func() { done <- f.s.Watch(ctx) }()
	defer func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}()
	alarms := func(want int) []ledger.Alarm {
		t.Helper()
		late, tick := time.NewTimer(20*time.Second), time.NewTicker(2*time.Millisecond)
		defer late.Stop()
		defer tick.Stop()
		for {
			f.mini.FastForward(time.Second) // the turn of whoever checked last ends
			got, err := f.ledger.Alarms(f.ctx)
			if err != nil {
				t.Fatal(err)
			}
			if len(got) == want {
				return got
			}
			select {
			case <-late.C:
				t.Fatalf("alarms %+v, want %d", got, want)
			case <-tick.C:
			}
		}
	}
	if _, err := f.ledger.Redis.HIncrBy(f.ctx, "{outreach}:n:res", "appeal/S", 2).Result(); err != nil {
		t.Fatal(err)
	}
	if got := alarms(1); got[0].About != "counters/res/appeal" || !strings.Contains(got[0].Says, "+2 sent") {
		t.Errorf("%+v", got)
	}
	if !log.has(`level=ERROR msg="the ledger contradicts itself: res appeal: the counters differ from the letters: +2 sent"`) {
		t.Errorf("the log says nothing of it")
	}
	if _, err := f.ledger.Redis.HIncrBy(f.ctx, "{outreach}:n:res", "appeal/S", -2).Result(); err != nil {
		t.Fatal(err)
	}
	alarms(0)
}
