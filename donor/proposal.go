package donor

import (
	"bytes"
	"cmp"
	"io/fs"
	"path"
	"slices"
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
	was    []byte // the file as it is
	book   bool   // it is a workbook, no CSV
	edit   bool   // of one row; no file is brought
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

// Before is the file as it was when the proposal was made; ok is false where there was none.
func (p *Proposal) Before() (content []byte, ok bool) { return p.was, p.exists }

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
	p.File, p.exists, p.was = file, true, content
	p.bom = bytes.HasPrefix(content, []byte("\ufeff")) || !utf8.Valid(content)
	p.crlf = bytes.Contains(content, []byte("\r\n"))
	p.book = path.Ext(file) == ".xlsx"
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
			p.noFormula(s.File, r.Line, name, cells[i])
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

// noFormula refuses a value that a spreadsheet would compute.
func (p *Proposal) noFormula(file string, line int, column, value string) {
	if Cell(value) != value {
		p.Faults.Addf(file, line, 0, "%s %s begins as a formula of a spreadsheet: write it without its first character", column, Quote(value))
	}
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

// Total is how many rows the table has afterwards.
func (p *Proposal) Total() int { return len(p.rows) }

// separatorOf is what stands between the values of the table as it is.
func (p *Proposal) separatorOf() rune { return cmp.Or(p.before.comma, ',') }
