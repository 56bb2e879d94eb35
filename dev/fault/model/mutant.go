package model

import (
	"context"
	"fmt"
)

// A Mutant is the house with one safeguard removed.
type Mutant uint8

// The mutants.
const (
	Whole Mutant = iota
	NoWait
	WaitElsewhere
	WaitForOne
	CounterNonce
	TornFileIsProof
	RecordAfterSend
	NoStopCheck
	StopUnwaited
	NoQuietPeriod
	SweepPlansSending
	NoFreeze
	OwnFileOnly
	NotAskedAgain
	NameKept
	NumbersAgain
	JobsAcross
	FirstAnswersEdition
	RefusedKeeps
)

// Removed is a safeguard that a run can be made without, and the promise that is broken then: a simulation that does not
// find it broken would find nothing.
type Removed struct {
	Mutant  Mutant
	Name    string
	Profile Profile
	Breaks  Kind
	From    uint64 // the first seed: later where the promise is seldom broken
	Within  int    // seeds
}

// Mutants are all of them.
var Mutants = []Removed{
	{NoWait, "no WAIT after begin", Replicated, Twice, 1, 5_000},
	{WaitElsewhere, "WAIT on a fresh connection", Replicated, Twice, 1, 5_000},
	{WaitForOne, "WAIT for one of two replicas", Replicated, Twice, 27_000, 200_000},
	{CounterNonce, "a counter in the place of a random nonce", Replicated, Twice, 1, 20_000},
	{TornFileIsProof, "an intent file that cannot be read to its end is taken for whole", Any, Twice, 1, 20_000},
	{RecordAfterSend, "no begin: the ledger hears of a letter after it was sent", Any, Twice, 1, 2_000},
	{NoStopCheck, "no test of stop, hold and status in begin", Any, AfterStop, 1, 2_000},
	{StopUnwaited, "a stop returns before the replicas have it", Replicated, AfterStop, 1, 20_000},
	{NoQuietPeriod, "a doubt is sent again without a quiet period", Any, Twice, 1, 20_000},
	{SweepPlansSending, "the sweep plans a dead worker's sending letters again", Any, Twice, 1, 2_000},
	{NoFreeze, "a ledger that was rolled back is not frozen", Any, Twice, 1, 2_000},
	{OwnFileOnly, "a process compares the ledger with its own intent file only", EverySec, Twice, 1, 20_000},
	{NotAskedAgain, "with appendfsync everysec, the ledger is not asked again after the intent", EverySec, Twice, 1, 20_000},
	{NameKept, "a worker keeps its name when another server answers", Any, Lost, 1, 5_000},
	{NumbersAgain, "what wants its place in the index is numbered by a counter", Any, Unindexed, 1, 50_000},
	{JobsAcross, "an edition is laid in several calls, each over any connection", Replicated, Lost, 1, 50_000},
	{RefusedKeeps, "a claim that is refused when it is asked again keeps what its first answer gave", Any, Lost, 1, 5_000},
	{FirstAnswersEdition, "a claim that is answered again keeps the edition of its first answer", Any, OtherText, 47_000, 200_000},
}

// Run looks for the broken promise. The error says that it was not found.
func (m Removed) Run(ctx context.Context) (Failure, error) {
	r := Run(ctx, m.Within, m.From, Options{Mutant: m.Mutant, Profile: m.Profile, Only: m.Breaks})
	if len(r.Failures) == 0 {
		return Failure{}, fmt.Errorf("%s: no promise (%s) was seen broken in %d seeds: the simulation cannot fail", m.Name, m.Breaks, r.Seeds)
	}
	return r.Failures[0], nil
}
