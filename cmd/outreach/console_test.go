package main

import (
	"bytes"
	"context"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"outreach.example/console/consoletest"
	"outreach.example/ledger/ledgertest"
	"outreach.example/trial"
)

// running runs a command until the test ends, and gives what it prints.
func running(t *testing.T, env map[string]string, args ...string) *safeBuffer {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	errs := &safeBuffer{}
	done := make(chan int, 1)
	go func() {
		done <- run(ctx, args, func(k string) string { return env[k] }, strings.NewReader(""), &bytes.Buffer{}, errs)
	}()
	t.Cleanup(func() {
		stop()
		select {
		case <-done:
		case <-time.After(time.Minute):
			t.Errorf("%s did not end", args[0])
		}
		if t.Failed() {
			t.Log(tail(errs.String()))
		}
	})
	return errs
}

// trialPages runs a trial with its console, and says where that is and with which password its people sign in.
func trialPages(t *testing.T) (address, password string) {
	t.Helper()
	errs := running(t, nil, "try")
	at := regexp.MustCompile(`console: (http://\S+) `)
	with := regexp.MustCompile(`the password (\S+)`)
	until(t, "the campaign to be sent", func() bool {
		return strings.Contains(errs.String(), "read every letter at") && with.MatchString(errs.String())
	})
	return at.FindStringSubmatch(errs.String())[1], with.FindStringSubmatch(errs.String())[1]
}

// an office is a project, a ledger of its own, a mailbox, and all roles at work beside a console.
type office struct {
	env     map[string]string
	dir     string
	address string
}

const officePassword = "a lamp under seven hills"

// openOffice runs the house as operators do, and lets some people sign in, each name with its role.
func openOffice(t *testing.T, redis string, people map[string]string) *office {
	t.Helper()
	box, err := trial.StartMailbox(trial.Options{Now: time.Now, Hang: time.Second, Name: nameOf})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = box.Close(context.Background()) })
	o := &office{dir: sampleProject(t), env: map[string]string{
		"OUTREACH_REDIS": "redis://" + redis + "/0", "OUTREACH_RELAY": "smtp://" + box.SMTPAddr() + "?tls=none", "OUTREACH_CONSOLE": "127.0.0.1:0",
		"OUTREACH_INTENTS": t.TempDir(), "OUTREACH_UNDO": "15s",
	}}
	errs := running(t, o.env, "-C", o.dir, "up")
	at := regexp.MustCompile(`console started" url=(\S+)`)
	until(t, "the console", func() bool { return at.MatchString(errs.String()) })
	o.address = at.FindStringSubmatch(errs.String())[1]
	for name, role := range people {
		o.admit(t, name, role)
	}
	return o
}

// admit lets somebody sign in: with the command, and the link that it prints.
func (o *office) admit(t *testing.T, name, role string) {
	t.Helper()
	out := must(t, o.env, "people", "add", name, "--role", role)
	path := regexp.MustCompile(`/welcome/\S+`).FindString(out)
	jar, _ := cookiejar.New(nil)
	c := &http.Client{Jar: jar}
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, o.address+path, strings.NewReader(url.Values{"new": {officePassword}, "repeat": {officePassword}}.Encode()))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Origin", o.address)
	res, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK || res.Request.URL.Path != "/" {
		t.Fatalf("%s chose a password: %s at %s", name, res.Status, res.Request.URL)
	}
}

// Every page is one that everybody can use: wide and narrow, light and dark, by eye, keyboard and screen reader.
func TestPagesForEverybody(t *testing.T) {
	t.Parallel()
	address, password := trialPages(t)
	b := consoletest.Open(t)
	b.Look(t, "sign-in", address+"/sign-in")
	b.SignIn(t, address, "admin", password)
	for name, path := range map[string]string{
		"overview": "/", "audit": "/audit", "people": "/people", "person": "/people/approver", "account": "/account", "missing": "/nowhere",
		"tasks": "/tasks", "report": "/reports", "settings": "/settings", "project": "/project", "contacts": "/contacts", "contributions": "/contributions",
		"holidays": "/holidays", "suppressions": "/suppressions",
		"state": "/campaigns/resilience/donors/KEN", "letter": "/campaigns/resilience/donors/KEN/letters/appeal", "help": "/help",
		"texts": "/campaigns/resilience/texts", "texts-variant": "/campaigns/resilience/texts?text=appeal.large&edition=approved",
		"calendar": "/campaigns/resilience/calendar", "calendar-day": "/campaigns/resilience/calendar?day=" + time.Now().Format(time.DateOnly),
		"campaigns": "/campaigns", "campaign": "/campaigns/resilience", "approvals": "/approvals", "doubts": "/doubts", "relays": "/relays",
	} {
		b.Look(t, name, address+path)
	}
	author := consoletest.Open(t)
	author.SignIn(t, address, "author", password)
	author.Look(t, "campaign-editor", address+"/campaigns/resilience?group=WEOG")
	for name, path := range map[string]string{
		"contacts-editor": "/contacts", "contacts-donor": "/tables/contacts/KEN", "contact": "/tables/contacts/KEN?row=1", "contact-new": "/tables/contacts/KEN?row=new",
		"holidays-editor": "/holidays", "holiday": "/tables/holidays",
	} {
		author.Look(t, name, address+path)
	}
	author.Look(t, "cancel", address+"/campaigns/resilience/cancel")
	author.Go(t, address+"/account")
	author.Send(t, `form[action$="/account/code"] button`)
	author.LookHere(t, "code")
}

