package main

import (
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
)

// A worker that is told to end gives back what has not passed the commit point while it waits for the answers to its dots;
// then it ends well, and nothing is in doubt.
func TestTerm(t *testing.T) {
	f := newField(t, true)
	f.env["OUTREACH_CONNECTIONS"] = "4"
	start(t, f.env, "scheduler")
	w := start(t, f.env, "worker")
	until(t, "four letters past the commit point", func() bool { return f.status(t).Sending == 4 })
	if err := w.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	until(t, "the others given back", func() bool { s := f.status(t); return s.Claimed == 0 && s.Sending == 4 && s.Planned == 171 })
	close(f.resume)
	w.stop(t)
	if s := f.status(t); s.Sent != 4 || s.Planned != 171 || s.InDoubt != 0 {
		t.Errorf("%+v", s)
	}
	start(t, f.env, "worker")
	until(t, "175 sent", func() bool { return f.status(t).Sent == 175 })
	if n := f.once(t); n != 175 {
		t.Errorf("%d letters accepted", n)
	}
}

// The containers get longer than a worker drains, or they would be killed in the middle.
func TestStopGrace(t *testing.T) {
	b, err := os.ReadFile("../../docker-compose.yml")
	if err != nil {
		t.Fatal(err)
	}
	var compose struct {
		Outreach struct {
			Grace string `yaml:"stop_grace_period"`
		} `yaml:"x-outreach"`
	}
	if err := yaml.Unmarshal(b, &compose); err != nil {
		t.Fatal(err)
	}
	grace, err := time.ParseDuration(compose.Outreach.Grace)
	if err != nil || grace < drain+20*time.Second {
		t.Errorf("stop_grace_period %q, a worker drains for %v (%v)", compose.Outreach.Grace, drain, err)
	}
	if !strings.Contains(string(b), "<<: *outreach\n    command: [worker]") {
		t.Error("the worker does not take its settings from x-outreach")
	}
}
