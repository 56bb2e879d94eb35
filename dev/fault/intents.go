package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"outreach.example/ledger/intent"
	"outreach.example/letter"
)

// intents is the folder of the lab's intent files.
func (l *lab) intents() string { return filepath.Join(l.dir, "intents") }

// intended compares the witness with the intent files: no letter was taken whose intent does not stand in one, and none
// of which a file says that its dot was never written.
func (l *lab) intended(f *finding, e evidence) error {
	folders, err := filepath.Glob(l.dir + "/lost-*") // which the house has no more, and the checker has
	if err != nil {
		return err
	}
	var files []string
	for _, dir := range append(folders, l.intents()) {
		some, err := intent.Files(dir)
		if err != nil && !errors.Is(err, fs.ErrNotExist) { // no worker ever began
			return err
		}
		files = append(files, some...)
	}
	type key struct {
		id    letter.ID
		bytes string
	}
	known := map[key]intent.Trace{}
	for _, name := range files {
		c, err := readIntents(name)
		if err != nil {
			return err
		}
		if !c.Whole() {
			f.wrong = append(f.wrong, fmt.Sprintf("intent file %s: %s", filepath.Base(name), c.Damage))
		}
		for _, t := range c.Traces {
			if t.Intended {
				known[key{t.Letter, t.Intent.ByteHash}] = t
			}
		}
	}
	for id, copies := range e.copies {
		for _, c := range copies {
			t, ok := known[key{id, c.Hash}]
			switch {
			case !ok:
				f.wrong = append(f.wrong, fmt.Sprintf("%s: the witness took bytes %.10s whose intent stands in no file", id, c.Hash))
			case t.Never:
				f.wrong = append(f.wrong, fmt.Sprintf("%s: the witness took bytes %.10s, and an intent file says that the dot was never written", id, c.Hash))
			case t.Outcome != "" && t.Outcome != letter.Sent && t.Outcome != letter.InDoubt:
				f.wrong = append(f.wrong, fmt.Sprintf("%s: the witness took bytes %.10s, and an intent file says %s", id, c.Hash, t.Outcome))
			}
		}
	}
	return nil
}

func readIntents(name string) (*intent.Content, error) {
	r, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }()
	return intent.Read(r)
}
