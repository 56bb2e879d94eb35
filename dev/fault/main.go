// Command fault does to the house what can happen to it, and looks whether a letter was lost or went twice: real
// processes of the program, a real redis-server, and a witness that writes down each letter before it answers. The
// checker believes the witness and the rows of the ledger, and nothing that the program says of itself.
package main

import (
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/redis/go-redis/v9"
)

// silent takes the lines that the Redis client would print on its own.
type silent struct{}

func (silent) Printf(context.Context, string, ...any) {}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx)
	stop()
	endAll()
	os.Exit(code)
}

func run(ctx context.Context) int {
	all := flag.Bool("all", false, "every fault, the long runs too; without it what fits into three minutes")
	seed := flag.Uint64("seed", 0, "repeat a run; a new one is drawn and printed unless set")
	only := flag.String("only", "", "these `ids` or layers alone, for example F03,F17 or model (layers: "+strings.Join(layers, ", ")+")")
	seeds := flag.Int("seeds", 0, "how many seeds the rows of the layer model take (100000 and 2000 unless set)")
	from := flag.Uint64("from", 0, "the first of them (1 unless set; drawn from --seed with --all)")
	mutant := flag.String("mutant", "", "remove one safeguard (`name`, all, or model) and see that this is reported")
	asJSON := flag.Bool("json", false, "print one JSON object")
	at := flag.Int("at-once", 6, "scenarios at once")
	keep := flag.Bool("keep", false, "keep the folder with every log")
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "faults: it takes no argument, got %q\n", flag.Arg(0))
		return 2
	}
	if *seed == 0 {
		*seed = uint64(time.Now().UnixNano() % 1e9)
	}
	redis.SetLogger(silent{}) // every error comes back to its caller as well
	// What computes must not keep what waits for a turn: with more threads than processors the kernel shares them out.
	runtime.GOMAXPROCS(4 * runtime.NumCPU())
	debug.SetGCPercent(400)
	h := &harness{seed: *seed, atOnce: max(1, *at), all: *all, seeds: *seeds, from: *from}
	fmt.Fprintf(os.Stderr, "faults: seed %d (repeat with --seed %d)\n", h.seed, h.seed)
	var err error
	if h.dir, err = os.MkdirTemp("", "outreach-faults-"); err != nil {
		fmt.Fprintln(os.Stderr, "faults: "+err.Error())
		return 1
	}
	if *keep {
		fmt.Fprintln(os.Stderr, "faults: everything is kept in "+h.dir)
	} else {
		defer func() { _ = os.RemoveAll(h.dir) }()
	}
	chosen, err := choose(*all, *only)
	if err != nil {
		fmt.Fprintln(os.Stderr, "faults: "+err.Error())
		return 2
	}
	if err := h.prepare(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "faults: "+err.Error())
		return 1
	}
	if *mutant != "" {
		return h.mutants(ctx, *mutant)
	}
	r := h.runAll(ctx, chosen)
	if *only == "" {
		r.Missing, r.Left = unexercised(chosen, *all)
	}
	if *asJSON {
		e := json.NewEncoder(os.Stdout)
		e.SetIndent("", "  ")
		e.SetEscapeHTML(false)
		_ = e.Encode(r)
	} else {
		r.print()
	}
	if ctx.Err() != nil {
		fmt.Fprintln(os.Stderr, "faults: interrupted")
		return 130
	}
	if !r.well() {
		return 1
	}
	return 0
}

// report is what a run came to. Faults, letters and doubts are those of real processes; what any layer lost or sent twice
// is in it.
type report struct {
	Seed    uint64    `json:"seed"`
	Seeds   int       `json:"seeds"`     // simulated or compared
	Bytes   int       `json:"dialogues"` // cut after a byte
	Faults  int       `json:"faults"`
	Kills   int       `json:"kills"`
	Cut     int       `json:"cut_or_dropped_replies"`
	Letters int       `json:"letters"`
	Lost    int       `json:"lost"`
	Twice   int       `json:"twice"`
	Doubt   int       `json:"in_doubt"`
	Shown   int       `json:"in_doubt_shown"`
	Rows    []outcome `json:"rows"`
	Missing []string  `json:"not_exercised,omitempty"` // though they should have been
	Left    []string  `json:"only_with_all,omitempty"` // what a short run leaves out
	Seconds float64   `json:"seconds"`
}

