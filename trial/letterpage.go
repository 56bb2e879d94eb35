package trial

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"outreach.example/letter"
)

// maxSource is how much of a letter's source a page shows, in bytes; the download is always whole.
const maxSource = 1 << 20

// A letterPage shows one letter.
type letterPage struct {
	frame
	Number      int
	View        string // "html", "text" or "source"
	Tabs        []tab
	Subject     string
	Language    string
	Fields      []field
	Received    time.Time
	Bytes       int64
	Copies      []copyLink // the other letters with this Message-ID
	Attachments []attachment
	Faults      []string
	Frame       string // where the HTML is, for the frame
	Text        string
	Download    string
	Back        string
	Newer       string
	Older       string
}

// A tab is one way of looking at the letter.
type tab struct {
	Name, Link string
	Current    bool
}

// A field is one line of the letter's head.
type field struct {
	Name   string
	People []person // or
	Value  string
	Note   string
}

// A copyLink leads to a letter that is the same.
type copyLink struct {
	Number int
	Link   string
}

// entry is the letter that the address names, nil when it was answered that there is none.
func (p *pages) entry(w http.ResponseWriter, r *http.Request) *entry {
	n, err := strconv.Atoi(r.PathValue("n"))
	e := p.shelf.letter(n)
	if err != nil || e == nil {
		p.missing(w, r)
		return nil
	}
	return e
}

// raw is the letter's bytes, nil when it was answered that they cannot be read.
func (p *pages) raw(w http.ResponseWriter, e *entry) []byte {
	raw, err := e.raw()
	if err != nil {
		p.log.Error("letter not shown", "letter", e.number, "error", err)
		p.fail(w, http.StatusInternalServerError, "Letter cannot be read", "Its bytes lie in a temporary file that can no longer be read; the program log says why.")
		return nil
	}
	return raw
}

func (p *pages) letter(w http.ResponseWriter, r *http.Request) {
	e := p.entry(w, r)
	if e == nil {
		return
	}
	raw := p.raw(w, e)
	if raw == nil {
		return
	}
	f := readFilter(r.URL.Query())
	p.show(w, http.StatusOK, "letter.html", p.letterPage(e, raw, f, r.URL.Query().Get("view")))
}

func (p *pages) letterPage(e *entry, raw []byte, f filter, view string) letterPage {
	read, s := readLetter(raw), e.summary()
	path := fmt.Sprintf("/letters/%d", e.number)
	page := letterPage{
		frame: p.frame(p.title(e)), Number: e.number, View: view,
		Subject: s.Subject, Language: s.Language, Received: e.received, Bytes: int64(e.size),
		Attachments: read.Attachments, Faults: read.Faults,
		Fields: fields(read, s, e), Frame: path + "/html", Download: path + "/letter.eml",
		Back: f.link("/", "", ""),
	}
	if !slices.Contains([]string{"html", "text", "source"}, page.View) {
		page.View = "html"
		if !read.hasHTML {
			page.View = "text"
		}
	}
	for _, t := range []struct{ name, view string }{{"HTML", "html"}, {"Text", "text"}, {"Source", "source"}} {
		page.Tabs = append(page.Tabs, tab{t.name, f.link(path, "view", t.view), t.view == page.View})
	}
	switch {
	case page.View == "source":
		page.Text = source(raw)
	case page.View == "text":
		page.Text = read.Text
	case !read.hasHTML:
		page.Frame = ""
	}
	for _, n := range p.shelf.copies(e.id) {
		if n != e.number {
			page.Copies = append(page.Copies, copyLink{n, fmt.Sprintf("/letters/%d", n)})
		}
	}
	found := f.pick(p.shelf, p.shelf.all())
	at := slices.Index(found, e)
	if at > 0 {
		page.Newer = f.link(fmt.Sprintf("/letters/%d", found[at-1].number), "view", page.View)
	}
	if at >= 0 && at+1 < len(found) {
		page.Older = f.link(fmt.Sprintf("/letters/%d", found[at+1].number), "view", page.View)
	}
	return page
}

// title names the letter as a person would.
func (p *pages) title(e *entry) string {
	if donor := p.shelf.donor(e); donor != "" {
		return donor + ", " + e.letter.Step
	}
	return fmt.Sprintf("Letter %d", e.number)
}

// fields are the head of a letter, and of its envelope what the head does not tell.
func fields(r *reading, s *summary, e *entry) []field {
	var all []field
	if e.letter != (letter.ID{}) {
		all = append(all, field{Name: "Letter", Value: e.letter.String()})
	}
	for _, name := range []string{"From", "Sender", "Reply-To", "To", "Cc"} {
		if people := r.people(name); len(people) > 0 {
			all = append(all, field{Name: name, People: people})
		}
	}
	if len(s.Hidden) > 0 {
		all = append(all, field{Name: "Registry copy", Value: strings.Join(s.Hidden, ", "), Note: "in the envelope only, same message"})
	}
	if len(s.LeftOut) > 0 {
		all = append(all, field{Name: "Left out", Value: strings.Join(s.LeftOut, ", "), Note: "named in the letter, not in its envelope"})
	}
	for _, name := range []string{"Date", "Message-ID", "In-Reply-To"} {
		if v := r.field(name); v != "" {
			all = append(all, field{Name: name, Value: shorten(v, 300)})
		}
	}
	if clean(e.from) != "" {
		all = append(all, field{Name: "Return path", Value: clean(e.from)})
	}
	return all
}

// source is the letter's bytes as text.
func source(raw []byte) string {
	cut := ""
	if len(raw) > maxSource {
		raw, cut = raw[:maxSource], fmt.Sprintf("\n\n[%s in all; the rest is in the download]", sizeInWords(int64(len(raw))))
	}
	return strings.ReplaceAll(strings.ToValidUTF8(string(raw), "\uFFFD"), "\r\n", "\n") + cut
}

// html is the letter's HTML as its author wrote it, in a page that may do nothing.
func (p *pages) html(w http.ResponseWriter, r *http.Request) {
	e := p.entry(w, r)
	if e == nil {
		return
	}
	raw := p.raw(w, e)
	if raw == nil {
		return
	}
	w.Header().Set("Content-Security-Policy", letterPolicy)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write([]byte(inert(readLetter(raw).HTML)))
}

// message is the letter as a file, byte for byte.
func (p *pages) message(w http.ResponseWriter, r *http.Request) {
	e := p.entry(w, r)
	if e == nil {
		return
	}
	raw := p.raw(w, e)
	if raw == nil {
		return
	}
	w.Header().Set("Content-Type", "message/rfc822")
	w.Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="%s.eml"`, e.fileName()))
	_, _ = w.Write(raw)
}
