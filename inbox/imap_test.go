package inbox_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"outreach.example/inbox"
	"outreach.example/inbox/inboxtest"
	"outreach.example/ledger/ledgertest"
	"outreach.example/letter"
)

// opened is a user's INBOX over TLS.
func opened(d *inboxtest.Dovecot, user string) *inbox.IMAP {
	return &inbox.IMAP{
		Title: user, Server: fmt.Sprintf("127.0.0.1:%d", d.TLS), Security: inbox.Implicit, User: user, Mailbox: "INBOX",
		Secret: inboxtest.Secret(inboxtest.Password), CAFile: d.CAFile,
	}
}

// Every way of logging in that there is, and each refusal in one sentence without the secret.
func TestLogin(t *testing.T) {
	d := inboxtest.StartDovecot(t, inboxtest.Options{})
	d.Deliver("desk", []byte("From: a@b.example\r\nSubject: one\r\n\r\nwords\r\n"))
	plain := fmt.Sprintf("127.0.0.1:%d", d.Plain)
	for _, tt := range []struct {
		name   string
		change func(*inbox.IMAP)
		want   string // of the error
	}{
		{"implicit TLS", func(*inbox.IMAP) {}, ""},
		{"STARTTLS", func(i *inbox.IMAP) { i.Server, i.Security = plain, inbox.StartTLS }, ""},
		{"no TLS", func(i *inbox.IMAP) { i.Server, i.Security = plain, inbox.NoTLS }, ""},
		{"an access token", func(i *inbox.IMAP) { i.OAuth, i.Secret = true, inboxtest.Secret(d.Token("desk")) }, ""},
		{"another's access token", func(i *inbox.IMAP) { i.OAuth, i.Secret = true, inboxtest.Secret("ey.secret.secret") }, "refuses the access token of desk"},
		{"another password", func(i *inbox.IMAP) { i.Secret = inboxtest.Secret("secret") }, "refuses the password of desk"},
		{"a certificate nobody knows", func(i *inbox.IMAP) { i.CAFile = "" }, "certificate"},
		{"TLS where none is spoken", func(i *inbox.IMAP) { i.Server = plain }, "TLS"},
		{"no such mailbox", func(i *inbox.IMAP) { i.Mailbox = "Nowhere" }, "mailbox Nowhere on 127.0.0.1"},
		{"nobody there", func(i *inbox.IMAP) { i.Server = "127.0.0.1:1" }, "cannot be reached"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			i := opened(d, "desk")
			tt.change(i)
			n, err := i.Try(t.Context())
			switch {
			case tt.want == "" && (err != nil || n != 1):
				t.Errorf("%d mails, %v\n%s", n, err, d.Log())
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "secret")):
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
		})
	}
}

// Copies in a mailbox on a server settle doubts; nothing in it is changed; a restart reads nothing again; a mailbox made anew
// is read again and changes nothing; what arrives later is found where the reader left off.
func TestIMAP(t *testing.T) {
	server := inboxtest.StartDovecot(t, inboxtest.Options{})
	d := newDesk(t, ledgertest.Client(t, ledgertest.Start(t).Addr))
	source := func() {
		d.reader = d.newReader("")
		d.reader.Source = opened(server, "registry")
		t.Cleanup(d.reader.Source.Close)
	}
	source()
	deliver := func(mail []byte) { server.Deliver("registry", mail) }
	deliver(d.doubt("F-01"))
	deliver([]byte("From: a@b.example\r\nSubject: none of ours\r\n\r\nwords\r\n"))
	deliver(append(d.doubt(long), bytes.Repeat([]byte("padding padding padding padding padding padding\r\n"), 600_000)...)) // 29 MB
	d.finds("foreign:1 sent:1 unreadable:1")
	d.is("F-01", letter.Sent)
	untouched := func() {
		t.Helper()
		seen, _ := filepath.Glob(filepath.Join(server.Maildir("registry"), "cur", "*:2,*S*"))
		all, _ := filepath.Glob(filepath.Join(server.Maildir("registry"), "[nc]*", "*"))
		if len(seen) != 0 {
			t.Errorf("shown as read: %v", seen)
		}
		if len(all) < 3 {
			t.Errorf("of the mails are left: %v", all)
		}
	}
	untouched()
	d.finds("")
	source()
	d.finds("")
	deliver(d.doubt("F-02"))
	d.finds("sent:1")
	d.reader.Source.Close() // the connection breaks
	deliver(d.doubt("F-03"))
	d.finds("sent:1")
	server.Renumber("registry")
	d.finds("again:3 foreign:1 unreadable:1")
	source()
	d.finds("")
	untouched()
	all, err := d.Mailboxes(d.ctx)
	if err != nil || len(all) != 1 || all[0].Read == 0 || all[0].Replies {
		t.Errorf("mailboxes: %+v %v", all, err)
	}
}

