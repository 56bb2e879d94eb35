package console

import (
	"context"
	"time"

	"outreach.example/templates"
)

// LetterDesk is what the page of one letter asks.
type LetterDesk interface {
	// Reading reads a letter beside the text that it is written from, and checks it now. A letter that no worker has written yet
	// is read as the edition would write it. Nil where no edition writes such a letter.
	Reading(ctx context.Context, campaign, donor, step string) (*Reading, error)
}

// A Reading is a letter beside what it was written from.
type Reading struct {
	Written  bool   // by a worker; otherwise it is a preview, without a date
	Edition  string // hash of the one that it is written from
	Waits    bool   // that edition waits for approval
	Text     string // of a preview
	Language string
	Master   string // file of the text that it is written from
	Standard bool   // word for word the built-in text

	Differences []templates.Difference
	At          time.Time // for which the checks were made: the letter's own date, or now
	Checks      []Check
}

// A Check is what was checked of a letter, while the page was made.
type Check struct {
	What   string
	Says   string
	Result CheckResult
}

// CheckResult is how a check ended.
type CheckResult string

// How checks end.
const (
	Passed  CheckResult = "passed"
	Failed  CheckResult = "failed"
	Nothing CheckResult = "nothing to check yet"
)

// Sign stands beside the word.
func (r CheckResult) Sign() string {
	return map[CheckResult]string{Passed: "✓", Failed: "✕", Nothing: "○"}[r]
}

// Class is the class of its tag.
func (r CheckResult) Class() string {
	return map[CheckResult]string{Passed: "s-sent", Failed: "s-refused"}[r]
}
