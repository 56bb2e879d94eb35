// Package worker hands the due letters of a block to the relay: claim, render, seal, commit, settle. Which letters are
// due, and when a block is looked at, is for others.
package worker

import (
	"context"
	"errors"
	"fmt"
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

	listed     int // how many addresses suppressed was read at
	suppressed map[string]bool
	complained time.Time // when the log was told last that the disk keeps letters back
}

// Times are the waits that a trial and tests run through faster.
type Times struct {
	Retry       []time.Duration // after the first, second, ... definite 4xx; the last one repeats
	Greylisted  []time.Duration // instead of the first of them, where strangers are made to come back
	GiveUp      time.Duration   // since the letter's date: a letter still deferred then is refused
	Cut         time.Duration   // after a connection that was cut before the dot
	Unreachable time.Duration   // after no connection could be had
	Instead     time.Duration   // the same, where another relay can be used
	Renew       time.Duration   // how often the lease is renewed
	Lease       time.Duration   // its life
	Asking      time.Duration   // how long one wake-up goes on claiming
	Adopt       time.Duration   // how often the intent files of the dead are looked for
}

// Standard are the times of real work (RFC 5321 4.5.4.1: half an hour in general, up to four or five days).
var Standard = Times{
	Retry:      []time.Duration{15 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour},
	Greylisted: []time.Duration{6 * time.Minute, 15 * time.Minute},
	GiveUp:     4 * 24 * time.Hour, Cut: time.Minute, Unreachable: time.Minute, Instead: time.Second,
	Renew: 4 * time.Second, Lease: 12 * time.Second, Asking: 10 * time.Minute,
	Adopt: 10 * time.Second,
}

// enough is how many earlier attempts a letter that is given up has had.
const enough = 5

// Keep takes a lease and renews it until ctx ends, then drops it. Nothing is claimed before it has returned nil for the
// first time: call Join first.
func (w *Worker) Keep(ctx context.Context) {
	t := time.NewTicker(w.Times.Renew)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			w.leave(context.WithoutCancel(ctx))
			return
		case <-t.C:
		}
		alive, err := w.Ledger.Renew(ctx, w.Name(), w.Times.Lease, false)
		w.leases.count(alive, err)
		switch {
		case err != nil:
			if ctx.Err() == nil {
				w.Log.Error("lease not renewed", "worker", w.Name(), "error", err)
			}
		case !alive:
			// The ledger has planned this name's letters again. The process goes on under a new one.
			w.Log.Warn("the lease had ended; going on under a new name", "worker", w.Name())
			if err := w.Join(ctx); err != nil && ctx.Err() == nil {
				w.Log.Error("no lease", "error", err)
			}
		case w.Intents != nil:
			w.wrote(ctx)
		}
	}
}

// Join takes a lease under a new name.
func (w *Worker) Join(ctx context.Context) error {
	name := ledger.WorkerName()
	if w.Intents != nil {
		if err := w.Intents.Worker(name); err != nil {
			return err
		}
	}
	if _, err := w.Ledger.Renew(ctx, name, w.Times.Lease, true); err != nil {
		return err
	}
	w.mu.Lock()
	w.name = name
	if w.hands == nil {
		w.hands = semaphore.NewWeighted(int64(w.InHand))
		w.work = make(chan func())
	}
	w.mu.Unlock()
	w.Look(ctx) // what a person releases from now on is heard
	return nil
}

func (w *Worker) leave(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	if err := w.Ledger.Leave(ctx, w.Name()); err != nil {
		w.Log.Warn("lease not given back; it ends by itself", "worker", w.Name(), "error", err)
	}
}

