package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"outreach.example/donor"
	"outreach.example/ledger"
)

func (a *app) suppressCommand() *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use: "suppress ADDRESS", Short: "Never write to an address again, in any campaign",
		Example: "  outreach suppress old.attache@ken.mission.example --reason 'asked by the mission on 24 November'",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usagef("type: outreach suppress ADDRESS --reason WHY")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			who, err := a.person()
			if err != nil {
				return err
			}
			address, err := donor.ParseAddress(args[0])
			if err != nil {
				return usageError{err}
			}
			if reason == "" || strings.ContainsFunc(reason, isControl) {
				return usagef("why? add --reason 'one line for those who come after you'")
			}
			return a.withLedger(cmd, func(ctx context.Context, l *ledger.Ledger) error {
				again, err := l.Suppress(ctx, who, address, ledger.ByHand, reason)
				if err != nil {
					return err
				}
				if again {
					fmt.Fprintln(a.out, "that address is suppressed already")
				} else {
					fmt.Fprintln(a.out, "suppressed: letters whose first contact it is are withheld, as a copy it is left out")
				}
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why")
	return cmd
}
