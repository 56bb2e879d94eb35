package intent_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"outreach.example/ledger"
	"outreach.example/ledger/intent"
)

// A folder remembers what it was told last, one process at a time, and never half of it.
func TestMemory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "not", "there", "yet")
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 20 {
				err := intent.Alone(t.Context(), dir, func(p ledger.Position) (ledger.Position, error) {
					return ledger.Position{Epoch: "e", Seq: p.Seq + 1, Chain: "c"}, nil
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	told := errors.New("told")
	err := intent.Memory(t.Context(), dir, func(p ledger.Position) (ledger.Position, error) {
		if (p != ledger.Position{Epoch: "e", Seq: 160, Chain: "c"}) {
			t.Errorf("remembered: %+v", p)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		if err := intent.Alone(ctx, dir, func(p ledger.Position) (ledger.Position, error) { return p, nil }); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("another epoch begins while the ledger is asked: %v", err)
		}
		return ledger.Position{Epoch: "f"}, told
	})
	if !errors.Is(err, told) {
		t.Error(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 2 {
		t.Errorf("files: %v %v", entries, err)
	}
	if err := os.WriteFile(filepath.Join(dir, "position"), []byte("{\"epoch\":"), 0o600); err != nil {
		t.Fatal(err)
	}
	err = intent.Memory(t.Context(), dir, func(p ledger.Position) (ledger.Position, error) { return p, nil })
	if err == nil || !strings.Contains(err.Error(), "what this machine remembers of the ledger cannot be read") {
		t.Errorf("half a file: %v", err)
	}
}

// A process that stands still while it asks keeps nobody else from asking, and what it knew before overwrites nothing later.
func TestMemoryOfAProcessThatStandsStill(t *testing.T) {
	dir := t.TempDir()
	at := func(seq int64) ledger.Position { return ledger.Position{Epoch: "e", Seq: seq, Chain: "c"} }
	says := func(want ledger.Position) {
		t.Helper()
		err := intent.Memory(t.Context(), dir, func(p ledger.Position) (ledger.Position, error) {
			if p != want {
				t.Errorf("remembered: %+v, not %+v", p, want)
			}
			return p, nil
		})
		if err != nil {
			t.Error(err)
		}
	}
	err := intent.Memory(t.Context(), dir, func(ledger.Position) (ledger.Position, error) {
		if err := intent.Memory(t.Context(), dir, func(ledger.Position) (ledger.Position, error) { return at(9), nil }); err != nil {
			t.Error(err)
		}
		return at(7), nil
	})
	if err != nil {
		t.Error(err)
	}
	says(at(9))
	err = intent.Alone(t.Context(), dir, func(ledger.Position) (ledger.Position, error) {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		if err := intent.Memory(ctx, dir, func(p ledger.Position) (ledger.Position, error) { return p, nil }); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("asked while another epoch begins: %v", err)
		}
		return ledger.Position{Epoch: "f", Seq: 2, Chain: "d"}, nil
	})
	if err != nil {
		t.Error(err)
	}
	says(ledger.Position{Epoch: "f", Seq: 2, Chain: "d"})
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 2 {
		t.Errorf("files: %v %v", entries, err)
	}
}
