package ledger

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"outreach.example/letter"
)

// Held is a letter past the commit point of which nothing has been heard: sending, or in doubt.
type Held struct {
	Block letter.Block
	Letter
}

// Claim is the letter as its worker had it in hand, for settling it in the worker's place.
func (h Held) Claim() Claim {
	return Claim{ID: h.ID, Block: h.Block, Nonce: h.Nonce, Generation: h.Generation, Attempts: h.Attempts, Date: h.Date}
}

// HeldBy lists the letters that workers hold past the commit point: those that are sending, in the blocks with letters in
// hand, and those that a sweep has put in doubt since.
func (l *Ledger) HeldBy(ctx context.Context, workers []string) ([]Held, error) {
	if len(workers) == 0 {
		return nil, nil
	}
	theirs := func(nonce string) bool { return heldBy(workers, nonce) }
	var out []Held
	seen := map[letter.ID]bool{}
	add := func(b letter.Block, got Letter) {
		if (got.State == letter.Sending || got.State == letter.InDoubt) && theirs(got.Nonce) && !seen[got.ID] {
			seen[got.ID] = true
			out = append(out, Held{Block: b, Letter: got})
		}
	}
	// First the blocks in hand, then what was swept: a letter that is swept in between stands in the second list.
	busy, err := l.Redis.ZRange(ctx, busyKey(), 0, -1).Result()
	if err != nil {
		return nil, fmt.Errorf("letters in hand: %w", err)
	}
	for paths := range slices.Chunk(busy, 100) {
		blocks := make([]letter.Block, len(paths))
		cmds := make([]*redis.MapStringStringCmd, len(paths))
		p := l.Redis.Pipeline()
		for i, path := range paths {
			campaign, member, _ := strings.Cut(path, "/")
			step, name := splitMember(member)
			blocks[i] = letter.Block{Campaign: campaign, Step: step, Name: name}
			cmds[i] = p.HGetAll(ctx, rowsKey(blocks[i]))
		}
		if _, err := p.Exec(ctx); err != nil {
			return nil, fmt.Errorf("letters in hand: %w", err)
		}
		for i, cmd := range cmds {
			for _, got := range readRows(blocks[i], cmd.Val()) {
				add(blocks[i], got)
			}
		}
	}
	return out, l.swept(ctx, theirs, add)
}

// swept reads the letters that sweeps have put in doubt, and takes off the list what is in doubt no more.
func (l *Ledger) swept(ctx context.Context, theirs func(nonce string) bool, add func(letter.Block, Letter)) error {
	members, err := l.Redis.SMembers(ctx, sweptKey()).Result()
	if err != nil {
		return fmt.Errorf("letters that were swept: %w", err)
	}
	members = slices.DeleteFunc(members, func(m string) bool { return !theirs(nonceOf(m)) })
	at := make([]Place, len(members))
	for i, m := range members {
		path, _, _ := strings.Cut(m, " ")
		part := strings.SplitN(path, "/", 4)
		if len(part) != 4 {
			return fmt.Errorf("letters that were swept: %q is none", m)
		}
		at[i] = Place{letter.Block{Campaign: part[0], Step: part[1], Name: part[2]}, part[3]}
	}
	rows, err := l.Rows(ctx, at)
	if err != nil {
		return err
	}
	var over []any
	for i, got := range rows {
		if got.State != letter.InDoubt || got.Nonce != nonceOf(members[i]) {
			over = append(over, members[i])
			continue
		}
		add(at[i].Block, got)
	}
	if len(over) == 0 {
		return nil
	}
	if err := l.Redis.SRem(ctx, sweptKey(), over...).Err(); err != nil {
		return fmt.Errorf("letters that were swept: %w", err)
	}
	return nil
}

// Place is where a letter's row is.
type Place struct {
	Block letter.Block
	Donor string
}

// Rows reads the rows of letters that lie anywhere, in their order; one that has none is the zero Letter.
func (l *Ledger) Rows(ctx context.Context, at []Place) ([]Letter, error) {
	out := make([]Letter, 0, len(at))
	for some := range slices.Chunk(at, 500) {
		p := l.Redis.Pipeline()
		cmds := make([]*redis.SliceCmd, len(some))
		for i, s := range some {
			cmds[i] = p.HMGet(ctx, rowsKey(s.Block), s.Donor, s.Donor+"~", s.Donor+"~~")
		}
		if _, err := p.Exec(ctx); err != nil {
			return nil, fmt.Errorf("letters: %w", err)
		}
		for i, cmd := range cmds {
			text := func(n int) string { v, _ := cmd.Val()[n].(string); return v }
			got, _ := readRow(letter.ID{Campaign: some[i].Block.Campaign, Donor: some[i].Donor, Step: some[i].Block.Step}, text(0), text(1), text(2))
			out = append(out, got)
		}
	}
	return out, nil
}

// heldBy says whether a nonce is one of these workers'.
func heldBy(workers []string, nonce string) bool {
	return len(nonce) > 6 && slices.Contains(workers, nonce[:6])
}

func nonceOf(member string) string {
	_, nonce, _ := strings.Cut(member, " ")
	return nonce
}

// Wrote remembers how many lines of a worker's intent file are on the disk: a file that has fewer when the worker is dead
// is an older one, and what does not stand in it proves nothing.
func (l *Ledger) Wrote(ctx context.Context, worker string, lines int64) error {
	return l.Redis.HSet(ctx, linesKey(), worker, lines).Err()
}

// Written is the largest number of lines that any of the workers has remembered.
func (l *Ledger) Written(ctx context.Context, workers []string) (most int64, err error) {
	if len(workers) == 0 {
		return 0, nil
	}
	got, err := l.Redis.HMGet(ctx, linesKey(), workers...).Result()
	if err != nil {
		return 0, fmt.Errorf("lines of intent files: %w", err)
	}
	for _, v := range got {
		s, _ := v.(string)
		n, _ := strconv.ParseInt(s, 10, 64)
		most = max(most, n)
	}
	return most, nil
}

// Adopted forgets what was kept for the adoption of workers' intent files.
func (l *Ledger) Adopted(ctx context.Context, workers []string) error {
	if len(workers) == 0 {
		return nil
	}
	members, err := l.Redis.SMembers(ctx, sweptKey()).Result()
	if err != nil {
		return fmt.Errorf("letters that were swept: %w", err)
	}
	p := l.Redis.Pipeline()
	p.HDel(ctx, linesKey(), workers...)
	for _, m := range members {
		if heldBy(workers, nonceOf(m)) {
			p.SRem(ctx, sweptKey(), m)
		}
	}
	_, err = p.Exec(ctx)
	return err
}
