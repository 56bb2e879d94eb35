package campaign

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // zones are known also where the system has none
	"unicode"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"

	"outreach.example/donor"
)

const maxText = 150 // characters of a title, a name, a reason: what a subject line still shows

// text reads a text of one line that may stand in a header of a letter.
func (r *reader) text(v value, example string) (string, bool) {
	var s string
	switch n := v.node.(type) {
	case nil, *ast.NullNode:
		r.fault(v, "is empty: write for example %s", example)
		return "", false
	case *ast.StringNode:
		s = n.Value
	case *ast.LiteralNode:
		s = strings.TrimSuffix(n.Value.Value, "\n")
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		r.fault(v, "expected a text, found %s: put it between quotes", kind(n))
		return "", false
	default:
		r.fault(v, "expected a text, for example %s, found %s", example, kind(n))
		return "", false
	}
	for _, c := range s {
		switch {
		// RFC 5322 2.2 and RFC 2047: a line break inside a header begins another header.
		case unicode.IsControl(c) || unicode.In(c, unicode.Zl, unicode.Zp):
			r.fault(v, "control character U+%04X in field %q: remove it", c, v.name)
			return "", false
		// Joiners are letters' parts in some scripts; all other format characters only hide or turn text, and
		// private-use characters mark places in a letter.
		case unicode.In(c, unicode.Cf, unicode.Co) && c != '\u200c' && c != '\u200d':
			r.fault(v, "invisible character U+%04X in field %q: type the text again without it", c, v.name)
			return "", false
		}
	}
	switch {
	case strings.TrimSpace(s) == "":
		r.fault(v, "is empty: write for example %s", example)
	case strings.TrimSpace(s) != s:
		r.fault(v, "%s begins or ends with a space: remove it", donor.Quote(s))
	case hiddenBreak.MatchString(s):
		r.fault(v, "%s holds a line break written as %s: remove it", donor.Quote(s), hiddenBreak.FindString(s))
	case utf8.RuneCountInString(s) > maxText:
		r.fault(v, "%s has %d characters: keep it to %d", donor.Quote(s), utf8.RuneCountInString(s), maxText)
	default:
		return s, true
	}
	return "", false
}

var hiddenBreak = regexp.MustCompile(`(?i)%0[ad0]`)

// word reads a text of a given form, nil for any.
func (r *reader) word(v value, form *regexp.Regexp, rule, example string) (string, bool) {
	s, ok := r.text(v, example)
	if ok && form != nil && !form.MatchString(s) {
		r.fault(v, "%s is not allowed here: use %s, for example %s", donor.Quote(s), rule, example)
		return "", false
	}
	return s, ok
}

// yes reads true or false.
func (r *reader) yes(v value) bool {
	n, ok := v.node.(*ast.BoolNode)
	if !ok {
		r.fault(v, "expected true or false, found %s", kind(v.node))
		return false
	}
	return n.Value
}

// whole reads a whole number in its plain form: 010 is 8 to some programs and 10 to people.
func (r *reader) whole(v value, low, high int64, example string) (int64, bool) {
	n, ok := v.node.(*ast.IntegerNode)
	if !ok {
		r.fault(v, "expected a whole number without separators, for example %s, found %s", example, kind(v.node))
		return 0, false
	}
	written := n.GetToken().Value
	if n.GetToken().Type == token.OctetIntegerType && !strings.ContainsAny(written, "oO") {
		if plain := strings.TrimLeft(written, "0_"); plain != "" {
			r.fault(v, "%s begins with 0, which some programs read as another number: write %s", written, plain)
			return 0, false
		}
	}
	i, err := strconv.ParseInt(written, 10, 64)
	switch {
	case err != nil || written[0] == '+' || written != "0" && written[0] == '0':
		r.fault(v, "expected a whole number without separators, for example %s, found %s", example, plainly(written))
	case i < low || i > high:
		r.fault(v, "%s is out of range: write a whole number from %d to %d", plainly(written), low, high)
	default:
		return i, true
	}
	return 0, false
}

// day reads YYYY-MM-DD.
func (r *reader) day(v value) (donor.Date, bool) {
	if n, isText := v.node.(*ast.StringNode); isText {
		return r.dayOf(v, n.Value)
	}
	r.fault(v, "expected a day as YYYY-MM-DD, for example 2027-01-29, found %s", kind(v.node))
	return donor.Date{}, false
}

