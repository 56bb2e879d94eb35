package donor

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
)

const (
	maxFile    = 512 << 20 // bytes of a file: some four million contacts
	maxColumns = 100
	maxFaults  = 1000 // of one file: whoever has more has one mistake, many times
)

// column is one column of a table that staff write.
type column struct {
	name     string
	required bool
}

// row is one row of a table: the cells of the columns asked for, in their order, "" where the file has none. It is
// valid until the next.
type row struct {
	file  string
	line  int // in the file, from 1; of a workbook, the row
	cells []string
	sound bool // every cell may be used; otherwise each of the others has its fault and is ""
}

// table is a CSV or XLSX file under reading. Both feed it with lines of cells and it makes rows of them.
type table struct {
	file    string
	columns []column
	each    func(row)
	faults  *Faults

	raw func(line int, cells []string) // takes the rows as they are, whatever their columns; nil for each

	header   []string
	place    []int // of each column asked for, in the file; -1 for none
	padded   bool  // a short line is a line whose last cells are empty, as workbooks have them
	limit    int   // rows of a workbook
	unzipped int64 // bytes of all parts of a workbook
	comma    rune  // between the values of a CSV file
	row      row
	rows     int
	seen     int // faults looked at by full
	errors   int // of these, the ones that refuse
}

// readTable reads kind.csv or kind.xlsx of a project folder and calls each for every row that is not empty. It
// returns the name of the file, "" when there is none.
func readTable(fsys fs.FS, kind string, required bool, columns []column, faults *Faults, each func(row)) string {
	file := findTable(fsys, kind, required, faults)
	if file == "" {
		return ""
	}
	content, err := readFile(fsys, file)
	if err != nil {
		faults.Addf(file, 0, 0, "%v", err)
		return file
	}
	t := &table{
		file: file, columns: columns, each: each, faults: faults, seen: len(*faults), limit: maxSheetRows, unzipped: maxUnzipped,
		row: row{file: file, cells: make([]string, len(columns))},
	}
	t.read(content)
	return file
}

// read reads the file to its end.
func (t *table) read(content []byte) {
	if path.Ext(t.file) == ".xlsx" {
		t.padded = true
		t.readXLSX(content)
	} else {
		t.readCSV(content)
	}
	t.full()
	switch {
	case t.errors > 0:
	case t.header == nil:
		t.faults.Addf(t.file, 0, 0, "the file is empty: its first line names the columns (%s)", names(t.columns))
	case t.rows == 0:
		t.faults.Addf(t.file, 1, 0, "only the header: write at least one row below it")
	}
}

// findTable finds the one file of a kind, and says what may be in its place.
func findTable(fsys fs.FS, kind string, required bool, faults *Faults) string {
	entries, err := fs.ReadDir(fsys, ".")
	if err != nil {
		faults.Addf(kind+".csv", 0, 0, "the project folder cannot be listed: %v", err)
		return ""
	}
	var found []string
	other := ""
	for _, e := range entries {
		name := e.Name()
		ext := path.Ext(name)
		switch {
		case !strings.EqualFold(strings.TrimSuffix(name, ext), kind) || e.IsDir():
		case name == kind+".csv" || name == kind+".xlsx":
			found = append(found, name)
		case slices.Contains([]string{".csv", ".xlsx", ".xls", ".xlsm", ".xlsb", ".ods", ".tsv", ".txt", ".numbers"}, strings.ToLower(ext)):
			other = name
		}
	}
	switch {
	case len(found) == 2:
		faults.Addf(found[0], 0, 0, "there is %s as well: keep one of the two, so that it is clear which counts", found[1])
	case len(found) == 1:
		return found[0]
	case other != "":
		faults.Addf(other, 0, 0, "this file is not read: save it as %s.csv (CSV UTF-8) or %s.xlsx", kind, kind)
	case required:
		faults.Addf(kind+".csv", 0, 0, "there is no such file, and no %s.xlsx: write one", kind)
	}
	return ""
}

func readFile(fsys fs.FS, file string) ([]byte, error) {
	f, err := fsys.Open(file)
	if err != nil {
		return nil, fmt.Errorf("cannot be opened: %w", err)
	}
	defer f.Close()
	size := int64(0)
	if info, err := f.Stat(); err == nil {
		size = min(info.Size(), maxFile)
	}
	b := bytes.NewBuffer(make([]byte, 0, size+bytes.MinRead))
	if _, err := b.ReadFrom(io.LimitReader(f, maxFile+1)); err != nil {
		return nil, fmt.Errorf("cannot be read: %w", err)
	}
	if b.Len() > maxFile {
		return nil, fmt.Errorf("larger than %d MB: divide it", maxFile>>20)
	}
	return b.Bytes(), nil
}

