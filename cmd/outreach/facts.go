package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"outreach.example/campaign"
	"outreach.example/donor"
	"outreach.example/ledger"
	"outreach.example/letter"
	"outreach.example/templates"
)

// factUse is how many letters of one step in one language cite a fact, as one edition has it.
type factUse struct {
	Campaign  string `json:"campaign"`
	Edition   int    `json:"edition"`
	Step      string `json:"step"`
	Language  string `json:"language"`
	Sent      int    `json:"sent"`
	InDoubt   int    `json:"in_doubt"`
	Planned   int    `json:"planned"` // not past the commit point
	Withheld  int    `json:"withheld"`
	Later     int    `json:"later"`     // of a step that is planned once the one before it is sent
	Cancelled int    `json:"cancelled"` // or refused
}

// factShown is a fact as `outreach facts` shows it.
type factShown struct {
	templates.Fact
	Withdrawn *ledger.Withdrawal `json:"withdrawn,omitempty"`
	Uses      []factUse          `json:"uses"`
}

func (a *app) factsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "facts [CAMPAIGN]", Short: "Show which letters cite which fact, and its source; withdraw a fact",
		Example: "  outreach facts\n  outreach facts resilience --json\n  outreach facts withdraw people_assisted --reason 'corrected by the publisher on 24 November'",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usagef("facts takes one campaign, got %d; to withdraw a fact: outreach facts withdraw ID --reason WHY", len(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withLedger(cmd, func(ctx context.Context, l *ledger.Ledger) error {
				var list []ledger.Campaign
				if len(args) == 1 {
					c, err := which(ctx, l, args[0])
					if err != nil {
						return err
					}
					list = append(list, c)
				} else {
					var err error
					if list, err = allCampaigns(ctx, l); err != nil {
						return err
					}
				}
				facts, err := a.readFacts(ctx, l, list)
				if err != nil {
					return err
				}
				if a.json {
					return a.print(map[string]any{"facts": facts})
				}
				a.printFacts(facts)
				return nil
			})
		},
	}
	cmd.AddCommand(a.withdrawCommand())
	return cmd
}

// allCampaigns reads every campaign that is planned.
func allCampaigns(ctx context.Context, l *ledger.Ledger) ([]ledger.Campaign, error) {
	names, err := l.Campaigns(ctx)
	if err != nil {
		return nil, err
	}
	var list []ledger.Campaign
	for _, name := range names {
		c, err := l.Campaign(ctx, name)
		if err != nil {
			return nil, err
		}
		list = append(list, c)
	}
	if len(list) == 0 {
		return nil, ledger.Refusal("no campaign is planned; type: outreach plan NAME")
	}
	return list, nil
}

// loadEdition reads the texts of an edition.
func loadEdition(ctx context.Context, l *ledger.Ledger, hash string) (*templates.Set, error) {
	e, err := l.Edition(ctx, hash)
	if err != nil {
		return nil, err
	}
	_, set, err := templates.LoadEdition(e)
	return set, err
}

// readFacts counts the letters that cite each fact: those that have left by the edition that they left under, the others by
// the edition that stands.
func (a *app) readFacts(ctx context.Context, l *ledger.Ledger, list []ledger.Campaign) ([]factShown, error) {
	withdrawn, err := l.Withdrawn(ctx)
	if err != nil {
		return nil, err
	}
	facts := map[string]*factShown{}
	for _, c := range list {
		if err := a.countFacts(ctx, l, c, facts); err != nil {
			return nil, err
		}
	}
	out := []factShown{}
	for _, key := range slices.Sorted(maps.Keys(facts)) {
		f := facts[key]
		if w, ok := withdrawn[key]; ok {
			f.Withdrawn = &w
		}
		out = append(out, *f)
	}
	return out, nil
}

