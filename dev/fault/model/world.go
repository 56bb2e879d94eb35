package model

import (
	"fmt"
	"math/bits"
	"math/rand/v2"
)

var stepText = [maxSteps]string{"appeal", "reminder-1"}

// A world is one run: a ledger, its people, processes, relay and mailbox, and the chance that moves them. It is used for
// one seed after the other, so that a run allocates nothing.
type world struct {
	seed  uint64
	pcg   rand.PCG
	wrong Mutant
	only  Kind // the one promise looked at, Kept for all
	now   int64
	tick  uint32 // calls to the ledger so far
	calm  bool   // no faults any more
	muted bool   // no faults in this step

	donors int
	pace   int64
	loss   int // how many calls in a thousand are lost, and so on
	deaths int
	haste  int
	storm  int
	tidyUp bool // people clear everything in the end

	content [maxEdition + 2]uint8 // donors of each edition
	until   [maxEdition + 2]int64

	st       store
	log      chain
	procs    [maxProcs]process
	nprocs   int
	scheds   [2]scheduler
	office   process // people's commands
	inbox    process
	tasks    [maxTasks]task
	files    [maxFiles]file
	nfiles   int
	late     [6]op
	nlate    int
	arrivals [8]arrival
	narrive  int
	mail     [24]registryCopy
	nmail    int
	names    uint8
	token    uint32
	frozenAt int64

	rolledBack, damaged bool // a snapshot was restored; an intent file has lost lines

	truth
	was [maxSteps][maxDonors]mark

	spent bool // the run needs more workers or files than there are places for
	bad   Kind
	why   string
	tell  func(string)

	faults, steps, dots, copies, doubts, shown int
}

// n is a number below k. A step draws from numbers of its own, so that leaving a step out changes no other.
func (w *world) n(k int) int {
	if k <= 1 {
		return 0
	}
	hi, _ := bits.Mul64(w.pcg.Uint64(), uint64(k))
	return int(hi)
}

func (w *world) odds(perMille int) bool { return w.n(1000) < perMille }

// fault is a thing that goes wrong, with odds in a thousand.
func (w *world) fault(perMille int) bool {
	if !w.odds(perMille) || w.calm || w.muted {
		return false
	}
	w.faults++
	return true
}

func (w *world) say(format string, args ...any) {
	if w.tell != nil {
		w.tell(fmt.Sprintf("%11.3f  ", float64(w.now)/1000) + fmt.Sprintf(format, args...))
	}
}

func (w *world) letter(step, donor uint8) string {
	if w.tell == nil {
		return ""
	}
	return fmt.Sprintf("D%d/%s", donor, stepText[step])
}

// chance makes the numbers of step i.
func (w *world) chance(i uint64) {
	x := w.seed*0x9e3779b97f4a7c15 + i*0xbf58476d1ce4e5b9
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	w.pcg.Seed(x^x>>31, w.seed^i<<32)
}

// begin sets a world up for a seed: a campaign that runs, workers, schedulers.
func (w *world) begin(seed uint64, o *Options) {
	links := w.log.links[:0]
	tell := w.tell
	*w = world{seed: seed, wrong: o.Mutant, only: o.Only, tell: tell, now: 1_000_000}
	w.log.links = append(links, link{epoch: 1})
	w.chance(0)
	w.st.profile = o.Profile
	if o.Profile == Any {
		w.st.profile = Profile(1 + w.n(3))
	}
	w.nprocs = 2 + w.n(maxProcs-1)
	w.donors = 1 + w.n(3)
	w.loss = [...]int{0, 10, 40, 100}[w.n(4)]
	w.deaths = [...]int{0, 5, 15, 40}[w.n(4)]
	w.haste = w.n(4)
	w.storm = [...]int{0, 0, 0, 20, 60}[w.n(5)]
	w.tidyUp = w.odds(700)
	if w.odds(150) {
		w.pace = 3000
	}
	for e := range w.content {
		w.content[e] = 1<<w.donors - 1
		if e > 1 && w.odds(250) {
			w.content[e] &^= 1 << w.n(w.donors)
		}
		w.until[e] = 1 << 50
		if w.odds(200) {
			w.until[e] = each
		}
	}
	b := &w.st.primary
	*b = book{state: newState(), blocks: uint8(1 + w.n(maxBlocks)), wrong: w.wrong, log: &w.log}
	w.st.up, w.st.generation = [replicas]bool{true, true}, 1
	for i := range w.procs {
		w.procs[i] = process{id: i, host: uint8(i)}
	}
	w.office.id, w.inbox.id = 90, 91
	w.change(b)
	b.plan(ann, 1, maxSteps)
	for step := range maxSteps {
		b.lay(step, 1, 1<<b.blocks-1, w.content[1], b.now, step == maxSteps-1)
	}
	b.approve(bea, 1, w.until[1])
	b.turn(ann, start)
	w.st.reset()
	w.wrote(b)
	w.marksAnew()
	for i := range w.nprocs {
		w.start(&w.procs[i])
	}
	if w.tell != nil {
		w.say("profile %s, %d workers, %d donors in %d blocks, %d of 1000 calls lost, %d deaths in 1000 steps", w.st.profile, w.nprocs,
			w.donors, b.blocks, w.loss, w.deaths)
	}
}

