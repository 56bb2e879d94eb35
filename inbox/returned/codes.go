package returned

import (
	"regexp"
	"strings"
)

// Concern is what a failure is about: only the first is the address's own.
type Concern string

// The concerns.
const (
	AtAddress Concern = "address"      // there is no such mailbox or domain, or it takes no mail any more
	AtMailbox Concern = "mailbox full" // the mailbox is there, and cannot take it now
	AtContent Concern = "content"      // too large, or not wanted as it is written
	AtPolicy  Concern = "policy"       // who sends, from where, how often: DMARC, block lists, "spam"
	AtNetwork Concern = "network"      // systems on the way
	Unsaid    Concern = "not said"
)

// enhanced is an enhanced status code (RFC 3463 2): class, subject and detail.
var enhanced = regexp.MustCompile(`\b([245])\.(\d{1,3})\.(\d{1,3})\b`)

// basic is a reply code at the beginning of a reply (RFC 5321 4.2.1), not a number in a name or a port.
var basic = regexp.MustCompile(`(?:^|[\s;:#"'(<])([245]\d\d)(?:[\s-]|$|[;:,.])`)

// What mail systems say where their code says nothing, or says it wrongly. Full and policy are looked for first: a sentence
// like "550 user unknown or blocked" must not suppress an address that is right.
var (
	saysFull = regexp.MustCompile(`(?i)mailbox (is )?(full|over)|over (the )?(allocated )?(storage )?quota|quota (has been )?exceeded|exceeded (the |its )?(storage|quota|mailbox)|mailbox size limit|out of storage|insufficient (system )?storage|disk quota|boîte (aux lettres )?(est )?pleine|buzón (está )?lleno|quota (dépassé|superada)`)

	saysPolicy = regexp.MustCompile(`(?i)\bspam\b|blocked|block ?list|blacklist|denylist|dmarc|\bspf\b|\bdkim\b|reputation|policy|rate.?limit|too many|unauthenticated|not authori[sz]ed|access denied|sender (address )?rejected|sender verify|relay(ing)? (access )?denied|greylist|try again later|banned|content rejected|(is|are|was|been|currently) listed|listed (at|by)|rejected due to security`)

	saysContent = regexp.MustCompile(`(?i)(message|mail) (is )?too (large|big)|size (limit )?exceed|exceeds (the )?(maximum )?size|message size exceeds|virus|malware|attachment (type )?(is )?(not allowed|blocked|rejected)|taille maximale|tamaño máximo`)

	saysAddress = regexp.MustCompile(`(?i)(user|recipient|address|addressee|account|mailbox|alias|local part|name)s?\b.{0,40}\b(unknown|not found|(does|do)(n'?t| not) exist|(is |has been )?(disabled|inactive|deactivated|suspended|closed|deleted|removed)|invalid|unavailable|not (a )?(valid|known|available|recogni[sz]ed|listed))|no such (user|recipient|mailbox|address|person|account|domain|host)|unknown (user|recipient|address|account|mailbox|local|destination|host|domain)|invalid (recipient|address|mailbox|user)|no mailbox here|not our customer|user doesn'?t have|doesn'?t have (a|an) .{0,30}account|unrout(e)?able (address|mail domain)|host (or domain name )?(was )?not found|domain (name )?(was )?not found|(could not|couldn'?t) be found|wasn'?t found|nxdomain|null mx|does not accept (mail|email)|utilisateur inconnu|(adresse|destinataire|boîte).{0,40}(inconnue?|introuvable|n'existe (pas|plus))|(usuario|destinatario|dirección|cuenta|buzón).{0,40}(desconocid[oa]|inexistente|no existe|no encontrad[oa])|recipnotfound|recipientnotfound`)

	saysNetwork = regexp.MustCompile(`(?i)connection (timed out|refused|reset|closed|lost)|timed? ?out|time(d)? limit|retry (time|timeout)|too many hops|loop|no route|unreachable|temporar(y|ily)|deferred|has expired|expired|network error|could not connect|service unavailable|maximum time|queue too long|too long`)
)

