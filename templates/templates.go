// Package templates writes the letters: it reads the texts of a campaign and the facts register, formats figures, money,
// dates and names by the rules of each language, and composes the text and the HTML of one letter. It leaves addresses
// to donor, bytes to letter, and sending to others.
//
// A text is a file texts/STEP.LANG.txt. It begins with a header part,
//
//	Subject: IOM Resilience Campaign: invitation to {{.State.Short}}
//	Letterhead: International Organization for Migration
//
// of which Letterhead may be left out (then it is the sender's name), then an empty line, then the letter. An empty line
// ends a paragraph, and "- " begins an item of a list. A line break inside a paragraph is a space, but between two fields
// it stays. The HTML is made from the same words. Between two braces there may stand:
//
//	{{.Reference}}           the number of the letter, for example RESILIENCE/KEN/APPEAL
//	{{.Date}}                the day on which it leaves *
//	{{.Address}}             the address block, several lines
//	{{.Salutation}}          by rank and gender *; in a note verbale: presents its compliments to ...
//	{{.Close}}               by rank and gender *
//	{{.State.Formal}}        the Republic of Kenya / la République du Kenya / la República de Kenya
//	{{.State.OfFormal}}      of the Republic of Kenya / de la République du Kenya / de la República de Kenya
//	{{.State.ToFormal}}      to the Republic of Kenya / à la République du Kenya / a la República de Kenya
//	{{.State.Short}}         Kenya / le Kenya / Kenya; the formal name where the short one has brackets
//	{{.State.OfShort}}       of Kenya / du Kenya / de Kenya
//	{{.State.ToShort}}       to Kenya / au Kenya / a Kenya
//	{{.Ask.Percent}}         5 to 10 per cent / 5 à 10 % / entre el 5 % y el 10 %
//	{{.Ask.Low}}, {{.Ask.High}}, {{.Ask.Base}}, {{.Ask.Year}}
//	                         the amounts, the contribution they follow from and its year; only where an amount is asked
//	{{.Ask.Range}}           between USD 60,000 and USD 120,000 / compris entre ... et ... / de entre ... y ...; the same
//	{{.Campaign.Title}}, {{.Campaign.Goal}}, {{.ReplyBy}}, {{.ReplyTo}}, {{.ReplyTo.Name}}, {{.Sender}},
//	{{.Signatory.Name}}, {{.Signatory.Title}}
//	                         as campaign.yaml says
//	{{fact "people_assisted"}}
//	                         a figure of the register in its phrase, with the number of its source
//	{{year "people_assisted"}}
//	                         the year of the figure
//	{{if .Ask.Figure}} ... {{else}} ... {{end}}
//	                         the first where an amount is asked, the second where none is
//	{{if .Note}} ... {{else}} ... {{end}}
//	                         the first in a note verbale to a Permanent Mission, the second in a letter to a person
//
// Those with * must be in every letter. {{if not ...}} is allowed, and nothing else is: no loops, no variables, no other
// files. The sources of the figures follow under the letter by themselves.
package templates

import (
	"cmp"
	"embed"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/idna"

	"outreach.example/campaign"
	"outreach.example/donor"
)

const (
	contactsFile = "contacts.csv"
	donorsFile   = "donors.csv"
	textsFolder  = "texts/"
)

//go:embed texts/*.txt
var texts embed.FS

// Standard gives the texts that are built in, by their name: "appeal.en.txt".
func Standard() map[string]string {
	files := map[string]string{}
	entries, err := texts.ReadDir("texts")
	if err != nil {
		panic(err) // it is embedded
	}
	for _, e := range entries {
		b, err := texts.ReadFile(textsFolder + e.Name())
		if err != nil {
			panic(err)
		}
		files[e.Name()] = string(b)
	}
	return files
}

type textKey struct{ step, language string }

// A Set is the texts of one campaign, ready to be composed.
type Set struct {
	campaign *campaign.Campaign
	facts    map[string]*fact
	forms    map[formKey]form
	texts    map[textKey]*text
	domain   string       // of Message-IDs
	reply    []byte       // the address that answers go to
	strict   donor.Faults // what Proofread finds
}

