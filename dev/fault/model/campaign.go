package model

// What people and the scheduler do to a whole campaign. An edition is a number, its content the donors it has (as bits)
// and how many steps.

// The answers of plan, approve and lay.
type answer uint8

const (
	done answer = iota
	again
	no
	isCancelled
	stepsDiffer
	own
	other
	stale
	unlaid
)

// plan registers an edition as the one that waits for approval.
func (b *book) plan(who, edition, steps uint8) (answer, uint8) {
	switch {
	case b.status == over:
		return isCancelled, 0
	case b.edition != 0 && steps < b.steps:
		return stepsDiffer, b.steps
	}
	number := b.numbers[edition]
	if number != 0 && (b.edition == edition || b.pending == edition) {
		return again, number
	}
	if number == 0 {
		b.editions++
		number = b.editions
		b.numbers[edition], b.by[edition] = number, who
	}
	b.pending, b.pendingBy, b.pendSteps = edition, who, steps
	if b.edition == 0 {
		if b.status == unknown {
			b.status = isPlanned
		}
		b.steps = steps
	}
	b.audit()
	return done, number
}

// approve approves the edition that waits, and gives the second step its approval.
func (b *book) approve(who, edition uint8, until int64) answer {
	switch {
	case b.edition == edition && b.pending != edition:
		return again
	case b.pending != edition || b.status == over:
		return other
	case b.wrote(edition, who):
		return own
	}
	b.writtenBy, b.edition, b.steps = b.pendingBy, edition, b.pendSteps
	b.pending, b.pendingBy, b.pendSteps = 0, 0, 0
	if until != 0 {
		b.until[1] = until
	}
	if b.status == isPlanned {
		b.status = approved
	}
	b.audit()
	b.toPlace()
	return done
}

// laid counts what lay did.
type laid struct{ added, changed, cancelled int }

// lay writes the rows of a step for blocks (as bits) of an edition with these donors (as bits).
func (b *book) lay(step int, edition, blocks, donors uint8, at int64, last bool) (laid, answer) {
	var sum laid
	if b.status == over {
		return sum, isCancelled
	}
	if !(b.edition == edition || b.edition == 0 && b.pending == edition) {
		return sum, stale
	}
	first, changes := step == 0, 0
	for bl := range int(b.blocks) {
		if blocks&(1<<bl) == 0 {
			continue
		}
		b.state.blocks |= 1 << bl
		some, any := false, first || b.have[step][bl] > 0
		for d := bl; d < maxDonors; d += int(b.blocks) {
			some = some || donors&(1<<d) != 0
			any = any || b.proofs[step][d].there
		}
		if some && any {
			b.scoped[step][bl] = true
		}
		for _, d := range b.list(step, bl) {
			if b.rows[step][d].s == sent {
				b.follow[step][bl] = b.now
			}
		}
		for d := bl; d < maxDonors; d += int(b.blocks) {
			r, wanted := b.rows[step][d], donors&(1<<d) != 0
			switch {
			case !wanted:
				if r.s == planned || r.s == withheld {
					r.t = b.now
					b.write(step, d, r, cancelled, wordsDropped)
					sum.cancelled++
					changes++
				}
			case r.s == none && !first:
			case r.s == none:
				if b.replan(step, d, row{g: 1}, at, keepWords) == cancelled {
					sum.cancelled++
				} else {
					sum.added++
				}
				changes++
			case r.s == withheld || r.s == cancelled && r.a == 0 && r.words == wordsDropped:
				b.replan(step, d, r, at, noWords)
				sum.changed++
				changes++
			case first && r.s == planned && r.a == 0 && r.t != at:
				b.replan(step, d, r, at, keepWords)
				sum.changed++
				changes++
			}
		}
	}
	if changes > 0 {
		b.audit()
	}
	if last {
		b.laid = edition
	}
	return sum, done
}

// verb is what a person does to a campaign.
type verb uint8

const (
	start verb = iota
	pause
	resume
	cancel
)

// turn starts, pauses, resumes or cancels.
func (b *book) turn(who uint8, v verb) (a answer, now status, past int) {
	from := [...]status{approved, running, paused, unknown}[v]
	to := [...]status{running, paused, running, over}[v]
	for step := range int(b.steps) {
		past += int(b.counts[step][sending])
	}
	switch {
	case b.status == to:
		return again, to, past
	case b.status == unknown || b.status == over || from != unknown && b.status != from:
		return no, b.status, 0
	case v == start && b.edition != b.laid:
		return unlaid, b.status, 0
	}
	if b.status = to; v == start {
		b.startedBy = who
	}
	b.audit()
	return done, to, past
}

