package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/redis/go-redis/v9"

	"outreach.example/ledger"
	"outreach.example/ledger/intent"
)

// keepEvery is how often a position is written into the folder at most: it costs an fsync.
const keepEvery = 2 * time.Second

// memory is what this process, and those before it on this machine, remember of where the ledger stands. It is asked on
// every new connection to the ledger and every second: a Redis that was restored, replaced or failed over forgets, and
// letters may have left that it knows nothing of.
type memory struct {
	folder string
	shown  string // the ledger's address
	who    string
	now    func() time.Time
	log    *slog.Logger

	turn   chan struct{} // holds one: whoever takes it may ask; what follows is his
	at     ledger.Position
	dead   map[string]ledger.Position // of unsettled intent files, by path; asked until the ledger holds them
	live   func() ledger.Position     // of this process's own
	kept   time.Time
	frozen string // as it was logged last
}

// remember reads what the folder's intent files remember. The position file is read with each check.
func (a *app) remember(c config, log *slog.Logger) (*memory, error) {
	folder := c.value["intents"]
	if folder == "" {
		return nil, ledger.Refusal(noIntents)
	}
	host, err := os.Hostname()
	if err != nil {
		host = "a machine without a name"
	}
	m := &memory{folder: folder, shown: c.shown("redis"), who: host, now: a.now, log: log, dead: map[string]ledger.Position{}, turn: make(chan struct{}, 1)}
	m.turn <- struct{}{}
	files, err := intent.Waiting(folder)
	if err != nil {
		return nil, uselessIntents(fmt.Errorf("the folder of the intent files: %w", err))
	}
	for _, path := range files {
		content, err := intent.Peek(path)
		if errors.Is(err, os.ErrNotExist) {
			continue // adopted meanwhile
		}
		if err != nil {
			return nil, err
		}
		if content.Position.Known() {
			m.dead[path] = content.Position
		}
	}
	return m, nil
}

// gone is the refusal of a ledger that is empty although something is remembered of it.
func (m *memory) gone(p ledger.Position) error {
	return ledger.Refusal(fmt.Sprintf("the ledger at %s is empty, and %s remembers one (%s, entry %d): nothing is sent. If it was lost, restore a backup: outreach restore FILE; if this is to be a new ledger, set OUTREACH_INTENTS to a new folder",
		m.shown, m.folder, p.Name(), p.Seq))
}

// check asks the ledger on a connection whether it is still the one that is remembered. An error means that nobody knows;
// a refusal, that there is no ledger any more.
func (m *memory) check(ctx context.Context, conn redis.Scripter) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	select {
	case <-m.turn:
	case <-ctx.Done():
		return fmt.Errorf("position of the ledger: %w", ctx.Err())
	}
	defer func() { m.turn <- struct{}{} }()
	var reason string
	err := intent.Memory(ctx, m.folder, func(file ledger.Position) (ledger.Position, error) {
		p := m.at
		if m.live != nil {
			p = newer(p, m.live())
		}
		if file.Known() {
			p = newer(file, p)
		}
		for path, q := range m.dead {
			if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
				delete(m.dead, path) // settled meanwhile, by an adoption or a reconciliation
				continue
			}
			got, err := m.ask(ctx, conn, q, &reason)
			if err != nil {
				return file, err
			}
			if got.Holds {
				delete(m.dead, path)
			}
		}
		got, err := m.ask(ctx, conn, p, &reason)
		if err != nil || !got.Holds || len(m.dead) > 0 {
			return file, err
		}
		m.at = got.Now
		if m.now().Sub(m.kept) < keepEvery && m.now().After(m.kept) || !m.at.Known() {
			return file, nil
		}
		m.kept = m.now()
		return m.at, nil
	})
	if err != nil {
		return err
	}
	switch {
	case reason == m.frozen:
	case reason == "":
		m.log.Info("the ledger is no longer frozen")
	default:
		m.log.Warn("the ledger is frozen: nothing leaves", "why", reason, "next", "stop every worker, then type: "+reconcileCommand(m.folder))
	}
	m.frozen = reason
	return nil
}

// ask is one question to the ledger.
func (m *memory) ask(ctx context.Context, conn redis.Scripter, p ledger.Position, reason *string) (ledger.Checked, error) {
	got, err := ledger.Check(ctx, conn, m.who, p)
	if errors.Is(err, ledger.ErrEmpty) {
		if p.Known() {
			return got, m.gone(p)
		}
		return ledger.Checked{Holds: true}, nil
	}
	if err == nil && got.Frozen != "" {
		*reason = got.Frozen
	}
	return got, err
}

// newer is what stands of two positions: of one epoch the later one, of two the first. What the folder says comes first:
// reconcile writes the new epoch there.
func newer(p, q ledger.Position) ledger.Position {
	if !p.Known() || q.Known() && q.Epoch == p.Epoch && q.Seq > p.Seq {
		return q
	}
	return p
}

// follow lets the memory know what this process's intent file is told with every begin.
func (m *memory) follow(live func() ledger.Position) {
	<-m.turn
	m.live = live
	m.turn <- struct{}{}
}

// watch checks every second until ctx ends, or until the ledger is gone: then it returns the refusal.
func (m *memory) watch(ctx context.Context, rdb redis.UniversalClient) error {
	t := time.NewTicker(time.Second)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
		err := m.checkPool(ctx, rdb)
		var gone ledger.Refusal
		switch {
		case errors.As(err, &gone):
			return gone
		case err != nil && ctx.Err() == nil:
			m.log.Error("nobody knows whether the ledger is still the one that was left", "error", err)
		}
	}
}

// checkPool checks on a connection of a pool. It takes the connection first: a new one is asked itself, and must not wait
// for the turn of whoever waits for it.
func (m *memory) checkPool(ctx context.Context, rdb redis.UniversalClient) error {
	pool, ok := rdb.(interface{ Conn() *redis.Conn })
	if !ok {
		return fmt.Errorf("the ledger is on one node, not on a %T", rdb)
	}
	conn := pool.Conn()
	defer func() { _ = conn.Close() }()
	if err := conn.Ping(ctx).Err(); err != nil {
		return err
	}
	return m.check(ctx, conn)
}

func reconcileCommand(folder string) string { return "outreach reconcile --intents " + folder }
