package templates

import (
	"strconv"
	"strings"
)

// LanguageName is the English name of a language that the program knows, and "the language pt" of another.
func LanguageName(code string) string { return languageName(code) }

// Name is what people call the text: its step, with the variant it is for.
func (s Spread) Name() string {
	if s.Variant == "" {
		return s.Step
	}
	return s.Step + ", variant " + s.Variant
}

// Says says where a side's text comes from, or what it means that there is none. builtIn says that the campaign has no texts of
// its own and is written with those of the program.
func (s Side) Says(builtIn bool) string {
	switch {
	case s.Wrong != "":
		return "cannot be read: " + s.Wrong
	case s.There && builtIn:
		return "built-in text"
	case s.There && s.Standard:
		return "word for word the built-in text"
	case s.There && s.New:
		return "the project's own text, new since the approval"
	case s.There:
		return "the project's own text"
	}
	says := "missing: no letter of it can be written in " + languageName(s.Language)
	if s.General {
		says = "no text of its own: the general one is sent"
	}
	if s.Gone {
		says += "; there was one when the edition was approved"
	}
	return says
}

// Says says what is to be said of the part of one side of a row, "" for nothing.
func (s Spread) Says(r Row, side int) string {
	switch r.Parts[side].Mark {
	case Changed:
		return "changed since the approval"
	case Added:
		return "new since the approval"
	case Removed:
		return "taken out since the approval"
	case Missing:
		return "missing; it is there in " + s.those(r, func(p Part) bool { return p.Text != "" })
	case Behind:
		return "not changed, unlike " + s.those(r, func(p Part) bool { return p.Mark == Changed || p.Mark == Added || p.Mark == Removed })
	}
	return ""
}

// those names the languages of the parts of a row.
func (s Spread) those(r Row, are func(Part) bool) string {
	var names []string
	for i, p := range r.Parts {
		if are(p) {
			names = append(names, languageName(s.Sides[i].Language))
		}
	}
	if n := len(names); n > 1 {
		return strings.Join(names[:n-1], ", ") + " and " + names[n-1]
	}
	return strings.Join(names, "")
}

// Place is where the part of one side of a row stands: its file, and the line where it begins.
func (s Spread) Place(r Row, side int) string {
	file := s.Sides[side].File
	if line := r.Parts[side].Line; line > 0 {
		file += ":" + strconv.Itoa(line)
	}
	return file
}

// Word is Says in a word, for a table.
func (s Side) Word(builtIn bool) string {
	switch {
	case s.Wrong != "":
		return "unreadable"
	case s.There && (builtIn || s.Standard):
		return "built-in"
	case s.There:
		return "own"
	case s.General:
		return "general"
	}
	return "missing"
}

// Look says that a person should look at the whole side.
func (s Side) Look() bool { return s.Wrong != "" || !s.There && !s.General }
