package relay

import (
	"bufio"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"outreach.example/letter"
)

// Bounds of one reply. RFC 5321 4.5.3.1.5 allows 512 octets a line; relays say more, but not without end.
const (
	maxReplyLines = 100
	maxReplyText  = 1000 // octets that are kept of it
)

// reply is one reply of the relay, complete and well-formed. This file is the only one that knows what codes mean.
type reply struct {
	code int
	text []byte // valid until the next reply of the connection is read
}

// errGarbage is a reply that no relay may give: nothing that follows can be told apart any more.
var errGarbage = errors.New("unreadable reply")

// readReply reads one reply (RFC 5321 4.2.1). The text goes to the front of space.
func readReply(r *bufio.Reader, space []byte) (reply, error) {
	out := reply{text: space[:0]}
	for lines := 1; ; lines++ {
		line, err := r.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			return reply{}, fmt.Errorf("%w: a line without end, it begins with %s", errGarbage, shorten(string(line[:40])))
		}
		if err != nil {
			if len(line) > 0 || lines > 1 {
				return reply{}, fmt.Errorf("%w in the middle of a reply (%s)", err, shorten(string(out.text)+string(line)))
			}
			return reply{}, err
		}
		if lines > maxReplyLines {
			return reply{}, fmt.Errorf("%w: more than %d lines", errGarbage, maxReplyLines)
		}
		code, more, text, ok := replyLine(line)
		if !ok || lines > 1 && code != out.code {
			return reply{}, fmt.Errorf("%w %s", errGarbage, shorten(string(line)))
		}
		out.code = code
		out.add(text)
		if !more {
			return out, nil
		}
	}
}

// replyLine takes one line apart: code, whether more lines follow, text.
func replyLine(line []byte) (code int, more bool, text []byte, ok bool) {
	line = line[:len(line)-1]
	if n := len(line); n > 0 && line[n-1] == '\r' {
		line = line[:n-1]
	}
	if len(line) < 3 || line[0] < '2' || line[0] > '5' || line[1] < '0' || line[1] > '9' || line[2] < '0' || line[2] > '9' {
		return 0, false, nil, false
	}
	code = int(line[0]-'0')*100 + int(line[1]-'0')*10 + int(line[2]-'0')
	if len(line) > 3 {
		if line[3] != ' ' && line[3] != '-' {
			return 0, false, nil, false
		}
		more, text = line[3] == '-', line[4:]
	}
	for _, c := range text {
		if c == 0 {
			return 0, false, nil, false
		}
	}
	return code, more, text, true
}

// add appends the text of one more line.
func (r *reply) add(text []byte) {
	if len(r.text) > 0 {
		// RFC 2034 4: every line repeats the enhanced code.
		if e := enhanced(r.code, string(r.text)); e != "" && len(text) > len(e) && string(text[:len(e)]) == e {
			text = text[len(e):]
		} else {
			r.text = append(r.text, ' ')
		}
	}
	r.text = append(r.text, text[:min(len(text), max(0, maxReplyText-len(r.text)))]...)
}

// enhanced is the enhanced status code at the front of a text (RFC 3463 2), "" when there is none or its class is not
// that of the reply.
func enhanced(code int, text string) string {
	word, _, _ := strings.Cut(text, " ")
	if len(word) < 5 || len(word) > 9 || word[0] != byte('0'+code/100) {
		return ""
	}
	parts := strings.Split(word, ".")
	if len(parts) != 3 || len(parts[0]) != 1 {
		return ""
	}
	for _, p := range parts[1:] {
		if len(p) == 0 || len(p) > 3 || strings.Trim(p, "0123456789") != "" {
			return ""
		}
	}
	return word
}

func (r reply) positive() bool { return r.code/100 == 2 }
func (r reply) goAhead() bool  { return r.code == 354 }
func (r reply) later() bool    { return r.code/100 == 4 }
func (r reply) never() bool    { return r.code/100 == 5 }

// closing is the relay's word on itself, whatever it was asked: it shuts the channel (RFC 5321 3.8, 4.2.2).
func (r reply) closing() bool { return departs(r.code) }

// tooLarge is the one refusal of MAIL that concerns the letter and not its sender (RFC 1870 6.1).
func (r reply) tooLarge() bool { return r.code == 552 }

// verdict writes the reply into a verdict.
func (r reply) verdict(o letter.Outcome, s letter.Stage) letter.Verdict {
	text := printable(r.text)
	e := enhanced(r.code, text)
	v := letter.Verdict{Outcome: o, Stage: s, Code: r.code, Enhanced: e, Text: strings.TrimSpace(text[len(e):])}
	if r.later() {
		v.Retry, v.Greylisted = hint(v.Text), r.greylisted(e, v.Text)
	}
	return v
}

