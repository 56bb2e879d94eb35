package donor

import (
	"io/fs"
	"regexp"
	"slices"
	"strings"
)

// A ContactEdit is one contact that somebody adds, changes or removes.
type ContactEdit struct {
	Donor  string
	Email  string            // of the contact as it is; "" to add one
	Cells  map[string]string // by column; those that are not named stay as they are
	First  bool              // it gets the letter, and the others of the donor copies
	Remove bool
}

// ContactRows are the contacts of a donor as they stand in the table of a project folder, by column, whatever is wrong with
// them, and the table as it was read: a proposal of nothing.
func ContactRows(fsys fs.FS, donor string) (rows []map[string]string, read *Proposal) {
	p := &Proposal{Table: "contacts", File: "contacts.csv"}
	p.readBefore(fsys)
	at := slices.Index(p.before.Head, "donor")
	for _, r := range p.before.Rows {
		if p.Refuses() || at < 0 || r.Cells[at] != donor {
			continue
		}
		row := map[string]string{}
		for i, name := range p.before.Head {
			row[name] = r.Cells[i]
		}
		rows = append(rows, row)
	}
	return rows, p
}

// KnownDonor is the id of a donor that somebody names by its id or, of a State, by its name in the registry; ok is false
// where there is none.
func KnownDonor(fsys fs.FS, word string) (id string, ok bool) {
	own := ownDonors(fsys)
	id = knownDonor(trim(word), own)
	_, state := Registry().State(id)
	return id, state || own[id]
}

// ProposeContact finds what the table of contacts becomes by an edit. It is judged as Propose judges a sheet.
func ProposeContact(fsys fs.FS, today Date, fresh int, e ContactEdit) *Proposal {
	p := &Proposal{Table: "contacts", File: "contacts.csv", edit: true}
	p.readBefore(fsys)
	if p.Faults.Refuses() {
		return p
	}
	p.headOf(e)
	for _, r := range p.before.Rows {
		p.rows = append(p.rows, proposed{p.widen(r.Cells), r.Line, false})
	}
	at := -1
	if e.Email != "" || e.Remove {
		want := e.Donor + "\n" + strings.ToLower(e.Email)
		at = slices.IndexFunc(p.rows, func(r proposed) bool { return p.key(r.cells) == want })
		if at < 0 {
			p.Faults.Addf(p.File, 0, 0, "%s has no contact %s any more: somebody changed the table meanwhile", e.Donor, Quote(e.Email))
			return p
		}
	}
	if e.Remove {
		p.rows = slices.Delete(p.rows, at, at+1)
	} else {
		p.put(at, e)
	}
	p.judge(fsys, today, fresh, p.File)
	p.compare()
	return p
}

// headOf gives the table the columns that the edit has a value for.
func (p *Proposal) headOf(e ContactEdit) {
	p.Head = slices.Clone(p.before.Head)
	for _, c := range Columns(p.Table) {
		if !slices.Contains(p.Head, c.Name) && (c.Must || e.Cells[c.Name] != "") {
			p.Head = append(p.Head, c.Name)
		}
	}
}

// newRow is the line of a row that stands in no file yet.
const newRow = -1

// unwritable is what no file of text can hold: it becomes a character that no cell may hold.
var unwritable = strings.NewReplacer("\x00", "\ufffd")

// put puts the values of an edit into the row at a place, or into a new one behind the others of the donor.
func (p *Proposal) put(at int, e ContactEdit) {
	r := proposed{cells: make([]string, len(p.Head)), line: newRow, brought: true}
	if at >= 0 {
		r.cells, r.line = slices.Clone(p.rows[at].cells), p.rows[at].line
		p.rows = slices.Delete(p.rows, at, at+1)
	}
	for i, name := range p.Head {
		if v, given := e.Cells[name]; given {
			r.cells[i] = trim(unwritable.Replace(strings.ToValidUTF8(v, "\ufffd")))
		}
		if name == "donor" {
			r.cells[i] = e.Donor
		}
		p.noFormula(p.File, r.line, name, r.cells[i])
	}
	ofDonor := func(r proposed) bool { return p.cell(r.cells, "donor") == e.Donor }
	first, n := slices.IndexFunc(p.rows, ofDonor), len(p.rows)
	last := n
	for i := n - 1; i >= 0; i-- {
		if ofDonor(p.rows[i]) {
			last = i + 1
			break
		}
	}
	switch {
	case first < 0 && at >= 0: // the donor's only one
	case first < 0:
		at = n
	case e.First:
		at = first
	case at < 0 || at > last:
		at = last
	case at <= first:
		at = first + 1 // a copy: the next one gets the letter
	}
	p.rows = slices.Insert(p.rows, at, r)
}

// fieldWords find the column that a fault of a row speaks of.
var fieldWords = regexp.MustCompile(`^([a-z_]+)(?:: | is | and | "|$)|in field '([a-z_]+)'|^field '([a-z_]+)'`)

// Field is the column that a fault of a row speaks of, "" where it speaks of none.
func (p *Proposal) Field(f Fault) string {
	m := fieldWords.FindStringSubmatch(f.Text)
	if m == nil {
		return ""
	}
	name := m[1] + m[2] + m[3]
	if slices.ContainsFunc(Columns(p.Table), func(c Column) bool { return c.Name == name }) {
		return name
	}
	return ""
}

// Brought says whether a fault is one of the row that somebody brings or edits.
func (p *Proposal) Brought(f Fault) bool {
	return slices.ContainsFunc(p.rows, func(r proposed) bool { return r.brought && r.line == f.Line })
}
