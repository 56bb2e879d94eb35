package templates

import (
	"cmp"
	"fmt"
	"html"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"outreach.example/campaign"
	"outreach.example/donor"
	"outreach.example/letter"
)

// everyLetter writes every letter of every variant, and both answers, to every member and observer in every language, each
// wording forced on donors that would get another, and hands each to check.
func everyLetter(t *testing.T, s *Set, check func(r *campaign.Record, c letter.Content)) {
	t.Helper()
	kinds := []donor.Contact{
		contact("ambassador", "f"), contact("charge", "m"), contact(office, ""), contact("minister", "m"), contact("ambassador", "m"),
		contact("charge", "f"), contact("minister", "f"),
	}
	n := 0
	for i, d := range donor.Registry().All() {
		for j, lang := range known() {
			for k, v := range s.campaign.Variants {
				d.Language, d.Contacts, d.Contribution = lang, []donor.Contact{kinds[(i+j+k)%len(kinds)]}, nil
				r := &campaign.Record{Donor: d, Variant: v.Name}
				if v.Asks == campaign.AnAmount {
					r.Donor.Contribution = gave(int64(100_000 + 37_117*i))
					r.Ask = s.campaign.Ask.Ask(r.Donor.Contribution)
				}
				steps := []string{"thanks", "acknowledgement"}
				if k > 0 {
					steps = nil
				} else if i%2 == 0 {
					r.Pledge = donor.Money{Minor: int64(i+1) * 25_000_00, Currency: []string{"USD", "EUR", "CHF", "GBP", "SEK"}[i%5]}
				}
				for _, step := range s.campaign.Steps {
					if s.campaign.Gets(r, step.Name) {
						steps = append(steps, step.Name)
					}
				}
				for _, step := range steps {
					c, err := s.Compose(r, step)
					if err != nil {
						t.Fatalf("%s %s %s %s: %v", d.ID, v.Name, lang, step, err)
					}
					check(r, c)
					n++
				}
			}
		}
	}
	if want := 183 * 3 * (3*3 + 2*1 + 2); n != want {
		t.Fatalf("%d letters, want %d", n, want)
	}
}

var (
	tags        = regexp.MustCompile(`(?s)<style>.*?</style>|<title>.*?</title>|<[^>]*>`)
	noteNumbers = regexp.MustCompile(`\[[0-9]\]`)
	marks       = regexp.MustCompile(`<sup[^>]*>[0-9]+</sup>`)
	ends        = regexp.MustCompile(`(?s)<style>.*?</style>|<title>.*?</title>|</p>|</li>|</td>`)
	firstPerson = regexp.MustCompile(`\bI\b|\b[Mm]y\b|\b[Oo]ur\b|J’ai|\bma\b|\bnotre\b|Tengo|\bmi\b|nuestr`)
	excellency  = regexp.MustCompile(`Exc[eé]l+enc|Excelent`)
)

// flat is a text on one line with plain spaces, to look for words in it.
func flat(s string) string {
	return strings.Join(strings.Fields(s), " ") // no-break spaces are spaces to Fields
}

func TestEveryLetter(t *testing.T) {
	s := loadFor(t, various())
	names, n := stateNames(), 0
	everyLetter(t, s, func(r *campaign.Record, c letter.Content) {
		id := fmt.Sprintf("%s (%s) in %s", c.ID, r.Variant, c.Language)
		text := flat(c.Text)
		if n := strings.Count(c.Text, letter.DateMark); n != 1 || strings.Count(c.HTML, letter.DateMark) != 1 {
			t.Errorf("%s: %d marks of the date", id, n)
		}
		for _, wrong := range []string{"{", "}", "TBC", "TODO", "XX", "orem", " de le ", " de les ", " à le ", " à les ", " de el ", " a el ", "the the ", "<nil>", "(s)", " ,", "..", "%!"} {
			if strings.Contains(text, wrong) {
				t.Errorf("%s: holds %q", id, wrong)
			}
		}
		if strings.ContainsAny(c.Text+c.HTML, markOpen+markClose+lineBreak) {
			t.Errorf("%s: holds a mark", id)
		}
		if other := otherState(flat(c.Subject)+" "+text, r.Donor.ID, names); other != "" {
			t.Errorf("%s: names another State: %s", id, other)
		}
		p := profiles[c.Language]
		if formal := p.formal(&r.Donor); !strings.Contains(text, p.ofName(formal)) {
			t.Errorf("%s: does not name %q", id, formal)
		}
		if !strings.Contains(text, flat(typeset(p, s.campaign.Title[c.Language]))) {
			t.Errorf("%s: does not name the campaign by its title", id)
		}
		checkClose(t, id, r, c, text)
		checkAsk(t, id, r, c, text)
		checkDigits(t, id, s, r, c, text)
		for line := range strings.Lines(c.Text) {
			if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > columns {
				t.Errorf("%s: a line of %d columns: %q", id, n, line)
			}
			if strings.Contains(strings.TrimLeft(line, " "), "  ") {
				t.Errorf("%s: two spaces: %q", id, line)
			}
			if strings.TrimRight(line, " \n") != strings.TrimRight(line, "\n") {
				t.Errorf("%s: a line ends with a space: %q", id, line)
			}
		}
		if n := len(strings.Fields(c.Text)); n > 550 {
			t.Errorf("%s: %d words are more than a page and a half", id, n)
		}
		if n := len(c.HTML); n > 60_000 {
			t.Errorf("%s: HTML of %d bytes", id, n)
		}
		if n++; n%7 != 0 {
			return // both parts come from the same calls: one letter in seven of every kind shows it
		}
		if want := flat(noteNumbers.ReplaceAllString(c.Text, "")); flat(plainOf(c.HTML)) != want {
			t.Errorf("%s: the HTML says\n%s\nand the text\n%s", id, flat(plainOf(c.HTML)), want)
		}
	})
}

