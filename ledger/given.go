package ledger

import (
	"slices"

	"outreach.example/donor"
)

// answers are the kinds of entries that are an answer of the donor's, whatever it says.
var answers = []string{"reply", "pledge", "decline", "meeting", "capital"}

// Answers says whether an entry is an answer of the donor and counts.
func (e Entry) Answers() bool { return e.Counts && slices.Contains(answers, e.Kind) }

// Money is the amount of an entry that has one and counts.
func (e Entry) Money() (donor.Money, bool) {
	if !e.Counts {
		return donor.Money{}, false
	}
	m, err := donor.ParseMoney(e.Amount, e.Currency)
	return m, err == nil
}

// Pledge is what the donor has pledged: the last pledge that was recorded stands. ok is false without one.
func (c Case) Pledge() (e Entry, amount donor.Money, ok bool) {
	for _, e := range slices.Backward(c.Entries) {
		if m, has := e.Money(); has && e.Kind == "pledge" {
			return e, m, true
		}
	}
	return Entry{}, donor.Money{}, false
}

// Received are the payments that came, each an entry. They fulfil the pledge and are never added to it.
func (c Case) Received() (out []Entry) {
	for _, e := range c.Entries {
		if _, has := e.Money(); has && e.Kind == "received" {
			out = append(out, e)
		}
	}
	return out
}
