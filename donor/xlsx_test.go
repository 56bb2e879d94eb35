package donor

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
)

// workbook makes an XLSX file with one sheet. shape may change it before it is written.
func workbook(t testing.TB, shape func(*excelize.File), rows [][]any) []byte {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	for i, row := range rows {
		if err := f.SetSheetRow("Sheet1", fmt.Sprintf("A%d", i+1), &row); err != nil {
			t.Fatal(err)
		}
	}
	if shape != nil {
		shape(f)
	}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func style(t testing.TB, f *excelize.File, cell string, id int, code string) {
	t.Helper()
	s := &excelize.Style{NumFmt: id}
	if code != "" {
		s = &excelize.Style{CustomNumFmt: &code}
	}
	n, err := f.NewStyle(s)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.SetCellStyle("Sheet1", cell, cell, n); err != nil {
		t.Fatal(err)
	}
}

// A workbook gives what a person sees in it, in one form: dates YYYY-MM-DD, numbers without separators or exponents.
func TestWorkbook(t *testing.T) {
	const day = 46328.0 // 2 November 2026
	for _, c := range []struct {
		name  string
		value any
		id    int // number format
		code  string
		want  string
	}{
		{"text", "voluntary", 0, "", "voluntary"},
		{"text that looks like a number", "00012", 0, "", "00012"},
		{"text that looks like a power", "12E5", 0, "", "12E5"},
		{"text with a date's format", "12", 14, "", "12"},
		{"text with a number's format", "2026-11-02", 4, "", "2026-11-02"},
		{"whole number", 250000, 0, "", "250000"},
		{"whole number with separators", 250000, 3, "", "250000"},
		{"cents with separators", 1250000.5, 4, "", "1250000.5"},
		{"money", 250000, 0, `"USD" #,##0.00`, "250000"},
		{"money in brackets when negative", -5, 0, `#,##0_);(#,##0)`, "-5"},
		{"scientific", 250000000000.0, 11, "", "250000000000"},
		{"fifteen digits", 123456789012345.0, 0, "", "123456789012345"},
		{"as floats are stored", 1234.5599999999999, 0, "", "1234.56"},
		{"per cent", 0.05, 9, "", "0.05"},
		{"date", day, 14, "", "2026-11-02"},
		{"date with a time", day + 0.75, 22, "", "2026-11-02"},
		{"date as Germans write", day, 0, "dd.mm.yyyy", "2026-11-02"},
		{"date in words", day, 0, `[$-40C]d mmmm yyyy;@`, "2026-11-02"},
		{"month and year", day, 17, "", "2026-11-02"},
		{"time is no date", 0.75, 20, "", "0.75"},
		{"minutes are no months", 0.75, 0, "mm:ss", "0.75"},
		{"a Go time", time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC), 0, "", "2026-11-02"},
		{"true", true, 0, "", "TRUE"},
		{"letters of a unit are no date", 5, 0, `0" days"`, "5"},
	} {
		t.Run(c.name, func(t *testing.T) {
			content := workbook(t, func(f *excelize.File) {
				if c.id != 0 || c.code != "" {
					style(t, f, "B2", c.id, c.code)
				}
			}, [][]any{{"a", "b"}, {"x", c.value}})
			var got []string
			var faults Faults
			readTable(fstest.MapFS{"t.xlsx": {Data: content}}, "t", true, []column{{"b", true}, {"a", true}}, &faults, func(r row) {
				got = append(got, fmt.Sprint(r.line), r.cells[0], r.cells[1])
			})
			if diff := cmp.Diff([]string{"2", c.want, "x"}, got); diff != "" || len(faults) > 0 {
				t.Error(diff, faults)
			}
		})
	}
}

// The same rows as CSV and as a workbook are the same book.
func TestWorkbookOrCSV(t *testing.T) {
	csv := folder(map[string]string{
		"contacts.csv":      "donor,email,rank,name,gender,verified\nKEN,mission@ken.example,ambassador,Ada Alder,f,2026-11-02\n\nFRA,mission@fra.example,office,,,\n",
		"contributions.csv": "donor,year,amount,currency\nKEN,2024,3450000.5,USD\n",
	})
	xlsx := fstest.MapFS{
		"contacts.xlsx": {Data: workbook(t, func(f *excelize.File) { style(t, f, "F2", 14, "") }, [][]any{
			{"donor", "email", "rank", "name", "gender", "verified"},
			{"KEN", "mission@ken.example", "ambassador", "Ada Alder", "f", 46328}, {}, {"FRA", "mission@fra.example", "office"},
		})},
		"contributions.xlsx": {Data: workbook(t, nil, [][]any{{"donor", "year", "amount", "currency"}, {"KEN", 2024, 3450000.5, "USD"}})},
	}
	a, faults := Read(csv, testDay)
	b, others := Read(xlsx, testDay)
	if len(faults)+len(others) > 0 {
		t.Fatal(faults, others)
	}
	unnamed := cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".File" }, cmp.Ignore())
	if diff := cmp.Diff(a.Donors, b.Donors, unnamed); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(a.Contribution("KEN", 2024, ""), b.Contribution("KEN", 2024, ""), unnamed); diff != "" {
		t.Error(diff)
	}
}

