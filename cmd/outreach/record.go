package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"outreach.example/donor"
	"outreach.example/ledger"
)

func (a *app) recordCommand() *cobra.Command {
	var in, note, amount, currency, date string
	cmd := &cobra.Command{
		Use: "record reply|pledge|decline DONOR", Short: "Write down an answer; it stops everything further to that donor",
		Example: "  outreach record reply KEN --note 'with capital'\n  outreach record pledge NOR --amount 2500000 --currency USD --date 2026-12-01",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 2 {
				return usagef("type: outreach record reply|pledge|decline DONOR, for example: outreach record reply KEN")
			}
			switch args[0] {
			case "reply", "pledge", "decline":
				return nil
			}
			return usagef("record %q is not known (there are: reply, pledge, decline)", args[0])
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			who, err := a.person()
			if err != nil {
				return err
			}
			e := ledger.Entry{Kind: args[0], Note: note, Date: date, By: who, At: a.now()}
			if err := a.pledge(&e, amount, currency); err != nil {
				return err
			}
			return a.withLedger(cmd, func(ctx context.Context, l *ledger.Ledger) error {
				d, err := a.find(ctx, l, in, args[1])
				if err != nil {
					return err
				}
				got, err := l.Record(ctx, d.campaign.Name, d.id, d.block, d.campaign.Steps, e)
				if err != nil {
					return err
				}
				switch {
				case got.Again:
					fmt.Fprintf(a.out, "%s: this %s is recorded already\n", d.id, e.Kind)
				default:
					fmt.Fprintf(a.out, "%s: %s recorded; letters cancelled: %d\n", d.id, e.Kind, got.Cancelled)
				}
				for _, step := range got.Past {
					fmt.Fprintf(a.out, "%s: %s is past the commit point and may still be on its way\n", d.id, step)
				}
				switch e.Kind {
				case "pledge":
					a.next("outreach preview %s --step thanks --pledge '%s %s' shows the letter of thanks", d.id, e.Currency, e.Amount)
				case "reply":
					a.next("outreach preview %s --step acknowledgement shows a letter that acknowledges it", d.id)
				default:
					a.next("outreach case %s", d.id)
				}
				return nil
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&in, "campaign", "", "which campaign, where there are several")
	f.StringVar(&note, "note", "", "a line for the case")
	f.StringVar(&amount, "amount", "", "of a pledge, for example 2500000 or 1200.50")
	f.StringVar(&currency, "currency", "", "of a pledge, ISO 4217, for example USD; a pledge keeps its currency")
	f.StringVar(&date, "date", "", "the day it came, YYYY-MM-DD; today unless set")
	return cmd
}

// pledge checks what an answer must and must not have, all faults in one sentence each.
func (a *app) pledge(e *ledger.Entry, amount, currency string) error {
	today := donor.DateOf(a.now())
	if e.Date == "" {
		e.Date = today.String()
	}
	var faults []string
	if d, err := donor.ParseDate(e.Date); err != nil {
		faults = append(faults, "--date: "+err.Error())
	} else if today.Before(d) {
		faults = append(faults, "--date "+e.Date+" lies in the future")
	}
	if strings.ContainsFunc(e.Note, isControl) {
		faults = append(faults, "--note: has a control character; write it on one line")
	}
	switch {
	case e.Kind != "pledge" && (amount != "" || currency != ""):
		faults = append(faults, "--amount and --currency belong to a pledge")
	case e.Kind == "pledge":
		if amount == "" || currency == "" {
			faults = append(faults, "a pledge needs --amount and --currency, for example --amount 2500000 --currency USD")
		} else if m, err := donor.ParseMoney(amount, currency); err != nil {
			faults = append(faults, "--amount: "+err.Error())
		} else {
			e.Amount, e.Currency = m.Decimal(), m.Currency
		}
	}
	if len(faults) > 0 {
		return ledger.Refusal(strings.Join(faults, "\noutreach: "))
	}
	return nil
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f || r == '\u2028' || r == '\u2029' }
