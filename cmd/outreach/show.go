package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"outreach.example/campaign"
	"outreach.example/donor"
	"outreach.example/ledger"
	"outreach.example/letter"
)

// totals is one step in numbers, as --json prints it. The states sum to Total.
type totals struct {
	Step      string `json:"step,omitempty"`
	Total     int    `json:"total"`
	Planned   int    `json:"planned"`
	Claimed   int    `json:"claimed"`
	Sending   int    `json:"sending"`
	Sent      int    `json:"sent"`
	InDoubt   int    `json:"in_doubt"`
	Refused   int    `json:"refused"`
	Bounced   int    `json:"bounced"`
	Withheld  int    `json:"withheld"`
	Cancelled int    `json:"cancelled"`
}

func sum(step string, c ledger.Counts) totals {
	return totals{
		Step: step, Total: c.Total(), Planned: c[letter.Planned], Claimed: c[letter.Claimed], Sending: c[letter.Sending],
		Sent: c[letter.Sent], InDoubt: c[letter.InDoubt], Refused: c[letter.Refused], Bounced: c[letter.Bounced],
		Withheld: c[letter.Withheld], Cancelled: c[letter.Cancelled],
	}
}

// status is a campaign in numbers: of its first step, and of every step.
type status struct {
	Campaign string `json:"campaign"`
	Edition  string `json:"edition"`
	Status   string `json:"status"`
	Running  bool   `json:"running"`
	Waits    string `json:"waits,omitempty"`  // for a replica of the store
	Frozen   string `json:"frozen,omitempty"` // why nothing leaves of this ledger
	totals
	Steps  []totals       `json:"steps"`
	Doubts []doubt        `json:"doubts,omitempty"` // a thousand at most; in_doubt says how many there are
	Odd    []odd          `json:"odd,omitempty"`    // a hundred at most
	Copies *copies        `json:"registry_copies,omitempty"`
	Relays []keptRelay    `json:"relays,omitempty"` // those that letters are kept from
	Full   string         `json:"full,omitempty"`   // why no letter is taken up at all
	Alarms []ledger.Alarm `json:"alarms"`           // of the ledger, not of the campaign alone
}

func readStatus(ctx context.Context, l *ledger.Ledger, name string) (status, ledger.Campaign, error) {
	c, err := which(ctx, l, name)
	if err != nil {
		return status{}, c, err
	}
	counts, err := l.Counts(ctx, c.Name)
	if err != nil {
		return status{}, c, err
	}
	s := status{Campaign: c.Name, Edition: c.Current(), Status: c.Status, Running: c.Status == "running"}
	if s.Waits, err = l.Waits(ctx); err != nil {
		return status{}, c, err
	}
	if s.Frozen, err = l.Frozen(ctx); err != nil {
		return status{}, c, err
	}
	for i, step := range c.Steps {
		t := sum(step, counts[step])
		if i == 0 {
			s.totals = t
			s.totals.Step = ""
		}
		s.Steps = append(s.Steps, t)
	}
	if s.Alarms, err = l.Alarms(ctx); err != nil {
		return s, c, err
	}
	s.Relays, s.Full, err = keptRelays(ctx, l)
	return s, c, err
}

