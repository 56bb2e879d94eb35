package model

import "fmt"

// A Kind is a promise that can be broken.
type Kind uint8

// The kinds, by the invariants of RELIABILITY.md section 4.
const (
	Kept        Kind = iota
	Twice            // I1: more copies accepted than people decided, or one of a generation they had given up
	Ungranted        // I2: a dot without an acknowledged begin
	Regranted        // I3: two begins granted for one letter, generation and attempt
	Sums             // I4: counters, rows and the list to look at disagree
	Unindexed        // I4: an open letter's block stands in no index
	Changed          // I5: a state was left that is not left this way
	AfterStop        // I6: begin granted after a stop, hold, pause or cancel had returned
	OtherText        // I7: granted under another edition than the approved one
	SeqFell          // I8: begin granted by a ledger that does not hold what the witnesses remember
	ChainBroken      // I10
	TooEarly         // I11: a reminder before the letter before it
	Lost             // open, and nothing will ever wake it
	kinds
)

var kindText = [...]string{
	"kept", "twice", "ungranted", "granted again", "sums", "not in the index", "closed state changed", "after a stop", "other text",
	"seq fell", "audit chain", "too early", "lost",
}

func (k Kind) String() string { return kindText[k] }

// breaks notes the first promise that is broken.
func (w *world) breaks(k Kind, format string, args ...any) {
	if w.bad != Kept || w.only != Kept && w.only != k {
		return
	}
	w.bad = k
	if w.tell != nil {
		w.why = fmt.Sprintf(format, args...)
		w.say("BROKEN (%s): %s", k, w.why)
	}
}

// checkBook checks what must hold of a ledger after every call (I4).
func (w *world) checkBook(b *book) {
	for step := range maxSteps {
		var n [marks]int16
		for d := range w.donors {
			r := &b.rows[step][d]
			n[r.s]++
			bl := b.block(d)
			if (b.look[step][d] != 0) != r.s.looked() {
				w.breaks(Sums, "%s is %s, and to be looked at: %v", w.letter(uint8(step), uint8(d)), r.s, b.look[step][d] != 0)
			}
			ok := true
			switch r.s {
			case planned:
				ok = b.due[step][bl] != 0 || b.reindex > 0 || b.status == over || b.waits(step, r) || b.anyHold(d) || b.isPaused(d)
			case claimed, sending:
				ok = b.busy[step][bl] != 0
			case sent:
				ok = step == maxSteps-1 || b.follow[step][bl] != 0 || b.rows[step+1][d].s != none || b.status == over
			}
			if !ok {
				w.breaks(Unindexed, "%s is %s", w.letter(uint8(step), uint8(d)), r.s)
			}
		}
		for s := planned; s < marks; s++ {
			if n[s] != b.counts[step][s] {
				w.breaks(Sums, "%d letters of %s are %s, the counter says %d", n[s], stepText[step], s, b.counts[step][s])
			}
		}
	}
	if l := b.log.links[b.chain]; l.seq != b.seq || b.chain != 0 && l.seq != b.log.links[l.before].seq+1 {
		w.breaks(ChainBroken, "entry %d follows %d, the ledger's seq is %d", l.seq, b.log.links[l.before].seq, b.seq)
	}
}

// anyHold says whether a hold stands over a donor, also one whose time is over: the scheduler ends it and gives the letters
// their place back.
func (b *book) anyHold(donor int) bool {
	return b.holds[holdAll].on || b.holds[holdDonor+donor].on || b.holds[holdGroup+b.block(donor)].on || b.holds[holdRegion].on
}

// leads says which states may follow which (DESIGN.md, Ledger).
var leads = [marks][marks]bool{
	none:      {planned: true, cancelled: true, sent: true}, // evidence may come before the row
	planned:   {claimed: true, withheld: true, cancelled: true, sent: true},
	claimed:   {planned: true, sending: true, refused: true, withheld: true, cancelled: true, sent: true},
	sending:   {sent: true, planned: true, refused: true, inDoubt: true, cancelled: true},
	sent:      {bounced: true},
	inDoubt:   {sent: true, planned: true, refused: true, cancelled: true},
	refused:   {planned: true},
	bounced:   {planned: true},
	withheld:  {planned: true, cancelled: true, sent: true},
	cancelled: {planned: true, sent: true}, // back in an edition that had dropped it
}

// checkTransitions checks what changed in the primary since the last call (I5).
func (w *world) checkTransitions(b *book) {
	for step := range maxSteps {
		for d := range w.donors {
			r := &b.rows[step][d]
			was := w.was[step][d]
			if was == r.s {
				continue
			}
			w.was[step][d] = r.s
			if !leads[was][r.s] && !(w.wrong == RecordAfterSend && was == claimed) {
				w.breaks(Changed, "%s was %s and is %s", w.letter(uint8(step), uint8(d)), was, r.s)
			}
		}
	}
}

