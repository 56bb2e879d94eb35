package campaign

import (
	"cmp"
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"outreach.example/donor"
)

//go:embed data/places.yaml
var standardPlaces string

// capital is the place of a contact whose letters are read in the capital of the donor's State.
const capital = "capital"

// A Place is where a letter is read: its clocks, its weekend and its holidays say when it may arrive.
type Place struct {
	ID            string // of places.yaml; for a capital the code of the State
	Name          string
	Zone          *time.Location
	Weekend       string        // sat-sun, fri-sat, thu-fri, fri, sat, sun or none
	Opens, Closes time.Duration // its own daily hours, since midnight; zero: the campaign's
}

// places is what a campaign knows of the places where its letters are read.
type places struct {
	named    map[string]Place
	holidays map[string]holidays // by the place's id
	quiet    holidays            // of the whole organisation
	usual    *Schedule           // of the campaign's own place
	zone     *time.Location      // of the organisation: its days count where no donor is meant

	mu        sync.Mutex
	schedules map[string]*Schedule // by place and, for a capital, State
}

// ByPlace says whether each letter leaves by the clocks of the place where it is read.
func (c *Campaign) ByPlace() bool { return c.Schedule.Reading != "" }

// PlaceFiles are the files, of all that a project has, that an edition of the campaign freezes for its places.
func (c *Campaign) PlaceFiles(files map[string]string) map[string]string {
	out := map[string]string{}
	if !c.ByPlace() {
		return out
	}
	out[StandardPlaces] = standardPlaces
	for name, content := range files {
		if name == PlacesFile || strings.HasPrefix(name, HolidaysFolder) {
			out[name] = content
		}
	}
	return out
}

// ReadPlaces reads the places and holidays of a project's or an edition's files, and what follows from them for the
// campaign's own days. A campaign whose letters all leave by one clock has no use for them.
func (c *Campaign) ReadPlaces(files map[string]string) (faults donor.Faults) {
	if !c.ByPlace() {
		return nil
	}
	p := &places{named: map[string]Place{}, holidays: map[string]holidays{}, schedules: map[string]*Schedule{}}
	standard, ok := files[StandardPlaces]
	if !ok {
		standard = standardPlaces
	}
	for _, f := range []struct{ name, content string }{{StandardPlaces, standard}, {PlacesFile, files[PlacesFile]}} {
		if f.content == "" {
			continue
		}
		read, found := readPlaces(f.name, f.content)
		faults = append(faults, found...)
		for _, one := range read {
			p.named[one.ID] = one
		}
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		id, ok := strings.CutPrefix(name, HolidaysFolder)
		if !ok {
			continue
		}
		id = strings.TrimSuffix(id, ".yaml")
		h, found := readHolidays(name, files[name])
		faults = append(faults, found...)
		switch _, state := donor.Registry().State(id); {
		case id == organisation:
			p.quiet = h
		case p.named[id].ID == "" && !state:
			faults.Addf(name, 1, 1, "there is no place %s: name the file after a place (%s), after a State's code for its capital (KEN.yaml), or %s.yaml",
				donor.Quote(id), strings.Join(slices.Sorted(maps.Keys(p.named)), ", "), organisation)
		default:
			p.holidays[id] = h
		}
	}
	c.reading = p
	if faults.Refuses() {
		return faults
	}
	r := &reader{file: c.file, places: c.places}
	if c.Schedule.Reading == capital {
		// Each capital has days of its own; those of the organisation are Geneva's.
		p.usual = c.by(p.named["geneva"])
		p.zone = p.usual.Zone
		return faults
	}
	if _, ok := p.named[c.Schedule.Reading]; !ok {
		r.fault(r.at("schedule.place", "schedule.place"), "there is no place %s: %s", donor.Quote(c.Schedule.Reading), didYouMean(c.Schedule.Reading, slices.Sorted(maps.Keys(p.named))))
		return append(faults, r.faults...)
	}
	p.usual = c.by(p.named[c.Schedule.Reading])
	p.zone = p.usual.Zone
	c.days(r, *p.usual)
	return append(faults, r.faults...)
}

