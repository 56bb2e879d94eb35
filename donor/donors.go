package donor

import (
	"fmt"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Columns of donors.csv: the donors that are no State.
const (
	donorID = iota
	donorStatus
	donorState
	donorLanguage
	donorNames // one for each language of the registry
)

var (
	idForm     = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]{1,39}$`) // part of a letter's id, of file names and of Redis fields
	stateForm  = regexp.MustCompile(`^[A-Za-z]{3}$`)
	statusForm = regexp.MustCompile(`^[a-z][a-z-]{1,23}$`)
)

// readDonors reads donors.csv or donors.xlsx, which need not be there.
func readDonors(fsys fs.FS, faults *Faults) []Donor {
	states := Registry()
	columns := []column{{"id", true}, {"status", true}, {"state", false}, {"language", false}}
	for _, lang := range states.languages {
		columns = append(columns, column{"name_" + lang, false})
	}
	var donors []Donor
	lines := map[string]int32{} // by id in lower case: file names on some machines do not know case
	readTable(fsys, "donors", false, columns, faults, func(r row) {
		if !r.sound {
			return
		}
		fault := func(format string, args ...any) { faults.Addf(r.file, r.line, 0, format, args...) }
		d := Donor{ID: r.cells[donorID], Status: r.cells[donorStatus], State: r.cells[donorState], Language: r.cells[donorLanguage], Line: r.line}
		if wrong := checkID(d.ID); wrong != "" {
			fault("%s", wrong)
			return
		}
		if first, twice := lines[strings.ToLower(d.ID)]; twice {
			fault("id %s is there already, in line %d: keep one", Quote(d.ID), first)
			return
		}
		lines[strings.ToLower(d.ID)] = int32(r.line)
		switch {
		case d.Status == Member || d.Status == Observer:
			fault("status %s: only the registry says which States are members and observers; write another word, for example foundation", Quote(d.Status))
		case !statusForm.MatchString(d.Status):
			fault("status %s: write one word in small letters, for example foundation", Quote(d.Status))
		}
		if d.State != "" {
			s, ok := states.State(d.State)
			if !ok {
				fault("state %s: %s", Quote(d.State), orElse(states.Suggest(d.State), "write the three letters of a State of the registry, or nothing"))
			}
			d.Group, d.Region, d.Zone, d.Weekend = s.Group, s.Region, s.Zone, s.Weekend
			if d.Language == "" {
				d.Language = s.Language
			}
		}
		if !slices.Contains(states.languages, d.Language) && (d.State == "" || d.Language != "") {
			fault("%s", wrongLanguage(d.Language))
		}
		d.Name = make(map[string]string, len(states.languages))
		for i, lang := range states.languages {
			if n := r.cells[donorNames+i]; n != "" {
				d.Name[lang] = n
			}
		}
		d.Formal = d.Name
		switch {
		case len(d.Name) == 0:
			fault("no name: write it in %s at least", nameColumn(d.Language))
		case slices.ContainsFunc(slices.Sorted(maps.Values(d.Name)), isPlaceholder):
			fault("a name of %s is a placeholder: write the name", d.ID)
		}
		for _, lang := range slices.Sorted(maps.Keys(d.Name)) {
			for _, what := range NeverNames(d.Name[lang], lang) {
				faults.Warnf(r.file, r.line, 0, "name_%s: %s, unless this donor calls itself so", lang, what)
			}
		}
		donors = append(donors, d)
	})
	return donors
}

func nameColumn(lang string) string {
	if lang == "" {
		return "name_en"
	}
	return "name_" + lang
}

func orElse(s, other string) string {
	if s != "" {
		return s
	}
	return other
}

func wrongLanguage(lang string) string {
	if lang == "" {
		return fmt.Sprintf("language is empty: write %s", strings.Join(Registry().languages, ", "))
	}
	return fmt.Sprintf("language %s: there are %s", Quote(lang), strings.Join(Registry().languages, ", "))
}

// checkID says what is wrong with the id of a donor that is no State.
func checkID(id string) string {
	if _, state := Registry().State(strings.ToUpper(id)); state {
		return fmt.Sprintf("id %s is a State of the registry: States need no row here", Quote(id))
	}
	switch {
	case id == "":
		return "id is empty: write one, for example F-0001"
	case stateForm.MatchString(id):
		return fmt.Sprintf("id %s: three letters are kept for States, write a longer id", Quote(id))
	case !idForm.MatchString(id):
		return fmt.Sprintf("id %s: use 2 to 40 letters, digits and hyphens, for example F-0001", Quote(id))
	}
	return ""
}
