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
	"time"

	"github.com/wneessen/go-mail"

	"outreach.example/donor"
)

// maxReferences is how many Message-IDs References keeps: the first, and the newest of the rest.
const maxReferences = 20

// maxLine is the longest line a message may have, without its CRLF (RFC 5322 2.1.1).
const maxLine = 998

// A Sealer is what the house adds to every letter on its way out: none of it is the letter's content, so a key may change
// without a new approval. The zero value adds nothing.
type Sealer struct {
	Tokens    TokenKeys // sign return paths and ways to opt out; without a key the return path is the campaign's, plain
	DKIM      *Signer   // nil leaves letters unsigned
	OptOutURL string    // what the token of a link is put behind: https://iom.example/optout
}

// Occasion is what a letter does not know of itself until it leaves.
type Occasion struct {
	Date       time.Time // becomes the Date header
	Printed    string    // that day as the letter prints it, in the place of the mark
	Generation int
	File       []byte // the attachment as Encoded writes it
}

// A HouseFault is in the way of every letter, not of this one: a person must change a setting, and the letter waits.
type HouseFault string

func (f HouseFault) Error() string { return string(f) }

// Seal seals a letter as a house without settings does.
func Seal(c *Content, date time.Time, printed string) (Sealed, error) {
	return new(Sealer).Seal(new(bytes.Buffer), c, Occasion{Date: date, Printed: printed})
}

// Seal composes a letter to bytes and signs them, before any connection is opened: a fault of the content shows here or
// never. Two seals of one content differ in their random boundary and in the signature only. The bytes are those of the
// buffer, and last until its next use. An error says what must change: in the content, or a HouseFault.
func (s *Sealer) Seal(b *bytes.Buffer, c *Content, o Occasion) (Sealed, error) {
	out, err := s.seal(b, c, o, MessageID)
	if err != nil {
		return Sealed{}, fmt.Errorf("letter %s: %w", c.ID, err)
	}
	return out, nil
}

// seal seals under the Message-ID that named gives for the letter and the sender's domain.
func (s *Sealer) seal(b *bytes.Buffer, c *Content, o Occasion, named func(id ID, domain string) string) (Sealed, error) {
	d, err := c.dated(o.Printed)
	if err != nil {
		return Sealed{}, err
	}
	_, domain, _ := strings.Cut(d.from.Address, "@")
	if s.DKIM != nil {
		if err := s.DKIM.Covers(domain); err != nil {
			return Sealed{}, HouseFault(err.Error())
		}
	}
	if err := s.tokens(d, o.Generation); err != nil {
		return Sealed{}, err
	}
	if err := d.Attachment.check(o.File); err != nil {
		return Sealed{}, err
	}
	out := Sealed{ID: c.ID, ContentHash: c.Hash(), Envelope: d.envelope, MessageID: named(c.ID, domain)}
	if err := d.compose(b, out.MessageID, o); err != nil {
		return Sealed{}, err
	}
	if s.DKIM != nil {
		if err := s.DKIM.sign(b, d.signed()); err != nil {
			return Sealed{}, HouseFault(err.Error())
		}
	}
	out.Bytes = b.Bytes()
	sum := sha256.Sum256(out.Bytes)
	out.ByteHash = hex.EncodeToString(sum[:])
	return out, nil
}

// dated is a content with its date printed and every header value checked.
type dated struct {
	*Content
	from, sender, replyTo, to donor.Mailbox
	cc                        []donor.Mailbox
	subject, printed          string
	envelope                  Envelope
	optOut                    string // List-Unsubscribe
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
	if d.Sender != (donor.Mailbox{}) && !strings.EqualFold(d.Sender.Address, d.From.Address) { // RFC 5322 3.6.2: not when they are one
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
func (d *dated) compose(b *bytes.Buffer, messageID string, o Occasion) error {
	m := mail.NewMsg(mail.WithNoDefaultUserAgent()) // charset UTF-8 and quoted-printable by default
	m.SetDateWithValue(o.Date)
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
	if d.optOut != "" {
		m.SetGenHeader(mail.HeaderListUnsubscribe, d.optOut)
		if d.OptOut.Web {
			m.SetGenHeader(mail.HeaderListUnsubscribePost, "List-Unsubscribe=One-Click")
		}
	}
	m.SetBodyWriter(mail.TypeTextPlain, body(b, d.Text, d.printed), encoded)
	m.AddAlternativeWriter(mail.TypeTextHTML, body(b, d.HTML, d.printed), encoded)

	if o.File != nil {
		m.AttachReadSeeker(d.Attachment.Name, strings.NewReader(""), mail.WithFileContentType("application/pdf"))
	}

	b.Reset()
	b.Grow(8192 + (len(d.Text)+len(d.HTML))*5/4 + len(o.File)) // quoted-printable of mostly ASCII
	if _, err := m.WriteTo(b); err != nil {
		return fmt.Errorf("compose: %w", err)
	}
	if err := checkLines(b.Bytes()); err != nil {
		return err
	}
	if o.File != nil {
		return insert(b, o.File)
	}
	return nil
}

// address is a checked mailbox as go-mail takes it.
func address(m donor.Mailbox) *netmail.Address {
	return &netmail.Address{Name: m.Name, Address: m.Address}
}

// encoded is quoted-printable, in a spelling of its own: names of encodings know no case (RFC 2045 6.1). For go-mail's own
// spelling it writes a part into a buffer first, and only with another one does body meet the message as far as it is.
var encoded = mail.WithPartEncoding("Quoted-Printable")

// body writes a part with the printed date in the place of its marks, encoded, behind what go-mail has written of the
// message so far.
func body(b *bytes.Buffer, s, printed string) func(io.Writer) (int64, error) {
	return func(io.Writer) (int64, error) {
		q := quoted{out: b.AvailableBuffer()}
		for marked := true; marked; {
			var text string
			text, s, marked = strings.Cut(s, DateMark)
			q.write(text)
			if marked {
				q.write(printed)
			}
		}
		q.end()
		n, err := b.Write(q.out)
		return int64(n), err
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
