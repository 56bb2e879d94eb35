package donor

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"
)

// Content is the file that the proposal makes, written as the one before it: its separator, its mark and its ends of lines,
// and of a workbook the first sheet, with its other sheets as they are.
func (p *Proposal) Content() ([]byte, error) {
	var content []byte
	if p.book {
		var err error
		if content, err = p.encodeXLSX(); err != nil {
			return nil, fmt.Errorf("%s cannot be written: %w", p.File, err)
		}
	} else {
		end := "\n"
		if p.crlf {
			end = "\r\n"
		}
		content, _ = p.encodeCSV(p.separatorOf(), p.bom, end)
	}
	// What was shown is what will be read: a writer that changes a value is found here.
	back, faults := readSheet(Columns(p.Table), p.File, content, maxSheetRows+1, maxUnzipped)
	if faults.Refuses() {
		return nil, faults
	}
	same := slices.EqualFunc(back.Rows, p.rows, func(a SheetRow, b proposed) bool {
		return slices.Equal(a.Cells, b.cells)
	})
	if !slices.Equal(back.Head, p.Head) || !same {
		return nil, fmt.Errorf("%s would not read as it was shown, so it is not written: save it as CSV UTF-8 and bring the rows again", p.File)
	}
	return content, nil
}

// encodeCSV writes the rows, and says for each line below the header which row it belongs to.
func (p *Proposal) encodeCSV(comma rune, bom bool, end string) (content []byte, lines []int) {
	var b bytes.Buffer
	if bom {
		b.WriteString("\ufeff")
	}
	w := csv.NewWriter(&b)
	w.Comma, w.UseCRLF = comma, end == "\r\n"
	write := func(cells []string) int {
		from := b.Len()
		_ = w.Write(cells) // into memory, and the separator is one that reading knows
		w.Flush()
		return bytes.Count(b.Bytes()[from:], []byte("\n"))
	}
	write(p.Head)
	for i, r := range p.rows {
		for range write(r.cells) {
			lines = append(lines, i)
		}
	}
	return b.Bytes(), lines
}

// wholeNumber says whether a cell is better a number of a sheet than text: then a spreadsheet can add it.
func wholeNumber(column, s string) (int64, bool) {
	if column != "year" && column != "amount" || len(s) > 15 {
		return 0, false // a sheet's numbers have 15 digits
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil && strconv.FormatInt(n, 10) == s
}

func (p *Proposal) encodeXLSX() (_ []byte, err error) {
	defer func() {
		if r := recover(); r != nil { // the library indexes parts by what they claim
			err = fmt.Errorf("its parts do not fit together")
		}
	}()
	book, err := excelize.OpenReader(bytes.NewReader(p.was), excelize.Options{UnzipSizeLimit: maxUnzipped, UnzipXMLSizeLimit: maxUnzipped})
	if err != nil {
		return nil, err
	}
	defer book.Close()
	w, err := book.NewStreamWriter(book.GetSheetList()[0])
	if err != nil {
		return nil, err
	}
	set := func(line int, cells []string, numbers bool) error {
		row := make([]any, len(cells))
		for i, c := range cells {
			row[i] = c
			if n, ok := wholeNumber(p.Head[i], c); ok && numbers {
				row[i] = n
			}
		}
		cell, err := excelize.CoordinatesToCellName(1, line)
		if err != nil {
			return err
		}
		return w.SetRow(cell, row)
	}
	if err := set(1, p.Head, false); err != nil {
		return nil, err
	}
	for i, r := range p.rows {
		if err := set(i+2, r.cells, true); err != nil {
			return nil, err
		}
	}
	if err := w.Flush(); err != nil {
		return nil, err
	}
	b, err := book.WriteToBuffer()
	if err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// written is a folder in which one table has another content than on the disk.
type written struct {
	fs.FS
	table   string
	content []byte
}

func (w written) file() string { return w.table + ".csv" }

// Open opens a file of the folder.
func (w written) Open(name string) (fs.File, error) {
	if name == w.file() {
		return &memory{Reader: bytes.NewReader(w.content), name: name}, nil
	}
	return w.FS.Open(name)
}

// ReadDir lists a folder: the table is there once, as CSV.
func (w written) ReadDir(name string) ([]fs.DirEntry, error) {
	entries, err := fs.ReadDir(w.FS, name)
	if err != nil || name != "." {
		return entries, err
	}
	entries = slices.DeleteFunc(entries, func(e fs.DirEntry) bool {
		return strings.EqualFold(e.Name(), w.file()) || strings.EqualFold(e.Name(), w.table+".xlsx")
	})
	return append(entries, fs.FileInfoToDirEntry(&memory{Reader: bytes.NewReader(w.content), name: w.file()})), nil
}

// memory is a file that is written nowhere yet.
type memory struct {
	*bytes.Reader
	name string
}

func (m *memory) Stat() (fs.FileInfo, error) { return m, nil }
func (m *memory) Close() error               { return nil }
func (m *memory) Name() string               { return m.name }
func (m *memory) Size() int64                { return m.Reader.Size() }
func (m *memory) Mode() fs.FileMode          { return 0o400 }
func (m *memory) ModTime() time.Time         { return time.Time{} }
func (m *memory) IsDir() bool                { return false }
func (m *memory) Sys() any                   { return nil }
