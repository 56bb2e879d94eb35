package report

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"outreach.example/campaign"
	"outreach.example/donor"
	"outreach.example/ledger"
	"outreach.example/letter"
)

var geneva = func() *time.Location {
	z, err := time.LoadLocation("Europe/Zurich")
	if err != nil {
		panic(err)
	}
	return z
}()

func at10(day string) time.Time {
	d, err := donor.ParseDate(day)
	if err != nil {
		panic(err)
	}
	return d.In(geneva).Add(10 * time.Hour)
}

func usd(units int64) donor.Money { return donor.Money{Minor: units * 100, Currency: "USD"} }

// made is a report of four donors: one pledged twice and gave a part, one declined, one bounced, one is late.
func made() Report {
	b := builder{
		out:  Report{Campaign: "resilience", Goal: usd(100), AsOf: at10("2026-12-04"), Week: weekOf(donor.Date{Year: 2026, Month: 12, Day: 2}, geneva)},
		zone: geneva, first: "appeal",
		cases: map[string]ledger.Case{
			"NOR": {Donor: "NOR", Stopped: true, Entries: []ledger.Entry{
				{Counts: true, Kind: "reply", Date: "2026-11-26"},
				{Counts: true, Kind: "pledge", Amount: "100", Currency: "NOK", Date: "2026-11-27"},
				{Counts: true, Kind: "pledge", Amount: "2500000.50", Currency: "USD", Date: "2026-12-01"},
				{Counts: true, Kind: "received", Amount: "1000", Currency: "USD", Date: "2026-12-02"},
				{Counts: true, Kind: "received", Amount: "5", Currency: "EUR", Date: "2026-11-28"},
			}},
			"KEN": {Donor: "KEN", Stopped: true, Entries: []ledger.Entry{{Counts: true, Kind: "decline", Date: "2026-12-03", Note: "budget"}}},
		},
	}
	row := func(id string, state letter.State, since string) ledger.Letter {
		return ledger.Letter{ID: letter.ID{Campaign: "resilience", Donor: id, Step: "appeal"}, State: state, Since: at10(since), Date: at10(since)}
	}
	add := func(id, name, group, region string, letters ...ledger.Letter) {
		b.add(campaign.Record{Donor: donor.Donor{ID: id, Name: map[string]string{"en": name}, Group: group, Region: region}}, letters)
	}
	add("NOR", "Norway", "WEOG", "Europe", row("NOR", letter.Sent, "2026-11-24"))
	add("KEN", "Kenya", "African Group", "Africa", row("KEN", letter.Sent, "2026-11-30"))
	add("NER", "Niger", "African Group", "Africa", row("NER", letter.Bounced, "2026-12-01"))
	late := row("FOUND", letter.Planned, "2026-12-01")
	late.Date = time.Time{}
	add("FOUND", "=Green Foundation", "", "", late)
	return b.finish()
}

// Every donor counts once, the last pledge stands, and what was received is never added to what was pledged.
func TestSums(t *testing.T) {
	r := made()
	want := Line{
		Name: "All donors", Donors: 4, Answered: 2, Pledged: 1, Declined: 1,
		Letters:  ledger.Counts{letter.Sent: 2, letter.Bounced: 1, letter.Planned: 1},
		Pledges:  []donor.Money{{Minor: 250000050, Currency: "USD"}},
		Receipts: []donor.Money{usd(1000), {Minor: 500, Currency: "EUR"}},
		Days:     Days{Answers: 2, Least: 2, Median: 2, Most: 3},
		ThisWeek: Weekly{Sent: 1, Bounced: 1, Answered: 1, Pledged: 1,
			Pledges: []donor.Money{{Minor: 250000050, Currency: "USD"}}, Receipts: []donor.Money{usd(1000)}},
	}
	if diff := cmp.Diff(want, r.Total); diff != "" {
		t.Error(diff)
	}
	for _, lines := range [][]Line{r.Groups, r.Regions} {
		donors, answered, pledged := 0, 0, int64(0)
		for _, l := range lines {
			donors, answered = donors+l.Donors, answered+l.Answered
			for _, m := range l.Pledges {
				pledged += m.Minor
			}
		}
		if donors != 4 || answered != 2 || pledged != 250000050 {
			t.Errorf("lines add up to %d donors, %d answered, %d pledged", donors, answered, pledged)
		}
		if last := lines[len(lines)-1].Name; last != others {
			t.Errorf("the last line is %s", last)
		}
	}
	if len(r.Overdue) != 1 || r.Overdue[0].Letter != "resilience/FOUND/appeal" {
		t.Errorf("overdue: %v", r.Overdue)
	}
}

// A week begins on a Monday of the campaign's zone and has its number by ISO 8601, also around the new year.
func TestWeek(t *testing.T) {
	for _, c := range []struct{ day, week, from string }{
		{"2026-12-02", "2026-W49", "2026-11-30"}, {"2026-11-30", "2026-W49", "2026-11-30"}, {"2026-12-06", "2026-W49", "2026-11-30"},
		{"2027-01-03", "2026-W53", "2026-12-28"}, {"2027-01-04", "2027-W01", "2027-01-04"},
	} {
		d, err := donor.ParseDate(c.day)
		if err != nil {
			t.Fatal(err)
		}
		w := weekOf(d, geneva)
		if w.String() != c.week || donor.DateOf(w.From).String() != c.from || !w.Day(d) || w.Day(donor.DateOf(w.To)) {
			t.Errorf("%s: %s from %s", c.day, w, w.From)
		}
	}
}

// What a donor is called can be no formula, whichever file the table is written to.
func TestTables(t *testing.T) {
	r := made()
	var b bytes.Buffer
	if err := r.ByDonor().CSV(&b); err != nil {
		t.Fatal(err)
	}
	if s := b.String(); !strings.HasPrefix(s, "\ufeffid,name,") || !strings.Contains(s, "'=Green Foundation") || strings.Count(s, "\r\n") != 6 {
		t.Errorf("CSV: %q", s)
	}
	b.Reset()
	if err := r.XLSX(&b); err != nil {
		t.Fatal(err)
	}
	f, err := excelize.OpenReader(&b)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if got := f.GetSheetList(); !slices.Equal(got, []string{"About", "Summary", "Donors", "Overdue"}) {
		t.Errorf("sheets: %v", got)
	}
	rows, err := f.GetRows("Donors")
	if err != nil {
		t.Fatal(err)
	}
	if rows[1][1] != "=Green Foundation" {
		t.Errorf("donors: %q", rows)
	}
	if formula, _ := f.GetCellFormula("Donors", "B2"); formula != "" {
		t.Errorf("a name became the formula %q", formula)
	}
	if got := rows[len(rows)-1]; !slices.Equal(got[:2], []string{"NOR", "Norway"}) || got[14] != "5.00" || got[15] != "EUR" {
		t.Errorf("the second currency of Norway: %q", got)
	}
}
