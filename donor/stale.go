package donor

import (
	"fmt"
	"strings"
)

// A staleRow is a contact whose post nobody has looked at for long, or ever.
type staleRow struct {
	donor    string
	line     int
	verified Date
}

// named rows that one warning shows; the others are counted.
const staleShown = 5

// tellStale warns of the contacts that were not verified lately.
func (c *contacts) tellStale(file string) {
	if len(c.stale) == 0 {
		return
	}
	var rows []string
	for _, s := range c.stale[:min(len(c.stale), staleShown)] {
		when := "never"
		if s.verified != (Date{}) {
			when = "on " + s.verified.String()
		}
		rows = append(rows, fmt.Sprintf("line %d (%s, %s)", s.line, s.donor, when))
	}
	list := strings.Join(rows, ", ")
	if n := len(c.stale) - staleShown; n > 0 {
		list += fmt.Sprintf(" and %d more", n)
	}
	c.faults.Warnf(file, c.stale[0].line, 0, "not verified in the last %d days: %s; make sure that each person still holds the post, and write the day under verified", c.fresh, list)
}
