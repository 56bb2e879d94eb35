package trial

import (
	"regexp"
	"slices"
	"strings"
)

// A summary is what a list shows of a letter and what its filter looks at.
type summary struct {
	To       person
	Cc       []string // addresses of the header's other readers
	Hidden   []string // in the envelope only: registry copies
	LeftOut  []string // in the header, but not in the envelope: no copy was handed over for these
	Subject  string
	Language string // "en", "" when the letter does not say
	Faults   int

	sought string // lower case, what the search looks through
}

// opening is how much of the text the search looks through, in bytes: the address and the salutation stand there.
const opening = 600

// declared finds the language that an HTML part declares.
var declared = regexp.MustCompile(`(?i)<html\b[^>]*\blang\s*=\s*["']?([a-z]{2,3})\b`)

func summarize(r *reading, envelope []string) summary {
	s := summary{Subject: shorten(r.field("Subject"), 300), Faults: len(r.Faults)}
	to := r.people("To")
	switch {
	case len(to) > 0:
		s.To = to[0]
	case len(envelope) > 0:
		s.To = person{Address: clean(envelope[0])}
	}
	shown := append(to, r.people("Cc")...)
	for i, p := range shown {
		if i > 0 {
			s.Cc = append(s.Cc, p.Address)
		}
		if !slices.ContainsFunc(envelope, func(a string) bool { return strings.EqualFold(a, p.Address) }) {
			s.LeftOut = append(s.LeftOut, p.Address)
		}
	}
	for _, a := range envelope {
		if !slices.ContainsFunc(shown, func(p person) bool { return strings.EqualFold(a, p.Address) }) && clean(a) != s.To.Address {
			s.Hidden = append(s.Hidden, clean(a))
		}
	}
	s.Language = language(r)

	start := r.Text[:min(len(r.Text), opening)]
	s.sought = strings.ToLower(strings.Join([]string{s.To.Name, s.To.Address, s.Subject, strings.Join(s.Cc, " "), strings.Join(s.Hidden, " "), strings.ToValidUTF8(start, "")}, "\n"))
	return s
}

// language is what Content-Language says (RFC 3282), or else the HTML part.
func language(r *reading) string {
	tag, _, _ := strings.Cut(r.field("Content-Language"), ",")
	tag, _, _ = strings.Cut(strings.ToLower(strings.TrimSpace(tag)), "-")
	if tag == "" {
		if m := declared.FindStringSubmatch(r.HTML[:min(len(r.HTML), 4<<10)]); m != nil {
			tag = strings.ToLower(m[1])
		}
	}
	if len(tag) < 2 || len(tag) > 3 || strings.Trim(tag, "abcdefghijklmnopqrstuvwxyz") != "" {
		return ""
	}
	return tag
}

// languages are names as their readers write them.
var languages = map[string]string{
	"ar": "العربية", "en": "English", "es": "Español", "fr": "Français", "pt": "Português", "ru": "Русский", "zh": "中文",
}

func languageName(tag string) string {
	if name := languages[tag]; name != "" {
		return name
	}
	return tag
}
