package donor

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/xuri/excelize/v2"
)

const (
	maxUnzipped  = 256 << 20 // bytes of all parts of a workbook
	maxSheetRows = 250_000
	plainFormat  = 9999 // no number format: numbers stay as they are stored
)

// readXLSX reads the first sheet of a workbook. A date comes out as YYYY-MM-DD and a number as plain digits, however
// the sheet shows them.
func (t *table) readXLSX(content []byte) {
	if what := disguised(content); strings.Contains(what, "password") {
		t.faults.Addf(t.file, 0, 0, "%s", what)
		return
	}
	if err := checkZip(content, t.unzipped); err != nil {
		t.faults.Addf(t.file, 0, 0, "%v", err)
		return
	}
	if err := t.sheet(content); err != nil {
		t.faults.Addf(t.file, 0, 0, "the workbook cannot be read (%v): save it again as .xlsx, or as CSV UTF-8", err)
	}
}

func (t *table) sheet(content []byte) (err error) {
	// A workbook comes from anywhere, and the library indexes its parts by what they claim.
	defer func() {
		if p := recover(); p != nil {
			t.place, err = nil, fmt.Errorf("its parts do not fit together")
		}
	}()
	book, err := excelize.OpenReader(bytes.NewReader(content), excelize.Options{
		UnzipSizeLimit: maxUnzipped, UnzipXMLSizeLimit: maxUnzipped, // no part in a temporary file: they are personal data
	})
	if err != nil {
		return err
	}
	defer book.Close()
	if err := plainStyles(book); err != nil {
		return err
	}
	sheets := book.GetSheetList()
	if len(sheets) == 0 {
		return errors.New("no sheet")
	}
	if len(sheets) > 1 {
		t.faults.Warnf(t.file, 0, 0, "only the first sheet, %s, is read: there are %d", Quote(sheets[0]), len(sheets))
	}
	rows, err := book.Rows(sheets[0])
	if err != nil {
		return err
	}
	for line := 1; rows.Next(); line++ {
		cells, err := rows.Columns()
		if err != nil {
			return err
		}
		if t.rows >= t.limit {
			t.faults.Addf(t.file, line, 0, "more than %d rows: save the sheet as CSV UTF-8", t.limit)
			break
		}
		if !t.line(line, cells) {
			break
		}
	}
	return rows.Close()
}

// plainStyles gives every cell format one of two number formats: a date is written YYYY-MM-DD, all else as stored.
func plainStyles(book *excelize.File) error {
	iso := "yyyy-mm-dd"
	id, err := book.NewStyle(&excelize.Style{CustomNumFmt: &iso})
	if err != nil {
		return err
	}
	formats := map[int]string{}
	for _, f := range book.Styles.NumFmts.NumFmt {
		formats[f.NumFmtID] = f.FormatCode
	}
	styles := book.Styles.CellXfs.Xf
	date, stored := *styles[id].NumFmtID, plainFormat
	for i := range styles {
		if n := styles[i].NumFmtID; n != nil && isDate(*n, formats[*n]) {
			styles[i].NumFmtID = &date
		} else {
			styles[i].NumFmtID = &stored
		}
	}
	return nil
}

// isDate says whether a number format shows a day: one of the built-in ones (ECMA-376 part 1, 18.8.30), or a code with
// a year, a day, or a month that is not minutes.
func isDate(id int, code string) bool {
	switch {
	case code == "":
		return 14 <= id && id <= 17 || id == 22 || 27 <= id && id <= 31 || id == 36 || 50 <= id && id <= 58
	}
	code, _, _ = strings.Cut(strings.ToLower(code), ";") // the section for positive numbers
	var shown strings.Builder
	for i := 0; i < len(code); i++ {
		switch skip := map[byte]byte{'"': '"', '[': ']'}[code[i]]; {
		case code[i] == '\\' || code[i] == '_' || code[i] == '*':
			i++
		case skip != 0:
			end := strings.IndexByte(code[i+1:], skip)
			if end < 0 {
				return false
			}
			i += end + 1
		default:
			shown.WriteByte(code[i])
		}
	}
	code = strings.ReplaceAll(shown.String(), "general", "")
	return strings.ContainsAny(code, "yd") || strings.Contains(code, "m") && !strings.ContainsAny(code, "hs")
}

// checkZip makes sure of the size of a workbook's parts and that each is whole: the library stops without a word where
// a sheet is cut, and the rows below would be missing.
func checkZip(content []byte, most int64) error {
	archive, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		return errors.New("this is not an XLSX workbook: save it again as .xlsx, or as CSV UTF-8")
	}
	left := most
	for _, part := range archive.File {
		if left -= int64(min(part.UncompressedSize64, maxUnzipped+1)); left < 0 {
			return fmt.Errorf("the workbook is larger than %d MB when unpacked: save the sheet as CSV UTF-8", most>>20)
		}
	}
	for _, part := range archive.File {
		r, err := part.Open()
		if err != nil {
			return errors.New("the workbook is damaged: save it again as .xlsx, or as CSV UTF-8")
		}
		if isSheet(part.Name) {
			err = wellFormed(r)
		} else {
			_, err = io.Copy(io.Discard, r)
		}
		if err = errors.Join(err, r.Close()); err != nil {
			return fmt.Errorf("the workbook is damaged (%s): save it again as .xlsx, or as CSV UTF-8", Quote(part.Name))
		}
	}
	return nil
}

func isSheet(name string) bool {
	name = strings.ToLower(name)
	return strings.HasSuffix(name, ".xml") && slices.ContainsFunc(
		[]string{"xl/worksheets/", "xl/sharedstrings"}, func(s string) bool { return strings.HasPrefix(name, s) })
}

// wellFormed reads XML to its end.
func wellFormed(r io.Reader) error {
	d := xml.NewDecoder(r)
	d.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil }
	for {
		if _, err := d.Token(); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
	}
}
