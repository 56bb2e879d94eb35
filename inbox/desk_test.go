package inbox_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"outreach.example/inbox"
	"outreach.example/ledger"
	"outreach.example/ledger/ledgertest"
	"outreach.example/letter"
)

var keys = letter.TokenKeys{[]byte("0123456789abcdef0123456789abcdef")}

// replies makes the desk read a folder of replies.
func (d *desk) replies() {
	d.folder = d.t.TempDir()
	d.reader = d.newReader(d.folder)
	d.reader.Desk = &inbox.Desk{Ledger: d.Ledger, Tokens: keys, Now: func() time.Time { return d.now }, Log: d.reader.Log}
}

// sent lets a donor's letter be taken by a relay.
func (d *desk) sent(id string) {
	d.t.Helper()
	c := d.claims(id)[id]
	d.ok(d.begin(c))
	_, err := d.Settle(d.ctx, ledger.Settlement{Claim: c, To: letter.Sent, Words: "250 ok"})
	d.ok(err)
}

// way is the signed return path of a donor's letter.
func way(id string) string {
	token, err := keys.Token(letter.ReturnToken, letter.ID{Campaign: "res", Donor: id, Step: "appeal"}, 1)
	if err != nil {
		panic(err)
	}
	return "org+" + token + "@iom.example"
}

func messageID(id string) string {
	return letter.MessageID(letter.ID{Campaign: "res", Donor: id, Step: "appeal"}, "iom.example")
}

// mail is what somebody writes.
func (d *desk) mail(from, subject, text string, fields ...string) []byte {
	head := append([]string{"From: " + from, "To: desk@iom.example", "Subject: " + subject, "Date: " + d.now.UTC().Format(time.RFC1123Z), "Message-ID: <" + subject + "@" + strings.ReplaceAll(from, "@", ".") + ">"}, fields...)
	return []byte(strings.Join(head, "\r\n") + "\r\n\r\n" + text + "\r\n")
}

// report is a delivery report that came back by a return path.
func (d *desk) report(path, address, action, status, said string, original string) []byte {
	return []byte(strings.ReplaceAll(fmt.Sprintf(`Return-Path: <>
Delivered-To: %s
From: MAILER-DAEMON@mx.giver.example
To: %s
Subject: Undelivered Mail Returned to Sender
Date: %s
Message-ID: <%s.%s@mx.giver.example>
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b

Words.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.giver.example

Final-Recipient: rfc822; %s
Action: %s
Status: %s
Diagnostic-Code: smtp; %s

--b
Content-Type: text/rfc822-headers

Message-ID: %s

--b--
`, path, path, d.now.UTC().Format(time.RFC1123Z), status, address, address, action, status, said, original), "\n", "\r\n"))
}

func (d *desk) put(name string, mail []byte) {
	d.t.Helper()
	d.ok(os.WriteFile(filepath.Join(d.folder, name+".eml"), mail, 0o600))
}

// stands is a donor's case in a word, with the kinds of its entries.
func (d *desk) stands(id string) string {
	d.t.Helper()
	c, err := d.Case(d.ctx, "res", id)
	d.ok(err)
	var kinds []string
	for _, e := range c.Entries {
		kinds = append(kinds, e.Kind)
	}
	return c.Word() + ": " + strings.Join(kinds, " ")
}

func (d *desk) standing(id, want string) {
	d.t.Helper()
	if got := d.stands(id); got != want {
		d.t.Errorf("case of %s is %q, want %q", id, got, want)
	}
}

func (d *desk) suppressed(address string, want bool) {
	d.t.Helper()
	c, err := d.Suppressed(d.ctx)
	d.ok(err)
	if c.Has(address) != want {
		d.t.Errorf("%s suppressed: %t, want %t", address, !want, want)
	}
}

func eachDesk(t *testing.T, test func(t *testing.T, d *desk)) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		d := newDesk(t, rdb)
		d.replies()
		test(t, d)
	})
}

// A person's mail stops the donor's letters, in the thread and outside of it, once, and its text is kept.
func TestReplyStops(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		d.put("thread", d.mail("secretary@elsewhere.example", "Re: A letter", "We agree.\r\n\r\n> A letter to you", "In-Reply-To: "+messageID("F-01")))
		d.put("new", d.mail("F-02@Giver.example", "A question", "How do we pay?"))
		d.put("number", d.mail("clerk@elsewhere.example", "Your letter", "Your ref. [RES /\r\nF-03/ appeal] has arrived."))
		d.finds("reply:3")
		for _, id := range []string{"F-01", "F-02", "F-03"} {
			d.is(id, letter.Cancelled)
			d.standing(id, "answered: reply")
		}
		d.is(long, letter.Planned)
		kept, err := d.Mails(d.ctx, "res", "F-01")
		if err != nil || len(kept) != 1 || kept[0].Text != "We agree.\n\n> A letter to you" {
			t.Errorf("kept: %+v %v", kept, err)
		}
		// Another copy of the same mail, with another way through servers, does nothing more.
		d.put("copy", append([]byte("Received: by x; Tue, 24 Nov 2026 10:00:00 +0000\r\n"), d.mail("F-02@Giver.example", "A question", "How do we pay?")...))
		d.finds("reply:1")
		d.standing("F-02", "answered: reply")
		d.replies()
		d.put("new", d.mail("F-02@Giver.example", "A question", "How do we pay?"))
		d.finds("reply:1")
		d.standing("F-02", "answered: reply")
	})
}

