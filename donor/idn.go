package donor

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// asciiDomain maps as a program that looks a domain up does (RFC 5891 5, UTS 46 without transitional mappings).
var asciiDomain = idna.New(idna.MapForLookup(), idna.Transitional(false), idna.BidiRule(), idna.StrictDomainName(true))

// foreignDomain writes a domain with other letters than ASCII's, or with labels that stand for them, in ASCII. A label
// that a reader may take for another is refused.
func foreignDomain(domain string) (ascii, rule string) {
	ascii, err := asciiDomain.ToASCII(domain)
	if err != nil || ascii == "" {
		r, _ := utf8.DecodeRuneInString(strings.TrimLeftFunc(domain, func(r rune) bool { return r < utf8.RuneSelf }))
		if r == utf8.RuneError {
			return "", "has a domain that no registry would give out: type it anew"
		}
		return "", fmt.Sprintf("has a domain that no registry would give out (from U+%04X on): type it anew", r)
	}
	shown, err := asciiDomain.ToUnicode(ascii)
	if err != nil {
		return "", "has a domain that no registry would give out: type it anew"
	}
	for label := range strings.SplitSeq(shown, ".") {
		if r := mixed(label); r != 0 {
			return "", fmt.Sprintf("mixes letters of two scripts in %s (U+%04X): it may look like another domain, type it anew", Quote(label), r)
		}
		if r := lookalike(label); r != 0 {
			return "", fmt.Sprintf("has a %s that looks Latin and is not (U+%04X): it may look like another domain, type it anew", Quote(label), r)
		}
	}
	return ascii, ""
}

// together are scripts that one language writes with (UTS 39 5.2, highly restrictive).
var together = [][]string{
	{"Latin", "Han", "Hiragana", "Katakana"}, {"Latin", "Han", "Bopomofo"}, {"Latin", "Han", "Hangul"},
}

// mixed is the first letter of a label that is of another script than those before it, 0 when all go together.
func mixed(label string) rune {
	var scripts []string
	for _, r := range label {
		s := script(r)
		if s == "" || slices.Contains(scripts, s) {
			continue
		}
		if scripts = append(scripts, s); len(scripts) == 1 {
			continue
		}
		if !slices.ContainsFunc(together, func(set []string) bool {
			return !slices.ContainsFunc(scripts, func(s string) bool { return !slices.Contains(set, s) })
		}) {
			return r
		}
	}
	return 0
}

// script is the script of a letter, "" for what belongs to several.
func script(r rune) string {
	if r < utf8.RuneSelf {
		if unicode.IsLetter(r) {
			return "Latin"
		}
		return ""
	}
	for name, table := range unicode.Scripts {
		if unicode.Is(table, r) {
			if name == "Common" || name == "Inherited" {
				return ""
			}
			return name
		}
	}
	return ""
}

// twins are the letters of other scripts that look like a lower-case Latin one (from UTS 39's confusables).
const twins = "авесԁһіјӏкмоԛрѕтѵԝхуүґпг" + "αγικνορτυω" + "ոսօհցզյ"

// lookalike is the first letter of a label that has no letter but twins of Latin ones, 0 for any other.
func lookalike(label string) (first rune) {
	for _, r := range label {
		switch {
		case !unicode.IsLetter(r):
		case !strings.ContainsRune(twins, r):
			return 0
		case first == 0:
			first = r
		}
	}
	return first
}
