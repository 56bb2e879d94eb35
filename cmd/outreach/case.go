package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"outreach.example/ledger"
	"outreach.example/letter"
)

func (a *app) caseCommand() *cobra.Command {
	var in string
	cmd := &cobra.Command{
		Use: "case DONOR", Short: "Show everything about one donor: letters, answers, what comes next and why",
		Example: "  outreach case KEN\n  outreach case KEN --campaign resilience --json",
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
				return a.printCase(ctx, l, f)
			})
		},
	}
	cmd.Flags().StringVar(&in, "campaign", "", "which campaign, where there are several")
	return cmd
}

// caseFile is a case as --json prints it.
type caseFile struct {
	Campaign string         `json:"campaign"`
	Donor    string         `json:"donor"`
	Name     string         `json:"name"`
	Language string         `json:"language"`
	Case     string         `json:"case"`
	Entries  []ledger.Entry `json:"entries"`
	Ask      []string       `json:"ask"`
	Letters  []caseLetter   `json:"letters"`
}

type caseLetter struct {
	Letter   string     `json:"letter"`
	State    string     `json:"state"`
	Since    *time.Time `json:"since,omitempty"`
	Date     *time.Time `json:"date,omitempty"`
	Attempts int        `json:"attempts"`
	Words    string     `json:"words,omitempty"`
	Why      string     `json:"why,omitempty"` // why it has not left

	Generation int        `json:"generation,omitempty"`
	Copies     int        `json:"copies,omitempty"`        // registry copies that were read
	CopySince  *time.Time `json:"copy_since,omitempty"`    // when the first of them was
	Twice      bool       `json:"relayed_twice,omitempty"` // more of them than were sent on purpose
	Doubt      *doubt     `json:"doubt,omitempty"`
	Decided    *decided   `json:"resolved,omitempty"` // the last decision on its doubt
}

func (a *app) printCase(ctx context.Context, l *ledger.Ledger, f found) error {
	cs, err := l.Case(ctx, f.campaign.Name, f.id)
	if err != nil {
		return err
	}
	holds, err := l.Holds(ctx)
	if err != nil {
		return err
	}
	now, err := l.Now(ctx)
	if err != nil {
		return err
	}
	r := f.record
	out := caseFile{
		Campaign: f.campaign.Name, Donor: f.id, Name: r.Donor.Name["en"], Language: r.Donor.Language, Case: cs.Word(),
		Entries: cs.Entries, Ask: r.Ask.Lines,
	}
	var before *ledger.Letter
	for _, step := range f.campaign.Steps {
		id := letter.ID{Campaign: f.campaign.Name, Donor: f.id, Step: step}
		got, ok, err := l.Letter(ctx, letter.Block{Campaign: id.Campaign, Step: step, Name: f.block}, f.id)
		if err != nil {
			return err
		}
		line := caseLetter{Letter: id.String(), State: "not planned yet"}
		if ok {
			line.State, line.Attempts, line.Words = word(got.State), got.Attempts, got.Words
			line.Since = &got.Since
			if !got.Date.IsZero() {
				line.Date = &got.Date
			}
			line.Why = ledger.Why(got, f.campaign, cs, holds, r.Donor.Group, r.Donor.Region, now)
			if kept, err := a.stands(ctx, l, f.campaign, &r, got); err != nil {
				return err
			} else if kept != "" && !cs.Stopped && f.campaign.Status != "cancelled" {
				line.Why = kept
			}
			if err := a.addEvidence(ctx, l, &line, got, f.campaign); err != nil {
				return err
			}
			before = &got
		} else if r.Hash[step] == "" {
			line.State, line.Why = "none", "its variant "+r.Variant+" asks for nothing, so no letter follows the first"
		} else if before != nil && before.State != letter.Sent {
			line.Why = "the step before it is " + word(before.State)
		} else if cs.Stopped {
			line.Why = "the case is " + cs.Word()
		}
		out.Letters = append(out.Letters, line)
	}
	if a.json {
		return a.print(out)
	}
	fmt.Fprintf(a.out, "%s  %s, campaign %s, language %s\n", out.Donor, out.Name, out.Campaign, out.Language)
	fmt.Fprintf(a.out, "case: %s\n", out.Case)
	for _, e := range out.Entries {
		fmt.Fprintf(a.out, "  %s  %s%s by %s%s\n", e.Date, e.Kind, amountOf(e), e.By, because(e.Note))
	}
	fmt.Fprintln(a.out, "contacts:")
	for i, ct := range r.Donor.Contacts {
		role := "cc"
		if i == 0 {
			role = "to"
		}
		fmt.Fprintf(a.out, "  %s  %s\n", role, strings.TrimSpace(ct.Name+" <"+ct.Email+">"))
	}
	fmt.Fprintln(a.out, "ask:")
	for _, line := range out.Ask {
		fmt.Fprintln(a.out, "  "+line)
	}
	fmt.Fprintln(a.out, "letters:")
	for _, c := range out.Letters {
		fmt.Fprintf(a.out, "  %s  %s", c.Letter, c.State)
		if c.Since != nil {
			verb := " since "
			if c.State == "planned" {
				verb = ", due "
			}
			fmt.Fprint(a.out, verb+c.Since.Local().Format("2 January 2006 15:04 MST"))
		}
		if c.Words != "" {
			fmt.Fprintf(a.out, " (%s)", c.Words)
		}
		if c.Why != "" {
			fmt.Fprintf(a.out, "; %s", c.Why)
		}
		fmt.Fprintln(a.out)
		a.printEvidence(c)
	}
	return nil
}

func amountOf(e ledger.Entry) string {
	if e.Amount == "" {
		return ""
	}
	return " of " + e.Currency + " " + e.Amount
}
