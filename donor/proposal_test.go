package donor

import (
	"bytes"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
)

const threeContacts = "donor,email,rank,name,gender,salutation,verified\n" +
	"FRA,mission@fra.example,ambassador,Ada Alder,f,,2026-11-02\n" +
	"KEN,mission@ken.example,ambassador,Ben Birch,m,\"Sir,\",2026-11-02\n" +
	"KEN,desk@ken.example,office,,,,\n" +
	"NOR,mission@nor.example,ambassador,Cia Cedar,f,,2026-11-02\n"

// proposed is what a sheet makes of a folder, with the columns guessed.
func propose(t *testing.T, files map[string]string, table, name, content string, replace bool) *Proposal {
	t.Helper()
	s, faults := ReadSheet(table, name, []byte(content))
	if faults.Refuses() {
		return &Proposal{Faults: faults}
	}
	return Propose(folder(files), testDay, Fresh, table, s, Guess(table, s.Head), replace)
}

// told is a proposal in words.
func told(p *Proposal) string {
	var b strings.Builder
	for _, c := range p.Changes {
		fmt.Fprintf(&b, "%s %s:", c.Kind, c.Key)
		for _, d := range c.Cells {
			fmt.Fprintf(&b, " %s %q>%q", d.Column, d.Before, d.After)
		}
		b.WriteString("\n")
	}
	for _, f := range p.Faults {
		b.WriteString(f.Error() + "\n")
	}
	return b.String()
}

func TestPropose(t *testing.T) {
	for _, tt := range []struct {
		name, table, file, content string
		replace                    bool
		want                       string
		same                       int
	}{
		{
			"the same person with a new address keeps what is not brought", "contacts", "new.csv",
			"donor,email,rank,name,gender,verified\nKEN,new@ken.example,ambassador,Ben Birch,m,2026-11-20\n", false,
			"changed KEN, new@ken.example: email \"mission@ken.example\">\"new@ken.example\" verified \"2026-11-02\">\"2026-11-20\"\n" +
				"removed KEN, desk@ken.example: donor \"KEN\">\"\" email \"desk@ken.example\">\"\" rank \"office\">\"\" gets \"a copy\">\"\"\n", 2,
		},
		{
			"headings as people write them, States by name, and columns that are not brought stay", "contacts", "Liste.CSV",
			"Pays;Courriel;Rang;Nom;Sexe;Vérifié le\nKenya;mission@ken.example;ambassador;Ben Birch-Moss;m;2026-11-20\nken;DESK@ken.example;office;;;\n", false,
			"changed KEN, mission@ken.example: name \"Ben Birch\">\"Ben Birch-Moss\" verified \"2026-11-02\">\"2026-11-20\"\n" +
				"changed KEN, DESK@ken.example: email \"desk@ken.example\">\"DESK@ken.example\"\n", 2,
		},
		{
			"who gets the letter and who a copy is a change", "contacts", "new.csv",
			"donor,email,rank,name,gender,verified\nKEN,desk@ken.example,office,,,\nKEN,mission@ken.example,ambassador,Ben Birch,m,2026-11-02\n", false,
			"changed KEN, desk@ken.example: gets \"a copy\">\"the letter\"\nchanged KEN, mission@ken.example: gets \"the letter\">\"a copy\"\n", 2,
		},
		{
			"in place of everything", "contacts", "new.csv", "donor,email,rank,name,gender,verified\nKEN,mission@ken.example,office,,,2026-11-02\n", true,
			"changed KEN, mission@ken.example: rank \"ambassador\">\"office\" name \"Ben Birch\">\"\" gender \"m\">\"\"\n" +
				"removed FRA, mission@fra.example: donor \"FRA\">\"\" email \"mission@fra.example\">\"\" rank \"ambassador\">\"\" name \"Ada Alder\">\"\" gender \"f\">\"\" verified \"2026-11-02\">\"\" gets \"the letter\">\"\"\n" +
				"removed KEN, desk@ken.example: donor \"KEN\">\"\" email \"desk@ken.example\">\"\" rank \"office\">\"\" gets \"a copy\">\"\"\n" +
				"removed NOR, mission@nor.example: donor \"NOR\">\"\" email \"mission@nor.example\">\"\" rank \"ambassador\">\"\" name \"Cia Cedar\">\"\" gender \"f\">\"\" verified \"2026-11-02\">\"\" gets \"the letter\">\"\"\n", 0,
		},
		{
			"all faults at once, each at its line of the file that was brought", "contacts", "new.csv",
			"donor,email,rank,name,gender\nFRA,nobody,ambassador,Ada Alder,f\nKenia,x@ken.example,office,,\nUtopia,x@uto.example,office,,\nNOR,mission@ken.example,office,,\nNOR,=1+1,office,,\n", false,
			"new.csv:2: email: \"nobody\" has no @: an address is name@domain\n" +
				"new.csv:3: donor \"Kenia\": did you mean KEN (Kenya)?\n" +
				"new.csv:4: donor \"Utopia\": neither in the registry of States (2025-06-25) nor in donors.csv: write the three letters of a State, or add the donor\n" +
				"new.csv:5: email: \"mission@ken.example\" of NOR is also the address of KEN, in line 3 of contacts.csv: each would read what the other is asked for, so give one of the two another address\n" +
				"new.csv:6: email \"=1+1\" begins as a formula of a spreadsheet: write it without its first character\n" +
				"new.csv:6: email: \"=1+1\" has no @: an address is name@domain\n", 0,
		},
		{
			"a donor twice, not together", "contacts", "new.csv",
			"donor,email,rank,name,gender,verified\nFRA,a@fra.example,office,,,\nNOR,a@nor.example,office,,,\nFRA,b@fra.example,office,,,\n", false,
			"new.csv:4: FRA has contacts already, from line 2 on: keep its rows together (the first gets the letter, the next get copies), or remove the old one\n", 0,
		},
		{
			"a contribution", "contributions", "new.csv", "country,year,amount,currency,type\nKEN,2024,250,USD,voluntary\nFRA,2024,1e9,USD,voluntary\n", false,
			"new.csv:3: amount: ", 0,
		},
		{
			"nothing is chosen for a column that must be there", "contributions", "new.csv", "country,year,sum\nKEN,2024,250\n", false,
			"new.csv: no column is chosen for currency, which every row needs\n", 0,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := propose(t, map[string]string{
				"contacts.csv": threeContacts, "contributions.csv": "donor,year,amount,currency,label\nKEN,2024,200,USD,voluntary\n",
			}, tt.table, tt.file, tt.content, tt.replace)
			got := told(p)
			if p.Refuses() {
				got, p.Same = p.Faults.Error()+"\n", 0
			}
			if strings.HasSuffix(tt.want, ": ") {
				if !strings.Contains(got, tt.want) || !p.Refuses() {
					t.Error(got)
				}
				t.Log(got)
				return
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			if p.Same != tt.same {
				t.Errorf("%d rows are the same, want %d", p.Same, tt.same)
			}
		})
	}
}

