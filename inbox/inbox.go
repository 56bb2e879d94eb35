// Package inbox reads mail that comes back to the organisation and tells the ledger what it proves. Here are registry
// copies: a copy of a letter in the organisation's own mailbox shows that a relay took the letter. It sends nothing, and
// neither moves nor deletes what it reads.
package inbox

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"time"

	"outreach.example/ledger"
)

// Findings of this room, beside those of the ledger.
const (
	unknown    ledger.Finding = "unknown"    // it names a letter that the ledger does not have
	forged     ledger.Finding = "forged"     // its Message-ID or its sender is not the letter's
	foreign    ledger.Finding = "foreign"    // no letter of ours
	unreadable ledger.Finding = "unreadable" // no mail, or beyond the limits
)

// A Reader reads one mailbox: of registry copies, or, where it has a Desk, of what comes back. Any number may read the same.
type Reader struct {
	Ledger *ledger.Ledger
	Source Source
	Desk   *Desk // what sorts replies; nil for a mailbox of registry copies
	Every  time.Duration
	Now    func() time.Time
	Log    *slog.Logger

	at      ledger.Position
	known   map[uint64]bool // mails that need no look, by key
	waiting map[uint64]item // those among them whose letter the ledger does not have yet
	retry   time.Time       // when the waiting ones are looked at again
	looked  time.Time       // when the ledger was last told that the mailbox is read
	finder  finder
}

// Pause is how often a folder is looked at, unless somebody says otherwise; Rest how often a mailbox on a server is, which
// tells by itself when mail comes.
const (
	Pause = 3 * time.Second
	Rest  = time.Minute
)

// again is how often mails are looked at again that name a letter which the ledger does not have, or has not sent: it may
// have been restored from before it.
const again = 10 * time.Second

// batch is how many mails one round hands to the ledger at once.
const batch = 100

// A mailbox that cannot be read is tried again after pauses that grow from shortest to longest.
const (
	shortestPause = time.Second
	longestPause  = 5 * time.Minute
)

