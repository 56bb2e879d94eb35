package ledger

import (
	"context"

	"outreach.example/letter"
)

// Test notes in the audit stream that who sends a letter to an address as a test, and says whether it may go: nothing goes to
// a suppressed address, and nothing of a frozen ledger. It counts nothing.
func (l *Ledger) Test(ctx context.Context, who string, id letter.ID, language, address, messageID string) error {
	got, err := l.text(ctx, "test", []string{metaKey(), auditKey(), suppressedKey()}, who, AddressHash(address), id.String()+" "+language, messageID)
	switch {
	case err != nil:
		return err
	case got == "suppressed":
		return Refusal("that address is suppressed, so no test goes to it either; take another one")
	case got == "frozen":
		return Refusal("the ledger is frozen and nothing leaves, no test either; stop every worker, then type: outreach reconcile")
	}
	return nil
}
