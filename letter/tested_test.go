package letter

import (
	"bytes"
	"net/mail"
	"testing"
)

// TestSealTest: a test goes to one address, belongs to no thread, and names no letter.
func TestSealTest(t *testing.T) {
	c := reminder()
	c.Cc = appeal().Cc
	c.OptOut = OptOut{Web: true}
	house := Sealer{Tokens: TokenKeys{bytes.Repeat([]byte("k"), 32)}, OptOutURL: "https://iom.example/optout"}
	before := c.Hash()
	first, err := house.SealTest(c, "me@iom.example", Occasion{Date: sealDate, Printed: "23 novembre 2026"})
	if err != nil {
		t.Fatal(err)
	}
	again, err := house.SealTest(c, "me@iom.example", Occasion{Date: sealDate, Printed: "23 novembre 2026"})
	if err != nil {
		t.Fatal(err)
	}
	if c.Hash() != before {
		t.Error("the letter itself has changed")
	}
	if e := first.Envelope; e.To != "me@iom.example" || len(e.Cc) != 0 || e.Registry != "" || e.From != "bounce@iom.example" {
		t.Errorf("envelope %+v", e)
	}
	if first.MessageID == again.MessageID || first.MessageID == MessageID(c.ID, "iom.example") {
		t.Errorf("Message-ID %s, then %s", first.MessageID, again.MessageID)
	}
	if n, ok := ParseMessageID(first.MessageID); ok {
		t.Errorf("%s is taken for the letter %+v", first.MessageID, n)
	}
	if err := checkMessageID(first.MessageID); err != nil {
		t.Error(err)
	}
	m, err := mail.ReadMessage(bytes.NewReader(first.Bytes))
	if err != nil {
		t.Fatal(err)
	}
	if got := m.Header.Get("To"); got != "<me@iom.example>" {
		t.Errorf("To: %s", got)
	}
	for _, absent := range []string{"Cc", "In-Reply-To", "References", "List-Unsubscribe", "List-Unsubscribe-Post"} {
		if got := m.Header.Get(absent); got != "" {
			t.Errorf("%s: %s", absent, got)
		}
	}
	if _, err := house.SealTest(c, "me", Occasion{Date: sealDate, Printed: "23 novembre 2026"}); err == nil {
		t.Error("no address is taken for one")
	}
}
