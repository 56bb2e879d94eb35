package worker

import (
	"context"
	"slices"
	"sync"

	"outreach.example/campaign"
	"outreach.example/ledger"
	"outreach.example/templates"
)

// Editions keeps what letters are made from: the parsed texts of an edition once, and the blocks in hand.
type Editions struct {
	Ledger *ledger.Ledger

	mu    sync.Mutex
	known map[string]*edition
}

// edition is one edition, read once for the life of the process. A process meets few.
type edition struct {
	once   sync.Once
	err    error
	set    *templates.Set
	steps  []string
	blocks *ledger.Blocks

	written *campaign.Campaign
}

// texts is what the letters of one block are made from.
type texts struct {
	edition string
	set     *templates.Set
	steps   []string
	records map[string]*campaign.Record
	written *campaign.Campaign
}

// block reads one block of an edition, as it was approved.
func (e *Editions) block(ctx context.Context, hash, name string) (*texts, error) {
	ed, err := e.edition(ctx, hash)
	if err != nil {
		return nil, err
	}
	t := &texts{edition: hash, set: ed.set, steps: ed.steps, written: ed.written, records: map[string]*campaign.Record{}}
	if !ed.blocks.Has(name) {
		return t, nil // every donor of this block has left the campaign
	}
	records, err := e.Ledger.Records(ctx, ed.blocks, name)
	if err != nil {
		return nil, err
	}
	for i := range records {
		t.records[records[i].Donor.ID] = &records[i]
	}
	return t, nil
}

func (e *Editions) edition(ctx context.Context, hash string) (*edition, error) {
	e.mu.Lock()
	if e.known == nil {
		e.known = map[string]*edition{}
	}
	ed := e.known[hash]
	if ed == nil {
		ed = &edition{}
		e.known[hash] = ed
	}
	e.mu.Unlock()
	ed.once.Do(func() { ed.err = ed.read(ctx, e.Ledger, hash) })
	if ed.err != nil {
		// The store may answer next time.
		e.mu.Lock()
		if e.known[hash] == ed {
			delete(e.known, hash)
		}
		e.mu.Unlock()
		return nil, ed.err
	}
	return ed, nil
}

func (ed *edition) read(ctx context.Context, l *ledger.Ledger, hash string) error {
	stored, err := l.Edition(ctx, hash)
	if err != nil {
		return err
	}
	written, set, err := templates.LoadEdition(stored)
	if err != nil {
		return err
	}
	if ed.blocks, err = l.Blocks(ctx, hash); err != nil {
		return err
	}
	ed.set, ed.steps, ed.written = set, stored.Steps, written
	return nil
}

// before is the step before one, "" for the first; last says that nothing follows it, no step and no telephone call.
func (t *texts) before(step string) string {
	if i := slices.Index(t.steps, step); i > 0 {
		return t.steps[i-1]
	}
	return ""
}

func (t *texts) last(step string) bool {
	return len(t.steps) > 0 && t.steps[len(t.steps)-1] == step && t.written.CallAfter == 0
}
