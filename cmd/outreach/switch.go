package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"outreach.example/ledger"
)

var verbs = map[ledger.Verb]struct{ short, done, again, next string }{
	ledger.Start:  {"Let a campaign's letters go; type its name again", "started", "is running already", "outreach status %s --watch"},
	ledger.Pause:  {"Keep every letter of a campaign that has not been handed over", "paused", "is paused already", "outreach resume %s"},
	ledger.Resume: {"Go on after a pause", "running again", "is running", "outreach status %s --watch"},
	ledger.Cancel: {"End a campaign for good; type its name again", "cancelled", "is cancelled already", "outreach status %s"},
}

func (a *app) switchCommand(v ledger.Verb) *cobra.Command {
	var confirm, reason string
	var undo time.Duration
	typed := v == ledger.Start || v == ledger.Cancel
	cmd := &cobra.Command{
		Use: string(v) + " CAMPAIGN", Short: verbs[v].short, Args: named,
		Example: "  outreach " + string(v) + " resilience",
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
				if v == ledger.Start && c.Status == "approved" {
					if err := a.unchanged(c.Name, c.Inputs, "start"); err != nil {
						return err
					}
				}
				if typed && (v == ledger.Cancel && c.Status != "cancelled" || c.Status == "approved") {
					if err := a.confirm(v, c, confirm); err != nil {
						return err
					}
				}
				if undo < 0 || undo > 24*time.Hour {
					return usagef("--undo: %s is not a time from 0s to 24h (for example 10m)", undo)
				}
				if v == ledger.Start && undo > 0 {
					return a.launch(ctx, l, who, c, undo)
				}
				got, err := l.Switch(ctx, who, c.Name, v, reason)
				if err != nil {
					return err
				}
				if got.Again {
					fmt.Fprintf(a.out, "%s %s\n", c.Name, verbs[v].again)
				} else {
					fmt.Fprintf(a.out, "%s %s; letters past the commit point at that moment: %d\n", c.Name, verbs[v].done, got.Past)
				}
				a.next(verbs[v].next, c.Name)
				return nil
			})
		},
	}
	if typed {
		cmd.Flags().StringVar(&confirm, "confirm", "", "the campaign's `name`, typed again")
		cmd.Example = "  outreach " + string(v) + " resilience --confirm resilience"
	}
	if v == ledger.Start {
		cmd.Flags().DurationVar(&undo, "undo", 0, "start only after this `time`, in which outreach undo takes it back; for example 10m")
	}
	if v == ledger.Pause || v == ledger.Cancel {
		cmd.Flags().StringVar(&reason, "reason", "", "why, for those who come after you")
	}
	return cmd
}

// confirm wants the campaign's name typed again: with --confirm, or at a terminal.
func (a *app) confirm(v ledger.Verb, c ledger.Campaign, given string) error {
	what := fmt.Sprintf("%s sends %d letters", c.Name, c.Donors)
	if v == ledger.Cancel {
		what = fmt.Sprintf("cancelling %s is final", c.Name)
	}
	if given == "" && isTerminal(a.in) {
		fmt.Fprintf(a.errs, "%s. Type its name to go on: ", what)
		line, err := readLine(a.in)
		if err != nil {
			return err
		}
		given = strings.TrimSpace(line)
	}
	if given != c.Name {
		return ledger.Refusal(fmt.Sprintf("%s; type its name: outreach %s %s --confirm %s", what, v, c.Name, c.Name))
	}
	return nil
}

func readLine(r io.Reader) (string, error) {
	var line []byte
	b := make([]byte, 1)
	for len(line) < 1000 {
		n, err := r.Read(b)
		if n == 1 && b[0] == '\n' || err == io.EOF {
			return string(line), nil
		}
		if err != nil {
			return "", err
		}
		line = append(line, b[:n]...)
	}
	return string(line), nil
}
