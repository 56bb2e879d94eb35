package campaign

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"outreach.example/donor"
)

// states are a few donors of each kind, not in order.
func states() []donor.Donor {
	one := func(id, status, name, group, region, language string) donor.Donor {
		return donor.Donor{
			ID: id, Status: status, State: id, Name: map[string]string{"en": name, "fr": "le " + name}, Group: group,
			Region: region, Language: language, Contacts: []donor.Contact{{Email: strings.ToLower(id) + "@mission.example"}},
		}
	}
	return []donor.Donor{
		one("VAT", "observer", "Holy See", "", "Europe", "en"),
		one("KEN", "member", "Kenya", "African Group", "Africa", "en"),
		one("MAR", "member", "Morocco", "African Group", "Africa", "fr"),
		one("NLD", "member", "Netherlands", "WEOG", "Europe", "en"),
		one("ESP", "member", "Spain", "WEOG", "Europe", "es"),
		one("QAT", "observer", "Qatar", "Asia-Pacific", "Asia", "en"),
	}
}

func ids(donors []donor.Donor) string {
	var all []string
	for _, d := range donors {
		all = append(all, d.ID)
	}
	return strings.Join(all, " ")
}

// Everyone is either chosen or left out with a reason, both in the order of ids.
func TestSelect(t *testing.T) {
	for _, c := range []struct {
		name     string
		audience Audience
		chosen   string
		left     []LeftOut
	}{
		{"members", Audience{Status: []string{"member"}}, "ESP KEN MAR NLD", []LeftOut{
			{"QAT", "Qatar", "status observer is not in the audience", false},
			{"VAT", "Holy See", "status observer is not in the audience", false},
		}},
		{"a group and one beside it", Audience{Status: []string{"member", "observer"}, Groups: []string{"African Group"}, Include: []string{"VAT"}}, "KEN MAR VAT", []LeftOut{
			{"ESP", "Spain", "WEOG is not in the audience's groups", false},
			{"NLD", "Netherlands", "WEOG is not in the audience's groups", false},
			{"QAT", "Qatar", "Asia-Pacific is not in the audience's groups", false},
		}},
		{"no group", Audience{Status: []string{"observer"}, Groups: []string{"Asia-Pacific"}, Exclude: []Exclusion{{"KEN", "k"}, {"MAR", "m"}, {"NLD", "n"}, {"ESP", "e"}}}, "QAT", []LeftOut{
			{"ESP", "Spain", "e", true}, {"KEN", "Kenya", "k", true}, {"MAR", "Morocco", "m", true}, {"NLD", "Netherlands", "n", true},
			{"VAT", "Holy See", "no group is not in the audience's groups", false},
		}},
		{"a region without one", Audience{Status: []string{"member"}, Regions: []string{"Europe", "Asia"}, Exclude: []Exclusion{{"NLD", "has given"}}}, "ESP", []LeftOut{
			{"KEN", "Kenya", "Africa is not in the audience's regions", false},
			{"MAR", "Morocco", "Africa is not in the audience's regions", false},
			{"NLD", "Netherlands", "has given", true},
			{"QAT", "Qatar", "status observer is not in the audience", false},
			{"VAT", "Holy See", "status observer is not in the audience", false},
		}},
		{"only those named", Audience{Include: []string{"KEN", "VAT"}}, "KEN VAT", []LeftOut{
			{"ESP", "Spain", "not in include", false}, {"MAR", "Morocco", "not in include", false},
			{"NLD", "Netherlands", "not in include", false}, {"QAT", "Qatar", "not in include", false},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			campaign := good(t)
			campaign.Audience = c.audience
			donors := states()
			chosen, left, faults := campaign.Select(donors)
			if len(faults) > 0 {
				t.Fatal(faults)
			}
			if got := ids(chosen); got != c.chosen {
				t.Errorf("chosen are %s, want %s", got, c.chosen)
			}
			if diff := cmp.Diff(c.left, left); diff != "" {
				t.Error(diff)
			}
			if len(chosen)+len(left) != len(donors) {
				t.Errorf("%d donors became %d", len(donors), len(chosen)+len(left))
			}
			if donors[0].ID != "VAT" {
				t.Error("the donors were put in another order")
			}
		})
	}
}

