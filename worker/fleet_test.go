package worker_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

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

// fleet is a running campaign of many letters, and workers that are killed by nobody: what fails is the store.
type fleet struct {
	t       *testing.T
	ctx     context.Context
	ledger  *ledger.Ledger
	box     *relaytest.Server
	blocks  []letter.Block
	letters int
	log     lines
	roles   sync.WaitGroup
	stop    context.CancelFunc
}

// lines is a log that a test reads while it is written.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) has(s string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Contains(l.b.String(), s)
}

// fast are times that a test can wait for.
var fast = worker.Times{
	Retry: []time.Duration{time.Second}, GiveUp: time.Hour, Cut: 200 * time.Millisecond, Unreachable: 200 * time.Millisecond,
	Renew: 300 * time.Millisecond, Lease: 12 * time.Second, Asking: time.Minute,
}

func newFleet(t *testing.T, rdb redis.UniversalClient, letters int) *fleet {
	t.Helper()
	f := &fleet{t: t, ctx: t.Context(), ledger: ledger.New(rdb), box: relaytest.Start(t, relaytest.Options{}), letters: letters}
	f.ok(f.ledger.Open(f.ctx))
	content := fmt.Sprintf(file, "registry@iom.example")
	files := map[string]string{"campaign.yaml": content, "texts/appeal.en.txt": text}
	c, faults := campaign.Parse("res", "campaign.yaml", []byte(content))
	if faults.Refuses() {
		t.Fatal(faults)
	}
	set, faults := templates.Load(c, files)
	if faults.Refuses() {
		t.Fatal(faults)
	}
	var donors []donor.Donor
	for i := range letters {
		id := fmt.Sprintf("D%04d", i)
		donors = append(donors, donor.Donor{
			ID: id, Status: "private", Name: map[string]string{"en": id}, Formal: map[string]string{"en": id}, Language: "en",
			Contacts: []donor.Contact{{Email: address(id), Name: id, Rank: "other", Salutation: "Dear " + id + ",", Language: "en"}},
		})
	}
	blocks := map[string][]byte{}
	var rows []ledger.Row
	e, names, err := campaign.Freezer{
		Campaign: c, Files: files,
		Render: func(r campaign.Record, step string) (string, error) {
			l, err := set.Compose(&r, step)
			return l.Hash(), err
		},
		Store: func(b campaign.Block) error {
			blocks[b.Hash] = b.Data
			row := ledger.Row{Block: b.Name, Due: time.Now()}
			for _, r := range b.Records {
				row.Donors = append(row.Donors, r.Donor.ID)
			}
			rows = append(rows, row)
			f.blocks = append(f.blocks, letter.Block{Campaign: "res", Step: "appeal", Name: b.Name})
			return nil
		},
	}.Freeze(f.ctx, donors)
	f.ok(nil, err)
	f.ok(nil, f.ledger.StoreBlocks(f.ctx, "res", blocks))
	f.ok(nil, f.ledger.StoreEdition(f.ctx, e.Hash(), e.Encode(), names))
	_, _, err = f.ledger.Plan(f.ctx, "ann", ledger.Edition{Campaign: "res", Hash: e.Hash(), Steps: e.Steps, Donors: e.Donors})
	f.ok(nil, err)
	f.ok(f.ledger.Approve(f.ctx, "bea", "res", e.Hash(), nil))
	f.ok(f.ledger.Lay(f.ctx, "ann", "res", "appeal", e.Hash(), rows, true, true))
	f.ok(f.ledger.Switch(f.ctx, "ann", "res", ledger.Start, ""))
	f.ctx, f.stop = context.WithCancel(f.ctx)
	t.Cleanup(f.end)
	return f
}

func address(id string) string { return strings.ToLower(id) + "@giver.example" }

