package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"outreach.example/ledger"
	"outreach.example/ledger/ledgertest"
	"outreach.example/letter"
)

func missing(answered, needed int) error {
	return ledger.MissingReplica{Answered: answered, Needed: needed}
}

// No letter passes the commit point that a failover could forget: with a replica gone nothing is granted, asked once or
// twice, with scripts or without; when it is back the same letter is granted, and no attempt was counted.
func TestBeginReachesEveryReplica(t *testing.T) {
	top := ledgertest.Sentinel(t)
	w := newWorld(t, top.Client(t, ledger.Load), "KEN", "PER")
	w.Need(2)
	ken, per := w.claimOne("KEN"), w.claimOne("PER")
	w.ok(w.grant(ken))
	gone := top.Replicas()[0]
	gone.Freeze()
	for range 2 {
		if _, err := w.grant(per); !errors.Is(err, missing(1, 2)) {
			t.Fatalf("granted without a replica: %v", err)
		}
	}
	if err := w.Missing(); !errors.Is(err, missing(1, 2)) {
		t.Errorf("afterwards: %v", err)
	}
	if err := w.Reach(w.ctx); !errors.Is(err, missing(1, 2)) {
		t.Errorf("asked: %v", err)
	}
	if waits, err := w.Waits(w.ctx); err != nil || waits != "1 of 2 replicas answers" {
		t.Errorf("status says %q, %v", waits, err)
	}
	// A script that is not there does not make the WAIT behind it a yes.
	w.ok(top.Primary().Do("script", "flush"))
	if _, err := w.grant(per); !errors.Is(err, missing(1, 2)) {
		t.Errorf("granted after the scripts were lost: %v", err)
	}
	if state, err := w.Settle(w.ctx, ledger.Settlement{Claim: per, To: letter.Planned, NoAttempt: true, Words: "replica missing"}); state != letter.Planned {
		t.Errorf("settled as %s, %v", state, err)
	}
	got, _, err := w.Letter(w.ctx, block("PER"), "PER")
	w.ok(nil, err)
	if got.Attempts != 0 || got.State != letter.Planned {
		t.Errorf("after it: %+v", got)
	}
	gone.Thaw()
	ledgertest.Await(t, "the replica to answer", w.Reach)
	if waits, err := w.Waits(w.ctx); err != nil || waits != "" || w.Missing() != nil {
		t.Errorf("status says %q, %v", waits, err)
	}
	per = w.claimOne("PER")
	w.ok(top.Primary().Do("script", "flush"))
	w.ok(w.grant(per))
	if s := w.settleAs(per, letter.Sent); s != letter.Sent {
		t.Errorf("settled as %s", s)
	}
	w.adds("KEN", "PER")
	// Without a single replica the primary takes no writes at all, and that is the same answer.
	for _, n := range top.Replicas() {
		n.Kill()
	}
	ledgertest.Await(t, "the primary to notice", func(ctx context.Context) error {
		if err := w.Reach(ctx); !errors.Is(err, missing(0, 2)) {
			return fmt.Errorf("reach: %v", err)
		}
		return nil
	})
	if _, err := w.grant(ken); !errors.Is(err, missing(0, 2)) {
		t.Errorf("granted without any replica: %v", err)
	}
	// Nor can what the workers find be written then: the primary itself is asked.
	if waits, err := w.Waits(w.ctx); err != nil || !strings.Contains(waits, "takes no writes without a replica") {
		t.Errorf("status says %q, %v", waits, err)
	}
}

// A single node is never asked for replicas.
func TestNoWaitWithoutReplicas(t *testing.T) {
	w := newWorld(t, ledgertest.Client(t, ledgertest.Start(t).Addr), "KEN")
	w.ok(w.grant(w.claimOne("KEN")))
	w.ok(nil, w.Reach(w.ctx))
	stats, err := w.Redis.Info(w.ctx, "commandstats").Result()
	w.ok(nil, err)
	if strings.Contains(stats, "cmdstat_wait") || !strings.Contains(stats, "cmdstat_evalsha") {
		t.Errorf("commands run:\n%s", stats)
	}
}

