package donor

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"strings"
)

const maxLine = 10 << 20 // bytes

// readCSV reads text with a separator between values: a comma, a semicolon or a tab.
func (t *table) readCSV(content []byte) {
	if what := disguised(content); what != "" {
		t.faults.Addf(t.file, 0, 0, "%s", what)
		return
	}
	d := decode(content)
	if d.fault != "" {
		t.faults.Addf(t.file, d.line, 0, "%s", d.fault)
		return
	}
	if d.warning != "" {
		t.faults.Warnf(t.file, d.line, 0, "%s", d.warning)
	}
	text := d.text
	if line := longLine(text); line > 0 {
		t.faults.Addf(t.file, line, 0, "the line is longer than %d MB: is a line break missing?", maxLine>>20)
		return
	}
	if !bytes.ContainsRune(text, '\n') && bytes.ContainsRune(text, '\r') {
		t.faults.Addf(t.file, 0, 0, "the lines end as on old Macintosh computers: save the file as CSV UTF-8")
		return
	}
	comma, skipped := t.separator(text), 0
	if first, rest, ok := bytes.Cut(text, []byte("\n")); ok && len(first) > 4 && bytes.EqualFold(first[:4], []byte("sep=")) {
		comma, text, skipped = rune(first[4]), rest, 1 // a line that Excel reads and hides
	}
	if !strings.ContainsRune(",;\t", comma) {
		t.faults.Addf(t.file, 1, 0, "the separator %s is not read: use a comma, a semicolon or a tab", Quote(string(comma)))
		return
	}
	t.comma = comma
	r := csv.NewReader(bytes.NewReader(text))
	r.Comma, r.FieldsPerRecord, r.ReuseRecord = comma, -1, true
	for {
		cells, err := r.Read()
		var parse *csv.ParseError
		switch {
		case err == io.EOF:
			return
		case errors.As(err, &parse):
			t.quoteFault(parse, skipped, r.InputOffset() >= int64(len(text)))
			if t.place == nil || t.full() {
				t.header = nil
				return
			}
			continue
		}
		line, _ := r.FieldPos(0)
		if !t.line(line+skipped, cells) {
			return
		}
	}
}

// quoteFault says what the quotes of a row do wrong.
func (t *table) quoteFault(e *csv.ParseError, skipped int, atEnd bool) {
	line := e.Line + skipped
	switch {
	case errors.Is(e.Err, csv.ErrBareQuote):
		t.faults.Addf(t.file, line, e.Column, `a quote inside a value: put the whole value in quotes and write each quote inside it twice`)
	case atEnd && e.StartLine != e.Line:
		t.faults.Addf(t.file, e.StartLine+skipped, 0, `a quote that is opened in this row is never closed: close it, or write each quote inside a value twice`)
	default:
		t.faults.Addf(t.file, line, e.Column, `a quoted value goes on after its closing quote (the row begins in line %d): write each quote inside it twice`, e.StartLine+skipped)
	}
}

// separator is the one of the three under which the first line has most of the columns, or else the most frequent.
func (t *table) separator(text []byte) rune {
	first := text
	for trimmed := true; trimmed; { // empty lines above the header
		first, _, trimmed = bytes.Cut(text, []byte("\n"))
		if len(bytes.Trim(first, " \r\t,;\"")) > 0 {
			break
		}
		text = text[min(len(text), len(first)+1):]
	}
	best, score := ',', 0
	for _, comma := range ",;\t" {
		r := csv.NewReader(bytes.NewReader(first))
		r.Comma, r.LazyQuotes = comma, true
		cells, _ := r.Read()
		s := len(cells)
		for _, c := range cells {
			for _, known := range t.columns {
				if strings.EqualFold(trim(c), known.name) {
					s += 1000
				}
			}
		}
		if s > score {
			best, score = comma, s
		}
	}
	return best
}

// longLine is the first line that is too long, or 0.
func longLine(text []byte) int {
	for line := 1; len(text) > maxLine; line++ {
		at := bytes.IndexByte(text, '\n')
		if at > maxLine || at < 0 {
			return line
		}
		text = text[at+1:]
	}
	return 0
}

// disguised says what a file with a name in .csv is, if it is a workbook.
func disguised(content []byte) string {
	switch {
	case bytes.HasPrefix(content, []byte("PK\x03\x04")):
		return "this is a workbook, not CSV: give it a name that ends in .xlsx"
	case bytes.HasPrefix(content, []byte("\xd0\xcf\x11\xe0")):
		return "this is a workbook of an old kind, or one with a password: save it as .xlsx without a password, or as CSV UTF-8"
	}
	return ""
}
