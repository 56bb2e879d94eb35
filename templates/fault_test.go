package templates

import (
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"outreach.example/campaign"
	"outreach.example/donor"
)

const goodText = "Subject: A letter\n\n{{.Date}}\n\n{{.Salutation}}\n\n{{.Close}}\n"

// TestTextFaults: every mistake in a text is named with its place and what to do, all in one reading.
func TestTextFaults(t *testing.T) {
	const file = "texts/appeal.en.txt:"
	cases := []struct {
		name, text string
		want       []string
	}{
		{"unknown field", strings.Replace(goodText, "{{.Date}}", "{{.Date}} for {{.Sate.Formal}}", 1), []string{
			file + "3:17: {{.Sate.Formal}} is not a field: did you mean {{.State.Formal}}?"}},
		{"unknown field of one name", goodText + "\n{{.Sallutation}}\n", []string{
			file + "9:3: {{.Sallutation}} is not a field: did you mean {{.Salutation}}?"}},
		{"two faults at once, columns in characters", goodText + "\nÀ é {{.Closing}} and {{fact \"people_asisted\"}}\n", []string{
			file + "9:7: {{.Closing}} is not a field: did you mean {{.Close}}?",
			file + `9:24: no figure of the register has the id "people_asisted": did you mean people_assisted?`}},
		{"figure not of the campaign", goodText + "\n{{fact \"ask_low\"}}\n", []string{
			file + `9:3: "ask_low" is not among the facts of campaign.yaml: add it to facts there, or cite another`}},
		{"figure without id", goodText + "\n{{fact}}\n", []string{
			file + `9:3: fact needs the id of one figure between quotation marks, for example {{fact "people_assisted"}}`}},
		{"unknown function", goodText + "\n{{printf \"%s\" .Date}}\n", []string{
			file + `9:3: "printf" is not known: write {{fact "ID"}} for a figure of the register, {{year "ID"}} for its year, or a field such as {{.State.Short}}`}},
		{"amount without condition", goodText + "\n{{.Ask.Low}}\n", []string{
			file + "9:3: {{.Ask.Low}} has no value where no amount is asked: write it between {{if .Ask.Figure}} and {{else}} or {{end}}"}},
		{"amount in the wrong branch", goodText + "\n{{if .Ask.Figure}}a{{else}}{{.Ask.Low}}{{end}}{{if not .Ask.Figure}}{{.Ask.High}}{{end}}\n", []string{
			file + "9:30: {{.Ask.Low}} has no value where no amount is asked: write it between {{if .Ask.Figure}} and {{else}} or {{end}}",
			file + "9:71: {{.Ask.High}} has no value where no amount is asked: write it between {{if .Ask.Figure}} and {{else}} or {{end}}"}},
		{"condition as field", goodText + "\n{{.Note}}\n", []string{
			file + "9:3: .Note has no text of its own: write {{if .Note}} ... {{else}} ... {{end}}"}},
		{"field as condition", goodText + "\n{{if .State.Short}}a{{end}}\n", []string{
			file + `9:6: ".State.Short" is no condition: write {{if .Ask.Figure or .Note or .Pledged}} or {{if not .Ask.Figure}}`}},
		{"range", goodText + "\n{{range .State.Short}}a{{end}}\n", []string{
			file + `9:9: "range" is not used in texts: there are only fields, figures and {{if ...}}`}},
		{"with", goodText + "\n{{with .State.Short}}a{{end}}\n", []string{
			file + `9:8: "with" is not used in texts: there are only fields, figures and {{if ...}}`}},
		{"template", goodText + "\n{{template \"x\"}}\n", []string{
			file + `9:12: "template" is not used in texts: there are only fields, figures and {{if ...}}`}},
		{"define", goodText + "\n{{define \"x\"}}a{{end}}\n", []string{
			file + "9:1: define and block are not used in texts: write the text where it belongs"}},
		{"variable", goodText + "\n{{$x := .Date}}\n", []string{
			file + `9:3: "$x := .Date" is more than one field: variables and pipes are not used in texts`}},
		{"pipe", goodText + "\n{{.Date | html}}\n", []string{
			file + `9:3: ".Date | html" is more than one field: variables and pipes are not used in texts`}},
		{"method call", goodText + "\n{{.Address.String}} {{call .Date}}\n", []string{
			file + "9:3: {{.Address.String}} is not a field: did you mean {{.Address}}?",
			file + `9:23: "call" is not known: write {{fact "ID"}} for a figure of the register, {{year "ID"}} for its year, or a field such as {{.State.Short}}`}},
		{"a word in braces", goodText + "\n{{\"word\"}}\n", []string{
			file + `9:3: "\"word\"" is neither a field nor a figure: write it without braces, or a field such as {{.State.Short}}`}},
		{"not closed", goodText + "\n\nDear {{.Date\n", []string{
			file + "10:6: a field is not closed: write }} behind it, on the same line (unclosed action)"}},
		{"if without end", goodText + "\n{{if .Note}}a\n", []string{
			file + "10:1: an {{if ...}} has no {{end}}: write {{end}} where the choice ends (unexpected EOF)"}},
		{"end without if", goodText + "\na{{end}}\n", []string{
			file + "9:2: an {{end}} has no {{if ...}}: remove it (unexpected {{end}})"}},
		{"brace left over", goodText + "\nThe {State.Short\n", []string{
			file + "9:5: a brace is left over: write fields as {{.State.Short}}, with two braces on each side"}},
		{"placeholders", goodText + "\nXX million\n\nTBC\n\nlorem ipsum\n", []string{
			file + `9:1: "XX" stands for something that is not written yet: write it`,
			file + `11:1: "TBC" stands for something that is not written yet: write it`,
			file + `13:1: "lorem" stands for something that is not written yet: write it`}},
		{"another State", goodText + "\nAs in Papua New\nGuinea and the French Republic.\n\nA jordan in Switzerland.\n", []string{
			file + `9:7: "Papua New\nGuinea" is a name of PNG, and every reader of this text would see it: write {{.State.Short}} for the State that is written to, or add mentions: [PNG] to campaign.yaml`,
			file + `10:16: "French Republic" is a name of FRA, and every reader of this text would see it: write {{.State.Short}} for the State that is written to, or add mentions: [FRA] to campaign.yaml`}},
		{"a word that holds one", strings.Replace(goodText, "{{.Date}}", "{{.Date}} TODOS XXI Lorema", 1), nil},
		{"bidi control", goodText + "\nabc\u202edef\n", []string{
			file + "9:4: U+202E turns the direction of the text: remove it"}},
		{"control character", goodText + "\nabc\u0007\n", []string{file + "9:4: control character U+0007: remove it"}},
		{"line separator", goodText + "\nabc\u2028\n", []string{file + "9:4: control character U+2028: remove it"}},
		{"private mark", goodText + "\n\ue000date\ue001\n", []string{
			file + "9:1: invisible character U+E000: type the text again without it",
			file + "9:6: invisible character U+E001: type the text again without it"}},
		{"zero width", goodText + "\na\u200bb\n", []string{
			file + "9:2: invisible character U+200B: type the text again without it"}},
		{"no subject", "Letterhead: House\n\n" + strings.SplitN(goodText, "\n\n", 2)[1], []string{
			file + "1:1: no subject: begin the file with a line Subject: ..., then an empty line, then the letter"}},
		{"empty subject", strings.Replace(goodText, "A letter", "", 1), []string{
			file + "1:9: Subject: is empty: write it behind the colon"}},
		{"long subject", strings.Replace(goodText, "A letter", strings.Repeat("long ", 31), 1), []string{
			file + "1:10: Subject: has 154 characters: keep it to 150"}},
		{"subject of signs", strings.Replace(goodText, "A letter", "🎉🎉", 1), []string{
			file + "1:10: Subject: holds no word: say what the letter is about"}},
		{"date in the subject", strings.Replace(goodText, "A letter", "Letter of {{.Date}}", 1), []string{
			file + "1:22: {{.Date}} does not belong in a subject: write it below the first empty line"}},
		{"figure in the subject", strings.Replace(goodText, "A letter", "To {{fact \"countries\"}}", 1), []string{
			file + "1:15: a figure does not belong in a subject, where it has no source: write it below the first empty line"}},
		{"header twice and unknown", "Subject: A letter\nSubject: Another\nSubjekt: x\nBcc: all@iom.example\n\n" + strings.SplitN(goodText, "\n\n", 2)[1], []string{
			file + "2:1: Subject: is here twice: keep one",
			file + `3:1: "Subjekt" is no name of the header: did you mean Subject?`,
			file + `4:1: "Bcc" is no name of the header: there are: Subject, Letterhead`}},
		{"letterhead of the addressee", "Letterhead: {{.State.Short}}\n" + goodText, []string{
			file + "1:13: Letterhead: is the same in every letter: write the name of the organisation, without fields of the addressee"}},
		{"no header at all", "Dear {{.Salutation}}\n\n{{.Date}}{{.Salutation}}{{.Close}}\n", []string{
			file + `1:1: "Dear {{.Salutation}}" is no line of the header, which ends at the first empty line: write Subject: ..., an empty line, and the letter`,
			file + "1:1: no subject: begin the file with a line Subject: ..., then an empty line, then the letter"}},
		{"empty file", "", []string{
			"texts/appeal.en.txt: no letter stands below the header: write Subject: ..., an empty line, and the letter",
			file + "1:1: no subject: begin the file with a line Subject: ..., then an empty line, then the letter"}},
		{"what a letter needs", "Subject: A letter\n\nHello.\n", []string{
			"texts/appeal.en.txt: {{.Date}} is missing: a letter shows its date",
			"texts/appeal.en.txt: {{.Salutation}} is missing: a letter greets the person it is written to, in the form that is due",
			"texts/appeal.en.txt: {{.Close}} is missing: a letter ends in the form that is due"}},
		{"not UTF-8", "Subject: caf\xe9\n\n", []string{
			"texts/appeal.en.txt: the file is not UTF-8: save it as plain text in UTF-8"}},
		{"too large", "Subject: A\n\n" + strings.Repeat("a", maxText), []string{
			"texts/appeal.en.txt: the file is larger than 64 kB: it is a few pages, so this is another file"}},
		{"byte order mark and Windows line ends", "\ufeff" + strings.ReplaceAll(goodText, "\n", "\r\n"), nil},
		{"spaces on empty lines", strings.ReplaceAll(goodText, "\n\n", "\n  \n"), nil},
		{"comments and trimmed spaces", goodText + "\n{{/* cleared on Monday */}}{{- .Sender -}} \n", nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			all := files(t)
			all["texts/appeal.en.txt"] = c.text
			_, faults := Load(sample(), all)
			if diff := cmp.Diff(c.want, lines(faults)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func lines(faults donor.Faults) (list []string) {
	for _, f := range faults {
		list = append(list, f.Error())
	}
	return list
}

// TestLoadFaults: what the files do not say about one another.
func TestLoadFaults(t *testing.T) {
	cases := []struct {
		name string
		with func(c *campaign.Campaign, files map[string]string)
		want []string
	}{
		{"no text of a step", func(_ *campaign.Campaign, files map[string]string) {
			maps.DeleteFunc(files, func(name, _ string) bool { return strings.HasPrefix(name, "texts/reminder-1") })
			files["texts/reminder-1.docx"], files["texts/remindre-1.en.txt"] = "", ""
		}, []string{
			`:1:1: steps.name: no text for the step "reminder-1": write texts/reminder-1.LANG.txt for each language`,
			`texts/reminder-1.docx: warning: is not read: a text is named STEP.LANG.txt or STEP.VARIANT.LANG.txt, for example appeal.en.txt`,
			`texts/remindre-1.en.txt: warning: is not read: campaign.yaml has no step "remindre-1": did you mean reminder-1?`,
		}},
		{"language without rules", func(_ *campaign.Campaign, files map[string]string) {
			files["texts/appeal.pt.txt"] = goodText
		}, []string{`texts/appeal.pt.txt: the language "pt" has no rules for figures, dates and forms of address: there are: en, es, fr`}},
		{"campaign says nothing in the language", func(c *campaign.Campaign, _ map[string]string) {
			delete(c.Title, "fr")
			delete(c.Signatory.Title, "es")
		}, []string{
			"texts/acknowledgement.es.txt:18:3: {{.Signatory.Title}} has no value: add signatory.title.es to campaign.yaml",
			"texts/acknowledgement.fr.txt:11:104: {{.Campaign.Title}} has no value: add title.fr to campaign.yaml",
			"texts/appeal.es.txt:31:3: {{.Signatory.Title}} has no value: add signatory.title.es to campaign.yaml",
			"texts/appeal.fr.txt:11:85: {{.Campaign.Title}} has no value: add title.fr to campaign.yaml",
			"texts/reminder-1.es.txt:20:3: {{.Signatory.Title}} has no value: add signatory.title.es to campaign.yaml",
			"texts/reminder-1.fr.txt:11:90: {{.Campaign.Title}} has no value: add title.fr to campaign.yaml",
			"texts/thanks.es.txt:20:3: {{.Signatory.Title}} has no value: add signatory.title.es to campaign.yaml",
			"texts/thanks.fr.txt:11:190: {{.Campaign.Title}} has no value: add title.fr to campaign.yaml",
		}},
		{"fact that the register lacks", func(c *campaign.Campaign, _ map[string]string) {
			c.Facts = append(c.Facts, "peopel_assisted")
		}, []string{`:1:1: facts: no figure of facts.csv has the id "peopel_assisted": did you mean people_assisted?`}},
		{"no register", func(c *campaign.Campaign, files map[string]string) {
			delete(files, "facts.csv")
			for name := range StandardFor(sample()) {
				files["texts/"+name] = goodText
			}
		}, []string{`facts.csv: the facts register is missing, and campaign.yaml names facts: write it, with the columns id, value, unit, year, phrase_en, source_en, ...`}},
		{"placeholder in the title", func(c *campaign.Campaign, _ map[string]string) { c.Title["en"] = "Title TBC" }, []string{
			`texts/acknowledgement.en.txt:11:109: {{.Campaign.Title}}: "TBC" stands for something that is not written yet: write it`,
			`texts/appeal.en.txt:11:87: {{.Campaign.Title}}: "TBC" stands for something that is not written yet: write it`,
			`texts/reminder-1.en.txt:11:84: {{.Campaign.Title}}: "TBC" stands for something that is not written yet: write it`,
			`texts/thanks.en.txt:11:159: {{.Campaign.Title}}: "TBC" stands for something that is not written yet: write it`,
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			all, camp := files(t), sample()
			c.with(camp, all)
			_, faults := Load(camp, all)
			if diff := cmp.Diff(c.want, lines(faults)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestFactFaults: every mistake in the register is named with its cell.
func TestFactFaults(t *testing.T) {
	const head = "id,value,unit,year,phrase_en,phrase_fr,source_en,source_fr\n"
	cases := []struct {
		name, content string
		want          []string
	}{
		{"empty", "", []string{"facts.csv:1: the file is empty: its first line names the columns (id, value, unit, year, ...)"}},
		{"header only", head, []string{"facts.csv:2: no row stands below the names of the columns"}},
		{"missing and unknown columns", "id,vallue,unit,phrase_en,phrase_en\n", []string{
			`facts.csv:1:4: unknown column "vallue": did you mean value?`,
			`facts.csv:1:26: column "phrase_en" is here twice: keep one`,
			`facts.csv:1: column 'value' is missing (found: id, vallue, unit, phrase_en, phrase_en)`,
			`facts.csv:1: column 'year' is missing (found: id, vallue, unit, phrase_en, phrase_en)`}},
		{"cells", head + "a,\"1,5\",people,24,{value} people,,s,\na,2,%,2024,two people,,s,\nb c,101.234,per cent,2024,{value} TBC,,s,\nd,5,,2024,{value} and {value},,XX,\n", []string{
			`facts.csv:2:3: value: "1,5" is no whole number: write digits without separators, for example 26400000`,
			`facts.csv:2:16: year: "24" is no year: write four digits, for example 2024`,
			`facts.csv:3:1: id: "a" is in the register twice, first in line 2: keep one`,
			`facts.csv:3:5: unit: "%": write "per cent"`,
			`facts.csv:3:12: phrase_en: "two people" must hold {value} once, where the figure goes, for example "more than {value} people"`,
			`facts.csv:4:1: id: "b c" is no id: use 1 to 64 letters, digits and _ . -, for example people_assisted`,
			`facts.csv:4:5: value: "101.234" is no figure in per cent: write digits, with a point before decimals, for example 91 or 2.5`,
			`facts.csv:4:27: phrase_en: "TBC" stands for something that is not written yet: write it`,
			`facts.csv:5:5: unit: is empty: write "per cent", a currency such as USD, or what is counted, for example people`,
			`facts.csv:5:11: phrase_en: "{value} and {value}" must hold {value} once, where the figure goes, for example "more than {value} people"`,
			`facts.csv:5:32: source_en: "XX" stands for something that is not written yet: write it`}},
		{"de after millions", head + "a,2000000,people,2024,{value} people,{value} personnes,s,s\nb,186,countries,2024,{value} countries,{value} de pays,s,s\nc,2000000,people,2024,{value} people,{value} d'enfants,s,s\n", []string{
			"facts.csv:2:38: phrase_fr: \"a\" is written 2\u00a0millions, after which the language wants \"de\": write {value} de personnes",
			`facts.csv:3:40: phrase_fr: "b" is written 186, after which no "de" stands: write {value} without it`}},
		{"cells too few", head + "a,1,people\n", []string{
			"facts.csv:2: 3 cells where the first line names 8 columns: a separator is missing or too many, or a cell that holds one is not between quotation marks"}},
		{"bare quote", head + "a,1,peo\"ple,2024,{value} x,,s,\n", []string{
			"facts.csv:2:8: a quotation mark is in the wrong place: put the whole cell between quotation marks, and write those inside it twice"}},
		{"NUL", head + "a\x00", []string{"facts.csv: the file holds a byte of value 0: save it as plain text in UTF-8"}},
		{"semicolons", "id;value;unit;year;phrase_en;source_en\na;2.5;per cent;2024;{value} of all;Report\n", nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, faults := readFacts(c.content, profiles)
			if diff := cmp.Diff(c.want, lines(faults)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestFormFaults: a table of the project's own is read as strictly.
func TestFormFaults(t *testing.T) {
	const head = "language,rank,gender,address,salutation,close\n"
	all := files(t)
	all["forms.csv"] = head + "en,ambassdor,x,{name} / {ttle},Excellency,\nfr,charge,any,{name},Monsieur,Veuillez agréer\nfr,charge,m,{name},,Veuillez {salutation}\n"
	_, faults := Load(sample(), all)
	want := []string{
		`forms.csv:2:4: rank: "ambassdor" is no rank: did you mean ambassador?`,
		`forms.csv:2:14: gender: "x" is no gender: write m, f, unknown or any`,
		`forms.csv:2:16: address: a brace is left over: the places are {name}, {family}, {title}, {title|POST}, {style|STYLE}, {donor}, {of} and {salutation}`,
		`forms.csv:2:43: close: is empty: write how the letter ends`,
		`forms.csv:3:31: close: does not hold {salutation}: in French the close repeats the salutation word for word`,
		`forms.csv:4:11: gender: "charge" and "m" in "fr" are in the table twice, first in line 3: keep one`,
		`forms.csv:4:20: salutation: is empty: only the rank other has none of its own`,
	}
	if diff := cmp.Diff(want, lines(faults)); diff != "" {
		t.Error(diff)
	}
	all["forms.csv"] = strings.ReplaceAll(standardForms, "Madame l’Ambassadrice", "Madame l’Ambassadeur")
	s, faults := Load(sample(), all)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	c, err := s.Compose(record(t, "FRA", "", contact("ambassador", "f"), nil), "appeal")
	if err != nil || strings.Count(flat(c.Text), "Madame l’Ambassadeur") != 2 {
		t.Errorf("the project's own form is not used: %v\n%s", err, c.Text)
	}
}

// TestContactFaults: no form, no letter; the sentence names the donor, the field and what to do.
func TestContactFaults(t *testing.T) {
	s := load(t)
	cases := []struct {
		name, lang string
		change     func(d *donor.Donor)
		want       string
	}{
		{"no gender in French", "fr", func(d *donor.Donor) { d.Contacts[0].Gender = "" },
			`contacts.csv:7: KEN: contact has no gender, and "fr" has no form of address for ambassador without it: write f or m as the person wishes, or write to the mission with the rank office`},
		{"no gender for a chargé", "en", func(d *donor.Donor) { d.Contacts[0].Gender, d.Contacts[0].Rank = "", "charge" },
			`contacts.csv:7: KEN: contact has no gender, and "en" has no form of address for charge without it: write f or m as the person wishes, or write to the mission with the rank office`},
		{"no rank", "en", func(d *donor.Donor) { d.Contacts[0].Rank = "" },
			"contacts.csv:7: KEN: contact has no rank: write ambassador, minister, charge, office, other"},
		{"unknown rank", "en", func(d *donor.Donor) { d.Contacts[0].Rank = "embassador" },
			`contacts.csv:7: KEN: contact has the rank "embassador": did you mean ambassador?`},
		{"unknown gender", "en", func(d *donor.Donor) { d.Contacts[0].Gender = "x" },
			`contacts.csv:7: KEN: contact has the gender "x": write f, m or nothing`},
		{"no name", "es", func(d *donor.Donor) { d.Contacts[0].Name = "" },
			"contacts.csv:7: KEN: contact has no name: write it as it is printed, or write to the mission with the rank office"},
		{"other without salutation", "en", func(d *donor.Donor) { d.Contacts[0].Rank = other },
			"contacts.csv:7: KEN: contact has neither a salutation nor a family_name: write one of them"},
		{"other without salutation and gender", "en", func(d *donor.Donor) { d.Contacts[0].Rank, d.Contacts[0].Gender = other, "" },
			"contacts.csv:7: KEN: contact has no salutation: the rank other needs one, for example Dear Ms Example"},
		{"a salutation that the close does not fit", "en", func(d *donor.Donor) { d.Contacts[0].Salutation = "Your Royal Highness" },
			`contacts.csv:7: KEN: contact has the salutation "Your Royal Highness", and the close of the rank ambassador says "Excellency": write the column close as well`},
		{"a French close without the salutation", "fr", func(d *donor.Donor) {
			d.Contacts[0].Salutation, d.Contacts[0].Close = "Monseigneur", "Veuillez agréer, Excellence, les assurances de ma très haute considération."
		}, `contacts.csv:7: KEN: contact's close does not hold the salutation "Monseigneur" word for word, as a close in French does: write both alike`},
		{"a note with a style", "en", func(d *donor.Donor) {
			d.Contacts[0].Rank, d.Contacts[0].Name, d.Contacts[0].Style = office, "", "The Most Reverend"
		},
			"contacts.csv:7: KEN: contact has the rank office and a style or a close: a note verbale has its own, so leave both empty"},
		{"office with salutation", "en", func(d *donor.Donor) { d.Contacts[0].Rank, d.Contacts[0].Salutation = office, "Excellencies" },
			"contacts.csv:7: KEN: contact has the rank office and a salutation: a note verbale has none, so remove it or give the rank other"},
		{"no State", "en", func(d *donor.Donor) { d.State = "" },
			"contacts.csv:7: KEN: contact has the rank ambassador, and the donor is no State: give it the rank other and a salutation"},
		{"header injection", "en", func(d *donor.Donor) { d.Contacts[0].Name = "A\r\nBcc: x@y.example" },
			"contacts.csv:7: KEN: contact's name: control character U+000D: remove it"},
		{"placeholder", "en", func(d *donor.Donor) { d.Contacts[0].Name = "TBC" },
			`contacts.csv:7: KEN: contact's name: "TBC" stands for something that is not written yet: write it`},
		{"date mark", "en", func(d *donor.Donor) { d.Contacts[0].Title = "\ue000date\ue001" },
			"contacts.csv:7: KEN: contact's title: invisible character U+E000: type the text again without it"},
		{"language", "pt", func(*donor.Donor) {}, `contacts.csv:7: language "pt": no text for it (there are: en, es, fr)`},
		{"no contact", "en", func(d *donor.Donor) { d.Contacts = nil }, "contacts.csv: KEN: no contact; add a row or exclude it with a reason"},
		{"no name in the language", "fr", func(d *donor.Donor) { d.Name, d.Formal = nil, nil },
			`donors.csv: KEN: no name in the language "fr": add it`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			person := contact("ambassador", "f")
			person.File, person.Line = "contacts.csv", 7
			r := record(t, "KEN", c.lang, person, nil)
			c.change(&r.Donor)
			_, err := s.Compose(r, "appeal")
			var faults donor.Faults
			if !errors.As(err, &faults) || err.Error() != c.want {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
		})
	}
}

// TestMissing: each donor without a text is named once, by the line of its first contact.
func TestMissing(t *testing.T) {
	all := files(t)
	delete(all, "texts/reminder-1.es.txt")
	s, faults := Load(sample(), all)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	d := func(id, lang string, line int) donor.Donor {
		return donor.Donor{ID: id, Language: lang, Contacts: []donor.Contact{{File: "contacts.csv", Line: line}}}
	}
	got := lines(s.Missing([]donor.Donor{d("BRA", "pt", 31), d("KEN", "en", 7), d("PER", "es", 12), {ID: "TUN", Language: "ar"}}))
	want := []string{
		`contacts.csv:12: language "es": no text of the step "reminder-1" for it (there are: en, fr)`,
		`contacts.csv:31: language "pt": no text for it (there are: en, es, fr)`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestLimits: a letter that grows past the limit is refused, and a faulty text is never written from.
func TestLimits(t *testing.T) {
	all := files(t)
	all["texts/appeal.en.txt"] = goodText + strings.Repeat("{{.Close}}\n\n", 5_400)
	s, faults := Load(sample(), all)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	r := record(t, "GBR", "", contact(office, ""), nil)
	if _, err := s.Compose(r, "appeal"); err == nil || !strings.Contains(err.Error(), "texts/appeal.en.txt: GBR: the letter has ") {
		t.Errorf("a letter of more than 1 MB: %v", err)
	}
	all["texts/appeal.en.txt"] = goodText + strings.Repeat("\n- {{.State.Formal}} {{fact \"countries\"}}", 1_300)
	if s, faults = Load(sample(), all); len(faults) > 0 {
		t.Fatal(faults)
	}
	begun := time.Now()
	if _, err := s.Compose(r, "appeal"); err != nil {
		t.Error(err)
	}
	if took := time.Since(begun); took > 200*time.Millisecond {
		t.Errorf("the longest text took %v to write", took)
	}
	all["texts/appeal.en.txt"] = goodText + strings.Repeat("{ TBC ", 9_000)
	if _, faults = Load(sample(), all); len(faults) != maxFaults {
		t.Errorf("%d faults are shown, want %d", len(faults), maxFaults)
	}
	all["texts/appeal.en.txt"] = "Subject: {{.Nothing}}\n\n"
	s, _ = Load(sample(), all)
	if _, err := s.Compose(r, "appeal"); err == nil || err.Error() != "texts/appeal.en.txt: the text has faults: mend them first" {
		t.Errorf("a faulty text: %v", err)
	}
	if faults := s.Missing([]donor.Donor{r.Donor}); len(faults) > 0 {
		t.Errorf("a faulty text is called missing: %v", faults)
	}
}

// TestLongSubject: a subject that only a long name makes too long is found with that donor.
func TestLongSubject(t *testing.T) {
	all := files(t)
	all["texts/appeal.en.txt"] = strings.Replace(goodText, "A letter", strings.Repeat("word ", 24)+"{{.State.Short}}", 1)
	s, faults := Load(sample(), all)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	if _, err := s.Compose(record(t, "KEN", "", contact("ambassador", "f"), nil), "appeal"); err != nil {
		t.Error(err)
	}
	_, err := s.Compose(record(t, "GBR", "", contact("ambassador", "f"), nil), "appeal")
	if want := "texts/appeal.en.txt:1: GBR: Subject: has 176 characters: keep it to 150"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
