package campaign

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"outreach.example/donor"
)

const placedFile = `schedule:
  start: 2026-11-02
  place: PLACE
  hours: "HOURS"
  holidays: [2026-12-25]
`

// ofPlace is the campaign of the tests with letters that leave by place.
func ofPlace(t testing.TB, place, hours string, files map[string]string) (*Campaign, donor.Faults) {
	t.Helper()
	whole := read(t, "testdata/campaign.yaml")
	at := strings.Index(whole, "\nschedule:")
	end := strings.Index(whole, "\nsteps:")
	if at < 0 || end < 0 {
		t.Fatal("the campaign of the tests has no schedule")
	}
	file := whole[:at+1] + strings.NewReplacer("PLACE", place, "HOURS", hours).Replace(placedFile) + whole[end+1:]
	c, faults := Parse("resilience", "campaign.yaml", []byte(file))
	if c != nil {
		faults = append(faults, c.ReadPlaces(files)...)
	}
	return c, faults
}

// A letter to any capital leaves in its window, on no weekend, holiday or quiet day of the place, at the first such moment there
// is, and never earlier for a later beginning: over two years, with all changes of clocks.
func TestEveryCapital(t *testing.T) {
	files := map[string]string{
		"holidays/organisation.yaml": "years: [2026, 2027]\ndays:\n  - {day: 2026-12-24, until: 2026-12-31, name: \"Office closed\"}\n",
		"holidays/KEN.yaml":          "years: [2026, 2027, 2028]\ndays:\n  - {day: 2026-12-12, name: \"Jamhuri Day\"}\n  - {day: 2027-06-01, name: \"Madaraka Day\"}\n",
	}
	c, faults := ofPlace(t, "capital", "08:30-17:00", files)
	if faults.Refuses() {
		t.Fatal(faults)
	}
	states := donor.Registry().All()
	if len(states) < 175 {
		t.Fatalf("%d States", len(states))
	}
	from := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC).Unix()
	rapid.Check(t, func(t *rapid.T) {
		d := rapid.SampledFrom(states).Draw(t, "state")
		at := time.Unix(from+rapid.Int64Range(0, 2*366*24*3600).Draw(t, "second"), 0)
		p, ok := c.PlaceOf(&d)
		if !ok {
			t.Fatalf("%s has no capital", d.ID)
		}
		s := c.ScheduleOf(&d)
		reads := func(at time.Time) bool { // by the clock on the wall, without the code that is tested
			local := at.In(p.Zone)
			for _, off := range weekends[p.Weekend] {
				if local.Weekday() == off {
					return false
				}
			}
			switch day := local.Format("2006-01-02"); {
			case day < "2026-11-02", day == "2026-12-25", day >= "2026-12-24" && day <= "2026-12-31":
				return false
			case d.ID == "KEN" && (day == "2026-12-12" || day == "2027-06-01"):
				return false
			}
			shown := local.Format("15:04:05")
			return shown >= "08:30:00" && shown < "17:00:00"
		}
		opens := s.Opening(at)
		if !reads(opens) || opens.Before(at) {
			t.Fatalf("%s: from %s it leaves %s", d.ID, at.In(p.Zone), opens.In(p.Zone))
		}
		for earlier := at; earlier.Before(opens); earlier = earlier.Add(7 * time.Minute) {
			if reads(earlier) {
				t.Fatalf("%s: from %s it leaves %s, and %s would do", d.ID, at.In(p.Zone), opens.In(p.Zone), earlier.In(p.Zone))
			}
		}
		if s.IsOpen(at) != reads(at) {
			t.Fatalf("%s: open at %s: %v", d.ID, at.In(p.Zone), s.IsOpen(at))
		}
		later := at.Add(time.Duration(rapid.Int64Range(0, 72*3600).Draw(t, "later")) * time.Second)
		if s.Opening(later).Before(opens) {
			t.Fatalf("%s: %s gives %s, and %s gives %s", d.ID, at, opens, later, s.Opening(later))
		}
		// Working days are days of the wall calendar on which somebody reads, whatever the clocks did in between.
		n := rapid.IntRange(1, 30).Draw(t, "working days")
		next, counted := s.After(opens, n), 0
		for day := donor.DateOf(opens.In(p.Zone)).AddDays(1); !donor.DateOf(next.In(p.Zone)).Before(day); day = day.AddDays(1) {
			if reads(day.In(p.Zone).Add(12*time.Hour)) || reads(day.In(p.Zone).Add(11*time.Hour)) {
				counted++
			}
		}
		if counted != n || !reads(next) {
			t.Fatalf("%s: %d working days after %s is %s, which is %d", d.ID, n, opens.In(p.Zone), next.In(p.Zone), counted)
		}
	})
}

