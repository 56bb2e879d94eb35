package model

// A proof stands beside a row once evidence of its letter was read.
type proof struct {
	n     uint8 // different registry copies
	g     uint8 // first generation that they count for
	k     bool  // the last generation never left
	p     bool  // there is proof that is no copy
	there bool
	ids   uint16 // of the copies
	d     int64  // date of the letter (s)
	t     int64  // when the first was noted
}

// proven says whether evidence shows that a relay took the letter. A date that no begin has fixed is then the copy's.
func (b *book) proven(step, donor int, r *row) bool {
	c := &b.proofs[step][donor]
	if c.n == 0 && !c.p {
		return false
	}
	if r.a == 0 && c.d != 0 {
		r.d = c.d
	}
	return true
}

// A finding is what evidence came to.
type finding uint8

const (
	foundSent finding = iota
	foundNoted
	foundAgain
	foundTwice
	foundOdd
	foundEarlier
	foundWeak
)

var findingText = [...]string{"sent", "noted", "again", "twice", "odd", "date", "weak"}

// noCopy is evidence that is no registry copy.
const noCopy uint8 = 255

const maxCopies = 8

// evidence notes that a letter was taken by a relay, and settles what that settles.
func (b *book) evidence(step, donor int, id uint8, date int64, exact bool, taken int64, w words) (answer finding, before mark) {
	r := b.rows[step][donor]
	c := b.proofs[step][donor]
	if !c.there {
		c = proof{g: 1, there: true}
	}
	before = r.s
	switch {
	case !exact && (r.s == none || r.a == 0 || r.g == 1 && (r.s == planned || r.s == claimed)):
		return foundWeak, before
	case r.s != none && r.a > 0 && date != 0 && r.d != date && !(exact && c.g == 1):
		return foundEarlier, before
	}
	answer = foundNoted
	known := c.n
	if known == 0 && !c.p {
		c.d, c.t = date, b.now
	}
	switch {
	case id == noCopy:
		if c.p {
			answer = foundAgain
		}
		c.p = true
	case c.ids&(1<<id) != 0:
		answer = foundAgain
	case c.n < maxCopies:
		c.n++
		c.ids |= 1 << id
	case c.n == maxCopies:
		c.n++
	default:
		answer = foundAgain
	}
	if known == 0 && c.n == 1 {
		b.copies[step]++
	}
	changed := false
	settles := r.s == planned || r.s == claimed || r.s == inDoubt
	if r.s != inDoubt && settles && r.g > c.g {
		c.k = true
	}
	if c.n > known {
		sends := int(r.g) - int(c.g) + 1
		if r.s == none {
			sends = 1 - int(c.g) + 1
		}
		if c.k {
			sends--
		}
		if int(c.n) > max(1, sends) {
			answer = foundTwice
		} else if r.s == refused || r.s == withheld || r.s == cancelled {
			answer = foundOdd
		}
		if answer != foundNoted {
			b.odd[step] |= 1 << donor
			changed = true
		}
	}
	if settles {
		if r.s == claimed {
			b.freed(step, b.block(donor), 1)
		}
		r.t = b.now
		if taken > 0 && taken < b.now {
			r.t = taken
		}
		if r.a == 0 && c.d != 0 {
			r.d = c.d
		}
		b.write(step, donor, r, sent, w)
		b.follow[step][b.block(donor)] = b.now
		changed = true
		if answer != foundTwice {
			answer = foundSent
		}
	}
	if settles || answer != foundAgain {
		b.proofs[step][donor] = c
	}
	if changed {
		b.audit()
	}
	return answer, before
}