// Load reads the texts of a campaign. Of files, whose names are those of an edition, it takes "facts.csv" (the
// register), "forms.csv" (the forms of address, where the project has its own) and "texts/STEP.LANG.txt"; others are
// for others. Faults name a text by its path beside the campaign file. The set is never nil: while the faults refuse,
// Missing may still add its own and Compose refuses what is faulty.
func Load(c *campaign.Campaign, files map[string]string) (*Set, donor.Faults) {
	s := &Set{campaign: c, forms: standard(), texts: map[textKey]*text{}, reply: []byte(c.ReplyTo.Address)}
	_, s.domain, _ = strings.Cut(c.Sender.Address, "@")
	if ascii, err := idna.Lookup.ToASCII(s.domain); err == nil { // as sealing writes the Message-ID (RFC 5890)
		s.domain = ascii
	}
	var faults donor.Faults
	register, ok := files[factsFile]
	if ok {
		s.facts, faults = readFacts(register)
	} else if len(c.Facts) > 0 {
		faults.Addf(factsFile, 0, 0, "the facts register is missing, and campaign.yaml names facts: write it, with the columns id, value, unit, year, phrase_en, source_en, ...")
	}
	if own, ok := files[formsFile]; ok {
		forms, found := readForms(own)
		s.forms, faults = forms, append(faults, found...)
	}
	faults = append(faults, s.checkFacts(ok)...)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if strings.HasPrefix(name, textsFolder) {
			faults = append(faults, s.addText(name, files[name])...)
		}
	}
	for i, step := range c.Steps {
		if len(s.languages(step.Name)) == 0 {
			line, column := c.Place(fmt.Sprintf("steps[%d]", i))
			faults.Addf(c.File(), line, column, "steps.name: no text for the step %s: write %s%s.LANG.txt for each language", donor.Quote(step.Name), textsFolder, step.Name)
		}
	}
	faults.Sort()
	return s, faults
}

// checkFacts finds the ids of the campaign file that the register does not have.
func (s *Set) checkFacts(read bool) (faults donor.Faults) {
	if !read {
		return nil
	}
	for i, id := range s.campaign.Facts {
		if s.facts[id] == nil {
			line, column := s.campaign.Place(fmt.Sprintf("facts[%d]", i))
			faults.Addf(s.campaign.File(), line, column, "facts: no figure of %s has the id %s: %s", factsFile, donor.Quote(id), didYouMean(id, slices.Sorted(maps.Keys(s.facts))))
		}
	}
	return faults
}

// addText reads one file of the folder texts.
func (s *Set) addText(name, content string) (faults donor.Faults) {
	file := path.Join(path.Dir(s.campaign.File()), name)
	parts := strings.Split(strings.TrimPrefix(name, textsFolder), ".")
	var steps []string
	for _, step := range s.campaign.Steps {
		steps = append(steps, step.Name)
	}
	switch {
	case len(parts) != 3 || parts[2] != "txt":
		faults.Warnf(file, 0, 0, "is not read: a text is named STEP.LANG.txt, for example appeal.en.txt")
		return faults
	case !slices.Contains(steps, parts[0]):
		faults.Warnf(file, 0, 0, "is not read: campaign.yaml has no step %s: %s", donor.Quote(parts[0]), didYouMean(parts[0], steps))
		return faults
	case profiles[parts[1]] == nil:
		faults.Addf(file, 0, 0, "the language %s has no rules for figures, dates and forms of address: %s", donor.Quote(parts[1]), didYouMean(parts[1], known()))
		return faults
	}
	t, faults := s.readText(file, content, profiles[parts[1]])
	s.texts[textKey{parts[0], parts[1]}] = t
	return faults
}

// languages are those that a step has texts in.
func (s *Set) languages(step string) (languages []string) {
	for k := range s.texts {
		if k.step == step {
			languages = append(languages, k.language)
		}
	}
	slices.Sort(languages)
	return languages
}

// Missing finds the donors whose language a step has no text in, each once, by their first contact.
func (s *Set) Missing(donors []donor.Donor) (faults donor.Faults) {
	for i := range donors {
		for _, step := range s.campaign.Steps {
			if d := &donors[i]; len(d.Contacts) > 0 && s.texts[textKey{step.Name, d.Language}] == nil && len(s.languages(step.Name)) > 0 {
				faults = append(faults, s.missing(d, step.Name))
				break
			}
		}
	}
	faults.Sort()
	return faults
}

// missing is the fault of a donor whose language a step has no text in.
func (s *Set) missing(d *donor.Donor, step string) donor.Fault {
	c := &d.Contacts[0]
	f := donor.Fault{File: cmp.Or(c.File, contactsFile), Line: c.Line}
	there := s.languages(step)
	for _, st := range s.campaign.Steps {
		if slices.Contains(s.languages(st.Name), d.Language) {
			f.Text = fmt.Sprintf("language %s: no text of the step %s for it (there are: %s)", donor.Quote(d.Language), donor.Quote(step), strings.Join(there, ", "))
			return f
		}
	}
	f.Text = fmt.Sprintf("language %s: no text for it (there are: %s)", donor.Quote(d.Language), strings.Join(there, ", "))
	return f
}

// PrintDate is the day on which t falls in the campaign's zone, as a letter in the language prints it: what takes the
// place of letter.DateMark. A language without a profile gets the day as YYYY-MM-DD.
func (s *Set) PrintDate(language string, t time.Time) string {
	zone := s.campaign.Schedule.Zone
	if zone == nil {
		zone = time.UTC
	}
	day := donor.DateOf(t.In(zone))
	if p := profiles[language]; p != nil {
		return p.printDate(day)
	}
	return day.String()
}
