package ledger_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"outreach.example/ledger"
	"outreach.example/ledger/ledgertest"
	"outreach.example/letter"
)

var bothSteps = []string{"appeal", "reminder-1"}

// record records an entry and, because every call may be repeated, records it again.
func (w *world) record(e ledger.Entry) ledger.Recorded {
	w.t.Helper()
	if e.By == "" {
		e.By = "ann"
	}
	got, err := w.Record(w.ctx, "res", "KEN", "KEN-0", bothSteps, e)
	if err != nil {
		w.t.Fatal(err)
	}
	was := w.stored()
	if again, err := w.Record(w.ctx, "res", "KEN", "KEN-0", bothSteps, e); err != nil || !again.Again {
		w.t.Errorf("%s recorded again: %+v %v", e.Kind, again, err)
	}
	if is := w.stored(); is != was {
		w.t.Errorf("recording %s again changed\n%s\nto\n%s", e.Kind, was, is)
	}
	return got
}

// stored is what a repeated call may not change.
func (w *world) stored() string {
	c, err := w.Case(w.ctx, "res", "KEN")
	if err != nil {
		w.t.Fatal(err)
	}
	tasks, err := w.Tasks(w.ctx, "", "")
	if err != nil {
		w.t.Fatal(err)
	}
	entries, err := w.Audit(w.ctx, 0, 1000)
	if err != nil {
		w.t.Fatal(err)
	}
	return fmt.Sprintf("%+v\n%+v\n%s\n%d", c, tasks, w.state("KEN"), len(entries))
}

// open lists the kinds of the open tasks of KEN.
func (w *world) tasks() string {
	w.t.Helper()
	all, err := w.Tasks(w.ctx, "res", "KEN")
	if err != nil {
		w.t.Fatal(err)
	}
	var open []string
	for _, t := range all {
		if t.Open {
			open = append(open, string(t.Kind))
		}
	}
	if n, err := w.OpenTasks(w.ctx, "res"); err != nil || n != len(open) {
		w.t.Errorf("%d tasks are counted open, and %v are (%v)", n, open, err)
	}
	return strings.Join(open, " ")
}

// What each kind of entry does to a planned letter, to the case and to the list of tasks.
func TestKinds(t *testing.T) {
	const cancelled, kept, leaves = "cancelled", "kept", "leaves"
	tests := []struct {
		entry  ledger.Entry
		letter string
		word   string
		tasks  string
	}{
		{ledger.Entry{Kind: "reply"}, cancelled, "answered", ""},
		{ledger.Entry{Kind: "pledge", Amount: "1", Currency: "USD"}, cancelled, "pledged", ""},
		{ledger.Entry{Kind: "decline"}, cancelled, "declined", ""},
		{ledger.Entry{Kind: "meeting"}, cancelled, "answered", "meeting"},
		{ledger.Entry{Kind: "opt-out"}, cancelled, "opted out", ""},
		{ledger.Entry{Kind: "complaint"}, cancelled, "opted out", "complaint"},
		{ledger.Entry{Kind: "capital", Until: "2199-01-14"}, kept, "with capital until 14 January 2199", ""},
		{ledger.Entry{Kind: "auto-reply", Until: "2199-01-14"}, kept, "open", ""},
		{ledger.Entry{Kind: "auto-reply", Note: "no day"}, leaves, "open", ""},
		{ledger.Entry{Kind: "capital", Until: "2020-01-14"}, leaves, "with capital until 14 January 2020", ""},
		{ledger.Entry{Kind: "unclear"}, kept, "to be decided", "unclear"},
		{ledger.Entry{Kind: "bounce", Address: "a@ken.example"}, kept, "unreachable", "address"},
		{ledger.Entry{Kind: "report"}, leaves, "open", ""},
		{ledger.Entry{Kind: "note"}, leaves, "open", ""},
		{ledger.Entry{Kind: "reopen"}, leaves, "open", ""},
	}
	seen := map[string]bool{}
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		for _, tt := range tests {
			seen[tt.entry.Kind] = true
			t.Run(tt.entry.Kind+tt.entry.Until, func(t *testing.T) {
				rdb.FlushDB(t.Context())
				w := newWorld(t, rdb, "KEN")
				got := w.record(tt.entry)
				claims := w.claim("KEN")
				is := kept
				switch {
				case w.state("KEN") == letter.Cancelled:
					is = cancelled
				case len(claims.Letters) == 1:
					is = leaves
				}
				if is != tt.letter || got.Stopped != (is == cancelled) {
					t.Errorf("the letter is %s, want %s (%+v)", is, tt.letter, got)
				}
				c, err := w.Case(w.ctx, "res", "KEN")
				if err != nil || c.Word() != tt.word {
					t.Errorf("the case is %q %v, want %q", c.Word(), err, tt.word)
				}
				if open := w.tasks(); open != tt.tasks {
					t.Errorf("tasks %q, want %q", open, tt.tasks)
				}
				w.adds("KEN")
			})
		}
	})
	for _, k := range ledger.Kinds {
		if !seen[k.Name] {
			t.Errorf("nothing says what %s does", k.Name)
		}
	}
}

