package calendar

import (
	"fmt"
	"html"
	"strings"
	"time"
)

// Sizes of the drawing, in its own units.
const (
	left, top   = 96, 96
	cell, row   = 132, 84
	swatch      = 12
	mostInACell = 3
)

// drawingStyle is the whole look of the drawing: by class, so that it has a light, a dark and a printed form.
const drawingStyle = `
svg { background: #ffffff; font: 13px system-ui, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
.title { font-size: 17px; font-weight: 700; } text { fill: #14181d; } .soft { fill: #505a64; font-size: 11px; }
.day { fill: #ffffff; stroke: #d0d7de; } .off { fill: url(#rest); stroke: #d0d7de; }
.rest { stroke: #c3ccd5; } .rest-back { fill: #f4f6f8; }
.s0 { fill: #0b5c8a; } .s1 { fill: url(#p1); stroke: #8a4b0b; } .s2 { fill: url(#p2); stroke: #3d6b1f; } .s3 { fill: url(#p3); stroke: #5b3a8a; }
.l1 { stroke: #8a4b0b; } .l2 { fill: #3d6b1f; } .l3 { stroke: #5b3a8a; } .b { fill: #ffffff; }
@media (prefers-color-scheme: dark) {
svg { background: #12161b; } text { fill: #e6eaee; } .soft { fill: #a9b3bd; }
.day { fill: #12161b; stroke: #363e47; } .off { stroke: #363e47; } .rest { stroke: #46505b; } .rest-back { fill: #1b2027; }
.s0 { fill: #86c5ee; } .s1 { stroke: #f0b37a; } .s2 { stroke: #a8d88a; } .s3 { stroke: #c9b0f0; }
.l1 { stroke: #f0b37a; } .l2 { fill: #a8d88a; } .l3 { stroke: #c9b0f0; } .b { fill: #12161b; }
}
@media print { svg { background: none; } }
`

const drawingPatterns = `<pattern id="rest" width="8" height="8" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect class="rest-back" width="8" height="8"/><line class="rest" x1="0" y1="0" x2="0" y2="8"/></pattern>
<pattern id="p1" width="4" height="4" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect class="b" width="4" height="4"/><line class="l1" x1="0" y1="0" x2="0" y2="4" stroke-width="3"/></pattern>
<pattern id="p2" width="5" height="5" patternUnits="userSpaceOnUse"><rect class="b" width="5" height="5"/><circle class="l2" cx="2" cy="2" r="1.4"/></pattern>
<pattern id="p3" width="4" height="4" patternUnits="userSpaceOnUse"><rect class="b" width="4" height="4"/><line class="l3" x1="0" y1="0" x2="4" y2="0" stroke-width="3"/></pattern>
`

// SVG draws the calendar: a row a week, a cell a day, with the letters of each step. Days on which nobody reads are hatched and
// say why. Colour, pattern and number say the same.
func (c Calendar) SVG() string {
	weeks := c.Weeks()
	width, height := left+7*cell+16, top+len(weeks)*row+16
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-labelledby="t d" lang="en">`+"\n", width, height, width, height)
	fmt.Fprintf(&b, "<title id=\"t\">When the letters leave: %s</title>\n<desc id=\"d\">%s</desc>\n", html.EscapeString(c.Title), html.EscapeString(c.words()))
	fmt.Fprintf(&b, "<style>%s</style>\n<defs>%s</defs>\n", drawingStyle, drawingPatterns)
	fmt.Fprintf(&b, `<text class="title" x="16" y="30">%s</text>`+"\n", html.EscapeString(c.Title))
	c.key(&b)
	for i, name := range []string{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"} {
		fmt.Fprintf(&b, `<text class="soft" x="%d" y="%d">%s</text>`+"\n", left+i*cell+6, top-8, name)
	}
	for w, days := range weeks {
		y := top + w*row
		_, number := days[0].Date.In(time.UTC).ISOWeek()
		fmt.Fprintf(&b, `<text class="soft" x="16" y="%d">week %d</text>`+"\n", y+18, number)
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
		fmt.Fprintf(b, `<rect class="s%d" x="%d" y="44" width="%d" height="%d"/><text x="%d" y="55">%s</text>`+"\n", i%4, x, swatch, swatch, x+swatch+6, html.EscapeString(s))
		x += swatch + 24 + 8*len(s)
	}
	fmt.Fprintf(b, `<rect class="off" x="%d" y="44" width="%d" height="%d"/><text x="%d" y="55">nobody reads at the campaign's own place</text>`+"\n", x, swatch, swatch, x+swatch+6)
}

func (c Calendar) day(b *strings.Builder, d Day, x, y int) {
	class := "day"
	if d.Off != "" {
		class = "off"
	}
	form := "2"
	if d.Date.Day == 1 || d.Date == c.Days[0].Date {
		form = "2 January"
	}
	fmt.Fprintf(b, `<rect class="%s" x="%d" y="%d" width="%d" height="%d"/><text x="%d" y="%d">%s</text>`, class, x, y, cell, row, x+6, y+17, d.Date.In(time.UTC).Format(form))
	line := y + 34
	shown := 0
	for i, s := range c.Steps {
		n := d.Counts[s]
		if n == 0 || shown == mostInACell {
			continue
		}
		shown++
		fmt.Fprintf(b, `<rect class="s%d" x="%d" y="%d" width="%d" height="%d"/><text x="%d" y="%d">%d</text>`, i%4, x+6, line-10, swatch, swatch, x+6+swatch+6, line, n)
		line += 17
	}
	if d.Off != "" && d.Off != "weekend" {
		name := []rune(d.Off)
		if len(name) > 20 {
			name = append(name[:19], '…')
		}
		fmt.Fprintf(b, `<text class="soft" x="%d" y="%d">%s</text>`, x+6, y+row-7, html.EscapeString(string(name)))
	}
	b.WriteByte('\n')
}

// words say what the drawing shows to those who cannot see it.
func (c Calendar) words() string {
	if len(c.Letters) == 0 {
		return "No letter is planned."
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d letters from %s to %s.", len(c.Letters), c.Letters[0].At.Format("2 January 2006"), c.Letters[len(c.Letters)-1].At.Format("2 January 2006"))
	for _, d := range c.Days {
		for _, s := range c.Steps {
			if n := d.Counts[s]; n > 0 {
				fmt.Fprintf(&b, " %s: %d of %s.", d.Date.In(time.UTC).Format("2 January"), n, s)
			}
		}
	}
	return b.String()
}
