package main

import (
	"encoding/csv"
	"strings"
)

// csv writes rows for a spreadsheet. A cell that a spreadsheet would take for a formula begins with an apostrophe.
func (a *app) csv(rows [][]string) error {
	w := csv.NewWriter(a.out)
	for _, row := range rows {
		safe := make([]string, len(row))
		for i, cell := range row {
			if strings.IndexAny(cell, "=+-@\t\r\uff1d\uff0b\uff0d\uff20") == 0 {
				cell = "'" + cell
			}
			safe[i] = cell
		}
		if err := w.Write(safe); err != nil {
			return err
		}
	}
	w.Flush()
	return w.Error()
}
