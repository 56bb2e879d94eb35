package main

import (
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"
)

// Times are those of the place where the letter is read, and Geneva's beside them where its clocks show another time.
func TestCaseTimes(t *testing.T) {
	at := time.Date(2026, 12, 7, 23, 30, 0, 0, time.UTC)
	for place, want := range map[string]string{
		"Europe/Zurich": "8 December 2026 00:30 CET", "Europe/Rome": "8 December 2026 00:30 CET",
		"Africa/Nairobi":   "8 December 2026 02:30 EAT (00:30 CET in Geneva)",
		"America/New_York": "7 December 2026 18:30 EST (8 December 00:30 CET in Geneva)",
	} {
		zone, err := time.LoadLocation(place)
		if err != nil {
			t.Fatal(err)
		}
		if got := (caseFile{zone: zone}).times(at); got != want {
			t.Errorf("%s: %s, want %s", place, got, want)
		}
	}
}

// What a mail quotes of ours is folded in three languages, and shown on demand; what its writer wrote never is.
func TestFolded(t *testing.T) {
	for _, x := range []struct{ name, text, want string }{
		{"quoted", "Thank you.\r\n\r\nOn 3 Dec the desk wrote:\r\n> one\r\n> two\r\n", "Thank you.||[quoted lines: 3; --quotes shows them]"},
		{"between", "> one\nyes\n> two\nno", "[quoted lines: 1; --quotes shows them]|yes|[quoted lines: 1; --quotes shows them]|no"},
		{"French", "Merci.\nLe 3 décembre, le bureau a écrit :\n> un", "Merci.|[quoted lines: 2; --quotes shows them]"},
		{"Spanish", "Gracias.\nEl 3 de diciembre la oficina escribió:\n> uno", "Gracias.|[quoted lines: 2; --quotes shows them]"},
		{"Outlook", "Yes.\n-----Original Message-----\nFrom: us\nwords", "Yes.|[quoted lines: 3; --quotes shows them]"},
		{"nothing quoted", "On Monday we wrote: no.", "On Monday we wrote: no."},
		{"escapes", "a\x1b[2Jb\u202ec\x00", "a[2Jbc"},
	} {
		if got := strings.Join(folded(x.text, false), "|"); got != x.want {
			t.Errorf("%s: %q, want %q", x.name, got, x.want)
		}
		for _, line := range folded(x.text, true) {
			if strings.Contains(line, "--quotes") {
				t.Errorf("%s: %q is folded all the same", x.name, line)
			}
		}
	}
}

// Whatever a stranger writes, a terminal gets one printable line for each line at most.
func FuzzFolded(f *testing.F) {
	for _, s := range []string{"", "a\n> b", "\x1b]0;x\x07", "-----Original Message-----", "\u2028\u202e", "\xff\xfe"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, quotes := range []bool{false, true} {
			lines := folded(text, quotes)
			if len(lines) > strings.Count(text, "\n")+1 {
				t.Errorf("%d lines of %q", len(lines), text)
			}
			for _, line := range lines {
				if strings.ContainsFunc(line, unicode.IsControl) || !utf8.ValidString(line) {
					t.Errorf("%q has %q", text, line)
				}
			}
		}
	})
}
