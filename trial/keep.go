package trial

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// A keep is the folder where every letter is written as a file of its own.
type keep struct {
	root *os.Root
	dir  *os.File // to make names durable

	mu    sync.Mutex
	names map[string]int
}

// openKeep makes the folder when it is missing. One that holds letters already is refused: afterwards nobody could tell
// which trial a letter is from.
func openKeep(dir string) (*keep, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("folder for kept letters: %w", err)
	}
	there, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("folder for kept letters: %w", err)
	}
	for _, f := range there {
		if filepath.Ext(f.Name()) == ".eml" {
			return nil, fmt.Errorf("folder for kept letters: %s holds letters of another trial (%s): name an empty folder", dir, f.Name())
		}
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("folder for kept letters: %w", err)
	}
	d, err := root.Open(".")
	if err != nil {
		return nil, errors.Join(fmt.Errorf("folder for kept letters: %w", err), root.Close())
	}
	return &keep{root: root, dir: d, names: map[string]int{}}, nil
}

// write puts a letter on the disk, whole or not at all, and returns when it would survive a loss of power.
func (k *keep) write(stem string, raw []byte) error {
	name := k.free(stem) + ".eml"
	part := name + ".part"
	err := k.fill(part, raw)
	if err == nil {
		err = k.root.Rename(part, name)
	}
	if err == nil {
		err = k.dir.Sync()
	}
	if err == nil {
		return nil
	}
	for _, left := range []string{part, name} {
		if gone := k.root.Remove(left); gone != nil && !errors.Is(gone, fs.ErrNotExist) {
			err = errors.Join(err, gone)
		}
	}
	return err
}

func (k *keep) fill(name string, raw []byte) error {
	f, err := k.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(raw)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

func (k *keep) close() error { return errors.Join(k.dir.Close(), k.root.Close()) }

// free is a name that no letter has: a second letter of the same name ends in .2, a third in .3.
func (k *keep) free(stem string) string {
	k.mu.Lock()
	defer k.mu.Unlock()
	key := strings.ToLower(stem) // there are file systems for which KEN and ken are one
	k.names[key]++
	if n := k.names[key]; n > 1 {
		return fmt.Sprintf("%s.%d", stem, n)
	}
	return stem
}

// plain is an address as every file system takes it.
func plain(address string) string {
	name := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', strings.ContainsRune("@.-_+", r):
			return r
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		}
		return '_'
	}, address)
	return name[:min(len(name), 100)]
}
