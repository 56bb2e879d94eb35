package ledger

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"outreach.example/letter"
)

// Wake is one block that is due, with the number that names its next task.
type Wake struct {
	Block letter.Block
	Wake  int64
}

// Due lists at most n due blocks of the given campaigns and puts each off by Rewake: a wake-up that nobody answers is
// repeated.
func (l *Ledger) Due(ctx context.Context, campaigns []string, n int) ([]Wake, error) {
	if len(campaigns) == 0 || n <= 0 {
		return nil, nil
	}
	var keys []string
	for _, c := range campaigns {
		keys = append(keys, campaignKey(c), dueKey(c))
	}
	got, err := l.strings(ctx, "due", keys, n, l.patience().Rewake.Milliseconds())
	if err != nil || len(got) == 0 {
		return nil, err
	}
	out := make([]Wake, 0, len(got)/2)
	cmds := make([]*redis.StringCmd, 0, len(got)/2)
	p := l.Redis.Pipeline()
	// The number of a block's next task is raised by each granted claim and by each death of a worker: a task that the
	// dead one had taken keeps its id until asynq notices, which may take two minutes.
	deaths := p.HGet(ctx, metaKey(), "deaths")
	for i := 0; i+1 < len(got); i += 2 {
		place, _ := strconv.Atoi(got[i])
		step, name := splitMember(got[i+1])
		b := letter.Block{Campaign: campaigns[place-1], Step: step, Name: name}
		out = append(out, Wake{Block: b})
		cmds = append(cmds, p.HGet(ctx, rowsKey(b), ".w"))
	}
	if _, err := p.Exec(ctx); err != nil && err != redis.Nil {
		return nil, fmt.Errorf("ledger due: %w", err)
	}
	for i, cmd := range cmds {
		claims, _ := cmd.Int64()
		died, _ := deaths.Int64()
		out[i].Wake = claims + died
	}
	return out, nil
}

// Renumber raises the number of a block's next task, because a task of its present number is there and does not run. It
// is also raised by each granted claim and by each death of a worker.
func (l *Ledger) Renumber(ctx context.Context, b letter.Block) error {
	_, err := l.number(ctx, "renumber", []string{rowsKey(b)})
	return err
}

// Swept counts what Sweep did.
type Swept struct{ Planned, InDoubt, Cancelled int }

// Sweep plans a dead worker's claimed letters again and puts its sending ones in doubt, and so any whose relay has not
// answered in time. It costs next to nothing while every worker lives.
func (l *Ledger) Sweep(ctx context.Context) (Swept, error) {
	var sum Swept
	now, err := l.Redis.Time(ctx).Result()
	if err != nil {
		return sum, fmt.Errorf("ledger sweep: %w", err)
	}
	at := strconv.FormatInt(now.UnixMilli(), 10)
	p := l.Redis.Pipeline()
	gone := p.ZRangeByScore(ctx, workersKey(), &redis.ZRangeBy{Min: "-inf", Max: "(" + at})
	late := p.ZRangeByScore(ctx, busyKey(), &redis.ZRangeBy{Min: "-inf", Max: at})
	if _, err := p.Exec(ctx); err != nil {
		return sum, fmt.Errorf("ledger sweep: %w", err)
	}
	paths := late.Val()
	if len(gone.Val()) > 0 {
		if paths, err = l.Redis.ZRange(ctx, busyKey(), 0, -1).Result(); err != nil {
			return sum, fmt.Errorf("ledger sweep: %w", err)
		}
	}
	for len(paths) > 0 {
		n := min(len(paths), 50)
		keys := []string{metaKey(), auditKey(), busyKey(), workersKey(), sweptKey()}
		args := []any{l.patience().Answer.Milliseconds()}
		for _, path := range paths[:n] {
			campaign, member, _ := strings.Cut(path, "/")
			step, name := splitMember(member)
			keys = append(keys, campaignKey(campaign), rowsKey(letter.Block{Campaign: campaign, Step: step, Name: name}),
				countsKey(campaign), lookKey(campaign), dueKey(campaign), casesKey(campaign), followKey(campaign))
			args = append(args, campaign, step, name)
		}
		got, err := l.strings(ctx, "sweep", keys, args...)
		if err != nil {
			return sum, err
		}
		for i, into := range []*int{&sum.Planned, &sum.InDoubt, &sum.Cancelled} {
			v, _ := strconv.Atoi(got[i])
			*into += v
		}
		paths = paths[n:]
	}
	// A lease that has ended cannot come back, so nothing of these workers is left now.
	for _, w := range gone.Val() {
		if _, err := l.number(ctx, "bury", []string{metaKey(), workersKey()}, w); err != nil {
			return sum, err
		}
	}
	return sum, nil
}