// Faults of places and holidays come with their file, line and what to do.
func TestPlaceFaults(t *testing.T) {
	for _, tt := range []struct {
		name, place, file, content, want string
	}{
		{"no such place", "genva", "", "", `campaign.yaml:28:10: schedule.place: there is no place "genva": did you mean "geneva"?`},
		{"a file of no place", "geneva", "holidays/genf.yaml", "years: [2026]\ndays: []\n", `holidays/genf.yaml:1:1: there is no place "genf": name the file after a place`},
		{"a year that is not named", "geneva", "holidays/geneva.yaml", "years: [2026]\ndays: [{day: 2027-01-01, name: \"New Year\"}]\n", `holidays/geneva.yaml:1:1: years: 2027 is not among them`},
		{"no name", "geneva", "holidays/geneva.yaml", "years: [2026]\ndays:\n  - {day: 2026-12-25}\n", `holidays/geneva.yaml:3:5: days: key "name" is missing: add name: "Christmas Day"`},
		{"out of order", "geneva", "holidays/geneva.yaml", "years: [2026]\ndays:\n  - {day: 2026-12-25, name: A}\n  - {day: 2026-12-24, name: B}\n", `holidays/geneva.yaml:4:5: days: 2026-12-24 stands after 2026-12-25: put the days in order`},
		{"the wrong way round", "geneva", "holidays/geneva.yaml", "years: [2026]\ndays:\n  - {day: 2026-12-25, until: 2026-12-24, name: A}\n", `until: 2026-12-24 is before the day, 2026-12-25`},
		{"the wrong year", "geneva", "holidays/geneva.yaml", "years: [2026]\ndays:\n  - {day: 2026-12-25, until: 2027-12-26, name: A}\n", `more than 60 days after`},
		{"no such zone", "geneva", "places.yaml", "places:\n  - {id: x, name: X, zone: Mars/Base, weekend: sun}\n", `places.yaml:2:28: places.zone:`},
		{"no such weekend", "geneva", "places.yaml", "places:\n  - {id: x, name: X, zone: UTC, weekend: mon}\n", `places.weekend: "mon" is no weekend: write sat-sun, fri-sat`},
		{"twice", "geneva", "places.yaml", "places:\n  - {id: x, name: X, zone: Asia/Tokyo, weekend: sun}\n  - {id: x, name: Y, zone: Asia/Tokyo, weekend: sun}\n", `places.yaml:3:5: places: id: x is here twice, first in line 2: keep one`},
		{"another meaning", "geneva", "places.yaml", "places:\n  - {id: capital, name: X, zone: Asia/Tokyo, weekend: sun}\n", `id: capital means something else: choose another`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			files := map[string]string{}
			if tt.file != "" {
				files[tt.file] = tt.content
			}
			_, faults := ofPlace(t, tt.place, "08:30-17:00", files)
			if !faults.Refuses() || !strings.Contains(faults.Error(), tt.want) {
				t.Errorf("%v\nwant %s", faults, tt.want)
			}
		})
	}
	c, _ := Parse("resilience", "campaign.yaml", []byte(strings.Replace(read(t, "testdata/campaign.yaml"), "  zone:", "  place: geneva\n  zone:", 1)))
	if c == nil {
		t.Fatal("no campaign")
	}
	_, faults := Parse("resilience", "campaign.yaml", []byte(strings.Replace(read(t, "testdata/campaign.yaml"), "  zone:", "  place: geneva\n  zone:", 1)))
	if !strings.Contains(faults.Error(), "schedule.zone: is of the place where a letter is read, and schedule.place names it: remove this, or the place") {
		t.Errorf("%v", faults)
	}
}

// A contact's own place counts, one that there is not is named with its line, and places without holidays are told together.
func TestContactsInPlaces(t *testing.T) {
	c, faults := ofPlace(t, "geneva", "08:30-17:00", map[string]string{
		"holidays/geneva.yaml": "years: [2026]\ndays: []\n",
		"places.yaml":          "places:\n  - {id: suva, name: Suva, zone: Pacific/Fiji, weekend: sat-sun, hours: \"09:00-12:00\"}\n",
	})
	if faults.Refuses() {
		t.Fatal(faults)
	}
	contact := func(id, place string, line int) donor.Donor {
		s, _ := donor.Registry().State(id)
		s.Contacts = []donor.Contact{{Place: place, File: "contacts.csv", Line: line}}
		return s
	}
	donors := []donor.Donor{contact("KEN", "", 2), contact("FJI", "suva", 3), contact("JOR", "capital", 4), contact("NOR", "oslo", 5), {ID: "fund", Contacts: []donor.Contact{{Place: "capital", File: "contacts.csv", Line: 6}}}}
	begin := time.Date(2026, 11, 28, 0, 0, 0, 0, time.UTC) // a Saturday
	for i, want := range []string{"2026-11-30 08:30 CET", "2026-11-30 09:00 +12", "2026-11-29 08:30 +03"} {
		s := c.ScheduleOf(&donors[i])
		if got := s.Opening(begin).In(s.Place()).Format("2006-01-02 15:04 MST"); got != want {
			t.Errorf("%s: %s, want %s", donors[i].ID, got, want)
		}
	}
	found := c.CheckPlaces(donors, begin).Error()
	for _, want := range []string{
		`contacts.csv:5: place: there is no place "oslo"`, `contacts.csv:6: place: fund belongs to no State, so it has no capital`,
		"warning: schedule.place: the holidays of 2026 are not known for JOR, suva: letters may leave on one; write them into holidays/PLACE.yaml",
		"the holidays of 2027 are not known for JOR, geneva, suva",
	} {
		if !strings.Contains(found, want) {
			t.Errorf("%s\ndoes not say %s", found, want)
		}
	}
}
