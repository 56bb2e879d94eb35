package console

import (
	"net/url"
	"strings"
	"testing"
	"time"
)

// What the program says to somebody at a terminal is said on a page without what to type.
func TestSentences(t *testing.T) {
	for in, want := range map[string]string{
		"ann planned this edition of resilience; another person approves it: outreach approve resilience --as NAME": "Ann planned this edition of resilience; another person approves it.",
		"campaign resilience has not been started; type: outreach start resilience --confirm resilience":            "Campaign resilience has not been started.",
		"ann planned this edition; another person releases its letters: add --as NAME":                              "Ann planned this edition; another person releases its letters.",
		"campaign resilience is planned and not approved; another person types: outreach approve resilience":        "Campaign resilience is planned and not approved.",
		"resilience/KEN/appeal is sent, not in doubt: there is nothing to resolve; type: outreach case KEN":         "resilience/KEN/appeal is sent, not in doubt: there is nothing to resolve.",
		"is this so?": "Is this so?", "": "",
	} {
		if got := Sentence(withoutCommands(in)); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}

func TestTimesInWords(t *testing.T) {
	now := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	for d, want := range map[time.Duration]string{
		0: "just now", 10 * time.Second: "just now", 3 * time.Minute: "3 minutes ago", time.Minute: "1 minute ago", 2 * time.Hour: "2 hours ago",
		50 * time.Hour: "2 days ago", -5 * time.Minute: "in 5 minutes", -2 * time.Second: "in a moment",
	} {
		if got := ago(now.Add(-d), now); got != want {
			t.Errorf("%s: %q, want %q", d, got, want)
		}
	}
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", -1000: "-1,000"} {
		if got := count(n); got != want {
			t.Errorf("%d is %q", n, got)
		}
	}
	if got := []string{lasts(3 * time.Second), lasts(10 * time.Minute), lasts(time.Hour), lasts(90 * time.Second)}; strings.Join(got, ", ") != "3 seconds, 10 minutes, 1 hour, 90 seconds" {
		t.Errorf("%q", got)
	}
}

// The address holds how a table is looked at; choosing another filter begins at its first page again.
func TestView(t *testing.T) {
	w := view{"/campaigns/x", url.Values{"q": {"ken"}, "page": {"3"}, "sort": {"-name"}, "long": {strings.Repeat("x", 300)}}}
	for _, tt := range []struct{ got, want string }{
		{w.With("q", ""), "/campaigns/x?long=" + strings.Repeat("x", 300) + "&sort=-name"},
		{view{"/a", url.Values{"q": {"x"}, "page": {"2"}}}.With("group", "A & B"), "/a?group=A+%26+B&q=x"},
		{view{"/a", url.Values{"q": {"x"}}}.With("q", ""), "/a"},
		{w.Get("long"), ""}, {w.Get("q"), "ken"},
	} {
		if tt.got != tt.want {
			t.Errorf("%q, want %q", tt.got, tt.want)
		}
	}
	heads := w.columns([2]string{"name", "Donor"}, [2]string{"group", "Group"})
	if heads[0].Order != "descending" || !strings.Contains(heads[0].To, "sort=name") || heads[1].Order != "" || !strings.Contains(heads[1].To, "sort=group") {
		t.Errorf("heads: %+v", heads)
	}
	all := make([]int, 120)
	for i := range all {
		all[i] = i
	}
	for page, want := range map[string][2]int{"": {0, 50}, "2": {50, 50}, "3": {100, 20}, "99": {100, 20}, "-1": {0, 50}, "x": {0, 50}, "99999999999999999999": {0, 50}} {
		got, p := cut(view{"/a", url.Values{"page": {page}}}, all, 50)
		if len(got) != want[1] || got[0] != want[0] || p.Of != 120 || p.From != want[0]+1 || p.To != want[0]+want[1] {
			t.Errorf("page %q: %d from %d, %+v", page, len(got), got[0], p)
		}
	}
	if got, p := cut(view{"/a", nil}, []int{}, 50); len(got) != 0 || p.From != 0 || p.Before+p.After != "" {
		t.Errorf("of nothing: %+v", p)
	}
}

// Wherever a link says to go after signing in, it is a page of this console.
func FuzzOwn(f *testing.F) {
	for _, s := range []string{"/", "//evil.example", "/\\evil.example", "https://evil.example", "/a?b=//c", "/\t/evil.example", ""} {
		f.Add(s)
	}
	base, _ := url.Parse(tlsAddress)
	f.Fuzz(func(t *testing.T, to string) {
		got := own(to)
		u, err := base.Parse(got)
		if err != nil {
			return // no browser goes there
		}
		if u.Host != base.Host || u.Scheme != base.Scheme {
			t.Errorf("%q leads to %s", to, u)
		}
	})
}
