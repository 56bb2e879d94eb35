package inbox

import (
	"strings"
	"testing"
	"time"

	"outreach.example/letter"
)

// Whatever a mail holds, reading it ends soon and within the limits, and gives the same twice.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"From: org@iom.example\r\nTo: a@b.example\r\nMessage-ID: <res.A.appeal.0123456789abcdef@iom.example>\r\nDate: Tue, 24 Nov 2026 10:00:00 +0000\r\nSubject: =?utf-8?q?caf=C3=A9?=\r\n\r\nwords\r\n",
		"Content-Type: multipart/alternative; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nw=C3=B6rter\r\n--x--\r\n",
		"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: multipart/mixed; boundary=y\r\n\r\n--y\r\n\r\n--y--\r\n--x--\r\n",
		"Received: by x; Tue, 24 Nov 2026 10:00:00 +0000\nFrom: a, b\nMessage-Id:\n <a\n\n",
		"Content-Transfer-Encoding: base64\r\nContent-Type: text/plain; charset=koi8-r\r\n\r\n!!!!",
		"\r\n\r\n", "", ":\n\n", "\x00",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		began := time.Now()
		m, err := parse(b)
		again, err2 := parse(b)
		if (err == nil) != (err2 == nil) {
			t.Fatalf("%v, then %v", err, err2)
		}
		if err != nil {
			return
		}
		text, _ := m.text()
		if other, _ := again.text(); other != text || again.id != m.id || again.messageID != m.messageID {
			t.Fatal("two readings differ")
		}
		if len(m.id) != 12 || len(text) > maxText || strings.ToLower(m.from) != m.from {
			t.Fatalf("id %q, %d bytes of text, from %q", m.id, len(text), m.from)
		}
		if n, ok := letter.ParseMessageID(m.messageID); ok && strings.ContainsAny(n.Campaign+n.Donor+n.Step+n.Domain, "<>@\r\n ") {
			t.Fatalf("Message-ID %q names %+v", m.messageID, n)
		}
		if d := time.Since(began); d > time.Duration(1+len(b)>>16)*2*time.Second {
			t.Fatalf("%d bytes took %v", len(b), d)
		}
	})
}

// Parts within parts end at the limit.
func TestDepth(t *testing.T) {
	var b strings.Builder
	for i := range 40 {
		b.WriteString("Content-Type: multipart/mixed; boundary=b" + string(rune('A'+i)) + "\r\n\r\n--b" + string(rune('A'+i)) + "\r\n")
	}
	b.WriteString("Content-Type: text/plain\r\n\r\nwords\r\n")
	m, err := parse([]byte(b.String()))
	if err != nil {
		t.Fatal(err)
	}
	if s, err := m.text(); err != errDeep {
		t.Errorf("%q %v", s, err)
	}
	many := "Content-Type: multipart/mixed; boundary=x\r\n\r\n" + strings.Repeat("--x\r\nContent-Type: image/png\r\n\r\n\r\n", 300) + "--x--\r\n"
	if m, err = parse([]byte(many)); err != nil {
		t.Fatal(err)
	}
	if s, err := m.text(); err != errDeep {
		t.Errorf("%q %v", s, err)
	}
}
