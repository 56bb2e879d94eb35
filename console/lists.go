package console

import (
	"net/http"
	"slices"
	"strings"

	"outreach.example/donor"
	"outreach.example/ledger"
)

// ListDesk is what the pages about the project folder's tables ask. The tables are read in place, as commands read them.
type ListDesk interface {
	// Table reads contacts, contributions or holidays; notes say what is wrong with their files.
	Table(name string) (table Table, notes []string, err error)
	// Campaigns are the names of those that the folder holds, planned or not.
	Campaigns() ([]string, error)
}

// A Table is a table of the project folder as a page shows it.
type Table struct {
	Head []string
	Rows [][]string
}

func (c *Console) listRoutes() []route {
	return []route{
		{"GET /project", See, c.projectPage},        // the section
		{"GET /contacts", See, c.table("contacts")}, // its list
		{"GET /contributions", See, c.table("contributions")},
		{"GET /holidays", See, c.table("holidays")},
		{"GET /suppressions", See, c.suppressionsPage}, // its list
		{"POST /suppressions", Record, c.suppress},     // its forms
	}
}

// projectPage says which tables there are.
type projectPage struct {
	frame
	Tables    []topic
	Campaigns []string // that can be planned from the folder
}

func (c *Console) projectPage(v *visit) error { return v.project(http.StatusOK, nil) }

func (v *visit) project(status int, form *problems) error {
	p := projectPage{frame: v.frame("Project")}
	p.problems = form
	var err error
	if p.Campaigns, err = v.Desk.Campaigns(); err != nil {
		return err
	}
	for _, path := range []string{"/contacts", "/contributions", "/imports", "/holidays", "/suppressions", "/settings"} {
		p.Tables = append(p.Tables, help(path))
	}
	return v.showAs(status, "project.html", p)
}

// tablePage is a table with its search.
type tablePage struct {
	frame
	View  view
	About topic
	Head  []string
	Rows  [][]string
	Notes []string
	Pager pager
	Table string // that can be imported, "" for none
	Name  string // of the table
}

const tableRows = 100

func (c *Console) table(name string) page {
	return func(v *visit) error {
		table, notes, err := c.Desk.Table(name)
		if err != nil {
			return err
		}
		about := help("/" + name)
		p := tablePage{frame: v.frame(about.Title, link{"Project", "/project"}), View: v.view(), About: about, Head: table.Head, Notes: notes, Name: name}
		if slices.Contains(donor.Tables, name) {
			p.Table = name
		}
		q := strings.ToLower(p.View.Get("q"))
		rows := slices.DeleteFunc(table.Rows, func(r []string) bool { return !strings.Contains(strings.ToLower(strings.Join(r, "\n")), q) })
		p.Rows, p.Pager = cut(p.View, rows, tableRows)
		return v.show("table.html", p)
	}
}

// suppressionsList is the list of addresses that get no letter any more.
type suppressionsList struct {
	frame
	View    view
	Entries []ledger.Suppression
	Pager   pager
	Given   map[string]string
}

func (c *Console) suppressionsPage(v *visit) error {
	return v.suppressions(http.StatusOK, nil, nil)
}

func (v *visit) suppressions(status int, form *problems, given map[string]string) error {
	all, err := v.Ledger.Suppressions(v.ctx)
	if err != nil {
		return err
	}
	p := suppressionsList{frame: v.frame("Do not write", link{"Project", "/project"}), View: v.view(), Given: given}
	p.problems = form
	q := strings.ToLower(p.View.Get("q"))
	all = slices.DeleteFunc(all, func(s ledger.Suppression) bool {
		return !strings.Contains(strings.ToLower(s.Address+"\n"+s.Reason+"\n"+string(s.Source)+"\n"+s.By), q)
	})
	p.Entries, p.Pager = cut(p.View, all, tableRows)
	return v.showAs(status, "suppressions.html", p)
}

// suppress puts an address on the list, or takes it off, as outreach suppress does.
func (c *Console) suppress(v *visit) error {
	form, given := &problems{}, map[string]string{"address": v.value("address")}
	given["reason"] = v.line(form, "reason", "why", true)
	if given["address"] == "" || strings.ContainsFunc(given["address"], isControl) || len(given["address"]) > 254 {
		form.add("address", "Write the address")
	}
	verb := v.value("do")
	if verb != "add" && verb != "remove" {
		return refused("unread")
	}
	if form.none() {
		said, err := v.decide(form, "address", "suppress", verb, "--reason="+given["reason"], "--", given["address"])
		if err != nil {
			return err
		}
		if form.none() {
			return v.to("/suppressions", Sentence(strings.Join(said, "; ")))
		}
	}
	return v.suppressions(http.StatusUnprocessableEntity, form, given)
}
