package console

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"outreach.example/console/intake"
	"outreach.example/donor"
	"outreach.example/ledger"
)

// ImportDesk is what the pages of imports ask.
type ImportDesk interface {
	// Imports is the project folder, whose own files are written as outreach import writes them.
	Imports() intake.Folder
}

func (c *Console) importRoutes() []route {
	return []route{
		{"GET /imports", See, c.importsPage},           // the page Project, and each table of it
		{"POST /imports", Write, c.bring},              // its form
		{"POST /imports/undo", Write, c.undoImport},    // its button
		{"GET /imports/{id}", Write, c.importPage},     // what was brought, before it is confirmed
		{"POST /imports/{id}", Write, c.decideImport},  // its buttons
		{"GET /tables/{table}", See, c.keepTable},      // the link under contacts and contributions
		{"POST /campaigns/{name}/plan", Write, c.plan}, // the button of the page Project
	}
}

// importsPage lists what was imported, and takes a file.
type importsPage struct {
	frame
	View    view
	Imports []intake.Import
	Pager   pager
	Tables  []string
	Given   string // table
	Replace bool
	Columns map[string][]donor.Column
}

const importRows = 50

func (c *Console) importsPage(v *visit) error { return v.imports(http.StatusOK, nil) }

func (v *visit) imports(status int, form *problems) error {
	all, err := v.Desk.Imports().Imports()
	if err != nil {
		return err
	}
	p := importsPage{
		frame: v.frame("Imports", link{"Project", "/project"}), View: v.view(), Tables: donor.Tables, Replace: v.value("mode") == "replace",
		Given: v.value("table"), Columns: map[string][]donor.Column{},
	}
	if p.Given == "" {
		p.Given = p.View.Get("table")
	}
	for _, t := range donor.Tables {
		p.Columns[t] = donor.Columns(t)
	}
	p.Imports, p.Pager = cut(p.View, all, importRows)
	p.problems = form
	return v.showAs(status, "imports.html", p)
}

// bring keeps the file that somebody brings, and shows what it would change.
func (c *Console) bring(v *visit) error {
	form := &problems{}
	table := v.value("table")
	if !slices.Contains(donor.Tables, table) {
		form.add("table", "Choose what the rows are")
	}
	name, content, err := v.upload(form, "file")
	if err != nil {
		return err
	}
	if !form.none() {
		return v.imports(http.StatusUnprocessableEntity, form)
	}
	w, faults, err := c.Desk.Imports().Keep(v.who(), table, name, v.value("mode") == "replace", content)
	if err != nil {
		return err
	}
	if faults.Refuses() {
		for _, f := range faults {
			form.add("file", f.Error())
		}
		return v.imports(http.StatusUnprocessableEntity, form)
	}
	return v.to("/imports/"+w.ID, "")
}

// upload reads a file of the form, in memory: what people bring is personal data.
func (v *visit) upload(form *problems, field string) (name string, content []byte, err error) {
	file, head, err := v.r.FormFile(field)
	if errors.Is(err, http.ErrMissingFile) || errors.Is(err, http.ErrNotMultipart) {
		form.add(field, "Choose a file")
		return "", nil, nil
	}
	if err != nil {
		return "", nil, refused("unread")
	}
	defer file.Close()
	content, err = io.ReadAll(io.LimitReader(file, donor.MaxBrought+1))
	return head.Filename, content, err
}

// importForm is the page of what was brought: how its columns are read, what is wrong, what would change.
type importForm struct {
	frame
	View     view
	Path     string
	Waiting  intake.Waiting
	Columns  []importColumn
	Headings []heading
	Proposal *donor.Proposal
	Base     string
	Wrong    []string // faults, a few hundred at most
	More     int      // faults that are not listed
	Notes    []string
	Changes  []donor.Change
	Pager    pager
	Reason   string
}

// importColumn is a column of the table, and which of the file's it is read from.
type importColumn struct {
	Name   string
	Must   bool
	At     int    // -1 for none
	Sample string // its first value in the file
}

type heading struct {
	At   int
	Name string
}

const (
	mostListed = 100 // faults
	changeRows = 50
)

// Field is the name of a column's list in the form.
func (c importColumn) Field() string { return "column." + c.Name }

func (c *Console) importPage(v *visit) error {
	p, err := v.brought(v.r.URL.Query())
	if err != nil {
		return err
	}
	return v.show("import.html", p)
}

