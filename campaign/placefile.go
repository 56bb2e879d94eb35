package campaign

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"outreach.example/donor"
)

// The files of places and holidays, by their names in the project folder and in an edition.
const (
	PlacesFile     = "places.yaml"          // places of the project's own
	StandardPlaces = "places.standard.yaml" // those built in, as they were when the edition was frozen
	HolidaysFolder = "holidays/"
	organisation   = "organisation" // holidays/organisation.yaml holds quiet days of the whole organisation
)

var placeForm = regexp.MustCompile(`^[a-z0-9-]{1,40}$`)

// weekends are the days on which nobody reads, by the word for them.
var weekends = map[string][]time.Weekday{
	"sat-sun": {time.Saturday, time.Sunday}, "fri-sat": {time.Friday, time.Saturday}, "thu-fri": {time.Thursday, time.Friday},
	"fri": {time.Friday}, "sat": {time.Saturday}, "sun": {time.Sunday}, "none": {},
}

var weekendWords = []string{"sat-sun", "fri-sat", "thu-fri", "fri", "sat", "sun", "none"}

var allDays = []time.Weekday{time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday, time.Saturday, time.Sunday}

// workdays are the days of a week without its weekend.
func workdays(weekend string) []time.Weekday {
	return slices.DeleteFunc(slices.Clone(allDays), func(d time.Weekday) bool { return slices.Contains(weekends[weekend], d) })
}

// placesFile is a file of places.
type placesFile struct{ places []Place }

var placesKeys = []key[placesFile]{
	{"places", "places: [{id: geneva, name: Geneva, zone: Europe/Zurich, weekend: sat-sun}]", func(r *reader, v value, f *placesFile) {
		items, _ := r.list(v, "[{id: geneva, name: Geneva, zone: Europe/Zurich, weekend: sat-sun}]")
		seen := map[string]int{}
		for _, item := range items {
			var p Place
			readGroup(r, item, placeKeys, &p)
			switch {
			case p.ID == capital || p.ID == organisation:
				r.fault(item, "id: %s means something else: choose another", p.ID)
			case p.ID != "" && seen[p.ID] > 0:
				r.fault(item, "id: %s is here twice, first in line %d: keep one", p.ID, seen[p.ID])
			}
			seen[p.ID] = item.at.line
			f.places = append(f.places, p)
		}
	}},
}

var placeKeys = []key[Place]{
	{"id", "id: geneva", func(r *reader, v value, p *Place) {
		p.ID, _ = r.word(v, placeForm, "1 to 40 lower-case letters, digits and hyphens", "new-york")
	}},
	{"name", "name: Geneva", func(r *reader, v value, p *Place) { p.Name, _ = r.text(v, "Geneva") }},
	{"zone", "zone: Europe/Zurich", func(r *reader, v value, p *Place) { p.Zone, _ = r.zone(v) }},
	{"weekend", "weekend: sat-sun", func(r *reader, v value, p *Place) {
		s, ok := r.text(v, "sat-sun")
		if _, known := weekends[s]; ok && !known {
			r.fault(v, "%s is no weekend: write %s", donor.Quote(s), strings.Join(weekendWords, ", "))
		}
		p.Weekend = s
	}},
	{"hours", "", func(r *reader, v value, p *Place) { p.Opens, p.Closes, _ = r.hours(v) }},
}

// readPlaces reads a file of places.
func readPlaces(file, content string) ([]Place, donor.Faults) {
	r := &reader{file: file, places: map[string]place{}}
	top, ok := r.root([]byte(content))
	var f placesFile
	if ok {
		readGroup(r, top, placesKeys, &f)
	}
	r.faults.Sort()
	return f.places, r.faults
}

// A holiday is a day, or days in a row, on which nothing leaves.
type holiday struct {
	from, to donor.Date
	name     string
	line     int // of the file
}

// holidays is what a file of holidays says.
type holidays struct {
	years []int // of which it knows every holiday
	days  []holiday
}

var holidaysKeys = []key[holidays]{
	{"years", "years: [2027]", func(r *reader, v value, h *holidays) {
		items, _ := r.list(v, "[2026, 2027]")
		for _, item := range items {
			if n, ok := r.whole(item, 1951, 2199, "2027"); ok {
				h.years = append(h.years, int(n))
			}
		}
	}},
	{"days", `days: [{day: 2026-12-25, name: "Christmas Day"}]`, func(r *reader, v value, h *holidays) {
		items, _ := r.list(v, `[{day: 2026-12-25, name: "Christmas Day"}]`)
		for _, item := range items {
			d := holiday{line: item.at.line}
			readGroup(r, item, holidayKeys, &d)
			switch {
			case d.from == (donor.Date{}):
			case d.to == (donor.Date{}):
				d.to = d.from
			case d.to.Before(d.from):
				r.fault(item, "until: %s is before the day, %s: give the last day of the row", d.to, d.from)
				continue
			case d.from.AddDays(60).Before(d.to):
				r.fault(item, "until: %s is more than 60 days after %s: is the year right?", d.to, d.from)
				continue
			}
			if n := len(h.days); n > 0 && d.from != (donor.Date{}) && d.from.Before(h.days[n-1].from) {
				r.fault(item, "%s stands after %s: put the days in order", d.from, h.days[n-1].from)
				continue
			}
			h.days = append(h.days, d)
		}
	}},
}

var holidayKeys = []key[holiday]{
	{"day", "day: 2026-12-25", func(r *reader, v value, d *holiday) { d.from, _ = r.day(v) }},
	{"until", "", func(r *reader, v value, d *holiday) { d.to, _ = r.day(v) }},
	{"name", `name: "Christmas Day"`, func(r *reader, v value, d *holiday) { d.name, _ = r.text(v, `"Christmas Day"`) }},
}

// readHolidays reads a file of holidays.
func readHolidays(file, content string) (holidays, donor.Faults) {
	r := &reader{file: file, places: map[string]place{}}
	top, ok := r.root([]byte(content))
	var h holidays
	if ok {
		readGroup(r, top, holidaysKeys, &h)
		for _, d := range h.days {
			if d.from != (donor.Date{}) && !slices.Contains(h.years, d.from.Year) {
				r.faults.Addf(file, 1, 1, "years: %d is not among them, and %s, %s, is: add %d, once all its holidays are here", d.from.Year, d.name, d.from, d.from.Year)
				break
			}
		}
	}
	r.faults.Sort()
	return h, r.faults
}

// Holidays are the days of all files of holidays among some, as rows of place, first day, last day and name, and what is wrong
// with the files.
func Holidays(files map[string]string) (rows [][]string, faults donor.Faults) {
	for _, name := range slices.Sorted(maps.Keys(files)) {
		id, ok := strings.CutPrefix(name, HolidaysFolder)
		if !ok {
			continue
		}
		h, found := readHolidays(name, files[name])
		faults = append(faults, found...)
		for _, d := range h.days {
			rows = append(rows, []string{strings.TrimSuffix(id, ".yaml"), d.from.String(), d.to.String(), d.name})
		}
	}
	return rows, faults
}

// knows says whether all holidays of a year are known.
func (h holidays) knows(year int) bool { return slices.Contains(h.years, year) }

// yearsIn lists years as a sentence does.
func yearsIn(years []int) string {
	var words []string
	for _, y := range years {
		words = append(words, strconv.Itoa(y))
	}
	return strings.Join(words, " and ")
}
