package main

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"outreach.example/ledger/intent"
	"outreach.example/letter"
)

// contentFaults are those of what letters are made from, and of the machine under the program.
var contentFaults = []scenario{
	{
		id: "F38", what: "what the letters are made from cannot be read", short: true,
		options: options{campaign: campaignIs{letters: 60, block: 20}},
		do: func(l *lab) error {
			return l.unreadable("{outreach}:e:", func(key string) (func() error, error) {
				b, err := l.rdb.Get(l.ctx, key).Result()
				if err != nil {
					return nil, err
				}
				l.did("an edition cut in the middle", 1)
				return func() error { return l.rdb.Set(l.ctx, key, b, 0).Err() }, l.rdb.Set(l.ctx, key, b[:len(b)/2], 0).Err()
			})
		},
	},
	{
		id: "F39", what: "the disk of the intent files full, and a write of one that fails", short: true,
		options: options{campaign: campaignIs{letters: 200, block: 20}}, most: 3 * time.Minute,
		do: fullDisk,
	},
	{
		id: "F40", what: "the approved bytes altered in the store, or exchanged for another block's", short: true,
		options: options{campaign: campaignIs{letters: 60, block: 20}},
		do: func(l *lab) error {
			return l.unreadable("{outreach}:records:"+campaignName, func(key string) (func() error, error) {
				all, err := l.rdb.HGetAll(l.ctx, key).Result()
				if err != nil {
					return nil, err
				}
				last, changed := "", map[string]string{}
				i := 0
				for f, v := range all {
					if last != "" && i%2 == 1 {
						changed[f], changed[last] = all[last], v // another block's, whole
					} else {
						changed[f] = v[:len(v)-1] + string(v[len(v)-1]^1)
					}
					last, i = f, i+1
				}
				l.did("donor records altered", len(changed))
				return func() error { return l.rdb.HSet(l.ctx, key, all).Err() }, l.rdb.HSet(l.ctx, key, changed).Err()
			})
		},
	},
	{
		id: "F42", what: "a ledger of a newer version", short: true,
		options: options{campaign: campaignIs{letters: 60, block: 20}},
		do: func(l *lab) error {
			if err := l.release(); err != nil {
				return err
			}
			was, err := l.rdb.HGet(l.ctx, "{outreach}:meta", "schema").Result()
			if err != nil {
				return err
			}
			if err := l.rdb.HSet(l.ctx, "{outreach}:meta", "schema", "99").Err(); err != nil {
				return err
			}
			for _, name := range []string{"worker", "scheduler"} {
				p, err := l.role(name)
				if err != nil {
					return err
				}
				if err := p.gone(l.ctx, patience); err != nil {
					return err
				}
				l.did("a "+name+" of an older version", 1)
				if !strings.Contains(p.said(), "use the newer program") || p.cmd.ProcessState.ExitCode() != 1 {
					return fmt.Errorf("the %s ends with %d and says %q", name, p.cmd.ProcessState.ExitCode(), tail(p.said(), 1))
				}
			}
			return l.rdb.HSet(l.ctx, "{outreach}:meta", "schema", was).Err()
		},
	},
	{
		id: "F43", what: "ten times the letters, a relay of 10 s a mail (20 times faster)", short: true,
		options: options{campaign: campaignIs{letters: 1000, block: 20}}, most: 5 * time.Minute, lasts: 30 * time.Second,
		do: func(l *lab) error {
			l.slow(500 * time.Millisecond)
			l.env = append(l.env, "OUTREACH_CONNECTIONS=20", "OUTREACH_IN_HAND=64")
			if err := l.release(); err != nil {
				return err
			}
			if err := l.both(); err != nil {
				return err
			}
			l.did("answer to a dot late by 10 s at speed 20", l.is.letters)
			if err := l.quiet(5 * time.Minute); err != nil {
				return err
			}
			return l.small(l.roles[len(l.roles)-1], 100)
		},
	},
	{
		id: "F44", what: "64 file descriptors for 60 connections; 128 MB", short: true,
		options: options{campaign: campaignIs{letters: 300, block: 20}},
		do: func(l *lab) error {
			if err := l.release(); err != nil {
				return err
			}
			if _, err := l.role("scheduler"); err != nil {
				return err
			}
			l.started++
			p, err := launch("worker", fmt.Sprintf("%s/worker-%d.log", l.dir, l.started),
				l.environ(l.proxy.addr, "OUTREACH_CONNECTIONS=60", "OUTREACH_IN_HAND=200", "EXE="+l.h.exe), l.dir, "sh", "-c", `ulimit -n 64; exec "$EXE" worker`)
			if err != nil {
				return err
			}
			l.roles = append(l.roles, p)
			l.did("a worker with 64 file descriptors", 1)
			l.slow(200 * time.Millisecond)
			if err := l.until(patience, "letters leave, or the worker says why not", func() (bool, error) {
				return l.witness.accepted() >= 100 || strings.Contains(p.said(), "too many open files"), nil
			}); err != nil {
				return err
			}
			return l.small(p, 128)
		},
	},
}

