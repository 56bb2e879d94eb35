package trial

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"outreach.example/letter"
)

// A shelf holds the letters.
type shelf struct {
	now        func() time.Time
	maxLetters int
	maxBytes   int64
	name       func(donor string) string
	spool      *spool
	keep       *keep // nil when nothing is kept in a folder

	mu      sync.RWMutex
	entries []*entry // letter n at n-1; nil while it is coming in, and for good when it could not be kept
	ids     map[string][]int
	counts
}

type counts struct {
	accepted, doubles int
	bytes             int64
}

func newShelf(o Options) (*shelf, error) {
	s := &shelf{
		now:        o.Now,
		maxLetters: cmp.Or(o.MaxLetters, defaultLetters),
		maxBytes:   cmp.Or(o.MaxBytes, defaultBytes),
		name:       o.Name,
		spool:      &spool{room: cmp.Or(o.MaxMemory, defaultMemory)},
		ids:        map[string][]int{},
	}
	if o.KeepDir != "" {
		k, err := openKeep(o.KeepDir)
		if err != nil {
			return nil, err
		}
		s.keep = k
	}
	return s, nil
}

// An entry is one letter that was taken.
type entry struct {
	number   int
	received time.Time
	from     string
	rcpts    []string
	id       string    // Message-ID, "" for none
	letter   letter.ID // that the Message-ID was made for; zero when it was made elsewhere
	size     int
	body     body

	once sync.Once
	sum  summary
}

// add keeps a letter. When it returns nil the letter is on the shelf and, if there is a folder, on its disk.
func (s *shelf) add(from string, rcpts []string, raw []byte) error {
	e := &entry{received: s.now(), from: from, rcpts: rcpts, id: messageID(raw), size: len(raw)}
	e.letter = letterOf(e.id)
	s.mu.Lock()
	s.entries = append(s.entries, nil)
	e.number = len(s.entries)
	s.mu.Unlock()

	var err error
	if e.body, err = s.spool.put(raw); err != nil {
		return fmt.Errorf("letter %d: %w", e.number, err)
	}
	if s.keep != nil {
		if err := s.keep.write(e.fileName(), raw); err != nil {
			return fmt.Errorf("letter %d: %w", e.number, err)
		}
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	s.entries[e.number-1] = e
	s.accepted++
	s.bytes += int64(e.size)
	if e.id != "" {
		if len(s.ids[e.id]) > 0 {
			s.doubles++
		}
		s.ids[e.id] = append(s.ids[e.id], e.number)
	}
	return nil
}

// full says that no letter is taken any more. Letters that are just coming in may still pass the limit.
func (s *shelf) full() bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.entries) >= s.maxLetters || s.bytes >= s.maxBytes
}

func (s *shelf) count() counts {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.counts
}

// all are the letters, oldest first.
func (s *shelf) all() []*entry {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return slices.DeleteFunc(slices.Clone(s.entries), func(e *entry) bool { return e == nil })
}

// letter is letter n, nil when there is none.
func (s *shelf) letter(n int) *entry {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if n < 1 || n > len(s.entries) {
		return nil
	}
	return s.entries[n-1]
}

// copies are the numbers of all letters with this Message-ID, in the order in which they were kept.
func (s *shelf) copies(id string) []int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return slices.Clone(s.ids[id])
}

func (s *shelf) close() error {
	var err error
	if s.keep != nil {
		err = s.keep.close()
	}
	return errors.Join(err, s.spool.close())
}

func (e *entry) raw() ([]byte, error) { return e.body.read() }

// fileName is what the letter is called as a file, without its ending.
func (e *entry) fileName() string {
	if e.letter != (letter.ID{}) {
		return e.letter.Donor + "." + e.letter.Step
	}
	return fmt.Sprintf("%04d-%s", e.number, plain(e.rcpts[0]))
}

// donor is whom the letter was written to as people call it, "" when its Message-ID does not say.
func (s *shelf) donor(e *entry) string {
	if s.name != nil && e.letter.Donor != "" {
		if name := s.name(e.letter.Donor); name != "" {
			return name
		}
	}
	return e.letter.Donor
}

// summary is what lists show of a letter, read when a page first asks for it.
func (e *entry) summary() *summary {
	e.once.Do(func() {
		raw, err := e.raw()
		if err != nil {
			e.sum = summary{Subject: "(cannot be read: " + err.Error() + ")"}
			return
		}
		e.sum = summarize(readLetter(raw), e.rcpts)
	})
	return &e.sum
}
