package returned

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/mail"
	"strings"
	"unicode/utf8"

	"github.com/emersion/go-message"
	_ "github.com/emersion/go-message/charset" // what people write in
	"github.com/emersion/go-message/textproto"
)

// Limits of a mail from outside, beside its size.
const (
	maxHeader  = 256 << 10
	maxFields  = 1000
	maxField   = 64 << 10
	maxDepth   = 20
	maxParts   = 200
	maxText    = 1 << 20 // of all text together
	maxReports = 100
)

// source is a mail taken apart.
type source struct {
	header message.Header
	kind   string // the mail's own content type
	params map[string]string
	parts  []part // the leaves, in order, without those inside another mail
	inside *message.Header
	// insideText is the text of the mail inside, where it was returned whole.
	insideText string
	fault      string // why it was not read to its end
	text       int    // octets of text that were kept
	count      int
}

// part is a leaf.
type part struct {
	kind     string
	params   map[string]string
	text     string // of text and reports, decoded
	file     string // name of an attachment
	attached bool
}

// read takes a mail apart within the limits. It always returns what it could read.
func read(b []byte) *source {
	s := &source{}
	b = trimMbox(b)
	e, err := message.ReadWithOptions(bytes.NewReader(b), &message.ReadOptions{MaxHeaderBytes: maxHeader})
	if broken(err) {
		s.fault = "its header cannot be read: " + plainError(err)
		e, err = message.ReadWithOptions(bytes.NewReader(salvage(b)), &message.ReadOptions{MaxHeaderBytes: 2 * maxHeader})
		if broken(err) {
			return s
		}
	}
	s.header = e.Header
	s.kind, s.params, _ = e.Header.ContentType()
	if why := odd(&s.header); s.fault == "" {
		s.fault = why
	}
	if err := s.walk(e, 0); err != nil && s.fault == "" {
		s.fault = err.Error()
	}
	return s
}

// broken says whether nothing could be read. What cannot be decoded can be read.
func broken(err error) bool {
	return err != nil && !message.IsUnknownCharset(err) && !message.IsUnknownEncoding(err)
}

func plainError(err error) string {
	s := clean(err.Error())
	s = strings.TrimPrefix(s, "message: ")
	return shorten(s, 120)
}

// trimMbox takes away the line that a mailbox file has before each mail.
func trimMbox(b []byte) []byte {
	if bytes.HasPrefix(b, []byte("From ")) || bytes.HasPrefix(b, []byte(">From ")) {
		if i := bytes.IndexByte(b, '\n'); i >= 0 {
			return b[i+1:]
		}
	}
	return b
}

// odd says what about a header no mail system would write: fields twice that a mail has once (RFC 5322 3.6), because
// somebody hopes that we read the other one; or more of them than a way through many servers leaves.
func odd(h *message.Header) string {
	n := 0
	for f := h.Fields(); f.Next(); n++ {
		if n >= maxFields {
			return fmt.Sprintf("more than %d header fields", maxFields)
		}
		if raw := f.Value(); len(raw) > maxField {
			return fmt.Sprintf("a header field %s of %d kB", shorten(clean(f.Key()), 40), len(raw)>>10)
		}
	}
	for _, field := range []string{"From", "Date", "Message-Id", "Subject", "In-Reply-To", "References", "Content-Type"} {
		if k := len(h.Values(field)); k > 1 {
			return fmt.Sprintf("%d fields %s", k, field)
		}
	}
	if strings.ContainsRune(h.Get("From"), 0) || strings.ContainsRune(h.Get("Subject"), 0) {
		return "a NUL in its header"
	}
	return ""
}

// salvage keeps of a header what is a field, so that a mail that is torn still says whom it is from.
func salvage(b []byte) []byte {
	var out bytes.Buffer
	in := bufio.NewReader(bytes.NewReader(b[:min(len(b), maxHeader)]))
	fields := 0
	for fields < maxFields {
		line, err := in.ReadString('\n')
		trimmed := strings.TrimRight(line, "\r\n")
		name, value, ok := strings.Cut(trimmed, ":")
		if trimmed == "" {
			break
		}
		if ok && isFieldName(name) && len(value) < maxField {
			out.WriteString(name + ":" + strings.ReplaceAll(value, "\x00", "") + "\r\n")
			fields++
		}
		if err != nil {
			break
		}
	}
	out.WriteString("\r\n")
	return out.Bytes()
}

func isFieldName(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] >= 0x7f {
			return false
		}
	}
	return s != ""
}

var (
	errDeep = fmt.Errorf("parts within parts, deeper than %d", maxDepth)
	errMany = fmt.Errorf("more than %d parts", maxParts)
	errText = fmt.Errorf("more than %d MB of text", maxText>>20)
)

// walk gathers the leaves of an entity.
func (s *source) walk(e *message.Entity, depth int) error {
	if s.count++; s.count > maxParts {
		return errMany
	}
	if depth > maxDepth {
		return errDeep
	}
	if mr := e.MultipartReader(); mr != nil {
		for {
			p, err := mr.NextPart()
			if errors.Is(err, io.EOF) {
				return nil
			}
			if broken(err) {
				if depth == 0 && len(s.parts) == 0 {
					return errors.New("its parts cannot be read: " + plainError(err))
				}
				return nil // its end is missing; what was read before it stands
			}
			if err := s.walk(p, depth+1); err != nil {
				return err
			}
		}
	}
	kind, params, err := e.Header.ContentType()
	if err != nil && kind == "" {
		kind = "text/plain" // RFC 2045 5.2
	}
	p := part{kind: strings.ToLower(kind), params: params}
	disposition, dp, _ := e.Header.ContentDisposition()
	p.attached = strings.EqualFold(disposition, "attachment")
	if p.file = dp["filename"]; p.file == "" {
		p.file = params["name"]
	}
	p.file = shorten(clean(p.file), 120)
	switch {
	case p.kind == "message/rfc822", p.kind == "message/global", p.kind == "text/rfc822-headers", p.kind == "message/global-headers":
		s.mailInside(e.Body, p.kind)
	case strings.HasPrefix(p.kind, "message/"), strings.HasPrefix(p.kind, "text/") && !p.attached:
		if p.text, err = s.take(e.Body); err != nil {
			return err
		}
	}
	s.parts = append(s.parts, p)
	return nil
}

