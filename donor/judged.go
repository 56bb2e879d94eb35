package donor

import (
	"fmt"
	"io/fs"
	"regexp"
	"strconv"
	"strings"
)

// judge reads the folder as it would be, and says what is wrong with the rows, each at its place.
func (p *Proposal) judge(fsys fs.FS, today Date, fresh int, brought string) {
	already := map[string]bool{}
	if p.exists {
		_, faults := ReadFresh(fsys, today, fresh)
		for _, f := range faults {
			already[f.Error()] = true
		}
	}
	content, lines := p.encodeCSV(',', false, "\n")
	file := p.Table + ".csv"
	_, faults := ReadFresh(written{fsys, p.Table, content}, today, fresh)
	for _, f := range faults {
		switch {
		case strings.HasPrefix(f.File, "donors."):
			p.Faults = append(p.Faults, f)
			continue
		case f.File != file:
			continue // another table's: this import does not change it
		}
		row, ok := proposed{}, false
		if f.Line > 1 && f.Line <= len(lines)+1 {
			row, ok = p.rows[lines[f.Line-2]], true
		}
		f.Text = p.placed(f.Text, lines, ok && row.brought)
		switch {
		case !ok:
			f.File, f.Line, f.Column = brought, 0, 0
		case row.brought:
			f.File, f.Line, f.Column = brought, row.line, 0
		default:
			f.File, f.Line, f.Column = p.File, row.line, 0
			if already[f.Error()] {
				if f.Warning {
					continue // it was there before, and is not made worse
				}
				f.Warning = true
			}
		}
		p.Faults = append(p.Faults, f)
	}
	p.Faults.Sort()
}

// lineWords finds a line that a sentence names; what stands in quotes is what somebody wrote.
var lineWords = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|\bline (\d+)`)

// placed names the lines of a sentence as its reader knows them: those of the sheet, or those of the table as it is.
func (p *Proposal) placed(text string, lines []int, brought bool) string {
	return lineWords.ReplaceAllStringFunc(text, func(word string) string {
		digits, is := strings.CutPrefix(word, "line ")
		n, err := strconv.Atoi(digits)
		if !is || err != nil || n < 2 || n > len(lines)+1 {
			return word
		}
		switch r := p.rows[lines[n-2]]; {
		case p.edit && r.line == newRow:
			return "the new row"
		case p.edit:
			return fmt.Sprintf("line %d", r.line)
		case r.brought == brought:
			return fmt.Sprintf("line %d", r.line)
		case r.brought:
			return fmt.Sprintf("line %d of the file that is brought", r.line)
		default:
			return fmt.Sprintf("line %d of %s", r.line, p.File)
		}
	})
}
