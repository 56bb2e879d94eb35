package main

import (
	"context"
	"slices"

	"outreach.example/console"
)

// Texts are what outreach texts shows.
func (d *consoleDesk) Texts(ctx context.Context, campaign, of string) (console.Texts, error) {
	t, faults, err := d.app.texts(ctx, d.house.ledger, campaign, of)
	if err != nil || t.Approved != "" || t.Waiting != "" {
		return t, err
	}
	names, err := d.Campaigns()
	if err == nil && !slices.Contains(names, campaign) {
		err = faults // they say so
	}
	return t, err
}