// A letter that a worker holds when mail comes does not pass the commit point, and is planned again where a person decides
// or a day is named.
func TestStopOfAClaimedLetter(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		for _, tt := range []struct {
			entry ledger.Entry
			why   string
			then  letter.State
		}{
			{ledger.Entry{Kind: "reply"}, "the case has an answer", letter.Cancelled},
			{ledger.Entry{Kind: "unclear"}, "a person must decide first about mail that came", letter.Planned},
			{ledger.Entry{Kind: "capital", Until: "2199-01-14"}, "the case waits for a day", letter.Planned},
		} {
			rdb.FlushDB(t.Context())
			w := newWorld(t, rdb, "KEN")
			c := w.claimOne("KEN")
			w.record(tt.entry)
			var no ledger.NotGranted
			if err := w.beginAs(c); !errors.As(err, &no) || no.Why != tt.why {
				t.Errorf("%s: begin: %v, want %q", tt.entry.Kind, err, tt.why)
			}
			w.ok(nil, w.Unclaim(w.ctx, []ledger.Claim{c}, 0, no.Why))
			if got := w.claim("KEN"); len(got.Letters) != 0 || w.state("KEN") != tt.then {
				t.Errorf("%s: then %+v, %s", tt.entry.Kind, got, w.state("KEN"))
			}
			w.adds("KEN")
		}
	})
}

// Whoever decides about an unclear mail lets the letters go on or stops them; what was recorded first stays readable.
func TestDecideAboutUnclear(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		for _, tt := range []struct {
			kind   string
			leaves bool
		}{{"note", true}, {"report", true}, {"reply", false}, {"opt-out", false}} {
			rdb.FlushDB(t.Context())
			w := newWorld(t, rdb, "KEN")
			w.record(ledger.Entry{Kind: "unclear", Mail: "<1@x.example>"})
			w.claim("KEN") // takes the block out of the index
			w.record(ledger.Entry{Kind: tt.kind, Instead: 1})
			if w.tasks() != "" {
				t.Errorf("%s: tasks %s", tt.kind, w.tasks())
			}
			due, err := w.Due(w.ctx, []string{"res"}, 10)
			if err != nil || (len(due) == 1) != tt.leaves {
				t.Errorf("%s: due %v %v", tt.kind, due, err)
			}
			if got := w.claim("KEN"); (len(got.Letters) == 1) != tt.leaves {
				t.Errorf("%s: %+v", tt.kind, got)
			}
			if got, err := w.Record(w.ctx, "res", "KEN", "KEN-0", bothSteps, ledger.Entry{Kind: "unclear", Mail: "<1@x.example>", By: "inbox"}); err != nil || !got.Again {
				t.Errorf("%s: the mail is read again: %+v %v", tt.kind, got, err)
			}
			c, _ := w.Case(w.ctx, "res", "KEN")
			if c.Paused || len(c.Entries) != 2 || c.Entries[0].Counts || !c.Entries[1].Counts {
				t.Errorf("%s: %+v", tt.kind, c)
			}
			w.adds("KEN")
		}
	})
}

