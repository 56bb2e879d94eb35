package letter

import (
	"bytes"
	"mime/quotedprintable"
	"strings"
	"testing"
)

// FuzzQuoted proves that text comes out as the standard library writes it, in one piece or in two. The library is given
// plain line ends: between a CR and an LF it forgets the LF when only bytes that it encodes are between them.
func FuzzQuoted(f *testing.F) {
	for _, s := range []string{
		"", "plain", "a=b", "ends with a space \n\tand a tab\t", " ", "\t\n", "\r\n\r\r\n\n", "Señor “Embajador”: 250 000 €",
		strings.Repeat("x", 75), strings.Repeat("x", 76) + "\n", strings.Repeat("x", 74) + " ", strings.Repeat("x", 75) + " \n",
		strings.Repeat("é", 40), strings.Repeat("x", 73) + "=", strings.Repeat("x", 72) + "é", strings.Repeat("word ", 40), "\x00\x7f\xff",
	} {
		f.Add(s, len(s)/2)
	}
	plainEnds := strings.NewReplacer("\r\n", "\n", "\r", "\n")
	f.Fuzz(func(t *testing.T, s string, cut int) {
		var want bytes.Buffer
		w := quotedprintable.NewWriter(&want)
		if _, err := w.Write([]byte(plainEnds.Replace(s))); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		cut = min(max(cut, 0), len(s))
		var q quoted
		q.write(s[:cut])
		q.write(s[cut:])
		q.end()
		if string(q.out) != want.String() {
			t.Errorf("%q in two pieces, cut at %d: %q, and the standard library writes %q", s, cut, q.out, want.String())
		}
	})
}
