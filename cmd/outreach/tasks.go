package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"outreach.example/ledger"
)

func (a *app) tasksCommand() *cobra.Command {
	var in string
	var mine, all, asCSV bool
	cmd := &cobra.Command{
		Use: "tasks", Short: "Show what waits for a person: telephone, decide about mail, find another address", Args: a.none,
		Example: "  outreach tasks\n  outreach tasks --mine --as ann\n  outreach tasks take resilience/KEN/call\n  outreach tasks done resilience/KEN/call --note 'spoke to the counsellor'",
		RunE: func(cmd *cobra.Command, _ []string) error {
			who, err := a.person()
			if err != nil {
				return err
			}
			return a.withLedger(cmd, func(ctx context.Context, l *ledger.Ledger) error {
				if in != "" {
					c, err := which(ctx, l, in)
					if err != nil {
						return err
					}
					in = c.Name
				}
				tasks, err := l.Tasks(ctx, in, "")
				if err != nil {
					return err
				}
				kept := []ledger.Task{}
				for _, t := range tasks {
					if (all || t.Open) && (!mine || ledger.NameOf(t.TakenBy) == ledger.NameOf(who)) {
						kept = append(kept, t)
					}
				}
				return a.printTasks(ctx, l, kept, asCSV)
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&in, "campaign", "", "only of this campaign")
	f.BoolVar(&mine, "mine", false, "only those that you have taken")
	f.BoolVar(&all, "all", false, "also those that are closed")
	f.BoolVar(&asCSV, "csv", false, "as CSV, for a spreadsheet")
	cmd.AddCommand(a.taskCommand("take", "Say that you do a task", func(ctx context.Context, l *ledger.Ledger, who, id, _ string) error {
		again, err := l.TakeTask(ctx, who, id)
		if err != nil {
			return err
		}
		fmt.Fprintf(a.out, "%s: %s\n", id, map[bool]string{false: "yours", true: "yours already"}[again])
		a.next("outreach tasks done %s --note HOW", id)
		return nil
	}), a.taskCommand("done", "Close a task with a word on how it went", func(ctx context.Context, l *ledger.Ledger, who, id, note string) error {
		again, err := l.CloseTask(ctx, who, id, note)
		if err != nil {
			return err
		}
		fmt.Fprintf(a.out, "%s: %s\n", id, map[bool]string{false: "done", true: "closed already"}[again])
		a.next("outreach tasks")
		return nil
	}))
	return cmd
}

// taskCommand makes a command about one task.
func (a *app) taskCommand(verb, short string, do func(ctx context.Context, l *ledger.Ledger, who, id, note string) error) *cobra.Command {
	var note string
	example := "  outreach tasks " + verb + " resilience/KEN/call"
	if verb == "done" {
		example += " --note 'spoke to the counsellor'"
	}
	cmd := &cobra.Command{
		Use: verb + " TASK", Short: short, Example: example,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 || strings.Count(args[0], "/") != 2 {
				return usagef("which task? type it as outreach tasks shows it, for example:%s", example[1:])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			who, err := a.person()
			if err != nil {
				return err
			}
			if verb == "done" && (strings.TrimSpace(note) == "" || strings.ContainsFunc(note, isControl)) {
				return usagef("how did it go? add --note 'one line for those who come after you'")
			}
			return a.withLedger(cmd, func(ctx context.Context, l *ledger.Ledger) error { return do(ctx, l, who, args[0], note) })
		},
	}
	if verb == "done" {
		cmd.Flags().StringVar(&note, "note", "", "how it went")
	}
	return cmd
}

// todo is a task with what to do, as --json prints it.
type todo struct {
	ledger.Task
	Do string `json:"do"`
}

// todos says of each task what to do. A bounce offers the next contact that is not suppressed.
func (a *app) todos(ctx context.Context, l *ledger.Ledger, tasks []ledger.Task) ([]todo, error) {
	out := []todo{}
	var closed *ledger.Closed
	for _, t := range tasks {
		d := todo{Task: t}
		switch t.Kind {
		case ledger.TaskCall:
			d.Do = fmt.Sprintf("telephone, then: outreach record reply|pledge|decline|capital %s --campaign %s; or outreach tasks done %s --note HOW", t.Donor, t.Campaign, t.ID)
		case ledger.TaskUnclear:
			d.Do = fmt.Sprintf("read it (outreach case %s --campaign %s), then: outreach record reply|note|auto-reply|opt-out %s --campaign %s --instead", t.Donor, t.Campaign, t.Donor, t.Campaign)
		case ledger.TaskAddress:
			if closed == nil {
				list, err := l.Suppressed(ctx)
				if err != nil {
					return nil, err
				}
				closed = &list
			}
			next, err := a.nextContact(ctx, l, t, *closed)
			if err != nil {
				return nil, err
			}
			d.Do = next
		case ledger.TaskCanary:
			d.Do = fmt.Sprintf("look at the letter (outreach case %s --campaign %s), then an approver lets the others go: outreach canary %s --go --reason WHY; or cancel the campaign", t.Donor, t.Campaign, t.Campaign)
		default:
			d.Do = fmt.Sprintf("answer it, then: outreach tasks done %s --note HOW", t.ID)
		}
		if !t.Open {
			d.Do = ""
		}
		out = append(out, d)
	}
	return out, nil
}

// nextContact says which contact may stand in for one whose address failed, and what to type.
func (a *app) nextContact(ctx context.Context, l *ledger.Ledger, t ledger.Task, closed ledger.Closed) (string, error) {
	f, err := a.find(ctx, l, t.Campaign, t.Donor)
	if err != nil {
		return "", err
	}
	cs, err := l.Case(ctx, t.Campaign, t.Donor)
	if err != nil {
		return "", err
	}
	failed, step := map[string]bool{}, f.campaign.Steps[0]
	for _, e := range cs.Answers() {
		if e.Kind == "bounce" {
			failed[ledger.AddressHash(e.Address)] = true
			if e.Step != "" {
				step = e.Step
			}
		}
	}
	who := "no other contact is known: find one"
	for _, ct := range f.record.Donor.Contacts {
		if !failed[ledger.AddressHash(ct.Email)] && !closed.Has(ct.Email) {
			who = "the next contact is " + strings.TrimSpace(ct.Name+" <"+ct.Email+">")
			break
		}
	}
	return fmt.Sprintf("%s; put it first in the contacts file, then: outreach plan %s, have it approved, and: outreach resolve %s/%s/%s resend --reason WHY --as NAME",
		who, t.Campaign, t.Campaign, t.Donor, step), nil
}

func (a *app) printTasks(ctx context.Context, l *ledger.Ledger, tasks []ledger.Task, asCSV bool) error {
	list, err := a.todos(ctx, l, tasks)
	if err != nil {
		return err
	}
	switch {
	case a.json:
		return a.print(map[string]any{"tasks": list})
	case asCSV:
		rows := [][]string{{"task", "campaign", "donor", "kind", "open", "due", "why", "taken_by", "closed", "closed_by", "word", "do"}}
		for _, t := range list {
			rows = append(rows, []string{
				t.ID, t.Campaign, t.Donor, string(t.Kind), fmt.Sprint(t.Open), stamp(t.Due), t.Why, t.TakenBy, stamp(t.Closed), t.ClosedBy, t.Word, t.Do,
			})
		}
		return a.csv(rows)
	}
	for _, t := range list {
		a.printTask("", t)
	}
	if len(list) == 0 {
		fmt.Fprintln(a.out, "nothing waits for a person")
		return nil
	}
	a.next("outreach tasks take TASK, or outreach tasks done TASK --note HOW")
	return nil
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

func (a *app) printTask(indent string, t todo) {
	when := "since " + t.Opened.Local().Format("2 January 2006")
	switch {
	case !t.Open:
		when = fmt.Sprintf("closed by %s on %s: %s", t.ClosedBy, t.Closed.Local().Format("2 January 2006"), t.Word)
	case t.Due.After(a.now()):
		when = "from " + t.Due.Local().Format("2 January 2006") + " on"
	}
	if t.Open && t.TakenBy != "" {
		when += ", taken by " + t.TakenBy
	}
	fmt.Fprintf(a.out, "%s%s  %s%s\n", indent, t.ID, when, because(t.Why))
	if t.Do != "" {
		fmt.Fprintf(a.out, "%s    %s\n", indent, t.Do)
	}
}
