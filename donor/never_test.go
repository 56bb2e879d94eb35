package donor

import (
	"slices"
	"testing"
)

func never(text, lang string) (found []string) {
	for _, what := range NeverNames(text, lang) {
		found = append(found, what)
	}
	return found
}

// TestNeverNames: a name that no letter may use is found, with the right one in the language of the text.
func TestNeverNames(t *testing.T) {
	for _, c := range []struct {
		text, lang string
		want       []string
	}{
		{"the Government of Turkey and of Burma.", "en", []string{
			`"Turkey" is no name for a letter: write Türkiye (TUR)`, `"Burma" is no name for a letter: write Myanmar (MMR)`}},
		{"Macedonia, North Macedonia, Macédoine du Nord", "en", []string{`"Macedonia" is no name for a letter: write North Macedonia (MKD)`}},
		{"la Macedonia del Norte y Macedonia", "es", []string{`"Macedonia" is no name for a letter: write Macedonia del Norte (MKD)`}},
		{"Holland", "en", []string{`"Holland" is no name for a letter: write the Kingdom of the Netherlands (NLD)`}},
		{"le Cap-Vert", "fr", []string{`"Cap-Vert" is no name for a letter: write Cabo Verde (CPV)`}},
		{"Vatican City", "en", []string{`"Vatican City" is no name for a letter: write Holy See (VAT)`}},
		{"North Korea", "en", []string{`"North Korea" is no name for a letter: the State of the code PRK is neither a member nor an observer, so letters do not name it`}},
		{"a roast turkey, the Hollander, the Republic of Korea", "en", nil},
		{"", "en", nil},
	} {
		if got := never(c.text, c.lang); !slices.Equal(got, c.want) {
			t.Errorf("%q: %q, want %q", c.text, got, c.want)
		}
	}
}

// TestRegistryUsesNoNeverName: what is right is never refused.
func TestRegistryUsesNoNeverName(t *testing.T) {
	for _, d := range Registry().All() {
		for _, lang := range Registry().Languages() {
			for _, name := range []string{d.Name[lang], d.Formal[lang]} {
				if found := never(name, lang); found != nil {
					t.Errorf("%s %s: %q", d.ID, name, found)
				}
			}
		}
	}
	for _, names := range neverNames() {
		for _, n := range names {
			if len(n.words) == 0 || len(n.state) != 3 {
				t.Errorf("%+v", n)
			}
		}
	}
}
