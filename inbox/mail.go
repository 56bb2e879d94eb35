package inbox

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/emersion/go-message"
	mailheader "github.com/emersion/go-message/mail"
)

// Limits of a registry copy, beside its size.
const (
	maxHeader = 256 << 10
	maxDepth  = 20
	maxParts  = 200
	maxText   = 2 << 20 // of the text part that is compared
)

// mail is what one mail says of itself.
type mail struct {
	messageID string // as written, with its angle brackets; "" for none, or several
	from, to  string // the first address of each, in lower case; "" for none
	subject   string
	date      time.Time
	received  time.Time // when the last server on the way took it; zero when it does not say
	id        string    // tells two copies of one letter apart
	body      *message.Entity
	plain     *string // the text, once it was read
}

// parse reads a mail's header. Its body is looked at by text.
func parse(b []byte) (*mail, error) {
	e, err := message.ReadWithOptions(bytes.NewReader(b), &message.ReadOptions{MaxHeaderBytes: maxHeader})
	if err != nil && !message.IsUnknownCharset(err) && !message.IsUnknownEncoding(err) {
		return nil, notMail("header: " + err.Error())
	}
	m := &mail{body: e, id: identity(b, e)}
	h := mailheader.Header{Header: e.Header}
	if m.messageID, err = single(e, "Message-Id"); err != nil {
		return nil, err
	}
	if _, err = single(e, "From"); err != nil {
		return nil, err
	}
	if _, err = single(e, "Date"); err != nil {
		return nil, err
	}
	if list, err := h.AddressList("From"); err == nil && len(list) == 1 {
		m.from = strings.ToLower(list[0].Address)
	}
	if list, err := h.AddressList("To"); err == nil && len(list) > 0 {
		m.to = strings.ToLower(list[0].Address)
	}
	m.subject, _ = h.Subject() // an unreadable subject is no letter's
	if d, err := h.Date(); err == nil {
		m.date = d
	}
	if trail := e.Header.Values("Received"); len(trail) > 0 {
		// RFC 5322 3.6.7: the date stands behind the last semicolon. The first line is the last server's.
		if i := strings.LastIndexByte(trail[0], ';'); i >= 0 {
			var r mailheader.Header
			r.Set("Date", strings.TrimSpace(trail[0][i+1:]))
			if d, err := r.Date(); err == nil {
				m.received = d
			}
		}
	}
	return m, nil
}

// single is the value of a field that a mail has once (RFC 5322 3.6). Two of them mean that somebody hopes we read the
// other one.
func single(e *message.Entity, field string) (string, error) {
	v := e.Header.Values(field)
	if len(v) > 1 {
		return "", notMail(fmt.Sprintf("%d fields %s", len(v), field))
	}
	if len(v) == 0 {
		return "", nil
	}
	return strings.TrimSpace(v[0]), nil
}

// identity tells copies apart: what two transactions leave differs in the boundary of their parts, and what a relay
// delivers twice differs in its trail. Two exports of one delivery, with or without a reader's flags, are one copy.
func identity(b []byte, e *message.Entity) string {
	h := sha256.New()
	for _, r := range e.Header.Values("Received") {
		io.WriteString(h, strings.Join(strings.Fields(r), " ")+"\n")
	}
	body := b
	for _, end := range []string{"\r\n\r\n", "\n\n"} {
		if i := bytes.Index(b, []byte(end)); i >= 0 && len(b)-i-len(end) < len(body) {
			// The earlier of the two ends of the header.
			if rest := b[i+len(end):]; len(body) == len(b) || len(rest) > len(body) {
				body = rest
			}
		}
	}
	h.Write(bytes.TrimRight(bytes.ReplaceAll(body, []byte("\r\n"), []byte("\n")), "\n"))
	return hex.EncodeToString(h.Sum(nil)[:6])
}

var errDeep = errors.New("more parts than a letter has")

// text is the mail's first plain text, decoded.
func (m *mail) text() (string, error) {
	if m.plain != nil {
		return *m.plain, nil
	}
	parts := 0
	s, err := plainText(m.body, 0, &parts)
	if err == nil {
		m.plain = &s
	}
	return s, err
}

func plainText(e *message.Entity, depth int, parts *int) (string, error) {
	if *parts++; depth > maxDepth || *parts > maxParts {
		return "", errDeep
	}
	if mr := e.MultipartReader(); mr != nil {
		for {
			part, err := mr.NextPart()
			if errors.Is(err, io.EOF) {
				return "", nil
			}
			if err != nil && !message.IsUnknownCharset(err) && !message.IsUnknownEncoding(err) {
				return "", err
			}
			s, err := plainText(part, depth+1, parts)
			if s != "" || err != nil {
				return s, err
			}
		}
	}
	kind, _, err := e.Header.ContentType()
	if err != nil || kind != "text/plain" {
		return "", nil
	}
	b, err := io.ReadAll(io.LimitReader(e.Body, maxText))
	return string(b), err
}
