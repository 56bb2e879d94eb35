package campaign

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"outreach.example/donor"
)

// The first variant that fits is the donor's, and the record says by which rule and what is asked for.
func TestVariantOfDonor(t *testing.T) {
	c := good(t)
	c.Variants[0].Donors = []string{"BEL"}
	gave := func(units int64, currency string) *donor.Contribution {
		return &donor.Contribution{Year: 2024, Amount: donor.Money{Minor: units * 100, Currency: currency}}
	}
	for _, x := range []struct {
		name, id, status string
		gave             *donor.Contribution
		variant, rule    string
		figure           bool
		steps            int
	}{
		{"named", "BEL", "member", gave(90_000_000, "USD"), "given", "variant given: BEL is in its donors", false, 1},
		{"observer", "KWT", "observer", gave(90_000_000, "USD"), "courtesy", "variant courtesy: status observer", false, 1},
		{"exactly large", "KEN", "member", gave(5_000_000, "USD"), "large", "variant large: the contribution is at least USD 5,000,000, an amount follows from the contribution", true, 3},
		{"not quite large", "KEN", "member", gave(4_999_999, "USD"), "contributor", "variant contributor: an amount follows from the contribution", true, 3},
		{"at the floor", "KEN", "member", gave(100_000, "USD"), "contributor", "variant contributor: an amount follows from the contribution", true, 3},
		{"under the floor", "KEN", "member", gave(99_999, "USD"), "small", "variant small: no variant before it fits", false, 3},
		{"another currency", "KEN", "member", gave(90_000_000, "CHF"), "small", "variant small: no variant before it fits", false, 3},
		{"none", "KEN", "member", nil, "small", "variant small: no variant before it fits", false, 3},
	} {
		r := c.Record(donor.Donor{ID: x.id, Status: x.status, Contribution: x.gave})
		steps := 0
		for _, s := range c.Steps {
			if c.Gets(&r, s.Name) {
				steps++
			}
		}
		if r.Variant != x.variant || r.Ask.Lines[0] != x.rule || r.Ask.Figure != x.figure || steps != x.steps {
			t.Errorf("%s: %s, %q, figure %t, %d steps", x.name, r.Variant, r.Ask.Lines, r.Ask.Figure, steps)
		}
		if x.steps == 1 && (r.Ask.Low.Minor != 0 || len(r.Ask.Lines) != 2) {
			t.Errorf("%s: asked for %+v", x.name, r.Ask)
		}
	}
}

// A variant that asks for no amount takes the amount away from a donor that has one.
func TestVariantWithoutAmount(t *testing.T) {
	c := good(t)
	c.Variants = []Variant{{Name: "all", Asks: NoAmount}}
	r := c.Record(donor.Donor{ID: "KEN", Contribution: &donor.Contribution{Year: 2024, Amount: donor.Money{Minor: 900_000_00, Currency: "USD"}}})
	if r.Ask.Figure || r.Ask.Low.Minor != 0 || r.Ask.Base.Minor != 0 || r.Ask.Lines[len(r.Ask.Lines)-1] != "its variant asks for no amount" {
		t.Errorf("%+v", r.Ask)
	}
}

func TestVariantFaults(t *testing.T) {
	text := read(t, "testdata/campaign.yaml")
	for _, x := range []struct{ name, old, new, want string }{
		{"no name", "{name: given, ", "{", `43:5: variants: key "name" is missing: add name: contributor`},
		{"no asks", ", status: [observer], asks: nothing", ", status: [observer]", `44:5: variants: key "asks" is missing: add asks: no amount`},
		{"twice", "name: large", "name: given", `45:5: variants: the variant "given" is here twice, first in line 43: give each its own name`},
		{"a language", "name: small", "name: fr", `47:12: variants.name: "fr" looks like a language in the names of texts: give a longer name, for example contributor`},
		{"asks for something", "asks: no amount", "asks: everything", `47:25: variants.asks: "everything" is not something to ask for: write an amount, no amount, or nothing`},
		{"at_least in words", "at_least: 5000000", "at_least: 5 million", `45:29: variants.at_least: expected a whole number without separators, for example 5000000, found "5 million"`},
		{"unknown key", "status: [observer], ", "statuses: [observer], ", `44:22: variants: unknown key "statuses": did you mean "status"?`},
		{"fits all too early", "status: [observer], ", "", `44:5: variants: "courtesy" fits every donor, so those below it never do: give it a condition (donors, status, at_least) or put it last`},
		{"the last fits not all", "{name: small, asks: no amount}", "{name: small, at_least: 5, asks: no amount}", `47:5: variants: "small" is the last and does not fit every donor: end the list with one without conditions that asks for no amount or nothing`},
		{"the last needs an amount", "  - {name: small, asks: no amount}\n", "", `46:5: variants: "contributor" is the last and does not fit every donor: end the list with one without conditions that asks for no amount or nothing`},
		{"empty", text[strings.Index(text, "variants:"):], "variants: []\n", `42:11: variants: no variant: write for example [{name: contributor, asks: no amount}], or remove the key`},
	} {
		if !strings.Contains(text, x.old) {
			t.Fatalf("%s: %q is not in the file", x.name, x.old)
		}
		_, faults := Parse("resilience", "campaign.yaml", []byte(strings.Replace(text, x.old, x.new, 1)))
		if diff := cmp.Diff("campaign.yaml:"+x.want, faults.Error()); diff != "" {
			t.Errorf("%s: %s", x.name, diff)
		}
	}
}

// Ids and words that no donor has are faults, and a named donor that gets no letter is a warning.
func TestVariantsNameDonors(t *testing.T) {
	text := strings.NewReplacer("donors: []", "donors: [BEL, KNE, MAR]", "[observer]", "[observers]").Replace(read(t, "testdata/campaign.yaml"))
	c, faults := Parse("resilience", "campaign.yaml", []byte(text))
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	donors := donor.Registry().All()
	for i := range donors {
		donors[i].Contacts = []donor.Contact{{Email: "a@mission.example"}}
	}
	_, _, faults = c.Select(donors)
	want := strings.Join([]string{
		`campaign.yaml:43:33: variants.donors: no donor has the id "KNE": did you mean KEN (Kenya), KNA (Saint Kitts and Nevis) or MNE (Montenegro)?`,
		`campaign.yaml:43:38: warning: variants.donors: "MAR" is not written to, so no letter of "given" goes to it`,
		`campaign.yaml:44:31: variants.status: no donor has "observers": did you mean "observer"?`,
	}, "\n")
	if diff := cmp.Diff(want, faults.Error()); diff != "" {
		t.Error(diff)
	}
}

// Who gets which wording is part of what is approved: the block's hash, and so the edition's, covers it.
func TestVariantIsFrozen(t *testing.T) {
	_, one, err := EncodeBlock([]Record{{Donor: donor.Donor{ID: "KEN"}, Variant: "large"}})
	if err != nil {
		t.Fatal(err)
	}
	_, other, err := EncodeBlock([]Record{{Donor: donor.Donor{ID: "KEN"}, Variant: "small"}})
	if err != nil || one == other {
		t.Errorf("%s and %s, %v", one, other, err)
	}
}
