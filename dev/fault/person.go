package main

import (
	"fmt"
	"path/filepath"
	"time"

	"outreach.example/letter"
)

// evident reads registry copies until they have settled every doubt that they can settle.
func (l *lab) evident() error {
	before, err := l.shown()
	if err != nil || len(before) == 0 {
		return err
	}
	if _, err := l.role("inbox"); err != nil {
		return err
	}
	var left map[letter.ID]bool
	err = l.until(time.Minute, "no letter with a registry copy is in doubt", func() (bool, error) {
		var err error
		if left, err = l.shown(); err != nil {
			return false, err
		}
		for id := range left {
			if l.witness.filed(l.messageID(id)) > 0 {
				return false, nil
			}
		}
		return true, nil
	})
	l.note("registry copies settled %d of %d doubts", len(before)-len(left), len(before))
	return err
}

// decide lets a person settle what is still in doubt, who looks into the witness's file as one would into a relay's log.
func (l *lab) decide() error {
	doubts, err := l.shown()
	if err != nil {
		return err
	}
	for id := range doubts {
		what := "resend"
		if l.witness.took(l.messageID(id)) > 0 {
			what = "sent"
			l.told[id] = true
		} else {
			l.again[id]++
		}
		if _, _, err := l.run("resolve", id.String(), what, "--reason", "the log of the witness says so", "--as", "bea"); err != nil {
			return err
		}
	}
	if len(doubts) > 0 {
		l.note("a person settled %d doubts, %d of them to be sent again", len(doubts), len(l.again))
	}
	return nil
}

// registry is the folder of the registry copies.
func (l *lab) registry() string { return filepath.Join(l.dir, "registry") }

// tend is the person who lets a relay be used again that doubts have put on hold: the witness does nothing worse than it
// is told to.
func (l *lab) tend() error {
	relays, err := l.ledger.Relays(l.ctx)
	if err != nil {
		return nil // Redis may be away for a while
	}
	for _, r := range relays {
		if r.Held == "" {
			continue
		}
		if _, _, err := l.run("release", "--relay", r.Name, "--as", "bea"); err != nil {
			return fmt.Errorf("a relay held (%s) is not released: %w", r.Held, err)
		}
		l.released++
	}
	return nil
}
