package model

const (
	aheadOf  = 5_000       // slots within it are handed out
	rewake   = 10_000      // a block with letters left is woken again after it
	answerIn = 13 * 60_000 // a live worker may wait for the relay's answer
	lookIn   = 60_000      // a claimed letter of a live worker is looked at: its burial may outlive its sweep
	quiet    = 30 * 60_000 // between a doubt and a person's decision on it
)

// A grant is what a claim answers about one letter.
type grant struct {
	donor, g, a uint8
	d, slot     int64
	mask        uint8
}

type claims struct {
	why     refusal
	letters [maxDonors]grant
	n       int
	more    bool
	next    int64
	edition uint8
}

// refusal is why nothing may leave now.
type refusal uint8

const (
	may refusal = iota
	whyStatus
	whyLaid
	whyOpen
	whyLease
	whyUntil
	whyFrozen
	whyRelay
)

// claim gives due letters of one block to a worker. Those that this nonce holds already are given again first.
func (b *book) claim(step, bl int, n nonce, want int, pace int64) (out claims) {
	now := b.now
	switch {
	case b.frozen != 0:
		out.why = whyFrozen
	case b.status != running:
		out.why = whyStatus
	case b.edition != b.laid:
		out.why = whyLaid
	case b.open != 0 && b.open < now:
		out.why = whyOpen
	case !b.alive(n.worker()):
		out.why = whyLease
	case b.relayHeld:
		out.why = whyRelay
	case b.until[step] > 0 && b.until[step] < now:
		b.due[step][bl] = now + 3_600_000
		out.why = whyUntil
	}
	if out.why != may {
		b.giveBack(step, bl, n)
		return out
	}
	number := b.numbers[b.edition]
	slot := now
	if pace > 0 {
		slot = max(now, b.slot)
	}
	list := b.list(step, bl)
	for _, d := range list {
		if r := &b.rows[step][d]; r.s == claimed && b.same(r.n, n) {
			if r.e != number && b.wrong != FirstAnswersEdition {
				r.e, r.mask = number, 0 // the letter is made from the edition of this answer
			}
			out.letters[out.n] = grant{d, r.g, r.a, r.d, now, r.mask}
			out.n++
		}
	}
	fresh, stops := int16(0), 0
	for _, d := range list {
		if out.more {
			break
		}
		r := b.rows[step][d]
		if r.s != planned || b.waits(step, &r) || b.held(step, int(d)) {
			continue
		}
		switch at := max(r.t, b.movedTo(int(d))); {
		case b.isStopped(int(d)):
			b.replan(step, int(d), r, r.t, keepWords)
			stops++
		case b.isPaused(int(d)):
		case at > now:
			if out.next == 0 || at < out.next {
				out.next = at
			}
		case out.n >= want || slot > now+aheadOf:
			out.more = true
		default:
			if r.a == 0 {
				r.d = now / 1000
			}
			if r.e != number {
				r.mask = 0
			}
			r.e, r.n, r.t = number, n, now
			b.write(step, int(d), r, claimed, keepWords)
			out.letters[out.n] = grant{d, r.g, r.a, r.d, slot, r.mask}
			out.n++
			fresh++
			slot += pace
		}
	}
	if stops > 0 {
		b.audit()
	}
	if fresh > 0 {
		b.wakes[step][bl]++
		b.inHand[step][bl] += fresh
		sooner(&b.busy[step][bl], now+lookIn)
		if pace > 0 {
			b.slot = slot
		}
	}
	more := out.more
	out.more = more && slot <= now+aheadOf
	if more {
		out.next = now + rewake
		if !out.more {
			out.next = max(now+pace, slot-aheadOf, b.woken) + pace
			b.woken = out.next
		}
	}
	b.due[step][bl] = out.next
	out.edition = b.edition
	return out
}

// giveBack plans again what a nonce holds that is told that nothing may leave: its first answer, which was lost, may have
// given it letters, and nobody else would look after them while its worker lives.
func (b *book) giveBack(step, bl int, n nonce) {
	if b.wrong == RefusedKeeps {
		return
	}
	back := int16(0)
	for _, d := range b.list(step, bl) {
		if r := b.rows[step][d]; r.s == claimed && b.same(r.n, n) {
			b.replan(step, int(d), r, b.now, keepWords)
			back++
		}
	}
	if back > 0 {
		b.freed(step, bl, back)
	}
}

