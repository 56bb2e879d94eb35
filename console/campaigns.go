package console

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"time"

	"outreach.example/campaign"
	"outreach.example/ledger"
	"outreach.example/letter"
)

// CampaignDesk is what the pages of campaigns ask.
type CampaignDesk interface {
	// Approve approves the edition of a hash after every check of the command.
	Approve(ctx context.Context, who, campaign, edition string) error
	// Startable refuses a start when the project folder says something else than what was approved.
	Startable(c ledger.Campaign) error
	// UndoTime is for how long a start can be taken back.
	UndoTime() time.Duration
	// Doubts are the letters of a campaign that are in doubt, with their evidence.
	Doubts(ctx context.Context, campaign string) ([]Doubt, error)
	// Resolve settles one, and says what came of it.
	Resolve(ctx context.Context, who string, id letter.ID, d ledger.Decision, reason string) (said []string, err error)
	// Depth is how many wake-ups no worker has taken yet.
	Depth(ctx context.Context) (int, error)
}

// A Doubt is a letter in doubt with its evidence.
type Doubt struct {
	Letter     letter.ID
	Since      time.Time
	Words      string // of the relay
	Relay      string
	Worker     string
	Generation int
	MessageID  string
	Copy       string    // whether a registry copy was seen
	From       time.Time // when it may be resolved
}

func (c *Console) campaignRoutes() []route {
	return []route{
		{"GET /campaigns", See, c.campaignsPage},                   // the section
		{"GET /campaigns/{name}", See, c.campaignPage},             // every list of campaigns
		{"GET /campaigns/{name}/donors.csv", See, c.donorsCSV},     // the link under the table
		{"POST /campaigns/{name}/pause", Pause, c.pause},           // the button
		{"POST /campaigns/{name}/resume", Start, c.resume},         // the button
		{"GET /campaigns/{name}/start", Start, c.startPage},        // the button
		{"POST /campaigns/{name}/start", Start, c.start},           // its form
		{"POST /campaigns/{name}/undo", Start, c.undo},             // the button beside the countdown
		{"GET /campaigns/{name}/cancel", Start, c.cancelPage},      // the link
		{"POST /campaigns/{name}/cancel", Start, c.cancel},         // its form
		{"POST /campaigns/{name}/hold", Hold, c.hold},              // the buttons under the table, then the form that asks why
		{"POST /campaigns/{name}/release", Hold, c.release},        // likewise
		{"POST /campaigns/{name}/let-go", Approve, c.letGo},        // likewise: letters that wait for a person
		{"POST /campaigns/{name}/canary", Approve, c.pastCanary},   // the form beside the canary
		{"GET /campaigns/{name}/approve", See, c.approvePage},      // the list of approvals
		{"POST /campaigns/{name}/approve", Approve, c.approve},     // its form
		{"POST /campaigns/{name}/send-back", Approve, c.sendBack},  // its other form
		{"GET /campaigns/{name}/approve/{donor}", See, c.readPage}, // each donor in the list of letters
		{"GET /approvals", See, c.approvalsPage},                   // the section
		{"GET /doubts", See, c.doubtsPage},                         // the section
		{"GET /doubts/{name}/{donor}/{step}", See, c.doubtPage},    // the list of doubts
		{"POST /doubts/{name}/{donor}/{step}", Resolve, c.resolve}, // its form
		{"GET /relays", See, c.relaysPage},                         // the section
		{"GET /relays/{relay}", See, c.relayPage},                  // the list of relays
		{"POST /relays/{relay}", Operate, c.lift},                  // its form
	}
}

// campaignsList lists the campaigns.
type campaignsList struct {
	frame
	Campaigns []campaignCard
}

func (c *Console) campaignsPage(v *visit) error {
	names, err := c.Ledger.Campaigns(v.ctx)
	if err != nil {
		return err
	}
	page := campaignsList{frame: v.frame("Campaigns")}
	page.Live = true
	for _, name := range names {
		card, _, _, err := c.card(v, name)
		if err != nil {
			return err
		}
		page.Campaigns = append(page.Campaigns, card)
	}
	return v.show("campaigns.html", page)
}

// card is a campaign in numbers.
func (c *Console) card(v *visit, name string) (campaignCard, ledger.Campaign, map[string]ledger.Counts, error) {
	camp, err := c.Ledger.Campaign(v.ctx, name)
	if err != nil {
		return campaignCard{}, camp, nil, err
	}
	counts, err := c.Ledger.Counts(v.ctx, name)
	if err != nil {
		return campaignCard{}, camp, nil, err
	}
	card := campaignCard{Name: name, Status: camp.Status, Steps: stepLines(camp, counts)}
	card.Total = counts[first(camp.Steps)].Total()
	card.Bar = stepBar(counts[first(camp.Steps)])
	return card, camp, counts, nil
}

func campaignPath(name string) string { return "/campaigns/" + url.PathEscape(name) }

// campaignsLink is the way to a campaign's pages.
func campaignsLink() link { return link{"Campaigns", "/campaigns"} }