// Letters that a case keeps are where they belong: the check of the ledger finds no fault in them, and whoever gives blocks
// their place gives it for the day of a moved case, and for none of a paused one.
func TestKeptLettersAreInOrder(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		for _, e := range []ledger.Entry{{Kind: "unclear"}, {Kind: "capital", Until: "2199-01-14"}} {
			rdb.FlushDB(t.Context())
			w := newWorld(t, rdb, "KEN")
			got := w.record(e)
			w.claim("KEN")
			if found := w.checkup(&ledger.Checker{}); !found.Clean() {
				t.Errorf("%s: %+v", e.Kind, found)
			}
			w.ok(nil, rdb.Del(w.ctx, "{outreach}:due:res").Err())
			w.ok(nil, w.Reindex(w.ctx, "res", "appeal", []string{"KEN-0"}))
			due := rdb.ZScore(w.ctx, "{outreach}:due:res", "appeal/KEN-0").Val()
			want := 0.0
			if !got.Until.IsZero() {
				want = float64(got.Until.UnixMilli())
			}
			if due != want {
				t.Errorf("%s: due %.0f, want %.0f", e.Kind, due, want)
			}
		}
	})
}

// With two unclear mails the letters wait for both decisions.
func TestTwoUnclear(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		w := newWorld(t, rdb, "KEN")
		w.record(ledger.Entry{Kind: "unclear", Mail: "1"})
		w.record(ledger.Entry{Kind: "unclear", Mail: "2"})
		w.record(ledger.Entry{Kind: "note", Instead: 2})
		if got := w.claim("KEN"); len(got.Letters) != 0 || w.tasks() != "unclear" {
			t.Errorf("%+v, tasks %s", got, w.tasks())
		}
		w.record(ledger.Entry{Kind: "note", Instead: 1})
		if got := w.claim("KEN"); len(got.Letters) != 1 || w.tasks() != "" {
			t.Errorf("%+v, tasks %s", got, w.tasks())
		}
		for _, n := range []int{1, 2, 9} {
			var no ledger.Refusal
			if _, err := w.Record(w.ctx, "res", "KEN", "KEN-0", bothSteps, ledger.Entry{Kind: "reply", Instead: n, By: "bea"}); !errors.As(err, &no) {
				t.Errorf("entry %d is replaced: %v", n, err)
			}
		}
	})
}

// A second answer beats the day that the first one named; a later day moves it; a pledge is not undone by a mail from
// capital.
func TestSecondAnswer(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		w := newWorld(t, rdb, "KEN")
		first := w.record(ledger.Entry{Kind: "capital", Until: "2199-01-14"})
		later := w.record(ledger.Entry{Kind: "capital", Until: "2199-02-01"})
		if !later.Until.After(first.Until) {
			t.Errorf("moved to %s, then %s", first.Until, later.Until)
		}
		if got := w.record(ledger.Entry{Kind: "reply"}); !got.Stopped || got.Cancelled != 1 || w.state("KEN") != letter.Cancelled {
			t.Errorf("%+v %s", got, w.state("KEN"))
		}
		if got := w.record(ledger.Entry{Kind: "capital", Until: "2199-03-01"}); !got.Stopped {
			t.Errorf("a day opened a stopped case: %+v", got)
		}
		if c, _ := w.Case(w.ctx, "res", "KEN"); c.Word() != "answered" || c.Deciding() != 4 {
			t.Errorf("%s, decided by %d", c.Word(), c.Deciding())
		}
		w.adds("KEN")
	})
}

// A reopened case sends nothing by itself that its stop had cancelled. Only who asks for it plans that again.
func TestReopen(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		for _, replan := range []bool{false, true} {
			rdb.FlushDB(t.Context())
			w := newWorld(t, rdb, "KEN")
			w.record(ledger.Entry{Kind: "reply"})
			do := w.Record
			if replan {
				do = w.Ledger.Replan
			}
			e := ledger.Entry{Kind: "reopen", Note: "it was another mission", By: "bea"}
			got, err := do(w.ctx, "res", "KEN", "KEN-0", bothSteps, e)
			if err != nil || got.Stopped || got.Planned != map[bool]int{true: 1}[replan] {
				t.Errorf("%+v %v", got, err)
			}
			if again, err := do(w.ctx, "res", "KEN", "KEN-0", bothSteps, e); err != nil || !again.Again {
				t.Errorf("again: %+v %v", again, err)
			}
			claims := w.claim("KEN")
			if (len(claims.Letters) == 1) != replan {
				t.Errorf("replan %v: %+v, %s", replan, claims, w.state("KEN"))
			}
			c, _ := w.Case(w.ctx, "res", "KEN")
			if c.Word() != "open" || c.Deciding() != 0 || c.Entries[0].Counts {
				t.Errorf("%s %+v", c.Word(), c)
			}
			w.adds("KEN")
		}
	})
}

