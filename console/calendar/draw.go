package calendar

import (
	"fmt"
	"html"
	"strings"
	"time"

	"outreach.example/campaign"
)

// Sizes of the drawing, in its own units.
const (
	left, top   = 96, 96
	cell, row   = 132, 84
	swatch      = 12
	mostInACell = 3
)

// Style is the whole look of the drawing: by class, so that it has a light, a dark and a printed form, and below the class
// calendar, so that it can stand in the style sheet of a page.
const Style = `
.calendar { background: #ffffff; font: 13px system-ui, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
.calendar .title { font-size: 17px; font-weight: 700; } .calendar text { fill: #14181d; } .calendar .note { fill: #505a64; font-size: 11px; }
.calendar .day { fill: #ffffff; stroke: #d0d7de; } .calendar .off { stroke: #d0d7de; } .calendar .today { fill: none; stroke: #14181d; stroke-width: 3; }
.calendar .rest { stroke: #c3ccd5; } .calendar .rest-back { fill: #f4f6f8; }
.calendar .s0 { fill: #0b5c8a; } .calendar .s1, .calendar .l1 { stroke: #8a4b0b; } .calendar .s2 { stroke: #3d6b1f; } .calendar .l2 { fill: #3d6b1f; }
.calendar .s3, .calendar .l3 { stroke: #5b3a8a; } .calendar .b { fill: #ffffff; }
@media screen and (prefers-color-scheme: dark) {
.calendar { background: #12161b; } .calendar text { fill: #e6eaee; } .calendar .note { fill: #a9b3bd; }
.calendar .day { fill: #12161b; stroke: #363e47; } .calendar .off { stroke: #363e47; } .calendar .today { stroke: #e6eaee; }
.calendar .rest { stroke: #46505b; } .calendar .rest-back { fill: #1b2027; }
.calendar .s0 { fill: #86c5ee; } .calendar .s1, .calendar .l1 { stroke: #f0b37a; } .calendar .s2 { stroke: #a8d88a; } .calendar .l2 { fill: #a8d88a; }
.calendar .s3, .calendar .l3 { stroke: #c9b0f0; } .calendar .b { fill: #12161b; }
}
@media print { .calendar { background: none; } }
`

// The patterns are named where they are used, not in the style: a style sheet of its own would look for them in itself.
const drawingPatterns = `<pattern id="calendar-rest" width="8" height="8" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect class="rest-back" width="8" height="8"/><line class="rest" x1="0" y1="0" x2="0" y2="8"/></pattern>
<pattern id="calendar-1" width="4" height="4" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect class="b" width="4" height="4"/><line class="l1" x1="0" y1="0" x2="0" y2="4" stroke-width="3"/></pattern>
<pattern id="calendar-2" width="5" height="5" patternUnits="userSpaceOnUse"><rect class="b" width="5" height="5"/><circle class="l2" cx="2" cy="2" r="1.4"/></pattern>
<pattern id="calendar-3" width="4" height="4" patternUnits="userSpaceOnUse"><rect class="b" width="4" height="4"/><line class="l3" x1="0" y1="0" x2="4" y2="0" stroke-width="3"/></pattern>
`

// stepLook is how a step is filled, after its place.
func stepLook(i int) string {
	if i %= 4; i > 0 {
		return fmt.Sprintf(`class="s%d" fill="url(#calendar-%d)"`, i, i)
	}
	return `class="s0"`
}

const restLook = `class="off" fill="url(#calendar-rest)"`

// SVG draws the calendar as a file of its own: a row a week, a cell a day, with the letters of each step. Days on which nobody
// reads are hatched and say why. Colour, pattern and number say the same.
func (c Calendar) SVG() string {
	return c.draw(c.words(), "<style>"+Style+"</style>\n")
}

// Drawing is the same for a page that has Style in its style sheet, and a table of the days below.
func (c Calendar) Drawing() string { return c.draw(c.span()+" The table below says it by day.", "") }

