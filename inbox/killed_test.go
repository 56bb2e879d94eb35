package inbox_test

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"outreach.example/inbox"
	"outreach.example/inbox/inboxtest"
	"outreach.example/ledger"
	"outreach.example/ledger/ledgertest"
)

// killedEnv tells a process of this test that it is the reader, and of what.
const killedEnv = "OUTREACH_TEST_READER"

func TestMain(m *testing.M) {
	if of := os.Getenv(killedEnv); of != "" {
		p := strings.Split(of, "|")
		r := &inbox.Reader{
			Ledger: ledger.New(redis.NewClient(&redis.Options{Addr: p[0], MaxRetries: -1})), Every: time.Second, Now: time.Now, Log: slog.New(slog.DiscardHandler),
			Source: &inbox.IMAP{
				Title: "desk", Server: p[1], Security: inbox.Implicit, User: "desk", Mailbox: "INBOX", CAFile: p[2],
				Secret: inboxtest.Secret(inboxtest.Password),
			},
		}
		r.Desk = &inbox.Desk{Ledger: r.Ledger, Tokens: keys, Now: time.Now, Log: r.Log}
		_ = r.Run(context.Background())
		return
	}
	os.Exit(m.Run())
}

// A reader that is killed again and again while mail arrives loses none of it and does nothing twice.
func TestReaderKilled(t *testing.T) {
	server := inboxtest.StartDovecot(t, inboxtest.Options{})
	store := ledgertest.Start(t)
	d := newDesk(t, ledgertest.Client(t, store.Addr))
	start := func() *exec.Cmd {
		cmd := exec.Command(os.Args[0]) //nolint:gosec // this test itself
		cmd.Env = append(os.Environ(), killedEnv+"="+strings.Join([]string{store.Addr, fmt.Sprintf("127.0.0.1:%d", server.TLS), server.CAFile}, "|"))
		d.ok(cmd.Start())
		return cmd
	}
	const mails = 80
	// The first half waits already; the rest arrives while readers live and die.
	deliver := func(n int) {
		id := donors[n%len(donors)]
		server.Deliver("desk", d.mail(id+"@giver.example", fmt.Sprintf("Answer %d", n), "We agree."))
	}
	for n := range mails / 2 {
		deliver(n)
	}
	seen := func() int {
		all, err := d.SortedMails(d.ctx, 1000, nil)
		d.ok(err)
		return len(all)
	}
	next, kills := mails/2, 0
	for seen() < mails {
		cmd := start()
		before := seen()
		// Killed once it has done something more, at whatever moment of its work that is.
		await(t, "a mail that was read", func() bool { return seen() > before || before == mails })
		time.Sleep(time.Duration(rand.IntN(3000)) * time.Microsecond)
		d.ok(cmd.Process.Kill())
		_ = cmd.Wait()
		kills++
		for range 5 {
			if next < mails {
				deliver(next)
				next++
			}
		}
	}
	cmd := start() // what the last one left open is read once more
	await(t, "the last mail's place", func() bool {
		all, err := d.Mailboxes(d.ctx)
		d.ok(err)
		return len(all) == 1 && all[0].Read == mails
	})
	d.ok(cmd.Process.Kill())
	_ = cmd.Wait()
	for _, id := range donors {
		c, err := d.Case(d.ctx, "res", id)
		d.ok(err)
		if len(c.Entries) != mails/len(donors) {
			t.Errorf("case of %s has %d entries, want %d", id, len(c.Entries), mails/len(donors))
		}
		once := map[string]bool{}
		for _, e := range c.Entries {
			if once[e.Mail] {
				t.Errorf("mail %s stands twice in the case of %s", e.Mail, id)
			}
			once[e.Mail] = true
		}
	}
	if n := seen(); n != mails {
		t.Errorf("%d mails sorted, want %d", n, mails)
	}
	t.Logf("killed %d times", kills)
}
