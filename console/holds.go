package console

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"outreach.example/donor"
)

// bulkForm asks why before many donors are held or released at once, and shows who they are.
type bulkForm struct {
	frame
	Verb, Done  string // what the button says, and what the flash says
	Path        string
	Donors      []*donorLine
	Scopes      []string // of groups, regions or all, that are held beside donors
	Reason      string
	Until       string
	Dates       bool // whether it asks until when
	Must        bool // whether it wants a reason
	Step        string
	Explanation string
}

// most is how many donors one form takes.
const most = 500

// chosen reads which donors and scopes of a campaign a form is about. A scope stands for all whom it names.
func (v *visit) chosen(p *picture) (donors []*donorLine, scopes []string, err error) {
	for _, id := range v.r.PostForm["donor"] {
		d := p.byID[id]
		if d == nil {
			return nil, nil, notFound("A donor of the form is not in this campaign. Go back and reload the page.")
		}
		if !slices.Contains(donors, d) {
			donors = append(donors, d)
		}
	}
	if len(donors) > most {
		return nil, nil, fault{http.StatusUnprocessableEntity, "Too many at once", fmt.Sprintf("A form takes at most %d donors. Hold their group or region instead.", most)}
	}
	for _, s := range v.r.PostForm["scope"] {
		kind, name, _ := strings.Cut(s, ":")
		switch kind {
		case "":
			continue
		case "all":
			name = ""
		case "group":
			name, err = donor.Registry().Group(name)
		case "region":
			name, err = donor.Registry().Region(name)
		default:
			err = refused("unread")
		}
		if err != nil {
			return nil, nil, refused("unread")
		}
		if kind != "all" {
			kind += ":" + name
		}
		scopes = append(scopes, kind)
	}
	return donors, scopes, nil
}

// bulk is the page that asks why.
func (v *visit) bulk(p *picture, title string, status int, form *problems, page bulkForm) error {
	page.frame = v.frame(title, campaignsLink(), link{p.Campaign.Name, campaignPath(p.Campaign.Name)})
	page.problems = form
	page.Reason, page.Until = v.value("reason"), v.value("until")
	return v.showAs(status, "bulk.html", page)
}

// begin reads what a bulk form is about. sure is false on its first way, when nothing has been said yet but who.
func (v *visit) begin() (p *picture, donors []*donorLine, scopes []string, sure bool, err error) {
	if p, err = v.picture(v.ctx, v.r.PathValue("name")); err != nil {
		return
	}
	donors, scopes, err = v.chosen(p)
	return p, donors, scopes, v.value("sure") != "", err
}

func nobodyChosen(v *visit, p *picture) error {
	return v.to(campaignPath(p.Campaign.Name), "Nobody was chosen, so nothing was changed. Tick some donors first.")
}

// hold keeps the letters of those chosen.
func (c *Console) hold(v *visit) error {
	p, donors, scopes, sure, err := v.begin()
	if err != nil {
		return err
	}
	if len(donors)+len(scopes) == 0 {
		return nobodyChosen(v, p)
	}
	page := bulkForm{
		Verb: "Hold", Path: campaignPath(p.Campaign.Name) + "/hold", Donors: donors, Scopes: scopes, Dates: true, Must: true,
		Explanation: "Their letters stay where they are, in every campaign, until they are released or the hold ends.",
	}
	form := &problems{}
	if !sure {
		return v.bulk(p, "Hold", http.StatusOK, nil, page)
	}
	reason := v.line(form, "reason", "why", true)
	end := v.lastDay(form)
	if !form.none() {
		return v.bulk(p, "Hold", http.StatusUnprocessableEntity, form, page)
	}
	for _, d := range donors {
		scopes = append(scopes, "donor:"+d.ID)
	}
	for _, s := range scopes {
		if _, err := c.Ledger.Hold(v.ctx, v.who(), s, end, reason); err != nil {
			return err
		}
	}
	return v.to(campaignPath(p.Campaign.Name), fmt.Sprintf("Held: %s. None of their letters leaves from now on.", heldWords(donors, scopes)))
}

// lastDay reads the last day of a hold; zero for none.
func (v *visit) lastDay(form *problems) time.Time {
	text := v.value("until")
	if text == "" {
		return time.Time{}
	}
	d, err := donor.ParseDate(text)
	if err != nil {
		form.add("until", err.Error())
		return time.Time{}
	}
	end := d.AddDays(1).In(time.UTC)
	if !end.After(v.Now()) {
		form.add("until", d.String()+" has passed")
	}
	return end
}

// heldWords names few, and counts many.
func heldWords(donors []*donorLine, scopes []string) string {
	if len(scopes) == 1 && len(donors) == 1 {
		return donors[0].Name
	}
	if len(scopes) == 1 {
		return scopes[0]
	}
	return plural(len(scopes), "hold")
}

// release ends holds.
func (c *Console) release(v *visit) error {
	p, donors, scopes, sure, err := v.begin()
	if err != nil {
		return err
	}
	for _, d := range donors {
		if d.Held != "" && !slices.Contains(scopes, d.Held) {
			scopes = append(scopes, d.Held)
		}
	}
	if len(scopes) == 0 {
		return v.to(campaignPath(p.Campaign.Name), "None of those chosen is held, so nothing was changed.")
	}
	page := bulkForm{
		Verb: "Release", Path: campaignPath(p.Campaign.Name) + "/release", Scopes: scopes,
		Explanation: "These holds end, in every campaign; letters that are due leave then. A hold of a group, a region or all ends for everybody it holds.",
	}
	form := &problems{}
	if !sure {
		return v.bulk(p, "Release", http.StatusOK, nil, page)
	}
	reason := v.line(form, "reason", "why", false)
	if !form.none() {
		return v.bulk(p, "Release", http.StatusUnprocessableEntity, form, page)
	}
	for _, s := range scopes {
		if _, err := c.Ledger.Free(v.ctx, v.who(), s, reason); err != nil {
			return err
		}
	}
	return v.to(campaignPath(p.Campaign.Name), fmt.Sprintf("Released: %s.", heldWords(nil, scopes)))
}

// letGo releases letters of a step that wait for a person: of those chosen, or of all.
func (c *Console) letGo(v *visit) error {
	p, donors, _, sure, err := v.begin()
	if err != nil {
		return err
	}
	step := v.value("step")
	at := slices.Index(p.Campaign.Steps, step)
	if at < 1 || !p.Campaign.Each[step] {
		return notFound("No step of this name waits for a person's release.")
	}
	all := v.value("all") != ""
	if all {
		donors = nil
		for _, d := range p.Donors {
			if d.Letters[at].State == "planned" && !d.Letters[at].Released && !d.Case.Stopped {
				donors = append(donors, d)
			}
		}
	}
	if len(donors) == 0 {
		return nobodyChosen(v, p)
	}
	if !sure {
		page := bulkForm{
			Verb: "Release the letters", Path: campaignPath(p.Campaign.Name) + "/let-go", Donors: donors[:min(len(donors), most)], Step: step,
			Explanation: fmt.Sprintf("%s of %s leave when they are due.", plural(len(donors), "letter"), step),
		}
		return v.bulk(p, "Release letters of "+step, http.StatusOK, nil, page)
	}
	n := 0
	for _, d := range donors {
		released, err := c.Ledger.Release(v.ctx, v.who(), p.Campaign.Name, step, d.ID, []string{d.Block})
		if err != nil {
			return err
		}
		n += released
	}
	return v.to(campaignPath(p.Campaign.Name), fmt.Sprintf("Released: %s of %s.", plural(n, "letter"), step))
}
