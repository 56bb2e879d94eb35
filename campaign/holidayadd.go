package campaign

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"outreach.example/donor"
)

// A NewHoliday is a day, or days in a row, that somebody adds to the holidays of a place.
type NewHoliday struct {
	Place string // id of a place, code of a State for its capital, or organisation
	From  donor.Date
	To    donor.Date // the last day of the row; the zero Date for one day
	Name  string
	Whole bool // with it, every holiday of its year is known
}

// HolidayPlaces are the places that a project's files name, with organisation; each State has its capital besides.
func HolidayPlaces(files map[string]string) []string {
	ids := map[string]bool{organisation: true}
	for _, f := range []struct{ name, content string }{{StandardPlaces, standardPlaces}, {PlacesFile, files[PlacesFile]}} {
		if f.content == "" {
			continue
		}
		found, _ := readPlaces(f.name, f.content) // check says what is wrong with the file
		for _, p := range found {
			ids[p.ID] = true
		}
	}
	return slices.Sorted(maps.Keys(ids))
}

// mostHolidayName is how many characters a holiday's name may have.
const mostHolidayName = 100

// AddHoliday says what the file of a place's holidays becomes, with everything else in it as it is. Faults of what was asked
// for begin with its field (place, day, until, name, whole); others are of the file as it is.
func AddHoliday(files map[string]string, h NewHoliday) (file, content string, faults donor.Faults) {
	places := HolidayPlaces(files)
	if _, state := donor.Registry().State(strings.ToUpper(h.Place)); state && !slices.Contains(places, h.Place) {
		h.Place = strings.ToUpper(h.Place)
	} else if !slices.Contains(places, h.Place) {
		faults.Addf(HolidaysFolder, 0, 0, "place: there is no place %s (the code of a State stands for its capital): %s", donor.Quote(h.Place), didYouMean(h.Place, places))
		return "", "", append(faults, h.faults(HolidaysFolder)...)
	}
	file = HolidaysFolder + h.Place + ".yaml"
	if faults = h.faults(file); faults.Refuses() {
		return file, "", faults
	}
	if h.To == (donor.Date{}) {
		h.To = h.From
	}
	was, there := files[file]
	before, found := holidays{}, donor.Faults(nil)
	if there {
		if before, found = readHolidays(file, was); found.Refuses() {
			return file, "", found
		}
	}
	for _, d := range before.days {
		if !h.From.Before(d.from) && !d.to.Before(h.To) {
			faults.Addf(file, d.line, 0, "day: %s is a holiday there already: %s", h.From, d.name)
		}
	}
	if !h.Whole && !before.knows(h.From.Year) {
		faults.Addf(file, 0, 0, "whole: the holidays of %d are not known there yet: say that all of them are in the file with this one, and add the others next", h.From.Year)
	}
	if faults.Refuses() {
		return file, "", faults
	}
	if !there {
		was = fmt.Sprintf("# Holidays of %s: days on which nobody reads letters there.\nyears: [%d]\ndays: []\n", h.Place, h.From.Year)
		before.years = []int{h.From.Year}
	}
	content = h.into(before, was)
	if !h.reads(file, content, before) {
		faults.Addf(file, 0, 0, "it is written in a way that this cannot add to: write the day into the file itself")
	}
	return file, content, faults
}

// faults is what is wrong with the holiday by itself.
func (h NewHoliday) faults(file string) (faults donor.Faults) {
	switch {
	case h.From == (donor.Date{}):
		faults.Addf(file, 0, 0, "day: write it as YYYY-MM-DD")
	case h.From.Year < 1951 || h.From.Year > 2199:
		faults.Addf(file, 0, 0, "day: %s is no day of these times: is the year right?", h.From)
	case h.To == (donor.Date{}):
	case h.To.Before(h.From):
		faults.Addf(file, 0, 0, "until: %s is before the day, %s: give the last day of the row", h.To, h.From)
	case h.From.AddDays(60).Before(h.To):
		faults.Addf(file, 0, 0, "until: %s is more than 60 days after %s: is the year right?", h.To, h.From)
	}
	switch {
	case strings.TrimSpace(h.Name) == "":
		faults.Addf(file, 0, 0, "name: write what the day is, for example Christmas Day")
	case !utf8.ValidString(h.Name) || strings.ContainsFunc(h.Name, func(r rune) bool { return !unicode.IsPrint(r) }):
		faults.Addf(file, 0, 0, "name: write it on one line, without characters that cannot be seen")
	case utf8.RuneCountInString(h.Name) > mostHolidayName:
		faults.Addf(file, 0, 0, "name: keep it to %d characters", mostHolidayName)
	}
	return faults
}

