// Package pack makes the evidence pack of one donor in one campaign: what was approved, what left, what the relays and the
// donor answered, and who decided what, as one zip that a stranger can check without this program. It reads the ledger and
// decides nothing.
//
// The chain that a checker follows: the audit entry of an approval names an edition by its hash; edition-HASH.json has that
// SHA-256 and holds every text and the hash of the list of blocks; blocks-HASH.txt has that one and names the hash of each
// block; records-HASH.jsonl has the one of the donor's block and holds the content hash of every letter; content.bin of a
// letter has that one, and is the letter field by field.
package pack

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"outreach.example/campaign"
	"outreach.example/donor"
	"outreach.example/ledger"
	"outreach.example/letter"
	"outreach.example/templates"
)

// A Pack is one donor's evidence, file by file.
type Pack struct {
	Campaign string
	Donor    string
	AsOf     time.Time
	Letters  int // that have left, or may have
	Copies   int // exact bytes of them that were found
	Files    map[string][]byte

	scopes map[string]bool // of holds that keep its letters
}

// A Maker gathers packs.
type Maker struct {
	Ledger *ledger.Ledger
	// Copies finds the registry copies of letters by their Message-IDs, each copy byte for byte; nil where nobody keeps any.
	Copies func(ctx context.Context, messageIDs []string) (map[string][][]byte, error)
}

// Make gathers the pack of a donor that lies in a block.
func (m Maker) Make(ctx context.Context, c ledger.Campaign, d donor.Donor, block string) (*Pack, error) {
	p, err := m.Letters(ctx, c, d, block)
	if err != nil {
		return nil, err
	}
	cs, err := m.Ledger.Case(ctx, c.Name, p.Donor)
	if err != nil {
		return nil, err
	}
	if err := p.json("case.json", struct {
		Campaign string         `json:"campaign"`
		Donor    string         `json:"donor"`
		Case     string         `json:"case"`
		Entries  []ledger.Entry `json:"entries"`
	}{c.Name, p.Donor, cs.Word(), cs.Entries}); err != nil {
		return nil, err
	}
	mails, err := m.Ledger.Mails(ctx, c.Name, p.Donor)
	if err != nil {
		return nil, err
	}
	if err := p.json("mails.json", mails); err != nil {
		return nil, err
	}
	if err := m.audit(ctx, p, c); err != nil {
		return nil, err
	}
	p.Files["check.py"] = checker
	p.Files["README.txt"] = p.readme()
	return p, nil
}

// Letters gathers the letters alone, and what they were made from.
func (m Maker) Letters(ctx context.Context, c ledger.Campaign, d donor.Donor, block string) (*Pack, error) {
	now, err := m.Ledger.Now(ctx)
	if err != nil {
		return nil, err
	}
	p := &Pack{Campaign: c.Name, Donor: d.ID, AsOf: now.UTC().Truncate(time.Second), Files: map[string][]byte{}}
	p.scopes = map[string]bool{"all": true, "donor:" + d.ID: true, "group:" + d.Group: true, "region:" + d.Region: true}
	return p, m.letters(ctx, p, c, block)
}

// row is a letter's row as the pack tells it.
type row struct {
	Letter      string     `json:"letter"`
	State       string     `json:"state"`
	Since       time.Time  `json:"since"`
	Date        *time.Time `json:"date,omitempty"`
	Generation  int        `json:"generation"`
	Attempts    int        `json:"attempts"`
	Relay       string     `json:"relay_said,omitempty"`
	MessageID   string     `json:"message_id,omitempty"`
	Edition     string     `json:"edition,omitempty"`
	ContentHash string     `json:"content_sha256,omitempty"`
	Copies      int        `json:"registry_copies_read"`
}

// letters adds every letter of the donor, and the editions that they were made from.
func (m Maker) letters(ctx context.Context, p *Pack, c ledger.Campaign, block string) error {
	var left []string
	steps := map[string]string{} // by Message-ID
	for _, step := range c.Steps {
		l, ok, err := m.Ledger.Letter(ctx, letter.Block{Campaign: c.Name, Step: step, Name: block}, p.Donor)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		r := row{
			Letter: l.ID.String(), State: string(l.State), Since: l.Since, Generation: l.Generation, Attempts: l.Attempts,
			Relay: l.Words, Copies: l.Proof.Copies,
		}
		if !l.Date.IsZero() {
			r.Date = &l.Date
		}
		// Editions are numbered from the oldest, and listed from the newest.
		if n := len(c.Editions) - l.Edition; l.Edition > 0 && n >= 0 {
			r.Edition = c.Editions[n]
			content, err := m.content(ctx, p, r.Edition, block, step, l.Date)
			if err != nil {
				return fmt.Errorf("letter %s: %w", l.ID, err)
			}
			if content != nil {
				_, domain, _ := strings.Cut(content.From.Address, "@")
				r.ContentHash, r.MessageID = content.Hash(), letter.MessageID(l.ID, domain)
				left = append(left, r.MessageID)
				steps[r.MessageID] = step
			}
		}
		switch l.State {
		case letter.Sent, letter.Bounced, letter.InDoubt, letter.Sending:
			p.Letters++
		}
		if err := p.json(path.Join("letters", step, "row.json"), r); err != nil {
			return err
		}
	}
	if m.Copies == nil || len(left) == 0 {
		return nil
	}
	copies, err := m.Copies(ctx, left)
	if err != nil {
		return fmt.Errorf("registry copies: %w", err)
	}
	for id, step := range steps {
		for i, b := range copies[id] {
			p.Files[path.Join("letters", step, fmt.Sprintf("registry-copy-%d.eml", i+1))] = b
			p.Copies++
		}
	}
	return nil
}

