package templates

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// A stretch is a paragraph of a text between empty lines, or a line of its header, with what it is recognised by in another
// language and in another version.
type stretch struct {
	line   int
	text   string
	even   string // the text as a letter sees it: however its lines are broken
	kind   string // the name of a header line, "list", or "" for a paragraph
	fields map[string]int
	words  map[string]int // beginnings of words: languages share many
	size   int            // characters
}

var betweenTo = regexp.MustCompile(`\}\}[ \t]*\n[ \t]*\{\{`)

// stretches divides a file of texts/ into its header lines and its paragraphs.
func stretches(source string) (all []stretch) {
	header, body, line := source, "", 1
	if end := strings.Index(source, "\n\n"); end >= 0 {
		header, body = source[:end], source[end:]
	}
	for l := range strings.SplitSeq(header, "\n") {
		if name, _, ok := strings.Cut(l, ":"); ok && strings.TrimSpace(l) != "" {
			all = append(all, newStretch(line, l, strings.TrimSpace(name)))
		} else if strings.TrimSpace(l) != "" {
			all = append(all, newStretch(line, l, ""))
		}
		line++
	}
	line-- // the last line of the header ends with the body's first line break
	for part := range strings.SplitSeq(body, "\n\n") {
		text := strings.Trim(part, "\n")
		if strings.TrimSpace(text) != "" {
			kind := ""
			if strings.HasPrefix(text, "- ") {
				kind = "list"
			}
			lead := len(part) - len(strings.TrimLeft(part, "\n"))
			all = append(all, newStretch(line+lead, text, kind))
		}
		line += strings.Count(part, "\n") + 2
	}
	return all
}

func newStretch(line int, text, kind string) stretch {
	p := stretch{line: line, text: text, kind: kind, fields: map[string]int{}, words: map[string]int{}, size: utf8.RuneCountInString(text)}
	p.even = evenly(text)
	for _, f := range actions.FindAllString(text, -1) {
		p.fields[f]++
	}
	for word := range strings.FieldsFuncSeq(plainLetters(actions.ReplaceAllString(text, " ")), func(c rune) bool { return !isWordRune(c) }) {
		if n := utf8.RuneCountInString(word); n > 3 {
			p.words[string([]rune(word)[:min(n, 5)])]++
		}
	}
	return p
}

// evenly is a text with every white space as one space, but for the line break between two fields, which a letter keeps.
func evenly(text string) string {
	const kept = "\v"
	text = betweenTo.ReplaceAllString(text, "}}"+kept+"{{")
	return strings.Join(strings.FieldsFunc(text, func(c rune) bool { return c == ' ' || c == '\t' || c == '\n' }), " ")
}

// plainLetters is a text in lower case, without accents.
func plainLetters(s string) string {
	return strings.Map(func(c rune) rune {
		if unicode.Is(unicode.Mn, c) {
			return -1
		}
		return unicode.ToLower(c)
	}, norm.NFD.String(s))
}

// Paragraphs that are less alike than this are not taken for the same: in two languages, and in two versions of one.
const (
	alikeAbroad = 0.1
	alikeAtHome = 0.35
)

// likeness says how much two paragraphs are the same in two languages, from 0 to 1; below 0 they are not of a kind. Fields are
// the same in every language; of words, names and those of Latin origin; a paragraph is about as long as its translation.
func likeness(a, b *stretch) float64 {
	if a.kind != b.kind {
		return -1
	}
	if a.kind != "" && a.kind != "list" {
		return 1
	}
	length := float64(min(a.size, b.size)) / float64(max(a.size, b.size, 1))
	if len(a.fields)+len(b.fields) == 0 {
		return (2*shared(a.words, b.words) + length) / 3
	}
	return (3*shared(a.fields, b.fields) + 2*shared(a.words, b.words) + length) / 6
}

// sameness says how much a paragraph is what became of another of the same language.
func sameness(a, b *stretch) float64 {
	if a.even == b.even && a.kind == b.kind {
		return 2
	}
	return likeness(a, b)
}

// shared is the part of two bags that is in both (Dice's coefficient), from 0 to 1.
func shared(a, b map[string]int) float64 {
	both, all := 0, 0
	for k, n := range a {
		both += min(n, b[k])
		all += n
	}
	for _, n := range b {
		all += n
	}
	if all == 0 {
		return 0
	}
	return 2 * float64(both) / float64(all)
}

// exchanged takes for the same what stands between the same neighbours: as many as went, came, and are of a kind.
func exchanged(pairs []pair, akin func(a, b int) bool) (out []pair) {
	var went, came []int
	flush := func(run []pair) {
		alike := len(went) == len(came)
		for i := 0; alike && i < len(went); i++ {
			alike = akin(went[i], came[i])
		}
		if !alike {
			out = append(out, run...)
		} else {
			for i := range went {
				out = append(out, pair{went[i], came[i]})
			}
		}
		went, came = nil, nil
	}
	from := 0
	for i, p := range pairs {
		switch {
		case p.b < 0:
			went = append(went, p.a)
		case p.a < 0:
			came = append(came, p.b)
		default:
			flush(pairs[from:i])
			out, from = append(out, p), i+1
		}
	}
	flush(pairs[from:])
	return out
}

// mostPairs bounds the work of align. A letter has tens of paragraphs; a file with hundreds is set side by side as it comes.
const mostPairs = 100_000

// A pair is a place in two lists that belongs together; -1 where one of them has nothing.
type pair struct{ a, b int }

// align finds which of n things belong to which of m, in order, so that together they are most alike. What is no more alike
// than least belongs to nothing.
func align(n, m int, least float64, like func(a, b int) float64) (pairs []pair) {
	if n*m > mostPairs {
		for i := range max(n, m) {
			p := pair{i, i}
			if i >= n {
				p.a = -1
			}
			if i >= m {
				p.b = -1
			}
			pairs = append(pairs, p)
		}
		return pairs
	}
	best := make([][]float64, n+1) // of the first i and the first j
	for i := range best {
		best[i] = make([]float64, m+1)
	}
	gains := make([][]float64, n)
	for i := range n {
		gains[i] = make([]float64, m)
		for j := range m {
			gains[i][j] = like(i, j) - least
			best[i+1][j+1] = max(best[i][j+1], best[i+1][j], best[i][j]+gains[i][j])
		}
	}
	i, j := n, m
	for i > 0 || j > 0 {
		switch {
		case i > 0 && j > 0 && gains[i-1][j-1] > 0 && best[i][j] == best[i-1][j-1]+gains[i-1][j-1]:
			i, j = i-1, j-1
			pairs = append(pairs, pair{i, j})
		case j > 0 && (i == 0 || best[i][j] == best[i][j-1]):
			j--
			pairs = append(pairs, pair{-1, j})
		default:
			i--
			pairs = append(pairs, pair{i, -1})
		}
	}
	slices.Reverse(pairs)
	return pairs
}
