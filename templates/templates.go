// Package templates writes the letters: it reads the texts of a campaign and the facts register, formats figures, money,
// dates and names by the rules of each language, and composes the text and the HTML of one letter. It leaves addresses
// to donor, bytes to letter, and sending to others.
//
// A text is a file texts/STEP.LANG.txt, or texts/STEP.VARIANT.LANG.txt for the donors of one variant; a variant that asks for
// something and has no text of its own gets the general one. Texts of the answers thanks and acknowledgement (AnswerNames) are
// for a person who answers a pledge or a reply: they are checked, frozen and shown, and never sent by machine. It begins with a header part,
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
//	{{.Pledge}}              an amount pledged, in its own currency; only between {{if .Pledged}} and {{else}} or {{end}}
//	{{if .Pledged}} ... {{else}} ... {{end}}
//	                         the first where an amount was pledged, the second where none is known
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

// StandardFor gives the built-in texts that a campaign can use, by their name.
func StandardFor(c *campaign.Campaign) map[string]string {
	files, s := Standard(), &Set{campaign: c}
	for name := range files {
		if _, wrong := s.parseName(name); wrong != "" {
			delete(files, name)
		}
	}
	return files
}

// A textKey is what a text is written for; variant is "" for the general text of a step.
type textKey struct{ step, variant, language string }

// A Set is the texts of one campaign, ready to be composed.
type Set struct {
	campaign *campaign.Campaign
	facts    map[string]*fact
	profiles languages
	forms    map[formKey]form
	texts    map[textKey]*text
	domain   string // of Message-IDs
	reply    []byte // the address that answers go to
	attached campaign.Attached
	strict   donor.Faults // what Proofread finds
}

