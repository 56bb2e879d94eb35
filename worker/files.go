package worker

import (
	"bytes"
	"context"
	"sync"

	"golang.org/x/sync/semaphore"

	"outreach.example/campaign"
	"outreach.example/ledger"
	"outreach.example/letter"
)

// maxFiles is how many bytes of attachments a process holds at once, in letters on their way and beside them: letters with
// larger ones leave fewer at a time, however many hands there are.
const maxFiles = 12 << 20

// maxShared is how many bytes of files that go to everybody are kept for the next letter.
const maxShared = 8 << 20

// Files are the attachments of letters on their way. A file that goes to everybody is encoded once, for as long as the
// process meets no other that takes its room; one that goes to a single donor is read for its letter. The zero value is
// ready for a Worker.
type Files struct {
	ledger *ledger.Ledger
	room   *semaphore.Weighted

	mu     sync.Mutex
	shared map[string]*sharedFile // by hash
	held   int
	spare  *bytes.Buffer // of a letter that is gone: the next one's memory need not be found anew
}

// sharedFile is read by the first letter that wants it, while the others wait.
type sharedFile struct {
	mu   sync.Mutex
	text []byte
}

// open makes ready; it is called before the first letter.
func (f *Files) open(l *ledger.Ledger) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.room == nil {
		f.ledger, f.room, f.shared = l, semaphore.NewWeighted(maxFiles), map[string]*sharedFile{}
	}
}

// get is a file as a letter carries it, once there is room for the letter: its weight is given back by gone.
func (f *Files) get(ctx context.Context, campaign string, file campaign.File) (text []byte, weight int64, err error) {
	size := letter.EncodedLen(file.Size)
	keep := file.Everybodys() && size <= maxShared
	if weight = int64(size); !keep {
		weight *= 2 // the file, and the letter that it is copied into
	}
	weight = min(weight, maxFiles)
	if err := f.room.Acquire(ctx, weight); err != nil {
		return nil, 0, err
	}
	if keep {
		text, err = f.everybodys(ctx, campaign, file, size)
	} else {
		text, err = f.ledger.File(ctx, campaign, file.Hash)
	}
	if err != nil {
		f.gone(weight, nil)
		return nil, 0, err
	}
	return text, weight, nil
}

// everybodys reads a file that goes to everybody, or has it from an earlier letter.
func (f *Files) everybodys(ctx context.Context, campaign string, file campaign.File, size int) ([]byte, error) {
	f.mu.Lock()
	s := f.shared[file.Hash]
	if s == nil {
		if f.held+size > maxShared {
			clear(f.shared) // letters that carry one have it still
			f.held = 0
		}
		s = &sharedFile{}
		f.shared[file.Hash], f.held = s, f.held+size
	}
	f.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.text == nil {
		text, err := f.ledger.File(ctx, campaign, file.Hash)
		if err != nil {
			return nil, err // the next letter tries again
		}
		s.text = text
	}
	return s.text, nil
}

// buffer is memory for a letter with a file.
func (f *Files) buffer() *bytes.Buffer {
	f.mu.Lock()
	defer f.mu.Unlock()
	b := f.spare
	f.spare = nil
	if b == nil {
		b = new(bytes.Buffer)
	}
	return b
}

// gone gives the room and the memory of a letter back.
func (f *Files) gone(weight int64, b *bytes.Buffer) {
	if b != nil {
		f.mu.Lock()
		f.spare = b
		f.mu.Unlock()
	}
	f.room.Release(weight)
}
