package returned

import (
	"bufio"
	"strings"

	"github.com/emersion/go-message/textproto"
)

// isReport reads what is certain: a report by its own content type (RFC 6522), of a delivery, of a complaint, of a reader.
func (m *Mail) isReport(s *source) bool {
	var about, of string
	for _, p := range s.parts {
		switch p.kind {
		case "message/delivery-status", "message/global-delivery-status", "message/feedback-report", "message/disposition-notification",
			"message/global-disposition-notification":
			about, of = strings.TrimPrefix(strings.TrimPrefix(p.kind, "message/"), "global-"), p.text
		}
		if about != "" {
			break
		}
	}
	declared := s.kind == "multipart/report"
	if about == "" {
		if declared {
			m.because("it says it is a report (%s), and holds none that can be read", clean(s.params["report-type"]))
		}
		return false
	}
	if !declared {
		// A person who hands a bounce on attaches it, and writes above it.
		if m.answered() || !m.fromMachine(s) {
			return false
		}
		m.because("it holds a report, and is not declared to be one")
	}
	// A complaint is handed on by its provider, whose subject says so; of the others a machine answers none.
	if about != "feedback-report" && m.handedOn() {
		m.because("it is a report that somebody answered or handed on")
		m.Kind = Unclear
		return true
	}
	groups := fields(of)
	switch about {
	case "delivery-status":
		return m.delivery(groups)
	case "feedback-report":
		return m.feedback(groups)
	}
	return m.disposition(groups)
}

// fields reads the groups of fields of a report, as many as are looked at.
func fields(text string) (groups []textproto.Header) {
	for block := range strings.SplitSeq(strings.TrimSpace(text), "\n\n") {
		if strings.TrimSpace(block) == "" {
			continue
		}
		lines := strings.Split(strings.TrimSpace(block), "\n")
		kept := lines[:0]
		for _, l := range lines {
			if name, _, ok := strings.Cut(l, ":"); ok && isFieldName(strings.TrimRight(name, " ")) || len(kept) > 0 && l != "" && (l[0] == ' ' || l[0] == '\t') {
				kept = append(kept, l)
			}
		}
		h, err := textproto.ReadHeader(bufio.NewReader(strings.NewReader(strings.Join(kept, "\r\n") + "\r\n\r\n")))
		if err != nil || h.Len() == 0 {
			continue
		}
		if groups = append(groups, h); len(groups) > maxReports {
			break
		}
	}
	return groups
}

// typed takes the type before a value away: "rfc822; a@b.example" (RFC 3464 2.3.1), with comments and brackets.
func typed(v string) string {
	if _, rest, ok := strings.Cut(v, ";"); ok {
		v = rest
	}
	return strings.Trim(strings.TrimSpace(v), "<>")
}

func typedAddress(v string) string {
	v = strings.ToLower(clean(typed(v)))
	if !strings.Contains(v, "@") || len(v) > 320 || strings.ContainsAny(v, " ,") {
		return ""
	}
	return v
}

// delivery reads a delivery status (RFC 3464).
func (m *Mail) delivery(groups []textproto.Header) bool {
	for _, g := range groups {
		action := strings.ToLower(firstWord(g.Get("Action")))
		status := enhanced.FindString(g.Get("Status"))
		to := typedAddress(g.Get("Final-Recipient"))
		if to == "" {
			to = typedAddress(g.Get("Original-Recipient"))
		}
		if action == "" && status == "" && to == "" {
			continue // the fields about the whole message
		}
		said := clean(typed(g.Get("Diagnostic-Code")))
		r := Report{Address: to, Code: codeOf(status, said), Words: shorten(said, 300)}
		switch {
		case strings.HasPrefix(action, "fail"):
			r = failed(to, status, said)
		case action == "delayed": // RFC 3464 2.3.3: no failure, and it is still tried
			r.Outcome, r.Concerns = Delayed, about(status, said)
		case action == "delivered":
			r.Outcome = Success
		case action == "relayed", action == "expanded":
			r.Outcome = Relayed
		case action == "" && class(status, said) == '5':
			r = failed(to, status, said)
		case action == "" && class(status, said) == '4':
			r.Outcome, r.Concerns = Delayed, about(status, said)
		default:
			continue
		}
		if o := typedAddress(g.Get("Original-Recipient")); o != to {
			r.Original = o
		}
		if r.Outcome == Soft && r.Concerns == Unsaid {
			// Some systems tell the program nothing and the person everything.
			if f := failed(to, status, wordsAbout(m.Text, to)); f.Concerns != Unsaid {
				f.Original, f.Code, r = r.Original, r.Code, f
			}
		}
		m.Reports = append(m.Reports, r)
	}
	if len(m.Reports) == 0 {
		m.because("it says it is a delivery report, and names no recipient with an outcome")
		m.Kind = Unclear
		return true
	}
	m.Kind = Bounce
	m.because("a delivery report (RFC 3464): %s", m.Reports[0].sentence())
	return true
}

// wordsAbout is what a text says behind an address, "" where it does not name it.
func wordsAbout(text, address string) string {
	text = shorten(text, 20<<10)
	i := strings.LastIndex(strings.ToLower(text), address)
	if address == "" || i < 0 || i+len(address) > len(text) {
		return ""
	}
	return strings.Join(strings.Fields(shorten(text[i+len(address):], 400)), " ")
}

func firstWord(s string) string {
	if f := strings.Fields(s); len(f) > 0 {
		return f[0]
	}
	return ""
}

// sentence is a report in words.
func (r Report) sentence() string {
	s := string(r.Outcome)
	if r.Address != "" {
		s += " for " + r.Address
	}
	if r.Concerns != "" {
		s += ", about: " + string(r.Concerns)
	}
	if r.Code != "" {
		s += " (" + r.Code + ")"
	}
	return s
}

// feedback reads a complaint (RFC 5965).
func (m *Mail) feedback(groups []textproto.Header) bool {
	kind := ""
	for _, g := range groups {
		if kind == "" {
			kind = strings.ToLower(firstWord(g.Get("Feedback-Type")))
		}
		for _, v := range g.Values("Original-Rcpt-To") {
			if to := typedAddress(v); to != "" {
				m.Reports = append(m.Reports, Report{Address: to})
			}
		}
	}
	m.Kind = Complaint
	switch kind {
	case "abuse", "fraud", "virus", "other", "miscategorized", "opt-out", "opt-out-list":
		m.because("a complaint (RFC 5965): %s", kind)
	default: // not-spam, auth-failure (RFC 6591), or what is not registered
		m.Kind = Unclear
		m.because("a feedback report that is no complaint: %s", shorten(clean(kind), 60))
	}
	return true
}

// disposition reads a receipt (RFC 8098).
func (m *Mail) disposition(groups []textproto.Header) bool {
	for _, g := range groups {
		if d := g.Get("Disposition"); d != "" {
			m.Kind = Receipt
			_, what, _ := strings.Cut(d, ";")
			m.because("a receipt (RFC 8098): %s", shorten(clean(what), 60))
			if to := typedAddress(g.Get("Final-Recipient")); to != "" {
				m.Reports = append(m.Reports, Report{Address: to})
			}
			return true
		}
	}
	m.Kind = Unclear
	m.because("it says it is a receipt, and says nothing of what was done")
	return true
}
