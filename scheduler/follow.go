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
	letters, quiet, err := s.sent(ctx, c, edition, f)
	if err != nil {
		return err
	}
	var donors []ledger.Next
	for d, l := range letters {
		switch {
		case quiet[d]:
			donors = append(donors, ledger.Next{Donor: d, Without: edition})
		default:
			donors = append(donors, ledger.Next{Donor: d, Due: c.Schedule.After(l.Since, next.After)})
		}
	}
	_, err = s.Ledger.Advance(ctx, f, next.Name, donors)
	return err
}

// sent are the letters of a block that were sent, by donor, and which of the donors are asked for nothing.
func (s *Scheduler) sent(ctx context.Context, c *campaign.Campaign, edition string, f ledger.Follow) (letters map[string]ledger.Letter, quiet map[string]bool, err error) {
	if letters, err = s.Ledger.Letters(ctx, f.Block); err != nil {
		return nil, nil, err
	}
	maps.DeleteFunc(letters, func(_ string, l ledger.Letter) bool { return l.State != letter.Sent })
	quiet, err = s.quiet(ctx, c, edition, f.Block.Name)
	return letters, quiet, err
}

// telephone opens the task to telephone for donors whose last letter was sent some working days before without an answer.
func (s *Scheduler) telephone(ctx context.Context, c *campaign.Campaign, edition string, f ledger.Follow) error {
	if c.CallAfter == 0 {
		_, err := s.Ledger.Advance(ctx, f, f.Block.Step, nil)
		return err
	}
	letters, quiet, err := s.sent(ctx, c, edition, f)
	if err != nil {
		return err
	}
	var calls []ledger.Call
	for d, l := range letters {
		switch {
		case quiet[d]:
			calls = append(calls, ledger.Call{Donor: d, Without: edition})
		default:
			calls = append(calls, ledger.Call{
				Donor: d, Due: c.Schedule.After(l.Since, c.CallAfter),
				Why: fmt.Sprintf("no answer to %s of %s: telephone", l.ID.Step, l.Since.In(c.Schedule.Place()).Format("2 January 2006")),
			})
		}
	}
	_, err = s.Ledger.Calls(ctx, f, calls)
	return err
}

// quiet are the donors of a block that are asked for nothing in an edition: no reminder follows their letter.
func (s *Scheduler) quiet(ctx context.Context, c *campaign.Campaign, edition, block string) (map[string]bool, error) {
	if !c.HasQuiet() {
		return nil, nil
	}
	blocks, err := s.Ledger.Blocks(ctx, edition)
	if err != nil || !blocks.Has(block) {
		return nil, err
	}
	records, err := s.Ledger.Records(ctx, blocks, block)
	if err != nil {
		return nil, err
	}
	quiet := map[string]bool{}
	for _, r := range records {
		quiet[r.Donor.ID] = c.Quiet(r.Variant)
	}
	return quiet, nil
}

func stepAfter(c *campaign.Campaign, step string) (campaign.Step, bool) {
	i := slices.IndexFunc(c.Steps, func(s campaign.Step) bool { return s.Name == step })
	if i < 0 || i+1 >= len(c.Steps) {
		return campaign.Step{}, false
	}
	return c.Steps[i+1], true
}
