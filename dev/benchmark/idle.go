package main

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"outreach.example/ledger"
	"outreach.example/letter"
	"outreach.example/queue"
)

// clock is a relay that notes when it was handed each letter: the moment its final dot was read.
type clock struct {
	l    net.Listener
	mu   sync.Mutex
	seen map[string]time.Time // recipient to when
	wg   sync.WaitGroup
}

func newClock() (*clock, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	c := &clock{l: l, seen: map[string]time.Time{}}
	c.wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			c.wg.Go(func() { c.serve(conn) })
		}
	})
	return c, nil
}

func (c *clock) serve(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	r, w := bufio.NewReader(conn), bufio.NewWriter(conn)
	say := func(s string) {
		_, _ = w.WriteString(s + "\r\n")
		if r.Buffered() == 0 {
			_ = w.Flush()
		}
	}
	say("220 clock")
	var to string
	content := false
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimRight(line, "\r\n")
		switch {
		case content && line == ".":
			at := time.Now()
			c.mu.Lock()
			c.seen[to] = at
			c.mu.Unlock()
			content, to = false, ""
			say("250 2.0.0 ok")
		case content:
		case strings.HasPrefix(line, "EHLO"):
			say("250-clock\r\n250-PIPELINING\r\n250 8BITMIME")
		case strings.HasPrefix(line, "RCPT"):
			if to == "" {
				to = strings.TrimSuffix(strings.TrimPrefix(strings.SplitN(line, ">", 2)[0], "RCPT TO:<"), ">")
			}
			say("250 2.1.5 ok")
		case line == "DATA":
			content = true
			say("354 go on")
		case line == "QUIT":
			say("221 bye")
			_ = w.Flush()
			return
		default:
			say("250 2.0.0 ok")
		}
	}
}

func (c *clock) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.seen)
}

// idle hands over single letters in a system that has nothing else to do, and says how many milliseconds after its due
// time each was taken; and how many wake-ups a second the queue takes.
func (b *bench) idle(n int) (latencies []float64, wakes float64, err error) {
	relay, err := newClock()
	if err != nil {
		return nil, 0, err
	}
	defer relay.wg.Wait()
	defer func() { _ = relay.l.Close() }()
	srv, rdb, err := b.redis("everysec")
	if err != nil {
		return nil, 0, err
	}
	defer srv.end()
	defer func() { _ = rdb.Close() }()
	few := &bench{ctx: b.ctx, dir: b.dir, exe: b.exe, letters: n}
	if err := few.project("idle", 1); err != nil {
		return nil, 0, err
	}
	env := b.env(srv.addr, relay.l.Addr().String())
	var due map[string]time.Time
	dir := filepath.Join(b.dir, "idle")
	for _, args := range [][]string{{"plan", "bench", "--json"}, {"approve", "bench", "--as", "bea"}, {"start", "bench", "--confirm", "bench"}} {
		if args[0] == "start" {
			// Before anything can leave, each letter gets a due time of its own.
			if due, err = b.spread(ledger.New(rdb), n); err != nil {
				return nil, 0, err
			}
		}
		if _, err := few.outreach(env, append([]string{"-C", dir}, args...)...); err != nil {
			return nil, 0, err
		}
	}
	scheduler, err := b.role(env, "scheduler")
	if err != nil {
		return nil, 0, err
	}
	worker, err := b.role(env, "worker")
	if err != nil {
		return nil, 0, errors.Join(err, scheduler.stop())
	}
	err = b.sent(rdb, n)
	if err := errors.Join(err, worker.stop(), scheduler.stop()); err != nil {
		return nil, 0, err
	}
	if relay.count() != n {
		return nil, 0, fmt.Errorf("%d of %d single letters arrived", relay.count(), n)
	}
	for id, at := range due {
		arrived := relay.seen["giver"+strings.TrimPrefix(id, "P")+"@givers.example"]
		latencies = append(latencies, float64(arrived.Sub(at).Microseconds())/1000)
	}
	wakes, err = b.wakes(queue.New(rdb))
	return latencies, wakes, err
}

// spread gives each block a due time of its own, ten a second, from some seconds from now, when both roles run; and says
// when each donor's letter is due.
func (b *bench) spread(l *ledger.Ledger, n int) (map[string]time.Time, error) {
	c, err := l.Campaign(b.ctx, "bench")
	if err != nil {
		return nil, err
	}
	blocks, err := l.Blocks(b.ctx, c.Edition)
	if err != nil {
		return nil, err
	}
	at := time.Now().Add(6 * time.Second).Truncate(time.Millisecond)
	due := map[string]time.Time{}
	var rows []ledger.Row
	for _, name := range blocks.Names() {
		records, err := l.Records(b.ctx, blocks, name)
		if err != nil {
			return nil, err
		}
		row := ledger.Row{Block: name, Due: at}
		for _, r := range records {
			due[r.Donor.ID] = at
			row.Donors = append(row.Donors, r.Donor.ID)
		}
		rows, at = append(rows, row), at.Add(97*time.Millisecond)
	}
	laid, err := l.Lay(b.ctx, "bench", "bench", "appeal", c.Edition, rows, true, true)
	if err == nil && laid.Changed != n {
		err = fmt.Errorf("%d of %d letters got a due time of their own", laid.Changed, n)
	}
	return due, err
}

// wakes is how many wake-ups a second the queue takes from one scheduler.
func (b *bench) wakes(q *queue.Queue) (float64, error) {
	const n, hands = 4000, 8
	errs := make([]error, hands)
	var wg sync.WaitGroup
	began := time.Now()
	for h := range hands {
		wg.Go(func() {
			for i := h; i < n && errs[h] == nil; i += hands {
				_, errs[h] = q.Wake(b.ctx, letter.Block{Campaign: "wake", Step: "appeal", Name: fmt.Sprintf("none-%d", i)}, 1)
			}
		})
	}
	wg.Wait()
	return n / time.Since(began).Seconds(), errors.Join(errs...)
}
