package letter

import (
	"fmt"
	"strings"

	"golang.org/x/net/idna"

	"outreach.example/donor"
)

// asciiAddress is an address as SMTP and headers carry it: its domain in A-labels (RFC 5890). It refuses everything
// that could be read as more than one address, as a parameter or as a header (RFC 5321 4.1.2, RFC 5322 3.4.1).
func asciiAddress(address string) (string, error) {
	at := strings.LastIndexByte(address, '@')
	if at < 1 || at == len(address)-1 {
		return "", fmt.Errorf("%s is not an address (expected name@domain)", shown(address))
	}
	local, domain := address[:at], address[at+1:]
	if len(local) > 64 {
		return "", fmt.Errorf("%s: the part before the @ is longer than 64 characters", shown(address))
	}
	if local[0] == '.' || local[len(local)-1] == '.' || strings.Contains(local, "..") {
		return "", fmt.Errorf("%s: a dot stands at an end of the part before the @, or two stand together", shown(address))
	}
	for _, r := range local {
		if r >= 0x80 || !strings.ContainsRune(atext, r) {
			return "", fmt.Errorf("%s: %q cannot stand before the @", shown(address), r)
		}
	}
	ascii, err := asciiDomain(domain)
	if err != nil {
		return "", fmt.Errorf("%s: %w", shown(address), err)
	}
	if len(local)+1+len(ascii) > 254 {
		return "", fmt.Errorf("%s is longer than 254 characters", shown(address))
	}
	return local + "@" + ascii, nil
}

const atext = ".!#$%&'*+-/=?^_`{|}~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

// asciiDomain is a domain in A-labels.
func asciiDomain(domain string) (string, error) {
	ascii := domain
	for i := range len(domain) {
		if domain[i] >= 0x80 {
			var err error
			if ascii, err = idna.Lookup.ToASCII(domain); err != nil {
				return "", fmt.Errorf("%s is not a domain", shown(domain))
			}
			break
		}
	}
	for label := range strings.SplitSeq(ascii, ".") {
		if len(label) == 0 || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return "", fmt.Errorf("%s is not a domain", shown(domain))
		}
		for i := range len(label) {
			c := label[i]
			if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-') {
				return "", fmt.Errorf("%s is not a domain", shown(domain))
			}
		}
	}
	return ascii, nil
}

// mailbox checks a mailbox for one header and puts its domain in A-labels.
func mailbox(header string, m donor.Mailbox) (donor.Mailbox, error) {
	if err := plain(header+" name", m.Name); err != nil {
		return m, err
	}
	ascii, err := asciiAddress(m.Address)
	if err != nil {
		return m, fmt.Errorf("%s: %w", header, err)
	}
	m.Address = ascii
	return m, nil
}

// plain refuses what would end a header line, or what a reader cannot see: it is refused, never cleaned silently.
func plain(what, s string) error {
	for i, r := range s {
		switch {
		case r < 0x20 && r != '\t', r == 0x7f, r == 0x85, r == '\u2028', r == '\u2029':
			return fmt.Errorf("control character %q in the %s, at byte %d", r, what, i+1)
		case r == 0xfffd:
			return fmt.Errorf("unreadable character in the %s, at byte %d", what, i+1)
		}
	}
	return nil
}

// shown is a value as an error shows it: escaped, and at most 40 characters of it.
func shown(s string) string {
	if r := []rune(s); len(r) > 40 {
		return fmt.Sprintf("%q...", string(r[:40]))
	}
	return fmt.Sprintf("%q", s)
}
