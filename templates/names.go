package templates

import (
	"strings"
	"unicode/utf8"

	"outreach.example/donor"
)

// formal is a donor's formal name with its article, for running text; "" where the donor has no name in the language.
func (p *profile) formal(d *donor.Donor) string {
	if name := d.Formal[p.code]; name != "" {
		return name
	}
	return p.withArticle(d)
}

// short is a donor's short name with the article that running text wants. A short name with brackets, such as
// "Bolivia (Plurinational State of)", does not fit in running text, so the formal one stands for it.
func (p *profile) short(d *donor.Donor) string {
	if name := d.Name[p.code]; name == "" || strings.Contains(name, "(") && d.Formal[p.code] != "" {
		return p.formal(d)
	}
	return p.withArticle(d)
}

func (p *profile) withArticle(d *donor.Donor) string {
	name := d.Name[p.code]
	if name == "" {
		return ""
	}
	return join(d.Article[p.code], name)
}

// join sets an article before a name.
func join(article, name string) string {
	switch {
	case article == "":
		return name
	case strings.HasSuffix(article, "’"):
		return article + name
	}
	return article + " " + name
}

// split divides a name into its article, in lower case as the language writes it inside a sentence, and the rest.
// "El Salvador" has none: there the article is part of the name.
func (p *profile) split(name string) (article, rest string) {
	for a := range p.articles {
		after, ok := strings.CutPrefix(name, a)
		if !ok {
			continue
		}
		if strings.HasSuffix(a, "’") {
			return a, after
		}
		if bare, ok := strings.CutPrefix(after, " "); ok {
			return a, bare
		}
	}
	return "", name
}

// bare is a name without its article, for a line of an address.
func (p *profile) bare(name string) string {
	_, rest := p.split(name)
	return rest
}

// ofName is a name after "of": du Royaume, de l’État, d’Haïti, del Reino.
func (p *profile) ofName(name string) string {
	article, rest := p.split(name)
	switch {
	case article != "":
		return join(p.articles[article].of, rest)
	case p.ofElided != "" && p.startsWithVowel(rest):
		return p.ofElided + rest
	}
	return p.of0 + rest
}

// toName is a name after "to": au Royaume, aux États-Unis, al Reino.
func (p *profile) toName(name string) string {
	article, rest := p.split(name)
	if article != "" {
		return join(p.articles[article].to, rest)
	}
	return p.to0 + rest
}

// startsWithVowel says whether an elision stands before the word: before a vowel or a mute h.
func (p *profile) startsWithVowel(word string) bool {
	for _, h := range p.muteH {
		if strings.HasPrefix(word, h) {
			return true
		}
	}
	r, _ := utf8.DecodeRuneInString(word)
	return strings.ContainsRune("AEIOUÀÂÄÆÉÈÊËÎÏÔÖŒÙÛÜaeiouàâäæéèêëîïôöœùûü", r)
}
