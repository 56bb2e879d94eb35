package letter

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	netmail "net/mail"
	"strings"
	"sync"
	"time"

	"github.com/wneessen/go-mail"

	"outreach.example/donor"
)

// maxReferences is how many Message-IDs References keeps: the first, and the newest of the rest.
const maxReferences = 20

// maxLine is the longest line a message may have, without its CRLF (RFC 5322 2.1.1).
const maxLine = 998

// Seal composes a letter to bytes, before any connection is opened: a fault of the content shows here or never. The
// printed date takes the place of the mark, date becomes the Date header. Two seals of one content differ in their
// random boundary only. An error says what in the content must change.
func Seal(c *Content, date time.Time, printed string) (Sealed, error) {
	return SealInto(new(bytes.Buffer), c, date, printed)
}

// SealInto is Seal with the bytes in a buffer that is used again: they last until its next use.
func SealInto(b *bytes.Buffer, c *Content, date time.Time, printed string) (Sealed, error) {
	d, err := c.dated(printed)
	if err != nil {
		return Sealed{}, fmt.Errorf("letter %s: %w", c.ID, err)
	}
	s := Sealed{ID: c.ID, ContentHash: c.Hash(), Envelope: d.envelope}
	_, domain, _ := strings.Cut(d.from.Address, "@")
	s.MessageID = MessageID(c.ID, domain)
	if s.Bytes, err = d.compose(b, s.MessageID, date); err != nil {
		return Sealed{}, fmt.Errorf("letter %s: %w", c.ID, err)
	}
	sum := sha256.Sum256(s.Bytes)
	s.ByteHash = hex.EncodeToString(sum[:])
	return s, nil
}

// dated is a content with its date printed and every header value checked.
type dated struct {
	*Content
	from, sender, replyTo, to donor.Mailbox
	cc                        []donor.Mailbox
	subject, printed          string
	envelope                  Envelope
}

// dated checks everything that goes into a header or the envelope.
func (c *Content) dated(printed string) (*dated, error) {
	d := &dated{
		Content: c,
		subject: strings.ReplaceAll(c.Subject, DateMark, printed),
		printed: printed,
	}
	for _, p := range [...]struct{ what, value string }{{"subject", c.Subject}, {"text", c.Text}, {"HTML", c.HTML}} {
		if p.value == "" {
			return nil, fmt.Errorf("the %s is empty", p.what)
		}
		if n := strings.Count(p.value, DateMark); strings.Count(p.value, markFirst) != n || strings.Count(p.value, markLast) != n {
			return nil, fmt.Errorf("a broken date mark is left in the %s", p.what)
		}
		if strings.IndexByte(p.value, 0) >= 0 {
			return nil, fmt.Errorf("control character '\\x00' in the %s", p.what)
		}
	}
	if strings.Contains(printed, markFirst) || strings.Contains(printed, markLast) {
		return nil, errors.New("a broken date mark is left in the printed date")
	}
	for _, p := range [...]struct{ what, value string }{{"subject", d.subject}, {"printed date", printed}, {"language", c.Language}} {
		if err := plain(p.what, p.value); err != nil {
			return nil, err
		}
	}
	for _, id := range c.References {
		if err := checkMessageID(id); err != nil {
			return nil, err
		}
	}
	return d, d.mailboxes()
}

// mailboxes checks them and makes the envelope of them.
func (d *dated) mailboxes() (err error) {
	if d.from, err = mailbox("From", d.From); err != nil {
		return err
	}
	if d.to, err = mailbox("To", d.To); err != nil {
		return err
	}
	if d.Sender != (donor.Mailbox{}) {
		if d.sender, err = mailbox("Sender", d.Sender); err != nil {
			return err
		}
	}
	if d.ReplyTo != (donor.Mailbox{}) {
		if d.replyTo, err = mailbox("Reply-To", d.ReplyTo); err != nil {
			return err
		}
	}
	d.envelope.To = d.to.Address
	for _, m := range d.Cc {
		if m, err = mailbox("Cc", m); err != nil {
			return err
		}
		d.cc = append(d.cc, m)
		d.envelope.Cc = append(d.envelope.Cc, m.Address)
	}
	if d.ReturnPath == "" {
		return errors.New("the return path is empty")
	}
	if d.envelope.From, err = asciiAddress(d.ReturnPath); err != nil {
		return fmt.Errorf("return path: %w", err)
	}
	if d.Registry != "" {
		if d.envelope.Registry, err = asciiAddress(d.Registry); err != nil {
			return fmt.Errorf("registry copy: %w", err)
		}
	}
	return nil
}

