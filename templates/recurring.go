package templates

import (
	"bytes"
	"hash/maphash"
	"maps"
	"sync"
	"sync/atomic"
)

// Most paragraphs of a text are the same words in every letter. recurring keeps how those were laid out, by their bytes, from
// the second time on that they are met; paragraphs that name a State are met once and not kept.
type recurring struct {
	parts atomic.Pointer[map[string]laid]
	full  atomic.Bool // enough was looked at: whatever recurs is kept by now

	mu  sync.Mutex
	met map[uint64]bool
}

// laid is a part as both sheets print it.
type laid struct{ plain, html []byte }

// What recurring keeps is bounded: so many parts of at most so many bytes, out of so many looked at.
const (
	maxRecurring     = 256
	maxRecurringPart = 4 << 10
	maxMet           = 8 << 10
)

var seed = maphash.MakeSeed()

// lay is lay for a letter whose sheets hold something already: the gap before a part belongs to it.
func (k *recurring) lay(body []byte, plain *plainSheet, html *htmlSheet) {
	parts := k.parts.Load()
	for len(body) > 0 {
		var part []byte
		part, body = cutGap(body)
		part = bytes.TrimSpace(part)
		if parts != nil {
			if l, ok := (*parts)[string(part)]; ok {
				plain.out, html.out = append(plain.out, l.plain...), append(html.out, l.html...)
				continue
			}
		}
		fromPlain, fromHTML := len(plain.out), len(html.out)
		layPart(part, plain, html)
		if !k.full.Load() && len(part) <= maxRecurringPart {
			k.meet(part, laid{plain.out[fromPlain:], html.out[fromHTML:]})
		}
	}
}

// meet keeps a part that is met for the second time.
func (k *recurring) meet(part []byte, l laid) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.full.Load() {
		return
	}
	hash := maphash.Bytes(seed, part)
	if !k.met[hash] {
		if k.met == nil {
			k.met = map[uint64]bool{}
		}
		k.met[hash] = true
		if len(k.met) == maxMet {
			k.full.Store(true)
			k.met = nil
		}
		return
	}
	more := map[string]laid{}
	if parts := k.parts.Load(); parts != nil {
		maps.Copy(more, *parts)
	}
	more[string(part)] = laid{bytes.Clone(l.plain), bytes.Clone(l.html)}
	k.parts.Store(&more)
	if len(more) == maxRecurring {
		k.full.Store(true)
		k.met = nil
	}
}