// A hard bounce makes the letter bounced, closes that address, and gives a person something to do.
func TestBounce(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		for _, id := range []string{"F-01", "F-02", "F-03", long} {
			d.sent(id)
		}
		d.put("hard", d.report(way("F-01"), "f-01@giver.example", "failed", "5.1.1", "550 5.1.1 User unknown", messageID("F-01")))
		d.put("soft", d.report(way("F-02"), "f-02@giver.example", "failed", "5.2.2", "552 5.2.2 mailbox full", messageID("F-02")))
		d.put("late", d.report(way("F-03"), "f-03@giver.example", "delayed", "4.4.1", "timed out", messageID("F-03")))
		d.put("there", d.report(way(long), strings.ToLower(long)+"@giver.example", "delivered", "2.0.0", "250 ok", messageID(long)))
		d.finds("bounce:4")
		d.is("F-01", letter.Bounced)
		d.standing("F-01", "unreachable: bounce")
		d.suppressed("F-01@giver.example", true)
		for _, id := range []string{"F-02", "F-03", long} {
			d.is(id, letter.Sent)
			d.standing(id, "open: report")
			d.suppressed(id+"@giver.example", false)
		}
		tasks, err := d.Tasks(d.ctx, "res", "")
		if err != nil || len(tasks) != 1 || tasks[0].Kind != ledger.TaskAddress || !strings.Contains(tasks[0].Why, "there is no other contact") {
			t.Errorf("tasks: %+v %v", tasks, err)
		}
	})
}

// A report is believed only by the letter's own way back: whoever knows a donor can write the rest.
func TestForgedReports(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		for _, id := range []string{"F-01", "F-02", "F-03"} {
			d.sent(id)
		}
		d.put("no-token", d.report("desk@iom.example", "f-01@giver.example", "failed", "5.1.1", "550 User unknown", messageID("F-01")))
		d.put("anothers", d.report(way("F-02"), "f-03@giver.example", "failed", "5.1.1", "550 User unknown", messageID("F-03")))
		forged := strings.Replace(way("F-03"), "+d", "+d", 1)
		forged = forged[:len(forged)-20] + "aaaaaaaa" + forged[len(forged)-12:]
		d.put("made-up", d.report(forged, "f-03@giver.example", "failed", "5.1.1", "550 User unknown", messageID("F-03")))
		d.finds("unclear:3")
		for _, id := range []string{"F-01", "F-02", "F-03"} {
			d.is(id, letter.Sent)
			d.suppressed(id+"@giver.example", false)
			if got := d.stands(id); !strings.HasPrefix(got, "to be decided: unclear") {
				t.Errorf("case of %s: %s", id, got)
			}
		}
		mails, err := d.SortedMails(d.ctx, 10, func(s ledger.Sorted) bool { return s.Quarantine != "" })
		if err != nil || len(mails) != 3 {
			t.Errorf("quarantine: %d %v", len(mails), err)
		}
	})
}

// A bounce that is read while the letter's answer is outstanding waits for it; one about a doubt settles it.
func TestBounceBeforeAnswer(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		c := d.claims("F-01")["F-01"]
		d.ok(d.begin(c))
		d.put("hard", d.report(way("F-01"), "f-01@giver.example", "failed", "5.1.1", "550 User unknown", messageID("F-01")))
		d.doubt("F-02")
		d.put("doubt", d.report(way("F-02"), "f-02@giver.example", "delivered", "2.0.0", "250 ok", messageID("F-02")))
		d.poll()
		d.is("F-01", letter.Sending)
		d.is("F-02", letter.Sent)
		_, err := d.Settle(d.ctx, ledger.Settlement{Claim: c, To: letter.Sent, Words: "250 ok"})
		d.ok(err)
		d.now = d.now.Add(time.Minute)
		d.poll()
		d.is("F-01", letter.Bounced)
		d.standing("F-01", "unreachable: bounce")
	})
}

