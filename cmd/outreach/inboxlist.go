package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"outreach.example/donor"
	"outreach.example/inbox/returned"
	"outreach.example/ledger"
)

// kindNames are the kinds that a mail may be listed as.
func kindNames() []string {
	var out []string
	for _, k := range returned.Kinds {
		out = append(out, string(k))
	}
	return append(out, "own")
}

// inboxList is what list and quarantine print.
type inboxList struct {
	Mailboxes []ledger.Mailbox `json:"mailboxes"`
	Mails     []ledger.Sorted  `json:"mails"`
}

func (a *app) inboxListCommand() *cobra.Command {
	var kind, of string
	var waiting bool
	var n int
	cmd := &cobra.Command{
		Use: "list", Short: "List mail that came back, the newest first: what it is, whose, and what it did", Args: a.none,
		Example: "  outreach inbox list\n  outreach inbox list --waiting\n  outreach inbox list --donor KEN --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if kind != "" && !slices.Contains(kindNames(), kind) {
				return usagef("--kind %q is not known (there are: %s)", kind, strings.Join(kindNames(), ", "))
			}
			if n < 1 || n > 10000 {
				return usagef("--last %d: a number from 1 to 10000", n)
			}
			return a.listMails(cmd, n, func(s ledger.Sorted) bool {
				return (kind == "" || s.Kind == kind) && (of == "" || strings.EqualFold(s.Donor, of)) && (!waiting || waits(s))
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&kind, "kind", "", "only of one kind")
	f.StringVar(&of, "donor", "", "only of one donor")
	f.BoolVar(&waiting, "waiting", false, "only what waits for a person")
	f.IntVar(&n, "last", 50, "how many")
	return cmd
}

// waits says whether a person has to look at a mail: what it is, or whose, is not known.
func waits(s ledger.Sorted) bool {
	return s.Waits() || s.Decided == "" && s.Donor == "" && (s.Kind == string(returned.Reply) || s.Kind == string(returned.OptOut))
}

func (a *app) inboxQuarantineCommand() *cobra.Command {
	return &cobra.Command{
		Use: "quarantine", Short: "List mail that was not read to its end, or not believed: a person decides", Args: a.none,
		Example: "  outreach inbox quarantine\n  outreach inbox quarantine --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.listMails(cmd, 1000, func(s ledger.Sorted) bool { return s.Quarantine != "" && s.Decided == "" })
		},
	}
}

func (a *app) listMails(cmd *cobra.Command, n int, only func(ledger.Sorted) bool) error {
	return a.withLedger(cmd, func(ctx context.Context, l *ledger.Ledger) error {
		out := inboxList{Mailboxes: []ledger.Mailbox{}, Mails: []ledger.Sorted{}}
		boxes, err := l.Mailboxes(ctx)
		if err != nil {
			return err
		}
		mails, err := l.SortedMails(ctx, n, only)
		if err != nil {
			return err
		}
		out.Mailboxes, out.Mails = append(out.Mailboxes, boxes...), append(out.Mails, mails...)
		if a.json {
			return a.print(out)
		}
		now, err := l.Now(ctx)
		if err != nil {
			return err
		}
		for _, m := range out.Mailboxes {
			if m.Silent(now) || m.Trouble != "" {
				fmt.Fprintf(a.out, "mailbox %s: last read %s%s\n", m.Name, moment(m.At), because(m.Trouble))
			}
		}
		if len(out.Mails) == 0 {
			fmt.Fprintln(a.out, "no such mail")
			return nil
		}
		w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "MAIL\tREAD\tKIND\tDONOR\tFROM\tSUBJECT\tWHY")
		for _, s := range out.Mails {
			kind, why := s.Kind, s.Why[0]
			if s.Decided != "" {
				kind, why = s.Decided, "sorted by "+s.DecidedBy
			}
			fmt.Fprintf(w, "%.8s\t%s\t%s\t%s\t%s\t%s\t%s\n", s.ID, s.At.Local().Format("2 Jan 15:04"), kind, dash(s.Donor), short(s.From, 40), short(s.Subject, 50), short(why, 90))
		}
		if err := w.Flush(); err != nil {
			return err
		}
		if i := slices.IndexFunc(out.Mails, waits); i >= 0 {
			a.next("outreach inbox show %.8s", out.Mails[i].ID)
		}
		return nil
	})
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// short is a text of at most n characters, for a column.
func short(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}

