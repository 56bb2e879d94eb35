package templates

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"outreach.example/donor"
)

const (
	maxText  = 64 << 10 // bytes of a text: a letter is a few pages
	maxTable = 1 << 20  // bytes of the register or of the forms
	maxRows  = 2000
)

// A cell is one field of a table, with its place.
type cell struct {
	text         string
	line, column int
}

// A row is the cells of one line by the name of their column.
type row struct {
	line  int
	cells map[string]cell
}

type table struct{ rows []row }

// readTable reads a CSV file strictly: every column of must is there, none twice, and each other one is one of may or
// begins with one of the prefixes, which a language follows. Rows of empty cells are passed over.
func readTable(file, content string, must, prefixes []string, may ...string) (t table, faults donor.Faults) {
	content, what := readable(content, maxTable)
	if what != "" {
		faults.Addf(file, 0, 0, "%s", what)
		return t, faults
	}
	head, _, _ := strings.Cut(content, "\n")
	r := csv.NewReader(strings.NewReader(content))
	if strings.Count(head, ";") > strings.Count(head, ",") {
		r.Comma = ';' // as spreadsheets write where the comma is the decimal sign
	}
	r.FieldsPerRecord = -1
	var columns []string
	for {
		fields, err := r.Read()
		var wrong *csv.ParseError
		switch {
		case errors.Is(err, io.EOF):
			if columns == nil {
				faults.Addf(file, 1, 0, "the file is empty: its first line names the columns (%s, ...)", strings.Join(must, ", "))
			} else if len(t.rows) == 0 && !faults.Refuses() {
				faults.Addf(file, 2, 0, "no row stands below the names of the columns")
			}
			return t, faults
		case errors.As(err, &wrong):
			faults.Addf(file, wrong.Line, wrong.Column, "a quotation mark is in the wrong place: put the whole cell between quotation marks, and write those inside it twice")
			return t, faults
		case err != nil:
			faults.Addf(file, 0, 0, "%v", err)
			return t, faults
		}
		line, _ := r.FieldPos(0)
		if columns == nil {
			columns = fields
			faults = append(faults, checkColumns(file, r, fields, must, prefixes, may)...)
			if faults.Refuses() {
				return t, faults
			}
			continue
		}
		if strings.TrimSpace(strings.Join(fields, "")) == "" {
			continue
		}
		if len(fields) != len(columns) {
			faults.Addf(file, line, 0, "%d cells where the first line names %d columns: a separator is missing or too many, or a cell that holds one is not between quotation marks", len(fields), len(columns))
			continue
		}
		if len(t.rows) == maxRows {
			faults.Addf(file, line, 0, "more than %d rows: this is another file", maxRows)
			return t, faults
		}
		cells := make(map[string]cell, len(fields))
		for i, f := range fields {
			l, c := r.FieldPos(i)
			cells[columns[i]] = cell{strings.TrimSpace(f), l, c}
		}
		t.rows = append(t.rows, row{line, cells})
	}
}

func checkColumns(file string, r *csv.Reader, columns, must, prefixes, may []string) (faults donor.Faults) {
	seen := map[string]bool{}
	for i, name := range columns {
		columns[i] = strings.ToLower(strings.TrimSpace(name))
		name, line, column := columns[i], 0, 0
		line, column = r.FieldPos(i)
		switch {
		case seen[name]:
			faults.Addf(file, line, column, "column %s is here twice: keep one", donor.Quote(name))
		case !slices.Contains(may, name) && !named(name, must, prefixes):
			faults.Addf(file, line, column, "unknown column %s: %s", donor.Quote(name), didYouMean(name, slices.Concat(must, may, examples(prefixes))))
		}
		seen[name] = true
	}
	for _, name := range must {
		if !seen[name] {
			faults.Addf(file, 1, 0, "column '%s' is missing (found: %s)", name, strings.Join(columns, ", "))
		}
	}
	return faults
}

func named(column string, must, prefixes []string) bool {
	for _, m := range must {
		if column == m {
			return true
		}
	}
	for _, p := range prefixes {
		if lang, ok := strings.CutPrefix(column, p); ok && languageForm.MatchString(lang) {
			return true
		}
	}
	return false
}

func examples(prefixes []string) (names []string) {
	for _, p := range prefixes {
		for _, lang := range known() {
			names = append(names, p+lang)
		}
	}
	return names
}

// readable is a file as text with plain line ends, or what keeps it from being read.
func readable(content string, limit int) (text, what string) {
	text = strings.TrimPrefix(content, "\ufeff")
	switch {
	case len(text) > limit:
		return "", fmt.Sprintf("the file is larger than %d kB: it is a few pages, so this is another file", limit>>10)
	case !utf8.ValidString(text):
		return "", "the file is not UTF-8: save it as plain text in UTF-8"
	case strings.ContainsRune(text, 0):
		return "", "the file holds a byte of value 0: save it as plain text in UTF-8"
	}
	return strings.ReplaceAll(text, "\r\n", "\n"), ""
}
