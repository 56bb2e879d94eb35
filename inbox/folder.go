package inbox

import (
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

// ripe lists the files that were not read yet and that nobody is writing. A Maildir's files appear whole; a file of a
// plain folder must look the same in two rounds.
func (r *Reader) ripe() ([]file, error) {
	dirs, maildir, err := places(r.Folder)
	if err != nil {
		return nil, err
	}
	now := r.Now()
	var out []file
	seen, stamps := map[string]file{}, map[string]time.Time{}
	for _, dir := range dirs {
		info, err := os.Stat(dir)
		if errors.Is(err, fs.ErrNotExist) {
			continue // somebody has taken a Maildir's folder away since it was listed
		}
		if err != nil {
			return nil, err
		}
		if was, ok := r.stamps[dir]; ok && was.Equal(info.ModTime()) {
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
			if r.known[f.key()] {
				continue
			}
			if !maildir && r.seen[f.path] != f {
				seen[f.path], growing = f, true
				continue
			}
			out = append(out, f)
		}
		if still := now.Sub(info.ModTime()); !growing && still > settled {
			stamps[dir] = info.ModTime()
		}
	}
	r.seen, r.stamps = seen, stamps
	return out, nil
}

// maxMail is the largest mail that is read.
const maxMail = 25 << 20

// notMail is a file that is not read as a mail, and will not be.
type notMail string

func (n notMail) Error() string { return string(n) }

// read reads the mail in a file.
func (f file) read() (*mail, error) {
	b, err := f.bytes()
	if err != nil {
		return nil, err
	}
	return parse(b)
}

// bytes are those of the file. A pipe or a device in its place is not waited for.
func (f file) bytes() ([]byte, error) {
	if f.size > maxMail {
		return nil, notMail(fmt.Sprintf("larger than %d MB", maxMail>>20))
	}
	in, err := os.OpenFile(f.path, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOFOLLOW, 0)
	if err != nil {
		if errors.Is(err, syscall.ELOOP) || errors.Is(err, fs.ErrPermission) {
			return nil, notMail(err.Error())
		}
		return nil, err
	}
	defer func() { _ = in.Close() }()
	if s, err := in.Stat(); err != nil || !s.Mode().IsRegular() {
		return nil, notMail("no regular file")
	}
	b, err := io.ReadAll(io.LimitReader(in, maxMail+1))
	if err != nil {
		return nil, err
	}
	if len(b) > maxMail {
		return nil, notMail(fmt.Sprintf("larger than %d MB", maxMail>>20))
	}
	return b, nil
}
