package ledger_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"outreach.example/ledger"
	"outreach.example/ledger/ledgertest"
	"outreach.example/letter"
)

// flock is a campaign of six letters in two blocks, started, with a canary of two.
func flock(t *testing.T, rdb *redis.Client) *world {
	t.Helper()
	w := &world{Ledger: ledger.New(rdb), t: t, ctx: t.Context(), worker: ledger.WorkerName()}
	w.ok(w.Open(w.ctx))
	w.ok(w.done(w.Plan(w.ctx, "ann", ledger.Edition{
		Campaign: "res", Hash: editionOne, Steps: []string{"appeal", "reminder-1"}, Donors: 6,
		Canary: []ledger.Canary{{Donor: "KEN", Block: "one"}, {Donor: "FRA", Block: "two"}},
	})))
	w.layFlock(editionOne)
	w.ok(w.Approve(w.ctx, "bea", "res", editionOne, nil))
	w.ok(w.Switch(w.ctx, "ann", "res", ledger.Start, ""))
	w.ok(w.Renew(w.ctx, w.worker, time.Minute, true))
	return w
}

func (w *world) layFlock(edition string) {
	w.t.Helper()
	w.ok(w.Lay(w.ctx, "ann", "res", "appeal", edition, []ledger.Row{
		{Block: "one", Donors: []string{"KEN", "PER", "NOR"}}, {Block: "two", Donors: []string{"FRA", "MEX", "TGO"}},
	}, true, true))
}

// leave is what a worker is given of both blocks, by donor.
func (w *world) leave(worker string) map[string]ledger.Claim {
	w.t.Helper()
	got := map[string]ledger.Claim{}
	for _, name := range []string{"one", "two"} {
		claims, err := w.Claim(w.ctx, letter.Block{Campaign: "res", Step: "appeal", Name: name}, ledger.Nonce(worker), 10, ledger.Pace{})
		if err != nil {
			w.t.Error(err)
		}
		for _, c := range claims.Letters {
			got[c.ID.Donor] = c
		}
	}
	return got
}

func (w *world) campaign() ledger.Campaign {
	w.t.Helper()
	c, err := w.Campaign(w.ctx, "res")
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// looks lets the canary be looked at, twice: it may be repeated.
func (w *world) looks(copies, want bool) {
	w.t.Helper()
	c := w.campaign()
	passed, err := w.LookAtCanary(w.ctx, "scheduler", c, copies)
	if err != nil || passed != want {
		w.t.Errorf("the canary has passed: %v, %v, want %v", passed, err, want)
	}
	if again, err := w.LookAtCanary(w.ctx, "scheduler", c, copies); err != nil || again {
		w.t.Errorf("it passed again: %v, %v", again, err)
	}
}

// However many workers ask, the letters of the canary leave and no other does, until all of it is sent; then the others have
// their places again.
func TestCanary(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		w := flock(t, rdb)
		var mu sync.Mutex
		var all sync.WaitGroup
		given := map[string]ledger.Claim{}
		for range 8 {
			all.Go(func() {
				worker := ledger.WorkerName()
				if _, err := w.Renew(w.ctx, worker, time.Minute, true); err != nil {
					t.Error(err)
				}
				for donor, c := range w.leave(worker) {
					mu.Lock()
					given[donor] = c
					mu.Unlock()
				}
			})
		}
		all.Wait()
		if len(given) != 2 || given["KEN"].Nonce == "" || given["FRA"].Nonce == "" {
			t.Fatalf("given are %v, want KEN and FRA", given)
		}
		if n, _ := rdb.ZCard(w.ctx, "{outreach}:due:res").Result(); n != 0 {
			t.Errorf("%d blocks have a place although nothing of them may leave", n)
		}
		w.looks(false, false)
		if err := w.LetGo(w.ctx, "dan", ledger.Campaign{Name: "res", Steps: []string{"appeal"}, Edition: editionOne}, "x"); err == nil {
			t.Error("a canary that is another one was let go")
		}
		w.ok(nil, w.beginAs(given["KEN"]))
		w.settleAs(given["KEN"], letter.Sent)
		w.looks(false, false)
		w.ok(nil, w.beginAs(given["FRA"]))
		w.settleAs(given["FRA"], letter.Sent)
		w.looks(false, true)
		names, err := w.ToReindex(w.ctx)
		if err != nil || names["res"] == "" {
			t.Errorf("places are to be given in %v, %v", names, err)
		}
		w.ok(nil, w.Reindex(w.ctx, "res", "appeal", []string{"one", "two"}))
		if n, _ := rdb.ZCard(w.ctx, "{outreach}:due:res").Result(); n != 2 {
			t.Errorf("%d blocks have a place, want both", n)
		}
		if got := w.leave(w.worker); len(got) != 4 || len(w.campaign().Canary) != 0 {
			t.Errorf("afterwards %v leave, and %v are out", got, w.campaign().Canary)
		}
	})
}

