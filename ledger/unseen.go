package ledger

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"outreach.example/letter"
)

// Late is by how much a registry copy may come after those of letters that were sent later.
const Late = time.Hour

// Unseen lists letters that the relay accepted and whose registry copy nobody has seen, though copies of letters that were
// sent at least Late after them have arrived: the relay may have taken them and lost them. A campaign whose copies nobody
// reads has none. rest is how long it rests between two blocks.
func (l *Ledger) Unseen(ctx context.Context, c Campaign, rest time.Duration) ([]letter.ID, error) {
	copies, err := l.Copies(ctx, c.Name)
	if err != nil || len(copies) == 0 {
		return nil, err
	}
	blocks, err := l.AllBlocks(ctx, c.Name)
	if err != nil {
		return nil, err
	}
	var out []letter.ID
	for _, step := range c.Steps {
		if copies[step] == 0 {
			continue
		}
		var newest time.Time
		var without []Letter
		for _, name := range blocks {
			all, err := l.Letters(ctx, letter.Block{Campaign: c.Name, Step: step, Name: name})
			if err != nil {
				return nil, err
			}
			for _, one := range all {
				switch {
				case one.State != letter.Sent:
				case !one.Proof.Seen():
					without = append(without, one)
				case one.Proof.Copies > 0 && one.Since.After(newest):
					newest = one.Since
				}
			}
			select {
			case <-ctx.Done():
				return nil, ctx.Err()
			case <-time.After(rest):
			}
		}
		for _, one := range without {
			if one.Since.Add(Late).Before(newest) {
				out = append(out, one.ID)
			}
		}
	}
	slices.SortFunc(out, func(x, y letter.ID) int { return strings.Compare(x.String(), y.String()) })
	return out, nil
}

// UnseenAlarms raises an alarm for every campaign with letters that were accepted and not seen, and takes it back once none
// is left. It says how many are new.
func (l *Ledger) UnseenAlarms(ctx context.Context, who string, rest time.Duration) (news int, err error) {
	names, err := l.Campaigns(ctx)
	if err != nil {
		return 0, err
	}
	for _, name := range names {
		c, err := l.Campaign(ctx, name)
		if err != nil {
			return news, err
		}
		ids, err := l.Unseen(ctx, c, rest)
		if err != nil {
			return news, err
		}
		about := "unseen/" + name
		if len(ids) == 0 {
			if _, err := l.Clear(ctx, who, about, "every copy was seen"); err != nil {
				return news, err
			}
			continue
		}
		first := make([]string, min(3, len(ids)))
		for i := range first {
			first[i] = ids[i].String()
		}
		n, err := l.Raise(ctx, who, []Fault{{About: about, Says: fmt.Sprintf(
			"accepted, not seen: the relay took letters whose registry copies never came, though later ones did: %s%s; look for them in the relay's log",
			strings.Join(first, ", "), map[bool]string{true: " and others"}[len(ids) > len(first)])}})
		if err != nil {
			return news, err
		}
		news += n
	}
	return news, nil
}
