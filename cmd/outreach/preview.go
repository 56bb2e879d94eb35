package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"outreach.example/donor"
	"outreach.example/ledger"
	"outreach.example/letter"
	"outreach.example/templates"
)

// previewFlags are how a letter is shown, and where.
type previewFlags struct {
	pick
	html, source, diff bool
	out                string // a file, or "" for the terminal
	all                bool
	dir                string
}

func (a *app) previewCommand() *cobra.Command {
	var f previewFlags
	cmd := &cobra.Command{
		Use: "preview [CAMPAIGN] DONOR", Short: "Show a letter as it would leave, or all of them; nothing is sent",
		Example: "  outreach preview KEN\n  outreach preview resilience FRA --step reminder-1 --lang es\n" +
			"  outreach preview KEN --html --out ken.html\n  outreach preview KEN --source --out ken.eml\n" +
			"  outreach preview KEN --diff\n  outreach preview KEN --step thanks --pledge 'EUR 250000'\n  outreach preview resilience --all --dir letters",
		Args: func(cmd *cobra.Command, args []string) error { return f.args(cmd, args) },
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.all {
				return a.previewAll(cmd.Context(), f)
			}
			return a.preview(f)
		},
	}
	f.flags(cmd)
	fl := cmd.Flags()
	fl.BoolVar(&f.html, "html", false, "show the HTML")
	fl.BoolVar(&f.source, "source", false, "show the whole message as it would be handed to the relay")
	fl.BoolVar(&f.diff, "diff", false, "show only what differs from the text that the letter is written from")
	fl.StringVar(&f.promised, "pledge", "", `the amount that --step thanks gives thanks for, for example "EUR 250000"`)
	fl.StringVar(&f.out, "out", "", "write it into this `file`, which must not be there yet")
	fl.BoolVar(&f.all, "all", false, "write every letter of the campaign, with a page that lists them; needs --dir")
	fl.StringVar(&f.dir, "dir", "", "the new or empty `folder` that --all writes into")
	return cmd
}

// args reads what is to be shown, and refuses flags that do not go together.
func (f *previewFlags) args(cmd *cobra.Command, args []string) error {
	forms := 0
	for _, on := range []bool{f.html, f.source, f.diff} {
		if on {
			forms++
		}
	}
	switch {
	case forms > 1:
		return usagef("--html, --source and --diff are three ways to show one letter: give one of them")
	case f.all && (forms > 0 || f.out != ""):
		return usagef("--all writes every letter as text, HTML and message: leave --html, --source, --diff and --out away")
	case f.all && f.dir == "":
		return usagef("--all needs a folder to write into: add --dir FOLDER, a new one or an empty one")
	case !f.all && f.dir != "":
		return usagef("--dir belongs to --all: for one letter write --out FILE")
	case f.all && len(args) > 1:
		return usagef("--all writes to every donor: name the campaign only")
	case f.all:
		f.campaign = strings.Join(args, "")
		return nil
	}
	return f.pick.args(cmd, args)
}

// shown is a letter as --json prints it.
type shown struct {
	Campaign string   `json:"campaign"`
	Donor    string   `json:"donor"`
	Step     string   `json:"step"`
	Language string   `json:"language"`
	From     string   `json:"from"`
	ReplyTo  string   `json:"reply_to"`
	To       string   `json:"to"`
	Cc       []string `json:"cc"`
	Registry string   `json:"registry"`
	Subject  string   `json:"subject"`
	Text     string   `json:"text"`
	HTML     string   `json:"html"`
	Sent     bool     `json:"sent"`
}

// preview shows one letter.
func (a *app) preview(f previewFlags) error {
	p, err := f.open(a)
	if err != nil {
		return err
	}
	if f.diff {
		return a.previewDiff(f, p)
	}
	r, c, err := f.compose(p)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	switch {
	case a.json:
		if err := printTo(&b, a.described(p, c)); err != nil {
			return err
		}
	case f.source:
		if err := a.source(&b, p, &c); err != nil {
			return p.fault(r, err)
		}
	case f.html:
		b.WriteString(a.dated(p, c.HTML, c.Language))
	default:
		a.text(&b, p, c)
	}
	if err := a.put(f.out, b.Bytes()); err != nil {
		return err
	}
	if !slices.Contains(templates.AnswerNames, c.ID.Step) { // an answer asks for nothing
		for _, line := range r.Ask.Lines {
			fmt.Fprintln(a.errs, "ask: "+line)
		}
	}
	own := f.language != "" && !p.isLanguage(r.Donor.ID, f.language)
	a.nothingSent(f.out, c.ID, own, c.Language)
	return nil
}

