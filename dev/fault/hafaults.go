package main

import (
	"fmt"
	"net"
	"strings"
	"time"

	"outreach.example/ledger/ledgertest"
	"outreach.example/letter"
)

// haFaults are those of a primary, its replicas and the sentinels that watch them.
var haFaults = []scenario{
	{
		id: "F16", what: "failover that loses what the replicas were not told", short: true,
		options: options{campaign: campaignIs{letters: 400, block: 20}, sentinels: true}, most: 5 * time.Minute,
		do: failovers,
	},
	{
		id: "F16a", what: "the same, and the workers' machine is lost with its intent files", short: true,
		options: options{campaign: campaignIs{letters: 200, block: 20}, sentinels: true}, most: 4 * time.Minute,
		do: machineLost,
	},
	{
		id: "F17", what: "the old primary is cut off with a worker and a scheduler on its side", short: true,
		options: options{campaign: campaignIs{letters: 300, block: 20}, sentinels: true}, most: 4 * time.Minute,
		do: partition,
	},
	{
		id: "F18", what: "a replica down", short: true,
		options: options{campaign: campaignIs{letters: 300, block: 20}, sentinels: true}, most: 4 * time.Minute,
		do: replicaDown,
	},
}

// leave waits until so many more letters were taken, or none is open.
func (l *lab) leave(n int) error {
	was := l.witness.accepted()
	return l.until(time.Minute, fmt.Sprintf("%d more letters leave", n), func() (bool, error) {
		if l.witness.accepted() >= was+n {
			return true, nil
		}
		c, err := l.counts("appeal")
		return err == nil && c.Total() == l.is.letters && c.Open() == 0, nil
	})
}

// deaf keeps what a primary writes from its replicas, while everybody else still reaches it.
func deaf(primary *ledgertest.Node, on bool) {
	if !on {
		primary.Proxy.Stall(nil)
		return
	}
	loopback := net.IPv4(127, 0, 0, 1)
	primary.Proxy.Stall(func(from net.IP) bool { return !from.Equal(loopback) })
}

// failovers kills the primary again and again, each time after its replicas have heard nothing of it for a while.
func failovers(l *lab) error {
	l.slow(20 * time.Millisecond)
	if err := l.release(); err != nil {
		return err
	}
	if err := l.both(); err != nil {
		return err
	}
	for range 3 {
		if err := l.leave(40); err != nil {
			return err
		}
		if err := l.failover(func() {}); err != nil {
			return err
		}
		if err := l.thaw(); err != nil {
			return err
		}
	}
	return l.quiet(2 * time.Minute)
}

// failover kills a primary whose replicas have heard nothing of it for a while, and does what happens at the same moment.
func (l *lab) failover(too func()) error {
	return met(func() {
		old := l.top.Primary()
		deaf(old, true)
		was := l.witness.accepted()
		// What is claimed and begun from here on no replica will ever know.
		if err := l.pass(700 * time.Millisecond); err != nil {
			panic(unmet{err})
		}
		old.Kill()
		too()
		for _, n := range l.top.Nodes {
			n.Proxy.Cut()
		}
		deaf(old, false)
		l.did("kill -9 of the primary, what it wrote last lost", 1)
		l.top.Promoted(old)
		l.note("%d letters left between the last word to the replicas and the failover", l.witness.accepted()-was)
		old.Rejoin()
		l.top.Settled(3)
	})
}

// machineLost loses with the primary the machine of all roles. The next ones run elsewhere and remember nothing: only what
// the replicas had before a dot was written keeps a letter from going twice.
func machineLost(l *lab) error {
	l.slow(20 * time.Millisecond)
	if err := l.release(); err != nil {
		return err
	}
	for round := range 2 {
		for _, name := range []string{"scheduler", "worker"} {
			if _, err := l.role(name, fmt.Sprintf("OUTREACH_INTENTS=%s/lost-%d", l.dir, round)); err != nil {
				return err
			}
		}
		if err := l.leave(30); err != nil {
			return err
		}
		if err := l.failover(func() {
			for _, p := range l.roles[len(l.roles)-2:] {
				p.kill()
				l.did("kill -9 of a role, its intent files lost", 1)
			}
		}); err != nil {
			return err
		}
	}
	return nil
}

