package relay

import (
	"bufio"
	"bytes"
	"strings"
	"testing"
	"time"
	"unicode"

	"outreach.example/letter"
)

// FuzzReply: whatever a relay says, reading it ends, holds bounded memory, and only a complete and well-formed reply
// becomes a definite verdict.
func FuzzReply(f *testing.F) {
	for _, s := range []string{
		"250 ok\r\n", "250-2.0.0 a\r\n250 2.0.0 b\r\n", "250-a\r\n", "2", "250", "421 4.3.2 bye\r\n", "250 a\x00b\r\n",
		"250-a\r\n550 b\r\n", "999 x\r\n", "451 4.7.1 try again in 5 minutes\r\n", "354 go\n", "250\r\n", "25\xff\r\n",
		strings.Repeat("250-x\r\n", 200), "550 5.1.1.1 x\r\n", "250 " + strings.Repeat("y", 5000) + "\r\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		in := bytes.NewReader(b)
		r, err := readReply(bufio.NewReader(in), nil)
		if err != nil {
			if r.code != 0 || len(err.Error()) > 1000 {
				t.Errorf("%+v, %v", r, err)
			}
			return
		}
		line, _, _ := bytes.Cut(b, []byte("\n"))
		if r.code < 200 || r.code > 599 || !bytes.HasPrefix(line, []byte{byte('0' + r.code/100)}) || bytes.IndexByte(b[:len(b)-in.Len()], '\n') < 0 {
			t.Errorf("%q read as %+v", b, r)
		}
		v := r.afterDot()
		want := map[int]letter.Outcome{2: letter.Accepted, 3: letter.Doubtful, 4: letter.Deferred, 5: letter.Refused5xx}[r.code/100]
		if v.Outcome != want || v.Stage != letter.StageDot || v.Code != r.code {
			t.Errorf("%q has the verdict %+v", b, v)
		}
		if len(v.Text) > 8*maxReplyText || strings.ContainsFunc(v.Text, unicode.IsControl) {
			t.Errorf("text %q", v.Text)
		}
		if v.Retry != 0 && (v.Retry < time.Minute || v.Retry > time.Hour) {
			t.Errorf("retry after %v", v.Retry)
		}
	})
}

// TestHint: a wait that the relay asks for counts between a minute and an hour.
func TestHint(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"greylisted, please try again in 5 minutes": 5 * time.Minute,
		"Try again in 300 seconds.":                 5 * time.Minute,
		"retry after 1 hour":                        time.Hour,
		"try again in 10 seconds":                   0,
		"try again in 2 hours":                      0,
		"try again in 3 days":                       0,
		"error in 5":                                0,
		"in -5 minutes":                             0,
		"in 99999999999999999999 minutes":           0,
		"":                                          0,
	} {
		if got := hint(text); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}

// TestGreylisted: the enhanced code of filters, or words; never the relay's word on itself.
func TestGreylisted(t *testing.T) {
	for text, want := range map[string]bool{
		"451 4.7.1 Greylisting in action, please come back later":         true,
		"450 4.2.0 <a@b.example>: Recipient address rejected: Greylisted": true,
		"451 Temporarily deferred, you have been GRAYLISTED":              true,
		"450 4.7.1 try later":                                               true,
		"451 4.3.0 try again later":                                         false,
		"452 4.2.2 mailbox full (not greylisted)":                           false,
		"421 4.7.1 too many connections":                                    false,
		"550 5.7.1 greylisted for good":                                     false,
		"450 4.1.8 the domain of the sender was not found: try again later": false,
	} {
		r, err := readReply(bufio.NewReader(strings.NewReader(text+"\r\n")), nil)
		if err != nil {
			t.Fatal(err)
		}
		if v := r.afterDot(); v.Greylisted != want {
			t.Errorf("%s: greylisted %v, want %v", text, v.Greylisted, want)
		}
	}
}

// TestStanding: a refusal after the dot for what the sender is concerns every letter; one of this letter does not, and
// neither does one of a recipient.
func TestStanding(t *testing.T) {
	for text, want := range map[string]bool{
		"550 5.7.1 message refused by policy":                true,
		"550 5.7.26 unauthenticated email, DMARC policy":     true,
		"550 5.7.515 Access denied, sending domain":          true,
		"550 5.7.23 SPF validation failed":                   true,
		"550 5.7.2 no":                                       false,
		"552 5.3.4 too large":                                false,
		"554 message refused, see 5.7.1":                     false,
		"451 4.7.26 not authenticated now":                   false,
		"250 2.0.0 queued, 5.7.1":                            false,
		"550 5.1.1 no such mailbox (5.7.1 would be another)": false,
	} {
		r, err := readReply(bufio.NewReader(strings.NewReader(text+"\r\n")), nil)
		if err != nil {
			t.Fatal(err)
		}
		if v := r.afterDot(); v.Standing != want {
			t.Errorf("%s: standing %v, want %v", text, v.Standing, want)
		}
	}
	r := reply{code: 550, text: []byte("5.7.1 relaying denied")}
	if v := r.verdict(letter.Refused5xx, letter.StageRcptTo); v.Standing {
		t.Error("a recipient's refusal is taken for one of the sender")
	}
}
