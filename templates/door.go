package templates

import (
	"fmt"
	"slices"
	"strings"

	"outreach.example/campaign"
	"outreach.example/donor"
	"outreach.example/letter"
)

// Door looks at a whole letter before it leaves, when it is planned and again when it is claimed: the addresses are the
// donor's own and no others, and what is asked for follows from the donor's own contribution by the campaign's rule.
func (s *Set) Door(c *letter.Content, r *campaign.Record) error {
	d := &r.Donor
	switch {
	case c.ID.Donor != d.ID:
		return fmt.Errorf("%s: the letter is of %s", d.ID, c.ID.Donor)
	case len(d.Contacts) == 0 || c.To.Address != d.Contacts[0].Email || strings.ContainsAny(c.To.Address, ",; "):
		return fmt.Errorf("%s: the letter goes to %s, and the donor's first contact is another", d.ID, donor.Quote(c.To.Address))
	}
	for i, cc := range c.Cc {
		if cc.Address == c.To.Address || !slices.ContainsFunc(d.Contacts[1:], func(own donor.Contact) bool { return own.Email == cc.Address }) {
			return fmt.Errorf("%s: the copy to %s goes to none of the donor's own contacts", d.ID, donor.Quote(cc.Address))
		}
		for _, before := range c.Cc[:i] {
			if before.Address == cc.Address {
				return fmt.Errorf("%s: %s gets two copies", d.ID, donor.Quote(cc.Address))
			}
		}
	}
	record := s.campaign.Record(*d)
	if record.Variant != r.Variant {
		return fmt.Errorf("%s: the variant of the edition, %s, is not what the campaign's rules choose, %s: plan again", d.ID, donor.Quote(r.Variant), donor.Quote(record.Variant))
	}
	want := &record.Ask
	if got := &r.Ask; got.Figure != want.Figure || got.Low != want.Low || got.High != want.High || got.Base != want.Base || got.Year != want.Year {
		return fmt.Errorf("%s: the ask of the edition, %s, is not what the campaign's rule makes of the contribution, %s: plan again", d.ID, inShort(*got), inShort(*want))
	}
	return nil
}

func inShort(a donor.Ask) string {
	if !a.Figure {
		return "no amount"
	}
	return fmt.Sprintf("%s to %s", a.Low, a.High)
}
