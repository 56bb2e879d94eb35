package main

import (
	"context"
	"errors"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/rogpeppe/go-internal/testscript"

	"outreach.example/ledger"
	"outreach.example/ledger/intent"
	"outreach.example/ledger/ledgertest"
	"outreach.example/letter"
)

// The sessions in testdata/script are the manual of the command line and its test. `code N outreach ...` runs a command
// and wants that exit code; `lose LETTER in_doubt|refused|sent` is a worker that hands a letter over and has no answer, a no, or a
// yes; `came KIND STATE TEXT` is a mail that the inbox has sorted, and `later N` puts a day to come into $LATER.
func TestScript(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			e.Setenv("OUTREACH_REDIS", "redis://"+ledgertest.Mini(t).Addr()+"/0")
			e.Setenv("OUTREACH_USER", "ann")
			e.Setenv("NO_COLOR", "1")
			e.Setenv("OUTREACH_INTENTS", e.WorkDir+"/intents")
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"code": wantCode, "lose": loseAnswer, "tamper": tamper, "ledger": ledgerName, "intent": leaveIntent,
			"came": mailCame, "later": laterDay, "firstmail": firstMail,
		},
	})
}

// tamper does to the store what no script of the ledger does.
func tamper(ts *testscript.TestScript, _ bool, args []string) {
	o, err := redis.ParseURL(ts.Getenv("OUTREACH_REDIS"))
	ts.Check(err)
	rdb := redis.NewClient(o)
	defer rdb.Close()
	ctx := context.Background()
	switch {
	case len(args) == 1 && args[0] == "counter":
		ts.Check(rdb.HIncrBy(ctx, "{outreach}:n:resilience", "appeal/S", 1).Err())
	case len(args) == 1 && args[0] == "audit":
		all, err := rdb.XRange(ctx, "{outreach}:audit", "-", "+").Result()
		ts.Check(err)
		ts.Check(rdb.Del(ctx, "{outreach}:audit").Err())
		for i, e := range all {
			if i == 1 {
				e.Values["body"] = "something else"
			}
			ts.Check(rdb.XAdd(ctx, &redis.XAddArgs{Stream: "{outreach}:audit", ID: e.ID, Values: e.Values}).Err())
		}
	default:
		ts.Fatalf("usage: tamper counter|audit")
	}
}

func wantCode(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: code N command ...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	var exit *exec.ExitError
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// sessionLedger opens the ledger of a session, until end is called.
func sessionLedger(ts *testscript.TestScript) (l *ledger.Ledger, end func()) {
	o, err := redisOptions(ts.Getenv("OUTREACH_REDIS"))
	ts.Check(err)
	rdb := redis.NewUniversalClient(o)
	return ledger.New(rdb), func() { _ = rdb.Close() }
}

// loseAnswer takes a letter of a State past the commit point and settles it.
func loseAnswer(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: lose LETTER in_doubt|refused")
	}
	id, err := letter.ParseID(args[0])
	ts.Check(err)
	l, end := sessionLedger(ts)
	defer end()
	ctx, worker := context.Background(), ledger.WorkerName()
	_, err = l.Renew(ctx, worker, time.Minute, true)
	ts.Check(err)
	b := letter.Block{Campaign: id.Campaign, Step: id.Step, Name: id.Donor + "-0"}
	_, err = l.Tell(ctx, worker, time.Minute, []ledger.Word{{Relay: "relay.iom.example:587"}})
	ts.Check(err)
	got, err := l.Claim(ctx, b, ledger.NonceFor(worker, "relay.iom.example:587"), 1, ledger.Pace{})
	ts.Check(err)
	if len(got.Letters) != 1 {
		ts.Fatalf("claim of %s: %+v", id, got)
	}
	_, err = l.Begin(ctx, ledger.Begin{Claim: got.Letters[0], ContentHash: "c", ByteHash: "b"})
	ts.Check(err)
	_, err = l.Settle(ctx, ledger.Settlement{Claim: got.Letters[0], To: letter.State(args[1]), Words: "connection cut after the dot"})
	ts.Check(err)
}

