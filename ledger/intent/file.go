package intent

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"outreach.example/ledger"
	"outreach.example/letter"
)

// Floor is the room a disk must have for a letter to be begun, unless Options say otherwise.
const Floor = 100 << 20

// late is how long an outcome may wait for an intent to take it to the disk.
const late = 200 * time.Millisecond

// Options are what a file is opened with.
type Options struct {
	Process  string                           // host and number of the process, for people
	Position ledger.Position                  // of the ledger now
	Floor    uint64                           // bytes the disk must have free, 0 for Floor
	Now      func() time.Time                 // required
	Free     func(dir string) (uint64, error) // how many bytes the disk has free; nil asks the system
}

// disk is what a file needs of the operating system's.
type disk interface {
	Write(b []byte) (int, error)
	Sync() error
	Close() error
}

// A File is one process's. Its methods may be called from many goroutines.
type File struct {
	dir, path string
	floor     uint64
	now       func() time.Time
	free      func(string) (uint64, error)
	disk      disk

	mu       sync.Mutex
	pending  []byte // lines that are not written yet
	spare    []byte
	lines    int64 // given out
	written  int64 // on the disk
	position ledger.Position
	next     *group // those who wait for pending
	busy     bool   // somebody writes
	timer    *time.Timer
	timed    bool
	closed   bool
	err      error // the disk's first one; it stays
}

// group is everybody whose lines go to the disk together.
type group struct {
	done chan struct{}
	lead chan struct{} // holds one: it is this group's turn, and whoever takes it writes
	err  error
}

// Open makes a new file in a folder, which it makes too, and locks it.
func Open(dir string, o Options) (*File, error) {
	if err := makeFolder(dir); err != nil {
		return nil, fmt.Errorf("the folder of the intent files: %w", err)
	}
	f := &File{dir: dir, floor: o.Floor, now: o.Now, free: o.Free, position: ledger.Position{Epoch: o.Position.Epoch}}
	if f.floor == 0 {
		f.floor = Floor
	}
	if f.free == nil {
		f.free = freeSpace
	}
	name := filepath.Join(dir, rand.Text())
	file, err := os.OpenFile(name+".new", os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, fmt.Errorf("intent file: %w", err)
	}
	f.path, f.disk = name+".intents", &locked{File: file}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.append(kindHead, func(l *line) {
		l.number(format)
		l.text(o.Process)
		l.text(o.Position.Epoch)
		l.time(o.Now())
	})
	f.note(o.Position)
	// It gets its name when it is locked and has its head: nobody adopts it before, and a named file without a head is
	// a damaged one.
	err = lock(file)
	if err == nil {
		err = f.flush()
	}
	if err == nil {
		err = os.Rename(name+".new", f.path)
	}
	if err == nil {
		err = syncFolder(dir)
	}
	if err != nil {
		_ = file.Close()
		return nil, errors.Join(fmt.Errorf("intent file: %w", err), removed(name+".new"))
	}
	return f, nil
}

func removed(path string) error {
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// Path is where the file is.
func (f *File) Path() string { return f.path }

// Lines is the number of the last line that is known to be on the disk.
func (f *File) Lines() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.written
}

// Ready says whether a letter could be begun now: nil, a Full or a Broken.
func (f *File) Ready() error {
	f.mu.Lock()
	err := f.err
	f.mu.Unlock()
	if err != nil {
		return err
	}
	free, err := f.free(f.dir)
	if err != nil {
		return fmt.Errorf("the disk of the intent files does not say how much room it has: %w (%s)", err, f.dir)
	}
	if free < f.floor {
		return Full{f.dir, free, f.floor}
	}
	return nil
}

