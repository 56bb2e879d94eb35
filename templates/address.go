package templates

import (
	"cmp"
	_ "embed"
	"regexp"
	"slices"
	"strings"
	"sync"

	"outreach.example/donor"
)

// formsFile is the table of the forms of address, by language, rank and gender. Usage differs between capitals, and a
// protocol officer has the last word: a project that has a forms.csv of its own uses that.
const formsFile = "forms.csv"

//go:embed forms.csv
var standardForms string

// ranks are those of a contact.
var ranks = []string{"ambassador", "minister", "charge", "office", "other"}

const (
	office = "office" // a Permanent Mission: it is written to by note verbale, which needs no gender
	other  = "other"  // anyone else, with a salutation of their own and a plain close
)

// A formKey is what a form of address follows from. Gender is "m", "f" or "" where it is not known.
type formKey struct{ language, rank, gender string }

// A form is how one kind of contact is written to. In its patterns {name}, {family} and {title} are the
// contact's, {style|STYLE} what stands before the name unless the contact has its own, {donor} is the donor's formal name
// without article, {of} the same after "of", {salutation} the salutation as it was used.
type form struct {
	address    []addressLine
	salutation string // without the comma or colon after it; "" where the contact must bring its own
	close      string
}

// An addressLine is one line of an address block.
type addressLine struct {
	pattern string
	post    string // what stands for {title} where the contact has none
	style   string // what stands for {style} where the contact has none
}

// places are what a pattern may hold between braces.
var places = regexp.MustCompile(`\{(?:name|family|title|donor|of|salutation)\}|\{(?:title|style)\|([^{}]*)\}`)

// readForms reads the table: columns language, rank, gender (m, f, unknown, any), address (lines divided by " / ",
// {title|POST} for a post that the contact's title outranks, {style|STYLE} likewise), salutation, close.
func readForms(content string, profiles languages) (map[formKey]form, donor.Faults) {
	t, faults := readTable(formsFile, content, []string{"language", "rank", "gender", "address", "salutation", "close"}, nil)
	forms, lines := map[formKey]form{}, map[formKey]int{}
	for _, r := range t.rows {
		bad := func(column, format string, args ...any) {
			c := r.cells[column]
			faults.Addf(formsFile, c.line, c.column, column+": "+format, args...)
		}
		language, rank, gender := r.cells["language"].text, r.cells["rank"].text, r.cells["gender"].text
		if profiles[language] == nil {
			bad("language", "%s is not known: %s", donor.Quote(language), didYouMean(language, profiles.known()))
		}
		if !slices.Contains(ranks, rank) {
			bad("rank", "%s is no rank: %s", donor.Quote(rank), didYouMean(rank, ranks))
		}
		genders, ok := map[string][]string{"m": {"m"}, "f": {"f"}, "unknown": {""}, "any": {"m", "f", ""}}[gender]
		if !ok {
			bad("gender", "%s is no gender: write m, f, unknown or any", donor.Quote(gender))
		}
		f := form{salutation: r.cells["salutation"].text, close: r.cells["close"].text}
		for _, line := range strings.Split(r.cells["address"].text, " / ") {
			l := addressLine{pattern: line}
			l.pattern, l.post = unlessOwn(l.pattern, "title")
			l.pattern, l.style = unlessOwn(l.pattern, "style")
			f.address = append(f.address, l)
		}
		if f.salutation == "" && rank != other {
			bad("salutation", "is empty: only the rank other has none of its own")
		}
		if f.close == "" {
			bad("close", "is empty: write how the letter ends")
		}
		if language == "fr" && rank != office && f.close != "" && !strings.Contains(f.close, "{salutation}") {
			bad("close", "does not hold {salutation}: in French the close repeats the salutation word for word")
		}
		for _, column := range []string{"address", "salutation", "close"} {
			s := places.ReplaceAllString(r.cells[column].text, "$1")
			switch _, what := lint(s, ""); {
			case strings.ContainsAny(s, "{}"):
				bad(column, "a brace is left over: the places are {name}, {family}, {title}, {title|POST}, {style|STYLE}, {donor}, {of} and {salutation}")
			case what != "":
				bad(column, "%s", what)
			}
		}
		for _, g := range genders {
			k := formKey{language, rank, g}
			if first, twice := lines[k]; twice {
				bad("gender", "%s and %s in %s are in the table twice, first in line %d: keep one", donor.Quote(rank), donor.Quote(gender), donor.Quote(language), first)
				continue
			}
			forms[k], lines[k] = f, r.line
		}
	}
	return forms, faults
}