func TestWorkbookFaults(t *testing.T) {
	header := []any{"donor", "email", "rank", "name"}
	good := [][]any{header, {"KEN", "mission@ken.example", "office"}}
	const damaged = `contacts.xlsx: the workbook is damaged ("xl/worksheets/sheet1.xml"): save it again as .xlsx, or as CSV UTF-8`
	for _, c := range []struct {
		name    string
		content []byte
		want    string
	}{
		{"empty file", nil, `contacts.xlsx: this is not an XLSX workbook: save it again as .xlsx, or as CSV UTF-8`},
		{"text", []byte(goodContacts), `contacts.xlsx: this is not an XLSX workbook: save it again as .xlsx, or as CSV UTF-8`},
		{"old or with a password", []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), `contacts.xlsx: this is a workbook of an old kind, or one with a password: save it as .xlsx without a password, or as CSV UTF-8`},
		{"empty sheet", workbook(t, nil, nil), `contacts.xlsx: the file is empty: its first line names the columns (donor, email, rank, name, gender, title, salutation, language, verified, source, family_name, style, close, place)`},
		{"header only", workbook(t, nil, good[:1]), `contacts.xlsx:1: only the header: write at least one row below it`},
		{"line break in a cell", workbook(t, nil, [][]any{header, {}, {"KEN", "mission@ken.example", "other", "A\nB"}}), `contacts.xlsx:3: control character U+000A in field 'name': remove it`},
		{"value without a column", workbook(t, nil, [][]any{header, {"KEN", "mission@ken.example", "office", nil, "note"}}), `contacts.xlsx:2: value 5, "note", has no column: does a value hold the separator without being in quotes?`},
		{"two sheets", workbook(t, func(f *excelize.File) {
			if _, err := f.NewSheet("Notes"); err != nil {
				t.Fatal(err)
			}
		}, good), `contacts.xlsx: warning: only the first sheet, "Sheet1", is read: there are 2`},
		{"zip of something else", zipped(t, map[string]string{"readme.txt": "x"}), `contacts.xlsx: the workbook cannot be read (EOF): save it again as .xlsx, or as CSV UTF-8`},
		{"large when unpacked", claiming(t, "xl/media/a", maxUnzipped+1), `contacts.xlsx: the workbook is larger than 256 MB when unpacked: save the sheet as CSV UTF-8`},
		{"sheet cut short", rezipped(t, workbook(t, nil, good), func(sheet string) string { return sheet[:len(sheet)/2] }), damaged},
		{"sheet with a broken tag", rezipped(t, workbook(t, nil, good), func(sheet string) string { return strings.Replace(sheet, "<row", "<row <", 1) }), damaged},
		{"styles that do not exist", rezipped(t, workbook(t, nil, good), func(sheet string) string {
			return strings.ReplaceAll(sheet, `<c r="A2"`, `<c s="77" r="A2"`)
		}), ``},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, faults := Read(fstest.MapFS{"contacts.xlsx": {Data: c.content}}, testDay)
			if diff := cmp.Diff(c.want, faults.Error()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A sheet past the limit is refused, not cut.
func TestWorkbookRows(t *testing.T) {
	for _, c := range []struct {
		limit, rows int
		want        string
	}{{3, 3, ""}, {2, 2, "t.xlsx:4: more than 2 rows: save the sheet as CSV UTF-8"}} {
		var faults Faults
		n := 0
		sheet := &table{
			file: "t.xlsx", columns: []column{{"donor", true}}, each: func(row) { n++ }, faults: &faults,
			row: row{cells: make([]string, 1)}, padded: true, limit: c.limit, unzipped: maxUnzipped,
		}
		sheet.readXLSX(workbook(t, nil, [][]any{{"donor"}, {"KEN"}, {"FRA"}, {"ESP"}}))
		if faults.Error() != c.want || n != c.rows {
			t.Errorf("limit %d: %d rows, %v", c.limit, n, faults)
		}
	}
}

func zipped(t testing.TB, parts map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, content := range parts {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, content); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// claiming is a zip file with a part that says it is so large when unpacked.
func claiming(t testing.TB, name string, size uint64) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	if _, err := z.CreateRaw(&zip.FileHeader{Name: name, Method: zip.Deflate, UncompressedSize64: size}); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// rezipped is a workbook with its first sheet changed.
func rezipped(t testing.TB, content []byte, change func(string) string) []byte {
	t.Helper()
	r, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	parts := map[string]string{}
	for _, part := range r.File {
		f, err := part.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(f)
		if err != nil {
			t.Fatal(err)
		}
		if part.Name == "xl/worksheets/sheet1.xml" {
			changed := change(string(b))
			if changed == string(b) {
				t.Fatal("nothing changed")
			}
			b = []byte(changed)
		}
		parts[part.Name] = string(b)
	}
	return zipped(t, parts)
}