// outcome is one row of the table.
type outcome struct {
	ID      string         `json:"id"`
	Layer   string         `json:"layer"`
	What    string         `json:"what"`
	Seeds   int            `json:"seeds,omitempty"`
	Times   int            `json:"times"`
	Kinds   map[string]int `json:"kinds"`
	Letters int            `json:"letters"`
	Lost    int            `json:"lost"`
	Twice   int            `json:"twice"`
	Doubt   int            `json:"in_doubt"`
	Shown   int            `json:"in_doubt_shown"`
	Notes   []string       `json:"notes,omitempty"`
	Wrong   []string       `json:"wrong,omitempty"`
	Seconds float64        `json:"seconds"`
}

func (r report) well() bool {
	for _, o := range r.Rows {
		if len(o.Wrong) > 0 {
			return false
		}
	}
	return r.Lost == 0 && r.Twice == 0 && r.Doubt == r.Shown && len(r.Missing) == 0 && len(r.Rows) > 0
}

func (r report) print() {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tFAULT\tTIMES\tLETTERS\tLOST\tTWICE\tIN DOUBT\tOUTCOME\tTIME")
	for _, o := range r.Rows {
		how := "ok"
		if len(o.Wrong) > 0 {
			how = "WRONG"
		}
		fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%d\t%d\t%d\t%s\t%.1fs\n", o.ID, o.What, o.Times, o.Letters, o.Lost, o.Twice, o.Doubt, how, o.Seconds)
	}
	for _, id := range r.Missing {
		fmt.Fprintf(w, "%s\t%s\t0\t\t\t\t\tNOT EXERCISED\t\n", id, titles[id])
	}
	_ = w.Flush()
	if len(r.Left) > 0 {
		fmt.Println("only with --all: " + strings.Join(r.Left, ", "))
	}
	for _, o := range r.Rows {
		for _, n := range o.Notes {
			fmt.Printf("%s: %s\n", o.ID, n)
		}
		for _, n := range o.Wrong[:min(len(o.Wrong), 10)] {
			fmt.Printf("%s: WRONG: %s\n", o.ID, n)
		}
		if len(o.Wrong) > 10 {
			fmt.Printf("%s: WRONG: and %d more\n", o.ID, len(o.Wrong)-10)
		}
	}
	if r.Seeds+r.Bytes > 0 {
		fmt.Printf("beside the processes: %d seeds simulated or compared, %d dialogues cut after a byte\n", r.Seeds, r.Bytes)
	}
	fmt.Printf("%d kills of processes, %d cut or dropped replies, %.0f s, seed %d\n", r.Kills, r.Cut, r.Seconds, r.Seed)
	fmt.Printf("%d faults, %d letters: lost %d, twice %d, in doubt %d = shown %d\n", r.Faults, r.Letters, r.Lost, r.Twice, r.Doubt, r.Shown)
}

// harness is what all scenarios share.
type harness struct {
	dir, root string
	exe       string
	seed      uint64
	atOnce    int
	all       bool
	seeds     int    // of each row of the layer model, 0 for the usual
	from      uint64 // the first of them, 0 for the usual
	scripts   map[string]string
	shift     string // library that shifts the clock of Redis
}

// prepare builds the program once and finds what the scenarios need.
func (h *harness) prepare(ctx context.Context) (err error) {
	if h.root, err = os.Getwd(); err != nil {
		return err
	}
	if h.scripts, err = scriptNames(h.root); err != nil {
		return err
	}
	if h.shift, err = buildShift(ctx, h.dir); err != nil {
		return err
	}
	h.exe = filepath.Join(h.dir, "outreach")
	return build(ctx, h.root, h.exe, "")
}

