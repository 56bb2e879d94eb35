package campaign

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"outreach.example/donor"
)

// Zones whose clocks change at two in the morning, at midnight, by half an hour, across a whole day, and never.
var zones = []string{
	"Europe/Zurich", "America/New_York", "America/Havana", "Africa/Cairo", "Asia/Beirut", "Atlantic/Azores",
	"Australia/Lord_Howe", "America/Asuncion", "Pacific/Apia", "Africa/Casablanca", "Asia/Kathmandu", "UTC",
}

func load(t interface{ Fatal(...any) }, name string) *time.Location {
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

// at reads "2026-11-23 08:30" in a zone, with an offset where the clocks show the time twice.
func at(t *testing.T, zone *time.Location, s string) time.Time {
	t.Helper()
	if moment, err := time.Parse("2006-01-02 15:04:05 -07:00", s); err == nil {
		return moment.In(zone)
	}
	moment, err := time.ParseInLocation("2006-01-02 15:04", s, zone)
	if err != nil {
		t.Fatal(err)
	}
	return moment
}

func window(zone *time.Location, opens, closes time.Duration) Schedule {
	return Schedule{
		Start: donor.Date{Year: 2025, Month: 1, Day: 1}, Zone: zone,
		Days:  []time.Weekday{time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday},
		Opens: opens, Closes: closes,
		Holidays: []donor.Date{{Year: 2026, Month: 12, Day: 25}, {Year: 2027, Month: 1, Day: 1}},
	}
}

const day = 24 * time.Hour

func TestOpening(t *testing.T) {
	office, night := []time.Duration{8*time.Hour + 30*time.Minute, 17 * time.Hour}, []time.Duration{2 * time.Hour, 3 * time.Hour}
	everyDay := []time.Weekday{0, 1, 2, 3, 4, 5, 6}
	for _, c := range []struct {
		name, zone string
		hours      []time.Duration
		days       []time.Weekday // nil for Monday to Friday
		from, want string
	}{
		{"open: now", "Europe/Zurich", office, nil, "2026-11-23 10:00", "2026-11-23 10:00"},
		{"at the opening", "Europe/Zurich", office, nil, "2026-11-23 08:30", "2026-11-23 08:30"},
		{"before the opening", "Europe/Zurich", office, nil, "2026-11-23 06:00", "2026-11-23 08:30"},
		{"at the closing", "Europe/Zurich", office, nil, "2026-11-23 17:00", "2026-11-24 08:30"},
		{"over the weekend", "Europe/Zurich", office, nil, "2026-11-20 18:00", "2026-11-23 08:30"},
		{"over Christmas and the weekend", "Europe/Zurich", office, nil, "2026-12-24 17:00", "2026-12-28 08:30"},
		{"before the start", "Europe/Zurich", office, nil, "2019-03-01 10:00", "2025-01-01 08:30"},
		{"across the change to summer", "Europe/Zurich", office, nil, "2027-03-26 17:00", "2027-03-29 08:30"},
		{"across the change to winter", "Europe/Zurich", office, nil, "2026-10-23 17:00", "2026-10-26 08:30"},
		{"a window that the clocks skip", "Europe/Zurich", night, everyDay, "2027-03-27 12:00", "2027-03-29 02:00"},
		{"an opening that the clocks skip", "Europe/Zurich", []time.Duration{2 * time.Hour, 5 * time.Hour}, everyDay, "2027-03-27 12:00", "2027-03-28 03:00"},
		{"a window that the clocks show twice: first", "Europe/Zurich", night, everyDay, "2026-10-24 12:00", "2026-10-25 02:00:00 +02:00"},
		{"a window that the clocks show twice: still open", "Europe/Zurich", night, everyDay, "2026-10-25 02:30:00 +01:00", "2026-10-25 02:30:00 +01:00"},
		{"a closing that the clocks undo", "Europe/Zurich", []time.Duration{time.Hour, 2*time.Hour + 30*time.Minute}, everyDay, "2026-10-25 02:45:00 +02:00", "2026-10-25 02:00:00 +01:00"},
		{"a midnight that the clocks skip", "Africa/Cairo", []time.Duration{0, day}, []time.Weekday{time.Friday}, "2026-04-23 12:00", "2026-04-24 01:00"},
		{"a midnight that the clocks show twice", "America/Havana", []time.Duration{0, day}, []time.Weekday{time.Sunday}, "2026-10-31 12:00", "2026-11-01 00:00:00 -04:00"},
	} {
		t.Run(c.name, func(t *testing.T) {
			zone := load(t, c.zone)
			s := window(zone, c.hours[0], c.hours[1])
			if c.days != nil {
				s.Days = c.days
			}
			if got, want := s.Opening(at(t, zone, c.from)), at(t, zone, c.want); !got.Equal(want) {
				t.Errorf("opening after %s is %s, want %s", c.from, got.In(zone), want)
			}
		})
	}
}

func TestAfter(t *testing.T) {
	zurich := load(t, "Europe/Zurich")
	s := window(zurich, 8*time.Hour+30*time.Minute, 17*time.Hour)
	for _, c := range []struct {
		name, sent string
		days       int
		want       string
	}{
		{"ten working days are two weeks", "2026-11-23 16:59", 10, "2026-12-07 08:30"},
		{"the hour does not matter", "2026-11-23 08:30", 10, "2026-12-07 08:30"},
		{"sent late on Friday", "2026-11-27 16:59", 1, "2026-11-30 08:30"},
		{"sent on a Saturday", "2026-11-28 10:00", 1, "2026-11-30 08:30"},
		{"holidays do not count", "2026-12-21 09:00", 10, "2027-01-06 08:30"},
		{"the day is that of the zone", "2026-11-23 00:30", 1, "2026-11-24 08:30"},
		{"none: the next opening", "2026-11-23 18:00", 0, "2026-11-24 08:30"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, want := s.After(at(t, zurich, c.sent).UTC(), c.days), at(t, zurich, c.want)
			if !got.Equal(want) {
				t.Errorf("%d working days after %s is %s, want %s", c.days, c.sent, got.In(zurich), want)
			}
		})
	}
}

