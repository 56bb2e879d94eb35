package intent

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// makeFolder makes a folder that only its owner may enter, and those above it, and sees to it that they are on the disk.
func makeFolder(dir string) error {
	info, err := os.Stat(dir)
	if err == nil && !info.IsDir() {
		return fmt.Errorf("%s is no folder", dir)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	above := filepath.Dir(dir)
	if above != dir {
		if err := makeFolder(above); err != nil {
			return err
		}
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncFolder(above)
}

// syncFolder puts the names of a folder on the disk.
func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Health is what a folder is good for.
type Health struct {
	Free    uint64 // bytes
	Network bool   // it lies on a network disk, where a lock may be lost
	Waiting int    // files of dead processes that nobody has adopted yet
	Living  int    // files of processes that run
	Settled int
}

// Examine tries a folder: it makes it where it is missing, writes a file and puts it on the disk.
func Examine(dir string) (Health, error) {
	var h Health
	if err := makeFolder(dir); err != nil {
		return h, err
	}
	file, err := os.CreateTemp(dir, "try-*.new")
	if err != nil {
		return h, err
	}
	_, err = file.WriteString("outreach doctor was here\n")
	err = errors.Join(err, file.Sync(), lock(file), file.Close(), os.Remove(file.Name()), syncFolder(dir))
	if err != nil {
		return h, err
	}
	if h.Free, err = freeSpace(dir); err != nil {
		return h, err
	}
	h.Network = network(dir)
	files, err := Files(dir)
	for _, path := range files {
		switch {
		case settled(path):
			h.Settled++
		case living(path):
			h.Living++
		default:
			h.Waiting++
		}
	}
	return h, err
}

// Files are the paths of the intent files of a folder: of living, of dead and of settled processes. A folder that is
// not there has none.
func Files(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var out []string
	for _, e := range entries {
		if name := e.Name(); settled(name) || filepath.Ext(name) == ".intents" {
			out = append(out, filepath.Join(dir, name))
		}
	}
	return out, err
}

func settled(path string) bool { return filepath.Ext(path) == ".settled" }

// living says whether a process holds the lock of a file.
func living(path string) bool {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return false
	}
	defer func() { _ = file.Close() }()
	return errors.Is(lock(file), errLocked)
}
