package model

// kind is what an entry of a case does.
type kind uint8

// The kinds of entries that differ in what they do; the first stands for every answer.
const (
	kindReply kind = iota
	kindUnclear
	kindCapital
	kindNote
	kindReopen
	entryKinds
)

var kindName = [entryKinds]string{"reply", "unclear", "capital", "note", "reopen"}

// maxEntries is how many entries a case of the model holds.
const maxEntries = 8

// An entry is one thing that happened in a case.
type entry struct {
	kind    kind
	note    uint8
	instead uint8 // number of the entry that it replaces, from 1; 0 for none
	opens   int64 // of kindCapital
}

// standing is how a case stands: 'S' stopped, 'P' paused, 'M' moved to a moment, 'O' open.
type standing struct {
	s       byte
	til     int64
	n       uint8
	entries [maxEntries]entry
}

// fold is how a case stands by its entries, and which of them count no more.
func (c *standing) fold() (s byte, til int64, replaced [maxEntries + 1]bool) {
	s = 'O'
	for _, e := range c.entries[:c.n] {
		replaced[e.instead] = true
	}
	for i, e := range c.entries[:c.n] {
		switch {
		case replaced[i+1] || e.kind == kindNote:
		case e.kind == kindReopen:
			s, til = 'O', 0
			for n := range i + 1 {
				replaced[n+1] = true
			}
		case e.kind == kindReply:
			s, til = 'S', 0
		case e.kind == kindUnclear && s != 'S':
			s = 'P'
		case e.kind == kindCapital && s != 'S':
			til = e.opens
			if s == 'O' {
				s = 'M'
			}
		}
	}
	if s == 'P' {
		til = 0
	}
	return s, til, replaced
}

func (b *book) isStopped(donor int) bool { return b.cases[donor].s == 'S' }

func (b *book) isPaused(donor int) bool { return b.cases[donor].s == 'P' }

// movedTo is before when no letter of a case leaves; 0 where it waits for no moment.
func (b *book) movedTo(donor int) int64 {
	if c := &b.cases[donor]; c.s == 'M' && c.til > b.now {
		return c.til
	}
	return 0
}

// recorded is the answer to an entry.
type recorded struct {
	said    answer // done, again, or refused: there is nothing to replace
	refused bool
	n       int   // letters cancelled
	past    uint8 // steps (as bits) beyond the commit point
	planned int   // letters planned again
	s       byte
	til     int64
}

// record writes an entry into a donor's case and does what the case then says. With replan, letters that a stop had
// cancelled are planned again where it has gone.
func (b *book) record(donor int, e entry, replan bool) (out recorded) {
	c := &b.cases[donor]
	for _, was := range c.entries[:c.n] {
		if was == e {
			return recorded{said: again}
		}
	}
	if e.instead > 0 {
		if _, _, replaced := c.fold(); e.instead > c.n || replaced[e.instead] {
			return recorded{refused: true}
		}
	}
	c.entries[c.n] = e
	c.n++
	c.s, c.til, _ = c.fold()
	out.said, out.s, out.til = done, c.s, c.til
	for step := range maxSteps {
		bl := b.block(donor)
		switch r := b.rows[step][donor]; {
		case r.s == sending:
			if c.s != 'O' {
				out.past |= 1 << step
			}
		case r.s == planned && c.s == 'S':
			r.t = b.now
			b.write(step, donor, r, cancelled, wordsStopped)
			out.n++
		case r.s == planned && c.s != 'P':
			sooner(&b.due[step][bl], max(r.t, c.til))
		case r.s == cancelled && r.a == 0 && r.words == wordsStopped && c.s != 'S' && replan:
			r.first, r.mask = false, 0
			if b.replan(step, donor, r, max(b.now, e.opens), noWords) == planned {
				out.planned++
			}
		}
	}
	b.audit()
	return out
}
