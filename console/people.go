package console

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"outreach.example/ledger"
)

// peopleList is the page of everybody who may sign in, and the form that adds somebody.
type peopleList struct {
	frame
	People []ledger.Account
	Roles  []roleChoice
	Name   string
}

// roleChoice is a role with its meaning, and whether it is chosen.
type roleChoice struct {
	Role, Means string
	Chosen      bool
}

func choices(chosen []string) []roleChoice {
	var out []roleChoice
	for _, r := range Roles {
		out = append(out, roleChoice{r, RoleMeans[r], slices.Contains(chosen, r)})
	}
	return out
}

// PersonPath is where a person's page is; for templates.
func PersonPath(p ledger.Account) string {
	return "/people/" + url.PathEscape(ledger.PersonKey(p.Name))
}

func (c *Console) peoplePage(v *visit) error { return v.people(http.StatusOK, nil, "", nil) }

func (v *visit) people(status int, form *problems, name string, chosen []string) error {
	all, err := v.Ledger.People(v.ctx)
	if err != nil {
		return err
	}
	p := peopleList{frame: v.frame("People"), People: all, Roles: choices(chosen), Name: name}
	p.problems = form
	return v.showAs(status, "people.html", p)
}

// chosenRoles reads the roles that are ticked.
func (v *visit) chosenRoles(form *problems) []string {
	roles, err := ParseRoles(strings.Join(v.r.PostForm["role"], ","))
	if len(v.r.PostForm["role"]) == 0 {
		form.add("role-viewer", "Choose at least one role")
	} else if err != nil {
		form.add("role-viewer", err.Error())
	}
	return roles
}

func (c *Console) addPerson(v *visit) error {
	form := &problems{}
	name := strings.Join(strings.Fields(v.value("name")), " ")
	if why := CheckName(name); why != "" {
		form.add("name", why)
	}
	roles := v.chosenRoles(form)
	if form.none() {
		if _, err := v.sure(form); err != nil {
			return err
		}
	}
	p := ledger.Account{Name: name, Roles: roles, Added: v.Now().UTC(), By: v.who()}
	path := Invite(&p, v.Now())
	if form.none() {
		if _, err := c.Ledger.AddPerson(v.ctx, v.who(), p); err != nil {
			if err := form.refuse("name", err); err != nil {
				return err
			}
		}
	}
	if !form.none() {
		return v.people(http.StatusUnprocessableEntity, form, name, roles)
	}
	return v.handOut(p, path)
}

// linkPage shows a link once: it is kept as its hash, and nobody can read it again.
type linkPage struct {
	frame
	Name, Link string
}

func (v *visit) handOut(p ledger.Account, path string) error {
	return v.show("link.html", linkPage{v.frame("A link for "+p.Name, link{"People", "/people"}), p.Name, v.Address + path})
}

// personForm is the page of one person.
type personForm struct {
	frame
	Somebody ledger.Account
	Path     string
	Roles    []roleChoice
	Self     bool
}

func (v *visit) named() (ledger.Account, error) {
	p, ok, err := v.Ledger.Person(v.ctx, v.r.PathValue("name"))
	if err == nil && !ok {
		err = notFound("There is nobody of this name; they may have been removed.")
	}
	return p, err
}

func (c *Console) personPage(v *visit) error {
	p, err := v.named()
	if err != nil {
		return err
	}
	return v.personForm(http.StatusOK, nil, p)
}

func (v *visit) personForm(status int, form *problems, p ledger.Account) error {
	page := personForm{v.frame(p.Name, link{"People", "/people"}), p, PersonPath(p), choices(p.Roles), ledger.PersonKey(p.Name) == ledger.PersonKey(v.Person.Name)}
	page.problems = form
	return v.showAs(status, "person.html", page)
}

// changePerson does what one of the buttons of a person's page says. Each ends what the person is signed in to.
func (c *Console) changePerson(v *visit) error {
	p, err := v.named()
	if err != nil {
		return err
	}
	form := &problems{}
	roles := p.Roles
	if v.value("do") == "roles" {
		roles = v.chosenRoles(form)
	}
	if form.none() {
		if _, err := v.sure(form); err != nil {
			return err
		}
	}
	if !form.none() {
		return v.personForm(http.StatusUnprocessableEntity, form, p)
	}
	before := strings.Join(p.Roles, ", ")
	changed := p
	changed.Round++
	switch v.value("do") {
	case "roles":
		changed.Roles = roles
		_, err = c.Ledger.ChangePerson(v.ctx, v.who(), "roles changed", changed, before+" to "+strings.Join(roles, ", "))
	case "reset":
		changed.Password, changed.Secret = "", "" // who lost the phone needs another one
		path := Invite(&changed, v.Now())
		if _, err = c.Ledger.ChangePerson(v.ctx, v.who(), "password reset", changed, ""); err == nil {
			return v.handOut(changed, path)
		}
	case "out":
		_, err = c.Ledger.ChangePerson(v.ctx, v.who(), "signed out everywhere", changed, "")
	case "remove":
		if _, err = c.Ledger.RemovePerson(v.ctx, v.who(), p); err == nil {
			return v.to("/people", p.Name+" may sign in no longer.")
		}
	default:
		return refused("unread")
	}
	if err != nil {
		if err := form.refuse("", err); err != nil {
			return err
		}
		return v.personForm(http.StatusUnprocessableEntity, form, p)
	}
	return v.to(PersonPath(p), "Done. "+p.Name+" has to sign in again.")
}
