// Package intake takes what somebody brings into the project folder: a table, one row changed by hand, a holiday. It keeps what
// was brought until it is confirmed, writes the folder's own file whole or not at all, keeps the version before, and takes an
// import back. What rows and days mean is for donor and campaign to say; an import changes no letter before the campaign is
// planned and approved anew.
//
// All of its own lies in the folder imports of the project:
//
//	imports/log.jsonl           one line for each import, and for each that was taken back
//	imports/before/STAMP-FILE   the versions before
//	imports/waiting/ID          what was brought and is not confirmed; it goes after a day
package intake

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"outreach.example/donor"
	"outreach.example/ledger"
)

const (
	folder  = "imports"
	log     = folder + "/log.jsonl"
	before  = folder + "/before"
	waiting = folder + "/waiting"
	lock    = folder + "/lock"
)

// A Folder is a project folder.
type Folder struct {
	Dir   string
	Now   func() time.Time
	Fresh int // days for which a contact is believed, a setting
}

// Propose says what the table becomes with what was brought, and as what the table was read: Take wants it again.
func (f Folder) Propose(table string, s donor.Sheet, m donor.Mapping, replace bool) (p *donor.Proposal, base string, err error) {
	root, err := f.open()
	if err != nil {
		return nil, "", err
	}
	defer root.Close()
	p = donor.Propose(root.FS(), donor.DateOf(f.Now()), f.Fresh, table, s, m, replace)
	return p, baseOf(p), nil
}

// baseOf is as what the table was read.
func baseOf(p *donor.Proposal) string {
	if content, ok := p.Before(); ok {
		return hash(content)
	}
	return ""
}

// Table is a table of the folder as CSV for a spreadsheet, to be changed there and brought back; ok is false where there is
// none.
func (f Folder) Table(table string) (content []byte, ok bool, err error) {
	root, err := f.open()
	if err != nil {
		return nil, false, err
	}
	defer root.Close()
	s, faults := donor.ReadTable(root.FS(), table)
	if faults.Refuses() {
		return nil, false, faults
	}
	b := bytes.NewBufferString("\ufeff") // Excel takes a CSV file without the mark for one of its own country's
	w := csv.NewWriter(b)
	write := func(cells []string) {
		safe := make([]string, len(cells))
		for i, c := range cells {
			safe[i] = donor.Cell(c)
		}
		_ = w.Write(safe) // into memory
	}
	write(s.Head)
	for _, r := range s.Rows {
		write(r.Cells)
	}
	w.Flush()
	return b.Bytes(), s.File != "", nil
}

// Take writes what was proposed, unless the table changed since.
func (f Folder) Take(who, why, brought string, p *donor.Proposal, base string) (Import, error) {
	switch {
	case p.Refuses():
		return Import{}, p.Faults
	case len(p.Changes) == 0:
		return Import{}, ledger.Refusal(fmt.Sprintf("nothing would change: %s has all of it already", p.File))
	}
	content, err := p.Content()
	if err != nil {
		return Import{}, err
	}
	i := Import{
		Who: who, Why: why, Table: p.Table, File: p.File, Brought: Name(brought),
		Added: p.Count("added"), Changed: p.Count("changed"), Removed: p.Count("removed"), Rows: p.Total(),
	}
	return f.write(i, content, base)
}

// write writes a file of the project, unless it is another one than the base.
func (f Folder) write(i Import, content []byte, base string) (Import, error) {
	i.ID, i.At = f.stamp(), f.Now().UTC()
	root, err := f.open()
	if err != nil {
		return i, err
	}
	defer root.Close()
	unlock, err := f.lock(root)
	if err != nil {
		return i, err
	}
	defer unlock()
	now, err := sum(root, i.File)
	if err != nil {
		return i, err
	}
	if now != base {
		return i, ledger.Refusal(fmt.Sprintf("%s was changed since this difference was shown, and nothing was written: look at the difference again", i.File))
	}
	return i, f.change(root, &i, content)
}

// Undo takes the last import of a table back: the version before it is the file again.
func (f Folder) Undo(who, id string) (Import, error) {
	root, err := f.open()
	if err != nil {
		return Import{}, err
	}
	defer root.Close()
	unlock, err := f.lock(root)
	if err != nil {
		return Import{}, err
	}
	defer unlock()
	all, err := imports(root)
	if err != nil {
		return Import{}, err
	}
	at := slices.IndexFunc(all, func(i Import) bool { return i.ID == id })
	if at < 0 {
		return Import{}, ledger.Refusal(fmt.Sprintf("there is no import %s", donor.Quote(id)))
	}
	was := all[at]
	switch {
	case was.Undone:
		return was, ledger.Refusal("this import was taken back already")
	case !was.Last:
		return was, ledger.Refusal(fmt.Sprintf("only the last import of %s can be taken back", strings.TrimSuffix(was.File, path.Ext(was.File))))
	}
	now, err := sum(root, was.File)
	if err != nil {
		return was, err
	}
	if now != was.Wrote {
		return was, ledger.Refusal(fmt.Sprintf("%s was changed after this import, and nothing was taken back; the version before it is %s", was.File, orNone(was.Kept)))
	}
	var content []byte
	if was.Kept != "" {
		if content, err = root.ReadFile(was.Kept); err != nil {
			return was, unreadable(was.Kept, err)
		}
	}
	i := Import{
		ID: f.stamp(), At: f.Now().UTC(), Who: who, Table: was.Table, File: was.File, Brought: was.Brought,
		Added: was.Removed, Changed: was.Changed, Removed: was.Added, Rows: was.Rows - was.Added + was.Removed, Undoes: was.ID,
	}
	return i, f.change(root, &i, content)
}

