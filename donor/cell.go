package donor

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

const maxCell = 500 // characters: more is no name, title or address

// plain says whether a cell holds nothing but printable ASCII without a percent sign, as nearly all do.
func plain(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < ' ' || c > '~' || c == '%' || c == '#' {
			return false
		}
	}
	return len(s) <= maxCell
}

// checkCell says what a cell may not hold, "" when all is well. Cells end up in letters and their headers, where a line
// break begins another header (RFC 5322 2.2) and a character that cannot be seen deceives; they are refused, never
// cleaned silently.
func checkCell(field, s string) string {
	if plain(s) {
		return ""
	}
	for _, r := range s {
		switch {
		case unicode.IsControl(r) || r == '\u2028' || r == '\u2029':
			return fmt.Sprintf("control character U+%04X in field '%s': remove it", r, field)
		case r == utf8.RuneError:
			return fmt.Sprintf("U+FFFD in field '%s': a letter was lost in an earlier conversion, write %s anew", field, Quote(s))
		// Joiners are part of some scripts; all other format characters hide or turn text. Private-use characters
		// have no meaning that a reader shares.
		case unicode.In(r, unicode.Cf, unicode.Co) && r != '\u200c' && r != '\u200d':
			return fmt.Sprintf("invisible character U+%04X in field '%s': write %s anew", r, field, Quote(s))
		}
	}
	if at := escapedBreak(s); at != "" {
		return fmt.Sprintf("%s in field '%s' is a line break in disguise: remove it", at, field)
	}
	if n := utf8.RuneCountInString(s); n > maxCell {
		return fmt.Sprintf("field '%s' has %d characters: keep it to %d", field, n, maxCell)
	}
	if strings.HasPrefix(s, "#") && (strings.Trim(s, "#") == "" || sheetErrors[s]) {
		return fmt.Sprintf("field '%s' holds what a spreadsheet shows for an error, %s: mend the formula", field, Quote(s))
	}
	return ""
}

// escapedBreak finds a CR, LF or NUL written as in web addresses.
func escapedBreak(s string) string {
	for i := 0; i+2 < len(s); i++ {
		if s[i] == '%' && s[i+1] == '0' && strings.IndexByte("aAdD0", s[i+2]) >= 0 {
			return s[i : i+3]
		}
	}
	return ""
}

var sheetErrors = map[string]bool{
	"#N/A": true, "#REF!": true, "#VALUE!": true, "#DIV/0!": true, "#NAME?": true, "#NUM!": true, "#NULL!": true,
}

// trim takes off the spaces around a value, also those that do not break.
func trim(s string) string { return strings.Trim(s, " \u00a0\u202f") }

// Cell is text as it may stand in a cell of a spreadsheet: what begins like a formula is marked as text.
func Cell(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r＝＋－＠", []rune(s)[0]) {
		return "'" + s
	}
	return s
}