// plainOf is what a reader of the HTML sees, without the numbers of sources and the points of lists.
func plainOf(s string) string {
	s = marks.ReplaceAllString(s, "")
	s = strings.ReplaceAll(strings.ReplaceAll(s, "<br>", " "), "<li", "- <li")
	s = ends.ReplaceAllString(s, " ")
	s = html.UnescapeString(tags.ReplaceAllString(s, ""))
	return noteNumbers.ReplaceAllString(s, "")
}

// checkClose: in French the close repeats the salutation word for word; a note verbale ends with the mission that it
// greets; a chargé d'affaires is not Excellency.
func checkClose(t *testing.T, id string, r *campaign.Record, c letter.Content, text string) {
	t.Helper()
	p, person := profiles[c.Language], r.Donor.Contacts[0]
	form := standard()[formKey{c.Language, person.Rank, person.Gender}]
	if person.Rank == office {
		mission := fill(form.address[0].pattern, "{of}", p.ofName(p.formal(&r.Donor)))
		if strings.Count(text, mission) < 3 {
			t.Errorf("%s: the note does not name %q in its address, its compliments and its end", id, mission)
		}
		if strings.Contains(text, "Ines Valmont") || firstPerson.MatchString(text) {
			t.Errorf("%s: a note verbale is in the third person and not signed:\n%s", id, c.Text)
		}
		return
	}
	want := 1
	if c.Language == "fr" {
		want = 2
	}
	if n := strings.Count(text, form.salutation); n < want {
		t.Errorf("%s: the salutation %q is there %d times, want %d", id, form.salutation, n, want)
	}
	if person.Rank == "charge" && excellency.MatchString(text) {
		t.Errorf("%s: a chargé d'affaires is called Excellency", id)
	}
	if !strings.Contains(text, "Ines Valmont") {
		t.Errorf("%s: not signed", id)
	}
}

// asking are words by which a letter asks, in each language.
var asking = map[string]*regexp.Regexp{
	"en": regexp.MustCompile(`would be most grateful|[Cc]onsideration could|expressed the hope|per cent of the existing|pledge may be`),
	"fr": regexp.MustCompile(`puisse être envisagé|exprimait l’espoir|contribution existante|annonce de contribution peut`),
	"es": regexp.MustCompile(`se considerase|expresaba la esperanza|contribución existente|promesas de contribución pueden`),
}

// checkAsk: an amount where the variant asks for one, none elsewhere, and no asking at all where nothing is asked; nobody is
// asked twice for an amount by the second reminder, which is the softest.
func checkAsk(t *testing.T, id string, r *campaign.Record, c letter.Content, text string) {
	t.Helper()
	p := profiles[c.Language]
	asks := various().Variant(r.Variant).Asks
	if isAnswer(various(), c.ID.Step) {
		asks = campaign.Nothing
	}
	percent := strings.Contains(text, flat(p.percentRange(5, 10)))
	if want := asks == campaign.AnAmount && c.ID.Step != "reminder-2"; percent != want {
		t.Errorf("%s: names the per cent of the ask: %t, want %t", id, percent, want)
	}
	if want := asks != campaign.Nothing && c.ID.Step != "reminder-2"; asking[c.Language].MatchString(text) != want {
		t.Errorf("%s: asks: %t, want %t:\n%s", id, !want, want, c.Text)
	}
	if r.Pledge.Minor > 0 && c.ID.Step == "thanks" && !strings.Contains(text, flat(p.amount(r.Pledge, true))) {
		t.Errorf("%s: does not name the pledge of %s in its own currency", id, r.Pledge)
	}
}