// Load reads the texts of a campaign. Of files, whose names are those of an edition, it takes "facts.csv" (the
// register), "forms.csv" and "languages.yaml" (the forms of address, and how languages write figures, where the project has
// its own), "texts/STEP.LANG.txt" and the list of attachments; others are for others. Faults name a text by its path beside
// the campaign file. The set is never nil: while the faults refuse,
// Missing may still add its own and Compose refuses what is faulty.
func Load(c *campaign.Campaign, files map[string]string) (*Set, donor.Faults) {
	s := &Set{campaign: c, profiles: profiles, forms: standard(), texts: map[textKey]*text{}, reply: []byte(c.ReplyTo.Address)}
	_, s.domain, _ = strings.Cut(c.Sender.Address, "@")
	if ascii, err := idna.Lookup.ToASCII(s.domain); err == nil { // as sealing writes the Message-ID (RFC 5890)
		s.domain = ascii
	}
	var faults donor.Faults
	if own, ok := files[languagesFile]; ok {
		changed, found := readLanguages(own)
		if faults = found; !found.Refuses() {
			s.profiles = changed
		}
	}
	register, ok := files[factsFile]
	if ok {
		facts, found := readFacts(register, s.profiles)
		s.facts, faults = facts, append(faults, found...)
	} else if len(c.Facts) > 0 {
		faults.Addf(factsFile, 0, 0, "the facts register is missing, and campaign.yaml names facts: write it, with the columns id, value, unit, year, phrase_en, source_en, ...")
	}
	if own, ok := files[formsFile]; ok {
		forms, found := readForms(own, s.profiles)
		s.forms, faults = forms, append(faults, found...)
	}
	faults = append(faults, s.checkFacts(ok)...)
	if list, ok := files[campaign.AttachedFile]; ok {
		var err error
		if s.attached, err = campaign.ParseAttached(list); err != nil {
			faults.Addf(campaign.AttachedFile, 0, 0, "%s", err)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if strings.HasPrefix(name, textsFolder) {
			faults = append(faults, s.addText(name, files[name])...)
		}
	}
	for i, step := range c.Steps {
		if !s.written(step.Name) {
			line, column := c.Place(fmt.Sprintf("steps[%d]", i))
			faults.Addf(c.File(), line, column, "steps.name: no text for the step %s: write %s%s.LANG.txt for each language", donor.Quote(step.Name), textsFolder, step.Name)
		}
	}
	faults.Sort()
	return s, faults
}

// LoadEdition reads the texts of an edition as it was approved, and its campaign.
func LoadEdition(e campaign.Edition) (*campaign.Campaign, *Set, error) {
	c, err := e.LoadCampaign()
	if err != nil {
		return nil, nil, err
	}
	s, faults := Load(c, e.Files)
	if faults.Refuses() {
		return nil, nil, faults
	}
	return c, s, nil
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

// AnswerNames are the letters that answer what a donor did. A person sends them: a pledge and a reply stop a campaign's own
// letters to the donor.
var AnswerNames = []string{"thanks", "acknowledgement"}

// isAnswer says whether a name is that of an answer: a step of the same name goes before it.
func isAnswer(c *campaign.Campaign, name string) bool {
	return slices.Contains(AnswerNames, name) && !slices.ContainsFunc(c.Steps, func(s campaign.Step) bool { return s.Name == name })
}

// addText reads one file of the folder texts.
func (s *Set) addText(name, content string) (faults donor.Faults) {
	file := path.Join(path.Dir(s.campaign.File()), name)
	k, wrong := s.parseName(strings.TrimPrefix(name, textsFolder))
	if wrong != "" {
		faults.Warnf(file, 0, 0, "is not read: %s", wrong)
		return faults
	}
	p := s.profiles[k.language]
	if p == nil {
		faults.Addf(file, 0, 0, "the language %s has no rules for figures, dates and forms of address: %s", donor.Quote(k.language), didYouMean(k.language, s.profiles.known()))
		return faults
	}
	t, faults := s.readText(file, content, p, k.asks(s.campaign))
	s.texts[k] = t
	return faults
}

// parseName says what a text is written for, by the name of its file, or why it is not read.
func (s *Set) parseName(name string) (k textKey, wrong string) {
	parts := strings.Split(name, ".")
	steps := slices.Clone(AnswerNames)
	for _, step := range s.campaign.Steps {
		steps = append(steps, step.Name)
	}
	var variants []string
	for _, v := range s.campaign.Variants {
		variants = append(variants, v.Name)
	}
	n := len(parts)
	switch {
	case n < 3 || n > 4 || parts[n-1] != "txt":
		return k, "a text is named STEP.LANG.txt or STEP.VARIANT.LANG.txt, for example appeal.en.txt"
	case !slices.Contains(steps, parts[0]):
		return k, fmt.Sprintf("campaign.yaml has no step %s: %s", donor.Quote(parts[0]), didYouMean(parts[0], steps))
	case n == 3:
		return textKey{parts[0], "", parts[1]}, ""
	case isAnswer(s.campaign, parts[0]):
		return k, fmt.Sprintf("%s is the same for every variant: name it %s.LANG.txt", parts[0], parts[0])
	case len(variants) == 0:
		return k, fmt.Sprintf("campaign.yaml has no variants: name it %s.%s.txt, or add variants there", parts[0], parts[2])
	case !slices.Contains(variants, parts[1]):
		return k, fmt.Sprintf("campaign.yaml has no variant %s: %s", donor.Quote(parts[1]), didYouMean(parts[1], variants))
	case !s.campaign.Gets(&campaign.Record{Variant: parts[1]}, parts[0]):
		return k, fmt.Sprintf("the variant %s asks for nothing, so it has no reminder", donor.Quote(parts[1]))
	}
	return textKey{parts[0], parts[1], parts[2]}, ""
}

// asks is what the text of a key may ask for; "" for a general one, which goes by the donor's ask.
func (k textKey) asks(c *campaign.Campaign) campaign.Asks {
	if isAnswer(c, k.step) {
		return campaign.Nothing
	}
	if v := c.Variant(k.variant); v != nil {
		return v.Asks
	}
	return ""
}

// find is the text of a step for donors of a variant: its own, or else the general one, unless the variant asks for nothing:
// the general text asks.
func (s *Set) find(step, variant, language string) *text {
	if t := s.texts[textKey{step, variant, language}]; t != nil {
		return t
	}
	if s.campaign.Quiet(variant) {
		return nil
	}
	return s.texts[textKey{step, "", language}]
}

// written says whether a step has any text at all.
func (s *Set) written(step string) bool { return len(s.Languages(step)) > 0 }

// Languages are those that a step has texts in, in order.
func (s *Set) Languages(step string) (languages []string) {
	for k := range s.texts {
		if k.step == step && !slices.Contains(languages, k.language) {
			languages = append(languages, k.language)
		}
	}
	slices.Sort(languages)
	return languages
}

// languages are those that a step has texts in for donors of a variant.
func (s *Set) languages(step, variant string) (languages []string) {
	for _, language := range s.profiles.known() {
		if s.find(step, variant, language) != nil {
			languages = append(languages, language)
		}
	}
	return languages
}

// Missing finds the donors whose variant or language a step has no text for, each once, by their first contact.
func (s *Set) Missing(donors []donor.Donor) (faults donor.Faults) {
	for i := range donors {
		d := &donors[i]
		if len(d.Contacts) == 0 {
			continue
		}
		r := s.campaign.Record(*d)
		for _, step := range s.campaign.Steps {
			if s.campaign.Gets(&r, step.Name) && s.find(step.Name, r.Variant, d.Language) == nil && s.written(step.Name) {
				faults = append(faults, s.missing(&r, step.Name))
				break
			}
		}
	}
	faults.Sort()
	return faults
}

// missing is the fault of a donor whose variant or language a step has no text for.
func (s *Set) missing(r *campaign.Record, step string) donor.Fault {
	d, c := &r.Donor, &r.Donor.Contacts[0]
	f := donor.Fault{File: cmp.Or(c.File, contactsFile), Line: c.Line}
	variant := r.Variant
	if isAnswer(s.campaign, step) {
		variant = ""
	}
	there := strings.Join(s.languages(step, variant), ", ")
	if s.campaign.Quiet(variant) {
		f.Text = fmt.Sprintf("language %s: no text of the step %s for the variant %s of %s, and the general one asks: write %s%s.%s.%s.txt",
			donor.Quote(d.Language), donor.Quote(step), variant, d.ID, textsFolder, step, variant, d.Language)
		return f
	}
	for _, st := range s.campaign.Steps {
		if slices.Contains(s.languages(st.Name, variant), d.Language) {
			f.Text = fmt.Sprintf("language %s: no text of the step %s for it (there are: %s)", donor.Quote(d.Language), donor.Quote(step), there)
			return f
		}
	}
	f.Text = fmt.Sprintf("language %s: no text for it (there are: %s)", donor.Quote(d.Language), there)
	return f
}

// PrintDate is the day on which t falls in the campaign's zone, as a letter in the language prints it: what takes the
// place of letter.DateMark. A language without a profile gets the day as YYYY-MM-DD.
func (s *Set) PrintDate(language string, t time.Time) string {
	day := donor.DateOf(t.In(s.campaign.Zone()))
	if p := s.profiles[language]; p != nil {
		return p.printDate(day)
	}
	return day.String()
}
