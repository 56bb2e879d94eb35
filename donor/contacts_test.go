package donor

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// Every row that would make a wrong letter is refused with its line and what to do.
func TestContactFaults(t *testing.T) {
	const header = "donor,email,rank,name,gender,title,salutation,language,verified,source\n"
	const placeholders = ` is a placeholder: write the `
	for _, c := range []struct {
		name, rows string
		want       []string
	}{
		{"ambassador", "KEN,m@ken.example,ambassador,Ada Alder,f,,,,2026-11-02,\n", nil},
		{"minister", "KEN,m@ken.example,minister,Ada Alder,f,,,,2026-11-02,\n", nil},
		{"office", "KEN,m@ken.example,office,,,,,,,\n", nil},
		{"other", "KEN,m@ken.example,other,Ada Alder,,,\"Dear Dr Alder,\",,,\n", nil},
		{"copies need an address only", "KEN,m@ken.example,office,,,,,,,\nKEN,n@ken.example,,,,,,,,\nKEN,o@ken.example,ambassador,,,,,,,\n", nil},
		{"verified today", "KEN,m@ken.example,ambassador,Ada Alder,f,,,,2026-11-24,\n", nil},

		{"no donor", ",m@ken.example,office,,,,,,,\n", []string{`contacts.csv:2: donor is empty: write the code of a State, for example KEN, or an id of the donors file`}},
		{"unknown State", "Turkey,m@tur.example,office,,,,,,,\n", []string{`contacts.csv:2: donor "Turkey": did you mean TUR (Türkiye)?`}},
		{"unknown State, told once", "Türkiye,m@tur.example,office,,,,,,,\nTürkiye,n@tur.example,office,,,,,,,\n", []string{`contacts.csv:2: donor "Türkiye": did you mean TUR (Türkiye)?`}},
		{"State of no registry", "SYR,m@syr.example,office,,,,,,,\n", []string{
			`contacts.csv:2: donor "SYR": neither in the registry of States (2025-06-25) nor in donors.csv: write the three letters of a State, or add the donor`}},
		{"State twice", "KEN,m@ken.example,office,,,,,,,\nFRA,m@fra.example,office,,,,,,,\nKEN,n@ken.example,office,,,,,,,\n", []string{
			`contacts.csv:4: KEN has contacts already, from line 2 on: keep its rows together (the first gets the letter, the next get copies), or remove the old one`}},
		{"State twice by name", "TUR,m@tur.example,office,,,,,,,\nTurkey,n@tur.example,office,,,,,,,\n", []string{`contacts.csv:3: donor "Turkey": did you mean TUR (Türkiye)?`}},
		{"address twice", "KEN,m@ken.example,office,,,,,,,\nKEN,M@KEN.example,office,,,,,,,\n", []string{
			`contacts.csv:3: email: "M@ken.example" is a contact of KEN already, in line 2: keep one`}},
		{"address of two donors", "KEN,m@geneva.example,office,,,,,,,\nFRA,m@geneva.example,office,,,,,,,\n", []string{
			`contacts.csv:3: email: "m@geneva.example" of FRA is also the address of KEN, in line 2: each would read what the other is asked for, so give one of the two another address`}},
		{"domain of two States", "KEN,ken@geneva.example,office,,,,,,,\nFRA,fra@geneva.example,office,,,,,,,\n", []string{
			`contacts.csv:3: warning: email: the domain "geneva.example" is that of KEN, in line 2, and of FRA: make sure that neither address is the other State's`}},
		{"domain of a provider", "KEN,ken@mail.example,office,,,,,,,\nFRA,fra@mail.example,office,,,,,,,\nESP,esp@mail.example,office,,,,,,,\n", nil},
		{"domain that names another State", "KEN,mission@ghana.example,office,,,,,,,\nNER,m@nga.mission.example,office,,,,,,,\nPER,m@peru-switzerland.example,office,,,,,,,\n", []string{
			`contacts.csv:2: warning: email: the domain "ghana.example" names GHA, and the contact is of KEN: make sure that the address is not the other State's`,
			`contacts.csv:3: warning: email: the domain "nga.mission.example" names NGA, and the contact is of NER: make sure that the address is not the other State's`}},
		{"a title with a name that no letter uses", "TUR,m@tur.example,ambassador,Ada Alder,f,Ambassador of Turkey,,,2026-11-02,\n", []string{
			`contacts.csv:2: title: "Turkey" is no name for a letter: write Türkiye (TUR)`}},
		{"no address", "KEN,,office,,,,,,,\n", []string{`contacts.csv:2: email: no address: write one, for example mission@ken.example`}},
		{"SMTP parameter", "KEN,a@ken.example> NOTIFY=NEVER,office,,,,,,,\n", []string{
			`contacts.csv:2: email: "a@ken.example> NOTIFY=NEVER" has a '>' in it: write only the address, nothing before or after it`}},
		{"another header", "KEN,\"a@ken.example\r\nBcc: b@ken.example\",office,,,,,,,\n", []string{`contacts.csv:2: control character U+000A in field 'email': remove it`}},
		{"carriage return in a name", "KEN,m@ken.example,ambassador,\"Ada\rAlder\",f,,,,2026-11-02,\n", []string{`contacts.csv:2: control character U+000D in field 'name': remove it`}},
		{"no rank", "KEN,m@ken.example,,Ada Alder,f,,,,2026-11-02,\n", []string{`contacts.csv:2: rank is empty: write ambassador, minister, charge, office, other`}},
		{"unknown rank", "KEN,m@ken.example,Ambassador,Ada Alder,f,,,,2026-11-02,\n", []string{`contacts.csv:2: rank "Ambassador": did you mean ambassador?`}},
		{"rank with an accent", "KEN,m@ken.example,chargé,Ada Alder,f,,,,2026-11-02,\n", []string{`contacts.csv:2: rank "chargé": did you mean charge?`}},
		{"rank of nobody", "KEN,m@ken.example,king,Ada Alder,m,,,,2026-11-02,\n", []string{`contacts.csv:2: rank "king": there are: ambassador, minister, charge, office, other`}},
		{"unknown rank of a copy", "KEN,m@ken.example,office,,,,,,,\nKEN,n@ken.example,boss,,,,,,,\n", []string{`contacts.csv:3: rank "boss": there are: ambassador, minister, charge, office, other`}},
		{"unknown gender", "KEN,m@ken.example,ambassador,Ada Alder,female,,,,2026-11-02,\n", []string{`contacts.csv:2: gender "female": write f or m, or nothing where it is not known`}},
		{"unknown language", "KEN,m@ken.example,ambassador,Ada Alder,f,,,pt,2026-11-02,\n", []string{`contacts.csv:2: language "pt": there are en, es, fr`}},
		{"no gender in English", "KEN,m@ken.example,ambassador,Ada Alder,,,,,2026-11-02,\n", []string{
			`contacts.csv:2: gender is empty: the address says His or Her Excellency, write f or m (where it is not known, write to the mission with rank office)`}},
		{"no gender in French", "FRA,m@fra.example,ambassador,Ada Alder,,,,,2026-11-02,\n", []string{
			`contacts.csv:2: gender is empty: the letter in French says Monsieur or Madame, write f or m (where it is not known, write to the mission with rank office)`}},
		{"no gender in Spanish", "ESP,m@esp.example,minister,Ada Alder,,,,,2026-11-02,\n", []string{
			`contacts.csv:2: gender is empty: the letter in Spanish says Excelentísimo or Excelentísima, write f or m (where it is not known, write to the mission with rank office)`}},
		{"no gender in the language wished for", "ESP,m@esp.example,charge,Ada Alder,,,,fr,2026-11-02,\n", []string{
			`contacts.csv:2: gender is empty: the letter in French says Monsieur or Madame, write f or m (where it is not known, write to the mission with rank office)`}},
		{"no gender, chargé in Spanish", "ESP,m@esp.example,charge,Ada Alder,,,,,2026-11-02,\n", []string{
			`contacts.csv:2: gender is empty: the letter in Spanish says Señor or Señora, write f or m (where it is not known, write to the mission with rank office)`}},
		{"no gender, chargé in English", "KEN,m@ken.example,charge,Ada Alder,,,,,2026-11-02,\n", []string{
			`contacts.csv:2: gender is empty: the letter says Sir or Madam, write f or m (where it is not known, write to the mission with rank office)`}},
		{"no name", "KEN,m@ken.example,charge,,m,,,,2026-11-02,\n", []string{
			`contacts.csv:2: name is empty: a letter to rank charge is addressed by name (without one, write to the mission with rank office)`}},
		{"other without anything", "KEN,m@ken.example,other,,,,,,,\n", []string{
			`contacts.csv:2: name is empty: rank other is addressed by name`,
			`contacts.csv:2: salutation is empty: write the whole salutation, for example "Dear Dr Sample,", or give gender and family_name for the usual one`}},
		{"everything at once", "KEN,mission,ambassador,,x,,,pt,2026-12-01,\n", []string{
			`contacts.csv:2: email: "mission" has no @: an address is name@domain`,
			`contacts.csv:2: verified: 2026-12-01 lies in the future (today is 2026-11-24)`,
			`contacts.csv:2: gender "x": write f or m, or nothing where it is not known`,
			`contacts.csv:2: language "pt": there are en, es, fr`,
			`contacts.csv:2: name is empty: a letter to rank ambassador is addressed by name (without one, write to the mission with rank office)`}},
		{"office with a name", "KEN,m@ken.example,office,Ada Alder,,,,,,\n", []string{
			`contacts.csv:2: name "Ada Alder" with rank office: an office is addressed without a name, give the person's rank or remove the name`}},
		{"form of address in the name", "KEN,m@ken.example,ambassador,H.E. Ms Ada Alder,f,,,,2026-11-02,\n", []string{
			`contacts.csv:2: name "H.E. Ms Ada Alder" begins with a form of address: write the name alone, the letter adds the form`}},
		{"form of address in Spanish", "ESP,m@esp.example,ambassador,Excelentísimo Señor Bo Brook,m,,,,2026-11-02,\n", []string{
			`contacts.csv:2: name "Excelentísimo Señor Bo Brook" begins with a form of address: write the name alone, the letter adds the form`}},
		{"placeholders", "KEN,m@ken.example,ambassador,TBC,f,XXX,[name],,2026-11-02,\n", []string{
			`contacts.csv:2: name "TBC"` + placeholders + `name, or nothing`,
			`contacts.csv:2: title "XXX"` + placeholders + `title, or nothing`,
			`contacts.csv:2: salutation "[name]"` + placeholders + `salutation, or nothing`}},
		{"no day", "KEN,m@ken.example,ambassador,Ada Alder,f,,,,2026-02-30,\n", []string{`contacts.csv:2: verified: "2026-02-30" is not a day (expected YYYY-MM-DD, for example 2027-01-29)`}},
		{"day that may be two", "KEN,m@ken.example,ambassador,Ada Alder,f,,,,02/11/2026,\n", []string{`contacts.csv:2: verified: "02/11/2026" is not a day (expected YYYY-MM-DD, for example 2027-01-29)`}},
		{"day to come", "KEN,m@ken.example,ambassador,Ada Alder,f,,,,2026-11-25,\n", []string{`contacts.csv:2: verified: 2026-11-25 lies in the future (today is 2026-11-24)`}},
		{"long ago and never", "FRA,m@fra.example,ambassador,Ada Alder,f,,,,2026-10-24,\nKEN,m@ken.example,ambassador,Bo Brook,m,,,,2026-10-25,\nESP,m@esp.example,ambassador,Bo Brook,m,,,,,\n", []string{
			`contacts.csv:2: warning: not verified in the last 30 days: line 2 (FRA, on 2026-10-24), line 4 (ESP, never); make sure that each person still holds the post, and write the day under verified`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			wantFaults(t, map[string]string{"contacts.csv": header + c.rows}, c.want...)
		})
	}
}