// compose writes the message. Everything it takes has been checked: go-mail encodes what is left.
func (d *dated) compose(b *bytes.Buffer, messageID string, date time.Time) ([]byte, error) {
	m := mail.NewMsg(mail.WithNoDefaultUserAgent()) // charset UTF-8 and quoted-printable by default
	m.SetDateWithValue(date)
	m.SetMessageIDWithValue(strings.Trim(messageID, "<>")) // go-mail puts the brackets back
	m.FromMailAddress(address(d.from))
	if d.sender != (donor.Mailbox{}) {
		m.SetGenHeader("Sender", address(d.sender).String())
	}
	if d.replyTo != (donor.Mailbox{}) {
		m.ReplyToMailAddress(address(d.replyTo))
	}
	m.ToMailAddress(address(d.to))
	for _, cc := range d.cc {
		m.AddCcMailAddress(address(cc))
	}
	m.Subject(encodedWords(d.subject))
	m.SetGenHeader(mail.HeaderContentLang, d.Language)
	// RFC 3834 5: this asks responders not to answer. "All" would suppress non-delivery reports in Exchange too.
	m.SetGenHeader("Auto-Submitted", "auto-generated")
	m.SetGenHeader(mail.HeaderXAutoResponseSuppress, "OOF, AutoReply")
	if refs := d.References; len(refs) > 0 {
		m.SetGenHeader(mail.HeaderInReplyTo, refs[len(refs)-1])
		// One value: several would be joined with a comma.
		m.SetGenHeader(mail.HeaderReferences, strings.Join(trimmed(refs), " "))
	}
	m.SetBodyWriter(mail.TypeTextPlain, body(d.Text, d.printed), encoded)
	m.AddAlternativeWriter(mail.TypeTextHTML, body(d.HTML, d.printed), encoded)

	b.Reset()
	b.Grow(2048 + (len(d.Text)+len(d.HTML))*5/4) // quoted-printable of mostly ASCII
	if _, err := m.WriteTo(b); err != nil {
		return nil, fmt.Errorf("compose: %w", err)
	}
	return b.Bytes(), checkLines(b.Bytes())
}

// address is a checked mailbox as go-mail takes it.
func address(m donor.Mailbox) *netmail.Address {
	return &netmail.Address{Name: m.Name, Address: m.Address}
}

// encoded is quoted-printable, in a spelling of its own: names of encodings know no case (RFC 2045 6.1), and a part in
// go-mail's own spelling is written twice, the first time into a buffer that grows with it.
var encoded = mail.WithPartEncoding("Quoted-Printable")

// pieces are what a part is handed to go-mail in: its writers take bytes, and would copy a whole part to have them.
var pieces = sync.Pool{New: func() any { b := make([]byte, 2<<10); return &b }}

// body writes a part with the printed date in the place of its marks.
func body(s, printed string) func(io.Writer) (int64, error) {
	return func(w io.Writer) (int64, error) {
		pooled := pieces.Get().(*[]byte)
		defer pieces.Put(pooled)
		total := int64(0)
		write := func(s string) error {
			for len(s) > 0 {
				n := copy(*pooled, s)
				wrote, err := w.Write((*pooled)[:n])
				total += int64(wrote)
				if err != nil {
					return err
				}
				s = s[n:]
			}
			return nil
		}
		for {
			text, rest, marked := strings.Cut(s, DateMark)
			if err := write(text); err != nil || !marked {
				return total, err
			}
			if err := write(printed); err != nil {
				return total, err
			}
			s = rest
		}
	}
}

// trimmed drops the middle of a chain that is too long, as RFC 5322 3.6.4 leaves room for.
func trimmed(refs []string) []string {
	if len(refs) <= maxReferences {
		return refs
	}
	return append([]string{refs[0]}, refs[len(refs)-maxReferences+1:]...)
}

// checkMessageID refuses what is not one msg-id in its angle brackets (RFC 5322 3.6.4).
func checkMessageID(id string) error {
	inner, ok := strings.CutPrefix(id, "<")
	inner, end := strings.CutSuffix(inner, ">")
	left, right, at := strings.Cut(inner, "@")
	if !ok || !end || !at || left == "" || right == "" || len(id) > maxLine/2 {
		return fmt.Errorf("%s is not a Message-ID (expected <...@domain>)", shown(id))
	}
	for _, r := range inner {
		if r <= ' ' || r >= 0x7f || r == '<' || r == '>' {
			return fmt.Errorf("%s is not a Message-ID: %q cannot stand in it", shown(id), r)
		}
	}
	return nil
}

// checkLines refuses a message that SMTP cannot carry: go-mail folds at spaces only, so one long word is one long line.
func checkLines(b []byte) error {
	for line := 1; len(b) > 0; line++ {
		i := bytes.IndexByte(b, '\n')
		if i < 0 {
			i = len(b)
		}
		if i-1 > maxLine {
			return fmt.Errorf("line %d of the message is longer than %d characters (%s...)", line, maxLine, shown(string(b[:40])))
		}
		b = b[min(i+1, len(b)):]
	}
	return nil
}
