package ledger

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"outreach.example/letter"
)

// An Entry is one thing that happened in a case. Stored as one line of JSON: fields may be added at the end of the part
// that says what, never renamed.
type Entry struct {
	Kind     string `json:"kind"` // reply, pledge or decline
	Amount   string `json:"amount"`
	Currency string `json:"currency"`
	Date     string `json:"date"` // the day it came, YYYY-MM-DD
	Note     string `json:"note"`

	At time.Time `json:"at"`
	By string    `json:"by"`
}

// what is the part of an entry that makes it the same entry when it is recorded again.
func (e Entry) what() string {
	b, _ := json.Marshal(struct {
		Kind     string `json:"kind"`
		Amount   string `json:"amount"`
		Currency string `json:"currency"`
		Date     string `json:"date"`
		Note     string `json:"note"`
	}{e.Kind, e.Amount, e.Currency, e.Date, e.Note})
	return strings.TrimSuffix(string(b), "}") + ","
}

// Case is everything recorded about one donor in one campaign.
type Case struct {
	Donor   string
	Stopped bool
	Entries []Entry
}

// Word is the case in one word: open, answered, declined or pledged. A pledge outranks the rest, and the last of the
// others stands.
func (c Case) Word() string {
	word := "open"
	for _, e := range c.Entries {
		switch {
		case e.Kind == "pledge":
			return "pledged"
		case e.Kind == "decline":
			word = "declined"
		default:
			word = "answered"
		}
	}
	return word
}

// Recorded says what recording an entry did: how many letters it cancelled, and which steps were past the commit point.
type Recorded struct {
	Again     bool
	Cancelled int
	Past      []string
}

// Record writes an entry into a donor's case and stops its letters. When it has returned, no letter of the donor in
// this campaign passes the commit point.
func (l *Ledger) Record(ctx context.Context, campaign, donor, block string, steps []string, e Entry) (Recorded, error) {
	rest, err := json.Marshal(struct {
		At time.Time `json:"at"`
		By string    `json:"by"`
	}{e.At.UTC(), e.By})
	if err != nil {
		return Recorded{}, err
	}
	what := e.what()
	keys := []string{metaKey(), auditKey(), casesKey(campaign), countsKey(campaign), lookKey(campaign)}
	args := []any{e.By, campaign, donor, what, what + strings.TrimPrefix(string(rest), "{")}
	for _, s := range steps {
		keys = append(keys, rowsKey(letter.Block{Campaign: campaign, Step: s, Name: block}))
		args = append(args, s)
	}
	got, err := l.strings(ctx, "record", keys, args...)
	if err != nil {
		return Recorded{}, err
	}
	if got[0] == "again" {
		return Recorded{Again: true}, nil
	}
	r := Recorded{Past: strings.Fields(got[2])}
	r.Cancelled, _ = strconv.Atoi(got[1])
	return r, nil
}

// Case reads one donor's case; Cases reads all that hold anything.
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
	c := Case{Donor: donor, Stopped: strings.HasPrefix(v, "S")}
	for i, line := range strings.Split(v, "\n") {
		if i == 0 {
			continue
		}
		var e Entry
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			return Case{}, fmt.Errorf("case of %s, entry %d: %w", donor, i, err)
		}
		c.Entries = append(c.Entries, e)
	}
	return c, nil
}

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
		return 0, Refusal(who + " planned this edition; another person releases its letters: add --as NAME")
	}
	return n, err
}

// Suppress puts an address on the suppression list.
func (l *Ledger) Suppress(ctx context.Context, who, address, reason string) (again bool, err error) {
	got, err := l.text(ctx, "suppress", []string{metaKey(), auditKey(), suppressedKey()}, who, AddressHash(address), reason)
	return got == "again", err
}

// Suppressed reads the hashes of all suppressed addresses.
func (l *Ledger) Suppressed(ctx context.Context) (map[string]bool, error) {
	all, err := l.Redis.HKeys(ctx, suppressedKey()).Result()
	if err != nil {
		return nil, fmt.Errorf("suppression list: %w", err)
	}
	out := make(map[string]bool, len(all))
	for _, h := range all {
		out[h] = true
	}
	return out, nil
}
