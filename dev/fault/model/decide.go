package model

// decision is what a person makes of a doubt.
type decision uint8

const (
	itWasSent decision = iota
	sendAgain
	giveUp
)

// A resolution is the last decision on a letter, as it is kept.
type resolution struct {
	there bool
	how   decision
	g     uint8
	who   uint8
	why   uint8
}

// resolved is the answer to a person's decision.
type resolved struct {
	said   said // saidOK, saidAgain, saidNone, saidState, saidOwn, saidQuiet, saidAddress
	state  mark
	g      uint8
	before mark
}

// resolve is a person's decision on a doubt, after the quiet period, or to send a refused letter again to the address of
// another edition (corrected; 0: it has no other).
func (b *book) resolve(who uint8, step, donor int, how decision, why uint8, wait int64, corrected uint8) resolved {
	r := b.rows[step][donor]
	if r.s == none {
		return resolved{said: saidNone}
	}
	back := r.s == refused || r.s == bounced
	if r.s != inDoubt && !(back && how == sendAgain) {
		was := b.resolutions[step][donor]
		if was == (resolution{true, how, r.g, who, why}) {
			return resolved{said: saidAgain, state: r.s, g: r.g}
		}
		return resolved{said: saidState, state: r.s}
	}
	own := b.editionOf(r.e)
	for _, e := range [...]uint8{own, b.edition} {
		if e != 0 && b.wrote(e, who) || b.startedBy == who {
			return resolved{said: saidOwn}
		}
	}
	switch {
	case back && (corrected == 0 || corrected != b.edition || own == b.edition):
		return resolved{said: saidAddress}
	case !back && b.now < r.t+wait && b.wrong != NoQuietPeriod:
		return resolved{said: saidQuiet}
	}
	was, to := r.s, sent
	w := wordsSays + words(3*who) + words(how)
	switch how {
	case sendAgain:
		r.g++
		r.first, r.mask = true, 0
		if back {
			r.a, r.d, r.e = 0, 0, 0
			b.proofs[step][donor] = proof{g: r.g, there: true}
		} else {
			r.a = 1
		}
		to = b.replan(step, donor, r, b.now, w)
	case giveUp:
		to = cancelled
		fallthrough
	default:
		r.t = b.now
		b.write(step, donor, r, to, w)
		if to == sent {
			b.follow[step][b.block(donor)] = b.now
		}
	}
	b.resolutions[step][donor] = resolution{true, how, r.g, who, why}
	b.audit()
	return resolved{said: saidOK, state: to, g: r.g, before: was}
}

// editionOf is the edition of a number, 0 for none.
func (b *book) editionOf(number uint8) uint8 {
	for e, n := range b.numbers {
		if n != 0 && n == number {
			return uint8(e)
		}
	}
	return 0
}

// freeze stops everything from leaving until a person has reconciled.
func (b *book) freeze() {
	if b.frozen == 0 {
		b.frozen = 1
	}
}

// A witness is what the intent files and the registry mailbox know of one letter, put together for reconcile.
type witness struct {
	sent    bool // an outcome, or a registry copy
	refused bool // an outcome
	open    bool // an intent without an outcome
	g       uint8
	n       nonce // of the one open intent: its late answer settles the doubt, and no other's does
}

// reconcile brings one letter to what its witnesses say. all says that not every intent file could be read to its end: a
// letter of which nobody knows anything may have been sent too.
func (b *book) reconcile(step, donor int, w witness, all, last bool) {
	r := b.rows[step][donor]
	if r.s == sent || r.s == bounced {
		return
	}
	to := none
	switch {
	case w.sent:
		to = sent
	case w.refused && !w.open:
		to = refused
	case w.open, r.s == sending, all && (r.s == planned || r.s == claimed):
		to = inDoubt
	}
	switch {
	case to == none:
		return
	case r.s == none:
		// The row was planned after the snapshot: its step came later than what was restored.
		r = row{g: 1}
	case r.s == to && to != inDoubt:
		return
	}
	r.g = max(r.g, w.g)
	switch {
	case w.open:
		r.n = w.n
	case to == inDoubt && all:
		r.n = 0 // what is missing may be of a later attempt than any that is known: no outcome settles this doubt
	}
	inHand := r.s == claimed || r.s == sending
	r.t = b.now
	if r.a == 0 {
		r.a = 1
	}
	b.write(step, donor, r, to, wordsRelay)
	if to.looked() {
		b.look[step][donor] = lookAt(to, r.t)
	}
	bl := b.block(donor)
	if to == sent && !last {
		b.follow[step][bl] = b.now
	}
	if inHand {
		b.freed(step, bl, 1)
	}
}

// reopened ends a reconciliation: a new epoch, and letters may leave again. An epoch is never given twice: a snapshot may be
// restored twice.
func (b *book) reopened() {
	b.epoch = uint32(len(b.log.links)) + 1
	b.frozen = 0
	b.audit()
	b.toPlace()
}