// Run reads until ctx ends. A mailbox or a store that does not answer is tried again.
func (r *Reader) Run(ctx context.Context) error {
	defer r.Source.Close()
	if r.Desk != nil {
		if err := r.Ledger.Expect(ctx, r.Source.Name()); err != nil && ctx.Err() == nil {
			r.Log.Error("mailbox", "mailbox", r.Source.Name(), "error", err)
		}
	}
	pause := shortestPause
	for ctx.Err() == nil {
		found, err := r.Poll(ctx)
		for finding, n := range found {
			if finding != ledger.FoundAgain {
				r.Log.Info(r.what(), "mailbox", r.Source.Name(), "finding", string(finding), "mails", n)
			}
		}
		if err == nil {
			err = r.Source.wait(ctx, r.Every)
		}
		if err == nil {
			pause = shortestPause
			continue
		}
		if ctx.Err() != nil {
			return nil
		}
		r.Source.Close()
		r.Log.Error(r.what(), "mailbox", r.Source.Name(), "error", err, "tried_again_in", pause)
		if err := r.Ledger.Unreadable(ctx, r.Source.Name(), r.Desk != nil, err.Error()); err != nil && ctx.Err() == nil {
			r.Log.Error("ledger", "error", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
		pause = min(2*pause, longestPause)
	}
	return nil
}

func (r *Reader) what() string {
	if r.Desk != nil {
		return "replies"
	}
	return "registry copies"
}

// Check says whether a folder can be read.
func Check(folder string) error {
	_, _, err := places(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no folder %s; make it, or set registry_copies (OUTREACH_REGISTRY_COPIES) to a folder of .eml files or a Maildir", folder)
	}
	return err
}

// Poll looks at the mailbox once and hands what is new to the ledger. It returns how many mails came to what.
func (r *Reader) Poll(ctx context.Context) (map[ledger.Finding]int, error) {
	if err := r.follow(ctx); err != nil {
		return nil, err
	}
	items, err := r.Source.list(ctx, func(key uint64) bool { return r.known[key] }, r.Now())
	if err != nil {
		return nil, err
	}
	now := r.Now()
	if !now.Before(r.retry) {
		for _, it := range r.waiting {
			items = append(items, it)
		}
		r.retry = now.Add(again)
	}
	total := map[ledger.Finding]int{}
	for {
		n := min(len(items), batch)
		if err := r.read(ctx, items[:n], total); err != nil {
			r.Source.again() // what is left over is found again
			return total, err
		}
		if items = items[n:]; len(items) == 0 {
			return total, r.look(ctx, now)
		}
	}
}

// often is how often the ledger is told that a mailbox is read in which nothing comes.
const often = 5 * time.Second

// look tells the ledger that the mailbox was looked at.
func (r *Reader) look(ctx context.Context, now time.Time) error {
	if since := now.Sub(r.looked); since >= 0 && since < often {
		return nil
	}
	if err := r.note(ctx, nil); err != nil {
		return err
	}
	r.looked = now
	return nil
}

// note keeps up to where the mailbox was read, once the mails with these keys were.
func (r *Reader) note(ctx context.Context, done []uint64) error {
	at := r.Source.place(done)
	return r.Ledger.Looked(ctx, ledger.Mailbox{Name: r.Source.Name(), Replies: r.Desk != nil, Validity: at.validity, Read: at.uid})
}

// follow forgets what it remembers when the ledger is not the one of the round before: restored, emptied or rolled back,
// it has forgotten what was read as well.
func (r *Reader) follow(ctx context.Context) error {
	at, err := r.Ledger.Where(ctx)
	if err != nil && !errors.Is(err, ledger.ErrEmpty) {
		return err
	}
	if r.known == nil || at.Epoch != r.at.Epoch || at.Seq < r.at.Seq {
		all, err := r.Ledger.Mailboxes(ctx)
		if err != nil {
			return err
		}
		var from place
		for _, m := range all {
			if m.Name == r.Source.Name() {
				from = place{m.Validity, m.Read}
			}
		}
		r.known, r.waiting = map[uint64]bool{}, map[uint64]item{}
		r.Source.forget(ctx, from)
		r.finder = finder{ledger: r.Ledger}
	}
	r.at = at
	return nil
}

// read reads some mails and hands what they prove, or say, to the ledger.
func (r *Reader) read(ctx context.Context, items []item, total map[ledger.Finding]int) error {
	if len(items) == 0 && r.Desk != nil {
		return nil
	}
	var keys []uint64
	for _, it := range items {
		keys = append(keys, it.key)
	}
	unread, err := r.Ledger.Unread(ctx, keys)
	if err != nil {
		return err
	}
	r.finder.fresh()
	b := &round{reader: r, total: total, found: map[string]int{}}
	for i, it := range items {
		if !unread[i] {
			r.known[it.key] = true
			b.done = append(b.done, it.key)
			continue
		}
		if err := b.take(ctx, it); err != nil {
			return err
		}
	}
	return b.finish(ctx)
}

// round is one batch of mails on its way into the ledger.
type round struct {
	reader   *Reader
	total    map[ledger.Finding]int
	found    map[string]int
	evidence []ledger.Evidence
	from     []item // of the mail of each
	done     []uint64
}

func (b *round) note(f ledger.Finding) { b.total[f]++; b.found[string(f)]++ }

// wait leaves a mail unread in the ledger: its letter may be planned, or restored, or answered for, yet.
func (b *round) wait(it item, f ledger.Finding) {
	b.total[f]++
	b.reader.known[it.key], b.reader.waiting[it.key] = true, it
}

// take reads one mail.
func (b *round) take(ctx context.Context, it item) error {
	r := b.reader
	bytes, cut, err := r.Source.fetch(ctx, it, firstPart)
	var bad notMail
	switch {
	case errors.Is(err, fs.ErrNotExist):
		// Moved since, as a Maildir's readers do: it is found under its other name.
		delete(r.known, it.key)
		delete(r.waiting, it.key)
		r.Source.again()
		return nil
	case errors.Is(err, errGone):
		b.done = append(b.done, it.key)
		return nil
	case errors.As(err, &bad):
		b.note(unreadable)
		b.done = append(b.done, it.key)
		return nil
	case err != nil:
		return err
	}
	if r.Desk != nil {
		finding, later, err := r.Desk.take(ctx, &r.finder, r.Source.Name(), bytes, cut)
		switch {
		case err != nil:
			return err
		case later:
			b.wait(it, finding)
		default:
			b.note(finding)
			b.done = append(b.done, it.key)
		}
		return nil
	}
	return b.copy(ctx, it, bytes, cut)
}

// copy reads one registry copy.
func (b *round) copy(ctx context.Context, it item, bytes []byte, cut bool) error {
	c, err := parse(bytes)
	if err != nil || cut {
		b.note(unreadable)
		b.done = append(b.done, it.key)
		return nil
	}
	e, finding, err := b.reader.finder.letter(ctx, c)
	switch {
	case err != nil:
		return err
	case finding == unknown:
		b.wait(it, unknown)
	case finding != "":
		b.note(finding)
		b.done = append(b.done, it.key)
	default:
		b.evidence, b.from = append(b.evidence, e), append(b.from, it)
	}
	return nil
}

// finish hands the evidence to the ledger and, once its effects have returned, remembers what was read.
func (b *round) finish(ctx context.Context) error {
	r := b.reader
	noted, err := r.Ledger.Evidence(ctx, "inbox", b.evidence)
	if err != nil {
		return err
	}
	for i, n := range noted {
		if n.Finding == ledger.FoundWeak {
			b.wait(b.from[i], n.Finding)
			continue
		}
		b.note(n.Finding)
		b.done = append(b.done, b.from[i].key)
		id := b.evidence[i].Letter
		switch n.Finding {
		case ledger.FoundSent, ledger.FoundTwice, ledger.FoundOdd:
			r.Log.Info("registry copy", "campaign", id.Campaign, "step", id.Step, "donor", id.Donor, "letter", id.String(),
				"finding", string(n.Finding), "before", string(n.Before))
		}
	}
	if r.Desk == nil {
		err = r.Ledger.Read(ctx, b.done, b.found)
	} else {
		err = r.Ledger.MarkRead(ctx, b.done)
	}
	if err != nil {
		return err
	}
	if len(b.done) > 0 {
		if err := r.note(ctx, b.done); err != nil {
			return err
		}
	}
	for _, k := range b.done {
		r.known[k] = true
		delete(r.waiting, k)
	}
	return nil
}
