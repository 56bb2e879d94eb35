// Command benchmark measures the house end to end: a real redis-server, postfix's smtp-sink, the program's own roles as
// processes, and smtp-source on the same sink with messages of the same size, interleaved in one run. Machines differ and
// are noisy; ratios within one run are what counts.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
)

// report is what was found: medians of the rounds. Rates are letters per second; a ratio is that of a run to what was
// measured right before and after it, because machines change their speed from one second to the next.
type report struct {
	Letters   int `json:"letters"` // of one run
	Rounds    int `json:"rounds"`
	TextBytes int `json:"text_bytes"`
	HTMLBytes int `json:"html_bytes"`
	WireBytes int `json:"wire_bytes"` // of one message

	SMTPSource      float64 `json:"smtp_source_per_s"` // smtp-source -d -s 20
	EndToEnd        float64 `json:"end_to_end_per_s"`  // blocks of 100, appendfsync everysec
	EndToEndRatio   float64 `json:"end_to_end_vs_smtp_source"`
	OneByOne        float64 `json:"blocks_of_one_per_s"`
	OneByOneRatio   float64 `json:"blocks_of_one_vs_smtp_source"`
	Always          float64 `json:"always_per_s"` // blocks of 100, appendfsync always
	AlwaysRatio     float64 `json:"always_vs_everysec"`
	CPU             float64 `json:"cpu_us_per_letter"` // all processes of the house but Redis and the sink, blocks of 100
	CPUWorker       float64 `json:"cpu_us_per_letter_worker"`
	CPUScheduler    float64 `json:"cpu_us_per_letter_scheduler"`
	CPURedis        float64 `json:"cpu_us_per_letter_redis"`
	CPUBare         float64 `json:"cpu_us_per_letter_without_safeguards"` // no claim, begin, settle, audit, intent file
	CPURedisBare    float64 `json:"cpu_us_per_letter_redis_without_safeguards"`
	SafetyRatio     float64 `json:"safety_adds_to_cpu"` // to that of the house, as a part of what it is without
	SafetyWithRedis float64 `json:"safety_adds_to_cpu_with_redis"`
	CPUOneByOne     float64 `json:"cpu_us_per_letter_blocks_of_one"`
	CPURedisOne     float64 `json:"cpu_us_per_letter_redis_blocks_of_one"`
	WorkerPeakMB    float64 `json:"worker_peak_mb"`
	RedisPerLetter  float64 `json:"redis_bytes_per_letter"` // rows, counters and indexes
	RecordsPerDonor float64 `json:"redis_bytes_per_donor_record"`
	AuditPerLetter  float64 `json:"redis_bytes_of_audit_per_letter"`
	Plan            float64 `json:"plan_per_s"`
	Wake            float64 `json:"wakeups_per_s"`
	Render          float64 `json:"render_us"`
	RenderKB        float64 `json:"render_kb"` // allocated
	Seal            float64 `json:"seal_us"`
	SealKB          float64 `json:"seal_kb"`
	SealSigned      float64 `json:"seal_with_dkim_us"` // RSA 2048
	SealSignedKB    float64 `json:"seal_with_dkim_kb"`
	IdleP50         float64 `json:"idle_letter_ms_p50"`
	IdleP99         float64 `json:"idle_letter_ms_p99"`
}

func main() {
	asJSON := flag.Bool("json", false, "print one JSON object")
	letters := flag.Int("letters", 20000, "letters of one run")
	idle := flag.Int("idle", 200, "single letters in an idle system")
	rounds := flag.Int("rounds", 3, "how often everything is measured; medians count")
	profile := flag.Bool("profile", false, "renew dev/worker.pgo, the profile that ./dev/build optimises the program by, and measure nothing")
	staffed := flag.Bool("pages", false, "measure what staff see while letters leave, and what letters lose by it, and nothing else")
	alone := flag.String("bare", "", "be a worker without safeguards between a store and a relay, at `host:port,host:port`")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if store, relay, be := strings.Cut(*alone, ","); be {
		done(bare(ctx, store, relay, *letters))
		return
	}
	if *profile {
		done(renew(ctx, *letters))
		return
	}
	if *staffed {
		r, err := pages(ctx, *letters, *rounds)
		done(err)
		show(r, *asJSON)
		return
	}
	r, err := measure(ctx, *letters, *idle, *rounds)
	done(err)
	show(r, *asJSON)
}

// done ends with an error, where there is one.
func done(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench: "+err.Error())
		os.Exit(1)
	}
}

