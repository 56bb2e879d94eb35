package worker

import (
	"context"
	"time"

	"outreach.example/ledger"
	"outreach.example/ledger/intent"
	"outreach.example/letter"
)

// Intend writes letters that the ledger has granted into the intent file.
func (w *Worker) Intend(ctx context.Context, at ledger.Position, granted []ledger.Begin) error {
	w.at("after-begin")
	if w.Intents == nil {
		return nil
	}
	ins, now := make([]intent.Intent, len(granted)), w.Now()
	for i, g := range granted {
		ins[i] = intent.Intent{
			Letter: g.Claim.ID, Block: g.Claim.Block, Generation: g.Claim.Generation, Nonce: g.Claim.Nonce,
			ContentHash: g.ContentHash, ByteHash: g.ByteHash, At: now, Position: at,
		}
	}
	err := w.Intents.Intend(ctx, ins...)
	if err == nil {
		w.at("after-intent")
	}
	return err
}

// note writes into the intent file what came of an intended letter. It does not wait for the disk: the ledger is told
// next, and who finds neither shows the letter in doubt.
func (w *Worker) note(s ledger.Settlement, v letter.Verdict) {
	key, err := intent.Key{Letter: s.Claim.ID, Nonce: s.Claim.Nonce}, error(nil)
	if v.Outcome == letter.Unsent && v.Stage == letter.StageCommit {
		err = w.Intents.Never(key, s.Claim.Generation)
	} else {
		err = w.Intents.Outcome(key, s.Claim.Generation, s.To, s.Words)
	}
	if err != nil {
		w.Log.Error("outcome is not in the intent file", "letter", s.Claim.ID.String(), "state", string(s.To), "error", err)
	}
}

// wrote tells the ledger how far the intent file has come.
func (w *Worker) wrote(ctx context.Context) {
	if err := w.Ledger.Wrote(ctx, w.Name(), w.Intents.Lines()); err != nil && ctx.Err() == nil {
		w.Log.Warn("the ledger does not know how far the intent file has come", "worker", w.Name(), "error", err)
	}
}

// ready says whether letters may be claimed: not while the disk would refuse their intents. The log is told once a minute.
func (w *Worker) ready() bool {
	if w.Intents == nil {
		return true
	}
	err := w.Intents.Ready()
	if err == nil {
		return true
	}
	w.mu.Lock()
	tell := w.Now().Sub(w.complained).Abs() >= time.Minute
	if tell {
		w.complained = w.Now()
	}
	w.mu.Unlock()
	if tell {
		w.Log.Error("no letter is claimed", "error", err)
	}
	return false
}