// countFacts adds one campaign's letters.
func (a *app) countFacts(ctx context.Context, l *ledger.Ledger, c ledger.Campaign, facts map[string]*factShown) error {
	type edition struct {
		set    *templates.Set
		blocks *ledger.Blocks
	}
	editions := map[int]edition{} // by number
	current := 0
	for i, hash := range c.Editions {
		n := len(c.Editions) - i
		set, err := loadEdition(ctx, l, hash)
		if err != nil {
			return err
		}
		blocks, err := l.Blocks(ctx, hash)
		if err != nil {
			return err
		}
		editions[n] = edition{set, blocks}
		if hash == c.Current() {
			current = n
		}
		for _, f := range set.Facts() {
			if facts[f.Key] == nil {
				facts[f.Key] = &factShown{Fact: f, Uses: []factUse{}}
			}
		}
	}
	uses := map[string]map[factUse]*factUse{}
	use := func(key string, of factUse) *factUse {
		if uses[key] == nil {
			uses[key] = map[factUse]*factUse{}
		}
		if uses[key][of] == nil {
			u := of
			uses[key][of] = &u
		}
		return uses[key][of]
	}
	names, err := l.AllBlocks(ctx, c.Name)
	if err != nil {
		return err
	}
	bar := a.progress("reading letters", len(names))
	defer bar.end()
	for i, name := range names {
		records := map[int]map[string]*campaign.Record{} // by edition
		in := func(n int) (map[string]*campaign.Record, error) {
			if records[n] != nil || editions[n].blocks == nil || !editions[n].blocks.Has(name) {
				return records[n], nil
			}
			list, err := l.Records(ctx, editions[n].blocks, name)
			records[n] = map[string]*campaign.Record{}
			for i := range list {
				records[n][list[i].Donor.ID] = &list[i]
			}
			return records[n], err
		}
		for _, step := range c.Steps {
			rows, err := l.Letters(ctx, letter.Block{Campaign: c.Name, Step: step, Name: name})
			if err != nil {
				return err
			}
			for id, row := range rows {
				n := current
				if left(row.State) {
					n = row.Edition
				}
				of, err := in(n)
				if err != nil {
					return err
				}
				if r := of[id]; r != nil {
					for _, key := range editions[n].set.Cites(r, step) {
						use(key, factUse{Campaign: c.Name, Edition: n, Step: step, Language: r.Donor.Language}).add(row.State)
					}
				}
			}
			of, err := in(current)
			if err != nil {
				return err
			}
			for id, r := range of {
				if _, there := rows[id]; there || c.Status == "cancelled" {
					continue
				}
				for _, key := range editions[current].set.Cites(r, step) {
					use(key, factUse{Campaign: c.Name, Edition: current, Step: step, Language: r.Donor.Language}).Later++
				}
			}
		}
		bar.at(i + 1)
	}
	for key, of := range uses {
		for _, u := range of {
			facts[key].Uses = append(facts[key].Uses, *u)
		}
		slices.SortFunc(facts[key].Uses, func(x, y factUse) int {
			return cmp.Or(strings.Compare(x.Campaign, y.Campaign), cmp.Compare(x.Edition, y.Edition),
				cmp.Compare(slices.Index(c.Steps, x.Step), slices.Index(c.Steps, y.Step)), strings.Compare(x.Language, y.Language))
		})
	}
	return nil
}

// left says whether a letter has left, or may have.
func left(s letter.State) bool {
	return s == letter.Sent || s == letter.Bounced || s == letter.InDoubt || s == letter.Sending || s == letter.Refused
}

func (u *factUse) add(s letter.State) {
	switch s {
	case letter.Sent, letter.Bounced:
		u.Sent++
	case letter.InDoubt, letter.Sending:
		u.InDoubt++
	case letter.Planned, letter.Claimed:
		u.Planned++
	case letter.Withheld:
		u.Withheld++
	default:
		u.Cancelled++
	}
}

// words are the numbers of a use that are not zero.
func (u factUse) words() string {
	var parts []string
	for _, p := range []struct {
		n    int
		what string
	}{{u.Sent, "sent"}, {u.InDoubt, "in doubt or under way"}, {u.Planned, "planned"}, {u.Withheld, "withheld"}, {u.Later, "to be planned later"}, {u.Cancelled, "cancelled or refused"}} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", p.n, p.what))
		}
	}
	return strings.Join(parts, ", ")
}

func (a *app) printFacts(facts []factShown) {
	for _, f := range facts {
		fmt.Fprintf(a.out, "%s: %s\n", f.ID, f.Says)
		fmt.Fprintf(a.out, "  source: %s; for %s", f.Source, f.Year)
		if f.AsOf != (donor.Date{}) {
			fmt.Fprintf(a.out, "; as of %s", f.AsOf)
		}
		if f.Expires != (donor.Date{}) {
			fmt.Fprintf(a.out, "; cited until %s", f.Expires)
		}
		fmt.Fprintln(a.out)
		if w := f.Withdrawn; w != nil {
			fmt.Fprintf(a.out, "  WITHDRAWN by %s on %s: %s\n", w.By, w.At.Local().Format("2 January 2006 15:04 MST"), w.Reason)
		}
		for _, u := range f.Uses {
			fmt.Fprintf(a.out, "  %s edition %d, %s in %s: %s\n", u.Campaign, u.Edition, u.Step, u.Language, u.words())
		}
	}
	if len(facts) == 0 {
		fmt.Fprintln(a.out, "no letter cites a fact")
	}
}
