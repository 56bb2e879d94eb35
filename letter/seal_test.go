package letter

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	netmail "net/mail"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"outreach.example/donor"
)

var update = flag.Bool("update", false, "write the golden files anew")

var sealDate = time.Date(2026, 11, 23, 8, 30, 0, 0, time.FixedZone("", 3600))

func appeal() *Content {
	return &Content{
		ID: ID{"resilience", "KEN", "appeal"}, Language: "en",
		From:    donor.Mailbox{Name: "International Organization for Migration", Address: "resilience@iom.example"},
		ReplyTo: donor.Mailbox{Name: "Resilience Desk", Address: "resilience-desk@iom.example"},
		To:      donor.Mailbox{Name: "H.E. Wanjiru Achieng", Address: "ambassador@kenya.mission.example"},
		Cc: []donor.Mailbox{
			{Name: "Otieno, Desk Officer", Address: "desk@kenya.mission.example"},
			{Address: "registry@kenya.mission.example"},
		},
		Registry: "registry@iom.example", ReturnPath: "bounce@iom.example",
		Subject: "From Reform to Resilience: Securing What We Built Together",
		Text:    "Geneva, " + DateMark + "\n\nExcellency,\n\n.A line that begins with a dot.\nUSD 1,250,000 = 5 %\n",
		HTML:    "<!DOCTYPE html>\n<html lang=\"en\"><body><p>Geneva, " + DateMark + "</p><p>Excellency,</p></body></html>\n",
	}
}

func reminder() *Content {
	c := appeal()
	c.ID.Donor, c.ID.Step, c.Language = "CIV", "reminder-1", "fr"
	c.Sender = donor.Mailbox{Name: "Bureau", Address: "bureau@iom.example"}
	c.To = donor.Mailbox{Name: "S.E. Aïcha Koné-Ouattara", Address: "ambassade@côte.example"}
	c.Cc = nil
	c.Subject = "De la réforme à la résilience : consolider ce que nous avons bâti ensemble, " + DateMark
	c.Text = "Genève, le " + DateMark + "\n\nMadame l’Ambassadrice,\n\n1 250 000 dollars\n"
	c.HTML = "<p>Genève, le " + DateMark + "</p><p>Madame l’Ambassadrice,</p>"
	c.References = []string{MessageID(ID{"resilience", "CIV", "appeal"}, "iom.example")}
	return c
}

var boundary = regexp.MustCompile(`[0-9a-f]{60}`)

// TestSealGolden shows the whole message for review.
func TestSealGolden(t *testing.T) {
	for _, tc := range []struct {
		name, printed string
		content       *Content
	}{
		{"appeal", "23 November 2026", appeal()},
		{"reminder", "23 novembre 2026", reminder()},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, err := Seal(tc.content, sealDate, tc.printed)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, tc.name+".eml", boundary.ReplaceAll(s.Bytes, []byte("BOUNDARY")))
		})
	}
}

// golden compares a message with the one that was read in review, or writes it to be read.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Error(diff)
	}
}