// What is written reads as it was shown, in the form that the table had.
func TestContentKeepsTheForm(t *testing.T) {
	brought := "donor,email,rank,name,gender,verified\nFRA,mission@fra.example,ambassador,Zoë Łoś,f,2026-11-20\n"
	for _, tt := range []struct{ name, before, want string }{
		{"semicolons, a mark and Windows lines", "\ufeff" + strings.ReplaceAll(strings.ReplaceAll(strings.ReplaceAll(threeContacts, ",", ";"), "\"Sir;\"", "Sir"), "\n", "\r\n"), "\ufeffdonor;email;rank;name;gender;salutation;verified\r\nFRA;mission@fra.example;ambassador;Zoë Łoś;f;;2026-11-20\r\n"},
		{"plain", threeContacts, "donor,email,rank,name,gender,salutation,verified\nFRA,mission@fra.example,ambassador,Zoë Łoś,f,,2026-11-20\n"},
		{"none before", "", "\ufeffdonor,email,rank,name,gender,verified\nFRA,mission@fra.example,ambassador,Zoë Łoś,f,2026-11-20\n"},
		{"an old spreadsheet's", strings.Replace(threeContacts, "Ada Alder", "Ad\xe9", 1), "\ufeffdonor,"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			files := map[string]string{}
			if tt.before != "" {
				files["contacts.csv"] = tt.before
			}
			p := propose(t, files, "contacts", "new.csv", brought, false)
			content, err := p.Content()
			if err != nil || p.Refuses() {
				t.Fatal(err, p.Faults)
			}
			if !strings.HasPrefix(string(content), tt.want) {
				t.Errorf("written: %q", content)
			}
		})
	}
}

