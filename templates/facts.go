package templates

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"outreach.example/donor"
)

// factsFile is the facts register as staff know it.
const factsFile = "facts.csv"

// A fact is one row of the register: a figure with its year, the phrase it stands in and its source, by language.
type fact struct {
	id        string
	line      int
	qualifier string // as the register says it: more than, nearly, ...; "" for none
	unit      unit
	value     int64 // whole units; hundredths of a per cent for perCent
	code      string
	year      string
	asOf      donor.Date // the day of which the figure is true; zero where the register does not say
	expires   donor.Date // the last day on which a letter may cite it; zero for no end
	phrase    map[string]cell
	source    map[string]cell // "" is that of every language without its own
	key       string          // names the row as it is written, see Key
}

// unit is how the figure of a fact is written.
type unit int

const (
	count unit = iota // people, countries: the phrase says of what
	perCent
	money
)

var (
	wholeForm    = regexp.MustCompile(`^(0|[1-9][0-9]{0,14})$`)
	percentForm  = regexp.MustCompile(`^(0|[1-9][0-9]{0,2})(\.[0-9]{1,2})?$`)
	yearForm     = regexp.MustCompile(`^(19|20|21)[0-9]{2}$`)
	codeForm     = regexp.MustCompile(`^[A-Z]{3}$`)
	languageForm = regexp.MustCompile(`^[a-z]{2}$`)
	factForm     = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,64}$`)
)

// readFacts reads the register. Its columns are id*, value*, unit* ("per cent", an ISO 4217 code, or any other word for
// what is counted), year*, qualifier (more than, nearly, ...), as_of and expires (days), says (what the figure is, for
// staff), and phrase_LANG and source_LANG for each language; source is that of every language without its own. In a
// phrase {value} is where the figure goes, and {qualifier} where the qualifier does.
func readFacts(content string, profiles languages) (map[string]*fact, donor.Faults) {
	t, faults := readTable(factsFile, content, []string{"id", "value", "unit", "year"}, []string{"phrase_", "source_"},
		"qualifier", "as_of", "expires", "says", "source")
	facts := map[string]*fact{}
	for _, r := range t.rows {
		f := &fact{id: r.cells["id"].text, line: r.line, phrase: map[string]cell{}, source: map[string]cell{}, key: keyOf(r)}
		bad := func(column, format string, args ...any) {
			c := r.cells[column]
			faults.Addf(factsFile, c.line, c.column, column+": "+format, args...)
		}
		switch first, twice := facts[f.id]; {
		case !factForm.MatchString(f.id):
			bad("id", "%s is no id: use 1 to 64 letters, digits and _ . -, for example people_assisted", donor.Quote(f.id))
		case twice:
			bad("id", "%s is in the register twice, first in line %d: keep one", donor.Quote(f.id), first.line)
		}
		value := r.cells["value"].text
		switch u := r.cells["unit"].text; {
		case u == "":
			bad("unit", `is empty: write "per cent", a currency such as USD, or what is counted, for example people`)
		case u == "%" || u == "percent":
			bad("unit", `%s: write "per cent"`, donor.Quote(u))
		case u == "per cent":
			f.unit = perCent
			if !percentForm.MatchString(value) {
				bad("value", `%s is no figure in per cent: write digits, with a point before decimals, for example 91 or 2.5`, donor.Quote(value))
				break
			}
			whole, rest, _ := strings.Cut(value, ".")
			f.value, _ = strconv.ParseInt(whole+(rest + "00")[:2], 10, 64) // digits, by the form
		default:
			if codeForm.MatchString(u) {
				f.unit, f.code = money, u
			}
			if !wholeForm.MatchString(value) {
				bad("value", "%s is no whole number: write digits without separators, for example 26400000", donor.Quote(value))
				break
			}
			f.value, _ = strconv.ParseInt(value, 10, 64) // at most 15 digits, by the form
		}
		if f.year = r.cells["year"].text; !yearForm.MatchString(f.year) {
			bad("year", "%s is no year: write four digits, for example 2024", donor.Quote(f.year))
		}
		f.readDays(r, bad)
		if f.qualifier = r.cells["qualifier"].text; f.qualifier != "" && qualifiers[f.qualifier] == nil {
			bad("qualifier", "%s: %s", donor.Quote(f.qualifier), didYouMean(f.qualifier, slices.Sorted(maps.Keys(qualifiers))))
			f.qualifier = ""
		}
		for _, name := range slices.Sorted(maps.Keys(r.cells)) {
			c := r.cells[name]
			if lang, ok := strings.CutPrefix(name, "phrase_"); ok && c.text != "" {
				f.phrase[lang] = c
				f.checkPhrase(profiles[lang], lang, bad)
			}
			if lang, ok := strings.CutPrefix(name, "source"); ok && c.text != "" {
				f.source[strings.TrimPrefix(lang, "_")] = c
				if _, what := lint(c.text, ""); what != "" {
					bad(name, "%s", what)
				}
			}
		}
		if facts[f.id] == nil {
			facts[f.id] = f
		}
	}
	return facts, faults
}

// checkPhrase finds what is wrong with the phrase of one language.
func (f *fact) checkPhrase(p *profile, lang string, bad func(column, format string, args ...any)) {
	column, text := "phrase_"+lang, f.phrase[lang].text
	before, after, found := strings.Cut(text, "{value}")
	if !found || strings.Contains(after, "{value}") {
		bad(column, "%s must hold {value} once, where the figure goes, for example \"more than {value} people\"", donor.Quote(text))
		return
	}
	switch n := strings.Count(text, "{qualifier}"); {
	case f.qualifier != "" && n != 1:
		bad(column, "%s must hold {qualifier} once, where %s goes in this language, for example \"{qualifier} {value} people\"", donor.Quote(text), donor.Quote(f.qualifier))
		return
	case f.qualifier == "" && n > 0:
		bad(column, "%s holds {qualifier}, and the row has none: write it in the column qualifier, or take it out", donor.Quote(text))
		return
	case f.qualifier != "" && qualifiers[f.qualifier][lang] == "":
		bad(column, "no word for the qualifier %s is known in the language %s: leave the column qualifier empty and write it into the phrases", donor.Quote(f.qualifier), donor.Quote(lang))
		return
	}
	before, after = f.qualified(lang, before), f.qualified(lang, after)
	if _, what := lint(before+after, ""); what != "" {
		bad(column, "%s", what)
	}
	if p == nil || f.unit != count {
		return
	}
	n, worded := p.number(f.value)
	counted := strings.HasPrefix(after, " "+p.of) || p.ofElided != "" && strings.HasPrefix(typeset(p, after), " "+p.ofElided)
	switch next := strings.TrimPrefix(after, " "); {
	case p.of == "" || next == after || next == "" || strings.IndexFunc(next, isWordRune) != 0:
	case worded && !counted:
		bad(column, "%s is written %s, after which the language wants %q: write {value} %s%s", donor.Quote(f.id), n, strings.TrimSpace(p.of), p.of, next)
	case !worded && counted:
		bad(column, "%s is written %s, after which no %q stands: write {value} without it", donor.Quote(f.id), n, strings.TrimSpace(p.of))
	}
}

// A citation is a fact as the letters of one language cite it.
type citation struct {
	first, later string // the phrase, where the letter names the currency first and where it does not
	code         string // the currency named, "" for none
	note         int    // index among the language's notes
	year         string
}

// cite makes the citation of a fact and its note, which names the year where the source does not, and says what the
// register lacks for it.
func (f *fact) cite(p *profile) (c citation, note string, lack string) {
	phrase, source := f.phrase[p.code], f.source[p.code]
	if source.text == "" {
		source = f.source[""]
	}
	switch {
	case phrase.text == "":
		return c, "", "phrase_" + p.code
	case source.text == "":
		return c, "", "source_" + p.code
	}
	c = citation{code: f.code, year: f.year}
	c.first, c.later = f.in(p, true), f.in(p, false)
	note = typeset(p, source.text)
	if !strings.Contains(note, f.year) {
		note = fill(p.note, "{source}", note, "{year}", f.year)
	}
	return c, note, ""
}

// in writes the phrase of a fact with its figure.
func (f *fact) in(p *profile, first bool) string {
	var figure string
	switch f.unit {
	case perCent:
		figure = p.percent(f.value)
	case money:
		figure = p.amount(donor.Money{Minor: f.value * 100, Currency: f.code}, first)
	default:
		figure, _ = p.number(f.value)
	}
	before, after, _ := strings.Cut(typeset(p, f.qualified(p.code, f.phrase[p.code].text)), "{value}")
	if n, ok := strings.CutPrefix(after, " "); ok && f.unit == count && strings.IndexFunc(n, isWordRune) == 0 && !strings.Contains(figure, nbsp) {
		after = nbsp + n // 186 countries
	}
	return before + figure + after
}
