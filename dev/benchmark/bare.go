package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"outreach.example/ledger"
	"outreach.example/letter"
	"outreach.example/queue"
	"outreach.example/relay"
	"outreach.example/templates"
	"outreach.example/worker"
)

// bareInHand is how many letters a bare worker has in hand, and connections how many connections: as many as the program's
// (in_hand and connections in its settings).
const (
	bareInHand  = 64
	connections = 20
)

// bare is a worker without what makes a letter leave once and only once: no claim, no begin, no settle, no audit, no intent
// file. It takes the same tasks from the same queue, makes and hands over the same letters by the same rooms, and logs the
// same lines. It ends once it has handed over so many.
func bare(ctx context.Context, redisAddr, relayAddr string, letters int) error {
	worker.LimitMemory(bareInHand, os.Getenv)
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	rdb := redis.NewClient(&redis.Options{Addr: redisAddr})
	defer func() { _ = rdb.Close() }()
	l := ledger.New(rdb)
	c, err := l.Campaign(ctx, "bench")
	if err != nil {
		return err
	}
	stored, err := l.Edition(ctx, c.Edition)
	if err != nil {
		return err
	}
	_, set, err := templates.LoadEdition(stored)
	if err != nil {
		return err
	}
	blocks, err := l.Blocks(ctx, c.Edition)
	if err != nil {
		return err
	}
	settings, err := relay.ParseURL("smtp://" + relayAddr + "?tls=none")
	if err != nil {
		return err
	}
	settings.Helo, settings.Connections = "bench.outreach.example", connections
	r := relay.New(settings, relay.Options{Now: time.Now, Log: log})
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	house, buffers := &letter.Sealer{}, sync.Pool{New: func() any { return new(bytes.Buffer) }}
	hands := make(chan struct{}, bareInHand)
	left := atomic.Int64{}
	left.Store(int64(letters))
	process := func(b letter.Block) error {
		records, err := l.Records(ctx, blocks, b.Name)
		if err != nil {
			stop(err)
			return err
		}
		var inHand sync.WaitGroup
		for i := range records {
			hands <- struct{}{}
			inHand.Go(func() {
				defer func() { <-hands }()
				content, err := set.Compose(&records[i], b.Step)
				if err == nil {
					err = set.Door(&content, &records[i])
				}
				if err != nil {
					stop(err)
					return
				}
				now := time.Now()
				buffer := buffers.Get().(*bytes.Buffer)
				defer buffers.Put(buffer)
				sealed, err := house.Seal(buffer, &content, letter.Occasion{Date: now, Printed: set.PrintDate(content.Language, now)})
				if err != nil {
					stop(err)
					return
				}
				v := r.Deliver(ctx, sealed, relay.Attempt{}, func(context.Context) error { return nil })
				if v.Outcome != letter.Accepted {
					stop(fmt.Errorf("letter %s: %s %s", sealed.ID, v.Outcome, v.Text))
					return
				}
				log.Info("letter", "campaign", sealed.ID.Campaign, "step", sealed.ID.Step, "donor", sealed.ID.Donor,
					"letter", sealed.ID.String(), "attempt", 1, "state", string(letter.Sent), "verdict", v.Text)
				if left.Add(-1) == 0 {
					stop(nil)
				}
			})
		}
		inHand.Wait()
		return nil
	}
	s := &queue.Server{Redis: rdb, Workers: bareInHand / 2, Drain: time.Minute, Log: log, Process: process}
	err = s.Serve(ctx)
	patience, end := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer end()
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		err = errors.Join(err, cause)
	}
	return errors.Join(err, r.Close(patience))
}

// bareRun sends one campaign by a bare worker, and says what CPU a letter cost it and Redis, in microseconds.
func (b *bench) bareRun(relayAddr string) (worker, store float64, err error) {
	srv, rdb, err := b.redis("everysec")
	if err != nil {
		return 0, 0, err
	}
	defer srv.end()
	defer func() { _ = rdb.Close() }()
	env, dir := b.env(srv.addr, relayAddr), filepath.Join(b.dir, "hundred")
	for _, args := range [][]string{{"plan", "bench", "--json"}, {"approve", "bench", "--as", "bea"}} {
		if _, err := b.outreach(env, append([]string{"-C", dir}, args...)...); err != nil {
			return 0, 0, err
		}
	}
	l, q := ledger.New(rdb), queue.New(rdb)
	names, err := l.AllBlocks(b.ctx, "bench")
	if err != nil {
		return 0, 0, err
	}
	cpu := b.cpu(rdb)
	for _, name := range names {
		if _, err := q.Wake(b.ctx, letter.Block{Campaign: "bench", Step: "appeal", Name: name}, 1); err != nil {
			return 0, 0, err
		}
	}
	cmd := exec.CommandContext(b.ctx, filepath.Join(b.dir, "bare"), "--bare", srv.addr+","+relayAddr, "--letters", fmt.Sprint(b.letters))
	log, err := os.Create(filepath.Join(b.dir, "bare.log"))
	if err != nil {
		return 0, 0, err
	}
	defer func() { _ = log.Close() }()
	cmd.Stderr = log
	if err := cmd.Run(); err != nil {
		return 0, 0, fmt.Errorf("bare worker: %w", err)
	}
	n := float64(b.letters)
	return (&role{cmd: cmd}).cpu() / n, (b.cpu(rdb) - cpu) / n, nil
}