// unlessOwn takes {place|USUAL} out of a pattern: it becomes {place}, and USUAL is what stands there unless the contact has
// its own.
func unlessOwn(pattern, place string) (out, usual string) {
	before, rest, found := strings.Cut(pattern, "{"+place+"|")
	usual, after, closed := strings.Cut(rest, "}")
	if !found || !closed {
		return pattern, ""
	}
	return before + "{" + place + "}" + after, usual
}

// standard is the table that is built in; the tests prove that it has no fault.
var standard = sync.OnceValue(func() map[formKey]form {
	forms, _ := readForms(standardForms, profiles)
	return forms
})

// An addressee is one contact as a letter writes to it.
type addressee struct {
	address    string // lines divided by lineBreak
	salutation string
	close      string
	note       bool   // a note verbale: third person, no salutation by name, not signed
	mailbox    string // the name beside the address
}

// addressee finds how the first contact of a donor is written to, or what the contact lacks for it, in words.
func (s *Set) addressee(p *profile, d *donor.Donor) (a addressee, lack string) {
	c := &d.Contacts[0]
	isState := d.ID == d.State
	f, ok := s.forms[formKey{p.code, c.Rank, c.Gender}]
	switch {
	case c.Rank == "":
		return a, "contact has no rank: write " + strings.Join(ranks, ", ")
	case !slices.Contains(ranks, c.Rank):
		return a, "contact has the rank " + donor.Quote(c.Rank) + ": " + didYouMean(c.Rank, ranks)
	case !ok && c.Gender == "":
		return a, "contact has no gender, and " + donor.Quote(p.code) + " has no form of address for " + c.Rank + " without it: write f or m as the person wishes, or write to the mission with the rank office"
	case !ok:
		return a, "contact has the gender " + donor.Quote(c.Gender) + ": write f, m or nothing"
	case !isState && c.Rank != other:
		return a, "contact has the rank " + c.Rank + ", and the donor is no State: give it the rank other and a salutation"
	case c.Name == "" && c.Rank != office && c.Rank != other:
		return a, "contact has no name: write it as it is printed, or write to the mission with the rank office"
	case c.Salutation != "" && c.Rank == office:
		return a, "contact has the rank office and a salutation: a note verbale has none, so remove it or give the rank other"
	case c.Salutation == "" && f.salutation == "":
		return a, "contact has no salutation: the rank other needs one, for example Dear Ms Example"
	case c.Salutation == "" && c.Family == "" && strings.Contains(f.salutation, "{family}"):
		return a, "contact has neither a salutation nor a family_name: write one of them"
	case c.Rank == office && (c.Style != "" || c.Close != ""):
		return a, "contact has the rank office and a style or a close: a note verbale has its own, so leave both empty"
	}
	formal := p.formal(d)
	values := []string{"{name}", c.Name, "{family}", c.Family, "{donor}", p.bare(formal), "{of}", p.ofName(formal)}
	var lines []string
	for _, l := range f.address {
		pattern := fill(fill(l.pattern, "{title}", cmp.Or(c.Title, l.post)), "{style}", cmp.Or(c.Style, l.style))
		if line := strings.TrimSpace(fill(pattern, values...)); line != "" {
			lines = append(lines, line)
		}
	}
	a.address = strings.Join(lines, lineBreak)
	a.note = c.Rank == office
	a.mailbox = c.Name
	if a.mailbox == "" {
		a.mailbox = strings.Join(lines[len(lines)-1:], "")
	}
	word := strings.TrimRight(c.Salutation, ",: ")
	if word == "" {
		word = fill(f.salutation, values...)
	}
	ending := cmp.Or(c.Close, f.close)
	switch {
	case c.Close != "" && p.code == "fr" && !strings.Contains(c.Close, word):
		return a, "contact's close does not hold the salutation " + donor.Quote(word) + " word for word, as a close in French does: write both alike"
	case c.Close == "" && f.salutation != "" && !strings.Contains(word, f.salutation) && strings.Contains(ending, f.salutation):
		return a, "contact has the salutation " + donor.Quote(word) + ", and the close of the rank " + c.Rank + " says " + donor.Quote(f.salutation) + ": write the column close as well"
	}
	a.close = fill(fill(ending, "{salutation}", word), values...)
	if a.salutation = word; !a.note {
		a.salutation += p.afterName
	}
	return a, ""
}
