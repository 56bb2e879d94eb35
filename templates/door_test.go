package templates

import (
	"testing"

	"outreach.example/campaign"
	"outreach.example/donor"
	"outreach.example/letter"
)

// TestDoor: a letter with an address or an ask that is not its donor's own does not leave.
func TestDoor(t *testing.T) {
	s := load(t)
	for _, c := range []struct {
		name string
		with func(c *letter.Content, r *campaign.Record)
		want string
	}{
		{"as it should be", func(*letter.Content, *campaign.Record) {}, ""},
		{"another's letter", func(c *letter.Content, _ *campaign.Record) { c.ID.Donor = "GHA" }, "KEN: the letter is of GHA"},
		{"another addressee", func(c *letter.Content, _ *campaign.Record) { c.To.Address = "m@ghana.example" },
			`KEN: the letter goes to "m@ghana.example", and the donor's first contact is another`},
		{"another copy", func(c *letter.Content, _ *campaign.Record) { c.Cc[0].Address = "m@ghana.example" },
			`KEN: the copy to "m@ghana.example" goes to none of the donor's own contacts`},
		{"a copy to the addressee", func(c *letter.Content, _ *campaign.Record) { c.Cc[0].Address = c.To.Address },
			`KEN: the copy to "mission@mission.example" goes to none of the donor's own contacts`},
		{"a copy twice", func(c *letter.Content, _ *campaign.Record) { c.Cc = append(c.Cc, c.Cc[0]) }, `KEN: "copy@mission.example" gets two copies`},
		{"another ask", func(_ *letter.Content, r *campaign.Record) { r.Ask.High = usd(900_000) },
			`KEN: the ask of the edition, USD 60,000 to USD 900,000, is not what the campaign's rule makes of the contribution, USD 60,000 to USD 120,000: plan again`},
		{"another contribution", func(_ *letter.Content, r *campaign.Record) { r.Donor.Contribution = nil },
			`KEN: the ask of the edition, USD 60,000 to USD 120,000, is not what the campaign's rule makes of the contribution, no amount: plan again`},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := record(t, "KEN", "", contact(donor.Ambassador, "f"), gave(1_200_000))
			r.Donor.Contacts = append(r.Donor.Contacts, donor.Contact{Email: "copy@mission.example"})
			content, err := s.Compose(r, "appeal")
			if err != nil {
				t.Fatal(err)
			}
			c.with(&content, r)
			got := ""
			if err := s.Door(&content, r); err != nil {
				got = err.Error()
			}
			if got != c.want {
				t.Errorf("got %s\nwant %s", got, c.want)
			}
		})
	}
}

// TestStrangers: a title that names another State than the contact's own is found, the own and Switzerland are not.
func TestStrangers(t *testing.T) {
	r := record(t, "KEN", "", contact(donor.Ambassador, "f"), nil)
	for _, c := range []struct{ title, want string }{
		{"Permanent Representative of Kenya to the United Nations in Switzerland", ""},
		{"Permanent Representative of Ghana", `contacts.csv:7: title "Ghana" names GHA, and the contact is of KEN: write the post without it, or add mentions: [GHA] to campaign.yaml`},
	} {
		r.Donor.Contacts[0].Title, r.Donor.Contacts[0].Line = c.title, 7
		if got := load(t).Strangers([]donor.Donor{r.Donor}).Error(); got != c.want {
			t.Errorf("got %s\nwant %s", got, c.want)
		}
	}
}
