package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

// proc is a process that this command started. It is ended by its id, however this command ends.
type proc struct {
	name string
	cmd  *exec.Cmd
	log  string // file of what it printed
	done chan struct{}

	mu   sync.Mutex
	err  error
	over bool
	ours bool // ended from here
}

// children are all that run, so that an interrupt ends every one.
var children = struct {
	sync.Mutex
	all map[*proc]bool
}{all: map[*proc]bool{}}

// nursery starts processes on one thread that lives as long as this command: the kernel ends a child when the thread that
// started it is gone, so even kill -9 leaves none behind.
var nursery = func() chan func() {
	c := make(chan func())
	go func() {
		runtime.LockOSThread()
		for f := range c {
			f()
		}
	}()
	return c
}()

// launch starts a program with its output in a file.
func launch(name, log string, env []string, dir, exe string, args ...string) (*proc, error) {
	f, err := os.OpenFile(log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	p := &proc{name: name, cmd: exec.Command(exe, args...), log: log, done: make(chan struct{})}
	p.cmd.Env, p.cmd.Dir = env, dir
	p.cmd.Stdout, p.cmd.Stderr = f, f
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	started := make(chan error)
	nursery <- func() { started <- p.cmd.Start() }
	if err := <-started; err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	children.Lock()
	children.all[p] = true
	children.Unlock()
	go func() {
		err := p.cmd.Wait()
		children.Lock()
		delete(children.all, p)
		children.Unlock()
		p.mu.Lock()
		p.err, p.over = err, true
		p.mu.Unlock()
		close(p.done)
	}()
	return p, nil
}

// endAll kills whatever still runs.
func endAll() {
	children.Lock()
	var all []*proc
	for p := range children.all {
		all = append(all, p)
	}
	children.Unlock()
	for _, p := range all {
		p.kill()
	}
}

func (p *proc) signal(s syscall.Signal) { _ = p.cmd.Process.Signal(s) }

// kill is kill -9. It returns when the process is gone.
func (p *proc) kill() {
	p.mark()
	_ = p.cmd.Process.Kill()
	<-p.done
}

func (p *proc) mark() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ours = true
}

// ended says that it was ended from here.
func (p *proc) ended() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ours
}

func (p *proc) running() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return !p.over
}

// gone waits until the process has ended by itself.
func (p *proc) gone(ctx context.Context, within time.Duration) error {
	t := time.NewTimer(within)
	defer t.Stop()
	select {
	case <-p.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return fmt.Errorf("%s still runs after %v", p.name, within)
	}
}

// killedItself says that the process ended by kill -9.
func (p *proc) killedItself() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	var e *exec.ExitError
	if !errors.As(p.err, &e) {
		return false
	}
	ws, ok := e.Sys().(syscall.WaitStatus)
	return ok && ws.Signaled() && ws.Signal() == syscall.SIGKILL
}

// stopped says that the process stands still (SIGSTOP).
func (p *proc) stopped() bool {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return false
	}
	_, rest, _ := strings.Cut(string(b), ") ")
	return strings.HasPrefix(rest, "T")
}

// end is SIGTERM, and kill -9 if that does not help in time.
func (p *proc) end(within time.Duration) error {
	p.mark()
	p.signal(syscall.SIGTERM)
	p.signal(syscall.SIGCONT)
	if err := p.gone(context.Background(), within); err != nil {
		p.kill()
		return err
	}
	return nil
}

// said is what a process printed.
func (p *proc) said() string {
	b, _ := os.ReadFile(p.log)
	return string(b)
}
