package main

import (
	"bytes"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"outreach.example/inbox/inboxtest"
	"outreach.example/ledger/ledgertest"
)

// Where no folder is set, doctor goes by what the ledger knows of a reader elsewhere.
func TestDoctorCopies(t *testing.T) {
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.Local)
	for _, c := range []struct {
		folder string
		read   time.Time
		want   finding
	}{
		{"", time.Time{}, finding{Says: "nobody reads them: every doubt waits for a person"}},
		{"", now.Add(-3 * time.Second), finding{Well: true, Says: "an outreach inbox reads them, last 2 March 08:59:57"}},
		{"", now.Add(-time.Hour), finding{Says: "last read 2 March 08:00:00, and by nobody since: every doubt waits for a person"}},
		{t.TempDir() + "/none", now, finding{}},
	} {
		got := examineCopies(c.folder, c.read, now)
		if got.Well != c.want.Well || c.want.Says != "" && got.Says != c.want.Says || got.Says == "" || got.Mend == "" && !got.Well {
			t.Errorf("%q, read %v: %+v", c.folder, c.read, got)
		}
	}
	if got := examineCopies(t.TempDir(), time.Time{}, now); !got.Well {
		t.Errorf("a folder: %+v", got)
	}
}

// A mailbox on a server by its settings: doctor logs in, --once reads it, and a wrong password is one sentence without it.
func TestMailboxOnAServer(t *testing.T) {
	d := inboxtest.StartDovecot(t, inboxtest.Options{})
	d.Deliver("desk", []byte("From: a@b.example\r\nTo: desk@iom.example\r\nSubject: Hello\r\n\r\nWords.\r\n"))
	dir := t.TempDir()
	secret := func(name, text string) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	mailbox := func(field string) string {
		return fmt.Sprintf("imap://desk@127.0.0.1:%d/INBOX?kind=reply&ca_file=%s&%s", d.Plain, d.CAFile, field)
	}
	store := "redis://" + ledgertest.Mini(t).Addr()
	session := func(box string, args ...string) (string, int) {
		var out bytes.Buffer
		code := run(t.Context(), append([]string{"-C", dir}, args...), func(k string) string {
			return map[string]string{"OUTREACH_REDIS": store, "OUTREACH_INBOX": box, "OUTREACH_INTENTS": filepath.Join(dir, "intents")}[k]
		}, nil, &out, &out)
		return out.String(), code
	}
	for _, good := range []string{
		"password_file=" + secret("password", inboxtest.Password), "token_file=" + secret("token", d.Token("desk")),
		"token_command=" + url.QueryEscape("cat "+filepath.Join(dir, "token")),
	} {
		if got, _ := session(mailbox(good), "doctor"); !strings.Contains(got, "ok    reply mailbox desk@127.0.0.1/INBOX: logged in; it holds 1 mails, and nothing was changed") {
			t.Errorf("doctor with %s:\n%s", good, got)
		}
	}
	if got, code := session(mailbox("password_file="+filepath.Join(dir, "password")), "inbox", "--once"); code != exitDone || !strings.Contains(got, "desk@127.0.0.1/INBOX: reply 1") {
		t.Errorf("--once: %d\n%s", code, got)
	}
	got, code := session(mailbox("password_file="+secret("wrong", "hunter2")), "inbox", "--once")
	if code != exitFailed || !strings.Contains(got, "refuses the password of desk") || strings.Contains(got, "hunter2") {
		t.Errorf("another password: %d\n%s", code, got)
	}
	if got, _ := session(mailbox("password_file=x"), "config"); strings.Contains(got, "password_file") {
		t.Errorf("config shows where the secret is:\n%s", got)
	}
}
