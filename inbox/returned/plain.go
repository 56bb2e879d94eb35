package returned

import (
	"regexp"
	"strings"
)

// shape is how the bounces of one family of mail systems begin that write no report.
type shape struct {
	name   string
	begins *regexp.Regexp
}

var shapes = []shape{
	{"qmail", regexp.MustCompile(`(?i)hi\. this is the .{3,60} (program )?at |i'?m afraid i wasn'?t able to deliver your message`)},
	{"Exim", regexp.MustCompile(`(?i)this message was created automatically by mail delivery software`)},
	{"Postfix", regexp.MustCompile(`(?i)this is the mail system at host |c'est le système de messagerie de l'hôte`)},
	{"Exchange", regexp.MustCompile(`(?i)your message did not reach some or all of the intended recipients|delivery has failed to these recipients or (groups|distribution lists)|delivery to the following recipients? failed\.|delivery is delayed to these recipients or groups|the following recipient(\(s\)|s)? (could not|cannot) be reached|your message to \S+ couldn'?t be delivered|échec de la remise (pour|à) ces destinataires|la remise .{0,30}a échoué pour (les|ces) destinataires|(error|no se pudo|no se ha podido) .{0,20}entreg\S* .{0,10}a (estos|los siguientes) destinatarios|su mensaje no (llegó|ha llegado) a algunos? o todos los destinatarios|votre message n'est pas parvenu à certains`)},
	{"Google", regexp.MustCompile(`(?i)delivery to the following recipients? (has been |has )?(failed permanently|delayed)|your message (wasn'?t|couldn'?t be) delivered to|there was a (temporary )?problem delivering your message to|address not found|votre message n'a pas (pu être|été) (distribué|remis|envoyé) à|adresse introuvable|(no se ha entregado|no se pudo entregar) (tu|su|el) mensaje|no se ha encontrado la dirección`)},
	{"Yahoo", regexp.MustCompile(`(?i)sorry, we were unable to deliver your message to the following address|message from yahoo`)},
	{"Sendmail", regexp.MustCompile(`(?i)-+ the following addresses had (permanent|transient) .{0,12}errors -+|the original message was received at `)},
	{"Domino", regexp.MustCompile(`(?i)your message\s[\s\S]{0,300}was not delivered to:|delivery failure report`)},
	{"Courier", regexp.MustCompile(`(?i)this is a delivery status notification from|undeliverable message header follows`)},
	{"another", regexp.MustCompile(`(?i)the message (that )?you sent (was undeliverable|could not be delivered|cannot be delivered)|(could not|cannot|couldn'?t) be delivered to (one or more|the following|its) |(mail|message|e-?mail) (delivery (failed|failure)|is undeliverable)|n'a pas pu être (délivré|distribué|remis)|no (pudo|ha podido) ser entregado|undeliverable (mail|message)`)},
}

// stillTried says that a letter is late and not lost, final that it is lost.
var (
	stillTried = regexp.MustCompile(`(?i)will (continue to |keep )?(retry|try|be (retried|tried|re-?attempted))|do(es)? not need to (re-?send|take|do)|no action is required|delivery attempts will continue|has not (yet )?been (collected|delivered) .{0,60}after more than|is delayed|delivery (is|has been) delayed|this is a warning|warning message only|temporary problem delivering|livraison (est )?(retardée|différée)|se seguirá intentando|sigue intentándo|nouvelles tentatives`)
	isFinal    = regexp.MustCompile(`(?i)failed permanently|permanent(ly)? (fatal )?error|this is a permanent error|giving up|gave up|i've given up|could not be delivered to|couldn'?t be delivered|wasn'?t delivered|retry (time|timeout) (limit )?(exceeded|reached)|has failed to these|n'a pas pu|no se pudo`)
)

// copied is where the letter begins that a bounce brings back.
var copied = regexp.MustCompile(`(?im)^(-+ ?(below this line|this is a copy of|the original message|original message|returned message|transcript of|message header follows|undeliverable message).*|-{10,}\s*$|.{0,30}original message headers?:?.*|received: .*|return-path: .*|diagnostic information for administrators.*|informations? de diagnostic pour les administrateurs.*|información de diagnóstico para los administradores.*)$`)

var addressText = regexp.MustCompile(`[A-Za-z0-9.!#$%&'*+/=?^_{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+`)

