package model

import "slices"

// shrink makes a failing seed short: it leaves steps out, in ever smaller pieces, while the same promise breaks, then
// takes the faults out of the steps that are left.
func shrink(seed uint64, o Options) Failure {
	w := &world{}
	keep := o.Keep
	if keep == nil {
		keep = make([]int, o.Steps)
		for i := range keep {
			keep[i] = i
		}
	}
	calm := o.Calm
	kind := w.run(seed, &o, keep, calm)
	fails := func(keep, calm []int) bool { return w.run(seed, &o, keep, calm) == kind }
	for size := max(1, len(keep)/2); ; {
		shorter := false
		for at := 0; at < len(keep); {
			less := append(append([]int{}, keep[:at]...), keep[min(at+size, len(keep)):]...) // never nil, which is all
			if fails(less, calm) {
				keep, shorter = less, true
			} else {
				at += size
			}
		}
		switch {
		case size > 1:
			size /= 2
		case !shorter:
			for _, i := range keep {
				if more := append(slices.Clone(calm), i); !slices.Contains(calm, i) && fails(keep, sorted(more)) {
					calm = sorted(more)
				}
			}
			return w.traced(seed, o, keep, calm)
		}
	}
}

func sorted(n []int) []int { slices.Sort(n); return n }

// traced runs a failing seed once more and takes down what happens.
func (w *world) traced(seed uint64, o Options, keep, calm []int) Failure {
	f := Failure{Seed: seed, Keep: keep, Calm: calm}
	w.tell = func(line string) { f.Trace = append(f.Trace, line) }
	f.Kind = w.run(seed, &o, keep, calm)
	f.Why = w.why
	w.tell = nil
	return f
}