func (r *reader) dayOf(v value, s string) (donor.Date, bool) {
	d, err := donor.ParseDate(s)
	switch {
	case err != nil && dayForm.MatchString(s):
		r.fault(v, "%s does not exist in the calendar: write a day that does, as YYYY-MM-DD", s)
	case err != nil:
		r.fault(v, "%s is not a day: write it as YYYY-MM-DD, for example 2027-01-29", donor.Quote(s))
	case d.Year < 2000 || d.Year > 2199:
		r.fault(v, "%s is not a year of this campaign: look at the first four digits", s)
	default:
		return d, true
	}
	return donor.Date{}, false
}

var dayForm = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}$`)

// address reads one e-mail address.
func (r *reader) address(v value, example string) (string, bool) {
	s, ok := r.text(v, example)
	if !ok {
		return "", false
	}
	a, err := donor.ParseAddress(s)
	if err != nil {
		r.fault(v, "%v", err)
		return "", false
	}
	return a, true
}

// zone reads a place of the time zone database: only a place knows its summer time.
func (r *reader) zone(v value) (*time.Location, bool) {
	s, ok := r.text(v, "Europe/Zurich")
	if !ok {
		return nil, false
	}
	if loc, err := time.LoadLocation(s); err == nil && (s == "UTC" || strings.Contains(s, "/")) {
		return loc, true
	}
	city := strings.ToLower(s[strings.LastIndex(s, "/")+1:])
	city = strings.ReplaceAll(city, " ", "_")
	near := otherNames[city]
	for _, z := range commonZones {
		if near == "" && city != "" && strings.HasSuffix(strings.ToLower(z), "/"+city) {
			near = z
		}
	}
	if near == "" && strings.Contains(s, "/") {
		near = donor.Nearest(s, commonZones)
	}
	switch {
	case near != "":
		r.fault(v, "%s is not a time zone: did you mean %q?", donor.Quote(s), near)
	case strings.Contains(s, "/"):
		r.fault(v, "%s is not a time zone: write Region/City, for example Europe/Zurich", donor.Quote(s))
	default:
		r.fault(v, "%s names no place, so summer time is not known: write Region/City, for example Europe/Zurich", donor.Quote(s))
	}
	return nil, false
}

// commonZones are suggested for a misspelt zone; every other zone of the database is accepted as well.
var commonZones = []string{
	"Africa/Abidjan", "Africa/Addis_Ababa", "Africa/Cairo", "Africa/Dakar", "Africa/Johannesburg", "Africa/Nairobi",
	"Africa/Tunis", "America/Argentina/Buenos_Aires", "America/Bogota", "America/Costa_Rica", "America/Mexico_City",
	"America/New_York", "America/Panama", "Asia/Amman", "Asia/Bangkok", "Asia/Dubai", "Asia/Manila", "Asia/Tokyo",
	"Australia/Sydney", "Europe/Berlin", "Europe/Brussels", "Europe/Istanbul", "Europe/London", "Europe/Madrid",
	"Europe/Paris", "Europe/Rome", "Europe/Vienna", "Europe/Zurich", "Pacific/Auckland", "UTC",
}

// otherNames are places that have no entry of their own in the database.
var otherNames = map[string]string{
	"geneva": "Europe/Zurich", "geneve": "Europe/Zurich", "genève": "Europe/Zurich", "bern": "Europe/Zurich",
	"washington": "America/New_York", "pretoria": "Africa/Johannesburg", "the_hague": "Europe/Amsterdam",
	"zürich": "Europe/Zurich", "cet": "Europe/Zurich", "cest": "Europe/Zurich", "mez": "Europe/Zurich",
	"gmt": "UTC", "z": "UTC",
}

// hours reads "08:30-17:00".
func (r *reader) hours(v value) (opens, closes time.Duration, ok bool) {
	s, ok := r.text(v, `"08:30-17:00"`)
	if !ok {
		return 0, 0, false
	}
	m := hoursForm.FindStringSubmatch(s)
	if m == nil {
		r.fault(v, "%s is not a time of day: write opening and closing as HH:MM-HH:MM, for example \"08:30-17:00\"", donor.Quote(s))
		return 0, 0, false
	}
	clock := func(hour, minute string) time.Duration {
		h, _ := strconv.Atoi(hour) // two digits, by the form
		m, _ := strconv.Atoi(minute)
		if m > 59 || h > 24 || h == 24 && m > 0 {
			r.fault(v, "%s:%s is not a time of day: hours go from 00:00 to 24:00", hour, minute)
			ok = false
		}
		return time.Duration(h)*time.Hour + time.Duration(m)*time.Minute
	}
	opens, closes = clock(m[1], m[2]), clock(m[3], m[4])
	if ok && opens >= closes {
		r.fault(v, "%s closes before it opens: write the earlier time first", donor.Quote(s))
		return 0, 0, false
	}
	return opens, closes, ok
}

var hoursForm = regexp.MustCompile(`^([0-9]{2}):([0-9]{2})-([0-9]{2}):([0-9]{2})$`)

var dayNames = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

const allWeek = "[mon, tue, wed, thu, fri]"

// weekdays reads a list of weekdays.
func (r *reader) weekdays(v value) []time.Weekday {
	var days []time.Weekday
	items, ok := r.list(v, allWeek)
	if ok && len(items) == 0 {
		r.fault(v, "no day on which letters may leave: write for example %s", allWeek)
	}
	for _, item := range items {
		s, ok := r.text(item, "mon")
		if !ok {
			continue
		}
		day := slices.Index(dayNames, s)
		switch {
		case day < 0:
			hint := didYouMean(s, dayNames)
			if long := s[:min(3, len(s))]; slices.Contains(dayNames, long) {
				hint = didYouMean(long, dayNames) // "monday" begins with what was meant
			}
			r.fault(item, "%s is not a weekday: %s", donor.Quote(s), hint)
		case slices.Contains(days, time.Weekday(day)):
			r.fault(item, "%q is in the list twice: keep one", s)
		default:
			days = append(days, time.Weekday(day))
		}
	}
	return days
}

// texts reads one text for each language.
func (r *reader) texts(v value, example string) map[string]string {
	entries, ok := r.group(v, "en, fr, es, ...")
	if !ok {
		return nil
	}
	texts, lines := map[string]string{}, map[string]int{}
	for _, e := range entries {
		at := value{name: v.name, at: e.keyAt}
		if !languageForm.MatchString(e.key) {
			r.fault(at, "%s is not a language: write its two letters, for example en, fr or es", donor.Quote(e.key))
			continue
		}
		if first, twice := lines[e.key]; twice {
			r.fault(at, "key %q is here twice, first in line %d: keep one", e.key, first)
			continue
		}
		lines[e.key] = e.keyAt.line
		r.places[e.path] = e.at
		if s, ok := r.text(e.value, example); ok {
			texts[e.key] = s
		}
	}
	return texts
}

var languageForm = regexp.MustCompile(`^[a-z]{2}$`)

// words reads a list of texts of a given form in which nothing stands twice.
func (r *reader) words(v value, form *regexp.Regexp, rule, example string) []string {
	var words []string
	first := map[string]int{}
	items, _ := r.list(v, "["+example+"]")
	for _, item := range items {
		s, ok := r.word(item, form, rule, example)
		if !ok {
			continue
		}
		if line, twice := first[s]; twice {
			r.fault(item, "%s is in the list twice, first in line %d: keep one", donor.Quote(s), line)
			continue
		}
		first[s] = item.at.line
		r.places[v.path+"["+strconv.Itoa(len(words))+"]"] = item.at // faulty items are not counted
		words = append(words, s)
	}
	return words
}

// plainly shows a number without the quotes that would make it a text.
func plainly(number string) string {
	shown := donor.Quote(number)
	return shown[1 : len(shown)-1]
}

// currency reads an ISO 4217 code.
func (r *reader) currency(v value) (string, bool) {
	s, ok := r.text(v, "USD")
	if !ok {
		return "", false
	}
	if err := donor.CheckCurrency(s); err != nil {
		r.fault(v, "%v", err)
		return "", false
	}
	return s, true
}

// money is whole units of a currency in minor units, which are hundredths whatever the currency.
func money(units int64, currency string) donor.Money {
	return donor.Money{Minor: units * 100, Currency: currency}
}

const maxUnits = 1_000_000_000_000 // whole units: a thousand times the largest goal, and far from overflow
