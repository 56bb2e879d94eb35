package templates

import (
	"cmp"
	"maps"
	"path"
	"slices"
	"strings"

	"outreach.example/campaign"
)

// A Spread is one text of a campaign in all its languages, paragraph beside paragraph.
type Spread struct {
	Step    string `json:"step"`
	Variant string `json:"variant"` // "" for the general text of the step
	Sides   []Side `json:"sides"`   // one for each language
	Rows    []Row  `json:"rows"`
	Look    int    `json:"look"` // how many places a person should look at: texts and parts that are missing, parts left behind
}

// A Side is a text in one language.
type Side struct {
	Language string `json:"language"`
	File     string `json:"file"` // its name, for example appeal.large.fr.txt, whether it is there or not
	There    bool   `json:"there"`
	Standard bool   `json:"standard"` // word for word the text that is built in
	General  bool   `json:"general"`  // it is not there, and the general text of the step is sent in its place
	New      bool   `json:"new"`      // it is there, and was not when the edition was approved
	Gone     bool   `json:"gone"`     // it was there when the edition was approved, and is not now
	Wrong    string `json:"wrong"`    // why it cannot be read, "" where it can
}

// A Row is what says the same in each language, one part for each side.
type Row struct {
	Parts []Part `json:"parts"`
}

// A Part is one paragraph, or one line of the header, in one language.
type Part struct {
	Mark   Mark   `json:"mark"`
	Line   int    `json:"line"`   // where it begins in its file, 0 where it is not there
	Text   string `json:"text"`   // "" where it is not there
	Before string `json:"before"` // as it was approved, where that was otherwise
}

// A Mark is what is to be said of a part beside those of other languages and beside what was approved.
type Mark string

// The marks of parts.
const (
	Unmarked Mark = ""        // as it was approved, or nothing was
	Changed  Mark = "changed" // reads otherwise than it was approved
	Added    Mark = "added"   // was not in what was approved
	Removed  Mark = "removed" // was in what was approved, and is not there now
	Missing  Mark = "missing" // another language has it
	Behind   Mark = "behind"  // as it was approved, and another language was changed since
	Absent   Mark = "absent"  // there is no text in the language at all: its side says so
)

// Look says that a person should look at it.
func (m Mark) Look() bool { return m == Missing || m == Behind }

// A Version is the texts of a campaign as they were at some time: the campaign and its files, by their names in an edition.
type Version struct {
	Campaign *campaign.Campaign
	Files    map[string]string
}

// Beside lays every text of a campaign out in its languages, marks what one of them lacks, and what was changed in one and not in
// another since approved, which is nil where no edition was. It reads files that have faults as well. The languages are those of
// any text and of the campaign's title.
func Beside(now Version, approved *Version) (languages []string, all []Spread) {
	s := spreader{now: now.texts(), standard: Standard(), set: &Set{campaign: now.Campaign}}
	if approved != nil {
		s.was = approved.texts()
	}
	languages = s.languages(now.Campaign)
	for _, step := range stepsOf(now.Campaign) {
		for _, variant := range variantsOf(now.Campaign) {
			if s.any(step, variant) {
				all = append(all, s.spread(step, variant, languages))
			}
		}
	}
	return languages, all
}

// stepsOf are the names that texts are written for.
func stepsOf(c *campaign.Campaign) (steps []string) {
	for _, s := range c.Steps {
		steps = append(steps, s.Name)
	}
	for _, a := range AnswerNames {
		if isAnswer(c, a) {
			steps = append(steps, a)
		}
	}
	return steps
}

// variantsOf are "", for the general text, and the variants.
func variantsOf(c *campaign.Campaign) []string {
	names := []string{""}
	for _, v := range c.Variants {
		names = append(names, v.Name)
	}
	return names
}

// texts are the files of a version that are texts, as they were written.
func (v Version) texts() map[textKey]string {
	s, found := &Set{campaign: v.Campaign}, map[textKey]string{}
	for name, content := range v.Files {
		if base, ok := strings.CutPrefix(name, textsFolder); ok {
			if k, wrong := s.parseName(base); wrong == "" {
				found[k] = content
			}
		}
	}
	return found
}

// A spreader lays texts out.
type spreader struct {
	now, was map[textKey]string // was is nil where nothing is approved
	standard map[string]string
	set      *Set
}

// usual are the languages that come first.
var usual = []string{"en", "fr", "es"}

func (s *spreader) languages(c *campaign.Campaign) (languages []string) {
	found := map[string]bool{}
	for _, texts := range []map[textKey]string{s.now, s.was} {
		for k := range texts {
			found[k.language] = true
		}
	}
	for l := range c.Title {
		found[l] = true
	}
	place := func(l string) int {
		if i := slices.Index(usual, l); i >= 0 {
			return i
		}
		return len(usual)
	}
	return slices.SortedFunc(maps.Keys(found), func(a, b string) int { return cmp.Or(place(a)-place(b), strings.Compare(a, b)) })
}