// about says what a failure is about, by its enhanced status code and the words of the mail system.
func about(status, said string) Concern {
	if said != "" {
		said = shorten(said, 2000)
	}
	c := byStatus(status)
	// The mail system that answered knows more than the one that reports: "5.0.0" in the report, "5.1.1" in the answer.
	if inner := enhanced.FindString(said); inner != "" && (c == "" || c == Unsaid) {
		c = byStatus(inner)
	}
	switch {
	case c == AtAddress && status != "" && strings.HasSuffix(status, ".4.1") && saysNetwork.MatchString(said):
		return AtNetwork // 5.4.1 is "no answer from host"; one large provider means "no such recipient"
	case c == AtAddress && saysFull.MatchString(said):
		return AtMailbox
	case c == AtPolicy && saysAddress.MatchString(said) && !saysPolicy.MatchString(withoutCodes(said)):
		return AtAddress // 5.7.1 "user unknown"
	case c != "" && c != Unsaid:
		return c
	}
	return byWords(said)
}

func withoutCodes(s string) string { return enhanced.ReplaceAllString(s, "") }

// byWords reads a failure's words where no code tells.
func byWords(said string) Concern {
	switch {
	case saysFull.MatchString(said):
		return AtMailbox
	case saysContent.MatchString(said):
		return AtContent
	case saysPolicy.MatchString(said):
		return AtPolicy
	case saysAddress.MatchString(said):
		return AtAddress
	case saysNetwork.MatchString(said):
		return AtNetwork
	}
	return Unsaid
}

// byStatus is what an enhanced status code is about (RFC 3463 3.2 to 3.8, RFC 5248, and the registry that it began); ""
// for none.
func byStatus(status string) Concern {
	f := enhanced.FindStringSubmatch(status)
	if f == nil {
		return ""
	}
	detail := f[3]
	switch f[2] {
	case "0":
		return Unsaid
	case "1": // addressing
		if detail == "7" || detail == "8" { // the sender's address
			return AtPolicy
		}
		if detail == "9" {
			return AtNetwork // relayed to a system that does not speak this
		}
		return AtAddress
	case "2": // mailbox
		switch detail {
		case "1":
			return AtAddress // disabled, not accepting messages
		case "2":
			return AtMailbox
		case "3":
			return AtContent // too long for this mailbox
		case "4":
			return AtPolicy // a list that could not be expanded
		}
		return Unsaid
	case "3": // mail system
		if detail == "4" {
			return AtContent // too big
		}
		if detail == "1" {
			return AtMailbox // its store is full
		}
		return AtNetwork
	case "4": // network and routing
		if detail == "1" && f[1] == "5" || detail == "4" && f[1] == "5" {
			return AtAddress // no such host; and what a large provider says for "no such recipient"
		}
		return AtNetwork
	case "5":
		return AtNetwork // protocol
	case "6":
		if detail == "10" || detail == "7" || detail == "9" {
			return AtNetwork
		}
		return AtContent
	case "7":
		if detail == "13" || detail == "17" {
			return AtAddress // account disabled, mailbox changed hands (RFC 5248, RFC 7293)
		}
		return AtPolicy
	}
	return Unsaid
}

// class is the class of a status or, where there is none, of the reply in the words: '2', '4', '5', or 0.
func class(status, said string) byte {
	if f := enhanced.FindStringSubmatch(status); f != nil {
		return f[1][0]
	}
	if f := enhanced.FindStringSubmatch(said); f != nil {
		return f[1][0]
	}
	if f := basic.FindStringSubmatch(said); f != nil {
		return f[1][0]
	}
	return 0
}

// codeOf is the code as it is shown: the enhanced one, or the reply's.
func codeOf(status, said string) string {
	if s := enhanced.FindString(status); s != "" && !strings.HasSuffix(s, ".0.0") {
		return s
	}
	if s := enhanced.FindString(said); s != "" {
		return s
	}
	if f := basic.FindStringSubmatch(said); f != nil {
		return f[1]
	}
	return enhanced.FindString(status)
}

// failed makes a report of a failure that is final.
func failed(address, status, said string) Report {
	r := Report{Address: address, Outcome: Soft, Concerns: about(status, said), Code: codeOf(status, said), Words: shorten(clean(said), 300)}
	if r.Concerns == AtAddress {
		// "4.1.1" and final: the sender gave up after days. A code that says "for now" suppresses nothing.
		if class(status, said) == '4' && !strings.HasPrefix(status, "5.") {
			r.Outcome = Soft
		} else {
			r.Outcome = Hard
		}
	}
	return r
}
