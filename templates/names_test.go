package templates

import (
	"strings"
	"testing"

	"outreach.example/donor"
)

// TestContractions is the grammar of names, case by case.
func TestContractions(t *testing.T) {
	cases := []struct{ lang, name, bare, of, to string }{
		{"en", "the Kingdom of Morocco", "Kingdom of Morocco", "of the Kingdom of Morocco", "to the Kingdom of Morocco"},
		{"en", "Ukraine", "Ukraine", "of Ukraine", "to Ukraine"},
		{"fr", "le Royaume du Maroc", "Royaume du Maroc", "du Royaume du Maroc", "au Royaume du Maroc"},
		{"fr", "les États-Unis d’Amérique", "États-Unis d’Amérique", "des États-Unis d’Amérique", "aux États-Unis d’Amérique"},
		{"fr", "la République d’Haïti", "République d’Haïti", "de la République d’Haïti", "à la République d’Haïti"},
		{"fr", "l’État d’Israël", "État d’Israël", "de l’État d’Israël", "à l’État d’Israël"},
		{"fr", "Haïti", "Haïti", "d’Haïti", "à Haïti"},
		{"fr", "Israël", "Israël", "d’Israël", "à Israël"},
		{"fr", "Cuba", "Cuba", "de Cuba", "à Cuba"},
		{"fr", "Antigua-et-Barbuda", "Antigua-et-Barbuda", "d’Antigua-et-Barbuda", "à Antigua-et-Barbuda"},
		{"fr", "le Honduras", "Honduras", "du Honduras", "au Honduras"},
		{"fr", "le Niger", "Niger", "du Niger", "au Niger"},
		{"es", "el Reino de España", "Reino de España", "del Reino de España", "al Reino de España"},
		{"es", "los Estados Unidos de América", "Estados Unidos de América", "de los Estados Unidos de América", "a los Estados Unidos de América"},
		{"es", "El Salvador", "El Salvador", "de El Salvador", "a El Salvador"},
		{"es", "Kenya", "Kenya", "de Kenya", "a Kenya"},
	}
	for _, c := range cases {
		p := profiles[c.lang]
		if got := [3]string{p.bare(c.name), p.ofName(c.name), p.toName(c.name)}; got != [3]string{c.bare, c.of, c.to} {
			t.Errorf("%s: %q gives %q", c.lang, c.name, got)
		}
	}
}

// TestNamesOfAllStates: in no language does a preposition stand before an article that it swallows, and every name is
// there.
func TestNamesOfAllStates(t *testing.T) {
	all := donor.Registry().All()
	if len(all) != 183 {
		t.Fatalf("%d States, want 183", len(all))
	}
	wrong := map[string][]string{
		"fr": {"de le ", "de les ", "à le ", "à les ", "de l'", "de À", "de É", "de A", "de E", "de I", "de O", "de U", "de Haïti"},
		"es": {"de el ", "a el "},
		"en": {"of The ", "the the "},
	}
	for _, d := range all {
		for lang, p := range profiles {
			for _, name := range []string{p.formal(&d), p.short(&d)} {
				if name == "" || strings.Contains(name, "(") {
					t.Errorf("%s in %s: %q does not fit in running text", d.ID, lang, name)
				}
				if bare := p.bare(name); bare == "" || strings.HasPrefix(bare, " ") {
					t.Errorf("%s in %s: %q without its article is %q", d.ID, lang, name, bare)
				}
				for _, s := range []string{p.ofName(name), p.toName(name)} {
					for _, w := range wrong[lang] {
						if strings.HasPrefix(s, w) {
							t.Errorf("%s in %s: %q", d.ID, lang, s)
						}
					}
				}
			}
		}
	}
}

// TestShortNames: a name with brackets gives way to the formal one, and an article of the short name is used.
func TestShortNames(t *testing.T) {
	all := map[string]donor.Donor{}
	for _, d := range donor.Registry().All() {
		all[d.ID] = d
	}
	for _, c := range []struct{ id, lang, want string }{
		{"BOL", "en", "the Plurinational State of Bolivia"}, {"NLD", "fr", "le Royaume des Pays-Bas"},
		{"VEN", "es", "la República Bolivariana de Venezuela"}, {"GMB", "en", "the Gambia"}, {"KEN", "fr", "le Kenya"},
		{"DZA", "fr", "l’Algérie"}, {"ECU", "es", "el Ecuador"}, {"CUB", "fr", "Cuba"}, {"SLV", "es", "El Salvador"},
	} {
		d := all[c.id]
		if got := profiles[c.lang].short(&d); got != c.want {
			t.Errorf("%s in %s: %q, want %q", c.id, c.lang, got, c.want)
		}
	}
}
