package main

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"outreach.example/worker"
)

// The test settings work towards a relay on this machine only.
func TestTestSettings(t *testing.T) {
	for _, c := range []struct {
		name, relay, key, value string
		code                    int
		says                    string
	}{
		{"none", "smtp://relay.example:25", "", "", exitDone, ""},
		{"a real relay", "smtp://relay.example:25", testSpeed, "20", exitRefused, "not every relay is on this machine"},
		{"no relay", "", testFail, "after-dot:1", exitRefused, "not every relay is on this machine"},
		{"a name that only looks local", "smtp://localhost.example:25", testClock, "+1h", exitRefused, "not every relay is on this machine"},
		{"this machine", "smtp://127.0.0.1:25?tls=none", testSpeed, "20", exitDone, "TEST SETTINGS ARE ON"},
		{"no speed", "smtp://127.0.0.1:25?tls=none", testSpeed, "fast", exitUsage, "not a whole number"},
		{"no time", "smtp://127.0.0.1:25?tls=none", testClock, "tomorrow", exitUsage, "not a time"},
		{"no point", "smtp://127.0.0.1:25?tls=none", testFail, "after-dot", exitUsage, "not point:n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			env := map[string]string{"OUTREACH_RELAY": c.relay, c.key: c.value}
			var out, errs bytes.Buffer
			code := run(context.Background(), []string{"version"}, func(k string) string { return env[k] }, strings.NewReader(""), &out, &errs)
			if code != c.code || !strings.Contains(errs.String(), c.says) || c.says == "" && errs.Len() > 0 {
				t.Errorf("code %d, says %q", code, errs.String())
			}
		})
	}
}

// Unset, they change nothing; set, every time is shorter and none is nothing.
func TestSpeed(t *testing.T) {
	none := testSettings{}
	if got := none.worker(96 * time.Hour); got.Lease != worker.Standard.Lease || got.Retry[4] != worker.Standard.Retry[4] || got.GiveUp != 96*time.Hour {
		t.Errorf("without a setting: %+v", got)
	}
	fast := testSettings{speed: 20}
	if got := fast.worker(48 * time.Hour); got.Retry[0] != 45*time.Second || got.Lease != 900*time.Millisecond || got.Cut != 3*time.Second || got.GiveUp != 144*time.Minute || got.Greylisted[0] != 18*time.Second || worker.Standard.Greylisted[0] != 6*time.Minute {
		t.Errorf("twenty times faster: %+v", got)
	}
	if got := fast.relay(); got.Dot != 30*time.Second || got.Quit != 2*time.Second {
		t.Errorf("twenty times faster: %+v", got)
	}
	if got := fast.ledger(); got.Answer != 39*time.Second {
		t.Errorf("twenty times faster: %+v", got)
	}
}

// A clock that is set jumps when it was told to.
func TestShiftedClock(t *testing.T) {
	at := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	a := &app{now: func() time.Time { return at }}
	if err := a.shiftClock("-24h@5s"); err != nil {
		t.Fatal(err)
	}
	if got := a.now(); !got.Equal(at) {
		t.Errorf("before the jump: %v", got)
	}
	began := at
	at = at.Add(5 * time.Second)
	if got := a.now(); !got.Equal(began.Add(5*time.Second - 24*time.Hour)) {
		t.Errorf("after the jump: %v", got)
	}
}

// Points that nobody named end nothing.
func TestFailAt(t *testing.T) {
	fail, err := failAt("after-dot:2,after-reply:1:stop")
	if err != nil {
		t.Fatal(err)
	}
	fail("before-claim")
	fail("after-dot") // the first passing of two
}
