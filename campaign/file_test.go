package campaign

import (
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"outreach.example/donor"
)

var update = flag.Bool("update", false, "write the golden files anew")

func read(t testing.TB, file string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// good is the campaign of testdata/campaign.yaml.
func good(t testing.TB) *Campaign {
	t.Helper()
	c, faults := Parse("resilience", "campaign.yaml", []byte(read(t, "testdata/campaign.yaml")))
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	return c
}

// What staff wrote arrives whole, with nothing added.
func TestParse(t *testing.T) {
	zurich, err := time.LoadLocation("Europe/Zurich")
	if err != nil {
		t.Fatal(err)
	}
	none := donor.Money{Currency: "USD"}
	want := &Campaign{
		Name:  "resilience",
		Title: map[string]string{"en": "From Reform to Resilience", "fr": "De la réforme à la résilience", "es": "De la reforma a la resiliencia"},
		Goal:  donor.Money{Minor: 100_000_000_00, Currency: "USD"},
		Audience: Audience{
			Status: []string{"member"}, Include: []string{"VAT"},
			Exclude: []Exclusion{{"MAR", "has given; is thanked in another letter"}, {"NLD", "has given"}},
		},
		Sender:     donor.Mailbox{Name: "International Organization for Migration", Address: "resilience@iom.example"},
		ReplyTo:    donor.Mailbox{Name: "Resilience desk", Address: "resilience-desk@iom.example"},
		SentBy:     donor.Mailbox{Name: "Resilience office", Address: "office@iom.example"},
		ReturnPath: "returns@iom.example",
		Registry:   "registry@iom.example",
		OptOut:     OptOut{Web: true, Address: "optout@iom.example"},
		Attached:   Attachments{Folder: "attachments", MaxMB: 3, Steps: []string{"appeal"}},
		Signatory: Signatory{"Amara Lindqvist", map[string]string{
			"en": "Director General", "fr": "Directrice générale", "es": "Directora General",
		}},
		Facts: []string{"people_assisted", "countries"}, Mentions: []string{"SDN"}, Numbers: []string{"A/RES/73/195", "2030"},
		Variants: []Variant{
			{Name: "given", Donors: []string{}, Asks: Nothing, AtLeast: none},
			{Name: "courtesy", Status: []string{"observer"}, Asks: Nothing, AtLeast: none},
			{Name: "large", AtLeast: donor.Money{Minor: 5_000_000_00, Currency: "USD"}, Asks: AnAmount},
			{Name: "contributor", Asks: AnAmount, AtLeast: none},
			{Name: "small", Asks: NoAmount, AtLeast: none},
		},
		Ask: donor.AskRule{
			Low: 5, High: 10, BaseYear: 2024, Base: "voluntary contributions",
			Floor: donor.Money{Minor: 100_000_00, Currency: "USD"}, RoundTo: 1000,
		},
		ReplyBy: donor.Date{Year: 2027, Month: 1, Day: 29},
		Schedule: Schedule{
			Start: donor.Date{Year: 2026, Month: 11, Day: 23}, Zone: zurich,
			Days:  []time.Weekday{time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday},
			Opens: 8*time.Hour + 30*time.Minute, Closes: 17 * time.Hour,
			Holidays: []donor.Date{{Year: 2026, Month: 12, Day: 25}, {Year: 2027, Month: 1, Day: 1}},
		},
		Steps: []Step{
			{Name: "appeal"},
			{Name: "reminder-1", After: 10, Standing: donor.Date{Year: 2027, Month: 3, Day: 31}},
			{Name: "reminder-2", After: 15, Each: true},
		},
		CallAfter: 12, QuietDays: 7, Canary: 3, BlockSize: 50,
	}
	sameZone := cmp.Comparer(func(a, b *time.Location) bool { return a.String() == b.String() })
	if diff := cmp.Diff(want, good(t), cmpopts.IgnoreUnexported(Campaign{}), sameZone); diff != "" {
		t.Error(diff)
	}
}

// What may be left out has the value that the reference names.
func TestParseDefaults(t *testing.T) {
	text := read(t, "testdata/campaign.yaml")
	for _, line := range []string{
		"  groups: []\n", "  regions: []\n", "  include: [VAT]\n", "return_path: returns@iom.example\n",
		"registry: registry@iom.example\n", "facts: [people_assisted, countries]\n", "block_size: 50\n",
		"call_after: 12 working days\n", "quiet_days: 7\n", "canary: 3\n", "  holidays: [2026-12-25, 2027-01-01]\n", `, base: "voluntary contributions", floor: 100000`, ", round_to: 1000",
	} {
		shorter := strings.Replace(text, line, "", 1)
		if shorter == text {
			t.Fatalf("the test file has no %q", line)
		}
		text = shorter
	}
	c, faults := Parse("resilience", "campaign.yaml", []byte(text))
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	if c.CallAfter != 15 || c.QuietDays != 5 || c.Canary != 0 || c.BlockSize != 100 || c.ReturnPath != "resilience@iom.example" || c.Registry != "" ||
		c.Ask.RoundTo != 1 || c.Ask.Floor != (donor.Money{Currency: "USD"}) || c.Ask.Base != "" {
		t.Errorf("defaults are %+v", c)
	}
}

// Nobody telephones where the file says never, or where there is no reminder to wait for.
func TestCallAfter(t *testing.T) {
	text := read(t, "testdata/campaign.yaml")
	for _, x := range []struct{ old, new string }{
		{"call_after: 12 working days", "call_after: never"},
		{text[strings.Index(text, "  - name: reminder-1"):strings.Index(text, "block_size")], ""},
	} {
		text := strings.Replace(text, x.old, x.new, 1)
		if x.new == "" {
			text = strings.Replace(text, "call_after: 12 working days\n", "", 1)
		}
		c, faults := Parse("resilience", "campaign.yaml", []byte(text))
		if faults.Refuses() || c.CallAfter != 0 {
			t.Errorf("after %d working days (%v)", c.CallAfter, faults)
		}
	}
}

// One reading of a very broken file shows every fault, each with its place and what to do.
func TestAllFaultsAtOnce(t *testing.T) {
	c, faults := Parse("resilience", "campaigns/resilience/campaign.yaml", []byte(read(t, "testdata/broken.yaml")))
	if c == nil || !faults.Refuses() {
		t.Fatal("the broken file is read without a fault")
	}
	got := faults.Error() + "\n"
	if *update {
		if err := os.WriteFile("testdata/broken.faults", []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(read(t, "testdata/broken.faults"), got); diff != "" {
		t.Error(diff)
	}
	for _, f := range faults {
		if f.Line < 1 || f.Column < 1 {
			t.Errorf("no place: %v", f)
		}
	}
}
