package letter

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestSealWithEverything shows a letter with tokens, ways to opt out and a file, for review.
func TestSealWithEverything(t *testing.T) {
	s, c, o := everything(t)
	s.DKIM = nil
	sealed, err := s.Seal(new(bytes.Buffer), c, o)
	if err != nil {
		t.Fatal(err)
	}
	got, n := sealed.Bytes, 0
	for _, b := range boundary.FindAll(got, -1) {
		if bytes.Contains(got, b) {
			n++
			got = bytes.ReplaceAll(got, b, fmt.Appendf(nil, "BOUNDARY-%d", n))
		}
	}
	golden(t, "attached.eml", got)
}

// TestSealReturnPath: what comes back names the letter and its generation; the content that was approved does not change.
func TestSealReturnPath(t *testing.T) {
	c := appeal()
	plain, err := Seal(c, sealDate, "23 November 2026")
	if err != nil {
		t.Fatal(err)
	}
	if plain.Envelope.From != "bounce@iom.example" {
		t.Errorf("without a key: %s", plain.Envelope.From)
	}
	s := &Sealer{Tokens: tokenKeys}
	for _, generation := range []int{0, 3} {
		got, err := s.Seal(new(bytes.Buffer), c, Occasion{Date: sealDate, Printed: "23 November 2026", Generation: generation})
		if err != nil {
			t.Fatal(err)
		}
		address, token, ok := SplitReturnPath(got.Envelope.From)
		read, err := tokenKeys.Read(ReturnToken, token)
		if !ok || address != "bounce@iom.example" || err != nil || !read.Names(c.ID) || read.Generation != generation {
			t.Errorf("generation %d: %s, %+v, %v", generation, got.Envelope.From, read, err)
		}
		if got.ContentHash != plain.ContentHash || got.MessageID != plain.MessageID {
			t.Error("the token changes the content")
		}
		if bytes.Contains(got.Bytes, []byte(token)) {
			t.Error("the return path's token shows in the message")
		}
	}
}

// TestSealAgain: two seals of one letter on one date are the same letter but for the boundary and what follows from it.
func TestSealAgain(t *testing.T) {
	s, c, o := everything(t)
	var got [2]string
	var hash [2]string
	b := new(bytes.Buffer)
	for i := range got {
		sealed, err := s.Seal(b, c, o)
		if err != nil {
			t.Fatal(err)
		}
		own := regexp.MustCompile(`(?s) b=.*?\r\n(\S)| (bh|t)=[^;]*;`)
		got[i], hash[i] = own.ReplaceAllString(boundary.ReplaceAllString(string(sealed.Bytes), "BOUNDARY"), "$1"), sealed.ContentHash
	}
	if diff := cmp.Diff(got[0], got[1]); diff != "" || hash[0] != hash[1] {
		t.Error(diff)
	}
}

// TestSealHouseFaults: what is in the way of every letter is told apart from what is wrong with this one.
func TestSealHouseFaults(t *testing.T) {
	for _, tc := range []struct {
		name   string
		change func(*Sealer, *Content, *Occasion)
		want   string
		house  bool
	}{
		{"no key", func(s *Sealer, _ *Content, _ *Occasion) { s.Tokens = nil }, "token_key_file is not set, and ways to opt out are signed", true},
		{"no link", func(s *Sealer, _ *Content, _ *Occasion) { s.OptOutURL = "" }, "optout_url is not set, and letters offer a link to opt out", true},
		{"another domain", func(s *Sealer, _ *Content, _ *Occasion) { s.DKIM = signer(t, "other.example") }, "dkim_domain is other.example, and letters come from iom.example: receivers take that for a forgery", true},
		{"long return path", func(_ *Sealer, c *Content, _ *Occasion) { c.ReturnPath = "communications-desk@iom.example" }, `return path: "communications-desk@iom.example" has 19 characters before the @, and a signed return path leaves room for 16: give a shorter return_path`, false},
		{"opt-out address", func(_ *Sealer, c *Content, _ *Occasion) { c.OptOut.Address = "a>b@iom.example" }, `opt-out: "a>b@iom.example": '>' cannot stand before the @`, false},
		{"no file", func(_ *Sealer, _ *Content, o *Occasion) { o.File = nil }, "the file that goes with the letter is missing, or there is one too many", false},
		{"a file too many", func(_ *Sealer, c *Content, _ *Occasion) { c.Attachment = Attachment{} }, "the file that goes with the letter is missing, or there is one too many", false},
		{"file name", func(_ *Sealer, c *Content, _ *Occasion) { c.Attachment.Name = "a\"\r\nX: y.pdf" }, `"a\"\r\nX: y.pdf" cannot be the name of an attachment`, false},
	} {
		s, c, o := everything(t)
		tc.change(s, c, &o)
		_, err := s.Seal(new(bytes.Buffer), c, o)
		want := "letter resilience/CIV/reminder-1: " + tc.want
		var house HouseFault
		if err == nil || err.Error() != want || errors.As(err, &house) != tc.house {
			t.Errorf("%s: %v\nwant %s", tc.name, err, want)
		}
	}
}

func TestCheckOptOutURL(t *testing.T) {
	for url, ok := range map[string]bool{
		"https://iom.example/optout": true, "https://iom.example:8443": true,
		"http://iom.example/optout": false, "https:///optout": false, "https://iom.example/optout/": false, "https://iom.example/?x": false,
		"https://iom.example/#": false, "https://a:b@iom.example/o": false, "https://iom.example/a,b": false, "https://iom.example/ö": false, "": false,
		"https://iom.example/" + strings.Repeat("o", 200): false,
	} {
		if err := CheckOptOutURL(url); (err == nil) != ok {
			t.Errorf("%s: %v", url, err)
		}
	}
}

func BenchmarkSealSigned(b *testing.B) {
	s, c, o := everything(b)
	buffer := new(bytes.Buffer)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Seal(buffer, c, o); err != nil {
			b.Fatal(err)
		}
	}
}
