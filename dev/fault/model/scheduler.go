package model

const (
	maxTasks  = 8
	afterSent = 3_600_000 // between a letter and the next step
	openFor   = 20_000
)

// A task is a wake-up in the queue.
type task struct {
	there       bool
	step, block uint8
	wake        uint16
	holder      int8  // worker that has it, plus one
	free        int64 // when it is given to another, after its holder died
}

// A scheduler does one duty a step. What it read and has not acted on yet it keeps: another may act in between.
type scheduler struct {
	process
	sweeping [maxSteps]uint8
	gone     uint64
	swept    bool
	placing  job // giving places in the index
	token    uint32
	laying   job
	edition  uint8
}

// A job is several calls, the last of which closes it. All of them go over one connection: what one server was told in this
// order is lost in this order, so that the last call is never held without the others. A connection that broke begins anew.
type job struct {
	on    bool
	calls uint8
	conn  uint32
	view  uint8
}

// goesOn says whether a job may make its next call.
func (w *world) goesOn(s *scheduler, j *job) bool {
	if j.on && (j.conn != s.conn || j.view != s.view) && w.wrong != JobsAcross {
		*j = job{}
	}
	return j.on
}

// schedule is one duty of a scheduler. False: there was nothing to do.
func (w *world) schedule(s *scheduler, duty int) bool {
	b := w.reach(&s.process)
	if b == nil {
		return false
	}
	w.change(b)
	did := w.do(s, b, duty)
	w.wrote(b)
	return did
}

func (w *world) do(s *scheduler, b *book, duty int) bool {
	switch duty {
	case 0: // wake what is due
		if b.status == running && b.open < b.now+openFor/2 {
			b.open = b.now + openFor
		}
		found := false
		b.listDue(4, rewake, func(step, bl int) {
			found = true
			w.enqueue(task{there: true, step: uint8(step), block: uint8(bl), wake: b.wakes[step][bl] + b.deaths})
		})
		return found
	case 1: // look for the dead and the late
		s.sweeping, s.gone = b.toSweep()
		s.swept = s.sweeping != [maxSteps]uint8{} || s.gone != 0
		return s.swept
	case 2: // sweep what was found
		if !s.swept {
			return false
		}
		got := b.sweep(s.sweeping)
		w.doubts += got.inDoubt
		if got != (swept{}) {
			w.say("sweep: %d planned again, %d in doubt, %d cancelled", got.planned, got.inDoubt, got.cancelled)
		}
		s.swept = false
		return true
	case 3: // bury
		for n := range uint8(maxWorkers) {
			if s.gone&(1<<n) != 0 && !s.swept {
				b.bury(n)
				s.gone &^= 1 << n
				return true
			}
		}
		return false
	case 4: // the next step of what was sent
		for step := range maxSteps {
			for bl := range int(b.blocks) {
				if b.follow[step][bl] == 0 {
					continue
				}
				var due [maxDonors]int64
				var donors uint8
				for _, d := range b.list(step, bl) {
					if r := &b.rows[step][d]; r.s == sent {
						donors |= 1 << d
						due[d] = r.t + afterSent
					}
				}
				got, _ := b.advance(step, bl, step == maxSteps-1, donors, &due)
				w.say("advance of %s/%d: %d planned", stepText[step], bl, got.added)
				return true
			}
		}
		return false
	case 5: // holds whose time is over
		for i := range b.holds {
			if h := &b.holds[i]; h.on && h.until != 0 && h.until <= b.now {
				b.free(i, h.until)
				return true
			}
		}
		return false
	case 6: // an approved edition whose rows are not laid; a cancelled campaign
		return w.layOrVoid(s, b)
	case 7: // places in the index
		switch {
		case !w.goesOn(s, &s.placing):
			s.token = b.reindex
			s.placing = job{on: s.token != 0, conn: s.conn, view: s.view}
			return s.token != 0
		case s.placing.calls < maxSteps:
			b.giveBlocks(int(s.placing.calls), b.state.blocks)
			s.placing.calls++
		default:
			b.reindexed(s.token)
			s.placing = job{}
		}
		return true
	}
	return false
}

// layOrVoid is one call of many by which an edition is laid, or a cancelled campaign's letters are cancelled.
func (w *world) layOrVoid(s *scheduler, b *book) bool {
	if !w.goesOn(s, &s.laying) {
		switch {
		case b.status == over && !b.voided:
			s.edition = 0
		case b.status != over && b.edition != 0 && b.laid != b.edition:
			s.edition = b.edition
		default:
			return false
		}
		s.laying = job{on: true, conn: s.conn, view: s.view}
	}
	bl, step := s.laying.calls/maxSteps, int(s.laying.calls%maxSteps)
	last := s.laying.calls == b.blocks*maxSteps-1
	a := done
	if s.edition == 0 {
		if b.void(step, 1<<bl, last) < 0 {
			a = stale
		}
	} else {
		_, a = b.lay(step, s.edition, 1<<bl, w.content[s.edition], b.now, last)
	}
	s.laying.calls++
	if last || a != done {
		w.say("edition %d (0: none, all is cancelled) is laid: %v", s.edition, a == done)
		s.laying = job{}
	}
	return true
}

const duties = 8

// enqueue puts a task in the queue; the same number is the same task.
func (w *world) enqueue(t task) {
	empty := -1
	for i := range w.tasks {
		switch o := &w.tasks[i]; {
		case o.there && o.step == t.step && o.block == t.block && o.wake == t.wake:
			return
		case !o.there && empty < 0:
			empty = i
		}
	}
	if empty >= 0 && !w.fault(20) {
		w.tasks[empty] = t
	}
}
