package ledger

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"outreach.example/campaign"
	"outreach.example/letter"
)

// Around is what keeps letters whoever they go to, as it stands at one moment.
type Around struct {
	Now     time.Time
	Frozen  string // why nothing leaves of the whole ledger, "" when letters may
	Holds   map[string]Hold
	Closed  Closed
	Workers int // that have a lease
	Relays  []Relay
	Memory  string    // why the store is too full for a letter, "" when it is not
	Silent  []Mailbox // reply mailboxes that nobody reads: only first letters leave
}

// Around reads it.
func (l *Ledger) Around(ctx context.Context) (a Around, err error) {
	if a.Now, err = l.Now(ctx); err != nil {
		return a, err
	}
	if a.Frozen, err = l.Frozen(ctx); err != nil {
		return a, err
	}
	if a.Holds, err = l.Holds(ctx); err != nil {
		return a, err
	}
	if a.Closed, err = l.Suppressed(ctx); err != nil {
		return a, err
	}
	if a.Workers, err = l.Working(ctx); err != nil {
		return a, err
	}
	if a.Relays, err = l.Relays(ctx); err != nil {
		return a, err
	}
	if a.Silent, err = l.Silent(ctx); err != nil {
		return a, err
	}
	if used, most, err := l.Memory(ctx); err == nil {
		a.Memory = Full(used, most) // a store that does not tell has no limit
	}
	return a, nil
}

// A Situation is one letter with all that may keep it.
type Situation struct {
	Around
	Campaign Campaign
	Written  *campaign.Campaign // the file of its current edition
	Record   campaign.Record    // the donor in it
	Case     Case
	Step     string
	Letter   *Letter // nil while no row is planned
	Before   *Letter // of the step before; nil for the first step, and while it has no row
	Asked    Ask     // the last ask to the donor, of whichever campaign
	Fact     string  // what is the matter with a fact that it cites, "" for nothing
}

// Why is the one reason why a letter has not left.
type Why struct {
	Name  string    `json:"name"`           // of the reason, the same for ever
	Says  string    `json:"says"`           // what keeps it
	Until time.Time `json:"until,omitzero"` // when it leaves, or is looked at again; zero where a person must act
	Type  string    `json:"type,omitempty"` // the command to type; "" where nobody need do anything
}

// String is the whole sentence.
func (w Why) String() string { return w.Sentence(moment) }

// Sentence is the whole sentence, with its moment as the caller shows moments.
func (w Why) Sentence(show func(time.Time) string) string {
	s := w.Says
	if !w.Until.IsZero() {
		s += "; it leaves from " + show(w.Until) + " on"
	}
	if w.Type != "" {
		s += "; type: " + w.Type
	}
	return s
}

func moment(t time.Time) string { return t.Local().Format("Monday 2 January 2006 15:04 MST") }

// A reason looks at a situation and says whether it is what keeps the letter.
type reason struct {
	name string
	is   func(s *Situation) (Why, bool)
}

// WhyNot is the one reason why a letter has not left: the first of them by rank. ok is false for a letter that has left, and
// for one that a worker hands over at this moment. docs/stops.md tells the list to staff.
func (s *Situation) WhyNot() (w Why, ok bool) {
	for _, r := range reasons {
		if w, ok := r.is(s); ok {
			w.Name = r.name
			return w, !s.gone()
		}
	}
	return Why{}, false
}

// gone says whether the letter is with a worker, or has left.
func (s *Situation) gone() bool {
	if s.Letter == nil {
		return false
	}
	switch s.Letter.State {
	case letter.Claimed, letter.Sending, letter.Sent:
		return true
	}
	return false
}

func (s *Situation) state() letter.State {
	if s.Letter == nil {
		return ""
	}
	return s.Letter.State
}

// Reasons lists the names of all reasons in their order.
func Reasons() (names []string) {
	for _, r := range reasons {
		names = append(names, r.name)
	}
	return names
}

