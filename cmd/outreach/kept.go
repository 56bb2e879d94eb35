package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"outreach.example/ledger"
	"outreach.example/letter"
)

// printKept names what keeps planned letters.
func (a *app) printKept(ctx context.Context, l *ledger.Ledger, c ledger.Campaign) error {
	now, err := l.Now(ctx)
	if err != nil {
		return err
	}
	holds, err := l.Holds(ctx)
	if err != nil {
		return err
	}
	for _, h := range sortedHolds(holds) {
		if h.Ends(now) {
			continue
		}
		until := ""
		if !h.Until.IsZero() {
			until = " until " + h.Until.Format("2 January 2006 15:04 MST")
		}
		fmt.Fprintf(a.out, "held: %s%s by %s%s\n", h.Scope, until, h.By, because(h.Reason))
	}
	for step, end := range c.Standing {
		if end.Before(now) {
			fmt.Fprintf(a.out, "%s: its standing approval ended on %s; a new edition with a later day lets it go on\n", step,
				end.Format("2 January 2006"))
		}
	}
	if err := a.printStill(ctx, l, c, now); err != nil {
		return err
	}
	next, err := l.NextDue(ctx, c.Name)
	if err != nil || next.IsZero() || c.Status == "cancelled" {
		return err
	}
	if next.After(now) {
		fmt.Fprintf(a.out, "next letter due %s\n", next.Local().Format("Monday 2 January 2006 15:04 MST"))
	}
	return nil
}

// printStill says why nothing leaves of a running campaign with planned letters: its window, its steps that wait for a
// person, and roles that do not run.
func (a *app) printStill(ctx context.Context, l *ledger.Ledger, c ledger.Campaign, now time.Time) error {
	counts, err := l.Counts(ctx, c.Name)
	if err != nil {
		return err
	}
	planned := 0
	for _, step := range c.Steps {
		n := counts[step][letter.Planned]
		planned += n
		if n > 0 && c.Each[step] {
			fmt.Fprintf(a.out, "%s: a person releases each letter (%d planned): outreach release --step %s --as NAME\n", step, n, step)
		}
	}
	if frozen, err := l.Frozen(ctx); err != nil || frozen != "" || c.Status != "running" || planned == 0 {
		return err
	}
	e, err := l.Edition(ctx, c.Edition)
	if err != nil {
		return err
	}
	written, err := e.LoadCampaign()
	if err != nil {
		return err
	}
	if open := written.Usual().Opening(now); !written.ByPlace() && open.After(now) && !c.Open.After(now) {
		fmt.Fprintf(a.out, "the send window is closed until %s\n", open.Format("Monday 2 January 2006 15:04 MST"))
	} else if !c.Open.After(now) {
		fmt.Fprintln(a.out, "no scheduler runs; start one: outreach scheduler (or outreach up)")
	}
	workers, err := l.Working(ctx)
	if err == nil && workers == 0 {
		fmt.Fprintln(a.out, "no worker runs; start one: outreach worker (or outreach up)")
	}
	return err
}

func sortedHolds(m map[string]ledger.Hold) []ledger.Hold {
	var out []ledger.Hold
	for _, h := range m {
		out = append(out, h)
	}
	slices.SortFunc(out, func(x, y ledger.Hold) int { return strings.Compare(x.Scope, y.Scope) })
	return out
}
