package templates

import (
	"fmt"
	"iter"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"outreach.example/donor"
)

// Proofread finds what staff must mend before an edition is planned, and what does not break one that was approved by the
// rules of its day: figures that stand in no register, names that no letter may use, another language than the file's,
// and facts that may be cited no longer. today is the day of the reading; last gives, by step, the last day on which a
// letter of it is to leave.
func (s *Set) Proofread(today donor.Date, last map[string]donor.Date) donor.Faults {
	faults := slices.Clone(s.strict)
	for key, t := range s.texts {
		for _, c := range t.cites {
			zero := donor.Date{}
			switch f := c.fact; {
			case today.Before(f.asOf):
				faults.Addf(factsFile, f.line, 0, "as_of: %s of %s lies in the future (today is %s)", f.asOf, donor.Quote(f.id), today)
			case f.expires == zero:
			case f.expires.Before(today):
				faults.Addf(t.file, c.line, c.column, "fact %s expired on %s (%s, line %d): correct it there, or cite another", donor.Quote(f.id), f.expires, factsFile, f.line)
			case f.expires.Before(last[key.step]):
				faults.Warnf(t.file, c.line, c.column, "fact %s expires on %s (%s, line %d), and letters of the step %s may leave until %s: those that leave later are withheld",
					donor.Quote(f.id), f.expires, factsFile, f.line, donor.Quote(key.step), last[key.step])
			}
		}
	}
	for _, f := range s.facts {
		faults = append(faults, f.proofread(s)...)
	}
	for lang, title := range s.campaign.Title {
		faults = append(faults, s.campaignWords("title."+lang, lang, title)...)
	}
	for lang, title := range s.campaign.Signatory.Title {
		faults = append(faults, s.campaignWords("signatory.title."+lang, lang, title)...)
	}
	faults.Sort()
	return slices.Compact(faults)
}

// campaignWords reads a few words of the campaign file that letters print.
func (s *Set) campaignWords(path, lang, words string) (faults donor.Faults) {
	line, column := s.campaign.Place(path)
	for _, what := range donor.NeverNames(words, lang) {
		faults.Addf(s.campaign.File(), line, column, "%s: %s", path, what)
	}
	if other, _ := foreign(words, lang, 2); other != "" {
		faults.Addf(s.campaign.File(), line, column, "%s: %s reads as %s, and its key says %s", path, donor.Quote(words), languageName(other), languageName(lang))
	}
	return faults
}

// proofread reads the phrases of a fact.
func (f *fact) proofread(s *Set) (faults donor.Faults) {
	for lang, c := range f.phrase {
		p := s.profiles[lang]
		if p == nil {
			continue
		}
		column := "phrase_" + lang
		before, after, _ := strings.Cut(f.qualified(lang, c.text), "{value}")
		for _, part := range []string{before, after} {
			for _, what := range s.proofread(part, p) {
				faults.Addf(factsFile, c.line, c.column, "%s: %s", column, what)
			}
		}
		if other, _ := foreign(before+" "+after, lang, 2); other != "" {
			faults.Addf(factsFile, c.line, c.column, "%s: %s reads as %s, and its column says %s", column, donor.Quote(c.text), languageName(other), languageName(lang))
		}
	}
	return faults
}

// numberWords say a number, or of what it is one, in words that say nothing else. The words for small numbers are left
// alone: one and un are articles as well, and a letter may have two parts.
var numberWords = map[string][]string{
	"en": {"hundred", "hundreds", "thousand", "thousands", "million", "millions", "billion", "billions", "trillion", "trillions", "percent", "percentage"},
	"fr": {"centaine", "centaines", "mille", "millier", "milliers", "million", "millions", "milliard", "milliards", "pourcent", "pourcentage"},
	"es": {"centenar", "centenares", "mil", "miles", "millar", "millares", "millón", "millones", "billón", "billones", "porcentaje"},
}

// twoWords are those that only say so together.
var twoWords = map[string][2]string{"en": {"per", "cent"}, "fr": {"pour", "cent"}, "es": {"por", "ciento"}}

const fromRegister = `letters print figures from the register or from the State's record: write {{fact "ID"}}, or a field such as {{.Ask.Percent}}`

// proofread finds in words that staff wrote the figures, and the names and months that do not belong there. Places are byte
// offsets.
func (s *Set) proofread(text string, p *profile) iter.Seq2[int, string] {
	return func(yield func(int, string) bool) {
		for at, what := range donor.NeverNames(text, p.code) {
			if !yield(at, what) {
				return
			}
		}
		for at, token := range tokens(text) {
			if strings.ContainsFunc(token, unicode.IsNumber) && !slices.Contains(s.campaign.Numbers, token) {
				if !yield(at, fmt.Sprintf("%s is a bare figure: %s; the number of a document belongs under numbers in campaign.yaml", donor.Quote(token), fromRegister)) {
					return
				}
			} else if i := strings.IndexAny(token, "%‰$€£¥"); i >= 0 {
				if !yield(at+i, fmt.Sprintf("%s is a figure without its number: %s", donor.Quote(token), fromRegister)) {
					return
				}
			}
		}
		before, began := "", 0
		for w := range wordsOf(text) {
			word := strings.ToLower(text[w[0]:w[1]])
			what, at := "", w[0]
			if slices.Contains(numberWords[p.code], word) {
				what = fmt.Sprintf("%s says a figure: %s", donor.Quote(text[w[0]:w[1]]), fromRegister)
			} else if two := twoWords[p.code]; word == two[1] && before == two[0] {
				what, at = fmt.Sprintf("%s says a figure: %s", donor.Quote(before+" "+word), fromRegister), began
			} else if lang := s.monthOf(text[w[0]:w[1]], p); lang != "" {
				what = fmt.Sprintf("%s is a month in %s, and the text is in %s: write the date by a field, or the month in its language",
					donor.Quote(text[w[0]:w[1]]), languageName(lang), languageName(p.code))
			}
			if what != "" && !yield(at, what) {
				return
			}
			before, began = word, w[0]
		}
	}
}

var gaps = regexp.MustCompile(`[^\s\x{a0}\x{202f}]+`)

// tokens are what stands between spaces, without the punctuation around it.
func tokens(text string) iter.Seq2[int, string] {
	return func(yield func(int, string) bool) {
		for _, at := range gaps.FindAllStringIndex(text, -1) {
			token := text[at[0]:at[1]]
			bare := strings.TrimLeft(token, "([{“”‘’«\"'-–—")
			if t := strings.TrimRight(bare, ".,;:!?)]}“”‘’»\"'-–—"); t != "" && !yield(at[1]-len(bare), t) {
				return
			}
		}
	}
}

// monthOf is another language whose month a word is, "" for none. May and March are words of English, and no month is
// looked for in them.
func (s *Set) monthOf(word string, p *profile) string {
	if word == "May" || word == "March" || slices.Contains(p.months[:], word) {
		return ""
	}
	for _, lang := range s.profiles.known() {
		if lang != p.code && slices.Contains(s.profiles[lang].months[:], word) {
			return lang
		}
	}
	return ""
}