// In trial the window is always open and every day counts.
func TestAlways(t *testing.T) {
	s := Schedule{Always: true, Start: donor.Date{Year: 2030, Month: 1, Day: 1}}
	sunday := time.Date(2026, 11, 22, 3, 4, 5, 0, time.UTC)
	if !s.IsOpen(sunday) || !s.Opening(sunday).Equal(sunday) {
		t.Error("the trial window is closed")
	}
	if got, want := s.After(sunday, 10), time.Date(2026, 12, 2, 0, 0, 0, 0, time.UTC); !got.Equal(want) {
		t.Errorf("ten days after %s is %s, want %s", sunday, got, want)
	}
}

// A schedule that never opens answers a moment far away, never one at which a letter would leave.
func TestNeverOpen(t *testing.T) {
	from := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for name, s := range map[string]Schedule{
		"no days":  {Opens: 0, Closes: day},
		"no hours": {Days: []time.Weekday{time.Monday}},
	} {
		if got := s.Opening(from); got.Before(from.AddDate(9, 0, 0)) {
			t.Errorf("%s: opens at %s", name, got)
		}
		if got := s.After(from, 3); got.Before(from.AddDate(9, 0, 0)) {
			t.Errorf("%s: three working days later is %s", name, got)
		}
	}
}

func anySchedule(t *rapid.T) Schedule {
	zone := load(t, rapid.SampledFrom(zones).Draw(t, "zone"))
	opens := rapid.IntRange(0, 24*60-1).Draw(t, "opens")
	closes := rapid.IntRange(opens+1, 24*60).Draw(t, "closes")
	s := window(zone, time.Duration(opens)*time.Minute, time.Duration(closes)*time.Minute)
	s.Days = nil
	for _, d := range rapid.SliceOfNDistinct(rapid.IntRange(0, 6), 1, 7, rapid.ID).Draw(t, "days") {
		s.Days = append(s.Days, time.Weekday(d))
	}
	return s
}

