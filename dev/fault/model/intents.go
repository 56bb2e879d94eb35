package model

const (
	maxFiles   = 24
	maxIntents = 20
)

// An intent is a line of an intent file, and the outcome written after it.
type intent struct {
	step, donor uint8
	g           uint8
	n           nonce
	outcome     mark // none: open; planned: a definite 4xx, or the dot was never written
	known       bool // the outcome is on disk
	at          int64
	position    uint32 // of the ledger after its begin
}

// A file is the intent file of one process.
type file struct {
	lines   [maxIntents]intent
	n       int
	durable int    // lines on disk for certain
	names   uint64 // workers that this process was
	host    uint8
	held    int8 // by the process that writes or adopts it, plus one; 0: unlocked
	torn    bool // it cannot be read to its end
	adopted bool
	noted   uint32 // the youngest audit entry that it remembers
	notedIn uint32
	epoch   uint32
}

// newFile opens an intent file for a process; -1 when the run has no more of them: it ends there.
func (w *world) newFile(p *process, id int) int {
	if w.nfiles == maxFiles {
		w.spent = true
		return -1
	}
	f := &w.files[w.nfiles]
	*f = file{host: p.host, held: int8(id + 1), epoch: w.st.primary.epoch}
	w.nfiles++
	return w.nfiles - 1
}

// lookup finds the line of a letter and nonce.
func (f *file) lookup(step, donor uint8, n nonce) *intent {
	for i := range f.lines[:f.n] {
		if l := &f.lines[i]; l.step == step && l.donor == donor && l.n == n {
			return l
		}
	}
	return nil
}

// note remembers a position of the ledger, and in which generation of connections it was written down.
func (f *file) note(at, generation uint32) {
	if at > f.noted {
		f.noted, f.notedIn = at, generation
	}
}

// powerless is what a machine's death leaves of a file: what was synced.
func (f *file) powerless() {
	f.n = f.durable
	for i := range f.lines[:f.n] {
		if l := &f.lines[i]; !l.known {
			l.outcome = none
		}
	}
}

// damage takes the last lines of a file away, as a bad disk would: its end is missing, and that can be seen.
func (f *file) damage(n int) {
	f.n = max(0, f.n-n)
	f.durable = min(f.durable, f.n)
	f.torn = true
}

// toAdopt finds an unlocked file of the dead on the host of a process, or -1.
func (w *world) toAdopt(p *process) int {
	for i := range w.files[:w.nfiles] {
		f := &w.files[i]
		if !f.adopted && f.held == 0 && (w.st.profile != Replicated || f.host == p.host) {
			return i
		}
	}
	return -1
}

// adopt takes one more line of a dead process's file to the ledger. When all are there, letters that its workers left
// past the commit point without a line are planned again, if the file is whole: their dot was never written.
func (w *world) adopt(p *process) {
	f := &w.files[p.adopting-1]
	b := w.reach(p)
	if b == nil {
		return
	}
	if p.line == 0 {
		// The process is dead, so its leases end: a begin of it that is still under way is refused from now on.
		w.change(b)
		for n := range uint8(maxWorkers) {
			if f.names&(1<<n) != 0 {
				b.leave(n)
			}
		}
		w.wrote(b)
	}
	if p.line < f.n {
		if w.tellLine(p, b, &f.lines[p.line]) {
			p.line++
		}
		return
	}
	if !f.torn || w.wrong == TornFileIsProof {
		for step := range uint8(maxSteps) {
			for d := range uint8(w.donors) {
				r := &b.rows[step][d]
				if r.s != sending && r.s != inDoubt || f.names&(1<<r.n.worker()) == 0 || f.lookup(step, d, r.n) != nil {
					continue
				}
				w.say("%s: file %d has no intent of %s: its dot was never written", p, p.adopting-1, w.letter(step, d))
				w.call(p, &op{kind: opSettles, step: step, donor: d, n: r.n, to: planned, w: wordsGone})
				return // one call a step: the next one looks again
			}
		}
	}
	f.adopted, f.held = true, 0
	w.say("%s: file %d is adopted", p, p.adopting-1)
	p.adopting, p.line = 0, 0
}

// tellLine takes one line to the ledger; false: it has to be told again.
func (w *world) tellLine(p *process, b *book, l *intent) bool {
	o := op{kind: opSettles, step: l.step, donor: l.donor, n: l.n, to: l.outcome, w: wordsRelay, after: 900_000}
	switch r := &b.rows[l.step][l.donor]; {
	case (r.s == sending || r.s == inDoubt) && b.same(r.n, l.n):
		if l.outcome == none {
			o.to, o.w = inDoubt, wordsGone
		}
	case l.outcome == sent && r.s != none && r.s != sent && r.s != bounced:
		// A person may have let it go again before the file was found, or the ledger may have lost it.
		o = op{kind: opEvidence, step: l.step, donor: l.donor, id: noCopy, exact: true, to: sent}
	default:
		return true
	}
	said := w.call(p, &o)
	w.say("%s: adopts the intent of %s as %s: %s", p, w.letter(l.step, l.donor), o.to, saidText[said])
	return said != saidNothing
}
