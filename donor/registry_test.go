package donor

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// The shipped registry is that of 25 June 2025: 175 members and 8 observers with their languages.
func TestRegistry(t *testing.T) {
	got := map[string]int{}
	for _, d := range Registry().All() {
		got[d.Status]++
		got[d.Language]++
		if d.Status == Member {
			got["member "+d.Language]++
		}
		if _, err := time.LoadLocation(d.Zone); err != nil {
			t.Errorf("%s: %v", d.ID, err)
		}
		for _, lang := range Registry().Languages() {
			if d.Name[lang] == "" || d.Formal[lang] == "" {
				t.Errorf("%s has no name in %s", d.ID, lang)
			}
		}
		if again, ok := Registry().State(d.ID); !ok || again.ID != d.ID {
			t.Errorf("%s is not found", d.ID)
		}
	}
	want := map[string]int{"member": 175, "observer": 8, "en": 138, "fr": 26, "es": 19, "member en": 130, "member fr": 26, "member es": 19}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if registryDate.String() != "2025-06-25" {
		t.Error(registryDate)
	}
	kenya, _ := Registry().State("KEN")
	if diff := cmp.Diff(Donor{
		ID: "KEN", Status: "member", State: "KEN",
		Name:    map[string]string{"en": "Kenya", "fr": "Kenya", "es": "Kenya"},
		Formal:  map[string]string{"en": "the Republic of Kenya", "fr": "la République du Kenya", "es": "la República de Kenya"},
		Article: map[string]string{"en": "", "fr": "le", "es": ""},
		Group:   "African Group", Region: "Africa", Zone: "Africa/Nairobi", Weekend: "sat-sun", Language: "en",
	}, kenya); diff != "" {
		t.Error(diff)
	}
	if _, ok := Registry().State("ken"); ok {
		t.Error("a code in small letters is found")
	}
}

// Staff who write a State's name, an old name or a near miss are told its code; a guess between two is theirs.
func TestSuggest(t *testing.T) {
	for word, want := range map[string]string{
		"KENYA": "did you mean KEN (Kenya)?", "Kenia": "did you mean KEN (Kenya)?", "KE": "did you mean KEN (Kenya)?",
		"ken": "did you mean KEN (Kenya)?", " Kenya ": "did you mean KEN (Kenya)?",
		"Turkey": "did you mean TUR (Türkiye)?", "Türkiye": "did you mean TUR (Türkiye)?", "Turkiye": "did you mean TUR (Türkiye)?",
		"Swaziland": "did you mean SWZ (Eswatini)?", "Ivory Coast": "did you mean CIV (Côte d’Ivoire)?", "Cote d'Ivoire": "did you mean CIV (Côte d’Ivoire)?",
		"Allemagne": "did you mean DEU (Germany)?", "GER": "did you mean DEU (Germany)?", "Bahrein": "did you mean BHR (Bahrain)?",
		"the Netherlands": "did you mean NLD (Netherlands (Kingdom of the))?", "Bolivia": "did you mean BOL (Bolivia (Plurinational State of))?",
		"la France": "did you mean FRA (France)?", "French Republic": "did you mean FRA (France)?",
		"Austrlia": "did you mean AUS (Australia) or AUT (Austria)?", "Nigeri": "did you mean NER (Niger) or NGA (Nigeria)?", "Guinea": "did you mean GIN (Guinea)?",
		"Congo": "did you mean COG (Congo)?", "South Korea": "did you mean KOR (Republic of Korea)?", "UK": "did you mean GBR (United Kingdom of Great Britain and Northern Ireland)?",
		"SYR": "", "IRQ": "", "": "", "Atlantis": "", "zz": "", "ZZZZZZ": "",
	} {
		if got := Registry().Suggest(word); got != want {
			t.Errorf("%q: got %q, want %q", word, got, want)
		}
	}
	for name, id := range otherNames {
		if _, ok := Registry().State(id); !ok || fold(name) != name {
			t.Errorf("%q to %s: no such State, or not folded", name, id)
		}
	}
}

func TestGroupAndRegion(t *testing.T) {
	if got, err := Registry().Group("african group"); err != nil || got != "African Group" {
		t.Error(got, err)
	}
	if got, err := Registry().Region("OCEANIA"); err != nil || got != "Oceania" {
		t.Error(got, err)
	}
	_, err := Registry().Group("Asia")
	if want := `"Asia" is no United Nations regional group: did you mean Asia-Pacific?`; err == nil || err.Error() != want {
		t.Error(err)
	}
	_, err = Registry().Region("Antarctica")
	if want := `"Antarctica" is no region: there are: Africa, Americas, Asia, Europe, Oceania`; err == nil || err.Error() != want {
		t.Error(err)
	}
}
