package templates

import (
	"fmt"
	"iter"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"outreach.example/donor"
)

// leftOver are the words by which writers mark what is still to be written.
var leftOver = []string{"TODO", "TBC", "TBD", "FIXME", "XX", "XXX", "XXXX", "Lorem", "lorem", "LOREM"}

// lint finds in a text what no letter may hold: braces, words that stand for something not yet written, and characters
// that cannot be seen or that turn the text around. It answers with the byte offset and a sentence, or "". Runes of
// allowed are let through.
func lint(s, allowed string) (offset int, what string) {
	suspect := false
	for i, c := range s {
		switch {
		case c >= 'a' && c <= 'z' || c == ' ':
		case c == 'T' || c == 'F' || c == 'X' || c == 'L':
			suspect = true
		case c == '{' || c == '}':
			return i, `a brace is left over: write fields as {{.State.Short}}, with two braces on each side`
		case c < utf8.RuneSelf && c > ' ' && c != 0x7f, strings.ContainsRune(allowed, c):
		case unicode.IsControl(c), unicode.In(c, unicode.Zl, unicode.Zp):
			return i, fmt.Sprintf("control character U+%04X: remove it", c)
		case unicode.In(c, unicode.Bidi_Control):
			return i, fmt.Sprintf("U+%04X turns the direction of the text: remove it", c)
		// Joiners are parts of letters in some scripts; all other format characters only hide, and private-use
		// characters mark places in a letter.
		case unicode.In(c, unicode.Cf, unicode.Co) && c != '\u200c' && c != '\u200d', c == utf8.RuneError:
			return i, fmt.Sprintf("invisible character U+%04X: type the text again without it", c)
		}
	}
	if !suspect && !strings.Contains(s, "lorem") {
		return 0, ""
	}
	for word := range wordsOf(s) {
		if slices.Contains(leftOver, s[word[0]:word[1]]) {
			return word[0], fmt.Sprintf("%q stands for something that is not written yet: write it", s[word[0]:word[1]])
		}
	}
	return 0, ""
}

// wordsOf gives the words of a text, each by where it begins and ends.
func wordsOf(s string) iter.Seq[[2]int] { return donor.Words(s, isWordRune) }

func isWordRune(c rune) bool {
	return c != utf8.RuneError && (unicode.IsLetter(c) || unicode.IsDigit(c) || c == '_')
}

var straight = regexp.MustCompile(`(\pL)'(\pL)`)

// typeset gives a text the apostrophes of print, as the names of States have them, and the no-break spaces that the
// language's punctuation asks for.
func typeset(p *profile, s string) string {
	s = straight.ReplaceAllString(s, "$1’$2")
	if p.spaces != nil {
		s = p.spaces.Replace(s)
	}
	return s
}
