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

// writeAtom writes at most AtomLength characters of s that may stand in a dot-atom (RFC 5322 3.2.3); others become a hyphen.
func writeAtom(b *strings.Builder, s string) {
	if s == "" {
		b.WriteByte('-')
	}
	for i := range min(len(s), AtomLength) {
		c := s[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' {
			b.WriteByte(c)
		} else {
			b.WriteByte('-')
		}
	}
}

// A MessageIDName is what a Message-ID shows of the letter it names: each part as Atom writes it.
type MessageIDName struct{ Campaign, Donor, Step, Domain string }

// ParseMessageID takes a Message-ID apart that has the form MessageID writes, with its angle brackets. Whether it is the
// letter's is known once MessageID has written the same from the letter's id.
func ParseMessageID(s string) (n MessageIDName, ok bool) {
	if checkMessageID(s) != nil {
		return n, false
	}
	left, domain, _ := strings.Cut(s[1:len(s)-1], "@")
	p := strings.Split(left, ".")
	if len(p) != 4 || len(p[3]) != 16 || p[0] == "" || p[1] == "" || p[2] == "" {
		return n, false
	}
	if h, err := hex.DecodeString(p[3]); err != nil || hex.EncodeToString(h) != p[3] {
		return n, false
	}
	return MessageIDName{Campaign: p[0], Donor: p[1], Step: p[2], Domain: domain}, true
}

// AtomLength is how much of each part of a letter's id a Message-ID shows.
const AtomLength = 32

// Atom is a part of a letter's id as its Message-ID shows it.
func Atom(s string) string {
	var b strings.Builder
	writeAtom(&b, s)
	return b.String()
}
