package inbox

import (
	"context"
	"errors"
	"time"
)

// A Source is one mailbox: a folder, or one on a mail server. It changes nothing in it.
type Source interface {
	// Name is the mailbox as settings and pages name it, without a password.
	Name() string
	// Close ends what is open towards it. It is opened anew when it is needed.
	Close()

	// list lists mails that are not known, in the order in which they came.
	list(ctx context.Context, known func(uint64) bool, now time.Time) ([]item, error)
	// fetch is a mail's bytes, of one that is larger than maxMail the first part. fs.ErrNotExist says that it lies elsewhere now, errGone
	// that it was deleted, notMail that it is none.
	fetch(ctx context.Context, it item, part int64) (b []byte, cut bool, err error)
	// place is up to where everything was read, once the mails with these keys were.
	place(done []uint64) place
	// forget begins at a place: what the ledger knows of the mailbox.
	forget(ctx context.Context, from place)
	// again makes the next list a whole one.
	again()
	// wait returns when something may have come, and after a while.
	wait(ctx context.Context, atMost time.Duration) error
}

// errGone says that a mail was deleted since it was listed, for good.
var errGone = errors.New("the mail was deleted")

// item is one mail of a source.
type item struct {
	key  uint64 // its mailbox and its number in it, or its file
	size int64
	file file
	uid  uint32
}

// place is up to where a mailbox on a server was read: all mails up to a UID, under a UIDVALIDITY (RFC 3501 2.3.1.1).
type place struct{ validity, uid uint32 }

// firstPart is how much is read of a mail that is too large: enough to know who wrote it and how it begins.
const firstPart = 1 << 20
