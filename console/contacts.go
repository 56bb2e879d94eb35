package console

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"outreach.example/donor"
	"outreach.example/ledger"
)

func (c *Console) contactRoutes() []route {
	return []route{
		{"GET /tables/contacts", Write, c.findContacts},         // the form under the table of contacts
		{"GET /tables/contacts/{donor}", Write, c.contactsPage}, // each donor in the table
		{"POST /tables/contacts/{donor}", Write, c.editContact}, // its forms
	}
}

// contactsView is the contacts of one donor: their list, the form of one, or what it would change.
type contactsView struct {
	frame
	Donor    string
	Name     string
	Path     string
	Rows     []map[string]string
	Fields   []contactField // of the form; none in the list
	Was      string         // the address of the contact as it is, "" for a new one
	Base     string
	First    bool
	Remove   bool
	Proposal *donor.Proposal // what would change; nil before that
	Notes    []string
	Reason   string
}

// contactField is a field of the form: a column of the table.
type contactField struct {
	Name, Label, Hint, Value string
	Choices                  []string // of a list; none for a line of text
	Must                     bool
}

// contactFields are the columns in the order in which people fill them in.
var contactFields = []contactField{
	{Name: "email", Label: "E-mail address", Must: true},
	{Name: "rank", Label: "Rank", Hint: "It says how the person is addressed. An office is addressed without a name. A copy may go without a rank.", Choices: append([]string{""}, donor.Ranks()...)},
	{Name: "name", Label: "Name", Hint: "Without a form of address: the letter adds it."},
	{Name: "gender", Label: "Gender", Hint: "For the form of address.", Choices: []string{"", "f", "m"}},
	{Name: "family_name", Label: "Family name", Hint: "As it stands in the name, where a salutation needs it."},
	{Name: "title", Label: "Title of the post"},
	{Name: "salutation", Label: "Salutation", Hint: "Only where the usual one does not fit; with its comma."},
	{Name: "style", Label: "Style", Hint: "Only where another is right, for example The Most Reverend."},
	{Name: "close", Label: "Close", Hint: "Only where the usual one does not fit."},
	{Name: "language", Label: "Language of the letter", Hint: "Empty for the State's own.", Choices: append([]string{""}, donor.Registry().Languages()...)},
	{Name: "place", Label: "Place where it is read", Hint: "For example geneva, new-york, or capital; empty for the campaign's own."},
	{Name: "verified", Label: "Verified on", Hint: "The day on which somebody made sure that this is right, as YYYY-MM-DD."},
	{Name: "source", Label: "Source", Hint: "Where it comes from."},
}

// findContacts leads to the contacts of a donor that somebody names.
func (c *Console) findContacts(v *visit) error {
	word := v.view().Get("donor")
	id, ok, err := v.Desk.Imports().Donor(word)
	if err != nil {
		return err
	}
	if !ok {
		return notFound("There is no donor " + donor.Quote(word) + ": write the code of a State, for example KEN, its name, or an id of the donors file.")
	}
	return v.to(contactsPath(id), "")
}

func contactsPath(id string) string { return "/tables/contacts/" + url.PathEscape(id) }

// contactsOf is the page of a donor's contacts, with their list.
func (v *visit) contactsOf() (*contactsView, error) {
	folder := v.Desk.Imports()
	id, ok, err := folder.Donor(v.r.PathValue("donor"))
	if err != nil {
		return nil, err
	}
	if !ok || id != v.r.PathValue("donor") {
		return nil, notFound("There is no such donor.")
	}
	p := &contactsView{Donor: id, Name: id, Path: contactsPath(id)}
	if s, state := donor.Registry().State(id); state {
		p.Name = s.Name["en"]
	}
	if p.Rows, p.Base, err = folder.Contacts(id); err != nil {
		return nil, err
	}
	p.frame = v.frame("Contacts of "+p.Name, link{"Project", "/project"}, link{"Contacts", "/contacts"})
	return p, nil
}

