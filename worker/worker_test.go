package worker_test

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"outreach.example/campaign"
	"outreach.example/donor"
	"outreach.example/ledger"
	"outreach.example/ledger/ledgertest"
	"outreach.example/letter"
	"outreach.example/relay"
	"outreach.example/relay/relaytest"
	"outreach.example/templates"
	"outreach.example/worker"
)

const file = `campaign: res
title: {en: "Resilience"}
goal: {amount: 1000, currency: USD}
audience: {status: [private]}
sender: {name: "Org", address: org@iom.example}
reply_to: {name: "Desk", address: desk@iom.example}
registry: %s
signatory: {name: "A B", title: {en: "Head"}}
ask: {low: 5, high: 10, base_year: 2024, currency: USD}
reply_by: 2099-03-31
schedule: {start: 2026-11-23, zone: Europe/Zurich, days: [mon, tue, wed, thu, fri, sat, sun], hours: "00:00-24:00"}
steps:
  - name: appeal
`

const text = "Subject: A letter\n\n{{.Date}}\n\n{{.Salutation}}\n\nWords to {{.State.Short}}.\n\n{{.Close}}\n"

// house is a worker on a store and a relay of the test's own.
type house struct {
	t      *testing.T
	ctx    context.Context
	mini   *miniredis.Miniredis
	ledger *ledger.Ledger
	box    *relaytest.Server
	worker *worker.Worker
	now    time.Time

	attached string // the list of attachments that plan freezes, "" for none
	facts    string // the facts register of the editions that are planned, "" for none
	name     string // of the campaign that is planned, "" for res
	more     string // lines of its file
}

// newHouse starts a campaign to donors named by their addresses: the first is To, further ones Cc.
func newHouse(t *testing.T, registry string, donors map[string][]string) *house {
	t.Helper()
	h := opened(t)
	h.plan(registry, text, donors)
	h.work(8, h.relay(h.box.URL()))
	return h
}

// opened is a house with a ledger, before anything was planned.
func opened(t *testing.T) *house {
	m := ledgertest.Mini(t)
	h := &house{t: t, ctx: t.Context(), mini: m, ledger: ledger.New(ledgertest.Client(t, m.Addr())), box: relaytest.Start(t, relaytest.Options{})}
	h.at(time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC))
	if _, err := h.ledger.Open(h.ctx); err != nil {
		t.Fatal(err)
	}
	return h
}

// work makes a worker that holds so many letters at once.
func (h *house) work(inHand int, relays ...*relay.Relay) {
	h.t.Helper()
	h.worker = &worker.Worker{
		Ledger: h.ledger, Relays: relays, Editions: &worker.Editions{Ledger: h.ledger}, Times: worker.Standard, InHand: inHand, Intake: h.ctx,
		Now: func() time.Time { return h.now }, Log: slog.New(slog.DiscardHandler),
	}
	h.ok(h.worker.Join(h.ctx))
	h.at(h.now)
}

// relay makes a relay whose breaker goes by the house's clock.
func (h *house) relay(url string) *relay.Relay {
	h.t.Helper()
	s, err := relay.ParseURL(url)
	h.ok(err)
	s.Connections, s.Helo = 2, "worker.outreach.example"
	r := relay.New(s, relay.Options{Now: func() time.Time { return h.now }})
	h.t.Cleanup(func() { _ = r.Close(context.Background()) })
	return r
}

