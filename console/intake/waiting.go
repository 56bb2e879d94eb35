package intake

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"outreach.example/donor"
	"outreach.example/ledger"
)

// A Waiting is what somebody brought and has not confirmed.
type Waiting struct {
	ID      string    `json:"id"`
	At      time.Time `json:"at"`
	Who     string    `json:"who"`
	Table   string    `json:"table"`
	Name    string    `json:"name"` // of the file, as its owner named it
	Replace bool      `json:"replace"`
	Content []byte    `json:"content"`
}

// longest is how long something waits.
const longest = 24 * time.Hour

var idForm = regexp.MustCompile(`^[a-z0-9]{26}$`)

// Keep keeps what somebody brings until they confirm it. What cannot be read as a table is not kept. Whoever brings another
// one for the same table does not mean the first any more.
func (f Folder) Keep(who, table, name string, replace bool, content []byte) (Waiting, donor.Faults, error) {
	w := Waiting{strings.ToLower(rand.Text()), f.Now().UTC(), who, table, Name(name), replace, content}
	if !slices.Contains(donor.Tables, table) {
		return w, nil, ledger.Refusal("only contacts and contributions are imported")
	}
	if _, faults := donor.ReadSheet(table, w.Name, content); faults.Refuses() {
		return w, faults, nil
	}
	root, err := f.open()
	if err != nil {
		return w, nil, err
	}
	defer root.Close()
	if err := f.make(root, waiting); err != nil {
		return w, nil, err
	}
	f.forget(root, func(old Waiting) bool { return old.Who == who && old.Table == table })
	b, err := json.Marshal(w)
	if err != nil {
		return w, nil, err
	}
	return w, nil, put(root, waiting+"/"+w.ID, b, 0o600) // personal data: nobody else's to read
}

// Waiting is what somebody brought, by its id. What another person brought is not there.
func (f Folder) Waiting(who, id string) (Waiting, error) {
	missing := ledger.Refusal("this file waits no longer: it was imported, thrown away, replaced by another, or is older than a day; bring it again")
	root, err := f.open()
	if err != nil {
		return Waiting{}, err
	}
	defer root.Close()
	w, ok := read(root, id)
	if !ok || w.Who != who || f.Now().Sub(w.At) > longest {
		return Waiting{}, missing
	}
	return w, nil
}

// Drop throws away what somebody brought.
func (f Folder) Drop(who, id string) error {
	if _, err := f.Waiting(who, id); err != nil {
		return err
	}
	root, err := f.open()
	if err != nil {
		return err
	}
	defer root.Close()
	if err := root.Remove(waiting + "/" + id); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return unwritable(waiting, err)
	}
	return nil
}

func read(root *os.Root, id string) (w Waiting, ok bool) {
	if !idForm.MatchString(id) {
		return w, false
	}
	b, err := root.ReadFile(waiting + "/" + id)
	return w, err == nil && json.Unmarshal(b, &w) == nil
}

// forget removes what is too old, and what is not meant any more. What cannot be removed now is tried again with the next.
func (f Folder) forget(root *os.Root, meant func(Waiting) bool) {
	entries, err := fs.ReadDir(root.FS(), waiting)
	if err != nil {
		return
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			continue
		}
		w, ok := read(root, e.Name())
		if !ok && time.Since(info.ModTime()) < longest {
			continue // another process may be writing it
		}
		if !ok || f.Now().Sub(w.At) > longest || meant(w) {
			_ = root.Remove(waiting + "/" + e.Name())
		}
	}
}

// Name is what a file is called, without its folders and without what cannot be seen; "" for none.
func Name(s string) string {
	if s == "" {
		return ""
	}
	s = path.Base(strings.ReplaceAll(s, `\`, "/"))
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '_'
		}
		return r
	}, strings.ToValidUTF8(s, "_"))
	if r := []rune(s); len(r) > 80 {
		s = string(r[:60]) + "…" + string(r[len(r)-15:])
	}
	return s
}
