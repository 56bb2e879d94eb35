package donor

import "strings"

// compare finds the rows that differ from those of the table as it is.
func (p *Proposal) compare() {
	before := make([][]string, 0, len(p.before.Rows))
	for _, r := range p.before.Rows {
		before = append(before, p.widen(r.Cells))
	}
	after := make([][]string, 0, len(p.rows))
	for _, r := range p.rows {
		after = append(after, r.cells)
	}
	was, is := p.places(before), p.places(after)
	pairs, taken := p.pairs(before, after)
	for i, r := range p.rows {
		if pairs[i] < 0 {
			p.Changes = append(p.Changes, Change{"added", p.says(r.cells), max(0, r.line), p.filled(r.cells, is[i], true)})
			continue
		}
		old := before[pairs[i]]
		var cells []CellChange
		for c, name := range p.Head {
			if old[c] != r.cells[c] {
				cells = append(cells, CellChange{name, old[c], r.cells[c]})
			}
		}
		if was[pairs[i]] != is[i] {
			cells = append(cells, CellChange{"gets", was[pairs[i]], is[i]})
		}
		if len(cells) == 0 {
			p.Same++
			continue
		}
		line := 0
		if r.brought {
			line = max(0, r.line)
		}
		p.Changes = append(p.Changes, Change{"changed", p.says(r.cells), line, cells})
	}
	for i, cells := range before {
		if !taken[i] {
			p.Changes = append(p.Changes, Change{"removed", p.says(cells), 0, p.filled(cells, was[i], false)})
		}
	}
}

// pairs finds which row was which before, -1 for none: by its key, and else the same person with another address.
func (p *Proposal) pairs(before, after [][]string) (of []int, taken []bool) {
	of, taken = make([]int, len(after)), make([]bool, len(before))
	for i := range of {
		of[i] = -1
	}
	for _, by := range []func([]string) string{p.key, p.somebody} {
		there := map[string][]int{}
		for i, cells := range before {
			if k := by(cells); k != "" && !taken[i] {
				there[k] = append(there[k], i)
			}
		}
		for i, cells := range after {
			if k := by(cells); of[i] < 0 && len(there[k]) > 0 {
				of[i], there[k] = there[k][0], there[k][1:]
				taken[of[i]] = true
			}
		}
	}
	return of, taken
}

// places says what each contact gets: the first of a donor the letter, the others a copy. Contributions get nothing.
func (p *Proposal) places(rows [][]string) []string {
	out, begun := make([]string, len(rows)), map[string]bool{}
	if p.Table != "contacts" {
		return out
	}
	for i, cells := range rows {
		d := p.cell(cells, "donor")
		if out[i] = "the letter"; begun[d] {
			out[i] = "a copy"
		}
		begun[d] = true
	}
	return out
}

// says names a row for people.
func (p *Proposal) says(cells []string) string {
	if p.Table == "contacts" {
		return p.cell(cells, "donor") + ", " + p.cell(cells, "email")
	}
	return strings.TrimSuffix(p.cell(cells, "donor")+", "+p.cell(cells, "year")+", "+p.cell(cells, "label"), ", ")
}

// filled are the cells of a whole row that hold something.
func (p *Proposal) filled(cells []string, place string, after bool) (out []CellChange) {
	add := func(name, value string) {
		if value == "" {
			return
		}
		c := CellChange{Column: name}
		if after {
			c.After = value
		} else {
			c.Before = value
		}
		out = append(out, c)
	}
	for i, name := range p.Head {
		add(name, cells[i])
	}
	add("gets", place)
	return out
}
