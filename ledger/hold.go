package ledger

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"outreach.example/letter"
)

// A Hold keeps letters planned: of a donor, a group, a region or all.
type Hold struct {
	Scope  string // all, donor:KEN, group:African Group, region:Africa
	Until  time.Time
	At     time.Time
	By     string
	Reason string
}

// Ends says whether the hold's end date has passed.
func (h Hold) Ends(now time.Time) bool { return !h.Until.IsZero() && !h.Until.After(now) }

// Hold keeps the letters of a scope. When it has returned, none of them passes the commit point.
func (l *Ledger) Hold(ctx context.Context, who, scope string, until time.Time, reason string) (again bool, err error) {
	return l.hold(ctx, who, "hold", scope, strconv.FormatInt(ms(until), 10), reason)
}

// Free ends a hold. The scheduler gives the letters their places in the index back.
func (l *Ledger) Free(ctx context.Context, who, scope, reason string) (again bool, err error) {
	return l.hold(ctx, who, "release", scope, "", reason)
}

// End frees a hold whose time is over, unless it was given another end since it was read.
func (l *Ledger) End(ctx context.Context, who string, h Hold, reason string) (again bool, err error) {
	return l.hold(ctx, who, "release", h.Scope, strconv.FormatInt(ms(h.Until), 10), reason)
}

func (l *Ledger) hold(ctx context.Context, who, verb, scope, until, reason string) (bool, error) {
	got, err := l.text(ctx, "hold", []string{metaKey(), auditKey(), holdsKey(), campaignsKey(), reindexKey()},
		who, verb, scope, until, reason)
	return got == "again", err
}

// Holds lists all holds by scope.
func (l *Ledger) Holds(ctx context.Context) (map[string]Hold, error) {
	all, err := l.Redis.HGetAll(ctx, holdsKey()).Result()
	if err != nil {
		return nil, fmt.Errorf("holds: %w", err)
	}
	out := make(map[string]Hold, len(all))
	for scope, v := range all {
		p := strings.SplitN(v, "|", 4)
		if len(p) != 4 {
			return nil, fmt.Errorf("hold %s: %q is not a hold", scope, v)
		}
		out[scope] = Hold{Scope: scope, Until: fromMS(p[0]), At: fromMS(p[1]), By: p[2], Reason: p[3]}
	}
	return out, nil
}

// Release lets letters of a step go that wait for a person: one donor's, or with donor "" all of the given blocks. The
// person who planned the edition may not.
func (l *Ledger) Release(ctx context.Context, who, campaign, step, donor string, blocks []string) (int, error) {
	own := Refusal(who + " planned this edition, or imported rows of it; another person releases its letters: add --as NAME")
	edition, err := l.Redis.HGet(ctx, campaignKey(campaign), "edition").Result()
	if err != nil && !isNil(err) {
		return 0, fmt.Errorf("campaign %s: %w", campaign, err)
	}
	if name, _, err := l.own(ctx, campaign, edition, who); err != nil {
		return 0, err
	} else if name != "" {
		return 0, own
	}
	keys := []string{
		metaKey(), auditKey(), campaignKey(campaign), countsKey(campaign), lookKey(campaign), dueKey(campaign),
		casesKey(campaign),
	}
	args := []any{who, campaign, step, donor}
	for _, b := range blocks {
		keys = append(keys, rowsKey(letter.Block{Campaign: campaign, Step: step, Name: b}))
		args = append(args, b)
	}
	n, err := l.number(ctx, "release", keys, args...)
	if n < 0 {
		return 0, own
	}
	return n, err
}
