package model

// truth is what really happened, and what people were told: the judge's own memory, which no fault touches.
type truth struct {
	accepted [maxSteps][maxDonors]uint8
	allowed  [maxSteps][maxDonors]uint8 // re-sends decided without looking at the relay's log
	newest   [maxSteps][maxDonors]uint8 // generation that a person has decided on
	vouched  [maxSteps][maxDonors]bool  // a person said it was sent
	begunAt  [maxSteps][maxDonors]begunAt

	stops  [maxDonors]uint32 // when the stop returned, 0: it did not
	holds  [scopes]uint32
	pause  uint32
	cancel uint32
	dotted [24]dotOf
	ndots  int
}

type begunAt struct {
	n    nonce
	tick uint32
}

type dotOf struct {
	step, donor, g, a uint8
	epoch             uint32
	n                 nonce
}

// person is one thing that somebody does. Each is a command of its own on a connection of its own; it has returned when
// the replicas have it, or it says that it does not know.
func (w *world) person(what int) {
	p := &w.office
	p.conn = w.st.generation - 1
	b := w.reach(p)
	if b == nil {
		return
	}
	d := w.n(w.donors)
	returned := func() bool {
		if w.st.profile == EverySec {
			// The command leaves its position with the witnesses: a rollback of what it was told would freeze the ledger.
			w.files[0].note(b.chain, w.st.generation)
		}
		return w.st.profile != Replicated || w.wrong == StopUnwaited || w.waited(p.view, w.st.offset) == replicas
	}
	act := func(do func()) {
		w.change(b)
		do()
		w.wrote(b)
	}
	switch what {
	case 0:
		// Nobody decides about an unclear mail in this world: until then it stops as an answer does.
		is := kindReply
		if w.odds(300) {
			is = kindUnclear
		}
		act(func() { b.record(d, entry{kind: is}, false) })
		if returned() && w.stops[d] == 0 {
			w.stops[d] = w.tick
			w.say("mail has come from donor %d (%s): its letters are stopped", d, kindName[is])
		}
	case 1:
		scope := [...]int{holdAll, holdDonor + d, holdGroup + b.block(d)}[w.n(3)]
		until := int64(0)
		if w.odds(300) {
			until = b.now + int64(w.n(7_200_000))
		}
		act(func() { b.setHold(scope, ann, until, 0) })
		if returned() && until == 0 {
			w.holds[scope] = w.tick
		} else {
			w.holds[scope] = 0
		}
		w.say("hold %d until %d", scope, until)
	case 2:
		for scope := range b.holds {
			if b.holds[scope].on {
				w.holds[scope] = 0
				act(func() { b.free(scope, -1) })
				w.say("hold %d is freed", scope)
				break
			}
		}
	case 3:
		act(func() { b.turn(ann, pause) })
		if returned() && b.status == paused {
			w.pause = w.tick
			w.say("paused")
		}
	case 4:
		w.pause = 0
		was := b.status
		act(func() { b.turn(ann, resume) })
		if b.status != was {
			w.say("resumed")
		}
	case 5:
		if e := b.edition + 1; e <= maxEdition && b.pending == 0 {
			act(func() { b.plan(ann, e, maxSteps) })
			w.say("edition %d is planned", e)
		}
	case 6:
		if b.pending != 0 {
			e := b.pending
			act(func() { b.approve(bea, e, w.until[e]) })
			w.say("edition %d is approved, reminders until %d", e, w.until[e])
		}
	case 7:
		act(func() { b.release(bea, 1, -1, b.state.blocks) })
	case 8:
		w.decide(b, returned)
	case 9:
		act(func() { b.turn(ann, cancel) })
		if returned() && w.cancel == 0 {
			w.cancel = w.tick
			w.say("cancelled")
		}
	case 10:
		act(func() { b.suppress(d) })
		w.say("donor %d is suppressed", d)
	case 11:
		if p.view == 0 && b.frozen != 0 && w.now > w.frozenAt+60_000 {
			w.reconcile(b)
		}
	case 12:
		act(func() {
			if b.lift() {
				w.say("the relay may be used again")
			}
		})
	}
}

const deeds = 13

// decide resolves a doubt. Most people look at the relay's log first; some do not.
func (w *world) decide(b *book, returned func() bool) {
	for step := range uint8(maxSteps) {
		for d := range uint8(w.donors) {
			if b.rows[step][d].s != inDoubt || w.odds(300) {
				continue
			}
			o := op{kind: opResolves, step: step, donor: d, how: itWasSent}
			diligent := !w.fault(100)
			switch there := w.accepted[step][d] > 0; {
			case diligent && !there, !diligent && w.odds(500):
				o.how = sendAgain
			}
			if w.odds(100) {
				o.how = giveUp
			}
			g := b.rows[step][d].g
			said := w.exec(b, &o)
			w.say("a person decides %d on the doubt of %s: %s", o.how, w.letter(step, d), saidText[said])
			if said != saidOK && said != saidCancelled {
				return
			}
			switch o.how {
			case itWasSent:
				w.vouched[step][d] = true
			case sendAgain:
				if returned() {
					w.newest[step][d] = max(w.newest[step][d], g+1)
				}
				if !diligent {
					w.allowed[step][d]++
				}
			}
			return
		}
	}
}

// reconcile is `outreach reconcile`: every worker is stopped, registry copies are read, intent files are weighed against the
// rows, and a new epoch begins. What people decided since is decided again before letters leave: neither a snapshot nor an
// intent file knows of it, and the guide says so.
func (w *world) reconcile(b *book) {
	for i := range w.procs[:w.nprocs] {
		w.kill(&w.procs[i])
	}
	w.later(lease + 1000)
	w.say("reconcile begins at seq %d", b.seq)
	for i := range w.mail[:w.nmail] {
		w.readCopy(&w.inbox, &w.mail[i])
	}
	w.change(b)
	first := w.n(max(1, w.nfiles)) // the order makes no difference
	for i := range w.nfiles {
		f := &w.files[(first+i)%w.nfiles]
		for _, l := range f.lines[:f.n] {
			o := weight{says: l.outcome, g: l.g, n: l.n, at: l.at, w: wordsRelay, lost: l.position == 0 || !b.log.holds(b.chain, l.position)}
			if o.says == none {
				o.says = inDoubt
			}
			if was, to, _ := b.weigh(int(l.step), int(l.donor), o); to != none {
				w.say("reconcile: %s was %s and is %s", w.letter(l.step, l.donor), was, to)
			}
		}
	}
	blocks, _ := b.toSweep()
	b.sweep(blocks)
	for d := range w.donors {
		for step := range maxSteps {
			w.newest[step][d] = min(w.newest[step][d], b.rows[step][d].g) // what was decided since is forgotten
		}
		if w.stops[d] != 0 {
			b.record(d, entry{kind: kindReply}, false)
		}
	}
	for scope, tick := range w.holds {
		if tick != 0 {
			b.setHold(scope, ann, 0, 0)
		}
	}
	if w.pause != 0 {
		b.turn(ann, pause)
	}
	if w.cancel != 0 {
		b.turn(ann, cancel)
	}
	b.newEpoch()
	for i := range w.files[:w.nfiles] {
		f := &w.files[i]
		f.noted, f.notedIn, f.epoch, f.adopted = b.chain, w.st.generation, b.epoch, true
	}
	w.marksAnew()
	w.wrote(b)
	w.say("reconciled: epoch %d", b.epoch)
}