// mailNamed finds a mail by the beginning of its identity.
func mailNamed(ctx context.Context, l *ledger.Ledger, id string) (ledger.Sorted, error) {
	if len(id) < 4 {
		return ledger.Sorted{}, usagef("%q is too short to name a mail; type at least four characters of it (see: outreach inbox list)", id)
	}
	if s, ok, err := l.Sorted(ctx, id); ok || err != nil {
		return s, err
	}
	found, err := l.SortedMails(ctx, 2, func(s ledger.Sorted) bool { return strings.HasPrefix(s.ID, strings.ToLower(id)) })
	switch {
	case err != nil:
		return ledger.Sorted{}, err
	case len(found) == 0:
		return ledger.Sorted{}, ledger.Refusal("no mail " + id + " was read; type: outreach inbox list")
	case len(found) > 1:
		return ledger.Sorted{}, usagef("several mails begin with %s; type more of it", id)
	}
	return found[0], nil
}

func (a *app) inboxShowCommand() *cobra.Command {
	return &cobra.Command{
		Use: "show MAIL", Short: "Show one mail that came back: what it was sorted as and why, and its text",
		Example: "  outreach inbox show 4f1c22ab", Args: oneMail,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withLedger(cmd, func(ctx context.Context, l *ledger.Ledger) error {
				s, err := mailNamed(ctx, l, args[0])
				if err != nil {
					return err
				}
				if err := withText(ctx, l, &s); err != nil {
					return err
				}
				if a.json {
					return a.print(s)
				}
				a.printMail(s)
				return nil
			})
		},
	}
}

func oneMail(cmd *cobra.Command, args []string) error {
	if len(args) != 1 {
		return usagef("which mail? type: %s MAIL (see: outreach inbox list)", cmd.CommandPath())
	}
	return nil
}

// withText adds the text that the donor's case keeps.
func withText(ctx context.Context, l *ledger.Ledger, s *ledger.Sorted) error {
	if s.Text != "" || s.Donor == "" {
		return nil
	}
	names, err := l.Campaigns(ctx)
	if err != nil {
		return err
	}
	for _, name := range names {
		mails, err := l.Mails(ctx, name, s.Donor)
		if err != nil {
			return err
		}
		for _, m := range mails {
			if m.ID == s.ID {
				s.Text = m.Text
				return nil
			}
		}
	}
	return nil
}

func (a *app) printMail(s ledger.Sorted) {
	fmt.Fprintf(a.out, "%s  %s, read %s in %s\n", s.ID, s.Kind, moment(s.At), s.Mailbox)
	fmt.Fprintf(a.out, "from: %s\nsubject: %s\n", s.From, s.Subject)
	if !s.Date.IsZero() {
		fmt.Fprintf(a.out, "date: %s\n", moment(s.Date))
	}
	fmt.Fprintln(a.out, "why:")
	for _, w := range s.Why {
		fmt.Fprintln(a.out, "  "+w)
	}
	switch {
	case s.Donor != "":
		fmt.Fprintf(a.out, "donor: %s, found by %s\n", s.Donor, s.Found)
	case s.Found != "":
		fmt.Fprintf(a.out, "donor: not known; %s\n", s.Found)
	default:
		fmt.Fprintln(a.out, "donor: not known")
	}
	if s.Letter != "" {
		fmt.Fprintf(a.out, "letter: %s\n", s.Letter)
	}
	for _, d := range s.Did {
		fmt.Fprintln(a.out, "did: "+d)
	}
	if s.Decided != "" {
		fmt.Fprintf(a.out, "sorted as %s by %s, %s\n", s.Decided, s.DecidedBy, moment(s.DecidedAt))
	}
	if s.Text != "" {
		fmt.Fprintln(a.out)
		quoted := 0
		for line := range strings.SplitSeq(s.Text, "\n") {
			if strings.HasPrefix(line, ">") {
				quoted++
				continue
			}
			a.folded(&quoted)
			fmt.Fprintln(a.out, "  "+visible(line))
		}
		a.folded(&quoted)
	}
	if waits(s) {
		a.next("outreach inbox sort %.8s as reply|opt-out|auto-reply|note --donor %s --as NAME", s.ID, strings.ToUpper(firstOf(s.Donor, "DONOR")))
	}
}

