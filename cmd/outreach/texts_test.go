package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"outreach.example/console"
	"outreach.example/console/consoletest"
	"outreach.example/ledger/ledgertest"
)

// reword changes words of a file.
func reword(t *testing.T, file, old, new string) {
	t.Helper()
	rewrite(t, file, func(s string) string {
		if !strings.Contains(s, old) {
			t.Fatalf("%s has no %q", file, old)
		}
		return strings.Replace(s, old, new, 1)
	})
}

// Whoever changed a text in one language finds the others that were not changed, on the page and with the command; what is
// missing; and the texts still when they have faults.
func TestTextsSideBySide(t *testing.T) {
	t.Parallel()
	o := openOffice(t, ledgertest.Start(t).Addr, map[string]string{"Ada Author": "editor", "Bea Approver": "approver"})
	texts := filepath.Join(o.dir, "campaigns", sample, "texts")
	ada := consoletest.Open(t)
	ada.SignIn(t, o.address, "Ada Author", officePassword)

	// Before anything is planned they are shown beside nothing.
	ada.Go(t, o.address+"/project")
	ada.Send(t, `a[href$="/texts"]`)
	if got := ada.Text(t, "main"); !strings.Contains(got, "No edition is approved yet") || !strings.Contains(got, "The languages say the same, paragraph by paragraph.") {
		t.Errorf("before the first edition: %.500q", got)
	}
	must(t, o.env, "-C", o.dir, "plan", sample, "--as", "Ada Author")
	ada.Go(t, o.address+"/campaigns/resilience/approve")
	ada.Send(t, `a[href$="/texts?edition=waiting"]`)
	if got := ada.Text(t, "main"); !strings.Contains(got, "Of the edition that waits for approval") || !strings.Contains(got, "at any convenient time") {
		t.Errorf("of the edition that waits: %.500q", got)
	}
	must(t, o.env, "-C", o.dir, "approve", sample, "--as", "Bea Approver")

	reword(t, filepath.Join(texts, "appeal.en.txt"), "at any convenient time", "at a time of its choice")
	body, err := os.ReadFile(filepath.Join(texts, "appeal.fr.txt"))
	if err != nil {
		t.Fatal(err)
	}
	gone := strings.Split(string(body), "\n\n")[5]
	reword(t, filepath.Join(texts, "appeal.fr.txt"), gone+"\n\n", "")
	if err := os.Remove(filepath.Join(texts, "appeal.given.es.txt")); err != nil {
		t.Fatal(err)
	}
	out := must(t, o.env, "-C", o.dir, "texts", sample)
	for _, want := range []string{
		"appeal.fr.txt:24: not changed, unlike English: ", "appeal.es.txt:26: not changed, unlike English: ", "appeal.en.txt:13: not changed, unlike French: ",
		"appeal.given.es.txt: missing: no letter of it can be written in Spanish; there was one when the edition was approved\n",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	var said console.Texts
	if err := json.Unmarshal([]byte(must(t, o.env, "-C", o.dir, "texts", sample, "--step", "appeal", "--json")), &said); err != nil {
		t.Fatal(err)
	}
	if len(said.Texts) != 1 || said.Texts[0].Look != 4 || said.Beside == "" || said.Beside != said.Approved {
		t.Errorf("as JSON: %+v", said)
	}
	ada.Go(t, o.address+"/campaigns/resilience")
	ada.Send(t, `a[href$="/texts"]`)
	ada.LookHere(t, "texts-changed")
	got := ada.Text(t, "main")
	for _, want := range []string{"4 places to look at.", "△ not changed, unlike English", "✎ changed since the approval", "− taken out since the approval", "appeal, variant given"} {
		if !strings.Contains(got, want) {
			t.Errorf("the page has no %q: %s", want, got)
		}
	}
	ada.Look(t, "texts-missing", o.address+"/campaigns/resilience/texts?text=appeal.given")
	if got := ada.Text(t, "main"); !strings.Contains(got, "✕ missing: no letter of it can be written in Spanish") {
		t.Errorf("the variant's page: %s", got)
	}

	// A text with a fault is shown with the sentence that check has for it.
	reword(t, filepath.Join(texts, "appeal.en.txt"), "{{.Close}}", "{{.Closing}}")
	_, errs, code := outreach(t, o.env, "-C", o.dir, "texts", sample)
	const fault = "campaigns/resilience/texts/appeal.en.txt:28:3: {{.Closing}} is not a field"
	if code != exitPartly || !strings.Contains(errs, fault) {
		t.Errorf("exit %d, %s", code, errs)
	}
	ada.Look(t, "texts-fault", o.address+"/campaigns/resilience/texts")
	if got := ada.Text(t, "main"); !strings.Contains(got, fault) || !strings.Contains(got, "{{.Closing}}") {
		t.Errorf("with a fault: %.900q", got)
	}
	// So it is with a fault of the campaign file; where that cannot be read at all there are its faults, and what was approved.
	file := filepath.Join(o.dir, "campaigns", sample, "campaign.yaml")
	reword(t, file, "amount: 100000000", "amount: plenty")
	ada.Go(t, o.address+"/campaigns/resilience/texts")
	if got := ada.Text(t, "main"); !strings.Contains(got, "plenty") || !strings.Contains(got, fault) || !strings.Contains(got, "{{.Closing}}") {
		t.Errorf("with two faults: %.900q", got)
	}
	reword(t, file, "steps:", "steps: [")
	ada.Go(t, o.address+"/campaigns/resilience/texts")
	if got := ada.Text(t, "main"); !strings.Contains(got, "campaign.yaml:") || !strings.Contains(got, "There is no text to show") {
		t.Errorf("without a campaign file: %s", got)
	}
	ada.Send(t, `a[href$="edition=approved"]`)
	if got := ada.Text(t, "main"); !strings.Contains(got, "at any convenient time") || strings.Contains(got, "campaign.yaml:") {
		t.Errorf("as approved: %.900q", got)
	}
	if out, errs, code := outreach(t, o.env, "-C", o.dir, "texts", sample); code != exitRefused || out != "" || !strings.Contains(errs, "campaign.yaml:") {
		t.Errorf("exit %d, %q, %s", code, out, errs)
	}
}

// Whoever asks for a text that is not there is told which there are.
func TestTextsAskedWrong(t *testing.T) {
	t.Parallel()
	dir := sampleProject(t)
	for _, c := range []struct {
		args []string
		want string
		code int
	}{
		{[]string{"texts"}, "which campaign? type: outreach texts NAME", exitUsage},
		{[]string{"texts", "nothing"}, `there is no campaign "nothing" here (there are: resilience)`, exitRefused},
		{[]string{"texts", sample, "--step", "apeal"}, "has no text for apeal (there are: appeal; appeal, variant given;", exitUsage},
		{[]string{"texts", sample, "--variant", "large"}, "--variant wants its step: outreach texts resilience --step STEP --variant large", exitUsage},
		{[]string{"texts", sample, "--edition", "last"}, "write waiting or approved", exitUsage},
		{[]string{"texts", sample}, "nothing is marked as changed since the approval: no Redis", exitPartly},
		{[]string{"texts", sample, "--edition", "approved"}, "no Redis", exitFailed},
	} {
		_, errs, code := outreach(t, map[string]string{"OUTREACH_REDIS": "redis://127.0.0.1:1/0"}, append([]string{"-C", dir}, c.args...)...)
		if code != c.code || !strings.Contains(errs, c.want) {
			t.Errorf("%v: exit %d, %s", c.args, code, errs)
		}
	}
}
