package scheduler

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"outreach.example/campaign"
	"outreach.example/ledger"
	"outreach.example/letter"
)

// Advance plans the next step for letters that were sent.
func (s *Scheduler) Advance(ctx context.Context) error {
	names, err := s.Ledger.Campaigns(ctx)
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := s.advance(ctx, name); err != nil {
			s.Log.Error("next steps cannot be planned", "campaign", name, "error", err)
		}
	}
	return nil
}

func (s *Scheduler) advance(ctx context.Context, name string) error {
	sent, err := s.Ledger.Following(ctx, name, 100)
	if err != nil || len(sent) == 0 {
		return err
	}
	c, err := s.Ledger.Campaign(ctx, name)
	if err != nil {
		return err
	}
	written, err := s.Written(ctx, c.Edition)
	if err != nil {
		return err
	}
	for _, f := range sent {
		if err := s.follow(ctx, written, c.Edition, f); err != nil {
			return fmt.Errorf("next step of %s: %w", f.Block, err)
		}
	}
	return nil
}

func (s *Scheduler) follow(ctx context.Context, c *campaign.Campaign, edition string, f ledger.Follow) error {
	next, ok := stepAfter(c, f.Block.Step)
	if !ok {
		return s.telephone(ctx, c, edition, f)
	}
	letters, known, err := s.sent(ctx, c, edition, f)
	if err != nil {
		return err
	}
	var donors []ledger.Next
	for d, l := range letters {
		switch {
		case known[d].quiet:
			donors = append(donors, ledger.Next{Donor: d, Without: edition})
		default:
			donors = append(donors, ledger.Next{Donor: d, Due: known.schedule(c, d).After(l.Since, next.After)})
		}
	}
	_, err = s.Ledger.Advance(ctx, f, next.Name, donors)
	return err
}

// sent are the letters of a block that were sent, by donor, and what the edition says of the donors.
func (s *Scheduler) sent(ctx context.Context, c *campaign.Campaign, edition string, f ledger.Follow) (map[string]ledger.Letter, block, error) {
	letters, err := s.Ledger.Letters(ctx, f.Block)
	if err != nil {
		return nil, nil, err
	}
	maps.DeleteFunc(letters, func(_ string, l ledger.Letter) bool { return l.State != letter.Sent })
	known, err := s.known(ctx, c, edition, f.Block.Name)
	return letters, known, err
}

// telephone opens the task to telephone for donors whose last letter was sent some working days before without an answer.
func (s *Scheduler) telephone(ctx context.Context, c *campaign.Campaign, edition string, f ledger.Follow) error {
	if c.CallAfter == 0 {
		_, err := s.Ledger.Advance(ctx, f, f.Block.Step, nil)
		return err
	}
	letters, known, err := s.sent(ctx, c, edition, f)
	if err != nil {
		return err
	}
	var calls []ledger.Call
	for d, l := range letters {
		switch {
		case known[d].quiet:
			calls = append(calls, ledger.Call{Donor: d, Without: edition})
		default:
			calls = append(calls, ledger.Call{
				Donor: d, Due: known.schedule(c, d).After(l.Since, c.CallAfter),
				Why: fmt.Sprintf("no answer to %s of %s: telephone", l.ID.Step, l.Since.In(c.Zone()).Format("2 January 2006")),
			})
		}
	}
	_, err = s.Ledger.Calls(ctx, f, calls)
	return err
}

// known is what an edition says of a donor that matters when a letter to it was sent.
type known struct {
	quiet    bool // it is asked for nothing: no reminder follows
	schedule *campaign.Schedule
}

// block is what an edition says of the donors of one of its blocks, as far as the campaign's donors differ.
type block map[string]known

// schedule is the schedule by which a donor's letters leave; the campaign's own for one that the edition no longer has.
func (b block) schedule(c *campaign.Campaign, donor string) *campaign.Schedule {
	if k, ok := b[donor]; ok {
		return k.schedule
	}
	return c.Usual()
}

func (s *Scheduler) known(ctx context.Context, c *campaign.Campaign, edition, name string) (block, error) {
	if !c.HasQuiet() && !c.ByPlace() {
		return nil, nil
	}
	blocks, err := s.Ledger.Blocks(ctx, edition)
	if err != nil || !blocks.Has(name) {
		return nil, err
	}
	records, err := s.Ledger.Records(ctx, blocks, name)
	if err != nil {
		return nil, err
	}
	out := block{}
	for _, r := range records {
		out[r.Donor.ID] = known{c.Quiet(r.Variant), c.ScheduleOf(&r.Donor)}
	}
	return out, nil
}

func stepAfter(c *campaign.Campaign, step string) (campaign.Step, bool) {
	i := slices.IndexFunc(c.Steps, func(s campaign.Step) bool { return s.Name == step })
	if i < 0 || i+1 >= len(c.Steps) {
		return campaign.Step{}, false
	}
	return c.Steps[i+1], true
}
