package ledger

import (
	"context"
	"fmt"

	"outreach.example/letter"
)

// Named finds the letter that a token names, among those of all campaigns; ok is false where there is none any more.
func (l *Ledger) Named(ctx context.Context, t letter.Token) (c Campaign, id letter.ID, block string, ok bool, err error) {
	names, err := l.Campaigns(ctx)
	if err != nil {
		return c, id, "", false, err
	}
	for _, name := range names {
		if !t.OfCampaign(name) {
			continue
		}
		if c, err = l.Campaign(ctx, name); err != nil {
			return c, id, "", false, err
		}
		for _, step := range c.Steps {
			if !t.OfStep(step) {
				continue
			}
			id = letter.ID{Campaign: name, Step: step}
			id.Donor, block, err = l.donorOf(ctx, c, id, t)
			return c, id, block, err == nil && block != "", err
		}
	}
	return c, id, "", false, nil
}

// donorOf is the donor whose letter a token names, and its block; "" where there is none.
func (l *Ledger) donorOf(ctx context.Context, c Campaign, id letter.ID, t letter.Token) (donor, block string, err error) {
	if donor, ok := t.Donor(); ok {
		places, err := l.Places(ctx, c)
		if err != nil {
			return "", "", err
		}
		block, err := places.Block(ctx, donor)
		return donor, block, err
	}
	// A long id is not in the token: the donors there are are compared with it. Such ids are rare.
	blocks, err := l.AllBlocks(ctx, c.Name)
	if err != nil {
		return "", "", err
	}
	for _, name := range blocks {
		letters, err := l.Letters(ctx, letter.Block{Campaign: c.Name, Step: id.Step, Name: name})
		if err != nil {
			return "", "", err
		}
		for d := range letters {
			if t.Names(letter.ID{Campaign: c.Name, Donor: d, Step: id.Step}) {
				return d, name, nil
			}
		}
	}
	return "", "", nil
}

// WrittenTo is the address that a letter went to, or goes to: that of the edition it was last claimed under. "" where
// no edition says so.
func (l *Ledger) WrittenTo(ctx context.Context, c Campaign, id letter.ID, block string) (string, error) {
	got, ok, err := l.Letter(ctx, letter.Block{Campaign: c.Name, Step: id.Step, Name: block}, id.Donor)
	if err != nil || !ok {
		return "", err
	}
	hash := c.Current()
	if n := len(c.Editions); got.Edition >= 1 && got.Edition <= n {
		hash = c.Editions[n-got.Edition]
	}
	blocks, err := l.Blocks(ctx, hash)
	if err != nil || !blocks.Has(block) {
		return "", err
	}
	records, err := l.Records(ctx, blocks, block)
	if err != nil {
		return "", fmt.Errorf("address of %s: %w", id, err)
	}
	for _, r := range records {
		if r.Donor.ID == id.Donor && len(r.Donor.Contacts) > 0 {
			return r.Donor.Contacts[0].Email, nil
		}
	}
	return "", nil
}
