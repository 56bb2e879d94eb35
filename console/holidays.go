package console

import (
	"net/http"
	"regexp"
	"strings"

	"outreach.example/campaign"
	"outreach.example/console/intake"
	"outreach.example/donor"
)

func (c *Console) holidayRoutes() []route {
	return []route{
		{"GET /tables/holidays", Write, c.holidayPage}, // the link under the table of holidays
		{"POST /tables/holidays", Write, c.addHoliday}, // its form
	}
}

// holidayForm adds a holiday to those of a place: the form, then what it would change.
type holidayForm struct {
	frame
	Places   []string
	Given    map[string]string
	Whole    bool
	Base     string
	Proposal *intake.HolidayProposal // nil before the form is sent
	Reason   string
}

func (v *visit) holidayForm() (*holidayForm, error) {
	places, err := v.Desk.Imports().HolidayPlaces()
	p := &holidayForm{frame: v.frame("Add a holiday", link{"Project", "/project"}, link{"Holidays", "/holidays"}), Places: places, Given: map[string]string{}}
	return p, err
}

func (c *Console) holidayPage(v *visit) error {
	p, err := v.holidayForm()
	if err != nil {
		return err
	}
	p.Given["place"] = v.view().Get("place")
	return v.show("holiday.html", p)
}

// holidayField finds the field that a fault of a holiday speaks of.
var holidayField = regexp.MustCompile(`^(place|day|until|name|whole): `)

// addHoliday shows what a form would change, and writes it when that was confirmed.
func (c *Console) addHoliday(v *visit) error {
	p, err := v.holidayForm()
	if err != nil {
		return err
	}
	form := &problems{}
	p.problems = form
	for _, name := range []string{"place", "day", "until", "name"} {
		p.Given[name] = v.value(name)
	}
	p.Whole, p.Reason = v.value("whole") != "", v.value("reason")
	do := v.value("do")
	if do == "edit" {
		return v.show("holiday.html", p)
	}
	if do != "show" && do != "take" {
		return refused("unread")
	}
	h := campaign.NewHoliday{Place: p.Given["place"], Name: p.Given["name"], Whole: p.Whole, From: p.day(form, "day"), To: p.day(form, "until")}
	folder := v.Desk.Imports()
	proposal, err := folder.ProposeHoliday(h)
	if err != nil {
		return err
	}
	for _, f := range proposal.Faults {
		m := holidayField.FindStringSubmatch(f.Text)
		switch {
		case m == nil:
			form.add("", f.Error())
		case form.Of(m[1]) == "": // the day could be read
			form.add(m[1], strings.TrimPrefix(f.Text, m[0]))
		}
	}
	if !form.none() {
		return v.showAs(http.StatusUnprocessableEntity, "holiday.html", p)
	}
	p.Proposal, p.Base = proposal, proposal.Base
	if do == "take" {
		if v.value("base") != proposal.Base {
			if err := v.meanwhile(form, proposal.File, proposal.Base); err != nil {
				return err
			}
		}
		if p.Reason = v.line(form, "reason", "why", true); form.none() {
			i, err := folder.TakeHoliday(v.who(), p.Reason, proposal, proposal.Base)
			if err == nil {
				return v.to("/holidays", saidOf(i.File, plural(i.Rows, "holiday")))
			}
			if err := form.refuse("", err); err != nil {
				return err
			}
		}
	}
	if !form.none() {
		return v.showAs(http.StatusUnprocessableEntity, "holiday.html", p)
	}
	return v.show("holiday.html", p)
}

// day reads a day of the form; the zero Date where none is written, or none that there is.
func (p *holidayForm) day(form *problems, field string) donor.Date {
	s := p.Given[field]
	if s == "" {
		return donor.Date{}
	}
	d, err := donor.ParseDate(s)
	if err != nil {
		form.add(field, err.Error())
	}
	return d
}
