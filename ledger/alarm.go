package ledger

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// An Alarm says that the ledger contradicts itself. It stays until a check finds the opposite, or a person takes it back.
type Alarm struct {
	About string    `json:"about"` // what it is about: one alarm for each
	Since time.Time `json:"since"`
	Says  string    `json:"says"`
}

// Raise raises alarms that are not raised yet; news is how many those were.
func (l *Ledger) Raise(ctx context.Context, who string, faults []Fault) (news int, err error) {
	if len(faults) == 0 {
		return 0, nil
	}
	args := []any{who, "raise", ""}
	for _, f := range faults {
		args = append(args, f.About, f.Says)
	}
	return l.number(ctx, "alarm", []string{metaKey(), auditKey(), alarmsKey()}, args...)
}

// Clear takes alarms back, all those whose subject begins with about.
func (l *Ledger) Clear(ctx context.Context, who, about, reason string) (int, error) {
	alarms, err := l.Alarms(ctx)
	if err != nil {
		return 0, err
	}
	args := []any{who, "clear", reason}
	for _, a := range alarms {
		if strings.HasPrefix(a.About, about) {
			args = append(args, a.About)
		}
	}
	if len(args) == 3 {
		return 0, nil
	}
	return l.number(ctx, "alarm", []string{metaKey(), auditKey(), alarmsKey()}, args...)
}

// Alarms lists all alarms, the oldest first.
func (l *Ledger) Alarms(ctx context.Context) ([]Alarm, error) {
	all, err := l.Redis.HGetAll(ctx, alarmsKey()).Result()
	if err != nil {
		return nil, fmt.Errorf("alarms: %w", err)
	}
	out := make([]Alarm, 0, len(all))
	for about, v := range all {
		at, says, _ := strings.Cut(v, "|")
		out = append(out, Alarm{About: about, Since: fromMS(at), Says: says})
	}
	slices.SortFunc(out, func(x, y Alarm) int {
		if d := x.Since.Compare(y.Since); d != 0 {
			return d
		}
		return strings.Compare(x.About, y.About)
	})
	return out, nil
}

// CheckTurn says whether the caller is the one who checks the ledger now: of several schedulers one does, in each interval.
func (l *Ledger) CheckTurn(ctx context.Context, every time.Duration) (bool, error) {
	_, err := l.Redis.SetArgs(ctx, checkingKey(), "1", redis.SetArgs{Mode: "NX", TTL: every * 8 / 10}).Result()
	if isNil(err) {
		return false, nil
	}
	return err == nil, err
}