// greylisted says that strangers are made to come back (RFC 6647): by the enhanced code that filters use for it, or in
// words. 421 is the relay's word on itself.
func (r reply) greylisted(enhanced, text string) bool {
	if r.closing() {
		return false
	}
	if enhanced == "4.7.1" {
		return true
	}
	text = strings.ToLower(text)
	return (r.code == 450 || r.code == 451) && slices.ContainsFunc(greyWords, func(w string) bool { return strings.Contains(text, w) })
}

var greyWords = []string{"greylist", "graylist", "grey-list", "gray-list", "grey list", "gray list"}

// standing are the enhanced codes of refusals that concern the sender and not one letter: policy, then DKIM, SPF and
// reverse DNS (RFC 7372), then DMARC as Exchange Online says it.
var standing = []string{
	"5.7.1", "5.7.20", "5.7.21", "5.7.22", "5.7.23", "5.7.24", "5.7.25", "5.7.26", "5.7.509", "5.7.515",
}

// departs is the code by which a relay says of itself that it serves no more now (RFC 5321 3.8).
func departs(code int) bool { return code == 421 }

// refusesLogin is a definite no to a login: the same words said again would be refused again, and may lock the account.
func refusesLogin(code int) bool { return code/100 == 5 }

// String is the reply as people read it.
func (r reply) String() string {
	return strings.TrimSpace(strconv.Itoa(r.code) + " " + printable(r.text))
}

// afterDot is the verdict on a letter whose dot was written. Only what the relay said in so many words counts as an
// answer: everything else leaves the letter in doubt.
func (r reply) afterDot() letter.Verdict {
	switch {
	case r.positive():
		return r.verdict(letter.Accepted, letter.StageDot)
	case r.later():
		return r.verdict(letter.Deferred, letter.StageDot)
	case r.never():
		v := r.verdict(letter.Refused5xx, letter.StageDot)
		v.Standing = slices.Contains(standing, v.Enhanced)
		return v
	}
	v := r.verdict(letter.Doubtful, letter.StageDot)
	v.Text = "answer to the dot that is none: " + r.String()
	return v
}

// atMail is the verdict on a letter whose MAIL was not accepted. The sender is the house's: nothing is wrong with the
// letter, and a person must look, unless the relay speaks of its size.
func (r reply) atMail(house time.Duration) letter.Verdict {
	switch {
	case r.later():
		return r.verdict(letter.Deferred, letter.StageMail)
	case r.tooLarge():
		return r.verdict(letter.Refused5xx, letter.StageMail)
	case r.never():
		v := r.verdict(letter.Unreachable, letter.StageMail)
		v.Text, v.Retry = "the relay refuses the sender: "+v.Text, house
		return v
	}
	return r.outOfStep(letter.StageMail)
}

// atData is the verdict on a letter whose DATA was not accepted.
func (r reply) atData() letter.Verdict {
	switch {
	case r.later():
		return r.verdict(letter.Deferred, letter.StageData)
	case r.never():
		return r.verdict(letter.Refused5xx, letter.StageData)
	}
	return r.outOfStep(letter.StageData)
}

// outOfStep is for a reply that does not belong to what was asked.
func (r reply) outOfStep(s letter.Stage) letter.Verdict {
	v := r.verdict(letter.Unsent, s)
	v.Text = "unexpected reply: " + r.String()
	return v
}

// leaving is the verdict on a letter met by 421: the relay is going away and says nothing of the letter.
func (r reply) leaving(s letter.Stage) letter.Verdict { return r.verdict(letter.Unreachable, s) }

// hint is how long the relay asks to wait ("try again in 5 minutes"), when that is between a minute and an hour.
func hint(text string) time.Duration {
	words := strings.Fields(strings.ToLower(text))
	for i := 0; i+2 < len(words); i++ {
		if words[i] != "in" && words[i] != "after" {
			continue
		}
		n, err := strconv.Atoi(words[i+1])
		if err != nil || n < 1 || n > 3600 {
			continue
		}
		unit := map[byte]time.Duration{'s': time.Second, 'm': time.Minute, 'h': time.Hour}[words[i+2][0]]
		if d := time.Duration(n) * unit; d >= time.Minute && d <= time.Hour {
			return d
		}
	}
	return 0
}

// printable is text from outside as a log or a page may hold it.
func printable(b []byte) string {
	clean := utf8.Valid(b)
	for _, c := range b {
		clean = clean && c >= ' ' && c != 0x7f
	}
	if clean {
		return string(b)
	}
	s := strconv.QuoteToGraphic(string(b))
	return s[1 : len(s)-1]
}