// content makes a letter again from the edition that it was claimed under, and adds both. Nil where the edition has no such
// letter.
func (m Maker) content(ctx context.Context, p *Pack, hash, block, step string, date time.Time) (*letter.Content, error) {
	made, err := m.Made(ctx, hash, block, p.Donor, step)
	if made == nil || err != nil {
		return nil, err
	}
	c, set, r := made.Content, made.Set, &made.Record
	if got := c.Hash(); got != made.Approved() {
		return nil, fmt.Errorf("this version of the program writes it otherwise than the one that sent it (%.12s, approved %.12s): use that one", got, made.Approved())
	}
	lines, err := campaign.Lines(made.records)
	if err != nil {
		return nil, err
	}
	p.Files["editions/edition-"+hash+".json"] = made.edition.Encode()
	p.Files["editions/blocks-"+hash+".txt"] = made.blocks.List()
	p.Files["editions/records-"+hash+".jsonl"] = lines
	dir := path.Join("letters", step)
	printed := letter.DateMark
	if !date.IsZero() {
		printed = set.PrintDate(c.Language, date)
	}
	dated := func(s string) []byte { return []byte(strings.ReplaceAll(s, letter.DateMark, printed)) }
	p.Files[path.Join(dir, "content.bin")] = c.AppendForm(nil)
	p.Files[path.Join(dir, "letter.txt")] = append(headers(&c, printed), dated(c.Text)...)
	p.Files[path.Join(dir, "letter.html")] = dated(c.HTML)
	facts, err := factsOf(set, set.Cites(r, step))
	p.Files[path.Join(dir, "facts.csv")] = facts
	return &c, err
}

// headers are who a letter is from and goes to, in words.
func headers(c *letter.Content, printed string) []byte {
	var b bytes.Buffer
	line := func(name string, boxes ...donor.Mailbox) {
		for _, m := range boxes {
			if m != (donor.Mailbox{}) {
				fmt.Fprintf(&b, "%s: %s <%s>\n", name, m.Name, m.Address)
			}
		}
	}
	line("From", c.From)
	line("Reply-To", c.ReplyTo)
	line("To", c.To)
	line("Cc", c.Cc...)
	fmt.Fprintf(&b, "Subject: %s\n\n", strings.ReplaceAll(c.Subject, letter.DateMark, printed))
	return b.Bytes()
}

// factsOf is the table of the facts that a letter cites.
func factsOf(set *templates.Set, keys []string) ([]byte, error) {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	rows := [][]string{{"id", "says", "year", "source", "as of", "expires"}}
	for _, f := range set.Facts() {
		if slices.Contains(keys, f.Key) {
			rows = append(rows, []string{f.ID, f.Says, f.Year, f.Source, day(f.AsOf), day(f.Expires)})
		}
	}
	err := w.WriteAll(rows)
	return b.Bytes(), err
}

// ReadFacts reads such a table, without its head.
func ReadFacts(table []byte) ([][]string, error) {
	rows, err := csv.NewReader(bytes.NewReader(table)).ReadAll()
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	return rows[1:], nil
}

func day(d donor.Date) string {
	if d == (donor.Date{}) {
		return ""
	}
	return d.String()
}

func (p *Pack) json(name string, v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	p.Files[name] = append(b, '\n')
	return err
}

//go:embed check.py
var checker []byte

// Write writes the pack as a zip. The same pack is the same bytes.
func (p *Pack) Write(w io.Writer) error {
	var sums bytes.Buffer
	names := slices.Sorted(maps.Keys(p.Files))
	for _, name := range names {
		fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256(p.Files[name]), name)
	}
	z := zip.NewWriter(w)
	add := func(name string, content []byte) error {
		f, err := z.CreateHeader(&zip.FileHeader{Name: p.folder() + "/" + name, Method: zip.Deflate, Modified: p.AsOf})
		if err != nil {
			return err
		}
		_, err = f.Write(content)
		return err
	}
	for _, name := range names {
		if err := add(name, p.Files[name]); err != nil {
			return err
		}
	}
	if err := add("SHA256SUMS", sums.Bytes()); err != nil {
		return err
	}
	return z.Close()
}

// folder is what the zip unpacks to.
func (p *Pack) folder() string { return "evidence-" + p.Campaign + "-" + p.Donor }
