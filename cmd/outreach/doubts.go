package main

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"outreach.example/ledger"
	"outreach.example/letter"
)

// doubt is one letter in doubt with what is known of it, as --json prints it.
type doubt struct {
	Letter     string    `json:"letter"`
	Since      time.Time `json:"since"`
	Words      string    `json:"words"`  // the relay's, or what happened instead
	Relay      string    `json:"relay"`  // the one it was handed to, "" where no worker has told of it
	Worker     string    `json:"worker"` // the one that held it
	Generation int       `json:"generation"`
	Attempts   int       `json:"attempts"`
	MessageID  string    `json:"message_id"`
	Copy       string    `json:"registry_copy"` // "not seen", or "not read" where nobody reads them
	From       time.Time `json:"resolve_from"`  // nobody may resolve it before
	Next       string    `json:"next"`          // what to type
}

// odd is a letter whose registry copies do not fit where it is.
type odd struct {
	Letter string `json:"letter"`
	State  string `json:"state"`
	Copies int    `json:"copies"`
	Twice  bool   `json:"relayed_twice"`
}

// copies is what is known of the reading of registry copies.
type copies struct {
	ReadAt  *time.Time     `json:"read_at,omitempty"`
	Letters map[string]int `json:"letters"` // with a copy, by step
	Found   map[string]int `json:"found"`   // in all campaigns, by finding
}

// decided is a person's decision on a doubt.
type decided struct {
	Decision string    `json:"decision"`
	At       time.Time `json:"at"`
	By       string    `json:"by"`
	Reason   string    `json:"reason"`
}

// How many status lists at most.
const (
	doubtsShown = 1000
	oddShown    = 100
)

func (s status) doubtful() int {
	n := 0
	for _, t := range s.Steps {
		n += t.InDoubt
	}
	return n
}

// readDoubts adds to a status what a person is told of doubts and their evidence.
func (a *app) readDoubts(ctx context.Context, l *ledger.Ledger, s *status, c ledger.Campaign) error {
	r, err := l.Reading(ctx)
	if err != nil {
		return err
	}
	if !r.At.IsZero() {
		s.Copies = &copies{ReadAt: &r.At, Found: r.Found}
		if s.Copies.Letters, err = l.Copies(ctx, c.Name); err != nil {
			return err
		}
	}
	doubts, err := l.Doubts(ctx, c.Name, doubtsShown)
	if err != nil {
		return err
	}
	strange, err := l.Odd(ctx, c.Name, oddShown)
	if err != nil || len(doubts)+len(strange) == 0 {
		return err
	}
	places, err := l.Places(ctx, c)
	if err != nil {
		return err
	}
	read := func(id letter.ID) (ledger.Letter, bool, error) {
		name, err := places.Block(ctx, id.Donor)
		if err != nil || name == "" {
			return ledger.Letter{}, false, err
		}
		return l.Letter(ctx, letter.Block{Campaign: c.Name, Step: id.Step, Name: name}, id.Donor)
	}
	tell, err := a.teller(ctx, l, c, r)
	if err != nil {
		return err
	}
	for _, id := range doubts {
		got, ok, err := read(id)
		if err != nil {
			return err
		}
		if ok && got.State == letter.InDoubt { // it may have been settled since
			s.Doubts = append(s.Doubts, tell(got))
		}
	}
	for _, id := range strange {
		got, ok, err := read(id)
		if err != nil {
			return err
		}
		if ok {
			s.Odd = append(s.Odd, odd{id.String(), word(got.State), got.Proof.Copies, got.Proof.Twice})
		}
	}
	return nil
}

// teller makes what is told of a doubt.
func (a *app) teller(ctx context.Context, l *ledger.Ledger, c ledger.Campaign, r ledger.Reading) (func(ledger.Letter) doubt, error) {
	settings, err := a.config()
	if err != nil {
		return nil, err
	}
	e, err := l.Edition(ctx, c.Current())
	if err != nil {
		return nil, err
	}
	written, err := e.LoadCampaign()
	if err != nil {
		return nil, err
	}
	relays, err := l.RelayNames(ctx)
	if err != nil {
		return nil, err
	}
	_, domain, _ := strings.Cut(written.Sender.Address, "@")
	seen := "not read"
	if !r.At.IsZero() {
		seen = "not seen"
	}
	return func(got ledger.Letter) doubt {
		return doubt{
			Letter: got.ID.String(), Since: got.Since, Words: got.Words, Relay: got.Through(relays), Worker: got.Worker(),
			Generation: got.Generation, Attempts: got.Attempts, MessageID: letter.MessageID(got.ID, domain), Copy: seen,
			From: got.Since.Add(settings.duration("quiet")),
			Next: "outreach resolve " + got.ID.String() + " sent|resend|give-up --reason 'WHY' --as NAME",
		}
	}, nil
}

