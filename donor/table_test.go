package donor

import (
	"encoding/binary"
	"strings"
	"testing"
	"testing/fstest"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/charmap"
)

func utf16As(order binary.AppendByteOrder, text string) string {
	var b []byte
	for _, u := range utf16.Encode([]rune("\ufeff" + text)) {
		b = order.AppendUint16(b, u)
	}
	return string(b)
}

// However a spreadsheet writes the text, the rows are the same.
func TestForms(t *testing.T) {
	const text = "donor,email,rank,name\nCIV,mission@civ.example,office,\nFRA,mission@fra.example,ambassador,Zoé Lefèvre\n"
	const header = "DONOR,Email, rank ,name\n"
	windows, err := charmap.Windows1252.NewEncoder().String(text)
	if err != nil {
		t.Fatal(err)
	}
	body := strings.SplitAfterN(text, "\n", 2)[1]
	for name, content := range map[string]string{
		"comma":                    text,
		"semicolon":                strings.ReplaceAll(text, ",", ";"),
		"tab":                      strings.ReplaceAll(text, ",", "\t"),
		"line that names its mark": "sep=;\r\n" + strings.ReplaceAll(text, ",", ";"),
		"CRLF":                     strings.ReplaceAll(text, "\n", "\r\n"),
		"no last line end":         strings.TrimSpace(text),
		"byte order mark":          "\ufeff" + text,
		"UTF-16 little":            utf16As(binary.LittleEndian, text),
		"UTF-16 big":               utf16As(binary.BigEndian, text),
		"Windows-1252":             windows,
		"columns in other letters": header + body,
		"empty lines":              "\n,,,\n" + text + "\n\n , , ,\n",
		"empty columns":            strings.ReplaceAll(text, "\n", ",,\n"),
		"quotes":                   `"donor","email","rank","name"` + "\n" + `"CIV","mission@civ.example","office",""` + "\n" + `"FRA","mission@fra.example","ambassador","Zoé Lefèvre"`,
		"last values left out":     strings.ReplaceAll(text, "office,", "office"),
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			var faults Faults
			columns := []column{{"donor", true}, {"email", true}, {"rank", true}, {"name", false}, {"title", false}}
			readTable(folder(map[string]string{"contacts.csv": content}), "contacts", true, columns, &faults, func(r row) {
				if !r.sound {
					t.Errorf("line %d is not sound", r.line)
				}
				got = append(got, strings.Join(r.cells, "|"))
			})
			if diff := cmp.Diff([]string{"CIV|mission@civ.example|office||", "FRA|mission@fra.example|ambassador|Zoé Lefèvre|"}, got); diff != "" {
				t.Error(diff)
			}
			want := ""
			if name == "Windows-1252" {
				want = `contacts.csv:3: warning: not UTF-8, read as Windows-1252, which makes this cell "Zoé Lefèvre": if that is wrong, save the file as CSV UTF-8`
			}
			if diff := cmp.Diff(want, faults.Error()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A file that is no table of contacts gets one sentence that says why and what to do.
func TestFileFaults(t *testing.T) {
	const header = "donor,email,rank,name,title\n"
	const row = "KEN,mission@ken.example,office,,\n"
	for _, c := range []struct {
		name, content string
		want          []string
	}{
		{"empty", "", []string{`contacts.csv: the file is empty: its first line names the columns (donor, email, rank, name, gender, title, salutation, language, verified, source, family_name, style, close, place)`}},
		{"empty cells", "\n,,,\n  ,\n", []string{`contacts.csv: the file is empty: its first line names the columns (donor, email, rank, name, gender, title, salutation, language, verified, source, family_name, style, close, place)`}},
		{"header only", header, []string{`contacts.csv:1: only the header: write at least one row below it`}},
		{"missing column", "donor,rank,name\n", []string{`contacts.csv:1: column 'email' is missing (found: donor, rank, name)`}},
		{"misspelt column", "donor,e-mail,rank,nmae\n", []string{
			`contacts.csv:1: column 'email' is missing (found: donor, e-mail, rank, nmae)`,
			`contacts.csv:1: column "e-mail" is not known: did you mean email?`,
			`contacts.csv:1: column "nmae" is not known: did you mean name?`,
		}},
		{"unknown column", "donor,email,rank,telephone number\n", []string{
			`contacts.csv:1: column "telephone number" is not known: this file has donor, email, rank, name, gender, title, salutation, language, verified, source, family_name, style, close, place`}},
		{"duplicate column", "donor,email,rank,Email\n", []string{`contacts.csv:1: column 'email' is there twice, as number 2 and 4: keep one`}},
		{"no header", "KEN,mission@ken.example,office\n", []string{
			`contacts.csv:1: column 'donor' is missing (found: ken, mission@ken.example, office)`,
			`contacts.csv:1: column 'email' is missing (found: ken, mission@ken.example, office)`,
			`contacts.csv:1: column 'rank' is missing (found: ken, mission@ken.example, office)`,
		}},
		{"other separator", "sep=|\ndonor|email|rank\n", []string{`contacts.csv:1: the separator "|" is not read: use a comma, a semicolon or a tab`}},
		{"few values", header + "KEN,mission@ken.example\n", []string{`contacts.csv:2: 2 values where the header has 5: is a separator missing?`}},
		{"one value", header + "KEN\n" + row, []string{
			`contacts.csv:2: 1 value where the header has 5: is a separator missing?`}},
		{"many values", header + "KEN,mission@ken.example,office,,,Smith, John\n", []string{
			`contacts.csv:2: value 6, "Smith", has no column: does a value hold the separator without being in quotes?`}},
		{"bare quote", header + "KEN,mission@ken.example,office,Ann \"Bo\" C,\n" + "XYZ,,,,\n", []string{
			`contacts.csv:2:36: a quote inside a value: put the whole value in quotes and write each quote inside it twice`,
			`contacts.csv:3: donor "XYZ": neither in the registry of States (2025-06-25) nor in donors.csv: write the three letters of a State, or add the donor`,
		}},
		{"text after a quote", header + "KEN,mission@ken.example,office,\"Ann\" Bo,\n", []string{
			`contacts.csv:2:36: a quoted value goes on after its closing quote (the row begins in line 2): write each quote inside it twice`}},
		{"open quote", header + row + "FRA,mission@fra.example,office,\"Ann,\nESP,mission@esp.example,office,,\n", []string{
			`contacts.csv:3: a quote that is opened in this row is never closed: close it, or write each quote inside a value twice`}},
		{"quote in the header", "donor,em\"ail,rank\n", []string{
			`contacts.csv:1:9: a quote inside a value: put the whole value in quotes and write each quote inside it twice`}},
		{"lines after a quoted line break", header + "KEN,mission@ken.example,office,\"\n\n\",\nXYZ,,,,\n", []string{
			`contacts.csv:2: control character U+000A in field 'name': remove it`,
			`contacts.csv:5: donor "XYZ": neither in the registry of States (2025-06-25) nor in donors.csv: write the three letters of a State, or add the donor`,
		}},
		{"long line", header + "KEN,mission@ken.example,office," + strings.Repeat("x", 10<<20) + "\n", []string{`contacts.csv:2: the line is longer than 10 MB: is a line break missing?`}},
		{"nul", header + "KEN,mission\x00@ken.example,office,,\n", []string{`contacts.csv:2: byte 0x00 at offset 39: this is not plain text, save it as CSV UTF-8`}},
		{"UTF-16 without a mark", utf16As(binary.LittleEndian, header)[2:], []string{`contacts.csv:1: byte 0x00 at offset 1: this is not plain text, save it as CSV UTF-8`}},
		{"UTF-16 cut", utf16As(binary.LittleEndian, header+row) + "x", []string{`contacts.csv: the file ends in the middle of a UTF-16 character: save it again, as CSV UTF-8`}},
		{"UTF-16 half a pair", utf16As(binary.LittleEndian, header+"KEN,mission@ken.example,office,") + "\x3d\xd8", []string{
			`contacts.csv:2: U+FFFD in field 'name': a letter was lost in an earlier conversion, write "�" anew`}},
		{"undefined byte", header + "KEN,mission@ken.example,office,\xe9\x81,\n", []string{`contacts.csv:2: byte 0x81 at offset 60 is neither UTF-8 nor Windows-1252: save the file as CSV UTF-8`}},
		{"damaged UTF-8", header + "KEN,mission@ken.example,office,\xc3\xa9\xc3\xa9\xc3,\n", []string{`contacts.csv:2: byte 0xC3 at offset 63 is not UTF-8 as the rest of the file: save it again, as CSV UTF-8`}},
		{"Macintosh", strings.ReplaceAll(header+row, "\n", "\r"), []string{`contacts.csv: the lines end as on old Macintosh computers: save the file as CSV UTF-8`}},
		{"workbook", "PK\x03\x04...", []string{`contacts.csv: this is a workbook, not CSV: give it a name that ends in .xlsx`}},
		{"old workbook", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", []string{`contacts.csv: this is a workbook of an old kind, or one with a password: save it as .xlsx without a password, or as CSV UTF-8`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, faults := Read(fstest.MapFS{"contacts.csv": {Data: []byte(c.content)}}, testDay)
			if diff := cmp.Diff(strings.Join(c.want, "\n"), faults.Error()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Which file counts is never a guess.
func TestFiles(t *testing.T) {
	for _, c := range []struct {
		name  string
		files []string
		want  string
	}{
		{"none", nil, `contacts.csv: there is no such file, and no contacts.xlsx: write one`},
		{"both", []string{"contacts.csv", "contacts.xlsx"}, `contacts.csv: there is contacts.xlsx as well: keep one of the two, so that it is clear which counts`},
		{"another kind", []string{"contacts.ods"}, `contacts.ods: this file is not read: save it as contacts.csv (CSV UTF-8) or contacts.xlsx`},
		{"other letters", []string{"Contacts.CSV"}, `Contacts.CSV: this file is not read: save it as contacts.csv (CSV UTF-8) or contacts.xlsx`},
		{"lock file", []string{"~$contacts.xlsx"}, `contacts.csv: there is no such file, and no contacts.xlsx: write one`},
	} {
		t.Run(c.name, func(t *testing.T) {
			fsys := fstest.MapFS{}
			for _, f := range c.files {
				fsys[f] = &fstest.MapFile{Data: []byte(goodContacts)}
			}
			_, faults := Read(fsys, testDay)
			if diff := cmp.Diff(c.want, faults.Error()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// What cannot be seen is refused in every column, with its name; what only looks odd is kept.
func TestCells(t *testing.T) {
	for _, c := range []struct{ name, cell, want string }{
		{"carriage return", "A\rB", `control character U+000D in field 'title': remove it`},
		{"line feed", "A\nB", `control character U+000A in field 'title': remove it`},
		{"tab", "A\tB", `control character U+0009 in field 'title': remove it`},
		{"delete", "A\x7f", `control character U+007F in field 'title': remove it`},
		{"C1", "A\u0085", `control character U+0085 in field 'title': remove it`},
		{"line separator", "A\u2028B", `control character U+2028 in field 'title': remove it`},
		{"paragraph separator", "A\u2029B", `control character U+2029 in field 'title': remove it`},
		{"in disguise", "A%0d%0aBcc: x@y.example", `%0d in field 'title' is a line break in disguise: remove it`},
		{"in disguise, capitals", "A%0A", `%0A in field 'title' is a line break in disguise: remove it`},
		{"zero width", "A\u200bB", `invisible character U+200B in field 'title': write "A\u200bB" anew`},
		{"right to left", "A\u202eB", `invisible character U+202E in field 'title': write "A\u202eB" anew`},
		{"soft hyphen", "A\u00adB", `invisible character U+00AD in field 'title': write "A\u00adB" anew`},
		{"private use", "A\ue000B", `invisible character U+E000 in field 'title': write "A\ue000B" anew`},
		{"long", strings.Repeat("é", 501), `field 'title' has 501 characters: keep it to 500`},
		{"spreadsheet error", "#N/A", `field 'title' holds what a spreadsheet shows for an error, "#N/A": mend the formula`},
		{"spreadsheet too narrow", "####", `field 'title' holds what a spreadsheet shows for an error, "####": mend the formula`},
		{"longest", strings.Repeat("é", 500), ""},
		{"signs of formulas", "=1+1", ""},
		{"plus", "+41 22 000", ""}, {"minus", "-x", ""}, {"at", "@x", ""},
		{"per cent", "100% 05%0", ""},
		{"joiner", "न\u200dम", ""},
		{"other letters", "Représentant permanent, Señor Ünal Łoś", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			quoted := `"` + strings.ReplaceAll(c.cell, `"`, `""`) + `"`
			want := c.want
			if want != "" {
				want = "contacts.csv:2: " + want
			}
			b, faults := Read(folder(map[string]string{"contacts.csv": "donor,email,rank,title\nKEN,mission@ken.example,office," + quoted + "\n"}), testDay)
			if diff := cmp.Diff(want, faults.Error()); diff != "" {
				t.Error(diff)
			}
			if d, _ := b.Donor("KEN"); c.want == "" && d.Contacts[0].Title != c.cell {
				t.Errorf("%q became %q", c.cell, d.Contacts[0].Title)
			}
		})
	}
}

// A mistake made a million times is told a thousand times. (Row 18 has a second one: Kenya has too many contacts.)
func TestManyFaults(t *testing.T) {
	_, faults := Read(folder(map[string]string{"contacts.csv": "donor,email,rank\n" + strings.Repeat("KEN,x,office\n", 5000)}), testDay)
	if len(faults) != maxFaults+1 {
		t.Errorf("%d faults", len(faults))
	}
	if got, want := faults[len(faults)-1].Error(), `contacts.csv:1001: more than 1000 faults: mend those above, the rest of the file was not read`; got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

// Whatever the bytes: reading ends, says the same twice, names a line in every sentence about a row, and gives cells
// that may stand in a header.
func FuzzTable(f *testing.F) {
	for _, s := range []string{
		goodContacts, "sep=;\ndonor;email;rank\nKEN;m@ken.example;office\n", "\ufeffdonor,email,rank\n\"a\nb\",x,\"y", "\xff\xfed\x00o\x00",
		"donor,email,rank\nKEN,\xe9,\x81\n", "donor\temail\trank\r\nKEN\tm@ken.example\toffice", "a,b\rc,d\r", "donor,email,rank,,\n,,,,x\n", "PK\x03\x04",
	} {
		f.Add([]byte(s), false)
	}
	f.Add([]byte("PK\x03\x04"), true)
	f.Add(workbook(f, nil, [][]any{{"donor", "email", "rank"}, {"KEN", "mission@ken.example", "office"}}), true)
	f.Fuzz(func(t *testing.T, content []byte, xlsx bool) {
		name := "contacts.csv"
		if xlsx {
			name = "contacts.xlsx"
		}
		read := func() (rows []string, faults Faults) {
			readTable(fstest.MapFS{name: {Data: content}}, "contacts", true, contactColumns, &faults, func(r row) {
				for i, c := range r.cells {
					if checkCell(contactColumns[i].name, c) != "" {
						t.Fatalf("line %d: %q", r.line, c)
					}
				}
				if r.line < 1 {
					t.Fatalf("line %d", r.line)
				}
				rows = append(rows, strings.Join(r.cells, "|"))
			})
			return rows, faults
		}
		rows, faults := read()
		again, others := read()
		if diff := cmp.Diff(rows, again) + cmp.Diff(faults, others); diff != "" {
			t.Fatal(diff)
		}
		if len(rows) == 0 && !faults.Refuses() {
			t.Fatal("neither a row nor a fault")
		}
		for _, fault := range faults {
			if fault.Text == "" || strings.ContainsAny(fault.Error(), "\r\n\x00") {
				t.Fatalf("no sentence: %q", fault.Error())
			}
		}
	})
}
