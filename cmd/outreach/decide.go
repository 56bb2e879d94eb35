package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"outreach.example/campaign"
	"outreach.example/donor"
	"outreach.example/ledger"
)

// withLedger runs a command that needs nothing but the ledger.
func (a *app) withLedger(cmd *cobra.Command, do func(ctx context.Context, l *ledger.Ledger) error) error {
	c, err := a.config()
	if err != nil {
		return err
	}
	l, _, closeAll, err := a.connect(cmd.Context(), c)
	if err != nil {
		return err
	}
	defer closeAll()
	if frozen, err := l.Frozen(cmd.Context()); err != nil {
		return err
	} else if frozen != "" && cmd.Name() != "status" {
		fmt.Fprintf(a.errs, "the ledger is frozen, nothing leaves: %s\n", frozen)
		defer a.next("stop every worker, then: outreach reconcile")
	}
	return do(cmd.Context(), l)
}

// which finds the campaign a command means: the one that is named, or the only one there is.
func which(ctx context.Context, l *ledger.Ledger, name string) (ledger.Campaign, error) {
	names, err := l.Campaigns(ctx)
	if err != nil {
		return ledger.Campaign{}, err
	}
	if name == "" {
		switch len(names) {
		case 0:
			return ledger.Campaign{}, ledger.Refusal("no campaign is planned; type: outreach plan NAME")
		case 1:
			name = names[0]
		default:
			return ledger.Campaign{}, usagef("which campaign? there are: %s", strings.Join(names, ", "))
		}
	}
	c, err := l.Campaign(ctx, name)
	if errors.Is(err, ledger.ErrNoCampaign) {
		if len(names) == 0 {
			return c, ledger.Refusal(fmt.Sprintf("no campaign %s is planned; type: outreach plan %s", name, name))
		}
		return c, ledger.Refusal(fmt.Sprintf("no campaign %s is planned (there are: %s); type: outreach plan %s", name,
			strings.Join(names, ", "), name))
	}
	return c, err
}

// named is the argument rule of commands about one campaign.
func named(cmd *cobra.Command, args []string) error {
	if len(args) != 1 {
		return usagef("which campaign? type: %s NAME (the folder's name under campaigns)", cmd.CommandPath())
	}
	return nil
}