// described is a letter as --json prints it.
func (a *app) described(p *project, c letter.Content) shown {
	s := shown{
		Campaign: c.ID.Campaign, Donor: c.ID.Donor, Step: c.ID.Step, Language: c.Language, From: mailbox(c.From), ReplyTo: mailbox(c.ReplyTo),
		To: mailbox(c.To), Registry: c.Registry, Subject: a.dated(p, c.Subject, c.Language), Text: a.dated(p, c.Text, c.Language),
		HTML: a.dated(p, c.HTML, c.Language),
	}
	for _, cc := range c.Cc {
		s.Cc = append(s.Cc, mailbox(cc))
	}
	return s
}

// isLanguage says whether a donor is written to in a language anyway.
func (p *project) isLanguage(id, language string) bool {
	for _, d := range p.donors {
		if d.ID == id {
			return d.Language == language
		}
	}
	return false
}

// nothingSent ends every preview.
func (a *app) nothingSent(file string, id letter.ID, other bool, language string) {
	if file != "" {
		fmt.Fprintf(a.errs, "wrote %s\n", file)
	}
	if other {
		fmt.Fprintf(a.errs, "shown in %s because you asked for it; %s is written to in another language\n", language, id.Donor)
	}
	fmt.Fprintln(a.errs, "nothing was sent: this is a preview, with today's date")
}

// dated puts today in the place of the letter's date.
func (a *app) dated(p *project, s, language string) string {
	return strings.ReplaceAll(s, letter.DateMark, p.set.PrintDate(language, a.now()))
}

// text writes a letter as a person reads it: the lines of its head, and the text.
func (a *app) text(w io.Writer, p *project, c letter.Content) {
	fmt.Fprintf(w, "From: %s\n", mailbox(c.From))
	if c.ReplyTo != (donor.Mailbox{}) {
		fmt.Fprintf(w, "Reply-To: %s\n", mailbox(c.ReplyTo))
	}
	fmt.Fprintf(w, "To: %s\n", mailbox(c.To))
	for _, cc := range c.Cc {
		fmt.Fprintf(w, "Cc: %s\n", mailbox(cc))
	}
	if c.Attachment.Name != "" {
		fmt.Fprintf(w, "Attached: %s\n", c.Attachment.Name)
	}
	fmt.Fprintf(w, "Subject: %s\n\n%s", a.dated(p, c.Subject, c.Language), a.dated(p, c.Text, c.Language))
}

// source writes the message as a worker would hand it over today.
func (a *app) source(w io.Writer, p *project, c *letter.Content) error {
	now := a.now()
	sealed, err := p.sealed(c, letter.Occasion{Date: now, Printed: p.set.PrintDate(c.Language, now)})
	if err != nil {
		return err
	}
	_, err = w.Write(sealed.Bytes)
	return err
}

// put writes what is shown to the terminal or into a new file.
func (a *app) put(file string, b []byte) error {
	if file == "" {
		_, err := a.out.Write(b)
		return err
	}
	// The letters of a campaign are nobody else's to read.
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return ledger.Refusal(file + " is there already and nothing is overwritten; choose another name")
	}
	if err != nil {
		return fmt.Errorf("%s cannot be written: %s", file, plain(err))
	}
	_, err = f.Write(b)
	return cmp.Or(err, f.Close())
}

func mailbox(m donor.Mailbox) string { return strings.TrimSpace(m.Name + " <" + m.Address + ">") }

// parsePledge reads an amount as record prints it, currency first; nothing is no pledge.
func parsePledge(s string) (donor.Money, error) {
	if s == "" {
		return donor.Money{}, nil
	}
	currency, amount, ok := strings.Cut(s, " ")
	if !ok {
		return donor.Money{}, usagef("--pledge %q: write the currency and the amount, for example --pledge 'EUR 250000'", s)
	}
	m, err := donor.ParseMoney(amount, currency)
	if err != nil {
		return donor.Money{}, usagef("--pledge: %v", err)
	}
	return m, nil
}