// Where registry copies are read, each letter of the canary wants one.
func TestCanaryWantsCopies(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		w := flock(t, rdb)
		for _, c := range w.leave(w.worker) {
			w.ok(nil, w.beginAs(c))
			w.settleAs(c, letter.Sent)
		}
		w.looks(true, false)
		for donor, name := range map[string]string{"KEN": "one", "FRA": "two"} {
			w.looks(true, false)
			w.ok(w.Evidence(w.ctx, "inbox", []ledger.Evidence{{
				Letter: letter.ID{Campaign: "res", Step: "appeal", Donor: donor}, Block: name, Copy: "copy of " + donor, Words: "a copy",
			}}))
		}
		w.looks(true, true)
		if tasks, err := w.Tasks(w.ctx, "", ""); err != nil || len(tasks) != 0 {
			t.Errorf("tasks: %v, %v", tasks, err)
		}
	})
}

// A canary that fails keeps the others, and asks a person, once; an approver who did not write the edition lets them go.
func TestCanaryFails(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		w := flock(t, rdb)
		given := w.leave(w.worker)
		w.ok(nil, w.beginAs(given["FRA"]))
		w.settleAs(given["FRA"], letter.Sent)
		w.settleAs(given["KEN"], letter.Refused)
		w.looks(false, false)
		w.looks(false, false)
		tasks, err := w.Tasks(w.ctx, "res", "KEN")
		if err != nil || len(tasks) != 1 || !tasks[0].Open || tasks[0].Kind != ledger.TaskCanary || !strings.Contains(tasks[0].Why, "its first letter was refused") {
			t.Fatalf("tasks: %+v, %v", tasks, err)
		}
		w.ok(w.CloseTask(w.ctx, "cid", "res/KEN/canary", "asked the mission"))
		w.looks(false, false)
		if tasks, err := w.Tasks(w.ctx, "res", "KEN"); err != nil || tasks[0].Open || tasks[0].Word != "asked the mission" {
			t.Errorf("a task that a person closed: %+v, %v", tasks, err)
		}
		if got := w.leave(w.worker); len(got) != 0 {
			t.Errorf("%v leave", got)
		}
		// Another edition is approved meanwhile: the canary stays out.
		w.ok(w.done(w.Plan(w.ctx, "ann", ledger.Edition{Campaign: "res", Hash: editionTwo, Steps: []string{"appeal", "reminder-1"}, Donors: 6})))
		w.ok(w.Approve(w.ctx, "bea", "res", editionTwo, nil))
		w.layFlock(editionTwo)
		if got := w.leave(w.worker); len(got) != 0 {
			t.Errorf("under the next edition %v leave", got)
		}
		if err := w.LetGo(w.ctx, "Ann (desk)", w.campaign(), "it is fine"); err == nil || !strings.Contains(err.Error(), "ann planned this edition") {
			t.Errorf("let go by its author: %v", err)
		}
		w.ok(nil, w.LetGo(w.ctx, "bea", w.campaign(), "the mission has read it"))
		if err := w.LetGo(w.ctx, "bea", w.campaign(), "again"); err == nil || !strings.Contains(err.Error(), "no letter of res waits for a canary") {
			t.Errorf("let go twice: %v", err)
		}
		if got := w.leave(w.worker); len(got) != 4 {
			t.Errorf("afterwards %v leave", got)
		}
	})
}

// With its campaign a canary ends, and what it asked of people.
func TestCanaryOfACancelledCampaign(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		w := flock(t, rdb)
		w.settleAs(w.leave(w.worker)["KEN"], letter.Refused)
		w.looks(false, false)
		w.ok(w.Switch(w.ctx, "ann", "res", ledger.Cancel, "wrong year"))
		w.looks(false, false)
		tasks, err := w.Tasks(w.ctx, "res", "KEN")
		if err != nil || len(tasks) != 1 || tasks[0].Open || len(w.campaign().Canary) != 0 {
			t.Errorf("tasks: %+v, %v; out are %v", tasks, err, w.campaign().Canary)
		}
	})
}