// twoSheets is an XLSX file with these rows on its first sheet and a word on a second one.
func twoSheets(t *testing.T, rows ...[]any) string {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	for i, r := range rows {
		if err := f.SetSheetRow("Sheet1", fmt.Sprintf("A%d", i+1), &r); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := f.NewSheet("Notes"); err != nil {
		t.Fatal(err)
	}
	if err := f.SetCellValue("Notes", "A1", "keep me"); err != nil {
		t.Fatal(err)
	}
	b, err := f.WriteToBuffer()
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// A workbook stays one, with its other sheets, and its amounts stay numbers.
func TestContentOfAWorkbook(t *testing.T) {
	before := twoSheets(t, []any{"donor", "year", "amount", "currency", "label"}, []any{"KEN", 2024, 200, "USD", "voluntary"}, []any{"NOR", 2024, "1234.50", "USD", "voluntary"})
	brought := twoSheets(t, []any{"Country", "Year", "Amount", "Currency", "Type", "Remarks"}, []any{"Kenya", 2024, 8060000, "USD", "voluntary", "two\nlines, ours"}, []any{"France", 2023, 5, "USD", "voluntary", "=1+1"})
	files := map[string]string{"contacts.csv": threeContacts, "contributions.xlsx": before}
	p := propose(t, files, "contributions", "gifts.xlsx", brought, false)
	want := "changed KEN, 2024, voluntary: amount \"200\">\"8060000\"\n" +
		"added FRA, 2023, voluntary: donor \"\">\"FRA\" year \"\">\"2023\" amount \"\">\"5\" currency \"\">\"USD\" label \"\">\"voluntary\"\n"
	if diff := cmp.Diff(want, strings.Split(told(p), "gifts.xlsx")[0]); diff != "" || p.File != "contributions.xlsx" {
		t.Error(p.File, diff)
	}
	content, err := p.Content()
	if err != nil {
		t.Fatal(err)
	}
	f, err := excelize.OpenReader(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if kept, _ := f.GetCellValue("Notes", "A1"); kept != "keep me" {
		t.Errorf("the second sheet holds %q", kept)
	}
	if kind, _ := f.GetCellType("Sheet1", "C2"); kind != excelize.CellTypeUnset && kind != excelize.CellTypeNumber {
		t.Errorf("an amount is of the kind %v", kind)
	}
	_, faults := Read(fstest.MapFS{"contacts.csv": {Data: []byte(threeContacts)}, "contributions.xlsx": {Data: content}}, testDay)
	if faults.Refuses() {
		t.Error(faults)
	}
}

// A file from outside is refused with a sentence, whatever it is.
func TestHostileSheets(t *testing.T) {
	many := strings.Repeat("KEN,x@ken.example,office\n", maxBroughtRows+1)
	for _, tt := range []struct{ name, file, content, want string }{
		{"too large", "c.csv", strings.Repeat("x", MaxBrought+1), "c.csv: larger than 10 MB: remove sheets and columns that are not needed, or divide it"},
		{"too many rows", "c.csv", "donor,email,rank\n" + many, fmt.Sprintf("c.csv:%d: more than 50000 rows: divide the file", maxBroughtRows+2)},
		{"too many columns", "c.csv", strings.Repeat("a,", 150) + "b\n1\n", "c.csv:1: more than 100 columns: keep those that are needed (donor, email, rank, name, gender, title, salutation, language, verified, source, family_name, style, close, place)"},
		{"a bomb", "c.xlsx", string(claiming(t, "xl/media/a", maxBroughtUnzipped+1)), "c.xlsx: the workbook is larger than 64 MB when unpacked: save the sheet as CSV UTF-8"},
		{"no workbook", "c.XLSX", "hello", "c.XLSX: this is not an XLSX workbook: save it again as .xlsx, or as CSV UTF-8"},
		{"a workbook named CSV", "c.csv", twoSheets(t, []any{"donor"}), "c.csv: this is a workbook, not CSV: give it a name that ends in .xlsx"},
		{"an old workbook", "c.xls", "x", "c.xls: this file is not read: save it as .xlsx, or as CSV UTF-8"},
		{"a picture", "c.csv", "\x89PNG\r\n\x1a\n\x00\x00", "c.csv:3: byte 0x00 at offset 8: this is not plain text, save it as CSV UTF-8"},
		{"half UTF-8", "c.csv", "donor,email\nÀé,\xff\n", "c.csv:2: byte 0xFF at offset 17 is not UTF-8 as the rest of the file: save it again, as CSV UTF-8"},
		{"nothing", "c.csv", "", "c.csv: the file is empty: its first line names the columns (donor, email, rank, name, gender, title, salutation, language, verified, source, family_name, style, close, place)"},
		{"a row that is cut", "c.csv", "donor,email,rank\nKEN,a@ken.example,office,too,much\n", "c.csv:2: value 4, \"too\", has no column: does a value hold the separator without being in quotes?"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, faults := ReadSheet("contacts", tt.file, []byte(tt.content))
			if diff := cmp.Diff(tt.want, faults.Error()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Whatever is brought, what is proposed without a fault is read without one, and nothing is lost that was not named.
func FuzzPropose(f *testing.F) {
	f.Add("donor,email,rank\nKEN,a@ken.example,office\n", false)
	f.Add("Country;E-mail;Rank\nKenya;a@ken.example;office\n", true)
	f.Add("donor,email,rank\nKEN,\"a\nb\",office\n", false)
	f.Fuzz(func(t *testing.T, content string, replace bool) {
		files := folder(map[string]string{"contacts.csv": threeContacts})
		s, faults := ReadSheet("contacts", "new.csv", []byte(content))
		if faults.Refuses() {
			return
		}
		p := Propose(files, testDay, Fresh, "contacts", s, Guess("contacts", s.Head), replace)
		if p.Refuses() {
			return
		}
		content2, err := p.Content()
		if err != nil {
			t.Fatal(err)
		}
		after := fstest.MapFS{"contacts.csv": {Data: content2}}
		if _, faults := Read(after, testDay); faults.Refuses() {
			t.Fatalf("%q makes %q: %v", content, content2, faults)
		}
		if p.Same+p.Count("changed")+p.Count("removed") != 4 || p.Same+p.Count("changed")+p.Count("added") != p.Total() {
			t.Fatalf("%q: %d same, %d changed, %d removed, %d added, %d in all", content, p.Same, p.Count("changed"), p.Count("removed"), p.Count("added"), p.Total())
		}
	})
}

var _ fs.ReadDirFS = written{}
