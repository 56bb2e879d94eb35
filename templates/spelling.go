package templates

import (
	_ "embed"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"

	"outreach.example/donor"
)

// languagesFile is how each language writes numbers, money, dates and names. A project that has a languages.yaml of its own
// writes in it what it wants otherwise.
const languagesFile = "languages.yaml"

//go:embed languages.yaml
var standardLanguages string

// A spelling is one language as the file has it.
type spelling struct {
	Months          []string                   `yaml:"months"`
	Date            string                     `yaml:"date"`
	FirstDay        string                     `yaml:"first_day"`
	Decimal         string                     `yaml:"decimal"`
	Group           string                     `yaml:"group"`
	Scales          []spelledScale             `yaml:"scales"`
	Singular        string                     `yaml:"singular"`
	PerCent         string                     `yaml:"per_cent"`
	PerCentRange    string                     `yaml:"per_cent_range"`
	PerCentAlone    string                     `yaml:"per_cent_alone"`
	Money           string                     `yaml:"money"`
	MoneyOfMillions string                     `yaml:"money_of_millions"`
	MoneyElided     string                     `yaml:"money_elided"`
	Amounts         string                     `yaml:"amounts"`
	AmountAlone     string                     `yaml:"amount_alone"`
	OfMillions      string                     `yaml:"of_millions"`
	Currencies      map[string]spelledCurrency `yaml:"currencies"`
	Articles        map[string]spelledArticle  `yaml:"articles"`
	Of              string                     `yaml:"of"`
	To              string                     `yaml:"to"`
	OfElided        string                     `yaml:"of_elided"`
	MuteH           []string                   `yaml:"mute_h"`
	Note            string                     `yaml:"note"`
	Sources         string                     `yaml:"sources"`
	Spaces          map[string]string          `yaml:"spaces"`
	AfterSalutation string                     `yaml:"after_salutation"`
}

type spelledScale struct {
	Value int64  `yaml:"value"`
	One   string `yaml:"one"`
	Other string `yaml:"other"`
}

type spelledCurrency struct {
	First    string `yaml:"first"`
	FirstOne string `yaml:"first_one"`
	Later    string `yaml:"later"`
	LaterOne string `yaml:"later_one"`
}

type spelledArticle struct {
	Of string `yaml:"of"`
	To string `yaml:"to"`
}

// places of values that a pattern must hold, by its key.
var patterns = map[string][]string{
	"date": {"{day}", "{month}", "{year}"}, "per_cent": {"{n}"}, "per_cent_range": {"{low}", "{high}"}, "per_cent_alone": {"{n}"},
	"money": {"{n}", "{currency}"}, "money_of_millions": {"{n}", "{currency}"}, "money_elided": {"{n}", "{currency}"},
	"amounts": {"{low}", "{high}"}, "amount_alone": {"{n}"}, "note": {"{source}", "{year}"},
}

// mayBeMissing are the keys that a language can do without.
var mayBeMissing = []string{"first_day", "money_elided", "of_millions", "currencies", "articles", "of_elided", "mute_h", "spaces"}

var plurals = map[string]func(n, one int64) bool{
	"exactly one": func(n, one int64) bool { return n == one },
	"below two":   func(n, one int64) bool { return n < 2*one }, // 1,9 million, 2 millions
}

// yamlError is how the reader of YAML begins an error.
var yamlError = regexp.MustCompile(`^\[(\d+):(\d+)\] ([^\n]*)`)

// readLanguages reads the built-in languages and, above them, what a project wants otherwise. Languages with a fault are none.
func readLanguages(own string) (languages, donor.Faults) {
	var faults donor.Faults
	written := map[string]*spelling{}
	if err := yaml.UnmarshalWithOptions([]byte(standardLanguages), &written, yaml.Strict()); err != nil {
		panic(err) // it is embedded
	}
	changes := map[string]*spelling{}
	if err := yaml.UnmarshalWithOptions([]byte(own), &changes, yaml.Strict()); err != nil && strings.TrimSpace(own) != "" {
		line, column, what := 0, 0, strings.ReplaceAll(err.Error(), "\n", " ")
		if m := yamlError.FindStringSubmatch(err.Error()); m != nil {
			line, _ = strconv.Atoi(m[1])
			column, _ = strconv.Atoi(m[2])
			what = m[3]
		}
		faults.Addf(languagesFile, line, column, "%s: write a language, and under it keys of the built-in file, for example es: {group: \"^\"}", what)
		return nil, faults
	}
	for _, code := range slices.Sorted(maps.Keys(changes)) {
		if !languageForm.MatchString(code) {
			faults.Addf(languagesFile, lineOf(own, code, ""), 0, "%s is no language: write its two letters, for example es", donor.Quote(code))
			continue
		}
		if changes[code] == nil {
			continue
		}
		if written[code] == nil {
			written[code] = &spelling{}
		}
		written[code].change(changes[code])
	}
	out := languages{}
	for _, code := range slices.Sorted(maps.Keys(written)) {
		for _, f := range written[code].faults() {
			faults.Addf(languagesFile, lineOf(own, code, f.key), 0, "%s.%s: %s", code, f.key, f.what)
		}
		if !faults.Refuses() {
			out[code] = written[code].profile(code)
		}
	}
	if faults.Refuses() {
		return nil, faults
	}
	return out, faults
}

