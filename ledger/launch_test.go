package ledger_test

import (
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"outreach.example/ledger"
	"outreach.example/ledger/ledgertest"
	"outreach.example/letter"
)

// approved is a world whose campaign is approved and laid out, and not started.
func approved(t *testing.T, rdb *redis.Client) *world {
	t.Helper()
	w := newWorld(t, rdb)
	w.ok(w.done(w.Plan(w.ctx, "ann", ledger.Edition{Campaign: "new", Hash: editionOne, Steps: []string{"appeal"}, Donors: 1})))
	w.ok(w.Approve(w.ctx, "bea", "new", editionOne, nil))
	w.ok(w.Lay(w.ctx, "ann", "new", "appeal", editionOne, []ledger.Row{{Block: "KEN-0", Due: time.Now(), Donors: []string{"KEN"}}}, true, true))
	return w
}

// TestLaunch: a launched campaign is not started before its time, and not at all once that was taken back.
func TestLaunch(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		w := approved(t, rdb)
		status := func() string {
			c, err := w.Campaign(w.ctx, "new")
			w.ok(nil, err)
			return c.Status
		}
		if err := w.Undo(w.ctx, "cid", "new"); err == nil || !strings.Contains(err.Error(), "nothing to take back") {
			t.Errorf("taking back nothing: %v", err)
		}
		at, again, err := w.Launch(w.ctx, "cid", "new", time.Hour)
		if err != nil || again || time.Until(at) < 59*time.Minute {
			t.Fatalf("launch: %s %v %v", at, again, err)
		}
		if second, again, err := w.Launch(w.ctx, "dan", "new", time.Minute); err != nil || !again || !second.Equal(at) {
			t.Errorf("a second launch: %s %v %v, want the first one's time", second, again, err)
		}
		if started, err := w.Go(w.ctx, "scheduler", "new"); err != nil || started || status() != "approved" {
			t.Errorf("before its time: %v %v, %s", started, err, status())
		}
		if got, err := w.Claim(w.ctx, letter.Block{Campaign: "new", Step: "appeal", Name: "KEN-0"}, ledger.Nonce(w.worker), 5, ledger.Pace{}); err != nil || len(got.Letters) != 0 {
			t.Errorf("a letter was taken up before the start: %+v %v", got, err)
		}
		w.ok(nil, w.Undo(w.ctx, "eve", "new"))
		if started, err := w.Go(w.ctx, "scheduler", "new"); err != nil || started || status() != "approved" {
			t.Errorf("after it was taken back: %v %v, %s", started, err, status())
		}

		_, _, err = w.Launch(w.ctx, "cid", "new", 0)
		w.ok(nil, err)
		if started, err := w.Go(w.ctx, "scheduler", "new"); err != nil || !started || status() != "running" {
			t.Errorf("at its time: %v %v, %s", started, err, status())
		}
		if started, err := w.Go(w.ctx, "another scheduler", "new"); err != nil || started {
			t.Errorf("a second scheduler: %v %v", started, err)
		}
		if at, again, err := w.Launch(w.ctx, "cid", "new", time.Hour); err != nil || !again || !at.IsZero() {
			t.Errorf("launching what runs: %s %v %v", at, again, err)
		}
		if err := w.Undo(w.ctx, "cid", "new"); err == nil || !strings.Contains(err.Error(), "pause it instead") {
			t.Errorf("taking back what runs: %v", err)
		}
		entries, err := w.Audit(w.ctx, 0, 1000)
		w.ok(nil, err)
		var did []string
		for _, e := range entries {
			if e.What == "launch" || e.What == "undo" || e.What == "start" && strings.HasPrefix(e.Body, "new") {
				did = append(did, e.What+" by "+e.Who)
			}
		}
		if got := strings.Join(did, ", "); got != "launch by cid, undo by eve, launch by cid, start by cid" {
			t.Errorf("the audit says: %s", got)
		}
	})
}

// TestLaunchOfAnotherEdition: what was launched is one edition; another one that is approved meanwhile is not started by it.
func TestLaunchOfAnotherEdition(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		w := approved(t, rdb)
		_, _, err := w.Launch(w.ctx, "cid", "new", 0)
		w.ok(nil, err)
		w.ok(w.done(w.Plan(w.ctx, "ann", ledger.Edition{Campaign: "new", Hash: editionTwo, Steps: []string{"appeal"}, Donors: 1})))
		w.ok(w.Approve(w.ctx, "bea", "new", editionTwo, nil))
		if started, err := w.Go(w.ctx, "scheduler", "new"); err != nil || started {
			t.Errorf("it started: %v %v", started, err)
		}
		if c, err := w.Campaign(w.ctx, "new"); err != nil || c.Status != "approved" || !c.LaunchAt.IsZero() {
			t.Errorf("the campaign: %+v %v", c, err)
		}
	})
}

