package ledger

import (
	"context"
	"fmt"
	"time"
)

// Launch starts an approved campaign once a while has passed in which Undo takes it back; a scheduler starts it then. At is
// when. Again says that it is launched already, and keeps that time; At is zero where it runs already.
func (l *Ledger) Launch(ctx context.Context, who, campaign string, undo time.Duration) (at time.Time, again bool, err error) {
	got, err := l.launch(ctx, who, campaign, "launch", undo)
	if err != nil {
		return at, false, err
	}
	switch got[0] {
	case "unlaid":
		return at, false, Refusal("planning of " + campaign + " was cut off before its end; type: outreach plan " + campaign)
	case "no":
		return at, false, Refusal(cannot(campaign, Start, got[1]))
	}
	return fromMS(got[2]), got[0] == "again", nil
}

// Undo takes a launch back. What runs already is not taken back but paused.
func (l *Ledger) Undo(ctx context.Context, who, campaign string) error {
	got, err := l.launch(ctx, who, campaign, "undo", 0)
	if err != nil {
		return err
	}
	if got[0] == "none" {
		if got[1] == "running" {
			return Refusal(fmt.Sprintf("%s runs already; pause it instead: outreach pause %s", campaign, campaign))
		}
		return Refusal(fmt.Sprintf("%s is about to be started by nobody: there is nothing to take back", campaign))
	}
	return nil
}

// Go starts a campaign whose launch nobody took back in time. Started is false while it is not time.
func (l *Ledger) Go(ctx context.Context, who, campaign string) (started bool, err error) {
	got, err := l.launch(ctx, who, campaign, "go", 0)
	return err == nil && got[0] == "done", err
}

func (l *Ledger) launch(ctx context.Context, who, campaign, verb string, undo time.Duration) ([]string, error) {
	return l.strings(ctx, "launch", []string{metaKey(), auditKey(), campaignKey(campaign)}, who, campaign, verb, undo.Milliseconds())
}

// SendBack tells who planned the edition that waits, and everybody else, why it is not approved.
func (l *Ledger) SendBack(ctx context.Context, who, campaign, edition, reason string) (again bool, err error) {
	got, err := l.strings(ctx, "sendback", []string{metaKey(), auditKey(), campaignKey(campaign)}, who, campaign, edition, reason)
	if err != nil {
		return false, err
	}
	if got[0] == "other" {
		if got[1] == "" {
			return false, Refusal("no edition of " + campaign + " waits for approval")
		}
		return false, Refusal(fmt.Sprintf("edition %.12s of %s waits for approval, not %.12s; look at it again", got[1], campaign, edition))
	}
	return got[0] == "again", nil
}