var (
	noDays   = regexp.MustCompile(`(?m)^days:[ \t]*\[[ \t]*\][ \t]*\r?$`)
	yearList = regexp.MustCompile(`(?m)^years:[ \t]*\[[^\]\r\n]*\]`)
	itemLine = regexp.MustCompile(`^([ \t]*)- `)
)

// into writes the holiday into a file, in its place among the others.
func (h NewHoliday) into(before holidays, was string) string {
	item := fmt.Sprintf("- {day: %s, name: %s}", h.From, strconv.Quote(h.Name))
	if h.To != h.From {
		item = fmt.Sprintf("- {day: %s, until: %s, name: %s}", h.From, h.To, strconv.Quote(h.Name))
	}
	content, end := was, "\n"
	if strings.Contains(was, "\r\n") {
		end = "\r\n"
	}
	if len(before.days) == 0 {
		content = noDays.ReplaceAllLiteralString(content, "days:"+end+"  "+item+strings.TrimSuffix(end, "\n"))
	} else {
		lines := strings.SplitAfter(content, "\n")
		at := h.place(before, lines)
		neighbour := lines[max(0, min(before.days[0].line, len(lines))-1)]
		if at > 0 && !strings.HasSuffix(lines[at-1], "\n") {
			lines[at-1] += end
		}
		indent := ""
		if m := itemLine.FindStringSubmatch(neighbour); m != nil {
			indent = m[1]
		}
		content = strings.Join(slices.Insert(lines, at, indent+item+end), "")
	}
	if years := h.years(before); !slices.Equal(years, before.years) {
		content = yearList.ReplaceAllLiteralString(content, "years: ["+strings.Trim(strings.ReplaceAll(fmt.Sprint(years), " ", ", "), "[]")+"]")
	}
	return content
}

// place is the line before which the holiday comes: that of the next one, or the end of the last.
func (h NewHoliday) place(before holidays, lines []string) int {
	for _, d := range before.days {
		if h.From.Before(d.from) {
			return min(d.line, len(lines)) - 1
		}
	}
	last := min(before.days[len(before.days)-1].line, len(lines)) - 1
	indent := len(lines[last]) - len(strings.TrimLeft(lines[last], " \t"))
	at := last + 1
	for at < len(lines) { // what belongs to the last one stands further in
		text := strings.TrimLeft(lines[at], " \t")
		if strings.TrimSpace(text) == "" || len(lines[at])-len(text) <= indent {
			break
		}
		at++
	}
	return at
}

func (h NewHoliday) years(before holidays) []int {
	if before.knows(h.From.Year) {
		return before.years
	}
	return slices.Sorted(slices.Values(append(slices.Clone(before.years), h.From.Year)))
}

// reads says whether a file reads as the one before with the holiday, and nothing else.
func (h NewHoliday) reads(file, content string, before holidays) bool {
	after, faults := readHolidays(file, content)
	if faults.Refuses() || !slices.Equal(after.years, h.years(before)) || len(after.days) != len(before.days)+1 {
		return false
	}
	same := func(a, b holiday) bool { return a.from == b.from && a.to == b.to && a.name == b.name }
	is := holiday{from: h.From, to: h.To, name: h.Name}
	at := slices.IndexFunc(after.days, func(d holiday) bool { return same(d, is) })
	return at >= 0 && slices.EqualFunc(slices.Delete(after.days, at, at+1), before.days, same)
}