func show(r interface{ print() }, asJSON bool) {
	if !asJSON {
		r.print()
		return
	}
	e := json.NewEncoder(os.Stdout)
	e.SetIndent("", "  ")
	_ = e.Encode(r)
}

func (r report) print() {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	line := func(what, format string, args ...any) { fmt.Fprintf(w, "%s\t%s\n", what, fmt.Sprintf(format, args...)) }
	line("letters", "%d rounds of %d letters of %d bytes on the wire (text %d, HTML %d)", r.Rounds, r.Letters, r.WireBytes, r.TextBytes, r.HTMLBytes)
	line("smtp-source -d -s 20", "%.0f/s", r.SMTPSource)
	line("end to end, blocks of 100", "%.0f/s, %.2f of smtp-source (goal 0.4)", r.EndToEnd, r.EndToEndRatio)
	line("end to end, blocks of one", "%.0f/s, %.2f of smtp-source (goal 0.2)", r.OneByOne, r.OneByOneRatio)
	line("appendfsync always", "%.0f/s, %.2f of everysec", r.Always, r.AlwaysRatio)
	line("CPU per letter", "%.0f us: worker %.0f, scheduler %.0f; Redis %.0f besides", r.CPU, r.CPUWorker, r.CPUScheduler, r.CPURedis)
	line("CPU per letter without safeguards", "%.0f us; Redis %.0f besides", r.CPUBare, r.CPURedisBare)
	line("the safeguards add", "%.0f %% to the house's CPU (goal: under 60), %.0f %% with Redis's", 100*r.SafetyRatio, 100*r.SafetyWithRedis)
	line("CPU per letter, blocks of one", "%.0f us; Redis %.0f besides", r.CPUOneByOne, r.CPURedisOne)
	line("worker, most memory", "%.0f MB (goal 60)", r.WorkerPeakMB)
	line("Redis per letter", "%.0f bytes; donor record %.0f, audit %.0f", r.RedisPerLetter, r.RecordsPerDonor, r.AuditPerLetter)
	line("plan", "%.0f letters/s", r.Plan)
	line("wake-ups", "%.0f/s", r.Wake)
	line("render and seal", "%.0f + %.0f us (goal 250), %.0f + %.0f kB allocated (goal 200)", r.Render, r.Seal, r.RenderKB, r.SealKB)
	line("seal with DKIM", "%.0f us, %.0f kB allocated", r.SealSigned, r.SealSignedKB)
	line("one letter in an idle system", "p50 %.0f ms, p99 %.0f ms (goal 150)", r.IdleP50, r.IdleP99)
	_ = w.Flush()
}

// prepare builds the program as it is shipped, and writes the campaigns, into a folder of their own.
func prepare(ctx context.Context, letters int) (*bench, error) {
	dir, err := os.MkdirTemp("", "outreach-bench-")
	if err != nil {
		return nil, err
	}
	b := &bench{ctx: ctx, dir: dir, exe: filepath.Join(dir, "outreach"), letters: letters}
	for exe, what := range map[string]string{b.exe: "./cmd/outreach", filepath.Join(dir, "bare"): "./dev/benchmark"} {
		if out, wrong := exec.CommandContext(ctx, "./dev/build", exe, what).CombinedOutput(); wrong != nil {
			err = errors.Join(err, fmt.Errorf("build: %w\n%s", wrong, out))
		}
	}
	if err := errors.Join(err, b.project("hundred", 100), b.project("one", 1)); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return b, nil
}

// measure runs everything in one folder of its own.
func measure(ctx context.Context, letters, idle, rounds int) (r report, err error) {
	b, err := prepare(ctx, letters)
	if err != nil {
		return r, err
	}
	defer func() { _ = os.RemoveAll(b.dir) }()
	r.Letters, r.Rounds = letters, rounds
	if err := b.compose(&r); err != nil {
		return r, err
	}
	sink, err := b.sink()
	if err != nil {
		return r, err
	}
	defer sink.end()

	found, err := b.rounds(rounds, sink.addr, r.WireBytes)
	if err != nil {
		return r, err
	}
	latencies, wake, err := b.idle(idle)
	if err != nil {
		return r, err
	}

	found.into(&r)
	r.Wake = wake
	slices.Sort(latencies)
	r.IdleP50, r.IdleP99 = percentile(latencies, 50), percentile(latencies, 99)
	return r, nil
}

func percentile(sorted []float64, p int) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(len(sorted)-1, len(sorted)*p/100)]
}
