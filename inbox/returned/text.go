package returned

import (
	"mime"
	"regexp"
	"strings"
	"unicode"

	"github.com/emersion/go-message"
	"github.com/emersion/go-message/charset"
	"golang.org/x/net/html"
)

var words = &mime.WordDecoder{CharsetReader: charset.Reader}

// decoded is a field with its encoded words read (RFC 2047); what cannot be decoded stays as it is.
func decoded(h *message.Header, field string) string {
	v := strings.TrimSpace(h.Get(field))
	if d, err := words.DecodeHeader(v); err == nil {
		v = d
	}
	return clean(toText([]byte(v)))
}

// clean takes out what moves a cursor or hides in a line.
func clean(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case r == '\t' || r == '\n' || r == '\r':
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r), r == '\u2028', r == '\u2029':
			return -1
		}
		return r
	}, s))
}

// shorten cuts a text to at most n octets, between two characters.
func shorten(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && s[n]&0xc0 == 0x80 {
		n--
	}
	return s[:n]
}

// body finds what the writer wrote: the first text that is no attachment, the plain one before the HTML.
func (m *Mail) body(s *source) {
	plain, rich := "", ""
	for _, p := range s.parts {
		switch {
		case p.attached || p.file != "" && !strings.HasPrefix(p.kind, "text/"):
			if p.file == "" {
				p.file = "attachment (" + p.kind + ")"
			}
			m.Files = append(m.Files, p.file)
		case p.kind == "text/plain" && strings.TrimSpace(plain) == "":
			plain = p.text
		case p.kind == "text/html" && rich == "":
			rich = p.text
		case p.kind == "text/calendar":
			m.Files = append(m.Files, "invitation or answer to one")
		}
	}
	if strings.TrimSpace(plain) == "" {
		plain = fromHTML(rich)
	}
	m.Text, m.Quote = fold(plain)
}

// fromHTML is the text of a page, near enough to be read and searched.
func fromHTML(page string) string {
	var w strings.Builder
	z := html.NewTokenizer(strings.NewReader(page))
	hidden, quoted := 0, 0
	for {
		switch z.Next() {
		case html.ErrorToken:
			return w.String()
		case html.TextToken:
			if hidden == 0 {
				t := strings.Join(strings.Fields(string(z.Text())), " ")
				if t != "" {
					if n := w.Len(); n > 0 && w.String()[n-1] == '\n' && quoted > 0 {
						w.WriteString("> ")
					} else if n > 0 && w.String()[n-1] != '\n' {
						w.WriteByte(' ')
					}
					w.WriteString(t)
				}
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			name, _ := z.TagName()
			switch string(name) {
			case "script", "style", "head", "title":
				hidden++
			case "blockquote":
				quoted++
				w.WriteByte('\n')
			case "br", "p", "div", "tr", "li", "h1", "h2", "h3", "hr", "table":
				w.WriteByte('\n')
			}
		case html.EndTagToken:
			name, _ := z.TagName()
			switch string(name) {
			case "script", "style", "head", "title":
				hidden = max(0, hidden-1)
			case "blockquote":
				quoted = max(0, quoted-1)
				w.WriteByte('\n')
			case "p", "div", "tr", "table":
				w.WriteByte('\n')
			}
		}
	}
}

// attribution is a line behind which the mail that is answered or handed on begins.
var attribution = regexp.MustCompile(`(?i)^\s*(` +
	`-{2,}\s*(original message|forwarded message|message d'origine|message d’origine|message transféré|message original|mensaje original|mensaje reenviado|ursprüngliche nachricht|weitergeleitete nachricht|mensagem original|messaggio originale).*` +
	`|begin forwarded message\s*:|début du message (transféré|réexpédié)\s*:|inicio del mensaje reenviado\s*:` +
	`|_{20,}` +
	`|(on|le|el|am|em|il|op)\b.{5,200}(wrote|a écrit|escribió|schrieb|escreveu|ha scritto|schreef).{0,120}[::]` +
	`|.{5,120}(<[^>]+@[^>]+>).{0,40}(wrote|a écrit|escribió)\s*[::]` +
	`)\s*$`)

// heading is the first line of a header as programs put it above what they quote.
var heading = regexp.MustCompile(`(?i)^\s*\*?(from|de|von|da|van)\s*\*?\s*:\*?\s*\S`)

// under are lines that stand near below such a first line.
var under = regexp.MustCompile(`(?im)^\s*\*?(sent|date|envoyé|enviado|gesendet|to|à|para|an|subject|objet|asunto|betreff|cc)\s*\*?\s*:\*?\s*\S`)

// fold divides a text into what its writer wrote and what is quoted below or between.
func fold(text string) (own, quote string) {
	lines := strings.Split(text, "\n")
	var mine, theirs []string
	for i := 0; i < len(lines); i++ {
		l := lines[i]
		rest := false
		switch {
		case attribution.MatchString(shorten(l, 400)):
			rest = true
		case i+1 < len(lines) && len(l) < 300 && attribution.MatchString(shorten(l+" "+lines[i+1], 400)) && !strings.HasPrefix(l, ">") && strings.TrimSpace(l) != "":
			rest = true
		case heading.MatchString(l):
			rest = len(under.FindAllString(shorten(strings.Join(lines[i+1:min(len(lines), i+6)], "\n"), 2000), 3)) >= 2
		}
		if rest {
			// An answer may stand between and below lines that are marked one by one.
			marked := false
			for _, below := range lines[i+1:] {
				if strings.HasPrefix(strings.TrimSpace(below), ">") {
					marked = true
					break
				}
				if strings.TrimSpace(below) != "" && !attribution.MatchString(shorten(l+" "+below, 400)) {
					break
				}
			}
			if !marked {
				theirs = append(theirs, lines[i:]...)
				break
			}
			theirs = append(theirs, l)
			if !attribution.MatchString(shorten(l, 400)) && i+1 < len(lines) {
				i++
				theirs = append(theirs, lines[i])
			}
			continue
		}
		if strings.HasPrefix(strings.TrimLeft(l, " "), ">") {
			theirs = append(theirs, l)
		} else {
			mine = append(mine, l)
		}
	}
	return squeeze(mine), squeeze(theirs)
}

// squeeze joins lines without the empty ones at the ends and between.
func squeeze(lines []string) string {
	var out []string
	for _, l := range lines {
		l = strings.TrimRight(l, " \t\u00a0")
		if l == "" && (len(out) == 0 || out[len(out)-1] == "") {
			continue
		}
		out = append(out, l)
	}
	return strings.TrimSpace(strings.Join(out, "\n"))
}
