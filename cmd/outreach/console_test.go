package main

import (
	"bytes"
	"context"
	"regexp"
	"strings"
	"testing"
	"time"

	"outreach.example/console/consoletest"
)

// trialPages runs a trial with its console, and says where that is and with which password its people sign in.
func trialPages(t *testing.T) (address, password string) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	var errs safeBuffer
	done := make(chan int, 1)
	go func() {
		done <- run(ctx, []string{"try"}, func(string) string { return "" }, strings.NewReader(""), &bytes.Buffer{}, &errs)
	}()
	t.Cleanup(func() {
		stop()
		select {
		case <-done:
		case <-time.After(time.Minute):
			t.Error("the trial did not end")
		}
		if t.Failed() {
			t.Log(tail(errs.String()))
		}
	})
	at := regexp.MustCompile(`console: (http://\S+) `)
	with := regexp.MustCompile(`the password (\S+)`)
	until(t, "the campaign to be sent", func() bool {
		return strings.Contains(errs.String(), "read every letter at") && with.MatchString(errs.String())
	})
	return at.FindStringSubmatch(errs.String())[1], with.FindStringSubmatch(errs.String())[1]
}

// Every page is one that everybody can use: wide and narrow, light and dark, by eye, keyboard and screen reader.
func TestPagesForEverybody(t *testing.T) {
	address, password := trialPages(t)
	b := consoletest.Open(t)
	b.Look(t, "sign-in", address+"/sign-in")
	b.SignIn(t, address, "admin", password)
	for name, path := range map[string]string{
		"overview": "/", "audit": "/audit", "people": "/people", "person": "/people/approver", "account": "/account", "missing": "/nowhere",
		"tasks": "/tasks", "report": "/reports", "settings": "/settings", "help": "/help",
	} {
		b.Look(t, name, address+path)
	}
}
