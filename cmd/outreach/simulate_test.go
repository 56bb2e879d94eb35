package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"outreach.example/campaign"
	"outreach.example/ledger"
	"outreach.example/letter"
)

// byPlace is the sample project with letters that leave by place, and its two reminders.
func byPlace(t *testing.T, place string, now time.Time) *app {
	t.Helper()
	a := &app{
		getenv: func(string) string { return "" }, in: strings.NewReader(""), out: io.Discard, errs: &bytes.Buffer{},
		now: func() time.Time { return now }, account: "tester", dir: t.TempDir(), as: "ann",
	}
	if _, err := a.writeSample(a.dir); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(a.dir, "holidays")); err != nil { // each test writes its own
		t.Fatal(err)
	}
	rewrite(t, filepath.Join(a.dir, "campaigns", "resilience", "campaign.yaml"), func(s string) string {
		s = regexp.MustCompile(`(?m)^  zone:.*$`).ReplaceAllString(s, "  place: "+place)
		s = regexp.MustCompile(`(?m)^  days: \[mon.*\n`).ReplaceAllString(s, "")
		s = regexp.MustCompile(`hours: "00:00-24:00".*`).ReplaceAllString(s, `hours: "08:30-17:00"`)
		return regexp.MustCompile(`standing until \d+-\d+-\d+`).ReplaceAllString(s, "standing until 2028-12-31")
	})
	return a
}

