package pack

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"outreach.example/ledger"
)

// link is an audit entry with the chain hash before it, from which its own follows.
type link struct {
	Seq    int64  `json:"seq"`
	At     int64  `json:"at"` // milliseconds
	Who    string `json:"who"`
	What   string `json:"what"`
	Body   string `json:"body"`
	Before string `json:"before"`
	Chain  string `json:"chain"`
}

// decisions on a campaign concern all its donors, those on the ledger all campaigns.
var (
	decisions = map[string]bool{"plan": true, "approve": true, "start": true, "pause": true, "resume": true, "cancel": true}
	onLedger  = map[string]bool{"freeze": true, "epoch": true, "withdraw": true}
)

// audit adds the audit entries that concern the donor or its campaign, and the time line that people read.
func (m Maker) audit(ctx context.Context, p *Pack, c ledger.Campaign) error {
	var chain, line bytes.Buffer
	enc := json.NewEncoder(&chain)
	enc.SetEscapeHTML(false)
	before, after := "", int64(0)
	for {
		some, err := m.Ledger.Audit(ctx, after, 1000)
		if err != nil {
			return err
		}
		for _, e := range some {
			if says := p.about(e, c.Name); says != "" {
				if err := enc.Encode(link{e.Seq, e.At.UnixMilli(), e.Who, e.What, e.Body, before, e.Chain}); err != nil {
					return err
				}
				fmt.Fprintf(&line, "%s  %s  %s  %s\n", e.At.UTC().Format(time.RFC3339), e.Who, e.What, says)
			}
			before, after = e.Chain, e.Seq
		}
		if len(some) < 1000 {
			break
		}
	}
	p.Files["audit.jsonl"], p.Files["timeline.txt"] = chain.Bytes(), line.Bytes()
	return nil
}

// about is what an entry says of the donor or of the whole campaign; "" when it concerns others only.
func (p *Pack) about(e ledger.AuditEntry, campaign string) string {
	head, _, _ := strings.Cut(strings.ReplaceAll(e.Body, "\n", " "), " ")
	if onLedger[e.What] || decisions[e.What] && head == campaign {
		return strings.ReplaceAll(e.Body, "\n", "; ")
	}
	if scope, _, _ := strings.Cut(e.Body, "\n"); (e.What == "hold" || e.What == "release") && p.scopes[scope] {
		return strings.ReplaceAll(e.Body, "\n", "; ")
	}
	var own []string
	for line := range strings.Lines(e.Body) {
		line = strings.TrimSuffix(line, "\n")
		for word := range strings.FieldsSeq(line) {
			if word == campaign+"/"+p.Donor || strings.HasPrefix(word, campaign+"/"+p.Donor+"/") {
				own = append(own, line)
				break
			}
		}
	}
	return strings.Join(own, "; ")
}

func (p *Pack) readme() []byte {
	var b strings.Builder
	fmt.Fprintf(&b, `Evidence pack: donor %[1]s, campaign %[2]s
Date of data: %[3]s

What is in it
  case.json               what was recorded in the case: replies, pledge, notes, by whom and when
  mails.json              the text of mails that came, as far as it is kept
  timeline.txt            what happened, one line an entry of the audit stream
  letters/STEP/           each letter:
    row.json                its state, dates, what the relay said, its Message-ID
    letter.txt, letter.html the letter with its printed date
    content.bin             the same as it was approved, field by field, with a mark for the date; its SHA-256 is the content hash
    facts.csv               the facts it cites, with their sources
    registry-copy-N.eml     the exact bytes that the relay delivered into the organisation's own mailbox
  editions/               what was approved: every text and setting, the list of blocks, the donor's record
  audit.jsonl             the entries of the audit stream, with the chain hash before and after each
  check.py, SHA256SUMS    to check all of it

`, p.Donor, p.Campaign, p.AsOf.Format(time.RFC3339))
	switch {
	case p.Letters == 0:
		b.WriteString("No letter has left.\n")
	case p.Copies == 0:
		b.WriteString("No registry copies were at hand, so the exact bytes that left are not in this pack; content.bin proves what they said.\n")
	}
	b.WriteString(`
How to check it, with nothing but standard tools
  sha256sum -c SHA256SUMS   the files are those that were packed
  python3 check.py          each letter is the approved one, each approval is in the audit stream, each entry fits its chain hash

The audit stream writes a letter's states as single letters: P planned, C claimed, G sending, S sent, D in doubt, R refused,
B bounced, W withheld, X cancelled; "G>S" is: from sending to sent, accepted by the relay.
An entry of the audit stream may name letters to other donors that were handed over in the same call.
`)
	return []byte(b.String())
}