// TestRemindersGrowSofter: each reminder is shorter than the letter before it.
func TestRemindersGrowSofter(t *testing.T) {
	s := loadFor(t, various())
	for _, lang := range known() {
		for _, contribution := range []*donor.Contribution{nil, gave(1_200_000), gave(12_000_000)} {
			before := 1000
			for _, step := range s.campaign.Steps {
				c, err := s.Compose(varied(t, record(t, "KEN", lang, contact("ambassador", "f"), contribution)), step.Name)
				if err != nil {
					t.Fatal(err)
				}
				n := len(strings.Fields(c.Text))
				if 10*n > 8*before {
					t.Errorf("%s: %s has %d words, after %d", lang, step.Name, n, before)
				}
				before = n
			}
		}
	}
}

var digits = regexp.MustCompile(`[0-9](?:[0-9.,~ ]*[0-9])?`)

// checkDigits: every figure comes from the register, from the record of the donor or from the campaign.
func checkDigits(t *testing.T, id string, s *Set, r *campaign.Record, c letter.Content, text string) {
	t.Helper()
	p := profiles[c.Language]
	text = strings.NewReplacer(s.campaign.ReplyTo.Address, "", flat(p.printDate(s.campaign.ReplyBy)), "", c.ID.Step, "", reference(c.ID.Campaign, c.ID.Donor, c.ID.Step), "").Replace(noteNumbers.ReplaceAllString(text, ""))
	allowed := []string{"2024", "2025"} // the years of the figures and of their sources
	var values []string
	for _, f := range s.facts {
		values = append(values, f.in(p, true))
	}
	for _, m := range []donor.Money{r.Ask.Low, r.Ask.High, r.Ask.Base, r.Pledge} {
		values = append(values, p.amount(m, true))
	}
	values = append(values, p.percentRange(s.campaign.Ask.Low, s.campaign.Ask.High), p.amountRange(r.Ask.Low, r.Ask.High, true))
	for _, v := range values {
		allowed = append(allowed, digits.FindAllString(flat(v), -1)...)
	}
	for _, d := range digits.FindAllString(text, -1) {
		if d = strings.TrimRight(d, ".,"); !slices.Contains(allowed, d) {
			t.Errorf("%s: the figure %q comes from nowhere", id, d)
		}
	}
}

// A stateName is one name of one State.
type stateName struct{ name, id, first string }

// stateNames are the names of all States in every language, the longest first.
func stateNames() (names []stateName) {
	for _, d := range donor.Registry().All() {
		for _, m := range []map[string]string{d.Name, d.Formal} {
			for n := range maps.Values(m) {
				names = append(names, stateName{n, d.ID, firstWord(n)})
			}
		}
	}
	slices.SortFunc(names, func(a, b stateName) int { return cmp.Or(len(b.name)-len(a.name), strings.Compare(a.name, b.name)) })
	return names
}

func firstWord(name string) string {
	for w := range wordsOf(name) {
		return name[w[0]:w[1]]
	}
	return ""
}

// otherState finds the name of a State that is not id, longest match first: "Guinea" in "Papua New Guinea" is none.
func otherState(text, id string, names []stateName) string {
	words := map[string]bool{}
	for w := range wordsOf(text) {
		words[text[w[0]:w[1]]] = true
	}
	for _, n := range names {
		if !words[n.first] {
			continue
		}
		own := n.id == id
		for from := 0; ; {
			i := strings.Index(text[from:], n.name)
			if i < 0 {
				break
			}
			at, end := from+i, from+i+len(n.name)
			before, _ := utf8.DecodeLastRuneInString(text[:at])
			after, _ := utf8.DecodeRuneInString(text[end:])
			if isWordRune(before) || isWordRune(after) {
				from = end
				continue
			}
			if !own && !slices.Contains(names, stateName{n.name, id, n.first}) {
				return n.name
			}
			text = text[:at] + "#" + text[end:]
			from = at + 1
		}
	}
	return ""
}

