package inbox

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"outreach.example/campaign"
	"outreach.example/inbox/returned"
	"outreach.example/ledger"
	"outreach.example/letter"
)

// sure is how sure it is that a mail is about a donor.
type sure int

const (
	nobody   sure = iota
	byDomain      // it comes from a domain at which one donor only has an address
	byAddress
	byNumber // it has the letter's reference number
	byID     // it answers the letter, or brings it back, by its Message-ID
	byToken  // it came to the letter's signed return path, or holds its signed token
)

var sureWords = map[sure]string{
	nobody: "", byDomain: "the domain it comes from", byAddress: "the address it comes from", byNumber: "the reference number",
	byID: "the letter's Message-ID", byToken: "the signed token of the letter",
}

// match is whom a mail is about.
type match struct {
	donors     []string // one, or several where the mail contradicts itself
	how        sure
	letter     letter.ID // the one that is named, where one is
	campaign   *named
	generation int // as the token says; 0 where it is not known
	forged     bool
	from       sure // how its sender is known to be the donor's
	own        bool // its sender is the organisation itself
}

func (m match) donor() string {
	if len(m.donors) == 1 {
		return m.donors[0]
	}
	return ""
}

// add notes that something names a donor.
func (m *match) add(how sure, id string) {
	if !slices.Contains(m.donors, id) {
		m.donors = append(m.donors, id)
	}
	m.how = max(m.how, how)
}

// letterNamed notes that something names a letter; what names it most surely stands.
func (m *match) letterNamed(how sure, c *named, id letter.ID, generation int) {
	if c == nil {
		return
	}
	if how > m.how || m.campaign == nil {
		m.letter, m.campaign, m.generation = id, c, generation
	}
	m.add(how, id.Donor)
}

// match finds whom a mail is about. A token that was not signed here is noted and names nobody.
func (f *finder) match(ctx context.Context, keys letter.TokenKeys, m *returned.Mail) (match, error) {
	var out match
	if err := f.read(ctx); err != nil {
		return out, err
	}
	if err := f.byTokens(ctx, keys, m, &out); err != nil {
		return out, err
	}
	for _, ids := range [][]string{m.Clues.About, m.Clues.Answers} {
		for _, id := range ids {
			c, l, err := f.identified(ctx, id)
			if err != nil {
				return out, err
			}
			out.letterNamed(byID, c, l, 0)
		}
	}
	for _, ref := range m.Clues.References {
		c, l, err := f.numbered(ctx, ref)
		if err != nil {
			return out, err
		}
		out.letterNamed(byNumber, c, l, 0)
	}
	return out, f.bySender(ctx, m, &out)
}

func (f *finder) byTokens(ctx context.Context, keys letter.TokenKeys, m *returned.Mail, out *match) error {
	try := func(kind letter.TokenKind, text string) error {
		t, err := keys.Read(kind, text)
		if err != nil {
			out.forged = out.forged || letter.LooksLikeToken(kind, text)
			return nil
		}
		c, id, err := f.tokened(ctx, t)
		if err == nil {
			out.letterNamed(byToken, c, id, t.Generation)
		}
		return err
	}
	if len(keys) == 0 {
		return nil
	}
	if m.Clues.Token != "" {
		if err := try(letter.OptOutToken, m.Clues.Token); err != nil {
			return err
		}
	}
	for _, a := range append(slices.Clone(m.Clues.Addresses), m.Clues.Original...) {
		if _, token, ok := letter.SplitReturnPath(a); ok {
			if err := try(letter.ReturnToken, token); err != nil {
				return err
			}
		}
	}
	return nil
}

// bySender looks at whom the sender's address belongs to. A letter that was named and a sender who is another donor
// contradict each other.
func (f *finder) bySender(ctx context.Context, m *returned.Mail, out *match) error {
	_, domain, _ := strings.Cut(m.From, "@")
	var people, colleagues []string
	for _, c := range f.campaigns {
		b, err := f.book(ctx, c)
		if err != nil {
			return err
		}
		out.own = out.own || b.own[m.From]
		for _, id := range b.address[ledger.AddressHash(m.From)] {
			if !slices.Contains(people, id) {
				people = append(people, id)
			}
		}
		for _, id := range b.domain[domain] {
			if !slices.Contains(colleagues, id) {
				colleagues = append(colleagues, id)
			}
		}
	}
	switch {
	case out.own || m.From == "":
	case len(people) == 1 || len(people) > 1 && len(out.donors) == 1 && slices.Contains(people, out.donors[0]):
		out.from = byAddress
		if len(people) == 1 {
			out.add(byAddress, people[0])
		}
	case len(people) == 0 && len(colleagues) == 1:
		out.from = byDomain
		if len(out.donors) == 0 {
			out.add(byDomain, colleagues[0])
		}
	case len(people) > 1 && len(out.donors) == 0:
		// An address of several donors: a person says whose mail it is, and none of them is written to meanwhile.
		for _, id := range people[:min(len(people), mostNamed)] {
			out.add(byAddress, id)
		}
	}
	return nil
}

// mostNamed is how many donors one mail can stop: whoever writes a hundred reference numbers into a mail stops no campaign.
const mostNamed = 5

// sent is a letter as it left: its row, and whom it went to.
type sent struct {
	row      ledger.Letter
	ok       bool
	block    string
	contacts []string // To first, in lower case
}

// sent reads the letter that a match names, with the contacts of the edition that it left by.
func (f *finder) sent(ctx context.Context, m match) (sent, error) {
	var out sent
	block, err := m.campaign.places.Block(ctx, m.letter.Donor)
	if err != nil || block == "" {
		return out, err
	}
	out.block = block
	out.row, out.ok, err = f.ledger.Letter(ctx, letter.Block{Campaign: m.letter.Campaign, Step: m.letter.Step, Name: block}, m.letter.Donor)
	if err != nil {
		return out, err
	}
	hash := m.campaign.Current()
	if n := len(m.campaign.Editions); out.row.Edition > 0 && out.row.Edition <= n {
		hash = m.campaign.Editions[n-out.row.Edition]
	}
	e, err := f.edition(ctx, hash)
	if err != nil || !e.blocks.Has(block) {
		return out, err
	}
	records, err := f.ledger.Records(ctx, e.blocks, block)
	if err != nil {
		return out, err
	}
	if i := slices.IndexFunc(records, func(r campaign.Record) bool { return r.Donor.ID == m.letter.Donor }); i >= 0 {
		for _, c := range records[i].Donor.Contacts {
			out.contacts = append(out.contacts, strings.ToLower(c.Email))
		}
	}
	return out, nil
}

// describe says in words by what a donor was found.
func (m match) describe() string {
	switch {
	case len(m.donors) > 1:
		return fmt.Sprintf("it names %d donors: %s", len(m.donors), strings.Join(m.donors[:min(len(m.donors), mostNamed)], ", "))
	case len(m.donors) == 1:
		return sureWords[cmp.Or(m.how, m.from)]
	}
	return ""
}
