package ledger

import (
	"context"
	"fmt"
	"slices"

	"github.com/redis/go-redis/v9"

	"outreach.example/campaign"
	"outreach.example/letter"
)

// Places finds the block in which a donor of a campaign lies. It knows the cuts of all editions of the campaign: a donor
// that an edition dropped has its letters still.
type Places struct {
	ledger   *Ledger
	campaign Campaign
	cuts     map[string]int
	long     map[string][]string // beginning of a long id to the ids; nil before it is asked for
}

// Places reads what is needed to find the donors of a campaign.
func (l *Ledger) Places(ctx context.Context, c Campaign) (*Places, error) {
	p := &Places{ledger: l, campaign: c, cuts: map[string]int{}}
	for _, hash := range c.Editions {
		e, err := l.Edition(ctx, hash)
		if err != nil {
			return nil, err
		}
		for state, n := range e.Cuts {
			p.cuts[state] = max(p.cuts[state], n)
		}
	}
	return p, nil
}

// Block is the name of the donor's block; "" when no edition has had such a donor. A State lies in a block of its own
// name, every other donor in one of the blocks of its State, or of none.
func (p *Places) Block(ctx context.Context, id string) (string, error) {
	// Most donors are States, or the only ones there are.
	first := []string{campaign.BlockName(id, id, p.cuts[id])}
	if len(p.cuts) == 1 {
		first = nil
	}
	if name, err := p.among(ctx, first, id); name != "" || err != nil {
		return name, err
	}
	var rest []string
	for state, n := range p.cuts {
		rest = append(rest, campaign.BlockName(state, id, n))
	}
	return p.among(ctx, rest, id)
}

// among is the one of some blocks that has a letter of the donor.
func (p *Places) among(ctx context.Context, names []string, id string) (string, error) {
	if len(names) == 0 {
		return "", nil
	}
	pipe := p.ledger.Redis.Pipeline()
	rows := make([][]*redis.BoolCmd, len(names))
	for i, name := range names {
		for _, step := range p.campaign.Steps {
			rows[i] = append(rows[i], pipe.HExists(ctx, rowsKey(letter.Block{Campaign: p.campaign.Name, Step: step, Name: name}), id))
		}
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return "", fmt.Errorf("block of %s in %s: %w", id, p.campaign.Name, err)
	}
	for i, name := range names {
		if slices.ContainsFunc(rows[i], func(c *redis.BoolCmd) bool { return c.Val() }) {
			return name, nil
		}
	}
	return "", nil
}

// Beginning lists the donors whose ids are longer than the given beginning, which is always as long as a Message-ID shows.
// The rows are read for it once: such ids are rare.
func (p *Places) Beginning(ctx context.Context, with string) ([]string, error) {
	if p.long == nil {
		blocks, err := p.ledger.AllBlocks(ctx, p.campaign.Name)
		if err != nil {
			return nil, err
		}
		long := map[string][]string{}
		for _, name := range blocks {
			fields, err := p.ledger.Redis.HKeys(ctx, rowsKey(letter.Block{Campaign: p.campaign.Name, Step: p.campaign.Steps[0], Name: name})).Result()
			if err != nil {
				return nil, fmt.Errorf("donors of %s: %w", p.campaign.Name, err)
			}
			for _, f := range fields {
				if len(f) > letter.AtomLength && f[len(f)-1] != '~' && f[0] != '.' {
					long[f[:letter.AtomLength]] = append(long[f[:letter.AtomLength]], f)
				}
			}
		}
		p.long = long
	}
	return p.long[with], nil
}