// A reply that was no answer but a word from capital: the letter it had cancelled is planned for that day.
func TestReplaceReplyByCapital(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		w := newWorld(t, rdb, "KEN")
		w.record(ledger.Entry{Kind: "reply", Mail: "1"})
		got, err := w.Ledger.Replan(w.ctx, "res", "KEN", "KEN-0", bothSteps, ledger.Entry{Kind: "capital", Until: "2199-01-14", Instead: 1, By: "ann"})
		if err != nil || got.Planned != 1 || got.Until.IsZero() {
			t.Fatalf("%+v %v", got, err)
		}
		l, _, _ := w.Letter(w.ctx, block("KEN"), "KEN")
		if l.State != letter.Planned || !l.Since.Equal(got.Until) || l.Words != "" {
			t.Errorf("%+v, want due %s", l, got.Until)
		}
		w.adds("KEN")
	})
}

// The report of a letter that came back bounces the generation it is about, whether it is read before or after the letter
// was settled, and keeps the reminder.
func TestBounce(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		for _, early := range []bool{false, true} {
			rdb.FlushDB(t.Context())
			w := newWorld(t, rdb, "KEN")
			c := w.claimOne("KEN")
			w.ok(nil, w.beginAs(c))
			e := ledger.Entry{Kind: "bounce", Address: "a@ken.example", Mail: "dsn-1", Step: "appeal", Generation: 1, Note: "550 5.1.1 no such user", By: "inbox"}
			if early {
				if got, err := w.Record(w.ctx, "res", "KEN", "KEN-0", bothSteps, e); err != nil || got.Bounced {
					t.Fatalf("%+v %v", got, err)
				}
			}
			w.settleAs(c, letter.Sent)
			got, err := w.Record(w.ctx, "res", "KEN", "KEN-0", bothSteps, e)
			if err != nil || !got.Bounced || got.Again != early || w.state("KEN") != letter.Bounced {
				t.Errorf("early %v: %+v %v, %s", early, got, err, w.state("KEN"))
			}
			if look, err := w.Look(w.ctx, "res", 10); err != nil || len(look) != 1 {
				t.Errorf("to look at: %v %v", look, err)
			}
			if w.tasks() != "address" {
				t.Errorf("tasks %q", w.tasks())
			}
			w.adds("KEN")
			// Sent again to another address, the same report says nothing of the new letter.
			w.ok(nil, rdb.HSet(w.ctx, "{outreach}:r:res:appeal:KEN-0", "KEN", "S|2|1|1|1790000000000|1790000000|x|").Err())
			if got, err = w.Record(w.ctx, "res", "KEN", "KEN-0", bothSteps, e); err != nil || got.Bounced || w.state("KEN") != letter.Sent {
				t.Errorf("%+v %v %s", got, err, w.state("KEN"))
			}
		}
	})
}

// What people and strangers write into an entry is never taken for what the ledger itself says there.
func TestHostileEntry(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		for _, text := range []string{
			`","instead":1,"opens":9999999999999,"x":"`, "two\nlines\r\n{\"kind\":\"reply\"}", `{"kind":"reply"}`, "\x00\xff\u2028", `\","instead":1,"y":"`,
			"%d %1 %z |", strings.Repeat("é", 3000),
		} {
			rdb.FlushDB(t.Context())
			w := newWorld(t, rdb, "KEN")
			w.record(ledger.Entry{Kind: "reply", Mail: "1"})
			w.record(ledger.Entry{Kind: "note", Note: text, Address: text, Mail: "2" + text})
			w.record(ledger.Entry{Kind: "note", Note: text, Address: text})
			c, err := w.Case(w.ctx, "res", "KEN")
			if err != nil || !c.Stopped || !c.Until.IsZero() || len(c.Entries) != 3 || c.Word() != "answered" {
				t.Errorf("%q: %+v %v", text, c, err)
			}
			if e := c.Entries[2]; e.Note != strings.ToValidUTF8(text, "\uFFFD") || !c.Entries[0].Counts {
				t.Errorf("%q was kept as %q", text, e.Note)
			}
			w.record(ledger.Entry{Kind: "meeting", Note: text})
			if w.tasks() != "meeting" {
				t.Errorf("%q: tasks %s", text, w.tasks())
			}
		}
	})
}

