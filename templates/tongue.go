package templates

import (
	"fmt"
	"regexp"
	"strings"
)

// functionWords are small words that each language cannot do without and that the others do not have.
var functionWords = map[string]map[string]bool{
	"en": set("the of and to in that for with which this these would be by has have been is are was were it its from their other any our we what such not than may should could"),
	"fr": set("le les des du et une dans pour qui est sur par ce cette ces aux au elle sont ont été avec leur leurs ses nous vous être pas lorsqu d l qu où cet dont"),
	"es": set("el los las del y una para por con su sus como al lo ha han es esta este estos cuando más ese esa sin así mismo"),
}

func set(words string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(words) {
		m[w] = true
	}
	return m
}

var languageNames = map[string]string{"en": "English", "fr": "French", "es": "Spanish"}

func languageName(code string) string {
	if name := languageNames[code]; name != "" {
		return name
	}
	return "the language " + code
}

// foreign says which other language words are in, "" for none: at least so many of its function words stand there, and more
// than three times as many as of the language that they should be in.
func foreign(text, lang string, least int) (other string, words int) {
	if functionWords[lang] == nil {
		return "", 0
	}
	found := map[string]int{}
	for w := range wordsOf(text) {
		word := strings.ToLower(text[w[0]:w[1]])
		for code, list := range functionWords {
			if list[word] {
				found[code]++
			}
		}
	}
	for _, code := range known() {
		if n := found[code]; code != lang && n >= least && n > 3*found[lang] && n > words {
			other, words = code, n
		}
	}
	return other, words
}

var (
	actions   = regexp.MustCompile(`\{\{[^}]*\}\}`)
	paragraph = regexp.MustCompile(`(?:[^\n]+\n?)+`)
)

// language finds the paragraphs of a text that are not in its language: the whole of a file under the wrong name, or the
// one that nobody translated.
func (k *compiler) language(source string) {
	words := actions.ReplaceAllStringFunc(source, func(a string) string { return strings.Repeat(" ", len(a)) })
	first, found, other := 0, 0, ""
	for _, at := range paragraph.FindAllStringIndex(words, -1) {
		if lang, _ := foreign(words[at[0]:at[1]], k.p.code, 4); lang != "" {
			if found++; found == 1 {
				first, other = at[0], lang
			}
		}
	}
	if found == 0 {
		return
	}
	more := ""
	if found > 1 {
		more = fmt.Sprintf(", and %d more do", found-1)
	}
	k.base = 0
	k.strict(first, "this paragraph reads as %s%s, and the file's name says %s: translate it, or rename the file", languageName(other), more, languageName(k.p.code))
}
