package console

import (
	"cmp"
	"context"
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
	"outreach.example/templates"
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
			page.Waiting = append(page.Waiting, approvalLine{camp, campaignPath(name) + "/approve", v.own(camp.PendingBy)})
		}
	}
	return v.show("approvals.html", page)
}

// own says whether somebody who is kept under a name is the person of the visit.
func (v *visit) own(who string) bool {
	return ledger.PersonKey(ledger.Person(who)) == ledger.PersonKey(v.Person.Name)
}

// approvalForm is what a person looks at before they release what another wrote: what is different from the edition that
// runs, every letter, and the sums.
type approvalForm struct {
	frame
	Campaign  ledger.Campaign
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

// review is an edition that waits, beside the one that runs.
type review struct {
	campaign ledger.Campaign
	edition  campaign.Edition
	before   campaign.Edition // its zero value for the first
	records  []campaign.Record
	earlier  map[string]campaign.Record
	written  *campaign.Campaign
	set      *templates.Set
}

func (c *Console) review(ctx context.Context, camp ledger.Campaign) (*review, error) {
	r := &review{campaign: camp, earlier: map[string]campaign.Record{}}
	var err error
	if r.edition, err = c.Ledger.Edition(ctx, camp.Pending); err != nil {
		return nil, err
	}
	if r.written, r.set, err = templates.LoadEdition(r.edition); err != nil {
		return nil, err
	}
	if err := c.Ledger.AllRecords(ctx, camp.Pending, func(_ string, rec campaign.Record) { r.records = append(r.records, rec) }); err != nil {
		return nil, err
	}
	if camp.Edition == "" {
		return r, nil
	}
	if r.before, err = c.Ledger.Edition(ctx, camp.Edition); err != nil {
		return nil, err
	}
	return r, c.Ledger.AllRecords(ctx, camp.Edition, func(_ string, rec campaign.Record) { r.earlier[rec.Donor.ID] = rec })
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
		Own: v.own(camp.PendingBy), First: camp.Edition == "", Goal: r.written.Goal, View: v.view(), Reason: v.value("reason"),
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

// linesShown is how many changed lines of a file a page shows.
const linesShown = 12

// files are those that are not as they were, with the lines that came and went.
func (r *review) files() []fileChange {
	if r.before.Campaign == "" {
		return nil
	}
	names := map[string]bool{}
	for n := range r.edition.Files {
		names[n] = true
	}
	for n := range r.before.Files {
		names[n] = true
	}
	var out []fileChange
	for _, n := range slices.Sorted(maps.Keys(names)) {
		was, had := r.before.Files[n]
		now, has := r.edition.Files[n]
		if was == now && had == has {
			continue
		}
		f := fileChange{Name: n, How: "changed"}
		switch {
		case !had:
			f.How = "new"
		case !has:
			f.How = "gone"
		}
		f.Added, f.More = less(now, was)
		f.Gone, f.Missing = less(was, now)
		out = append(out, f)
	}
	return out
}

// less is the lines of one text that the other has not, and how many more there are than shown.
func less(text, other string) (lines []string, more int) {
	there := map[string]int{}
	for _, l := range strings.Split(other, "\n") {
		there[l]++
	}
	for _, l := range strings.Split(text, "\n") {
		if there[l] > 0 {
			there[l]--
			continue
		}
		if strings.TrimSpace(l) == "" {
			continue
		}
		if len(lines) == linesShown {
			more++
			continue
		}
		lines = append(lines, l)
	}
	return lines, more
}

// donors are those who are new, gone, or written to otherwise than in the edition before.
func (r *review) donors() []donorChange {
	if r.before.Campaign == "" {
		return nil
	}
	var out []donorChange
	seen := map[string]bool{}
	for _, rec := range r.records {
		seen[rec.Donor.ID] = true
		was, had := r.earlier[rec.Donor.ID]
		how := "new: was not written to before"
		if had {
			how = difference(was, rec)
		}
		if how != "" {
			out = append(out, donorChange{rec.Donor.ID, cmp.Or(rec.Donor.Name["en"], rec.Donor.ID), how})
		}
	}
	for _, id := range slices.Sorted(maps.Keys(r.earlier)) {
		if !seen[id] {
			out = append(out, donorChange{id, cmp.Or(r.earlier[id].Donor.Name["en"], id), "gone: is not written to any more"})
		}
	}
	return out
}

// difference says in words what changed for a donor, "" for nothing.
func difference(was, now campaign.Record) string {
	var parts []string
	to := func(r campaign.Record) (first string, rest []string) {
		for i, c := range r.Donor.Contacts {
			if i == 0 {
				first = c.Email
			} else {
				rest = append(rest, c.Email)
			}
		}
		return first, rest
	}
	oldTo, oldCc := to(was)
	newTo, newCc := to(now)
	if oldTo != newTo {
		parts = append(parts, fmt.Sprintf("address %s, before %s", newTo, oldTo))
	}
	if !slices.Equal(oldCc, newCc) {
		parts = append(parts, fmt.Sprintf("copies to %s, before %s", cmp.Or(strings.Join(newCc, ", "), "nobody"), cmp.Or(strings.Join(oldCc, ", "), "nobody")))
	}
	if was.Donor.Language != now.Donor.Language {
		parts = append(parts, fmt.Sprintf("language %s, before %s", now.Donor.Language, was.Donor.Language))
	}
	if was.Ask.Low != now.Ask.Low || was.Ask.High != now.Ask.High {
		parts = append(parts, fmt.Sprintf("ask %s to %s, before %s to %s", now.Ask.Low, now.Ask.High, was.Ask.Low, was.Ask.High))
	}
	if was.Variant != now.Variant {
		parts = append(parts, fmt.Sprintf("variant %s, before %s", now.Variant, was.Variant))
	}
	for _, step := range slices.Sorted(maps.Keys(now.Hash)) {
		if was.Hash[step] != now.Hash[step] {
			parts = append(parts, "letter "+step+" reads otherwise")
		}
	}
	return strings.Join(parts, "; ")
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
	return v.to("/approvals", fmt.Sprintf("The edition of %s was sent back to %s.", r.campaign.Name, ledger.Person(r.campaign.PendingBy)))
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
