package ledger

import (
	"context"
	"fmt"
	"time"
)

// Vitals is what someone who watches over the house wants to know at a glance. It names no donor.
type Vitals struct {
	Frozen    string            // why nothing leaves, "" when letters may
	Workers   int               // that have a lease
	Alarms    int               //
	Held      map[string]string // relays that are held, and why
	Relays    []string          // all that workers have used
	Campaigns []Pulse
}

// Pulse is one campaign.
type Pulse struct {
	Name        string
	Counts      map[string]Counts // by step
	OldestDoubt time.Time         // zero when no letter is in doubt
}

// Vitals reads them.
func (l *Ledger) Vitals(ctx context.Context) (Vitals, error) {
	v := Vitals{Held: map[string]string{}}
	names, err := l.Campaigns(ctx)
	if err != nil {
		return v, err
	}
	p := l.Redis.Pipeline()
	frozen, alarms, relays := p.HGet(ctx, metaKey(), "frozen"), p.HLen(ctx, alarmsKey()), p.SMembers(ctx, relaysKey())
	_, _ = p.Exec(ctx) // each answer says for itself
	for _, err := range []error{frozen.Err(), alarms.Err(), relays.Err()} {
		if err != nil && !isNil(err) {
			return v, fmt.Errorf("ledger: %w", err)
		}
	}
	v.Frozen, v.Alarms, v.Relays = frozen.Val(), int(alarms.Val()), relays.Val()
	for _, r := range v.Relays {
		why, err := l.Redis.HGet(ctx, relayKey(r), "held").Result()
		if err != nil && !isNil(err) {
			return v, fmt.Errorf("relay %s: %w", r, err)
		}
		if why != "" {
			v.Held[r] = why
		}
	}
	if v.Workers, err = l.Working(ctx); err != nil {
		return v, fmt.Errorf("workers: %w", err)
	}
	for _, name := range names {
		pulse := Pulse{Name: name}
		if pulse.Counts, err = l.Counts(ctx, name); err != nil {
			return v, err
		}
		if pulse.OldestDoubt, err = l.OldestDoubt(ctx, name); err != nil {
			return v, fmt.Errorf("doubts of %s: %w", name, err)
		}
		v.Campaigns = append(v.Campaigns, pulse)
	}
	return v, nil
}
