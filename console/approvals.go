package console

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"outreach.example/campaign"
	"outreach.example/donor"
	"outreach.example/ledger"
	"outreach.example/letter"
)

// approvalsList is what waits for somebody's approval in all campaigns.
type approvalsList struct {
	frame
	Waiting []approvalLine
}

type approvalLine struct {
	Campaign ledger.Campaign
	Path     string
	Own      bool
}

func (c *Console) approvalsPage(v *visit) error {
	names, err := c.Ledger.Campaigns(v.ctx)
	if err != nil {
		return err
	}
	page := approvalsList{frame: v.frame("Approvals")}
	page.Live = true
	for _, name := range names {
		camp, err := c.Ledger.Campaign(v.ctx, name)
		if err != nil {
			return err
		}
		if camp.Pending != "" {
			page.Waiting = append(page.Waiting, approvalLine{camp, campaignPath(name) + "/approve", v.own(camp)})
		}
	}
	return v.show("approvals.html", page)
}

// own says whether the person of the visit wrote the edition that waits: planned it, or imported rows of it.
func (v *visit) own(c ledger.Campaign) bool {
	return slices.ContainsFunc(append([]string{c.PendingBy}, c.Importers...), func(who string) bool { return ledger.SamePerson(who, v.Person.Name) })
}

// approvalForm is what a person looks at before they release what another wrote: what is different from the edition that
// runs, every letter, and the sums.
type approvalForm struct {
	frame
	Campaign  ledger.Campaign
	Canary    int  // letters that leave before the others
	Started   bool // the campaign has started: there is no further canary
	Hash      string
	Path      string
	Own       bool
	First     bool // no edition before it
	Goal      donor.Money
	Low, High donor.Money
	Figures   int // donors who are asked for a figure
	Languages []nameCount
	Steps     []calendarLine
	Files     []fileChange
	Changed   []donorChange
	View      view
	Rows      []reviewRow
	Pager     pager
	All       int
	Reason    string
}

type nameCount struct {
	Name string
	N    int
}

// fileChange is a file of the edition that is not as it was.
type fileChange struct {
	Name, How     string
	Added, Gone   []string // lines
	More, Missing int      // lines beyond those shown
}

// donorChange is a donor whose record is not as it was.
type donorChange struct {
	ID, Name, How string
}

// reviewRow is one donor of the edition.
type reviewRow struct {
	ID, Name, Language, To, Ask, Variant, Path string
	Changed                                    bool
}

// waitingEdition is the review of what waits; a page instead where nothing does.
func (c *Console) waitingEdition(v *visit) (*review, error) {
	camp, err := v.campaign()
	if err != nil {
		return nil, err
	}
	if camp.Pending == "" {
		return nil, notFound("No edition of " + camp.Name + " waits for approval: it was approved, or none has been planned since.")
	}
	return c.review(v.ctx, camp)
}

func (c *Console) approvePage(v *visit) error {
	r, err := c.waitingEdition(v)
	if err != nil {
		return err
	}
	return v.approval(http.StatusOK, nil, r)
}

const reviewRows = 100

func (v *visit) approval(status int, form *problems, r *review) error {
	camp := r.campaign
	page := approvalForm{
		frame: v.frame("Approve "+camp.Name, link{"Approvals", "/approvals"}), Campaign: camp, Hash: camp.Pending, Path: campaignPath(camp.Name),
		Own: v.own(camp), First: camp.Edition == "", Goal: r.written.Goal, View: v.view(), Reason: v.value("reason"),
		Canary: r.written.Canary, Started: camp.Status == "running" || camp.Status == "paused",
	}
	page.problems = form
	page.Files, page.Changed = r.files(), r.donors()
	page.sums(r)
	changed := map[string]bool{}
	for _, d := range page.Changed {
		changed[d.ID] = true
	}
	words := strings.Fields(strings.ToLower(page.View.Get("q")))
	var rows []reviewRow
	for _, rec := range r.records {
		row := r.row(rec, page.Path, changed[rec.Donor.ID])
		text := strings.ToLower(row.ID + " " + row.Name + " " + row.To + " " + row.Language)
		if slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(text, w) }) || page.View.Get("changed") != "" && !row.Changed {
			continue
		}
		rows = append(rows, row)
	}
	page.All = len(r.records)
	page.Rows, page.Pager = cut(page.View, rows, reviewRows)
	return v.showAs(status, "approve.html", page)
}

func (r *review) row(rec campaign.Record, path string, changed bool) reviewRow {
	row := reviewRow{ID: rec.Donor.ID, Name: cmp.Or(rec.Donor.Name["en"], rec.Donor.ID), Language: rec.Donor.Language, Variant: rec.Variant, Changed: changed,
		Path: path + "/approve/" + url.PathEscape(rec.Donor.ID), Ask: "without a figure"}
	if len(rec.Donor.Contacts) > 0 {
		row.To = rec.Donor.Contacts[0].Email
	}
	switch {
	case rec.Ask.Figure:
		row.Ask = fmt.Sprintf("%s to %s", rec.Ask.Low, rec.Ask.High)
	case r.written.Quiet(rec.Variant):
		row.Ask = "nothing"
	}
	return row
}

