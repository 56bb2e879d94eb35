package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"outreach.example/console/consoletest"
	"outreach.example/ledger/ledgertest"
)

// Before a campaign runs its calendar is drawn from the plan, with each letter by the clocks of the capital where it is read; a
// day's letters lead to their States, and the page says what the command says.
func TestCalendarInTheConsole(t *testing.T) {
	t.Parallel()
	o := openOffice(t, ledgertest.Start(t).Addr, map[string]string{"Vic Viewer": "viewer"})
	file := filepath.Join(o.dir, "campaigns", "resilience", "campaign.yaml")
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	placed := regexp.MustCompile(`(?m)^  (zone|days): .*\n(    .*\n)*`).ReplaceAll(b, nil)
	placed = regexp.MustCompile(`(?m)^  start: .*$`).ReplaceAll(placed, []byte("  start: 2028-11-30\n  place: capital"))
	placed = regexp.MustCompile(`(?m)^  hours: .*$`).ReplaceAll(placed, []byte(`  hours: "08:30-17:00"`))
	placed = regexp.MustCompile(`(?m)(until|reply_by:) 20\d\d-\d\d-\d\d`).ReplaceAll(placed, []byte("$1 2029-06-29"))
	if err := os.WriteFile(file, placed, 0o600); err != nil {
		t.Fatal(err)
	}
	must(t, o.env, "-C", o.dir, "plan", sample, "--as", "ann")
	vic := consoletest.Open(t)
	vic.SignIn(t, o.address, "Vic Viewer", officePassword)
	vic.Look(t, "calendar-planned", o.address+"/campaigns/resilience/calendar")
	if got := vic.Text(t, "main"); !strings.Contains(got, "525 letters") || !strings.Contains(got, "Thu 30 Nov 2028") {
		t.Errorf("the calendar: %s", got)
	}
	vic.Send(t, `a[href*="day=2028-11-30"]`)
	vic.LookHere(t, "calendar-planned-day")
	got := vic.Text(t, "main")
	if !strings.Contains(got, "capital of ") || !strings.Contains(got, "○ planned the window opens at 08:30") {
		t.Errorf("the day: %s", got)
	}
	of := regexp.MustCompile(`1 to 50 of (\d+)`).FindStringSubmatch(got)
	if out := must(t, o.env, "-C", o.dir, "calendar", sample, "--day", "2028-11-30"); of == nil || of[1] != strconv.Itoa(strings.Count(out, "appeal")) {
		t.Errorf("the page lists %v, the command %d", of, strings.Count(out, "appeal"))
	}
	vic.Send(t, `#day ~ table a`)
	if path := vic.Path(t); !strings.HasPrefix(path, "/campaigns/resilience/donors/") {
		t.Errorf("a letter leads to %s", path)
	}
	vic.Go(t, o.address+"/campaigns/resilience/calendar?day=yesterday&part=x")
	if got := vic.Text(t, "main"); !strings.Contains(got, `There is no day "yesterday"`) {
		t.Errorf("no day: %s", got)
	}
	vic.Go(t, o.address+"/campaigns/nothing/calendar")
	if got := vic.Text(t, "main"); !strings.Contains(got, "No campaign of this name") {
		t.Errorf("no campaign: %s", got)
	}
}
