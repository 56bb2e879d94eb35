package console

import (
	"fmt"
	"net/http"
	"time"

	"outreach.example/donor"
	"outreach.example/ledger"
)

// named is the campaign that a request is about.
func (v *visit) campaign() (ledger.Campaign, error) {
	return v.Ledger.Campaign(v.ctx, v.r.PathValue("name"))
}

// pause stops a campaign at once; the reason is wanted and not waited for.
func (c *Console) pause(v *visit) error {
	form := &problems{}
	reason := v.line(form, "reason", "why", false)
	if !form.none() {
		return fault{http.StatusUnprocessableEntity, "Not paused", form.list[0].Text}
	}
	return v.switched(ledger.Pause, reason, "paused")
}

func (c *Console) resume(v *visit) error { return v.switched(ledger.Resume, "", "running again") }

// switched does what a button of a campaign says.
func (v *visit) switched(verb ledger.Verb, reason, done string) error {
	name := v.r.PathValue("name")
	got, err := v.Ledger.Switch(v.ctx, v.who(), name, verb, reason)
	if err != nil {
		return err
	}
	said := fmt.Sprintf("%s is %s. Letters past the commit point at that moment: %d.", name, done, got.Past)
	if got.Again {
		said = fmt.Sprintf("%s is %s already.", name, done)
	}
	return v.to(campaignPath(name), said)
}

// pastCanary lets the letters go that wait for the canary.
func (c *Console) pastCanary(v *visit) error {
	form := &problems{}
	reason := v.line(form, "reason", "why", true)
	if !form.none() {
		return fault{http.StatusUnprocessableEntity, "No letter was let go", form.list[0].Text}
	}
	camp, err := v.campaign()
	if err != nil {
		return err
	}
	if err := v.Ledger.LetGo(v.ctx, v.who(), camp, reason); err != nil {
		return err
	}
	return v.to(campaignPath(camp.Name), "The other letters of "+camp.Name+" go.")
}

// startForm is the page before a start, and before a cancellation: it says what will happen and wants the name typed.
type startForm struct {
	frame
	Campaign ledger.Campaign
	Path     string
	Undo     time.Duration
	Typed    string
	Reason   string
	Open     int // letters that a cancellation ends
	Calendar []calendarLine
}

// calendarLine is when a step leaves at the earliest.
type calendarLine struct {
	Step     string
	Earliest time.Time
	How      string
}

func (v *visit) startForm(title string, form *problems, c ledger.Campaign) (startForm, error) {
	page := startForm{
		frame: v.frame(title, campaignsLink(), link{c.Name, campaignPath(c.Name)}), Campaign: c, Path: campaignPath(c.Name), Undo: v.Desk.UndoTime(),
		Typed: v.value("typed"), Reason: v.value("reason"),
	}
	page.problems = form
	e, err := v.edition(v.ctx, c.Current())
	if err != nil {
		return page, err
	}
	at := v.Now().Add(page.Undo)
	for _, s := range e.written.Calendar(e.written.Usual().Opening(at)) {
		how := "released with the edition"
		switch {
		case s.Each:
			how = "a person releases each letter"
		case s.Standing != (donor.Date{}):
			how = "released until " + s.Standing.String()
		}
		page.Calendar = append(page.Calendar, calendarLine{s.Step, s.Earliest.In(e.written.Zone()), how})
	}
	counts, err := v.Ledger.Counts(v.ctx, c.Name)
	for _, n := range counts {
		page.Open += n.Open()
	}
	return page, err
}

func (c *Console) startPage(v *visit) error {
	camp, err := v.campaign()
	if err != nil {
		return err
	}
	if camp.Status != "approved" {
		return v.to(campaignPath(camp.Name), fmt.Sprintf("%s is %s: there is nothing to start.", camp.Name, camp.Status))
	}
	page, err := v.startForm("Start "+camp.Name, nil, camp)
	if err != nil {
		return err
	}
	return v.show("start.html", page)
}

// start launches a campaign: it starts when the time in which that can be taken back is over.
func (c *Console) start(v *visit) error {
	camp, err := v.campaign()
	if err != nil {
		return err
	}
	form := &problems{}
	v.typed(form, camp.Name)
	if form.none() {
		if _, err := v.sure(form); err != nil {
			return err
		}
	}
	if form.none() {
		if err := form.refuse("", v.Desk.Startable(camp)); err != nil {
			return err
		}
	}
	var at time.Time
	if form.none() {
		if at, _, err = c.Ledger.Launch(v.ctx, v.who(), camp.Name, v.Desk.UndoTime()); err != nil {
			if err := form.refuse("", err); err != nil {
				return err
			}
		}
	}
	if !form.none() {
		page, err := v.startForm("Start "+camp.Name, form, camp)
		if err != nil {
			return err
		}
		return v.showAs(http.StatusUnprocessableEntity, "start.html", page)
	}
	if at.IsZero() {
		return v.to(campaignPath(camp.Name), camp.Name+" is running already.")
	}
	return v.to(campaignPath(camp.Name), fmt.Sprintf("%s starts at %s, unless somebody takes that back before.", camp.Name, at.Format("15:04:05 MST")))
}

// typed wants the campaign's name typed.
func (v *visit) typed(form *problems, name string) {
	if v.value("typed") != name {
		form.add("typed", "Type the campaign's name as it stands above: "+name)
	}
}

func (c *Console) undo(v *visit) error {
	name := v.r.PathValue("name")
	if err := c.Ledger.Undo(v.ctx, v.who(), name); err != nil {
		return err
	}
	return v.to(campaignPath(name), "The start was taken back: no letter has left.")
}

func (c *Console) cancelPage(v *visit) error {
	camp, err := v.campaign()
	if err != nil {
		return err
	}
	page, err := v.startForm("Cancel "+camp.Name, nil, camp)
	if err != nil {
		return err
	}
	return v.show("cancel.html", page)
}

func (c *Console) cancel(v *visit) error {
	camp, err := v.campaign()
	if err != nil {
		return err
	}
	form := &problems{}
	reason := v.line(form, "reason", "why", true)
	v.typed(form, camp.Name)
	if form.none() {
		if _, err := v.sure(form); err != nil {
			return err
		}
	}
	if !form.none() {
		page, err := v.startForm("Cancel "+camp.Name, form, camp)
		if err != nil {
			return err
		}
		return v.showAs(http.StatusUnprocessableEntity, "cancel.html", page)
	}
	return v.switched(ledger.Cancel, reason, "cancelled")
}