// Zone is where the organisation's own days are counted: the day that a letter prints, the end of an approval. It is that of
// the campaign's place, or Geneva's where letters are read in capitals.
func (c *Campaign) Zone() *time.Location {
	if c.ByPlace() && c.reading != nil && c.reading.zone != nil {
		return c.reading.zone
	}
	return c.Schedule.zone()
}

// Usual is the schedule of the letters that are read at the campaign's own place, which is everybody's where no contact has
// another.
func (c *Campaign) Usual() *Schedule {
	if c.ByPlace() && c.reading != nil && c.reading.usual != nil {
		return c.reading.usual
	}
	return &c.Schedule
}

// OpenSomewhere says whether any letter may leave at t. Where each leaves by its own place, the campaign has begun as soon as
// its first day has begun anywhere.
func (c *Campaign) OpenSomewhere(t time.Time) bool {
	if !c.ByPlace() || c.Schedule.Always {
		return c.Schedule.IsOpen(t)
	}
	return !t.Before(c.Schedule.Start.In(time.UTC).Add(-14 * time.Hour))
}

// PlaceOf is where a donor's letters are read: the place of its first contact, or the campaign's. ok is false where there is
// no such place, and for a campaign whose letters all leave by one clock.
func (c *Campaign) PlaceOf(d *donor.Donor) (p Place, ok bool) {
	if !c.ByPlace() || c.reading == nil {
		return Place{}, false
	}
	id := c.placeID(d)
	if id != capital {
		p, ok = c.reading.named[id]
		return p, ok
	}
	state := cmp.Or(d.State, d.ID)
	zone, weekend, name := d.Zone, d.Weekend, d.Name["en"]
	if s, found := donor.Registry().State(state); found {
		zone, weekend, name = cmp.Or(zone, s.Zone), cmp.Or(weekend, s.Weekend), s.Name["en"]
	}
	loc, err := time.LoadLocation(zone)
	if zone == "" || err != nil || weekends[weekend] == nil {
		return Place{}, false
	}
	return Place{ID: state, Name: "capital of " + name, Zone: loc, Weekend: weekend}, true
}

func (c *Campaign) placeID(d *donor.Donor) string {
	if len(d.Contacts) > 0 && d.Contacts[0].Place != "" {
		return d.Contacts[0].Place
	}
	return c.Schedule.Reading
}

// ScheduleOf is the schedule by which a donor's letters leave. It is made once for each place.
func (c *Campaign) ScheduleOf(d *donor.Donor) *Schedule {
	if !c.ByPlace() || c.reading == nil {
		return &c.Schedule
	}
	id, state := c.placeID(d), ""
	if id == capital {
		state = cmp.Or(d.State, d.ID)
	}
	p := c.reading
	p.mu.Lock()
	s := p.schedules[id+"/"+state]
	p.mu.Unlock()
	if s != nil {
		return s
	}
	at, ok := c.PlaceOf(d)
	if !ok {
		return &c.Schedule // check has refused it; a schedule of no days never opens
	}
	s = c.by(at)
	p.mu.Lock()
	p.schedules[id+"/"+state] = s
	p.mu.Unlock()
	return s
}

// by is the campaign's schedule by the clocks of a place.
func (c *Campaign) by(at Place) *Schedule {
	s := c.Schedule
	s.Zone, s.Days = at.Zone, workdays(at.Weekend)
	if at.Closes > 0 {
		s.Opens, s.Closes = at.Opens, at.Closes
	}
	s.Names = map[donor.Date]string{}
	for _, d := range c.Schedule.Holidays {
		s.Names[d] = "holiday of the campaign"
	}
	for _, list := range []holidays{c.reading.holidays[at.ID], c.reading.quiet} {
		for _, h := range list.days {
			for d := h.from; !h.to.Before(d); d = d.AddDays(1) {
				s.Names[d] = h.name
			}
		}
	}
	s.Holidays = slices.SortedFunc(maps.Keys(s.Names), func(a, b donor.Date) int { return cmp.Compare(a.String(), b.String()) })
	return &s
}

