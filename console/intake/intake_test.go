package intake

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"outreach.example/donor"
	"outreach.example/ledger"
)

const (
	table  = "donor,email,rank,name,gender,verified\nKEN,mission@ken.example,ambassador,Ada Alder,f,2026-11-02\n"
	newRow = "donor,email,rank,name,gender,verified\nNOR,mission@nor.example,ambassador,Ben Birch,m,2026-11-02\n"
)

// A project is a folder with one contact, whose clock moves by a second with each look.
func project(t *testing.T) Folder {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "contacts.csv"), []byte(table), 0o640); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	now := time.Date(2026, time.November, 24, 9, 0, 0, 0, time.UTC)
	return Folder{Dir: dir, Fresh: donor.Fresh, Now: func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		now = now.Add(time.Second)
		return now
	}}
}

func propose(t *testing.T, f Folder, content string) (*donor.Proposal, string) {
	t.Helper()
	s, faults := donor.ReadSheet("contacts", "new.csv", []byte(content))
	if faults.Refuses() {
		t.Fatal(faults)
	}
	p, base, err := f.Propose("contacts", s, donor.Guess("contacts", s.Head), false)
	if err != nil {
		t.Fatal(err)
	}
	return p, base
}

func take(t *testing.T, f Folder, content string) Import {
	t.Helper()
	p, base := propose(t, f, content)
	i, err := f.Take("Ada (console)", "a new list", `C:\lists\new.csv`, p, base)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func file(t *testing.T, f Folder) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(f.Dir, "contacts.csv"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return string(b)
}

func refusedWith(t *testing.T, err error, want string) {
	t.Helper()
	var refusal ledger.Refusal
	if !errors.As(err, &refusal) || !strings.Contains(err.Error(), want) {
		t.Errorf("refused with %v, want %q", err, want)
	}
}

// An import and its undoing leave the file as it was, byte for byte, and both are written down.
func TestTakeAndUndo(t *testing.T) {
	f := project(t)
	first := take(t, f, newRow)
	if got := file(t, f); !strings.Contains(got, "NOR,mission@nor.example") || !strings.HasPrefix(got, table) {
		t.Errorf("after the import: %q", got)
	}
	if info, err := os.Stat(filepath.Join(f.Dir, "contacts.csv")); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("its mode is %v, %v", info.Mode(), err)
	}
	second := take(t, f, strings.Replace(newRow, "Ben Birch", "Cia Cedar", 1))
	_, err := f.Undo("Bea (console)", first.ID)
	refusedWith(t, err, "only the last import of contacts can be taken back")
	if _, err := f.Undo("Bea (console)", second.ID); err != nil {
		t.Fatal(err)
	}
	_, err = f.Undo("Bea (console)", second.ID)
	refusedWith(t, err, "was taken back already")
	if got := file(t, f); !strings.Contains(got, "Ben Birch") {
		t.Errorf("after the undo: %q", got)
	}
	if _, err := f.Undo("Bea (console)", first.ID); err != nil {
		t.Fatal(err)
	}
	if got := file(t, f); got != table {
		t.Errorf("after both: %q", got)
	}
	all, err := f.Imports()
	if err != nil || len(all) != 4 {
		t.Fatalf("the log holds %d, %v", len(all), err)
	}
	oldest := all[3]
	if oldest.Who != "Ada (console)" || oldest.Brought != "new.csv" || oldest.Added != 1 || oldest.Rows != 2 || !oldest.Undone || oldest.Last {
		t.Errorf("the first import is %+v", oldest)
	}
	if kept, err := os.ReadFile(filepath.Join(f.Dir, oldest.Kept)); err != nil || string(kept) != table {
		t.Errorf("kept: %q, %v", kept, err)
	}
	if all[0].Undoes != first.ID || all[0].Rows != 1 || all[0].Removed != 1 {
		t.Errorf("the last line is %+v", all[0])
	}
}

