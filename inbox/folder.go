package inbox

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Folder is a source of .eml files, or a Maildir with the folders inside it.
type Folder struct {
	Path  string
	Title string // as settings and pages name it; "" for the path

	seen   map[string]file // files of the round before, to see which are still being written
	stamps map[string]time.Time
}

// Name is how settings name the mailbox.
func (d *Folder) Name() string { return cmp.Or(d.Title, d.Path) }

// Close has nothing to close.
func (d *Folder) Close() {}

// forget makes the next list a whole one.
func (d *Folder) forget(context.Context, place) { d.seen, d.stamps = nil, nil }

// again makes the next list look at every folder, though its date has not changed.
func (d *Folder) again() { d.stamps = nil }

// place says nothing: a folder has no order.
func (d *Folder) place([]uint64) place { return place{} }

// wait waits for a while: a folder tells nobody that it changed.
func (d *Folder) wait(ctx context.Context, atMost time.Duration) error {
	t := time.NewTimer(atMost)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
	return nil
}

func (d *Folder) fetch(_ context.Context, it item, part int64) ([]byte, bool, error) {
	return it.file.read(part)
}

// file is one file of the folder, as it was found.
type file struct {
	path     string
	name     string // in a Maildir without its flags: reading a mail elsewhere renames it
	size     int64
	modified time.Time
}

// key names the file and its version.
func (f file) key() uint64 {
	h := sha256.New()
	fmt.Fprintf(h, "%d\n%d\n%s", f.size, f.modified.UnixNano(), f.name)
	return binary.BigEndian.Uint64(h.Sum(nil))
}

// mostFolders is how many folders a Maildir may have inside it.
const mostFolders = 200

// places are the folders to list: of a Maildir its own new and cur, and those of the folders inside it, which begin with a
// dot (Maildir++: .Registry, and .Registry.2026 for one inside that); or else the folder itself.
func places(folder string) (dirs []string, maildir bool, err error) {
	info, err := os.Stat(folder)
	if err != nil {
		return nil, false, err
	}
	if !info.IsDir() {
		return nil, false, fmt.Errorf("%s is no folder", folder)
	}
	if !isFolder(os.Stat, folder, "new") || !isFolder(os.Stat, folder, "cur") {
		return []string{folder}, false, nil
	}
	dirs = []string{filepath.Join(folder, "new"), filepath.Join(folder, "cur")}
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, false, err
	}
	inside := 0
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") {
			continue
		}
		had := len(dirs)
		for _, sub := range []string{"new", "cur"} {
			// Links are not followed: everything that is read lies in the folder that was named.
			if e.IsDir() && isFolder(os.Lstat, folder, e.Name(), sub) {
				dirs = append(dirs, filepath.Join(folder, e.Name(), sub))
			}
		}
		if len(dirs) > had {
			inside++
		}
	}
	if inside > mostFolders {
		return nil, false, fmt.Errorf("%s has %d folders inside it, and more than %d are not read; set registry_copies (OUTREACH_REGISTRY_COPIES) to the one that registry copies arrive in",
			folder, inside, mostFolders)
	}
	return dirs, true, nil
}

func isFolder(stat func(string) (fs.FileInfo, error), path ...string) bool {
	info, err := stat(filepath.Join(path...))
	return err == nil && info.IsDir()
}

// settled is for how long a folder must have stood still before its own date is trusted: coarse clocks of file systems
// and shares give two changes one date.
const settled = 10 * time.Second

// list lists the files that were not read yet and that nobody is writing. A Maildir's files appear whole; a file of a
// plain folder must look the same in two rounds.
func (d *Folder) list(_ context.Context, known func(uint64) bool, now time.Time) ([]item, error) {
	dirs, maildir, err := places(d.Path)
	if err != nil {
		return nil, err
	}
	var out []item
	seen, stamps := map[string]file{}, map[string]time.Time{}
	for _, dir := range dirs {
		info, err := os.Stat(dir)
		if errors.Is(err, fs.ErrNotExist) {
			continue // somebody has taken a Maildir's folder away since it was listed
		}
		if err != nil {
			return nil, err
		}
		if was, ok := d.stamps[dir]; ok && was.Equal(info.ModTime()) {
			stamps[dir] = was
			continue
		}
		entries, err := os.ReadDir(dir)
		if err != nil {
			return nil, err
		}
		growing := false
		for _, e := range entries {
			if strings.HasPrefix(e.Name(), ".") || !maildir && !strings.EqualFold(filepath.Ext(e.Name()), ".eml") {
				continue
			}
			s, err := e.Info()
			if errors.Is(err, fs.ErrNotExist) || err == nil && !s.Mode().IsRegular() {
				continue
			}
			if err != nil {
				return nil, err
			}
			f := file{path: filepath.Join(dir, e.Name()), name: e.Name(), size: s.Size(), modified: s.ModTime()}
			if maildir {
				f.name, _, _ = strings.Cut(f.name, ":2,")
			}
			if known(f.key()) {
				continue
			}
			if !maildir && d.seen[f.path] != f {
				seen[f.path], growing = f, true
				continue
			}
			out = append(out, item{key: f.key(), size: f.size, file: f})
		}
		if still := now.Sub(info.ModTime()); !growing && still > settled {
			stamps[dir] = info.ModTime()
		}
	}
	d.seen, d.stamps = seen, stamps
	return out, nil
}

// maxMail is the largest mail that is read whole.
const maxMail = 25 << 20

// notMail is a file that is not read as a mail, and will not be.
type notMail string

func (n notMail) Error() string { return string(n) }

// read reads the mail in a file, of one that is too large the first part. A pipe or a device in its place is not waited for.
func (f file) read(part int64) (b []byte, cut bool, err error) {
	in, err := os.OpenFile(f.path, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOFOLLOW, 0)
	if err != nil {
		if errors.Is(err, syscall.ELOOP) || errors.Is(err, fs.ErrPermission) {
			return nil, false, notMail(err.Error())
		}
		return nil, false, err
	}
	defer func() { _ = in.Close() }()
	if s, err := in.Stat(); err != nil || !s.Mode().IsRegular() {
		return nil, false, notMail("no regular file")
	}
	if f.size > maxMail {
		b, err = io.ReadAll(io.LimitReader(in, part))
		return b, true, err
	}
	b, err = io.ReadAll(io.LimitReader(in, maxMail+1))
	if len(b) > maxMail {
		return b[:part], true, err
	}
	return b, false, err
}