// thaw is the person who reconciles a ledger that found itself frozen, and starts the roles again.
func (l *lab) thaw() error {
	frozen := ""
	if err := l.until(patience, "the new primary says whether the ledger is frozen, or letters leave", func() (bool, error) {
		var err error
		frozen, err = l.ledger.Frozen(l.ctx)
		return err == nil, nil
	}); err != nil {
		return err
	}
	// A process that remembers more than there is looks every second.
	was := l.witness.accepted()
	for end := time.Now().Add(3 * time.Second); frozen == "" && time.Now().Before(end) && l.witness.accepted() < was+20; {
		if err := l.pass(100 * time.Millisecond); err != nil {
			return err
		}
		if again, err := l.ledger.Frozen(l.ctx); err == nil {
			frozen = again
		}
	}
	if frozen == "" {
		return nil
	}
	if err := l.reconcile(); err != nil {
		return err
	}
	return l.both()
}

// partition leaves a worker and a scheduler with the old primary, cut off from everybody else.
func partition(l *lab) error {
	l.slow(20 * time.Millisecond)
	if err := l.release(); err != nil {
		return err
	}
	var old *ledgertest.Node
	if err := met(func() { old = l.top.Primary() }); err != nil {
		return err
	}
	side := []string{"OUTREACH_REDIS=redis://" + old.Direct + "/0", "OUTREACH_REPLICAS=2"}
	for _, name := range []string{"scheduler", "worker"} {
		if _, err := l.role(name, side...); err != nil {
			return err
		}
	}
	alone := l.roles[len(l.roles)-1]
	if err := l.leave(30); err != nil {
		return err
	}
	old.CutOff()
	l.did("a primary cut off", 1)
	if err := l.until(patience, "the worker on its side says that it waits", func() (bool, error) {
		return strings.Contains(alone.said(), "sending waits"), nil
	}); err != nil {
		return fmt.Errorf("%w: %s", err, tail(alone.said(), 3))
	}
	was := l.witness.accepted()
	if err := met(func() { l.top.Promoted(old) }); err != nil {
		return err
	}
	if n := l.witness.accepted() - was; n > 0 {
		return fmt.Errorf("%d letters left from the side of the old primary", n)
	}
	// The other side works; the side that is cut off goes on trying all the while.
	if err := l.until(patience, "the old primary's own side is still there", func() (bool, error) {
		return alone.running(), nil
	}); err != nil {
		return err
	}
	for _, n := range l.top.Nodes {
		n.Proxy.Cut()
	}
	old.Heal()
	if err := met(func() { l.top.Settled(3) }); err != nil {
		return err
	}
	for _, p := range l.roles {
		p.kill()
		l.did("kill -9 of a role of the old primary's side", 1)
	}
	if err := l.both(); err != nil {
		return err
	}
	return l.thaw()
}

// replicaDown kills one replica: nothing leaves, status says why, and it goes on by itself when the replica is back.
func replicaDown(l *lab) error {
	l.slow(20 * time.Millisecond)
	if err := l.release(); err != nil {
		return err
	}
	if err := l.both(); err != nil {
		return err
	}
	worker := l.roles[len(l.roles)-1]
	for round := range 2 {
		if err := l.leave(30); err != nil {
			return err
		}
		if err := met(func() {
			replica := l.top.Replicas()[0]
			replica.Kill()
			l.did("kill -9 of a replica", 1)
			defer replica.Rejoin()
			if err := l.until(patience, "sending waits", func() (bool, error) {
				return strings.Count(worker.said(), "sending waits") > round, nil
			}); err != nil {
				panic(unmet{fmt.Errorf("%w: %s", err, tail(worker.said(), 3))})
			}
			was := l.witness.accepted()
			out, _, err := l.run("status", campaignName)
			if err != nil || !strings.Contains(out, "sending waits: 1 of 2 replicas answers") {
				panic(unmet{fmt.Errorf("status does not say that sending waits: %s (%v)", out, err)})
			}
			c, err := l.counts("appeal")
			if err != nil || c[letter.InDoubt] > 0 {
				panic(unmet{fmt.Errorf("%d letters are in doubt (%v)", c[letter.InDoubt], err)})
			}
			if n := l.witness.accepted() - was; n > 0 {
				panic(unmet{fmt.Errorf("%d letters left without the replica", n)})
			}
		}); err != nil {
			return err
		}
	}
	return l.quiet(time.Minute)
}
