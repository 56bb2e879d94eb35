package scheduler_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"

	"outreach.example/campaign"
	"outreach.example/donor"
	"outreach.example/ledger"
	"outreach.example/ledger/ledgertest"
	"outreach.example/letter"
	"outreach.example/queue"
	"outreach.example/scheduler"
)

const file = `campaign: res
title: {en: "Resilience"}
goal: {amount: 1000, currency: USD}
audience: {status: [member], include: []}
sender: {name: "Org", address: org@iom.example}
reply_to: {name: "Desk", address: desk@iom.example}
signatory: {name: "A B", title: {en: "Head"}}
ask: {low: 5, high: 10, base_year: 2024, currency: USD}
reply_by: 2027-03-31
schedule: {start: 2026-11-23, zone: Europe/Zurich, days: [mon, tue, wed, thu, fri], hours: "09:00-17:00"}
steps:
  - name: appeal
  - {name: reminder-1, after: 10 working days, approval: %s}
`

// field is a started campaign on a store whose clock the test moves, with a worker's part played by the test.
type field struct {
	t      *testing.T
	ctx    context.Context
	mini   *miniredis.Miniredis
	ledger *ledger.Ledger
	s      *scheduler.Scheduler
	now    time.Time
	worker string
}

func zurich(t *testing.T, s string) time.Time {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Zurich")
	if err != nil {
		t.Fatal(err)
	}
	at, err := time.ParseInLocation("2006-01-02 15:04", s, zone)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func newField(t *testing.T, approval string, donors ...string) *field {
	t.Helper()
	f := unplanned(t)
	f.plan(fmt.Sprintf(file, approval), donors...)
	f.approve(approval)
	if _, err := f.s.Lay(f.ctx, "ann", "res"); err != nil {
		t.Fatal(err)
	}
	if _, err := f.ledger.Switch(f.ctx, "ann", "res", ledger.Start, ""); err != nil {
		t.Fatal(err)
	}
	return f
}

// unplanned is a field before anything was planned.
func unplanned(t *testing.T) *field {
	t.Helper()
	m := ledgertest.Mini(t)
	rdb := ledgertest.Client(t, m.Addr())
	f := &field{t: t, ctx: t.Context(), mini: m, ledger: ledger.New(rdb), worker: ledger.WorkerName()}
	f.s = &scheduler.Scheduler{Ledger: f.ledger, Queue: queue.New(rdb), Now: func() time.Time { return f.now }, Log: slog.New(slog.DiscardHandler)}
	f.at(zurich(t, "2026-11-23 08:00"))
	if _, err := f.ledger.Open(f.ctx); err != nil {
		t.Fatal(err)
	}
	return f
}

func (f *field) plan(content string, donors ...string) {
	f.t.Helper()
	c, faults := campaign.Parse("res", "campaign.yaml", []byte(content))
	if faults.Refuses() {
		f.t.Fatal(faults)
	}
	var list []donor.Donor
	for _, id := range donors {
		list = append(list, donor.Donor{
			ID: id, State: id, Status: "member", Group: "African Group", Region: "Africa", Contacts: []donor.Contact{{Email: "a@" + strings.ToLower(id) + ".example"}},
		})
	}
	blocks := map[string][]byte{}
	e, names, err := campaign.Freezer{
		Campaign: c, Files: map[string]string{"campaign.yaml": content},
		Render: func(campaign.Record, string) (string, error) { return strings.Repeat("0", 64), nil },
		Store:  func(b campaign.Block) error { blocks[b.Hash] = b.Data; return nil },
	}.Freeze(f.ctx, list)
	if err == nil {
		err = f.ledger.StoreBlocks(f.ctx, "res", blocks)
	}
	if err == nil {
		err = f.ledger.StoreEdition(f.ctx, e.Hash(), e.Encode(), names)
	}
	if err == nil {
		_, _, err = f.ledger.Plan(f.ctx, "ann", ledger.Edition{Campaign: "res", Hash: e.Hash(), Steps: e.Steps, Donors: e.Donors})
	}
	if err != nil {
		f.t.Fatal(err)
	}
}

func (f *field) approve(approval string) {
	f.t.Helper()
	c, err := f.ledger.Campaign(f.ctx, "res")
	if err != nil {
		f.t.Fatal(err)
	}
	step := ledger.StepApproval{Step: "reminder-1", Each: approval == "each", Until: zurich(f.t, "2027-03-31 23:59")}
	if _, err := f.ledger.Approve(f.ctx, "bea", "res", c.Pending, []ledger.StepApproval{step}); err != nil {
		f.t.Fatal(err)
	}
}

// at moves both clocks.
func (f *field) at(t time.Time) {
	f.now = t
	f.mini.SetTime(t)
}

func (f *field) do(step func(context.Context) error) {
	f.t.Helper()
	if err := step(f.ctx); err != nil {
		f.t.Fatal(err)
	}
}

// woken is how many tasks wait in the queue.
func (f *field) woken() int {
	f.t.Helper()
	n, err := f.s.Queue.Depth(f.ctx)
	if err != nil {
		f.t.Fatal(err)
	}
	return n
}

// send plays the worker: it claims, begins and settles whatever of a step is due, and says to whom.
func (f *field) send(step string, donors ...string) (sent []string) {
	f.t.Helper()
	f.mini.ZAdd("{outreach}:workers", float64(f.now.Add(time.Hour).UnixMilli()), f.worker)
	before := map[string]string{"reminder-1": "appeal"}[step]
	for _, d := range donors {
		b := letter.Block{Campaign: "res", Step: step, Name: d + "-0"}
		got, err := f.ledger.Claim(f.ctx, b, ledger.Nonce(f.worker), 10, ledger.Pace{})
		if err != nil {
			f.t.Fatal(err)
		}
		for _, c := range got.Letters {
			if _, err := f.ledger.Begin(f.ctx, ledger.Begin{Claim: c, Before: before}); err != nil {
				f.t.Fatal(err)
			}
			if _, err := f.ledger.Settle(f.ctx, ledger.Settlement{Claim: c, To: letter.Sent}); err != nil {
				f.t.Fatal(err)
			}
			sent = append(sent, c.ID.Donor)
		}
	}
	return sent
}

// Letters leave in the send window only, and a block that nobody answers for is woken again.
func TestWakeInTheWindow(t *testing.T) {
	f := newField(t, "standing until 2027-03-31", "KEN", "PER")
	f.do(f.s.Wake)
	if n := f.woken(); n != 0 {
		t.Errorf("%d blocks woken at 08:00, before the window opens", n)
	}
	f.at(zurich(t, "2026-11-23 09:00"))
	for range 3 {
		f.do(f.s.Wake)
	}
	if n := f.woken(); n != 2 {
		t.Errorf("%d blocks woken at 09:00, want 2", n)
	}
	for _, k := range f.mini.Keys() {
		if strings.HasPrefix(k, "asynq:") {
			f.mini.Del(k)
		}
	}
	f.at(f.now.Add(ledger.Rewake + time.Second))
	f.do(f.s.Wake)
	if n := f.woken(); n != 2 {
		t.Errorf("%d blocks woken after the queue was lost, want 2", n)
	}
}

// A block that was woken on Friday at 16:59 and is taken on Saturday night sends nothing; on Monday it does.
func TestWindowHoldsInTheQueue(t *testing.T) {
	f := newField(t, "each", "KEN")
	f.at(zurich(t, "2026-11-27 16:59"))
	f.do(f.s.Wake)
	f.at(zurich(t, "2026-11-28 03:00"))
	if sent := f.send("appeal", "KEN"); len(sent) != 0 {
		t.Errorf("sent to %v on Saturday at three", sent)
	}
	f.at(zurich(t, "2026-11-30 09:00"))
	f.do(f.s.Wake)
	if sent := f.send("appeal", "KEN"); len(sent) != 1 {
		t.Errorf("sent to %v on Monday", sent)
	}
}

// The reminder is due ten working days after the appeal was sent, in the window, and never to a State that answered.
func TestReminder(t *testing.T) {
	f := newField(t, "standing until 2027-03-31", "FRA", "KEN", "PER")
	f.at(zurich(t, "2026-11-23 09:30"))
	if sent := f.send("appeal", "FRA", "KEN", "PER"); len(sent) != 3 {
		t.Fatalf("sent %v", sent)
	}
	if _, err := f.ledger.Record(f.ctx, "res", "PER", "PER-0", []string{"appeal", "reminder-1"}, ledger.Entry{Kind: "reply", By: "ann"}); err != nil {
		t.Fatal(err)
	}
	for range 3 { // as many schedulers as there are
		f.do(f.s.Advance)
	}
	for _, tt := range []struct {
		at   string
		want int
	}{{"2026-12-04 16:59", 0}, {"2026-12-07 08:59", 0}, {"2026-12-07 09:00", 2}, {"2026-12-08 09:30", 0}} {
		f.at(zurich(t, tt.at))
		f.do(f.s.Tidy)
		if sent := f.send("reminder-1", "FRA", "KEN", "PER"); len(sent) != tt.want {
			t.Errorf("%s: reminders to %v, want %d", tt.at, sent, tt.want)
		}
	}
	counts, err := f.ledger.Counts(f.ctx, "res")
	if err != nil || counts["reminder-1"][letter.Sent] != 2 || counts["reminder-1"][letter.Cancelled] != 1 {
		t.Errorf("reminders %v %v, want 2 sent and 1 cancelled", counts["reminder-1"], err)
	}
}

// A reply after the reminder was planned cancels it, and one that a person releases waits for that person.
func TestReminderStopped(t *testing.T) {
	f := newField(t, "each", "KEN", "PER")
	f.at(zurich(t, "2026-11-23 09:30"))
	f.send("appeal", "KEN", "PER")
	f.do(f.s.Advance)
	if got, err := f.ledger.Record(f.ctx, "res", "KEN", "KEN-0", []string{"appeal", "reminder-1"}, ledger.Entry{Kind: "pledge", By: "ann"}); err != nil || got.Cancelled != 1 {
		t.Errorf("record cancelled %d letters, %v", got.Cancelled, err)
	}
	f.at(zurich(t, "2026-12-07 10:00"))
	if sent := f.send("reminder-1", "KEN", "PER"); len(sent) != 0 {
		t.Errorf("reminders to %v that nobody released", sent)
	}
	if n, err := f.ledger.Release(f.ctx, "bea", "res", "reminder-1", "", []string{"KEN-0", "PER-0"}); err != nil || n != 1 {
		t.Errorf("released %d %v", n, err)
	}
	if sent := f.send("reminder-1", "KEN", "PER"); len(sent) != 1 || sent[0] != "PER" {
		t.Errorf("reminders to %v, want PER", sent)
	}
}

// Standing approvals end: nothing leaves after their last day.
func TestStandingApprovalEnds(t *testing.T) {
	f := newField(t, "standing until 2027-03-31", "KEN")
	f.at(zurich(t, "2027-03-30 09:30"))
	f.send("appeal", "KEN")
	f.do(f.s.Advance)
	f.at(zurich(t, "2027-04-20 10:00"))
	if sent := f.send("reminder-1", "KEN"); len(sent) != 0 {
		t.Errorf("reminder to %v after its standing approval ended", sent)
	}
}

// A hold whose end date has passed ends by itself, and its letters have their place in the index again.
func TestHoldEnds(t *testing.T) {
	f := newField(t, "each", "KEN")
	f.at(zurich(t, "2026-11-23 09:30"))
	if _, err := f.ledger.Hold(f.ctx, "ann", "donor:KEN", f.now.Add(24*time.Hour), "visit"); err != nil {
		t.Fatal(err)
	}
	if sent := f.send("appeal", "KEN"); len(sent) != 0 {
		t.Fatalf("sent to %v, which is held", sent)
	}
	f.do(f.s.Tidy)
	f.at(f.now.Add(25 * time.Hour))
	f.do(f.s.Tidy)
	f.do(f.s.Wake)
	if n := f.woken(); n != 1 {
		t.Errorf("%d blocks woken after the hold's end, want 1", n)
	}
	if sent := f.send("appeal", "KEN"); len(sent) != 1 {
		t.Errorf("sent to %v", sent)
	}
}

// A cancelled campaign's letters are cancelled by the next round, and a crash in between is made good.
func TestCancelled(t *testing.T) {
	f := newField(t, "each", "KEN", "PER")
	if _, err := f.ledger.Switch(f.ctx, "ann", "res", ledger.Cancel, "wrong year"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		f.do(f.s.Tidy)
	}
	counts, err := f.ledger.Counts(f.ctx, "res")
	if err != nil || counts["appeal"][letter.Cancelled] != 2 {
		t.Errorf("counts %v %v", counts, err)
	}
}

// A withheld reminder is planned again by the edition that mends it, and one of a donor that an edition drops is cancelled.
func TestReminderOfANewEdition(t *testing.T) {
	f := newField(t, "standing until 2027-03-31", "KEN", "PER")
	f.at(zurich(t, "2026-11-23 09:30"))
	f.send("appeal", "KEN", "PER")
	f.do(f.s.Advance)
	f.at(zurich(t, "2026-12-07 10:00"))
	f.mini.ZAdd("{outreach}:workers", float64(f.now.Add(time.Hour).UnixMilli()), f.worker)
	got, err := f.ledger.Claim(f.ctx, letter.Block{Campaign: "res", Step: "reminder-1", Name: "KEN-0"}, ledger.Nonce(f.worker), 1, ledger.Pace{})
	if err != nil || len(got.Letters) != 1 {
		t.Fatal(got, err)
	}
	if err := f.ledger.Withhold(f.ctx, got.Letters[0], "a name is wrong"); err != nil {
		t.Fatal(err)
	}
	f.plan(fmt.Sprintf(file, "standing until 2027-03-31")+"# mended\n", "KEN")
	f.approve("standing")
	f.do(f.s.Tidy)
	if sent := f.send("reminder-1", "KEN", "PER"); strings.Join(sent, " ") != "KEN" {
		t.Errorf("reminders to %v, want KEN", sent)
	}
	counts, _ := f.ledger.Counts(f.ctx, "res")
	if counts["reminder-1"][letter.Cancelled] != 1 || counts["reminder-1"].Open() != 0 {
		t.Errorf("reminders %v", counts["reminder-1"])
	}
}

// An edition approved while its rows were not laid (a crash) is laid by the next round: donors come and go with it.
func TestApprovedEditionIsLaid(t *testing.T) {
	f := newField(t, "each", "KEN", "PER")
	f.plan(fmt.Sprintf(file, "each")+"# changed\n", "KEN", "TGO")
	f.approve("each")
	f.do(f.s.Tidy)
	f.at(zurich(t, "2026-11-23 09:30"))
	if sent := f.send("appeal", "KEN", "PER", "TGO"); strings.Join(sent, " ") != "KEN TGO" {
		t.Errorf("sent to %v, want KEN TGO", sent)
	}
	counts, _ := f.ledger.Counts(f.ctx, "res")
	if counts["appeal"][letter.Cancelled] != 1 {
		t.Errorf("counts %v", counts)
	}
}
