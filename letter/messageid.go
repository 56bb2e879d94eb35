package letter

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// MessageID is the Message-ID of a letter on its sender's domain, with angle brackets. It follows from the id alone, so
// that a letter sent again after a doubt has the Message-ID of the first, and a reminder knows its appeal's.
func MessageID(id ID, domain string) string {
	var b strings.Builder
	b.Grow(len(id.Campaign) + len(id.Donor) + len(id.Step) + len(domain) + 24)
	b.WriteByte('<')
	for _, s := range [...]string{id.Campaign, id.Donor, id.Step} {
		writeAtom(&b, s)
		b.WriteByte('.')
	}
	// What writeAtom drops or cuts still tells two letters apart in the hash.
	h := sha256.New()
	for _, s := range [...]string{id.Campaign, id.Donor, id.Step} {
		h.Write(field(nil, s))
	}
	b.WriteString(hex.EncodeToString(h.Sum(nil)[:8]))
	b.WriteByte('@')
	b.WriteString(domain)
	b.WriteByte('>')
	return b.String()
}

// writeAtom writes at most 32 characters of s that may stand in a dot-atom (RFC 5322 3.2.3); others become a hyphen.
func writeAtom(b *strings.Builder, s string) {
	if s == "" {
		b.WriteByte('-')
	}
	for i := range min(len(s), 32) {
		c := s[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' {
			b.WriteByte(c)
		} else {
			b.WriteByte('-')
		}
	}
}