// any says whether a text is, or was, there in any language.
func (s *spreader) any(step, variant string) bool {
	for _, texts := range []map[textKey]string{s.now, s.was} {
		for k := range texts {
			if k.step == step && k.variant == variant {
				return true
			}
		}
	}
	return false
}

// fileOf is the name of a text's file.
func fileOf(k textKey) string {
	if k.variant != "" {
		return k.step + "." + k.variant + "." + k.language + ".txt"
	}
	return k.step + "." + k.language + ".txt"
}

// spread lays one text out.
func (s *spreader) spread(step, variant string, languages []string) Spread {
	out := Spread{Step: step, Variant: variant}
	var columns [][]told
	for _, l := range languages {
		side, parts := s.side(textKey{step, variant, l})
		out.Sides, columns = append(out.Sides, side), append(columns, parts)
		if side.Look() {
			out.Look++
		}
	}
	for _, r := range rowsOf(columns) {
		row := Row{Parts: r}
		if row.mark(out.Sides); row.over() {
			continue
		}
		for _, p := range row.Parts {
			if p.Mark.Look() {
				out.Look++
			}
		}
		out.Rows = append(out.Rows, row)
	}
	return out
}

// told is a part with what it is recognised by.
type told struct {
	Part
	by stretch
}

// side is a text in one language, and its parts with those that were taken out since.
func (s *spreader) side(k textKey) (Side, []told) {
	side := Side{Language: k.language, File: fileOf(k)}
	content, there := s.now[k]
	was, had := s.was[k]
	side.There, side.New, side.Gone = there, there && s.was != nil && !had, had && !there
	if !there {
		_, general := s.now[textKey{k.step, "", k.language}]
		side.General = general && k.variant != "" && !s.set.campaign.Quiet(k.variant)
		return side, nil
	}
	standard, known := s.standard[side.File]
	side.Standard = known && standard == content
	text, wrong := readable(content, maxText)
	if wrong != "" {
		side.Wrong = wrong
		return side, nil
	}
	now := stretches(lineEnds.ReplaceAllString(text, "\n"))
	if !had {
		return side, plainParts(now)
	}
	before, wrong := readable(was, maxText)
	if wrong != "" { // an edition never holds such a text
		return side, plainParts(now)
	}
	return side, changes(stretches(lineEnds.ReplaceAllString(before, "\n")), now)
}

func plainParts(all []stretch) (parts []told) {
	for _, p := range all {
		parts = append(parts, told{Part{Line: p.line, Text: p.text}, p})
	}
	return parts
}

// changes marks what became of the paragraphs of a text.
func changes(was, now []stretch) (parts []told) {
	pairs := align(len(was), len(now), alikeAtHome, func(a, b int) float64 { return sameness(&was[a], &now[b]) })
	for _, p := range exchanged(pairs, func(a, b int) bool { return was[a].kind == now[b].kind }) {
		if p.b < 0 {
			parts = append(parts, told{Part{Mark: Removed, Before: was[p.a].text}, was[p.a]})
			continue
		}
		part := Part{Line: now[p.b].line, Text: now[p.b].text}
		switch {
		case p.a < 0:
			part.Mark = Added
		case was[p.a].even != now[p.b].even:
			part.Mark, part.Before = Changed, was[p.a].text
		}
		parts = append(parts, told{part, now[p.b]})
	}
	return parts
}

// rowsOf puts the parts of all languages beside each other. Where one has no part, its part is the zero value.
func rowsOf(columns [][]told) (rows [][]Part) {
	var seen [][]stretch // of each row, what it is recognised by
	for at, parts := range columns {
		var next [][]Part
		var by [][]stretch
		for _, p := range align(len(rows), len(parts), alikeAbroad, func(a, b int) float64 {
			sum := 0.0
			for i := range seen[a] {
				sum += likeness(&seen[a][i], &parts[b].by)
			}
			return sum / float64(len(seen[a]))
		}) {
			row, known := make([]Part, len(columns)), []stretch(nil)
			if p.a >= 0 {
				row, known = rows[p.a], seen[p.a]
			}
			if p.b >= 0 {
				row[at], known = parts[p.b].Part, append(known, parts[p.b].by)
			}
			next, by = append(next, row), append(by, known)
		}
		rows, seen = next, by
	}
	return rows
}

// mark says what is to be said of each part of a row, beside the others.
func (r *Row) mark(sides []Side) {
	moved := slices.ContainsFunc(r.Parts, func(p Part) bool { return p.Mark != Unmarked })
	for i := range r.Parts {
		switch p := &r.Parts[i]; {
		case p.Mark != Unmarked:
		case p.Text == "" && (!sides[i].There || sides[i].Wrong != ""):
			p.Mark = Absent
		case p.Text == "":
			p.Mark = Missing
		case moved && !sides[i].New:
			p.Mark = Behind
		}
	}
}

// over says that a row is no more: no language has it now.
func (r *Row) over() bool {
	return !slices.ContainsFunc(r.Parts, func(p Part) bool { return p.Text != "" })
}

// IsStandard says whether the content of a text's file is word for word that of the built-in text of the same name.
func IsStandard(file, content string) bool {
	standard, ok := Standard()[path.Base(file)]
	return ok && standard == content
}