// Everybody who made the tables what they are since an import counts as their author, but for what was taken back since.
func TestSince(t *testing.T) {
	f := project(t)
	since := func(id, want string) (last string) {
		t.Helper()
		all, last, err := f.Settled()
		who := Since(all, id)
		if err != nil || strings.Join(who, ", ") != want {
			t.Errorf("since %q: %q, %v, want %q", id, who, err, want)
		}
		return last
	}
	if last := since("", ""); last != "" {
		t.Errorf("the last of none is %q", last)
	}
	first := take(t, f, newRow)
	if last := since("", "Ada (console)"); last != first.ID {
		t.Errorf("the last is %q, want %q", last, first.ID)
	}
	since(first.ID, "")
	second := take(t, f, strings.Replace(newRow, "Ben Birch", "Cia Cedar", 1))
	if _, err := f.Undo("Bea (console)", second.ID); err != nil {
		t.Fatal(err)
	}
	since(first.ID, "")                  // it came and went
	since(second.ID, "Bea (console)")    // it was there, and she took it back
	since("a log lost", "Ada (console)") // all that is left of it
}

// While somebody imports, the last import may not be in the files yet.
func TestSettledWhileSomebodyImports(t *testing.T) {
	f := project(t)
	first := take(t, f, newRow)
	take(t, f, strings.Replace(newRow, "Ben Birch", "Cia Cedar", 1))
	if err := os.Mkdir(filepath.Join(f.Dir, "imports", "lock"), 0o700); err != nil {
		t.Fatal(err)
	}
	if all, last, err := f.Settled(); err != nil || len(all) != 2 || last != first.ID {
		t.Errorf("settled are %d up to %q, %v, want two up to %q", len(all), last, err, first.ID)
	}
}

// Where there was no table, one is made, and gone after the undo.
func TestFirstTable(t *testing.T) {
	f := project(t)
	if err := os.Remove(filepath.Join(f.Dir, "contacts.csv")); err != nil {
		t.Fatal(err)
	}
	i := take(t, f, newRow)
	if got := file(t, f); got != "\ufeff"+newRow {
		t.Errorf("made: %q", got)
	}
	if _, err := f.Undo("Ada", i.ID); err != nil {
		t.Fatal(err)
	}
	if got := file(t, f); got != "" {
		t.Errorf("after the undo: %q", got)
	}
}

// What somebody changed by hand meanwhile is never written over.
func TestChangedMeanwhile(t *testing.T) {
	f := project(t)
	p, base := propose(t, f, newRow)
	by := table + "FRA,mission@fra.example,office,,,\n"
	write := func(content string) {
		if err := os.WriteFile(filepath.Join(f.Dir, "contacts.csv"), []byte(content), 0o640); err != nil {
			t.Fatal(err)
		}
	}
	write(by)
	_, err := f.Take("Ada", "a new list", "new.csv", p, base)
	refusedWith(t, err, "was changed since this difference was shown")
	i := take(t, f, newRow)
	write(by + "\n")
	_, err = f.Undo("Ada", i.ID)
	refusedWith(t, err, "was changed after this import, and nothing was taken back")
	if got := file(t, f); got != by+"\n" {
		t.Errorf("the file is %q", got)
	}
	write(table)
	p, base = propose(t, f, table)
	_, err = f.Take("Ada", "a new list", "new.csv", p, base)
	refusedWith(t, err, "nothing would change")
}

// Of many who import at the same moment from the same table, one does; the others are told.
func TestAtTheSameMoment(t *testing.T) {
	f := project(t)
	done := make(chan error, 8)
	p, base := propose(t, f, newRow)
	for range cap(done) {
		go func() {
			_, err := f.Take("Ada", "a new list", "new.csv", p, base)
			done <- err
		}()
	}
	taken := 0
	for range cap(done) {
		err := <-done
		var refusal ledger.Refusal
		switch {
		case err == nil:
			taken++
		case !errors.As(err, &refusal):
			t.Error(err)
		}
	}
	all, err := f.Imports()
	if taken != 1 || len(all) != 1 || err != nil {
		t.Errorf("%d of them wrote, the log has %d, %v", taken, len(all), err)
	}
	if _, err := os.Stat(filepath.Join(f.Dir, lock)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the lock stays: %v", err)
	}
}

