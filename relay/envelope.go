package relay

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"outreach.example/letter"
)

// job is a letter as it goes over the wire.
type job struct {
	env      letter.Envelope
	content  []byte // dot-stuffed, ends in CRLF, without the final dot
	size     int    // octets before dot-stuffing (RFC 1870 5)
	eightBit bool
	deferred []int // copies that were deferred before
}

// prepare makes a job of a sealed letter, or says why it cannot be spoken at all. Sealing has checked the same things:
// here is where a byte too many would become a command.
func prepare(s letter.Sealed, a Attempt) (*job, *letter.Verdict) {
	j := &job{env: s.Envelope, size: len(s.Bytes), deferred: a.DeferredCc}
	for i := range j.rcpts() {
		if address := j.rcpt(i); address == "" || !speakable(address) {
			return nil, unspeakable(j.stage(i), "the address "+shorten(address)+" cannot be put into an envelope")
		}
	}
	if !speakable(j.env.From) {
		return nil, unspeakable(letter.StageMail, "the return path "+shorten(j.env.From)+" cannot be put into an envelope")
	}
	dots, lines, whole := lineEnds(s.Bytes)
	switch {
	case len(s.Bytes) == 0 || !bytes.HasSuffix(s.Bytes, []byte("\r\n")):
		return nil, unspeakable(letter.StageContent, "the sealed letter does not end with a line end")
	case !whole || bytes.Count(s.Bytes, []byte("\r")) != lines:
		// Relays disagree about where a message with such lines ends.
		return nil, unspeakable(letter.StageContent, "the sealed letter holds a bare carriage return or line feed")
	case bytes.IndexByte(s.Bytes, 0) >= 0:
		return nil, unspeakable(letter.StageContent, "the sealed letter holds a NUL")
	}
	j.content, j.eightBit = stuffed(s.Bytes, dots), eightBit(s.Bytes)
	return j, nil
}

func unspeakable(s letter.Stage, text string) *letter.Verdict {
	return &letter.Verdict{Outcome: letter.Refused5xx, Stage: s, Text: text}
}

// speakable says whether an address can stand between angle brackets in a command.
func speakable(address string) bool {
	for i := range len(address) {
		if c := address[i]; c <= ' ' || c >= 0x7f || c == '<' || c == '>' {
			return false
		}
	}
	return len(address) <= 254+2
}

// lineEnds counts lines, and those that begin with a dot; whole says that each line feed follows a carriage return.
func lineEnds(b []byte) (dots, lines int, whole bool) {
	for len(b) > 0 {
		if b[0] == '.' {
			dots++
		}
		i := bytes.IndexByte(b, '\n')
		if i < 0 {
			return dots, lines, true
		}
		if i == 0 || b[i-1] != '\r' {
			return dots, lines, false
		}
		lines++
		b = b[i+1:]
	}
	return dots, lines, true
}

// stuffed doubles the dot at the front of each line that has one (RFC 5321 4.5.2); there are so many.
func stuffed(b []byte, dots int) []byte {
	if dots == 0 {
		return b
	}
	out := make([]byte, 0, len(b)+dots)
	for line := range bytes.Lines(b) {
		if line[0] == '.' {
			out = append(out, '.')
		}
		out = append(out, line...)
	}
	return out
}

// eightBit says whether any octet has its high bit set.
func eightBit(b []byte) bool {
	for ; len(b) >= 8; b = b[8:] {
		if binary.LittleEndian.Uint64(b)&0x8080808080808080 != 0 {
			return true
		}
	}
	return slices.ContainsFunc(b, func(c byte) bool { return c >= 0x80 })
}

// rcpts is how many recipients there are: To, the copies, then the registry copy.
func (j *job) rcpts() int {
	if j.env.Registry != "" {
		return 2 + len(j.env.Cc)
	}
	return 1 + len(j.env.Cc)
}

func (j *job) rcpt(i int) string {
	switch j.stage(i) {
	case letter.StageRcptTo:
		return j.env.To
	case letter.StageRcptCc:
		return j.env.Cc[i-1]
	}
	return j.env.Registry
}

func (j *job) stage(i int) letter.Stage {
	switch {
	case i == 0:
		return letter.StageRcptTo
	case i <= len(j.env.Cc):
		return letter.StageRcptCc
	}
	return letter.StageRcptRegistry
}

