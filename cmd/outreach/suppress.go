package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"outreach.example/donor"
	"outreach.example/ledger"
)

var sources = []ledger.Source{ledger.ByHand, ledger.ByBounce, ledger.ByOptOut, ledger.ByComplaint}

func (a *app) suppressCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "suppress", Short: "The list of addresses that are never written to again, in any campaign",
		Example: "  outreach suppress add old.attache@ken.mission.example --reason 'asked by the mission on 24 November'\n  outreach suppress list",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 && strings.Contains(args[0], "@") {
				return usagef("type: outreach suppress add %s --reason WHY", args[0])
			}
			return a.none(cmd, args)
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.FParseErrWhitelist.UnknownFlags = true // what was typed before there was a list is answered with what to type now
	cmd.AddCommand(a.suppressAddCommand(), a.suppressListCommand(), a.suppressExportCommand(), a.suppressRemoveCommand(), a.suppressEraseCommand())
	return cmd
}

// onAddress makes a command about one address.
func (a *app) onAddress(verb, short, example string, do func(ctx context.Context, l *ledger.Ledger, who, address string) error) *cobra.Command {
	return &cobra.Command{
		Use: verb + " ADDRESS", Short: short, Example: example,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usagef("which address? for example: %s", strings.TrimSpace(strings.Split(example, "\n")[0]))
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
			return a.withLedger(cmd, func(ctx context.Context, l *ledger.Ledger) error { return do(ctx, l, who, address) })
		},
	}
}

// checkReason wants a line without an address in it: the audit stream keeps it for ever.
func checkReason(reason string) error {
	switch {
	case reason == "" || strings.ContainsFunc(reason, isControl):
		return usagef("why? add --reason 'one line for those who come after you'")
	case strings.Contains(reason, "@"):
		return usagef("--reason: leave the address away: the reason is kept for ever, and an address can be erased")
	}
	return nil
}

func (a *app) suppressAddCommand() *cobra.Command {
	var reason, source string
	cmd := a.onAddress("add", "Never write to an address again", "  outreach suppress add old.attache@ken.mission.example --reason 'asked by the mission on 24 November'",
		func(ctx context.Context, l *ledger.Ledger, who, address string) error {
			if err := checkReason(reason); err != nil {
				return err
			}
			if !slices.Contains(sources, ledger.Source(source)) {
				return usagef("--source %q is not known (there are: hand, bounce, opt-out, complaint)", source)
			}
			again, err := l.Suppress(ctx, who, address, ledger.Source(source), reason)
			if err != nil {
				return err
			}
			if again {
				fmt.Fprintln(a.out, "that address is suppressed already")
			} else {
				fmt.Fprintln(a.out, "suppressed: letters whose first contact it is are withheld, as a copy it is left out")
			}
			a.next("outreach suppress list")
			return nil
		})
	cmd.Flags().StringVar(&reason, "reason", "", "why")
	cmd.Flags().StringVar(&source, "source", "hand", "how it came about: hand, bounce, opt-out or complaint")
	return cmd
}

func (a *app) suppressListCommand() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "Show the addresses with reason, source and date, the newest first", Args: a.none,
		Example: "  outreach suppress list\n  outreach suppress list --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withLedger(cmd, func(ctx context.Context, l *ledger.Ledger) error {
				list, err := l.Suppressions(ctx)
				if err != nil {
					return err
				}
				if a.json {
					return a.print(map[string]any{"suppressed": list})
				}
				for _, s := range list {
					fmt.Fprintf(a.out, "%s  %s  %s by %s%s\n", s.At.Local().Format("2 January 2006"), listedAs(s), s.Source, s.By, because(s.Reason))
				}
				if len(list) == 0 {
					fmt.Fprintln(a.out, "no address is suppressed")
				}
				a.next("outreach suppress add ADDRESS --reason WHY")
				return nil
			})
		},
	}
}

// listedAs is an address of the list, or what is left of it.
func listedAs(s ledger.Suppression) string {
	return cmp.Or(s.Address, fmt.Sprintf("(only its hash is kept: %.12s)", s.Hash))
}

func (a *app) suppressExportCommand() *cobra.Command {
	return &cobra.Command{
		Use: "export", Short: "Write the list as CSV, for a spreadsheet or another program", Args: a.none,
		Example: "  outreach suppress export > suppressed.csv",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withLedger(cmd, func(ctx context.Context, l *ledger.Ledger) error {
				list, err := l.Suppressions(ctx)
				if err != nil {
					return err
				}
				rows := [][]string{{"address", "hash", "source", "reason", "date", "by"}}
				for _, s := range list {
					rows = append(rows, []string{s.Address, s.Hash, string(s.Source), s.Reason, s.At.UTC().Format(time.RFC3339), s.By})
				}
				return a.csv(rows)
			})
		},
	}
}

func (a *app) suppressRemoveCommand() *cobra.Command {
	var reason, confirm string
	cmd := a.onAddress("remove", "Take an address off the list again", "  outreach suppress remove attache@ken.mission.example --reason 'the mailbox was full, it is not any more'",
		func(ctx context.Context, l *ledger.Ledger, who, address string) error {
			if err := checkReason(reason); err != nil {
				return err
			}
			if confirm != "" && !strings.EqualFold(confirm, address) {
				return usagef("--confirm: type the address once more, exactly")
			}
			if err := l.Unsuppress(ctx, who, address, reason, confirm != ""); err != nil {
				return err
			}
			fmt.Fprintln(a.out, "no longer suppressed; a letter that was withheld for it leaves once an edition is planned and approved anew")
			a.next("outreach suppress list")
			return nil
		})
	cmd.Flags().StringVar(&reason, "reason", "", "why")
	cmd.Flags().StringVar(&confirm, "confirm", "", "the `address` once more, where its reader had asked to be on the list")
	return cmd
}

func (a *app) suppressEraseCommand() *cobra.Command {
	return a.onAddress("erase", "Forget an address, and go on not writing to it", "  outreach suppress erase giver@private.example --as bea",
		func(ctx context.Context, l *ledger.Ledger, who, address string) error {
			again, err := l.Erase(ctx, who, address)
			if err != nil {
				return err
			}
			if again {
				fmt.Fprintln(a.out, "that address is erased already, and stays suppressed")
			} else {
				fmt.Fprintln(a.out, "erased from the list: only a salted hash is kept, so it stays suppressed")
			}
			fmt.Fprintln(a.out, "your contacts file, editions planned with it, the cases of its donor and backups made before still hold it")
			return nil
		})
}
