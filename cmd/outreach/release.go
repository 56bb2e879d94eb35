package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"outreach.example/ledger"
)

func (a *app) releaseCommand() *cobra.Command {
	var in, step, reason, way string
	cmd := &cobra.Command{
		Use: "release [DONOR]", Short: "End a hold, also of a relay; or, with --step, let letters go that wait for a person",
		Example: "  outreach release KEN\n  outreach release --group 'African Group'\n  outreach release --step reminder-1 --as bea\n  outreach release KEN --step reminder-1 --as bea\n  outreach release --relay relay.iom.example:587 --as bea",
		RunE: func(cmd *cobra.Command, args []string) error {
			who, err := a.person()
			if err != nil {
				return err
			}
			if cmd.Flags().Changed("relay") {
				if step != "" || len(args) > 0 || cmd.Flags().Changed("group") || cmd.Flags().Changed("region") || cmd.Flags().Changed("all") {
					return usagef("--relay stands alone; type: outreach release --relay HOST:PORT --as NAME")
				}
				return a.withLedger(cmd, func(ctx context.Context, l *ledger.Ledger) error {
					return a.releaseRelay(ctx, l, who, way, reason)
				})
			}
			if step != "" {
				return a.withLedger(cmd, func(ctx context.Context, l *ledger.Ledger) error {
					return a.releaseStep(ctx, l, who, in, step, args)
				})
			}
			scope, err := a.scope(cmd, args)
			if err != nil {
				return err
			}
			return a.withLedger(cmd, func(ctx context.Context, l *ledger.Ledger) error {
				if id, ok := strings.CutPrefix(scope, "donor:"); ok {
					if scope, err = a.known(ctx, l, id); err != nil {
						return err
					}
				}
				again, err := l.Free(ctx, who, scope, reason)
				if err != nil {
					return err
				}
				if again {
					fmt.Fprintf(a.out, "%s: is not held\n", scope)
					return nil
				}
				fmt.Fprintf(a.out, "%s: released\n", scope)
				a.next("outreach status")
				return nil
			})
		},
	}
	scopeFlags(cmd)
	cmd.Flags().StringVar(&in, "campaign", "", "which campaign, where there are several")
	cmd.Flags().StringVar(&step, "step", "", "release waiting letters of this `step` (of one donor, or of all)")
	cmd.Flags().StringVar(&way, "relay", "", "let this relay (`host:port`) be used again")
	cmd.Flags().StringVar(&reason, "reason", "", "why")
	return cmd
}

func (a *app) releaseStep(ctx context.Context, l *ledger.Ledger, who, in, step string, args []string) error {
	c, err := which(ctx, l, in)
	if err != nil {
		return err
	}
	if !slices.Contains(c.Steps, step) {
		return usagef("campaign %s has no step %q (there are: %s)", c.Name, step, strings.Join(c.Steps, ", "))
	}
	n := 0
	if len(args) == 1 {
		d, err := a.find(ctx, l, c.Name, args[0])
		if err != nil {
			return err
		}
		if n, err = l.Release(ctx, who, c.Name, step, d.id, []string{d.block}); err != nil {
			return err
		}
	} else {
		names, err := l.AllBlocks(ctx, c.Name)
		if err != nil {
			return err
		}
		for len(names) > 0 {
			k := min(len(names), 50)
			released, err := l.Release(ctx, who, c.Name, step, "", names[:k])
			if err != nil {
				return err
			}
			n, names = n+released, names[k:]
		}
	}
	fmt.Fprintf(a.out, "%s %s: %d letters released\n", c.Name, step, n)
	a.next("outreach status %s", c.Name)
	return nil
}