// lineOf is where a key of a language stands, the language itself where the key does not; from 1.
func lineOf(content, code, key string) int {
	at, within := 1, false
	for i, line := range strings.Split(content, "\n") {
		switch name, _, _ := strings.Cut(strings.TrimSpace(line), ":"); {
		case strings.HasPrefix(line, code+":"):
			at, within = i+1, true
		case within && line != "" && !strings.HasPrefix(line, " ") && !strings.HasPrefix(line, "#"):
			return at
		case within && key != "" && name == key:
			return i + 1
		}
	}
	return at
}

// change takes over what another spelling says; of currencies, articles and spaces, row by row.
func (s *spelling) change(by *spelling) {
	to, from := reflect.ValueOf(s).Elem(), reflect.ValueOf(by).Elem()
	for i := range to.NumField() {
		switch f := from.Field(i); {
		case f.IsZero():
		case f.Kind() == reflect.Map && !to.Field(i).IsNil():
			for _, k := range f.MapKeys() {
				to.Field(i).SetMapIndex(k, f.MapIndex(k))
			}
		default:
			to.Field(i).Set(f)
		}
	}
}

type spellingFault struct{ key, what string }

// faults finds what is missing in a language and which patterns have no place for their values.
func (s *spelling) faults() (faults []spellingFault) {
	v := reflect.ValueOf(s).Elem()
	for i := range v.NumField() {
		key := v.Type().Field(i).Tag.Get("yaml")
		if v.Field(i).IsZero() {
			if !slices.Contains(mayBeMissing, key) {
				faults = append(faults, spellingFault{key, "is missing: a language needs it"})
			}
			continue
		}
		for _, place := range patterns[key] {
			if strings.Count(v.Field(i).String(), place) != 1 {
				faults = append(faults, spellingFault{key, fmt.Sprintf("%s must hold %s once, where the value goes", donor.Quote(v.Field(i).String()), place)})
			}
		}
	}
	if n := len(s.Months); n > 0 && n != 12 {
		faults = append(faults, spellingFault{"months", fmt.Sprintf("there are %d: write all twelve, in order", n)})
	}
	if s.Singular != "" && plurals[s.Singular] == nil {
		faults = append(faults, spellingFault{"singular", donor.Quote(s.Singular) + " is no rule: write exactly one, or below two"})
	}
	for i, sc := range s.Scales {
		if sc.Value < 100 || sc.One == "" || sc.Other == "" || i > 0 && sc.Value >= s.Scales[i-1].Value {
			faults = append(faults, spellingFault{"scales", "each needs value, one and other, the largest first"})
			break
		}
	}
	for _, code := range slices.Sorted(maps.Keys(s.Currencies)) {
		if c := s.Currencies[code]; !codeForm.MatchString(code) || c.First == "" || c.FirstOne == "" || c.Later == "" || c.LaterOne == "" {
			faults = append(faults, spellingFault{"currencies", donor.Quote(code) + " needs a code of three capital letters and first, first_one, later and later_one"})
		}
	}
	return faults
}

// spaced puts no-break spaces in the place of their signs.
var spaced = strings.NewReplacer("~", nbsp, "^", nnbsp)

// profile is the language ready for use.
func (s *spelling) profile(code string) *profile {
	p := &profile{
		code: code, date: spaced.Replace(s.Date), firstDay: s.FirstDay, decimal: spaced.Replace(s.Decimal), group: spaced.Replace(s.Group),
		singular: plurals[s.Singular], perCent: spaced.Replace(s.PerCent), perCents: spaced.Replace(s.PerCentRange),
		oneOnly: spaced.Replace(s.PerCentAlone), money: spaced.Replace(s.Money), millions: spaced.Replace(s.MoneyOfMillions),
		elided: spaced.Replace(s.MoneyElided), amounts: spaced.Replace(s.Amounts), amountOnly: spaced.Replace(s.AmountAlone),
		of: s.OfMillions, currency: map[string]currency{}, articles: map[string]joined{}, of0: s.Of, to0: s.To, ofElided: s.OfElided,
		muteH: s.MuteH, note: spaced.Replace(s.Note), sources: s.Sources, afterName: spaced.Replace(s.AfterSalutation),
	}
	copy(p.months[:], s.Months)
	for _, sc := range s.Scales {
		p.scales = append(p.scales, scale{sc.Value, sc.One, sc.Other})
	}
	for name, c := range s.Currencies {
		p.currency[name] = currency{spaced.Replace(c.First), spaced.Replace(c.FirstOne), spaced.Replace(c.Later), spaced.Replace(c.LaterOne)}
	}
	for name, a := range s.Articles {
		p.articles[name] = joined{a.Of, a.To}
	}
	var pairs []string
	for _, from := range slices.Sorted(maps.Keys(s.Spaces)) {
		pairs = append(pairs, from, spaced.Replace(s.Spaces[from]))
	}
	if len(pairs) > 0 {
		p.spaces = strings.NewReplacer(pairs...)
	}
	return p
}
