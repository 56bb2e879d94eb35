package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"outreach.example/ledger"
	"outreach.example/letter"
	"outreach.example/queue"
	"outreach.example/worker"
)

// scrapeTime is how long reading ledger and queue for one scrape may take.
const scrapeTime = 5 * time.Second

// checkListen says whether an address can be listened on: host:port, or a port alone, which is this machine's only.
func checkListen(s string) error {
	_, port, err := net.SplitHostPort(listenAddress(s))
	if n, bad := strconv.Atoi(port); err != nil || bad != nil || n < 0 || n > 65535 {
		return fmt.Errorf("%q is not an address to listen on (expected 127.0.0.1:9464, or 9464 alone for this machine only)", s)
	}
	return nil
}

// listenAddress puts this machine before a port alone: who wants others to read a page names the host.
func listenAddress(s string) string {
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		host, port = "", s
	}
	if host == "" {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}

// metrics is the page that Prometheus reads, on a listener of its own.
//
//	scrape ---- collector ---- ledger, queue, worker of this process
//
// It names campaigns and relays, no donor and no address.
type metrics struct {
	ledger *ledger.Ledger
	queue  *queue.Queue
	worker atomic.Pointer[worker.Worker] // nil where none runs in this process
	log    *slog.Logger
}

var (
	metricUp      = prometheus.NewDesc("outreach_ledger_up", "1 when ledger and queue could be read for this scrape", nil, nil)
	metricLetters = prometheus.NewDesc("outreach_letters", "letters by campaign, step and state", []string{"campaign", "step", "state"}, nil)
	metricDoubt   = prometheus.NewDesc("outreach_in_doubt_oldest_seconds", "for how long the oldest letter in doubt has been so; 0 when none is", []string{"campaign"}, nil)
	metricAlarms  = prometheus.NewDesc("outreach_alarms", "alarms of the ledger check; outreach status shows them", nil, nil)
	metricFrozen  = prometheus.NewDesc("outreach_frozen", "1 while the ledger is frozen and nothing leaves", nil, nil)
	metricHeld    = prometheus.NewDesc("outreach_relay_held", "1 while a relay is held", []string{"relay"}, nil)
	metricDepth   = prometheus.NewDesc("outreach_queue_depth", "wake-ups that no worker has taken yet", nil, nil)
	metricWorkers = prometheus.NewDesc("outreach_workers", "workers with a lease", nil, nil)
	metricLeases  = prometheus.NewDesc("outreach_lease_renewals_total", "renewals of this worker's lease: done, failed (the store did not answer), lost (it had ended)", []string{"result"}, nil)
)

// Describe tells nothing beforehand: what there is depends on the campaigns.
func (m *metrics) Describe(chan<- *prometheus.Desc) {}

// Collect reads everything at the moment of the scrape.
func (m *metrics) Collect(out chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	if w := m.worker.Load(); w != nil {
		renewed, failed, lost := w.Leases()
		for result, n := range map[string]int64{"done": renewed, "failed": failed, "lost": lost} {
			out <- prometheus.MustNewConstMetric(metricLeases, prometheus.CounterValue, float64(n), result)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), scrapeTime)
	defer cancel()
	v, err := m.ledger.Vitals(ctx)
	var now time.Time
	if err == nil {
		now, err = m.ledger.Now(ctx)
	}
	depth := 0
	if err == nil {
		depth, err = m.queue.Depth(ctx)
	}
	if err != nil {
		m.log.Warn("metrics cannot be read", "error", err)
		gauge(metricUp, 0)
		return
	}
	gauge(metricUp, 1)
	gauge(metricDepth, float64(depth))
	gauge(metricWorkers, float64(v.Workers))
	gauge(metricAlarms, float64(v.Alarms))
	gauge(metricFrozen, truth(v.Frozen != ""))
	for _, r := range v.Relays {
		gauge(metricHeld, truth(v.Held[r] != ""), r)
	}
	for _, c := range v.Campaigns {
		age := 0.0
		if !c.OldestDoubt.IsZero() {
			age = max(0, now.Sub(c.OldestDoubt).Seconds())
		}
		gauge(metricDoubt, age, c.Name)
		for step, counts := range c.Counts {
			for _, s := range letter.States {
				gauge(metricLetters, float64(counts[s]), c.Name, step, string(s))
			}
		}
	}
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// serveMetrics serves the page until ctx ends, where a setting asks for it. The function it returns waits for its end.
func (h *house) serveMetrics(ctx context.Context) (wait func(), err error) {
	if h.config.value["metrics"] == "" {
		return func() {}, nil
	}
	l, err := net.Listen("tcp", listenAddress(h.config.value["metrics"]))
	if err != nil {
		return nil, ledger.Refusal(fmt.Sprintf("metrics cannot be served: %s; set OUTREACH_METRICS to a free address, or leave it empty", err))
	}
	h.metrics.ledger, h.metrics.queue, h.metrics.log = h.ledger, queue.New(h.queue), h.log
	registry := prometheus.NewRegistry()
	registry.MustRegister(&h.metrics, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{MaxRequestsInFlight: 3, Timeout: scrapeTime + time.Second})) // called by Prometheus
	server := &http.Server{
		Handler: mux, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 15 * time.Second,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 16 << 10,
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			h.log.Error("metrics", "error", err)
		}
	}()
	stop := context.AfterFunc(ctx, func() {
		patience, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		if server.Shutdown(patience) != nil {
			_ = server.Close()
		}
	})
	h.log.Info("metrics", "url", "http://"+l.Addr().String()+"/metrics")
	return func() {
		if stop() { // a role failed before the program was told to end
			_ = server.Close()
		}
		<-done
	}, nil
}