func rewrite(t *testing.T, file string, change func(string) string) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err == nil {
		err = os.WriteFile(file, []byte(change(string(b))), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func holidays(t *testing.T, a *app, place, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Join(a.dir, "holidays"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(a.dir, "holidays", place+".yaml"), []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// A whole campaign with two reminders, read in 175 capitals with every weekend and zone there is, leaves when its calendar says:
// over the new year, and over the days on which clocks are put forward and back.
func TestSimulationEqualsCalendar(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, begin string }{
		{"new year", "2026-12-10T04:00:00Z"}, {"clocks forward", "2027-03-08T20:00:00Z"}, {"clocks back", "2026-10-12T11:59:59Z"},
	} {
		t.Run(c.name, func(t *testing.T) {
			begin, err := time.Parse(time.RFC3339, c.begin)
			if err != nil {
				t.Fatal(err)
			}
			a := byPlace(t, "capital", begin)
			holidays(t, a, "organisation", "years: [2026, 2027]\ndays:\n  - {day: 2026-12-24, until: 2027-01-03, name: \"Office closed\"}\n")
			holidays(t, a, "amman", "years: [2026, 2027]\ndays:\n  - {day: 2026-12-13, name: \"A holiday\"}\n  - {day: 2027-03-28, name: \"Another\"}\n")
			p, err := a.named("resilience")
			if err != nil {
				t.Fatal(err)
			}
			letters := p.campaign.Leavings(p.donors, begin, nil)
			if len(letters) != 3*175 {
				t.Errorf("%d letters in the calendar", len(letters))
			}
			zones, weekends := map[string]bool{}, map[string]bool{}
			for _, l := range letters {
				zones[l.At.Location().String()] = true
			}
			for i := range p.donors {
				at, _ := p.campaign.PlaceOf(&p.donors[i])
				weekends[at.Weekend] = true
			}
			if len(zones) < 100 || len(weekends) < 3 {
				t.Errorf("%d zones, weekends %v: the registry has more", len(zones), weekends)
			}
			if err := a.simulate(t.Context(), p, begin, letters); err != nil {
				t.Error(err)
			}
		})
	}
}

// A simulation that differs from the calendar says so.
func TestSimulationDiffers(t *testing.T) {
	t.Parallel()
	begin := time.Date(2026, 12, 10, 4, 0, 0, 0, time.UTC)
	a := byPlace(t, "geneva", begin)
	p, err := a.named("resilience")
	if err != nil {
		t.Fatal(err)
	}
	letters := p.campaign.Leavings(p.donors, begin, nil)
	letters[3].At = letters[3].At.Add(time.Hour)
	letters = append(letters, campaign.Leaving{Donor: "XXX", Step: "appeal", At: begin})
	err = a.simulate(t.Context(), p, begin, letters[1:])
	if err == nil || !strings.Contains(err.Error(), "should leave 10 December 2026 09:30 CET and left 10 December 2026 08:30:00 CET") ||
		!strings.Contains(err.Error(), "appeal of XXX should leave 10 December 2026 04:00 UTC and did not") || !strings.Contains(err.Error(), "left and is not in the calendar") {
		t.Errorf("%v", err)
	}
}

// dueOf is when a letter is due, or since when it is in another state.
func dueOf(t *testing.T, s *simulation, step string) ledger.Letter {
	t.Helper()
	l, ok, err := s.house.ledger.Letter(t.Context(), letter.Block{Campaign: s.name, Step: step, Name: "JOR-0"}, "JOR")
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	return l
}

// A letter that is late waits for the next opening of its place; a holiday that is added later plans what has not left again.
func TestLateLettersAndLaterHolidays(t *testing.T) {
	t.Parallel()
	amman, err := time.LoadLocation("Asia/Amman")
	if err != nil {
		t.Fatal(err)
	}
	// Sunday works in Amman, Friday and Saturday do not.
	begin := time.Date(2026, 12, 6, 9, 0, 0, 0, amman)
	a := byPlace(t, "capital", begin)
	p, err := a.named("resilience")
	if err != nil {
		t.Fatal(err)
	}
	s, done, err := a.simulation(t.Context(), p, begin)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := done(); err != nil {
			t.Error(err)
		}
	})
	if l := dueOf(t, s, "appeal"); !l.Since.Equal(begin) {
		t.Errorf("due %s", l.Since.In(amman))
	}
	// Nobody works until Friday: at that hour nobody reads in Amman either.
	s.turn(time.Date(2026, 12, 11, 10, 0, 0, 0, amman))
	if err := s.atRest(t.Context()); err != nil {
		t.Fatal(err)
	}
	opens := time.Date(2026, 12, 13, 8, 30, 0, 0, amman)
	if l := dueOf(t, s, "appeal"); l.State != letter.Planned || !l.Since.Equal(opens) || l.Words != "closed until 13 December 08:30 +03" {
		t.Errorf("on a Friday in Amman: %s, due %s, %q", l.State, l.Since.In(amman), l.Words)
	}
	s.turn(opens)
	if err := s.atRest(t.Context()); err != nil {
		t.Fatal(err)
	}
	if l := dueOf(t, s, "appeal"); l.State != letter.Sent {
		t.Errorf("at the opening: %s", l.State)
	}
	first := dueOf(t, s, "reminder-1")
	if want := time.Date(2026, 12, 27, 8, 30, 0, 0, amman); first.State != letter.Planned || !first.Since.Equal(want) {
		t.Errorf("reminder: %s, due %s", first.State, first.Since.In(amman))
	}
	holidays(t, a, "amman", "years: [2026, 2027]\ndays:\n  - {day: 2026-12-27, until: 2026-12-28, name: \"A feast\"}\n")
	inside := s.house.app
	again, err := a.named("resilience")
	if err != nil {
		t.Fatal(err)
	}
	got, err := inside.plan(t.Context(), s.house, again, "author (trial)")
	if err != nil {
		t.Fatal(err)
	}
	if l := dueOf(t, s, "reminder-1"); !l.Since.Equal(first.Since) {
		t.Errorf("before another person approves the edition: due %s", l.Since.In(amman))
	}
	c, err := s.house.ledger.Campaign(t.Context(), s.name)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := inside.approve(t.Context(), s.house.ledger, "approver (trial)", c, got.edition); err != nil {
		t.Fatal(err)
	}
	if err := s.atRest(t.Context()); err != nil {
		t.Fatal(err)
	}
	if l, want := dueOf(t, s, "reminder-1"), time.Date(2026, 12, 29, 8, 30, 0, 0, amman); l.State != letter.Planned || !l.Since.Equal(want) {
		t.Errorf("with the feast: %s, due %s", l.State, l.Since.In(amman))
	}
}
