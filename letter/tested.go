package letter

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"fmt"

	"outreach.example/donor"
)

// SealTest seals a letter for somebody of the organisation who wants to see it as it arrives: to that address alone, without
// copies, without the registry, outside every thread, with the campaign's plain return path. Its Message-ID is new each time
// and of a form that names no letter, so that neither a copy of it nor a mail that comes back is ever taken for the
// letter's. The marks that say so are in the content already.
func (s *Sealer) SealTest(c *Content, to string, o Occasion) (Sealed, error) {
	t := *c
	t.To, t.Cc, t.Registry, t.References, t.OptOut = donor.Mailbox{Address: to}, nil, "", nil, OptOut{}
	plain := Sealer{DKIM: s.DKIM}
	out, err := plain.seal(new(bytes.Buffer), &t, o, testID)
	if err != nil {
		return Sealed{}, fmt.Errorf("test of letter %s: %w", c.ID, err)
	}
	return out, nil
}

// testID is a Message-ID that ParseMessageID does not read.
func testID(_ ID, domain string) string {
	var b [12]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	return "<test." + hex.EncodeToString(b[:]) + "@" + domain + ">"
}
