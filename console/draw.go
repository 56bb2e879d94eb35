package console

import (
	"fmt"
	"html/template"
	"slices"
	"strings"

	"outreach.example/donor"
	"outreach.example/ledger"
	"outreach.example/letter"
)

// What is drawn is SVG made here, whose colours are the style sheet's. Beside each drawing the same stands in words or in a
// table: a drawing is never all that is said.

type length struct {
	class string
	n     int64
}

// bars is one bar of parts, as wide as its place.
func bars(of int64, parts []length, label string) template.HTML {
	var b strings.Builder
	fmt.Fprintf(&b, `<svg class="bar" viewBox="0 0 1000 20" preserveAspectRatio="none" role="img" aria-label="%s"><rect class="bar-back" width="1000" height="20"/>`,
		template.HTMLEscapeString(label))
	at := int64(0)
	for _, p := range parts {
		if p.n <= 0 {
			continue
		}
		w := max(p.n*1000/of, 3)
		w = min(w, 1000-at)
		fmt.Fprintf(&b, `<rect class="%s" x="%d" width="%d" height="20"/>`, p.class, at, w)
		at += w
	}
	b.WriteString("</svg>")
	return template.HTML(b.String()) //nolint:gosec // made of numbers and of escaped words
}

// stateClass is the colour of a state in a bar.
var stateClass = map[letter.State]string{
	letter.Sent: "p-sent", letter.Sending: "p-moving", letter.Claimed: "p-moving", letter.Planned: "p-planned", letter.InDoubt: "p-doubt",
	letter.Refused: "p-bad", letter.Bounced: "p-bad", letter.Withheld: "p-doubt", letter.Cancelled: "p-still",
}

// stepBar draws how far a step is.
func stepBar(c ledger.Counts) template.HTML {
	if c.Total() == 0 {
		return ""
	}
	var parts []length
	var words []string
	for _, s := range []letter.State{letter.Sent, letter.Sending, letter.Claimed, letter.Planned, letter.InDoubt, letter.Withheld, letter.Refused, letter.Bounced, letter.Cancelled} {
		if n := c[s]; n > 0 {
			parts = append(parts, length{stateClass[s], int64(n)})
			words = append(words, count(n)+" "+inWords(s))
		}
	}
	return bars(int64(c.Total()), parts, strings.Join(words, ", "))
}

// A tile is one Member State: a link, coloured and patterned by where its case is.
type tile struct {
	ID, Name, Kind, Says string
	Drawn                template.HTML
	To                   string
}

// tileGroup are the States of one regional group.
type tileGroup struct {
	Name  string
	Tiles []tile
	Count []tileCount // the same in words
}

type tileCount struct {
	Says string
	N    int
}

type tileKey struct {
	Says  string
	Drawn template.HTML
}

// tileKinds are what a tile can show, in the order of the key. The pattern tells them apart without colour.
var tileKinds = []struct{ kind, class, says, pattern string }{
	{"pledged", "t-pledged", "pledged", `<path class="tile-ink" stroke-width="3" d="M13 33l6 6 12-13"/>`},
	{"answered", "t-answered", "answered", `<path class="tile-ink" stroke-width="1.5" d="M4 40h36M4 36h36M4 32h36"/>`},
	{"declined", "t-none", "declined", `<path class="tile-ink" stroke-width="3" d="M10 34h24"/>`},
	{"waiting", "t-waiting", "waits: held, with capital, or for a person's release", `<path class="tile-ink" stroke-width="3.5" d="M18 28v12M26 28v12"/>`},
	{"sent", "t-open", "written to", `<path class="tile-ink" stroke-width="2" d="M12 28h20v11h-20zM12 28l10 6 10-6"/>`},
	{"planned", "t-open", "to be written to", `<path class="tile-ink" stroke-width="1.5" stroke-dasharray="2 3" d="M6 34h32"/>`},
	{"look", "t-look", "for a person to look at", `<path class="tile-ink" stroke-width="2.5" d="M15 28l14 12M29 28l-14 12"/>`},
	{"cancelled", "t-none", "cancelled", `<path class="tile-ink" stroke-width="1.5" d="M8 40l28-14"/>`},
	{"none", "t-none", "not written to", ``},
}

func tileKindOf(kind string) int {
	return slices.IndexFunc(tileKinds, func(k struct{ kind, class, says, pattern string }) bool { return k.kind == kind })
}

// drawTile draws one. Name is the State's code, as the tile shows it.
func drawTile(kind, name string) template.HTML {
	k := tileKinds[tileKindOf(kind)]
	text := ""
	if name != "" {
		text = `<text class="tile-name" x="22" y="19">` + template.HTMLEscapeString(name) + `</text>`
	}
	return template.HTML(`<svg class="` + k.class + `" viewBox="0 0 44 44" aria-hidden="true" focusable="false"><rect class="tile-box" x="1" y="1" width="42" height="42"/>` + //nolint:gosec // made of constants and an escaped code
		k.pattern + text + `</svg>`)
}

func tileKeys() []tileKey {
	var out []tileKey
	for _, k := range tileKinds {
		out = append(out, tileKey{k.says, drawTile(k.kind, "")})
	}
	return out
}

// kindOf says which tile a State in a campaign is.
func (p *picture) kindOf(d *donorLine) string {
	switch w := d.Case.Word(); {
	case w == "pledged" || w == "declined":
		return w
	case d.forPerson() || w == "unreachable" || w == "to be decided":
		return "look"
	case w == "answered":
		return w
	case w != "open" && w != "opted out":
		return "waiting"
	case w == "opted out":
		return "cancelled"
	}
	last := d.Last()
	switch {
	case last.State == "":
		return "none"
	case last.State == letter.Cancelled:
		return "cancelled"
	case last.State == letter.Planned && (d.Held != "" || p.Campaign.Each[last.ID.Step] && !last.Released):
		return "waiting"
	case d.Letters[0].State == letter.Sent:
		return "sent"
	}
	return "planned"
}

// tiles are the Member States of the registry by regional group, whether the campaign writes to them or not.
func (p *picture) tiles() []tileGroup {
	by := map[string]*tileGroup{}
	counts := map[string]map[string]int{}
	var names []string
	for _, s := range donor.Registry().All() {
		if s.Status != donor.Member {
			continue
		}
		group := s.Group
		if group == "" {
			group = "No regional group"
		}
		g := by[group]
		if g == nil {
			g = &tileGroup{Name: group}
			by[group], counts[group] = g, map[string]int{}
			names = append(names, group)
		}
		kind, to := "none", ""
		if d := p.byID[s.ID]; d != nil {
			kind, to = p.kindOf(d), "/campaigns/"+p.Campaign.Name+"/donors/"+s.ID
		}
		k := tileKinds[tileKindOf(kind)]
		g.Tiles = append(g.Tiles, tile{s.ID, s.Name["en"], kind, k.says, drawTile(kind, s.ID), to})
		counts[group][kind]++
	}
	slices.Sort(names)
	var out []tileGroup
	for _, n := range names {
		g := by[n]
		for _, k := range tileKinds {
			if c := counts[n][k.kind]; c > 0 {
				g.Count = append(g.Count, tileCount{k.says, c})
			}
		}
		out = append(out, *g)
	}
	return out
}