// A case that a program of before wrote reads as it did, and the same entry is not recorded twice.
func TestCaseOfBefore(t *testing.T) {
	old, err := os.ReadFile("testdata/case.1")
	if err != nil {
		t.Fatal(err)
	}
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		w := newWorld(t, rdb, "KEN")
		w.ok(nil, rdb.HSet(w.ctx, "{outreach}:case:res", "KEN", strings.TrimSpace(string(old))).Err())
		c, err := w.Case(w.ctx, "res", "KEN")
		if err != nil || !c.Stopped || c.Word() != "pledged" || len(c.Entries) != 2 || c.Deciding() != 2 {
			t.Fatalf("%+v %v", c, err)
		}
		e := ledger.Entry{Kind: "pledge", Amount: "2500000", Currency: "USD", Date: "2026-12-01", Note: "by note verbale", By: "bea"}
		if got, err := w.Record(w.ctx, "res", "KEN", "KEN-0", bothSteps, e); err != nil || !got.Again {
			t.Errorf("%+v %v", got, err)
		}
		w.record(ledger.Entry{Kind: "reopen", Note: "x"})
		if c, _ = w.Case(w.ctx, "res", "KEN"); c.Word() != "open" {
			t.Errorf("%+v", c)
		}
	})
}

// Tasks are taken by one person, closed with a word, and opened anew by what comes after.
func TestTasks(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		w := newWorld(t, rdb, "KEN")
		w.record(ledger.Entry{Kind: "meeting", Note: "on\nThursday"})
		const id = "res/KEN/meeting"
		for i, x := range []struct {
			do    func() (bool, error)
			again bool
			no    string
		}{
			{func() (bool, error) { return w.TakeTask(w.ctx, "bea (b)", id) }, false, ""},
			{func() (bool, error) { return w.TakeTask(w.ctx, "bea (home)", id) }, true, ""},
			{func() (bool, error) { return w.TakeTask(w.ctx, "ann", id) }, false, "was taken by bea (b)"},
			{func() (bool, error) { return w.CloseTask(w.ctx, "ann", id, "met\nthem") }, false, ""},
			{func() (bool, error) { return w.CloseTask(w.ctx, "ann", id, "met them") }, true, ""},
			{func() (bool, error) { return w.TakeTask(w.ctx, "bea", id) }, false, "was closed by ann: met them"},
			{func() (bool, error) { return w.CloseTask(w.ctx, "ann", "res/KEN/call", "x") }, false, "there is no task"},
		} {
			again, err := x.do()
			if again != x.again || (x.no == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), x.no) {
				t.Errorf("%d: %v %v, want %v %q", i, again, err, x.again, x.no)
			}
		}
		all, err := w.Tasks(w.ctx, "res", "")
		if err != nil || len(all) != 1 || all[0].Open || all[0].Why != "on Thursday" || all[0].Word != "met them" || all[0].TakenBy != "bea (b)" {
			t.Errorf("%+v %v", all, err)
		}
		w.record(ledger.Entry{Kind: "meeting", Note: "another one"})
		if w.tasks() != "meeting" {
			t.Errorf("tasks %q", w.tasks())
		}
	})
}

