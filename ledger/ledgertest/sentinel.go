package ledgertest

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// PrimaryName is what the sentinels of a test call their primary.
const PrimaryName = "ledger"

// Topology is a primary, two replicas and three sentinels, all processes of the test's own. The nodes know each other by
// the addresses of proxies, and each speaks from a loopback address of its own: so one can be cut off from the rest, and
// a client of its side still reach it at its own address.
type Topology struct {
	Nodes     []*Node
	Sentinels []string // addresses

	t     testing.TB
	procs []*exec.Cmd // of the sentinels
}

// Node is one redis-server of a topology.
type Node struct {
	Direct string // its own address, which no cut touches
	Proxy  *Proxy // what everybody else knows it by

	t    *Topology
	n    int
	dir  string
	cmd  *exec.Cmd
	gone bool
}

// source is the address that a node's own connections come from.
func (n *Node) source() net.IP { return net.IPv4(127, 0, 0, byte(101+n.n)) }

// Sentinel starts a topology and waits until every sentinel knows all of it.
func Sentinel(t testing.TB) *Topology {
	t.Helper()
	top := &Topology{t: t}
	for i := range 3 {
		n := &Node{t: top, n: i, dir: t.TempDir(), Direct: freePort(t)}
		n.Proxy = NewProxy(t, n.Direct)
		top.Nodes = append(top.Nodes, n)
		n.start(top.Nodes[0])
		t.Cleanup(n.Kill)
	}
	for range 3 {
		top.Sentinels = append(top.Sentinels, top.startSentinel())
	}
	top.Settled(3)
	return top
}

