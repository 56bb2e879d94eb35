package templates

import (
	"unicode"
	"unicode/utf8"
)

// columns is the width of the text part: narrow enough for programs that break no lines of their own.
const columns = 76

// A plainSheet is the text part.
type plainSheet struct{ out []byte }

func (s *plainSheet) paragraph(lines []byte) {
	s.gap()
	s.wrap(lines, "", "")
}

func (s *plainSheet) item(lines []byte, first, _ bool) {
	if first {
		s.gap()
	}
	s.wrap(lines, "- ", "  ")
}

func (s *plainSheet) sources(heading string, notes []string) {
	s.gap()
	s.wrap([]byte(heading), "", "")
	for i, n := range notes {
		s.wrap([]byte(n), "["+itoa(i+1)+"] ", "    ")
	}
}

// gap leaves an empty line.
func (s *plainSheet) gap() {
	if len(s.out) > 0 {
		s.out = append(s.out, '\n')
	}
}

// wrap fills lines of at most columns with the words; a longer word has a line of its own.
func (s *plainSheet) wrap(lines []byte, lead, indent string) {
	s.out = append(s.out, lead...)
	used, empty, marked := len(lead), true, hasMark(lines)
	words(lines, func(word []byte, newLine bool) {
		width := displayWidth(word)
		switch {
		case empty:
		case newLine || used+1+width > columns:
			s.out = append(append(s.out, '\n'), indent...)
			used = len(indent)
		default:
			s.out = append(s.out, ' ')
			used++
		}
		empty = false
		used += width
		if !marked {
			s.out = append(s.out, word...)
			return
		}
		for len(word) > 0 {
			before, number, rest, found := cutMark(word)
			s.out = append(s.out, before...)
			if found {
				s.out = append(append(append(s.out, '['), number...), ']')
			}
			word = rest
		}
	})
	s.out = append(s.out, '\n')
}

// displayWidth is how many columns a word takes: none for what is set above or below a letter, two for the characters
// of East Asia.
func displayWidth(word []byte) int {
	n := 0
	for i := 0; i < len(word); {
		if word[i] < utf8.RuneSelf {
			n++
			i++
			continue
		}
		c, size := utf8.DecodeRune(word[i:])
		i += size
		switch {
		case c < 0x300:
			n++
		case unicode.In(c, unicode.Mn, unicode.Me, unicode.Cf):
		case unicode.In(c, unicode.Han, unicode.Hangul, unicode.Hiragana, unicode.Katakana):
			n += 2
		default:
			n++ // the marks of a source count as the brackets they become
		}
	}
	return n
}
