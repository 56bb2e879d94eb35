package examples

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"outreach.example/campaign"
	"outreach.example/donor"
)

func date(t testing.TB, s string) donor.Date {
	t.Helper()
	d, err := donor.ParseDate(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

var sampleNames = []string{"campaigns/resilience/campaign.yaml", "contacts.csv", "contributions.csv", "facts.csv", "holidays/geneva.yaml", "holidays/organisation.yaml", "outreach.yaml"}

// On whatever day somebody tries it, the sample campaign starts this week and has no fault.
func TestSampleNeverExpires(t *testing.T) {
	for today := date(t, "2026-11-23"); today.Before(date(t, "2029-01-31")); today = today.AddDays(11) {
		files := Files(today)
		c, faults := campaign.Parse("resilience", "campaign.yaml", files["campaigns/resilience/campaign.yaml"])
		if faults.Refuses() {
			t.Fatal(faults)
		}
		if faults := c.Check(today); faults.Refuses() {
			t.Fatalf("on %s: %v", today, faults)
		}
		if start := c.Schedule.Start; start.Weekday() != time.Monday || today.Before(start) || !today.Before(start.AddDays(7)) {
			t.Fatalf("on %s the sample starts on %s", today, start)
		}
		if c.Schedule.Start.AddDays(67) != c.ReplyBy || c.Schedule.Start.AddDays(128) != c.Steps[1].Standing {
			t.Fatalf("on %s the days have moved apart: %s, %s", today, c.ReplyBy, c.Steps[1].Standing)
		}
	}
}

// The sample writes to all 175 Member States, each in its language, and leaves out the 8 observers with a reason.
func TestSampleWritesToEveryMember(t *testing.T) {
	today := date(t, "2027-08-12")
	folder := fstest.MapFS{}
	for name, content := range Files(today) {
		folder[name] = &fstest.MapFile{Data: content}
	}
	book, faults := donor.Read(folder, today)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	c, faults := campaign.Parse("resilience", "campaign.yaml", folder["campaigns/resilience/campaign.yaml"].Data)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	chosen, left, faults := c.Select(book.Donors)
	faults = append(faults, book.Check(c.Ask, chosen)...)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	languages, figures := map[string]int{}, 0
	for _, d := range chosen {
		languages[d.Language]++
		if c.Ask.Ask(book.Contribution(d.ID, c.Ask.BaseYear, c.Ask.Base)).Figure {
			figures++
		}
	}
	if diff := cmp.Diff(map[string]int{"en": 130, "fr": 26, "es": 19}, languages); diff != "" {
		t.Error(diff)
	}
	if len(chosen) != 175 || len(left) != 8 || left[0].Reason != "status observer is not in the audience" {
		t.Errorf("%d are written to, and left out are %v", len(chosen), left)
	}
	if figures == 0 || figures == 175 {
		t.Errorf("%d letters name an amount: the sample shows both wordings", figures)
	}
}

// Nobody can have checked a contact tomorrow.
func TestContactsWereVerifiedInThePast(t *testing.T) {
	for _, today := range []string{"2026-11-23", "2026-11-29", "2027-02-28", "2030-01-01"} {
		days := isoDay.FindAllString(string(Files(date(t, today))["contacts.csv"]), -1)
		if len(days) < 175 {
			t.Fatalf("the contacts have %d days on which they were verified", len(days))
		}
		for _, d := range days {
			if date(t, today).Before(date(t, d)) {
				t.Fatalf("on %s a contact was verified on %s", today, d)
			}
		}
	}
}

// Only days move, and none of the years before: years, amounts and everything else are as they were.
func TestFilesMovesOnlyDays(t *testing.T) {
	want, got := Files(date(t, "2026-11-25")), Files(date(t, "2026-12-02"))
	if !slices.Equal(slices.Sorted(maps.Keys(got)), sampleNames) {
		t.Errorf("the files are %v", slices.Sorted(maps.Keys(got)))
	}
	for name := range want {
		moved := isoDay.ReplaceAllStringFunc(string(want[name]), func(s string) string {
			if d := date(t, s); d.Year >= 2026 && !strings.HasPrefix(name, "holidays/") { // a feast stays where it is
				return d.AddDays(7).String()
			}
			return s
		})
		if diff := cmp.Diff(moved, string(got[name])); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		original, err := os.ReadFile(filepath.FromSlash(name))
		if err != nil {
			t.Fatal(err)
		}
		if string(original) != string(want[name]) {
			t.Errorf("%s is changed in its own week", name)
		}
	}
}

func TestWrite(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "project")
	today := date(t, "2027-05-05")
	written, err := Write(dir, today)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(written, sampleNames) {
		t.Errorf("wrote %v", written)
	}
	for name, want := range Files(today) {
		got, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || string(got) != string(want) {
			t.Errorf("%s holds %d bytes (%v), want %d", name, len(got), err, len(want))
		}
	}
}

// What is there stays, and what cannot be done whole is not begun.
func TestWriteOverwritesNothing(t *testing.T) {
	dir := t.TempDir()
	mine := filepath.Join(dir, "contributions.csv")
	if err := os.WriteFile(mine, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Write(dir, date(t, "2026-11-23"))
	if want := mine + " is there already, and nothing is overwritten: choose another folder, or move it away"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if b, _ := os.ReadFile(mine); string(b) != "mine" {
		t.Error("the file was overwritten")
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("the folder holds %v", entries)
	}
}

// A write that ends in the middle leaves nothing of its own behind, and all that was there.
func TestWriteLeavesNothingHalfDone(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "mine"), 0o700); err != nil {
		t.Fatal(err)
	}
	// The third file belongs into a folder whose name the second one has taken.
	names := []string{"mine/new/first", "taken", "taken/third"}
	if err := write(dir, names, map[string][]byte{}); err == nil {
		t.Fatal("a folder was made where a file is")
	}
	var left []string
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if path != dir {
			left = append(left, path)
		}
		return err
	})
	if err != nil || !slices.Equal(left, []string{filepath.Join(dir, "mine")}) {
		t.Errorf("left behind: %v (%v)", left, err)
	}
}

// Everything in the sample is fictional: no address outside .example.
func TestSampleIsFictional(t *testing.T) {
	address := regexp.MustCompile(`[A-Za-z0-9._+-]+@[A-Za-z0-9.-]+[A-Za-z]`)
	for name, content := range Files(date(t, "2026-11-23")) {
		for _, a := range address.FindAllString(string(content), -1) {
			if !strings.HasSuffix(a, ".example") && !strings.HasPrefix(a, "password@host") {
				t.Errorf("%s names %s", name, a)
			}
		}
	}
	if !strings.Contains(string(Files(date(t, "2026-11-23"))["outreach.yaml"]), "fictional") {
		t.Error("outreach.yaml does not say that the sample is fictional")
	}
}

// The settings are all shown, and none is set.
func TestSettingsAreComments(t *testing.T) {
	settings := string(Files(date(t, "2026-11-23"))["outreach.yaml"])
	for line := range strings.Lines(settings) {
		if strings.TrimSpace(line) != "" && !strings.HasPrefix(line, "#") {
			t.Errorf("the line %q sets something", line)
		}
	}
	for _, key := range []string{"redis", "queue_redis", "relay", "pace", "connections", "in_hand", "give_up", "helo", "quiet", "registry_copies", "token_key_file", "optout_url", "dkim_key_file", "dkim_domain", "dkim_selector", "console", "console_url", "console_tls_cert", "console_tls_key", "undo", "log"} {
		if !strings.Contains(settings, "\n#"+key+": ") {
			t.Errorf("the setting %s is not shown", key)
		}
	}
}
