package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"outreach.example/donor"
	"outreach.example/ledger"
	"outreach.example/letter"
	"outreach.example/relay"
	"outreach.example/templates"
)

// testCommand sends one letter to somebody of the organisation:
//
//	letter -> marked as a test, to one address, without copies -> audit entry -> relay
//
// It goes the way of the letters, and counts nowhere.
func (a *app) testCommand() *cobra.Command {
	var k pick
	var to string
	cmd := &cobra.Command{
		Use: "test [CAMPAIGN] DONOR --to ADDRESS", Short: "Send one letter to yourself through the real relay, marked as a test and never counted",
		Example: "  outreach test KEN --to me@iom.example\n  outreach test resilience FRA --step reminder-1 --lang es --to me@iom.example",
		Args:    k.args,
		RunE: func(cmd *cobra.Command, _ []string) error {
			who, err := a.person()
			if err != nil {
				return err
			}
			if to == "" {
				return usagef("to whom? add --to with your own address")
			}
			address, err := donor.ParseAddress(to)
			if err != nil {
				return usageError{fmt.Errorf("--to: %w", err)}
			}
			p, err := k.open(a)
			if err != nil {
				return err
			}
			if err := p.mayTest(address); err != nil {
				return err
			}
			_, c, err := k.compose(p)
			if err != nil {
				return err
			}
			return a.withLedger(cmd, func(ctx context.Context, l *ledger.Ledger) error {
				return a.sendTest(ctx, l, who, p, c, address)
			})
		},
	}
	k.flags(cmd)
	cmd.Flags().StringVar(&to, "to", "", "your own `address`")
	return cmd
}

// mayTest refuses addresses at which a test would be a letter: those of contacts, and others at the domains of contacts. A
// test has not been approved by anybody.
func (p *project) mayTest(address string) error {
	domain := func(address string) string { return strings.ToLower(address[strings.LastIndexByte(address, '@')+1:]) }
	c := p.campaign
	if strings.EqualFold(address, c.Registry) || strings.EqualFold(address, c.ReturnPath) && !strings.EqualFold(address, c.Sender.Address) {
		return ledger.Refusal(fmt.Sprintf("%s is read by the program, as the registry or for what comes back; name your own address", address))
	}
	house := domain(address) == domain(c.Sender.Address) || domain(address) == domain(c.ReplyTo.Address)
	for _, d := range p.everyone {
		for _, to := range d.Contacts {
			if strings.EqualFold(to.Email, address) {
				return ledger.Refusal(fmt.Sprintf("%s is a contact of %s, to whom nothing goes that was not approved; name your own address", address, d.ID))
			}
			if !house && domain(to.Email) == domain(address) {
				return ledger.Refusal(fmt.Sprintf("%s is at %s, where %s is written to, and nothing goes there that was not approved; name an address of your organisation",
					address, domain(address), d.ID))
			}
		}
	}
	return nil
}

// tested is a test as --json prints it.
type tested struct {
	Letter    string `json:"letter"`
	Language  string `json:"language"`
	To        string `json:"to"`
	Relay     string `json:"relay"`
	MessageID string `json:"message_id"`
	Outcome   string `json:"outcome"`
	Words     string `json:"words"`
	Counted   bool   `json:"counted"`
}

// sendTest hands the letter to the first relay that can be used, and says what it answered.
func (a *app) sendTest(ctx context.Context, l *ledger.Ledger, who string, p *project, c letter.Content, to string) error {
	conf, err := a.config()
	if err != nil {
		return err
	}
	h := &house{app: a, config: conf, log: a.logger(conf)}
	relays, err := h.relays()
	if err != nil {
		return err
	}
	defer h.closeRelays(ctx, relays)
	kept, err := l.Relays(ctx)
	if err != nil {
		return err
	}
	now, marked := a.now(), templates.MarkTest(c)
	file, err := p.file(&c)
	if err != nil {
		return err
	}
	dkim, err := signer(conf)
	if err != nil {
		return err
	}
	house := letter.Sealer{DKIM: dkim}
	sealed, err := house.SealTest(&marked, to, letter.Occasion{Date: now, Printed: p.set.PrintDate(c.Language, now), File: file})
	if err != nil {
		return err
	}
	var refused error
	note := func(ctx context.Context) error {
		refused = l.Test(ctx, who, c.ID, c.Language, to, sealed.MessageID)
		return refused
	}
	out := tested{Letter: c.ID.String(), Language: c.Language, To: to, MessageID: sealed.MessageID, Outcome: letter.Unreachable.String()}
	verdict := letter.Verdict{Outcome: letter.Unreachable}
	for _, r := range relays {
		out.Relay = r.Name()
		if i := slices.IndexFunc(kept, func(k ledger.Relay) bool { return k.Name == r.Name() && k.Held != "" }); i >= 0 {
			verdict.Text = "it is held: " + kept[i].Held + "; release it with: outreach release --relay " + r.Name() + " --as NAME"
			continue
		}
		if verdict = r.Deliver(ctx, sealed, relay.Attempt{}, note); verdict.Outcome != letter.Unreachable {
			break
		}
	}
	switch {
	case refused != nil:
		return refused
	case ctx.Err() != nil && verdict.Outcome == letter.Unsent:
		return ctx.Err()
	}
	out.Outcome, out.Words = verdict.Outcome.String(), verdict.Text
	if a.json {
		if err := a.print(out); err != nil {
			return err
		}
	}
	switch verdict.Outcome {
	case letter.Accepted:
		if !a.json {
			fmt.Fprintf(a.out, "test of %s (%s) to %s: accepted by relay %s\n", c.ID, c.Language, to, out.Relay)
		}
		fmt.Fprintln(a.errs, "nothing was sent to the addressee of this letter, and nothing was counted; the audit stream says who sent the test")
		return nil
	case letter.Doubtful:
		return fmt.Errorf("test of %s to %s: relay %s did not answer (%s), so it may or may not arrive; send another", c.ID, to, out.Relay, verdict.Text)
	}
	return errors.New("test of " + c.ID.String() + " to " + to + ": not sent; relay " + out.Relay + " says: " + verdict.Text)
}
