package ledger

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"outreach.example/donor"
	"outreach.example/letter"
)

// An Entry is one thing that happened in a case. Stored as one line of JSON: fields may be added at the end of the part
// that says what, never renamed.
type Entry struct {
	Kind     string `json:"kind"` // of Kinds
	Amount   string `json:"amount"`
	Currency string `json:"currency"`
	Date     string `json:"date"` // the day it came, YYYY-MM-DD
	Note     string `json:"note"`

	Visible    bool   `json:"visible,omitempty"`    // of a pledge: it may be named in public
	Until      string `json:"until,omitempty"`      // the day from which letters may leave again, YYYY-MM-DD
	Opens      int64  `json:"opens,omitempty"`      // the moment of that day (ms); Record sets noon UTC, when it has begun everywhere
	Address    string `json:"address,omitempty"`    // the one that the entry is about
	Mail       string `json:"mail,omitempty"`       // identity of the mail it came from: the same mail is recorded once
	Instead    int    `json:"instead,omitempty"`    // number of the entry that it replaces, from 1; 0 for none
	Step       string `json:"step,omitempty"`       // of the letter that it is about; a bounce makes that letter bounced
	Generation int    `json:"generation,omitempty"` // of that letter; 0 where it is not known

	At time.Time `json:"at"`
	By string    `json:"by"`

	Counts bool `json:"-"` // not replaced, and the case not reopened since; of an entry that was read
}

// An Effect is what an entry does to the letters of its case.
type Effect byte

// The effects.
const (
	Stops   Effect = 'S' // they are cancelled
	Pauses  Effect = 'P' // they stay planned until a person has decided
	Moves   Effect = 'M' // they stay planned until the entry's day, where it names one
	Notes   Effect = 'N' // nothing
	Reopens Effect = 'O' // what was recorded before no longer counts; what was cancelled stays so
)

// A Kind is a kind of entry: what it does, and what it asks of a person.
type Kind struct {
	Name string
	Does Effect
	Task TaskKind // opened with the entry, "" for none

	word string // the case after it, "" where it changes no word
}

// Kinds are all kinds of entries. What stops, pauses, moves or only notes is said here and nowhere else.
var Kinds = []Kind{
	{"reply", Stops, "", "answered"},
	{"pledge", Stops, "", "pledged"},
	{"decline", Stops, "", "declined"},
	{"meeting", Stops, TaskMeeting, "answered"},
	{"opt-out", Stops, "", "opted out"},
	{"complaint", Stops, TaskComplaint, "opted out"},
	{"capital", Moves, "", "with capital"},
	{"auto-reply", Moves, "", ""},
	{"unclear", Pauses, TaskUnclear, "to be decided"},
	{"bounce", Pauses, TaskAddress, "unreachable"}, // of the letter itself, as no address of its own took it
	{"report", Notes, "", ""},                      // a relay's or a mail program's: a copy that bounced, a delay, a delivery, a receipt
	{"note", Notes, "", ""},
	{"reopen", Reopens, "", ""},
}

// KindOf finds a kind by its name.
func KindOf(name string) (Kind, bool) {
	for _, k := range Kinds {
		if k.Name == name {
			return k, true
		}
	}
	return Kind{}, false
}

// effects tells the script what each kind does.
var effects = func() string {
	var b strings.Builder
	for _, k := range Kinds {
		fmt.Fprintf(&b, "%s %c ", k.Name, k.Does)
	}
	return b.String()
}()

// line is the entry as it is stored, and the part of it that makes it the same entry when it is recorded again: its mail,
// or all that it says.
func (e Entry) line() (same, full string, err error) {
	b, err := json.Marshal(e)
	if err != nil {
		return "", "", err
	}
	full = string(b)
	if e.Mail != "" {
		id, _ := json.Marshal(e.Mail) // text always encodes
		return `"mail":` + string(id), full, nil
	}
	// Up to the time, so that an entry that says more is another one. In what people write a quotation mark is escaped.
	const time = `,"at":"`
	return full[:strings.LastIndex(full, time)+len(time)], full, nil
}

// Recorded says what recording an entry did.
type Recorded struct {
	Campaign  string
	Again     bool // the case held it already
	Cancelled int
	Past      []string // steps past the commit point: they may still be on their way
	Planned   int      // letters that a stop had cancelled and that are planned again
	Stopped   bool     // the case as it stands now
	Paused    bool
	Until     time.Time
	Bounced   bool // the letter that came back is bounced
}

// Placed says where the letters of a case are.
type Placed struct{ Campaign, Donor, Block string }

// Record writes an entry into a donor's case, and stops, pauses or moves its letters by the entry's kind. When it has
// returned, no letter passes the commit point against it. The same entry, or the same mail, is recorded once.
func (l *Ledger) Record(ctx context.Context, campaign, donor, block string, steps []string, e Entry) (Recorded, error) {
	return l.record(ctx, Placed{campaign, donor, block}, steps, e, false)
}