// folded says how many quoted lines are left out.
func (a *app) folded(n *int) {
	if *n > 0 {
		fmt.Fprintf(a.out, "  [quoted lines: %d]\n", *n)
		*n = 0
	}
}

func firstOf(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// visible is a line from outside as a terminal may show it.
func visible(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' || r >= 0x7f && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			return '\uFFFD'
		}
		return r
	}, s)
}

func (a *app) inboxForgetCommand() *cobra.Command {
	return &cobra.Command{
		Use: "forget MAILBOX", Short: "Forget a mailbox that is not read any more, so that no reminder waits for it",
		Example: "  outreach inbox forget desk@imap.iom.example/INBOX",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usagef("which mailbox? type: outreach inbox forget MAILBOX (outreach status names it)")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withLedger(cmd, func(ctx context.Context, l *ledger.Ledger) error {
				known, err := l.ForgetMailbox(ctx, args[0])
				if err != nil {
					return err
				}
				if !known {
					return ledger.Refusal("no mailbox " + args[0] + " is known; type: outreach inbox list --json")
				}
				fmt.Fprintf(a.out, "%s is forgotten; nothing waits for it\n", args[0])
				a.next("take it out of inbox: in " + settingsFile + ", or its next reader makes it known again")
				return nil
			})
		},
	}
}

// tried is a mail as try prints it.
type tried struct {
	File    string            `json:"file"`
	Kind    string            `json:"kind"`
	Why     []string          `json:"why"`
	From    string            `json:"from"`
	Subject string            `json:"subject"`
	Reports []returned.Report `json:"reports,omitempty"`
	Back    string            `json:"back,omitempty"`
	Names   []string          `json:"names,omitempty"` // what may name its letter
	Text    string            `json:"text,omitempty"`
}

func (a *app) inboxTryCommand() *cobra.Command {
	return &cobra.Command{
		Use: "try FILE.eml...", Short: "Say how saved mails would be sorted, and why; needs no ledger and does nothing",
		Example: "  outreach inbox try saved.eml\n  outreach inbox try *.eml --json",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usagef("which mails? type: outreach inbox try FILE.eml...")
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			var out []tried
			var faults donor.Faults
			for _, file := range args {
				b, err := os.ReadFile(file)
				if err != nil {
					faults.Addf(file, 0, 0, "cannot be read: %s", plain(err))
					continue
				}
				m := returned.Sort(b[:min(len(b), 25<<20)], len(b) > 25<<20)
				t := tried{File: file, Kind: string(m.Kind), Why: m.Reasons, From: m.From, Subject: m.Subject, Reports: m.Reports, Text: m.Text}
				if !m.Back.IsZero() {
					t.Back = m.Back.Format(time.DateOnly)
				}
				t.Names = slices.Concat(m.Clues.About, m.Clues.Answers, m.Clues.References)
				out = append(out, t)
			}
			if faults.Refuses() {
				return faults
			}
			if a.json {
				return a.print(out)
			}
			for _, t := range out {
				fmt.Fprintf(a.out, "%s: %s\n", t.File, t.Kind)
				for _, w := range t.Why {
					fmt.Fprintln(a.out, "  "+visible(w))
				}
				for _, n := range t.Names {
					fmt.Fprintln(a.out, "  may be about "+visible(n))
				}
			}
			return nil
		},
	}
}