// take reads text within what is left of its limit.
func (s *source) take(r io.Reader) (string, error) {
	b, err := io.ReadAll(io.LimitReader(r, int64(maxText-s.text)+1))
	if s.text+len(b) > maxText {
		return "", errText
	}
	s.text += len(b)
	// Badly encoded text is kept as far as it goes: somebody may have written it.
	_ = err
	return toText(b), nil
}

// mailInside reads the header of the first mail inside this one.
func (s *source) mailInside(r io.Reader, kind string) {
	if s.inside != nil {
		return
	}
	b, _ := io.ReadAll(io.LimitReader(r, maxHeader))
	b = append(trimMbox(bytes.TrimLeft(b, "\r\n")), "\r\n\r\n"...)
	h, err := textproto.ReadHeader(bufio.NewReader(bytes.NewReader(b)))
	if err != nil {
		if h, err = textproto.ReadHeader(bufio.NewReader(bytes.NewReader(salvage(b)))); err != nil {
			return
		}
	}
	s.inside = &message.Header{Header: h}
	if kind == "message/rfc822" || kind == "message/global" {
		if e, err := message.Read(bytes.NewReader(b)); !broken(err) && e.MultipartReader() == nil && strings.HasPrefix(mediaType(e), "text/") {
			text, _ := io.ReadAll(io.LimitReader(e.Body, 32<<10))
			s.insideText = toText(text)
		}
	}
}

func mediaType(e *message.Entity) string {
	kind, _, _ := e.Header.ContentType()
	if kind == "" {
		return "text/plain"
	}
	return kind
}

// toText makes bytes that say they are text into text: without NULs, its line ends those of Unix. Bytes that are no UTF-8
// are read as Windows-1252's first half and its neighbours, as most programs do that forget to say.
func toText(b []byte) string {
	if !utf8.Valid(b) {
		var w strings.Builder
		for len(b) > 0 {
			r, n := utf8.DecodeRune(b)
			if r == utf8.RuneError && n <= 1 {
				r, n = rune(b[0]), 1
			}
			w.WriteRune(r)
			b = b[n:]
		}
		b = []byte(w.String())
	}
	s := strings.ReplaceAll(string(b), "\r\n", "\n")
	s = strings.ReplaceAll(s, "\r", "\n")
	return strings.ReplaceAll(s, "\x00", "")
}

// identity names a mail by all its bytes.
func identity(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:8])
}

// identity names a mail by what its writer wrote: fields that servers add, and the way a mailbox writes line ends, are not
// part of it.
func (m *Mail) identity(b []byte) string {
	h := sha256.New()
	fmt.Fprintf(h, "%s\n%s\n%q\n%s\n%d\n", m.MessageID, m.From, m.To, m.Subject, m.Date.Unix())
	h.Write(bytes.TrimRight(bytes.ReplaceAll(bodyOf(b), []byte("\r\n"), []byte("\n")), "\n"))
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// bodyOf is what stands behind the header.
func bodyOf(b []byte) []byte {
	crlf, lf := bytes.Index(b, []byte("\r\n\r\n")), bytes.Index(b, []byte("\n\n"))
	switch {
	case crlf >= 0 && (lf < 0 || crlf < lf):
		return b[crlf+4:]
	case lf >= 0:
		return b[lf+2:]
	}
	return b
}

// head reads the fields that every mail has.
func (m *Mail) head(s *source) {
	h := &s.header
	if list := addresses(h, "From"); len(list) > 0 {
		m.From, m.FromName = strings.ToLower(list[0].Address), list[0].Name
	}
	for _, field := range []string{"To", "Cc"} {
		for _, a := range addresses(h, field) {
			m.To = append(m.To, strings.ToLower(a.Address))
		}
	}
	m.Subject = decoded(h, "Subject")
	if ids := messageIDs(h.Get("Message-Id")); len(ids) == 1 {
		m.MessageID = ids[0]
	}
	if d, err := mail.ParseDate(shorten(h.Get("Date"), 100)); err == nil {
		m.Date = d.UTC()
	}
}

// addresses are the addresses of a field. Reading a list takes time that grows with the square of its length, so a long
// one is cut.
func addresses(h *message.Header, field string) []*mail.Address {
	v := shorten(h.Get(field), 8<<10)
	p := mail.AddressParser{WordDecoder: words}
	list, err := p.ParseList(v)
	if err == nil {
		return list
	}
	// Programs write names without the quotes they want: the address is what stands in the angle brackets.
	if i, j := strings.LastIndexByte(v, '<'), strings.LastIndexByte(v, '>'); i >= 0 && j > i+1 && strings.Contains(v[i:j], "@") {
		return []*mail.Address{{Name: strings.Trim(v[:i], "\" "), Address: strings.TrimSpace(v[i+1 : j])}}
	}
	if v = strings.TrimSpace(v); strings.Count(v, "@") == 1 && !strings.ContainsAny(v, " <>,;\"") {
		return []*mail.Address{{Address: v}}
	}
	return nil
}