// marksAnew forgets what the primary held: it was rolled back, or reconciled.
func (w *world) marksAnew() {
	for step := range maxSteps {
		for d := range w.donors {
			w.was[step][d] = w.st.primary.rows[step][d].s
		}
	}
}

// begun notes a begin that a ledger granted, and checks what was tested again with it.
func (w *world) begun(b *book, step, d int, n nonce) {
	w.begunAt[step][d] = begunAt{n, w.tick}
	if b.rows[step][d].e != b.numbers[b.edition] && w.wrong != NoStopCheck {
		w.breaks(OtherText, "%s", w.letter(uint8(step), uint8(d)))
	}
}

// granted is when a worker takes its begin for granted: what had returned to people before it was asked must have stopped
// it (I6), and the ledger must hold what every witness remembers (I8).
func (w *world) granted(h *hand) {
	h.granted = true
	at := w.begunAt[h.step][h.donor].tick
	d := int(h.donor)
	b := &w.st.primary
	before := func(tick uint32) bool { return tick != 0 && tick < at }
	if before(w.stops[d]) || before(w.pause) || before(w.cancel) || before(w.holds[holdAll]) || before(w.holds[holdDonor+d]) ||
		before(w.holds[holdGroup+b.block(d)]) {
		w.breaks(AfterStop, "%s generation %d", w.letter(h.step, h.donor), h.g)
	}
	for i := range w.files[:w.nfiles] {
		// A position that came with an answer from before the rollback and was written down after it is found out later.
		if f := &w.files[i]; h.view == 0 && f.notedIn < w.st.generation && h.conn == w.st.generation && h.epoch == b.epoch && !b.log.holds(b.chain, f.noted) {
			w.breaks(SeqFell, "%s is granted at seq %d, and file %d remembers another past", w.letter(h.step, h.donor), b.seq, i)
		}
	}
}

// checkDot checks a dot at the moment it is written (I2, I3, I11).
func (w *world) checkDot(h *hand) {
	if !h.granted {
		w.breaks(Ungranted, "%s", w.letter(h.step, h.donor))
	}
	if h.step > 0 && w.accepted[h.step-1][h.donor] == 0 && !w.vouched[h.step-1][h.donor] {
		w.breaks(TooEarly, "%s", w.letter(h.step, h.donor))
	}
	is := dotOf{h.step, h.donor, h.g, h.a, h.epoch, h.n}
	for _, o := range w.dotted[:w.ndots] {
		if o.step == is.step && o.donor == is.donor && o.g == is.g && o.a == is.a && o.epoch == is.epoch {
			w.breaks(Regranted, "%s generation %d attempt %d", w.letter(h.step, h.donor), h.g, h.a)
		}
	}
	if w.ndots < len(w.dotted) {
		w.dotted[w.ndots] = is
		w.ndots++
	}
}

// checkAccept counts a copy that a relay has taken (I1).
func (w *world) checkAccept(step, donor, g uint8) {
	w.accepted[step][donor]++
	w.copies++
	n, may := w.accepted[step][donor], 1+w.allowed[step][donor]
	w.say("the relay takes copy %d of %s, generation %d", n, w.letter(step, donor), g)
	switch {
	case n > may:
		w.breaks(Twice, "%d copies of %s were accepted, %d may be", n, w.letter(step, donor), may)
	case g < w.newest[step][donor]:
		w.breaks(Twice, "%s generation %d was accepted after a person had decided to send generation %d", w.letter(step, donor), g,
			w.newest[step][donor])
	}
}

// checkEnd checks that nothing is open which nothing keeps.
func (w *world) checkEnd() {
	b := &w.st.primary
	for step := range uint8(maxSteps) {
		for d := range uint8(w.donors) {
			r := &b.rows[step][d]
			if !w.rests(int(step), int(d)) {
				w.breaks(Lost, "%s is %s since %d (now %d), its worker alive: %v, and nothing will wake it; due %d, busy %d",
					w.letter(step, d), r.s, r.t, b.now, b.alive(r.n.worker()), b.due[step][b.block(int(d))], b.busy[step][b.block(int(d))])
			}
			if r.s == inDoubt {
				w.shown++
			}
		}
	}
}

// rests says whether a letter is where nothing has to happen to it, or a flag keeps it.
func (w *world) rests(step, d int) bool {
	b := &w.st.primary
	r := &b.rows[step][d]
	switch r.s {
	case planned:
		return b.status == paused || b.status == approved || b.status == isPlanned || b.frozen != 0 || b.relayHeld || b.held(step, d) || b.isPaused(d) || b.movedTo(d) != 0 ||
			b.waits(step, r)
	case claimed, sending:
		return false
	case sent:
		return step == maxSteps-1 || b.status == over || b.rows[step+1][d].s != none
	case none:
		return step > 0
	}
	return true
}