// contactsPage lists the contacts of a donor, or is the form of one.
func (c *Console) contactsPage(v *visit) error {
	p, err := v.contactsOf()
	if err != nil {
		return err
	}
	asked := v.view().Get("row")
	at, err := strconv.Atoi(asked)
	switch {
	case asked == "":
	case asked == "new":
		p.First = len(p.Rows) == 0
		p.fill(map[string]string{})
	case err != nil || at < 1 || at > len(p.Rows):
		return notFound("There is no such contact of " + p.Name + " any more.")
	default:
		row := p.Rows[at-1]
		p.Was, p.First = row["email"], at == 1
		p.fill(row)
	}
	return v.show("contacts.html", p)
}

// fill makes the form, with values by column.
func (p *contactsView) fill(values map[string]string) {
	for _, f := range contactFields {
		f.Value = values[f.Name]
		if len(f.Choices) > 0 && !slices.Contains(f.Choices, f.Value) {
			f.Choices = append(slices.Clone(f.Choices), f.Value) // what is wrong with it is told, not hidden
		}
		p.Fields = append(p.Fields, f)
	}
}

// editContact shows what a form would change, and writes it when that was confirmed.
func (c *Console) editContact(v *visit) error {
	p, err := v.contactsOf()
	if err != nil {
		return err
	}
	e := donor.ContactEdit{Donor: p.Donor, Email: v.value("was"), Cells: map[string]string{}, First: v.value("gets") == "letter", Remove: v.value("remove") != ""}
	for _, f := range contactFields {
		if v.r.PostForm.Has(f.Name) {
			e.Cells[f.Name] = v.value(f.Name)
		}
	}
	p.Was, p.First, p.Remove, p.Reason = e.Email, e.First, e.Remove, v.value("reason")
	opened := v.value("base")
	p.fill(e.Cells)
	do := v.value("do")
	if do == "edit" {
		p.Base = opened // what the form was filled from
		return v.show("contacts.html", p)
	}
	if do != "show" && do != "take" {
		return refused("unread")
	}
	form := &problems{}
	p.problems = form
	folder := v.Desk.Imports()
	proposal, base, err := folder.ProposeContact(e)
	if err != nil {
		return err
	}
	p.Base = base
	p.tell(form, proposal)
	if form.none() && len(proposal.Changes) == 0 {
		form.add("", "Nothing would change: the table says all of it already")
	}
	if !form.none() {
		return v.showAs(http.StatusUnprocessableEntity, "contacts.html", p)
	}
	p.Proposal = proposal
	if opened != base {
		if err := v.meanwhile(form, proposal.File, base); err != nil {
			return err
		}
	}
	if do == "take" {
		p.Reason = v.line(form, "reason", "why", true)
		if form.none() {
			i, err := folder.Take(v.who(), p.Reason, "", proposal, base)
			if err == nil {
				return v.to(p.Path, saidOf(i.File, plural(i.Rows, "row")))
			}
			if err := form.refuse("", err); err != nil {
				return err
			}
		}
	}
	if !form.none() {
		return v.showAs(http.StatusUnprocessableEntity, "contacts.html", p)
	}
	return v.show("contacts.html", p)
}

// tell puts what is wrong with the contact beside its fields, and what is wrong elsewhere on top.
func (p *contactsView) tell(form *problems, proposal *donor.Proposal) {
	for _, f := range proposal.Faults {
		field := proposal.Field(f)
		switch brought := proposal.Brought(f); {
		case f.Warning && brought:
			p.Notes = append(p.Notes, Sentence(f.Text))
		case f.Warning:
		case brought && field != "" && field != "donor" && !p.Remove:
			form.add(field, strings.TrimPrefix(f.Text, field+": "))
		case brought:
			form.add("", f.Text)
		default:
			form.add("", f.Error())
		}
	}
}

// meanwhile tells whoever filled in a form that its file is another one now, and who changed it as far as that is known.
func (v *visit) meanwhile(form *problems, file, now string) error {
	all, err := v.Desk.Imports().Imports()
	if err != nil {
		return err
	}
	who := "somebody"
	for _, i := range all {
		if i.File == file && i.Wrote == now {
			who = ledger.NameOf(i.Who)
			break
		}
	}
	form.add("", fmt.Sprintf("Nothing was written: %s changed %s since you opened the form. The difference below is to the file as it is now; look at it again", who, file))
	return nil
}

// saidOf is what is said after a file was written.
func saidOf(file, rows string) string {
	return fmt.Sprintf("%s is written: %s now. Letters change when the campaign is planned again and somebody who neither planned it nor changed the table approves it.", file, rows)
}
