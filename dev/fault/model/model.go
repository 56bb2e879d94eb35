// Package model is the ledger as a Go program under a seeded scheduler: letters, workers, schedulers, people, a relay and a
// registry mailbox, every step of which may be followed by a crash, a freeze, a lost answer, a failover or a restore. The
// invariants of RELIABILITY.md section 4 are checked after every step; at the end everything runs on without faults, and
// what is open then is lost. What is real is for others: the scripts of the ledger are compared with this model, call for
// call, by Compare.
package model

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync"
)

// Options choose what is run.
type Options struct {
	Profile Profile // Any: by the seed
	Mutant  Mutant  // Whole: nothing removed
	Only    Kind    // look at one promise only; Kept: at all
	Steps   int     // with faults, before everything runs on without; 0: 400
	Workers int     // goroutines; 0: as many as there are processors
	Enough  int     // stop after this many failures; 0: 1
	Keep    []int   // with one seed: only these of its steps
	Calm    []int   // with one seed: steps without faults
}

// A Failure is a seed that broke a promise, made as short as it could be.
type Failure struct {
	Seed  uint64
	Kind  Kind
	Why   string
	Keep  []int // the steps that suffice
	Calm  []int // those of them whose faults do not matter
	Trace []string
}

// Report is what a run of seeds came to.
type Report struct {
	Seeds, Letters, Steps, Faults, Dots, Copies, Doubts, Shown int

	// CutShort counts runs that ended early, because they needed more worker names or intent files than a world has.
	CutShort int
	Failures []Failure
}

// Broken counts failures of a kind.
func (r Report) Broken(k Kind) (n int) {
	for _, f := range r.Failures {
		if f.Kind == k {
			n++
		}
	}
	return n
}

// String is the line that closes a run.
func (r Report) String() string {
	return fmt.Sprintf("simulation: %d seeds, %d steps, %d faults, %d letters: lost %d, twice %d, other promises broken %d; %d doubts, %d left at the end, each shown",
		r.Seeds, r.Steps, r.Faults, r.Letters, r.Broken(Lost), r.Broken(Twice), len(r.Failures)-r.Broken(Lost)-r.Broken(Twice),
		r.Doubts, r.Shown)
}

// Print writes a failure for a person: what broke, how to repeat it, and how it came about.
func (f Failure) Print(out io.Writer) {
	fmt.Fprintf(out, "seed %d breaks a promise (%s): %s\nrepeat it: ./dev/faults --only M1 --seeds 1 --from %d\nthe %d steps that suffice: %s", f.Seed, f.Kind, f.Why,
		f.Seed, len(f.Keep), join(f.Keep))
	if len(f.Calm) > 0 {
		fmt.Fprintf(out, "; without the faults of: %s", join(f.Calm))
	}
	fmt.Fprintf(out, "\n%s\n", strings.Join(f.Trace, "\n"))
}

func join(n []int) string {
	return strings.Trim(strings.Join(strings.Fields(fmt.Sprint(n)), ","), "[]")
}

const usualSteps = 400

// Run runs seeds from, from+1, ... and shrinks the ones that break a promise.
func Run(ctx context.Context, seeds int, from uint64, o Options) Report {
	if o.Steps == 0 {
		o.Steps = usualSteps
	}
	if o.Workers == 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	o.Enough = max(1, o.Enough)
	var (
		mu   sync.Mutex
		sum  Report
		next uint64
		wg   sync.WaitGroup
	)
	const chunk = 64
	for range o.Workers {
		wg.Go(func() {
			w := &world{}
			for {
				mu.Lock()
				at := next
				next += chunk
				over := at >= uint64(seeds) || len(sum.Failures) >= o.Enough
				mu.Unlock()
				if over || ctx.Err() != nil {
					return
				}
				var part Report
				for i := at; i < min(at+chunk, uint64(seeds)); i++ {
					kind := w.run(from+i, &o, o.Keep, o.Calm)
					part.add(w)
					if kind != Kept {
						part.Failures = append(part.Failures, shrink(from+i, o))
						break
					}
				}
				mu.Lock()
				sum.join(part)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return sum
}

func (r *Report) add(w *world) {
	r.Seeds++
	r.Letters += w.donors * maxSteps
	r.Steps += w.steps
	r.Faults += w.faults
	r.Dots += w.dots
	r.Copies += w.copies
	r.Doubts += w.doubts
	r.Shown += w.shown
	if w.spent {
		r.CutShort++
	}
}

func (r *Report) join(o Report) {
	r.Seeds += o.Seeds
	r.Letters += o.Letters
	r.Steps += o.Steps
	r.Faults += o.Faults
	r.Dots += o.Dots
	r.Copies += o.Copies
	r.Doubts += o.Doubts
	r.Shown += o.Shown
	r.CutShort += o.CutShort
	r.Failures = append(r.Failures, o.Failures...)
}

// run runs one seed: its steps, or those of keep, then on to the end.
func (w *world) run(seed uint64, o *Options, keep, calm []int) Kind {
	w.begin(seed, o)
	if keep == nil {
		for i := range o.Steps {
			w.step(i)
			if w.bad != Kept || w.spent {
				return w.bad
			}
		}
	} else {
		for _, i := range keep {
			for len(calm) > 0 && calm[0] < i {
				calm = calm[1:]
			}
			w.muted = len(calm) > 0 && calm[0] == i
			w.step(i)
			if w.bad != Kept || w.spent {
				return w.bad
			}
		}
		w.muted = false
	}
	w.end()
	return w.bad
}
