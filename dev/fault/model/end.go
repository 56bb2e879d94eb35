package model

// end runs on without faults, everybody in turn, until nothing is left to do. What is open then is lost.
func (w *world) end() {
	w.calm = true
	w.chance(1 << 40)
	w.say("-- no faults any more; people clear everything: %v", w.tidyUp)
	w.now += 1000
	for i := range w.procs[:w.nprocs] {
		w.procs[i].frozen, w.procs[i].view = 0, 0
	}
	w.st.up, w.st.stuck = [replicas]bool{true, true}, [replicas]bool{}
	for round := range 150 {
		switch {
		case round < 20:
			w.later(4000)
		case round%8 == 7:
			w.later(3_600_000)
		case round%8 == 3:
			w.later(16 * 60_000)
		default:
			w.later(12_000)
		}
		w.steps++
		w.round()
		if w.bad != Kept || w.spent || round > 2 && w.quietNow() {
			break
		}
	}
	if w.bad == Kept && !w.spent {
		w.checkEnd()
	}
}

// round is a turn of everybody.
func (w *world) round() {
	for w.nlate > 0 && w.st.downTill <= w.now {
		w.arrive()
	}
	for i := range w.procs[:w.nprocs] {
		if p := &w.procs[i]; !p.up {
			w.start(p)
		}
	}
	if w.st.primary.frozen != 0 {
		w.person(11)
	}
	if w.tidyUp {
		w.person(4)
		w.person(2)
		w.person(6)
		w.person(7)
		w.person(8)
		w.person(12)
	}
	for i := range w.mail[:w.nmail] {
		w.readCopy(&w.inbox, &w.mail[i])
	}
	for i := range w.scheds {
		s := &w.scheds[i]
		s.frozen = 0
		for duty := range duties {
			for range 4 {
				if !w.schedule(s, duty) {
					break
				}
			}
		}
	}
	for i := range w.procs[:w.nprocs] {
		p := &w.procs[i]
		for range 60 {
			w.now += 10
			if p.up && !w.work(p) {
				break
			}
		}
	}
}

// quietNow says whether nothing is left to do.
func (w *world) quietNow() bool {
	if w.narrive > 0 || w.nlate > 0 || w.st.primary.frozen != 0 && w.tidyUp {
		return false
	}
	for i := range w.procs[:w.nprocs] {
		for j := range w.procs[i].hands {
			if w.procs[i].hands[j].at != idle {
				return false
			}
		}
	}
	for step := range maxSteps {
		for d := range w.donors {
			if !w.rests(step, d) || w.tidyUp && w.st.primary.rows[step][d].s == inDoubt {
				return false
			}
		}
	}
	return true
}
