package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"outreach.example/ledger"
	"outreach.example/ledger/ledgertest"
	"outreach.example/letter"
)

// lab is the world of one scenario: a Redis, a witness, a project, and the program's own processes. Nothing of it is
// shared with another.
//
//	outreach worker, scheduler ---- proxy ---- redis-server
//	          |
//	       witness ---- its file, registry copies
type lab struct {
	ctx context.Context
	h   *harness
	dir string
	rng *rand.Rand
	is  campaignIs

	redis   *proc
	addr    string // of Redis itself
	fsync   string
	shift   string // file with the shift of the clock of Redis, "" for a Redis with the true time
	rdb     *redis.Client
	ledger  *ledger.Ledger
	proxy   *proxy
	witness *witness

	bench *bench               // of the topology of sentinels, nil for one Redis
	top   *ledgertest.Topology // in place of redis

	roles    []*proc
	kept     []kept // roles that are started again when they end by themselves, as a service manager does
	started  int
	faults   map[string]int     // what the scenario itself did
	told     map[letter.ID]bool // a person said that it was sent
	again    map[letter.ID]int  // a person decided to send it again, so often
	forgot   bool               // the ledger lost or was given other entries on purpose: its audit does not tell all that was granted
	notes    []string
	released int      // relays that a person let be used again
	env      []string // of every role
	after    []func() // undoes what lies outside the lab's folder
}

// connections is how many a worker opens to the relay.
const connections = 4

// options are how a lab is set up.
type options struct {
	campaign  campaignIs
	fsync     string // appendfsync: "always" unless set
	sentinels bool   // a primary with two replicas and three sentinels
	shift     bool   // the clock of Redis can be shifted
	speed     int    // 20 unless set
}

func (h *harness) newLab(ctx context.Context, name string, o options) (l *lab, err error) {
	dir, err := os.MkdirTemp(h.dir, name+"-")
	if err != nil {
		return nil, err
	}
	f := fnv.New64a()
	_, _ = f.Write([]byte(name))
	l = &lab{
		ctx: ctx, h: h, dir: dir, rng: rand.New(rand.NewPCG(h.seed, f.Sum64())), is: o.campaign, fsync: o.fsync,
		faults: map[string]int{}, told: map[letter.ID]bool{}, again: map[letter.ID]int{},
	}
	if l.fsync == "" {
		l.fsync = "always"
	}
	if l.addr, err = freePort(); err != nil {
		return nil, err
	}
	if o.shift {
		l.shift = filepath.Join(dir, "shift")
		if err := os.WriteFile(l.shift, make([]byte, 8), 0o600); err != nil {
			return nil, err
		}
	}
	if o.sentinels {
		err = l.sentinels()
	} else if err = l.startRedis(); err == nil {
		l.rdb = redis.NewClient(&redis.Options{Addr: l.addr, MaxRetries: -1})
		l.ledger = ledger.New(l.rdb)
	}
	if err != nil {
		return l, err
	}
	if l.proxy, err = startProxy(l.addr, h.scripts); err != nil {
		return l, err
	}
	if err := os.Mkdir(l.registry(), 0o700); err != nil {
		return l, err
	}
	if l.witness, err = startWitness(filepath.Join(dir, "witness.jsonl"), l.registry()); err != nil {
		return l, err
	}
	if err := o.campaign.write(filepath.Join(dir, "project")); err != nil {
		return l, err
	}
	if o.speed == 0 {
		o.speed = 20
	}
	l.env = []string{
		"OUTREACH_RELAY=smtp://" + l.witness.addr + "?tls=none", "OUTREACH_HELO=faults.outreach.example", "OUTREACH_USER=ann",
		fmt.Sprintf("OUTREACH_TEST_SPEED=%d", o.speed), fmt.Sprintf("OUTREACH_CONNECTIONS=%d", connections), "OUTREACH_IN_HAND=16",
		"OUTREACH_INTENTS=" + l.intents(), "OUTREACH_REGISTRY_COPIES=" + l.registry(), "OUTREACH_QUIET=2s",
	}
	return l, nil
}

