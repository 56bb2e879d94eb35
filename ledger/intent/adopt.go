package intent

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Adopted is the file of a dead process, locked by this one until Done or Release. Its traces are read by Traces.
type Adopted struct {
	Path string
	Content

	file *os.File
}

// Adopt takes every file of a folder that no living process holds, each for this call alone.
func Adopt(dir string) ([]*Adopted, error) {
	paths, err := Files(dir)
	if err != nil {
		return nil, fmt.Errorf("intent files: %w", err)
	}
	var out []*Adopted
	var errs error
	for _, path := range paths {
		if settled(path) {
			continue
		}
		a, err := adopt(path)
		if err != nil {
			errs = errors.Join(errs, fmt.Errorf("intent file %s: %w", path, err))
		} else if a != nil {
			out = append(out, a)
		}
	}
	return out, errs
}

// adopt takes one file; nil without an error when it is held, or was taken meanwhile.
func adopt(path string) (*Adopted, error) {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	err = lock(file)
	if err == nil {
		// Another process may have settled it between the opening and the lock.
		var here, named os.FileInfo
		if here, err = file.Stat(); err == nil {
			if named, err = os.Stat(path); err == nil && !os.SameFile(here, named) {
				err = fs.ErrNotExist
			}
		}
	}
	var c *Content
	if err == nil {
		c, err = Select(file, func(Key) bool { return false })
	}
	if err != nil {
		_ = file.Close()
		if errors.Is(err, errLocked) || errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		return nil, err
	}
	return &Adopted{Path: path, Content: *c, file: file}, nil
}

// Read reads the traces that are wanted; nil wants all.
func (a *Adopted) Read(want func(Key) bool) (map[Key]Trace, error) {
	if _, err := a.file.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	c, err := Select(a.file, want)
	if err != nil {
		return nil, fmt.Errorf("intent file %s: %w", a.Path, err)
	}
	return c.Letters(), nil
}

// Done says that all that follows from the file has been done. It is adopted no more.
func (a *Adopted) Done() error {
	defer a.Release()
	to := strings.TrimSuffix(a.Path, ".intents") + ".settled"
	if err := os.Rename(a.Path, to); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(a.Path))
}

// Release leaves the file for another time.
func (a *Adopted) Release() { _ = a.file.Close() }

// Forget deletes settled files that were last written before a moment, and what processes that never began have left.
func Forget(dir string, before time.Time) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		info, gone := e.Info()
		if gone != nil || !info.ModTime().Before(before) {
			continue
		}
		if settled(path) || strings.HasSuffix(path, ".new") && !living(path) {
			err = errors.Join(err, removed(path))
		}
	}
	return err
}
