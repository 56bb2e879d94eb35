// Package workertest starts a small campaign in a ledger and makes a worker for it, for tests and fault runs.
package workertest

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"outreach.example/campaign"
	"outreach.example/donor"
	"outreach.example/ledger"
	"outreach.example/letter"
	"outreach.example/relay"
	"outreach.example/templates"
	"outreach.example/worker"
)

const file = `campaign: %s
title: {en: "Resilience"}
goal: {amount: 1000, currency: USD}
audience: {status: [private]}
sender: {name: "Org", address: org@iom.example}
reply_to: {name: "Desk", address: desk@iom.example}
registry: registry@iom.example
signatory: {name: "A B", title: {en: "Head"}}
ask: {low: 5, high: 10, base_year: 2024, currency: USD}
reply_by: 2099-03-31
schedule: {start: 2026-11-23, zone: Europe/Zurich, days: [mon, tue, wed, thu, fri, sat, sun], hours: "00:00-24:00"}
steps:
  - name: appeal
`

const text = "Subject: A letter\n\n{{.Date}}\n\n{{.Salutation}}\n\nWords to {{.State.Short}}.\n\n{{.Close}}\n"

// Start plans, approves and starts a campaign of one step to so many donors (P0, P1, ...), all in one block, due at a
// moment. Their addresses are those that to gives.
func Start(ctx context.Context, l *ledger.Ledger, name string, donors int, due time.Time, to func(i int) string) (letter.Block, error) {
	b := letter.Block{Campaign: name, Step: "appeal", Name: "none-0"}
	content := fmt.Sprintf(file, name)
	files := map[string]string{"campaign.yaml": content, "texts/appeal.en.txt": text}
	c, faults := campaign.Parse(name, "campaign.yaml", []byte(content))
	if faults.Refuses() {
		return b, faults
	}
	set, faults := templates.Load(c, files)
	if faults.Refuses() {
		return b, faults
	}
	row := ledger.Row{Block: b.Name, Due: due}
	var list []donor.Donor
	for i := range donors {
		id := fmt.Sprintf("P%d", i)
		row.Donors = append(row.Donors, id)
		list = append(list, donor.Donor{
			ID: id, Status: "private", Name: map[string]string{"en": "Giver " + id}, Formal: map[string]string{"en": "Giver " + id}, Language: "en",
			Contacts: []donor.Contact{{Email: to(i), Name: "Giver " + id, Rank: "other", Salutation: "Dear Giver,", Language: "en"}},
		})
	}
	blocks := map[string][]byte{}
	e, names, err := campaign.Freezer{
		Campaign: c, Files: files,
		Render: func(r campaign.Record, step string) (string, error) {
			l, err := set.Compose(&r, step)
			return l.Hash(), err
		},
		Store: func(b campaign.Block) error { blocks[b.Hash] = b.Data; return nil },
	}.Freeze(ctx, list)
	if err != nil {
		return b, err
	}
	if err := l.StoreBlocks(ctx, name, blocks); err != nil {
		return b, err
	}
	if err := l.StoreEdition(ctx, e.Hash(), e.Encode(), names); err != nil {
		return b, err
	}
	if _, _, err := l.Plan(ctx, "ann", ledger.Edition{Campaign: name, Hash: e.Hash(), Steps: e.Steps, Donors: e.Donors}); err != nil {
		return b, err
	}
	if _, err := l.Approve(ctx, "bea", name, e.Hash(), nil); err != nil {
		return b, err
	}
	if _, err := l.Lay(ctx, "ann", name, "appeal", e.Hash(), []ledger.Row{row}, true, true); err != nil {
		return b, err
	}
	_, err = l.Switch(ctx, "ann", name, ledger.Start, "")
	return b, err
}

// New makes a worker with one connection towards a relay and gives it a lease of an hour, which nothing renews. The
// relay is the caller's to close.
func New(ctx context.Context, l *ledger.Ledger, r *relay.Relay, now func() time.Time) (*worker.Worker, error) {
	times := worker.Standard
	times.Lease = time.Hour
	w := &worker.Worker{
		Ledger: l, Relays: []*relay.Relay{r}, Editions: &worker.Editions{Ledger: l}, Times: times, InHand: 8, Intake: ctx, Now: now,
		Log: slog.New(slog.DiscardHandler),
	}
	return w, w.Join(ctx)
}
