package ledger_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"outreach.example/ledger"
	"outreach.example/ledger/ledgertest"
	"outreach.example/letter"
)

// A letter without a copy raises an alarm once copies of later ones have come, and its copy takes the alarm back.
func TestAcceptedNotSeen(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		w := newWorld(t, rdb, "KEN", "PER")
		dates := map[string]time.Time{}
		for _, d := range []string{"KEN", "PER"} {
			c := w.claimOne(d)
			dates[d] = c.Date
			w.ok(nil, w.beginAs(c))
			w.settleAs(c, letter.Sent)
		}
		alarms := func(want int) {
			t.Helper()
			for range 2 { // each call repeated
				if _, err := w.UnseenAlarms(w.ctx, "scheduler", 0); err != nil {
					t.Fatal(err)
				}
			}
			got, err := w.Alarms(w.ctx)
			if err != nil || len(got) != want || want == 1 && !strings.Contains(got[0].Says, "accepted, not seen: ") {
				t.Errorf("alarms: %+v %v, want %d", got, err, want)
			}
		}
		copied := func(d string) {
			t.Helper()
			_, err := w.Evidence(w.ctx, "inbox", []ledger.Evidence{{
				Letter: letter.ID{Campaign: "res", Donor: d, Step: "appeal"}, Block: d + "-0", Copy: "c" + d, Date: dates[d],
			}})
			w.ok(nil, err)
		}
		alarms(0) // nobody reads copies
		copied("PER")
		alarms(0) // the other one may be on its way
		key := "{outreach}:r:res:appeal:KEN-0"
		row := strings.SplitN(rdb.HGet(w.ctx, key, "KEN").Val(), "|", 6)
		row[4] = strconv.FormatInt(time.Now().Add(-2*time.Hour).UnixMilli(), 10)
		w.ok(nil, rdb.HSet(w.ctx, key, "KEN", strings.Join(row, "|")).Err())
		alarms(1)
		copied("KEN")
		alarms(0)
	})
}

// Reminders wait while nobody reads a reply mailbox; first letters do not; a look at it lets them go.
func TestRemindersWaitForTheMailbox(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		w := newWorld(t, rdb, "KEN")
		look := func(ago time.Duration) {
			t.Helper()
			w.ok(nil, w.Looked(w.ctx, ledger.Mailbox{Name: "desk", Replies: true}))
			if ago > 0 {
				w.ok(nil, rdb.ZAdd(w.ctx, "{outreach}:listened", redis.Z{Score: float64(time.Now().Add(-ago).UnixMilli()), Member: "desk"}).Err())
			}
		}
		look(61 * time.Minute)
		c := w.claimOne("KEN") // the first step
		w.ok(nil, w.Unclaim(w.ctx, []ledger.Claim{c}, 0, ""))
		w.ok(nil, rdb.HSet(w.ctx, "{outreach}:c:res", "steps", "earlier appeal").Err())
		for range 2 {
			if got := w.claim("KEN"); len(got.Letters) != 0 || got.Why != "nobody has read the reply mailbox desk for an hour" {
				t.Errorf("unread for an hour: %+v", got)
			}
		}
		if due := rdb.ZScore(w.ctx, "{outreach}:due:res", "appeal/KEN-0").Val(); due < float64(time.Now().UnixMilli()) {
			t.Error("it is not looked at again by itself")
		}
		look(59 * time.Minute)
		if got := w.claim("KEN"); len(got.Letters) != 1 {
			t.Errorf("read again: %+v", got)
		}
	})
}
