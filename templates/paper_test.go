package templates

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"outreach.example/campaign"
)

// Elements and properties that the mail programs of missions show: Outlook (whose engine on Windows is that of Word), Gmail and
// Apple Mail. What is not listed is left away or dropped by one of them: float, position, display: flex or grid, background
// images, border-radius, box-shadow, calc() and var() by Outlook; scripts, forms, links to style sheets by all.
var (
	shownElements = []string{
		"html", "head", "meta", "title", "style", "body", "div", "table", "tbody", "tr", "td", "h1", "h2", "p", "br", "ul", "li", "a", "sup",
	}
	shownProperties = []string{
		"background-color", "border", "border-bottom", "border-top", "color", "font-family", "font-size", "font-weight", "letter-spacing",
		"line-height", "margin", "padding", "text-align", "text-decoration", "vertical-align", "width",
		"border-collapse", // Outlook would leave gaps between cells that only it shows
		// max-width: not by Outlook, for which a table of 680 stands in a comment that nobody else reads.
		"max-width",
		// overflow-wrap: Outlook and Gmail break a long word at the edge by themselves.
		"overflow-wrap",
	}
	// role, which Windows Mail drops: it is for screen readers, and Windows Mail's read the letter in the same order without it.
	// The style of body, which Outlook on a Mac drops: the table inside it has the same.
	// Of the style sheet, which some drop whole, nothing is needed to read a letter: it is for narrow screens, paper and the night.
	sheetConditions = []string{"(max-width: 520px)", "print", "screen and (prefers-color-scheme: dark)"}
)

var (
	condition = regexp.MustCompile(`@[a-z]+ ([^{]+) \{`)
	onlyCells = regexp.MustCompile(`(?:^|;)\s*(padding[a-z-]*|border|border-top|border-bottom):`)
)

// TestShownEverywhere: every letter that can be written, in every language, step and way of address, holds nothing that a mail
// program would not show, and is small.
func TestShownEverywhere(t *testing.T) {
	s := load(t)
	for _, lang := range known() {
		for _, step := range s.campaign.Steps {
			for _, rank := range ranks {
				for _, r := range []*campaign.Record{record(t, "BOL", lang, contact(rank, "f"), nil), record(t, "BOL", lang, contact(rank, "f"), gave(1_200_000))} {
					c, err := s.Compose(r, step.Name)
					if err != nil {
						t.Fatal(err)
					}
					checkShown(t, step.Name+"."+lang, MarkTest(c).HTML, lang)
					checkShown(t, step.Name+"."+lang, c.HTML, lang)
				}
			}
		}
	}
}

func checkShown(t *testing.T, name, page, lang string) {
	t.Helper()
	if len(page) > 60<<10 {
		t.Errorf("%s: %d bytes, and a letter has 60 kB at most", name, len(page))
	}
	if found := remote.FindString(page); found != "" {
		t.Errorf("%s: holds %q: nothing may be fetched", name, found)
	}
	for _, m := range condition.FindAllStringSubmatch(page, -1) {
		if !slices.Contains(sheetConditions, m[1]) {
			t.Errorf("%s: a style sheet for %q", name, m[1])
		}
	}
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	langs := 0
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		count[n.Data]++
		if !slices.Contains(shownElements, n.Data) {
			t.Errorf("%s: <%s> is not shown everywhere", name, n.Data)
		}
		for _, a := range n.Attr {
			switch a.Key {
			case "lang":
				if langs++; a.Val != lang {
					t.Errorf("%s: says it is in %q", name, a.Val)
				}
			case "style":
				checkStyle(t, name, n.Data, a.Val)
			case "class", "role", "colspan", "href", "charset", "name", "content":
			default:
				t.Errorf("%s: <%s %s=%q> is not known", name, n.Data, a.Key, a.Val)
			}
		}
	}
	if langs != 2 || count["h1"] != 1 || count["title"] != 1 || count["h2"] > 1 {
		t.Errorf("%s: the language is said %d times, elements %v", name, langs, count)
	}
	if strings.Count(page, "[if mso]") != 2 {
		t.Errorf("%s: Outlook gets no width", name)
	}
}

func checkStyle(t *testing.T, name, element, style string) {
	t.Helper()
	for declaration := range strings.SplitSeq(strings.TrimSuffix(style, ";"), ";") {
		property, value, ok := strings.Cut(declaration, ":")
		if !ok || !slices.Contains(shownProperties, strings.TrimSpace(property)) || strings.ContainsAny(value, "!(") {
			t.Errorf("%s: %q on <%s> is not shown everywhere", name, declaration, element)
		}
	}
	for _, m := range onlyCells.FindAllStringSubmatch(style, -1) {
		if !slices.Contains([]string{"td", "table", "body", "ul"}, element) && !strings.Contains(styleTest, style) {
			t.Errorf("%s: Outlook knows %s on cells and tables only, not on <%s>", name, m[1], element)
		}
	}
}
