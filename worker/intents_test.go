package worker_test

import (
	"bytes"
	"log/slog"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"outreach.example/ledger/intent"
	"outreach.example/letter"
	"outreach.example/relay"
	"outreach.example/relay/relaytest"
)

// witnessed gives the house an intent file and a relay that the test answers for.
func (h *house) witnessed(now func() time.Time, free func(string) (uint64, error), answer func(relaytest.Command) *relaytest.Answer) (*intent.File, *relaytest.Raw) {
	h.t.Helper()
	file, err := intent.Open(h.t.TempDir(), intent.Options{Process: "test", Floor: 1 << 20, Free: free, Now: h.worker.Now})
	h.ok(err)
	box := relaytest.StartRaw(h.t, relaytest.Script{Extensions: []string{"PIPELINING"}, Answer: answer})
	settings, err := relay.ParseURL(box.URL())
	h.ok(err)
	settings.Connections, settings.Helo = 2, "worker.outreach.example"
	r := relay.New(settings, relay.Options{Now: now})
	h.t.Cleanup(func() {
		_ = r.Close(h.ctx)
		_ = file.Close()
	})
	h.worker.Relays, h.worker.Intents = []*relay.Relay{r}, file
	h.ok(h.worker.Join(h.ctx))
	h.at(h.now)
	return file, box
}

func (h *house) file(f *intent.File) *intent.Content {
	h.t.Helper()
	b, err := os.ReadFile(f.Path())
	h.ok(err)
	c, err := intent.Read(bytes.NewReader(b))
	h.ok(err)
	if !c.Whole() {
		h.t.Errorf("damage: %s", c.Damage)
	}
	return c
}

// When the dot arrives its intent is in the file, with what the ledger knows of the letter; what the relay answers is in
// the file afterwards.
func TestIntentBeforeDot(t *testing.T) {
	tests := []struct {
		name   string
		answer relaytest.Answer
		state  letter.State
		words  string
	}{
		{"taken", relaytest.Answer{Take: true, Raw: "250 2.0.0 taken\r\n"}, letter.Sent, "250 2.0.0 taken"},
		{"deferred", relaytest.Answer{Raw: "451 4.3.0 later\r\n"}, letter.Planned, "451 4.3.0 later"},
		{"refused", relaytest.Answer{Raw: "554 5.6.0 never\r\n"}, letter.Refused, "554 5.6.0 never"},
		{"no answer", relaytest.Answer{HangUp: true}, letter.InDoubt, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := newHouse(t, "registry@iom.example", map[string][]string{"A": {"a@a.example"}, "B": {"b@b.example"}, "C": {"c@c.example"}})
			var file *intent.File
			var mu sync.Mutex
			dots := 0
			file, _ = h.witnessed(time.Now, nil, func(c relaytest.Command) *relaytest.Answer {
				if c.Verb != "." {
					return nil
				}
				mu.Lock()
				defer mu.Unlock()
				dots++
				open := 0
				for _, tr := range h.file(file).Traces {
					if strings.Contains(c.Line, "Words to Giver "+tr.Letter.Donor+".") {
						if !tr.Open() {
							t.Errorf("dot of %s: %+v", tr.Letter, tr)
						}
						open++
					}
				}
				if open != 1 {
					t.Errorf("%d open intents for the dot of\n%s", open, c.Line)
				}
				return &tt.answer
			})
			h.process()
			if dots != 3 {
				t.Errorf("%d dots", dots)
			}
			h.ok(file.Close())
			c := h.file(file)
			if len(c.Traces) != 3 || len(c.Workers) != 1 || c.Workers[0] != h.worker.Name() || !c.Closed {
				t.Fatalf("file: %+v", c)
			}
			at, err := h.ledger.Open(h.ctx)
			h.ok(err)
			for _, tr := range c.Traces {
				row := h.letter(tr.Letter.Donor)
				if row.State != tt.state || tr.Outcome != tt.state || tr.Never || !strings.Contains(tr.Words, tt.words) {
					t.Errorf("%s: %s in the ledger, file %+v", tr.Letter, row.State, tr)
				}
				in := tr.Intent
				if in.Nonce != row.Nonce || in.Generation != 1 || in.Block != block || len(in.ContentHash) != 64 || len(in.ByteHash) != 64 {
					t.Errorf("intent %+v, row %+v", in, row)
				}
				if in.Position.Epoch != at.Epoch || in.Position.Seq < 1 || in.Position.Seq > at.Seq || len(in.Position.Chain) != 40 {
					t.Errorf("position %+v, the ledger is at %+v", in.Position, at)
				}
			}
		})
	}
}

