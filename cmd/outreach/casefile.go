package main

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"

	"outreach.example/campaign"
	"outreach.example/ledger"
	"outreach.example/letter"
)

// caseFile is a case as --json prints it.
type caseFile struct {
	Campaign string        `json:"campaign"`
	Donor    string        `json:"donor"`
	Name     string        `json:"name"`
	Language string        `json:"language"`
	Case     string        `json:"case"`
	Stopped  bool          `json:"stopped"`
	Next     string        `json:"next,omitempty"` // what comes next, and why
	Until    *time.Time    `json:"until,omitempty"`
	Tasks    []todo        `json:"tasks"`
	Holds    []heldScope   `json:"holds"` // those that keep its letters
	Entries  []caseEntry   `json:"entries"`
	Contacts []caseContact `json:"contacts"`
	Ask      []string      `json:"ask"`
	Letters  []caseLetter  `json:"letters"`

	zone *time.Location // where the letters are read
}

// caseEntry is one entry, with the mail it came from as far as that is kept.
type caseEntry struct {
	Number int `json:"number"`
	ledger.Entry
	Counts bool         `json:"counts"`
	Text   *ledger.Mail `json:"text,omitempty"`
}

type caseContact struct {
	Role       string              `json:"role"` // to or cc
	Name       string              `json:"name"`
	Email      string              `json:"email"`
	Suppressed *ledger.Suppression `json:"suppressed,omitempty"`
}

type caseLetter struct {
	Letter   string      `json:"letter"`
	State    string      `json:"state"`
	Since    *time.Time  `json:"since,omitempty"`
	Date     *time.Time  `json:"date,omitempty"`
	Attempts int         `json:"attempts"`
	Words    string      `json:"words,omitempty"`
	Why      string      `json:"why,omitempty"` // why it has not left
	Reason   *ledger.Why `json:"reason,omitempty"`

	Generation int        `json:"generation,omitempty"`
	Copies     int        `json:"copies,omitempty"`        // registry copies that were read
	CopySince  *time.Time `json:"copy_since,omitempty"`    // when the first of them was
	Twice      bool       `json:"relayed_twice,omitempty"` // more of them than were sent on purpose
	Doubt      *doubt     `json:"doubt,omitempty"`
	Decided    *decided   `json:"resolved,omitempty"` // the last decision on its doubt
}

// caseFile reads everything about one donor in one campaign.
func (a *app) caseFile(ctx context.Context, l *ledger.Ledger, f found) (caseFile, error) {
	around, err := l.Around(ctx)
	if err != nil {
		return caseFile{}, err
	}
	written, err := writtenOf(ctx, l, f.campaign)
	if err != nil {
		return caseFile{}, err
	}
	all, err := l.Situations(ctx, around, f.campaign, written, f.record, f.block)
	if err != nil {
		return caseFile{}, err
	}
	r, cs := f.record, all[0].Case
	out := caseFile{
		Campaign: f.campaign.Name, Donor: f.id, Name: r.Donor.Name["en"], Language: r.Donor.Language, Case: cs.Word(), Stopped: cs.Stopped,
		Ask: r.Ask.Lines, Entries: []caseEntry{}, zone: written.Schedule.Place(),
	}
	if cs.Until.After(around.Now) {
		out.Until = &cs.Until
	}
	if err := a.addEntries(ctx, l, &out, cs); err != nil {
		return out, err
	}
	if err := a.addContacts(ctx, l, &out, &r); err != nil {
		return out, err
	}
	tasks, err := l.Tasks(ctx, out.Campaign, out.Donor)
	if err != nil {
		return out, err
	}
	if out.Tasks, err = a.todos(ctx, l, tasks); err != nil {
		return out, err
	}
	out.Holds = []heldScope{}
	for _, h := range heldScopes(around.Holds, around.Now) {
		if keeps(h.Scope, &r) {
			out.Holds = append(out.Holds, h)
		}
	}
	for i := range all {
		if err := a.addLetter(ctx, l, &out, &all[i]); err != nil {
			return out, err
		}
	}
	return out, nil
}

// writtenOf is the campaign file of a campaign's current edition.
func writtenOf(ctx context.Context, l *ledger.Ledger, c ledger.Campaign) (*campaign.Campaign, error) {
	e, err := l.Edition(ctx, c.Current())
	if err != nil {
		return nil, err
	}
	return e.LoadCampaign()
}

// keeps says whether a hold's scope has a donor in it.
func keeps(scope string, r *campaign.Record) bool {
	switch scope {
	case "all", "donor:" + r.Donor.ID, "group:" + r.Donor.Group, "region:" + r.Donor.Region:
		return true
	}
	return false
}

