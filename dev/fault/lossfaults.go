package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// lossFaults are ledgers that know less than they did, and ledgers that know nothing.
var lossFaults = []scenario{
	{
		id: "F15", what: "kill -9 of Redis with the last second of its file lost (everysec)", short: true,
		options: options{campaign: campaignIs{letters: 400, block: 20}, fsync: "everysec"}, most: 4 * time.Minute,
		do: lostTail,
	},
	{
		id: "F19", what: "Redis restored from yesterday's backup", short: true,
		options: options{campaign: campaignIs{letters: 400, block: 20}}, most: 4 * time.Minute,
		do: yesterday,
	},
	{
		id: "F20a", what: "everything in Redis deleted while the house works, then restored", short: true,
		options: options{campaign: campaignIs{letters: 400, block: 20}}, most: 4 * time.Minute,
		do: emptied,
	},
}

// still says that a ledger which forgot something is frozen: the roles say so, and nothing leaves.
func (l *lab) still(says string) error {
	if err := l.until(patience, "the roles say that nothing may leave", func() (bool, error) {
		for _, p := range l.roles[len(l.roles)-2:] {
			if strings.Contains(p.said(), says) {
				return true, nil
			}
		}
		return false, nil
	}); err != nil {
		return fmt.Errorf("%w: %s", err, tail(l.roles[len(l.roles)-1].said(), 3))
	}
	was := l.witness.accepted()
	// Longer than a lease, than a look at the index and than a sweep: were anything woken, it would leave now.
	if err := l.pass(2 * time.Second); err != nil {
		return err
	}
	if n := l.witness.accepted() - was; n > 0 {
		return fmt.Errorf("%d letters left though the ledger is frozen", n)
	}
	return nil
}

// reconcile is what a person types then, with every role at rest.
func (l *lab) reconcile() error {
	if err := l.endRoles(); err != nil {
		return err
	}
	out, _, err := l.run("reconcile", "--json")
	if err != nil {
		return err
	}
	var table struct {
		Ledger  string     `json:"ledger"`
		Frozen  string     `json:"frozen"`
		Letters []struct{} `json:"letters"`
	}
	if err := json.Unmarshal([]byte(out), &table); err != nil {
		return fmt.Errorf("reconcile --json: %w: %s", err, out)
	}
	if table.Frozen == "" {
		return fmt.Errorf("reconcile does not say that the ledger is frozen: %s", out)
	}
	l.note("frozen: %s; reconcile found %d letters that the ledger did not know so", table.Frozen, len(table.Letters))
	_, _, err = l.run("reconcile", "--confirm", table.Ledger, "--reason", "a fault was made", "--as", "bea")
	return err
}

// lostTail kills Redis and takes from its file what came within the last second.
func lostTail(l *lab) error {
	l.forgot = true
	l.slow(20 * time.Millisecond)
	if err := l.release(); err != nil {
		return err
	}
	for range 2 {
		if err := l.both(); err != nil {
			return err
		}
		if err := l.leave(60); err != nil {
			return err
		}
		files, err := filepath.Glob(filepath.Join(l.dir, "redis", "appendonlydir", "*.incr.aof"))
		if err != nil || len(files) != 1 {
			return fmt.Errorf("the file of Redis: %v (%v)", files, err)
		}
		before, err := os.Stat(files[0])
		if err != nil {
			return err
		}
		began := time.Now()
		was := l.witness.accepted()
		if err := l.until(patience, "a second passes in which letters leave", func() (bool, error) {
			return time.Since(began) >= time.Second && l.witness.accepted() > was, nil
		}); err != nil {
			return err
		}
		l.redis.kill()
		l.did("kill -9 of Redis", 1)
		after, err := os.Stat(files[0])
		if err != nil {
			return err
		}
		if err := os.Truncate(files[0], before.Size()); err != nil {
			return err
		}
		l.did("the last second of the file of Redis lost", 1)
		l.note("%d bytes lost, %d letters left meanwhile", after.Size()-before.Size(), l.witness.accepted()-was)
		if err := l.startRedis(); err != nil {
			return err
		}
		if err := l.still("frozen"); err != nil {
			return err
		}
		if err := l.reconcile(); err != nil {
			return err
		}
	}
	return nil
}

// yesterday restores a backup in the place of the ledger.
func yesterday(l *lab) error {
	file, err := l.backup()
	if err != nil {
		return err
	}
	if err := l.leave(100); err != nil {
		return err
	}
	if err := l.endRoles(); err != nil {
		return err
	}
	name, err := l.ledgerName()
	if err != nil {
		return err
	}
	if _, _, err := l.run("restore", file, "--replace", "--confirm", name, "--as", "bea"); err != nil {
		return err
	}
	l.did("the ledger of yesterday in the place of today's", 1)
	return l.restored()
}

// backup starts a house on a slow relay whose ledger will forget, and copies the ledger beside it at work, when some letters
// have left.
func (l *lab) backup() (string, error) {
	l.forgot = true
	l.slow(20 * time.Millisecond)
	if err := l.release(); err != nil {
		return "", err
	}
	if err := l.both(); err != nil {
		return "", err
	}
	if err := l.leave(60); err != nil {
		return "", err
	}
	file := filepath.Join(l.dir, "yesterday.outreach")
	_, _, err := l.run("backup", file)
	return file, err
}

// restored starts the roles on a ledger that was restored: nothing leaves until a person has reconciled it.
func (l *lab) restored() error {
	if err := l.both(); err != nil {
		return err
	}
	if err := l.still("frozen"); err != nil {
		return err
	}
	return l.reconcile()
}

// ledgerName is what a person must type to have the ledger replaced: the refusal says it.
func (l *lab) ledgerName() (string, error) {
	epoch, err := l.rdb.HGet(l.ctx, "{outreach}:meta", "epoch").Result()
	if err != nil || len(epoch) < 8 {
		return "", fmt.Errorf("the ledger's epoch is %q (%v)", epoch, err)
	}
	return epoch[:8], nil
}

// emptied deletes all there is while everything runs, starts the roles again on nothing, and restores the backup.
func emptied(l *lab) error {
	file, err := l.backup()
	if err != nil {
		return err
	}
	if err := l.leave(60); err != nil {
		return err
	}
	if err := l.rdb.FlushAll(l.ctx).Err(); err != nil {
		return err
	}
	l.did("FLUSHALL", 1)
	was := l.witness.accepted()
	// What had passed the commit point may still leave; nothing else may, however long the roles live on.
	if err := l.pass(2 * time.Second); err != nil {
		return err
	}
	if n := l.witness.accepted() - was; n > connections {
		return fmt.Errorf("%d letters left after the ledger was gone, over %d connections", n, connections)
	}
	for _, p := range l.roles {
		p.kill()
		l.did("kill -9 of a role", 1)
	}
	l.kept = nil
	for _, name := range []string{"scheduler", "worker"} {
		p, err := l.role(name)
		if err != nil {
			return err
		}
		if err := p.gone(l.ctx, patience); err != nil {
			return fmt.Errorf("%w, on an empty ledger: %s", err, tail(p.said(), 2))
		}
		l.note("a %s on the empty ledger: %.200s", name, tail(p.said(), 1))
	}
	if _, _, err := l.run("restore", file, "--as", "bea"); err != nil {
		return err
	}
	return l.restored()
}
