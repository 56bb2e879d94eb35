package calendar

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"outreach.example/campaign"
	"outreach.example/donor"
)

var (
	begins    = donor.Date{Year: 2026, Month: time.December, Day: 1} // a Tuesday
	christmas = donor.Date{Year: 2026, Month: time.December, Day: 25}
)

// sample is a campaign of two steps that leave on working days.
func sample(letters ...campaign.Leaving) Calendar {
	c := &campaign.Campaign{
		Name: "resilience", Title: map[string]string{"en": "Reform & <Resilience>"}, Steps: []campaign.Step{{Name: "appeal"}, {Name: "reminder-1"}},
		Schedule: campaign.Schedule{
			Start: begins, Days: []time.Weekday{time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday},
			Holidays: []donor.Date{christmas}, Names: map[donor.Date]string{christmas: "Christmas Day of the whole organisation"},
		},
	}
	return Make(c, letters, time.Date(2026, time.December, 3, 12, 0, 0, 0, time.UTC))
}

func letterOf(id, step string, day int, left bool) campaign.Leaving {
	return campaign.Leaving{Donor: id, Name: "State " + id, Step: step, At: time.Date(2026, time.December, day, 9, 0, 0, 0, time.UTC), Left: left, Why: "=cmd()"}
}

// Each letter is counted on its day, and days of rest say why they are none.
func TestDays(t *testing.T) {
	c := sample(letterOf("KEN", "appeal", 1, true), letterOf("FRA", "appeal", 1, false), letterOf("KEN", "reminder-1", 28, false))
	var got []string
	for _, d := range c.Telling() {
		got = append(got, fmt.Sprintf("%s %d %d %d %s", d.Date, d.Counts["appeal"], d.Counts["reminder-1"], d.Left, d.Off))
	}
	want := "2026-12-01 2 0 1 \n2026-12-25 0 0 0 Christmas Day of the whole organisation\n2026-12-28 0 1 0 "
	if strings.Join(got, "\n") != want {
		t.Errorf("the days are\n%s", strings.Join(got, "\n"))
	}
	if n := len(c.Weeks()); n != 5 || c.Days[0].Off != campaign.NotBegun || c.Days[5].Off != campaign.Weekend {
		t.Errorf("%d weeks, %q, %q", n, c.Days[0].Off, c.Days[5].Off)
	}
	if len(c.On(begins)) != 2 || len(c.Of("KEN")) != 2 {
		t.Error("letters of a day, of a donor")
	}
	var b strings.Builder
	if err := c.CSV(&b); err != nil || !strings.Contains(b.String(), "'=cmd()") || strings.Count(b.String(), "\r\n") != 4 {
		t.Errorf("%q, %v", b.String(), err)
	}
}

// The drawing is whole XML with what people wrote as text; it says by number, pattern and name what it says by colour, marks
// today, and on a page has no style of its own.
func TestDrawing(t *testing.T) {
	c := sample(letterOf("KEN", "appeal", 1, true), letterOf("FRA", "appeal", 1, false), letterOf("KEN", "reminder-1", 28, false))
	page := c.Drawing()
	for name, svg := range map[string]string{"page": page, "file": c.SVG()} {
		d := xml.NewDecoder(strings.NewReader(svg))
		var text []string
		for {
			token, err := d.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if s, ok := token.(xml.CharData); ok && strings.TrimSpace(string(s)) != "" {
				text = append(text, string(s))
			}
		}
		said := strings.Join(text, "|")
		for _, want := range []string{"Reform & <Resilience>", "|2|", "|3 today|", "|25|Christmas Day of th…|", "|weekend|", "|not begun|", "|1|"} {
			if !strings.Contains(said, want) {
				t.Errorf("%s: without %q: %s", name, want, said)
			}
		}
		for _, pattern := range []string{`url(#calendar-1)`, `url(#calendar-rest)`, `id="calendar-1"`, `id="calendar-rest"`} {
			if !strings.Contains(svg, pattern) {
				t.Errorf("%s: without the pattern %s", name, pattern)
			}
		}
	}
	if strings.Contains(page, "<style") || strings.Contains(page, "style=") {
		t.Error("on a page it has a style of its own")
	}
	if empty := sample().Drawing(); !strings.Contains(empty, "No letter is planned.") {
		t.Errorf("without a letter: %s", empty)
	}
}

// Two years with letters every day are shown in parts that are small enough for a page, the one with today first; together they
// are the whole.
func TestParts(t *testing.T) {
	var letters []campaign.Leaving
	for day := range 2 * 366 {
		for _, step := range []string{"appeal", "reminder-1"} {
			letters = append(letters, letterOf("KEN", step, 1+day, false))
		}
	}
	c := sample(letters...)
	var days []Day
	for n := 1; ; n++ {
		part, at, parts := c.Part(n, 13)
		if at != n || parts != 9 || len(part.Days)%7 != 0 {
			t.Fatalf("part %d is the %dth of %d, with %d days", n, at, parts, len(part.Days))
		}
		if size := len(part.Drawing()); size > 40<<10 {
			t.Errorf("part %d has %d bytes", n, size)
		}
		if days = append(days, part.Days...); n == parts {
			break
		}
	}
	if len(days) != len(c.Days) || days[len(days)-1].Date != c.Days[len(c.Days)-1].Date {
		t.Errorf("%d days of %d", len(days), len(c.Days))
	}
	c.Today = begins.AddDays(200)
	if part, at, _ := c.Part(0, 13); at != 3 || !slices.ContainsFunc(part.Days, func(d Day) bool { return d.Date == c.Today }) {
		t.Errorf("today is in part %d", at)
	}
	for n, want := range map[int]int{-5: 1, 99: 9} {
		if _, at, _ := c.Part(n, 13); at != want {
			t.Errorf("part %d is %d", n, at)
		}
	}
	if part, at, parts := sample().Part(0, 13); at != 1 || parts != 1 || len(part.Days) != 0 {
		t.Errorf("none: %d of %d", at, parts)
	}
}