// fits says whether what the relay offers can carry the letter.
func (j *job) fits(o offer) *letter.Verdict {
	switch {
	case o.size > 0 && j.size > o.size:
		return unspeakable(letter.StageMail, fmt.Sprintf("the letter has %d octets, the relay takes at most %d", j.size, o.size))
	case j.eightBit && !o.eightBit:
		return unspeakable(letter.StageMail, "the letter has 8-bit characters, the relay takes 7-bit letters only")
	}
	return nil
}

// writeMail writes MAIL; SMTPUTF8 is never asked for, because later hops may not know it.
func (c *conn) writeMail(j *job) {
	c.w.WriteString("MAIL FROM:<")
	c.w.WriteString(j.env.From)
	c.w.WriteByte('>')
	if c.offer.size > 0 {
		c.w.WriteString(" SIZE=")
		c.w.Write(strconv.AppendInt(c.w.AvailableBuffer(), int64(j.size), 10))
	}
	if j.eightBit {
		c.w.WriteString(" BODY=8BITMIME")
	}
	c.w.WriteString("\r\n")
}

func (c *conn) writeRcpt(address string) {
	c.w.WriteString("RCPT TO:<")
	c.w.WriteString(address)
	c.w.WriteString(">\r\n")
}

// writeEnvelope writes MAIL, every RCPT and DATA, to go in one piece (RFC 2920 3.1: DATA may end a group).
func (c *conn) writeEnvelope(j *job) {
	c.writeMail(j)
	for i := range j.rcpts() {
		c.writeRcpt(j.rcpt(i))
	}
	c.w.WriteString("DATA\r\n")
}

// refusal is the relay's answer to one recipient that it did not take.
type refusal struct {
	rcpt  int
	reply reply // with a text of its own
}

// decide says what the refused recipients mean for the letter: nil to go on without those in leftOut. The first of
// these counts: To refused for good; To deferred; the registry copy refused, which no letter leaves without; a copy
// deferred for the first time. A copy that is refused for good, or deferred again, is left out.
func (j *job) decide(refusals []refusal, house time.Duration) (leftOut []int, no *letter.Verdict) {
	var deferred []int
	var deciding *refusal
	rank := func(r *refusal) int {
		switch s := j.stage(r.rcpt); {
		case s == letter.StageRcptTo:
			return 3
		case s == letter.StageRcptRegistry:
			return 2
		case r.reply.later() && !slices.Contains(j.deferred, r.rcpt-1):
			return 1
		}
		return 0
	}
	for i := range refusals {
		r := &refusals[i]
		n := rank(r)
		if j.stage(r.rcpt) == letter.StageRcptCc {
			if n == 1 {
				deferred = append(deferred, r.rcpt-1)
			} else {
				leftOut = append(leftOut, r.rcpt-1)
			}
		}
		if n > 0 && (deciding == nil || n > rank(deciding)) {
			deciding = r
		}
	}
	if deciding == nil {
		return leftOut, nil
	}
	stage, v := j.stage(deciding.rcpt), letter.Verdict{}
	switch {
	case deciding.reply.later():
		v = deciding.reply.verdict(letter.Deferred, stage)
		v.DeferredCc = deferred
	case stage == letter.StageRcptRegistry:
		v = deciding.reply.verdict(letter.Unsent, stage)
		v.Text, v.Retry = "the relay refuses the registry copy: "+v.Text, house
	default:
		v = deciding.reply.verdict(letter.Refused5xx, stage)
	}
	v.Text += j.others(refusals, deciding)
	return nil, &v
}

// others names what was said about the recipients that did not decide.
func (j *job) others(refusals []refusal, deciding *refusal) string {
	var b strings.Builder
	for i := range refusals {
		if r := &refusals[i]; r != deciding {
			b.WriteString("; " + j.who(r.rcpt) + ": " + r.reply.String())
		}
	}
	return b.String()
}

// who is a recipient in words that hold no address.
func (j *job) who(i int) string {
	switch j.stage(i) {
	case letter.StageRcptTo:
		return "to"
	case letter.StageRcptCc:
		return fmt.Sprintf("copy %d", i)
	}
	return "registry copy"
}