// runAll runs scenarios, several at once and the longest first, and gathers what they came to.
func (h *harness) runAll(ctx context.Context, chosen []scenario) report {
	began := time.Now()
	r := report{Seed: h.seed}
	slices.SortStableFunc(chosen, func(a, b scenario) int { return cmp.Compare(b.lasts, a.lasts) })
	results := make(chan outcome)
	slots := make(chan struct{}, h.atOnce)
	go func() {
		for _, s := range chosen {
			slots <- struct{}{}
			go func() {
				defer func() { <-slots }()
				results <- h.one(ctx, s)
			}()
		}
	}()
	for range chosen {
		o := <-results
		fmt.Fprintf(os.Stderr, "faults: %s %s: %s\n", o.ID, o.What, o.brief())
		r.add(o)
	}
	slices.SortFunc(r.Rows, func(a, b outcome) int { return strings.Compare(a.ID, b.ID) })
	r.Seconds = time.Since(began).Seconds()
	return r
}

func (r *report) add(o outcome) {
	r.Rows = append(r.Rows, o)
	r.Lost, r.Twice = r.Lost+o.Lost, r.Twice+o.Twice
	switch o.Layer {
	case layerModel:
		r.Seeds += o.Seeds
		return
	case layerCuts:
		r.Bytes += o.Times
		return
	}
	r.Faults, r.Letters, r.Doubt, r.Shown = r.Faults+o.Times, r.Letters+o.Letters, r.Doubt+o.Doubt, r.Shown+o.Shown
	for kind, n := range o.Kinds {
		switch {
		case strings.HasPrefix(kind, "kill -9"):
			r.Kills += n
		case strings.Contains(kind, "cut") || strings.Contains(kind, "dropped") || strings.Contains(kind, "never answered"):
			r.Cut += n
		}
	}
}

func (o outcome) brief() string {
	if len(o.Wrong) > 0 {
		first, _, _ := strings.Cut(o.Wrong[0], "\n")
		return "WRONG: " + first
	}
	return fmt.Sprintf("ok, %d faults, %d letters, %d in doubt, %.1f s", o.Times, o.Letters, o.Doubt, o.Seconds)
}

// one runs one scenario to its end.
func (h *harness) one(ctx context.Context, s scenario) outcome {
	began := time.Now()
	o := outcome{ID: s.id, Layer: s.layer, What: s.what}
	ctx, cancel := context.WithTimeout(ctx, s.limit())
	defer cancel()
	if s.alone != nil {
		if err := s.alone(ctx, h, &o); err != nil {
			o.wrong("%s", err)
		}
	} else {
		h.inLab(ctx, s, &o)
	}
	for _, n := range o.Kinds {
		o.Times += n
	}
	if o.Times == 0 && len(o.Wrong) == 0 {
		o.wrong("no fault was made")
	}
	o.Seconds = time.Since(began).Seconds()
	return o
}

// inLab runs one scenario of real processes: what it does, then quiet, then the checker.
func (h *harness) inLab(ctx context.Context, s scenario, o *outcome) {
	l, err := h.newLab(ctx, s.id, s.options)
	if err == nil {
		err = s.do(l)
	}
	if l != nil {
		defer l.close()
	}
	if err != nil {
		o.wrong("%s", err)
	}
	if err == nil || s.sick && l != nil && ctx.Err() == nil {
		f, err := l.finish(s)
		if err != nil {
			o.wrong("%s", err)
		}
		o.Letters, o.Lost, o.Twice, o.Doubt, o.Shown = f.letters, len(f.lost), len(f.twice), f.doubt, f.shown
		o.Wrong = slices.Concat(o.Wrong, f.twice, f.lost, f.wrong)
		if f.doubt != f.shown {
			o.wrong("%d letters are in doubt and %d are shown", f.doubt, f.shown)
		}
	}
	if l != nil && l.witness != nil && l.proxy != nil {
		o.Kinds, o.Notes = l.injected(), l.notes
	}
}
