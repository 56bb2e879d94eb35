package trial

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
)

// A spool keeps letters in memory while there is room, and from then on in one temporary file that goes with the process.
type spool struct {
	mu   sync.Mutex
	room int64 // bytes of memory left
	file *os.File
	end  int64
}

// A body is one letter's bytes, or where they lie.
type body struct {
	bytes []byte
	spool *spool
	at    int64
	size  int
}

func (s *spool) put(raw []byte) (body, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if size := int64(len(raw)); size <= s.room {
		s.room -= size
		return body{bytes: raw}, nil
	}
	if s.file == nil {
		f, err := os.CreateTemp("", "outreach-trial-*.spool")
		if err != nil {
			return body{}, fmt.Errorf("temporary file for letters: %w", err)
		}
		s.file = f
		_ = os.Remove(f.Name()) // where the system lets go of open files, even a killed process leaves nothing
	}
	if _, err := s.file.WriteAt(raw, s.end); err != nil {
		return body{}, fmt.Errorf("temporary file for letters: %w", err)
	}
	b := body{spool: s, at: s.end, size: len(raw)}
	s.end += int64(len(raw))
	return b, nil
}

func (b body) read() ([]byte, error) {
	if b.spool == nil {
		return b.bytes, nil
	}
	raw := make([]byte, b.size)
	_, err := b.spool.file.ReadAt(raw, b.at)
	return raw, err
}

func (s *spool) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.file == nil {
		return nil
	}
	err := s.file.Close()
	if gone := os.Remove(s.file.Name()); gone != nil && !errors.Is(gone, fs.ErrNotExist) {
		err = errors.Join(err, gone)
	}
	return err
}
