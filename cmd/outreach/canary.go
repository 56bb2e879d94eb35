package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"outreach.example/ledger"
	"outreach.example/letter"
)

func (a *app) canaryCommand() *cobra.Command {
	var let bool
	var reason string
	cmd := &cobra.Command{
		Use: "canary CAMPAIGN", Short: "Show the first letters that the others wait for; or, with --go, let the others go", Args: named,
		Example: "  outreach canary resilience\n  outreach canary resilience --go --reason 'read at the mission, by telephone' --as bea",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withLedger(cmd, func(ctx context.Context, l *ledger.Ledger) error {
				c, err := which(ctx, l, args[0])
				if err != nil {
					return err
				}
				if let {
					return a.letGo(ctx, l, c, reason)
				}
				return a.showCanary(ctx, l, c)
			})
		},
	}
	cmd.Flags().BoolVar(&let, "go", false, "let the other letters go; not for the person who planned them")
	cmd.Flags().StringVar(&reason, "reason", "", "why")
	return cmd
}

func (a *app) letGo(ctx context.Context, l *ledger.Ledger, c ledger.Campaign, reason string) error {
	who, err := a.person()
	if err != nil {
		return err
	}
	if reason == "" {
		return usagef("why? add --reason 'one line for those who come after you'")
	}
	if err := l.LetGo(ctx, who, c, reason); err != nil {
		return err
	}
	fmt.Fprintf(a.out, "%s: the other letters go\n", c.Name)
	a.next("outreach status %s", c.Name)
	return nil
}

// canaryLetter is a letter of the canary as --json prints it.
type canaryLetter struct {
	Donor  string       `json:"donor"`
	State  letter.State `json:"state"`
	Copies int          `json:"registry_copies"`
	Words  string       `json:"words,omitempty"`
}

func (a *app) showCanary(ctx context.Context, l *ledger.Ledger, c ledger.Campaign) error {
	all, err := l.CanaryLetters(ctx, c)
	if err != nil {
		return err
	}
	out := []canaryLetter{}
	for _, one := range all {
		out = append(out, canaryLetter{one.ID.Donor, one.State, one.Proof.Copies, one.Words})
	}
	if a.json {
		return a.print(map[string]any{"campaign": c.Name, "status": c.Status, "letters": out})
	}
	if len(out) == 0 {
		fmt.Fprintf(a.out, "no letter of %s waits for a canary\n", c.Name)
		return nil
	}
	for _, one := range out {
		fmt.Fprintf(a.out, "%-8s %s", one.Donor, word(one.State))
		if one.Copies > 0 {
			fmt.Fprint(a.out, ", registry copy read")
		}
		fmt.Fprintln(a.out, because(one.Words))
	}
	fmt.Fprintln(a.out, "the other letters wait until these are sent and, where registry copies are read, a copy of each was found")
	a.next("outreach canary %s --go --reason WORDS --as NAME lets them go at once", c.Name)
	return nil
}
