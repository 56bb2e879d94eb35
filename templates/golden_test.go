package templates

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"outreach.example/campaign"
	"outreach.example/donor"
)

var update = flag.Bool("update", false, "write the letters of testdata anew")

// TestGoldenLetters shows letters as they are read: a change of a text, a form or the layout shows here, and is to be
// read before it is accepted with -update.
func TestGoldenLetters(t *testing.T) {
	cases := []goldenLetter{
		{"en-ambassador-figure", record(t, "KEN", "", donor.Contact{
			Email: "kenya@mission.example", Name: "Amara Lindqvist", Rank: "ambassador", Gender: "f",
		}, gave(1_200_000)), "appeal"},
		{"en-charge-no-figure", record(t, "USA", "", donor.Contact{
			Email: "usa@mission.example", Name: "Peter O’Rourke", Rank: "charge", Gender: "m",
		}, nil), "appeal"},
		{"fr-ambassadrice-figure", record(t, "CIV", "", donor.Contact{
			Email: "civ@mission.example", Name: "Solange Abérard", Rank: "ambassador", Gender: "f",
		}, gave(1_000_000)), "appeal"},
		{"fr-office", record(t, "HTI", "", donor.Contact{Email: "haiti@mission.example", Rank: "office"}, nil), "appeal"},
		{"es-embajador-figure", record(t, "ECU", "", donor.Contact{
			Email: "ecuador@mission.example", Name: "Julián Arbeláez", Rank: "ambassador", Gender: "m",
		}, gave(2_345_600)), "appeal"},
		{"en-other", &campaign.Record{Donor: donor.Donor{
			ID: "merrow-foundation", Status: "foundation", Language: "en",
			Name: map[string]string{"en": "Merrow & Daughters Foundation"}, Article: map[string]string{"en": "the"},
			Contacts: []donor.Contact{{
				Email: "grants@merrow.example", Name: "Dr Alex Merrow", Rank: "other", Title: "Chair of the Board", Salutation: "Dear Dr Merrow",
			}},
		}}, "appeal"},
		{"fr-ministre-reminder", record(t, "BEL", "", donor.Contact{
			Email: "belgique@mission.example", Name: "Luc Vandermeersch", Rank: "minister", Gender: "m",
		}, gave(12_750_000)), "reminder-1"},
		{"en-reminder", record(t, "KEN", "", donor.Contact{
			Email: "kenya@mission.example", Name: "Amara Lindqvist", Rank: "ambassador", Gender: "f",
		}, gave(1_200_000)), "reminder-1"},
		{"es-oficina-reminder", record(t, "PER", "", donor.Contact{Email: "peru@mission.example", Rank: "office"}, nil), "reminder-1"},
	}
	goldens(t, load(t), cases)
}

// TestGoldenVariants shows what each variant reads, once in each language as far as they differ, the second reminder, and
// the answers.
func TestGoldenVariants(t *testing.T) {
	person := func(name, rank, gender string) donor.Contact {
		return donor.Contact{Email: "mission@mission.example", Name: name, Rank: rank, Gender: gender}
	}
	mission := person("", office, "")
	answer := func(iso3 string, c donor.Contact, minor int64, currency string) *campaign.Record {
		r := varied(t, record(t, iso3, "", c, nil))
		r.Pledge = donor.Money{Minor: minor, Currency: currency}
		return r
	}
	of := func(iso3, language string, c donor.Contact, g *donor.Contribution) *campaign.Record {
		return varied(t, record(t, iso3, language, c, g))
	}
	goldens(t, loadFor(t, various()), []goldenLetter{
		{"variant-large-en", of("GBR", "", person("Amara Lindqvist", "ambassador", "f"), gave(12_345_000)), "appeal"},
		{"variant-large-fr", of("FRA", "", person("Solange Abérard", "ambassador", "f"), gave(21_000_000)), "appeal"},
		{"variant-large-es", of("ESP", "", person("Julián Arbeláez", "ambassador", "m"), gave(9_876_000)), "appeal"},
		{"variant-small-en", of("TON", "", person("Peter O’Rourke", "charge", "m"), nil), "appeal"},
		{"variant-small-fr", of("COM", "", mission, nil), "appeal"},
		{"variant-small-es", of("SLV", "", person("Inés Marbella", "charge", "f"), nil), "appeal"},
		{"variant-observer-en", of("KWT", "", person("Amara Lindqvist", "ambassador", "f"), nil), "appeal"},
		{"variant-observer-fr", of("QAT", "fr", mission, nil), "appeal"},
		{"variant-observer-es", of("SMR", "es", person("Julián Arbeláez", "ambassador", "m"), nil), "appeal"},
		{"variant-given-en", of("MAR", "en", mission, gave(1_000_000)), "appeal"},
		{"variant-given-fr", of("MAR", "", person("Luc Vandermeersch", "ambassador", "m"), gave(1_000_000)), "appeal"},
		{"variant-given-es", of("MAR", "es", person("Inés Marbella", "minister", "f"), gave(1_000_000)), "appeal"},
		{"reminder-2-en", of("NLD", "", person("Amara Lindqvist", "ambassador", "f"), gave(1_200_000)), "reminder-2"},
		{"reminder-2-fr", of("CIV", "", person("Solange Abérard", "ambassador", "f"), gave(1_200_000)), "reminder-2"},
		{"reminder-2-es", of("PER", "", mission, nil), "reminder-2"},
		{"thanks-en", answer("KEN", person("Amara Lindqvist", "ambassador", "f"), 25_000_000, "USD"), "thanks"},
		{"thanks-fr", answer("BEL", person("Luc Vandermeersch", "minister", "m"), 100_000_000, "EUR"), "thanks"},
		{"thanks-es", answer("ECU", mission, 0, ""), "thanks"},
		{"acknowledgement-en", answer("USA", mission, 0, ""), "acknowledgement"},
		{"acknowledgement-fr", answer("HTI", person("Solange Abérard", "charge", "f"), 0, ""), "acknowledgement"},
		{"acknowledgement-es", answer("DOM", person("Julián Arbeláez", "ambassador", "m"), 0, ""), "acknowledgement"},
	})
}

type goldenLetter struct {
	name   string
	record *campaign.Record
	step   string
}

func goldens(t *testing.T, s *Set, cases []goldenLetter) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := s.Compose(c.record, c.step)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, c.name+".txt", "Subject: "+got.Subject+"\n\n"+got.Text)
			if _, err := os.Stat(filepath.Join("testdata", c.name+".html")); err == nil { // the HTML says the same: a few show it
				golden(t, c.name+".html", got.HTML)
			}
		})
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs (read it, then run with -update):\n%s", name, diff)
	}
}