// Replan is Record of an entry that replaces another one, or reopens the case: letters that its stop had cancelled, and that
// were never begun, are planned again as well, due now or from the entry's day on. A step that is released letter by letter
// waits for its release anew.
func (l *Ledger) Replan(ctx context.Context, campaign, donor, block string, steps []string, e Entry) (Recorded, error) {
	return l.record(ctx, Placed{campaign, donor, block}, steps, e, true)
}

func (l *Ledger) record(ctx context.Context, p Placed, steps []string, e Entry, replan bool) (Recorded, error) {
	kind, ok := KindOf(e.Kind)
	if !ok {
		return Recorded{}, fmt.Errorf("record %s/%s: %q is no kind of entry", p.Campaign, p.Donor, e.Kind)
	}
	e.At = e.At.UTC()
	if e.Until != "" && e.Opens == 0 {
		d, err := donor.ParseDate(e.Until)
		if err != nil {
			return Recorded{}, fmt.Errorf("record %s/%s: until: %w", p.Campaign, p.Donor, err)
		}
		e.Opens = d.In(time.UTC).Add(12 * time.Hour).UnixMilli()
	}
	same, full, err := e.line()
	if err != nil {
		return Recorded{}, err
	}
	c, due := p.Campaign, ""
	if replan {
		due = strconv.FormatInt(e.Opens, 10)
	}
	keys := []string{
		metaKey(), auditKey(), campaignKey(c), casesKey(c), countsKey(c), lookKey(c), dueKey(c), followKey(c), tasksKey(),
	}
	args := []any{
		e.By, c, p.Donor, p.Block, same, full, effects, e.Instead, due, "", e.Generation, string(kind.Task), oneLine(e.Note),
	}
	if e.Kind == "bounce" {
		args[9] = e.Step
	}
	for _, s := range steps {
		keys = append(keys, rowsKey(letter.Block{Campaign: c, Step: s, Name: p.Block}))
		args = append(args, s)
	}
	got, err := l.strings(ctx, "record", keys, args...)
	if err != nil {
		return Recorded{}, err
	}
	switch got[0] {
	case "again":
		return Recorded{Campaign: c, Again: true, Bounced: got[1] == "1"}, nil
	case "none":
		return Recorded{}, Refusal(fmt.Sprintf("the case of %s in %s has no entry %d to replace; type: outreach case %s", p.Donor, c, e.Instead, p.Donor))
	case "gone":
		return Recorded{}, Refusal(fmt.Sprintf("entry %d in the case of %s was replaced, or the case was reopened since; type: outreach case %s", e.Instead, p.Donor, p.Donor))
	}
	r := Recorded{
		Campaign: c, Past: strings.Fields(got[2]), Stopped: got[4] == "S", Paused: got[4] == "P", Until: fromMS(got[5]),
		Bounced: got[6] == "1",
	}
	r.Cancelled, _ = strconv.Atoi(got[1])
	r.Planned, _ = strconv.Atoi(got[3])
	return r, nil
}

// Everywhere records an entry in the case of a donor in every campaign that is not cancelled and writes to the donor: what a
// person answers to one letter stops the letters of all. A part of it may have been done when it fails; it is safe to
// repeat. An entry with a day opens each campaign's letters at that day's opening of its own window. It returns what it did
// in each campaign, by name.
func (l *Ledger) Everywhere(ctx context.Context, donor string, e Entry) ([]Recorded, error) {
	names, err := l.Campaigns(ctx)
	if err != nil {
		return nil, err
	}
	var out []Recorded
	for _, name := range names {
		c, err := l.Campaign(ctx, name)
		if err != nil {
			return out, err
		}
		if c.Status == "cancelled" || c.Current() == "" {
			continue
		}
		places, err := l.Places(ctx, c)
		if err != nil {
			return out, err
		}
		block, err := places.Block(ctx, donor)
		if err != nil {
			return out, err
		}
		if block == "" {
			continue
		}
		its := e
		if its.Opens == 0 && its.Until != "" {
			opens, err := l.Opening(ctx, c, its.Until)
			if err != nil {
				return out, err
			}
			its.Opens = opens.UnixMilli()
		}
		if its.Step != "" && !has(c.Steps, its.Step) {
			its.Step, its.Generation = "", 0
		}
		r, err := l.record(ctx, Placed{name, donor, block}, c.Steps, its, false)
		if err != nil {
			return out, err
		}
		out = append(out, r)
	}
	return out, nil
}

// Opening is the first moment of a day, or after it, at which letters of a campaign may leave by its current edition.
func (l *Ledger) Opening(ctx context.Context, c Campaign, day string) (time.Time, error) {
	d, err := donor.ParseDate(day)
	if err != nil {
		return time.Time{}, err
	}
	e, err := l.Edition(ctx, c.Current())
	if err != nil {
		return time.Time{}, err
	}
	written, err := e.LoadCampaign()
	if err != nil {
		return time.Time{}, err
	}
	return written.Schedule.OpeningOf(d), nil
}

func has(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

// oneLine is a text as it is kept in a line of its own.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