// The text of mails is kept with the case: the newest of them, each up to a length, and the same one once.
func TestKeepMail(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		l := ledger.New(rdb)
		at := time.UnixMilli(1_790_000_000_000).UTC()
		for i := range ledger.MailsKept + 3 {
			for range 2 {
				m := ledger.Mail{ID: fmt.Sprint("m", i), At: at.Add(time.Duration(i) * time.Hour), From: "a\r\nb", Subject: "s", Text: strings.Repeat("é", 5000)}
				if err := l.KeepMail(t.Context(), "res", "KEN", m); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := l.KeepMail(t.Context(), "res", "KEN", ledger.Mail{ID: "old", At: at.AddDate(-1, 0, 0)}); err != nil {
			t.Fatal(err)
		}
		got, err := l.Mails(t.Context(), "res", "KEN")
		if err != nil || len(got) != ledger.MailsKept || got[0].ID != "m3" || got[len(got)-1].ID != "m22" {
			t.Fatalf("%d mails %v", len(got), err)
		}
		if m := got[0]; len(m.Text) > ledger.MailBytes || !m.Cut || m.From != "a b" || strings.Contains(m.Text, "\uFFFD") {
			t.Errorf("%d bytes, cut %v, from %q", len(m.Text), m.Cut, m.From)
		}
	})
}

// claimedReminder sends a donor's appeal and claims the reminder that follows it.
func (w *world) claimedReminder(donor string) ledger.Claim {
	w.t.Helper()
	c := w.claimOne(donor)
	w.ok(nil, w.beginAs(c))
	w.settleAs(c, letter.Sent)
	w.ok(w.Advance(w.ctx, ledger.Follow{Block: block(donor)}, "reminder-1", []ledger.Next{{Donor: donor, Due: time.Now().Add(-time.Second)}}))
	return w.claimReminder(donor).Letters[0]
}

func (w *world) claimReminder(donor string) ledger.Claims {
	w.t.Helper()
	b := block(donor)
	b.Step = "reminder-1"
	got, err := w.Claim(w.ctx, b, ledger.Nonce(w.worker), 10, ledger.Pace{Relay: "main"})
	if err != nil {
		w.t.Fatal(err)
	}
	return got
}

func (w *world) beginReminder(c ledger.Claim) error {
	_, err := w.Begin(w.ctx, ledger.Begin{Claim: c, Before: "appeal", ContentHash: "c", ByteHash: "b"})
	return err
}

// Mail arrives while the reminder is claimed. Whatever returns first, the stop or the begin, wins: no reminder begins after its
// stop has returned, however the calls meet.
func TestStopRacesBegin(t *testing.T) {
	const rounds = 1000
	rdb := ledgertest.Client(t, ledgertest.Start(t).Addr)
	kinds := []string{"reply", "unclear", "capital"}
	var donors []string
	for i := range rounds {
		donors = append(donors, fmt.Sprintf("D%03d", i))
	}
	w := newWorld(t, rdb, donors...)
	stoppedFirst, begunFirst := 0, 0
	for i, d := range donors {
		c := w.claimedReminder(d)
		start := make(chan struct{})
		var both sync.WaitGroup
		var begin, late error
		both.Go(func() {
			<-start
			begin = w.beginReminder(c)
		})
		both.Go(func() {
			<-start
			e := ledger.Entry{Kind: kinds[i%3], Until: "2199-01-01", By: "ann"}
			if e.Kind != "capital" {
				e.Until = ""
			}
			got, err := w.Record(w.ctx, "res", d, d+"-0", bothSteps, e)
			if err != nil {
				t.Error(err)
			}
			// The stop has returned: unless it says that the letter was past the commit point, no begin passes.
			if late = w.beginReminder(c); (late == nil) != (len(got.Past) == 1) {
				t.Errorf("%s: past %v, and begin says %v", d, got.Past, late)
			}
		})
		close(start)
		both.Wait()
		if (begin == nil) != (late == nil) {
			t.Errorf("%s: begin %v, and after the stop %v", d, begin, late)
		}
		if begin == nil {
			begunFirst++
		} else {
			stoppedFirst++
			// A worker gives it back, and it is asked for again: it stays where the case says.
			w.ok(nil, w.Unclaim(w.ctx, []ledger.Claim{c}, 0, ""))
			if got := w.claimReminder(d); len(got.Letters) != 0 {
				t.Errorf("%s is claimed after its stop", d)
			}
		}
	}
	if stoppedFirst < rounds/100 || begunFirst < rounds/100 {
		t.Errorf("%d stops and %d begins came first: no race", stoppedFirst, begunFirst)
	}
	w.adds(donors...)
}