func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String(), nil
}

// startRedis starts the lab's Redis, or starts it again on what it kept.
func (l *lab) startRedis() error {
	_, port, _ := net.SplitHostPort(l.addr)
	dir := filepath.Join(l.dir, "redis")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	env := os.Environ()
	if l.shift != "" {
		env = append(env, "LD_PRELOAD="+l.h.shift, "CLOCK_SHIFT_FILE="+l.shift)
	}
	var err error
	l.redis, err = launch("redis-server", filepath.Join(l.dir, "redis.log"), env, dir, "redis-server", "--bind", "127.0.0.1", "--port", port,
		"--dir", dir, "--save", "", "--appendonly", "yes", "--appendfsync", l.fsync, "--maxmemory-policy", "noeviction",
		"--auto-aof-rewrite-percentage", "0")
	if err != nil {
		return fmt.Errorf("%w (./dev/test installs it)", err)
	}
	return l.until(30*time.Second, "redis-server answers", func() (bool, error) {
		if !l.redis.running() {
			return false, fmt.Errorf("redis-server ended: %s", l.redis.said())
		}
		c := redis.NewClient(&redis.Options{Addr: l.addr, MaxRetries: -1})
		defer func() { _ = c.Close() }()
		return c.Ping(l.ctx).Err() == nil, nil
	})
}

// until waits for a condition and says what it waited for when it does not come.
func (l *lab) until(within time.Duration, what string, met func() (bool, error)) error {
	end := time.After(within)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		ok, err := met()
		if ok || err != nil {
			return err
		}
		select {
		case <-l.ctx.Done():
			return l.ctx.Err()
		case <-end:
			return fmt.Errorf("after %v it is not so that %s", within, what)
		case <-tick.C:
		}
	}
}

// pass lets time pass: a fault lasts for so long, or it is seen that nothing happens meanwhile.
func (l *lab) pass(d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-l.ctx.Done():
		return l.ctx.Err()
	}
}

// did counts what the scenario did to the house.
func (l *lab) did(fault string, n int) { l.faults[fault] += n }

func (l *lab) note(format string, args ...any) {
	l.notes = append(l.notes, fmt.Sprintf(format, args...))
}

// environ is a process's environment: that of this command, the lab's, then more, which wins.
func (l *lab) environ(redisAddr string, more ...string) []string {
	var env []string
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "OUTREACH_") && !strings.HasPrefix(v, "XDG_") {
			env = append(env, v)
		}
	}
	env = append(env, "XDG_STATE_HOME="+filepath.Join(l.dir, "state"), "OUTREACH_REDIS="+l.redisURL(redisAddr))
	return append(append(env, l.env...), more...)
}

// run runs one command of the program to its end.
func (l *lab) run(args ...string) (out string, code int, err error) { return l.runWith(nil, args...) }

func (l *lab) runWith(more []string, args ...string) (string, int, error) {
	cmd := exec.CommandContext(l.ctx, l.h.exe, append([]string{"-C", filepath.Join(l.dir, "project")}, args...)...)
	cmd.Env = l.environ(l.addr, more...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return out.String() + errs.String(), exit.ExitCode(), fmt.Errorf("outreach %s: %w: %s%s", strings.Join(args, " "), err, out.String(), errs.String())
	}
	return out.String(), 0, err
}

// release plans, approves and starts the campaign.
func (l *lab) release() error {
	for _, args := range [][]string{{"plan", campaignName, "--json"}, {"approve", campaignName, "--as", "bea"}, {"start", campaignName, "--confirm", campaignName}} {
		if _, _, err := l.run(args...); err != nil {
			return err
		}
	}
	return nil
}

// role starts one of the program's processes behind the proxy.
func (l *lab) role(name string, more ...string) (*proc, error) {
	l.started++
	log := filepath.Join(l.dir, fmt.Sprintf("%s-%d.log", name, l.started))
	p, err := launch(name, log, l.environ(l.proxy.addr, more...), l.dir, l.h.exe, name)
	if err != nil {
		return nil, err
	}
	l.roles = append(l.roles, p)
	return p, nil
}

