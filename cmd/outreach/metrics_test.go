package main

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"outreach.example/ledger"
	"outreach.example/worker"
)

// scrape reads the page of a process that logs its address.
func scrape(t *testing.T, url string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != 200 {
		t.Fatalf("%s: %v\n%s", resp.Status, err, b)
	}
	return string(b)
}

// page is the address that a log names.
func page(t *testing.T, log *safeBuffer) string {
	t.Helper()
	var url string
	until(t, "the page's address in the log", func() bool {
		_, rest, ok := strings.Cut(log.String(), "url=http://")
		url, _, _ = strings.Cut(rest, "\n")
		return ok && strings.Contains(rest, "\n")
	})
	return "http://" + strings.TrimSpace(url)
}

// Prometheus reads from a real process how many letters are where, and what is the matter; no donor and no address.
func TestMetrics(t *testing.T) {
	f := newField(t, true)
	f.env["OUTREACH_METRICS"] = "127.0.0.1:0"
	up := start(t, f.env, "up")
	url := page(t, up.log)
	until(t, "letters past the commit point", func() bool {
		return !strings.Contains(scrape(t, url), `outreach_letters{campaign="resilience",state="sending",step="appeal"} 0`+"\n")
	})
	close(f.resume)
	until(t, "175 sent", func() bool { return f.status(t).Sent == 175 })
	// A doubt of an hour, an alarm, a freeze and a held relay, as others write them.
	l := ledger.New(f.rdb)
	old := time.Now().Add(-time.Hour)
	for _, cmd := range []error{
		f.rdb.ZAdd(t.Context(), "{outreach}:look:resilience", redis.Z{Score: float64(old.UnixMilli()) - 1e13, Member: "appeal/KEN"}).Err(),
		f.rdb.HSet(t.Context(), "{outreach}:meta", "frozen", "a reason").Err(),
		f.rdb.SAdd(t.Context(), "{outreach}:relays", "mx1.example:25", "mx2.example:25").Err(),
		f.rdb.HSet(t.Context(), "{outreach}:relay:mx2.example:25", "held", "two doubts").Err(),
	} {
		if cmd != nil {
			t.Fatal(cmd)
		}
	}
	if _, err := l.Raise(t.Context(), "test", []ledger.Fault{{About: "chain", Says: "broken"}}); err != nil {
		t.Fatal(err)
	}
	until(t, "a renewed lease", func() bool {
		return !strings.Contains(scrape(t, url), `outreach_lease_renewals_total{result="done"} 0`)
	})
	got := scrape(t, url)
	for _, want := range []string{
		"outreach_ledger_up 1", `outreach_letters{campaign="resilience",state="sent",step="appeal"} 175`,
		`outreach_letters{campaign="resilience",state="in_doubt",step="appeal"} 0`, `outreach_in_doubt_oldest_seconds{campaign="resilience"} 36`,
		"outreach_alarms 1", "outreach_frozen 1", `outreach_relay_held{relay="mx1.example:25"} 0`, `outreach_relay_held{relay="mx2.example:25"} 1`,
		"outreach_queue_depth 0", "outreach_workers 1", `outreach_lease_renewals_total{result="lost"} 0`, "go_goroutines ", "process_resident_memory_bytes ",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	for _, never := range []string{"KEN", "@", "mission"} {
		if strings.Contains(got, never) {
			t.Errorf("%q in\n%s", never, got)
		}
	}
	if out := must(t, f.env, "status", "resilience"); !strings.HasPrefix(out, "ALARM since ") {
		t.Errorf("status does not begin with the alarm:\n%s", out)
	}
	up.stop(t)
}

// A scheduler alone has a page too, and it says so when the ledger cannot be read. A port that is taken is told at once.
func TestMetricsWithoutALedger(t *testing.T) {
	f := newField(t, true)
	f.env["OUTREACH_METRICS"] = "127.0.0.1:0"
	p := start(t, f.env, "scheduler")
	url := page(t, p.log)
	if got := scrape(t, url); !strings.Contains(got, "outreach_ledger_up 1") || strings.Contains(got, "lease_renewals") {
		t.Errorf("%s", got)
	}
	f.env["OUTREACH_METRICS"] = strings.TrimSuffix(strings.TrimPrefix(url, "http://"), "/metrics")
	if _, errs, code := outreach(t, f.env, "scheduler"); code != exitRefused || !strings.Contains(errs, "metrics cannot be served") || !strings.Contains(errs, "OUTREACH_METRICS") {
		t.Errorf("exit %d: %s", code, errs)
	}
	f.rdb.ShutdownNoSave(t.Context())
	if got := scrape(t, url); !strings.Contains(got, "outreach_ledger_up 0") || strings.Contains(got, "outreach_letters") {
		t.Errorf("%s", got)
	}
	p.stop(t)
}

func TestListenAddress(t *testing.T) {
	for in, want := range map[string]string{"9464": "127.0.0.1:9464", ":9464": "127.0.0.1:9464", "0.0.0.0:9464": "0.0.0.0:9464", "[::1]:1": "[::1]:1"} {
		if got := listenAddress(in); got != want || checkListen(in) != nil {
			t.Errorf("%s: %s (%v), want %s", in, got, checkListen(in), want)
		}
	}
	for _, in := range []string{"x", "1.2.3.4", "127.0.0.1:http", "127.0.0.1:70000", "a:b:c"} {
		if checkListen(in) == nil {
			t.Errorf("%s is taken", in)
		}
	}
}

// SIGTERM, and a relay that answers no dot: when the time is over the sockets close, the worker ends, and its letters are
// in doubt. What had not passed the commit point is planned.
func TestDrainEnds(t *testing.T) {
	f := newField(t, true)
	f.env["OUTREACH_CONNECTIONS"] = "3"
	a := &app{getenv: func(k string) string { return f.env[k] }, out: io.Discard, errs: io.Discard, now: time.Now, dir: t.TempDir()}
	c, err := a.config()
	if err != nil {
		t.Fatal(err)
	}
	l, q, closeAll, err := a.connect(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	h := &house{app: a, config: c, ledger: l, queue: q, log: slog.New(slog.DiscardHandler), times: worker.Standard, drain: 300 * time.Millisecond}
	ctx, stop := context.WithCancel(context.Background())
	start(t, f.env, "scheduler")
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := h.work(ctx); err != nil {
			t.Error(err)
		}
	}()
	t.Cleanup(func() {
		stop()
		<-ended
		closeAll()
	})
	until(t, "three letters past the commit point", func() bool { return f.status(t).Sending == 3 })
	stop()
	until(t, "the end of the worker", func() bool {
		select {
		case <-ended:
			return true
		default:
			return false
		}
	})
	if s := f.status(t); s.InDoubt != 3 || s.Planned != 172 {
		t.Errorf("%+v", s)
	}
}
