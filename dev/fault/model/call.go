package model

// An op is one call to the ledger about one letter, so that it can be repeated, and executed late.
type op struct {
	kind        opKind
	step, donor uint8
	edition     uint8
	n           nonce
	to          mark
	w           words
	after       int64
	how         decision
	id          uint8 // of a registry copy
	date        int64
	exact       bool
	free        bool // no attempt is counted
	relay       relaySaid
}

type opKind uint8

const (
	opNothing opKind = iota
	opBegins
	opSettles
	opUnclaims
	opWithholds
	opEvidence
	opResolves
	opAsks
)

// exec executes a call on a ledger.
func (w *world) exec(b *book, o *op) (got said) {
	w.change(b)
	step, d := int(o.step), int(o.donor)
	last := step == maxSteps-1
	switch o.kind {
	case opBegins:
		got = b.begin(step, d, o.n, o.edition)
		if got == saidOK {
			w.begun(b, step, d, o.n)
		}
	case opSettles:
		if got = b.settle(step, d, o.n, settlement{to: o.to, after: o.after, w: o.w, free: o.free, last: last, relay: o.relay}); got == saidCancelled || got == saidSent {
			got = saidOK
		}
	case opUnclaims:
		got = saidNonce
		if b.unclaim(step, d, o.n, o.after, o.w) {
			got = saidOK
		}
	case opWithholds:
		got = b.withhold(step, d, o.n)
	case opEvidence:
		b.evidence(step, d, o.id, o.date, o.exact, 0, wordsRelay)
	case opResolves:
		got = b.resolve(cyd, step, d, o.how, 0, quiet, 0).said
	case opAsks:
		r := &b.rows[step][d]
		got = saidNonce
		if b.frozen != 0 {
			got = saidFrozen
		} else if r.s == sending && b.same(r.n, o.n) {
			got = saidOK
		}
	}
	w.wrote(b)
	return got
}

// call is one call of a process: it may not arrive, its answer may be lost, or it may arrive after the caller has stopped
// waiting. In none of these cases the caller knows which.
func (w *world) call(p *process, o *op) said {
	b := w.reach(p)
	if b == nil {
		return saidNothing
	}
	if !w.fault(w.loss) {
		return w.exec(b, o)
	}
	switch w.n(4) {
	case 0:
		w.say("%s: a call does not arrive", p)
	case 1:
		if w.nlate < len(w.late) {
			w.late[w.nlate] = *o
			w.nlate++
			w.say("%s: a call is under way for longer than it is waited for", p)
		}
	default:
		w.exec(b, o)
		w.say("%s: the answer to a call is lost", p)
	}
	return saidNothing
}

// arrive executes a call that nobody waits for any more.
func (w *world) arrive() {
	if w.nlate == 0 || w.st.downTill > w.now {
		return
	}
	i := w.n(w.nlate)
	o := w.late[i]
	w.nlate--
	w.late[i] = w.late[w.nlate]
	said := w.exec(&w.st.primary, &o)
	w.say("a late call (%d) about %s arrives: %s", o.kind, w.letter(o.step, o.donor), saidText[said])
}
