package ledger

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// A Withdrawal says that a fact is not to be cited, as one row of the register was written.
type Withdrawal struct {
	At     time.Time `json:"at"`
	By     string    `json:"by"`
	Reason string    `json:"reason"`
}

// Withdraw withdraws facts by the keys of their rows in the register. When it has returned, no letter passes the commit
// point whose worker has not looked at it against these facts.
func (l *Ledger) Withdraw(ctx context.Context, who, reason string, facts []string) (again bool, err error) {
	args := []any{who, reason}
	for _, f := range facts {
		args = append(args, f)
	}
	got, err := l.text(ctx, "withdraw", []string{metaKey(), auditKey(), withdrawnKey()}, args...)
	return got == "again", err
}

// Withdrawn reads all withdrawn facts by their keys. Facts are only ever added.
func (l *Ledger) Withdrawn(ctx context.Context) (map[string]Withdrawal, error) {
	h, err := l.Redis.HGetAll(ctx, withdrawnKey()).Result()
	if err != nil {
		return nil, fmt.Errorf("withdrawn facts: %w", explain(err))
	}
	out := make(map[string]Withdrawal, len(h))
	for key, v := range h {
		if key == ".token" {
			continue
		}
		at, rest, _ := strings.Cut(v, "|")
		by, reason, _ := strings.Cut(rest, "|")
		out[key] = Withdrawal{At: fromMS(at), By: by, Reason: reason}
	}
	return out, nil
}