// plan freezes, approves and starts (or switches to) an edition.
func (h *house) plan(registry, text string, donors map[string][]string) {
	h.t.Helper()
	name := cmp.Or(h.name, "res")
	content := strings.Replace(fmt.Sprintf(file, registry), "campaign: res", "campaign: "+name, 1) + h.more
	files := map[string]string{"campaign.yaml": content, "texts/appeal.en.txt": text}
	if h.attached != "" {
		files[campaign.AttachedFile] = h.attached
	}
	if h.facts != "" {
		files["facts.csv"] = h.facts
	}
	c, faults := campaign.Parse(name, "campaign.yaml", []byte(content))
	if faults.Refuses() {
		h.t.Fatal(faults)
	}
	set, faults := templates.Load(c, files)
	if faults.Refuses() {
		h.t.Fatal(faults)
	}
	var list []donor.Donor
	for _, id := range slices.Sorted(maps.Keys(donors)) {
		addresses := donors[id]
		d := donor.Donor{ID: id, Status: "private", Name: map[string]string{"en": "Giver " + id}, Formal: map[string]string{"en": "Giver " + id}, Language: "en"}
		for _, a := range addresses {
			d.Contacts = append(d.Contacts, donor.Contact{Email: a, Name: "Giver " + id, Rank: "other", Salutation: "Dear Giver " + id + ",", Language: "en"})
		}
		list = append(list, d)
	}
	blocks := map[string][]byte{}
	e, names, err := campaign.Freezer{
		Campaign: c, Files: files,
		Render: func(r campaign.Record, step string) (string, error) {
			l, err := set.Compose(&r, step)
			return l.Hash(), err
		},
		Store: func(b campaign.Block) error { blocks[b.Hash] = b.Data; return nil },
	}.Freeze(h.ctx, list)
	h.ok(err)
	h.ok(h.ledger.StoreBlocks(h.ctx, name, blocks))
	h.ok(h.ledger.StoreEdition(h.ctx, e.Hash(), e.Encode(), names))
	_, _, err = h.ledger.Plan(h.ctx, "ann", ledger.Edition{Campaign: name, Hash: e.Hash(), Steps: e.Steps, Donors: e.Donors})
	h.ok(err)
	_, err = h.ledger.Approve(h.ctx, "bea", name, e.Hash(), nil)
	h.ok(err)
	row := ledger.Row{Block: "none-0", Due: h.now}
	for _, d := range list {
		row.Donors = append(row.Donors, d.ID)
	}
	_, err = h.ledger.Lay(h.ctx, "ann", name, "appeal", e.Hash(), []ledger.Row{row}, true, true)
	h.ok(err)
	_, err = h.ledger.Switch(h.ctx, "ann", name, ledger.Start, "")
	h.ok(err)
}

func (h *house) ok(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// at moves the clock of the program and of the store, and keeps the lease.
func (h *house) at(t time.Time) {
	h.now = t
	h.mini.SetTime(t)
	if h.worker != nil {
		h.mini.ZAdd("{outreach}:workers", float64(t.Add(time.Hour).UnixMilli()), h.worker.Name())
	}
}

var block = letter.Block{Campaign: "res", Step: "appeal", Name: "none-0"}

func (h *house) process() {
	h.t.Helper()
	h.ok(h.worker.Process(h.ctx, block))
}

func (h *house) letter(id string) ledger.Letter {
	h.t.Helper()
	got, ok, err := h.ledger.Letter(h.ctx, block, id)
	if err != nil || !ok {
		h.t.Fatalf("letter of %s: %v, there: %v", id, err, ok)
	}
	return got
}

// What the relay says of each recipient decides where the letter ends, what is kept of its words, and who got it.
func TestWhatTheRelaySays(t *testing.T) {
	tests := []struct {
		name     string
		registry string
		to       []string
		state    letter.State
		words    string
		got      string // recipients of the letter the relay took, "" for none
		retry    time.Duration
	}{
		{"taken", "registry@iom.example", []string{"a@a.example", "cc@a.example"}, letter.Sent, "250", "a@a.example cc@a.example registry@iom.example", 0},
		{"to refused", "registry@iom.example", []string{"refuse@a.example", "cc@a.example"}, letter.Refused, "550 5.1.1", "", 0},
		{"to deferred", "registry@iom.example", []string{"tempfail@a.example"}, letter.Planned, "451", "", 15 * time.Minute},
		{"copy refused", "registry@iom.example", []string{"a@a.example", "refuse@a.example", "cc@a.example"}, letter.Sent, "without 1 of 2 copies", "a@a.example cc@a.example registry@iom.example", 0},
		{"copy deferred once", "registry@iom.example", []string{"a@a.example", "tempfail@a.example"}, letter.Planned, "451", "", 15 * time.Minute},
		{"registry refused", "refuse@iom.example", []string{"a@a.example"}, letter.Planned, "550", "", 15 * time.Minute},
		{"registry deferred", "tempfail@iom.example", []string{"a@a.example"}, letter.Planned, "451", "", 15 * time.Minute},
		{"connection cut before the dot", "registry@iom.example", []string{"hangup@a.example"}, letter.Planned, "", "", time.Minute},
		{"deferred after the dot", "registry@iom.example", []string{"dot-tempfail@a.example"}, letter.Planned, "451", "", 15 * time.Minute},
		{"refused after the dot", "registry@iom.example", []string{"dot-refuse@a.example"}, letter.Refused, "554 5.7.1", "", 0},
		{"no answer after the dot", "registry@iom.example", []string{"dot-hangup@a.example"}, letter.InDoubt, "", "dot-hangup@a.example registry@iom.example", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := newHouse(t, tt.registry, map[string][]string{"A": tt.to})
			h.process()
			got := h.letter("A")
			if got.State != tt.state || !strings.Contains(got.Words, tt.words) {
				t.Errorf("%s (%s), want %s (%s)", got.State, got.Words, tt.state, tt.words)
			}
			if tt.state == letter.Planned && got.Since.Sub(h.now) != tt.retry {
				t.Errorf("due again after %v, want %v", got.Since.Sub(h.now), tt.retry)
			}
			var took []string
			for _, l := range h.box.Letters() {
				took = append(took, l.To...)
			}
			if strings.Join(took, " ") != tt.got {
				t.Errorf("taken for %v, want %s", took, tt.got)
			}
			h.process() // not due: nothing happens
			if again := h.letter("A"); again.Attempts != got.Attempts || again.State != got.State {
				t.Errorf("a second round made %+v of %+v", again, got)
			}
		})
	}
}

