package donor

import (
	"fmt"
	"slices"
	"strings"
)

// spelling is one way in which people name a State.
type spelling struct {
	folded string
	state  int
	exact  bool // an abbreviation or another name: too short or too foreign to be meant by a slip of the pen
}

// otherNames are names and abbreviations that people write and that no letter may use; folded, to ISO 3166-1 alpha-3.
var otherNames = map[string]string{
	"america": "USA", "belarussia": "BLR", "bielorrusia": "BLR", "bielorussie": "BLR", "birmania": "MMR",
	"birmanie": "MMR", "bolivia": "BOL", "britain": "GBR", "burma": "MMR", "byelorussia": "BLR", "cabo verde": "CPV",
	"cap vert": "CPV", "cape verde": "CPV", "congo brazzaville": "COG", "congo kinshasa": "COD", "corea del sur": "KOR",
	"coree du sud": "KOR", "costa de marfil": "CIV", "czech republic": "CZE", "dr congo": "COD", "drc": "COD",
	"east timor": "TLS", "england": "GBR", "estados unidos": "USA", "etats unis": "USA", "fyrom": "MKD",
	"great britain": "GBR", "holanda": "NLD", "holland": "NLD", "hollande": "NLD", "ivory coast": "CIV",
	"korea": "KOR", "laos": "LAO", "macedoine": "MKD", "macedonia": "MKD", "moldavia": "MDA", "moldavie": "MDA",
	"moldova": "MDA", "paises bajos": "NLD", "pays bas": "NLD", "persia": "IRN", "rdc": "COD", "reino unido": "GBR",
	"republique tcheque": "CZE", "republica checa": "CZE", "royaume uni": "GBR", "rusia": "RUS", "russia": "RUS",
	"russie": "RUS", "south korea": "KOR", "surinam": "SUR", "swaziland": "SWZ", "tanzania": "TZA", "tanzanie": "TZA",
	"the hague": "NLD", "turkey": "TUR", "turquia": "TUR", "turquie": "TUR", "u.k.": "GBR", "u.s.": "USA",
	"u.s.a.": "USA", "uk": "GBR", "united kingdom": "GBR", "united states": "USA", "upper volta": "BFA",
	"vatican": "VAT", "vatican city": "VAT", "vaticano": "VAT", "western samoa": "WSM", "zaire": "COD",
	// Codes of sport and road traffic, where they are not those of ISO 3166.
	"cro": "HRV", "den": "DNK", "ger": "DEU", "gre": "GRC", "ned": "NLD", "phi": "PHL", "por": "PRT", "rsa": "ZAF",
	"sui": "CHE",
}

// outside are codes of States that the registry does not hold: they mean themselves, not a neighbour in spelling.
var outside = []string{"AND", "ARE", "BRN", "GNQ", "IRQ", "LBN", "LIE", "MCO", "OMN", "PRK", "SGP", "SYR"}

// spellingsOf lists the codes and names of one State, with and without articles and brackets.
func spellingsOf(i int, d Donor, iso2 string) []spelling {
	list := []spelling{{fold(d.ID), i, false}, {fold(iso2), i, true}}
	for lang, name := range d.Name {
		list = append(list, spelling{fold(name), i, false}, spelling{fold(bare(d.Formal[lang])), i, false})
		if short, _, bracket := strings.Cut(name, " ("); bracket {
			list = append(list, spelling{fold(short), i, false})
		}
	}
	return list
}

// bare is a name without the article before it.
func bare(name string) string {
	for _, article := range []string{"the ", "la ", "le ", "les ", "l’", "l'", "el ", "los ", "las "} {
		if len(name) > len(article) && strings.EqualFold(name[:len(article)], article) {
			return name[len(article):]
		}
	}
	return name
}

// Suggest ends a sentence about a State that nobody knows by this code: "did you mean KEN (Kenya)?". It is "" when
// nothing is near. Old names, abbreviations and names in every language of the registry are understood.
func (s *States) Suggest(word string) string {
	word = strings.TrimSpace(word)
	if word == "" || len(word) > 100 || slices.Contains(outside, strings.ToUpper(word)) {
		return ""
	}
	meant := s.exactly(fold(word))
	if len(meant) == 0 {
		meant = s.exactly(fold(bare(word)))
	}
	if len(meant) == 0 {
		meant = s.nearly(fold(bare(word)))
	}
	var names []string
	for _, i := range meant {
		names = append(names, fmt.Sprintf("%s (%s)", s.all[i].ID, s.all[i].Name["en"]))
	}
	switch n := len(names); {
	case n == 0 || n > 3:
		return ""
	case n == 1:
		return "did you mean " + names[0] + "?"
	default:
		return "did you mean " + strings.Join(names[:n-1], ", ") + " or " + names[n-1] + "?"
	}
}

// exactly are the States with this spelling.
func (s *States) exactly(folded string) (meant []int) {
	for _, w := range s.spellings {
		if w.folded == folded && !slices.Contains(meant, w.state) {
			meant = append(meant, w.state)
		}
	}
	return meant
}

// nearly are the States whose spelling is nearest, all of them: Australia and Austria are not for a machine to choose.
func (s *States) nearly(folded string) (meant []int) {
	near := max(1, len(folded)/4) + 1
	for _, w := range s.spellings {
		if w.exact || len(folded) <= 2 {
			continue
		}
		if d := edits(folded, w.folded); d < near {
			near, meant = d, []int{w.state}
		} else if d == near && len(meant) > 0 && !slices.Contains(meant, w.state) {
			meant = append(meant, w.state)
		}
	}
	slices.Sort(meant)
	return meant
}
