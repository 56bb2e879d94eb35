package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"outreach.example/ledger"
)

func (a *app) caseCommand() *cobra.Command {
	var in string
	var quotes bool
	cmd := &cobra.Command{
		Use: "case DONOR", Short: "Show everything about one donor: letters, answers, what comes next and why",
		Example: "  outreach case KEN\n  outreach case KEN --campaign resilience --json\n  outreach case KEN --quotes",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usagef("which donor? for example: outreach case KEN")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withLedger(cmd, func(ctx context.Context, l *ledger.Ledger) error {
				f, err := a.find(ctx, l, in, args[0])
				if err != nil {
					return err
				}
				file, err := a.caseFile(ctx, l, f)
				if err != nil {
					return err
				}
				if a.json {
					return a.print(file)
				}
				a.printCase(file, quotes)
				a.caseNext(file)
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&in, "campaign", "", "which campaign, where there are several")
	cmd.Flags().BoolVar(&quotes, "quotes", false, "show also what the mails quote")
	return cmd
}

// printCase shows a case on one screen: how it stands and what comes next first, then what happened, then the letters.
func (a *app) printCase(f caseFile, quotes bool) {
	fmt.Fprintf(a.out, "%s  %s, campaign %s, language %s\n", f.Donor, f.Name, f.Campaign, f.Language)
	fmt.Fprintf(a.out, "case: %s\n", f.Case)
	if f.Next != "" {
		fmt.Fprintf(a.out, "next: %s\n", f.Next)
	}
	a.section("tasks", len(f.Tasks))
	for _, t := range f.Tasks {
		a.printTask("  ", t)
	}
	a.section("holds", len(f.Holds))
	for _, h := range f.Holds {
		a.printHold("  ", h)
	}
	a.section("entries", len(f.Entries))
	for _, e := range f.Entries {
		a.printEntry(e, quotes)
	}
	fmt.Fprintln(a.out, "contacts:")
	for _, ct := range f.Contacts {
		suppressed := ""
		if ct.Suppressed != nil {
			suppressed = fmt.Sprintf("  suppressed since %s: %s%s", ct.Suppressed.At.Local().Format("2 January 2006"), ct.Suppressed.Source, because(ct.Suppressed.Reason))
		}
		fmt.Fprintf(a.out, "  %s  %s%s\n", ct.Role, strings.TrimSpace(ct.Name+" <"+ct.Email+">"), suppressed)
	}
	fmt.Fprintln(a.out, "ask:")
	for _, line := range f.Ask {
		fmt.Fprintln(a.out, "  "+line)
	}
	fmt.Fprintln(a.out, "letters:")
	before := ""
	for _, c := range f.Letters {
		fmt.Fprintf(a.out, "  %s  %s", c.Letter, c.State)
		if c.Since != nil {
			verb := " since "
			if c.State == "planned" {
				verb = ", due "
			}
			fmt.Fprint(a.out, verb+f.times(*c.Since))
		}
		if c.Words != "" {
			fmt.Fprintf(a.out, " (%s)", c.Words)
		}
		if c.Why != "" && c.Why == before {
			fmt.Fprint(a.out, "; for the same reason")
		} else if c.Why != "" {
			fmt.Fprintf(a.out, "; %s", c.Why)
		}
		before = c.Why
		fmt.Fprintln(a.out)
		a.printEvidence(c)
	}
}

func (a *app) section(name string, n int) {
	if n > 0 {
		fmt.Fprintln(a.out, name+":")
	}
}

func (a *app) printEntry(e caseEntry, quotes bool) {
	gone := ""
	if !e.Counts {
		gone = "  (no longer counts)"
	}
	of := amountOf(e.Entry)
	if e.Visible {
		of += ", may be named in public"
	}
	if e.Until != "" {
		of += " until " + e.Until
	}
	if e.Address != "" {
		of += " of " + e.Address
	}
	if e.Instead > 0 {
		of += fmt.Sprintf(" instead of %d", e.Instead)
	}
	fmt.Fprintf(a.out, "  %d  %s  %s%s by %s%s%s\n", e.Number, e.Date, e.Kind, of, e.By, because(e.Note), gone)
	if e.Text == nil {
		return
	}
	fmt.Fprintf(a.out, "       from %s: %s\n", e.Text.From, e.Text.Subject)
	for _, line := range folded(e.Text.Text, quotes) {
		fmt.Fprintln(a.out, strings.TrimRight("       | "+line, " "))
	}
	if e.Text.Cut {
		fmt.Fprintln(a.out, "       | (there is more; the mailbox has the whole mail)")
	}
}

func (a *app) caseNext(f caseFile) {
	if slices.ContainsFunc(f.Tasks, func(t todo) bool { return t.Open }) {
		a.next("outreach tasks take TASK, or outreach tasks done TASK --note HOW")
		return
	}
	a.next("outreach record reply|pledge|decline|meeting|capital|note %s", f.Donor)
}

func amountOf(e ledger.Entry) string {
	if e.Amount == "" {
		return ""
	}
	return " of " + e.Currency + " " + e.Amount
}

// geneva is where the house works.
var geneva = func() *time.Location {
	zone, err := time.LoadLocation("Europe/Zurich")
	if err != nil {
		return time.UTC // the zones are in the program; a test would say
	}
	return zone
}()

// times shows a moment by the clocks of the place where the letter is read, and beside it by those of Geneva where they show
// another time.
func (f caseFile) times(t time.Time) string {
	local := t.In(f.zone)
	s := local.Format("2 January 2006 15:04 MST")
	if here := t.In(geneva); here.Format("2006-01-02 15:04") != local.Format("2006-01-02 15:04") {
		form := "15:04 MST"
		if here.Day() != local.Day() {
			form = "2 January 15:04 MST"
		}
		s += " (" + here.Format(form) + " in Geneva)"
	}
	return s
}
