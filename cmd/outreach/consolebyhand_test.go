package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"outreach.example/console/consoletest"
	"outreach.example/ledger/ledgertest"
)

// Somebody changes one contact, adds one, removes one and adds a holiday in the browser: each is shown before it is written, the
// command line sees it, whoever did it approves nothing of it, and it can be taken back. With script, and without.
func TestByHandInTheConsole(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(testing.TB) *consoletest.Browser{"script": consoletest.Open, "no script": consoletest.OpenWithoutScript} {
		t.Run(name, func(t *testing.T) {
			o := openOffice(t, ledgertest.Start(t).Addr, map[string]string{"Ada Author": "editor", "Bea Approver": "approver"})
			ada := open(t)
			look := func(what string) {
				if name == "script" { // what looks at a page is script
					ada.LookHere(t, what)
				}
			}
			read := func(file string) string {
				b, err := os.ReadFile(filepath.Join(o.dir, file))
				if err != nil {
					t.Fatal(err)
				}
				return string(b)
			}
			contacts, geneva := read("contacts.csv"), read("holidays/geneva.yaml")
			ada.SignIn(t, o.address, "Ada Author", officePassword)

			// One contact: a fault beside its field, then the difference, then why.
			ada.Go(t, o.address+"/contacts")
			ada.Write(t, "#donor", "Kenya")
			ada.Send(t, `form[action="/tables/contacts"] button`)
			look("contacts-donor")
			ada.Send(t, `table a`)
			ada.Write(t, "#email", "nobody")
			ada.Write(t, "#verified", "2031-01-01")
			ada.Send(t, `button[value=show]`)
			if got := ada.Text(t, ".problems"); !strings.Contains(got, `"nobody" has no @`) || !strings.Contains(got, "2031-01-01 lies in the future") {
				t.Errorf("two faults: %q", got)
			}
			look("contact-wrong")
			ada.Write(t, "#email", "new.mission@ken.mission.example")
			ada.Write(t, "#verified", "2026-11-02")
			ada.Send(t, `button[value=show]`)
			if got := ada.Text(t, "main"); !strings.Contains(got, "Nothing is written yet") || !strings.Contains(got, "new.mission@ken.mission.example") {
				t.Errorf("the difference: %s", got)
			}
			look("contact-difference")
			ada.Send(t, `button[value=edit]`)
			ada.Send(t, `button[value=show]`)
			ada.Write(t, "#reason", "note verbale of 2 November")
			ada.Send(t, `button[value=take]`)
			if got := ada.Text(t, ".said"); !strings.Contains(got, "contacts.csv is written") {
				t.Errorf("said: %q", got)
			}
			if out := must(t, o.env, "-C", o.dir, "preview", sample, "KEN"); !strings.Contains(out, "<new.mission@ken.mission.example>") {
				t.Errorf("the command line sees %.300s", out)
			}
			if out := must(t, o.env, "-C", o.dir, "import", "list"); !strings.Contains(out, "contacts.csv by hand by Ada Author (console): ") || !strings.Contains(out, "note verbale of 2 November") {
				t.Errorf("the list: %s", out)
			}

			// One more, which goes again.
			ada.Go(t, o.address+"/tables/contacts/KEN?row=new")
			ada.Write(t, "#email", "desk@ken.mission.example")
			ada.Send(t, `button[value=show]`)
			ada.Write(t, "#reason", "asked for copies")
			ada.Send(t, `button[value=take]`)
			if got := ada.Text(t, "main"); !strings.Contains(got, "desk@ken.mission.example") {
				t.Errorf("one more: %s", got)
			}
			ada.Send(t, `table tr:last-child a`)
			ada.Send(t, `input[name=remove] ~ .acts button`)
			if got := ada.Text(t, "main"); !strings.Contains(got, "removed") || !strings.Contains(got, "desk@ken.mission.example") {
				t.Errorf("the removal: %s", got)
			}
			look("contact-removal")
			ada.Write(t, "#reason", "asked for none")
			ada.Send(t, `button[value=take]`)

			// A holiday.
			ada.Go(t, o.address+"/holidays")
			ada.Send(t, `a[href="/tables/holidays"]`)
			ada.Write(t, "#place", "genev")
			ada.Write(t, "#day", "2027-06-01")
			ada.Write(t, "#name", "Day of the Lake")
			ada.Send(t, `button[value=show]`)
			if got := ada.Text(t, ".problems"); !strings.Contains(got, `There is no place "genev" (the code of a State stands for its capital): did you mean "geneva"?`) {
				t.Errorf("a place that is none: %q", got)
			}
			look("holiday-wrong")
			ada.Write(t, "#place", "geneva")
			ada.Send(t, `button[value=show]`)
			look("holiday-difference")
			ada.Write(t, "#reason", "decided by the canton")
			ada.Send(t, `button[value=take]`)
			if got := ada.Text(t, ".said"); !strings.Contains(got, "holidays/geneva.yaml is written: 28 holidays now") {
				t.Errorf("said: %q", got)
			}

			// Whoever changed a row approves no letter that follows from it.
			must(t, o.env, "-C", o.dir, "plan", sample, "--as", "cid")
			_, errs, code := outreach(t, o.env, "-C", o.dir, "approve", sample, "--as", "Ada Author")
			if code != exitRefused || !strings.Contains(errs, "Ada Author (console)") {
				t.Errorf("her own change approved: exit %d, %s", code, errs)
			}

			// And back, from the browser and from the command line.
			ada.Go(t, o.address+"/imports")
			look("imports-by-hand")
			ada.Send(t, `form[action="/imports/undo"] button`)
			if got := ada.Text(t, ".said"); !strings.Contains(got, "holidays/geneva.yaml is again as it was before it was changed by hand") {
				t.Errorf("after the undo: %q", got)
			}
			for range 3 {
				must(t, o.env, "-C", o.dir, "import", "undo", "contacts", "--as", "Ada Author")
			}
			if read("contacts.csv") != contacts || read("holidays/geneva.yaml") != geneva {
				t.Error("the files are not what they were")
			}
		})
	}
}