// F17: a primary that is cut off with a worker on its side grants nothing, and neither does the other side before every
// replica that could be promoted is there, or a person has said that the old primary will not come back.
func TestOldPrimaryCutOff(t *testing.T) {
	top := ledgertest.Sentinel(t)
	w := newWorld(t, top.Client(t, ledger.Load), "KEN")
	sentinels := ledger.NewSentinels(ledgertest.PrimaryName, top.Sentinels, redis.Options{})
	defer func() { _ = sentinels.Close() }()
	promotable := func() int {
		n, err := sentinels.Promotable(w.ctx)
		w.ok(nil, err)
		return n
	}
	w.Need(promotable())
	w.ok(nil, w.Reach(w.ctx))
	ken := w.claimOne("KEN")

	old := top.Primary()
	near := &world{Ledger: ledger.New(ledgertest.Client(t, old.Direct)), t: t, ctx: w.ctx, worker: w.worker}
	near.Need(2)
	w.ok(nil, near.Reach(w.ctx))
	old.CutOff()
	if _, err := near.grant(ken); !errors.Is(err, missing(0, 2)) {
		t.Fatalf("the old primary granted: %v", err)
	}
	top.Promoted(old)
	if n := promotable(); n != 2 {
		t.Errorf("%d could become the primary, want the replica and the old primary", n)
	}
	ledgertest.Await(t, "the other side to refuse", func(context.Context) error {
		if _, err := w.grant(ken); !errors.Is(err, missing(1, 2)) {
			return fmt.Errorf("begin: %v", err)
		}
		return nil
	})
	if _, err := near.grant(ken); err == nil {
		t.Error("the old primary granted after the failover")
	}
	top.Reset()
	ledgertest.Await(t, "the reset to count", func(context.Context) error {
		if n := promotable(); n != 1 {
			return fmt.Errorf("%d", n)
		}
		return nil
	})
	w.Need(1)
	w.ok(w.grant(ken))
	// Forgotten, it comes back as a primary that nobody follows, and grants nothing; a person makes it a replica.
	old.Heal()
	if _, err := near.grant(ken); !errors.Is(err, missing(0, 2)) {
		t.Errorf("the old primary, back: %v", err)
	}
	old.Follow(top.Primary())
	ledgertest.Await(t, "the old primary to become a replica", old.IsReplica)
	var no ledger.NotGranted
	if _, err := near.grant(ken); err == nil || errors.As(err, &no) || !strings.Contains(err.Error(), "the store is a replica") {
		t.Errorf("the old primary, now a replica: %v", err)
	}
	if got := w.state("KEN"); got != letter.Sending {
		t.Errorf("the letter is %s", got)
	}
}

// Who does not wait for replicas is granted what a failover forgets: the new primary stands before the position that was
// given with the grant, and the letter is claimable again. That is what the memory of the intent files is for.
func TestFailoverThatForgets(t *testing.T) {
	top := ledgertest.Sentinel(t)
	w := newWorld(t, top.Client(t, ledger.Load), "KEN")
	w.Need(2)
	w.ok(nil, w.Reach(w.ctx))
	ken := w.claimOne("KEN")
	w.ok(nil, w.Reach(w.ctx))
	var granted ledger.Granted
	top.Lose(func(primary *ledgertest.Node) {
		near := &world{Ledger: ledger.New(ledgertest.Client(t, primary.Direct)), t: t, ctx: w.ctx, worker: w.worker}
		var err error
		granted, err = near.grant(ken)
		w.ok(nil, err)
	})
	var stands ledger.Position
	ledgertest.Await(t, "the new primary", func(ctx context.Context) (err error) {
		stands, err = w.Open(ctx)
		return err
	})
	if stands.Seq >= granted.Position.Seq || stands.Epoch != granted.Position.Epoch {
		t.Errorf("granted at %+v, the new primary stands at %+v", granted.Position, stands)
	}
	if got := w.state("KEN"); got != letter.Claimed {
		t.Errorf("the letter is %s", got)
	}
}

// The sentinels count what they could promote: replicas that are down too, those with priority 0 only while they answer
// a WAIT like any other. Few sentinels do not count at all.
func TestPromotable(t *testing.T) {
	top := ledgertest.Sentinel(t)
	ctx := context.Background()
	sentinels := ledger.NewSentinels(ledgertest.PrimaryName, top.Sentinels, redis.Options{})
	defer func() { _ = sentinels.Close() }()
	becomes := func(what string, want int) {
		t.Helper()
		ledgertest.Await(t, what, func(ctx context.Context) error {
			if n, err := sentinels.Promotable(ctx); n != want || err != nil {
				return fmt.Errorf("%d, %v, want %d", n, err, want)
			}
			return nil
		})
	}
	becomes("both replicas", 2)
	replicas := top.Replicas()
	replicas[0].Kill()
	replicas[1].Kill()
	becomes("both replicas, down", 2)
	replicas[0].Rejoin()
	if _, err := replicas[0].Do("config", "set", "replica-priority", "0"); err != nil {
		t.Fatal(err)
	}
	asked := redis.NewSentinelClient(&redis.Options{Addr: top.Sentinels[2]})
	defer func() { _ = asked.Close() }()
	ledgertest.Await(t, "the sentinel to read the priority", func(ctx context.Context) error {
		list, err := asked.Replicas(ctx, ledgertest.PrimaryName).Result()
		if err != nil {
			return err
		}
		for _, r := range list {
			if r["slave-priority"] == "0" && !strings.Contains(r["flags"], "down") {
				return nil
			}
		}
		return fmt.Errorf("%v", list)
	})
	becomes("one that is down and one that only answers", 2)
	replicas[0].Kill()
	becomes("one that is down", 1)
	top.KillSentinel(0)
	becomes("by two of three sentinels", 1)
	top.KillSentinel(1)
	if n, err := sentinels.Promotable(ctx); err == nil || !strings.Contains(err.Error(), "1 of 3 sentinels answer") {
		t.Errorf("by one of three: %d, %v", n, err)
	}
}
