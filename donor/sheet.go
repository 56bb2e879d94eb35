package donor

import (
	"io/fs"
	"path"
	"slices"
	"strings"
)

// A Sheet is a table as somebody brought it: what its columns are called, and its rows, whatever they mean.
type Sheet struct {
	File string
	Head []string
	Rows []SheetRow

	comma rune // between the values of a CSV file
}

// A SheetRow is a row of a sheet: as many cells as the sheet has columns, without the spaces around them.
type SheetRow struct {
	Line  int // in the file, from 1; of a workbook, the row
	Cells []string
}

// Bounds of a sheet that somebody brings: far more than a list of contacts, far less than a machine's memory.
const (
	MaxBrought         = 10 << 20 // bytes of the file
	maxBroughtUnzipped = 64 << 20 // of a workbook's parts
	maxBroughtRows     = 50_000
)

// ReadSheet reads the content of a CSV or XLSX file from outside, by the rules of the project's own tables: separators,
// encodings, dates of workbooks. The name says which of the two it is.
func ReadSheet(table, file string, content []byte) (Sheet, Faults) {
	var faults Faults
	switch ext := strings.ToLower(path.Ext(file)); {
	case len(content) > MaxBrought:
		faults.Addf(file, 0, 0, "larger than %d MB: remove sheets and columns that are not needed, or divide it", MaxBrought>>20)
	case ext != ".csv" && ext != ".txt" && ext != ".tsv" && ext != ".xlsx":
		faults.Addf(file, 0, 0, "this file is not read: save it as .xlsx, or as CSV UTF-8")
	}
	if faults.Refuses() {
		return Sheet{File: file}, faults
	}
	return readSheet(Columns(table), file, content, maxBroughtRows, maxBroughtUnzipped)
}

// ReadTable reads a table of a project folder as it stands there, whatever is wrong with its rows; without a file it is empty.
func ReadTable(fsys fs.FS, table string) (Sheet, Faults) {
	var faults Faults
	file := findTable(fsys, table, false, &faults)
	if file == "" || faults.Refuses() {
		return Sheet{}, faults
	}
	content, err := readFile(fsys, file)
	if err != nil {
		faults.Addf(file, 0, 0, "%v", err)
		return Sheet{}, faults
	}
	return readSheet(Columns(table), file, content, maxSheetRows, maxUnzipped)
}

func readSheet(columns []Column, file string, content []byte, rows int, unzipped int64) (Sheet, Faults) {
	var faults Faults
	s := Sheet{File: file}
	name := file
	if strings.EqualFold(path.Ext(file), ".xlsx") {
		name = strings.TrimSuffix(file, path.Ext(file)) + ".xlsx"
	}
	t := &table{file: name, faults: &faults, limit: maxSheetRows, unzipped: unzipped}
	for _, c := range columns {
		t.columns = append(t.columns, column{c.Name, c.Must})
	}
	t.raw = func(line int, cells []string) {
		if len(s.Rows) >= rows {
			if len(s.Rows) == rows {
				faults.Addf(name, line, 0, "more than %d rows: divide the file", rows)
				s.Rows = append(s.Rows, SheetRow{}) // said once
			}
			return
		}
		s.Rows = append(s.Rows, SheetRow{line, slices.Clone(cells)})
	}
	t.read(content)
	s.Head, s.comma = t.header, t.comma
	for i := range faults {
		faults[i].File = file // as its owner named it
	}
	return s, faults
}

// takeRaw takes the first line for what the columns are called, and each below it as it is.
func (t *table) takeRaw(line int, cells []string) {
	trimmed := make([]string, 0, len(cells))
	for _, c := range cells {
		trimmed = append(trimmed, trim(c))
	}
	for n := len(trimmed); n > 0 && trimmed[n-1] == ""; n-- {
		trimmed = trimmed[:n-1]
	}
	if t.header == nil {
		if len(trimmed) > maxColumns {
			t.faults.Addf(t.file, line, 0, "more than %d columns: keep those that are needed (%s)", maxColumns, names(t.columns))
			trimmed = trimmed[:maxColumns]
		}
		t.header, t.place = trimmed, []int{}
		return
	}
	t.rows++
	t.row.line = line
	for at := len(t.header); at < len(trimmed); at++ {
		if trimmed[at] != "" {
			t.faults.Addf(t.file, line, 0, "value %d, %s, has no column: does a value hold the separator without being in quotes?", at+1, Quote(trimmed[at]))
			break
		}
	}
	for len(trimmed) < len(t.header) {
		trimmed = append(trimmed, "")
	}
	t.raw(line, trimmed[:len(t.header)])
}

// A Column is a column of one of the project's tables.
type Column struct {
	Name string
	Must bool // a table without it is not read
}

// Tables are those that somebody may bring.
var Tables = []string{"contacts", "contributions"}

// Columns are those of a table of that name; none for another.
func Columns(table string) (out []Column) {
	for _, c := range map[string][]column{"contacts": contactColumns, "contributions": contributionColumns}[table] {
		out = append(out, Column{c.name, c.required})
	}
	return out
}

// headings are what people call the columns besides their names, folded: in English, French and Spanish.
var headings = map[string][]string{
	"donor":       {"country", "country code", "state", "member state", "iso", "iso3", "iso code", "code", "donor id", "donor code", "pays", "etat", "état", "code pays", "país", "pais", "estado"},
	"email":       {"e mail", "mail", "email address", "e mail address", "courriel", "adresse électronique", "adresse de courriel", "correo", "correo electrónico"},
	"rank":        {"function", "level", "rang", "fonction", "rango", "cargo"},
	"name":        {"full name", "contact", "contact name", "contact person", "person", "addressee", "nom", "nom complet", "nombre", "nombre completo"},
	"gender":      {"sex", "sexe", "genre", "sexo", "género"},
	"title":       {"job title", "position", "titre", "título"},
	"salutation":  {"greeting", "formule d'appel", "saludo"},
	"language":    {"lang", "langue", "idioma", "lengua"},
	"verified":    {"verified on", "last verified", "checked", "checked on", "vérifié", "vérifié le", "verificado"},
	"source":      {"origin", "from", "fuente"},
	"family_name": {"last name", "surname", "nom de famille", "apellido", "apellidos"},
	"place":       {"duty station", "lieu", "lugar"},
	"year":        {"année", "annee", "año", "ano", "fiscal year"},
	"amount":      {"contribution", "sum", "total", "value", "montant", "importe", "monto"},
	"currency":    {"cur", "monnaie", "devise", "moneda"},
	"label":       {"kind", "type", "description", "type de contribution", "tipo"},
}

// A Mapping says which column of a sheet, from 0, is which column of a table. What it does not name is not brought.
type Mapping map[string]int

// Guess maps the columns of a sheet that are called as those of the table, or as people usually call them.
func Guess(table string, head []string) Mapping {
	m, taken := Mapping{}, map[int]bool{}
	try := func(column string, called func(folded string) bool) {
		if _, done := m[column]; done {
			return
		}
		for i, h := range head {
			if !taken[i] && h != "" && called(strings.Trim(fold(h), " .:*")) {
				m[column], taken[i] = i, true
				return
			}
		}
	}
	for _, c := range Columns(table) {
		try(c.Name, func(h string) bool { return h == fold(c.Name) })
	}
	for _, c := range Columns(table) {
		try(c.Name, func(h string) bool {
			return slices.ContainsFunc(headings[c.Name], func(s string) bool { return fold(s) == h })
		})
	}
	return m
}