// A copy that is deferred a second time is left out, and that is shown.
func TestCopyDeferredTwice(t *testing.T) {
	h := newHouse(t, "registry@iom.example", map[string][]string{"A": {"a@a.example", "cc@a.example", "tempfail@a.example"}})
	h.process()
	h.at(h.now.Add(16 * time.Minute))
	h.process()
	got := h.letter("A")
	if got.State != letter.Sent || !strings.HasPrefix(got.Words, "without 1 of 2 copies") {
		t.Errorf("%s (%s)", got.State, got.Words)
	}
	if l := h.box.Letters(); len(l) != 1 || strings.Join(l[0].To, " ") != "a@a.example cc@a.example registry@iom.example" {
		t.Errorf("taken: %+v", l)
	}
}

// A letter that is put off again and again waits longer each time, and is refused when the days are over.
func TestRetryAndExpiry(t *testing.T) {
	h := newHouse(t, "registry@iom.example", map[string][]string{"A": {"tempfail@a.example"}})
	for _, want := range []time.Duration{15 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour, 4 * time.Hour} {
		h.process()
		got := h.letter("A")
		if d := got.Since.Sub(h.now); got.State != letter.Planned || d != want {
			t.Errorf("%s, due again after %v, want %v", got.State, d, want)
		}
		h.at(got.Since)
	}
	h.at(h.now.Add(5 * 24 * time.Hour))
	h.process()
	if got := h.letter("A"); got.State != letter.Refused || !strings.HasPrefix(got.Words, "expired: 451") {
		t.Errorf("%s (%s)", got.State, got.Words)
	}
}

// A pause of days is no attempt: the second answer of the relay does not end a letter. One that is always cut off does end.
func TestExpiryWantsAttempts(t *testing.T) {
	h := newHouse(t, "registry@iom.example", map[string][]string{"A": {"tempfail@a.example"}, "B": {"hangup@b.example"}})
	h.process()
	h.at(h.now.Add(5 * 24 * time.Hour))
	h.process()
	if got := h.letter("A"); got.State != letter.Planned {
		t.Errorf("A after two attempts: %s (%s)", got.State, got.Words)
	}
	for range 5 {
		h.at(h.now.Add(24 * time.Hour))
		h.process()
	}
	for _, id := range []string{"A", "B"} {
		if got := h.letter(id); got.State != letter.Refused || !strings.HasPrefix(got.Words, "expired: ") {
			t.Errorf("%s: %s (%s)", id, got.State, got.Words)
		}
	}
}

// A suppressed first contact withholds the letter, a suppressed copy is left out.
func TestSuppressed(t *testing.T) {
	h := newHouse(t, "registry@iom.example", map[string][]string{"A": {"a@a.example", "cc@a.example"}, "B": {"b@b.example", "cc@b.example", "dd@b.example"}})
	for _, a := range []string{"a@a.example", "CC@b.example"} {
		if _, err := h.ledger.Suppress(h.ctx, "ann", a, ledger.ByHand, "asked"); err != nil {
			t.Fatal(err)
		}
	}
	h.process()
	if got := h.letter("A"); got.State != letter.Withheld || !strings.Contains(got.Words, "suppressed") {
		t.Errorf("A: %s (%s)", got.State, got.Words)
	}
	if got := h.letter("B"); got.State != letter.Sent || !strings.HasPrefix(got.Words, "without 1 of 2 copies") {
		t.Errorf("B: %s (%s)", got.State, got.Words)
	}
	if l := h.box.Letters(); len(l) != 1 || strings.Join(l[0].To, " ") != "b@b.example dd@b.example registry@iom.example" {
		t.Errorf("taken: %+v", l)
	}
}

