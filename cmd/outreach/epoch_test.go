package main

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"outreach.example/ledger"
)

// exits waits for a role to end by itself with an exit code, and gives its log.
func (p *process) exits(t *testing.T, code int) string {
	t.Helper()
	var err error
	until(t, "the process to end", func() bool {
		select {
		case err = <-p.done:
			p.done <- nil
			return true
		default:
			return false
		}
	})
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != code {
		t.Errorf("ended with %v, want exit code %d\n%s", err, code, tail(p.log.String()))
	}
	return p.log.String()
}

// name is the ledger's name, as people type it.
func (f *field) name(t *testing.T) string {
	t.Helper()
	at, err := ledger.New(f.rdb).Where(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return at.Name()
}

// compare is outreach reconcile --json with further arguments.
func (f *field) compare(t *testing.T, args ...string) compared {
	t.Helper()
	var c compared
	if err := json.Unmarshal([]byte(must(t, f.env, append([]string{"reconcile", "--json"}, args...)...)), &c); err != nil {
		t.Fatal(err)
	}
	return c
}

// ends waits until no letter is open, and wants each letter handed over once at most and accounted for.
func (f *field) ends(t *testing.T) status {
	t.Helper()
	until(t, "no letter open", func() bool { s := f.status(t); return s.Planned+s.Claimed+s.Sending == 0 })
	s := f.status(t)
	if s.Sent+s.InDoubt != 175 {
		t.Errorf("status %+v", s)
	}
	if n := f.once(t); n < s.Sent || n > 175 {
		t.Errorf("%d letters accepted, %d sent", n, s.Sent)
	}
	return s
}

// Redis loses what it wrote last. Whoever comes back to it notices, nothing leaves, and after the reconciliation every
// letter is sent once, or in doubt.
func TestLostSuffix(t *testing.T) {
	f := newField(t, false)
	scheduler, victim := start(t, f.env, "scheduler"), start(t, f.env, "worker")
	until(t, "100 letters sent", func() bool { return f.status(t).Sent >= 100 })
	f.srv.Kill()
	f.cutAOF(t)
	f.srv.Again(t)
	until(t, "frozen", func() bool { return f.status(t).Frozen != "" })
	why := f.status(t).Frozen
	if !strings.HasPrefix(why, "the ledger has lost what came last: it ends at entry ") && !strings.HasPrefix(why, "the ledger has another history than ") {
		t.Errorf("frozen: %s", why)
	}
	until(t, "the scheduler's log to say so", func() bool {
		return strings.Contains(scheduler.log.String(), "the ledger is frozen: nothing leaves")
	})
	// A worker in the middle of it stands in the way.
	_, errs, code := outreach(t, f.env, "reconcile")
	if code != 4 || !strings.Contains(errs, " lives and writes "+f.env["OUTREACH_INTENTS"]) || !strings.Contains(errs, "; stop it, then type this again") {
		t.Errorf("beside a worker: %d %s", code, errs)
	}
	accepted, known := len(f.box.Letters()), f.status(t).Sent
	victim.stop(t)
	if n := len(f.box.Letters()); n != accepted {
		t.Errorf("%d letters left a frozen ledger", n-accepted)
	}
	c := f.compare(t)
	sent := 0
	for _, l := range c.Letters {
		if l.Becomes == "sent" && l.Files == "sent" {
			sent++
		}
	}
	if sent < accepted-known-8 || sent == 0 {
		t.Errorf("%d accepted, the ledger knows %d, and %d become sent", accepted, known, sent)
	}
	// The scheduler may run on: the folder tells it.
	must(t, f.env, "reconcile", "--confirm", f.name(t))
	if s := f.status(t); s.Frozen != "" || s.Sent < accepted-8 {
		t.Errorf("after the reconciliation: %+v", s)
	}
	if c := f.compare(t); len(c.Letters) != 0 {
		t.Errorf("compared again: %+v", c.Letters)
	}
	start(t, f.env, "worker")
	f.ends(t)
	if s := f.status(t); s.Frozen != "" {
		t.Errorf("frozen again: %s", s.Frozen)
	}
}

// cutAOF takes the last third of what Redis wrote since it began away, as a crash of the machine may.
func (f *field) cutAOF(t *testing.T) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(f.srv.Dir, "appendonlydir", "*.incr.aof"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	info, err := os.Stat(files[0])
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	// Two thirds of what came after the campaign was started.
	from := strings.LastIndex(string(b), "start_by")
	if from < 0 {
		t.Fatal("the campaign's start is not in the file")
	}
	if err := os.Truncate(files[0], int64(from)+(info.Size()-int64(from))*2/3); err != nil {
		t.Fatal(err)
	}
}

// Yesterday's backup is restored, and letters have left since: none of them leaves again.
func TestYesterday(t *testing.T) {
	f := newField(t, false)
	must(t, f.env, "hold", "--region", "Africa", "--reason", "until tomorrow")
	must(t, f.env, "hold", "KEN", "--reason", "a visit")
	scheduler, worker := start(t, f.env, "scheduler"), start(t, f.env, "worker")
	until(t, "all but Africa sent", func() bool {
		s := f.status(t)
		return s.Sent > 100 && s.Claimed+s.Sending == 0 && s.Sent == len(f.box.Letters())
	})
	file := filepath.Join(t.TempDir(), "yesterday.outreach")
	must(t, f.env, "backup", file)
	yesterday := f.status(t).Sent

	// Today most of the others leave, and the worker dies with the ledger in the middle of it.
	must(t, f.env, "release", "--region", "Africa")
	until(t, "letters of today", func() bool { return f.status(t).Sent > yesterday+5 })
	worker.kill()
	f.rdb.FlushAll(t.Context())
	for _, p := range []*process{scheduler, start(t, f.env, "scheduler"), start(t, f.env, "worker")} {
		if log := p.exits(t, 4); !strings.Contains(log, "is empty, and "+f.env["OUTREACH_INTENTS"]+" remembers one (") ||
			!strings.Contains(log, "restore a backup: outreach restore FILE") {
			t.Errorf("without a ledger: %s", tail(log))
		}
	}
	out, errs, code := outreach(t, f.env, "reconcile")
	if code != 4 || !strings.Contains(errs, "the ledger is empty; the intent files say that ") || strings.Count(out, "250 2.0.0 taken") < yesterday+5 {
		t.Errorf("the letters of a ledger that is gone: %d %s", code, errs)
	}
	if n := f.rdb.DBSize(t.Context()).Val(); n != 0 {
		t.Errorf("looking wrote %d keys into an empty ledger", n)
	}

	must(t, f.env, "restore", file)
	start(t, f.env, "scheduler")
	worker = start(t, f.env, "worker")
	until(t, "the worker's log to say that it is frozen", func() bool {
		return strings.Contains(worker.log.String(), "the ledger is frozen: nothing leaves") && strings.Contains(worker.log.String(), "worker started")
	})
	accepted := len(f.box.Letters())
	worker.stop(t)
	if n := len(f.box.Letters()); n != accepted {
		t.Errorf("%d letters left a restored ledger", n-accepted)
	}
	c := f.compare(t)
	if len(c.Letters) < 6 {
		t.Errorf("letters of today: %+v", c.Letters)
	}
	for _, l := range c.Letters {
		if l.Ledger != "planned" || l.Becomes != "sent" && l.Becomes != "in doubt" {
			t.Errorf("%+v", l)
		}
	}
	must(t, f.env, "reconcile", "--confirm", f.name(t))
	last := start(t, f.env, "worker")
	must(t, f.env, "release", "--region", "Africa")
	must(t, f.env, "release", "KEN")
	f.ends(t)
	last.stop(t)

	// The same backup once more: the last worker's file is of an epoch that the backup does not know.
	must(t, f.env, "restore", file, "--replace", "--confirm", f.name(t))
	_, errs, code = outreach(t, f.env, "reconcile")
	i := strings.LastIndex(errs, "--also ")
	if code != 4 || !strings.Contains(errs, "intent files of a ledger that this one does not know: ") || i < 0 {
		t.Fatalf("another epoch: %d %s", code, errs)
	}
	also := errs[i+7 : i+15]
	must(t, f.env, "reconcile", "--also", also, "--confirm", f.name(t))
	if s := f.status(t); s.Sent+s.InDoubt != 175 {
		t.Errorf("after the second restore: %+v", s)
	}
	start(t, f.env, "worker")
	must(t, f.env, "release", "--region", "Africa")
	must(t, f.env, "release", "KEN")
	f.ends(t)
}
