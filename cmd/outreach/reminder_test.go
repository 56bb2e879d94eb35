package main

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/mail"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"outreach.example/donor"
	"outreach.example/ledger"
	"outreach.example/relay/relaytest"
	"outreach.example/trial"
	"outreach.example/worker"

	"outreach.example/ledger/ledgertest"
)

// clock is what both the program and the built-in store take for the time.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

// On a moved clock, with the same scheduler and worker: the reminder goes to every State but those with a recorded reply
// or pledge, once, when ten working days have passed, in a send window, in the thread of the appeal.
func TestReminderOnAMovedClock(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Zurich")
	if err != nil {
		t.Fatal(err)
	}
	c := &clock{t: time.Date(2026, 11, 23, 10, 0, 0, 0, zone)}
	mini := ledgertest.Mini(t)
	move := func(to time.Time) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.t = to
		mini.SetTime(to)
	}
	move(c.t)
	box := relaytest.Start(t, relaytest.Options{})
	dir := t.TempDir()
	a := &app{
		getenv: func(k string) string {
			return map[string]string{
				"OUTREACH_REDIS": "redis://" + mini.Addr(), "OUTREACH_RELAY": box.URL(), "OUTREACH_HELO": "w.outreach.example",
				"OUTREACH_INTENTS": filepath.Join(dir, "intents"),
			}[k]
		},
		out: &bytes.Buffer{}, errs: &bytes.Buffer{}, in: strings.NewReader(""), now: c.now, account: "tester", dir: dir,
	}
	if _, err := a.writeSample(dir); err != nil {
		t.Fatal(err)
	}
	workingHours(t, dir)
	ctx := t.Context()
	cfg, err := a.config()
	if err != nil {
		t.Fatal(err)
	}
	l, q, closeAll, err := a.connect(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer closeAll()
	h := &house{app: a, config: cfg, ledger: l, queue: q, log: slog.New(slog.DiscardHandler), times: worker.Standard}
	p, err := a.open(sample)
	if err == nil {
		err = p.load()
	}
	if err == nil {
		err = a.release(ctx, h, p)
	}
	if err != nil {
		t.Fatal(err)
	}

	// rounds runs both roles until a step has so many sent letters, or for a while.
	rounds := func(step string, want int) {
		t.Helper()
		work, stop := context.WithCancel(ctx)
		done := make(chan error, 1)
		go func() { done <- h.up(work) }()
		until(t, step, func() bool {
			// The lease is renewed by the program's clock, and read by the store's.
			counts, err := l.Counts(ctx, sample)
			return err == nil && counts[step].Total() >= 0 && counts[step]["sent"] == want
		})
		stop()
		if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	}
	rounds("appeal", 175)
	sched := h.scheduler()
	for following := 1; following > 0; {
		if err := sched.Advance(ctx); err != nil {
			t.Fatal(err)
		}
		f, err := l.Following(ctx, sample, 1)
		if err != nil {
			t.Fatal(err)
		}
		following = len(f)
	}
	for _, id := range []string{"KEN", "NOR"} {
		kind := map[string]string{"KEN": "reply", "NOR": "pledge"}[id]
		f, err := a.find(ctx, l, sample, id)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := l.Record(ctx, sample, id, f.block, f.campaign.Steps, ledger.Entry{Kind: kind, By: "ann"}); err != nil {
			t.Fatal(err)
		}
	}
	move(time.Date(2026, 12, 7, 8, 29, 0, 0, zone))
	if err := sched.Wake(ctx); err != nil {
		t.Fatal(err)
	}
	if n, err := sched.Queue.Depth(ctx); err != nil || n != 0 {
		t.Errorf("%d blocks woken before the window opened (%v)", n, err)
	}
	move(time.Date(2026, 12, 7, 8, 31, 0, 0, zone))
	rounds("reminder-1", 173)

	appeals, reminders := map[string]string{}, map[string]int{}
	for _, m := range box.Letters() {
		msg, err := mail.ReadMessage(bytes.NewReader(m.Data))
		if err != nil {
			t.Fatal(err)
		}
		to := m.To[0]
		if msg.Header.Get("In-Reply-To") == "" {
			appeals[to] = m.MessageID
			continue
		}
		reminders[to]++
		if got := msg.Header.Get("In-Reply-To"); got != appeals[to] || msg.Header.Get("References") != got {
			t.Errorf("reminder to %s answers %s (references %s), want %s", to, got, msg.Header.Get("References"), appeals[to])
		}
		date, err := msg.Header.Date()
		if err != nil || date.In(zone).Hour() != 8 || donor.DateOf(date.In(zone)).String() != "2026-12-07" {
			t.Errorf("reminder to %s is dated %v", to, date)
		}
	}
	if len(appeals) != 175 || len(reminders) != 173 {
		t.Errorf("%d appeals and %d reminders, want 175 and 173", len(appeals), len(reminders))
	}
	for to, n := range reminders {
		if n != 1 || strings.Contains(to, "ken.") || strings.Contains(to, "nor.") {
			t.Errorf("%d reminders to %s", n, to)
		}
	}
}

// In trial mode nothing but this machine can be dialled: not the relay, not Redis.
func TestTrialDialsOnlyThisMachine(t *testing.T) {
	store, err := trial.StartStore(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	box, err := trial.StartMailbox(trial.Options{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = box.Close(context.Background()) }()
	a := &app{getenv: func(string) string { return "" }, out: &bytes.Buffer{}, errs: &bytes.Buffer{}, now: time.Now, dir: t.TempDir(), set: map[string]*string{}}
	a.trial()
	h, closeAll, err := a.trialHouse(t.Context(), store, box, tryFlags{})
	if err != nil {
		t.Fatal(err)
	}
	defer closeAll()
	for _, address := range []string{"192.0.2.1:25", "[2001:db8::1]:25", "relay.iom.example:25"} {
		h.config.value["relay"] = "smtp://" + address + "?tls=none&insecure=yes"
		all, err := h.relays()
		if err != nil || len(all) != 1 {
			t.Fatal(all, err)
		}
		r := all[0]
		if says, err := r.Check(t.Context()); err == nil {
			t.Errorf("dialled %s: %s", address, says)
		} else if !strings.Contains(err.Error(), "not this machine") && !strings.Contains(address, "example") {
			t.Errorf("%s: %v, want a refusal that says why", address, err)
		}
		_ = r.Close(t.Context())
	}
	if _, err := a.dialRedis(t.Context(), "redis://192.0.2.1:6379/0", "x", true); err == nil || !strings.Contains(err.Error(), "not this machine") {
		t.Errorf("Redis elsewhere: %v", err)
	}
}