// CheckPlaces finds contacts in places that there are not, and warns of places whose holidays nobody has written.
func (c *Campaign) CheckPlaces(donors []donor.Donor, begin time.Time) (faults donor.Faults) {
	if !c.ByPlace() || c.reading == nil {
		return nil
	}
	unknown := map[int][]string{} // places by year
	counted := map[string]int{}
	for i := range donors {
		d := &donors[i]
		at, ok := c.PlaceOf(d)
		if !ok {
			file, line := "contacts.csv", 0
			if len(d.Contacts) > 0 {
				file, line = cmp.Or(d.Contacts[0].File, file), d.Contacts[0].Line
			}
			if id := c.placeID(d); id == capital {
				faults.Addf(file, line, 0, "place: %s belongs to no State, so it has no capital: write the place where its letters are read", d.ID)
			} else {
				faults.Addf(file, line, 0, "place: there is no place %s: %s", donor.Quote(id), didYouMean(id, append(slices.Sorted(maps.Keys(c.reading.named)), capital)))
			}
			continue
		}
		if counted[at.ID]++; counted[at.ID] > 1 {
			continue
		}
		for _, year := range c.yearsOf(d, begin) {
			if !c.reading.holidays[at.ID].knows(year) {
				unknown[year] = append(unknown[year], at.ID)
			}
		}
	}
	line, column := c.Place("schedule.place")
	for _, year := range slices.Sorted(maps.Keys(unknown)) {
		ids := unknown[year]
		slices.Sort(ids)
		faults.Warnf(c.file, line, column, "schedule.place: the holidays of %d are not known for %s: letters may leave on one; write them into holidays/PLACE.yaml", year, SomeOf(ids))
	}
	return faults
}

// yearsOf are the years in which a donor's letters leave.
func (c *Campaign) yearsOf(d *donor.Donor, begin time.Time) []int {
	s := c.ScheduleOf(d)
	at := s.Opening(begin)
	years := []int{at.In(s.Place()).Year()}
	for _, step := range c.Steps[1:] {
		at = s.After(at, step.After)
		if y := at.In(s.Place()).Year(); y != years[len(years)-1] {
			years = append(years, y)
		}
	}
	return years
}

// SomeOf names a few of many.
func SomeOf(ids []string) string {
	const few = 8
	if len(ids) <= few {
		return strings.Join(ids, ", ")
	}
	return fmt.Sprintf("%s and %d more places", strings.Join(ids[:few], ", "), len(ids)-few)
}

// Lacks lists the places of some donors whose holidays of a year nobody has written.
func (c *Campaign) Lacks(donors []donor.Donor, year int) []string {
	lacks := map[string]bool{}
	for i := range donors {
		if at, ok := c.PlaceOf(&donors[i]); ok && !c.reading.holidays[at.ID].knows(year) {
			lacks[at.ID] = true
		}
	}
	return slices.Sorted(maps.Keys(lacks))
}

// A UsedPlace is a place with the letters that are read there.
type UsedPlace struct {
	Place
	Years   string // of which its holidays are known, in words
	Letters int    // of each step
}

// PlacesOf lists the named places, and the capitals where letters to some donors are read.
func (c *Campaign) PlacesOf(donors []donor.Donor) []UsedPlace {
	all := map[string]*UsedPlace{}
	add := func(p Place, n int) {
		u := all[p.ID]
		if u == nil {
			u = &UsedPlace{Place: p, Years: cmp.Or(yearsIn(c.reading.holidays[p.ID].years), "none")}
			all[p.ID] = u
		}
		u.Letters += n
	}
	for _, p := range c.reading.named {
		add(p, 0)
	}
	for i := range donors {
		if p, ok := c.PlaceOf(&donors[i]); ok {
			add(p, 1)
		}
	}
	out := make([]UsedPlace, 0, len(all))
	for _, id := range slices.Sorted(maps.Keys(all)) {
		out = append(out, *all[id])
	}
	return out
}