func orNone(kept string) string { return cmp.Or(kept, "that there was no such file") }

// change keeps the version before, writes down what is done, and does it: in this order, so that nothing is done that is
// not written down.
func (f Folder) change(root *os.Root, i *Import, content []byte) error {
	old, err := root.ReadFile(i.File)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return unreadable(i.File, err)
	default:
		i.Kept = before + "/" + i.ID + "-" + strings.ReplaceAll(i.File, "/", "-")
		if err := put(root, i.Kept, old, 0o600); err != nil {
			return err
		}
	}
	if content != nil {
		if err := f.make(root, path.Dir(i.File)); err != nil {
			return err
		}
		i.Wrote = hash(content)
	}
	line, err := json.Marshal(i)
	if err != nil {
		return err
	}
	if err := note(root, line); err != nil {
		return err
	}
	if content == nil {
		return unwritable(i.File, root.Remove(i.File))
	}
	mode := fs.FileMode(0o660)
	if info, err := root.Stat(i.File); err == nil {
		mode = info.Mode().Perm()
	}
	return put(root, i.File, content, mode)
}

// put writes a file whole, or leaves it as it is.
func put(root *os.Root, name string, content []byte, mode fs.FileMode) error {
	part := path.Join(path.Dir(name), "."+path.Base(name)+".part")
	file, err := root.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, mode)
	if err != nil {
		return unwritable(name, err)
	}
	_, err = file.Write(content)
	if err = errors.Join(err, file.Chmod(mode), file.Sync(), file.Close()); err == nil {
		err = root.Rename(part, name)
	}
	if err != nil {
		return unwritable(name, errors.Join(err, root.Remove(part)))
	}
	dir, err := root.Open(path.Dir(name))
	if err != nil {
		return unwritable(name, err)
	}
	return unwritable(name, errors.Join(dir.Sync(), dir.Close()))
}

// open opens the project folder; nothing outside can be reached from it.
func (f Folder) open() (*os.Root, error) {
	root, err := os.OpenRoot(f.Dir)
	if err != nil {
		return nil, unreadable("the project folder", err)
	}
	return root, nil
}

// mostHeld is how long an import can take: a lock that is older was left by a process that died.
const mostHeld = time.Minute

// lock makes sure that nobody else writes at the same time, on this machine or another that shares the folder.
func (f Folder) lock(root *os.Root) (unlock func(), err error) {
	if err := f.make(root, before); err != nil {
		return nil, err
	}
	for again := false; ; again = true {
		err := root.Mkdir(lock, 0o770)
		if err == nil {
			return func() { _ = root.Remove(lock) }, nil
		}
		if !errors.Is(err, fs.ErrExist) {
			return nil, unwritable(folder, err)
		}
		info, err := root.Stat(lock)
		if again || err == nil && time.Since(info.ModTime()) < mostHeld {
			return nil, ledger.Refusal("somebody else imports at this moment, and nothing was written: try again")
		}
		_ = root.Remove(lock)
	}
}

func (f Folder) make(root *os.Root, name string) error {
	return unwritable(name, root.MkdirAll(name, 0o770))
}

// stamp names an import: the moment, so that names have its order.
func (f Folder) stamp() string { return f.Now().UTC().Format("20060102T150405.000000000Z") }

func sum(root *os.Root, file string) (string, error) {
	content, err := root.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", unreadable(file, err)
	}
	return hash(content), nil
}

func hash(content []byte) string {
	h := sha256.Sum256(content)
	return hex.EncodeToString(h[:])
}

func unreadable(name string, err error) error {
	return ledger.Refusal(fmt.Sprintf("%s cannot be read: %s", name, reason(err)))
}

func unwritable(name string, err error) error {
	if err == nil {
		return nil
	}
	return ledger.Refusal(fmt.Sprintf("%s cannot be written: %s; nothing was changed: have the operator let the console write the project folder", name, reason(err)))
}

// reason is what an error of the file system says, without the paths of the machine.
func reason(err error) string {
	var p *fs.PathError
	var l *os.LinkError
	switch {
	case errors.As(err, &p):
		return p.Err.Error()
	case errors.As(err, &l):
		return l.Err.Error()
	}
	return err.Error()
}
