package donor

import (
	"bytes"
	"cmp"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A Proposal is what a table of a project folder becomes when somebody brings rows for it, before anything is written.
type Proposal struct {
	Table   string
	File    string // of the project folder, that would be written
	Head    []string
	Changes []Change // in the order of the rows; those that stay the same are only counted
	Same    int      // rows
	Skipped int      // rows of the sheet in which nothing stands that was mapped
	Faults  Faults   // places are those of the sheet that was brought

	rows   []proposed
	before Sheet // the table as it is
	exists bool
	bom    bool
	crlf   bool
	book   []byte // the workbook as it is, nil for CSV
}

// A Change is a row that is added or removed, or whose cells change.
type Change struct {
	Kind  string // added, changed, removed
	Key   string // whose row it is, for people
	Line  int    // of the sheet that was brought; 0 for a row that is removed
	Cells []CellChange
}

// A CellChange is a value of a column before and after.
type CellChange struct{ Column, Before, After string }

// proposed is a row of the result, and where it comes from.
type proposed struct {
	cells   []string
	line    int
	brought bool
}

// Propose finds what a table becomes: with the rows of the sheet in place of those it has (of contacts, of all of the same
// donor; of contributions, of the same donor, year and label), and with replace nothing but the sheet. It is judged as
// ReadFresh judges the folder.
func Propose(fsys fs.FS, today Date, fresh int, table string, s Sheet, m Mapping, replace bool) *Proposal {
	p := &Proposal{Table: table, File: table + ".csv"}
	p.readBefore(fsys)
	if p.Faults.Refuses() {
		return p
	}
	if p.mapped(s, m); p.Faults.Refuses() {
		return p
	}
	p.rows = p.bring(fsys, s, m)
	if !replace {
		p.rows = p.merged(p.rows)
	}
	p.judge(fsys, today, fresh, s.File)
	p.compare()
	return p
}

// Refuses says whether anything forbids to write it.
func (p *Proposal) Refuses() bool { return p.Faults.Refuses() }

// Count is how many changes of a kind there are.
func (p *Proposal) Count(kind string) (n int) {
	for _, c := range p.Changes {
		if c.Kind == kind {
			n++
		}
	}
	return n
}

// readBefore reads the table as it is.
func (p *Proposal) readBefore(fsys fs.FS) {
	file := findTable(fsys, p.Table, false, &p.Faults)
	if file == "" || p.Faults.Refuses() {
		p.bom = true // Excel takes a CSV file without the mark for one of its own country's
		return
	}
	content, err := readFile(fsys, file)
	if err != nil {
		p.Faults.Addf(file, 0, 0, "%v", err)
		return
	}
	p.File, p.exists = file, true
	p.bom = bytes.HasPrefix(content, []byte("\ufeff")) || !utf8.Valid(content)
	p.crlf = bytes.Contains(content, []byte("\r\n"))
	if path.Ext(file) == ".xlsx" {
		p.book = content
	}
	columns := Columns(p.Table)
	before, faults := readSheet(columns, file, content, maxSheetRows, maxUnzipped)
	for i, h := range before.Head {
		before.Head[i] = strings.ToLower(h)
		if !slices.ContainsFunc(columns, func(c Column) bool { return c.Name == before.Head[i] }) {
			faults.Addf(file, 1, i+1, "column %s is not known: mend it there first, the table is kept in the columns it has", Quote(h))
		}
	}
	for _, f := range faults {
		if !f.Warning {
			p.Faults = append(p.Faults, f)
		}
	}
	p.before = before
}

// mapped finds the columns of the result, and what is wrong with those that were chosen.
func (p *Proposal) mapped(s Sheet, m Mapping) {
	p.Head = slices.Clone(p.before.Head)
	for _, c := range Columns(p.Table) {
		at, mapped := m[c.Name]
		switch {
		case !mapped && c.Must:
			p.Faults.Addf(s.File, 0, 0, "no column is chosen for %s, which every row needs", c.Name)
		case mapped && (at < 0 || at >= len(s.Head)):
			p.Faults.Addf(s.File, 0, 0, "the column chosen for %s is not there", c.Name)
		case mapped && !slices.Contains(p.Head, c.Name):
			p.Head = append(p.Head, c.Name)
		}
	}
}

// bring makes rows of the sheet: the columns that are mapped; what is not mapped stays as the row of the same key has it, or
// that of the same person.
func (p *Proposal) bring(fsys fs.FS, s Sheet, m Mapping) (out []proposed) {
	own := ownDonors(fsys)
	kept := map[string][]string{}
	for _, r := range p.before.Rows {
		cells := p.widen(r.Cells)
		kept[p.key(cells)] = cells
		if who := p.somebody(cells); who != "" {
			kept[who] = cells
		}
	}
	for _, r := range s.Rows {
		cells, any := make([]string, len(p.Head)), false
		for i, name := range p.Head {
			at, mapped := m[name]
			if !mapped {
				continue
			}
			cells[i] = r.Cells[at]
			any = any || cells[i] != ""
			if defused := Cell(cells[i]); defused != cells[i] {
				p.Faults.Addf(s.File, r.Line, 0, "%s %s begins as a formula of a spreadsheet: write it without its first character", name, Quote(cells[i]))
			}
			if name == "donor" {
				cells[i] = knownDonor(cells[i], own)
			}
		}
		if !any {
			p.Skipped++
			continue
		}
		was := kept[p.key(cells)]
		if was == nil {
			was = kept[p.somebody(cells)]
		}
		for i, name := range p.Head {
			if _, mapped := m[name]; !mapped && was != nil {
				cells[i] = was[i]
			}
		}
		out = append(out, proposed{cells, r.Line, true})
	}
	return out
}

// ownDonors are the ids of the project's own donors, as far as their file can be read.
func ownDonors(fsys fs.FS) map[string]bool {
	own := map[string]bool{}
	for _, d := range readDonors(fsys, new(Faults)) {
		own[d.ID] = true
	}
	return own
}

// knownDonor is the code of a State that is written in small letters or by its name in the registry, and else the word
// itself: the reader of the table says what is wrong with it.
func knownDonor(word string, own map[string]bool) string {
	states := Registry()
	if _, ok := states.State(strings.ToUpper(word)); ok && !own[word] {
		return strings.ToUpper(word)
	}
	if own[word] || len(word) > 100 {
		return word
	}
	found, folded := -1, fold(word)
	for _, w := range states.spellings {
		if w.exact || w.folded != folded || w.state == found {
			continue
		}
		if found >= 0 {
			return word // two States: not for a machine to choose
		}
		found = w.state
	}
	if found < 0 {
		return word
	}
	return states.all[found].ID
}

// widen puts the cells of a row of the table as it is under the columns of the result.
func (p *Proposal) widen(cells []string) []string {
	out := make([]string, len(p.Head))
	for i, name := range p.Head {
		if at := slices.Index(p.before.Head, name); at >= 0 && at < len(cells) {
			out[i] = cells[at]
		}
	}
	return out
}

func (p *Proposal) cell(cells []string, name string) string {
	if at := slices.Index(p.Head, name); at >= 0 {
		return cells[at]
	}
	return ""
}

// key is what a row is told apart by.
func (p *Proposal) key(cells []string) string {
	if p.Table == "contacts" {
		return p.cell(cells, "donor") + "\n" + strings.ToLower(p.cell(cells, "email"))
	}
	return p.cell(cells, "donor") + "\n" + p.cell(cells, "year") + "\n" + p.cell(cells, "label")
}

// somebody is a person of a donor by name, "" where there is no name: their address may change.
func (p *Proposal) somebody(cells []string) string {
	name := p.cell(cells, "name")
	if p.Table != "contacts" || name == "" {
		return ""
	}
	return p.cell(cells, "donor") + "\n\n" + fold(name)
}

// group is what rows are put in the place of together: a donor's contacts have an order, a contribution stands alone.
func (p *Proposal) group(cells []string) string {
	if p.Table == "contacts" {
		return p.cell(cells, "donor")
	}
	return p.key(cells)
}

// merged puts the rows that were brought in the place of those of their group, and new ones at the end. Rows of one group
// that do not stand together in the sheet do not stand together afterwards: their reader says so.
func (p *Proposal) merged(brought []proposed) (out []proposed) {
	first := map[string][]proposed{} // of each group, the first run of rows
	var late []proposed              // runs of groups that came before
	begun := map[string]bool{}
	for i := 0; i < len(brought); {
		g, n := p.group(brought[i].cells), i
		for n < len(brought) && p.group(brought[n].cells) == g {
			n++
		}
		if begun[g] {
			late = append(late, brought[i:n]...)
		} else {
			begun[g], first[g] = true, brought[i:n]
		}
		i = n
	}
	for _, r := range p.before.Rows {
		cells := p.widen(r.Cells)
		g := p.group(cells)
		if !begun[g] {
			out = append(out, proposed{cells, r.Line, false})
			continue
		}
		out = append(out, first[g]...)
		delete(first, g)
	}
	for _, r := range brought {
		g := p.group(r.cells)
		out = append(out, first[g]...)
		delete(first, g)
	}
	return append(out, late...)
}

// judge reads the folder as it would be, and says what is wrong with the rows, each at its place.
func (p *Proposal) judge(fsys fs.FS, today Date, fresh int, brought string) {
	already := map[string]bool{}
	if p.exists {
		_, faults := ReadFresh(fsys, today, fresh)
		for _, f := range faults {
			already[f.Error()] = true
		}
	}
	content, lines := p.encodeCSV(',', false, "\n")
	file := p.Table + ".csv"
	_, faults := ReadFresh(written{fsys, p.Table, content}, today, fresh)
	for _, f := range faults {
		switch {
		case strings.HasPrefix(f.File, "donors."):
			p.Faults = append(p.Faults, f)
			continue
		case f.File != file:
			continue // another table's: this import does not change it
		}
		row, ok := proposed{}, false
		if f.Line > 1 && f.Line <= len(lines)+1 {
			row, ok = p.rows[lines[f.Line-2]], true
		}
		f.Text = p.placed(f.Text, lines, ok && row.brought)
		switch {
		case !ok:
			f.File, f.Line, f.Column = brought, 0, 0
		case row.brought:
			f.File, f.Line, f.Column = brought, row.line, 0
		default:
			f.File, f.Line, f.Column = p.File, row.line, 0
			if already[f.Error()] {
				if f.Warning {
					continue // it was there before, and is not made worse
				}
				f.Warning = true
			}
		}
		p.Faults = append(p.Faults, f)
	}
	p.Faults.Sort()
}

// lineWords finds a line that a sentence names; what stands in quotes is what somebody wrote.
var lineWords = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|\bline (\d+)`)

// placed names the lines of a sentence as its reader knows them: those of the sheet, or those of the table as it is.
func (p *Proposal) placed(text string, lines []int, brought bool) string {
	return lineWords.ReplaceAllStringFunc(text, func(word string) string {
		digits, is := strings.CutPrefix(word, "line ")
		n, err := strconv.Atoi(digits)
		if !is || err != nil || n < 2 || n > len(lines)+1 {
			return word
		}
		switch r := p.rows[lines[n-2]]; {
		case r.brought == brought:
			return fmt.Sprintf("line %d", r.line)
		case r.brought:
			return fmt.Sprintf("line %d of the file that is brought", r.line)
		default:
			return fmt.Sprintf("line %d of %s", r.line, p.File)
		}
	})
}

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
			p.Changes = append(p.Changes, Change{"added", p.says(r.cells), r.line, p.filled(r.cells, is[i], true)})
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
			line = r.line
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

// Total is how many rows the table has afterwards.
func (p *Proposal) Total() int { return len(p.rows) }

// separatorOf is what stands between the values of the table as it is.
func (p *Proposal) separatorOf() rune { return cmp.Or(p.before.comma, ',') }