// reasons are all there are. What ends a letter comes first, then what keeps everything, then the campaign, the donor, the
// step and the letter itself, and last the time.
var reasons = []reason{
	{"doubt", func(s *Situation) (Why, bool) {
		return Why{Says: "nobody knows whether it left", Type: fmt.Sprintf("outreach resolve %s sent|resend|give-up --reason WHY --as NAME", s.Letter.id())}, s.state() == letter.InDoubt
	}},
	{"refused", failed(letter.Refused, "the relay refused it")},
	{"bounced", failed(letter.Bounced, "it left and came back")},
	{"withheld", func(s *Situation) (Why, bool) {
		return Why{Says: "it is withheld" + because(s.Letter.words()), Type: "outreach plan " + s.Campaign.Name + " (once that is corrected)"}, s.state() == letter.Withheld
	}},
	{"cancelled", func(s *Situation) (Why, bool) {
		why := Why{Says: "it is cancelled" + because(s.Letter.words())}
		switch answered := s.Letter.words() == wordsAnswered; {
		case answered && s.Case.Stopped:
			why.Says = "it is cancelled, as the case is " + s.Case.Word()
		case answered:
			why.Says = "an answer cancelled it that no longer counts; it stays so unless somebody plans it again"
			why.Type = "outreach record reopen " + s.Record.Donor.ID + " --reason WHY --plan-again"
		}
		return why, s.state() == letter.Cancelled
	}},
	{"nothing asked", func(s *Situation) (Why, bool) {
		return Why{Says: "its variant " + s.Record.Variant + " asks for nothing, so no letter follows the first"}, s.Letter == nil && s.Record.Hash[s.Step] == ""
	}},
	{"frozen", func(s *Situation) (Why, bool) {
		return Why{Says: "the ledger is frozen, nothing leaves: " + s.Frozen, Type: "outreach reconcile (once every worker is stopped)"}, s.Frozen != ""
	}},
	{"campaign cancelled", func(s *Situation) (Why, bool) {
		return Why{Says: "the campaign is cancelled"}, s.Campaign.Status == "cancelled"
	}},
	{"unapproved", func(s *Situation) (Why, bool) {
		return Why{Says: "the edition waits for approval by another person than " + s.Campaign.PendingBy, Type: "outreach approve " + s.Campaign.Name + " --as NAME"}, s.Campaign.Status == "planned"
	}},
	{"not started", func(s *Situation) (Why, bool) {
		n := s.Campaign.Name
		return Why{Says: "the campaign has not been started", Type: fmt.Sprintf("outreach start %s --confirm %s", n, n)}, s.Campaign.Status == "approved"
	}},
	{"paused", func(s *Situation) (Why, bool) {
		return Why{Says: "the campaign is paused by " + s.Campaign.PausedBy + because(s.Campaign.PausedWhy), Type: "outreach resume " + s.Campaign.Name}, s.Campaign.Status == "paused"
	}},
	{"stopped", func(s *Situation) (Why, bool) {
		return Why{Says: "the case is " + s.Case.Word() + s.Case.lastNote()}, s.Case.Stopped
	}},
	{"undecided", func(s *Situation) (Why, bool) {
		return Why{
			Says: "the case is " + s.Case.Word() + s.Case.lastNote() + "; a person decides first",
			Type: fmt.Sprintf("outreach record reply|note|... %s --instead", s.Record.Donor.ID),
		}, s.Case.Paused
	}},
	{"no earlier letter", func(s *Situation) (Why, bool) {
		return Why{Says: "the step before it is not planned yet"}, s.Letter == nil && s.Before == nil && s.Step != s.Campaign.Steps[0]
	}},
	{"earlier", func(s *Situation) (Why, bool) {
		if s.Before == nil || s.Before.State == letter.Sent {
			return Why{}, false
		}
		return Why{Says: "the step before it, " + s.Before.ID.Step + ", is " + stateWord(s.Before.State)}, true
	}},
	{"unplanned", func(s *Situation) (Why, bool) {
		return Why{Says: "its day is set within moments while a scheduler runs", Type: "outreach status " + s.Campaign.Name}, s.Letter == nil
	}},
	{"canary", func(s *Situation) (Why, bool) {
		c := s.Campaign
		waits := len(c.Canary) > 0 && s.Step == c.Steps[0] &&
			!slices.ContainsFunc(c.Canary, func(one Canary) bool { return one.Donor == s.Record.Donor.ID })
		return Why{Says: fmt.Sprintf("it waits for the canary: the first %d letters", len(c.Canary)), Type: "outreach canary " + c.Name}, waits
	}},
	{"held", func(s *Situation) (Why, bool) {
		d := s.Record.Donor
		for _, scope := range []string{"all", "donor:" + d.ID, "group:" + d.Group, "region:" + d.Region} {
			if h, ok := s.Holds[scope]; ok && !h.Ends(s.Now) {
				until := ""
				if !h.Until.IsZero() {
					until = " until " + moment(h.Until)
				}
				return Why{Says: "held (" + scope + ") by " + h.By + until + because(h.Reason), Type: "outreach release " + Typed(scope)}, true
			}
		}
		return Why{}, false
	}},
	{"laying", func(s *Situation) (Why, bool) {
		return Why{Says: "the new edition is being laid out, which takes moments while a scheduler runs", Type: "outreach status " + s.Campaign.Name}, s.Campaign.Laid != s.Campaign.Edition
	}},
	{"fact", func(s *Situation) (Why, bool) {
		return Why{Says: s.Fact, Type: "outreach plan " + s.Campaign.Name + " (once the text or the register is corrected)"}, s.Fact != ""
	}},
	{"suppressed", func(s *Situation) (Why, bool) {
		c := s.Record.Donor.Contacts
		return Why{Says: "the address of the first contact is suppressed", Type: "outreach plan " + s.Campaign.Name + " (once the contacts have another one)"}, len(c) > 0 && s.Closed.Has(c[0].Email)
	}},
	{"unreleased", func(s *Situation) (Why, bool) {
		return Why{
			Says: "it waits for a person's release",
			Type: fmt.Sprintf("outreach release %s --step %s --as NAME", s.Record.Donor.ID, s.Step),
		}, s.Campaign.Each[s.Step] && !s.Letter.Released
	}},
	{"approval ended", func(s *Situation) (Why, bool) {
		end, ok := s.Campaign.Standing[s.Step]
		return Why{
			Says: "the standing approval of " + s.Step + " ended on " + end.Local().Format("2 January 2006"),
			Type: "outreach plan " + s.Campaign.Name + " (with a later day in its steps), then approve it",
		}, ok && end.Before(s.Now)
	}},
	{"moved", func(s *Situation) (Why, bool) {
		if !s.Case.Until.After(s.Now) || s.Letter.Since.After(s.Case.Until) {
			return Why{}, false
		}
		says := "the case is " + s.Case.Word()
		if e := s.Case.Deciding(); e > 0 && s.Case.Entries[e-1].Kind == "auto-reply" {
			says = "an automatic answer says that the reader is away until " + day(s.Case.Entries[e-1].Until)
		}
		return Why{Says: says, Until: s.opening(s.Case.Until)}, true
	}},
	{"quiet", func(s *Situation) (Why, bool) {
		until := s.quiet()
		if !until.After(s.Now) || s.Letter.Since.After(until) {
			return Why{}, false
		}
		return Why{
			Says: fmt.Sprintf("campaign %s wrote to the donor on %s, and quiet_days keeps %d working days between two asks", s.Asked.Campaign,
				s.Asked.At.Local().Format("2 January 2006"), s.Written.QuietDays),
			Until: s.opening(until),
		}, true
	}},
	{"again", func(s *Situation) (Why, bool) {
		return Why{Says: "it is tried again" + because(s.Letter.Words), Until: s.opening(s.Letter.Since)}, s.Letter.Since.After(s.Now) && (s.Letter.Attempts > 0 || s.Letter.Words != "")
	}},
	{"not due", func(s *Situation) (Why, bool) {
		return Why{Says: "it is not due yet", Until: s.opening(s.Letter.Since)}, s.Letter.Since.After(s.Now)
	}},
	{"window", func(s *Situation) (Why, bool) {
		open := s.opening(s.Now)
		return Why{Says: "it is due, and the send window is closed", Until: open}, open.After(s.Now) && !s.Campaign.Open.After(s.Now)
	}},
	{"unheard", func(s *Situation) (Why, bool) {
		if len(s.Silent) == 0 || len(s.Campaign.Steps) == 0 || s.Step == s.Campaign.Steps[0] {
			return Why{}, false
		}
		m := s.Silent[0]
		return Why{Says: "it is due, and " + m.Unheard(), Type: "outreach inbox (or, where it is read no more, outreach inbox forget " + m.Name + ")"}, true
	}},
	{"no scheduler", func(s *Situation) (Why, bool) {
		return Why{Says: "it is due, and no scheduler runs", Type: "outreach scheduler (or outreach up)"}, !s.Campaign.Open.After(s.Now)
	}},
	{"no worker", func(s *Situation) (Why, bool) {
		return Why{Says: "it is due, and no worker runs", Type: "outreach worker (or outreach up)"}, s.Workers == 0
	}},
	{"full", func(s *Situation) (Why, bool) { return Why{Says: s.Memory, Type: "outreach doctor"}, s.Memory != "" }},
	{"relay", func(s *Situation) (Why, bool) {
		if len(s.Relays) == 0 {
			return Why{}, false
		}
		for _, r := range s.Relays {
			if r.Held == "" && r.Trouble == "" {
				return Why{}, false
			}
		}
		r := s.Relays[0]
		if r.Held == "" {
			return Why{Says: "it is due, and no relay can be used: " + r.Name + ": " + r.Trouble, Type: "outreach doctor"}, true
		}
		return Why{Says: "it is due, and relay " + r.Name + " is held: " + r.Held, Type: "outreach release --relay " + r.Name + " --as NAME"}, true
	}},
	{"due", func(*Situation) (Why, bool) {
		return Why{Says: "it is due: a worker takes it next, at the relay's pace"}, true
	}},
}

