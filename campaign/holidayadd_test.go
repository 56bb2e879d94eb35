package campaign

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"outreach.example/donor"
)

func on(t testing.TB, s string) donor.Date {
	t.Helper()
	if s == "" {
		return donor.Date{}
	}
	d, err := donor.ParseDate(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

const genevaFile = "# Geneva, kept by hand.\nyears: [2026] # known\ndays:\n" +
	"  - {day: 2026-01-01, name: \"New Year's Day\"}   # a day off\n  - day: 2026-12-25\n    name: Christmas Day\n# the end\n"

// A holiday stands in its place among the others afterwards, and nothing else in the file has changed.
func TestAddHoliday(t *testing.T) {
	for _, tt := range []struct {
		name, was, place, from, to, called string
		whole                              bool
		want                               string
	}{
		{"between", genevaFile, "geneva", "2026-05-14", "", "Ascension Day", false,
			strings.Replace(genevaFile, "  - day: 2026-12-25", "  - {day: 2026-05-14, name: \"Ascension Day\"}\n  - day: 2026-12-25", 1)},
		{"behind the last, in a new year", genevaFile, "geneva", "2027-01-01", "2027-01-02", `The "first" \ of days: #1`, true,
			strings.NewReplacer("[2026]", "[2026, 2027]", "    name: Christmas Day\n", "    name: Christmas Day\n  - {day: 2027-01-01, until: 2027-01-02, name: \"The \\\"first\\\" \\\\ of days: #1\"}\n").Replace(genevaFile)},
		{"before the first, with Windows lines", strings.ReplaceAll("years: [2026]\ndays:\n- {day: 2026-12-25, name: X}", "\n", "\r\n"), "geneva", "2026-01-01", "", "Y", false,
			strings.ReplaceAll("years: [2026]\ndays:\n- {day: 2026-01-01, name: \"Y\"}\n- {day: 2026-12-25, name: X}", "\n", "\r\n")},
		{"the file does not end its line", "years: [2026]\ndays:\n  - {day: 2026-01-01, name: X}", "geneva", "2026-12-25", "", "Y", false,
			"years: [2026]\ndays:\n  - {day: 2026-01-01, name: X}\n  - {day: 2026-12-25, name: \"Y\"}\n"},
		{"the first of a capital", "", "ken", "2026-12-12", "", "Jamhuri Day", true,
			"# Holidays of KEN: days on which nobody reads letters there.\nyears: [2026]\ndays:\n  - {day: 2026-12-12, name: \"Jamhuri Day\"}\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			files := map[string]string{}
			if tt.was != "" {
				files["holidays/geneva.yaml"] = tt.was
			}
			file, got, faults := AddHoliday(files, NewHoliday{Place: tt.place, From: on(t, tt.from), To: on(t, tt.to), Name: tt.called, Whole: tt.whole})
			if faults.Refuses() {
				t.Fatal(faults)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			if _, faults := Holidays(map[string]string{file: got}); faults.Refuses() {
				t.Error(faults)
			}
		})
	}
}

// What cannot be added is refused at its field, all at once; a file that is kept in another way is left to its owner.
func TestAddHolidayRefuses(t *testing.T) {
	for _, tt := range []struct {
		name, was string
		h         NewHoliday
		from, to  string
		want      string
	}{
		{"no place", "", NewHoliday{Place: "genev", Name: ""}, "", "", "holidays/: place: there is no place \"genev\" (the code of a State stands for its capital): did you mean \"geneva\"?\n" +
			"holidays/: day: write it as YYYY-MM-DD\nholidays/: name: write what the day is, for example Christmas Day"},
		{"a path", "", NewHoliday{Place: "../../etc/passwd", Name: "x"}, "2026-01-01", "", "holidays/: place: there is no place"},
		{"backwards", "", NewHoliday{Place: "geneva", Name: "x"}, "2026-01-02", "2026-01-01", "until: 2026-01-01 is before the day, 2026-01-02"},
		{"too long a row", "", NewHoliday{Place: "geneva", Name: "x"}, "2026-01-02", "2027-01-01", "until: 2027-01-01 is more than 60 days after"},
		{"two lines", "", NewHoliday{Place: "geneva", Name: "x\n- {day: 2026-01-01, name: y}", Whole: true}, "2026-01-02", "", "name: write it on one line"},
		{"too long a name", "", NewHoliday{Place: "geneva", Name: strings.Repeat("n", 10_000), Whole: true}, "2026-01-02", "", "name: keep it to 100 characters"},
		{"there already", genevaFile, NewHoliday{Place: "geneva", Name: "x"}, "2026-12-25", "", "holidays/geneva.yaml:5: day: 2026-12-25 is a holiday there already: Christmas Day"},
		{"a year that is not known", genevaFile, NewHoliday{Place: "geneva", Name: "x"}, "2027-12-25", "", "whole: the holidays of 2027 are not known there yet"},
		{"a file with faults", "years: [2026]\ndays:\n  - {day: 2026-02-30, name: X}\n", NewHoliday{Place: "geneva", Name: "x"}, "2026-12-25", "", "holidays/geneva.yaml:3:11: "},
		{"all on one line", "years: [2026]\ndays: [{day: 2026-01-01, name: X}]\n", NewHoliday{Place: "geneva", Name: "x"}, "2026-12-25", "", "holidays/geneva.yaml: it is written in a way that this cannot add to"},
		{"years one a line", "years:\n  - 2026\ndays:\n  - {day: 2026-01-01, name: X}\n", NewHoliday{Place: "geneva", Name: "x", Whole: true}, "2027-12-25", "", "holidays/geneva.yaml: it is written in a way that this cannot add to"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			files := map[string]string{}
			if tt.was != "" {
				files["holidays/geneva.yaml"] = tt.was
			}
			tt.h.From, tt.h.To = on(t, tt.from), on(t, tt.to)
			_, content, faults := AddHoliday(files, tt.h)
			if !faults.Refuses() || !strings.Contains(faults.Error(), tt.want) {
				t.Errorf("%q, %v, want %s", content, faults, tt.want)
			}
		})
	}
}

// Whatever the file and the name are, what is added without a fault reads as asked for.
func FuzzAddHoliday(f *testing.F) {
	f.Add(genevaFile, "Ascension Day", int16(40))
	f.Add("years: [2026]\ndays: []\n", "\"#: '", int16(400))
	f.Add("days:\n- {day: 2026-01-01, name: X}\nyears: [2026]", "=1+1", int16(0))
	f.Fuzz(func(t *testing.T, was, name string, after int16) {
		files := map[string]string{"holidays/geneva.yaml": was}
		h := NewHoliday{Place: "geneva", From: donor.Date{Year: 2026, Month: 1, Day: 1}.AddDays(int(after)), Name: name, Whole: true}
		before, broken := Holidays(files)
		file, content, faults := AddHoliday(files, h)
		if faults.Refuses() {
			return
		}
		rows, found := Holidays(map[string]string{file: content})
		if broken.Refuses() || found.Refuses() || len(rows) != len(before)+1 {
			t.Fatalf("%q with %q is %q: %v, %v", was, name, content, broken, found)
		}
		for _, r := range rows {
			if r[1] == h.From.String() && r[3] == name {
				return
			}
		}
		t.Fatalf("%q with %q is %q", was, name, content)
	})
}
