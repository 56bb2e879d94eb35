package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"
)

type bench struct {
	ctx     context.Context
	dir     string
	exe     string
	letters int
	runs    int
	profile string  // of the worker, where one is wanted
	staff   *office // who looks on, nil for nobody
}

// server is a program that a run starts on a free port, and ends by its process id.
type server struct {
	cmd  *exec.Cmd
	addr string
	out  bytes.Buffer
}

func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String(), nil
}

// serve starts a program and waits until its port answers.
func (b *bench) serve(addr, name string, args ...string) (*server, error) {
	s := &server{cmd: exec.Command(name, args...), addr: addr}
	s.cmd.Stdout, s.cmd.Stderr = &s.out, &s.out
	if err := s.cmd.Start(); err != nil {
		return nil, fmt.Errorf("%s: %w (./dev/test installs it)", name, err)
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for range 500 {
		if c, err := net.Dial("tcp", addr); err == nil {
			_ = c.Close()
			return s, nil
		}
		<-tick.C
	}
	s.end()
	return nil, fmt.Errorf("%s does not answer on %s\n%s", name, addr, s.out.String())
}

func (s *server) end() {
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
}

func (b *bench) sink() (*server, error) {
	addr, err := freePort()
	if err != nil {
		return nil, err
	}
	args := []string{"-c", addr, "1000"}
	if os.Getuid() == 0 {
		args = append([]string{"-u", "nobody"}, args...) // it will not run as root
	}
	return b.serve(addr, "smtp-sink", args...)
}

// source is smtp-source's rate on the sink with messages of a size.
func (b *bench) source(addr string, size int) (float64, error) {
	began := time.Now()
	out, err := exec.CommandContext(b.ctx, "smtp-source", "-d", "-s", "20", "-m", strconv.Itoa(b.letters), "-l", strconv.Itoa(size),
		"-f", "a@iom.example", "-t", "b@ken.example", addr).CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("smtp-source: %w\n%s", err, out)
	}
	return float64(b.letters) / time.Since(began).Seconds(), nil
}

func (b *bench) redis(fsync string) (*server, *redis.Client, error) {
	addr, err := freePort()
	if err != nil {
		return nil, nil, err
	}
	dir, err := os.MkdirTemp(b.dir, "redis-")
	if err != nil {
		return nil, nil, err
	}
	_, port, _ := net.SplitHostPort(addr)
	s, err := b.serve(addr, "redis-server", "--bind", "127.0.0.1", "--port", port, "--dir", dir, "--save", "", "--appendonly", "yes",
		"--appendfsync", fsync, "--maxmemory-policy", "noeviction")
	if err != nil {
		return nil, nil, err
	}
	return s, redis.NewClient(&redis.Options{Addr: addr}), nil
}

// figures is what one run came to. CPU is in microseconds a letter, memory in bytes a letter, peak in megabytes.
type figures struct {
	rate, plan               float64
	worker, scheduler, redis float64
	peak                     float64
	rows, records, audit     float64
}

// env is the environment of the program's roles in a run, whose ledger is remembered by nobody else.
func (b *bench) env(redisAddr, relayAddr string) []string {
	b.runs++
	return append(os.Environ(), "OUTREACH_REDIS=redis://"+redisAddr+"/0", "OUTREACH_RELAY=smtp://"+relayAddr+"?tls=none",
		"OUTREACH_HELO=bench.outreach.example", "OUTREACH_USER=ann", "OUTREACH_LOG=text",
		"OUTREACH_INTENTS="+filepath.Join(b.dir, "intents-"+strconv.Itoa(b.runs)))
}

func (b *bench) outreach(env []string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(b.ctx, b.exe, args...)
	cmd.Env = env
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("outreach %s: %w\n%s%s", strings.Join(args, " "), err, out, errs.String())
	}
	return out, nil
}

// run plans, starts and sends one campaign, and takes the measure of everything on the way.
func (b *bench) run(relayAddr, project, fsync string) (f figures, err error) {
	srv, rdb, err := b.redis(fsync)
	if err != nil {
		return f, err
	}
	defer srv.end()
	defer func() { _ = rdb.Close() }()
	env := b.env(srv.addr, relayAddr)
	dir := filepath.Join(b.dir, project)
	empty := b.memory(rdb)
	began := time.Now()
	if _, err := b.outreach(env, "-C", dir, "plan", "bench", "--json"); err != nil {
		return f, err
	}
	f.plan = float64(b.letters) / time.Since(began).Seconds()
	if _, err := b.outreach(env, "-C", dir, "approve", "bench", "--as", "bea"); err != nil {
		return f, err
	}
	scheduler, err := b.role(env, "scheduler")
	if err != nil {
		return f, err
	}
	if b.profile != "" {
		env = append(env, "OUTREACH_TEST_PROFILE="+b.profile)
	}
	worker, err := b.role(env, "worker")
	if err != nil {
		return f, errors.Join(err, scheduler.stop())
	}
	if b.staff != nil {
		if err := b.staff.open(b, env, dir); err != nil {
			return f, errors.Join(err, b.staff.close(b.ctx, b.letters), worker.stop(), scheduler.stop())
		}
		b.staff.begin(b.ctx, b.letters)
	}
	cpu := b.cpu(rdb)
	began, err = b.started(rdb, env, dir, scheduler, worker)
	if err == nil {
		err = b.sent(rdb, b.letters)
	}
	f.rate = float64(b.letters) / time.Since(began).Seconds()
	f.redis = (b.cpu(rdb) - cpu) / float64(b.letters)
	if b.staff != nil {
		err = errors.Join(err, b.staff.close(b.ctx, b.letters))
	}
	peak, unknown := worker.peak()
	f.peak = peak
	if err := errors.Join(err, unknown, worker.stop(), scheduler.stop()); err != nil {
		return f, err
	}
	f.worker, f.scheduler = worker.cpu()/float64(b.letters), scheduler.cpu()/float64(b.letters)
	n := float64(b.letters)
	f.audit = float64(b.size(rdb, "{outreach}:audit")) / n
	f.records = float64(b.size(rdb, "{outreach}:records:bench")) / n
	f.rows = float64(b.memory(rdb)-empty)/n - f.audit - f.records
	return f, nil
}