// A campaign from the first edition to the last letter, by two people in two browsers who see a terminal never.
func TestCampaignInTheConsole(t *testing.T) {
	t.Parallel()
	o := openOffice(t, ledgertest.Start(t).Addr, map[string]string{"Ada Author": "editor", "Bea Approver": "approver", "Ole Operator": "operator"})
	ada, bea := consoletest.Open(t), consoletest.Open(t)
	ada.SignIn(t, o.address, "ada author", officePassword)
	bea.SignIn(t, o.address, "Bea Approver", officePassword)
	ada.Look(t, "overview-empty", o.address+"/")
	ada.Look(t, "campaigns-empty", o.address+"/campaigns")
	must(t, o.env, "-C", o.dir, "plan", sample, "--as", "Ada Author")

	// Who wrote it sees that another person has to approve it, and cannot.
	ada.Look(t, "approve-own", o.address+"/campaigns/resilience/approve")
	if text := ada.Text(t, "main"); !strings.Contains(text, "You planned this edition, so another person approves it") && !strings.Contains(text, "first edition") {
		t.Errorf("the author reads %q", text)
	}
	bea.Look(t, "approvals-one", o.address+"/approvals")
	bea.Look(t, "approve", o.address+"/campaigns/resilience/approve")
	bea.Look(t, "read", o.address+"/campaigns/resilience/approve/FRA")
	bea.Go(t, o.address+"/campaigns/resilience/approve")
	bea.Write(t, "#reason", "the Kenya letter names the wrong year")
	bea.Send(t, `form[action$="send-back"] button`)
	if got := bea.Text(t, "main"); !strings.Contains(got, "sent back by Bea Approver: the Kenya letter names the wrong year") {
		t.Errorf("approvals say %q", got)
	}
	bea.Go(t, o.address+"/campaigns/resilience/approve")
	bea.Choose(t, "#looked")
	bea.Send(t, `form[action$="approve"] button:not(.filter button)`)
	if got := bea.Text(t, ".said"); !strings.Contains(got, "is approved") {
		t.Errorf("after the approval: %q", got)
	}

	// The start wants the name typed, waits, and can be taken back.
	ada.Look(t, "start", o.address+"/campaigns/resilience/start")
	ada.Write(t, "#typed", "resiliense")
	ada.Send(t, `form[action$="/start"] button`)
	ada.LookHere(t, "start-wrong")
	if got := ada.Text(t, ".problems"); !strings.Contains(got, "Type the campaign's name as it stands above: resilience.") {
		t.Errorf("a wrong name: %q", got)
	}
	ada.Write(t, "#typed", "resilience")
	ada.Send(t, `form[action$="/start"] button`)
	ada.Send(t, `form[action$="/undo"] button`)
	if got := ada.Text(t, ".said"); !strings.Contains(got, "was taken back: no letter has left") {
		t.Errorf("after taking it back: %q", got)
	}
	ada.Go(t, o.address+"/campaigns/resilience/start")
	ada.Write(t, "#typed", "resilience")
	ada.Send(t, `form[action$="/start"] button`)
	until(t, "the page to say by itself that it runs", func() bool {
		return strings.Contains(must(t, o.env, "status", "resilience", "--json"), `"running": true`)
	})

	// A pause holds at once.
	ada.Go(t, o.address+"/campaigns/resilience")
	ada.Send(t, `form[action$="/pause"] button`)
	if got := ada.Text(t, ".said"); !strings.Contains(got, "is paused. Letters past the commit point at that moment:") {
		t.Errorf("after the pause: %q", got)
	}
	ada.LookHere(t, "campaign-paused")

	// Donors that are ticked are held together, after the reason was asked for.
	ada.Go(t, o.address+"/campaigns/resilience?q=ken")
	ada.Choose(t, `input[value=KEN]`)
	ada.Send(t, `form[action$="/hold"] button`)
	ada.LookHere(t, "hold")
	ada.Write(t, "#reason", "visit of the Director General")
	ada.Write(t, "#until", "2020-01-01")
	ada.Send(t, `main form button`)
	if got := ada.Text(t, ".problems"); !strings.Contains(got, "2020-01-01 has passed") {
		t.Errorf("a day in the past: %q", got)
	}
	ada.Write(t, "#until", "2099-12-31")
	ada.Send(t, `main form button`)
	if got := ada.Text(t, ".said"); !strings.Contains(got, "Held: Kenya.") {
		t.Errorf("after the hold: %q", got)
	}
	if out := must(t, o.env, "case", "KEN"); !strings.Contains(out, "visit of the Director General") && !strings.Contains(out, "sent") {
		t.Errorf("the case says %s", out)
	}
	ada.Send(t, `form[action$="/resume"] button`)
	until(t, "every letter to be sent but the held one", func() bool {
		return regexp.MustCompile(`"sent": 17[45]`).MatchString(must(t, o.env, "status", "resilience", "--json"))
	})

	// A changed address is a new edition, whose page says what changed and nothing else.
	file := filepath.Join(o.dir, "contacts.csv")
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	changed := regexp.MustCompile(`(?m)^FRA,[^,]+`).ReplaceAll(b, []byte("FRA,new.mission@fra.mission.example"))
	if err := os.WriteFile(file, changed, 0o600); err != nil {
		t.Fatal(err)
	}
	must(t, o.env, "-C", o.dir, "plan", sample, "--as", "Ada Author")
	bea.Look(t, "approve-second", o.address+"/campaigns/resilience/approve")
	if got := bea.Text(t, "main"); !strings.Contains(got, "edition before: 1") || !strings.Contains(got, "address new.mission@fra.mission.example, before") {
		t.Errorf("the second edition's page says %.600q", got)
	}
	bea.Look(t, "audit-walk", o.address+"/audit?who=bea")
}