// A thousand shared addresses are one mistake.
func TestSharedAddresses(t *testing.T) {
	var donors, rows strings.Builder
	donors.WriteString("id,status,language,name_en\n")
	rows.WriteString("donor,email,rank\n")
	for i := range 100 {
		fmt.Fprintf(&donors, "F-%d,foundation,en,Foundation\n", i)
		fmt.Fprintf(&rows, "F-%d,all@foundation.example,office\n", i)
	}
	_, faults := Read(folder(map[string]string{"donors.csv": donors.String(), "contacts.csv": rows.String()}), testDay)
	if len(faults) != maxSameNamed+1 || faults.Refuses() {
		t.Fatal(faults)
	}
	if got, want := faults[0].Error(), "contacts.csv: warning: 79 more addresses belong to two donors"; got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

// The faults of a donors file come alone: as long as it has any, nobody in the contacts is called unknown for it.
func TestDonorFaults(t *testing.T) {
	for _, c := range []struct {
		name, rows string
		want       []string
	}{
		{"no id", ",foundation,,en,Sample,,\n", []string{`donors.csv:2: id is empty: write one, for example F-0001`}},
		{"State", "KEN,foundation,,en,Sample,,\n", []string{`donors.csv:2: id "KEN" is a State of the registry: States need no row here`}},
		{"State in small letters", "ken,foundation,,en,Sample,,\n", []string{`donors.csv:2: id "ken" is a State of the registry: States need no row here`}},
		{"like a State", "ZZZ,foundation,,en,Sample,,\n", []string{`donors.csv:2: id "ZZZ": three letters are kept for States, write a longer id`}},
		{"slash", "F/1,foundation,,en,Sample,,\n", []string{`donors.csv:2: id "F/1": use 2 to 40 letters, digits and hyphens, for example F-0001`}},
		{"too long", strings.Repeat("F", 41) + ",foundation,,en,Sample,,\n", []string{`donors.csv:2: id "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF...": use 2 to 40 letters, digits and hyphens, for example F-0001`}},
		{"twice", "F-1,foundation,,en,Sample,,\nf-1,foundation,,en,Sample,,\n", []string{`donors.csv:3: id "f-1" is there already, in line 2: keep one`}},
		{"member", "F-1,member,,en,Sample,,\n", []string{`donors.csv:2: status "member": only the registry says which States are members and observers; write another word, for example foundation`}},
		{"no status", "F-1,,,en,Sample,,\n", []string{`donors.csv:2: status "": write one word in small letters, for example foundation`}},
		{"unknown State", "F-1,foundation,Kenia,en,Sample,,\n", []string{`donors.csv:2: state "Kenia": did you mean KEN (Kenya)?`}},
		{"State of no registry", "F-1,foundation,SYR,en,Sample,,\n", []string{`donors.csv:2: state "SYR": write the three letters of a State of the registry, or nothing`}},
		{"no language", "F-1,foundation,,,Sample,,\n", []string{`donors.csv:2: language is empty: write en, es, fr`}},
		{"unknown language", "F-1,foundation,KEN,pt,Sample,,\n", []string{`donors.csv:2: language "pt": there are en, es, fr`}},
		{"no name", "F-1,foundation,,fr,,,\n", []string{`donors.csv:2: no name: write it in name_fr at least`}},
		{"placeholder", "F-1,foundation,,en,TBD,,\n", []string{`donors.csv:2: a name of F-1 is a placeholder: write the name`}},
		{"two", "F-1,member,,en,Sample,,\nF-2,foundation,,en,\"A\nB\",,\n", []string{
			`donors.csv:2: status "member": only the registry says which States are members and observers; write another word, for example foundation`,
			`donors.csv:3: control character U+000A in field 'name_en': remove it`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			wantFaults(t, map[string]string{
				"donors.csv":   "id,status,state,language,name_en,name_fr,name_es\n" + c.rows,
				"contacts.csv": "donor,email,rank\nF-1,one@f.example,office\nF-2,two@f.example,office\n",
			}, c.want...)
		})
	}
}

// A donor is named in the language that its letters are in, also when a contact wishes another.
func TestNameInLanguage(t *testing.T) {
	donors := "id,status,language,name_en\nF-1,foundation,en,Sample Foundation\n"
	wantFaults(t, map[string]string{"donors.csv": donors, "contacts.csv": "donor,email,rank\nF-1,m@f.example,office\n"})
	wantFaults(t, map[string]string{"donors.csv": donors, "contacts.csv": "donor,email,rank,language\nF-1,m@f.example,office,fr\n"},
		`contacts.csv:2: F-1 has no name_fr in the donors file, and its letters are in that language: add it there`)
	wantFaults(t, map[string]string{"donors.csv": donors, "contacts.csv": "donor,email,rank\nf-1,m@f.example,office\n"},
		`contacts.csv:2: donor "f-1": did you mean F-1?`)
}

func TestContributionFaults(t *testing.T) {
	for _, c := range []struct {
		name, rows string
		want       []string
	}{
		{"no donor", ",2024,5,USD,voluntary\n", []string{`contributions.csv:2: donor is empty: write the code of a State, for example KEN, or an id of the donors file`}},
		{"unknown donor, told once", "Kenya,2024,5,USD,voluntary\nKenya,2023,5,USD,voluntary\n", []string{`contributions.csv:2: donor "Kenya": did you mean KEN (Kenya)?`}},
		{"twice", "KEN,2024,5,USD,voluntary\nFRA,2024,5,USD,voluntary\nKEN,2024,6,USD,voluntary\n", []string{`contributions.csv:4: KEN has voluntary of 2024 already, in line 2: keep one`}},
		{"twice without a label", "KEN,2024,5,USD,\nKEN,2024,6,EUR,\n", []string{`contributions.csv:3: KEN has a contribution of 2024 already, in line 2: keep one`}},
		{"other years and labels", "KEN,2024,5,USD,voluntary\nKEN,2023,6,USD,voluntary\nKEN,2024,6,USD,assessed\n", nil},
		{"year", "KEN,24,5,USD,voluntary\n", []string{`contributions.csv:2: year "24": write a year from 1951 to 2026`}},
		{"year to come", "KEN,2027,5,USD,voluntary\n", []string{`contributions.csv:2: year "2027": write a year from 1951 to 2026`}},
		{"no year", "KEN,,5,USD,voluntary\n", []string{`contributions.csv:2: year "": write a year from 1951 to 2026`}},
		{"nothing given", "KEN,2024,0,USD,voluntary\n", []string{`contributions.csv:2: amount: "0" is nothing: leave it out, or write an amount above 0`}},
		{"not a number", "KEN,2024,NaN,USD,voluntary\n", []string{`contributions.csv:2: amount: "NaN" is not an amount: write digits only, with a point before cents, for example 250000 or 250000.50`}},
		{"currency", "KEN,2024,5,usd,voluntary\n", []string{`contributions.csv:2: currency: "usd" is no currency: write USD`}},
		{"placeholder", "KEN,2024,5,USD,TBC\n", []string{`contributions.csv:2: label "TBC" is a placeholder: write what the contribution is, for example voluntary contributions`}},
		{"label in two spellings", "KEN,2024,5,USD,voluntary\nFRA,2024,5,USD,Voluntary\n", []string{
			`contributions.csv:3: warning: label "Voluntary" is written "voluntary" in line 2: one campaign reads one of the two`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			wantFaults(t, map[string]string{"contributions.csv": "donor,year,amount,currency,label\n" + c.rows}, c.want...)
		})
	}
}

// many is a project folder with n private donors, each with a contact and a contribution.
func many(n int) fstest.MapFS {
	var donors, contacts, contributions strings.Builder
	donors.WriteString("id,status,language,name_en\n")
	contacts.WriteString("donor,email,name,rank,gender,title,salutation,language,verified,source\n")
	contributions.WriteString("donor,year,amount,currency,label\n")
	for i := range n {
		fmt.Fprintf(&donors, "G-%07d,private,en,Sample Giver %d\n", i, i)
		fmt.Fprintf(&contacts, "G-%07d,giver.%d@givers.example,Sample Giver %d,other,,,\"Dear Giver %d,\",,2026-11-02,fictional sample\n", i, i, i, i)
		fmt.Fprintf(&contributions, "G-%07d,2024,%d,USD,voluntary contributions\n", i, i+1)
	}
	return folder(map[string]string{"donors.csv": donors.String(), "contacts.csv": contacts.String(), "contributions.csv": contributions.String()})
}

// Tens of thousands of private donors are read whole, and what is kept of each is small.
func TestMany(t *testing.T) {
	const n = 50_000
	fsys := many(n)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	b, faults := Read(fsys, testDay)
	runtime.GC()
	runtime.ReadMemStats(&after)
	if len(faults) > 0 || len(b.Donors) != n+183 {
		t.Fatal(len(b.Donors), faults)
	}
	last, _ := b.Donor("G-0049999")
	got := []any{last.Contacts[0].Email, b.Contribution(last.ID, 2024, "voluntary contributions").Amount.String()}
	if diff := cmp.Diff([]any{"giver.49999@givers.example", "USD 50,000"}, got); diff != "" {
		t.Error(diff)
	}
	if each := (after.HeapAlloc - before.HeapAlloc) / n; each > 1200 {
		t.Errorf("%d bytes are kept of each donor", each)
	} else {
		t.Logf("%d bytes are kept of each donor", each)
	}
	runtime.KeepAlive(b)
}

func BenchmarkRead200000(b *testing.B) {
	fsys := many(200_000)
	b.ReportAllocs()
	for b.Loop() {
		if book, faults := Read(fsys, testDay); len(faults) > 0 || len(book.Donors) < 200_000 {
			b.Fatal(faults)
		}
	}
}

// TestOwnFormColumns: the columns of a person's own form arrive, and a family name that is not in the name is refused.
func TestOwnFormColumns(t *testing.T) {
	read := func(family, rank string) (Donor, Faults) {
		book, faults := Read(fstest.MapFS{
			"contacts.csv": {Data: []byte("donor,email,rank,name,gender,salutation,family_name,style,close\n" +
				"KEN,a@mission.example," + rank + ",Quen Lihua,f,," + family + ",Dame,\"Accept, {salutation}, my thanks.\"\n")},
			"contributions.csv": {Data: []byte("donor,year,amount,currency\nKEN,2024,1,USD\n")},
		}, Date{2026, 11, 25})
		for _, d := range book.Donors {
			if d.ID == "KEN" {
				return d, faults
			}
		}
		return Donor{}, faults
	}
	d, faults := read("Quen", "other")
	if faults.Refuses() || len(d.Contacts) != 1 {
		t.Fatal(faults)
	}
	if c := d.Contacts[0]; c.Family != "Quen" || c.Style != "Dame" || c.Close != "Accept, {salutation}, my thanks." {
		t.Errorf("%+v", c)
	}
	for _, c := range []struct{ family, rank, want string }{
		{"Que", "other", `contacts.csv:2: family_name "Que" is not a part of the name "Quen Lihua": write it as it stands there, with the same capitals`},
		{"", "other", `contacts.csv:2: salutation is empty: write the whole salutation, for example "Dear Dr Sample,", or give gender and family_name for the usual one`},
		{"", "office", `contacts.csv:2: style and close with rank office: a note verbale has its own, so leave both empty`},
	} {
		if _, faults := read(c.family, c.rank); !strings.Contains(faults.Error(), c.want) {
			t.Errorf("got %s\nwant %s", faults, c.want)
		}
	}
}