// A relay that cannot be reached burns no attempt.
func TestUnreachable(t *testing.T) {
	h := newHouse(t, "registry@iom.example", map[string][]string{"A": {"a@a.example"}})
	h.worker.Relays = []*relay.Relay{h.relay("smtp://127.0.0.1:1?tls=none")}
	h.process()
	got := h.letter("A")
	if got.State != letter.Planned || got.Attempts != 0 || got.Words == "" || got.Since.Sub(h.now) != time.Minute {
		t.Errorf("%+v", got)
	}
}

// A letter that must be withheld while the store does not answer for a moment is withheld, and not claimed for ever.
func TestStoreAwayForAMoment(t *testing.T) {
	h := newHouse(t, "registry@iom.example", map[string][]string{"A": {"a@a.example"}})
	if _, err := h.ledger.Suppress(h.ctx, "ann", "a@a.example", ledger.ByHand, "asked"); err != nil {
		t.Fatal(err)
	}
	failing := &failOnce{words: "the address of the first contact is suppressed"}
	h.ledger.Redis.AddHook(failing)
	h.process()
	if got := h.letter("A"); got.State != letter.Withheld || !failing.failed {
		t.Errorf("%s (%s); the store failed: %v", got.State, got.Words, failing.failed)
	}
}

// failOnce loses one call that carries the words, as a broken connection does.
type failOnce struct {
	words  string
	failed bool
}

func (f *failOnce) DialHook(next redis.DialHook) redis.DialHook { return next }
func (f *failOnce) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func (f *failOnce) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if !f.failed && slices.Contains(cmd.Args(), any(f.words)) {
			f.failed = true
			cmd.SetErr(io.ErrUnexpectedEOF)
			return io.ErrUnexpectedEOF
		}
		return next(ctx, cmd)
	}
}

// An edition whose frozen bytes were altered in the store sends nothing.
func TestAlteredEdition(t *testing.T) {
	h := newHouse(t, "registry@iom.example", map[string][]string{"A": {"a@a.example"}})
	key := "{outreach}:records:res"
	fields, err := h.mini.HKeys(key)
	h.ok(err)
	other, _, err := campaign.EncodeBlock([]campaign.Record{{Donor: donor.Donor{ID: "A", Language: "en", Contacts: []donor.Contact{{Email: "evil@b.example"}}}}})
	h.ok(err)
	h.mini.HSet(key, fields[0], string(other))
	if err := h.worker.Process(h.ctx, block); err == nil || !strings.Contains(err.Error(), "changed") {
		t.Errorf("process: %v", err)
	}
	if n := len(h.box.Letters()); n != 0 {
		t.Errorf("%d letters left", n)
	}
	if got := h.letter("A"); got.State != letter.Planned {
		t.Errorf("letter is %s", got.State)
	}
}

// A worker that is stopping gives back what is not on its way, and claims no more.
func TestStopping(t *testing.T) {
	h := newHouse(t, "registry@iom.example", map[string][]string{"A": {"a@a.example"}, "B": {"b@b.example"}, "C": {"c@c.example"}})
	h.worker.Relays = []*relay.Relay{h.relay(h.box.URL() + "&pace=4s")}
	intake, stop := context.WithCancel(h.ctx)
	h.worker.Intake = intake
	done := make(chan error, 1)
	go func() { done <- h.worker.Process(h.ctx, block) }()
	h.box.Await(t, 1)
	stop()
	h.ok(<-done)
	planned := 0
	for _, id := range []string{"A", "B", "C"} {
		if got := h.letter(id); got.State == letter.Planned {
			planned++
		} else if got.State != letter.Sent {
			t.Errorf("%s is %s", id, got.State)
		}
	}
	if planned == 0 || planned+len(h.box.Letters()) != 3 {
		t.Errorf("%d given back, %d sent of 3", planned, len(h.box.Letters()))
	}
}