func (a *app) approveCommand() *cobra.Command {
	var edition string
	cmd := &cobra.Command{
		Use: "approve CAMPAIGN", Short: "Release the edition that waits; not for the person who planned it", Args: named,
		Example: "  outreach approve resilience --as 'Bea Approver'\n  outreach approve resilience --as bea --edition 4f1c09aa",
		RunE: func(cmd *cobra.Command, args []string) error {
			who, err := a.person()
			if err != nil {
				return err
			}
			return a.withLedger(cmd, func(ctx context.Context, l *ledger.Ledger) error {
				c, err := which(ctx, l, args[0])
				if err != nil {
					return err
				}
				again, e, err := a.approve(ctx, l, who, c, edition)
				if err != nil {
					return err
				}
				switch {
				case again:
					fmt.Fprintf(a.out, "%s: edition %.12s is approved already\n", c.Name, e)
				default:
					fmt.Fprintf(a.out, "%s: edition %.12s approved by %s\n", c.Name, e, who)
				}
				if c.Status == "planned" || c.Status == "approved" {
					a.next("outreach start %s --confirm %s", c.Name, c.Name)
				} else {
					a.next("outreach status %s", c.Name)
				}
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&edition, "edition", "", "approve only if this `hash` (or its beginning) is what waits")
	return cmd
}

// approve approves the edition that waits, if the project folder still says what was planned.
func (a *app) approve(ctx context.Context, l *ledger.Ledger, who string, c ledger.Campaign, edition string) (again bool, hash string, err error) {
	hash = c.Pending
	if hash == "" {
		hash = c.Edition
	}
	if edition != "" && (len(edition) < 6 || !strings.HasPrefix(hash, edition)) {
		return false, "", ledger.Refusal(fmt.Sprintf("edition %.12s of %s waits for approval, not %s", hash, c.Name, edition))
	}
	e, err := l.Edition(ctx, hash)
	if err != nil {
		return false, "", err
	}
	if c.Pending != "" {
		if err := a.unchanged(c.Name, e.Inputs, "approve"); err != nil {
			return false, "", err
		}
	}
	written, err := e.LoadCampaign()
	if err != nil {
		return false, "", err
	}
	again, err = l.Approve(ctx, who, c.Name, hash, approvals(written))
	return again, hash, err
}

// approvals says how each further step is released. A standing approval lasts until the end of its day where the
// campaign's clock is.
func approvals(c *campaign.Campaign) []ledger.StepApproval {
	var out []ledger.StepApproval
	for _, s := range c.Steps[1:] {
		zone := c.Schedule.Zone
		if zone == nil {
			zone = time.UTC
		}
		until := time.Time{}
		if !s.Each {
			until = s.Standing.AddDays(1).In(zone).Add(-time.Millisecond)
		}
		out = append(out, ledger.StepApproval{Step: s.Name, Each: s.Each, Until: until})
	}
	return out
}

// unchanged refuses a decision on an edition when the folder in front of the person says something else by now.
func (a *app) unchanged(name, inputs, verb string) error {
	p, err := a.open(name)
	if err != nil {
		return nil // no folder here: the decision is about what the ledger holds
	}
	if got := p.inputs(); got != inputs {
		return ledger.Refusal(fmt.Sprintf("the files of %s changed since it was planned; plan again: outreach plan %s (or %s where that folder is not: -C FOLDER)",
			name, name, verb))
	}
	return nil
}

var verbs = map[ledger.Verb]struct{ short, done, again, next string }{
	ledger.Start:  {"Let a campaign's letters go; type its name again", "started", "is running already", "outreach status %s --watch"},
	ledger.Pause:  {"Keep every letter of a campaign that has not been handed over", "paused", "is paused already", "outreach resume %s"},
	ledger.Resume: {"Go on after a pause", "running again", "is running", "outreach status %s --watch"},
	ledger.Cancel: {"End a campaign for good; type its name again", "cancelled", "is cancelled already", "outreach status %s"},
}

func (a *app) switchCommand(v ledger.Verb) *cobra.Command {
	var confirm, reason string
	typed := v == ledger.Start || v == ledger.Cancel
	cmd := &cobra.Command{
		Use: string(v) + " CAMPAIGN", Short: verbs[v].short, Args: named,
		Example: "  outreach " + string(v) + " resilience",
		RunE: func(cmd *cobra.Command, args []string) error {
			who, err := a.person()
			if err != nil {
				return err
			}
			return a.withLedger(cmd, func(ctx context.Context, l *ledger.Ledger) error {
				c, err := which(ctx, l, args[0])
				if err != nil {
					return err
				}
				if v == ledger.Start && c.Status == "approved" {
					if err := a.unchanged(c.Name, c.Inputs, "start"); err != nil {
						return err
					}
				}
				if typed && (v == ledger.Cancel && c.Status != "cancelled" || c.Status == "approved") {
					if err := a.confirm(v, c, confirm); err != nil {
						return err
					}
				}
				got, err := l.Switch(ctx, who, c.Name, v, reason)
				if err != nil {
					return err
				}
				if got.Again {
					fmt.Fprintf(a.out, "%s %s\n", c.Name, verbs[v].again)
				} else {
					fmt.Fprintf(a.out, "%s %s; letters past the commit point at that moment: %d\n", c.Name, verbs[v].done, got.Past)
				}
				a.next(verbs[v].next, c.Name)
				return nil
			})
		},
	}
	if typed {
		cmd.Flags().StringVar(&confirm, "confirm", "", "the campaign's `name`, typed again")
		cmd.Example = "  outreach " + string(v) + " resilience --confirm resilience"
	}
	if v == ledger.Pause || v == ledger.Cancel {
		cmd.Flags().StringVar(&reason, "reason", "", "why, for those who come after you")
	}
	return cmd
}

// confirm wants the campaign's name typed again: with --confirm, or at a terminal.
func (a *app) confirm(v ledger.Verb, c ledger.Campaign, given string) error {
	what := fmt.Sprintf("%s sends %d letters", c.Name, c.Donors)
	if v == ledger.Cancel {
		what = fmt.Sprintf("cancelling %s is final", c.Name)
	}
	if given == "" && isTerminal(a.in) {
		fmt.Fprintf(a.errs, "%s. Type its name to go on: ", what)
		line, err := readLine(a.in)
		if err != nil {
			return err
		}
		given = strings.TrimSpace(line)
	}
	if given != c.Name {
		return ledger.Refusal(fmt.Sprintf("%s; type its name: outreach %s %s --confirm %s", what, v, c.Name, c.Name))
	}
	return nil
}

func readLine(r io.Reader) (string, error) {
	var line []byte
	b := make([]byte, 1)
	for len(line) < 1000 {
		n, err := r.Read(b)
		if n == 1 && b[0] == '\n' || err == io.EOF {
			return string(line), nil
		}
		if err != nil {
			return "", err
		}
		line = append(line, b[:n]...)
	}
	return string(line), nil
}

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
				a.next("outreach case %s", d.id)
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
				a.next("outreach release %s", scopeArgs(scope))
				return nil
			})
		},
	}
	scopeFlags(cmd)
	cmd.Flags().StringVar(&reason, "reason", "", "why")
	cmd.Flags().StringVar(&until, "until", "", "last `day` of the hold, YYYY-MM-DD; no end unless set")
	return cmd
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