// isPlainBounce knows the bounces that are no reports by the words they begin with. Only a mail system's own mail is one: a
// person may quote the same words.
func (m *Mail) isPlainBounce(s *source) bool {
	all := m.Text
	if len(all) < 40 && m.Quote != "" {
		all += "\n" + m.Quote // some begin with a line of dashes
	}
	all = shorten(all, 20<<10)
	failedTo := s.header.Get("X-Failed-Recipients")
	var name string
	at := -1
	for _, sh := range shapes {
		if loc := sh.begins.FindStringIndex(all); loc != nil && (at < 0 || loc[0] < at) {
			name, at = sh.name, loc[0]
		}
	}
	machine := m.fromMachine(s) || failedTo != "" && s.header.Get("Auto-Submitted") != ""
	switch {
	case at < 0 && failedTo == "":
		return false
	case m.handedOn():
		return false // a person's, with a bounce below
	case !machine:
		if at > 20 {
			return false // a person's words stand above it
		}
		m.Kind = Unclear
		m.because("it begins as a bounce does (%s), and no mail system signs it", name)
		return true
	case at > 3000:
		return false
	}
	if name == "" {
		name = "another"
	}
	said := all[max(0, at):]
	delayed := stillTried.MatchString(said) && !isFinal.MatchString(beforeCopy(said))
	if delay := strings.ToLower(m.Subject); strings.Contains(delay, "delayed") || strings.Contains(delay, "(delay)") || strings.HasPrefix(delay, "warning:") {
		delayed = true
	}
	m.recipients(beforeCopy(said), said, failedTo, delayed)
	m.Kind = Bounce
	m.because("a bounce in the shape of %s: %s", name+"'s", m.Reports[0].sentence())
	if name == "another" {
		m.Reasons[0] = "a bounce in a shape of its own: " + m.Reports[0].sentence()
	}
	return true
}

// beforeCopy cuts the letter off that a bounce brings back.
func beforeCopy(s string) string {
	for _, loc := range copied.FindAllStringIndex(s, 10) {
		// A line of dashes above the first address is an ornament.
		if addressText.MatchString(s[:loc[0]]) {
			return s[:loc[0]]
		}
	}
	return s
}

// recipients reads whom a bounce is about: the addresses that it names before the copy of the letter, each with the words
// behind it.
func (m *Mail) recipients(said, all, failedTo string, delayed bool) {
	ours := map[string]bool{m.From: true}
	for _, a := range m.To {
		ours[a] = true
	}
	for _, a := range m.Clues.Addresses {
		ours[a] = true
	}
	seen := map[string]bool{}
	note := func(address, words string) {
		if ours[address] || seen[address] || len(m.Reports) >= maxReports {
			return
		}
		seen[address] = true
		r := failed(address, enhanced.FindString(words), words)
		if delayed {
			r.Outcome = Delayed
		} else if r.Concerns == AtAddress && class("", words) == '4' {
			r.Outcome = Soft
		}
		m.Reports = append(m.Reports, r)
	}
	named := addressText.FindAllStringIndex(said, 200)
	words := func(address string) string {
		from, to := -1, len(said)
		for _, loc := range named {
			a := strings.ToLower(said[loc[0]:loc[1]])
			switch {
			case a == address && from < 0:
				from = loc[1]
			case a != address && from >= 0 && !ours[a] && strings.HasPrefix(said[loc[1]:], ":") && to == len(said):
				to = loc[0]
			}
		}
		if from < 0 {
			from = 0
		}
		w := strings.Join(strings.Fields(strings.Trim(said[from:to], ">):; \n")), " ")
		if diag := diagnosticLine(all, address); diag != "" && about("", shorten(w, 600)) == Unsaid {
			w = diag
		}
		return shorten(w, 600)
	}
	for _, a := range addressText.FindAllString(shorten(failedTo, 8<<10), maxReports) {
		a = strings.ToLower(a)
		note(a, words(a))
	}
	if failedTo == "" {
		for _, loc := range named {
			a := strings.ToLower(said[loc[0]:loc[1]])
			note(a, words(a))
		}
	}
	if len(m.Reports) == 0 {
		r := failed("", enhanced.FindString(said), said)
		if delayed {
			r.Outcome = Delayed
		}
		m.Reports = []Report{r}
	}
}

// diagnosticLine is what a mail system quotes of another below its own words.
func diagnosticLine(all, address string) string {
	for l := range strings.SplitSeq(all, "\n") {
		if basic.MatchString(l) && enhanced.MatchString(l) && (strings.Contains(strings.ToLower(l), address) || strings.HasPrefix(strings.TrimSpace(strings.ToLower(l)), "remote server")) {
			return strings.TrimSpace(l)
		}
	}
	return ""
}
