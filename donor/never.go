package donor

import (
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"unicode"
)

// A neverName is a name of a State that no letter may use, word by word. inside are the names of the registry that hold it,
// each with the place of its first word there: the Macedonia of North Macedonia is no fault.
type neverName struct {
	state  string
	words  []string
	inside []inside
}

type inside struct {
	words []string
	at    int
}

// neverNames are those of data/never_names.csv by their first word, the longest first.
var neverNames = sync.OnceValue(func() map[string][]neverName {
	var official [][]string
	for _, d := range Registry().All() {
		for _, lang := range Registry().Languages() {
			official = append(official, wordsIn(d.Name[lang]), wordsIn(d.Formal[lang]))
		}
	}
	names := map[string][]neverName{}
	for _, row := range readEmbedded("data/never_names.csv") {
		n := neverName{state: row["iso3"], words: wordsIn(row["name"])}
		for _, o := range official {
			for i := range o {
				if startsWith(o[i:], n.words) {
					n.inside = append(n.inside, inside{o, i})
				}
			}
		}
		names[n.words[0]] = append(names[n.words[0]], n)
	}
	for _, same := range names {
		slices.SortFunc(same, func(a, b neverName) int { return len(b.words) - len(a.words) })
	}
	return names
})

func wordsIn(s string) (words []string) {
	for _, w := range wordPlaces(s) {
		words = append(words, s[w[0]:w[1]])
	}
	return words
}

// wordPlaces are the words of a text, each by where it begins and ends.
func wordPlaces(s string) [][2]int {
	return slices.Collect(Words(s, func(c rune) bool { return unicode.IsLetter(c) || unicode.IsDigit(c) }))
}

// Words gives the words of a text, each by where it begins and ends: part says what a word is made of, and a space is not.
func Words(s string, part func(rune) bool) iter.Seq[[2]int] {
	return func(yield func([2]int) bool) {
		start := -1
		for i, c := range s + " " {
			switch word := part(c); {
			case word && start < 0:
				start = i
			case !word && start >= 0:
				if !yield([2]int{start, i}) {
					return
				}
				start = -1
			}
		}
	}
}

func startsWith(words, with []string) bool {
	return len(words) >= len(with) && slices.Equal(words[:len(with)], with)
}

// NeverNames finds the names of States in a text that no letter may use, each by its byte offset, with a sentence that says
// in the text's language which name is right. Capitals count: a turkey is a bird.
func NeverNames(text, lang string) iter.Seq2[int, string] {
	return func(yield func(int, string) bool) {
		var words []string
		places := wordPlaces(text)
		for _, w := range places {
			words = append(words, text[w[0]:w[1]])
		}
		for i := 0; i < len(words); i++ {
			for _, n := range neverNames()[words[i]] {
				if !startsWith(words[i:], n.words) || slices.ContainsFunc(n.inside, func(in inside) bool {
					return i >= in.at && startsWith(words[i-in.at:], in.words)
				}) {
					continue
				}
				end := i + len(n.words) - 1
				if !yield(places[i][0], fmt.Sprintf("%s is no name for a letter: %s", Quote(text[places[i][0]:places[end][1]]), n.right(lang))) {
					return
				}
				i = end
				break
			}
		}
	}
}

// right says which name is.
func (n neverName) right(lang string) string {
	d, ok := Registry().State(n.state)
	if !ok {
		return "the State of the code " + n.state + " is neither a member nor an observer, so letters do not name it"
	}
	name := d.Name[lang]
	if name == "" {
		name = d.Name["en"]
	}
	if strings.Contains(name, "(") { // a short name with brackets does not fit in running text
		if name = d.Formal[lang]; name == "" {
			name = d.Formal["en"]
		}
	}
	return "write " + name + " (" + n.state + ")"
}