// A disk that fills up while a letter is on its way refuses it before the dot, and the letter is planned again with the
// reason. Nothing is claimed while the disk is full, and the log says so once a minute.
func TestDiskFull(t *testing.T) {
	h := newHouse(t, "registry@iom.example", map[string][]string{"A": {"a@a.example"}})
	var full atomic.Bool
	free := func(string) (uint64, error) {
		if full.Load() {
			return 512 << 10, nil
		}
		return 1 << 30, nil
	}
	var log bytes.Buffer
	h.worker.Log = slog.New(slog.NewTextHandler(&log, nil))
	file, box := h.witnessed(time.Now, free, func(c relaytest.Command) *relaytest.Answer {
		if c.Verb == "RCPT" {
			full.Store(true)
		}
		return nil
	})
	h.process()
	got := h.letter("A")
	if got.State != letter.Planned || !strings.HasPrefix(got.Words, "no room for intent files: 0 MB free in ") || got.Since.Sub(h.now) != time.Minute || got.Attempts != 0 {
		t.Errorf("%+v", got)
	}
	if n := len(box.Letters()); n != 0 || len(h.file(file).Traces) != 0 {
		t.Errorf("%d letters taken, intents %+v", n, h.file(file).Traces)
	}
	for range 4 {
		h.at(h.now.Add(40 * time.Second))
		h.process()
	}
	if again := h.letter("A"); again.Nonce != got.Nonce || again.State != letter.Planned {
		t.Errorf("claimed while the disk was full: %+v", again)
	}
	if n := strings.Count(log.String(), "no letter is claimed"); n != 2 {
		t.Errorf("the log says %d times in two minutes that nothing is claimed:\n%s", n, log.String())
	}
	full.Store(false)
	settings, err := relay.ParseURL(h.box.URL())
	h.ok(err)
	settings.Helo = "worker.outreach.example"
	r := relay.New(settings, relay.Options{Now: time.Now})
	defer func() { _ = r.Close(h.ctx) }()
	h.worker.Relays = []*relay.Relay{r}
	h.process()
	if got := h.letter("A"); got.State != letter.Sent {
		t.Errorf("with room again: %+v", got)
	}
}

// A permission that has grown old writes no dot, and the file says so.
func TestNeverWritten(t *testing.T) {
	h := newHouse(t, "registry@iom.example", map[string][]string{"A": {"a@a.example"}})
	var file *intent.File
	now := func() time.Time {
		if file != nil && len(h.file(file).Traces) > 0 {
			return time.Now().Add(time.Hour) // the process stood still after its intent
		}
		return time.Now()
	}
	file, box := h.witnessed(now, nil, nil)
	h.process()
	h.ok(file.Close())
	got := h.letter("A")
	if got.State != letter.Planned || !strings.HasPrefix(got.Words, "dot never written") {
		t.Errorf("%+v", got)
	}
	if c := h.file(file); len(c.Traces) != 1 || !c.Traces[0].Never || c.Traces[0].Outcome != "" || !c.Traces[0].Intended {
		t.Errorf("file: %+v", c.Traces)
	}
	if n := len(box.Letters()); n != 0 {
		t.Errorf("%d letters taken", n)
	}
}

// A letter that the ledger refuses at the commit point leaves no trace, and a worker that goes on under a new name notes
// it before it holds anything.
func TestNoIntentWithoutBegin(t *testing.T) {
	h := newHouse(t, "registry@iom.example", map[string][]string{"A": {"a@a.example"}})
	file, box := h.witnessed(time.Now, nil, func(c relaytest.Command) *relaytest.Answer {
		if c.Verb == "RCPT" {
			if _, err := h.ledger.Hold(h.ctx, "ann", "donor:A", time.Time{}, "wait"); err != nil {
				t.Error(err)
			}
		}
		return nil
	})
	first := h.worker.Name()
	h.process()
	if c := h.file(file); len(c.Traces) != 0 || len(box.Letters()) != 0 {
		t.Errorf("file: %+v", c.Traces)
	}
	h.ok(h.worker.Join(h.ctx))
	if c := h.file(file); strings.Join(c.Workers, " ") != first+" "+h.worker.Name() {
		t.Errorf("names in the file: %v, the worker is %s", c.Workers, h.worker.Name())
	}
	h.ok(file.Close())
	if err := h.worker.Join(h.ctx); err == nil {
		t.Error("a worker joins under a name that is in no file")
	}
}