// scopeArgs is a scope as it is typed.
func scopeArgs(scope string) string {
	kind, name, _ := strings.Cut(scope, ":")
	switch kind {
	case "donor":
		return name
	case "all":
		return "--all"
	}
	return fmt.Sprintf("--%s '%s'", kind, name)
}

func (a *app) releaseCommand() *cobra.Command {
	var in, step, reason, way string
	cmd := &cobra.Command{
		Use: "release [DONOR]", Short: "End a hold, also of a relay; or, with --step, let letters go that wait for a person",
		Example: "  outreach release KEN\n  outreach release --group 'African Group'\n  outreach release --step reminder-1 --as bea\n  outreach release KEN --step reminder-1 --as bea\n  outreach release --relay relay.iom.example:587 --as bea",
		RunE: func(cmd *cobra.Command, args []string) error {
			who, err := a.person()
			if err != nil {
				return err
			}
			if cmd.Flags().Changed("relay") {
				if step != "" || len(args) > 0 || cmd.Flags().Changed("group") || cmd.Flags().Changed("region") || cmd.Flags().Changed("all") {
					return usagef("--relay stands alone; type: outreach release --relay HOST:PORT --as NAME")
				}
				return a.withLedger(cmd, func(ctx context.Context, l *ledger.Ledger) error {
					return a.releaseRelay(ctx, l, who, way, reason)
				})
			}
			if step != "" {
				return a.withLedger(cmd, func(ctx context.Context, l *ledger.Ledger) error {
					return a.releaseStep(ctx, l, who, in, step, args)
				})
			}
			scope, err := a.scope(cmd, args)
			if err != nil {
				return err
			}
			return a.withLedger(cmd, func(ctx context.Context, l *ledger.Ledger) error {
				if id, ok := strings.CutPrefix(scope, "donor:"); ok {
					if scope, err = a.known(ctx, l, id); err != nil {
						return err
					}
				}
				again, err := l.Free(ctx, who, scope, reason)
				if err != nil {
					return err
				}
				if again {
					fmt.Fprintf(a.out, "%s: is not held\n", scope)
					return nil
				}
				fmt.Fprintf(a.out, "%s: released\n", scope)
				a.next("outreach status")
				return nil
			})
		},
	}
	scopeFlags(cmd)
	cmd.Flags().StringVar(&in, "campaign", "", "which campaign, where there are several")
	cmd.Flags().StringVar(&step, "step", "", "release waiting letters of this `step` (of one donor, or of all)")
	cmd.Flags().StringVar(&way, "relay", "", "let this relay (`host:port`) be used again")
	cmd.Flags().StringVar(&reason, "reason", "", "why")
	return cmd
}

func (a *app) releaseStep(ctx context.Context, l *ledger.Ledger, who, in, step string, args []string) error {
	c, err := which(ctx, l, in)
	if err != nil {
		return err
	}
	if !contains(c.Steps, step) {
		return usagef("campaign %s has no step %q (there are: %s)", c.Name, step, strings.Join(c.Steps, ", "))
	}
	n := 0
	if len(args) == 1 {
		d, err := a.find(ctx, l, c.Name, args[0])
		if err != nil {
			return err
		}
		if n, err = l.Release(ctx, who, c.Name, step, d.id, []string{d.block}); err != nil {
			return err
		}
	} else {
		names, err := l.AllBlocks(ctx, c.Name)
		if err != nil {
			return err
		}
		for len(names) > 0 {
			k := min(len(names), 50)
			released, err := l.Release(ctx, who, c.Name, step, "", names[:k])
			if err != nil {
				return err
			}
			n, names = n+released, names[k:]
		}
	}
	fmt.Fprintf(a.out, "%s %s: %d letters released\n", c.Name, step, n)
	a.next("outreach status %s", c.Name)
	return nil
}

func contains(list []string, s string) bool {
	for _, v := range list {
		if v == s {
			return true
		}
	}
	return false
}

func (a *app) suppressCommand() *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use: "suppress ADDRESS", Short: "Never write to an address again, in any campaign",
		Example: "  outreach suppress old.attache@ken.mission.example --reason 'asked by the mission on 24 November'",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usagef("type: outreach suppress ADDRESS --reason WHY")
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
			if reason == "" || strings.ContainsFunc(reason, isControl) {
				return usagef("why? add --reason 'one line for those who come after you'")
			}
			return a.withLedger(cmd, func(ctx context.Context, l *ledger.Ledger) error {
				again, err := l.Suppress(ctx, who, address, reason)
				if err != nil {
					return err
				}
				if again {
					fmt.Fprintln(a.out, "that address is suppressed already")
				} else {
					fmt.Fprintln(a.out, "suppressed: letters whose first contact it is are withheld, as a copy it is left out")
				}
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why")
	return cmd
}
