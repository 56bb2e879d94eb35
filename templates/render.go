package templates

import (
	"bytes"
	"cmp"
	"slices"
	"strconv"

	"outreach.example/campaign"
	"outreach.example/donor"
)

// Private marks inside a letter that is being written. No text and no value may hold them: lint refuses private-use
// characters and line separators.
const (
	lineBreak = "\u2028" // ends a line inside a paragraph
	markOpen  = "\uE002" // before the number of a source
	markClose = "\uE003"
)

// maxLetter bounds a letter, in bytes of its text or of its HTML. A text has no loops, so the time to write it is bounded by
// its length.
const maxLetter = 1 << 20

// A render is one letter while it is written.
type render struct {
	set       *Set
	t         *text
	p         *profile
	record    *campaign.Record
	to        addressee
	reference string

	buf    []byte
	named  []string // currencies named in full so far
	notes  []int    // sources cited so far, by their index, in the order of their numbers
	mark   [2]int   // where the last mark of a source stands in buf
	cited  int      // its source
	faults donor.Faults
}

// reset makes the render ready for the next part of a letter.
func (r *render) reset() {
	r.buf, r.named, r.notes = r.buf[:0], r.named[:0], r.notes[:0]
	r.mark, r.cited = [2]int{}, -1
}

// write runs the ops.
func (r *render) write(ops []op) {
	for i := range ops {
		switch o := &ops[i]; {
		case len(r.buf) > maxLetter:
			return // compose says so
		case o.field != nil:
			r.field(o)
		case o.fact != nil:
			r.fact(o.fact)
		case o.choice != nil && o.choice(r):
			r.write(o.yes)
		case o.choice != nil:
			r.write(o.no)
		default:
			r.buf = append(r.buf, o.literal...)
		}
	}
}

func (r *render) field(o *op) {
	value := o.field.written(r)
	if value == "" {
		r.lack(o.name)
		return
	}
	r.buf = append(r.buf, value...)
}

// lack notes a field without a value: an error, never a gap.
func (r *render) lack(name string) {
	d := &r.record.Donor
	file, line := "donors.csv", 0
	switch c := d.Contribution; {
	case !fields[name].figure:
	case c != nil:
		file, line = cmp.Or(c.File, "contributions.csv"), c.Line
	default:
		file = "contributions.csv"
	}
	r.faults.Addf(file, line, 0, "%s: {{%s}} in %s has no value: %s", d.ID, name, r.t.file, missing(name, r.p.code))
}

func missing(name, language string) string {
	if fields[name].figure {
		return "the ask names an amount and does not give it"
	}
	return "give the donor a name in the language " + donor.Quote(language)
}

// fact writes a figure with the number of its source. Of figures that follow one another in a paragraph and have the
// same source only the last bears the number, as notes are set.
func (r *render) fact(c *citation) {
	n := slices.Index(r.notes, c.note)
	if n < 0 {
		n = len(r.notes)
		r.notes = append(r.notes, c.note)
	}
	if r.cited == c.note && !bytes.Contains(r.buf[r.mark[1]:], []byte("\n\n")) && !bytes.Contains(r.buf[r.mark[1]:], []byte("\n- ")) {
		r.buf = append(r.buf[:r.mark[0]], r.buf[r.mark[1]:]...)
	}
	phrase := c.later
	if c.code != "" && r.first(c.code) {
		phrase = c.first
	}
	r.buf = append(r.buf, phrase...)
	r.mark[0] = len(r.buf)
	r.buf = append(r.buf, markOpen...)
	r.buf = strconv.AppendInt(r.buf, int64(n+1), 10)
	r.buf = append(r.buf, markClose...)
	r.mark[1], r.cited = len(r.buf), c.note
}

// first says whether the letter names the currency here for the first time.
func (r *render) first(code string) bool {
	if slices.Contains(r.named, code) {
		return false
	}
	r.named = append(r.named, code)
	return true
}

// money writes an amount of the ask or the goal; "" where there is none.
func (r *render) money(m donor.Money) string {
	if m.Minor <= 0 || m.Currency == "" {
		return ""
	}
	return r.p.amount(m, r.first(m.Currency))
}

// year is that of the contribution that the ask follows from; "" where there is none.
func (r *render) year() string {
	if r.record.Ask.Year == 0 {
		return ""
	}
	return strconv.Itoa(r.record.Ask.Year)
}

// amounts writes the range of two amounts; "" where one is missing.
func (r *render) amounts(low, high donor.Money) string {
	if low.Minor <= 0 || high.Minor <= 0 || low.Currency == "" || low.Currency != high.Currency {
		return ""
	}
	return r.p.amountRange(low, high, r.first(low.Currency))
}