const wordsAnswered = "stopped: the case has an answer" // as scripts/lib.lua keeps it beside the row

// failed is the reason of a letter that failed for good at one address.
func failed(state letter.State, says string) func(s *Situation) (Why, bool) {
	return func(s *Situation) (Why, bool) {
		return Why{
			Says: says + because(s.Letter.words()),
			Type: fmt.Sprintf("outreach resolve %s resend --reason WHY --as NAME (once the contacts have another address and are planned)", s.Letter.id()),
		}, s.state() == state
	}
}

func (l *Letter) words() string {
	if l == nil {
		return ""
	}
	return l.Words
}

func (l *Letter) id() string {
	if l == nil {
		return ""
	}
	return l.ID.String()
}

// lastNote is what was written beside the entry that decides.
func (c Case) lastNote() string {
	if n := c.Deciding(); n > 0 {
		e := c.Entries[n-1]
		return " (" + e.Kind + " of " + day(e.Date) + ")" + because(e.Note)
	}
	return ""
}

// opening is the first moment from t on at which the campaign's letters may leave.
func (s *Situation) opening(t time.Time) time.Time {
	if s.Written == nil {
		return t
	}
	return s.Written.ScheduleOf(&s.Record.Donor).Opening(t)
}

// quiet is until when another campaign's ask keeps this one; zero where it keeps nothing.
func (s *Situation) quiet() time.Time {
	if s.Written == nil || s.Written.Quiet(s.Record.Variant) {
		return time.Time{}
	}
	return s.Written.QuietUntil(s.Asked.Campaign, s.Asked.At)
}

func stateWord(s letter.State) string { return strings.ReplaceAll(string(s), "_", " ") }

// Typed is a hold's scope as it is typed.
func Typed(scope string) string {
	kind, name, _ := strings.Cut(scope, ":")
	switch kind {
	case "donor":
		return name
	case "all":
		return "--all"
	}
	return fmt.Sprintf("--%s '%s'", kind, name)
}

func because(why string) string {
	if why == "" {
		return ""
	}
	return ": " + why
}