// TestOtherState: the search itself finds a neighbour's name and forgives a part of one's own.
func TestOtherState(t *testing.T) {
	names := stateNames()
	for _, c := range []struct{ text, id, want string }{
		{"the Independent State of Papua New Guinea", "PNG", ""},
		{"support of Guinea", "PNG", "Guinea"},
		{"del Reino Unido de Gran Bretaña e Irlanda del Norte", "GBR", ""},
		{"Permanent Mission of Austria", "AUS", "Austria"},
		{"the Republic of Malians", "NER", ""},
		{"à la République démocratique du Congo", "COG", "la République démocratique du Congo"},
	} {
		if got := otherState(c.text, c.id, names); got != c.want {
			t.Errorf("%q to %s: %q, want %q", c.text, c.id, got, c.want)
		}
	}
}

// TestComposeIsTheSameAgain: rendering the same record twice, and from many goroutines, gives identical content.
func TestComposeIsTheSameAgain(t *testing.T) {
	s := loadFor(t, various())
	type written struct {
		r *campaign.Record
		c letter.Content
	}
	var all []written
	everyLetter(t, s, func(r *campaign.Record, c letter.Content) { all = append(all, written{r, c}) })
	var wg sync.WaitGroup
	for worker := range 4 {
		wg.Go(func() {
			for i := worker; i < len(all); i += 4 {
				w := all[i]
				again, err := s.Compose(&campaign.Record{Donor: w.r.Donor, Ask: w.r.Ask, Variant: w.r.Variant, Pledge: w.r.Pledge}, w.c.ID.Step)
				if err != nil || again.Text != w.c.Text || again.HTML != w.c.HTML || again.Subject != w.c.Subject {
					t.Errorf("%s: differs when it is written again (%v)", w.c.ID, err)
				}
			}
		})
	}
	wg.Wait()
}

// TestAppealCitesFiveFacts: each standard appeal cites at least five figures of the register with their source.
func TestAppealCitesFiveFacts(t *testing.T) {
	s := load(t)
	for _, lang := range known() {
		c, err := s.Compose(record(t, "KEN", lang, contact("ambassador", "f"), nil), "appeal")
		if err != nil {
			t.Fatal(err)
		}
		text, cited := flat(c.Text), 0
		for _, id := range s.campaign.Facts {
			f := s.facts[id]
			if strings.Contains(text, flat(f.in(profiles[lang], true))) || strings.Contains(text, flat(f.in(profiles[lang], false))) {
				cited++
				if !strings.Contains(text, flat(f.source[lang].text)) {
					t.Errorf("%s: %s is cited without its source", lang, id)
				}
			}
		}
		if cited < 5 {
			t.Errorf("%s: %d figures cited, want at least 5", lang, cited)
		}
	}
}

// TestContent: everyone the letter goes to, and the thread it belongs to.
func TestContent(t *testing.T) {
	s := load(t)
	r := record(t, "KEN", "", contact("ambassador", "f"), gave(1_200_000))
	r.Donor.Contacts = append(r.Donor.Contacts, donor.Contact{Email: "second@mission.example", Name: "Sam Merrow", Rank: "other"}, donor.Contact{Email: "third@mission.example", Rank: office})
	appeal := letter.ID{Campaign: "resilience", Donor: "KEN", Step: "appeal"}
	for _, c := range []struct {
		step       string
		references []string
	}{{"appeal", nil}, {"reminder-1", []string{letter.MessageID(appeal, "iom.example")}}} {
		got, err := s.Compose(r, c.step)
		if err != nil {
			t.Fatal(err)
		}
		got.Text, got.HTML, got.Subject = "", "", ""
		want := letter.Content{
			ID: letter.ID{Campaign: "resilience", Donor: "KEN", Step: c.step}, Language: "en",
			From: s.campaign.Sender, ReplyTo: s.campaign.ReplyTo,
			To:       donor.Mailbox{Name: "Alex Merrow", Address: "mission@mission.example"},
			Cc:       []donor.Mailbox{{Name: "Sam Merrow", Address: "second@mission.example"}, {Address: "third@mission.example"}},
			Registry: "registry@iom.example", ReturnPath: "returns@iom.example", References: c.references,
		}
		if fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) {
			t.Errorf("%s:\n got %+v\nwant %+v", c.step, got, want)
		}
	}
}

func BenchmarkCompose(b *testing.B) {
	s, faults := Load(sample(), files(b))
	if len(faults) > 0 {
		b.Fatal(faults)
	}
	all := donor.Registry().All()
	i := slices.IndexFunc(all, func(d donor.Donor) bool { return d.ID == "FRA" })
	d := all[i]
	d.Contacts, d.Contribution = []donor.Contact{contact("ambassador", "f")}, gave(1_200_000)
	frozen := sample().Record(d)
	r := &frozen
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Compose(r, "appeal"); err != nil {
			b.Fatal(err)
		}
	}
}
