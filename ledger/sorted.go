package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
)

// SortedKept is for how long it is kept what became of a mail that came back.
const SortedKept = 365 * 24 * time.Hour

// Sorted is what became of one mail that came back: as what it was sorted, why, which letter it was found to be about, and
// what it did.
type Sorted struct {
	ID         string    `json:"id"`
	At         time.Time `json:"at"` // when it was read first
	Mailbox    string    `json:"mailbox"`
	From       string    `json:"from"`
	Subject    string    `json:"subject"`
	Date       time.Time `json:"date,omitzero"` // as it says
	Kind       string    `json:"kind"`
	Why        []string  `json:"why"`
	Quarantine string    `json:"quarantine,omitempty"` // why it was not read to its end, or not believed; a person decides
	Letter     string    `json:"letter,omitempty"`     // campaign/donor/step
	Donor      string    `json:"donor,omitempty"`
	Donors     []string  `json:"donors,omitempty"` // all that it names, where it names several
	Found      string    `json:"found,omitempty"`  // by what the donor was found
	Did        []string  `json:"did,omitempty"`    // in words
	Text       string    `json:"text,omitempty"`   // what a person needs to decide: kept where no case keeps it

	Decided   string    `json:"decided,omitempty"` // as what a person sorted it
	DecidedBy string    `json:"decided_by,omitempty"`
	DecidedAt time.Time `json:"decided_at,omitzero"`
}

// Waits says whether a person has to look at it: nobody but one can say what it is, or whose.
func (s Sorted) Waits() bool {
	return s.Decided == "" && (s.Quarantine != "" || s.Kind == "unclear")
}

// NoteSorted keeps what became of mails. The same mail again keeps when it was read first, and what a person decided.
func (l *Ledger) NoteSorted(ctx context.Context, mails []Sorted) error {
	if len(mails) == 0 {
		return nil
	}
	now, err := l.Now(ctx)
	if err != nil {
		return fmt.Errorf("mail that came back: %w", err)
	}
	p := l.Redis.TxPipeline()
	for _, m := range mails {
		m.At = now
		if was, ok, err := l.Sorted(ctx, m.ID); err != nil {
			return err
		} else if ok {
			m.At = was.At
			if was.Decided != "" {
				continue
			}
		}
		m.Text, _ = cut(m.Text, MailBytes)
		b, err := json.Marshal(m)
		if err != nil {
			return err
		}
		p.HSet(ctx, sortedKey(), m.ID, b)
		p.ZAdd(ctx, sortedTimesKey(), redis.Z{Score: float64(m.At.UnixMilli()), Member: m.ID})
	}
	if _, err := p.Exec(ctx); err != nil {
		return fmt.Errorf("mail that came back: %w", err)
	}
	return l.forgetSorted(ctx, now)
}

// forgetSorted drops what was kept long enough.
func (l *Ledger) forgetSorted(ctx context.Context, now time.Time) error {
	old, err := l.Redis.ZRangeByScore(ctx, sortedTimesKey(), &redis.ZRangeBy{
		Min: "-inf", Max: "(" + strconv.FormatInt(now.Add(-SortedKept).UnixMilli(), 10), Count: 1000,
	}).Result()
	if err != nil || len(old) == 0 {
		return err
	}
	p := l.Redis.TxPipeline()
	p.HDel(ctx, sortedKey(), old...)
	for _, id := range old {
		p.ZRem(ctx, sortedTimesKey(), id)
	}
	_, err = p.Exec(ctx)
	return err
}

// Decide notes as what a person sorted a mail.
func (l *Ledger) Decide(ctx context.Context, id, kind, donor, who string) error {
	s, ok, err := l.Sorted(ctx, id)
	if err != nil || !ok {
		return err
	}
	now, err := l.Now(ctx)
	if err != nil {
		return fmt.Errorf("mail %s: %w", id, err)
	}
	s.Decided, s.Donor, s.DecidedBy, s.DecidedAt = kind, donor, who, now
	b, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return l.Redis.HSet(ctx, sortedKey(), id, b).Err()
}

// Sorted reads what became of one mail.
func (l *Ledger) Sorted(ctx context.Context, id string) (Sorted, bool, error) {
	v, err := l.Redis.HGet(ctx, sortedKey(), id).Result()
	if errors.Is(err, redis.Nil) {
		return Sorted{}, false, nil
	}
	if err != nil {
		return Sorted{}, false, fmt.Errorf("mail %s: %w", id, err)
	}
	var s Sorted
	if err := json.Unmarshal([]byte(v), &s); err != nil {
		return Sorted{}, false, fmt.Errorf("mail %s: %w", id, err)
	}
	return s, true, nil
}

// SortedMails lists the newest n mails that came back of which only says yes, the newest first.
func (l *Ledger) SortedMails(ctx context.Context, n int, only func(Sorted) bool) ([]Sorted, error) {
	var out []Sorted
	for from := int64(0); len(out) < n; from += 500 {
		ids, err := l.Redis.ZRevRange(ctx, sortedTimesKey(), from, from+499).Result()
		if err != nil {
			return nil, fmt.Errorf("mail that came back: %w", err)
		}
		if len(ids) == 0 {
			return out, nil
		}
		got, err := l.Redis.HMGet(ctx, sortedKey(), ids...).Result()
		if err != nil {
			return nil, fmt.Errorf("mail that came back: %w", err)
		}
		for i, v := range got {
			text, ok := v.(string)
			if !ok {
				continue
			}
			var s Sorted
			if err := json.Unmarshal([]byte(text), &s); err != nil {
				return nil, fmt.Errorf("mail %s: %w", ids[i], err)
			}
			if only == nil || only(s) {
				if out = append(out, s); len(out) == n {
					return out, nil
				}
			}
		}
	}
	return out, nil
}
