package donor

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Fault is one thing wrong in one place of what staff wrote: file, line, what is wrong and what to do.
// All rooms that read what staff write report in Faults, so that every fault of a reading is shown at once.
type Fault struct {
	File    string // as staff know it, relative to the project folder
	Line    int    // from 1; 0 when the fault is about the whole file
	Column  int    // from 1; 0 when not known
	Text    string // what is wrong and what to do, in one sentence
	Warning bool   // worth a look, refuses nothing
}

// Error formats the fault as FILE:LINE:COLUMN: text, leaving out what is not known.
func (f Fault) Error() string {
	var b strings.Builder
	b.WriteString(f.File)
	if f.Line > 0 {
		fmt.Fprintf(&b, ":%d", f.Line)
		if f.Column > 0 {
			fmt.Fprintf(&b, ":%d", f.Column)
		}
	}
	b.WriteString(": ")
	if f.Warning {
		b.WriteString("warning: ")
	}
	b.WriteString(f.Text)
	return b.String()
}

// Faults is everything one reading found, in the order of file and line.
type Faults []Fault

// Addf adds one fault at a place.
func (fs *Faults) Addf(file string, line, column int, format string, args ...any) {
	*fs = append(*fs, Fault{File: file, Line: line, Column: column, Text: fmt.Sprintf(format, args...)})
}

// Warnf adds one warning at a place.
func (fs *Faults) Warnf(file string, line, column int, format string, args ...any) {
	*fs = append(*fs, Fault{File: file, Line: line, Column: column, Text: fmt.Sprintf(format, args...), Warning: true})
}

// Refuses says whether any of the faults is more than a warning.
func (fs Faults) Refuses() bool {
	return slices.ContainsFunc(fs, func(f Fault) bool { return !f.Warning })
}

// Sort puts the faults in the order of file, line and column.
func (fs Faults) Sort() {
	slices.SortStableFunc(fs, func(a, b Fault) int {
		return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
}

// Error joins the faults, one a line.
func (fs Faults) Error() string {
	lines := make([]string, len(fs))
	for i, f := range fs {
		lines[i] = f.Error()
	}
	return strings.Join(lines, "\n")
}