// anyMoment is one of two years, more often than not beside a change of the clocks.
func anyMoment(t *rapid.T, zone *time.Location) time.Time {
	from := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	m := from.Add(time.Duration(rapid.IntRange(0, 2*365*24*60*60).Draw(t, "second")) * time.Second)
	if rapid.Bool().Draw(t, "beside a change of the clocks") {
		if _, change := m.In(zone).ZoneBounds(); !change.IsZero() && change.Year() < 2030 {
			m = change.Add(time.Duration(rapid.IntRange(-26*60, 26*60).Draw(t, "minutes from it")) * time.Minute)
		}
	}
	return m
}

// showsOpen reads the clocks on the wall, minute by minute: the plain meaning of the promise, and slow.
func showsOpen(s Schedule, t time.Time) bool {
	local := t.In(s.Zone)
	wall := time.Duration(local.Hour()*60+local.Minute()) * time.Minute
	return wall >= s.Opens && wall < s.Closes && slices.Contains(s.Days, local.Weekday()) &&
		!slices.Contains(s.Holidays, donor.DateOf(local))
}

// Over two years and in every kind of zone the opening is open, and no minute before it was.
func TestOpeningIsTheFirst(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anySchedule(t)
		from := anyMoment(t, s.Zone)
		open := s.Opening(from)
		switch {
		case open.Before(from):
			t.Fatalf("opens at %s, before %s", open, from)
		case !s.IsOpen(open) || !showsOpen(s, open):
			t.Fatalf("closed at its opening %s", open.In(s.Zone))
		case s.IsOpen(from) != open.Equal(from):
			t.Fatalf("open at %s is %t, and the opening is %s", from, s.IsOpen(from), open)
		}
		for m := from; m.Before(open); m = m.Truncate(time.Minute).Add(time.Minute) {
			if showsOpen(s, m) || s.IsOpen(m) {
				t.Fatalf("opening after %s is %s, but it was open at %s", from, open.In(s.Zone), m.In(s.Zone))
			}
		}
	})
}

// The step after n working days leaves on the n-th working day after the day of sending, or where that day has no
// opening left, on the next one.
func TestAfterCountsWorkingDays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anySchedule(t)
		sent, n := anyMoment(t, s.Zone), rapid.IntRange(1, 40).Draw(t, "working days")
		got := s.After(sent, n)
		last := donor.DateOf(sent.In(s.Zone))
		for counted := 0; counted < n; {
			last = last.AddDays(1)
			if slices.Contains(s.Days, last.Weekday()) && !slices.Contains(s.Holidays, last) {
				counted++
			}
		}
		if !s.IsOpen(got) || donor.DateOf(got.In(s.Zone)).Before(last) {
			t.Fatalf("%d working days after %s is %s, but the day is %s", n, sent.In(s.Zone), got.In(s.Zone), last)
		}
		// No minute of that day, nor of any between, is open before it.
		for m := last.In(time.UTC).Add(-15 * time.Hour); m.Before(got); m = m.Add(time.Minute) {
			if !donor.DateOf(m.In(s.Zone)).Before(last) && showsOpen(s, m) {
				t.Fatalf("%d working days after %s is %s, but %s was open", n, sent.In(s.Zone), got.In(s.Zone), m.In(s.Zone))
			}
		}
		if later := s.After(sent, n+1); later.Before(got) {
			t.Fatalf("%d working days end at %s, and %d at %s", n, got, n+1, later)
		}
	})
}

func TestCalendar(t *testing.T) {
	c := good(t)
	var got []string
	for _, e := range c.Calendar(time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)) {
		got = append(got, fmt.Sprint(e.Step, " ", e.Earliest.In(c.Schedule.Zone).Format("2006-01-02 15:04"), " ", e.Each, " ", e.Standing))
	}
	want := []string{"appeal 2026-11-23 08:30 false ", "reminder-1 2026-12-07 08:30 false 2027-03-31", "reminder-2 2026-12-29 08:30 true "}
	if !slices.Equal(got, want) {
		t.Errorf("calendar is\n%q, want\n%q", got, want)
	}
}