// mailCame is the inbox: a mail of a kind has come from a State's mission, with a text that quotes ours.
func mailCame(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 3 {
		ts.Fatalf("usage: came KIND STATE TEXT")
	}
	l, end := sessionLedger(ts)
	defer end()
	ctx, donor := context.Background(), args[1]
	e := ledger.Entry{Kind: args[0], Note: "a mail", Date: time.Now().UTC().Format("2006-01-02"), Mail: "<1@" + donor + ">", By: "inbox", At: time.Now()}
	desk := "desk@" + strings.ToLower(donor) + ".mission.example"
	if e.Kind == "bounce" {
		id := letter.ID{Campaign: "resilience", Donor: donor, Step: "appeal"}
		e.Step, e.Generation = id.Step, 1
		c, err := l.Campaign(ctx, id.Campaign)
		ts.Check(err)
		f, ok, err := findIn(ctx, l, c, c.Current(), donor)
		if err != nil || !ok {
			ts.Fatalf("%s: %v", donor, err)
		}
		e.Address = f.record.Donor.Contacts[0].Email
		_, err = l.Suppress(ctx, "inbox", e.Address, ledger.ByBounce, "550 5.1.1")
		ts.Check(err)
	}
	ts.Check(l.KeepMail(ctx, "resilience", donor, ledger.Mail{
		ID: e.Mail, At: time.Now(), From: "Desk <" + desk + ">", Subject: "Re: appeal", Text: args[2] + "\n\nOn Monday the desk wrote:\n> we ask you\n",
	}))
	got, err := l.Everywhere(ctx, donor, e)
	ts.Check(err)
	if len(got) != 1 {
		ts.Fatalf("recorded %+v", got)
	}
}

// laterDay puts the day in so many days into $LATER.
func laterDay(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	ts.Setenv("LATER", time.Now().UTC().AddDate(0, 0, n).Format("2006-01-02"))
}

// ledgerName puts the name of the session's ledger, which is another one in every run, into $LEDGER.
func ledgerName(ts *testscript.TestScript, _ bool, _ []string) {
	l, end := sessionLedger(ts)
	defer end()
	at, err := l.Where(context.Background())
	ts.Check(err)
	ts.Setenv("LEDGER", at.Name())
}

// leaveIntent leaves the intent file of a worker that is gone and of which the ledger has forgotten everything: it was about
// to hand a letter of a State over, and knows what came of it (sent, never), or does not (open).
func leaveIntent(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: intent LETTER sent|open|never")
	}
	id, err := letter.ParseID(args[0])
	ts.Check(err)
	l, end := sessionLedger(ts)
	defer end()
	at, err := l.Where(context.Background())
	ts.Check(err)
	file, err := intent.Open(ts.Getenv("OUTREACH_INTENTS"), intent.Options{Process: "host-a:7", Position: at, Now: time.Now})
	ts.Check(err)
	in := intent.Intent{
		Letter: id, Block: letter.Block{Campaign: id.Campaign, Step: id.Step, Name: id.Donor + "-0"}, Generation: 1,
		Nonce: ledger.Nonce(ledger.WorkerName()), ContentHash: "c", ByteHash: "b", At: time.Now(),
		Position: ledger.Position{Epoch: at.Epoch, Seq: at.Seq + 100, Chain: "lost"},
	}
	ts.Check(file.Intend(context.Background(), in))
	switch args[1] {
	case "sent":
		ts.Check(file.Outcome(in.Key(), 1, letter.Sent, "250 2.0.0 queued as 4Z"))
	case "never":
		ts.Check(file.Never(in.Key(), 1))
	}
	ts.Check(file.Close())
}

// firstMail puts the identity of the newest mail of a State into $MAIL.
func firstMail(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: firstmail STATE")
	}
	l, end := sessionLedger(ts)
	defer end()
	mails, err := l.SortedMails(context.Background(), 1, func(s ledger.Sorted) bool { return s.Donor == args[0] })
	ts.Check(err)
	if len(mails) == 0 {
		ts.Fatalf("no mail of %s was read", args[0])
	}
	ts.Setenv("MAIL", mails[0].ID[:8])
}