// kept is a role that is to run.
type kept struct {
	name string
	p    *proc
}

// keep starts a role that is started again when it ends by itself.
func (l *lab) keep(name string) error {
	p, err := l.role(name)
	if err == nil {
		l.kept = append(l.kept, kept{name, p})
	}
	return err
}

// mind starts again what ended by itself.
func (l *lab) mind() error {
	for i, k := range l.kept {
		if k.p.running() || k.p.ended() {
			continue
		}
		if s := tail(k.p.said(), 1); !k.p.killedItself() {
			l.note("a %s ended by itself: %.150s", k.name, s)
		}
		p, err := l.role(k.name)
		if err != nil {
			return err
		}
		l.kept[i].p = p
	}
	return nil
}

// fails starts a worker that ends itself at a point, and waits until it has.
func (l *lab) fails(at string, within time.Duration, more ...string) (*proc, error) {
	p, err := l.role("worker", append(more, "OUTREACH_TEST_FAIL="+at)...)
	if err != nil {
		return nil, err
	}
	if err := p.gone(l.ctx, within); err != nil {
		return p, fmt.Errorf("at %s: %w", at, err)
	}
	if !p.killedItself() {
		return p, fmt.Errorf("at %s: the worker ended otherwise: %s", at, tail(p.said(), 5))
	}
	l.did("kill -9 of a worker", 1)
	return p, nil
}

func tail(s string, n int) string {
	lines := strings.Split(strings.TrimRight(s, "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

// messageID is a letter's.
func (l *lab) messageID(id letter.ID) string {
	_, domain, _ := strings.Cut(sender, "@")
	return letter.MessageID(id, domain)
}

// counts is what the ledger's counters say of a step.
func (l *lab) counts(step string) (ledger.Counts, error) {
	all, err := l.ledger.Counts(l.ctx, campaignName)
	return all[step], err
}

// quiet waits until nothing of a step is open any more.
func (l *lab) quiet(within time.Duration, steps ...string) error {
	if len(steps) == 0 {
		steps = []string{"appeal"}
	}
	var last ledger.Counts
	var tended time.Time
	err := l.until(within, "no letter is open", func() (bool, error) {
		if err := l.mind(); err != nil {
			return false, err
		}
		if time.Since(tended) > time.Second {
			if err := l.tend(); err != nil {
				return false, err
			}
			tended = time.Now()
		}
		for _, step := range steps {
			c, err := l.counts(step)
			if err != nil {
				return false, nil // Redis may be away for a while
			}
			if last = c; c.Open() > 0 || c.Total() < l.is.letters {
				return false, nil
			}
		}
		return true, nil
	})
	if err != nil {
		return fmt.Errorf("%w: the letters stand at %v", err, last)
	}
	return nil
}

// close ends everything the lab started.
func (l *lab) close() {
	for _, p := range l.roles {
		if p.running() {
			p.kill()
		}
	}
	if l.proxy != nil {
		l.proxy.close()
	}
	if l.witness != nil {
		_ = l.witness.close()
	}
	if l.rdb != nil {
		_ = l.rdb.Close()
	}
	if l.redis != nil && l.redis.running() {
		l.redis.kill()
	}
	if l.bench != nil {
		l.bench.end()
	}
	for _, undo := range l.after {
		undo()
	}
}

// endRoles ends every process of the program politely.
func (l *lab) endRoles() error {
	var errs []error
	l.kept = nil
	for _, p := range l.roles {
		if p.running() {
			if err := p.end(90 * time.Second); err != nil {
				errs = append(errs, err)
			}
		}
	}
	return errors.Join(errs...)
}

// injected is how many faults there were, by kind.
func (l *lab) injected() map[string]int {
	all := map[string]int{}
	for _, m := range []map[string]int{l.faults, l.proxy.injected(), l.witness.injected()} {
		for k, n := range m {
			all[k] += n
		}
	}
	return all
}