// A mail whose letter the ledger does not have yet keeps the place: a restart finds it again.
func TestPlaceWaits(t *testing.T) {
	server := inboxtest.StartDovecot(t, inboxtest.Options{})
	d := newDesk(t, ledgertest.Client(t, ledgertest.Start(t).Addr))
	restart := func() {
		d.reader = d.newReader("")
		d.reader.Source = opened(server, "registry")
		t.Cleanup(d.reader.Source.Close)
	}
	restart()
	id := letter.MessageID(letter.ID{Campaign: "res", Donor: "F-99", Step: "appeal"}, "iom.example")
	server.Deliver("registry", []byte("From: org@iom.example\r\nMessage-ID: "+id+"\r\nDate: "+d.now.Format(time.RFC1123Z)+"\r\n\r\nwords\r\n"))
	server.Deliver("registry", d.doubt("F-01"))
	d.finds("sent:1 unknown:1")
	d.finds("")
	restart()
	d.finds("unknown:1")
}

// The server tells of new mail by itself, and where it cannot, it is asked.
func TestNews(t *testing.T) {
	for _, tt := range []struct {
		name string
		o    inboxtest.Options
		rest time.Duration
	}{{"IDLE", inboxtest.Options{}, 10 * time.Minute}, {"asked", inboxtest.Options{WithoutIdle: true}, 100 * time.Millisecond}} {
		t.Run(tt.name, func(t *testing.T) {
			server := inboxtest.StartDovecot(t, tt.o)
			d := newDesk(t, ledgertest.Client(t, ledgertest.Start(t).Addr))
			d.reader.Source, d.reader.Every = opened(server, "registry"), tt.rest
			d.reader.Now = time.Now
			ctx, stop := context.WithCancel(t.Context())
			done := make(chan error)
			go func() { done <- d.reader.Run(ctx) }()
			await(t, "the first look", func() bool { all, _ := d.Mailboxes(d.ctx); return len(all) == 1 })
			for _, id := range []string{"F-01", "F-02"} {
				server.Deliver("registry", d.doubt(id))
				await(t, "the copy of "+id, func() bool { return d.state(id) == letter.Sent })
			}
			server.Stop()
			await(t, "the trouble", func() bool { all, _ := d.Mailboxes(d.ctx); return len(all) == 1 && all[0].Trouble != "" })
			server.Start()
			server.Deliver("registry", d.doubt("F-03"))
			await(t, "the copy after a restart", func() bool { return d.state("F-03") == letter.Sent })
			stop()
			if err := <-done; err != nil {
				t.Error(err)
			}
		})
	}
}

// await waits for something to become true.
func await(t *testing.T, what string, is func() bool) {
	t.Helper()
	for until := time.Now().Add(45 * time.Second); !is(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(until) {
			t.Fatalf("no sign of %s", what)
		}
	}
}

// A secret is read anew for every login, and a file that is missing is said.
func TestSecretFile(t *testing.T) {
	server := inboxtest.StartDovecot(t, inboxtest.Options{})
	file := filepath.Join(t.TempDir(), "password")
	i := opened(server, "desk")
	i.Secret = func(context.Context) (string, error) {
		b, err := os.ReadFile(file)
		return string(b), err
	}
	if _, err := i.Try(t.Context()); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("without the file: %v", err)
	}
	if err := os.WriteFile(file, []byte(inboxtest.Password), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := i.Try(t.Context()); err != nil {
		t.Errorf("with it: %v", err)
	}
}