// What the file names and the donors do not know is a fault at its place, and so is a donor nobody can write to.
func TestSelectFaults(t *testing.T) {
	text := read(t, "testdata/campaign.yaml")
	for _, c := range []struct {
		name, old, new string
		change         func([]donor.Donor)
		want           string
	}{
		{"status", "status: [member]", "status: [member, membre]", nil, `campaign.yaml:8:20: audience.status: no donor has "membre": did you mean "member"?`},
		{"group", "groups: []", "groups: [WEOG, African]", nil, `campaign.yaml:9:18: audience.groups: no donor has "African": did you mean "African Group"?`},
		{"region", "regions: []", "regions: [Atlantis, Africa]", nil, `campaign.yaml:10:13: audience.regions: no donor has "Atlantis": there are: Africa, Asia, Europe`},
		{"include in lower case", "[VAT]", "[vat]", nil, `campaign.yaml:11:13: audience.include: no donor has the id "vat": did you mean VAT (Holy See)?`},
		{"include by name", "[VAT]", "[Holy See]", nil, `campaign.yaml:11:13: audience.include: no donor has the id "Holy See": did you mean VAT (Holy See)?`},
		{"unknown exclusion", "donor: NLD", "donor: Atlantis", nil, `campaign.yaml:14:14: audience.exclude.donor: no donor has the id "Atlantis": look at the codes of States and at donors.csv`},
		{"no contact", "", "", func(d []donor.Donor) { d[1].Contacts = nil; d[0].Contacts = nil }, "contacts.csv: KEN (Kenya): no contact; add a row or exclude it with a reason\ncontacts.csv: VAT (Holy See): no contact; add a row or exclude it with a reason"},
		{"no contact, and left out", "", "", func(d []donor.Donor) { d[2].Contacts = nil; d[3].Contacts = nil; d[5].Contacts = nil }, ""},
		{"a language without titles", "", "", func(d []donor.Donor) { d[1].Language = "pt" }, `campaign.yaml:2:1: title: no text in "pt", the language of 1 donor (KEN): add a line pt: "..."` + "\n" +
			`campaign.yaml:22:10: signatory.title: no text in "pt", the language of 1 donor (KEN): add a line pt: "..."`},
		{"a title without a language", `  es: "De la reforma a la resiliencia"` + "\n", "", nil, `campaign.yaml:2:1: title: no text in "es", the language of 1 donor (ESP): add a line es: "..."`},
		{"a name that two States share", "donor: NLD", "donor: Korea", nil, `campaign.yaml:14:14: audience.exclude.donor: no donor has the id "Korea": did you mean KOR (Republic of Korea)?`},
		{"nobody", "  include: [VAT]\n", "  include: []\n", func(d []donor.Donor) {
			for i := range d {
				if d[i].ID != "MAR" && d[i].ID != "NLD" {
					d[i].Status = "observer"
				}
			}
		}, `campaign.yaml:7:1: audience: selects none of 6 donors: look at status, groups, regions and exclude`},
	} {
		t.Run(c.name, func(t *testing.T) {
			changed := strings.Replace(text, c.old, c.new, 1)
			if changed == text && c.old != "" {
				t.Fatalf("the test file has no %q", c.old)
			}
			campaign, _ := Parse("resilience", "campaign.yaml", []byte(changed))
			donors := states()
			if c.change != nil {
				c.change(donors)
			}
			_, _, faults := campaign.Select(donors)
			if diff := cmp.Diff(c.want, faults.Error()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A fault found later still points at its line.
func TestPlace(t *testing.T) {
	c := good(t)
	for path, want := range map[string][2]int{
		"facts[1]": {23, 26}, "title.fr": {4, 7}, "title.pt": {2, 1}, "steps[1].after": {35, 12}, "steps[2]": {37, 5},
		"steps[9].after": {33, 3}, "audience.exclude[1].donor": {14, 14}, "nothing": {1, 1}, "": {1, 1},
	} {
		if line, column := c.Place(path); [2]int{line, column} != want {
			t.Errorf("%s is at %d:%d, want %v", path, line, column, want)
		}
	}
}
