package ledger

import (
	"context"
	"errors"
	"time"

	"outreach.example/letter"
)

// ErrNoLetter is returned for a token whose letter is not in the ledger.
var ErrNoLetter = errors.New("the token's letter is not in the ledger")

// OptOut does what a token of a letter asks: the address that the letter went to is never written to again, and the letters
// of its donor stop in every campaign. It may be repeated, and does the rest where it was cut off.
func (l *Ledger) OptOut(ctx context.Context, who string, t letter.Token, day string, at time.Time) (letter.ID, error) {
	c, id, block, ok, err := l.Named(ctx, t)
	if err != nil {
		return id, err
	}
	if !ok {
		return id, ErrNoLetter
	}
	address, err := l.WrittenTo(ctx, c, id, block)
	if err != nil {
		return id, err
	}
	if address != "" {
		if _, err := l.Suppress(ctx, who, address, ByOptOut, "by the link of "+id.String()); err != nil {
			return id, err
		}
	}
	// One letter opts out once, whenever its link is followed: the entry is known by the letter, as one of a mail is by the mail.
	_, err = l.Everywhere(ctx, id.Donor, Entry{
		Kind: "opt-out", Date: day, Note: "by the link of " + id.String(), Address: address, Mail: "link:" + id.String(), By: who, At: at,
	})
	return id, err
}
