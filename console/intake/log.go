package intake

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"
)

// An Import is one line of the log. Stored as JSON: fields may be added, never renamed.
type Import struct {
	ID      string    `json:"id"`
	At      time.Time `json:"at"`
	Who     string    `json:"who"`
	Why     string    `json:"why,omitempty"`
	Table   string    `json:"table"`
	File    string    `json:"file"`    // of the project that was written
	Brought string    `json:"brought"` // name of the file that somebody brought; "" for a change by hand
	Added   int       `json:"added"`
	Changed int       `json:"changed"`
	Removed int       `json:"removed"`
	Rows    int       `json:"rows"`             // afterwards
	Kept    string    `json:"kept,omitempty"`   // the version before; "" where there was no file
	Wrote   string    `json:"wrote,omitempty"`  // SHA-256 of what was written; "" where the file was removed
	Undoes  string    `json:"undoes,omitempty"` // the import that this takes back

	Undone bool `json:"-"` // it was taken back
	Last   bool `json:"-"` // it is the one of its file that can be taken back
}

// From says in words where it came from.
func (i Import) From() string {
	if i.Brought == "" {
		return "by hand"
	}
	return "from " + i.Brought
}

// Before says in words what the file is before it.
func (i Import) Before() string {
	if i.Brought == "" {
		return "before it was changed by hand"
	}
	return "before " + i.Brought + " was imported"
}

// Imports are those of the log, the newest first.
func (f Folder) Imports() ([]Import, error) {
	all, _, err := f.Settled()
	return all, err
}

// Settled are the imports of the log, the newest first, and the last of them whose file is written for sure: the log comes
// first, and one may be at work.
func (f Folder) Settled() (all []Import, last string, err error) {
	root, err := f.open()
	if err != nil {
		return nil, "", err
	}
	defer root.Close()
	_, busy := root.Stat(lock)
	if all, err = imports(root); err != nil {
		return nil, "", err
	}
	slices.Reverse(all)
	done := all
	if busy == nil && len(all) > 0 {
		done = all[1:]
	}
	if len(done) > 0 {
		last = done[0].ID
	}
	return all, last, nil
}

// Since says who made the tables different from what they were after an import, "" for the first version of them: everybody
// who imported or took back, but for what was taken back since. An import that the log does not have is taken for older
// than all.
func Since(all []Import, id string) (who []string) {
	fresh := all
	if at := slices.IndexFunc(all, func(i Import) bool { return i.ID == id }); at >= 0 {
		fresh = all[:at]
	}
	for _, i := range fresh {
		back := slices.ContainsFunc(fresh, func(was Import) bool { return was.ID == i.Undoes })
		if name := strings.ReplaceAll(i.Who, "\n", " "); !i.Undone && !back && !slices.Contains(who, name) {
			who = append(who, name)
		}
	}
	return who
}

func imports(root *os.Root) ([]Import, error) {
	content, err := root.ReadFile(log)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, unreadable(log, err)
	}
	var all []Import
	for lines := bufio.NewScanner(bytes.NewReader(content)); lines.Scan(); {
		var i Import
		if json.Unmarshal(lines.Bytes(), &i) != nil {
			continue // a line that a crash cut off: its import was not done, as the line comes first
		}
		all = append(all, i)
	}
	for at := range all {
		for n := range all {
			if all[at].Undoes == all[n].ID && all[at].Undoes != "" {
				all[n].Undone = true
			}
		}
	}
	last := map[string]bool{}
	for at := len(all) - 1; at >= 0; at-- {
		if i := &all[at]; i.Undoes == "" && !i.Undone && !last[i.File] {
			i.Last, last[i.File] = true, true
		}
	}
	return all, nil
}

// note adds a line to the log.
func note(root *os.Root, line []byte) error {
	file, err := root.OpenFile(log, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o660)
	if err != nil {
		return unwritable(log, err)
	}
	line = append(line, '\n')
	last := []byte{'\n'}
	if info, err := file.Stat(); err == nil && info.Size() > 0 {
		_, _ = file.ReadAt(last, info.Size()-1) // what cannot be read is taken for a whole line
	}
	if last[0] != '\n' { // a crash cut the line before off
		line = append([]byte{'\n'}, line...)
	}
	_, err = file.Write(line)
	return unwritable(log, errors.Join(err, file.Sync(), file.Close()))
}