func (a *app) statusCommand() *cobra.Command {
	var watch bool
	cmd := &cobra.Command{
		Use: "status [CAMPAIGN]", Short: "Show where every letter is; the states add up",
		Example: "  outreach status resilience\n  outreach status resilience --watch\n  outreach status resilience --json",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usagef("status takes one campaign, got %d", len(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			name := ""
			if len(args) == 1 {
				name = args[0]
			}
			return a.withLedger(cmd, func(ctx context.Context, l *ledger.Ledger) error {
				s, c, err := readStatus(ctx, l, name)
				if err != nil {
					return err
				}
				if watch {
					if err := a.watch(ctx, l, c.Name); err != nil {
						return err
					}
					if s, c, err = readStatus(ctx, l, name); err != nil {
						return err
					}
				}
				if err := a.readDoubts(ctx, l, &s, c); err != nil {
					return err
				}
				if a.json {
					return a.print(s)
				}
				return a.printStatus(ctx, l, s, c)
			})
		},
	}
	cmd.Flags().BoolVar(&watch, "watch", false, "follow until no letter is open")
	return cmd
}

func (a *app) printStatus(ctx context.Context, l *ledger.Ledger, s status, c ledger.Campaign) error {
	a.printAlarms(s.Alarms)
	fmt.Fprintf(a.out, "%s: %s", s.Campaign, s.Status)
	if c.Edition != "" {
		fmt.Fprintf(a.out, ", edition %d (%.12s) approved by %s", c.Number, c.Edition, c.ApprovedBy)
	}
	fmt.Fprintln(a.out)
	if s.Frozen != "" {
		fmt.Fprintf(a.out, "FROZEN, nothing leaves: %s\nstop every worker, then type: outreach reconcile\n", s.Frozen)
	}
	if c.Status == "paused" {
		fmt.Fprintf(a.out, "paused by %s%s\n", c.PausedBy, because(c.PausedWhy))
	}
	if c.Pending != "" {
		fmt.Fprintf(a.out, "edition %.12s, planned by %s, waits for approval\n", c.Pending, c.PendingBy)
	}
	if s.Waits != "" {
		fmt.Fprintf(a.out, "sending waits: %s; outreach doctor says what to do\n", s.Waits)
	}
	a.table(s.Steps)
	a.printRelays(s.Relays, s.Full)
	if err := a.printKept(ctx, l, c); err != nil {
		return err
	}
	a.printDoubts(s)
	return a.printLook(ctx, l, c, s.doubtful())
}

// table prints steps and states as a table that adds up; states that no letter is in are left out.
func (a *app) table(steps []totals) {
	cols := []struct {
		name string
		of   func(totals) int
	}{
		{"planned", func(t totals) int { return t.Planned }}, {"claimed", func(t totals) int { return t.Claimed }},
		{"sending", func(t totals) int { return t.Sending }}, {"sent", func(t totals) int { return t.Sent }},
		{"in doubt", func(t totals) int { return t.InDoubt }}, {"refused", func(t totals) int { return t.Refused }},
		{"bounced", func(t totals) int { return t.Bounced }}, {"withheld", func(t totals) int { return t.Withheld }},
		{"cancelled", func(t totals) int { return t.Cancelled }},
	}
	always := []string{"planned", "sent", "in doubt"}
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(w, "step\t")
	shown := slices.DeleteFunc(slices.Clone(cols), func(c struct {
		name string
		of   func(totals) int
	}) bool {
		return !slices.Contains(always, c.name) && !slices.ContainsFunc(steps, func(t totals) bool { return c.of(t) > 0 })
	})
	for _, c := range shown {
		fmt.Fprint(w, c.name+"\t")
	}
	fmt.Fprintln(w, "letters\t")
	for _, t := range steps {
		fmt.Fprint(w, t.Step+"\t")
		for _, c := range shown {
			fmt.Fprintf(w, "%d\t", c.of(t))
		}
		fmt.Fprintf(w, "%d\t\n", t.Total)
	}
	_ = w.Flush()
}

func because(why string) string {
	if why == "" {
		return ""
	}
	return ": " + why
}

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
	if open := written.Schedule.Opening(now); open.After(now) && !c.Open.After(now) {
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

// lookAt is how many letters for a person status lists; the rest is counted.
const lookAt = 20

// printLook lists letters that a person must look at, each with its one reason, but for the first ones: the doubts that were
// shown.
func (a *app) printLook(ctx context.Context, l *ledger.Ledger, c ledger.Campaign, shown int) error {
	ids, err := l.Look(ctx, c.Name, shown+lookAt+1)
	if err != nil || len(ids) <= shown {
		return err
	}
	ids = ids[shown:]
	fmt.Fprintln(a.out, "for a person to look at:")
	for _, id := range ids[:min(len(ids), lookAt)] {
		d, err := a.find(ctx, l, c.Name, id.Donor)
		if err != nil {
			fmt.Fprintf(a.out, "  %s  cannot be read: %v\n", id, err)
			continue
		}
		got, ok, err := l.Letter(ctx, letter.Block{Campaign: c.Name, Step: id.Step, Name: d.block}, id.Donor)
		if err != nil {
			return err
		}
		if ok {
			fmt.Fprintf(a.out, "  %s  %s since %s: %s\n", id, word(got.State), got.Since.Local().Format("2 Jan 15:04"), got.Words)
		}
	}
	if len(ids) > lookAt {
		fmt.Fprintf(a.out, "  and more; outreach case DONOR shows each\n")
	}
	return nil
}

func word(s letter.State) string { return strings.ReplaceAll(string(s), "_", " ") }

// found is a donor in a campaign: where its letters are.
type found struct {
	campaign ledger.Campaign
	record   campaign.Record
	id       string
	block    string
}

// find looks a donor up in a campaign by its id: in the current edition, and then in those before it, because a donor
// that an edition dropped may still answer.
func (a *app) find(ctx context.Context, l *ledger.Ledger, in, id string) (found, error) {
	c, err := which(ctx, l, in)
	if err != nil {
		return found{}, err
	}
	for _, hash := range append([]string{c.Current()}, c.Editions...) {
		f, ok, err := findIn(ctx, l, c, hash, id)
		if ok || err != nil {
			return f, err
		}
	}
	hint := ""
	if s := donor.Registry().Suggest(id); s != "" {
		hint = "; " + s
	}
	return found{}, ledger.Refusal(fmt.Sprintf("campaign %s does not write to %q%s", c.Name, id, hint))
}

func findIn(ctx context.Context, l *ledger.Ledger, c ledger.Campaign, hash, id string) (found, bool, error) {
	e, err := l.Edition(ctx, hash)
	if err != nil {
		return found{}, false, err
	}
	blocks, err := l.Blocks(ctx, hash)
	if err != nil {
		return found{}, false, err
	}
	look := func(id, name string) (found, bool, error) {
		if !blocks.Has(name) {
			return found{}, false, nil
		}
		records, err := l.Records(ctx, blocks, name)
		if err != nil {
			return found{}, false, err
		}
		for _, r := range records {
			if r.Donor.ID == id {
				return found{c, r, id, name}, true, nil
			}
		}
		return found{}, false, nil
	}
	upper := strings.ToUpper(id)
	if f, ok, err := look(upper, e.Block(upper, upper)); ok || err != nil {
		return f, ok, err
	}
	// A donor that is no State may lie under any State: its block is one of each State's.
	for state := range e.Cuts {
		if f, ok, err := look(id, e.Block(state, id)); ok || err != nil {
			return f, ok, err
		}
	}
	return found{}, false, nil
}

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
			if err := a.addEvidence(ctx, l, &line, got, f.campaign); err != nil {
				return err
			}
			before = &got
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