func freePort(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

func port(address string) string {
	_, p, _ := net.SplitHostPort(address)
	return p
}

// start runs the node, as the primary itself or as its replica.
func (n *Node) start(primary *Node) {
	t := n.t.t
	t.Helper()
	args := []string{
		"--bind", "127.0.0.1", "--port", port(n.Direct), "--dir", n.dir, "--save", "", "--appendonly", "yes",
		"--appendfsync", "always", "--maxmemory-policy", "noeviction", "--min-replicas-to-write", "1",
		"--min-replicas-max-lag", "10", "--bind-source-addr", n.source().String(), "--replica-announce-ip", "127.0.0.1",
		"--replica-announce-port", port(n.Proxy.Addr), "--repl-diskless-sync-delay", "0", "--repl-ping-replica-period", "1",
		"--enable-debug-command", "local",
	}
	if n != primary {
		args = append(args, "--replicaof", "127.0.0.1", port(primary.Proxy.Addr))
	}
	n.cmd, n.gone = exec.Command("redis-server", args...), false
	log, err := os.Create(filepath.Join(n.dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	n.cmd.Stdout, n.cmd.Stderr = log, log
	err = n.cmd.Start()
	_ = log.Close()
	if err != nil {
		t.Fatalf("redis-server: %v (./dev/test installs it)", err)
	}
	Await(t, "redis-server on "+n.Direct, func(ctx context.Context) error { return n.do(ctx, "ping").Err() })
}

func (top *Topology) startSentinel() string {
	t := top.t
	t.Helper()
	address, dir := freePort(t), t.TempDir()
	conf := filepath.Join(dir, "sentinel.conf")
	lines := []string{
		"bind 127.0.0.1", "port " + port(address), "dir " + dir,
		"sentinel monitor " + PrimaryName + " 127.0.0.1 " + port(top.Nodes[0].Proxy.Addr) + " 2",
		"sentinel down-after-milliseconds " + PrimaryName + " 1000", "sentinel failover-timeout " + PrimaryName + " 3000",
		"sentinel parallel-syncs " + PrimaryName + " 2",
	}
	if err := os.WriteFile(conf, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("redis-server", conf, "--sentinel")
	if err := cmd.Start(); err != nil {
		t.Fatalf("redis-server --sentinel: %v", err)
	}
	top.procs = append(top.procs, cmd)
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	// Its own rhythms are of seconds.
	Await(t, "sentinel on "+address, func(ctx context.Context) error {
		return once(ctx, address, "sentinel", "debug", "publish-period", 200, "info-period", 500, "ask-period", 200).Err()
	})
	return address
}

// Client makes a client of the ledger that finds the primary through the sentinels.
func (top *Topology) Client(t testing.TB, onConnect func(context.Context, *redis.Conn) error) *redis.Client {
	redis.SetLogger(silent{})
	c := redis.NewFailoverClient(&redis.FailoverOptions{
		MasterName: PrimaryName, SentinelAddrs: top.Sentinels, MaxRetries: -1, OnConnect: onConnect,
	})
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// Primary is the node that the first sentinel calls the primary.
func (top *Topology) Primary() *Node {
	top.t.Helper()
	var found *Node
	Await(top.t, "a primary", func(ctx context.Context) error {
		at, err := once(ctx, top.Sentinels[0], "sentinel", "get-master-addr-by-name", PrimaryName).StringSlice()
		if err != nil {
			return err
		}
		for _, n := range top.Nodes {
			if len(at) == 2 && at[1] == port(n.Proxy.Addr) {
				found = n
				return nil
			}
		}
		return fmt.Errorf("the sentinel names %v", at)
	})
	return found
}

// Replicas are the other nodes.
func (top *Topology) Replicas() []*Node {
	primary := top.Primary()
	var out []*Node
	for _, n := range top.Nodes {
		if n != primary {
			out = append(out, n)
		}
	}
	return out
}

// Failover kills the primary and waits until another one takes writes. It returns the old one and the new.
func (top *Topology) Failover() (old, next *Node) {
	top.t.Helper()
	old = top.Primary()
	old.Kill()
	return old, top.Promoted(old)
}

// Promoted waits until another node than this one is the primary everywhere.
func (top *Topology) Promoted(old *Node) *Node {
	top.t.Helper()
	var next *Node
	Await(top.t, "a new primary", func(ctx context.Context) error {
		if next = top.Primary(); next == old {
			return fmt.Errorf("the old primary is still named")
		}
		role, err := next.do(ctx, "role").Slice()
		if err != nil || role[0] != "master" {
			return fmt.Errorf("role %v, %v", role, err)
		}
		return nil
	})
	return next
}

// Settled waits until every sentinel knows the primary, the replicas and the other sentinels, and so many nodes that the
// primary hears of are in step with it (itself included).
func (top *Topology) Settled(nodes int) {
	top.t.Helper()
	Await(top.t, "the topology to settle", func(ctx context.Context) error {
		for _, s := range top.Sentinels {
			if ok, err := once(ctx, s, "sentinel", "ckquorum", PrimaryName).Text(); err != nil || !strings.Contains(ok, "OK 3 usable") {
				return fmt.Errorf("sentinel %s: %s, %v", s, ok, err)
			}
			m, err := redisMap(once(ctx, s, "sentinel", "master", PrimaryName))
			if err != nil || m["num-slaves"] != "2" || m["num-other-sentinels"] != "2" || m["flags"] != "master" {
				return fmt.Errorf("sentinel %s: %v %s replicas %s flags %s sentinels", s, err, m["num-slaves"], m["flags"], m["num-other-sentinels"])
			}
		}
		text, err := top.Primary().do(ctx, "info", "replication").Text()
		if err != nil || strings.Count(text, "state=online") != nodes-1 {
			return fmt.Errorf("primary: %v\n%s", err, text)
		}
		return nil
	})
}

// Lose makes a failover that loses what write does: nothing of it reaches a replica before the primary is killed. It is
// what happens to whoever does not wait for the replicas.
func (top *Topology) Lose(write func(primary *Node)) (old, next *Node) {
	top.t.Helper()
	old = top.Primary()
	old.CutOff()
	write(old)
	old.Kill()
	for _, n := range top.Nodes {
		n.Proxy.Cut() // with what it kept back
	}
	old.Heal()
	return old, top.Promoted(old)
}

// KillSentinel ends one sentinel.
func (top *Topology) KillSentinel(i int) {
	_ = top.procs[i].Process.Kill()
	_ = top.procs[i].Wait()
}

// Reset makes every sentinel forget replicas and find them again: the ones that are down stay forgotten.
func (top *Topology) Reset() {
	top.t.Helper()
	for _, s := range top.Sentinels {
		Await(top.t, "a reset", func(ctx context.Context) error { return once(ctx, s, "sentinel", "reset", PrimaryName).Err() })
	}
}

// Kill ends the node at once, by its process id.
func (n *Node) Kill() {
	if n.gone {
		return
	}
	n.gone = true
	_ = n.cmd.Process.Kill()
	_ = n.cmd.Wait()
}

// Rejoin starts a killed node again, as a replica of whoever is the primary now.
func (n *Node) Rejoin() {
	n.t.t.Helper()
	n.start(n.t.Primary())
}

// Follow makes the node a replica of another one.
func (n *Node) Follow(primary *Node) {
	n.t.t.Helper()
	if _, err := n.Do("replicaof", "127.0.0.1", port(primary.Proxy.Addr)); err != nil {
		n.t.t.Fatal(err)
	}
}

// Freeze stops the node's process as it stands; it ends when the test does.
func (n *Node) Freeze() { _ = n.cmd.Process.Signal(syscall.SIGSTOP) }

// Thaw lets it go on.
func (n *Node) Thaw() { _ = n.cmd.Process.Signal(syscall.SIGCONT) }

// CutOff keeps the node from everybody but who knows its own address: nothing arrives, and no connection ends.
func (n *Node) CutOff() {
	for _, other := range n.t.Nodes {
		if other == n {
			other.Proxy.Stall(func(net.IP) bool { return true })
		} else {
			other.Proxy.Stall(n.source().Equal)
		}
	}
}

// Heal ends that.
func (n *Node) Heal() {
	for _, other := range n.t.Nodes {
		other.Proxy.Stall(nil)
	}
}

func (n *Node) do(ctx context.Context, args ...any) *redis.Cmd { return once(ctx, n.Direct, args...) }

// Do runs one command on the node itself.
func (n *Node) Do(args ...any) (any, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return n.do(ctx, args...).Result()
}

// once runs one command over a connection of its own.
func once(ctx context.Context, address string, args ...any) *redis.Cmd {
	c := redis.NewClient(&redis.Options{Addr: address, MaxRetries: -1, ReadTimeout: time.Second, DialTimeout: time.Second})
	defer func() { _ = c.Close() }()
	return c.Do(ctx, args...)
}

// redisMap reads a reply of names and values in either protocol.
func redisMap(cmd *redis.Cmd) (map[string]string, error) {
	v, err := cmd.Result()
	out := map[string]string{}
	switch v := v.(type) {
	case map[any]any:
		for k, x := range v {
			out[fmt.Sprint(k)] = fmt.Sprint(x)
		}
	case []any:
		for i := 0; i+1 < len(v); i += 2 {
			out[fmt.Sprint(v[i])] = fmt.Sprint(v[i+1])
		}
	}
	return out, err
}

// Await looks again and again until nothing is wrong any more, for half a minute at most.
func Await(t testing.TB, what string, wrong func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	var last error
	for {
		err := wrong(ctx)
		if err == nil {
			return
		}
		if ctx.Err() == nil || last == nil {
			last = err
		}
		select {
		case <-ctx.Done():
			t.Fatalf("waited for %s: %v", what, last)
		case <-tick.C:
		}
	}
}

// Epoch is the number of the last failover, by a sentinel.
func (top *Topology) Epoch() int {
	top.t.Helper()
	n := 0
	Await(top.t, "the epoch", func(ctx context.Context) error {
		m, err := redisMap(once(ctx, top.Sentinels[0], "sentinel", "master", PrimaryName))
		if err == nil {
			n, err = strconv.Atoi(m["config-epoch"])
		}
		return err
	})
	return n
}

// IsReplica is wrong with a node that is no replica in step with its primary.
func (n *Node) IsReplica(ctx context.Context) error {
	role, err := n.do(ctx, "role").Slice()
	if err != nil || role[0] != "slave" || role[3] != "connected" {
		return fmt.Errorf("role %v, %v", role, err)
	}
	return nil
}

// silent takes what the client would print of failed dials: a failover is full of them, and every error comes back to its
// caller as well.
type silent struct{}

func (silent) Printf(context.Context, string, ...any) {}
