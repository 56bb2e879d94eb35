package templates

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"

	"outreach.example/donor"
)

// host may be named anywhere: the addresses of missions in Geneva and of their hosts hold it.
const host = "CHE"

// A nameOfState is one State's name, word by word.
type nameOfState struct {
	id    string
	words []string
}

// namesOfStates are the short and formal names of all States in every language of the registry, by their first word, the
// longest first. Brackets and articles are left out: a letter that says "the French Republic" names France.
var namesOfStates = sync.OnceValue(func() map[string][]nameOfState {
	names := map[string][]nameOfState{}
	for _, d := range donor.Registry().All() {
		for _, language := range donor.Registry().Languages() {
			short, _, _ := strings.Cut(d.Name[language], " (")
			formal := d.Formal[language]
			if p := profiles[language]; p != nil {
				_, formal = p.split(formal)
			}
			for _, name := range [...]string{short, formal} {
				if words := splitWords(name); len(words) > 0 {
					names[words[0]] = append(names[words[0]], nameOfState{d.ID, words})
				}
			}
		}
	}
	for _, same := range names {
		slices.SortFunc(same, func(a, b nameOfState) int { return len(b.words) - len(a.words) })
	}
	return names
})

func splitWords(s string) (words []string) {
	for w := range wordsOf(s) {
		words = append(words, s[w[0]:w[1]])
	}
	return words
}

// strangers finds the States that a text names by their names: each letter goes to many, and is of one. Places are byte
// offsets. Capitals count, so that a jordan, a chad and a mali in a text are words.
func strangers(s string, allowed []string) iter.Seq2[int, string] {
	return func(yield func(int, string) bool) {
		for at, n := range namesIn(s, allowed) {
			if !yield(at, fmt.Sprintf("%s is a name of %s, and every reader of this text would see it: write {{.State.Short}} for the State that is "+
				"written to, or add mentions: [%s] to campaign.yaml", donor.Quote(n.found), n.id, n.id)) {
				return
			}
		}
	}
}

// A stranger is a State that a text names, and how.
type stranger struct{ id, found string }

// namesIn finds the names of States that are not allowed.
func namesIn(s string, allowed []string) iter.Seq2[int, stranger] {
	return func(yield func(int, stranger) bool) {
		places := slices.Collect(wordsOf(s))
		word := func(i int) string { return s[places[i][0]:places[i][1]] }
		for i := 0; i < len(places); i++ {
			for _, n := range namesOfStates()[word(i)] {
				end := i + len(n.words)
				if end > len(places) {
					continue
				}
				same := true
				for j, w := range n.words {
					same = same && word(i+j) == w
				}
				if !same {
					continue
				}
				if n.id != host && !slices.Contains(allowed, n.id) {
					if !yield(places[i][0], stranger{n.id, s[places[i][0]:places[end-1][1]]}) {
						return
					}
				}
				i = end - 1
				break
			}
		}
	}
}

// Strangers finds the contacts whose title or salutation names another State than their own: it stands in their letters.
func (s *Set) Strangers(donors []donor.Donor) (faults donor.Faults) {
	for i := range donors {
		d := &donors[i]
		allowed := append([]string{d.State}, s.campaign.Mentions...)
		for j := range d.Contacts {
			c := &d.Contacts[j]
			for _, v := range [...]struct{ field, text string }{{"title", c.Title}, {"salutation", c.Salutation}} {
				if v.text == "" {
					continue
				}
				for _, n := range namesIn(v.text, allowed) {
					faults.Addf(cmp.Or(c.File, contactsFile), c.Line, 0, "%s %s names %s, and the contact is of %s: write the post without it, or add mentions: [%s] to campaign.yaml",
						v.field, donor.Quote(n.found), n.id, d.ID, n.id)
				}
			}
		}
	}
	return faults
}
