package donor

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	maxAddress = 254 // RFC 5321 4.5.3.1.3: a path has 256 octets, two of them the angle brackets
	maxLocal   = 64  // RFC 5321 4.5.3.1.1
)

// ParseAddress checks one e-mail address by itself, without a name, and returns it as it is used: the domain in lower
// case and ASCII (RFC 5890 A-labels), the part before the @ as it is written. Of what RFC 5321 allows it takes what
// real mailboxes have: no quoted local part, no address literal, no domain without a dot. Its errors are one sentence
// each that shows the address shortened and escaped.
func ParseAddress(s string) (string, error) {
	if s == "" {
		return "", errors.New("no address: write one, for example mission@ken.example")
	}
	if len(s) > maxAddress { // before anything looks into it
		return "", fmt.Errorf("%s is %d bytes long: an address has no more than %d", Quote(s), len(s), maxAddress)
	}
	if wrong := unreadable(s); wrong != "" {
		return "", fmt.Errorf("%s %s", wrong, Quote(s))
	}
	wrong := func(format string, args ...any) (string, error) {
		return "", errors.New(Quote(s) + " " + fmt.Sprintf(format, args...))
	}
	if open := strings.LastIndexByte(s, '<'); open >= 0 && strings.HasSuffix(s, ">") {
		return wrong("has a name or brackets around the address: write only %s", Quote(s[open+1:len(s)-1]))
	}
	if i := strings.IndexAny(s, "<>"); i >= 0 {
		return wrong("has a '%c' in it: write only the address, nothing before or after it", s[i])
	}
	ats := strings.Count(s, "@")
	if ats > 1 && strings.ContainsAny(s, ",; /|") {
		return wrong("is more than one address: give each a row of its own")
	}
	if i := strings.IndexFunc(s, unicode.IsSpace); i >= 0 {
		r, _ := utf8.DecodeRuneInString(s[i:])
		return wrong("has a space in it (U+%04X): remove it", r)
	}
	local, domain, _ := strings.Cut(s, "@")
	switch {
	case ats == 0:
		return wrong("has no @: an address is name@domain")
	case ats > 1:
		return wrong("has %d @: an address has one", ats)
	case local == "":
		return wrong("has nothing before the @")
	case domain == "":
		return wrong("has no domain after the @")
	case len(local) > maxLocal:
		return wrong("has %d bytes before the @: no more than %d are allowed", len(local), maxLocal)
	}
	if rule := checkLocal(local); rule != "" {
		return wrong("%s", rule)
	}
	ascii, rule := checkDomain(domain)
	if rule != "" {
		return wrong("%s", rule)
	}
	if n := len(local) + 1 + len(ascii); n > maxAddress {
		return wrong("is %d bytes long once its domain is written in ASCII: an address has no more than %d", n, maxAddress)
	}
	return local + "@" + ascii, nil
}

// unreadable finds what cannot be seen: it begins another header line, or makes an address look like another.
func unreadable(s string) string {
	for i, r := range s {
		switch {
		case r == utf8.RuneError:
			return fmt.Sprintf("byte 0x%02X, which is not UTF-8, in the address", s[i])
		case unicode.IsControl(r) || r == '\u2028' || r == '\u2029':
			return fmt.Sprintf("control character U+%04X in the address", r)
		case unicode.In(r, unicode.Cf, unicode.Co, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector):
			return fmt.Sprintf("invisible character U+%04X in the address", r)
		}
	}
	return ""
}

// checkLocal keeps to the dot-string of RFC 5321 4.1.2.
func checkLocal(local string) string {
	if escaped := escapedBreak(local); escaped != "" {
		return fmt.Sprintf("holds %s, a line break in disguise: remove it", escaped)
	}
	for _, r := range local {
		switch {
		case r >= utf8.RuneSelf:
			return fmt.Sprintf("has U+%04X before the @, where not every mail server takes more than ASCII: ask for another address", r)
		case r == '.' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("!#$%&'*+-/=?^_`{|}~", r):
		default:
			return fmt.Sprintf("has a %s before the @: remove it", strconv.QuoteRune(r))
		}
	}
	return dots(local, "before the @")
}

func dots(s, where string) string {
	switch {
	case strings.HasPrefix(s, "."):
		return "has a dot at the beginning " + where + ": remove it"
	case strings.HasSuffix(s, "."):
		return "has a dot at the end " + where + ": remove it"
	case strings.Contains(s, ".."):
		return "has two dots in a row " + where + ": remove one"
	}
	return ""
}

// checkDomain returns the domain in lower case and ASCII, or the rule that it breaks.
func checkDomain(domain string) (ascii, rule string) {
	if strings.HasPrefix(domain, "[") {
		return "", "names a machine by its number: write a domain"
	}
	if rule := dots(domain, "after the @"); rule != "" {
		return "", rule
	}
	ascii = strings.ToLower(domain)
	foreign := strings.Contains(ascii, "xn--")
	for _, r := range domain {
		switch {
		case r >= utf8.RuneSelf:
			foreign = true
		case r == '.' || r == '-' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9':
		default:
			return "", fmt.Sprintf("has a %s after the @: a domain has letters, digits, dots and hyphens", strconv.QuoteRune(r))
		}
	}
	if foreign {
		if ascii, rule = foreignDomain(domain); rule != "" {
			return "", rule
		}
		if rule := dots(ascii, "after the @"); rule != "" {
			return "", rule
		}
	}
	labels := strings.Split(ascii, ".")
	for _, l := range labels {
		switch {
		case len(l) > 63:
			return "", fmt.Sprintf("has %d letters between two dots of the domain: no more than 63 are allowed", len(l))
		case l[0] == '-' || l[len(l)-1] == '-':
			return "", "has a hyphen at the beginning or the end of " + Quote(l) + ": remove it"
		}
	}
	last := labels[len(labels)-1]
	switch {
	case strings.Trim(last, "0123456789") == "":
		return "", "names a machine by its number: write a domain"
	case len(labels) == 1:
		return "", "has no dot after the @: write the whole domain, for example ken.example"
	}
	return ascii, ""
}
