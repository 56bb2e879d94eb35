package donor

import (
	"embed"
	"encoding/csv"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

//go:embed data/member_states.csv data/member_states_articles.csv data/never_names.csv
var registryFiles embed.FS

// registryDate is the day whose membership the shipped registry shows.
var registryDate = Date{2025, time.June, 25}

// Status of a State in the registry. Other donors have words of their own.
const (
	Member   = "member"
	Observer = "observer"
)

// States is the registry of Member States and observers: the only source of their names.
type States struct {
	all       []Donor
	index     map[string]int // by ISO 3166-1 alpha-3
	languages []string
	spellings []spelling
}

// Registry is the shipped registry, read once. Its donors share their maps: they are for reading only.
func Registry() *States { return registry() }

var registry = sync.OnceValue(func() *States {
	states, articles := readEmbedded("data/member_states.csv"), readEmbedded("data/member_states_articles.csv")
	r := &States{index: map[string]int{}}
	for name := range states[0] {
		if lang, ok := strings.CutPrefix(name, "name_"); ok {
			r.languages = append(r.languages, lang)
		}
	}
	slices.Sort(r.languages)
	for i, row := range states {
		if articles[i]["iso3"] != row["iso3"] {
			panic(fmt.Sprintf("registry: row %d is %s, its articles are of %s", i+1, row["iso3"], articles[i]["iso3"]))
		}
		d := Donor{
			ID: row["iso3"], Status: row["status"], State: row["iso3"],
			Name: map[string]string{}, Formal: map[string]string{}, Article: map[string]string{},
			Group: row["un_group"], Region: row["region"],
			Zone: row["time_zone"], Weekend: row["weekend"], Language: row["language"],
		}
		for _, lang := range r.languages {
			d.Name[lang], d.Formal[lang] = row["name_"+lang], row["formal_"+lang]
			d.Article[lang] = articles[i]["article_"+lang]
		}
		r.index[d.ID] = len(r.all)
		r.all = append(r.all, d)
		r.spellings = append(r.spellings, spellingsOf(i, d, row["iso2"])...)
	}
	for word, id := range otherNames {
		r.spellings = append(r.spellings, spelling{word, r.index[id], true})
	}
	slices.SortFunc(r.spellings, func(a, b spelling) int { return strings.Compare(a.folded, b.folded) })
	return r
})

// readEmbedded reads a file that is part of the program: a fault in it is a fault of the program.
func readEmbedded(name string) []map[string]string {
	f, err := registryFiles.Open(name)
	if err != nil {
		panic(err)
	}
	defer f.Close()
	records, err := csv.NewReader(f).ReadAll()
	if err != nil {
		panic(fmt.Sprintf("%s: %v", name, err))
	}
	rows := make([]map[string]string, 0, len(records)-1)
	for _, cells := range records[1:] {
		row := map[string]string{}
		for i, c := range cells {
			row[records[0][i]] = c
		}
		rows = append(rows, row)
	}
	return rows
}

// All are the States in the order of their codes, members and observers.
func (s *States) All() []Donor { return slices.Clone(s.all) }

// State is the State with an ISO 3166-1 alpha-3 code, written in capitals.
func (s *States) State(iso3 string) (Donor, bool) {
	i, ok := s.index[iso3]
	if !ok {
		return Donor{}, false
	}
	return s.all[i], true
}

// Languages are those that the registry has names in, in order.
func (s *States) Languages() []string { return slices.Clone(s.languages) }

// Group is the name of a United Nations regional group as the registry writes it.
func (s *States) Group(name string) (string, error) {
	return s.word("United Nations regional group", name, func(d Donor) string { return d.Group })
}

// Region is the name of a region as the registry writes it.
func (s *States) Region(name string) (string, error) {
	return s.word("region", name, func(d Donor) string { return d.Region })
}

func (s *States) word(kind, name string, of func(Donor) string) (string, error) {
	known := map[string]bool{}
	for _, d := range s.all {
		known[of(d)] = true
	}
	delete(known, "")
	words := slices.Sorted(maps.Keys(known))
	for _, w := range words {
		if fold(w) == fold(name) {
			return w, nil
		}
	}
	return "", fmt.Errorf("%s is no %s: %s", Quote(name), kind, oneOf(name, words))
}
