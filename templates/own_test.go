package templates

import (
	"strings"
	"testing"

	"outreach.example/donor"
)

// TestOwnForm: what a person wishes stands in the address, the salutation and the close; a name keeps the person's own order.
func TestOwnForm(t *testing.T) {
	s := load(t)
	for _, c := range []struct {
		lang    string
		contact donor.Contact
		want    []string
	}{
		{"en", donor.Contact{Rank: "ambassador", Gender: "m", Name: "Marek Aldous", Style: "The Most Reverend", Title: "Apostolic Nuncio", Salutation: "Your Excellency",
			Close: "Accept, {salutation}, the assurances of my highest consideration."},
			[]string{"The Most Reverend Marek Aldous\nApostolic Nuncio\nPermanent Mission", "\n\nYour Excellency,\n\n", "Accept, Your Excellency, the assurances of my highest consideration."}},
		{"fr", donor.Contact{Rank: "ambassador", Gender: "m", Name: "Marek Aldous", Style: "Son Excellence Monseigneur", Title: "Nonce apostolique", Salutation: "Monseigneur"},
			[]string{"Son Excellence Monseigneur Marek Aldous\nNonce apostolique\n", "\n\nMonseigneur,\n\n", "Veuillez agréer, Monseigneur, les assurances de ma très haute considération."}},
		{"en", donor.Contact{Rank: other, Gender: "f", Name: "Quen Lihua", Family: "Quen"}, []string{"\n\nQuen Lihua\n", "\n\nDear Ms Quen,\n\n", "Yours sincerely,"}},
		{"en", donor.Contact{Rank: other, Gender: "m", Name: "Alex Merrow", Family: "Merrow"}, []string{"\n\nAlex Merrow\n", "\n\nDear Mr Merrow,\n\n"}},
		{"fr", donor.Contact{Rank: other, Gender: "f", Name: "Quen Lihua", Family: "Quen"}, []string{"\n\nQuen Lihua\n", "\n\nMadame,\n\n", "Veuillez agréer, Madame, l’expression de ma considération distinguée."}},
		{"es", donor.Contact{Rank: other, Gender: "f", Name: "Quen Lihua", Family: "Quen"}, []string{"\n\nEstimada Señora Quen:\n\n", "La saluda atentamente,"}},
	} {
		c.contact.Email = "mission@mission.example"
		got, err := s.Compose(record(t, "KEN", c.lang, c.contact, nil), "appeal")
		if err != nil {
			t.Errorf("%s %s: %v", c.lang, c.contact.Name, err)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(got.Text, want) && !strings.Contains(flat(got.Text), want) {
				t.Errorf("%s %s: no %q in\n%s", c.lang, c.contact.Name, want, got.Text[:900])
			}
		}
	}
}

// TestOwnSalutation: the salutation that a person wishes outranks the form's, and the French close repeats it.
func TestOwnSalutation(t *testing.T) {
	s := load(t)
	for _, c := range []struct{ lang, wish, want, end string }{
		{"fr", "Madame l’Ambassadeur,", "\n\nMadame l’Ambassadeur,\n\n", "Veuillez agréer, Madame l’Ambassadeur, les assurances de ma très haute considération."},
		{"es", "Señora Embajadora", "\n\nSeñora Embajadora:\n\n", "Aprovecho la oportunidad para reiterar a Vuestra Excelencia"},
		{"en", "Your Excellency", "\n\nYour Excellency,\n\n", "Accept, Excellency, the assurances of my highest consideration."},
	} {
		person := contact("ambassador", "f")
		person.Salutation = c.wish
		got, err := s.Compose(record(t, "KEN", c.lang, person, nil), "appeal")
		if err != nil || !strings.Contains(got.Text, c.want) || !strings.Contains(flat(got.Text), c.end) {
			t.Errorf("%s: %q is not used (%v):\n%s", c.lang, c.wish, err, got.Text)
		}
	}
}
