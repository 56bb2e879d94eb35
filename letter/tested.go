package letter

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"outreach.example/donor"
)

// SealTest seals a letter for somebody of the organisation who wants to see it as it arrives: to that address alone, without
// copies, without the registry, outside every thread. Its Message-ID is new each time and of a form that names no letter, so
// that neither a copy of it nor a mail that comes back is ever taken for the letter's. The marks that say so are in the
// content already.
func SealTest(c *Content, to string, date time.Time, printed string) (Sealed, error) {
	t := *c
	t.To, t.Cc, t.Registry, t.References = donor.Mailbox{Address: to}, nil, "", nil
	d, err := t.dated(printed)
	if err != nil {
		return Sealed{}, fmt.Errorf("test of letter %s: %w", c.ID, err)
	}
	_, domain, _ := strings.Cut(d.from.Address, "@")
	s := Sealed{ID: c.ID, ContentHash: t.Hash(), Envelope: d.envelope, MessageID: testID(domain)}
	if s.Bytes, err = d.compose(new(bytes.Buffer), s.MessageID, date); err != nil {
		return Sealed{}, fmt.Errorf("test of letter %s: %w", c.ID, err)
	}
	sum := sha256.Sum256(s.Bytes)
	s.ByteHash = hex.EncodeToString(sum[:])
	return s, nil
}

// testID is a Message-ID that ParseMessageID does not read.
func testID(domain string) string {
	var b [12]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	return "<test." + hex.EncodeToString(b[:]) + "@" + domain + ">"
}
