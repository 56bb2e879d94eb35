package main

import "slices"

// kinds are the runs of a round.
var kinds = []struct{ project, fsync string }{{"hundred", "everysec"}, {"one", "everysec"}, {"hundred", "always"}}

// found is what the rounds came to, run by run in the order of kinds.
type found struct {
	sources []float64
	runs    [3][]figures
	ratios  [3][]float64 // to smtp-source right before and after the run
	bare    [][2]float64 // CPU per letter of a bare worker, and of Redis meanwhile
}

// rounds runs every kind so often, with smtp-source between all of them.
func (b *bench) rounds(n int, sink string, size int) (*found, error) {
	var f found
	before, err := b.source(sink, size)
	if err != nil {
		return nil, err
	}
	f.sources = append(f.sources, before)
	for range n {
		for i, kind := range kinds {
			run, err := b.run(sink, kind.project, kind.fsync)
			if err != nil {
				return nil, err
			}
			if i == 0 { // beside what it is compared with
				worker, store, err := b.bareRun(sink)
				if err != nil {
					return nil, err
				}
				f.bare = append(f.bare, [2]float64{worker, store})
			}
			after, err := b.source(sink, size)
			if err != nil {
				return nil, err
			}
			f.sources = append(f.sources, after)
			f.runs[i] = append(f.runs[i], run)
			f.ratios[i] = append(f.ratios[i], run.rate/((before+after)/2))
			before = after
		}
	}
	return &f, nil
}

// into writes the medians into a report.
func (f *found) into(r *report) {
	of := func(kind int, figure func(figures) float64) float64 {
		var all []float64
		for _, run := range f.runs[kind] {
			all = append(all, figure(run))
		}
		return median(all)
	}
	rate := func(f figures) float64 { return f.rate }
	house := func(f figures) float64 { return f.worker + f.scheduler }
	redis := func(f figures) float64 { return f.redis }
	r.SMTPSource = median(f.sources)
	r.EndToEnd, r.OneByOne, r.Always = of(0, rate), of(1, rate), of(2, rate)
	r.EndToEndRatio, r.OneByOneRatio = median(f.ratios[0]), median(f.ratios[1])
	var always []float64
	for i := range f.ratios[2] {
		always = append(always, f.ratios[2][i]/f.ratios[0][i])
	}
	r.AlwaysRatio = median(always)
	r.CPUWorker, r.CPUScheduler = of(0, func(f figures) float64 { return f.worker }), of(0, func(f figures) float64 { return f.scheduler })
	r.CPU, r.CPUOneByOne = of(0, house), of(1, house)
	r.CPURedis, r.CPURedisOne = of(0, redis), of(1, redis)
	var workers, stores, adds, addsWithRedis []float64
	for i, bare := range f.bare {
		run := f.runs[0][i]
		workers, stores = append(workers, bare[0]), append(stores, bare[1])
		adds = append(adds, house(run)/bare[0]-1)
		addsWithRedis = append(addsWithRedis, (house(run)+run.redis)/(bare[0]+bare[1])-1)
	}
	r.CPUBare, r.CPURedisBare, r.SafetyRatio, r.SafetyWithRedis = median(workers), median(stores), median(adds), median(addsWithRedis)
	peak := func(f figures) float64 { return f.peak }
	r.WorkerPeakMB = max(of(0, peak), of(1, peak), of(2, peak))
	r.RedisPerLetter = of(0, func(f figures) float64 { return f.rows })
	r.RecordsPerDonor = of(0, func(f figures) float64 { return f.records })
	r.AuditPerLetter = of(0, func(f figures) float64 { return f.audit })
	r.Plan = of(0, func(f figures) float64 { return f.plan })
}

func median(all []float64) float64 {
	sorted := slices.Sorted(slices.Values(all))
	if len(sorted) == 0 {
		return 0
	}
	return sorted[len(sorted)/2]
}
