package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"outreach.example/console/consoletest"
	"outreach.example/ledger/ledgertest"
)

// withCanary gives the sample campaign a canary.
func (o *office) withCanary(t *testing.T, letters int) {
	t.Helper()
	file := filepath.Join(o.dir, "campaigns", sample, "campaign.yaml")
	text, err := os.ReadFile(file)
	if err == nil {
		err = os.WriteFile(file, fmt.Appendf(text, "canary: %d\n", letters), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// A campaign whose first letters do not all arrive waits, says so, and asks a person; an approver looks and lets the others go.
func TestCanaryInTheConsole(t *testing.T) {
	t.Parallel()
	o := openOffice(t, ledgertest.Start(t).Addr, map[string]string{"Bea Approver": "approver"})
	o.withCanary(t, 3)
	must(t, o.env, "-C", o.dir, "plan", sample, "--as", "ann")
	bea := consoletest.Open(t)
	bea.SignIn(t, o.address, "Bea Approver", officePassword)
	bea.Go(t, o.address+"/campaigns/resilience/approve")
	if got := bea.Text(t, "main"); !strings.Contains(got, "3 letters first; the others wait until these have arrived") {
		t.Errorf("the approval: %.600s", got)
	}
	must(t, o.env, "approve", sample, "--as", "cid")
	out := must(t, o.env, "-C", o.dir, "preview", sample, "AFG")
	_, address, _ := strings.Cut(out, "\nTo: ")
	address, _, _ = strings.Cut(address, ">")
	must(t, o.env, "suppress", "add", address[strings.Index(address, "<")+1:], "--reason", "a test", "--as", "cid")
	must(t, o.env, "start", sample, "--confirm", sample, "--undo", "0s", "--as", "ann")
	until(t, "two of the canary to be sent, and the third to ask a person", func() bool {
		got := must(t, o.env, "canary", sample)
		return strings.Count(got, " sent: ") == 2 && strings.Contains(got, "AFG      withheld") && strings.Contains(must(t, o.env, "tasks"), "resilience/AFG/canary")
	})
	if got := must(t, o.env, "status", sample); !strings.Contains(got, "the first 3 letters are a canary, and the others wait for them") || !strings.Contains(got, "172") {
		t.Errorf("status says %s", got)
	}
	if got := must(t, o.env, "case", "ALB"); !strings.Contains(got, "it waits for the canary: the first 3 letters") {
		t.Errorf("the case of Albania says %s", got)
	}
	bea.Look(t, "campaign-canary", o.address+"/campaigns/resilience")
	bea.Write(t, "#reason", "the two others were read at the missions")
	bea.Send(t, `form[action$="/canary"] button`)
	if got := bea.Text(t, ".said"); !strings.Contains(got, "The other letters of resilience go.") {
		t.Errorf("after letting go: %q", got)
	}
	until(t, "the others to be sent", func() bool { return strings.Contains(must(t, o.env, "status", sample, "--json"), `"sent": 174`) })
	if got := must(t, o.env, "tasks"); strings.Contains(got, "resilience/AFG/canary") {
		t.Errorf("the task is open: %s", got)
	}
}

// One whose first letters arrive goes on by itself.
func TestCanaryPasses(t *testing.T) {
	t.Parallel()
	store := ledgertest.Start(t)
	o := openOffice(t, store.Addr, nil)
	o.withCanary(t, 5)
	must(t, o.env, "-C", o.dir, "plan", sample, "--as", "ann")
	must(t, o.env, "approve", sample, "--as", "bea")
	must(t, o.env, "start", sample, "--confirm", sample, "--undo", "0s", "--as", "ann")
	until(t, "all letters to be sent", func() bool { return strings.Contains(must(t, o.env, "status", sample, "--json"), `"sent": 175`) })
	entries, err := ledgertest.Client(t, store.Addr).XRange(t.Context(), "{outreach}:audit", "-", "+").Result()
	if err != nil || !slices.ContainsFunc(entries, func(e redis.XMessage) bool {
		return e.Values["what"] == "canary" && e.Values["body"] == "resilience passed: 5 letters"
	}) {
		t.Errorf("the audit has no canary that passed, %v", err)
	}
}
