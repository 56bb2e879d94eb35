// Package worker hands the due letters of a block to the relay: claim, render, seal, commit, settle. Which letters are
// due, and when a block is looked at, is for others.
package worker

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"outreach.example/ledger"
	"outreach.example/ledger/intent"
	"outreach.example/letter"
	"outreach.example/relay"
)

// A Worker works off blocks. Process may be called from many goroutines.
type Worker struct {
	Ledger   *ledger.Ledger
	Relays   []*relay.Relay // in the order in which letters are offered: one after the first stands in for those before it
	Editions *Editions
	Seal     letter.Sealer // what the house adds to every letter
	Files    Files         // that go with letters
	Times    Times
	InHand   int             // letters between claim and settle at most, in the whole process
	Intake   context.Context // when it ends nothing more is claimed, and what is not on its way yet is given back
	Now      func() time.Time
	Log      *slog.Logger
	Intents  *intent.File                       // the second witness of what was handed over; nil for none, as in a trial
	Replicas func(context.Context) (int, error) // counts the replicas that every begin must reach; nil: the ledger's number stands
	Fail     func(point string)                 // called where a test may end the process; nil in real work

	mu      sync.Mutex
	name    string
	retired []string       // earlier names that had letters in hand when another server answered for the ledger
	holds   map[string]int // how many letters each name has in hand
	hands   *semaphore.Weighted
	work    chan func() // to goroutines that have nothing to do

	leases   Leases
	released map[string]int // how often a person has released each relay
	full     string         // why the ledger has no room for more, ""
	blind    bool           // it does not say how much room it has

	listed     int // version of the suppression list that suppressed is
	suppressed ledger.Closed
	token      string // of the last withdrawal of facts that withdrawn knows of
	withdrawn  map[string]ledger.Withdrawal
	complained time.Time // when the log was told last that the disk keeps letters back
}

// Process hands the due letters of one block to the relay, as many at a time as there are free hands, until the ledger
// has none for it now.
func (w *Worker) Process(ctx context.Context, b letter.Block) error {
	until := w.Now().Add(w.Times.Asking)
	var inHand sync.WaitGroup
	defer inHand.Wait()
	chunk := int64(max(1, w.InHand/4))
	var made *texts // of the block, for as long as its edition stands
	for w.Now().Before(until) {
		if !w.replicated(until) || w.hands.Acquire(w.Intake, chunk) != nil {
			return nil
		}
		if !w.ready() {
			w.hands.Release(chunk)
			return nil
		}
		name := w.Name()
		w.holding(name, int(chunk))
		w.at("before-claim")
		r, claims, err := w.claim(b, name, int(chunk))
		w.free(name, chunk-int64(len(claims.Letters)))
		if err != nil || len(claims.Letters) == 0 {
			return err
		}
		w.at("after-claim")
		made, err = w.prepare(ctx, claims, b.Name, made)
		if err != nil {
			// The house failed: nothing is wrong with the letters.
			err = errors.Join(err, w.giveBack(claims.Letters, w.Times.Unreachable, ""))
			w.free(name, int64(len(claims.Letters)))
			return err
		}
		asked, err := w.asked(ctx, claims, made)
		if err != nil {
			err = errors.Join(err, w.giveBack(claims.Letters, w.Times.Unreachable, ""))
			w.free(name, int64(len(claims.Letters)))
			return err
		}
		texts := made
		for _, c := range claims.Letters {
			inHand.Add(1)
			w.do(func() {
				defer inHand.Done()
				defer w.free(name, 1)
				if err := w.send(ctx, r, c, claims.Now, texts, asked); err != nil {
					w.Log.Error("letter", "letter", c.ID.String(), "error", err)
				}
			})
		}
		if !claims.More {
			return nil
		}
	}
	return nil
}

// do runs f beside its caller, on a goroutine that has done such work before where one is idle: growing a new one's stack
// costs more than a letter's share of the ledger's calls.
func (w *Worker) do(f func()) {
	select {
	case w.work <- f:
		return
	default:
	}
	go func() {
		for f := f; ; {
			f()
			idle := time.NewTimer(100 * time.Millisecond)
			select {
			case f = <-w.work:
				idle.Stop()
			case <-idle.C:
				return
			}
		}
	}()
}

// free gives hands back that a name had letters in.
func (w *Worker) free(name string, n int64) {
	w.holding(name, -int(n))
	w.hands.Release(n)
}

// prepare gets what the letters of a claim are made from: once for all of them.
func (w *Worker) prepare(ctx context.Context, claims ledger.Claims, block string, made *texts) (*texts, error) {
	w.mu.Lock()
	stale := w.listed != claims.Suppressed
	w.mu.Unlock()
	if err := w.readWithdrawn(ctx, claims.Letters[0].Withdrawn); err != nil {
		return nil, err
	}
	if stale {
		// begin looks again.
		list, err := w.Ledger.Suppressed(ctx)
		if err != nil {
			return nil, err
		}
		w.mu.Lock()
		w.suppressed, w.listed = list, list.Version
		w.mu.Unlock()
	}
	if edition := claims.Letters[0].Edition; made == nil || made.edition != edition {
		return w.Editions.block(ctx, edition, block)
	}
	return made, nil
}