// A lock that a process left when it died is taken over; a line of the log that it left half is no import.
func TestAfterADeath(t *testing.T) {
	f := project(t)
	if err := os.MkdirAll(filepath.Join(f.Dir, lock), 0o770); err != nil {
		t.Fatal(err)
	}
	p, base := propose(t, f, newRow)
	_, err := f.Take("Ada", "a new list", "new.csv", p, base)
	refusedWith(t, err, "somebody else imports at this moment")
	long := time.Now().Add(-2 * mostHeld)
	if err := os.Chtimes(filepath.Join(f.Dir, lock), long, long); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(f.Dir, log), []byte(`{"id":"2026`), 0o660); err != nil {
		t.Fatal(err)
	}
	take(t, f, newRow)
	if all, err := f.Imports(); err != nil || len(all) != 1 {
		t.Errorf("the log has %d, %v", len(all), err)
	}
}

// A link out of the project folder is not followed, and who may not write is told what to do.
func TestNothingOutside(t *testing.T) {
	f := project(t)
	outside := filepath.Join(t.TempDir(), "theirs.csv")
	if err := os.WriteFile(outside, []byte(table), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(f.Dir, "contacts.csv")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(f.Dir, "contacts.csv")); err != nil {
		t.Fatal(err)
	}
	s, _ := donor.ReadSheet("contacts", "new.csv", []byte(newRow))
	p, base, err := f.Propose("contacts", s, donor.Guess("contacts", s.Head), false)
	if err == nil {
		_, err = f.Take("Ada", "a new list", "new.csv", p, base)
	}
	if err == nil {
		t.Error("a table outside was written")
	}
	if b, _ := os.ReadFile(outside); string(b) != table {
		t.Errorf("theirs is %q", b)
	}
	for _, id := range []string{"../contacts.csv", "", strings.Repeat("a", 26), "../../etc/passwd"} {
		_, err := f.Waiting("Ada", id)
		refusedWith(t, err, "this file waits no longer")
	}
}

// What somebody brought is theirs alone, for a day, and gives way to what they bring next.
func TestWaiting(t *testing.T) {
	f := project(t)
	first, faults, err := f.Keep("Ada", "contacts", "../../new\x00.csv", true, []byte(newRow))
	if err != nil || faults != nil || first.Name != "new_.csv" {
		t.Fatalf("%+v, %v, %v", first.Name, faults, err)
	}
	if info, err := os.Stat(filepath.Join(f.Dir, waiting, first.ID)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("kept as %v, %v", info, err)
	}
	_, err = f.Waiting("Bea", first.ID)
	refusedWith(t, err, "this file waits no longer")
	refusedWith(t, f.Drop("Bea", first.ID), "this file waits no longer")
	got, err := f.Waiting("Ada", first.ID)
	if err != nil || string(got.Content) != newRow || !got.Replace {
		t.Errorf("%+v, %v", got, err)
	}
	second, _, err := f.Keep("Ada", "contacts", "next.csv", false, []byte(newRow))
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.Waiting("Ada", first.ID)
	refusedWith(t, err, "this file waits no longer")
	late := f
	late.Now = func() time.Time { return f.Now().Add(longest) }
	_, err = late.Waiting("Ada", second.ID)
	refusedWith(t, err, "this file waits no longer")
	if _, faults, _ := f.Keep("Ada", "contacts", "x.csv", false, []byte("\x00")); !faults.Refuses() {
		t.Error("no table was kept")
	}
	_, _, err = f.Keep("Ada", "donors", "x.csv", false, []byte(newRow))
	refusedWith(t, err, "only contacts and contributions")
	if _, _, err := late.Keep("Bea", "contacts", "bea.csv", false, []byte(newRow)); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(filepath.Join(f.Dir, waiting))
	if err != nil || len(left) != 1 {
		t.Errorf("%d wait, %v", len(left), err)
	}
}
