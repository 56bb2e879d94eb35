package main

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	"outreach.example/console/consoletest"
	"outreach.example/ledger/ledgertest"
)

// What the console is for, from an empty ledger to a printed report, by two people who see a terminal never: one brings
// contacts from Excel, plans, starts, watches and records a pledge, the other looks at the letters and approves. In a trial
// and on a real store, with script and without.
func TestWholeWalk(t *testing.T) {
	t.Parallel()
	houses := map[string]func(t *testing.T) walk{
		"trial": func(t *testing.T) walk {
			errs := running(t, nil, "try", "--walk")
			at, with := regexp.MustCompile(`console: (http://\S+) `), regexp.MustCompile(`the password (\S+)`)
			until(t, "the console", func() bool { return strings.Contains(errs.String(), "next: ") })
			return walk{T: t, address: at.FindStringSubmatch(errs.String())[1], password: with.FindStringSubmatch(errs.String())[1]}
		},
		"redis": func(t *testing.T) walk {
			o := openOffice(t, ledgertest.Start(t).Addr, map[string]string{"author": "editor", "approver": "approver"})
			return walk{T: t, address: o.address, password: officePassword}
		},
	}
	for house, open := range houses {
		for name, browser := range map[string]func(testing.TB) *consoletest.Browser{"script": consoletest.Open, "no script": consoletest.OpenWithoutScript} {
			t.Run(house+", "+name, func(t *testing.T) {
				t.Parallel()
				w := open(t)
				w.author, w.approver = browser(t), browser(t)
				w.author.SignIn(t, w.address, "author", w.password)
				w.approver.SignIn(t, w.address, "approver", w.password)
				w.through()
			})
		}
	}
}

// walk is two people at work in a house.
type walk struct {
	*testing.T
	address, password string
	author, approver  *consoletest.Browser
}

// sees fails the test where a page does not have some words.
func (w walk) sees(b *consoletest.Browser, words ...string) {
	w.Helper()
	got := strings.Join(strings.Fields(b.Text(w, "main")), " ")
	for _, want := range words {
		if !strings.Contains(got, want) {
			w.Fatalf("%s has no %q: %.1500s", b.Path(w), want, got)
		}
	}
}

func (w walk) through() {
	ada, bea := w.author, w.approver
	w.sees(ada, "No campaign has been planned yet")

	// Contacts come from Excel.
	ada.Go(w, w.address+"/imports")
	ada.Upload(w, "#file", missions(w.T, []any{"Kenya", "Nora Northwood", "ambassador", "f", "new.mission@ken.mission.example", "since May"}))
	ada.Send(w, `form[action="/imports"] button`)
	ada.Pick(w, `select[name="column.email"]`, "Mail of the mission")
	ada.Pick(w, `select[name="column.name"]`, "Head of mission")
	ada.Send(w, `form.columns button`)
	w.sees(ada, "1 row added, 0 changed, 1 removed")
	ada.Write(w, "#reason", "the list of November")
	ada.Send(w, `button[value=take]`)
	w.sees(ada, "contacts.csv is written")

	// What she planned another person looks at, letter by letter, and approves.
	ada.Go(w, w.address+"/project")
	ada.Send(w, `form[action="/campaigns/resilience/plan"] button`)
	w.sees(ada, "resilience: edition 1")
	ada.Go(w, w.address+"/campaigns/resilience/approve")
	w.sees(ada, "first edition", "new.mission@ken.mission.example")
	bea.Go(w, w.address+"/approvals")
	w.sees(bea, "Planned by author, with rows imported by author")
	bea.Go(w, w.address+"/campaigns/resilience/approve/KEN")
	w.sees(bea, "Nora Northwood", "Kenya", "5 to 10 per cent")
	bea.Go(w, w.address+"/campaigns/resilience/approve")
	bea.Choose(w, "#looked")
	bea.Send(w, `form[method=post][action$="/approve"] button`)
	w.sees(bea, "is approved")

	// She starts it, and watches it.
	ada.Go(w, w.address+"/campaigns/resilience/start")
	ada.Write(w, "#typed", "resilience")
	ada.Send(w, `form[action$="/start"] button`)
	w.sees(ada, "It starts at", "Take the start back")
	until(w.T, "all letters to be sent", func() bool {
		ada.Go(w, w.address+"/campaigns/resilience")
		return strings.Contains(ada.Text(w, "table"), "175 0 175")
	})

	// Kenya answers: its case says so, and no reminder follows.
	ada.Go(w, w.address+"/campaigns/resilience/donors/KEN/letters/appeal")
	w.sees(ada, "new.mission@ken.mission.example", "Nora Northwood")
	ada.Go(w, w.address+"/campaigns/resilience/donors/KEN")
	ada.Pick(w, "#kind", "pledge")
	ada.Write(w, "#amount", "1500000")
	ada.Write(w, "#currency", "USD")
	ada.Write(w, "#note", "by note verbale")
	ada.Send(w, `form[action$="/record"] button`)
	w.sees(ada, "pledge recorded", "USD 1500000")
	bea.Go(w, w.address+"/")
	w.sees(bea, "USD 1,500,000")

	// The report, printed: the figures, and nothing that only a screen is for.
	bea.Go(w, w.address+"/reports")
	pdf, paper := bea.Print(w)
	if !bytes.HasPrefix(pdf, []byte("%PDF-")) || len(pdf) < 10_000 {
		w.Errorf("printed: %d bytes that begin %.20q", len(pdf), pdf)
	}
	for _, want := range []string{"Weekly report", "175 letters sent", "USD 1,500,000", "1 of 175 donors", "Date of data"} {
		if !strings.Contains(paper, want) {
			w.Errorf("on paper there is no %q: %.1500s", want, paper)
		}
	}
	for _, want := range []string{"Sign out", "Relays", "The week before"} {
		if strings.Contains(paper, want) {
			w.Errorf("on paper there is %q", want)
		}
	}
	bea.Go(w, w.address+"/audit?who=author")
	w.sees(bea, "with rows imported by author", "launch")
}
