package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// asProgram makes the test binary the program itself: the roles that tests run are real processes.
const asProgram = "OUTREACH_TEST_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) == "1" {
		main()
	}
	testscript.Main(m, map[string]func(){"outreach": main})
}

// outreach runs one command in this process.
func outreach(t *testing.T, env map[string]string, args ...string) (out, errs string, code int) {
	t.Helper()
	var o, e bytes.Buffer
	code = run(t.Context(), args, func(k string) string { return env[k] }, strings.NewReader(""), &o, &e)
	return o.String(), e.String(), code
}

// must is outreach for commands that have to succeed.
func must(t *testing.T, env map[string]string, args ...string) string {
	t.Helper()
	out, errs, code := outreach(t, env, args...)
	if code != 0 {
		t.Fatalf("outreach %s: exit %d\n%s%s", strings.Join(args, " "), code, out, errs)
	}
	return out
}

// process is a role running as a process of its own.
type process struct {
	cmd  *exec.Cmd
	log  *safeBuffer
	done chan error
}

func start(t *testing.T, env map[string]string, args ...string) *process {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{cmd: exec.Command(exe, args...), log: &safeBuffer{}, done: make(chan error, 1)}
	p.cmd.Env = append(os.Environ(), asProgram+"=1")
	for k, v := range env {
		p.cmd.Env = append(p.cmd.Env, k+"="+v)
	}
	p.cmd.Stdout, p.cmd.Stderr = p.log, p.log
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { p.done <- p.cmd.Wait() }()
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("%s:\n%s", strings.Join(args, " "), tail(p.log.String()))
		}
	})
	return p
}

// kill ends the process as a power cut would.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	<-p.done
	p.done <- nil
}

// stop asks the process to end and says how it did.
func (p *process) stop(t *testing.T) {
	t.Helper()
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case err := <-p.done:
		p.done <- nil
		if err != nil {
			t.Errorf("after SIGTERM: %v\n%s", err, tail(p.log.String()))
		}
	case <-time.After(30 * time.Second):
		t.Errorf("did not end after SIGTERM\n%s", tail(p.log.String()))
	}
}

func tail(s string) string {
	lines := strings.Split(s, "\n")
	if len(lines) > 30 {
		lines = lines[len(lines)-30:]
	}
	return strings.Join(lines, "\n")
}

type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// until waits for a condition, for at most a minute.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-ctx.Done():
			t.Fatalf("waited a minute for: %s", what)
		case <-tick.C:
		}
	}
}

// sampleProject writes the sample and returns its folder.
func sampleProject(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "p")
	must(t, nil, "init", dir)
	return dir
}

// workingHours gives the sample the send window of an office.
func workingHours(t *testing.T, dir string) {
	t.Helper()
	file := filepath.Join(dir, "campaigns", sample, "campaign.yaml")
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	s := strings.NewReplacer("[mon, tue, wed, thu, fri, sat, sun]", "[mon, tue, wed, thu, fri]", `"00:00-24:00"`, `"08:30-17:00"`).Replace(string(b))
	if s == string(b) {
		t.Fatal("the sample's window is not where this test looks for it")
	}
	if err := os.WriteFile(file, []byte(s), 0o666); err != nil {
		t.Fatal(err)
	}
}
