package console

import (
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"

	"outreach.example/ledger"
)

// problems are what is wrong with a form, by field, in the order in which they were found. A page that shows them again
// lists them on top, each a link to its field, and beside the field.
type problems struct{ list []problem }

type problem struct{ Field, Text string }

func (p *problems) add(field, text string) { p.list = append(p.list, problem{field, Sentence(text)}) }

// refuse takes what the ledger or a check refused into the form; an error of another kind is given back.
func (p *problems) refuse(field string, err error) error {
	var refusal ledger.Refusal
	if errors.As(err, &refusal) {
		p.add(field, withoutCommands(refusal.Error()))
		return nil
	}
	return err
}

func (p *problems) none() bool { return len(p.list) == 0 }

// Problems are all of them.
func (p *problems) Problems() []problem {
	if p == nil {
		return nil
	}
	return p.list
}

// Of is what is wrong with a field, "" for nothing.
func (p *problems) Of(field string) string {
	if p == nil {
		return ""
	}
	for _, one := range p.list {
		if one.Field == field {
			return one.Text
		}
	}
	return ""
}

// mostReason is how long a reason or a note may be.
const mostReason = 500

// line reads a line of text that a person wrote: a reason, a note. what names it in a sentence.
func (v *visit) line(form *problems, field, what string, must bool) string {
	s := v.value(field)
	switch {
	case s == "" && must:
		form.add(field, "Write "+what+", one line for those who come after you")
	case !utf8.ValidString(s) || strings.ContainsFunc(s, isControl):
		form.add(field, "Write "+what+" on one line, without control characters")
	case len(s) > mostReason:
		form.add(field, "Write "+what+" in at most 500 characters")
	}
	return s
}

// Sentence is what the program says as the command line says it, made a sentence of a page: with a capital and a full stop.
func Sentence(s string) string {
	s = strings.TrimSpace(s)
	if s == "" {
		return s
	}
	r, n := utf8.DecodeRuneInString(s)
	// A name of a campaign, an address or a command stays as it is written.
	word, _, _ := strings.Cut(s, " ")
	if !strings.ContainsAny(word, "/@:.-_") {
		s = string(unicode.ToUpper(r)) + s[n:]
	}
	if last := s[len(s)-1]; last != '.' && last != '?' && last != '!' && last != ':' {
		s += "."
	}
	return s
}
