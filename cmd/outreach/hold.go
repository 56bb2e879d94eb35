package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"outreach.example/donor"
	"outreach.example/ledger"
)

// scope reads what a hold is about: a donor, or with flags a group, a region or everything.
func (a *app) scope(cmd *cobra.Command, args []string) (string, error) {
	group, _ := cmd.Flags().GetString("group")
	region, _ := cmd.Flags().GetString("region")
	all, _ := cmd.Flags().GetBool("all")
	var scopes []string
	for _, d := range args {
		scopes = append(scopes, "donor:"+d)
	}
	if group != "" {
		g, err := donor.Registry().Group(group)
		if err != nil {
			return "", usageError{err}
		}
		scopes = append(scopes, "group:"+g)
	}
	if region != "" {
		r, err := donor.Registry().Region(region)
		if err != nil {
			return "", usageError{err}
		}
		scopes = append(scopes, "region:"+r)
	}
	if all {
		scopes = append(scopes, "all")
	}
	if len(scopes) != 1 {
		return "", usagef("hold what? one of: a donor (KEN), --group NAME, --region NAME, --all")
	}
	return scopes[0], nil
}

func scopeFlags(cmd *cobra.Command) {
	cmd.Flags().String("group", "", "a United Nations regional group")
	cmd.Flags().String("region", "", "a region (Africa, Americas, Asia, Europe, Oceania)")
	cmd.Flags().Bool("all", false, "everything")
}

func (a *app) holdCommand() *cobra.Command {
	var reason, until string
	cmd := &cobra.Command{
		Use: "hold [DONOR]", Short: "Keep letters to a donor, group, region or to all, in every campaign, until released",
		Example: "  outreach hold KEN --reason 'visit of the Director General'\n  outreach hold --group 'African Group' --reason summit --until 2026-12-05",
		RunE: func(cmd *cobra.Command, args []string) error {
			who, err := a.person()
			if err != nil {
				return err
			}
			scope, err := a.scope(cmd, args)
			if err != nil {
				return err
			}
			if reason == "" || strings.ContainsFunc(reason, isControl) {
				return usagef("why? add --reason 'one line for those who come after you'")
			}
			var end time.Time
			if until != "" {
				d, err := donor.ParseDate(until)
				if err != nil {
					return usagef("--until: %v", err)
				}
				if end = d.AddDays(1).In(time.UTC); !end.After(a.now()) {
					return usagef("--until %s has passed", until)
				}
			}
			return a.withLedger(cmd, func(ctx context.Context, l *ledger.Ledger) error {
				if id, ok := strings.CutPrefix(scope, "donor:"); ok {
					if scope, err = a.known(ctx, l, id); err != nil {
						return err
					}
				}
				again, err := l.Hold(ctx, who, scope, end, reason)
				if err != nil {
					return err
				}
				word := "held"
				if again {
					word = "held already"
				}
				fmt.Fprintf(a.out, "%s: %s\n", scope, word)
				a.next("outreach release %s", ledger.Typed(scope))
				return nil
			})
		},
	}
	scopeFlags(cmd)
	cmd.Flags().StringVar(&reason, "reason", "", "why")
	cmd.Flags().StringVar(&until, "until", "", "last `day` of the hold, YYYY-MM-DD; no end unless set")
	return cmd
}

// heldScope is a hold as --json prints it.
type heldScope struct {
	Scope  string     `json:"scope"`
	Until  *time.Time `json:"until,omitempty"`
	At     time.Time  `json:"at"`
	By     string     `json:"by"`
	Reason string     `json:"reason"`
	Type   string     `json:"release"` // the command that ends it
}

func (a *app) holdsCommand() *cobra.Command {
	return &cobra.Command{
		Use: "holds", Short: "Show every hold with its reason, author and end", Args: a.none,
		Example: "  outreach holds\n  outreach holds --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withLedger(cmd, func(ctx context.Context, l *ledger.Ledger) error {
				holds, err := l.Holds(ctx)
				if err != nil {
					return err
				}
				now, err := l.Now(ctx)
				if err != nil {
					return err
				}
				list := heldScopes(holds, now)
				if a.json {
					return a.print(map[string]any{"holds": list})
				}
				for _, h := range list {
					a.printHold("", h)
				}
				if len(list) == 0 {
					fmt.Fprintln(a.out, "nothing is held")
					a.next("outreach hold DONOR --reason WHY --until YYYY-MM-DD")
				}
				return nil
			})
		},
	}
}

// heldScopes are the holds that keep letters now, in order.
func heldScopes(holds map[string]ledger.Hold, now time.Time) []heldScope {
	list := []heldScope{}
	for _, h := range sortedHolds(holds) {
		if h.Ends(now) {
			continue
		}
		held := heldScope{Scope: h.Scope, At: h.At, By: h.By, Reason: h.Reason, Type: "outreach release " + ledger.Typed(h.Scope)}
		if !h.Until.IsZero() {
			held.Until = &h.Until
		}
		list = append(list, held)
	}
	return list
}

func (a *app) printHold(indent string, h heldScope) {
	until := "without end"
	if h.Until != nil {
		until = "until " + h.Until.Local().Format("2 January 2006 15:04 MST")
	}
	fmt.Fprintf(a.out, "%s%s  %s, by %s since %s%s; release it: %s\n", indent, h.Scope, until, h.By, h.At.Local().Format("2 January 2006"), because(h.Reason), h.Type)
}

// known makes sure that a hold names a donor there is, so that a slip of the pen is not a hold on nobody.
func (a *app) known(ctx context.Context, l *ledger.Ledger, id string) (string, error) {
	if upper := strings.ToUpper(id); len(id) == 3 {
		if _, ok := donor.Registry().State(upper); ok {
			return "donor:" + upper, nil
		}
	}
	d, err := a.find(ctx, l, "", id)
	return "donor:" + d.id, err
}
