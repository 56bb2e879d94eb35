package returned

import (
	"regexp"
	"strings"
)

// reSubject is the beginning of the subject of an answer, fwSubject of what is handed on.
var (
	reSubject = regexp.MustCompile(`(?i)^\s*(\[[^\]]{1,40}\]\s*)?(re|rép|réf|aw|sv|rv|ref|antw|odp)(\[\d+\])?\s*:`)
	fwSubject = regexp.MustCompile(`(?i)^\s*(\[[^\]]{1,40}\]\s*)?(fwd?|tr|trans|rv|wg|enc|i)(\[\d+\])?\s*:`)
)

// autoSubject are beginnings that programs put before a subject when they answer. They are hints only: a person's program
// may have put them there, and a person may answer such a mail.
var autoSubject = regexp.MustCompile(`(?i)^\s*(automatic reply|auto(mated|matic)?[ -]?(reply|response)\b|autoreply|out of (the )?office|\(?ooo\)?\s*:|réponse automatique|absence du bureau|message d[’']absence|absent du bureau|respuesta automática|fuera de (la )?oficina|ausencia de la oficina|resposta automática|automatische antwort|abwesenheitsnotiz|risposta automatica|ردّ? تلقائي|автоответ|自动回复)`)

// machines are names before the @ that mail systems write under.
var machines = regexp.MustCompile(`(?i)^(mailer-daemon|mail-daemon|mailerdaemon|mailer_daemon|postmaster|microsoftexchange[0-9a-f]{10,}|mdaemon|maildaemon|exchange-?system|noreply-dsn|bounce-daemon)(\+.*)?@`)

// answered says whether its subject is one of an answer or of something handed on.
func (m *Mail) answered() bool {
	return reSubject.MatchString(m.Subject) || fwSubject.MatchString(m.Subject)
}

// handedOn says whether somebody answered or handed on what a machine had written.
func (m *Mail) handedOn() bool { return m.answered() && !machines.MatchString(m.From) }

// fromMachine says whether a mail system wrote: it says so in its address, or gives none to answer to (RFC 5321 4.5.5).
func (m *Mail) fromMachine(s *source) bool {
	return machines.MatchString(m.From) || nullSender(s)
}

// nullSender says whether the return path is empty. The first line is the last server's; the others may be anybody's.
func nullSender(s *source) bool {
	v := s.header.Values("Return-Path")
	return len(v) > 0 && strings.TrimSpace(v[0]) == "<>"
}

// isAutoReply reads what shows that nobody wrote the mail: RFC 3834 first, then the fields that came before it, and a
// subject only together with one of them.
func (m *Mail) isAutoReply(s *source) bool {
	h := &s.header
	submitted := strings.ToLower(firstWord(strings.ReplaceAll(h.Get("Auto-Submitted"), ";", " ")))
	subject := autoSubject.MatchString(m.Subject)
	threaded := h.Get("In-Reply-To") != "" || h.Get("References") != ""
	agent := strings.ToLower(h.Get("X-MS-Exchange-Generated-Message-Source"))
	precedence := strings.ToLower(firstWord(h.Get("Precedence")))
	calendar := false
	for _, p := range s.parts {
		calendar = calendar || p.kind == "text/calendar"
	}
	is := func(why string, args ...any) bool {
		m.Kind = AutoReply
		m.because(why, args...)
		m.back()
		return true
	}
	unclear := func(why string, args ...any) bool {
		m.Kind = Unclear
		m.because(why, args...)
		return true
	}
	switch {
	case calendar && submitted != "" && submitted != "no":
		return unclear("a calendar's answer: somebody may have pressed a button")
	case submitted == "auto-replied":
		return is("Auto-Submitted: auto-replied (RFC 3834)")
	case submitted == "auto-generated" && (subject || agent == "mailbox rules agent"):
		return is("Auto-Submitted: auto-generated, and %s", oneOf(subject, "the subject of an automatic answer", "written by a mailbox's rules"))
	case submitted == "auto-notified" && subject:
		return is("Auto-Submitted: auto-notified, and the subject of an automatic answer")
	case submitted != "" && submitted != "no":
		return unclear("Auto-Submitted: %s, and no shape that is known", shorten(clean(submitted), 40))
	case submitted == "no":
		return false
	case precedence == "auto_reply":
		return is("Precedence: auto_reply")
	}
	for _, field := range []string{"X-Autoreply", "X-Autorespond", "X-Autoresponder", "X-AutoReply-From", "X-Mail-Autoreply", "X-Auto-Reply"} {
		if v := strings.ToLower(strings.TrimSpace(h.Get(field))); v != "" && v != "no" && v != "false" && v != "0" {
			if subject || threaded && !reSubject.MatchString(m.Subject) || nullSender(s) || precedence == "bulk" || precedence == "junk" {
				return is("the field %s", field)
			}
			return unclear("the field %s, and nothing else that shows an automatic answer", field)
		}
	}
	suppress := h.Get("X-Auto-Response-Suppress") != ""
	switch {
	case subject && nullSender(s):
		return is("the subject of an automatic answer, and an empty return path")
	case subject && (precedence == "bulk" || precedence == "junk"):
		return is("the subject of an automatic answer, and Precedence: %s", precedence)
	case subject && suppress && threaded:
		return is("the subject of an automatic answer, and X-Auto-Response-Suppress")
	case subject && !reSubject.MatchString(m.Subject):
		return unclear("the subject of an automatic answer, and no field that shows one")
	case nullSender(s):
		return unclear("an empty return path: a machine sent it, and what for is not known")
	case machines.MatchString(m.From) && !reSubject.MatchString(m.Subject):
		return unclear("written under the name of a mail system, in no shape that is known")
	case h.Get("List-Id") != "" && !threaded, (precedence == "bulk" || precedence == "list" || precedence == "junk") && !threaded:
		return unclear("sent to a list or in bulk")
	}
	return false
}

func oneOf(first bool, a, b string) string {
	if first {
		return a
	}
	return b
}

// isReply takes for a person's whatever says something and has no sign of a machine.
func (m *Mail) isReply(s *source) bool {
	switch {
	case m.From == "":
		m.because("nobody signs as its sender")
		return false
	case m.Text == "" && m.Quote == "" && len(m.Files) == 0 && m.Subject == "":
		m.because("it is empty")
		return false
	}
	m.Kind = Reply
	switch {
	case s.header.Get("In-Reply-To") != "":
		m.because("a person's answer: it answers a mail, and no field shows a machine")
	case fwSubject.MatchString(m.Subject):
		m.because("handed on by a person: no field shows a machine")
	default:
		m.because("a person's mail: no field and no shape shows a machine")
	}
	return true
}
