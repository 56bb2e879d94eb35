package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"outreach.example/campaign"
	"outreach.example/ledger"
)

func (a *app) approveCommand() *cobra.Command {
	var edition string
	cmd := &cobra.Command{
		Use: "approve CAMPAIGN", Short: "Release the edition that waits; not for the person who planned it", Args: named,
		Example: "  outreach approve resilience --as 'Bea Approver'\n  outreach approve resilience --as bea --edition 4f1c09aa",
		RunE: func(cmd *cobra.Command, args []string) error {
			who, err := a.person()
			if err != nil {
				return err
			}
			return a.withLedger(cmd, func(ctx context.Context, l *ledger.Ledger) error {
				c, err := which(ctx, l, args[0])
				if err != nil {
					return err
				}
				again, e, err := a.approve(ctx, l, who, c, edition)
				if err != nil {
					return err
				}
				switch {
				case again:
					fmt.Fprintf(a.out, "%s: edition %.12s is approved already\n", c.Name, e)
				default:
					fmt.Fprintf(a.out, "%s: edition %.12s approved by %s\n", c.Name, e, who)
				}
				if c.Status == "planned" || c.Status == "approved" {
					a.next("outreach start %s --confirm %s", c.Name, c.Name)
				} else {
					a.next("outreach status %s", c.Name)
				}
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&edition, "edition", "", "approve only if this `hash` (or its beginning) is what waits")
	return cmd
}

// approve approves the edition that waits, if the project folder still says what was planned.
func (a *app) approve(ctx context.Context, l *ledger.Ledger, who string, c ledger.Campaign, edition string) (again bool, hash string, err error) {
	hash = c.Pending
	if hash == "" {
		hash = c.Edition
	}
	if edition != "" && (len(edition) < 6 || !strings.HasPrefix(hash, edition)) {
		return false, "", ledger.Refusal(fmt.Sprintf("edition %.12s of %s waits for approval, not %s", hash, c.Name, edition))
	}
	e, err := l.Edition(ctx, hash)
	if err != nil {
		return false, "", err
	}
	if c.Pending != "" {
		if err := a.unchanged(c.Name, e.Inputs, "approve"); err != nil {
			return false, "", err
		}
	}
	written, err := e.LoadCampaign()
	if err != nil {
		return false, "", err
	}
	if err := a.nothingBarred(ctx, l, hash); err != nil {
		return false, "", err
	}
	again, err = l.Approve(ctx, who, c.Name, hash, approvals(written))
	return again, hash, err
}

// approvals says how each further step is released. A standing approval lasts until the end of its day where the
// campaign's clock is.
func approvals(c *campaign.Campaign) []ledger.StepApproval {
	var out []ledger.StepApproval
	for _, s := range c.Steps[1:] {
		until := time.Time{}
		if !s.Each {
			until = s.Standing.AddDays(1).In(c.Zone()).Add(-time.Millisecond)
		}
		out = append(out, ledger.StepApproval{Step: s.Name, Each: s.Each, Until: until})
	}
	return out
}

// unchanged refuses a decision on an edition when the folder in front of the person says something else by now.
func (a *app) unchanged(name, inputs, verb string) error {
	p, err := a.open(name)
	if err != nil {
		return nil // no folder here: the decision is about what the ledger holds
	}
	if got := p.inputs(); got != inputs {
		return ledger.Refusal(fmt.Sprintf("the files of %s changed since it was planned; plan again: outreach plan %s (or %s where that folder is not: -C FOLDER)",
			name, name, verb))
	}
	return nil
}
