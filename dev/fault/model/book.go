package model

// A book is a ledger: a state, the time by its own clock, and the scripts of ledger/scripts as methods. Each method is one
// script: it reads and writes alone. The answers are the scripts' own.
type book struct {
	state
	now    int64
	blocks uint8 // how many blocks the donors are spread over
	sorted bool  // HGETALL answers in the order of names (miniredis), not of arrival
	wrong  Mutant
	log    *chain
}

// chain is every audit entry of a run, each naming the one before: a ledger that was rolled back goes on from an earlier
// one, and that a ledger still holds an entry is a walk towards the beginning.
type chain struct{ links []link }

type link struct {
	before uint32
	epoch  uint32
	seq    uint32
}

// holds says whether the ledger whose last entry is at holds entry e.
func (c *chain) holds(at, e uint32) bool {
	for at > e {
		at = c.links[at].before
	}
	return at == e
}

func (b *book) audit() {
	b.seq++
	b.log.links = append(b.log.links, link{b.chain, b.epoch, b.seq})
	b.chain = uint32(len(b.log.links) - 1)
}

// block is where a donor's letters lie.
func (b *book) block(donor int) int { return donor % int(b.blocks) }

func sooner(score *int64, at int64) {
	if *score == 0 || *score > at {
		*score = at
	}
}

// write stores r as a letter in state s, moving the counters and the set of letters to look at with it.
func (b *book) write(step, donor int, r row, s mark, w words) {
	if r.s != s {
		if r.s != none {
			b.counts[step][r.s]--
		}
		b.counts[step][s]++
		if s.looked() {
			b.look[step][donor] = lookAt(s, r.t)
		} else if r.s.looked() {
			b.look[step][donor] = 0
		}
		if r.s == none {
			b.place(step, donor)
		}
		r.s = s
	}
	if w != keepWords {
		r.words = w
	}
	b.rows[step][donor] = r
}

// lookAt is where a letter stands among those to look at: doubts come first.
func lookAt(s mark, t int64) int64 {
	if s == inDoubt {
		return t - 1e13
	}
	return t
}

// place puts a new row where its hash lists it.
func (b *book) place(step, donor int) {
	bl := b.block(donor)
	n := int(b.have[step][bl])
	o := &b.order[step][bl]
	at := n
	if b.sorted {
		for at > 0 && int(o[at-1]) > donor {
			o[at] = o[at-1]
			at--
		}
	}
	o[at] = uint8(donor)
	b.have[step][bl]++
}

// list is the donors of a block that have a row, as HGETALL lists them.
func (b *book) list(step, bl int) []uint8 { return b.order[step][bl][:b.have[step][bl]] }

func (b *book) waits(step int, r *row) bool { return b.until[step] == each && !r.first }

// held says whether a hold keeps a donor. Where the group and the region are not known every hold of one does.
func (b *book) held(step, donor int) bool {
	if b.heldN == 0 {
		return false
	}
	bl := b.block(donor)
	for i := range b.holds {
		h := &b.holds[i]
		if !h.on || h.until != 0 && h.until <= b.now {
			continue
		}
		if i == holdAll || i == holdDonor+donor || i >= holdGroup && !b.scoped[step][bl] || i == holdGroup+bl || i == holdRegion {
			return true
		}
	}
	return false
}

// replan returns a letter to planned, due at, unless evidence shows that it left, its campaign was cancelled or its case
// stopped.
func (b *book) replan(step, donor int, r row, at int64, w words) mark {
	if b.proven(step, donor, &r) {
		r.t = b.now
		b.write(step, donor, r, sent, wordsCopied)
		b.follow[step][b.block(donor)] = b.now
		return sent
	}
	if b.status == over {
		r.t = b.now
		b.write(step, donor, r, cancelled, wordsVoid)
		return cancelled
	}
	if b.isStopped(donor) {
		r.t = b.now
		b.write(step, donor, r, cancelled, wordsStopped)
		return cancelled
	}
	r.t = at
	b.write(step, donor, r, planned, w)
	sooner(&b.due[step][b.block(donor)], at)
	return planned
}

// freed counts n letters of a block out of hand.
func (b *book) freed(step, bl int, n int16) {
	b.inHand[step][bl] -= n
	if b.inHand[step][bl] <= 0 {
		b.inHand[step][bl] = 0
		b.busy[step][bl] = 0
	}
}

func (b *book) alive(worker uint8) bool {
	til := b.workers[worker]
	return til >= 0 && til >= b.now
}

// wrote says whether somebody wrote an edition: planned it first, or again.
func (b *book) wrote(edition, who uint8) bool {
	return b.by[edition] == who && who != 0 || b.pending == edition && b.pendingBy == who ||
		b.edition == edition && b.writtenBy == who
}

func (b *book) renew(worker uint8, life int64, first bool) bool {
	if til := b.workers[worker]; til >= 0 {
		if til < b.now {
			return false
		}
	} else if !first {
		return false
	}
	b.workers[worker] = b.now + life
	return true
}

// toPlace notes that the campaign's blocks want their place in the index looked at, under the audit entry that says why. A
// counter would be given twice, after the campaign was off the list or after a rollback, and a scheduler that was frozen
// in between would take off the list what it has not seen.
func (b *book) toPlace() {
	if b.wrong == NumbersAgain {
		b.reindex++
		return
	}
	b.reindex = b.chain
}

func (b *book) leave(worker uint8) {
	if b.workers[worker] >= 0 {
		b.workers[worker] = 0
	}
}

func (b *book) bury(worker uint8) int {
	switch til := b.workers[worker]; {
	case til < 0:
		return 0
	case til >= b.now:
		return -1
	}
	b.workers[worker] = -1
	b.deaths++
	return 1
}
