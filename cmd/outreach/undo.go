package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"outreach.example/ledger"
)

// launch starts a campaign after a while in which that can be taken back.
func (a *app) launch(ctx context.Context, l *ledger.Ledger, who string, c ledger.Campaign, undo time.Duration) error {
	at, again, err := l.Launch(ctx, who, c.Name, undo)
	if err != nil {
		return err
	}
	switch {
	case at.IsZero():
		fmt.Fprintf(a.out, "%s %s\n", c.Name, verbs[ledger.Start].again)
		a.next(verbs[ledger.Start].next, c.Name)
		return nil
	case again:
		fmt.Fprintf(a.out, "%s is launched already: it starts at %s\n", c.Name, moment(at))
	default:
		fmt.Fprintf(a.out, "%s starts at %s; until then nothing of it leaves\n", c.Name, moment(at))
	}
	a.next("outreach undo %s takes it back", c.Name)
	return nil
}

func (a *app) undoCommand() *cobra.Command {
	return &cobra.Command{
		Use: "undo CAMPAIGN", Short: "Take back a start whose time has not come", Args: named, Example: "  outreach undo resilience",
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
				if err := l.Undo(ctx, who, c.Name); err != nil {
					return err
				}
				fmt.Fprintf(a.out, "%s: the start was taken back; no letter has left\n", c.Name)
				a.next("outreach start %s --confirm %s", c.Name, c.Name)
				return nil
			})
		},
	}
}

func (a *app) sendBackCommand() *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use: "send-back CAMPAIGN", Short: "Say why the edition that waits is not approved", Args: named,
		Example: "  outreach send-back resilience --reason 'the letter to Kenya names the wrong year' --as bea",
		RunE: func(cmd *cobra.Command, args []string) error {
			who, err := a.person()
			if err != nil {
				return err
			}
			if strings.TrimSpace(reason) == "" || strings.ContainsFunc(reason, isControl) || len(reason) > 500 {
				return usagef("why? add --reason 'one line for whoever planned it'")
			}
			return a.withLedger(cmd, func(ctx context.Context, l *ledger.Ledger) error {
				c, err := which(ctx, l, args[0])
				if err != nil {
					return err
				}
				again, err := l.SendBack(ctx, who, c.Name, c.Pending, strings.TrimSpace(reason))
				if err != nil {
					return err
				}
				word := "sent back to"
				if again {
					word = "was sent back so already to"
				}
				fmt.Fprintf(a.out, "%s: edition %.12s %s %s\n", c.Name, c.Pending, word, c.PendingBy)
				a.next("outreach status %s", c.Name)
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why, for whoever planned it")
	return cmd
}