func (c Calendar) draw(words, style string) string {
	weeks := c.Weeks()
	width, height := left+7*cell+16, top+len(weeks)*row+16
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" class="calendar" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-labelledby="calendar-title calendar-words" lang="en">`+"\n", width, height, width, height)
	fmt.Fprintf(&b, "<title id=\"calendar-title\">When the letters leave: %s</title>\n<desc id=\"calendar-words\">%s</desc>\n", html.EscapeString(c.Title), html.EscapeString(words))
	fmt.Fprintf(&b, "%s<defs>%s</defs>\n", style, drawingPatterns)
	fmt.Fprintf(&b, `<text class="title" x="16" y="30">%s</text>`+"\n", html.EscapeString(c.Title))
	c.key(&b)
	for i, name := range []string{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"} {
		fmt.Fprintf(&b, `<text class="note" x="%d" y="%d">%s</text>`+"\n", left+i*cell+6, top-8, name)
	}
	for w, days := range weeks {
		y := top + w*row
		_, number := days[0].Date.In(time.UTC).ISOWeek()
		fmt.Fprintf(&b, `<text class="note" x="16" y="%d">week %d</text>`+"\n", y+18, number)
		for i, d := range days {
			c.day(&b, d, left+i*cell, y)
		}
	}
	b.WriteString("</svg>\n")
	return b.String()
}

// key says what the swatches mean.
func (c Calendar) key(b *strings.Builder) {
	x := 16
	for i, s := range c.Steps {
		fmt.Fprintf(b, `<rect %s x="%d" y="44" width="%d" height="%d"/><text x="%d" y="55">%s</text>`+"\n", stepLook(i), x, swatch, swatch, x+swatch+6, html.EscapeString(s))
		x += swatch + 24 + 8*len(s)
	}
	fmt.Fprintf(b, `<rect %s x="%d" y="44" width="%d" height="%d"/><text x="%d" y="55">nobody reads at the campaign's own place</text>`+"\n", restLook, x, swatch, swatch, x+swatch+6)
}

func (c Calendar) day(b *strings.Builder, d Day, x, y int) {
	look := `class="day"`
	if d.Off != "" {
		look = restLook
	}
	form := "2"
	if d.Date.Day == 1 || d.Date == c.Days[0].Date {
		form = "2 January"
	}
	name := d.Date.In(time.UTC).Format(form)
	if d.Date == c.Today {
		name += " today"
	}
	fmt.Fprintf(b, `<rect %s x="%d" y="%d" width="%d" height="%d"/><text x="%d" y="%d">%s</text>`, look, x, y, cell, row, x+6, y+17, name)
	if d.Date == c.Today {
		fmt.Fprintf(b, `<rect class="today" x="%d" y="%d" width="%d" height="%d"/>`, x+1, y+1, cell-2, row-2)
	}
	line := y + 34
	shown := 0
	for i, s := range c.Steps {
		n := d.Counts[s]
		if n == 0 || shown == mostInACell {
			continue
		}
		shown++
		fmt.Fprintf(b, `<rect %s x="%d" y="%d" width="%d" height="%d"/><text x="%d" y="%d">%d</text>`, stepLook(i), x+6, line-10, swatch, swatch, x+6+swatch+6, line, n)
		line += 17
	}
	if d.Off != "" {
		name := []rune(d.Off)
		if d.Off == campaign.NotBegun {
			name = []rune("not begun")
		}
		if len(name) > 20 {
			name = append(name[:19], '…')
		}
		fmt.Fprintf(b, `<text class="note" x="%d" y="%d">%s</text>`, x+6, y+row-7, html.EscapeString(string(name)))
	}
	b.WriteByte('\n')
}

// words say what the drawing shows to those who cannot see it.
func (c Calendar) words() string {
	var b strings.Builder
	b.WriteString(c.span())
	for _, d := range c.Days {
		for _, s := range c.Steps {
			if n := d.Counts[s]; n > 0 {
				fmt.Fprintf(&b, " %s: %d of %s.", d.Date.In(time.UTC).Format("2 January"), n, s)
			}
		}
	}
	return b.String()
}

// span says how many letters there are, and from when to when.
func (c Calendar) span() string {
	if len(c.Letters) == 0 {
		return "No letter is planned."
	}
	return fmt.Sprintf("%d letters from %s to %s.", len(c.Letters), c.Letters[0].At.Format("2 January 2006"), c.Letters[len(c.Letters)-1].At.Format("2 January 2006"))
}