// TestSendBack: whoever planned an edition reads why it came back, until another one is planned or somebody approves it.
func TestSendBack(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		w := approved(t, rdb)
		if _, err := w.SendBack(w.ctx, "bea", "new", editionOne, "why"); err == nil || !strings.Contains(err.Error(), "no edition of new waits") {
			t.Errorf("nothing waits: %v", err)
		}
		w.ok(w.done(w.Plan(w.ctx, "ann", ledger.Edition{Campaign: "new", Hash: editionTwo, Steps: []string{"appeal"}, Donors: 1})))
		if _, err := w.SendBack(w.ctx, "bea", "new", editionOne, "why"); err == nil || !strings.Contains(err.Error(), "look at it again") {
			t.Errorf("another edition: %v", err)
		}
		for i := range 2 {
			if again, err := w.SendBack(w.ctx, "bea", "new", editionTwo, "the year is wrong"); err != nil || again != (i == 1) {
				t.Errorf("call %d: %v %v", i+1, again, err)
			}
		}
		c, err := w.Campaign(w.ctx, "new")
		if err != nil || !c.SentBack() || c.BackBy != "bea" || c.BackWhy != "the year is wrong" {
			t.Errorf("%+v %v", c, err)
		}
		w.ok(w.Approve(w.ctx, "bea", "new", editionTwo, nil))
		if c, err := w.Campaign(w.ctx, "new"); err != nil || c.SentBack() {
			t.Errorf("approved, it is still sent back: %+v %v", c, err)
		}
	})
}

// TestPeople: a change is made over what was seen, an admin is left, and the audit names what changed and no secret.
func TestPeople(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		w := newWorld(t, rdb)
		ann := ledger.Account{Name: "Ann", Roles: []string{"editor", "admin"}, Password: "the hash", Added: time.Now().UTC().Truncate(time.Second), By: "boss"}
		for i := range 2 {
			if again, err := w.AddPerson(w.ctx, "boss", ann); err != nil || again != (i == 1) {
				t.Errorf("adding, call %d: %v %v", i+1, again, err)
			}
		}
		other := ann
		other.Name, other.Password = "  ANN ", "another"
		if _, err := w.AddPerson(w.ctx, "boss", other); err == nil || !strings.Contains(err.Error(), "already") {
			t.Errorf("the same name in capitals: %v", err)
		}
		one, ok, err := w.Person(w.ctx, "ann")
		if err != nil || !ok || one.Name != "Ann" || one.Password != "the hash" || strings.Join(one.Roles, " ") != "editor admin" {
			t.Fatalf("%+v %v %v", one, ok, err)
		}
		two := one
		one.Round, two.Round = 1, 2
		w.ok(w.ChangePerson(w.ctx, "boss", "signed out everywhere", one, ""))
		if _, err := w.ChangePerson(w.ctx, "boss", "signed out everywhere", two, ""); err == nil || !strings.Contains(err.Error(), "meanwhile") {
			t.Errorf("a change over another: %v", err)
		}
		one, _, err = w.Person(w.ctx, "ann")
		w.ok(nil, err)
		less := one
		less.Roles = []string{"editor"}
		if _, err := w.ChangePerson(w.ctx, "boss", "roles changed", less, ""); err == nil || !strings.Contains(err.Error(), "only admin") {
			t.Errorf("the last admin's role: %v", err)
		}
		if _, err := w.RemovePerson(w.ctx, "boss", one); err == nil || !strings.Contains(err.Error(), "only admin") {
			t.Errorf("the last admin: %v", err)
		}
		w.ok(w.AddPerson(w.ctx, "boss", ledger.Account{Name: "Bob", Roles: []string{"admin"}}))
		w.ok(w.RemovePerson(w.ctx, "boss", one))
		all, err := w.People(w.ctx)
		if err != nil || len(all) != 1 || all[0].Name != "Bob" {
			t.Errorf("left: %+v %v", all, err)
		}
		entries, err := w.Audit(w.ctx, 0, 1000)
		w.ok(nil, err)
		before := ""
		for _, e := range entries {
			if strings.Contains(e.Body, "the hash") {
				t.Errorf("the audit tells a secret: %s", e.Body)
			}
			if e.Chain != e.Link(before) {
				t.Errorf("entry %d does not follow the one before", e.Seq)
			}
			before = e.Chain
		}
	})
}
