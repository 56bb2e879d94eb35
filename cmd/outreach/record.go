package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"outreach.example/donor"
	"outreach.example/ledger"
)

// recorded are the kinds of entries that a person writes down; the others come from mail.
var recorded = []string{"reply", "pledge", "received", "decline", "meeting", "note", "capital", "auto-reply", "opt-out", "reopen"}

// recordFlags is an entry as it is typed.
type recordFlags struct {
	in, note, reason, amount, currency, date, until, instead string
	visible, everywhere, planAgain                           bool
}

func (a *app) recordCommand() *cobra.Command {
	var in recordFlags
	all := strings.Join(recorded, "|")
	cmd := &cobra.Command{
		Use: "record " + all + " DONOR", Short: "Write down what a donor answered; an answer stops everything further to it",
		Example: "  outreach record reply KEN --note 'thanks us, will write again'\n  outreach record pledge NOR --amount 2500000 --currency USD --date 2026-12-01 --visible\n" +
			"  outreach record capital PER --until 2027-01-14 --note 'the counsellor, by telephone'\n  outreach record note KEN --instead --note 'an automatic answer in Swahili'\n" +
			"  outreach record reopen KEN --reason 'that was another mission'",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 2 {
				return usagef("type: outreach record %s DONOR, for example: outreach record reply KEN", all)
			}
			if !slices.Contains(recorded, args[0]) {
				return usagef("record %q is not known (there are: %s)", args[0], strings.Join(recorded, ", "))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			who, err := a.person()
			if err != nil {
				return err
			}
			e := ledger.Entry{Kind: args[0], Note: in.note, Date: in.date, Until: in.until, Visible: in.visible, By: who, At: a.now()}
			if err := a.checkEntry(&e, in); err != nil {
				return err
			}
			return a.withLedger(cmd, func(ctx context.Context, l *ledger.Ledger) error {
				d, err := a.find(ctx, l, in.in, args[1])
				if err != nil {
					return err
				}
				return a.record(ctx, l, d, e, in)
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&in.in, "campaign", "", "which campaign, where there are several")
	f.StringVar(&in.note, "note", "", "a line for the case")
	f.StringVar(&in.reason, "reason", "", "why a case is reopened")
	f.StringVar(&in.amount, "amount", "", "of a pledge, for example 2500000 or 1200.50")
	f.StringVar(&in.currency, "currency", "", "of a pledge, ISO 4217, for example USD; a pledge keeps its currency")
	f.StringVar(&in.date, "date", "", "the day it came, YYYY-MM-DD; today unless set")
	f.StringVar(&in.until, "until", "", "the `day` from which letters may leave again, YYYY-MM-DD, of capital and auto-reply")
	f.BoolVar(&in.visible, "visible", false, "a pledge may be named in public")
	f.StringVar(&in.instead, "instead", "", "it replaces entry `N` of the case; the one that stops or keeps the letters unless a number is given")
	f.Lookup("instead").NoOptDefVal = "last"
	f.BoolVar(&in.planAgain, "plan-again", false, "with --instead, or of reopen: letters that the answer had cancelled are planned again")
	f.BoolVar(&in.everywhere, "everywhere", false, "in every campaign that writes to the donor, as an opt-out always is")
	return cmd
}

func (a *app) record(ctx context.Context, l *ledger.Ledger, d found, e ledger.Entry, in recordFlags) error {
	if in.everywhere || e.Kind == "opt-out" {
		if in.instead == "" {
			all, err := l.Everywhere(ctx, d.id, e)
			for _, got := range all {
				a.printRecorded(d.id, e, got, true)
			}
			if err == nil {
				a.recordNext(d, e)
			}
			return err
		}
	}
	if err := a.instead(ctx, l, d, &e, in); err != nil {
		return err
	}
	if e.Until != "" {
		opens, err := l.Opening(ctx, d.campaign, d.block, d.id, e.Until)
		if err != nil {
			return err
		}
		e.Opens = opens.UnixMilli()
	}
	do := l.Record
	again, err := a.goesOn(ctx, l, d, e)
	if err != nil {
		return err
	}
	if in.planAgain || again {
		do = l.Replan
	}
	got, err := do(ctx, d.campaign.Name, d.id, d.block, d.campaign.Steps, e)
	if err != nil {
		return err
	}
	a.printRecorded(d.id, e, got, false)
	a.recordNext(d, e)
	return nil
}

// instead finds the number of the entry that this one replaces.
func (a *app) instead(ctx context.Context, l *ledger.Ledger, d found, e *ledger.Entry, in recordFlags) error {
	if in.instead == "" {
		return nil
	}
	if in.instead != "last" {
		n, err := strconv.Atoi(in.instead)
		if err != nil || n < 1 {
			return usagef("--instead=%s: give the number of an entry, as outreach case %s shows it", in.instead, d.id)
		}
		e.Instead = n
		return nil
	}
	cs, err := l.Case(ctx, d.campaign.Name, d.id)
	if err != nil {
		return err
	}
	if e.Instead = cs.Deciding(); e.Instead == 0 {
		return ledger.Refusal(fmt.Sprintf("the case of %s is open: there is no entry to replace; leave --instead away, or give its number", d.id))
	}
	// Typed twice, it is the same entry, and replaces nothing of its own.
	if was := cs.Entries[e.Instead-1]; was.Instead > 0 && was.Kind == e.Kind && was.Note == e.Note && was.Date == e.Date && was.Until == e.Until {
		e.Instead = was.Instead
	}
	return nil
}

// goesOn says whether an entry names the day for what was taken for an answer: the letters that it had cancelled go on then.
func (a *app) goesOn(ctx context.Context, l *ledger.Ledger, d found, e ledger.Entry) (bool, error) {
	if e.Instead == 0 || e.Until == "" {
		return false, nil
	}
	cs, err := l.Case(ctx, d.campaign.Name, d.id)
	if err != nil || e.Instead > len(cs.Entries) {
		return false, err
	}
	kind, ok := ledger.KindOf(cs.Entries[e.Instead-1].Kind)
	return ok && kind.Does == ledger.Stops, nil
}

func (a *app) printRecorded(donor string, e ledger.Entry, got ledger.Recorded, named bool) {
	of := donor
	if named {
		of = got.Campaign + "/" + donor
	}
	if got.Again {
		fmt.Fprintf(a.out, "%s: this %s is recorded already\n", of, e.Kind)
		return
	}
	fmt.Fprintf(a.out, "%s: %s recorded; letters cancelled: %d\n", of, e.Kind, got.Cancelled)
	kind, _ := ledger.KindOf(e.Kind)
	switch {
	case got.Planned > 0:
		fmt.Fprintf(a.out, "%s: letters planned again: %d\n", of, got.Planned)
	case kind.Does == ledger.Reopens:
		fmt.Fprintf(a.out, "%s: the case is open; what was cancelled stays cancelled, and nothing of it leaves by itself\n", of)
	case e.Instead > 0 && !got.Stopped:
		fmt.Fprintf(a.out, "%s: what an answer had cancelled stays cancelled, and nothing of it leaves by itself\n", of)
	}
	switch {
	case !got.Until.IsZero():
		fmt.Fprintf(a.out, "%s: nothing leaves before %s\n", of, got.Until.Local().Format("Monday 2 January 2006 15:04 MST"))
	case got.Stopped && kind.Does != ledger.Stops:
		fmt.Fprintf(a.out, "%s: the case stays stopped by what was answered before; to replace that answer add --instead\n", of)
	case got.Paused:
		fmt.Fprintf(a.out, "%s: the letters go on waiting for a person's decision: outreach tasks\n", of)
	}
	for _, step := range got.Past {
		fmt.Fprintf(a.out, "%s: %s is past the commit point and may still be on its way\n", of, step)
	}
}

func (a *app) recordNext(d found, e ledger.Entry) {
	switch e.Kind {
	case "pledge":
		a.next("outreach preview %s --step thanks --pledge '%s %s' shows the letter of thanks", d.id, e.Currency, e.Amount)
	case "reply":
		a.next("outreach preview %s --step acknowledgement shows a letter that acknowledges it", d.id)
	case "opt-out":
		a.next("outreach suppress add ADDRESS --source opt-out --reason WHY, for each address that is not to be written to again")
	case "reopen":
		a.next("outreach case %s shows what is cancelled; to plan it again: outreach record reopen %s --reason WHY --plan-again", d.id, d.id)
	default:
		a.next("outreach case %s", d.id)
	}
}

// checkEntry checks what an entry must and must not have, all faults in one sentence each.
func (a *app) checkEntry(e *ledger.Entry, in recordFlags) error {
	today := donor.DateOf(a.now())
	if e.Date == "" {
		e.Date = today.String()
	}
	var faults []string
	fault := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	if d, err := donor.ParseDate(e.Date); err != nil {
		fault("--date: %v", err)
	} else if today.Before(d) {
		fault("--date %s lies in the future", e.Date)
	}
	if strings.ContainsFunc(in.note+in.reason, isControl) {
		fault("--note: has a control character; write it on one line")
	}
	reopens := e.Kind == "reopen"
	switch {
	case reopens && in.reason == "" && in.note == "":
		fault("why? add --reason 'one line for those who come after you'")
	case reopens && in.reason != "":
		e.Note = in.reason
	case in.reason != "":
		fault("--reason belongs to reopen; write --note")
	}
	if e.Kind == "note" && in.note == "" {
		fault("a note needs words: add --note 'one line'")
	}
	if in.planAgain && in.instead == "" && !reopens {
		fault("--plan-again goes with --instead, or with reopen")
	}
	if reopens && in.instead != "" {
		fault("--instead replaces one entry, and reopen sets all of them aside; use one of the two")
	}
	if in.everywhere && in.instead != "" {
		fault("--instead names an entry of one campaign's case; leave --everywhere away")
	}
	faults = append(faults, checkUntil(e, today)...)
	faults = append(faults, checkPledge(e, in)...)
	if len(faults) > 0 {
		return ledger.Refusal(strings.Join(faults, "\noutreach: "))
	}
	return nil
}

// farthest is how many days ahead letters may be put off: a slip in the year is no wish.
const farthest = 366

func checkUntil(e *ledger.Entry, today donor.Date) (faults []string) {
	kind, _ := ledger.KindOf(e.Kind)
	switch {
	case e.Until == "" && e.Kind == "capital":
		return []string{"until when? add --until YYYY-MM-DD, the day from which letters may leave again"}
	case e.Until == "":
		return nil
	case kind.Does != ledger.Moves:
		return []string{"--until belongs to capital and auto-reply"}
	}
	d, err := donor.ParseDate(e.Until)
	switch {
	case err != nil:
		return []string{"--until: " + err.Error()}
	case !today.Before(d):
		return []string{"--until " + e.Until + " has passed or is today; give a later day"}
	case today.AddDays(farthest).Before(d):
		return []string{"--until " + e.Until + " is more than a year away; look at the year"}
	}
	return nil
}

func checkPledge(e *ledger.Entry, in recordFlags) (faults []string) {
	money := map[string]string{"pledge": "a pledge", "received": "a payment that was received"}
	switch {
	case e.Kind != "pledge" && in.visible, money[e.Kind] == "" && (in.amount != "" || in.currency != ""):
		return []string{"--amount and --currency belong to a pledge or to received, --visible to a pledge"}
	case money[e.Kind] == "":
		return nil
	case in.amount == "" || in.currency == "":
		return []string{money[e.Kind] + " needs --amount and --currency, for example --amount 2500000 --currency USD"}
	}
	m, err := donor.ParseMoney(in.amount, in.currency)
	switch {
	case err != nil:
		return []string{"--amount: " + err.Error()}
	}
	e.Amount, e.Currency = m.Decimal(), m.Currency
	return nil
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f || r == '\u2028' || r == '\u2029' }