// An automatic answer moves what follows and stops nothing; a wish for no letters stops; an unclear mail pauses; a complaint
// stops and closes the address.
func TestOtherKinds(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		d.sent(long)
		back := d.now.AddDate(0, 0, 20)
		d.put("away", d.mail("f-01@giver.example", "Automatic reply: A letter", "I am away and will be back on "+back.Format("2 January 2006")+".", "Auto-Submitted: auto-replied", "In-Reply-To: "+messageID("F-01")))
		d.put("out", d.mail("f-02@giver.example", "Re: A letter", "Please unsubscribe me"))
		d.put("odd", d.mail("f-03@giver.example", "Automatic reply: A letter", "I am away."))
		token, err := keys.Token(letter.OptOutToken, letter.ID{Campaign: "res", Donor: donors[4], Step: "appeal"}, 1)
		d.ok(err)
		d.put("token", d.mail("anybody@elsewhere.example", token, ""))
		d.put("complaint", []byte(strings.ReplaceAll(fmt.Sprintf(`Return-Path: <>
Delivered-To: %s
From: abuse@provider.example
Subject: FW: A letter
Date: %s
Content-Type: multipart/report; report-type=feedback-report; boundary=b

--b
Content-Type: message/feedback-report

Feedback-Type: abuse
Original-Rcpt-To: <%s@giver.example>

--b
Content-Type: text/rfc822-headers

Return-Path: <%s>
Message-ID: %s

--b--
`, "desk@iom.example", d.now.UTC().Format(time.RFC1123Z), long, way(long), messageID(long)), "\n", "\r\n")))
		d.finds("auto-reply:1 complaint:1 opt-out:2 unclear:1")
		c, err := d.Case(d.ctx, "res", "F-01")
		d.ok(err)
		if c.Stopped || c.Until.Add(2*time.Hour).Format("2006-01-02") != back.UTC().Format("2006-01-02") {
			t.Errorf("away: %+v, want until %v", c, back)
		}
		d.is("F-01", letter.Planned)
		d.standing("F-02", "opted out: opt-out")
		d.suppressed("f-02@giver.example", true)
		d.standing("F-03", "to be decided: unclear")
		d.is("F-03", letter.Planned)
		d.standing(donors[4], "opted out: opt-out")
		d.standing(long, "opted out: complaint")
		d.suppressed(long+"@giver.example", true)
	})
}

// Our own mail, mail of strangers, and mail from a domain that several donors share name nobody; the only donor at a domain
// is paused, not stopped.
func TestNobodys(t *testing.T) {
	d := newDesk(t, ledgertest.Client(t, ledgertest.Mini(t).Addr()))
	d.replies()
	d.put("own", d.mail("desk@iom.example", "Re: A letter", "We answer you.", "In-Reply-To: "+messageID("F-01")))
	d.put("alarm", d.mail("org@iom.example", "Alarm", "A worker is gone.", "Auto-Submitted: auto-generated"))
	d.put("stranger", d.mail("x@elsewhere.example", "Hello", "Buy this."))
	d.put("shared", d.mail("somebody@giver.example", "Hello", "Who are you?"))
	d.put("copy", d.mail("org@iom.example", "A letter", "words", "X-Other: 1"))
	d.finds("own:3 reply:2")
	for _, id := range donors {
		d.is(id, letter.Planned)
		d.standing(id, "open: ")
	}
}

// Whatever comes is bounded in time, kept with its reason, and reading goes on behind it.
func TestHostile(t *testing.T) {
	d := newDesk(t, ledgertest.Client(t, ledgertest.Mini(t).Addr()))
	d.replies()
	deep := &strings.Builder{}
	for i := range 3000 {
		fmt.Fprintf(deep, "--b%d\r\nContent-Type: multipart/mixed; boundary=b%d\r\n\r\n", i, i+1)
	}
	many := strings.Repeat("--b\r\n\r\nx\r\n", 100_000)
	var fields []string
	for i := range 20_000 {
		fields = append(fields, fmt.Sprintf("X-%d: x", i))
	}
	d.put("deep", d.mail("f-01@giver.example", "deep", deep.String(), "Content-Type: multipart/mixed; boundary=b0"))
	d.put("parts", d.mail("f-02@giver.example", "parts", many, "Content-Type: multipart/mixed; boundary=b"))
	d.put("fields", d.mail("f-03@giver.example", "fields", "words", fields...))
	d.put("huge", d.mail(long+"@giver.example", "huge", strings.Repeat("We agree and attach a film. ", 2_000_000)))
	d.put("nul", bytes.Replace(d.mail(donors[4]+"@giver.example", "nul", "words"), []byte("nul\r\n"), []byte("n\x00l\r\n"), 1))
	d.put("charset", d.mail("f-01@giver.example", "charset", "caf\xe9 \xff\xfe", "Content-Type: text/plain; charset=x-none"))
	d.put("zip", d.mail("x@elsewhere.example", "zip", "--b\r\nContent-Type: application/zip; name=a.zip\r\nContent-Transfer-Encoding: base64\r\n\r\nUEsFBgAAAAAAAAAAAAAAAAAAAAAAAA==\r\n--b--", "Content-Type: multipart/mixed; boundary=b"))
	d.put("noise", []byte("\x00\x01\x02\xff"))
	began := time.Now()
	d.finds("reply:2 unclear:6")
	if took := time.Since(began); took > 30*time.Second {
		t.Errorf("reading took %v", took)
	}
	mails, err := d.SortedMails(d.ctx, 100, func(s ledger.Sorted) bool { return s.Quarantine != "" })
	d.ok(err)
	if len(mails) != 6 {
		t.Errorf("quarantined: %d", len(mails))
	}
	for _, m := range mails {
		if m.ID == "" || len(m.Why) == 0 || !m.Waits() {
			t.Errorf("%+v", m)
		}
	}
	for _, id := range []string{"F-02", "F-03", long, donors[4]} {
		d.standing(id, "to be decided: unclear")
	}
	d.standing("F-01", "answered: reply unclear")
}