func moment(t time.Time) string { return t.Local().Format("2 January 15:04:05") }

// printDoubts lists doubts with their evidence and what to type, and letters whose copies do not fit.
func (a *app) printDoubts(s status) {
	if n := s.doubtful(); n > 0 {
		fmt.Fprintf(a.out, "in doubt, and sent again by nobody but a person: %d\n", n)
		for i, d := range s.Doubts {
			if i == lookAt {
				fmt.Fprintf(a.out, "  and %d more; outreach status %s --json lists them\n", n-lookAt, s.Campaign)
				break
			}
			a.printDoubt("  ", d)
		}
		if s.Copies != nil {
			fmt.Fprintf(a.out, "  registry copies were last read %s; a copy settles its doubt by itself\n", moment(*s.Copies.ReadAt))
		} else {
			fmt.Fprintln(a.out, "  nobody reads registry copies, which settle doubts by themselves: set registry_copies and start outreach inbox")
		}
	}
	for _, o := range s.Odd {
		fmt.Fprintf(a.out, "%s  %s, %s; look in the relay's log\n", o.Letter, o.State, o.says())
	}
}

func (o odd) says() string {
	many := fmt.Sprint(o.Copies)
	if o.Copies > 8 {
		many = "more than 8"
	}
	if o.Twice {
		return "relayed twice: registry copies read: " + many
	}
	return "though a registry copy was read: a relay took it"
}

func (a *app) printDoubt(indent string, d doubt) {
	words := d.Words
	if words == "" {
		words = "no words of the relay"
	}
	fmt.Fprintf(a.out, "%s%s  since %s: %s\n", indent, d.Letter, moment(d.Since), words)
	fmt.Fprintf(a.out, "%s    relay %s, worker %s, generation %d, registry copy %s; look in the relay's log for %s\n", indent,
		cmp.Or(d.Relay, "not known"), d.Worker, d.Generation, d.Copy, d.MessageID)
	from := ""
	if d.From.After(a.now()) {
		from = "from " + moment(d.From) + " on: "
	}
	fmt.Fprintf(a.out, "%s    %s%s\n", indent, from, d.Next)
}

// addEvidence adds to a letter of a case what evidence and decisions say of it.
func (a *app) addEvidence(ctx context.Context, l *ledger.Ledger, line *caseLetter, got ledger.Letter, c ledger.Campaign) error {
	line.Generation = got.Generation
	if got.Proof.Seen() {
		line.Copies, line.Twice, line.CopySince = got.Proof.Copies, got.Proof.Twice, &got.Proof.Since
	}
	d, ok, err := l.Decided(ctx, got.ID)
	if err != nil {
		return err
	}
	if ok {
		line.Decided = &decided{string(d.Decision), d.At, d.Who, d.Reason}
	}
	if got.State != letter.InDoubt {
		return nil
	}
	r, err := l.Reading(ctx)
	if err != nil {
		return err
	}
	tell, err := a.teller(ctx, l, c, r)
	if err != nil {
		return err
	}
	told := tell(got)
	line.Doubt = &told
	return nil
}

// printEvidence prints it under the letter's line.
func (a *app) printEvidence(c caseLetter) {
	if c.Doubt != nil {
		a.printDoubt("    ", *c.Doubt)
	}
	if c.Decided != nil {
		fmt.Fprintf(a.out, "      resolved as %s by %s on %s: %s\n", c.Decided.Decision, c.Decided.By, moment(c.Decided.At), c.Decided.Reason)
	}
	o := odd{Copies: c.Copies, Twice: c.Twice}
	switch {
	case c.Twice || c.Copies > 0 && (c.State == "refused" || c.State == "withheld" || c.State == "cancelled"):
		fmt.Fprintf(a.out, "      %s\n", o.says())
	case c.Copies > 0:
		fmt.Fprintf(a.out, "      its registry copy was read on %s\n", moment(*c.CopySince))
	}
}
