package main

import (
	"strings"
	"testing"
	"time"

	"outreach.example/console/consoletest"
	"outreach.example/ledger/ledgertest"
)

// The same walk with script switched off: every form works, and every page says how it stands when it is asked for.
func TestCampaignWithoutScript(t *testing.T) {
	t.Parallel()
	o := openOffice(t, ledgertest.Start(t).Addr, map[string]string{"Ada Author": "editor", "Bea Approver": "approver,admin"})
	must(t, o.env, "-C", o.dir, "plan", sample, "--as", "Ada Author")
	ada, bea := consoletest.OpenWithoutScript(t), consoletest.OpenWithoutScript(t)
	ada.SignIn(t, o.address, "Ada Author", officePassword)
	bea.SignIn(t, o.address, "Bea Approver", officePassword)
	bea.Go(t, o.address+"/campaigns/resilience/approve")
	bea.Choose(t, "#looked")
	bea.Send(t, `form[method=post][action$="/approve"] button`)
	ada.Go(t, o.address+"/campaigns/resilience")
	ada.Send(t, `a[href$="/start"]`)
	ada.Write(t, "#typed", "resilience")
	ada.Send(t, `form[action$="/start"] button`)
	if got := ada.Text(t, "main"); !strings.Contains(got, "It starts at") || !strings.Contains(got, "Take the start back") {
		t.Errorf("after the launch: %.300q", got)
	}
	until(t, "the page, asked for again, to say that all are sent", func() bool {
		ada.Go(t, o.address+"/campaigns/resilience")
		return strings.Contains(ada.Text(t, "table"), "175 0 175")
	})
	ada.Go(t, o.address+"/campaigns/resilience?group=WEOG&sort=-name")
	if got := ada.Text(t, ".donors"); !strings.Contains(got, "United States") || strings.Contains(got, "Kenya") {
		t.Errorf("the filtered table: %.200q", got)
	}
	ada.Choose(t, `input[value=NOR]`)
	ada.Choose(t, `input[value=SWE]`)
	ada.Send(t, `form[action$="/hold"] button`)
	ada.Write(t, "#reason", "visit")
	ada.Send(t, `main form button`)
	if got := ada.Text(t, ".said"); !strings.Contains(got, "Held: 2 holds") {
		t.Errorf("after the hold: %q", got)
	}
	bea.Go(t, o.address+"/people")
	bea.Write(t, "#name", "Vera Viewer")
	bea.Choose(t, "#role-viewer")
	bea.Send(t, `main form button`)
	if got := bea.Text(t, "#link"); !strings.HasPrefix(got, o.address+"/welcome/") {
		t.Errorf("the link is %q", got)
	}
	// One account is not used for what another role is for: a viewer sees no button.
	o.admit(t, "Vic Viewer", "viewer")
	vic := consoletest.OpenWithoutScript(t)
	vic.SignIn(t, o.address, "vic viewer", officePassword)
	vic.Go(t, o.address+"/campaigns/resilience")
	if got := vic.Text(t, "main"); strings.Contains(got, "Pause") || strings.Contains(got, "Hold those chosen") || strings.Contains(got, "Cancel…") {
		t.Errorf("a viewer is offered decisions: %.400q", got)
	}
	ada.Send(t, `.me button`)
	if got := ada.Path(t); got != "/sign-in" {
		t.Errorf("after signing out: %s", got)
	}
}

// A page that is open follows the ledger by itself, and a countdown runs.
func TestPageFollows(t *testing.T) {
	t.Parallel()
	o := openOffice(t, ledgertest.Start(t).Addr, map[string]string{"Ada Author": "editor"})
	b := consoletest.Open(t)
	b.SignIn(t, o.address, "Ada Author", officePassword)
	must(t, o.env, "-C", o.dir, "plan", sample, "--as", "ann")
	must(t, o.env, "approve", sample, "--as", "bea")
	b.Go(t, o.address+"/campaigns/resilience")
	must(t, o.env, "start", sample, "--confirm", sample, "--undo", "20s", "--as", "ann")
	until(t, "the countdown", func() bool {
		got := b.Text(t, "main")
		return strings.Contains(got, "It starts at") && strings.Contains(got, " s.")
	})
	begun := time.Now()
	until(t, "the letters to be counted on the open page", func() bool { return strings.Contains(b.Text(t, `[data-part=states]`), "175 0 175") })
	t.Logf("the page followed within %s", time.Since(begun).Round(time.Second))
	// A ticked box stays ticked while the page follows.
	b.Choose(t, `input[value=AFG]`)
	must(t, o.env, "pause", sample, "--as", "ann", "--reason", "a question of the press")
	until(t, "the pause on the open page", func() bool { return strings.Contains(b.Text(t, `[data-part=now]`), "a question of the press") })
	if got := consoletest.Ask(t, b, consoletest.Checked(`input[value=AFG]`)); !got {
		t.Error("the page took a tick away")
	}
}
