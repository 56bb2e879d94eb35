package ledger

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"outreach.example/letter"
)

// Decision is how a person settles a doubt.
type Decision string

// The decisions. Resend is also for a refused or bounced letter whose address was corrected.
const (
	DecideSent   Decision = "sent"    // there is proof outside: the relay took it
	DecideResend Decision = "resend"  // it never left: plan it again, as a new generation
	DecideGiveUp Decision = "give-up" // it is not known, and shall not be sent again
)

// Quiet is how long after a doubt nobody may settle it, unless a setting says otherwise: an answer, or a worker that stood
// still, may come back until then.
const Quiet = 30 * time.Minute

// Resolution is a person's decision on one letter.
type Resolution struct {
	Letter   letter.ID
	Block    string
	Decision Decision
	Who      string
	Reason   string
	Quiet    time.Duration
	// Corrected is the approved edition, where it has another address for the donor than the edition that the letter was
	// refused under.
	Corrected string
}

// Resolved is what a decision came to. A letter to be sent again is cancelled instead when its case or campaign was stopped.
type Resolved struct {
	Again      bool // this person had decided just that before
	State      letter.State
	Generation int
	Before     letter.State
}

// Resolve settles a doubt. Nobody settles one about an edition that they planned or a campaign that they started.
func (l *Ledger) Resolve(ctx context.Context, r Resolution) (Resolved, error) {
	c := r.Letter.Campaign
	b := letter.Block{Campaign: c, Step: r.Letter.Step, Name: r.Block}
	word := map[Decision]string{DecideSent: "sent", DecideResend: "to be sent again", DecideGiveUp: "given up"}[r.Decision]
	if word == "" {
		return Resolved{}, fmt.Errorf("resolve %s: %q is no decision", r.Letter, r.Decision)
	}
	name, _, _ := strings.Cut(r.Who, " (")
	got, err := l.strings(ctx, "resolve", []string{
		metaKey(), auditKey(), campaignKey(c), rowsKey(b), countsKey(c), lookKey(c), dueKey(c), casesKey(c), followKey(c),
		resolvedKey(c),
	}, r.Who, c, b.Step, b.Name, r.Letter.Donor, string(r.Decision), r.Reason, Words(word+", says "+name+": "+r.Reason),
		r.Quiet.Milliseconds(), r.Corrected)
	if err != nil {
		return Resolved{}, err
	}
	switch got[0] {
	case "none":
		return Resolved{}, Refusal(fmt.Sprintf("there is no letter %s yet; type: outreach case %s", r.Letter, r.Letter.Donor))
	case "state":
		return Resolved{}, Refusal(notInDoubt(r, stateOf[got[1][0]]))
	case "own":
		what := "started " + c
		if got[2] != "started" {
			what = authorship(got[2]) + " edition " + got[3] + " of " + c
		}
		return Resolved{}, Refusal(fmt.Sprintf("%s %s; another person resolves its letters: add --as NAME", got[1], what))
	case "quiet":
		return Resolved{}, Refusal(fmt.Sprintf("%s is in doubt since %s: its answer or its registry copy may still come; it can be resolved from %s on",
			r.Letter, shortTime(fromMS(got[1])), shortTime(fromMS(got[2]))))
	case "address":
		return Resolved{}, Refusal(fmt.Sprintf("the address of %s is the one that failed; correct it in the contacts, type: outreach plan %s, have it approved, and resolve again",
			r.Letter.Donor, c))
	}
	out := Resolved{Again: got[0] == "again", State: stateOf[got[1][0]]}
	out.Generation, _ = strconv.Atoi(got[2])
	if !out.Again {
		out.Before = stateOf[got[3][0]]
	}
	return out, nil
}

func notInDoubt(r Resolution, s letter.State) string {
	hint := "type: outreach case " + r.Letter.Donor
	if s == letter.Refused || s == letter.Bounced {
		hint = fmt.Sprintf("it can only be sent again, to a corrected address: outreach resolve %s resend --reason WHY --as NAME", r.Letter)
	}
	return fmt.Sprintf("%s is %s, not in doubt: there is nothing to resolve; %s", r.Letter, strings.ReplaceAll(string(s), "_", " "), hint)
}

func shortTime(t time.Time) string { return t.Local().Format("2 January 15:04:05") }

// Decided is the last decision on a letter's doubt.
type Decided struct {
	Decision   Decision
	Generation int // after it
	At         time.Time
	Who        string
	Before     letter.State
	Reason     string
}

// Decided reads the last decision on a letter; ok is false when nobody has made one.
func (l *Ledger) Decided(ctx context.Context, id letter.ID) (d Decided, ok bool, err error) {
	v, err := l.Redis.HGet(ctx, resolvedKey(id.Campaign), id.Step+"/"+id.Donor).Result()
	if isNil(err) {
		return d, false, nil
	}
	if err != nil {
		return d, false, fmt.Errorf("decision on %s: %w", id, err)
	}
	p := strings.SplitN(v, "|", 6)
	if len(p) != 6 || len(p[4]) != 1 {
		return d, false, fmt.Errorf("decision on %s: %q is none", id, v)
	}
	d = Decided{Decision: Decision(p[0]), At: fromMS(p[2]), Who: p[3], Before: stateOf[p[4][0]], Reason: p[5]}
	d.Generation, err = strconv.Atoi(p[1])
	return d, true, err
}
