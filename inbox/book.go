package inbox

import (
	"context"
	"slices"
	"strings"

	"outreach.example/donor"
	"outreach.example/ledger"
	"outreach.example/letter"
)

// book knows whose an address is, of one campaign: the contacts of all its editions, because a donor may answer from an
// address that a later edition has corrected.
type book struct {
	editions string              // of which it was made
	address  map[string][]string // hash of an address to its donors
	domain   map[string][]string // of an address to its donors; a domain that several share names nobody
	own      map[string]bool     // addresses of the organisation itself
	ids      map[string]string   // id in capitals to the id
}

// public are providers whose domains belong to nobody in particular: a stranger there is no donor's colleague.
var public = map[string]bool{
	"gmail.com": true, "googlemail.com": true, "outlook.com": true, "hotmail.com": true, "live.com": true, "msn.com": true,
	"yahoo.com": true, "ymail.com": true, "icloud.com": true, "me.com": true, "aol.com": true, "gmx.com": true, "gmx.net": true,
	"gmx.de": true, "web.de": true, "mail.ru": true, "yandex.ru": true, "yandex.com": true, "protonmail.com": true, "proton.me": true,
	"qq.com": true, "163.com": true, "126.com": true, "orange.fr": true, "wanadoo.fr": true, "free.fr": true, "laposte.net": true,
	"bluewin.ch": true, "hotmail.fr": true, "yahoo.fr": true, "hotmail.es": true, "yahoo.es": true, "libero.it": true,
}

// book reads the contacts of a campaign, once for each set of its editions.
func (f *finder) book(ctx context.Context, c *named) (*book, error) {
	key := strings.Join(c.Editions, " ")
	if b := f.books[c.Name]; b != nil && b.editions == key {
		return b, nil
	}
	b := &book{editions: key, address: map[string][]string{}, domain: map[string][]string{}, own: map[string]bool{}, ids: map[string]string{}}
	read := map[string]bool{} // blocks that editions share
	for _, hash := range c.Editions {
		e, err := f.edition(ctx, hash)
		if err != nil {
			return nil, err
		}
		w := e.written
		for _, a := range []string{w.Sender.Address, w.ReplyTo.Address, w.Registry, w.ReturnPath} {
			if a != "" {
				b.own[strings.ToLower(a)] = true
			}
		}
		for _, name := range e.blocks.Names() {
			if mark := name + " " + e.blocks.Hash(name); read[mark] {
				continue
			} else {
				read[mark] = true
			}
			records, err := f.ledger.Records(ctx, e.blocks, name)
			if err != nil {
				return nil, err
			}
			for i := range records {
				b.add(&records[i].Donor)
			}
		}
	}
	f.books[c.Name] = b
	return b, nil
}

func (b *book) add(d *donor.Donor) {
	for _, contact := range d.Contacts {
		put(b.address, ledger.AddressHash(contact.Email), d.ID)
		if _, domain, ok := strings.Cut(strings.ToLower(contact.Email), "@"); ok && !public[domain] {
			put(b.domain, domain, d.ID)
		}
	}
	b.ids[strings.ToUpper(d.ID)] = d.ID
}

func put(m map[string][]string, key, id string) {
	if !slices.Contains(m[key], id) {
		m[key] = append(m[key], id)
	}
}

// tokened finds the letter that a signed token names.
func (f *finder) tokened(ctx context.Context, t letter.Token) (*named, letter.ID, error) {
	for _, c := range f.campaigns {
		if !t.OfCampaign(c.Name) {
			continue
		}
		for _, step := range c.Steps {
			if !t.OfStep(step) {
				continue
			}
			if id, ok := t.Donor(); ok {
				return c, letter.ID{Campaign: c.Name, Donor: id, Step: step}, nil
			}
			b, err := f.book(ctx, c)
			if err != nil {
				return nil, letter.ID{}, err
			}
			for _, id := range b.ids {
				if l := (letter.ID{Campaign: c.Name, Donor: id, Step: step}); t.Names(l) {
					return c, l, nil
				}
			}
		}
	}
	return nil, letter.ID{}, nil
}

// identified finds the letter that has a Message-ID. Whoever knows a donor can write one.
func (f *finder) identified(ctx context.Context, messageID string) (*named, letter.ID, error) {
	name, ok := letter.ParseMessageID(messageID)
	if !ok {
		return nil, letter.ID{}, nil
	}
	c := f.campaigns[name.Campaign]
	if c == nil {
		return nil, letter.ID{}, nil
	}
	ids := []string{name.Donor}
	if len(name.Donor) == letter.AtomLength {
		more, err := c.places.Beginning(ctx, name.Donor)
		if err != nil {
			return nil, letter.ID{}, err
		}
		ids = append(ids, more...)
	}
	for _, step := range c.Steps {
		for _, id := range ids {
			if l := (letter.ID{Campaign: c.Name, Donor: id, Step: step}); letter.Atom(step) == name.Step && letter.MessageID(l, name.Domain) == messageID {
				return c, l, nil
			}
		}
	}
	return nil, letter.ID{}, nil
}

// numbered finds the letter that has a reference number: the id in capitals.
func (f *finder) numbered(ctx context.Context, reference string) (*named, letter.ID, error) {
	p := strings.Split(reference, "/")
	for _, c := range f.campaigns {
		if strings.ToUpper(c.Name) != p[0] {
			continue
		}
		b, err := f.book(ctx, c)
		if err != nil {
			return nil, letter.ID{}, err
		}
		for _, step := range c.Steps {
			if strings.ToUpper(step) != p[2] {
				continue
			}
			if id := b.ids[p[1]]; id != "" {
				return c, letter.ID{Campaign: c.Name, Donor: id, Step: step}, nil
			}
		}
	}
	return nil, letter.ID{}, nil
}
