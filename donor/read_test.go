package donor

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
)

var testDay = Date{2026, time.November, 24}

// folder is a project folder with these files.
func folder(files map[string]string) fstest.MapFS {
	m := fstest.MapFS{}
	for name, content := range files {
		m[name] = &fstest.MapFile{Data: []byte(content)}
	}
	return m
}

const goodContacts = "donor,email,rank,name,gender,verified\nKEN,mission@ken.example,ambassador,Ada Alder,f,2026-11-02\n"

// wantFaults reads a folder and compares every sentence.
func wantFaults(t *testing.T, files map[string]string, want ...string) *Book {
	t.Helper()
	if _, ok := files["contacts.csv"]; !ok {
		files["contacts.csv"] = goodContacts
	}
	b, faults := Read(folder(files), testDay)
	if diff := cmp.Diff(strings.Join(want, "\n"), faults.Error()); diff != "" {
		t.Error(diff)
	}
	return b
}

// The sample project has a contact for each of the 175 Member States, in 130, 26 and 19 letters by language, no fault
// and no warning, nothing but fictional addresses, and asks that come to the campaign's goal.
func TestSample(t *testing.T) {
	b, faults := Read(os.DirFS(filepath.Join("..", "examples")), testDay)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	rule := AskRule{Low: 5, High: 10, BaseYear: 2024, Base: "voluntary contributions", Floor: Money{100_000_00, "USD"}, RoundTo: 1000}
	got := map[string]int{}
	var chosen []Donor
	var high int64
	for _, d := range b.Donors {
		if d.Status != Member {
			if len(d.Contacts) > 0 {
				t.Errorf("%s is no member and has contacts", d.ID)
			}
			continue
		}
		chosen = append(chosen, d)
		if len(d.Contacts) == 0 {
			t.Errorf("%s has no contact", d.ID)
			continue
		}
		got[d.Language]++
		got["copies"] += len(d.Contacts) - 1
		for _, c := range d.Contacts {
			if !strings.HasSuffix(c.Email, "@"+strings.ToLower(d.ID)+".mission.example") || c.Source != "fictional sample" {
				t.Errorf("%s: %s (%s) is not of the sample", d.ID, c.Email, c.Source)
			}
		}
		contribution := b.Contribution(d.ID, 2024, "voluntary contributions")
		ask := rule.Ask(contribution)
		high += ask.High.Minor / 100
		switch {
		case contribution == nil:
			got["no contribution"]++
		case !ask.Figure:
			got["under the floor"]++
		}
	}
	want := map[string]int{"en": 130, "fr": 26, "es": 19, "copies": 12, "no contribution": 55, "under the floor": 9}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if high < 95_000_000 || high > 105_000_000 {
		t.Errorf("the higher asks come to USD %d", high)
	}
	if faults := b.Check(rule, chosen); len(faults) > 0 {
		t.Error(faults)
	}
}

// Every fault of every file comes in one reading, in the order of file and line.
func TestAllAtOnce(t *testing.T) {
	wantFaults(t, map[string]string{
		"contacts.csv":      "donor,email,rank\nKENYA,mission@ken.example,office\nFRA,mission,office\n",
		"contributions.csv": "donor,year,amount,currency\nKEN,2024,\"1,5\",USD\nESP,2024,-5,USD\n",
		"donors.csv":        "id,status,language,name_en\nKEN,foundation,en,Kenya Fund\n",
	},
		`contacts.csv:2: donor "KENYA": did you mean KEN (Kenya)?`,
		`contacts.csv:3: email: "mission" has no @: an address is name@domain`,
		`contributions.csv:2: amount: "1,5" is not an amount: write digits only, with a point before cents, for example 250000 or 250000.50`,
		`contributions.csv:3: amount: "-5" is negative: write an amount above 0`,
		`donors.csv:2: id "KEN" is a State of the registry: States need no row here`,
	)
}

