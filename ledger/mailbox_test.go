package ledger_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"outreach.example/ledger"
	"outreach.example/ledger/ledgertest"
)

// What is known of a mailbox: trouble keeps when it was read last, a look takes the trouble back, and what is expected is
// not forgotten by being expected again.
func TestMailboxes(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		l, ctx := ledger.New(rdb), t.Context()
		ok := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		one := func() ledger.Mailbox {
			t.Helper()
			all, err := l.Mailboxes(ctx)
			ok(err)
			if len(all) != 1 {
				t.Fatalf("mailboxes: %+v", all)
			}
			return all[0]
		}
		ok(l.Expect(ctx, "desk"))
		for range 2 { // each call repeated
			ok(l.Looked(ctx, ledger.Mailbox{Name: "desk", Replies: true, Validity: 7, Read: 12}))
		}
		m := one()
		if m.Validity != 7 || m.Read != 12 || !m.Replies || m.At.IsZero() || m.Trouble != "" {
			t.Errorf("looked at: %+v", m)
		}
		ok(l.Expect(ctx, "desk"))
		for range 2 {
			ok(l.Unreadable(ctx, "desk", true, "connection\nrefused"))
		}
		if got := one(); got.At != m.At || got.Trouble != "connection refused" || got.Since.IsZero() || got.Read != 12 {
			t.Errorf("in trouble: %+v", got)
		}
		ok(l.Looked(ctx, ledger.Mailbox{Name: "desk", Replies: true, Validity: 7, Read: 13}))
		if got := one(); got.Trouble != "" || got.Read != 13 {
			t.Errorf("again: %+v", got)
		}
		for _, want := range []bool{true, false} {
			if known, err := l.ForgetMailbox(ctx, "desk"); err != nil || known != want {
				t.Errorf("forgotten: %v %v", known, err)
			}
		}
	})
}

// An hour without a look raises one alarm, which a look takes back.
func TestSilentMailbox(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		l, ctx := ledger.New(rdb), t.Context()
		ok := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		_, err := l.Open(ctx)
		ok(err)
		ok(l.Looked(ctx, ledger.Mailbox{Name: "copies"}))
		ok(l.Looked(ctx, ledger.Mailbox{Name: "desk", Replies: true}))
		if news, err := l.HearAlarms(ctx, "scheduler"); err != nil || news != 0 {
			t.Errorf("read now: %d %v", news, err)
		}
		old := time.Now().Add(-61 * time.Minute).UnixMilli()
		for _, name := range []string{"copies", "desk"} {
			v := rdb.HGet(ctx, "{outreach}:mailboxes", name).Val()
			i := strings.Index(v, `"at":`) + 5
			ok(rdb.HSet(ctx, "{outreach}:mailboxes", name, v[:i]+itoa(old)+v[i+13:]).Err())
		}
		for i, want := range []int{1, 0} {
			if news, err := l.HearAlarms(ctx, "scheduler"); err != nil || news != want {
				t.Errorf("look %d: %d new alarms, want %d: %v", i, news, want, err)
			}
		}
		alarms, err := l.Alarms(ctx)
		ok(err)
		if len(alarms) != 1 || !strings.Contains(alarms[0].Says, "nobody has read the reply mailbox desk since") {
			t.Errorf("alarms: %+v", alarms)
		}
		ok(l.Looked(ctx, ledger.Mailbox{Name: "desk", Replies: true}))
		_, err = l.HearAlarms(ctx, "scheduler")
		ok(err)
		if alarms, err = l.Alarms(ctx); err != nil || len(alarms) != 0 {
			t.Errorf("read again: %+v %v", alarms, err)
		}
	})
}

// What became of a mail is kept once: read again it keeps its first time, and a person's decision stands.
func TestSorted(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		l, ctx := ledger.New(rdb), t.Context()
		ok := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		m := ledger.Sorted{ID: "a1", Kind: "unclear", Why: []string{"it is empty"}, From: "x@y.example"}
		ok(l.NoteSorted(ctx, []ledger.Sorted{m, {ID: "a2", Kind: "reply", Donor: "KEN"}}))
		first, found, err := l.Sorted(ctx, "a1")
		ok(err)
		if !found || !first.Waits() || first.At.IsZero() {
			t.Errorf("first: %+v %t", first, found)
		}
		m.Did = []string{"again"}
		ok(l.NoteSorted(ctx, []ledger.Sorted{m}))
		if got, _, _ := l.Sorted(ctx, "a1"); !got.At.Equal(first.At) || len(got.Did) != 1 {
			t.Errorf("again: %+v", got)
		}
		for range 2 {
			ok(l.Decide(ctx, "a1", "reply", "PER", "bea"))
		}
		ok(l.NoteSorted(ctx, []ledger.Sorted{m}))
		if got, _, _ := l.Sorted(ctx, "a1"); got.Waits() || got.Decided != "reply" || got.Donor != "PER" || got.DecidedBy != "bea" {
			t.Errorf("decided: %+v", got)
		}
		all, err := l.SortedMails(ctx, 10, func(s ledger.Sorted) bool { return s.Donor == "PER" })
		ok(err)
		if len(all) != 1 || all[0].ID != "a1" {
			t.Errorf("listed: %+v", all)
		}
		if _, found, err = l.Sorted(ctx, "none"); found || err != nil {
			t.Errorf("none: %t %v", found, err)
		}
	})
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
