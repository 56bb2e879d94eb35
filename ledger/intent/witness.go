package intent

import (
	"context"
	"fmt"
	"hash/fnv"
	"os"

	"outreach.example/ledger"
	"outreach.example/letter"
)

// Witness is what a trace says to a ledger that may have forgotten it. It is false for a trace without an intent: of a
// letter whose dot no line allowed nothing follows, and its block is not known.
func (t Trace) Witness() (ledger.Witnessed, bool) {
	w := ledger.Witnessed{
		Letter: t.Letter, Block: t.Intent.Block, Generation: t.Generation, Nonce: t.Nonce, Position: t.Intent.Position,
		Says: t.Outcome, At: t.At, Words: t.Words,
	}
	switch {
	case t.Never:
		w.Says, w.Words = letter.Planned, "the dot was never written"
	case t.Outcome == "" || t.Outcome == letter.InDoubt:
		w.Says, w.At = letter.InDoubt, t.Intent.At
		if w.Words == "" {
			w.Words = "the dot may be written, and its intent file knows no answer"
		}
	}
	return w, t.Intended
}

// partSize is how many bytes of a file are held as traces at once, about: a larger one is read several times, each time
// for other letters.
const partSize = 32 << 20

// Witnesses reads what a file says of each attempt, some at a time, and then what it says of itself; a part of it alone
// holds no traces. Traces without an intent, which only a damaged file has, go to stray.
func Witnesses(ctx context.Context, path string, do func([]ledger.Witnessed) error, stray func(Trace)) (*Content, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	parts := uint64(1 + info.Size()/partSize)
	var of *Content
	for part := range parts {
		if _, err := file.Seek(0, 0); err != nil {
			return nil, err
		}
		c, err := Select(file, func(k Key) bool {
			h := fnv.New64a()
			_, _ = h.Write([]byte(k.Letter.String() + " " + k.Nonce))
			return h.Sum64()%parts == part
		})
		if err != nil {
			return nil, fmt.Errorf("intent file %s: %w", path, err)
		}
		var some []ledger.Witnessed
		for _, t := range c.Traces {
			w, ok := t.Witness()
			if !ok {
				stray(t)
				continue
			}
			if some = append(some, w); len(some) == 200 {
				if err := ctx.Err(); err != nil {
					return nil, err
				}
				if err := do(some); err != nil {
					return nil, err
				}
				some = some[:0]
			}
		}
		if err := do(some); err != nil {
			return nil, err
		}
		c.Traces = nil
		of = c
	}
	return of, nil
}

// Peek reads what a file says of itself, and none of its traces.
func Peek(path string) (*Content, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	c, err := Select(file, func(Key) bool { return false })
	if err != nil {
		return nil, fmt.Errorf("intent file %s: %w", path, err)
	}
	return c, nil
}