// campaignView is one campaign: states that add up, what can be done, and the table of its donors.
type campaignView struct {
	frame
	Campaign  ledger.Campaign
	Canary    []ledger.Letter // first letters that the others wait for
	Card      campaignCard
	States    []letter.State // that any letter is in, in order: the columns of the table of steps
	Table     []stepRow
	View      view
	Heads     []column
	Rows      []donorRow
	Pager     pager
	All       int
	Filters   filters
	Waits     int // letters that wait for a person's release
	WaitSteps []string
	At        time.Time
	CSV       string
	Path      string
}

// stepRow is a step in the table that adds up.
type stepRow struct {
	Step  string
	N     []int // by state
	Total int
	How   string // how its letters are released
}

// filters are what the filters of the table can be set to.
type filters struct {
	States, Cases, Groups, Languages, Regions []string
}

// donorRow is a donor in the table.
type donorRow struct {
	*donorLine
	Path    string
	Where   string
	Since   time.Time
	Why     string
	Letters []letterCell
}

type letterCell struct {
	Step  string
	State letter.State
}

const donorRows = 50

func (c *Console) campaignPage(v *visit) error {
	p, err := c.picture(v.ctx, v.r.PathValue("name"))
	if err != nil {
		return err
	}
	// What can be decided, and the numbers, are those of this moment; the donors may be those of a moment ago.
	card, now, counts, err := c.card(v, p.Campaign.Name)
	if err != nil {
		return err
	}
	if now.Status != p.Campaign.Status || now.Edition != p.Campaign.Edition || len(now.Canary) != len(p.Campaign.Canary) {
		// Somebody has decided elsewhere: what is said of the donors would contradict it.
		c.gallery.touch()
		if p, err = c.picture(v.ctx, now.Name); err != nil {
			return err
		}
	}
	if len(now.Steps) == 0 {
		now.Steps = p.Campaign.Steps
	}
	page := campaignView{frame: v.frame(now.Name, campaignsLink()), Campaign: now, Card: card, View: v.view(), At: p.At, Path: campaignPath(now.Name)}
	page.Live = true
	if page.Canary, err = c.Ledger.CanaryLetters(v.ctx, now); err != nil {
		return err
	}
	page.States, page.Table = table(now, counts)
	found := p.find(page.View)
	p.once.Do(func() {
		p.choices = p.filters()
		p.waiting, p.steps = p.waits()
	})
	page.All, page.Filters = len(p.Donors), p.choices
	page.Heads = page.View.columns([2]string{"name", "Donor"}, [2]string{"group", "Group"}, [2]string{"where", "Where it is"}, [2]string{"since", "Since"})
	shown, pages := cut(page.View, found, donorRows)
	page.Pager = pages
	if page.Rows, err = c.rows(v.ctx, p, shown); err != nil {
		return err
	}
	page.Waits, page.WaitSteps = p.waiting, p.steps
	page.CSV = page.Path + "/donors.csv"
	if _, query, ok := strings.Cut(page.View.With("page", ""), "?"); ok {
		page.CSV += "?" + query
	}
	return v.show("campaign.html", page)
}

// table is the states of each step; those that no letter is in are left out.
func table(c ledger.Campaign, counts map[string]ledger.Counts) ([]letter.State, []stepRow) {
	var states []letter.State
	for _, s := range letter.States {
		if s == letter.Planned || s == letter.Sent || s == letter.InDoubt ||
			slices.ContainsFunc(c.Steps, func(step string) bool { return counts[step][s] > 0 }) {
			states = append(states, s)
		}
	}
	var rows []stepRow
	for i, step := range c.Steps {
		r := stepRow{Step: step, Total: counts[step].Total()}
		for _, s := range states {
			r.N = append(r.N, counts[step][s])
		}
		switch end := c.Standing[step]; {
		case i == 0:
		case c.Each[step]:
			r.How = "a person releases each letter"
		case !end.IsZero():
			r.How = "released until " + end.Format("2 January 2006")
		}
		rows = append(rows, r)
	}
	return states, rows
}

// waits counts the letters that wait for a person's release, and says of which steps they are.
func (p *picture) waits() (n int, steps []string) {
	for _, d := range p.Donors {
		for i, l := range d.Letters {
			if step := p.Campaign.Steps[i]; l.State == letter.Planned && p.Campaign.Each[step] && !l.Released && !d.Case.Stopped {
				n++
				if !slices.Contains(steps, step) {
					steps = append(steps, step)
				}
			}
		}
	}
	return n, steps
}

// rows are donors as the table shows them, each with the one reason why its last letter has not left.
func (c *Console) rows(ctx context.Context, p *picture, donors []*donorLine) ([]donorRow, error) {
	why, err := c.whys(ctx, p, donors)
	if err != nil {
		return nil, err
	}
	var out []donorRow
	for _, d := range donors {
		r := donorRow{
			donorLine: d, Path: campaignPath(p.Campaign.Name) + "/donors/" + url.PathEscape(d.ID), Where: d.Word(), Since: d.Last().Since, Why: why[d.ID],
		}
		for i, l := range d.Letters {
			if l.State != "" {
				r.Letters = append(r.Letters, letterCell{p.Campaign.Steps[i], l.State})
			}
		}
		out = append(out, r)
	}
	return out, nil
}