// listDue lists due blocks of the running campaign and puts each off.
func (b *book) listDue(most int, off int64, each func(step, bl int)) {
	if b.status != running {
		return
	}
	for ; most > 0; most-- {
		var found *int64
		var fs, fb int
		for step := range maxSteps {
			for bl := range int(b.blocks) {
				if at := &b.due[step][bl]; *at != 0 && *at <= b.now && (found == nil || *at < *found) {
					found, fs, fb = at, step, bl
				}
			}
		}
		if found == nil {
			return
		}
		*found = b.now + off
		each(fs, fb)
	}
}

// advance plans the second step for donors (as bits) of a block whose first was sent. last: no step follows this one.
func (b *book) advance(step, bl int, last bool, donors uint8, due *[maxDonors]int64) (sum laid, a answer) {
	if b.status == over {
		b.follow[step][bl] = 0
		return sum, stale
	}
	next, changed := step+1, false
	if last {
		next = step
	}
	for d := range maxDonors {
		if donors&(1<<d) == 0 || b.rows[step][d].s != sent || b.rows[next][d].s != none {
			continue
		}
		changed = true
		if b.scoped[step][bl] {
			b.scoped[next][bl] = true
		}
		switch b.replan(next, d, row{g: 1}, due[d], keepWords) {
		case planned:
			sum.added++
		case cancelled:
			sum.cancelled++
		}
	}
	open := false
	if next != step {
		for _, d := range b.list(step, bl) {
			open = open || b.rows[step][d].s == sent && b.rows[next][d].s == none
		}
	}
	if !open {
		b.follow[step][bl] = 0
	}
	if changed {
		b.audit()
	}
	return sum, done
}

// void cancels what is still planned in blocks (as bits) of a cancelled campaign. -1: it is not cancelled.
func (b *book) void(step int, blocks uint8, last bool) int {
	if b.status != over {
		return -1
	}
	n := 0
	for bl := range int(b.blocks) {
		if blocks&(1<<bl) == 0 {
			continue
		}
		for _, d := range b.list(step, bl) {
			if r := b.rows[step][d]; r.s == planned {
				r.t = b.now
				b.write(step, int(d), r, cancelled, wordsVoid)
				n++
			}
		}
		b.due[step][bl] = 0
	}
	if n > 0 {
		b.audit()
	}
	if last {
		b.voided = true
	}
	return n
}

// giveBlocks gives blocks (as bits) their place in the index.
func (b *book) giveBlocks(step int, blocks uint8) int {
	n := 0
	for bl := range int(b.blocks) {
		if blocks&(1<<bl) == 0 {
			continue
		}
		var first int64
		for _, d := range b.list(step, bl) {
			r := &b.rows[step][d]
			if r.s != planned || b.waits(step, r) || b.held(step, int(d)) || b.isPaused(int(d)) {
				continue
			}
			if at := max(r.t, b.movedTo(int(d))); first == 0 || at < first {
				first = at
			}
		}
		if first != 0 {
			sooner(&b.due[step][bl], first)
			n++
		}
	}
	return n
}

func (b *book) reindexed(number uint32) bool {
	if b.reindex == 0 || b.reindex != number {
		return false
	}
	b.reindex = 0
	return true
}

// setHold holds a scope.
func (b *book) setHold(scope int, who uint8, until int64, why uint8) answer {
	h := hold{until: until, on: true, who: who, why: why}
	if b.holds[scope] == h {
		return again
	}
	if !b.holds[scope].on {
		b.heldN++
	}
	b.holds[scope] = h
	b.audit()
	return done
}

// free ends a hold; seen is the end the caller saw, -1 for whatever it is.
func (b *book) free(scope int, seen int64) answer {
	h := &b.holds[scope]
	if !h.on || seen >= 0 && h.until != seen {
		return again
	}
	*h = hold{}
	b.heldN--
	b.audit()
	if b.editions > 0 {
		b.toPlace()
	}
	return done
}

// release releases letters of a step that wait for a person: one donor's, or with -1 all of blocks (as bits).
func (b *book) release(who uint8, step, donor int, blocks uint8) int {
	if b.wrote(b.edition, who) {
		return -1
	}
	n := 0
	for bl := range int(b.blocks) {
		if blocks&(1<<bl) == 0 {
			continue
		}
		for _, d := range b.list(step, bl) {
			r := b.rows[step][d]
			if donor >= 0 && int(d) != donor || r.s != planned || !b.waits(step, &r) {
				continue
			}
			r.first = true
			b.replan(step, int(d), r, r.t, keepWords)
			n++
		}
	}
	if n > 0 {
		b.audit()
	}
	return n
}

func (b *book) suppress(donor int) answer {
	if b.closedA&(1<<donor) != 0 {
		return again
	}
	b.closedA |= 1 << donor
	b.audit()
	return done
}
