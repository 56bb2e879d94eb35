package letter

import "strings"

// wordLength keeps an encoded-word on the line of its header's name. A longer one (RFC 2047 allows 75 characters) is
// folded before its first character, and readers then show a subject that begins with a space.
const wordLength = 60

// encodedWords is a header text as RFC 2047 encoded-words in UTF-8, or the text itself where it is plain
// ASCII.
func encodedWords(s string) string {
	ascii := !strings.Contains(s, "=?") // a text that looks like an encoded-word would be decoded
	for i := range len(s) {
		ascii = ascii && s[i] >= ' ' && s[i] < 0x7f
	}
	if ascii {
		return s
	}
	const open, end, hex = "=?UTF-8?q?", "?=", "0123456789ABCDEF"
	var b strings.Builder
	b.Grow(3 * len(s))
	b.WriteString(open)
	length := len(open)
	var word []byte
	for _, r := range s {
		word = word[:0]
		for _, c := range []byte(string(r)) {
			switch {
			case c == ' ':
				word = append(word, '_')
			case c > ' ' && c < 0x7f && c != '=' && c != '?' && c != '_':
				word = append(word, c)
			default:
				word = append(word, '=', hex[c>>4], hex[c&15])
			}
		}
		if length+len(word)+len(end) > wordLength { // a character is never cut in two
			b.WriteString(end + " " + open)
			length = len(open)
		}
		b.Write(word)
		length += len(word)
	}
	b.WriteString(end)
	return b.String()
}
