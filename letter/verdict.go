package letter

import "time"

// A State is where a letter is. Each letter is in exactly one.
type State string

// The states of the ledger.
const (
	Planned   State = "planned"
	Claimed   State = "claimed"
	Sending   State = "sending"
	Sent      State = "sent"
	InDoubt   State = "in_doubt"
	Refused   State = "refused"
	Bounced   State = "bounced"
	Withheld  State = "withheld"
	Cancelled State = "cancelled"
)

// States lists them in the order in which pages and tables show them.
var States = []State{Planned, Claimed, Sending, Sent, InDoubt, Refused, Bounced, Withheld, Cancelled}

// An Outcome is what handing a letter to a relay came to.
type Outcome int

// The outcomes. Before the commit point only Deferred, Refused, Unreachable and Unsent can happen.
const (
	Unsent      Outcome = iota // the final dot was never written: provably not sent, and not the relay's word on this letter
	Unreachable                // no connection, no login, no TLS: says nothing of the letter and burns no attempt
	Deferred                   // a definite 4xx: later, whole
	Refused5xx                 // a definite no for this letter
	Accepted                   // 250 after the dot
	Doubtful                   // the dot was, or may have been, written and no definite answer was read
)

func (o Outcome) String() string {
	return [...]string{"unsent", "unreachable", "deferred", "refused", "accepted", "in doubt"}[o]
}

// A Stage is how far the SMTP dialogue had come.
type Stage string

// The stages of one transaction.
const (
	StageDial         Stage = "dial" // connection, greeting, EHLO, STARTTLS, AUTH
	StageMail         Stage = "mail"
	StageRcptTo       Stage = "rcpt"
	StageRcptCc       Stage = "rcpt-cc"
	StageRcptRegistry Stage = "rcpt-registry"
	StageData         Stage = "data"
	StageContent      Stage = "content" // 354 read, content under way, no dot
	StageCommit       Stage = "commit"  // the commit was refused or unknown, no dot
	StageDot          Stage = "dot"     // the dot was written
)

// A Verdict is the one reading of what the relay answered about a letter.
type Verdict struct {
	Outcome  Outcome
	Stage    Stage
	Code     int           // reply code, 0 when there was none
	Enhanced string        // "4.7.1", "" when there was none (RFC 3463)
	Text     string        // the relay's words, or what happened instead of words
	Retry    time.Duration // not before this, when the relay or the stage says so; 0 leaves it to the ledger

	Greylisted bool // deferred because the other side makes strangers come back: soon is soon enough
	Standing   bool // refused after the dot because of its sender (SPF, DKIM, DMARC, policy): the next letter would meet the same
	Own        bool // in doubt because this process was stopped, not for anything that the relay did

	// LeftOut are copies (indexes into Envelope.Cc) that the relay refused for good, or deferred a second time: the
	// letter went without them. DeferredCc are those that made the letter wait this time.
	LeftOut    []int
	DeferredCc []int
}
