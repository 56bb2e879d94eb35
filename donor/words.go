package donor

import (
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

const maxShown = 40 // characters of a value that a sentence shows

// Quote shows a value that staff wrote: in quotes, shortened, and with what cannot be seen escaped.
func Quote(s string) string {
	shown := 0
	for i := range s {
		if shown == maxShown {
			return strconv.Quote(s[:i] + "...")
		}
		shown++
	}
	return strconv.Quote(s)
}

// Nearest is the known word that the given one was probably meant to be, or "".
func Nearest(word string, known []string) string {
	folded := fold(word)
	if folded == "" || len(folded) > 100 {
		return ""
	}
	best, distance := "", 1+max(1, len(folded)/3)
	for _, k := range known {
		other := fold(k)
		d := edits(folded, other)
		if len(folded) >= 3 && strings.HasPrefix(other, folded) {
			d = min(d, 1) // "amb" for "ambassador"
		}
		if d < distance {
			best, distance = k, d
		}
	}
	return best
}

// oneOf ends a sentence about a word that is not in a list: with the one that was probably meant, or with all.
func oneOf(word string, known []string) string {
	if near := Nearest(word, known); near != "" {
		return "did you mean " + near + "?"
	}
	return "there are: " + strings.Join(known, ", ")
}

// fold reduces a word to what two spellings of it share: no case, no accents, one kind of apostrophe, single spaces.
func fold(s string) string {
	var b strings.Builder
	space := false
	for _, r := range norm.NFD.String(s) {
		switch {
		case unicode.Is(unicode.Mn, r):
			continue
		case unicode.IsSpace(r), r == '_', r == '-':
			space = true
			continue
		case r == '’', r == '‘', r == '`':
			r = '\''
		}
		if space && b.Len() > 0 {
			b.WriteByte(' ')
		}
		space = false
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// edits counts the letters to insert, drop, change or swap with a neighbour to make one word of the other (the
// optimal string alignment distance).
func edits(a, b string) int {
	x, y := []rune(a), []rune(b)
	before, last, row := make([]int, len(y)+1), make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(x); i++ {
		row[0] = i
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(y)]
}
