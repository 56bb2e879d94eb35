package worker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"outreach.example/ledger"
	"outreach.example/ledger/intent"
	"outreach.example/letter"
)

// An Adopter does what follows from the intent files that dead processes of this machine have left. It may run beside
// others, and beside the sweep, in any order: each file is locked by one, and each letter is settled by its nonce.
type Adopter struct {
	Ledger *ledger.Ledger
	Folder string
	Keep   time.Duration // how long settled files are kept
	Times  Times
	Now    func() time.Time
	Log    *slog.Logger

	told map[string]bool // files of other ledgers, by their path
}

// Adopt adopts every file that no living process holds.
func (a *Adopter) Adopt(ctx context.Context) error {
	files, err := intent.Adopt(a.Folder)
	defer func() {
		for _, f := range files {
			f.Release()
		}
	}()
	if len(files) > 0 {
		at, unread := a.Ledger.Where(ctx)
		if unread != nil {
			return errors.Join(err, unread)
		}
		for _, f := range files {
			err = errors.Join(err, a.one(ctx, f, at.Epoch))
		}
	}
	return errors.Join(err, intent.Forget(a.Folder, a.Now().Add(-a.Keep)))
}

// one does what follows from one file, and then puts it aside. After an error it is adopted again.
func (a *Adopter) one(ctx context.Context, f *intent.Adopted, epoch string) error {
	if !f.Of(epoch) {
		if !a.told[f.Path] {
			if a.told == nil {
				a.told = map[string]bool{}
			}
			a.told[f.Path] = true
			a.Log.Warn("an intent file belongs to another ledger and is left alone", "file", f.Path, "process", f.Process)
		}
		return nil
	}
	whole := f.Whole()
	if !whole {
		a.Log.Warn("an intent file is damaged; letters that do not stand in it stay in doubt", "file", f.Path, "damage", f.Damage)
	}
	remembered, err := a.Ledger.Written(ctx, f.Workers)
	if err != nil {
		return err
	}
	if f.Lines < remembered {
		whole = false
		a.Log.Warn("an intent file is older than the ledger remembers it; letters that do not stand in it stay in doubt",
			"file", f.Path, "lines", f.Lines, "remembered", remembered)
	}
	// The process is dead, so its leases end: a begin of it that is still under way is refused from now on, and what it
	// holds past the commit point now is all that it ever will.
	for _, name := range f.Workers {
		if err := a.Ledger.Leave(ctx, name); err != nil {
			return fmt.Errorf("lease of %s: %w", name, err)
		}
	}
	held, err := a.Ledger.HeldBy(ctx, f.Workers)
	if err != nil {
		return err
	}
	wanted := map[intent.Key]bool{}
	for _, h := range held {
		wanted[intent.Key{Letter: h.ID, Nonce: h.Nonce}] = true
	}
	traces, err := f.Read(func(k intent.Key) bool { return wanted[k] })
	if err != nil {
		return err
	}
	var errs error
	counts := map[letter.State]int{}
	for _, h := range held {
		state, err := a.settle(ctx, h, traces[intent.Key{Letter: h.ID, Nonce: h.Nonce}], whole)
		errs = errors.Join(errs, err)
		counts[state]++
	}
	late, err := a.late(ctx, f.Last, wanted)
	if errs = errors.Join(errs, err); errs != nil {
		return errs
	}
	counts[letter.Sent] += late
	if err := f.Done(); err != nil {
		return fmt.Errorf("intent file %s: %w", f.Path, err)
	}
	if err := a.Ledger.Adopted(ctx, f.Workers); err != nil {
		return fmt.Errorf("intent file %s: %w", f.Path, err)
	}
	a.Log.Info("adopted the intent file of a process that is gone", "file", f.Path, "process", f.Process, "in_order", f.Closed,
		"sent", counts[letter.Sent], "planned", counts[letter.Planned], "refused", counts[letter.Refused], "in_doubt", counts[letter.InDoubt])
	return nil
}

// late looks at the letters that the file says were sent last and that the process holds no more: a person may have let
// one go again before the file was found, or the ledger may have lost it. The file proves that a relay took it.
func (a *Adopter) late(ctx context.Context, last []intent.Trace, held map[intent.Key]bool) (settled int, err error) {
	var sent []intent.Trace
	var at []ledger.Place
	for _, t := range last {
		if !held[t.Key] {
			sent, at = append(sent, t), append(at, ledger.Place{Block: t.Intent.Block, Donor: t.Letter.Donor})
		}
	}
	rows, err := a.Ledger.Rows(ctx, at)
	if err != nil {
		return 0, err
	}
	var found []ledger.Evidence
	for i, row := range rows {
		if row.State != "" && row.State != letter.Sent && row.State != letter.Bounced {
			found = append(found, ledger.Evidence{
				Letter: sent[i].Letter, Block: at[i].Block.Name, Exact: true, Taken: sent[i].At, Words: sent[i].Words,
			})
		}
	}
	noted, err := a.Ledger.Evidence(ctx, "worker", found)
	for i, n := range noted {
		a.Log.Warn("a letter that was sent was not known to be", "letter", found[i].Letter.String(), "state", string(n.Before),
			"finding", string(n.Finding), "verdict", "by its intent file: "+found[i].Words)
		if n.Finding == ledger.FoundSent {
			settled++
		}
	}
	return settled, err
}

// settle writes down what a file proves of a letter that its process held, and returns where the letter is then.
func (a *Adopter) settle(ctx context.Context, h ledger.Held, t intent.Trace, whole bool) (letter.State, error) {
	s := ledger.Settlement{Claim: h.Claim()}
	switch {
	case t.Outcome != "":
		s.To, s.Words = t.Outcome, t.Words
		if s.To == letter.Planned {
			s.After = a.Times.Retry[min(max(h.Attempts-1, 0), len(a.Times.Retry)-1)]
		}
	case t.Never:
		s.To, s.NoAttempt, s.Words = letter.Planned, true, "dot never written, its worker is gone"
	case t.Intended:
		s.To, s.Words = letter.InDoubt, "its worker is gone, the dot may be written"
	case !whole:
		s.To, s.Words = letter.InDoubt, "its worker is gone, and its intent file is not whole"
	default:
		s.To, s.NoAttempt, s.Words = letter.Planned, true, "no intent was written, so no dot; its worker is gone"
	}
	c, err := a.Ledger.Campaign(ctx, h.ID.Campaign)
	if err != nil {
		return "", err
	}
	s.Last = len(c.Steps) > 0 && c.Steps[len(c.Steps)-1] == h.ID.Step
	state, err := a.Ledger.Settle(ctx, s)
	var no ledger.NotGranted
	if errors.As(err, &no) {
		return "", nil // a person or evidence was faster
	}
	if err != nil {
		return "", fmt.Errorf("settle %s as %s: %w", h.ID, s.To, err)
	}
	a.Log.Info("letter", "campaign", h.ID.Campaign, "step", h.ID.Step, "donor", h.ID.Donor, "letter", h.ID.String(),
		"attempt", h.Attempts, "state", string(state), "verdict", "by its intent file: "+s.Words)
	return state, nil
}