// Name is the name under which the worker holds letters now.
func (w *Worker) Name() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.name
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
		texts := made
		for _, c := range claims.Letters {
			inHand.Add(1)
			w.do(func() {
				defer inHand.Done()
				defer w.free(name, 1)
				if err := w.send(ctx, r, c, claims.Now, texts); err != nil {
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
	if stale {
		// Addresses are only ever added, so the number tells whether the list is known. begin looks again.
		list, err := w.Ledger.Suppressed(ctx)
		if err != nil {
			return nil, err
		}
		w.mu.Lock()
		w.suppressed, w.listed = list, len(list)
		w.mu.Unlock()
	}
	if edition := claims.Letters[0].Edition; made == nil || made.edition != edition {
		return w.Editions.block(ctx, edition, block)
	}
	return made, nil
}

// send hands one letter to the relay and writes down what happened.
func (w *Worker) send(ctx context.Context, r *relay.Relay, c ledger.Claim, now time.Time, t *texts) error {
	if !wait(w.Intake, c.NotBefore.Sub(now)) {
		return w.giveBack([]ledger.Claim{c}, 0, "")
	}
	out, fault := t.seal(c)
	if fault != nil {
		return w.withhold(c, fault.Error()) // the letter is wrong: a person must change it
	}
	defer out.gone()
	if reason := w.leaveOut(out, c); reason != "" {
		return w.withhold(c, reason)
	}
	if missing := w.Ledger.Missing(); missing != nil {
		return w.giveBack([]ledger.Claim{c}, w.Times.Renew, missing.Error())
	}
	committed, intended, refused := false, false, error(nil)
	verdict := r.Deliver(w.Intake, out.Sealed, relay.Attempt{DeferredCc: out.deferred}, func(ctx context.Context) error {
		ctx = context.WithoutCancel(ctx) // once permission is asked for, a stop comes too late
		var granted ledger.Granted
		granted, refused = w.Ledger.Begin(ctx, ledger.Begin{
			Claim: c, Before: t.before(c.ID.Step), ContentHash: out.ContentHash, ByteHash: out.ByteHash, Addresses: out.hashes,
		})
		committed = refused == nil
		if !committed {
			return refused
		}
		w.at("after-begin")
		if w.Intents == nil {
			return nil
		}
		err := w.Intents.Intend(ctx, w.intent(c, out, granted.Position))
		if intended = err == nil; intended {
			w.at("after-intent")
		}
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

// takeBack returns a letter that the ledger did not let pass.
func (w *Worker) takeBack(c ledger.Claim, no ledger.NotGranted) error {
	after := time.Second
	switch {
	case no.Suppressed == 0:
		return w.withhold(c, "the address of the first contact is suppressed")
	case no.Suppressed > 0:
		// A copy was suppressed while the letter was on its way: the next claim reads the list again and leaves it out.
		w.mu.Lock()
		w.listed = -1
		w.mu.Unlock()
	case no.Earlier:
		after = time.Hour // until then only a person or an answer changes it
	}
	return w.giveBack([]ledger.Claim{c}, after, no.Why)
}

// settlement turns a verdict into what the ledger writes down.
func (w *Worker) settlement(c ledger.Claim, v letter.Verdict, out *outgoing) ledger.Settlement {
	s := ledger.Settlement{Claim: c, Words: words(v, out)}
	s.Answered, s.Silent = v.Stage == letter.StageDot && v.Outcome != letter.Doubtful, v.Outcome == letter.Doubtful && !v.Own
	switch v.Outcome {
	case letter.Accepted:
		s.To = letter.Sent
	case letter.Refused5xx:
		s.To = letter.Refused
	case letter.Doubtful:
		s.To = letter.InDoubt
	case letter.Deferred:
		s.To, s.After, s.DeferredCc = letter.Planned, w.retry(c.Attempts, v.Greylisted), out.mask(v.DeferredCc)|c.DeferredCc
		if v.Retry > 0 {
			s.After = v.Retry
		}
	default:
		// Cut off before the dot: soon again at first, and no oftener than after a 4xx when it goes on.
		s.To, s.DeferredCc = letter.Planned, c.DeferredCc
		s.After = min(w.Times.Cut<<min(c.Attempts, 16), w.Times.Retry[len(w.Times.Retry)-1])
	}
	// A pause is no attempt: a letter is given up only after enough of them, however long ago the first was.
	if s.To == letter.Planned && c.Attempts >= enough && w.Now().Sub(c.Date) > w.Times.GiveUp {
		s.To, s.Words = letter.Refused, "expired: "+s.Words
	}
	return s
}

func (w *Worker) retry(attempts int, greylisted bool) time.Duration {
	if greylisted && attempts < len(w.Times.Greylisted) {
		return w.Times.Greylisted[attempts]
	}
	return w.Times.Retry[min(attempts, len(w.Times.Retry)-1)]
}

// settle writes down what the relay said. The sweep shows the letter in doubt while the store does not answer, and a late
// settle still counts.
func (w *Worker) settle(s ledger.Settlement) error {
	err := w.insist(func(ctx context.Context) error {
		state, err := w.Ledger.Settle(ctx, s)
		var no ledger.NotGranted
		if s.To == letter.Sent && errors.As(err, &no) {
			if noted, late := w.Ledger.Late(ctx, s); noted || late != nil {
				return late
			}
		}
		if err == nil {
			w.at("after-settle")
			w.Log.Info("letter", "campaign", s.Claim.ID.Campaign, "step", s.Claim.ID.Step, "donor", s.Claim.ID.Donor,
				"letter", s.Claim.ID.String(), "attempt", s.Claim.Attempts+1, "state", string(state), "verdict", s.Words)
		}
		return err
	})
	if err == nil && s.Silent {
		w.hear(context.Background()) // it may have been the second in a row
	}
	if err != nil {
		return fmt.Errorf("settle as %s (%s): %w", s.To, s.Words, err)
	}
	return nil
}

// giveBack returns claimed letters, planned for later.
func (w *Worker) giveBack(cs []ledger.Claim, after time.Duration, why string) error {
	return w.insist(func(ctx context.Context) error { return w.Ledger.Unclaim(ctx, cs, after, why) })
}

// withhold keeps a claimed letter back.
func (w *Worker) withhold(c ledger.Claim, reason string) error {
	return w.insist(func(ctx context.Context) error { return w.Ledger.Withhold(ctx, c, reason) })
}

// insist writes down what happened to a letter in hand, also while the process is being stopped, and goes on trying for a
// minute while the store does not answer: the sweep looks at no claimed letter of a worker that lives. A store that is
// away for longer than the lease ends it, and then the sweep does.
func (w *Worker) insist(do func(ctx context.Context) error) error {
	ctx := context.Background()
	pause := 100 * time.Millisecond
	for began := w.Now(); ; pause = min(2*pause, 5*time.Second) {
		err := do(ctx)
		var no ledger.NotGranted
		if err == nil || errors.As(err, &no) || w.Now().Sub(began) > time.Minute {
			return err
		}
		wait(ctx, pause)
	}
}

// at marks a place where a test may end the process.
func (w *Worker) at(point string) {
	if w.Fail != nil {
		w.Fail(point)
	}
}

// wait waits for a while; false says that the context ended first.
func wait(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// Handle is Process as the queue calls it, with letters in hand running until hard ends.
func (w *Worker) Handle(hard context.Context) func(letter.Block) error {
	return func(b letter.Block) error { return w.Process(hard, b) }
}