// send hands one letter to the relay and writes down what happened.
func (w *Worker) send(ctx context.Context, r *relay.Relay, c ledger.Claim, now time.Time, t *texts, asked asks) error {
	if !ledger.Rest(w.Intake, c.NotBefore.Sub(now)) {
		return w.giveBack([]ledger.Claim{c}, 0, "")
	}
	if reason := w.unfit(c, now, t); reason != "" {
		return w.withhold(c, reason)
	}
	if after, why := t.closed(c, now); after > 0 {
		return w.giveBack([]ledger.Claim{c}, after, why)
	}
	asks := t.asks(c.ID.Donor)
	if after, why := asked.tooSoon(c, now, t); asks && after > 0 {
		return w.giveBack([]ledger.Claim{c}, after, why)
	}
	out, fault := w.seal(w.Intake, t, c)
	switch later := (errNow{}); {
	case errors.As(fault, &later) && w.Intake.Err() != nil:
		return w.giveBack([]ledger.Claim{c}, 0, "")
	case errors.As(fault, &later):
		return w.giveBack([]ledger.Claim{c}, w.Times.Unreachable, later.Error()) // nothing is wrong with the letter
	case fault != nil:
		return w.withhold(c, fault.Error()) // the letter is wrong: a person must change it
	}
	defer out.gone(w)
	if reason := w.leaveOut(out, c); reason != "" {
		return w.withhold(c, reason)
	}
	if missing := w.Ledger.Missing(); missing != nil {
		return w.giveBack([]ledger.Claim{c}, w.Times.Renew, missing.Error())
	}
	committed, intended, refused := false, false, error(nil)
	verdict := r.Deliver(w.Intake, out.Sealed, relay.Attempt{DeferredCc: out.deferred}, func(ctx context.Context) error {
		ctx = context.WithoutCancel(ctx) // once permission is asked for, a stop comes too late
		_, err := w.Ledger.Begin(ctx, ledger.Begin{
			Claim: c, Before: t.before(c.ID.Step), ContentHash: out.ContentHash, ByteHash: out.ByteHash, Addresses: out.hashes,
			Asks: asks, Looked: asked.of(c, t), Witness: w,
		})
		if blind := (ledger.NotWitnessed{}); !errors.As(err, &blind) {
			refused = err
		}
		committed, intended = refused == nil, err == nil && w.Intents != nil
		return err
	})
	var no ledger.NotGranted
	if verdict.Stage == letter.StageCommit && errors.As(refused, &no) {
		return w.takeBack(c, no)
	}
	if !committed && refused == nil && verdict.Outcome == letter.Unsent && w.Intake.Err() != nil {
		// The process is told to stop, and the commit point was not asked for: another worker may have the letter at once.
		return w.giveBack([]ledger.Claim{c}, 0, "")
	}
	atHome := verdict.Outcome == letter.Unreachable || verdict.Outcome == letter.Unsent &&
		(verdict.Stage == letter.StageDial || verdict.Stage == letter.StageRcptRegistry)
	if atHome && !committed {
		// Nothing is wrong with the letter, and no attempt is burnt.
		after := w.instead(r)
		if verdict.Retry > 0 {
			after = verdict.Retry
		}
		return w.giveBack([]ledger.Claim{c}, after, words(verdict, out))
	}
	s := w.settlement(c, verdict, out)
	if refused != nil {
		// The store or a replica of it was away, and the dot was never written: the relay has no part in it.
		s = ledger.Settlement{
			Claim: c, To: letter.Planned, After: w.Times.Renew, NoAttempt: true, DeferredCc: c.DeferredCc, Words: refused.Error(),
		}
	}
	s.Last, s.Relay = t.last(c.ID.Step), r.Name()
	if intended {
		w.note(s, verdict)
		w.at("after-outcome")
	}
	if verdict.Standing {
		w.pause(c, s.Words) // first: were it to follow, a crash in between would let the next letters meet the same
	}
	if committed && !intended && w.Intents != nil {
		// The disk stands in the way: it says nothing of the letter, and does not change within a moment.
		s.To, s.After, s.NoAttempt, s.Words = letter.Planned, w.Times.Unreachable, true, words(verdict, out)
	}
	return w.settle(s)
}

// at marks a place where a test may end the process.
func (w *Worker) at(point string) {
	if w.Fail != nil {
		w.Fail(point)
	}
}

// Handle is Process as the queue calls it, with letters in hand running until hard ends.
func (w *Worker) Handle(hard context.Context) func(letter.Block) error {
	return func(b letter.Block) error { return w.Process(hard, b) }
}
