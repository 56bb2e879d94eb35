package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"outreach.example/campaign"
	"outreach.example/donor"
	"outreach.example/ledger"
)

// which finds the campaign a command means: the one that is named, or the only one there is.
func which(ctx context.Context, l *ledger.Ledger, name string) (ledger.Campaign, error) {
	names, err := l.Campaigns(ctx)
	if err != nil {
		return ledger.Campaign{}, err
	}
	if name == "" {
		switch len(names) {
		case 0:
			return ledger.Campaign{}, ledger.Refusal("no campaign is planned; type: outreach plan NAME")
		case 1:
			name = names[0]
		default:
			return ledger.Campaign{}, usagef("which campaign? there are: %s", strings.Join(names, ", "))
		}
	}
	c, err := l.Campaign(ctx, name)
	if errors.Is(err, ledger.ErrNoCampaign) {
		if len(names) == 0 {
			return c, ledger.Refusal(fmt.Sprintf("no campaign %s is planned; type: outreach plan %s", name, name))
		}
		return c, ledger.Refusal(fmt.Sprintf("no campaign %s is planned (there are: %s); type: outreach plan %s", name,
			strings.Join(names, ", "), name))
	}
	return c, err
}

// named is the argument rule of commands about one campaign.
func named(cmd *cobra.Command, args []string) error {
	if len(args) != 1 {
		return usagef("which campaign? type: %s NAME (the folder's name under campaigns)", cmd.CommandPath())
	}
	return nil
}

// found is a donor in a campaign: where its letters are.
type found struct {
	campaign ledger.Campaign
	record   campaign.Record
	id       string
	block    string
}

// find looks a donor up in a campaign by its id: in the current edition, and then in those before it, because a donor
// that an edition dropped may still answer.
func (a *app) find(ctx context.Context, l *ledger.Ledger, in, id string) (found, error) {
	c, err := which(ctx, l, in)
	if err != nil {
		return found{}, err
	}
	for _, hash := range append([]string{c.Current()}, c.Editions...) {
		f, ok, err := findIn(ctx, l, c, hash, id)
		if ok || err != nil {
			return f, err
		}
	}
	hint := ""
	if s := donor.Registry().Suggest(id); s != "" {
		hint = "; " + s
	}
	return found{}, ledger.Refusal(fmt.Sprintf("campaign %s does not write to %q%s", c.Name, id, hint))
}

func findIn(ctx context.Context, l *ledger.Ledger, c ledger.Campaign, hash, id string) (found, bool, error) {
	e, err := l.Edition(ctx, hash)
	if err != nil {
		return found{}, false, err
	}
	blocks, err := l.Blocks(ctx, hash)
	if err != nil {
		return found{}, false, err
	}
	look := func(id, name string) (found, bool, error) {
		if !blocks.Has(name) {
			return found{}, false, nil
		}
		records, err := l.Records(ctx, blocks, name)
		if err != nil {
			return found{}, false, err
		}
		for _, r := range records {
			if r.Donor.ID == id {
				return found{c, r, id, name}, true, nil
			}
		}
		return found{}, false, nil
	}
	upper := strings.ToUpper(id)
	if f, ok, err := look(upper, e.Block(upper, upper)); ok || err != nil {
		return f, ok, err
	}
	// A donor that is no State may lie under any State: its block is one of each State's.
	for state := range e.Cuts {
		if f, ok, err := look(id, e.Block(state, id)); ok || err != nil {
			return f, ok, err
		}
	}
	return found{}, false, nil
}
