package templates

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"outreach.example/campaign"
	"outreach.example/donor"
)

var today = donor.Date{Year: 2026, Month: time.November, Day: 23}

const advice = `: letters print figures from the register or from the State's record: write {{fact "ID"}}, or a field such as {{.Ask.Percent}}`

// TestStandardTextsAreClean: the texts and the register that init writes have nothing to mend.
func TestStandardTextsAreClean(t *testing.T) {
	last := map[string]donor.Date{"appeal": {Year: 2026, Month: 12, Day: 31}, "reminder-1": {Year: 2027, Month: 3, Day: 31}}
	if faults := load(t).Proofread(today, last); len(faults) > 0 {
		t.Error(faults)
	}
}

// TestProofread: bare figures, wrong names, other languages and facts past their day are each named with their place. None
// of them breaks an edition that was approved before the rule was there.
func TestProofread(t *testing.T) {
	const en, fr, es = "texts/appeal.en.txt", "texts/appeal.fr.txt", "texts/appeal.es.txt"
	french := strings.Replace(goodText, "A letter", "Une lettre", 1)
	cases := []struct {
		name, file, text string
		with             func(c *campaign.Campaign, files map[string]string)
		want             []string
	}{
		{"a bare figure", en, goodText + "\nIOM has 175 members (and 8,5).\n", nil, []string{
			en + `:9:9: "175" is a bare figure` + advice + `; the number of a document belongs under numbers in campaign.yaml`,
			en + `:9:26: "8,5" is a bare figure` + advice + `; the number of a document belongs under numbers in campaign.yaml`}},
		{"a month of the project's own Spanish", en, goodText + "\nBy setiembre.\n", func(_ *campaign.Campaign, files map[string]string) {
			files[languagesFile] = "es:\n  months: [enero, febrero, marzo, abril, mayo, junio, julio, agosto, setiembre, octubre, noviembre, diciembre]\n"
		}, []string{
			en + `:9:4: "setiembre" is a month in Spanish, and the text is in English: write the date by a field, or the month in its language`}},
		{"digits of other scripts", en, goodText + "\n½ of ٢ and m².\n", nil, []string{
			en + `:9:1: "½" is a bare figure` + advice + `; the number of a document belongs under numbers in campaign.yaml`,
			en + `:9:6: "٢" is a bare figure` + advice + `; the number of a document belongs under numbers in campaign.yaml`,
			en + `:9:12: "m²" is a bare figure` + advice + `; the number of a document belongs under numbers in campaign.yaml`}},
		{"in the subject and in a branch", en, strings.Replace(goodText, "A letter", "36 letters", 1) + "\n{{if .Note}}In 2024{{end}}\n", nil, []string{
			en + `:1:10: "36" is a bare figure` + advice + `; the number of a document belongs under numbers in campaign.yaml`,
			en + `:9:16: "2024" is a bare figure` + advice + `; the number of a document belongs under numbers in campaign.yaml`}},
		{"numbers that are allowed", en, goodText + "\nResolution A/RES/73/195, “2030”, 2031.\n", func(c *campaign.Campaign, _ map[string]string) {
			c.Numbers = []string{"A/RES/73/195", "2030"}
		}, []string{en + `:9:34: "2031" is a bare figure` + advice + `; the number of a document belongs under numbers in campaign.yaml`}},
		{"figures in words", en, goodText + "\nTwo million people, nine per cent, a $ or two.\n", nil, []string{
			en + `:9:5: "million" says a figure` + advice,
			en + `:9:26: "per cent" says a figure` + advice,
			en + `:9:38: "$" is a figure without its number` + advice}},
		{"names that no letter uses", en, goodText + "\nTurkey and North Macedonia\n", func(c *campaign.Campaign, _ map[string]string) {
			c.Mentions = []string{"MKD"}
		}, []string{en + `:9:1: "Turkey" is no name for a letter: write Türkiye (TUR)`}},
		{"a month of another language", fr, french + "\nAvant la fin de January.\n", nil, []string{
			fr + `:9:17: "January" is a month in English, and the text is in French: write the date by a field, or the month in its language`}},
		{"a paragraph that nobody translated", fr, french + "\nL’OIM remercie les États des contributions.\n\nIt would be most grateful if the consideration could be given.\n\nFlexible funding would enable IOM to act in the first days.\n", nil, []string{
			fr + `:11:1: this paragraph reads as English, and 1 more do, and the file's name says French: translate it, or rename the file`}},
		{"the title in another language", en, goodText, func(c *campaign.Campaign, _ map[string]string) {
			c.Title["es"] = "De la réforme à la résilience : préserver ce que nous avons bâti pour les États"
		}, []string{`:1:1: title.es: "De la réforme à la résilience : préserve..." reads as French, and its key says Spanish`}},
		{"the register", es, goodText, func(_ *campaign.Campaign, files map[string]string) {
			files["facts.csv"] += "x,,7,people,2024,,,,{value} of the 9 people in Burma,{value} of the people,,Report,Report,\n"
		}, []string{
			`facts.csv:13:21: phrase_en: "Burma" is no name for a letter: write Myanmar (MMR)`,
			`facts.csv:13:21: phrase_en: "9" is a bare figure` + advice + `; the number of a document belongs under numbers in campaign.yaml`,
			`facts.csv:13:54: phrase_fr: "{value} of the people" reads as English, and its column says French`}},
		{"facts past their day", en, goodText + "\n{{fact \"people_assisted\"}} {{fact \"countries\"}} {{year \"savings\"}}\n", func(_ *campaign.Campaign, files map[string]string) {
			r := strings.NewReplacer("assisted by IOM,2024-12-31,2027-12-31", "assisted by IOM,2024-12-31,2026-11-22", "IOM delivered results,2024-12-31,2027-12-31", "IOM delivered results,2024-12-31,2026-11-23")
			files["facts.csv"] = r.Replace(files["facts.csv"])
			delete(files, "texts/reminder-1.en.txt")
			for name := range Standard() {
				if !strings.Contains(name, ".en.") {
					files["texts/"+name] = strings.Replace(goodText, "A letter", "XYZ", 1)
				}
			}
		}, []string{
			en + `:9:3: fact "people_assisted" expired on 2026-11-22 (facts.csv, line 2): correct it there, or cite another`,
			en + `:9:30: warning: fact "countries" expires on 2026-11-23 (facts.csv, line 3), and letters of the step "appeal" may leave until 2026-12-31: those that leave later are withheld`}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			all, camp := files(t), sample()
			if c.with != nil {
				c.with(camp, all)
			}
			all[c.file] = c.text
			s, faults := Load(camp, all)
			if faults.Refuses() {
				t.Fatalf("what only proofreading finds broke the text: %v", faults)
			}
			got := lines(s.Proofread(today, map[string]donor.Date{"appeal": {Year: 2026, Month: 12, Day: 31}}))
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestForeign: each standard text is its own language and no other; under another's name it is found out.
func TestForeign(t *testing.T) {
	for name, content := range Standard() {
		parts := strings.Split(name, ".")
		for _, lang := range known() {
			all := files(t)
			for n := range Standard() {
				delete(all, "texts/"+n)
			}
			c := sample()
			step, read, own := parts[0], lang, parts[len(parts)-2]
			if len(parts) == 4 {
				c = various() // a variant's own text
				read = parts[1] + "." + lang
			}
			if step == "reminder-2" {
				c = various()
			}
			all["texts/"+step+"."+read+".txt"] = content
			s, _ := Load(c, all)
			var found []string
			for _, f := range s.strict {
				if strings.Contains(f.Text, "reads as "+languageName(own)) {
					found = append(found, f.Text)
				}
			}
			if (len(found) > 0) != (lang != own) {
				t.Errorf("%s read as %s: %q", name, lang, found)
			}
		}
	}
}

// TestFactColumns: what the further columns of the register may hold.
func TestFactColumns(t *testing.T) {
	const head = "id,qualifier,value,unit,year,as_of,expires,source,phrase_en,phrase_fr\n"
	for _, c := range []struct {
		name, rows string
		want       []string
	}{
		{"good", "a,nearly,2000000,people,2024,2024-12-31,2025-12-31,Report,{qualifier} {value} people,{qualifier} {value} de personnes\n", nil},
		{"unknown qualifier", "a,nearby,2,people,2024,,,Report,{value} people,\n", []string{`facts.csv:2:3: qualifier: "nearby": did you mean nearly?`}},
		{"a phrase that lost it", "a,nearly,2,people,2024,,,Report,{value} people,\n", []string{
			`facts.csv:2:33: phrase_en: "{value} people" must hold {qualifier} once, where "nearly" goes in this language, for example "{qualifier} {value} people"`}},
		{"a phrase that has one too many", "a,,2,people,2024,,,Report,{qualifier} {value} people,\n", []string{
			`facts.csv:2:27: phrase_en: "{qualifier} {value} people" holds {qualifier}, and the row has none: write it in the column qualifier, or take it out`}},
		{"days", "a,,2,people,2024,2024-02-30,soon,Report,{value} people,\n", []string{
			`facts.csv:2:18: as_of: "2024-02-30" is not a day (expected YYYY-MM-DD, for example 2027-01-29)`,
			`facts.csv:2:29: expires: "soon" is not a day (expected YYYY-MM-DD, for example 2027-01-29)`}},
		{"days the wrong way round", "a,,2,people,2024,2025-02-03,2024-02-03,Report,{value} people,\n", []string{
			`facts.csv:2:29: expires: 2024-02-03 lies before as_of, 2025-02-03: one of the two is wrong`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, faults := readFacts(head+c.rows, profiles)
			faults.Sort()
			if diff := cmp.Diff(c.want, lines(faults)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestFactKey: any change to a row makes it another, the order of the columns does not.
func TestFactKey(t *testing.T) {
	key := func(register string) string {
		facts, faults := readFacts(register, profiles)
		if len(faults) > 0 {
			t.Fatal(faults)
		}
		return facts["a"].key
	}
	first := key("id,value,unit,year,as_of,source,phrase_en\na,2,people,2024,,Report,{value} people\n")
	if again := key("phrase_en,id,value,unit,year,source\n{value} people,a,2,people,2024,Report\n"); again != first || FactID(first) != "a" {
		t.Errorf("%s and %s", first, again)
	}
	for _, other := range []string{"a,3,people,2024,,Report,{value} people", "a,2,people,2024,2026-01-01,Report,{value} people", "a,2,people,2024,,Report 2,{value} people"} {
		if key("id,value,unit,year,as_of,source,phrase_en\n"+other+"\n") == first {
			t.Errorf("%s has the key of another row", other)
		}
	}
}