// Somebody who records a pledge on the page of a State stops its letters, a wrong amount is told beside the form, a hold keeps
// the letters of another, and a task is closed with a word: with script, and without.
func TestRecordOnThePage(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(testing.TB) *consoletest.Browser{"script": consoletest.Open, "no script": consoletest.OpenWithoutScript} {
		t.Run(name, func(t *testing.T) {
			address, password := trialPages(t)
			b := open(t)
			b.SignIn(t, address, "author", password)
			b.Go(t, address+"/campaigns/resilience/donors/NOR")
			b.Pick(t, "#kind", "pledge")
			b.Write(t, "#amount", "1,5")
			b.Write(t, "#currency", "NOK")
			b.Send(t, `form[action$="/record"] button`)
			if got := b.Text(t, ".problems"); !strings.Contains(got, "amount") {
				t.Errorf("a wrong amount: %q", got)
			}
			if name == "script" { // what looks at a page is script
				b.LookHere(t, "state-wrong")
			}
			b.Write(t, "#amount", "25000000.50")
			b.Write(t, "#note", "by note verbale")
			b.Send(t, `form[action$="/record"] button`)
			if got := b.Text(t, ".said"); !strings.Contains(got, "pledge recorded") {
				t.Errorf("said: %q", got)
			}
			if got := b.Text(t, "main"); !strings.Contains(got, "NOK 25000000.5") || !strings.Contains(got, "pledged") || !strings.Contains(got, "author (console)") {
				t.Errorf("the page: %s", got)
			}
			if name == "script" {
				b.LookHere(t, "state-pledged")
			}
			b.Go(t, address+"/campaigns/resilience/donors/KEN")
			b.Write(t, "#reason", "visit of the Director General")
			b.Send(t, `form[action$="/hold"] button`)
			if got := b.Text(t, "main"); !strings.Contains(got, "visit of the Director General") {
				t.Errorf("held: %s", got)
			}
			b.Send(t, `form[action$="/hold"] button`)
			if got := b.Text(t, ".said"); !strings.Contains(got, "KEN") {
				t.Errorf("let go: %s", got)
			}
			b.Go(t, address+"/campaigns/resilience")
			b.Send(t, `a[href$="/calendar"]`)
			if got := b.Text(t, "main"); !strings.Contains(got, "523 letters") { // of each State the letter and two reminders, of Norway the letter
				t.Errorf("calendar: %s", got)
			}
			b.Go(t, address+"/reports")
			if got := b.Text(t, "main"); !strings.Contains(got, "NOK 25,000,000.50") || !strings.Contains(got, "1 of 175 donors") {
				t.Errorf("report: %s", got)
			}
		})
	}
}
