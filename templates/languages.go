package templates

import (
	"maps"
	"slices"
	"strings"
)

// A profile is how one language writes numbers, money, dates and names. A further language is one more profile, its
// rows in forms.csv, its columns in the facts register and its texts.
type profile struct {
	code       string
	months     [12]string
	date       string // {day} {month} {year}
	firstDay   string // of a month, where it is no plain figure
	decimal    string
	group      string  // between every three digits
	scales     []scale // large numbers that are written with a word, the largest first
	singular   func(n, one int64) bool
	perCent    string // {n}
	perCents   string // {low} and {high}
	oneOnly    string // {n}: a range whose ends are the same
	money      string // {n} and {currency}, of an amount in plain figures
	millions   string // the same, of an amount with a word such as million
	elided     string // millions before a vowel; "" where nothing is elided
	amounts    string // {low} and {high}: a range of amounts, as it follows "this would be", "un montant", "un importe"
	amountOnly string // {n}: the same of one amount
	of         string // between a word such as million and what is counted; "" where nothing stands
	currency   map[string]currency
	articles   map[string]joined // article, in lower case, to what the prepositions make of it
	of0, to0   string            // the prepositions before a name without an article
	ofElided   string            // of0 before a vowel; "" where nothing is elided
	muteH      []string          // beginnings of names whose h counts as a vowel
	note       string            // {source} and {year}
	sources    string            // heading of the notes
	spaces     *strings.Replacer // no-break spaces that the language's punctuation asks for; nil for none
	afterName  string            // what ends a salutation
}

// A scale is a word for a large number; singular decides between its two forms.
type scale struct {
	value      int64
	one, other string
}

// A currency is the name of a currency: in full where a letter names it first, shorter later on.
type currency struct{ first, firstOne, later, laterOne string }

// joined is an article after the prepositions "of" and "to".
type joined struct{ of, to string }

const (
	nbsp  = "\u00a0" // no-break space
	nnbsp = "\u202f" // narrow no-break space, French thousands (CLDR)
)

// profiles are those that are built in; the tests prove that they have no fault.
var profiles = func() languages {
	l, _ := readLanguages("")
	return l
}()

// languages are the profiles by the code of the language.
type languages map[string]*profile

func (l languages) known() []string { return slices.Sorted(maps.Keys(l)) }

// known lists the languages that are built in.
func known() []string { return profiles.known() }
