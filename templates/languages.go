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

const (
	million  = 1_000_000
	milliard = 1_000 * million
)

var profiles = map[string]*profile{
	"en": {
		code:       "en",
		amounts:    "between {low} and {high}",
		amountOnly: "{n}",
		months:     [12]string{"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"},
		date:       "{day}" + nbsp + "{month}" + nbsp + "{year}",
		decimal:    ".",
		group:      ",",
		scales:     []scale{{milliard, "billion", "billion"}, {million, "million", "million"}},
		singular:   func(n, one int64) bool { return n == one },
		perCent:    "{n}" + nbsp + "per" + nbsp + "cent",
		perCents:   "{low}" + nbsp + "to" + nbsp + "{high}" + nbsp + "per" + nbsp + "cent",
		oneOnly:    "{n}" + nbsp + "per" + nbsp + "cent",
		money:      "{currency}" + nbsp + "{n}",
		millions:   "{currency}" + nbsp + "{n}",
		currency:   map[string]currency{}, // ISO codes throughout
		articles:   map[string]joined{"the": {"of the", "to the"}},
		of0:        "of ",
		to0:        "to ",
		note:       "{source} (data for {year})",
		sources:    "Sources",
		afterName:  ",",
	},
	"fr": {
		code:       "fr",
		amounts:    "compris entre {low} et {high}",
		amountOnly: "de {n}",
		months:     [12]string{"janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre", "décembre"},
		date:       "{day}" + nbsp + "{month}" + nbsp + "{year}",
		firstDay:   "1er",
		decimal:    ",",
		group:      nnbsp,
		scales:     []scale{{milliard, "milliard", "milliards"}, {million, "million", "millions"}},
		singular:   func(n, one int64) bool { return n < 2*one }, // 1,9 million, 2 millions
		perCent:    "{n}" + nbsp + "%",
		perCents:   "{low}" + nbsp + "à" + nbsp + "{high}" + nbsp + "%",
		oneOnly:    "{n}" + nbsp + "%",
		money:      "{n}" + nbsp + "{currency}",
		millions:   "{n} de" + nbsp + "{currency}",
		elided:     "{n} d’{currency}",
		of:         "de ",
		currency: map[string]currency{
			"USD": {"dollars des États-Unis", "dollar des États-Unis", "dollars", "dollar"},
			"EUR": {"euros" + nbsp + "(EUR)", "euro" + nbsp + "(EUR)", "euros", "euro"},
			"CHF": {"francs suisses" + nbsp + "(CHF)", "franc suisse" + nbsp + "(CHF)", "francs suisses", "franc suisse"},
			"GBP": {"livres sterling" + nbsp + "(GBP)", "livre sterling" + nbsp + "(GBP)", "livres sterling", "livre sterling"},
		},
		articles: map[string]joined{"le": {"du", "au"}, "la": {"de la", "à la"}, "les": {"des", "aux"}, "l’": {"de l’", "à l’"}},
		of0:      "de ",
		to0:      "à ",
		ofElided: "d’",
		muteH:    []string{"Haï"},
		note:     "{source} (données de {year})",
		sources:  "Sources",
		spaces: strings.NewReplacer(" :", nbsp+":", " ;", nnbsp+";", " !", nnbsp+"!", " ?", nnbsp+"?", "« ", "«"+nbsp,
			" »", nbsp+"»", " %", nbsp+"%"),
		afterName: ",",
	},
	"es": {
		code:       "es",
		amounts:    "de entre {low} y {high}",
		amountOnly: "de {n}",
		months:     [12]string{"enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre"},
		date:       "{day}" + nbsp + "de" + nbsp + "{month}" + nbsp + "de" + nbsp + "{year}",
		decimal:    ",",
		group:      ".",
		scales:     []scale{{million, "millón", "millones"}}, // a thousand million is mil millones, never billón
		singular:   func(n, one int64) bool { return n == one },
		perCent:    "{n}" + nbsp + "%",
		perCents:   "entre el" + nbsp + "{low}" + nbsp + "% y el" + nbsp + "{high}" + nbsp + "%",
		oneOnly:    "el" + nbsp + "{n}" + nbsp + "%",
		money:      "{n}" + nbsp + "{currency}",
		millions:   "{n} de" + nbsp + "{currency}",
		of:         "de ",
		currency: map[string]currency{
			"USD": {"dólares de los Estados Unidos", "dólar de los Estados Unidos", "dólares", "dólar"},
			"EUR": {"euros" + nbsp + "(EUR)", "euro" + nbsp + "(EUR)", "euros", "euro"},
			"CHF": {"francos suizos" + nbsp + "(CHF)", "franco suizo" + nbsp + "(CHF)", "francos suizos", "franco suizo"},
			"GBP": {"libras esterlinas" + nbsp + "(GBP)", "libra esterlina" + nbsp + "(GBP)", "libras esterlinas", "libra esterlina"},
		},
		// Only the article in lower case contracts: El Salvador keeps the article of its name.
		articles:  map[string]joined{"el": {"del", "al"}, "la": {"de la", "a la"}, "los": {"de los", "a los"}, "las": {"de las", "a las"}},
		of0:       "de ",
		to0:       "a ",
		note:      "{source} (datos de {year})",
		sources:   "Fuentes",
		spaces:    strings.NewReplacer(" %", nbsp+"%"),
		afterName: ":",
	},
}

// known lists the languages that have a profile.
func known() []string { return slices.Sorted(maps.Keys(profiles)) }
