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
	s := load(t)
	cases := []struct {
		name   string
		record *campaign.Record
		step   string
	}{
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
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := s.Compose(c.record, c.step)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, c.name+".txt", "Subject: "+got.Subject+"\n\n"+got.Text)
			golden(t, c.name+".html", got.HTML)
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