func (f *fleet) ok(_ any, err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

// end stops the workers and waits for them.
func (f *fleet) end() {
	f.stop()
	f.roles.Wait()
}

// idle starts a worker on a client of its own that nobody gives a block.
func (f *fleet) idle(rdb redis.UniversalClient, count func(context.Context) (int, error)) *worker.Worker {
	f.t.Helper()
	settings, err := relay.ParseURL(f.box.URL())
	f.ok(nil, err)
	settings.Connections, settings.Helo = 4, "worker.outreach.example"
	l := ledger.New(rdb)
	w := &worker.Worker{
		Ledger: l, Relays: []*relay.Relay{relay.New(settings, relay.Options{Now: time.Now})}, Editions: &worker.Editions{Ledger: l}, Times: fast,
		InHand: 8, Intake: f.ctx, Now: time.Now, Log: slog.New(slog.NewTextHandler(&f.log, &slog.HandlerOptions{Level: slog.LevelDebug})), Replicas: count,
	}
	if count != nil {
		n, err := count(f.ctx)
		f.ok(nil, err)
		l.Need(n)
	}
	f.ok(nil, w.Join(f.ctx))
	f.roles.Go(func() { w.Keep(f.ctx) })
	f.roles.Go(func() { w.Watch(f.ctx) })
	return w
}

// worker starts one, and goes over the blocks with it as the queue does.
func (f *fleet) worker(rdb redis.UniversalClient, count func(context.Context) (int, error)) {
	f.t.Helper()
	w := f.idle(rdb, count)
	var hands sync.WaitGroup
	for range 2 {
		hands.Go(func() {
			f.every(20*time.Millisecond, func() {
				for _, b := range f.blocks {
					if err := w.Process(context.WithoutCancel(f.ctx), b); err != nil {
						w.Log.Warn("block put off", "error", err)
					}
				}
			})
		})
	}
	f.roles.Go(func() {
		hands.Wait()
		_ = w.Relays[0].Close(context.Background())
	})
}

// sweeper runs the part of a scheduler that looks after workers that are gone.
func (f *fleet) sweeper() {
	f.roles.Go(func() { f.every(200*time.Millisecond, func() { _, _ = f.ledger.Sweep(f.ctx) }) })
}

func (f *fleet) every(d time.Duration, do func()) {
	t := time.NewTicker(d)
	defer t.Stop()
	for {
		do()
		select {
		case <-f.ctx.Done():
			return
		case <-t.C:
		}
	}
}

// taken waits until the relay has taken n letters.
func (f *fleet) taken(n int) {
	f.t.Helper()
	ledgertest.Await(f.t, fmt.Sprintf("%d letters", n), func(context.Context) error {
		if got := len(f.box.Letters()); got < n {
			return fmt.Errorf("%d were taken", got)
		}
		return nil
	})
}

// logged waits for a line of the log.
func (f *fleet) logged(line string) {
	f.t.Helper()
	ledgertest.Await(f.t, "the log to say "+line, func(context.Context) error {
		if !f.log.has(line) {
			return fmt.Errorf("not yet")
		}
		return nil
	})
}

// out reads all letters, and waits until none is planned or claimed, nor on its way: the relay answers at once, so what is
// sending for longer is what a failover made of a letter.
func (f *fleet) out() map[string]ledger.Letter {
	f.t.Helper()
	var all map[string]ledger.Letter
	ledgertest.Await(f.t, "every letter to be out of hand", func(ctx context.Context) error {
		all = map[string]ledger.Letter{}
		for _, b := range f.blocks {
			got, err := f.ledger.Letters(ctx, b)
			if err != nil {
				return err
			}
			for id, l := range got {
				if l.State == letter.Planned || l.State == letter.Claimed || l.State == letter.Sending && time.Since(l.Since) < 2*time.Second {
					return fmt.Errorf("%s is %s (%s), %d were taken", id, l.State, l.Words, len(f.box.Letters()))
				}
				all[id] = l
			}
		}
		return nil
	})
	return all
}

// proven holds the ledger against the witness: none lost, none twice, each sent letter taken once, and the others past
// the commit point. It returns how many of those there are.
func (f *fleet) proven() (doubts int) {
	f.t.Helper()
	all := f.out()
	f.end()
	copies := map[string]int{}
	for _, l := range f.box.Letters() {
		copies[l.To[0]]++
	}
	if len(all) != f.letters {
		f.t.Errorf("the ledger holds %d letters of %d", len(all), f.letters)
	}
	for id, l := range all {
		n := copies[address(id)]
		delete(copies, address(id))
		switch l.State {
		case letter.Sent:
			if n != 1 {
				f.t.Errorf("%s is sent and was taken %d times", id, n)
			}
		case letter.Sending, letter.InDoubt:
			doubts++
			if n > 1 {
				f.t.Errorf("%s was taken %d times", id, n)
			}
		default:
			f.t.Errorf("%s is %s (%s)", id, l.State, l.Words)
		}
	}
	if len(copies) > 0 {
		f.t.Errorf("taken and not in the ledger: %v", copies)
	}
	counts, err := f.ledger.Counts(context.Background(), "res")
	if err != nil || counts["appeal"].Total() != f.letters {
		f.t.Errorf("counters: %v, %v", counts, err)
	}
	return doubts
}