// Intend writes intents down and returns once they are on the disk. Only nil allows their dots. The calls of many goroutines
// share one write.
func (f *File) Intend(ctx context.Context, ins ...Intent) error {
	for i := range ins {
		if in := &ins[i]; in.Block.Campaign != in.Letter.Campaign || in.Block.Step != in.Letter.Step {
			return fmt.Errorf("letter %s does not lie in block %s", in.Letter, in.Block)
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := f.Ready(); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.open(); err != nil {
		return err
	}
	for i := range ins {
		in := &ins[i]
		f.note(in.Position)
		f.append(kindDot, func(l *line) {
			l.text(in.Letter.String())
			l.text(in.Block.Name)
			l.number(int64(in.Generation))
			l.text(in.Nonce)
			l.text(in.ContentHash)
			l.text(in.ByteHash)
			l.time(in.At)
		})
	}
	return f.flush()
}

// Outcome notes what came of a letter. It reaches the disk with the next intent, and soon in any case.
func (f *File) Outcome(k Key, generation int, to letter.State, words string) error {
	if !outcomes[to] {
		return fmt.Errorf("%s cannot come of a letter that was handed over", to)
	}
	return f.later(kindEnd, func(l *line) {
		l.key(k.Letter, generation, k.Nonce)
		l.text(string(to))
		l.time(f.now())
		l.words(words)
	})
}

// Never notes that the dot of an intended letter was not written.
func (f *File) Never(k Key, generation int) error {
	return f.later(kindNever, func(l *line) {
		l.key(k.Letter, generation, k.Nonce)
		l.time(f.now())
	})
}

// Worker notes a name under which the process is going to hold letters, and returns once it is on the disk: from a whole
// file follows what became of every letter held under its names.
func (f *File) Worker(name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.open(); err != nil {
		return err
	}
	f.append(kindWorker, func(l *line) { l.text(name) })
	return f.flush()
}

// Note notes where the ledger stands.
func (f *File) Note(p ledger.Position) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.open(); err != nil {
		return err
	}
	f.note(p)
	f.soon()
	return nil
}

// Close writes what is left and says that the process left in order. The file stays for whoever adopts it.
func (f *File) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return nil
	}
	if f.timer != nil {
		f.timer.Stop()
	}
	err := f.err
	if err == nil {
		f.append(kindClosed, func(l *line) { l.time(f.now()) })
		f.closed = true
		err = f.flush()
	}
	f.closed = true
	return errors.Join(err, f.disk.Close())
}

var errClosed = errors.New("the intent file is closed")

// open says whether lines may be added. f.mu is held.
func (f *File) open() error {
	if f.closed {
		return errClosed
	}
	return f.err
}

// append adds one line to what is to be written. f.mu is held.
func (f *File) append(kind string, fields func(*line)) {
	f.lines++
	l := begin(f.pending, f.lines, kind)
	fields(&l)
	f.pending = l.end()
}

// note adds a position unless it is the one that holds. f.mu is held.
func (f *File) note(p ledger.Position) {
	if p == f.position || p.Epoch == "" || p.Seq == 0 {
		return
	}
	f.position = p
	f.append(kindAt, func(l *line) {
		l.text(p.Epoch)
		l.number(p.Seq)
		l.text(p.Chain)
	})
}

func (f *File) later(kind string, fields func(*line)) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.open(); err != nil {
		return err
	}
	f.append(kind, fields)
	f.soon()
	return nil
}

// soon sees to it that pending lines are written in any case. f.mu is held.
func (f *File) soon() {
	if f.timed {
		return
	}
	f.timed = true
	if f.timer == nil {
		f.timer = time.AfterFunc(late, func() {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.timed = false
			if !f.closed && f.err == nil && len(f.pending) > 0 {
				_ = f.flush() // an error stays, and Ready tells it
			}
		})
	} else {
		f.timer.Reset(late)
	}
}

// flush returns once everything that is pending now is on the disk. Whoever comes while somebody writes waits, and one of
// those who waited writes for all of them. f.mu is held, and let go meanwhile.
func (f *File) flush() error {
	g := f.next
	if g == nil {
		g = &group{done: make(chan struct{}), lead: make(chan struct{}, 1)}
		f.next = g
	}
	if f.busy {
		f.mu.Unlock()
		select {
		case <-g.done:
			f.mu.Lock()
			return g.err
		case <-g.lead:
		}
	} else {
		f.busy = true
		f.mu.Unlock()
	}
	// Let those who are ready at this moment come along.
	runtime.Gosched()
	f.mu.Lock()
	f.next = nil
	out, upTo, err := f.pending, f.lines, f.err
	f.pending = f.spare[:0]
	if err == nil {
		f.mu.Unlock()
		_, err = f.disk.Write(out)
		if err == nil {
			err = f.disk.Sync()
		}
		f.mu.Lock()
		if err != nil {
			err = Broken{f.path, err}
			f.err = err
		} else {
			f.written = upTo
		}
	}
	f.spare = out
	g.err = err
	close(g.done)
	if f.next != nil {
		f.next.lead <- struct{}{}
	} else {
		f.busy = false
	}
	return err
}