// unclaim gives a claimed letter back.
func (b *book) unclaim(step, donor int, n nonce, after int64, w words) bool {
	r := b.rows[step][donor]
	if r.s != claimed || !b.same(r.n, n) {
		return false
	}
	if w == noWords {
		w = keepWords
	}
	b.replan(step, donor, r, b.now+after, w)
	b.freed(step, b.block(donor), 1)
	return true
}

// said is an answer of begin, settle, withhold, evidence or resolve about one letter.
type said uint8

const (
	saidOK said = iota
	saidAgain
	saidNonce
	saidLease
	saidEdition
	saidStatus
	saidStopped
	saidPaused
	saidMoved
	saidHeld
	saidSuppressed
	saidEarlier
	saidFrozen
	saidState
	saidQuiet
	saidCancelled // what should be planned was cancelled instead
	saidSent      // evidence had shown it to be sent
	saidNone
	saidOwn
	saidAddress
	saidNothing // no answer: the call or its reply was lost
)

var saidText = [...]string{
	"ok", "again", "nonce", "lease", "edition", "status", "stopped", "paused", "moved", "held", "suppressed:0", "earlier", "frozen", "state",
	"quiet", "X", "S", "none", "own", "address", "(no answer)",
}

// withhold keeps a claimed letter back.
func (b *book) withhold(step, donor int, n nonce) said {
	r := b.rows[step][donor]
	switch {
	case r.s == none || !b.same(r.n, n):
		return saidNonce
	case r.s == withheld:
		return saidAgain
	case r.s != claimed:
		return saidNonce
	}
	r.t = b.now
	b.write(step, donor, r, withheld, wordsFault)
	b.freed(step, b.block(donor), 1)
	b.audit()
	return saidOK
}

// begin is the commit point: everything is tested again, and a letter that passes is sending.
func (b *book) begin(step, donor int, n nonce, edition uint8) said {
	r := b.rows[step][donor]
	switch {
	case b.frozen != 0:
		return saidFrozen
	case r.s == none || !b.same(r.n, n):
		return saidNonce
	case r.s == sending:
		return saidAgain
	case r.s != claimed:
		return saidNonce
	case !b.alive(n.worker()):
		return saidLease
	}
	if b.wrong != NoStopCheck {
		switch {
		case b.status != running:
			return saidStatus
		case b.edition != edition:
			return saidEdition
		case b.isStopped(donor):
			return saidStopped
		case b.isPaused(donor):
			return saidPaused
		case b.movedTo(donor) != 0:
			return saidMoved
		case b.held(step, donor):
			return saidHeld
		}
	}
	switch {
	case step > 0 && b.rows[step-1][donor].s != sent:
		return saidEarlier
	case b.closedA&(1<<donor) != 0:
		return saidSuppressed
	}
	r.a, r.t = r.a+1, b.now
	b.write(step, donor, r, sending, keepWords)
	sooner(&b.busy[step][b.block(donor)], b.now+answerIn)
	b.audit()
	return saidOK
}

// relaySaid is what a relay's answer to a dot says of the relay.
type relaySaid uint8

const (
	relayNothing relaySaid = iota
	relayAnswered
	relaySilent // in doubt by its doing
)

// A settlement is what became of a letter.
type settlement struct {
	to    mark // sent, planned, refused or inDoubt
	after int64
	mask  uint8
	w     words
	free  bool // planned again by no fault of the relay: no attempt is counted
	last  bool // no step followed in the edition that the letter was sent by
	relay relaySaid
}