// TestSealReadsBack reads the message as a mail program does and finds what went in.
func TestSealReadsBack(t *testing.T) {
	c := reminder()
	s, err := Seal(c, sealDate, "23 novembre 2026")
	if err != nil {
		t.Fatal(err)
	}
	m, err := netmail.ReadMessage(bytes.NewReader(s.Bytes))
	if err != nil {
		t.Fatal(err)
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil {
		t.Fatal(err)
	}
	date, err := m.Header.Date()
	if err != nil || !date.Equal(sealDate) {
		t.Errorf("Date %v, %v", date, err)
	}
	to, err := m.Header.AddressList("To")
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{
		"subject": subject, "to": to[0].Name + " " + to[0].Address, "message-id": m.Header.Get("Message-ID"),
		"in-reply-to": m.Header.Get("In-Reply-To"), "references": m.Header.Get("References"),
		"language": m.Header.Get("Content-Language"), "agent": m.Header.Get("User-Agent") + m.Header.Get("X-Mailer"),
		"bcc": m.Header.Get("Bcc"),
	}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatalf("content type %q, %v", kind, err)
	}
	parts := multipart.NewReader(m.Body, params["boundary"])
	for range 2 {
		p, err := parts.NextRawPart()
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(quotedprintable.NewReader(p))
		if err != nil {
			t.Fatal(err)
		}
		got[p.Header.Get("Content-Type")] = strings.ReplaceAll(string(body), "\r\n", "\n")
	}
	ref := c.References[0]
	want := map[string]string{
		"subject": strings.ReplaceAll(c.Subject, DateMark, "23 novembre 2026"),
		"to":      "S.E. Aïcha Koné-Ouattara ambassade@xn--cte-kna.example", "message-id": s.MessageID,
		"in-reply-to": ref, "references": ref, "language": "fr", "agent": "", "bcc": "",
		"text/plain; charset=UTF-8": strings.ReplaceAll(c.Text, DateMark, "23 novembre 2026"),
		"text/html; charset=UTF-8":  strings.ReplaceAll(c.HTML, DateMark, "23 novembre 2026"),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if sum := sha256.Sum256(s.Bytes); s.ByteHash != hex.EncodeToString(sum[:]) || s.ContentHash != c.Hash() {
		t.Error("hashes are not those of the bytes and of the content with its mark")
	}
	want2 := Envelope{From: "bounce@iom.example", To: "ambassade@xn--cte-kna.example", Registry: "registry@iom.example"}
	if diff := cmp.Diff(want2, s.Envelope); diff != "" {
		t.Error(diff)
	}
	if bytes.Contains(s.Bytes, []byte("registry@iom.example")) {
		t.Error("the registry copy shows in the message")
	}
}

// TestSealRefuses: what could become another header, another recipient or a gap is refused in one sentence.
func TestSealRefuses(t *testing.T) {
	for _, tc := range []struct {
		name    string
		change  func(*Content)
		printed string
		want    string
	}{
		{"CR in a name", func(c *Content) { c.To.Name = "A\r\nBcc: x@y.example" }, "", `letter resilience/KEN/appeal: control character '\r' in the To name, at byte 2`},
		{"LF in the subject", func(c *Content) { c.Subject = "a\nb" }, "", `letter resilience/KEN/appeal: control character '\n' in the subject, at byte 2`},
		{"NUL in a Cc name", func(c *Content) { c.Cc[0].Name = "a\x00" }, "", `letter resilience/KEN/appeal: control character '\x00' in the Cc name, at byte 2`},
		{"line separator", func(c *Content) { c.From.Name = "a\u2028" }, "", `letter resilience/KEN/appeal: control character '\u2028' in the From name, at byte 2`},
		{"NUL in the text", func(c *Content) { c.Text = "a\x00" }, "", `letter resilience/KEN/appeal: control character '\x00' in the text`},
		{"CR in the printed date", nil, "1\r2", `letter resilience/KEN/appeal: control character '\r' in the printed date, at byte 2`},
		{"CR in the language", func(c *Content) { c.Language = "e\r" }, "", `letter resilience/KEN/appeal: control character '\r' in the language, at byte 2`},
		{"half a mark", func(c *Content) { c.HTML += "\uE001" }, "", `letter resilience/KEN/appeal: a broken date mark is left in the HTML`},
		{"mark in the printed date", nil, DateMark, `letter resilience/KEN/appeal: a broken date mark is left in the printed date`},
		{"no text", func(c *Content) { c.Text = "" }, "", `letter resilience/KEN/appeal: the text is empty`},
		{"SMTP parameter", func(c *Content) { c.To.Address = "a@x.example> NOTIFY=NEVER" }, "", `letter resilience/KEN/appeal: To: "a@x.example> NOTIFY=NEVER": "x.example> NOTIFY=NEVER" is not a domain`},
		{"two addresses", func(c *Content) { c.To.Address = "a@x.example,b@y.example" }, "", `letter resilience/KEN/appeal: To: "a@x.example,b@y.example": '@' cannot stand before the @`},
		{"no domain", func(c *Content) { c.Cc[1].Address = "a@" }, "", `letter resilience/KEN/appeal: Cc: "a@" is not an address (expected name@domain)`},
		{"double dot", func(c *Content) { c.Registry = "a..b@x.example" }, "", `letter resilience/KEN/appeal: registry copy: "a..b@x.example": a dot stands at an end of the part before the @, or two stand together`},
		{"local part not ASCII", func(c *Content) { c.ReturnPath = "é@x.example" }, "", `letter resilience/KEN/appeal: return path: "é@x.example": 'é' cannot stand before the @`},
		{"no return path", func(c *Content) { c.ReturnPath = "" }, "", `letter resilience/KEN/appeal: the return path is empty`},
		{"IP literal", func(c *Content) { c.Sender.Address = "a@[192.0.2.1]" }, "", `letter resilience/KEN/appeal: Sender: "a@[192.0.2.1]": "[192.0.2.1]" is not a domain`},
		{"reference without brackets", func(c *Content) { c.References = []string{"a@b"} }, "", `letter resilience/KEN/appeal: "a@b" is not a Message-ID (expected <...@domain>)`},
		{"two references in one", func(c *Content) { c.References = []string{"<a@b> <c@d>"} }, "", `letter resilience/KEN/appeal: "<a@b> <c@d>" is not a Message-ID: '>' cannot stand in it`},
		{"a word of 1,200 letters", func(c *Content) { c.Subject = strings.Repeat("x", 1200) }, "", `letter resilience/KEN/appeal: line 7 of the message is longer than 998 characters`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := appeal()
			if tc.change != nil {
				tc.change(c)
			}
			if tc.printed == "" {
				tc.printed = "23 November 2026"
			}
			_, err := Seal(c, sealDate, tc.printed)
			if err == nil || !strings.HasPrefix(err.Error(), tc.want) {
				t.Errorf("got  %v\nwant %s", err, tc.want)
			}
		})
	}
}