func (a *app) addEntries(ctx context.Context, l *ledger.Ledger, out *caseFile, cs ledger.Case) error {
	mails, err := l.Mails(ctx, out.Campaign, out.Donor)
	if err != nil {
		return err
	}
	kept := map[string]*ledger.Mail{}
	for i := range mails {
		kept[mails[i].ID] = &mails[i]
	}
	for i, e := range cs.Entries {
		entry := caseEntry{Number: i + 1, Entry: e, Counts: e.Counts}
		if e.Mail != "" {
			entry.Text = kept[e.Mail]
		}
		out.Entries = append(out.Entries, entry)
	}
	return nil
}

func (a *app) addContacts(ctx context.Context, l *ledger.Ledger, out *caseFile, r *campaign.Record) error {
	list, err := l.Suppressions(ctx)
	if err != nil {
		return err
	}
	closed, err := l.Suppressed(ctx)
	if err != nil {
		return err
	}
	out.Contacts = []caseContact{}
	for i, ct := range r.Donor.Contacts {
		c := caseContact{Role: "cc", Name: ct.Name, Email: ct.Email}
		if i == 0 {
			c.Role = "to"
		}
		if closed.Has(ct.Email) {
			c.Suppressed = &ledger.Suppression{Source: ledger.ByHand, Reason: "its address was erased from the list"}
			for _, s := range list {
				if s.Hash == ledger.AddressHash(ct.Email) {
					c.Suppressed = &s
				}
			}
		}
		out.Contacts = append(out.Contacts, c)
	}
	return nil
}

// addLetter adds the letter of one step, and what comes next where it is the first that has not left.
func (a *app) addLetter(ctx context.Context, l *ledger.Ledger, out *caseFile, s *ledger.Situation) error {
	id := letter.ID{Campaign: out.Campaign, Donor: out.Donor, Step: s.Step}
	line := caseLetter{Letter: id.String(), State: "not planned yet"}
	if s.Letter != nil {
		got := *s.Letter
		line.State, line.Attempts, line.Words, line.Since = word(got.State), got.Attempts, got.Words, &got.Since
		if !got.Date.IsZero() {
			line.Date = &got.Date
		}
		kept, err := a.stands(ctx, l, s.Campaign, &s.Record, got)
		if err != nil {
			return err
		}
		s.Fact = kept
		if err := a.addEvidence(ctx, l, &line, got, s.Campaign); err != nil {
			return err
		}
	}
	if why, ok := s.WhyNot(); ok {
		line.Why, line.Reason = why.Sentence(out.times), &why
		switch why.Name {
		case "nothing asked":
			line.State = "none"
		case "cancelled", "withheld", "refused", "bounced", "again":
			line.Words = "" // the sentence has them
		}
		if out.Next == "" && why.Name != "cancelled" && why.Name != "nothing asked" && !out.Stopped {
			out.Next = s.Step + ": " + line.Why
		}
	}
	out.Letters = append(out.Letters, line)
	return nil
}

// quoteHead begins what a mail program quotes of the mail before: "On ... wrote:", "Le ... a écrit :", "El ... escribió:".
var quoteHead = regexp.MustCompile(`(?i)^(on\b.*\bwrote:|le\b.*\ba écrit\s*:|el\b.*\bescribió:|-+ ?(original message|message d'origine|mensaje original) ?-+)$`)

// folded is the text of a mail, line by line, without what it quotes, which is counted; or with it.
func folded(text string, quotes bool) (lines []string) {
	n := 0
	fold := func() {
		if n > 0 {
			lines = append(lines, fmt.Sprintf("[quoted lines: %d; --quotes shows them]", n))
		}
		n = 0
	}
	rest := false // Outlook marks the beginning of a quotation only
	for line := range strings.Lines(strings.TrimRight(text, "\r\n\t ")) {
		line = strings.Map(printable, strings.TrimRight(line, "\r\n"))
		head := quoteHead.MatchString(strings.TrimSpace(line))
		rest = rest || head && strings.HasPrefix(strings.TrimSpace(line), "-")
		if !quotes && (rest || head || strings.HasPrefix(strings.TrimSpace(line), ">")) {
			n++
			continue
		}
		fold()
		lines = append(lines, line)
	}
	fold()
	return lines
}

// printable keeps what a terminal may be shown of a stranger's text.
func printable(r rune) rune {
	if r == '\t' {
		return ' '
	}
	if r < ' ' || r >= 0x7f && r < 0xa0 || r == '\u2028' || r == '\u2029' || r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069' {
		return -1
	}
	return r
}