// settle writes down what became of a letter. Two doubts in a row by the relay's doing hold it.
func (b *book) settle(step, donor int, n nonce, o settlement) said {
	to, w := o.to, o.w
	last := o.last && step == int(b.steps)-1 // a newer edition may have added one
	r := b.rows[step][donor]
	switch {
	case r.s == none || !b.same(r.n, n):
		return saidNonce
	case r.s == to || to == planned && r.s == cancelled:
		return saidAgain
	case r.s == sent && (to == inDoubt || to == planned) && b.proven(step, donor, &r):
		return saidAgain
	case r.s == claimed:
		if (to == sent || to == inDoubt) && b.wrong != RecordAfterSend {
			return saidState
		}
	case r.s != sending && r.s != inDoubt:
		return saidState
	}
	was, bl, got := r.s, b.block(donor), saidOK
	if to == inDoubt && b.proven(step, donor, &r) {
		to, w, got = sent, wordsCopied, saidSent
	}
	if to == planned {
		switch {
		case was == claimed && !o.free:
			r.a++
		case was != claimed && o.free && r.a > 0:
			r.a--
		}
		r.mask = o.mask
		follow := b.follow[step][bl]
		switch b.replan(step, donor, r, b.now+o.after, w) {
		case cancelled:
			got = saidCancelled
		case sent:
			if got = saidSent; last {
				b.follow[step][bl] = follow
			}
		}
	} else {
		r.t = b.now
		b.write(step, donor, r, to, w)
		if to == sent && !last {
			b.follow[step][bl] = b.now
		}
	}
	if was != inDoubt {
		b.freed(step, bl, 1)
	}
	switch {
	case o.relay == relayAnswered:
		b.relayDoubts = 0
	case o.relay == relaySilent && b.rows[step][donor].s == inDoubt:
		if b.relayDoubts++; b.relayDoubts >= 2 && !b.relayHeld {
			b.relayHeld = true
			b.audit()
		}
	}
	b.audit()
	return got
}

// swept counts what a sweep did.
type swept struct{ planned, inDoubt, cancelled, sent int }

// sweep looks at blocks (as bits, step by step) with letters in hand.
func (b *book) sweep(blocks [maxSteps]uint8) (sum swept) {
	for step, bits := range blocks {
		for bl := range int(b.blocks) {
			if bits&(1<<bl) != 0 {
				b.sweepBlock(step, bl, &sum)
			}
		}
	}
	if sum != (swept{}) {
		b.audit()
	}
	return sum
}

func (b *book) sweepBlock(step, bl int, sum *swept) {
	hand, first := int16(0), int64(0)
	for _, d := range b.list(step, bl) {
		r := b.rows[step][d]
		if r.s != claimed && r.s != sending {
			continue
		}
		living := b.alive(r.n.worker())
		late := r.t+answerIn <= b.now
		switch {
		case r.s == claimed && !living, r.s == sending && !living && b.wrong == SweepPlansSending:
			if b.replan(step, int(d), r, b.now, keepWords) == planned {
				sum.planned++
			} else {
				sum.cancelled++
			}
		case r.s == sending && (!living || late):
			r.t = b.now
			w := wordsGone
			if living {
				w = wordsLate
			}
			if b.proven(step, int(d), &r) {
				b.write(step, int(d), r, sent, wordsCopied)
				b.follow[step][bl] = b.now
				sum.sent++
				continue
			}
			b.write(step, int(d), r, inDoubt, w)
			sum.inDoubt++
		default:
			hand++
			at := b.now + lookIn
			if r.s == sending {
				at = r.t + answerIn
			}
			if first == 0 || at < first {
				first = at
			}
		}
	}
	if hand == 0 {
		b.inHand[step][bl], b.busy[step][bl] = 0, 0
	} else {
		b.inHand[step][bl], b.busy[step][bl] = hand, first
	}
}

// toSweep is what a sweep looks at: every block with letters in hand when a worker is gone, else those whose time has come;
// and the workers (as bits) that are gone.
func (b *book) toSweep() (blocks [maxSteps]uint8, gone uint64) {
	for w, til := range b.workers {
		if til >= 0 && til < b.now {
			gone |= 1 << w
		}
	}
	for step := range maxSteps {
		for bl := range int(b.blocks) {
			if at := b.busy[step][bl]; at != 0 && (gone != 0 || at <= b.now) {
				blocks[step] |= 1 << bl
			}
		}
	}
	return blocks, gone
}

// same compares two nonces.
func (b *book) same(x, y nonce) bool {
	if b.wrong == CounterNonce {
		return x&0xffffff == y&0xffffff
	}
	return x == y
}
