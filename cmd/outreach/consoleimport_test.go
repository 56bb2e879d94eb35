package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"outreach.example/console/consoletest"
	"outreach.example/ledger/ledgertest"
)

// missions is a workbook as a mission list comes: headings of its own, States by name, a column that nobody needs.
func missions(t *testing.T, rows ...[]any) string {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	for i, r := range append([][]any{{"Country", "Head of mission", "Function", "Sex", "Mail of the mission", "Remarks"}}, rows...) {
		cell, _ := excelize.CoordinatesToCellName(1, i+1)
		if err := f.SetSheetRow("Sheet1", cell, &r); err != nil {
			t.Fatal(err)
		}
	}
	name := filepath.Join(t.TempDir(), "missions.xlsx")
	if err := f.SaveAs(name); err != nil {
		t.Fatal(err)
	}
	return name
}

// Somebody who never saw a terminal brings contacts from Excel, is told every fault by its row, chooses columns, sees the
// difference, confirms, plans, and takes it back; the command line sees the same. With script, and without.
func TestImportInTheConsole(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(testing.TB) *consoletest.Browser{"script": consoletest.Open, "no script": consoletest.OpenWithoutScript} {
		t.Run(name, func(t *testing.T) {
			o := openOffice(t, ledgertest.Start(t).Addr, map[string]string{"Ada Author": "editor", "Vic Viewer": "viewer"})
			look := func(b *consoletest.Browser, what string) {
				if name == "script" { // what looks at a page is script
					b.LookHere(t, what)
				}
			}
			before, err := os.ReadFile(filepath.Join(o.dir, "contacts.csv"))
			if err != nil {
				t.Fatal(err)
			}
			ada := open(t)
			ada.SignIn(t, o.address, "Ada Author", officePassword)
			ada.Go(t, o.address+"/imports")

			// What is no table is refused beside the field.
			bomb := filepath.Join(t.TempDir(), "list.csv")
			if err := os.WriteFile(bomb, []byte("\x89PNG\x00"), 0o600); err != nil {
				t.Fatal(err)
			}
			ada.Upload(t, "#file", bomb)
			ada.Send(t, `form[action="/imports"] button`)
			if got := ada.Text(t, ".problems"); !strings.Contains(got, "list.csv:1: byte 0x00 at offset 4: this is not plain text, save it as CSV UTF-8") {
				t.Errorf("a picture: %q", got)
			}

			// Every fault at once, and a column that has to be chosen.
			ada.Upload(t, "#file", missions(t,
				[]any{"Kenya", "Nora Northwood", "ambassador", "f", "new.mission@ken.mission.example", "since May"},
				[]any{"Utopia", "Otto Overhill", "ambassador", "m", "mission@uto.mission.example", ""}))
			ada.Send(t, `form[action="/imports"] button`)
			if got := ada.Text(t, "main"); !strings.Contains(got, "missions.xlsx: no column is chosen for email, which every row needs") {
				t.Errorf("a column is missing: %s", got)
			}
			look(ada, "import-columns")
			ada.Pick(t, `select[name="column.email"]`, "Mail of the mission")
			ada.Pick(t, `select[name="column.name"]`, "Head of mission")
			ada.Send(t, `form.columns button`)
			if got := ada.Text(t, "main"); !strings.Contains(got, `missions.xlsx:3: donor "Utopia": neither in the registry of States`) {
				t.Errorf("a State that is none: %s", got)
			}
			look(ada, "import-wrong")

			// The difference, and the confirmation.
			ada.Go(t, o.address+"/imports?table=contacts")
			ada.Upload(t, "#file", missions(t, []any{"Kenya", "Nora Northwood", "ambassador", "f", "new.mission@ken.mission.example", "since May"}))
			ada.Send(t, `form[action="/imports"] button`)
			ada.Pick(t, `select[name="column.email"]`, "Mail of the mission")
			ada.Pick(t, `select[name="column.name"]`, "Head of mission")
			ada.Send(t, `form.columns button`)
			if got := ada.Text(t, "main"); !strings.Contains(got, "1 row added, 0 changed, 1 removed") || !strings.Contains(got, "KEN, new.mission@ken.mission.example") {
				t.Errorf("the difference: %s", got)
			}
			look(ada, "import")
			waits := ada.Path(t)
			ada.Write(t, "#reason", "the list of November")
			ada.Send(t, `button[value=take]`)
			if got := ada.Text(t, ".said"); !strings.Contains(got, "contacts.csv is written") {
				t.Errorf("said: %q", got)
			}
			look(ada, "imports")
			if out := must(t, o.env, "-C", o.dir, "preview", sample, "KEN"); !strings.Contains(out, "To: Nora Northwood <new.mission@ken.mission.example>") {
				t.Errorf("the command line sees %.300s", out)
			}
			if out := must(t, o.env, "-C", o.dir, "import", "list"); !strings.Contains(out, "contacts.csv from missions.xlsx by Ada Author (console): 1 added, 0 changed, 1 removed") {
				t.Errorf("the list: %s", out)
			}

			// What one person brought is no other's, and what was taken waits no longer.
			ada.Go(t, o.address+waits)
			if got := ada.Text(t, "main"); !strings.Contains(got, "waits no longer") {
				t.Errorf("taken twice: %q", got)
			}
			vic := open(t)
			vic.SignIn(t, o.address, "Vic Viewer", officePassword)
			vic.Go(t, o.address+waits)
			if got := vic.Text(t, "main"); !strings.Contains(got, "Your roles do not allow this") {
				t.Errorf("a viewer sees %q", got)
			}
			vic.Go(t, o.address+"/imports")
			if got := vic.Text(t, "main"); strings.Contains(got, "Take it back") || strings.Contains(got, "Show what would change") {
				t.Errorf("a viewer is offered decisions: %q", got)
			}

			// Whoever imported approves no letter that follows from it, whoever planned.
			must(t, o.env, "-C", o.dir, "plan", sample, "--as", "cid")
			_, errs, code := outreach(t, o.env, "-C", o.dir, "approve", sample, "--as", "Ada Author")
			if code != exitRefused || !strings.Contains(errs, "Ada Author (console) imported rows of this edition of resilience") {
				t.Errorf("her own import approved: exit %d, %s", code, errs)
			}
			ada.Go(t, o.address+"/approvals")
			if got := ada.Text(t, "main"); !strings.Contains(got, "Planned by cid, with rows imported by Ada Author (you: another person approves it)") {
				t.Errorf("what waits: %s", got)
			}

			// It counts from the next plan on, which the page of the project offers.
			ada.Go(t, o.address+"/project")
			look(ada, "project")
			ada.Send(t, `form[action="/campaigns/resilience/plan"] button`)
			if got := ada.Text(t, ".said"); !strings.Contains(got, "resilience: edition 1") {
				t.Errorf("after planning: %q", got)
			}

			// And back.
			ada.Go(t, o.address+"/imports")
			ada.Send(t, `form[action="/imports/undo"] button`)
			if got := ada.Text(t, ".said"); !strings.Contains(got, "contacts.csv is again as it was before missions.xlsx was imported") {
				t.Errorf("after the undo: %q", got)
			}
			after, err := os.ReadFile(filepath.Join(o.dir, "contacts.csv"))
			if err != nil || string(after) != string(before) {
				t.Errorf("the table is not what it was, %v", err)
			}
		})
	}
}

// A folder that does not fit the campaign is not planned: the page names every fault.
func TestPlanInTheConsoleRefuses(t *testing.T) {
	t.Parallel()
	o := openOffice(t, ledgertest.Start(t).Addr, map[string]string{"Ada Author": "editor"})
	if err := os.WriteFile(filepath.Join(o.dir, "contacts.csv"), []byte("donor,email,rank\nKenia,nobody,chief\nKEN,nobody,chief\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	ada := consoletest.Open(t)
	ada.SignIn(t, o.address, "Ada Author", officePassword)
	ada.Go(t, o.address+"/project")
	ada.Send(t, `form[action="/campaigns/resilience/plan"] button`)
	got := ada.Text(t, ".problems")
	for _, want := range []string{`contacts.csv:2: donor "Kenia": did you mean KEN (Kenya)?`, `contacts.csv:3: email: "nobody" has no @`} {
		if !strings.Contains(got, want) {
			t.Errorf("the page says %q, without %q", got, want)
		}
	}
}
