package ledger

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"outreach.example/letter"
)

// Witnessed is what an intent file says of one attempt.
type Witnessed struct {
	Letter     letter.ID
	Block      letter.Block
	Generation int
	Nonce      string
	Position   Position     // where the ledger stood after the attempt's begin; zero when it is not known
	Says       letter.State // Sent, Refused, Planned (a definite "later", or the dot never written) or InDoubt (nobody knows)
	At         time.Time
	Words      string
}

// Weighed is what the ledger makes of it.
type Weighed struct {
	Witnessed
	Was        letter.State // "" when the ledger has no such letter
	Generation int          // of the letter in the ledger, 0 when it has none
	Becomes    letter.State // "" when there is nothing to do
	Kept       bool         // cancelled, and stays so although it may have been handed over
}

var toMark = map[letter.State]string{letter.Sent: "S", letter.Refused: "R", letter.Planned: "P", letter.InDoubt: "D"}

// Weigh compares what intent files say with what the ledger holds; with do it writes down what the ledger does not know.
// The order in which attempts come makes no difference, and all of it may be repeated.
func (l *Ledger) Weigh(ctx context.Context, who string, ws []Witnessed, do bool) ([]Weighed, error) {
	if len(ws) == 0 {
		return nil, nil
	}
	mode := "see"
	if do {
		mode = "do"
	}
	k := newKeyring(metaKey(), auditKey(), busyKey())
	args := append(make([]any, 0, 2+19*len(ws)), who, mode)
	for _, w := range ws {
		b, c := w.Block, w.Block.Campaign
		args = append(args, k.at(campaignKey(c)), k.at(rowsKey(b)), k.at(countsKey(c)), k.at(lookKey(c)), k.at(dueKey(c)),
			k.at(casesKey(c)), k.at(followKey(c)), k.at(blocksKey(c)), c, b.Step, b.Name, w.Letter.Donor, toMark[w.Says],
			w.Generation, w.Nonce, w.Position.Seq, w.Position.Chain, ms(w.At), Words(w.Words))
	}
	got, err := l.strings(ctx, "reconcile", k.keys, args...)
	if err != nil {
		return nil, err
	}
	if len(got) != 3*len(ws) {
		return nil, fmt.Errorf("ledger reconcile: %d values for %d letters", len(got), len(ws))
	}
	out := make([]Weighed, len(ws))
	for i, w := range ws {
		out[i] = Weighed{Witnessed: w, Was: stateOf[got[3*i][0]], Kept: got[3*i+2] == "kept"}
		out[i].Generation, _ = strconv.Atoi(got[3*i+1])
		if !out[i].Kept {
			out[i].Becomes = stateOf[got[3*i+2][0]]
		}
	}
	return out, nil
}

// NewEpoch ends a reconciliation: the ledger of the old epoch gets a new one and thaws. Processes that remember the old
// one freeze it again, unless they were told.
func (l *Ledger) NewEpoch(ctx context.Context, who, old, epoch, why string) (Position, error) {
	got, err := l.strings(ctx, "epoch", []string{metaKey(), auditKey(), campaignsKey(), reindexKey()}, who, old, epoch, why)
	if err != nil {
		return Position{}, err
	}
	switch got[0] {
	case "other":
		return Position{}, Refusal(fmt.Sprintf("the ledger is %.8s by now, and not the %.8s that was looked at; look again: outreach reconcile", got[1], old))
	case "restoring":
		return Position{}, Refusal("a restore into this ledger was cut off; type it again first: outreach restore FILE")
	}
	p := Position{Epoch: got[1], Chain: got[3]}
	p.Seq, _ = strconv.ParseInt(got[2], 10, 64)
	return p, nil
}

// InHand lists the letters of blocks that workers hold: what Sweep looks at once they are gone.
func (l *Ledger) InHand(ctx context.Context) ([]Letter, error) {
	paths, err := l.Redis.ZRange(ctx, busyKey(), 0, -1).Result()
	if err != nil {
		return nil, fmt.Errorf("letters in hand: %w", err)
	}
	var out []Letter
	for _, path := range paths {
		b, ok := parsePath(path)
		if !ok {
			continue
		}
		letters, err := l.Letters(ctx, b)
		if err != nil {
			return nil, err
		}
		for _, got := range letters {
			if got.State == letter.Claimed || got.State == letter.Sending {
				out = append(out, got)
			}
		}
	}
	return out, nil
}
