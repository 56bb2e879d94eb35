package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"outreach.example/campaign"
	"outreach.example/donor"
	"outreach.example/ledger"
	"outreach.example/letter"
	"outreach.example/templates"
)

func (a *app) withdrawCommand() *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use: "withdraw ID", Short: "Stop every letter not yet sent that cites a fact, in every campaign",
		Example: "  outreach facts withdraw people_assisted --reason 'corrected by the publisher on 24 November' --as ann",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usagef("which fact? type: outreach facts withdraw ID --reason WHY (outreach facts lists them)")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			who, err := a.person()
			if err != nil {
				return err
			}
			if strings.TrimSpace(reason) == "" || strings.ContainsFunc(reason, isControl) {
				return usagef("why? add --reason 'one line for those who come after you'")
			}
			return a.withLedger(cmd, func(ctx context.Context, l *ledger.Ledger) error {
				return a.withdraw(ctx, l, who, args[0], reason)
			})
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why")
	return cmd
}

// withdraw withdraws a fact as every edition of every campaign has it.
func (a *app) withdraw(ctx context.Context, l *ledger.Ledger, who, id, reason string) error {
	list, err := allCampaigns(ctx, l)
	if err != nil {
		return err
	}
	var keys, ids []string
	for _, c := range list {
		for _, hash := range c.Editions {
			set, err := loadEdition(ctx, l, hash)
			if err != nil {
				return err
			}
			for _, f := range set.Facts() {
				if f.ID == id && !slices.Contains(keys, f.Key) {
					keys = append(keys, f.Key)
				}
				if !slices.Contains(ids, f.ID) {
					ids = append(ids, f.ID)
				}
			}
		}
	}
	if len(keys) == 0 {
		slices.Sort(ids)
		hint := "there are: " + strings.Join(ids, ", ")
		if near := donor.Nearest(id, ids); near != "" {
			hint = "did you mean " + near + "?"
		}
		return ledger.Refusal(fmt.Sprintf("no letter of any campaign cites the fact %s: %s", donor.Quote(id), hint))
	}
	slices.Sort(keys)
	again, err := l.Withdraw(ctx, who, reason, keys)
	if err != nil {
		return err
	}
	// Nothing that cites it leaves any more: what follows only tells.
	word := "withdrawn"
	if again {
		word = "withdrawn already"
	}
	fmt.Fprintf(a.out, "%s: %s\n", id, word)
	facts, err := a.readFacts(ctx, l, list)
	if err != nil {
		return err
	}
	open := map[string]int{}
	past := 0
	for _, f := range facts {
		for _, u := range f.Uses {
			if f.ID == id {
				open[u.Campaign] += u.Planned + u.Withheld + u.Later
				past += u.Sent + u.InDoubt
			}
		}
	}
	for _, c := range list {
		if n := open[c.Name]; n > 0 && c.Status != "cancelled" {
			fmt.Fprintf(a.out, "%s: %d letters not yet sent cite it; each is withheld when its turn comes\n", c.Name, n)
			a.next("correct its row in facts.csv, or take it out of the texts, then: outreach plan %s", c.Name)
		}
	}
	if past > 0 {
		fmt.Fprintf(a.out, "letters that have left with it, or may have: %d\n", past)
	}
	return nil
}

// barred finds the facts that a set of texts cites although they were withdrawn.
func barred(ctx context.Context, l *ledger.Ledger, set *templates.Set) (faults donor.Faults, err error) {
	withdrawn, err := l.Withdrawn(ctx)
	if err != nil || len(withdrawn) == 0 {
		return nil, err
	}
	for _, f := range set.Facts() {
		if w, ok := withdrawn[f.Key]; ok {
			faults.Addf("facts.csv", f.Line, 0, "%s was withdrawn by %s on %s: %s; correct the row (a later as_of, where it holds after all), or take it out of the texts: %s",
				f.ID, w.By, w.At.Local().Format("2 January 2006"), w.Reason, strings.Join(set.Texts(f.Key), ", "))
		}
	}
	return faults, nil
}

// nothingBarred refuses an edition that cites a withdrawn fact: none of its letters could leave.
func (a *app) nothingBarred(ctx context.Context, l *ledger.Ledger, edition string) error {
	set, err := loadEdition(ctx, l, edition)
	if err != nil {
		return err
	}
	faults, err := barred(ctx, l, set)
	if err == nil && len(faults) > 0 {
		return faults
	}
	return err
}

// stands is what keeps a planned letter by the facts that it cites; "" for nothing.
func (a *app) stands(ctx context.Context, l *ledger.Ledger, c ledger.Campaign, r *campaign.Record, got ledger.Letter) (string, error) {
	if got.State != letter.Planned {
		return "", nil
	}
	set, err := loadEdition(ctx, l, c.Current())
	if err != nil {
		return "", err
	}
	withdrawn, err := l.Withdrawn(ctx)
	if err != nil {
		return "", err
	}
	for _, key := range set.Cites(r, got.ID.Step) {
		if w, ok := withdrawn[key]; ok {
			return "fact " + templates.FactID(key) + " is withdrawn" + because(w.Reason), nil
		}
	}
	now, err := l.Now(ctx)
	if err != nil {
		return "", err
	}
	return set.Expired(r, got.ID.Step, now), nil
}

// keptFact is a withdrawn fact that letters of a campaign's edition cite.
type keptFact struct {
	ID     string   `json:"id"`
	Texts  []string `json:"texts"`
	By     string   `json:"by"`
	Reason string   `json:"reason"`
}

// keptFacts are those of the edition that stands.
func keptFacts(ctx context.Context, l *ledger.Ledger, c ledger.Campaign) ([]keptFact, error) {
	withdrawn, err := l.Withdrawn(ctx)
	if err != nil || len(withdrawn) == 0 || c.Current() == "" || c.Status == "cancelled" {
		return nil, err
	}
	set, err := loadEdition(ctx, l, c.Current())
	if err != nil {
		return nil, err
	}
	var kept []keptFact
	for _, f := range set.Facts() {
		if w, ok := withdrawn[f.Key]; ok {
			kept = append(kept, keptFact{f.ID, set.Texts(f.Key), w.By, w.Reason})
		}
	}
	return kept, nil
}
