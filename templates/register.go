package templates

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strings"

	"outreach.example/donor"
)

// qualifiers are the words that may stand before a figure, each by language: a figure that is "more than" in one
// language cannot be bare in another.
var qualifiers = map[string]map[string]string{
	"more than": {"en": "more than", "fr": "plus de", "es": "más de"},
	"over":      {"en": "over", "fr": "plus de", "es": "más de"},
	"at least":  {"en": "at least", "fr": "au moins", "es": "al menos"},
	"nearly":    {"en": "nearly", "fr": "près de", "es": "cerca de"},
	"about":     {"en": "about", "fr": "environ", "es": "alrededor de"},
	"up to":     {"en": "up to", "fr": "jusqu’à", "es": "hasta"},
	"less than": {"en": "less than", "fr": "moins de", "es": "menos de"},
	"only":      {"en": "only", "fr": "seulement", "es": "solo"},
}

// qualified puts the qualifier into a phrase.
func (f *fact) qualified(lang, phrase string) string {
	return strings.ReplaceAll(phrase, "{qualifier}", qualifiers[f.qualifier][lang])
}

// keyOf names a row of the register as it is written: its id, and a hash of all that it says. Any change to the row makes
// it another.
func keyOf(r row) string {
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(r.cells)) {
		if c := r.cells[name]; c.text != "" {
			fmt.Fprintf(h, "%q %q\n", name, c.text)
		}
	}
	return fmt.Sprintf("%s@%x", r.cells["id"].text, h.Sum(nil)[:8])
}

// FactID is the id in the key of a fact.
func FactID(key string) string {
	id, _, _ := strings.Cut(key, "@")
	return id
}

// readDays reads the days of which a figure is true and until which it may be cited.
func (f *fact) readDays(r row, bad func(column, format string, args ...any)) {
	day := func(column string) donor.Date {
		s := r.cells[column].text
		if s == "" {
			return donor.Date{}
		}
		d, err := donor.ParseDate(s)
		if err != nil {
			bad(column, "%v", err)
		}
		return d
	}
	f.asOf, f.expires = day("as_of"), day("expires")
	if zero := (donor.Date{}); f.expires != zero && f.asOf != zero && f.expires.Before(f.asOf) {
		bad("expires", "%s lies before as_of, %s: one of the two is wrong", f.expires, f.asOf)
	}
}

// A Fact is a row of the register as staff ask about it.
type Fact struct {
	ID      string     `json:"id"`
	Key     string     `json:"key"` // the row as it is written; a change makes it another
	Line    int        `json:"line"`
	Says    string     `json:"says"` // its phrase in the first language that has one
	Year    string     `json:"year"`
	Source  string     `json:"source"`
	AsOf    donor.Date `json:"as_of"`
	Expires donor.Date `json:"expires"`
}

// public is the fact as staff ask about it: in English, or else in the first language that it has a phrase in.
func (f *fact) public(profiles languages) Fact {
	out := Fact{ID: f.id, Key: f.key, Line: f.line, Year: f.year, AsOf: f.asOf, Expires: f.expires}
	for _, lang := range append([]string{"en"}, profiles.known()...) {
		c, _, lack := f.cite(profiles[lang])
		if lack == "" {
			out.Says = strings.NewReplacer(nbsp, " ", nnbsp, " ").Replace(c.later) // lines of a terminal break anywhere
			if out.Source = f.source[lang].text; out.Source == "" {
				out.Source = f.source[""].text
			}
			return out
		}
	}
	return out
}