// unreadable spoils a key while the campaign runs: not one connection may be opened; then mends it.
func (l *lab) unreadable(prefix string, spoil func(key string) (mend func() error, err error)) error {
	if err := l.release(); err != nil {
		return err
	}
	keys, err := l.rdb.Keys(l.ctx, prefix+"*").Result()
	if err != nil || len(keys) == 0 {
		return fmt.Errorf("there is no key %s* (%v)", prefix, err)
	}
	var mends []func() error
	for _, k := range keys {
		mend, err := spoil(k)
		if err != nil {
			return fmt.Errorf("%s: %w", k, err)
		}
		mends = append(mends, mend)
	}
	if err := l.both(); err != nil {
		return err
	}
	worker := l.roles[len(l.roles)-1]
	if err := l.until(patience, "the worker or the scheduler says what is wrong", func() (bool, error) {
		for _, p := range l.roles {
			if s := p.said(); strings.Contains(s, "level=WARN") || strings.Contains(s, "level=ERROR") {
				return true, nil
			}
		}
		return false, nil
	}); err != nil {
		return err
	}
	if n := l.witness.connections(); n > 0 {
		return fmt.Errorf("%d connections to the relay were opened", n)
	}
	if !worker.running() {
		return fmt.Errorf("the worker ended: %s", tail(worker.said(), 2))
	}
	for _, mend := range mends {
		if err := mend(); err != nil {
			return err
		}
	}
	if err := l.quiet(time.Minute); err != nil {
		return err
	}
	return l.stands(letter.Sent, l.is.letters, l.is.letters)
}

// small says that a process never took more memory than so many megabytes.
func (l *lab) small(p *proc, most int) error {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return err
	}
	_, rest, _ := strings.Cut(string(b), "VmHWM:")
	f := strings.Fields(rest)
	if len(f) == 0 {
		return fmt.Errorf("%s: no VmHWM", p.name)
	}
	kb, _ := strconv.Atoi(f[0])
	l.note("the worker's most memory: %d MB", kb/1024)
	if kb > most*1024 {
		return fmt.Errorf("the worker took %d MB", kb/1024)
	}
	return nil
}

// fullDisk runs a worker on a disk without room, and others whose intent file stops growing in the middle of the work.
func fullDisk(l *lab) error {
	l.slow(30 * time.Millisecond)
	if err := l.release(); err != nil {
		return err
	}
	if _, err := l.role("scheduler"); err != nil {
		return err
	}
	shell := func(script string, more ...string) (*proc, error) {
		l.started++
		p, err := launch("worker", fmt.Sprintf("%s/worker-%d.log", l.dir, l.started),
			l.environ(l.proxy.addr, append(more, "EXE="+l.h.exe)...), l.dir, "sh", "-c", script)
		if err == nil {
			l.roles = append(l.roles, p)
		}
		return p, err
	}
	script, small, err := l.cramped()
	if err != nil {
		return err
	}
	p, err := shell(script, "OUTREACH_INTENTS="+small)
	if err != nil {
		return err
	}
	if err := l.until(patience, "the worker says that there is no room", func() (bool, error) {
		return strings.Contains(p.said(), "no room for intent files"), nil
	}); err != nil {
		return fmt.Errorf("%w: %s", err, tail(p.said(), 3))
	}
	l.did("a disk with less room than a letter may be begun with", 1)
	if n := l.witness.accepted(); n > 0 {
		return fmt.Errorf("%d letters left without room for their intents", n)
	}
	if err := p.end(patience); err != nil {
		return err
	}
	for range 3 {
		was := l.witness.accepted()
		// The file may have so many blocks of 512 bytes and no more.
		p, err := shell(`ulimit -f 16; exec "$EXE" worker`)
		if err != nil {
			return err
		}
		if err := p.gone(l.ctx, patience); err != nil {
			return fmt.Errorf("%w: %s", err, tail(p.said(), 3))
		}
		l.did("a write of an intent file that fails", 1)
		if !strings.Contains(p.said(), "the intent file cannot be written") {
			return fmt.Errorf("the worker says %q", tail(p.said(), 1))
		}
		l.note("%d letters left before the intent file was full", l.witness.accepted()-was)
	}
	return nil
}

// cramped is a folder on a disk with less room than a letter may be begun with, and the shell's words that start a worker
// with it: a small disk of its own, or, in a container that may mount none, the memory that it shares.
func (l *lab) cramped() (script, dir string, err error) {
	own := []string{"--map-root-user", "--mount"}
	if exec.CommandContext(l.ctx, "unshare", append(own, "true")...).Run() == nil {
		dir = l.dir + "/small"
		mounted := `mount -t tmpfs -o size=20m tmpfs "$OUTREACH_INTENTS" && exec "$EXE" worker`
		return "exec unshare " + strings.Join(own, " ") + " sh -c '" + mounted + "'", dir, os.Mkdir(dir, 0o700)
	}
	const shared = "/dev/shm"
	var disk syscall.Statfs_t
	if err := syscall.Statfs(shared, &disk); err != nil || disk.Bavail*uint64(disk.Bsize) >= intent.Floor {
		return "", "", fmt.Errorf("unshare may mount no disk here, and %s is none with little room: run this where one of them is", shared)
	}
	dir, err = os.MkdirTemp(shared, "outreach-faults-")
	l.after = append(l.after, func() { _ = os.RemoveAll(dir) })
	return `exec "$EXE" worker`, dir, err
}
