package console

import (
	"context"
	"slices"
	"strings"

	"outreach.example/templates"
)

// TextDesk is what the page of texts asks.
type TextDesk interface {
	// Texts are the texts of a campaign side by side, as outreach texts shows them: those of the project folder, of the edition
	// that waits or of the approved one.
	Texts(ctx context.Context, campaign, of string) (Texts, error)
}

// Whose texts are shown.
const (
	OfFolder   = "" // of the project folder, as they are now
	OfWaiting  = "waiting"
	OfApproved = "approved"
)

// TextsOf reads whose texts are asked for.
func TextsOf(s string) (of string, ok bool) {
	return s, slices.Contains([]string{OfFolder, OfWaiting, OfApproved}, s)
}

// Texts are the texts of a campaign side by side.
type Texts struct {
	Campaign  string             `json:"campaign"`
	Of        string             `json:"of"`       // "" for the project folder's, waiting, approved
	Waiting   string             `json:"waiting"`  // hash of the edition that waits for approval, "" for none
	Approved  string             `json:"approved"` // hash of the one that is approved, "" for none
	Beside    string             `json:"beside"`   // hash of the edition since which changes are marked, "" where none are
	BuiltIn   bool               `json:"built_in"` // the campaign has no texts of its own
	Languages []string           `json:"languages"`
	Texts     []templates.Spread `json:"texts"`
	Faults    []string           `json:"faults"` // of the project folder's files that texts are made of, and what is noticed in them
}

func (c *Console) textRoutes() []route {
	return []route{
		{"GET /campaigns/{name}/texts", See, c.textsPage}, // the page of a campaign, of its approval, and the project's
	}
}

// textsPage is one text of a campaign in its languages, and a table of all of them.
type textsPage struct {
	frame
	Texts
	View  view
	Path  string
	Shown *templates.Spread // nil where there is none
	More  int               // faults that are not listed
}

func (c *Console) textsPage(v *visit) error {
	name := v.r.PathValue("name")
	p := textsPage{View: v.view(), Path: campaignPath(name)}
	of, ok := TextsOf(p.View.Get("edition"))
	if !ok || !plainArgument.MatchString(name) {
		return refused("missing")
	}
	var err error
	if p.Texts, err = c.Desk.Texts(v.ctx, name, of); err != nil {
		return err
	}
	if n := len(p.Faults); n > mostNotes {
		p.Faults, p.More = p.Faults[:mostNotes], n-mostNotes
	}
	up := []link{{"Project", "/project"}}
	if p.Waiting != "" || p.Approved != "" {
		up = []link{campaignsLink(), {name, p.Path}}
	}
	p.frame = v.frame("Texts of "+name, up...)
	p.Help = help("/texts")
	step, variant, _ := strings.Cut(p.View.Get("text"), ".")
	at := slices.IndexFunc(p.Texts.Texts, func(s templates.Spread) bool { return s.Step == step && s.Variant == variant })
	switch {
	case at >= 0:
		p.Shown = &p.Texts.Texts[at]
	case step != "":
		return notFound("The campaign " + name + " has no such text.")
	case len(p.Texts.Texts) > 0:
		p.Shown = &p.Texts.Texts[0]
	}
	return v.show("texts.html", p)
}

// Language is the name of a language.
func (p textsPage) Language(code string) string { return templates.LanguageName(code) }

// Key names a text in an address.
func (p textsPage) Key(s templates.Spread) string {
	if s.Variant == "" {
		return s.Step
	}
	return s.Step + "." + s.Variant
}

// markSigns stand beside the words of a mark.
var markSigns = map[templates.Mark]string{
	templates.Changed: "✎", templates.Added: "+", templates.Removed: "−", templates.Missing: "✕", templates.Behind: "△",
}

// MarkSign is the sign of a mark.
func (p textsPage) MarkSign(m templates.Mark) string { return markSigns[m] }
