package pack

import (
	"context"
	"slices"

	"outreach.example/campaign"
	"outreach.example/ledger"
	"outreach.example/letter"
	"outreach.example/templates"
)

// Made is a letter as an edition makes it now, with a mark for its date, and what it is made from.
type Made struct {
	Set     *templates.Set
	Record  campaign.Record
	Content letter.Content

	edition campaign.Edition
	blocks  *ledger.Blocks
	records []campaign.Record // of the whole block
}

// Approved is the hash of the content that the letter had when the edition was planned, and so when it was approved.
func (m *Made) Approved() string { return m.Record.Hash[m.Content.ID.Step] }

// IsStandard says whether a text of the edition is word for word the built-in one.
func (m *Made) IsStandard(file string) bool { return templates.IsStandard(file, m.edition.Files[file]) }

// Made makes a letter to a donor from an edition. Nil where the edition has no such letter.
func (m Maker) Made(ctx context.Context, hash, block, donor, step string) (*Made, error) {
	e, err := m.Ledger.Edition(ctx, hash)
	if err != nil {
		return nil, err
	}
	blocks, err := m.Ledger.Blocks(ctx, hash)
	if err != nil || !blocks.Has(block) {
		return nil, err
	}
	records, err := m.Ledger.Records(ctx, blocks, block)
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(records, func(r campaign.Record) bool { return r.Donor.ID == donor })
	if at < 0 || records[at].Hash[step] == "" {
		return nil, nil
	}
	_, set, err := templates.LoadEdition(e)
	if err != nil {
		return nil, err
	}
	c, err := set.Compose(&records[at], step)
	if err != nil {
		return nil, err
	}
	return &Made{Set: set, Record: records[at], Content: c, edition: e, blocks: blocks, records: records}, nil
}