// brought reads what was brought as the form says, or as its headings suggest.
func (v *visit) brought(form url.Values) (*importForm, error) {
	folder := v.Desk.Imports()
	w, err := folder.Waiting(v.who(), v.r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	s, faults := donor.ReadSheet(w.Table, w.Name, w.Content)
	if faults.Refuses() {
		return nil, faults
	}
	p := &importForm{
		frame: v.frame("What would change", link{"Project", "/project"}, link{"Imports", "/imports"}), View: v.view(),
		Path: "/imports/" + w.ID, Waiting: w,
	}
	m := donor.Guess(w.Table, s.Head)
	for _, column := range donor.Columns(w.Table) {
		one := importColumn{Name: column.Name, Must: column.Must, At: -1}
		if form.Has(one.Field()) {
			delete(m, column.Name)
			if at, err := strconv.Atoi(form.Get(one.Field())); err == nil && at >= 0 && at < len(s.Head) {
				m[column.Name] = at
			}
		}
		if at, ok := m[column.Name]; ok {
			one.At = at
			one.Sample = firstOf(s, at)
		}
		p.Columns = append(p.Columns, one)
	}
	for at, h := range s.Head {
		if h != "" {
			p.Headings = append(p.Headings, heading{at, h})
		}
	}
	if p.Proposal, p.Base, err = folder.Propose(w.Table, s, m, w.Replace); err != nil {
		return nil, err
	}
	for _, f := range append(faults, p.Proposal.Faults...) {
		switch {
		case f.Warning:
			p.Notes = append(p.Notes, f.Error())
		case len(p.Wrong) == mostListed:
			p.More++
		default:
			p.Wrong = append(p.Wrong, f.Error())
		}
	}
	if n := len(p.Notes); n > mostNotes {
		p.Notes = append(p.Notes[:mostNotes], fmt.Sprintf("%d more notes; outreach check lists all of them afterwards.", n-mostNotes))
	}
	p.Changes, p.Pager = cut(p.View, p.Proposal.Changes, changeRows)
	return p, nil
}

// mostNotes is how many warnings, or faults of files that a page is not about, it lists.
const mostNotes = 10

func firstOf(s donor.Sheet, at int) string {
	for _, r := range s.Rows {
		if r.Cells[at] != "" {
			return donor.Quote(r.Cells[at])
		}
	}
	return "nothing"
}

// Writes is what the button says.
func (p *importForm) Writes() string {
	return fmt.Sprintf("Write %s: %s added, %s changed, %s removed", p.Proposal.File,
		count(p.Proposal.Count("added")), count(p.Proposal.Count("changed")), count(p.Proposal.Count("removed")))
}

// decideImport writes what was shown, or throws it away.
func (c *Console) decideImport(v *visit) error {
	folder := c.Desk.Imports()
	switch v.value("do") {
	case "drop":
		if err := folder.Drop(v.who(), v.r.PathValue("id")); err != nil {
			return err
		}
		return v.to("/imports", "It was thrown away, and nothing was changed.")
	case "take":
	default:
		return refused("unread")
	}
	p, err := v.brought(v.r.PostForm)
	if err != nil {
		return err
	}
	form := &problems{}
	if len(p.Wrong) > 0 {
		form.add("", "Nothing was written: mend the faults below in the file, and bring it again")
		return v.again(p, form)
	}
	if p.Reason = v.line(form, "reason", "why", true); !form.none() {
		return v.again(p, form)
	}
	i, err := folder.Take(v.who(), p.Reason, p.Waiting.Name, p.Proposal, v.value("base"))
	if err != nil {
		if err := form.refuse("", err); err != nil {
			return err
		}
		return v.again(p, form)
	}
	_ = folder.Drop(v.who(), p.Waiting.ID) // it goes after a day in any case
	return v.to("/imports", saidOf(i.File, plural(i.Rows, "row")))
}

func (v *visit) again(p *importForm, form *problems) error {
	p.problems = form
	return v.showAs(http.StatusUnprocessableEntity, "import.html", p)
}

// undoImport takes the last import of a table back.
func (c *Console) undoImport(v *visit) error {
	i, err := c.Desk.Imports().Undo(v.who(), v.value("import"))
	if err != nil {
		return err
	}
	return v.to("/imports", fmt.Sprintf("%s is again as it was %s.", i.File, i.Before()))
}

// keepTable is a table for a spreadsheet, to be changed there and brought back.
func (c *Console) keepTable(v *visit) error {
	table, ok := strings.CutSuffix(v.r.PathValue("table"), ".csv")
	if !ok || !slices.Contains(donor.Tables, table) {
		return refused("missing")
	}
	content, there, err := c.Desk.Imports().Table(table)
	if err != nil {
		return err
	}
	if !there {
		return notFound("The project folder has no table of " + table + " yet.")
	}
	v.file(table+".csv", "text/csv; charset=utf-8", content)
	return nil
}

// plan freezes an edition of a campaign as the project folder has it, as outreach plan does.
func (c *Console) plan(v *visit) error {
	name := v.r.PathValue("name")
	if !plainArgument.MatchString(name) {
		return refused("missing")
	}
	form := &problems{}
	code, out, errs := c.Desk.Run(v.ctx, v.Person.Name, []string{"plan", "--", name})
	if code != codeDone {
		var refusal ledger.Refusal
		if err := v.said(code, errs); !errors.As(err, &refusal) {
			return err
		}
		for _, line := range lines(errs) {
			if !strings.Contains(line, ": warning: ") && len(form.list) < mostListed {
				form.add("", withoutCommands(line))
			}
		}
		return v.project(http.StatusUnprocessableEntity, form)
	}
	said := name + " is planned."
	for _, line := range lines(out) { // the one that names the edition
		if strings.HasPrefix(line, name+": edition ") {
			said = line + "."
		}
	}
	return v.to(campaignPath(name), said+" What changed, and who may approve it, is on the page of its approval.")
}