// Donors come by id, States and others together, and hold what their rows say.
func TestBook(t *testing.T) {
	b := wantFaults(t, map[string]string{
		"donors.csv": "id,status,state,language,name_en,name_fr\nF-0001,foundation,,en,Sample Foundation,\ng7,private,BEL,,,Donateur d'essai\n",
		"contacts.csv": "donor,email,rank,name,gender,title,salutation,language,verified,source\n" +
			"KEN,mission@KEN.example,ambassador,Ada Alder,f,,,,2026-11-02,list of 2026\n" +
			"KEN,second@ken.example,,,,,,,,\n" +
			"FRA,mission@fra.example,office,,,,,en,2026-11-02,\n" +
			"g7,person@private.example,other,Bo Brook,,,\"Cher Monsieur,\",,,\n",
		"contributions.csv": "donor,year,amount,currency,label\nKEN,2024,250000.50,USD,voluntary contributions\nKEN,2023,100000,USD,voluntary contributions\nKEN,2024,7,CHF,assessed contributions\ng7,2024,12,EUR,\n",
	})
	kenya, ok := b.Donor("KEN")
	if !ok {
		t.Fatal("no KEN")
	}
	want := []Contact{
		{Email: "mission@ken.example", Name: "Ada Alder", Rank: "ambassador", Gender: "f", Verified: Date{2026, time.November, 2}, Source: "list of 2026", File: "contacts.csv", Line: 2},
		{Email: "second@ken.example", File: "contacts.csv", Line: 3},
	}
	if diff := cmp.Diff(want, kenya.Contacts); diff != "" {
		t.Error(diff)
	}
	if d, _ := b.Donor("FRA"); d.Language != "en" {
		t.Errorf("the contact's wish is en, France is written to in %s", d.Language)
	}
	private, _ := b.Donor("g7")
	if private.Language != "fr" || private.Region != "Europe" || private.Zone != "Europe/Brussels" || private.Group != "WEOG" || private.Formal["fr"] != "Donateur d'essai" {
		t.Errorf("g7 is %+v", private)
	}
	if _, ok := b.Donor("XXX"); ok {
		t.Error("XXX is there")
	}
	if len(b.Donors) != 185 {
		t.Errorf("%d donors", len(b.Donors))
	}
	for _, c := range []struct {
		donor string
		year  int
		label string
		want  string
	}{
		{"KEN", 2024, "voluntary contributions", "USD 250,000.50"},
		{"KEN", 2024, "assessed contributions", "CHF 7"},
		{"KEN", 2023, "", "USD 100,000"},
		{"KEN", 2024, "", "none"}, // two, and nobody says which
		{"KEN", 2022, "", "none"},
		{"g7", 2024, "", "EUR 12"},
		{"FRA", 2024, "", "none"},
	} {
		got := "none"
		if found := b.Contribution(c.donor, c.year, c.label); found != nil {
			got = found.Amount.String()
		}
		if got != c.want {
			t.Errorf("%s gave %s in %d (%q), want %s", c.donor, got, c.year, c.label, c.want)
		}
	}
}

// Check names what would quietly take the figures out of letters.
func TestCheckBase(t *testing.T) {
	b := wantFaults(t, map[string]string{"contributions.csv": "donor,year,amount,currency,label\n" +
		"KEN,2024,1000000,USD,voluntary contributions\nKEN,2024,50000,USD,assessed contributions\nFRA,2024,1000000,EUR,voluntary contributions\n"})
	for _, c := range []struct {
		name, base string
		year       int
		donors     []string
		want       string
	}{
		{"right", "voluntary contributions", 2024, []string{"KEN", "ESP"}, ""},
		{"another currency", "voluntary contributions", 2024, []string{"KEN", "FRA"},
			`contributions.csv:4: warning: EUR 1,000,000: no figure in the letter, as the campaign asks in USD and nothing is converted (the only such row)`},
		{"misspelt", "voluntry contributions", 2024, []string{"KEN", "FRA"},
			`contributions.csv: no contribution of 2024 is named "voluntry contributions", as ask.base of the campaign file says (there are: "assessed contributions", "voluntary contributions")`},
		{"two", "", 2024, []string{"KEN"},
			`contributions.csv:2: KEN has 2 contributions in 2024 (first in line 3): name the one that counts in ask.base of the campaign file, "assessed contributions", "voluntary contributions"`},
		{"none that year", "voluntary contributions", 2023, []string{"KEN"},
			`contributions.csv: warning: no contribution of 2023 of anybody in the audience: every letter goes without a figure`},
		{"nobody", "voluntary contributions", 2024, nil, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var chosen []Donor
			for _, id := range c.donors {
				d, _ := b.Donor(id)
				chosen = append(chosen, d)
			}
			got := b.Check(AskRule{Low: 5, High: 10, BaseYear: c.year, Base: c.base, Floor: Money{1, "USD"}}, chosen)
			if diff := cmp.Diff(c.want, got.Error()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Donor is the donor with an id.
func (b *Book) Donor(id string) (Donor, bool) {
	i, ok := slices.BinarySearchFunc(b.Donors, id, func(d Donor, id string) int { return strings.Compare(d.ID, id) })
	if !ok {
		return Donor{}, false
	}
	return b.Donors[i], true
}
