package main

import (
	"context"

	"outreach.example/console"
	"outreach.example/console/pack"
)

// Evidence gathers the evidence pack of a donor.
func (d *consoleDesk) Evidence(ctx context.Context, campaign, donor string) (*pack.Pack, error) {
	f, err := d.app.find(ctx, d.house.ledger, campaign, donor)
	if err != nil {
		return nil, err
	}
	return packs(d.house.ledger, d.house.config).Make(ctx, f.campaign, f.record.Donor, f.block)
}

// Letters are a donor's letters as they were written.
func (d *consoleDesk) Letters(ctx context.Context, campaign, donor string) (*pack.Pack, error) {
	f, err := d.app.find(ctx, d.house.ledger, campaign, donor)
	if err != nil {
		return nil, err
	}
	return packs(d.house.ledger, d.house.config).Letters(ctx, f.campaign, f.record.Donor, f.block)
}

// Settings lists every setting as outreach config does.
func (d *consoleDesk) Settings() []console.Setting { return d.house.config.list() }
