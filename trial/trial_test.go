package trial

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net/smtp"
	"net/textproto"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"outreach.example/donor"
	"outreach.example/letter"
)

var update = flag.Bool("update", false, "write the golden files of testdata anew")

// Whatever a test starts must have ended with it.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var monday = time.Date(2026, 11, 23, 8, 30, 0, 0, time.FixedZone("CET", 3600))

// clock is a second further each time it is asked.
func clock() func() time.Time {
	ticks := make(chan time.Time, 1)
	ticks <- monday
	return func() time.Time {
		now := <-ticks
		ticks <- now.Add(time.Second)
		return now
	}
}

func names(id string) string {
	return map[string]string{"KEN": "Kenya", "CIV": "Côte d’Ivoire", "BOL": "Bolivia (Plurinational State of)"}[id]
}

func start(t *testing.T, o Options) *Mailbox {
	t.Helper()
	o.Now, o.Name = clock(), names
	m, err := StartMailbox(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := m.Close(ctx); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return m
}

// A sample is one letter of the three that the tests send.
func sample(t *testing.T, language, step string) letter.Sealed {
	t.Helper()
	c := map[string]letter.Content{
		"en": {
			ID: letter.ID{Donor: "KEN"}, Subject: "From Reform to Resilience: Securing What We Built Together",
			To:   donor.Mailbox{Name: "H.E. Wanjiru Achieng", Address: "ambassador@kenya.example"},
			Cc:   []donor.Mailbox{{Name: "Desk Officer", Address: "desk@kenya.example"}},
			Text: "Geneva, 23 November 2026\n\nExcellency,\n\nThe Republic of Kenya is asked for USD 62,500.\n",
			HTML: `<!DOCTYPE html><html lang="en"><body><p>Geneva, 23 November 2026</p><p>Excellency,</p><p>The Republic of Kenya is asked for USD 62,500.</p></body></html>`,
		},
		"fr": {
			ID: letter.ID{Donor: "CIV"}, Subject: "De la réforme à la résilience : consolider ce que nous avons bâti ensemble",
			To:   donor.Mailbox{Name: "S.E. Aïcha Koné-Ouattara", Address: "ambassade@cotedivoire.example"},
			Text: "Genève, le 23 novembre 2026\n\nMadame l’Ambassadrice,\n\nLa République de Côte d’Ivoire est invitée à donner 31 250 dollars.\n",
			HTML: `<html lang="fr"><body><p>Madame l’Ambassadrice,</p><p>La République de Côte d’Ivoire est invitée à donner 31 250 dollars.</p></body></html>`,
		},
		"es": {
			ID: letter.ID{Donor: "BOL"}, Subject: "De la reforma a la resiliencia: afianzar lo que construimos juntos",
			To:   donor.Mailbox{Name: "Excmo. Sr. Íñigo Muñoz", Address: "embajada@bolivia.example"},
			Text: "Ginebra, 23 de noviembre de 2026\n\nExcelentísimo Señor Embajador:\n\nSe pide al Estado Plurinacional de Bolivia 12 000 dólares.\n",
			HTML: `<html lang="es"><body><p>Excelentísimo Señor Embajador:</p><p>Se pide al Estado Plurinacional de Bolivia 12 000 dólares.</p></body></html>`,
		},
	}[language]
	c.ID.Campaign, c.ID.Step, c.Language = "resilience", step, language
	c.From = donor.Mailbox{Name: "International Organization for Migration", Address: "resilience@iom.example"}
	c.ReplyTo = donor.Mailbox{Name: "Resilience Desk", Address: "resilience-desk@iom.example"}
	c.Registry, c.ReturnPath = "registry@iom.example", "bounce@iom.example"
	if step != "appeal" {
		appeal := c.ID
		appeal.Step = "appeal"
		c.References = []string{letter.MessageID(appeal, "iom.example")}
	}
	s, err := letter.Seal(&c, monday, "")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// hand hands one letter over as a relay's client would; the error is the mailbox's reply, and before says whether it
// came before the content.
func hand(addr, from string, rcpts []string, raw []byte) (before bool, err error) {
	c, err := smtp.Dial(addr)
	if err != nil {
		return true, err
	}
	defer c.Close()
	if err := c.Mail(from); err != nil {
		return true, err
	}
	for _, to := range rcpts {
		if err := c.Rcpt(to); err != nil {
			return true, err
		}
	}
	w, err := c.Data()
	if err != nil {
		return true, err
	}
	if _, err := w.Write(raw); err != nil {
		return false, err
	}
	if err := w.Close(); err != nil {
		return false, err
	}
	return false, c.Quit()
}

func send(t *testing.T, m *Mailbox, letters ...letter.Sealed) {
	t.Helper()
	for _, l := range letters {
		rcpts := append([]string{l.Envelope.To}, l.Envelope.Cc...)
		if _, err := hand(m.SMTPAddr(), l.Envelope.From, append(rcpts, l.Envelope.Registry), l.Bytes); err != nil {
			t.Fatalf("%s: %v", l.ID, err)
		}
	}
}

// dialogue is a connection spoken by hand: each line is sent, and its reply must begin with the code.
func dialogue(t *testing.T, addr string, lines ...string) *textproto.Conn {
	t.Helper()
	c, err := textproto.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	expect := func(code string) {
		t.Helper()
		for {
			line, err := c.ReadLine()
			if err != nil || len(line) < 4 || line[:3] != code {
				t.Fatalf("reply %q, %v, want %s", line, err, code)
			}
			if line[3] == ' ' {
				return
			}
		}
	}
	expect("220")
	for i := 0; i < len(lines); i += 2 {
		if _, err := io.WriteString(c.W, lines[i]+"\r\n"); err != nil {
			t.Fatal(err)
		}
		if err := c.W.Flush(); err != nil {
			t.Fatal(err)
		}
		expect(lines[i+1])
	}
	return c
}

func plainLetter(id string, size int) []byte {
	line := strings.Repeat("a", 70) + "\r\n"
	return fmt.Appendf(nil, "Message-ID: <%s@iom.example>\r\nSubject: %s\r\n\r\n%s", id, id, strings.Repeat(line, 1+size/len(line)))
}
