package console

import (
	"context"
	"fmt"
	"html/template"
	"slices"
	"strings"

	"outreach.example/console/report"
	"outreach.example/donor"
	"outreach.example/ledger"
	"outreach.example/letter"
)

// overviewPage is the first page: how much was pledged, where every Member State is, and what waits for a person.
type overviewPage struct {
	frame
	Campaigns []campaignCard
	Of        *picture // whose States are shown; nil while there is no campaign
	Pledged   []donor.Money
	Goal      donor.Money
	Share     string // of the goal, in per cent; "" where nothing in its currency was pledged
	Bar       template.HTML
	Groups    []tileGroup
	Key       []tileKey
	Waiting   []waiting
	Frozen    string
	Alarms    []ledger.Alarm
}

// campaignCard is one campaign in numbers that add up.
type campaignCard struct {
	Name, Status string
	Steps        []stepLine
	Bar          template.HTML
	Total        int
	Other        bool // another one's States are shown
}

// stepLine is one step in numbers; the states add up to Total.
type stepLine struct {
	Step  string
	Parts []part
	Total int
}

type part struct {
	State letter.State
	N     int
}

// waiting is something that only a person can move.
type waiting struct {
	Text, To, Act string
	Urgent        bool
}

func stepLines(c ledger.Campaign, counts map[string]ledger.Counts) []stepLine {
	var out []stepLine
	for _, s := range c.Steps {
		line := stepLine{Step: s, Total: counts[s].Total()}
		for _, state := range letter.States {
			if n := counts[s][state]; n > 0 {
				line.Parts = append(line.Parts, part{state, n})
			}
		}
		out = append(out, line)
	}
	return out
}

func (c *Console) overview(v *visit) error {
	names, err := c.Ledger.Campaigns(v.ctx)
	if err != nil {
		return err
	}
	page := overviewPage{frame: v.frame("Overview"), Key: tileKeys()}
	page.Live = true
	chosen := v.r.URL.Query().Get("campaign")
	if !slices.Contains(names, chosen) {
		chosen = ""
	}
	for _, name := range names {
		card, camp, counts, err := c.card(v, name)
		if err != nil {
			return err
		}
		page.Campaigns = append(page.Campaigns, card)
		if chosen == "" || chosen != v.r.URL.Query().Get("campaign") && camp.Status == "running" {
			chosen = name
		}
		page.Waiting = append(page.Waiting, waitingIn(camp, counts)...)
		tasks, err := c.Ledger.OpenTasks(v.ctx, name)
		if err != nil {
			return err
		}
		if tasks > 0 {
			page.Waiting = append(page.Waiting, waiting{plural(tasks, "open task") + " of " + name, "/tasks?campaign=" + name, "Look at them", false})
		}
	}
	for i := range page.Campaigns {
		page.Campaigns[i].Other = page.Campaigns[i].Name != chosen
	}
	if err := c.house(v.ctx, &page); err != nil {
		return err
	}
	if chosen != "" {
		if page.Of, err = c.picture(v.ctx, chosen); err != nil {
			return err
		}
		page.Groups = page.Of.tiles()
		page.Goal = page.Of.Written.Goal
		page.Pledged, page.Share, page.Bar = page.Of.pledged()
	}
	return v.show("overview.html", page)
}

func first(s []string) string {
	if len(s) == 0 {
		return ""
	}
	return s[0]
}

// waitingIn is what waits for a person in a campaign.
func waitingIn(c ledger.Campaign, counts map[string]ledger.Counts) []waiting {
	var out []waiting
	path := "/campaigns/" + c.Name
	if c.Pending != "" {
		out = append(out, waiting{fmt.Sprintf("An edition of %s, planned by %s, waits for approval", c.Name, ledger.NameOf(c.PendingBy)), path + "/approve", "Look at it", false})
	}
	if c.Status == "approved" {
		out = append(out, waiting{c.Name + " is approved and has not been started", path + "/start", "Start it", false})
	}
	if c.Status == "running" && len(c.Canary) > 0 {
		out = append(out, waiting{fmt.Sprintf("The letters of %s wait for its canary: the first %d", c.Name, len(c.Canary)), path, "Look at it", false})
	}
	if c.Status == "paused" {
		out = append(out, waiting{fmt.Sprintf("%s is paused by %s", c.Name, ledger.NameOf(c.PausedBy)), path, "Look at it", false})
	}
	sum := ledger.Counts{}
	for _, n := range counts {
		for _, s := range looked {
			sum[s] += n[s]
		}
	}
	for _, s := range looked {
		if n := sum[s]; n > 0 {
			to := path + "?state=" + strings.ReplaceAll(inWords(s), " ", "-")
			if s == letter.InDoubt {
				to = "/doubts"
			}
			out = append(out, waiting{fmt.Sprintf("%s of %s: %s", plural(n, "letter"), c.Name, inWords(s)), to, "Look at them", s == letter.InDoubt})
		}
	}
	return out
}

// house adds what concerns everything: a frozen ledger, alarms, relays that are held.
func (c *Console) house(ctx context.Context, page *overviewPage) error {
	var err error
	if page.Frozen, err = c.Ledger.Frozen(ctx); err != nil {
		return err
	}
	if page.Alarms, err = c.Ledger.Alarms(ctx); err != nil {
		return err
	}
	relays, err := c.Ledger.Relays(ctx)
	if err != nil {
		return err
	}
	for _, r := range relays {
		if r.Held != "" {
			page.Waiting = append(page.Waiting, waiting{"The relay " + r.Name + " is held: " + r.Held, "/relays", "Look at it", true})
		}
	}
	return nil
}

// pledged sums the pledges by currency, each in its own: none is turned into another. The share is of the goal, of what was
// pledged in the goal's currency.
func (p *picture) pledged() (sums []donor.Money, share string, bar template.HTML) {
	byCurrency := map[string]int64{}
	for _, d := range p.Donors {
		if _, m, ok := d.Case.Pledge(); ok {
			byCurrency[m.Currency] += m.Minor
		}
	}
	sums = report.Monies(byCurrency, p.Written.Goal.Currency)
	share, bar = ofGoal(sums, p.Written.Goal)
	return sums, share, bar
}
