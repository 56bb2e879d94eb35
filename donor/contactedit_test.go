package donor

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// edited is what an edit makes of a folder with three contacts and a copy.
func edited(t *testing.T, e ContactEdit) *Proposal {
	t.Helper()
	return ProposeContact(folder(map[string]string{"contacts.csv": threeContacts}), testDay, Fresh, e)
}

// One contact changes and nothing else; every fault names the field that it is about.
func TestEditAContact(t *testing.T) {
	office := map[string]string{"email": "new@ken.example", "rank": "office"}
	for _, tt := range []struct {
		name string
		edit ContactEdit
		want string
		same int
	}{
		{
			"a new address", ContactEdit{Donor: "KEN", Email: "DESK@ken.example", Cells: map[string]string{"email": "desk2@ken.example"}},
			"removed KEN, desk@ken.example: donor \"KEN\">\"\" email \"desk@ken.example\">\"\" rank \"office\">\"\" gets \"a copy\">\"\"\n" +
				"added KEN, desk2@ken.example: donor \"\">\"KEN\" email \"\">\"desk2@ken.example\" rank \"\">\"office\" gets \"\">\"a copy\"\n", 3,
		},
		{
			"another name, and the rest stays", ContactEdit{Donor: "KEN", Email: "mission@ken.example", First: true, Cells: map[string]string{"name": " Ben Birch-Moss "}},
			"changed KEN, mission@ken.example: name \"Ben Birch\">\"Ben Birch-Moss\"\n", 3,
		},
		{
			"a copy gets the letter", ContactEdit{Donor: "KEN", Email: "desk@ken.example", First: true},
			"changed KEN, desk@ken.example: gets \"a copy\">\"the letter\"\nchanged KEN, mission@ken.example: gets \"the letter\">\"a copy\"\n", 2,
		},
		{
			"the addressee gets a copy", ContactEdit{Donor: "KEN", Email: "mission@ken.example"},
			"changed KEN, desk@ken.example: gets \"a copy\">\"the letter\"\nchanged KEN, mission@ken.example: gets \"the letter\">\"a copy\"\n", 2,
		},
		{"the only one gets the letter", ContactEdit{Donor: "FRA", Email: "mission@fra.example"}, "", 4},
		{
			"one more", ContactEdit{Donor: "KEN", Cells: office},
			"added KEN, new@ken.example: donor \"\">\"KEN\" email \"\">\"new@ken.example\" rank \"\">\"office\" gets \"\">\"a copy\"\n", 4,
		},
		{
			"the first of a donor, with a column that the table did not have",
			ContactEdit{Donor: "ESP", Cells: map[string]string{"email": "mission@esp.example", "rank": "office", "place": "madrid"}},
			"added ESP, mission@esp.example: donor \"\">\"ESP\" email \"\">\"mission@esp.example\" rank \"\">\"office\" place \"\">\"madrid\" gets \"\">\"the letter\"\n", 4,
		},
		{
			"the only one goes", ContactEdit{Donor: "NOR", Email: "mission@nor.example", Remove: true},
			"removed NOR, mission@nor.example: donor \"NOR\">\"\" email \"mission@nor.example\">\"\" rank \"ambassador\">\"\" name \"Cia Cedar\">\"\" gender \"f\">\"\" verified \"2026-11-02\">\"\" gets \"the letter\">\"\"\n", 3,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := edited(t, tt.edit)
			if diff := cmp.Diff(sorted(tt.want), sorted(told(p))); diff != "" || p.Same != tt.same {
				t.Errorf("%d are the same, want %d: %s", p.Same, tt.same, diff)
			}
			content, err := p.Content()
			if err != nil {
				t.Fatal(err)
			}
			if _, faults := Read(folder(map[string]string{"contacts.csv": string(content)}), testDay); faults.Refuses() {
				t.Error(faults)
			}
		})
	}
}

func sorted(lines string) []string {
	out := strings.Split(lines, "\n")
	slices.Sort(out)
	return out
}

