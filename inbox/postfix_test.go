package inbox_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"outreach.example/inbox"
	"outreach.example/inbox/inboxtest"
	"outreach.example/ledger"
	"outreach.example/ledger/ledgertest"
	"outreach.example/letter"
)

// Real mail systems: letters go through Postfix into Dovecot; Postfix itself makes the hard and the soft bounce, the warning
// and the report of a delivery; Sieve answers that somebody is away; a person answers. Everything comes back to the letter's
// signed return path, and is read by IMAP.
func TestRealMailSystems(t *testing.T) {
	port := inboxtest.Port(t)
	dovecot := inboxtest.StartDovecot(t, inboxtest.Options{Submission: port})
	postfix := inboxtest.StartPostfix(t, port, dovecot.LMTP)
	d := newDesk(t, ledgertest.Client(t, ledgertest.Start(t).Addr))
	d.reader = d.newReader("")
	d.reader.Source = opened(dovecot, "desk")
	t.Cleanup(d.reader.Source.Close)
	d.reader.Desk = &inbox.Desk{Ledger: d.Ledger, Tokens: keys, Now: time.Now, Log: d.reader.Log}
	d.reader.Now = time.Now
	back := time.Now().AddDate(0, 0, 30)
	dovecot.Sieve("away", "require [\"vacation\"];\nvacation :days 1 :addresses [\"away@mission.example\"] :subject \"Automatic reply\" \"I am away and will be back on "+back.Format("2 January 2006")+".\";\n")
	// send lets a donor's letter leave as a relay takes it, to an address whose mail system does what the test wants.
	send := func(id, to string, notify bool) {
		t.Helper()
		d.sent(id)
		address := strings.ToLower(id) + "@giver.example"
		mail := bytes.ReplaceAll(d.bytes(id, d.now), []byte(address), []byte(to))
		// Sieve answers no mail that says a machine sent it, as letters do. Not every system heeds that.
		for _, field := range []string{"Auto-Submitted: auto-generated\r\n", "X-Auto-Response-Suppress: OOF, AutoReply\r\n"} {
			mail = bytes.Replace(mail, []byte(field), nil, 1)
		}
		// What comes back to the return path lands in the desk's mailbox.
		postfix.Send(strings.Replace(way(id), "org+", "desk+", 1), mail, notify, to)
	}
	read := func(what string, is func() bool) {
		t.Helper()
		for until := time.Now().Add(60 * time.Second); ; time.Sleep(200 * time.Millisecond) {
			if _, err := d.reader.Poll(d.ctx); err != nil {
				t.Fatal(err)
			}
			if is() {
				return
			}
			if time.Now().After(until) {
				all, _ := d.SortedMails(d.ctx, 20, nil)
				t.Fatalf("no sign of %s; sorted: %+v\n%s\n%s", what, all, postfix.Log(), dovecot.Log())
			}
		}
	}
	has := func(kind, with string) func() bool {
		return func() bool {
			all, err := d.SortedMails(d.ctx, 100, func(s ledger.Sorted) bool {
				return s.Kind == kind && strings.Contains(strings.Join(append(s.Why, s.Did...), "\n"), with)
			})
			d.ok(err)
			return len(all) > 0
		}
	}
	send("F-01", "f-01@giver.example", true)
	read("the report of a delivery", has("bounce", "relayed for f-01@giver.example"))
	d.standing("F-01", "open: report")
	send("F-02", "nobody@giver.example", false)
	read("the hard bounce", has("unclear", "nobody@giver.example, whom the letter was not written to"))
	d.is("F-02", letter.Sent)
	send("F-03", "full@mission.example", false)
	read("the soft bounce", has("unclear", "full@mission.example"))
	send(long, "away@mission.example", false)
	read("the automatic answer", has("auto-reply", "moved the letters of "+long))
	c, err := d.Case(d.ctx, "res", long)
	d.ok(err)
	if c.Stopped || c.Until.Add(2*time.Hour).Format("2006-01-02") != back.Format("2006-01-02") {
		t.Errorf("away until %v, want %v", c.Until, back)
	}
	postfix.Send("f-01@giver.example", []byte("From: f-01@giver.example\r\nTo: desk@iom.example\r\nSubject: Re: A letter to everyone\r\nIn-Reply-To: "+messageID("F-01")+
		"\r\nDate: "+time.Now().Format(time.RFC1123Z)+"\r\nMessage-ID: <answer@giver.example>\r\n\r\nWe agree.\r\n"), false, "desk@iom.example")
	read("the answer", has("reply", "stopped the letters of F-01"))
	d.standing("F-01", "answered: report reply")
}

// The bounces that Postfix makes of a letter to its own addressee: hard, soft, and the warning before.
func TestPostfixBounces(t *testing.T) {
	port := inboxtest.Port(t)
	dovecot := inboxtest.StartDovecot(t, inboxtest.Options{Submission: port})
	postfix := inboxtest.StartPostfix(t, port, dovecot.LMTP)
	for _, tt := range []struct{ id, want, state, code string }{
		{donors[4], "hard for %s", "bounced", "5.1.1"},                // Dovecot knows no such user
		{"F-03", "soft for %s, about: mailbox full", "sent", "5.2.2"}, // its mailbox there is full
		{"F-02", "delayed for %s", "sent", "4.4.1"},
	} {
		t.Run(tt.id, func(t *testing.T) {
			d := newDesk(t, ledgertest.Client(t, ledgertest.Start(t).Addr))
			d.reader = d.newReader("")
			d.reader.Source = opened(dovecot, "desk")
			t.Cleanup(d.reader.Source.Close)
			d.reader.Desk = &inbox.Desk{Ledger: d.Ledger, Tokens: keys, Now: time.Now, Log: d.reader.Log}
			d.reader.Now = time.Now
			d.sent(tt.id)
			to := strings.ToLower(tt.id) + "@giver.example"
			if tt.code == "4.4.1" {
				postfix.Transport(to + " lmtp:inet:127.0.0.1:1") // where nobody listens
			}
			postfix.Send(strings.Replace(way(tt.id), "org+", "desk+", 1), d.bytes(tt.id, d.now), false, to)
			want := fmt.Sprintf(tt.want, to)
			await(t, want, func() bool {
				_, err := d.reader.Poll(d.ctx)
				d.ok(err)
				all, err := d.SortedMails(d.ctx, 100, func(s ledger.Sorted) bool {
					return s.Kind == "bounce" && strings.Contains(s.Why[0], want) && strings.Contains(s.Why[0], tt.code)
				})
				d.ok(err)
				return len(all) == 1
			})
			d.is(tt.id, letter.State(tt.state))
			d.suppressed(to, tt.state == "bounced")
		})
	}
}
