package templates

import (
	"bytes"
	_ "embed"
	"strings"
	"unicode"
	"unicode/utf8"
)

// columns is the width of the text part: narrow enough for programs that break no lines of their own.
const columns = 76

// layoutHTML is the paper that every letter is printed on. Its places are {{lang}}, {{subject}}, {{letterhead}} and
// {{body}}.
//
//go:embed layout.html
var layoutHTML string

// A sheet takes the parts of a letter in their order. The text part and the HTML part are two sheets given the same
// parts, so they say the same.
type sheet interface {
	paragraph(lines []byte) // lines divided by lineBreak
	item(lines []byte, first, last bool)
	sources(heading string, notes []string)
}

// lay divides a letter as it was written into paragraphs and lists and gives them to the sheets.
func lay(body []byte, sheets ...sheet) {
	for len(body) > 0 {
		var part []byte
		part, body = cutGap(body)
		part = bytes.TrimSpace(part)
		text, items := part, []byte(nil)
		if bytes.HasPrefix(part, []byte("- ")) {
			text, items = nil, part
		} else if i := bytes.Index(part, []byte("\n- ")); i >= 0 {
			text, items = part[:i], part[i+1:]
		}
		if len(text) > 0 {
			for _, s := range sheets {
				s.paragraph(text)
			}
		}
		for first := true; len(items) > 0; first = false {
			item, rest, more := bytes.Cut(items, []byte("\n- "))
			for _, s := range sheets {
				s.item(bytes.TrimSpace(bytes.TrimPrefix(item, []byte("- "))), first, !more)
			}
			if items = nil; more {
				items = append([]byte("- "), rest...)
			}
		}
	}
}

// cutGap divides a letter at its first empty line, which may hold spaces around a choice that wrote nothing.
func cutGap(body []byte) (part, rest []byte) {
	for i := 0; i < len(body); i++ {
		if body[i] != '\n' {
			continue
		}
		end := i + 1
		for end < len(body) && (body[end] == ' ' || body[end] == '\t') {
			end++
		}
		if end < len(body) && body[end] == '\n' {
			return body[:i], body[end:]
		}
	}
	return body, nil
}

// words calls each with the words of a line and whether a line ends before the word. No-break spaces are parts of
// words.
func words(lines []byte, each func(word []byte, newLine bool)) {
	newLine, from := true, 0
	for i := 0; i <= len(lines); {
		size := 0
		switch {
		case i == len(lines) || lines[i] == ' ' || lines[i] == '\n' || lines[i] == '\t':
			size = 1
		case lines[i] == lineBreak[0] && bytes.HasPrefix(lines[i:], []byte(lineBreak)):
			size = len(lineBreak)
		default:
			i++
			continue
		}
		if i > from {
			each(lines[from:i], newLine)
			newLine = false
		}
		newLine = newLine || size > 1
		i += size
		from = i
	}
}

// A plainSheet is the text part.
type plainSheet struct{ out []byte }

func (s *plainSheet) paragraph(lines []byte) {
	s.gap()
	s.wrap(lines, "", "")
}

func (s *plainSheet) item(lines []byte, first, _ bool) {
	if first {
		s.gap()
	}
	s.wrap(lines, "- ", "  ")
}

func (s *plainSheet) sources(heading string, notes []string) {
	s.gap()
	s.wrap([]byte(heading), "", "")
	for i, n := range notes {
		s.wrap([]byte(n), "["+itoa(i+1)+"] ", "    ")
	}
}

// gap leaves an empty line.
func (s *plainSheet) gap() {
	if len(s.out) > 0 {
		s.out = append(s.out, '\n')
	}
}

// wrap fills lines of at most columns with the words; a longer word has a line of its own.
func (s *plainSheet) wrap(lines []byte, lead, indent string) {
	s.out = append(s.out, lead...)
	used, empty := len(lead), true
	words(lines, func(word []byte, newLine bool) {
		width := displayWidth(word)
		switch {
		case empty:
		case newLine || used+1+width > columns:
			s.out = append(append(s.out, '\n'), indent...)
			used = len(indent)
		default:
			s.out = append(s.out, ' ')
			used++
		}
		empty = false
		used += width
		for len(word) > 0 {
			before, number, rest, found := cutMark(word)
			s.out = append(s.out, before...)
			if found {
				s.out = append(append(append(s.out, '['), number...), ']')
			}
			word = rest
		}
	})
	s.out = append(s.out, '\n')
}

// cutMark divides a word at its first mark of a source.
func cutMark(word []byte) (before, number, rest []byte, found bool) {
	i := bytes.Index(word, []byte(markOpen))
	if i < 0 {
		return word, nil, nil, false
	}
	number, rest, _ = bytes.Cut(word[i+len(markOpen):], []byte(markClose))
	return word[:i], number, rest, true
}

