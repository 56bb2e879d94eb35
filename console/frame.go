package console

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"net/http"
	"path"
	"strings"
	"time"

	"outreach.example/console/calendar"
	"outreach.example/ledger"
	"outreach.example/letter"
)

//go:embed pages
var files embed.FS

// A frame is what every page shows around its own. A page's struct embeds one.
type frame struct {
	Title    string
	Person   ledger.Account
	Sections []section
	Crumbs   []link // the way here, without the page itself
	Flash    string
	Token    string // that every form carries, see the template "token"
	Banner   string
	Mailbox  string
	Live     bool // the page asks for itself again when the audit stream moves
	Now      time.Time
	Help     topic // what the page is for
	Again    bool  // forms that are sure have to ask for the password, see the template "sure"
	*problems
}

type link struct{ Name, To string }

type section struct {
	link
	Here bool
}

// sections are the main pages, each with the act that shows it.
var sections = []struct {
	link
	act Act
}{
	{link{"Overview", "/"}, See},
	{link{"Campaigns", "/campaigns"}, See},
	{link{"Approvals", "/approvals"}, See},
	{link{"In doubt", "/doubts"}, See},
	{link{"Tasks", "/tasks"}, See},
	{link{"Report", "/reports"}, See},
	{link{"Project", "/project"}, See},
	{link{"Relays", "/relays"}, See},
	{link{"Audit", "/audit"}, See},
	{link{"People", "/people"}, Admit},
}

// frame is the frame of a page with a title, and the way to it.
func (v *visit) frame(title string, crumbs ...link) frame {
	f := frame{
		Title: title, Person: v.Person, Crumbs: crumbs, Banner: v.Banner, Mailbox: v.Mailbox, Now: v.Now(),
		Flash: v.sessions.PopString(v.ctx, flashKey), Token: v.sessions.GetString(v.ctx, tokenKey), Again: v.askAgain(),
		Help: help(v.r.URL.Path),
	}
	if v.Person.Name == "" {
		return f
	}
	for _, s := range sections {
		if May(v.Person, s.act) {
			here := s.To == v.r.URL.Path || s.To != "/" && strings.HasPrefix(v.r.URL.Path, s.To+"/")
			f.Sections = append(f.Sections, section{s.link, here})
		}
	}
	return f
}

// Can says whether the person may do something; for templates.
func (f frame) Can(act Act) bool { return May(f.Person, act) }

// stateWords are the states in the words of the pages, with the sign that stands for each where there is no room for words.
// A colour never stands alone.
var stateSigns = map[letter.State]string{
	letter.Planned: "○", letter.Claimed: "◔", letter.Sending: "◑", letter.Sent: "✓", letter.InDoubt: "?",
	letter.Refused: "✕", letter.Bounced: "↩", letter.Withheld: "‖", letter.Cancelled: "–",
}

// inWords is a word of the program as people read it.
func inWords(s any) string { return strings.ReplaceAll(fmt.Sprint(s), "_", " ") }

var pages = template.Must(template.New("").Funcs(template.FuncMap{
	"asset":      func(name string) string { return assetPath[name] },
	"words":      inWords,
	"sign":       func(s letter.State) string { return stateSigns[s] },
	"class":      func(s any) string { return strings.ReplaceAll(strings.ToLower(inWords(s)), " ", "-") },
	"stamp":      func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
	"moment":     moment,
	"short":      func(t time.Time) string { return t.Format("2 Jan 2006, 15:04") },
	"lasts":      lasts,
	"name":       ledger.NameOf,
	"ago":        ago,
	"count":      count,
	"plural":     plural,
	"join":       strings.Join,
	"sentence":   Sentence,
	"personPath": PersonPath,
	"dict":       dict,
	"next":       func(i int) int { return i + 1 },
}).ParseFS(files, "pages/*.html"))

// dict gives a template several values under names.
func dict(pairs ...any) (map[string]any, error) {
	m := map[string]any{}
	for i := 0; i+1 < len(pairs); i += 2 {
		name, ok := pairs[i].(string)
		if !ok {
			return nil, fmt.Errorf("dict: %v is no name", pairs[i])
		}
		m[name] = pairs[i+1]
	}
	return m, nil
}

// moment is a time as pages show it, with its zone.
func moment(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.Format("2 January 2006, 15:04 MST")
}

// ago says in words how far a moment is from now.
func ago(t, now time.Time) string {
	d := now.Sub(t)
	in, behind := "", " ago"
	if d < 0 {
		d, in, behind = -d, "in ", ""
	}
	switch {
	case d < 45*time.Second:
		if in == "" {
			return "just now"
		}
		return "in a moment"
	case d < 90*time.Minute:
		return in + plural(int((d+30*time.Second)/time.Minute), "minute") + behind
	case d < 36*time.Hour:
		return in + plural(int((d+30*time.Minute)/time.Hour), "hour") + behind
	}
	return in + plural(int((d+12*time.Hour)/(24*time.Hour)), "day") + behind
}

// lasts is a while in words.
func lasts(d time.Duration) string {
	switch {
	case d%time.Hour == 0:
		return plural(int(d/time.Hour), "hour")
	case d%time.Minute == 0:
		return plural(int(d/time.Minute), "minute")
	}
	return plural(int(d/time.Second), "second")
}

// count is a number with its thousands apart.
func count(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// plural is a number with its noun.
func plural(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return count(n) + " " + noun
}

// assets are what pages are shown with. Their names change with their content, so that a browser keeps each for ever.
var assetNames = map[string]string{"style.css": "text/css; charset=utf-8", "console.js": "text/javascript; charset=utf-8", "icon.svg": "image/svg+xml"}

var assetPath, assetContent = func() (map[string]string, map[string][]byte) {
	paths, content := map[string]string{}, map[string][]byte{}
	for name := range assetNames {
		b, err := files.ReadFile("pages/" + name)
		if err != nil {
			panic(err) // it is embedded
		}
		if name == "style.css" {
			b = append(b, calendar.Style...)
		}
		sum := sha256.Sum256(b)
		ext := path.Ext(name)
		paths[name] = "/assets/" + strings.TrimSuffix(name, ext) + "." + hex.EncodeToString(sum[:6]) + ext
		content[paths[name]] = b
	}
	return paths, content
}()

func assets() http.Handler {
	kinds := map[string]string{}
	for name, kind := range assetNames {
		kinds[assetPath[name]] = kind
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, ok := assetContent[r.URL.Path]
		if !ok {
			plainly(w, http.StatusNotFound, "There is no such file.")
			return
		}
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		w.Header().Set("Content-Type", kinds[r.URL.Path])
		_, _ = w.Write(b) // a reader who went away misses nothing
	})
}
