// Package intent keeps the intent files: what a process was about to hand over, written down and on the disk before the
// dot is, and what came of it. They are the witness that outlives Redis. What follows from them is for others to decide.
//
// # The folder
//
// Each process has one file of its own, NAME.intents, locked (flock) for as long as the process lives; NAME is random. A
// file without a lock is a dead process's, and the next process of the machine adopts it: it reads it, settles what can
// be settled, and renames it to NAME.settled. Settled files are kept for some time (90 days unless told otherwise) for
// whoever has to reconcile a restored ledger. NAME.new is a file whose process has not begun yet. The folder belongs on
// a disk of this machine: a lock on a network disk may be lost, and with it the difference between living and dead.
//
// # The format
//
// A file is lines of text in UTF-8, each ending in a line feed, its fields parted by one space:
//
//	NUMBER KIND FIELD ... SUM
//
// NUMBER counts the lines from 1, so that a lost line leaves a gap. SUM is the CRC-32C (Castagnoli) of everything before
// the space in front of it, in eight hexadecimal digits. A field that is empty is written -, and in a field every
// character that is not printable, the percent sign and the space are written %XX, byte by byte; only words, which are
// the last field before the sum, keep their spaces. Times are UTC with milliseconds.
//
//	head    1 PROCESS EPOCH TIME                               first line: format, host and number of the process, epoch of the ledger
//	worker  NAME                                               from here on letters are held under this name
//	at      EPOCH SEQ CHAIN                                    the ledger's last audit entry, as the process saw it; holds for the dots below
//	dot     LETTER BLOCK GENERATION NONCE CONTENT BYTES TIME   the dot of this letter may be written from now on; two hashes
//	end     LETTER GENERATION NONCE STATE TIME WORDS           what came of it: sent, planned, refused or in_doubt, in the relay's words
//	never   LETTER GENERATION NONCE TIME                       its dot was never written
//	closed  TIME                                               last line: the process left in order
//
// A letter's line is known by its LETTER and NONCE: the letters of one claim share their nonce.
//
// A last line without its line feed is a torn tail: the process or the machine ended in the middle of a write, and
// nobody was told that the line is on the disk. Tabs at the end of the file are room for lines to come, which a process
// that did not leave in order has left. Any other line that cannot be read is damage, and a damaged file is not whole: that
// a letter does not stand in it proves nothing.
package intent

import (
	"fmt"
	"time"

	"outreach.example/ledger"
	"outreach.example/letter"
)

// format is the number of the format that this program writes.
const format = 1

// An Intent is a letter whose dot may be written once Intend has returned nil for it.
type Intent struct {
	Letter      letter.ID
	Block       letter.Block
	Generation  int
	Nonce       string
	ContentHash string
	ByteHash    string
	At          time.Time
	Position    ledger.Position // where the ledger stood after the letter's begin; zero when it is not known
}

// A Key names the lines of one attempt. The letters of one claim share their nonce.
type Key struct {
	Letter letter.ID
	Nonce  string
}

// Key is the intent's.
func (in Intent) Key() Key { return Key{in.Letter, in.Nonce} }

// A Trace is what a file says of one attempt.
type Trace struct {
	Key
	Generation int
	Intended   bool   // its dot may have been written; Intent is known
	Intent     Intent // zero unless Intended
	Never      bool   // its dot was never written
	Outcome    letter.State
	Words      string
	At         time.Time // of the outcome, or of the never
}

// Open says that the dot may have been written and the file does not say what came of it.
func (t Trace) Open() bool { return t.Intended && t.Outcome == "" && !t.Never }

// Full says that the disk has less room than a letter may be begun with. It passes when there is room again.
type Full struct {
	Dir         string
	Free, Floor uint64
}

func (e Full) Error() string {
	return fmt.Sprintf("no room for intent files: %d MB free in %s, and no letter leaves below %d MB: make room on its disk, or set OUTREACH_INTENTS to a folder on another",
		e.Free>>20, e.Dir, e.Floor>>20)
}

// Broken says that the file could not be written. It does not pass: what the disk says later proves nothing about what
// it has lost, so the process must start again, with a new file.
type Broken struct {
	Path string
	Err  error
}

func (e Broken) Error() string {
	return fmt.Sprintf("the intent file cannot be written: %v (%s): nothing more leaves from this process; look at the disk, then start it again", e.Err, e.Path)
}

func (e Broken) Unwrap() error { return e.Err }