// displayWidth is how many columns a word takes: none for what is set above or below a letter, two for the characters
// of East Asia.
func displayWidth(word []byte) int {
	n := 0
	for i := 0; i < len(word); {
		if word[i] < utf8.RuneSelf {
			n++
			i++
			continue
		}
		c, size := utf8.DecodeRune(word[i:])
		i += size
		switch {
		case c < 0x300:
			n++
		case unicode.In(c, unicode.Mn, unicode.Me, unicode.Cf):
		case unicode.In(c, unicode.Han, unicode.Hangul, unicode.Hiragana, unicode.Katakana):
			n += 2
		default:
			n++ // the marks of a source count as the brackets they become
		}
	}
	return n
}

// Styles are inlined: many mail programs drop style sheets. Text is 14 px or more.
const (
	styleP    = `<p class="ink" style="margin:0 0 16px;">`
	styleUL   = `<ul class="ink" style="margin:0 0 16px;padding:0 0 0 22px;">` + "\n"
	styleLI   = `<li style="margin:0 0 6px;">`
	styleSup  = `<sup style="font-size:14px;line-height:0;">`
	styleLink = `<a class="link" style="color:#005a8c;text-decoration:underline;" href="mailto:`
)

// An htmlSheet is the HTML part, without the paper around it.
type htmlSheet struct {
	out   []byte
	reply []byte // the address that becomes a link; nil for none
}

func (s *htmlSheet) paragraph(lines []byte) {
	s.out = append(s.out, styleP...)
	s.text(lines)
	s.out = append(s.out, "</p>\n"...)
}

func (s *htmlSheet) item(lines []byte, first, last bool) {
	if first {
		s.out = append(s.out, styleUL...)
	}
	s.out = append(s.out, styleLI...)
	s.text(lines)
	s.out = append(s.out, "</li>\n"...)
	if last {
		s.out = append(s.out, "</ul>\n"...)
	}
}

func (s *htmlSheet) sources(heading string, notes []string) {
	s.out = append(s.out, `<table role="presentation" class="notes" width="100%" cellpadding="0" cellspacing="0" border="0" style="border-top:1px solid #b8c4cc;color:#4a5560;font-size:14px;line-height:1.5;margin:24px 0 0;">`+"\n"...)
	s.out = append(append(append(s.out, `<tr><td colspan="2" style="padding:12px 0 4px;">`...), heading...), "</td></tr>\n"...)
	for i, n := range notes {
		s.out = append(s.out, `<tr><td width="28" style="padding:0 8px 0 0;vertical-align:top;">[`+itoa(i+1)+`]</td><td style="padding:0;">`...)
		s.out = appendEscaped(s.out, []byte(n))
		s.out = append(s.out, "</td></tr>\n"...)
	}
	s.out = append(s.out, "</table>\n"...)
}

func (s *htmlSheet) text(lines []byte) {
	empty := true
	words(lines, func(word []byte, newLine bool) {
		switch {
		case empty:
		case newLine:
			s.out = append(s.out, "<br>\n"...)
		default:
			s.out = append(s.out, ' ')
		}
		empty = false
		for len(word) > 0 {
			before, number, rest, found := cutMark(word)
			s.linked(before)
			if found {
				s.out = append(append(append(s.out, styleSup...), number...), "</sup>"...)
			}
			word = rest
		}
	})
}

// linked writes a word, and the address that answers go to as a link.
func (s *htmlSheet) linked(word []byte) {
	i := -1
	if len(s.reply) > 0 && len(word) >= len(s.reply) {
		i = bytes.Index(word, s.reply)
	}
	if i < 0 {
		s.out = appendEscaped(s.out, word)
		return
	}
	s.out = appendEscaped(s.out, word[:i])
	s.out = append(s.out, styleLink...)
	s.out = append(appendEscaped(s.out, s.reply), `">`...)
	s.out = append(appendEscaped(s.out, s.reply), "</a>"...)
	s.out = appendEscaped(s.out, word[i+len(s.reply):])
}

// appendEscaped writes text so that it is text in HTML and between the quotation marks of an attribute.
func appendEscaped(out, text []byte) []byte {
	for _, c := range text {
		switch c {
		case '&':
			out = append(out, "&amp;"...)
		case '<':
			out = append(out, "&lt;"...)
		case '>':
			out = append(out, "&gt;"...)
		case '"':
			out = append(out, "&#34;"...)
		case '\'':
			out = append(out, "&#39;"...)
		default:
			out = append(out, c)
		}
	}
	return out
}

// A paper is the layout with what is the same in every letter of a text; the subject and the body come in between.
type paper struct{ head, middle, foot string }

// newPaper sets the language and the letterhead into the layout.
func newPaper(language, letterhead string) paper {
	head, rest, _ := strings.Cut(layoutHTML, "{{subject}}")
	middle, foot, _ := strings.Cut(rest, "{{body}}")
	return paper{
		head:   fill(head, "{{lang}}", language),
		middle: fill(middle, "{{letterhead}}", string(appendEscaped(nil, []byte(letterhead)))),
		foot:   foot,
	}
}
