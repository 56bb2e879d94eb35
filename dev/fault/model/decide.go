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

// freeze stops everything from leaving until a person has reconciled. False: it is frozen already.
func (b *book) freeze() bool {
	if b.frozen != 0 {
		return false
	}
	b.frozen = 1
	b.audit()
	return true
}

// lift lets the relay be used again. False: it is not held.
func (b *book) lift() bool {
	if !b.relayHeld {
		return false
	}
	b.relayHeld, b.relayDoubts = false, 0
	b.audit()
	return true
}

// A weight is what an intent file says of one attempt: sent, refused, planned (a definite "later", or no dot) or inDoubt.
type weight struct {
	says mark
	g    uint8
	n    nonce
	at   int64
	w    words
	lost bool // the ledger does not hold the audit entry of its begin
}

// weigh brings a letter to what an intent file says of an attempt, where the ledger has forgotten it. to is none where there
// is nothing to do; kept is a cancelled letter that stays so although it may have been handed over.
func (b *book) weigh(step, donor int, o weight) (was, to mark, kept bool) {
	r := b.rows[step][donor]
	was = r.s
	own := r.s != none && r.n == o.n && r.g == o.g
	open := was == planned || was == claimed || was == withheld || was == none
	// Of two attempts that nobody knows the end of, neither's outcome settles the doubt: it is under no nonce.
	two := was == inDoubt && o.says == inDoubt && r.g == o.g && !own && r.n != 0 && o.lost
	switch {
	case o.says == sent:
		if kept = was == cancelled; !kept && was != sent && was != bounced {
			to = sent
		}
	case was != none && r.g > o.g: // a person has decided since then
	case two:
		b.rows[step][donor].n = 0
		b.audit()
		return was, inDoubt, false
	case o.says == planned:
		if own && (was == sending || was == inDoubt) {
			to = planned
		}
	case own && (was == sending || was == inDoubt && o.says == refused):
		to = o.says
	case was == cancelled:
		kept = o.says == inDoubt && o.lost
	case (open || was == sending && !own || was == refused && o.says == inDoubt && !own || r.g < o.g && was != sent) && o.lost:
		to = o.says
	}
	seen, w := r, o.w
	if was == none {
		seen.a = 1
	}
	if to == inDoubt && b.proven(step, donor, &seen) {
		to, w = sent, wordsCopied
		if was != none {
			r = seen
		}
	}
	if to == none {
		if kept {
			// It may have left: an edition that has the donor back must not plan it again.
			b.rows[step][donor].a = max(r.a, 1)
			b.audit()
		}
		return was, to, kept
	}
	bl := b.block(donor)
	if was == none {
		r = row{g: o.g, a: 1, t: o.at, d: o.at / 1000, n: o.n}
		b.state.blocks |= 1 << bl
	}
	if was == claimed || was == sending {
		b.freed(step, bl, 1)
	}
	if to == planned {
		to = b.replan(step, donor, r, b.now, w)
	} else {
		if o.g >= r.g {
			r.g, r.n = o.g, o.n
		}
		r.a, r.t = max(r.a, 1), o.at
		if r.d == 0 {
			r.d = o.at / 1000
		}
		b.write(step, donor, r, to, w)
		if to == sent {
			b.follow[step][bl] = b.now
		}
	}
	b.audit()
	return was, to, kept
}

// newEpoch ends a reconciliation: letters may leave again. An epoch is never given twice: a snapshot may be restored twice.
func (b *book) newEpoch() {
	b.epoch = uint32(len(b.log.links)) + 1
	b.frozen = 0
	if b.editions > 0 {
		b.toPlace()
	}
	b.audit()
}

// restored ends a restore: the ledger has an epoch of its own and stays frozen.
func (b *book) restored() {
	b.epoch = uint32(len(b.log.links)) + 1
	b.frozen = 1
	b.audit()
	b.toPlace()
}
