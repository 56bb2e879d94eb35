package trial

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"

	"github.com/emersion/go-message"
	_ "github.com/emersion/go-message/charset" // letters in other charsets than UTF-8
	"github.com/emersion/go-message/mail"
)

// What is read of a letter; the rest is named, not shown. The source is always whole.
const (
	maxHeader  = 256 << 10 // bytes of a header
	maxField   = 32 << 10  // bytes of one address field: parsing is slower than the field is long
	maxDepth   = 20        // parts within parts
	maxParts   = 200
	maxContent = 2 << 20 // bytes of the text, and of the HTML, after decoding
)

// A reading is what a letter says, in UTF-8, with everything that could not be read told in Faults.
type reading struct {
	Header      mail.Header
	Text        string
	HTML        string
	hasText     bool
	hasHTML     bool
	Attachments []attachment
	Faults      []string

	parts int
	torn  bool
}

// An attachment is a part that is neither the text nor the HTML. It is never opened.
type attachment struct {
	Name string
	Type string
	Size int64
}

// readLetter reads bytes from outside: whatever they are, it returns what could be made of them.
func readLetter(raw []byte) *reading {
	r := &reading{}
	e, err := message.ReadWithOptions(bytes.NewReader(raw), &message.ReadOptions{MaxHeaderBytes: maxHeader})
	if e == nil {
		r.fault("the header cannot be read: %v", err)
		return r
	}
	r.Header = mail.Header{Header: e.Header}
	r.take(e, err, 0)
	return r
}

func (r *reading) fault(format string, args ...any) {
	if len(r.Faults) < 20 {
		r.Faults = append(r.Faults, clean(fmt.Sprintf(format, args...)))
	}
}

// take reads one part and the parts within; it says false when nothing further may be read.
func (r *reading) take(e *message.Entity, err error, depth int) bool {
	r.parts++
	switch {
	case r.parts > maxParts:
		r.fault("more than %d parts: the rest is not shown", maxParts)
		return false
	case depth > maxDepth:
		r.fault("parts lie more than %d deep within each other: the rest is not shown", maxDepth)
		return false
	}
	if err != nil {
		r.fault("part %d: %v", r.parts, err)
	}
	if parts := e.MultipartReader(); parts != nil {
		for {
			p, err := parts.NextPart()
			if p == nil {
				if !errors.Is(err, io.EOF) && !r.torn {
					r.torn = true // every part around it would say so again
					r.fault("the parts after part %d cannot be read: %v", r.parts, err)
				}
				return true
			}
			if !r.take(p, err, depth+1) {
				return false
			}
		}
	}
	r.leaf(e)
	return true
}

func (r *reading) leaf(e *message.Entity) {
	kind, params, err := e.Header.ContentType()
	if err != nil || kind == "" {
		kind = "text/plain" // RFC 2045, 5.2
	}
	disposition, file, _ := e.Header.ContentDisposition()
	attached := disposition == "attachment" || file["filename"] != ""
	switch {
	case kind == "text/plain" && !attached && !r.hasText:
		r.Text, r.hasText = r.content(e.Body), true
	case kind == "text/html" && !attached && !r.hasHTML:
		r.HTML, r.hasHTML = r.content(e.Body), true
	default:
		size, err := io.Copy(io.Discard, e.Body)
		if err != nil {
			r.fault("part %d: %v", r.parts, err)
		}
		name := file["filename"]
		if name == "" {
			name = params["name"]
		}
		r.Attachments = append(r.Attachments, attachment{clean(name), clean(kind), size})
	}
}

func (r *reading) content(body io.Reader) string {
	b, err := io.ReadAll(io.LimitReader(body, maxContent+1))
	if err != nil {
		r.fault("part %d: %v", r.parts, err)
	}
	if len(b) > maxContent {
		b = b[:maxContent]
		r.fault("part %d: longer than %d MB: the end is not shown", r.parts, maxContent>>20)
	}
	return strings.ReplaceAll(strings.ToValidUTF8(string(b), "\uFFFD"), "\r\n", "\n")
}

// field is a header field as people read it, encoded words decoded.
func (r *reading) field(name string) string {
	raw := r.Header.Get(name)
	if s, err := r.Header.Text(name); err == nil {
		raw = s
	}
	return clean(raw)
}

// A person is one address of a header field.
type person struct{ Name, Address string }

// people are the addresses of a field. What cannot be parsed is one nameless address, as it stands.
func (r *reading) people(name string) []person {
	field := r.Header.Get(name)
	if strings.TrimSpace(field) == "" {
		return nil
	}
	if len(field) <= maxField {
		if list, err := r.Header.AddressList(name); err == nil {
			people := make([]person, len(list))
			for i, a := range list {
				people[i] = person{clean(a.Name), clean(a.Address)}
			}
			return people
		}
	}
	return []person{{Address: shorten(r.field(name), 200)}}
}

// clean is one line of valid UTF-8 without control characters and without those that turn the direction of a line.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\t' || r == '\n':
			return ' '
		case unicode.IsControl(r), r >= 0x202A && r <= 0x202E, r >= 0x2066 && r <= 0x2069, r == 0x2028, r == 0x2029:
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
	return strings.TrimSpace(s)
}

func shorten(s string, runes int) string {
	for i := range s {
		if runes == 0 {
			return s[:i] + "…"
		}
		runes--
	}
	return s
}