// later lets time pass, and what time alone brings about.
func (w *world) later(ms int64) {
	since := w.now
	w.now += ms
	w.take()
	if w.st.oldTill != 0 && w.st.oldTill <= w.now {
		w.st.oldTill = 0
	}
	for i := range w.procs[:w.nprocs] {
		w.keep(&w.procs[i], since)
	}
}

// pass is how much time passes before a step.
func (w *world) pass() int64 {
	switch n := w.n(1000); {
	case n < 700+90*w.haste:
		return int64(w.n(100 >> w.haste))
	case n < 950:
		return int64(w.n(2000))
	case n < 980:
		return int64(3000 + w.n(27_000))
	case n < 993:
		return int64(60_000 + w.n(14*60_000))
	}
	return int64(w.n(3 * 3_600_000))
}

// step is one step of somebody, and a fault perhaps.
func (w *world) step(i int) {
	w.chance(uint64(i) + 1)
	w.steps++
	w.later(w.pass())
	switch n := w.n(1000); {
	case n < 600:
		w.stepProcess(&w.procs[w.n(w.nprocs)])
	case n < 830:
		w.stepScheduler(&w.scheds[w.n(len(w.scheds))])
	case n < 900:
		w.stepPerson()
	case n < 920:
		w.readMail(&w.inbox)
	case n < 960-w.storm/2:
		w.replicate()
	case n < 980-w.storm:
		w.arrive()
	default:
		w.disaster()
	}
}

func (w *world) stepProcess(p *process) {
	switch {
	case !p.up:
		if w.now > p.dead+int64(w.n(40_000)) {
			w.start(p)
		}
		return
	case p.frozen > w.now:
		return
	}
	w.work(p)
	switch {
	case !w.fault(w.deaths):
	case w.odds(500):
		w.kill(p)
	case w.odds(600):
		ms := int64([...]int{1000, 20_000, 60_000, 15 * 60_000, 2 * 3_600_000}[w.n(5)])
		p.frozen = w.now + ms
		w.say("SIGSTOP of %s for %d ms", p, ms)
		if w.odds(300) {
			p.still += ms // the whole machine sleeps: its monotonic clock does too
			if w.odds(300) {
				p.drift -= ms // and its wall clock is set again later
			}
		}
	default:
		p.drift += int64([...]int{-86_400_000, -3_600_000, 20_000, 3_600_000, 86_400_000}[w.n(5)])
		w.say("the clock of %s jumps; it is off by %d ms", p, p.drift)
	}
}

func (w *world) stepScheduler(s *scheduler) {
	if s.frozen > w.now {
		return
	}
	if w.fault(w.deaths) {
		if w.odds(500) {
			*s = scheduler{}
		} else {
			s.frozen = w.now + int64(w.n(60_000))
		}
		return
	}
	if duty := w.n(duties + 4); duty < duties {
		w.schedule(s, duty)
	} else if !w.schedule(s, 0) {
		w.schedule(s, w.n(duties))
	}
}

// deedOdds is how often people do what (see person).
var deedOdds = [deeds]int{60, 60, 150, 40, 180, 50, 70, 70, 180, 4, 10, 80, 100}

func (w *world) stepPerson() {
	n := w.n(1000)
	for deed, odds := range deedOdds {
		if n -= odds; n < 0 {
			w.person(deed)
			return
		}
	}
}

// disaster is a fault of the whole house.
func (w *world) disaster() {
	if w.fault(1000) {
		s := &w.st
		switch w.n(12) {
		case 0, 1, 2, 3:
			if s.profile == Replicated {
				w.failover()
			} else {
				w.crash()
			}
		case 4:
			i := w.n(replicas)
			if s.stuck[i] = w.odds(700); !s.stuck[i] {
				s.up[i] = false
			}
			w.say("replica %d is there %v, stuck %v", i, s.up[i], s.stuck[i])
		case 5, 6:
			i := w.n(replicas)
			s.up[i], s.stuck[i], s.acked[i] = true, false, s.offset
		case 7:
			if s.profile != Replicated {
				w.say("the machine loses its power")
				for i := range w.procs[:w.nprocs] {
					w.kill(&w.procs[i])
				}
				for i := range w.files[:w.nfiles] {
					w.files[i].powerless()
				}
				w.crash()
			}
		case 8:
			s.backup, s.hasCopy = s.primary.state, true
		case 9:
			if w.odds(300) && !w.damaged {
				w.restore()
			}
		case 10:
			for i := range w.tasks {
				// A worker goes on with the block that it has in hand: the queue cannot take it away.
				if t := &w.tasks[i]; t.holder == 0 || !w.procs[t.holder-1].up {
					*t = task{}
				}
			}
			w.say("the queue is emptied")
		case 11:
			// Not of a living process: it would notice that it cannot write. A letter that both the ledger and its file have
			// forgotten is known to nobody: that is beyond what two witnesses can promise.
			if f := &w.files[w.n(w.nfiles)]; f.held == 0 && !f.adopted && s.profile != EverySec && !w.rolledBack {
				w.damaged = true
				f.damage(1 + w.n(2))
				w.say("an intent file has lost its end")
			}
		}
	}
}
