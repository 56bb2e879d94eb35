package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/redis/go-redis/v9"

	"outreach.example/ledger/intent"
	"outreach.example/ledger/ledgertest"
	"outreach.example/relay/relaytest"
)

// field is the sample campaign, started, on a real redis-server and a relay that writes down what it accepts.
type field struct {
	env    map[string]string
	dir    string
	box    *relaytest.Raw
	rdb    *redis.Client
	srv    *ledgertest.Server
	resume chan struct{} // the relay answers no dot before it is closed
	dots   atomic.Int64  // how many it has read
}

func newField(t *testing.T, paused bool) *field {
	t.Helper()
	srv := ledgertest.Start(t, "--appendonly", "yes", "--appendfsync", "everysec")
	f := &field{dir: sampleProject(t), rdb: ledgertest.Client(t, srv.Addr), srv: srv, resume: make(chan struct{})}
	if !paused {
		close(f.resume)
	}
	f.box = relaytest.StartRaw(t, relaytest.Script{Extensions: []string{"PIPELINING", "SIZE 10000000"}, Answer: func(c relaytest.Command) *relaytest.Answer {
		if c.Verb != "." {
			return nil
		}
		f.dots.Add(1)
		return &relaytest.Answer{Wait: f.resume, Take: true, Raw: "250 2.0.0 taken\r\n"}
	}})
	f.env = map[string]string{
		"OUTREACH_REDIS": "redis://" + srv.Addr + "/0",
		"OUTREACH_RELAY": f.box.URL(),
		"OUTREACH_USER":  "ann",
		"OUTREACH_HELO":  "worker.outreach.example",

		"OUTREACH_INTENTS": t.TempDir(),
	}
	for _, args := range [][]string{
		{"check", "resilience"}, {"plan", "resilience"}, {"approve", "resilience", "--as", "another"},
		{"start", "resilience", "--confirm", "resilience"},
	} {
		must(t, f.env, append([]string{"-C", f.dir}, args...)...)
	}
	return f
}

func (f *field) status(t *testing.T) status {
	t.Helper()
	var s status
	if err := json.Unmarshal([]byte(must(t, f.env, "status", "resilience", "--json")), &s); err != nil {
		t.Fatal(err)
	}
	if sum := s.Planned + s.Claimed + s.Sending + s.Sent + s.InDoubt + s.Refused + s.Bounced + s.Withheld + s.Cancelled; sum != s.Total {
		t.Errorf("the states of %+v sum to %d", s, sum)
	}
	return s
}

// once counts the letters the relay took and wants none twice.
func (f *field) once(t *testing.T) int {
	t.Helper()
	ids := map[string]int{}
	for _, m := range f.box.Letters() {
		ids[m.MessageID]++
	}
	for _, id := range twice(ids) {
		t.Errorf("handed over twice: %s", id)
	}
	return len(ids)
}

// Two schedulers and three workers send 175 letters, none twice.
func TestManyRoles(t *testing.T) {
	f := newField(t, false)
	var all []*process
	for range 2 {
		all = append(all, start(t, f.env, "scheduler"))
	}
	for range 3 {
		all = append(all, start(t, f.env, "worker"))
	}
	until(t, "175 sent", func() bool { return f.status(t).Sent == 175 })
	if n := f.once(t); n != 175 {
		t.Errorf("%d letters accepted", n)
	}
	for _, p := range all {
		p.stop(t)
	}
}

// Deleting every key of the queue in the middle loses nothing.
func TestQueueLost(t *testing.T) {
	f := newField(t, true)
	start(t, f.env, "scheduler")
	start(t, f.env, "worker")
	until(t, "letters in hand", func() bool { return f.status(t).Sending > 0 })
	keys, err := f.rdb.Keys(t.Context(), "asynq:*").Result()
	if err != nil || len(keys) == 0 {
		t.Fatal(keys, err)
	}
	f.rdb.Del(t.Context(), keys...)
	close(f.resume)
	until(t, "175 sent", func() bool { return f.status(t).Sent == 175 })
	if n := f.once(t); n != 175 {
		t.Errorf("%d letters accepted", n)
	}
}

// A worker killed in the middle: what it had claimed goes out by another; what it had past the commit point is in doubt,
// at most one letter a connection, and nothing goes out twice.
func TestWorkerKilled(t *testing.T) {
	f := newField(t, true)
	f.env["OUTREACH_CONNECTIONS"] = "4"
	start(t, f.env, "scheduler")
	victim := start(t, f.env, "worker")
	// The ledger knows of a letter before the intent file does: one that was killed in between is not in doubt.
	until(t, "a dot at the relay", func() bool { return f.dots.Load() > 0 })
	victim.kill()
	close(f.resume)
	start(t, f.env, "worker")
	until(t, "no letter open", func() bool { s := f.status(t); return s.Planned+s.Claimed+s.Sending == 0 })
	s := f.status(t)
	if s.InDoubt < 1 || s.InDoubt > 4 {
		t.Errorf("%d letters in doubt, want 1 to 4 (one a connection)", s.InDoubt)
	}
	if s.Sent+s.InDoubt != 175 {
		t.Errorf("status %+v", s)
	}
	if n := f.once(t); n < s.Sent || n > 175 {
		t.Errorf("%d letters accepted, %d sent", n, s.Sent)
	}
	// What is in doubt is what the dead one's intent file leaves open, no more and no less.
	paths, err := filepath.Glob(filepath.Join(f.env["OUTREACH_INTENTS"], "*.settled"))
	if err != nil || len(paths) != 1 {
		t.Fatalf("adopted files: %v, %v", paths, err)
	}
	file, err := os.Open(paths[0])
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	c, err := intent.Read(file)
	if err != nil || !c.Whole() || c.Closed {
		t.Errorf("the dead one's file: %+v, %v", c, err)
	}
	open := 0
	for _, tr := range c.Traces {
		if tr.Open() {
			open++
		}
	}
	if open != s.InDoubt {
		t.Errorf("%d letters in doubt, and %d open intents", s.InDoubt, open)
	}
}
