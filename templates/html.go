package templates

import (
	"bytes"
	_ "embed"
	"strings"
)

// layoutHTML is the paper that every letter is printed on. Its places are {{lang}}, {{subject}}, {{letterhead}} and
// {{body}}.
//
//go:embed layout.html
var layoutHTML string

// Styles are inlined: many mail programs drop style sheets. Text is 14 px or more. Outlook's engine is that of Word: it knows
// padding and borders on cells only, so what is indented is so by its margin, and a frame is a table's.
const (
	styleP    = `<p class="ink" style="margin:0 0 16px;">`
	styleUL   = `<ul class="ink" style="margin:0 0 16px 22px;padding:0;">` + "\n"
	styleLI   = `<li style="margin:0 0 6px;">`
	styleH2   = `<h2 style="margin:0;font-size:14px;line-height:1.5;font-weight:normal;">`
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
	s.out = append(s.out, `<table role="presentation" class="notes" style="width:100%;border-collapse:collapse;border-top:1px solid #b8c4cc;color:#4a5560;font-size:14px;line-height:1.5;margin:24px 0 0;">`+"\n"...)
	s.out = append(append(append(s.out, `<tr><td colspan="2" style="padding:12px 0 4px;">`+styleH2...), heading...), "</h2></td></tr>\n"...)
	for i, n := range notes {
		s.out = append(s.out, `<tr><td style="width:28px;padding:0 8px 0 0;vertical-align:top;">[`+itoa(i+1)+`]</td><td style="padding:0;">`...)
		s.out = appendEscaped(s.out, []byte(n))
		s.out = append(s.out, "</td></tr>\n"...)
	}
	s.out = append(s.out, "</table>\n"...)
}

func (s *htmlSheet) text(lines []byte) {
	marked, reply := hasMark(lines), len(s.reply) > 0 && bytes.Contains(lines, s.reply)
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
		if !marked && !reply {
			s.out = appendEscaped(s.out, word)
			return
		}
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

// escapes are the characters that are not themselves in HTML.
var escapes = [256]string{'&': "&amp;", '<': "&lt;", '>': "&gt;", '"': "&#34;", '\'': "&#39;"}

// appendEscaped writes text so that it is text in HTML and between the quotation marks of an attribute.
func appendEscaped(out, text []byte) []byte {
	from := 0
	for i, c := range text {
		if e := escapes[c]; e != "" {
			out = append(append(out, text[from:i]...), e...)
			from = i + 1
		}
	}
	return append(out, text[from:]...)
}

// A paper is the layout with what is the same in every letter of a text; the subject and the body come in between.
type paper struct{ head, middle, foot string }

// newPaper sets the language and the letterhead into the layout.
func newPaper(language, letterhead string) paper {
	head, rest, _ := strings.Cut(layoutHTML, "{{subject}}")
	middle, foot, _ := strings.Cut(rest, "{{body}}")
	return paper{
		head:   fill(head, "{{lang}}", language),
		middle: fill(middle, "{{lang}}", language, "{{letterhead}}", string(appendEscaped(nil, []byte(letterhead)))),
		foot:   foot,
	}
}
