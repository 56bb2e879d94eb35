package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"outreach.example/donor"
	"outreach.example/ledger"
	"outreach.example/letter"
)

func (a *app) resolveCommand() *cobra.Command {
	var reason string
	const usage = "type: outreach resolve LETTER sent|resend|give-up --reason WHY, for example: outreach resolve resilience/KEN/appeal sent --reason 'the relay logged it as sent'"
	cmd := &cobra.Command{
		Use: "resolve LETTER sent|resend|give-up", Short: "Settle a doubt; not for whoever planned the edition or started the campaign",
		Long: `Settle a letter that is in doubt, once nothing more can be learnt about it.

  sent      there is proof outside that the relay took it: the next step follows
  resend    it did not leave: it goes out again with the same content, date and Message-ID
  give-up   nobody knows, and it shall not go out again

A refused or bounced letter can be sent again (resend) once its corrected address is in the approved edition.`,
		Example: "  outreach resolve resilience/KEN/appeal sent --reason 'the relay logged it as sent' --as bea\n" +
			"  outreach resolve resilience/KEN/appeal resend --reason 'not in the log of the relay' --as bea",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 2 {
				return usagef("%s", usage)
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := letter.ParseID(args[0])
			if err != nil {
				return usageError{err}
			}
			d := ledger.Decision(args[1])
			if d != ledger.DecideSent && d != ledger.DecideResend && d != ledger.DecideGiveUp {
				return usagef("%q decides nothing (there are: sent, resend, give-up)", args[1])
			}
			who, err := a.person()
			if err != nil {
				return err
			}
			if strings.TrimSpace(reason) == "" || strings.ContainsFunc(reason, isControl) || len(reason) > 500 {
				return usagef("why? add --reason 'one line for those who come after you'")
			}
			c, err := a.config()
			if err != nil {
				return err
			}
			return a.withLedger(cmd, func(ctx context.Context, l *ledger.Ledger) error {
				f, err := a.find(ctx, l, id.Campaign, id.Donor)
				if err != nil {
					return err
				}
				id.Donor = f.id
				if !slices.Contains(f.campaign.Steps, id.Step) {
					return usagef("campaign %s has no step %q (there are: %s)", id.Campaign, id.Step, strings.Join(f.campaign.Steps, ", "))
				}
				return a.resolve(ctx, l, f, ledger.Resolution{
					Letter: id, Block: f.block, Decision: d, Who: who, Reason: strings.TrimSpace(reason), Quiet: c.duration("quiet"),
				})
			})
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why, for those who come after you")
	return cmd
}

func (a *app) resolve(ctx context.Context, l *ledger.Ledger, f found, r ledger.Resolution) error {
	before, ok, err := l.Letter(ctx, letter.Block{Campaign: r.Letter.Campaign, Step: r.Letter.Step, Name: r.Block}, r.Letter.Donor)
	if err != nil {
		return err
	}
	other := false // the approved edition has other words or another addressee
	if ok && r.Decision == ledger.DecideResend {
		var address bool
		if other, address, err = differs(ctx, l, f.campaign, before, r.Block); err != nil {
			return err
		}
		if address {
			r.Corrected = f.campaign.Edition
		}
	}
	got, err := l.Resolve(ctx, r)
	if err != nil {
		return err
	}
	if r.Decision == ledger.DecideResend && (got.Again || got.Before == letter.Bounced) {
		if err := a.reachable(ctx, l, f, r); err != nil {
			return err
		}
	}
	relays, err := l.RelayNames(ctx)
	if err != nil {
		return err
	}
	relay := before.Through(relays)
	if a.json {
		return a.print(map[string]any{
			"letter": r.Letter.String(), "state": word(got.State), "generation": got.Generation, "again": got.Again, "relay": relay,
		})
	}
	if got.Before == letter.InDoubt {
		fmt.Fprintf(a.out, "%s: in doubt since %s; relay %s, worker %s, generation %d\n", r.Letter, moment(before.Since),
			cmp.Or(relay, "not known"), before.Worker(), before.Generation)
	}
	switch {
	case got.Again:
		fmt.Fprintf(a.out, "%s: resolved so already; it is %s\n", r.Letter, word(got.State))
	case r.Decision == ledger.DecideSent:
		fmt.Fprintf(a.out, "%s: sent, by decision of %s; its next step follows\n", r.Letter, r.Who)
	case r.Decision == ledger.DecideGiveUp:
		fmt.Fprintf(a.out, "%s: given up, and cancelled; no step follows it\n", r.Letter)
	case got.State == letter.Cancelled:
		fmt.Fprintf(a.out, "%s: cancelled instead of sent again: its case has an answer, or its campaign was cancelled\n", r.Letter)
	case got.Before != letter.InDoubt:
		fmt.Fprintf(a.out, "%s: planned to its new address as generation %d\n", r.Letter, got.Generation)
	default:
		fmt.Fprintf(a.out, "%s: planned again as generation %d, with the same date and Message-ID\n", r.Letter, got.Generation)
		if other {
			fmt.Fprintf(a.out, "%s: its content changed since: it goes out as edition %d has it\n", r.Letter, f.campaign.Number)
		}
	}
	a.next("outreach case %s", r.Letter.Donor)
	return nil
}

// reachable sets a bounce aside whose letter goes to another address: its case waits for nobody's decision any more, and its
// task is done. Until it has returned the letter stays planned.
func (a *app) reachable(ctx context.Context, l *ledger.Ledger, f found, r ledger.Resolution) error {
	cs, err := l.Case(ctx, r.Letter.Campaign, r.Letter.Donor)
	if err != nil {
		return err
	}
	for i, e := range cs.Entries {
		if e.Kind != "bounce" || !e.Counts || e.Step != r.Letter.Step {
			continue
		}
		_, err := l.Record(ctx, r.Letter.Campaign, r.Letter.Donor, r.Block, f.campaign.Steps, ledger.Entry{
			Kind: "note", Date: donor.DateOf(a.now()).String(), Note: "the letter goes to another address: " + r.Reason, Instead: i + 1, By: r.Who, At: a.now(),
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// differs says whether the approved edition has another content, or another first address, for a letter than the edition
// it was last handed over under.
func differs(ctx context.Context, l *ledger.Ledger, c ledger.Campaign, got ledger.Letter, block string) (content, address bool, err error) {
	n := len(c.Editions)
	if got.Edition < 1 || got.Edition > n || c.Edition == "" || c.Editions[n-got.Edition] == c.Edition {
		return false, false, nil
	}
	read := func(hash string) (to, content string, err error) {
		blocks, err := l.Blocks(ctx, hash)
		if err != nil || !blocks.Has(block) {
			return "", "", err
		}
		records, err := l.Records(ctx, blocks, block)
		for _, r := range records {
			if r.Donor.ID == got.ID.Donor && len(r.Donor.Contacts) > 0 {
				return strings.ToLower(r.Donor.Contacts[0].Email), r.Hash[got.ID.Step], err
			}
		}
		return "", "", err
	}
	was, hash, err := read(c.Editions[n-got.Edition])
	if err != nil {
		return false, false, err
	}
	now, newHash, err := read(c.Edition)
	return hash != newHash, now != "" && was != now, err
}

func examineQuiet(c config) finding {
	d := c.duration("quiet")
	return finding{
		What: "quiet after a doubt", Well: d >= ledger.Quiet, Says: d.String(),
		Mend: "set OUTREACH_QUIET to 30m or more: a worker that stood still may hand its letter over until then",
	}
}
