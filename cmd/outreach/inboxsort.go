package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"outreach.example/donor"
	"outreach.example/ledger"
)

// sortedAs are the kinds that a person may sort a mail as, with what its case is told.
var sortedAs = []string{"reply", "decline", "meeting", "opt-out", "complaint", "auto-reply", "capital", "note"}

func (a *app) inboxSortCommand() *cobra.Command {
	var of, until, note string
	cmd := &cobra.Command{
		Use: "sort MAIL as KIND", Short: "Decide what a mail is that the inbox could not sort, or sorted wrongly",
		Long: `Decide what a mail is, and whose. Its entry in the case is replaced: a reply that was none gives back the letters that it
had stopped, and an unclear mail no longer pauses. Kinds: ` + strings.Join(sortedAs, ", ") + `.
A pledge has an amount: record it with outreach record pledge.`,
		Example: "  outreach inbox sort 4f1c as reply --donor KEN --as bea\n  outreach inbox sort 4f1c as auto-reply --until 2027-01-11 --as bea\n  outreach inbox sort 4f1c as note --donor KEN --note 'a newsletter' --as bea",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 3 || args[1] != "as" {
				return usagef("type: outreach inbox sort MAIL as KIND --donor DONOR, for example: outreach inbox sort 4f1c as reply --donor KEN")
			}
			if !slices.Contains(sortedAs, args[2]) {
				return usagef("%q is not known (there are: %s)", args[2], strings.Join(sortedAs, ", "))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			who, err := a.person()
			if err != nil {
				return err
			}
			if until != "" {
				if d, err := donor.ParseDate(until); err != nil {
					return ledger.Refusal("--until: " + err.Error())
				} else if !donor.DateOf(a.now()).Before(d) {
					return ledger.Refusal("--until " + until + " is over; name a day to come")
				}
			}
			if args[2] == "capital" && until == "" {
				return usagef("sort as capital needs --until YYYY-MM-DD: the day on which letters may go on")
			}
			if strings.ContainsFunc(note, isControl) {
				return ledger.Refusal("--note: has a control character; write it on one line")
			}
			return a.withLedger(cmd, func(ctx context.Context, l *ledger.Ledger) error {
				return a.sortMail(ctx, l, args[0], args[2], of, ledger.Entry{Kind: args[2], Until: until, Note: note, By: who, At: a.now()})
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&of, "donor", "", "whose mail it is")
	f.StringVar(&until, "until", "", "of auto-reply and capital: the day from which letters may leave again, YYYY-MM-DD")
	f.StringVar(&note, "note", "", "a line for the case")
	return cmd
}

// sortMail replaces what the mail did by what a person says it is. In a case of another donor its entry becomes a note.
func (a *app) sortMail(ctx context.Context, l *ledger.Ledger, id, kind, of string, e ledger.Entry) error {
	s, err := mailNamed(ctx, l, id)
	if err != nil {
		return err
	}
	if of = firstOf(of, s.Donor); of == "" {
		return usagef("whose mail is it? add --donor DONOR, for example --donor KEN")
	}
	e.Date, e.Address, e.Note = donor.DateOf(a.now()).String(), s.From, firstOf(e.Note, s.Subject)
	if !s.Date.IsZero() && !s.Date.After(a.now()) {
		e.Date = donor.DateOf(s.Date).String()
	}
	names, err := l.Campaigns(ctx)
	if err != nil {
		return err
	}
	cases := 0
	for _, name := range names {
		c, err := l.Campaign(ctx, name)
		if err != nil {
			return err
		}
		places, err := l.Places(ctx, c)
		if err != nil {
			return err
		}
		// Whose it is now, and whose it was taken for: a mail with several donors is in all their cases.
		for _, d := range a.concerned(ctx, l, name, of, s) {
			block, err := places.Block(ctx, d)
			if err != nil {
				return err
			}
			if block == "" {
				continue
			}
			its := e
			if d != of {
				its.Kind, its.Until, its.Note = "note", "", "the mail is "+of+"'s"
			}
			did, err := replace(ctx, l, c, d, block, s.ID, its)
			if err != nil {
				return err
			}
			if d == of {
				cases++
			}
			fmt.Fprintf(a.out, "%s in %s: %s\n", d, name, did)
		}
	}
	if cases == 0 {
		return ledger.Refusal(fmt.Sprintf("no campaign writes to %q; type: outreach case %s", of, of))
	}
	if err := l.Decide(ctx, s.ID, kind, of, e.By); err != nil {
		return err
	}
	a.next("outreach case %s", of)
	return nil
}

// concerned are the donors in whose cases a mail stands, the one it is now said to be of among them.
func (a *app) concerned(ctx context.Context, l *ledger.Ledger, campaign, of string, s ledger.Sorted) []string {
	out := []string{of}
	for _, d := range append(slices.Clone(s.Donors), s.Donor) {
		if d == "" || slices.Contains(out, d) {
			continue
		}
		if c, err := l.Case(ctx, campaign, d); err == nil && entryOf(c, s.ID) > 0 {
			out = append(out, d)
		}
	}
	return out
}

// entryOf is the number of the last entry that a mail made in a case and that counts, 0 for none.
func entryOf(c ledger.Case, mail string) int {
	for i, e := range slices.Backward(c.Entries) {
		if e.Counts && (e.Mail == mail || strings.HasPrefix(e.Mail, mail+"#")) {
			return i + 1
		}
	}
	return 0
}

// replace writes what a person decided in place of what the mail did.
func replace(ctx context.Context, l *ledger.Ledger, c ledger.Campaign, d, block, mail string, e ledger.Entry) (string, error) {
	cs, err := l.Case(ctx, c.Name, d)
	if err != nil {
		return "", err
	}
	e.Instead = entryOf(cs, mail)
	e.Mail = fmt.Sprintf("%s#%d", mail, len(cs.Entries)+1)
	if e.Until != "" {
		opens, err := l.Opening(ctx, c, block, d, e.Until)
		if err != nil {
			return "", err
		}
		e.Opens = opens.UnixMilli()
	}
	record := l.Record
	if e.Instead > 0 {
		record = l.Replan
	}
	got, err := record(ctx, c.Name, d, block, c.Steps, e)
	if err != nil {
		return "", err
	}
	did := "recorded as " + e.Kind
	if got.Cancelled > 0 {
		did += fmt.Sprintf("; letters cancelled: %d", got.Cancelled)
	}
	if got.Planned > 0 {
		did += fmt.Sprintf("; letters planned again: %d", got.Planned)
	}
	for _, step := range got.Past {
		did += "; " + step + " is past the commit point and may still be on its way"
	}
	return did, nil
}
