// Package returned sorts mail that came back: from its bytes alone it says what a mail is, why, and which letter it may be
// about. Stop first: whatever a person may have written is a reply or unclear, and never a machine's. It asks nobody,
// believes nobody, and decides nothing.
package returned

import (
	"fmt"
	"time"
)

// Kind is what a mail is.
type Kind string

// The kinds.
const (
	Reply     Kind = "reply"      // a person wrote it
	Bounce    Kind = "bounce"     // a mail system says what became of a letter (RFC 3464, or a shape of its own)
	Complaint Kind = "complaint"  // somebody called the letter unwanted (RFC 5965)
	Receipt   Kind = "receipt"    // a reader's program says that the letter was shown, or thrown away (RFC 8098)
	AutoReply Kind = "auto-reply" // an answer that nobody wrote: out of office, received (RFC 3834)
	OptOut    Kind = "opt-out"    // a wish for no further letters, and nothing else
	Copy      Kind = "copy"       // it has the Message-ID of a letter: a registry copy, or a forgery of one
	Unclear   Kind = "unclear"    // a person decides
)

// Kinds are all kinds, in the order in which pages list them.
var Kinds = []Kind{Reply, Bounce, Complaint, Receipt, AutoReply, OptOut, Copy, Unclear}

// A Mail is what one mail says of itself, and what it was sorted as.
type Mail struct {
	// ID is the mail's identity: the same mail read from another mailbox, or again, has the same. It covers everything that
	// its writer wrote, so that nobody makes a mail count as read by sending another with its Message-ID.
	ID        string
	MessageID string // with angle brackets; "" for none, or several
	From      string // the first address, in lower case
	FromName  string
	To        []string // everybody it was written to, in lower case
	Subject   string
	Date      time.Time // zero for none
	Size      int

	Kind    Kind
	Reasons []string  // why, the decisive one first
	Reports []Report  // of a bounce: one a recipient
	Back    time.Time // of an auto-reply: the first day on which its writer is back, at midnight UTC; zero where it says none
	// Quarantine is why the mail was not read to its end, "" if it was. Its kind is then unclear.
	Quarantine string

	Text  string // what its writer wrote, without what is quoted
	Quote string // what is quoted
	Files []string

	Clues Clues
}

// Outcome is what a report says of one recipient.
type Outcome string

// The outcomes. Soft is a letter that did not arrive by no fault of the address; delayed one that is still tried.
const (
	Hard    Outcome = "hard"
	Soft    Outcome = "soft"
	Delayed Outcome = "delayed"
	Success Outcome = "success" // delivered into the mailbox, as its mail system says
	Relayed Outcome = "relayed" // handed on to a system that makes no reports
)

// A Report is what a bounce says of one recipient.
type Report struct {
	Address  string  `json:"address"`            // in lower case; "" where it is not said
	Original string  `json:"original,omitempty"` // the address the letter was sent to, where the report tells both
	Outcome  Outcome `json:"outcome"`
	Concerns Concern `json:"concerns,omitempty"` // what is at fault
	Code     string  `json:"code,omitempty"`     // enhanced status code (RFC 3463), or the reply code
	Words    string  `json:"words,omitempty"`    // of the mail system, shortened
}

// Clues are what may name the letter and the donor. None of them is proof: whoever uses them checks them.
type Clues struct {
	Addresses  []string // that the mail was sent to, where a signed return path may stand
	Original   []string // return paths of the letter that it reports about
	Answers    []string // Message-IDs that it answers (In-Reply-To, References), the nearest first
	About      []string // Message-IDs of the letter inside it
	References []string // what looks like a reference number, in capitals, as it was written or mended
	Token      string   // what looks like an opt-out token
}

// Day is how the first day back is written.
const Day = "2006-01-02"

func (m *Mail) because(format string, args ...any) {
	m.Reasons = append(m.Reasons, fmt.Sprintf(format, args...))
}

// Sort reads a mail and says what it is. A mail of which only the beginning could be had is cut: it is never a machine's.
func Sort(b []byte, cut bool) *Mail {
	m := &Mail{Size: len(b), ID: identity(b)}
	s := read(b)
	m.Quarantine = s.fault
	if cut && m.Quarantine == "" {
		m.Quarantine = "too large: only its beginning was read"
	}
	m.head(s)
	m.body(s)
	m.clues(s)
	m.ID = m.identity(b)
	m.decide(s)
	m.bound()
	return m
}

// decide sorts: first what the standards make certain, then what is known by its shape, and a person's by what is left.
func (m *Mail) decide(s *source) {
	if m.Quarantine != "" {
		// What a person may have written stops letters though it is hard to read; what a machine may have written proves nothing.
		m.Kind = Unclear
		m.because("quarantined: %s", m.Quarantine)
		return
	}
	for _, rule := range [...]func(*source) bool{
		m.isCopy, m.isReport, m.isPlainBounce, m.isOptOut, m.isAutoReply, m.isReply,
	} {
		if rule(s) {
			return
		}
	}
	m.Kind = Unclear
	if len(m.Reasons) == 0 {
		m.because("nothing shows who wrote it or what for")
	}
}

// bound keeps what is handed on small, whatever the mail held.
func (m *Mail) bound() {
	for _, list := range []*[]string{&m.To, &m.Reasons, &m.Files, &m.Clues.Addresses, &m.Clues.Original, &m.Clues.Answers, &m.Clues.About, &m.Clues.References} {
		if len(*list) > 50 {
			*list = (*list)[:50]
		}
		for i, s := range *list {
			(*list)[i] = shorten(s, 1000)
		}
	}
	if len(m.Reports) > maxReports {
		m.Reports = m.Reports[:maxReports]
	}
	m.Subject, m.FromName, m.From = shorten(clean(m.Subject), 400), shorten(clean(m.FromName), 200), shorten(m.From, 320)
}