// TestSealLines: no line is longer than SMTP carries and none ends otherwise than in CRLF, whatever the content.
func TestSealLines(t *testing.T) {
	c := appeal()
	c.Text = strings.Repeat("é.=\t ", 3000) + "\n.\n..\r\nend without a line end"
	c.To.Name = strings.Repeat("Ünï ", 60)
	for i := range 40 {
		c.References = append(c.References, MessageID(ID{"resilience", "KEN", strings.Repeat("s", i+1)}, "iom.example"))
	}
	s, err := Seal(c, sealDate, "23 November 2026")
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(s.Bytes) {
		if len(line) > 1000 || !bytes.HasSuffix(line, []byte("\r\n")) || bytes.IndexByte(line[:len(line)-2], '\r') >= 0 {
			t.Errorf("line %q", line)
		}
	}
	m, err := netmail.ReadMessage(bytes.NewReader(s.Bytes))
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Fields(m.Header.Get("References"))
	want := append([]string{c.References[0]}, c.References[21:]...)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func FuzzSeal(f *testing.F) {
	f.Add("H.E. A B", "a@x.example", "Subject", "Text")
	f.Add("A\r\nBcc: b@y.example", "a@x.example", "S", "T\n.\n")
	f.Add("\"", "a@ü.example", "Ü\x7f", "=")
	f.Fuzz(func(t *testing.T, name, address, subject, text string) {
		c := appeal()
		c.To, c.Subject, c.Text = donor.Mailbox{Name: name, Address: address}, subject, text
		s, err := Seal(c, sealDate, "23 November 2026")
		if err != nil {
			return
		}
		m, err := netmail.ReadMessage(bytes.NewReader(s.Bytes))
		if err != nil {
			t.Fatal(err)
		}
		if len(m.Header) != 12 { // those of the appeal, no more and no fewer
			t.Errorf("%d header fields: %v", len(m.Header), m.Header)
		}
		decoded, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
		if err != nil || strings.TrimSpace(decoded) != strings.TrimSpace(subject) {
			t.Errorf("subject %q read back as %q, %v", subject, decoded, err)
		}
		to, err := m.Header.AddressList("To")
		if err != nil || len(to) != 1 || to[0].Address != s.Envelope.To {
			t.Errorf("To %v, %v", to, err)
		}
	})
}

func BenchmarkSeal(b *testing.B) {
	c := appeal()
	c.Text = strings.Repeat("Excellency, the Organization thanks your Government for its support.\n", 30)
	c.HTML = strings.Repeat("<p style=\"margin:0 0 16px\">Excellency, the Organization thanks your Government for it.</p>\n", 90)
	b.ReportAllocs()
	b.SetBytes(int64(len(c.Text) + len(c.HTML)))
	for b.Loop() {
		if _, err := Seal(c, sealDate, "23 November 2026"); err != nil {
			b.Fatal(err)
		}
	}
}
