package ledger

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"outreach.example/donor"
)

// Case is everything recorded about one donor in one campaign.
type Case struct {
	Donor   string
	Stopped bool      // no letter of it leaves any more
	Paused  bool      // none leaves until a person has decided about mail that came
	Until   time.Time // none leaves before then; zero where it waits for no day
	Entries []Entry
}

// Deciding is the number of the entry that says how the case stands, the last one that stops, pauses or moves it and counts;
// 0 for an open case. Entries are numbered from 1.
func (c Case) Deciding() int {
	for i := len(c.Entries) - 1; i >= 0; i-- {
		e := c.Entries[i]
		if e.Kind == "reopen" {
			return 0
		}
		if k, ok := KindOf(e.Kind); e.Counts && (!ok || k.Does != Notes) {
			return i + 1
		}
	}
	return 0
}

// Word is the case in few words: open, answered, declined, opted out, unreachable, to be decided, pledged, or with capital
// until a day. A pledge outranks the rest, then what stops the case; the last of those stands.
func (c Case) Word() string {
	word, rank := "open", 0
	for _, e := range c.Entries {
		k, ok := KindOf(e.Kind)
		if !ok {
			k = Kind{Does: Stops, word: "answered"}
		}
		n := map[Effect]int{Moves: 1, Pauses: 2, Stops: 3}[k.Does]
		if e.Kind == "pledge" {
			n = 4
		}
		if e.Counts && k.word != "" && n >= rank {
			word, rank = k.word, n
			if k.Does == Moves && e.Until != "" {
				word += " until " + day(e.Until)
			}
		}
	}
	return word
}

func day(s string) string {
	if d, err := donor.ParseDate(s); err == nil {
		return d.In(time.UTC).Format("2 January 2006")
	}
	return s
}

// Case reads one donor's case; a donor of whom nothing is recorded has an open one.
func (l *Ledger) Case(ctx context.Context, campaign, donor string) (Case, error) {
	v, err := l.Redis.HGet(ctx, casesKey(campaign), donor).Result()
	if isNil(err) {
		return Case{Donor: donor}, nil
	}
	if err != nil {
		return Case{}, fmt.Errorf("case %s/%s: %w", campaign, donor, err)
	}
	return readCase(donor, v)
}

func readCase(donor, v string) (Case, error) {
	c := Case{Donor: donor, Stopped: strings.HasPrefix(v, "S"), Paused: strings.HasPrefix(v, "P")}
	for i, line := range strings.Split(v, "\n") {
		if i == 0 {
			if ms, ok := strings.CutPrefix(line, "M|"); ok {
				c.Until = fromMS(ms)
			}
			continue
		}
		e := Entry{Counts: true}
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			return Case{}, fmt.Errorf("case of %s, entry %d: %w", donor, i, err)
		}
		c.Entries = append(c.Entries, e)
	}
	for i, e := range c.Entries {
		if e.Instead > 0 && e.Instead <= len(c.Entries) {
			c.Entries[e.Instead-1].Counts = false
		}
		if k, ok := KindOf(e.Kind); ok && k.Does == Reopens && e.Counts {
			for j := range i {
				c.Entries[j].Counts = false
			}
		}
	}
	return c, nil
}

// Answers lists the entries that count, the newest first.
func (c Case) Answers() []Entry {
	var out []Entry
	for _, e := range slices.Backward(c.Entries) {
		if e.Counts {
			out = append(out, e)
		}
	}
	return out
}
