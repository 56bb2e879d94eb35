package templates

import (
	"os"
	"slices"
	"testing"
	"time"

	"outreach.example/campaign"
	"outreach.example/donor"
)

// sample is the campaign that the tests write letters of.
func sample() *campaign.Campaign {
	zone, err := time.LoadLocation("Europe/Zurich")
	if err != nil {
		panic(err)
	}
	return &campaign.Campaign{
		Name: "resilience",
		Title: map[string]string{
			"en": "From Reform to Resilience: Securing What We Built Together",
			"fr": "De la réforme à la résilience : préserver ce que nous avons bâti ensemble",
			"es": "De la reforma a la resiliencia: preservar lo que construimos juntos",
		},
		Goal:       usd(100_000_000),
		Sender:     donor.Mailbox{Name: "International Organization for Migration", Address: "resilience@iom.example"},
		ReplyTo:    donor.Mailbox{Name: "Resilience Desk", Address: "resilience-desk@iom.example"},
		ReturnPath: "returns@iom.example",
		Registry:   "registry@iom.example",
		Signatory: campaign.Signatory{Name: "Ines Valmont", Title: map[string]string{
			"en": "Deputy Director General", "fr": "Directrice générale adjointe", "es": "Directora General Adjunta",
		}},
		Facts: []string{
			"people_assisted", "countries", "emergency_health", "protection", "mental_health", "hno_informed", "savings",
			"flexible_share", "campaign_target",
		},
		Ask:      donor.AskRule{Low: 5, High: 10, BaseYear: 2024, Floor: usd(100_000), RoundTo: 1000},
		ReplyBy:  donor.Date{Year: 2027, Month: time.January, Day: 29},
		Schedule: campaign.Schedule{Zone: zone},
		Steps:    []campaign.Step{{Name: "appeal"}, {Name: "reminder-1", After: 10}},
	}
}

// various is the sample with all variants and both reminders.
func various() *campaign.Campaign {
	c := sample()
	c.Steps = append(c.Steps, campaign.Step{Name: "reminder-2", After: 15, Each: true})
	c.Variants = []campaign.Variant{
		{Name: "given", Donors: []string{"MAR"}, Asks: campaign.Nothing},
		{Name: "observer", Status: []string{"observer"}, Asks: campaign.Nothing},
		{Name: "large", AtLeast: usd(5_000_000), Asks: campaign.AnAmount},
		{Name: "contributor", Asks: campaign.AnAmount},
		{Name: "small", Asks: campaign.NoAmount},
	}
	return c
}

func usd(units int64) donor.Money { return donor.Money{Minor: units * 100, Currency: "USD"} }

// files are the standard texts and the register of the examples, as an edition names them.
func files(t testing.TB) map[string]string { return filesFor(t, sample()) }

func filesFor(t testing.TB, c *campaign.Campaign) map[string]string {
	t.Helper()
	facts, err := os.ReadFile("../examples/facts.csv")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{"facts.csv": string(facts), "campaign.yaml": "campaign: resilience\n"}
	for name, content := range StandardFor(c) {
		files["texts/"+name] = content
	}
	return files
}

func load(t testing.TB) *Set { return loadFor(t, sample()) }

func loadFor(t testing.TB, c *campaign.Campaign) *Set {
	t.Helper()
	s, faults := Load(c, filesFor(t, c))
	if len(faults) > 0 {
		t.Fatalf("the standard texts have faults:\n%v", faults)
	}
	return s
}

// record is a Member State of the registry with one contact, asked by the rule of the sample.
func record(t testing.TB, iso3, language string, c donor.Contact, contribution *donor.Contribution) *campaign.Record {
	t.Helper()
	all := donor.Registry().All()
	i := slices.IndexFunc(all, func(d donor.Donor) bool { return d.ID == iso3 })
	if i < 0 {
		t.Fatalf("no State %s", iso3)
	}
	d := all[i]
	d.Contacts, d.Contribution = []donor.Contact{c}, contribution
	if language != "" {
		d.Language = language
	}
	r := sample().Record(d)
	return &r
}

// varied is a record as the rules of the variants make it.
func varied(t testing.TB, r *campaign.Record) *campaign.Record {
	t.Helper()
	v := various().Record(r.Donor)
	return &v
}

func gave(units int64) *donor.Contribution {
	return &donor.Contribution{Year: 2024, Amount: usd(units), Label: "voluntary contributions"}
}

// contact is a contact of a rank and gender, with all that its form needs.
func contact(rank, gender string) donor.Contact {
	c := donor.Contact{Email: "mission@mission.example", Name: "Alex Merrow", Rank: rank, Gender: gender}
	switch rank {
	case office:
		c.Name = ""
	case other:
		c.Salutation = "Dear Alex Merrow"
	}
	return c
}