// What a form holds is not to be trusted: it is refused at the field, and what is refused is not written.
func TestHostileContact(t *testing.T) {
	for _, tt := range []struct{ field, value, want string }{
		{"name", "=cmd|' /C calc'!A0", `begins as a formula of a spreadsheet`},
		{"source", "\t+1", `begins as a formula of a spreadsheet`},
		{"name", "Ben\r\nBcc: x@evil.example", "control character U+000A in field 'name': remove it"},
		{"name", "Ben\nKEN,evil@evil.example,office", "control character U+000A in field 'name': remove it"},
		{"name", strings.Repeat("n", 10_000), "field 'name' has 10000 characters: keep it to 500"},
		{"name", "Ben \xff", "U+FFFD in field 'name': a letter was lost"},
		{"name", "Ben\x00", "U+FFFD in field 'name': a letter was lost"},
		{"name", "Ben\u202eBirch", "invisible character U+202E in field 'name'"},
		{"title", "Counsellor%0a", "%0a in field 'title' is a line break in disguise"},
		{"email", "nobody", `email: "nobody" has no @`},
		{"email", "mission@fra.example", "email: \"mission@fra.example\" of KEN is also the address of FRA, in line 2: each would read"},
		{"email", "", "email: no address: write one"},
		{"rank", "chief", `rank "chief": `},
		{"rank", "", "rank is empty"},
		{"gender", "x", `gender "x": write f or m`},
		{"gender", "", "gender is empty: "},
		{"language", "pt", `language "pt"`},
		{"verified", "2026-13-01", "verified: "},
		{"verified", "2031-01-01", "verified: 2031-01-01 lies in the future"},
		{"family_name", "Oak", `family_name "Oak" is not a part of the name`},
		{"salutation", "TBC", `salutation "TBC" is a placeholder`},
	} {
		t.Run(tt.field+" "+short(tt.value), func(t *testing.T) {
			p := edited(t, ContactEdit{Donor: "KEN", Email: "mission@ken.example", First: true, Cells: map[string]string{tt.field: tt.value}})
			at := slices.IndexFunc(p.Faults, func(f Fault) bool { return !f.Warning && strings.Contains(f.Text, tt.want) })
			if at < 0 || !p.Refuses() {
				t.Fatalf("refused with %v, want %q", p.Faults, tt.want)
			}
			if f := p.Faults[at]; p.Field(f) != tt.field || !p.Brought(f) {
				t.Errorf("%v is of the field %q", f, p.Field(f))
			}
		})
	}
}

func short(s string) string { return s[:min(len(s), 12)] }

// A contact that somebody else removed or gave another address meanwhile is not written anew.
func TestEditOfAContactThatIsGone(t *testing.T) {
	for _, e := range []ContactEdit{
		{Donor: "KEN", Email: "old@ken.example", Cells: map[string]string{"name": "Ben Oak"}},
		{Donor: "FRA", Email: "desk@ken.example", Remove: true}, {Donor: "KEN", Remove: true},
	} {
		p := edited(t, e)
		if !p.Refuses() || !strings.Contains(p.Faults.Error(), "any more: somebody changed the table meanwhile") {
			t.Errorf("%+v: %v", e, p.Faults)
		}
	}
}

// What is to be said of the whole table, and not of the row that somebody adds, is not told as if it were of that row.
func TestAddingBesideWarnings(t *testing.T) {
	files := folder(map[string]string{"contacts.csv": strings.ReplaceAll(threeContacts, "2026-11-02", "2026-01-02")})
	p := ProposeContact(files, testDay, Fresh, ContactEdit{Donor: "ESP", Cells: map[string]string{"email": "mission@esp.example", "rank": "ambassador", "name": "Dia Dell", "gender": "f", "verified": "2026-01-02"}})
	var brought, other int
	for _, f := range p.Faults {
		if p.Brought(f) {
			brought++
		} else {
			other++
		}
	}
	if p.Refuses() || len(p.Changes) != 1 || p.Changes[0].Line != 0 || brought != 0 || other == 0 {
		t.Errorf("%d of the row, %d of the table: %v; %+v", brought, other, p.Faults, p.Changes)
	}
}

// What an edit makes wrong in another row is told at that row.
func TestEditThatHurtsAnotherRow(t *testing.T) {
	for want, e := range map[string]ContactEdit{
		`contacts.csv:4: email: "desk@ken.example" is a contact of KEN already, in line 3: keep one`:         {Donor: "KEN", Email: "mission@ken.example", First: true, Cells: map[string]string{"email": "desk@ken.example"}},
		`contacts.csv: email: "mission@ken.example" is a contact of KEN already, in line 3: keep one`:        {Donor: "KEN", Cells: map[string]string{"email": "mission@ken.example", "rank": "office"}},
		`contacts.csv:3: email: "mission@ken.example" is a contact of KEN already, in the new row: keep one`: {Donor: "KEN", First: true, Cells: map[string]string{"email": "mission@ken.example", "rank": "office"}},
	} {
		if p := edited(t, e); p.Faults.Error() != want {
			t.Errorf("%v, want %s", p.Faults, want)
		}
	}
}

// What was wrong elsewhere in the table does not forbid to mend one row of it.
func TestEditAmongFaults(t *testing.T) {
	files := folder(map[string]string{"contacts.csv": strings.Replace(threeContacts, "Ada Alder,f", "Ada Alder,", 1)})
	p := ProposeContact(files, testDay, Fresh, ContactEdit{Donor: "NOR", Email: "mission@nor.example", First: true, Cells: map[string]string{"name": "Cia Cypress"}})
	if p.Refuses() || len(p.Changes) != 1 {
		t.Errorf("%v, %d changes", p.Faults, len(p.Changes))
	}
	rows, table := ContactRows(files, "KEN")
	if table.Refuses() || len(rows) != 2 || rows[0]["name"] != "Ben Birch" || rows[1]["email"] != "desk@ken.example" {
		t.Errorf("%v, %v", rows, table.Faults)
	}
	for word, want := range map[string]string{"ken": "KEN", "Kenya": "KEN", "NOR": "NOR", "Utopia": "", "": ""} {
		if id, ok := KnownDonor(files, word); ok != (want != "") || ok && id != want {
			t.Errorf("%q is %q, %v", word, id, ok)
		}
	}
}
