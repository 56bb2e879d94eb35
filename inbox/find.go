package inbox

import (
	"context"
	"strings"
	"time"

	"outreach.example/campaign"
	"outreach.example/ledger"
	"outreach.example/letter"
	"outreach.example/templates"
)

// finder knows which letter a mail names. What it reads of the ledger it keeps: editions never change, and few campaigns
// run. Where the campaigns stand is read anew for every batch.
type finder struct {
	ledger    *ledger.Ledger
	campaigns map[string]*named // by the atom in the Message-ID; nil before they are read
	editions  map[string]*edition
	places    map[string]*ledger.Places // by campaign and the number of its editions
	books     map[string]*book          // by campaign
}

// named is one campaign as it stands.
type named struct {
	ledger.Campaign
	places *ledger.Places
}

// edition is one edition as letters are compared with it.
type edition struct {
	written *campaign.Campaign
	set     *templates.Set
	blocks  *ledger.Blocks
}

func (f *finder) fresh() { f.campaigns = nil }

func (f *finder) read(ctx context.Context) error {
	if f.campaigns != nil {
		return nil
	}
	if f.places == nil {
		f.places, f.editions, f.books = map[string]*ledger.Places{}, map[string]*edition{}, map[string]*book{}
	}
	names, err := f.ledger.Campaigns(ctx)
	if err != nil {
		return err
	}
	all := map[string]*named{}
	for _, name := range names {
		c, err := f.ledger.Campaign(ctx, name)
		if err != nil {
			return err
		}
		n := &named{Campaign: c}
		key := name + " " + strings.Join(c.Editions, " ")
		if n.places = f.places[key]; n.places == nil {
			if n.places, err = f.ledger.Places(ctx, c); err != nil {
				return err
			}
			f.places[key] = n.places
		}
		all[letter.Atom(name)] = n
	}
	f.campaigns = all
	return nil
}

// letter finds the letter that a mail is the registry copy of: by its Message-ID, which is written again from the
// letter's id and compared, and by its sender. A finding says that it is none.
func (f *finder) letter(ctx context.Context, m *mail) (ledger.Evidence, ledger.Finding, error) {
	none := ledger.Evidence{}
	name, ok := letter.ParseMessageID(m.messageID)
	if !ok {
		return none, foreign, nil
	}
	if err := f.read(ctx); err != nil {
		return none, "", err
	}
	c := f.campaigns[name.Campaign]
	if c == nil {
		return none, unknown, nil
	}
	step := ""
	for _, s := range c.Steps {
		if letter.Atom(s) == name.Step {
			step = s
		}
	}
	ids := []string{name.Donor}
	if len(name.Donor) == letter.AtomLength {
		more, err := c.places.Beginning(ctx, name.Donor)
		if err != nil {
			return none, "", err
		}
		ids = append(ids, more...)
	}
	for _, donor := range ids {
		id := letter.ID{Campaign: c.Name, Donor: donor, Step: step}
		if letter.MessageID(id, name.Domain) != m.messageID {
			continue
		}
		block, err := c.places.Block(ctx, donor)
		if err != nil {
			return none, "", err
		}
		if block == "" {
			return none, unknown, nil
		}
		return f.evidence(ctx, c, id, block, m)
	}
	if step == "" {
		return none, unknown, nil // a step of an edition that this ledger does not have
	}
	return none, forged, nil
}

// evidence compares a mail with the letter it names.
func (f *finder) evidence(ctx context.Context, c *named, id letter.ID, block string, m *mail) (ledger.Evidence, ledger.Finding, error) {
	none := ledger.Evidence{}
	row, ok, err := f.ledger.Letter(ctx, letter.Block{Campaign: id.Campaign, Step: id.Step, Name: block}, id.Donor)
	if err != nil {
		return none, "", err
	}
	hashes := []string{c.Current()}
	if n := len(c.Editions); ok && row.Edition > 0 && row.Edition <= n {
		if hash := c.Editions[n-row.Edition]; hash != hashes[0] {
			hashes = append(hashes, hash)
		}
	}
	sender, exact := false, false
	for _, hash := range hashes {
		e, err := f.edition(ctx, hash)
		if err != nil {
			return none, "", err
		}
		_, domain, _ := strings.Cut(e.written.Sender.Address, "@")
		if !strings.EqualFold(m.from, e.written.Sender.Address) || letter.MessageID(id, domain) != m.messageID {
			continue
		}
		sender = true
		// The text is read only where a Message-ID does not suffice.
		if ok && row.Attempts > 0 && row.Date.Equal(m.date) && row.State != letter.Planned && row.State != letter.Claimed {
			break
		}
		if exact, err = f.exact(ctx, e, id, block, m); err != nil {
			return none, "", err
		}
		if exact {
			break
		}
	}
	if !sender {
		return none, forged, nil
	}
	taken := m.received
	if taken.Before(m.date) {
		taken = time.Time{} // a clock that is wrong
	}
	return ledger.Evidence{
		Letter: id, Block: block, Copy: m.id, Date: m.date, Exact: exact, Taken: taken, Words: "by its registry copy",
	}, "", nil
}

func (f *finder) edition(ctx context.Context, hash string) (*edition, error) {
	if e := f.editions[hash]; e != nil {
		return e, nil
	}
	stored, err := f.ledger.Edition(ctx, hash)
	if err != nil {
		return nil, err
	}
	e := &edition{}
	if e.written, err = stored.LoadCampaign(); err != nil {
		return nil, err
	}
	set, faults := templates.Load(e.written, stored.Files)
	if faults.Refuses() {
		return nil, faults
	}
	if e.blocks, err = f.ledger.Blocks(ctx, hash); err != nil {
		return nil, err
	}
	e.set = set
	f.editions[hash] = e
	return e, nil
}

// exact says whether a mail has the addressee, subject and text that the edition has for the letter, with the date of the
// mail: only somebody who had the letter can have written that.
func (f *finder) exact(ctx context.Context, e *edition, id letter.ID, block string, m *mail) (bool, error) {
	if m.date.IsZero() || !e.blocks.Has(block) {
		return false, nil
	}
	records, err := f.ledger.Records(ctx, e.blocks, block)
	if err != nil {
		return false, err
	}
	for i := range records {
		if records[i].Donor.ID != id.Donor {
			continue
		}
		content, err := e.set.Compose(&records[i], id.Step)
		if err != nil {
			return false, nil // no such letter can have left
		}
		got, err := m.text()
		if err != nil {
			return false, nil // torn, badly encoded, or too deep: not what we wrote
		}
		printed := e.set.PrintDate(content.Language, m.date)
		dated := func(s string) string { return words(strings.ReplaceAll(s, letter.DateMark, printed)) }
		return strings.EqualFold(m.to, content.To.Address) && words(m.subject) == dated(content.Subject) && words(got) == dated(content.Text), nil
	}
	return false, nil
}

// words is a text without what relays may change of it: its line ends and spaces.
func words(s string) string { return strings.Join(strings.Fields(s), " ") }
