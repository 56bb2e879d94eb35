package intake

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"outreach.example/campaign"
	"outreach.example/donor"
)

// One contact that is changed by hand is written, logged and taken back as an import is, and whoever changed it counts as an
// author of what follows.
func TestContactByHand(t *testing.T) {
	f := project(t)
	rows, base, err := f.Contacts("KEN")
	if err != nil || len(rows) != 1 || rows[0]["name"] != "Ada Alder" {
		t.Fatal(rows, err)
	}
	edit := donor.ContactEdit{Donor: "KEN", Email: rows[0]["email"], First: true, Cells: map[string]string{"name": "Ada Aspen"}}
	p, now, err := f.ProposeContact(edit)
	if err != nil || now != base || p.Refuses() {
		t.Fatal(now, err, p.Faults)
	}
	i, err := f.Take("Ada (console)", "a new name", "", p, base)
	if err != nil || i.From() != "by hand" || i.Before() != "before it was changed by hand" || i.Changed != 1 {
		t.Errorf("%+v, %v", i, err)
	}
	if got := file(t, f); got != strings.Replace(table, "Ada Alder", "Ada Aspen", 1) {
		t.Errorf("after the change: %q", got)
	}
	all, _, err := f.Settled()
	if who := Since(all, ""); err != nil || !slices.Equal(who, []string{"Ada (console)"}) {
		t.Errorf("authors: %v, %v", who, err)
	}
	_, err = f.Take("Bea (console)", "another name", "", p, base) // who read the older version
	refusedWith(t, err, "was changed since this difference was shown")
	if _, err := f.Undo("Ada (console)", i.ID); err != nil {
		t.Fatal(err)
	}
	if got := file(t, f); got != table {
		t.Errorf("after the undo: %q", got)
	}
}

// A holiday goes into the file of its place, which is made where there is none; the way back leaves all as it was, file by file.
func TestHolidayByHand(t *testing.T) {
	f := project(t)
	geneva := filepath.Join(f.Dir, "holidays", "geneva.yaml")
	if places, err := f.HolidayPlaces(); err != nil || !slices.Contains(places, "geneva") || !slices.Contains(places, "organisation") {
		t.Errorf("places: %v, %v", places, err)
	}
	add := func(place, day string) Import {
		t.Helper()
		d, err := donor.ParseDate(day)
		if err != nil {
			t.Fatal(err)
		}
		p, err := f.ProposeHoliday(campaign.NewHoliday{Place: place, From: d, Name: "A day", Whole: true})
		if err != nil || p.Faults.Refuses() {
			t.Fatal(err, p.Faults)
		}
		i, err := f.TakeHoliday("Ada (console)", "the decree of May", p, p.Base)
		if err != nil {
			t.Fatal(err)
		}
		_, err = f.TakeHoliday("Bea (console)", "the same", p, p.Base)
		refusedWith(t, err, "was changed since this difference was shown")
		return i
	}
	first := add("geneva", "2026-12-12")
	second := add("geneva", "2026-06-12")
	other := add("KEN", "2026-06-01")
	b, err := os.ReadFile(geneva)
	if err != nil || second.Rows != 2 || strings.Count(string(b), "- {day: ") != 2 {
		t.Errorf("%+v: %s, %v", second, b, err)
	}
	_, err = f.Undo("Bea (console)", first.ID)
	refusedWith(t, err, "only the last import of holidays/geneva can be taken back")
	for _, i := range []Import{second, other, first} { // each file has a last one of its own
		if _, err := f.Undo("Bea (console)", i.ID); err != nil {
			t.Fatal(err)
		}
	}
	if left, err := os.ReadDir(filepath.Dir(geneva)); err != nil || len(left) != 0 {
		t.Errorf("%v stay, %v", left, err)
	}
}

// A file of holidays that lies outside the project is not written.
func TestHolidayNothingOutside(t *testing.T) {
	f := project(t)
	outside := t.TempDir()
	if err := os.Symlink(outside, filepath.Join(f.Dir, "holidays")); err != nil {
		t.Fatal(err)
	}
	p, err := f.ProposeHoliday(campaign.NewHoliday{Place: "geneva", From: donor.Date{Year: 2026, Month: 5, Day: 1}, Name: "A day", Whole: true})
	if err == nil {
		_, err = f.TakeHoliday("Ada", "why", p, p.Base)
	}
	if left, _ := os.ReadDir(outside); err == nil || len(left) != 0 {
		t.Errorf("written outside: %v, %v", left, err)
	}
}
