package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"outreach.example/console/consoletest"
	"outreach.example/ledger/ledgertest"
)

// The page of a letter shows it as its reader sees it, beside the words that it was written from, and what was checked; before a
// worker has written it, how it would read.
func TestLetterPage(t *testing.T) {
	t.Parallel()
	o := openOffice(t, ledgertest.Start(t).Addr, map[string]string{"Ada Author": "editor", "Bea Approver": "approver"})
	reword(t, filepath.Join(o.dir, "campaigns", sample, "texts", "reminder-1.fr.txt"), "{{.Close}}", "Merci d’avance.\n\n{{.Close}}")
	ada := consoletest.Open(t)
	ada.SignIn(t, o.address, "Ada Author", officePassword)
	page := o.address + "/campaigns/resilience/donors/FRA/letters/"
	says := func(where string, want ...string) {
		t.Helper()
		got := ada.Text(t, "main")
		for _, w := range want {
			if !strings.Contains(got, w) {
				t.Errorf("%s: no %q in %s", where, w, got)
			}
		}
	}

	must(t, o.env, "-C", o.dir, "plan", sample, "--as", "Ada Author")
	ada.Go(t, page+"appeal")
	says("planned", "from the edition that waits for approval", "[date of sending]", "outreach preview resilience FRA --step appeal --html", "○ nothing to check yet")
	ada.Send(t, `main a[href$="/approve/FRA"]`)

	must(t, o.env, "-C", o.dir, "approve", sample, "--as", "Bea Approver")
	must(t, o.env, "-C", o.dir, "start", sample, "--confirm", sample, "--undo", "0s", "--as", "Ada Author")
	until(t, "the letter to be sent", func() bool {
		return strings.Contains(must(t, o.env, "case", "FRA", "--json"), `"state": "sent"`)
	})
	ada.Look(t, "letter-sent", page+"appeal")
	says("sent", "appeal.small.fr.txt (word for word the built-in text", "Content ✓ passed", "Addressee and ask ✓ passed", "Proofreader ✓ passed", "Facts ✓ passed",
		"{{.State.ToShort}}à la France", "Registry copy ○ nothing to check yet")
	if got := ada.FrameText(t, "/FRA/letters/appeal/letter.html"); !strings.Contains(got, "RESILIENCE/FRA/APPEAL") || !strings.Contains(got, "Sources") {
		t.Errorf("the frame shows %.300q", got)
	}

	// A reminder that is not planned yet can be read, from a text of the project's own.
	ada.Go(t, o.address+"/campaigns/resilience/donors/FRA")
	ada.Send(t, `main a[href$="/letters/reminder-2"]`)
	says("not planned", "not planned yet", "from the edition that is approved", "[date of sending]")
	ada.Look(t, "letter-preview", page+"reminder-1")
	says("of its own text", "of reminder-1.fr.txt read otherwise", "Merci d’avance.")
	ada.Go(t, page+"nothing")
	says("no such step", "No letter of this step goes to this donor.")

	// A fact that is withdrawn afterwards fails the check of the letter that cites it.
	must(t, o.env, "facts", "withdraw", "people_assisted", "--reason", "corrected by its publisher", "--as", "Bea Approver")
	ada.Look(t, "letter-withdrawn", page+"appeal")
	says("withdrawn", "Facts ✕ failed Fact people_assisted was withdrawn on", "corrected by its publisher")
	if err := os.RemoveAll(o.dir); err != nil { // what was sent is in the ledger
		t.Fatal(err)
	}
	ada.Go(t, page+"appeal")
	says("without the folder", "Content ✓ passed")
}