// whys are the reasons, by donor. The records of the donors' blocks are read for them.
func (c *Console) whys(ctx context.Context, p *picture, donors []*donorLine) (map[string]string, error) {
	var ids []string
	records := map[string]campaign.Record{}
	read := map[string]bool{}
	for _, d := range donors {
		ids = append(ids, d.ID)
		if read[d.Block] {
			continue
		}
		read[d.Block] = true
		all, err := p.edition.block(ctx, c.Ledger, d.Block)
		if err != nil {
			return nil, err
		}
		for _, r := range all {
			records[r.Donor.ID] = r
		}
	}
	asked, err := c.Ledger.Asked(ctx, ids)
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for _, d := range donors {
		at := d.last()
		if at < 0 {
			continue
		}
		s := ledger.Situation{
			Around: p.Around, Campaign: p.Campaign, Written: p.Written, Record: records[d.ID], Case: d.Case, Step: p.Campaign.Steps[at], Asked: asked[d.ID],
		}
		if d.Letters[at].State != "" {
			s.Letter = &d.Letters[at]
		}
		if at > 0 && d.Letters[at-1].State != "" {
			s.Before = &d.Letters[at-1]
		}
		if w, ok := s.WhyNot(); ok {
			out[d.ID] = w.Says
			if !w.Until.IsZero() {
				out[d.ID] += "; from " + w.Until.Format("2 January 2006, 15:04 MST") + " on"
			}
		}
	}
	return out, nil
}

// filters are the values that occur.
func (p *picture) filters() filters {
	var f filters
	add := func(to *[]string, s string) {
		if s != "" && !slices.Contains(*to, s) {
			*to = append(*to, s)
		}
	}
	for _, d := range p.Donors {
		for _, l := range d.Letters {
			add(&f.States, strings.ReplaceAll(inWords(l.State), " ", "-"))
		}
		add(&f.Cases, d.Case.Word())
		add(&f.Groups, d.Group)
		add(&f.Regions, d.Region)
		add(&f.Languages, d.Language)
	}
	for _, list := range []*[]string{&f.States, &f.Cases, &f.Groups, &f.Languages, &f.Regions} {
		slices.Sort(*list)
	}
	return f
}

// find is the donors that a view asks for, in its order.
func (p *picture) find(w view) []*donorLine {
	words := strings.Fields(strings.ToLower(w.Get("q")))
	state, word, group, tongue := w.Get("state"), w.Get("case"), w.Get("group"), w.Get("language")
	var out []*donorLine
	for _, d := range p.Donors {
		if len(words) > 0 && !d.says(words) ||
			state != "" && !slices.ContainsFunc(d.Letters, func(l ledger.Letter) bool { return strings.ReplaceAll(inWords(l.State), " ", "-") == state }) ||
			word != "" && d.Case.Word() != word || group != "" && d.Group != group || tongue != "" && d.Language != tongue ||
			w.Get("held") != "" && d.Held == "" {
			continue
		}
		out = append(out, d)
	}
	by, down := w.sorted("name")
	if key := orders[by]; key != nil { // they are in the order of their names already
		keys := make(map[*donorLine]string, len(out))
		for _, d := range out {
			keys[d] = key(d)
		}
		slices.SortStableFunc(out, func(a, b *donorLine) int { return strings.Compare(keys[a], keys[b]) })
	}
	if down {
		slices.Reverse(out)
	}
	return out
}

// says says whether all words are of the donor.
func (d *donorLine) says(words []string) bool {
	text := strings.ToLower(d.ID + " " + d.Name + " " + d.Group + " " + d.Region)
	return !slices.ContainsFunc(words, func(s string) bool { return !strings.Contains(text, s) })
}

// orders are what the table can be ordered by besides the name.
var orders = map[string]func(*donorLine) string{
	"group": func(d *donorLine) string { return d.Group },
	"where": (*donorLine).Word,
	"since": func(d *donorLine) string { return d.Last().Since.UTC().Format(time.RFC3339) },
}

// donorsCSV is the table as the view has it, for a spreadsheet.
func (c *Console) donorsCSV(v *visit) error {
	p, err := c.picture(v.ctx, v.r.PathValue("name"))
	if err != nil {
		return err
	}
	rows := [][]string{append([]string{"donor", "name", "group", "region", "language", "case", "held", "why"}, p.Campaign.Steps...)}
	found := p.find(v.view())
	why, err := c.whys(v.ctx, p, found)
	if err != nil {
		return err
	}
	for _, d := range found {
		line := []string{d.ID, d.Name, d.Group, d.Region, d.Language, d.Case.Word(), d.Held, why[d.ID]}
		for _, l := range d.Letters {
			line = append(line, inWords(l.State))
		}
		rows = append(rows, line)
	}
	return v.csv(p.Campaign.Name+"-donors.csv", rows)
}
