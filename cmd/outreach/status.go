package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

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
	Relays []keptRelay    `json:"relays,omitempty"`          // those that letters are kept from
	Full   string         `json:"full,omitempty"`            // why no letter is taken up at all
	Tasks  int            `json:"tasks"`                     // of the campaign, that wait for a person
	Facts  []keptFact     `json:"withdrawn_facts,omitempty"` // that its letters cite
	Alarms []ledger.Alarm `json:"alarms"`                    // of the ledger, not of the campaign alone
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
	if s.Tasks, err = l.OpenTasks(ctx, c.Name); err != nil {
		return s, c, err
	}
	if s.Facts, err = keptFacts(ctx, l, c); err != nil {
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
	if !c.LaunchAt.IsZero() {
		fmt.Fprintf(a.out, "it starts at %s, launched by %s; outreach undo %s takes that back\n", moment(c.LaunchAt), c.LaunchBy, c.Name)
	}
	if len(c.Canary) > 0 {
		fmt.Fprintf(a.out, "the first %d letters are a canary, and the others wait for them; type: outreach canary %s\n", len(c.Canary), c.Name)
	}
	if c.Pending != "" {
		fmt.Fprintf(a.out, "edition %.12s, planned by %s, waits for approval\n", c.Pending, c.PendingBy)
	}
	if c.SentBack() {
		fmt.Fprintf(a.out, "it was sent back by %s: %s\n", c.BackBy, c.BackWhy)
	}
	if s.Waits != "" {
		fmt.Fprintf(a.out, "sending waits: %s; outreach doctor says what to do\n", s.Waits)
	}
	a.table(s.Steps)
	a.printRelays(s.Relays, s.Full)
	for _, f := range s.Facts {
		fmt.Fprintf(a.out, "withdrawn: %s by %s%s; letters by %s are withheld\n", f.ID, f.By, because(f.Reason), strings.Join(f.Texts, ", "))
	}
	if err := a.printKept(ctx, l, c); err != nil {
		return err
	}
	if s.Tasks > 0 {
		fmt.Fprintf(a.out, "tasks that wait for a person: %d; type: outreach tasks --campaign %s\n", s.Tasks, s.Campaign)
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