// started starts the campaign once both roles run, and says when the ledger took it: workers run before they are needed,
// and letters leave while the command still prints.
func (b *bench) started(rdb *redis.Client, env []string, dir string, roles ...*role) (time.Time, error) {
	for _, r := range roles {
		if err := b.until(time.Minute, func() (bool, error) { return r.says(" started") }); err != nil {
			return time.Time{}, err
		}
	}
	if _, err := b.outreach(env, "-C", dir, "start", "bench", "--confirm", "bench"); err != nil {
		return time.Time{}, err
	}
	from := "-"
	for {
		entries, err := rdb.XRangeN(b.ctx, "{outreach}:audit", from, "+", 100).Result()
		if err != nil || len(entries) == 0 {
			return time.Time{}, errors.Join(err, errors.New("the audit has no start"))
		}
		for _, e := range entries {
			if e.Values["what"] == "start" {
				ms, err := strconv.ParseInt(fmt.Sprint(e.Values["at"]), 10, 64)
				return time.UnixMilli(ms), err
			}
			from = "(" + e.ID
		}
	}
}

// sent waits until so many letters are sent, by the ledger's own counter.
func (b *bench) sent(rdb *redis.Client, n int) error {
	err := b.until(10*time.Minute, func() (bool, error) {
		v, err := rdb.HGet(b.ctx, "{outreach}:n:bench", "appeal/S").Int()
		if errors.Is(err, redis.Nil) {
			err = nil
		}
		return v >= n, err
	})
	if errors.Is(err, errPatience) {
		counts, _ := rdb.HGetAll(b.ctx, "{outreach}:n:bench").Result()
		return fmt.Errorf("the letters stand at %v: %w", counts, err)
	}
	return err
}

var errPatience = errors.New("it takes too long")

// until asks again and again whether something is so.
func (b *bench) until(patience time.Duration, so func() (bool, error)) error {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(patience)
	for {
		if yes, err := so(); yes || err != nil {
			return err
		}
		select {
		case <-b.ctx.Done():
			return b.ctx.Err()
		case <-deadline:
			return errPatience
		case <-tick.C:
		}
	}
}

func (b *bench) memory(rdb *redis.Client) int64 { return b.info(rdb, "memory", "used_memory") }

func (b *bench) info(rdb *redis.Client, section, key string) int64 {
	for _, line := range strings.Split(rdb.Info(b.ctx, section).Val(), "\r\n") {
		if v, ok := strings.CutPrefix(line, key+":"); ok {
			n, _ := strconv.ParseInt(v, 10, 64)
			return n
		}
	}
	return 0
}

func (b *bench) size(rdb *redis.Client, key string) int64 {
	n, _ := rdb.MemoryUsage(b.ctx, key, 0).Result()
	return n
}

// cpu is the time Redis has used, in microseconds.
func (b *bench) cpu(rdb *redis.Client) float64 {
	sum := 0.0
	for _, line := range strings.Split(rdb.Info(b.ctx, "cpu").Val(), "\r\n") {
		k, v, _ := strings.Cut(line, ":")
		if k == "used_cpu_sys" || k == "used_cpu_user" {
			s, _ := strconv.ParseFloat(v, 64)
			sum += s * 1e6
		}
	}
	return sum
}

// role is one of the program's processes.
type role struct {
	cmd *exec.Cmd
	log string
}

func (b *bench) role(env []string, args ...string) (*role, error) {
	// The log of a letter is part of the work; where it goes is not.
	r := &role{cmd: exec.Command(b.exe, args...), log: filepath.Join(b.dir, args[0]+".log")}
	r.cmd.Env = env
	log, err := os.Create(r.log)
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }()
	r.cmd.Stdout, r.cmd.Stderr = log, log
	return r, r.cmd.Start()
}

// says tells whether a role has written some words.
func (r *role) says(words string) (bool, error) {
	b, err := os.ReadFile(r.log)
	return bytes.Contains(b, []byte(words)), err
}

func (r *role) stop() error {
	_ = r.cmd.Process.Signal(syscall.SIGTERM)
	return r.cmd.Wait()
}

// cpu is the time that a role used until it stopped, in microseconds.
func (r *role) cpu() float64 {
	s := r.cmd.ProcessState
	return float64((s.UserTime() + s.SystemTime()).Microseconds())
}

// used is the CPU time that a running role has used, in microseconds: the kernel counts it in hundredths of a second.
func (r *role) used() float64 {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", r.cmd.Process.Pid))
	_, after, _ := strings.Cut(string(b), ") ")
	f := strings.Fields(after)
	sum := 0.0
	for i := 11; i < 13 && i < len(f); i++ { // user and system
		ticks, _ := strconv.ParseFloat(f[i], 64)
		sum += ticks * 1e4
	}
	return sum
}

// peak is the most memory that a running role has had, in megabytes. What the system tells of an ended child counts in what
// its parent held when the child began.
func (r *role) peak() (float64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", r.cmd.Process.Pid))
	for line := range strings.Lines(string(b)) {
		if f := strings.Fields(line); len(f) == 3 && f[0] == "VmHWM:" {
			kb, err := strconv.ParseFloat(f[1], 64)
			return kb / 1024, err
		}
	}
	return 0, errors.Join(err, errors.New("the system does not tell a process's memory"))
}
