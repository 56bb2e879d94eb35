package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"outreach.example/console"
	"outreach.example/ledger"
	"outreach.example/letter"
	"outreach.example/queue"
)

// consoleDesk is what the console asks of the rest: what the commands call as well.
type consoleDesk struct {
	app   *app
	house *house
}

// Approve is outreach approve.
func (d *consoleDesk) Approve(ctx context.Context, who, name, edition string) error {
	c, err := d.house.ledger.Campaign(ctx, name)
	if err != nil {
		return err
	}
	_, _, err = d.app.approve(ctx, d.house.ledger, who, c, edition)
	return err
}

// Startable is the check of outreach start.
func (d *consoleDesk) Startable(c ledger.Campaign) error {
	return d.app.unchanged(c.Name, c.Inputs, "start")
}

// UndoTime is the setting undo.
func (d *consoleDesk) UndoTime() time.Duration { return d.house.config.duration("undo") }

// Doubts are those that outreach status lists.
func (d *consoleDesk) Doubts(ctx context.Context, name string) ([]console.Doubt, error) {
	c, err := d.house.ledger.Campaign(ctx, name)
	if err != nil {
		return nil, err
	}
	var s status
	if err := d.app.readDoubts(ctx, d.house.ledger, &s, c); err != nil {
		return nil, err
	}
	var out []console.Doubt
	for _, t := range s.Doubts {
		id, err := letter.ParseID(t.Letter)
		if err != nil {
			return nil, err
		}
		out = append(out, console.Doubt{
			Letter: id, Since: t.Since, Words: t.Words, Relay: t.Relay, Worker: t.Worker, Generation: t.Generation,
			MessageID: t.MessageID, Copy: t.Copy, From: t.From,
		})
	}
	return out, nil
}

// Resolve is outreach resolve.
func (d *consoleDesk) Resolve(ctx context.Context, who string, id letter.ID, decision ledger.Decision, reason string) ([]string, error) {
	f, err := d.app.find(ctx, d.house.ledger, id.Campaign, id.Donor)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(f.campaign.Steps, id.Step) {
		return nil, ledger.Refusal(fmt.Sprintf("campaign %s has no step %q (there are: %s)", id.Campaign, id.Step, strings.Join(f.campaign.Steps, ", ")))
	}
	got, err := d.app.decideDoubt(ctx, d.house.ledger, f, ledger.Resolution{
		Letter: id, Block: f.block, Decision: decision, Who: who, Reason: reason, Quiet: d.house.config.duration("quiet"),
	})
	var usage usageError
	if errors.As(err, &usage) {
		err = ledger.Refusal(usage.Error())
	}
	return got.says(), err
}

// Depth is how many wake-ups wait.
func (d *consoleDesk) Depth(ctx context.Context) (int, error) {
	return queue.New(d.house.queue).Depth(ctx)
}