// line takes the cells of one line, which may be reused afterwards. It says whether to go on.
func (t *table) line(line int, cells []string) bool {
	if !slices.ContainsFunc(cells, func(c string) bool { return c != "" && trim(c) != "" }) {
		return true
	}
	switch {
	case t.raw != nil:
		t.takeRaw(line, cells)
	case t.header == nil:
		return t.takeHeader(line, cells)
	default:
		t.takeRow(line, cells)
	}
	return !t.full()
}

// takeHeader finds the columns. Without all that are required, nothing below makes sense.
func (t *table) takeHeader(line int, cells []string) bool {
	start := len(*t.faults)
	place := make([]int, len(t.columns))
	for i := range place {
		place[i] = -1
	}
	t.header = make([]string, len(cells))
	var unknown []int
	for i, c := range cells {
		name := strings.ToLower(trim(c))
		t.header[i] = name
		if i >= maxColumns && name != "" {
			t.faults.Addf(t.file, line, 0, "more than %d columns: this file has %s", maxColumns, names(t.columns))
			return false
		}
		at := slices.IndexFunc(t.columns, func(c column) bool { return c.name == name })
		switch {
		case name == "":
		case at < 0:
			unknown = append(unknown, i)
		case place[at] >= 0:
			t.faults.Addf(t.file, line, 0, "column '%s' is there twice, as number %d and %d: keep one", name, place[at]+1, i+1)
		default:
			place[at] = i
		}
	}
	for i, c := range t.columns {
		if c.required && place[i] < 0 {
			t.faults.Addf(t.file, line, 0, "column '%s' is missing (found: %s)", c.name, t.found())
		}
	}
	var free []string
	for i, c := range t.columns {
		if place[i] < 0 {
			free = append(free, c.name)
		}
	}
	if len(unknown) == len(t.header) {
		unknown = nil // this line is no header at all
	}
	for _, i := range unknown {
		hint := "this file has " + names(t.columns)
		if near := Nearest(t.header[i], free); near != "" {
			hint = "did you mean " + near + "?"
		}
		t.faults.Addf(t.file, line, 0, "column %s is not known: %s", Quote(trim(cells[i])), hint)
	}
	if len(*t.faults) > start {
		return false
	}
	t.place = place
	return true
}

// takeRow hands on one row.
func (t *table) takeRow(line int, cells []string) {
	t.rows++
	t.row.line, t.row.sound = line, true
	last := -1
	for i, at := range t.place {
		t.row.cells[i] = ""
		if at >= len(cells) || at < 0 {
			if at >= 0 && t.columns[i].required {
				last = at
			}
			continue
		}
		c := trim(cells[at])
		if wrong := checkCell(t.columns[i].name, c); wrong != "" {
			t.faults.Addf(t.file, line, 0, "%s", wrong)
			t.row.sound, c = false, ""
		}
		t.row.cells[i] = c
	}
	switch {
	case last >= 0 && !t.padded:
		t.faults.Addf(t.file, line, 0, "%s where the header has %d: is a separator missing?", counted(len(cells)), len(t.header))
		t.row.sound = false
	case t.beyond(cells) >= 0:
		at := t.beyond(cells)
		t.faults.Addf(t.file, line, 0, "value %d, %s, has no column: does a value hold the separator without being in quotes?", at+1, Quote(trim(cells[at])))
		t.row.sound = false
	}
	t.each(t.row)
}

func counted(cells int) string {
	if cells == 1 {
		return "1 value"
	}
	return fmt.Sprintf("%d values", cells)
}

// beyond is the first cell with a value that no column's name stands above, or -1.
func (t *table) beyond(cells []string) int {
	for i, c := range cells {
		if (i >= len(t.header) || t.header[i] == "") && trim(c) != "" {
			return i
		}
	}
	return -1
}

// full says whether there are so many faults that reading on helps nobody, and says so once.
func (t *table) full() bool {
	before := t.errors
	for ; t.seen < len(*t.faults); t.seen++ {
		if !(*t.faults)[t.seen].Warning {
			t.errors++
		}
	}
	if t.errors < maxFaults {
		return false
	}
	if before < maxFaults {
		t.faults.Addf(t.file, t.row.line+1, 0, "more than %d faults: mend those above, the rest of the file was not read", maxFaults)
		t.seen++
	}
	return true
}

// found lists the columns that the file has.
func (t *table) found() string {
	var found []string
	for _, name := range t.header {
		if name != "" && len(found) < 20 {
			found = append(found, strings.Trim(Quote(name), `"`))
		}
	}
	return strings.Join(found, ", ")
}

func names(columns []column) string {
	list := make([]string, len(columns))
	for i, c := range columns {
		list[i] = c.name
	}
	return strings.Join(list, ", ")
}
