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
