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

// A Reader reads the registry copies of one folder. Any number may read the same one.
type Reader struct {
	Ledger *ledger.Ledger
	Folder string        // of .eml files, or a Maildir with the folders inside it
	Every  time.Duration // how often it is looked at
	Now    func() time.Time
	Log    *slog.Logger

	at      ledger.Position
	known   map[uint64]bool // copies that need no look, by key
	waiting map[uint64]file // those among them whose letter the ledger does not have yet
	retry   time.Time       // when the waiting ones are looked at again
	seen    map[string]file // files of the round before, to see which are still being written
	stamps  map[string]time.Time
	finder  finder
}

// Pause is how often a folder is looked at, unless somebody says otherwise.
const Pause = 3 * time.Second

// again is how often copies are looked at again that name a letter which the ledger does not have, or has not sent: it may
// have been restored from before it.
const again = 10 * time.Second

// batch is how many copies one round hands to the ledger at once.
const batch = 100

// Run reads until ctx ends. A folder or a store that does not answer is tried again.
func (r *Reader) Run(ctx context.Context) error {
	if err := Check(r.Folder); err != nil {
		return err
	}
	t := time.NewTicker(r.Every)
	defer t.Stop()
	for {
		found, err := r.Poll(ctx)
		if err != nil && ctx.Err() == nil {
			r.Log.Error("registry copies", "folder", r.Folder, "error", err)
		}
		for finding, n := range found {
			if finding != ledger.FoundAgain {
				r.Log.Info("registry copies", "finding", string(finding), "copies", n)
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
	}
}

// Check says whether a folder can be read.
func Check(folder string) error {
	_, _, err := places(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no folder %s; make it, or set registry_copies (OUTREACH_REGISTRY_COPIES) to a folder of .eml files or a Maildir", folder)
	}
	return err
}

// Poll looks at the folder once and hands what is new to the ledger. It returns how many copies came to what.
func (r *Reader) Poll(ctx context.Context) (map[ledger.Finding]int, error) {
	if err := r.follow(ctx); err != nil {
		return nil, err
	}
	files, err := r.ripe()
	if err != nil {
		return nil, err
	}
	if now := r.Now(); !now.Before(r.retry) {
		for _, f := range r.waiting {
			files = append(files, f)
		}
		r.retry = now.Add(again)
	}
	total := map[ledger.Finding]int{}
	for {
		n := min(len(files), batch)
		if err := r.read(ctx, files[:n], total); err != nil {
			r.stamps = nil // what is left over is found again
			return total, err
		}
		if files = files[n:]; len(files) == 0 {
			return total, nil
		}
	}
}

// follow forgets what it remembers when the ledger is not the one of the round before: restored, emptied or rolled back,
// it has forgotten what was read as well.
func (r *Reader) follow(ctx context.Context) error {
	at, err := r.Ledger.Where(ctx)
	if err != nil && !errors.Is(err, ledger.ErrEmpty) {
		return err
	}
	if r.known == nil || at.Epoch != r.at.Epoch || at.Seq < r.at.Seq {
		r.known, r.waiting, r.seen, r.stamps = map[uint64]bool{}, map[uint64]file{}, nil, nil
		r.finder = finder{ledger: r.Ledger}
	}
	r.at = at
	return nil
}

// read reads some files and hands what they prove to the ledger.
func (r *Reader) read(ctx context.Context, files []file, total map[ledger.Finding]int) error {
	var keys []uint64
	for _, f := range files {
		keys = append(keys, f.key())
	}
	unread, err := r.Ledger.Unread(ctx, keys)
	if err != nil {
		return err
	}
	r.finder.fresh()
	var evidence []ledger.Evidence
	var from []int // of the file of each
	var done []uint64
	found := map[string]int{}
	note := func(f ledger.Finding) { total[f]++; found[string(f)]++ }
	for i, f := range files {
		if !unread[i] {
			r.known[keys[i]] = true
			continue
		}
		c, err := f.read()
		if err != nil {
			if errors.Is(err, fs.ErrNotExist) {
				// Moved since, as a Maildir's readers do: it is found under its other name.
				delete(r.known, keys[i])
				delete(r.waiting, keys[i])
				r.stamps = nil
				continue
			}
			var bad notMail
			if !errors.As(err, &bad) {
				return err
			}
			note(unreadable)
			done = append(done, keys[i])
			continue
		}
		e, finding, err := r.finder.letter(ctx, c)
		switch {
		case err != nil:
			return err
		case finding == unknown:
			// Not remembered in the ledger: its letter may be planned, or restored, yet.
			total[unknown]++
			r.known[keys[i]], r.waiting[keys[i]] = true, f
		case finding != "":
			note(finding)
			done = append(done, keys[i])
		default:
			evidence, from = append(evidence, e), append(from, i)
		}
	}
	noted, err := r.Ledger.Evidence(ctx, "inbox", evidence)
	if err != nil {
		return err
	}
	for i, n := range noted {
		k := keys[from[i]]
		if n.Finding == ledger.FoundWeak {
			total[n.Finding]++
			r.known[k], r.waiting[k] = true, files[from[i]]
			continue
		}
		note(n.Finding)
		done = append(done, k)
		id := evidence[i].Letter
		switch n.Finding {
		case ledger.FoundSent, ledger.FoundTwice, ledger.FoundOdd:
			r.Log.Info("registry copy", "campaign", id.Campaign, "step", id.Step, "donor", id.Donor, "letter", id.String(),
				"finding", string(n.Finding), "before", string(n.Before))
		}
	}
	if err := r.Ledger.Read(ctx, done, found); err != nil {
		return err
	}
	for _, k := range done {
		r.known[k] = true
		delete(r.waiting, k)
	}
	return nil
}