// sums adds up what the letters ask for.
func (p *approvalForm) sums(r *review) {
	p.Low, p.High = donor.Money{Currency: r.written.Ask.Floor.Currency}, donor.Money{Currency: r.written.Ask.Floor.Currency}
	languages := map[string]int{}
	for _, rec := range r.records {
		languages[rec.Donor.Language]++
		if rec.Ask.Figure {
			p.Low.Minor, p.High.Minor, p.Figures = p.Low.Minor+rec.Ask.Low.Minor, p.High.Minor+rec.Ask.High.Minor, p.Figures+1
		}
	}
	for _, l := range slices.Sorted(maps.Keys(languages)) {
		p.Languages = append(p.Languages, nameCount{l, languages[l]})
	}
	for _, s := range r.written.Steps {
		how := "leaves with the edition's approval"
		switch {
		case s.Each:
			how = "a person releases each letter"
		case s.Standing != (donor.Date{}):
			how = "this approval releases it until " + s.Standing.String()
		}
		p.Steps = append(p.Steps, calendarLine{Step: s.Name, How: how})
	}
}

// approve releases what was looked at: the form names its hash.
func (c *Console) approve(v *visit) error {
	r, err := c.waitingEdition(v)
	if err != nil {
		return err
	}
	form := &problems{}
	if v.value("looked") == "" {
		form.add("looked", "Say that you have looked at the letters")
	}
	if form.none() {
		if err := form.refuse("", v.Desk.Approve(v.ctx, v.who(), r.campaign.Name, v.value("edition"))); err != nil {
			return err
		}
	}
	if !form.none() {
		return v.approval(http.StatusUnprocessableEntity, form, r)
	}
	to := campaignPath(r.campaign.Name)
	return v.to(to, fmt.Sprintf("The edition of %s is approved.", r.campaign.Name))
}

// sendBack says why an edition is not approved.
func (c *Console) sendBack(v *visit) error {
	r, err := c.waitingEdition(v)
	if err != nil {
		return err
	}
	form := &problems{}
	reason := v.line(form, "reason", "why", true)
	if form.none() {
		_, err := c.Ledger.SendBack(v.ctx, v.who(), r.campaign.Name, v.value("edition"), reason)
		if err := form.refuse("reason", err); err != nil {
			return err
		}
	}
	if !form.none() {
		return v.approval(http.StatusUnprocessableEntity, form, r)
	}
	return v.to("/approvals", fmt.Sprintf("The edition of %s was sent back to %s.", r.campaign.Name, ledger.NameOf(r.campaign.PendingBy)))
}

// readForm is the letters of one donor in an edition that waits.
type readForm struct {
	frame
	Whose         campaign.Record
	Name          string
	Letters       []readLetter
	How           string
	Before, After string // paths of the donors beside it
	Place, Count  int
}

type readLetter struct {
	Step     string
	Content  letter.Content
	Facts    []string
	Attached string
}

func (c *Console) readPage(v *visit) error {
	r, err := c.waitingEdition(v)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(r.records, func(rec campaign.Record) bool { return rec.Donor.ID == v.r.PathValue("donor") })
	if at < 0 {
		return notFound("The edition that waits does not write to this donor.")
	}
	rec := r.records[at]
	path := campaignPath(r.campaign.Name) + "/approve/"
	page := readForm{
		Whose: rec, Name: cmp.Or(rec.Donor.Name["en"], rec.Donor.ID), Place: at + 1, Count: len(r.records),
	}
	page.frame = v.frame(page.Name, link{"Approvals", "/approvals"}, link{"Approve " + r.campaign.Name, campaignPath(r.campaign.Name) + "/approve"})
	if at > 0 {
		page.Before = path + url.PathEscape(r.records[at-1].Donor.ID)
	}
	if at+1 < len(r.records) {
		page.After = path + url.PathEscape(r.records[at+1].Donor.ID)
	}
	if was, ok := r.earlier[rec.Donor.ID]; ok {
		page.How = difference(was, rec)
	}
	for _, s := range r.written.Steps {
		if rec.Hash[s.Name] == "" {
			continue
		}
		content, err := r.set.Compose(&rec, s.Name)
		if err != nil {
			return err
		}
		// The date is printed when the letter leaves.
		content.Text = strings.ReplaceAll(content.Text, letter.DateMark, "[date of sending]")
		var facts []string
		for _, cited := range r.set.Cites(&rec, s.Name) {
			id, _, _ := strings.Cut(cited, "@")
			facts = append(facts, id)
		}
		page.Letters = append(page.Letters, readLetter{s.Name, content, facts, content.Attachment.Name})
	}
	return v.show("read.html", page)
}