// Void cancels what is still planned in some blocks of a cancelled campaign.
func (l *Ledger) Void(ctx context.Context, campaign, step string, blocks []string, last bool) (int, error) {
	keys := []string{metaKey(), auditKey(), campaignKey(campaign), countsKey(campaign), lookKey(campaign), dueKey(campaign)}
	args := []any{campaign, step, flag(last)}
	for _, b := range blocks {
		keys = append(keys, rowsKey(letter.Block{Campaign: campaign, Step: step, Name: b}))
		args = append(args, b)
	}
	return l.number(ctx, "void", keys, args...)
}

// Follow is a block in which letters were sent that may have a next step.
type Follow struct{ Block letter.Block }

// Following lists at most n such blocks of a campaign, the longest waiting first.
func (l *Ledger) Following(ctx context.Context, campaign string, n int) ([]Follow, error) {
	got, err := l.Redis.ZRange(ctx, followKey(campaign), 0, int64(n)-1).Result()
	if err != nil {
		return nil, fmt.Errorf("ledger follow: %w", err)
	}
	out := make([]Follow, len(got))
	for i, member := range got {
		step, name := splitMember(member)
		out[i] = Follow{Block: letter.Block{Campaign: campaign, Step: step, Name: name}}
	}
	return out, nil
}

// Next is when the next step is due for one donor.
type Next struct {
	Donor   string
	Due     time.Time
	Without string // the edition in which the donor has no letter of the next step, so that the block need not be followed for it
}

// Advance plans the step after f's for donors whose letter was sent and who have none yet. Where no step follows, next is
// f's own, and the block is only taken off the list.
func (l *Ledger) Advance(ctx context.Context, f Follow, next string, donors []Next) (planned int, err error) {
	b, c := f.Block, f.Block.Campaign
	args := []any{c, b.Step, next, b.Name}
	for _, d := range donors {
		if d.Without != "" {
			args = append(args, d.Donor, "-"+d.Without)
			continue
		}
		args = append(args, d.Donor, ms(d.Due))
	}
	got, err := l.strings(ctx, "advance", []string{
		metaKey(), auditKey(), campaignKey(c), countsKey(c), lookKey(c), dueKey(c), casesKey(c), followKey(c), rowsKey(b),
		rowsKey(letter.Block{Campaign: c, Step: next, Name: b.Name}),
	}, args...)
	if err != nil || got[0] == "stale" {
		return 0, err
	}
	return strconv.Atoi(got[0])
}

// Call is when a donor is to be telephoned whose last letter has no answer.
type Call struct {
	Donor   string
	Due     time.Time
	Why     string
	Without string // the edition in which the donor is not telephoned, so that the block need not be followed for it
}

// Calls opens the task to telephone for donors of a block whose letter of the last step was sent, once for each, and takes the
// block off the list of what follows. A donor that has answered is not telephoned.
func (l *Ledger) Calls(ctx context.Context, f Follow, donors []Call) (opened int, err error) {
	b, c := f.Block, f.Block.Campaign
	args := []any{c, b.Step, b.Name}
	for _, d := range donors {
		due := strconv.FormatInt(ms(d.Due), 10)
		if d.Without != "" {
			due = "-" + d.Without
		}
		args = append(args, d.Donor, due, oneLine(d.Why))
	}
	n, err := l.number(ctx, "call", []string{
		metaKey(), auditKey(), campaignKey(c), casesKey(c), followKey(c), tasksKey(), rowsKey(b),
	}, args...)
	return max(0, n), err
}

// Reindex gives blocks of a step their place in the index of what is due.
func (l *Ledger) Reindex(ctx context.Context, campaign, step string, blocks []string) error {
	for len(blocks) > 0 {
		n := min(len(blocks), 50)
		keys, args := []string{dueKey(campaign), holdsKey(), campaignKey(campaign), casesKey(campaign)}, []any{step}
		for _, b := range blocks[:n] {
			keys = append(keys, rowsKey(letter.Block{Campaign: campaign, Step: step, Name: b}))
			args = append(args, b)
		}
		if _, err := l.number(ctx, "reindex", keys, args...); err != nil {
			return err
		}
		blocks = blocks[n:]
	}
	return nil
}

// ToReindex lists campaigns in which a hold was freed, each with the number that Reindexed takes it off the list by.
func (l *Ledger) ToReindex(ctx context.Context) (map[string]string, error) {
	names, err := l.Redis.HGetAll(ctx, reindexKey()).Result()
	if err != nil {
		return nil, fmt.Errorf("ledger reindex: %w", err)
	}
	return names, nil
}

// Reindexed takes a campaign off that list once its blocks have their place. A hold freed meanwhile keeps it there, and
// so does a crash before this call.
func (l *Ledger) Reindexed(ctx context.Context, campaign, number string) error {
	_, err := l.number(ctx, "reindexed", []string{reindexKey()}, campaign, number)
	return err
}
