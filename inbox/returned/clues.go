package returned

import (
	"regexp"
	"slices"
	"strings"

	"github.com/emersion/go-message"

	"outreach.example/letter"
)

// clues gathers what may name the letter.
func (m *Mail) clues(s *source) {
	c := &m.Clues
	h := &s.header
	for _, field := range []string{"Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "X-Delivered-To", "X-Forwarded-To"} {
		for _, v := range first(h.Values(field), 5) {
			c.address(strings.Trim(strings.TrimSpace(shorten(v, 400)), "<>"))
		}
	}
	for _, a := range m.To {
		c.address(a)
	}
	for _, id := range messageIDs(h.Get("In-Reply-To")) {
		c.Answers = add(c.Answers, id)
	}
	refs := messageIDs(h.Get("References"))
	slices.Reverse(refs)
	for _, id := range refs {
		c.Answers = add(c.Answers, id)
	}
	if id := h.Get("X-MS-Exchange-Parent-Message-Id"); id != "" {
		for _, id := range messageIDs(id) {
			c.Answers = add(c.Answers, id)
		}
	}
	if s.inside != nil {
		c.inside(s.inside)
	}
	for _, p := range s.parts {
		if p.kind == "message/disposition-notification" || p.kind == "message/feedback-report" {
			for _, g := range fields(p.text) {
				for _, id := range messageIDs(g.Get("Original-Message-ID")) {
					c.About = add(c.About, id)
				}
				if from := strings.Trim(strings.TrimSpace(g.Get("Original-Mail-From")), "<>"); from != "" {
					c.Original = add(c.Original, strings.ToLower(from))
				}
			}
		}
	}
	// Mail systems that write no report put the letter's header below their words, and people quote it.
	all := m.Text + "\n" + m.Quote
	for _, f := range inText.FindAllStringSubmatch(shorten(all, 200<<10), 20) {
		switch value := strings.TrimSpace(f[2]); strings.ToLower(f[1]) {
		case "message-id":
			for _, id := range messageIDs(value) {
				c.About = add(c.About, id)
			}
		case "return-path":
			c.Original = add(c.Original, strings.ToLower(strings.Trim(value, "<>")))
		}
	}
	for _, text := range []string{m.Subject, shorten(m.Text, 50<<10), shorten(m.Quote, 50<<10)} {
		for _, ref := range references(text) {
			c.References = add(c.References, ref)
		}
	}
	if s.inside != nil {
		for _, ref := range references(decoded(s.inside, "Subject")) {
			c.References = add(c.References, ref)
		}
		for _, ref := range references(shorten(s.insideText, 20<<10)) {
			c.References = add(c.References, ref)
		}
	}
	c.Token = token(m.Subject)
}

func (c *Clues) address(a string) {
	if strings.Contains(a, "@") && !strings.ContainsAny(a, " <>") {
		c.Addresses = add(c.Addresses, strings.ToLower(a))
	}
}

// inside reads the header of the letter that came back.
func (c *Clues) inside(h *message.Header) {
	for _, id := range messageIDs(h.Get("Message-Id")) {
		c.About = add(c.About, id)
	}
	for _, v := range first(h.Values("Return-Path"), 3) {
		if a := strings.Trim(strings.TrimSpace(v), "<>"); a != "" {
			c.Original = add(c.Original, strings.ToLower(a))
		}
	}
	if list := addresses(h, "Sender"); len(list) > 0 {
		c.Original = add(c.Original, strings.ToLower(list[0].Address))
	}
}

func first(list []string, n int) []string { return list[:min(len(list), n)] }

func add(list []string, s string) []string {
	if s == "" || len(list) >= 50 || slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}

var inText = regexp.MustCompile(`(?im)^[> \t]*(message-id|return-path)\s*:\s*(<[^<>\s]{3,300}>)`)

var idText = regexp.MustCompile(`<[^<>\s]{3,998}>`)

// messageIDs are the Message-IDs of a field, as many as are looked at.
func messageIDs(v string) (ids []string) {
	for _, id := range idText.FindAllString(shorten(v, 16<<10), 50) {
		if strings.Contains(id, "@") {
			ids = append(ids, id)
		}
	}
	return ids
}

// reference is what a reference number looks like: three parts between slashes. People break it, put spaces and brackets
// around it, and write it in small letters; programs make its slashes into %2F, and dashes into longer ones.
var reference = regexp.MustCompile(`(?i)([\p{L}\p{N}_-]{1,64})\s{0,6}(?:/|%2f|⁄|∕|\\)\s{0,6}([\p{L}\p{N}_.-]{1,64})\s{0,6}(?:/|%2f|⁄|∕|\\)\s{0,6}([\p{L}\p{N}_-]{1,64})`)

var dashes = strings.NewReplacer("–", "-", "—", "-", "‑", "-", "\u00ad", "", "\u200b", "", "\u00a0", " ", "\n> ", "\n", "\n>", "\n", "=\n", "", "[", "", "]", "", "*", "", "_ ", "_")

func references(text string) (out []string) {
	for _, f := range reference.FindAllStringSubmatch(dashes.Replace(text), 50) {
		out = append(out, strings.ToUpper(f[1]+"/"+f[2]+"/"+f[3]))
	}
	return out
}

// isCopy knows a letter's own Message-ID.
func (m *Mail) isCopy(s *source) bool {
	if _, ok := letter.ParseMessageID(m.MessageID); !ok {
		return false
	}
	m.Kind = Copy
	m.because("its Message-ID has the form of a letter's")
	return true
}
