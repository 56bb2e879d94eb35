package worker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"outreach.example/ledger"
	"outreach.example/letter"
)

// outgoing is a sealed letter on its way, and which of its contacts the envelope still holds.
type outgoing struct {
	letter.Sealed
	buffer   *bytes.Buffer
	cc       []int // places among the donor's copies of the addresses in Envelope.Cc
	copies   []string
	deferred []int    // places in Envelope.Cc that an earlier attempt saw deferred
	hashes   []string // of To, then of Envelope.Cc
	left     []string // copies left out because they are suppressed
	weight   int64    // what its attachment takes of Files
}

// errNow says that a letter cannot be sealed now, for no fault of its own.
type errNow struct{ error }

// seal renders one letter and seals it to bytes. An errNow is a fault of the house, any other error one of the content: a
// person must change something.
func (w *Worker) seal(ctx context.Context, t *texts, c ledger.Claim) (*outgoing, error) {
	r := t.records[c.ID.Donor]
	if r == nil {
		return nil, fmt.Errorf("the approved edition has no donor %s", c.ID.Donor)
	}
	content, err := t.set.Compose(r, c.ID.Step)
	if err != nil {
		return nil, err
	}
	if err := t.set.Door(&content, r); err != nil {
		return nil, err
	}
	o := &outgoing{}
	occasion := letter.Occasion{Date: c.Date, Printed: t.set.PrintDate(content.Language, c.Date), Generation: c.Generation}
	if content.Attachment == (letter.Attachment{}) {
		o.buffer = buffers.Get().(*bytes.Buffer)
	} else {
		if occasion.File, o.weight, err = w.Files.get(ctx, c.ID.Campaign, t.set.Attached(c.ID.Donor, content.Language)); err != nil {
			return nil, errNow{err}
		}
		o.buffer = w.Files.buffer()
	}
	o.Sealed, err = w.Seal.Seal(o.buffer, &content, occasion)
	if err != nil {
		o.gone(w)
		if house := letter.HouseFault(""); errors.As(err, &house) {
			return nil, errNow{house} // its few words are kept beside the letter
		}
		return nil, err
	}
	if o.ContentHash != r.Hash[c.ID.Step] {
		o.gone(w)
		return nil, errors.New("the letter differs from the one that was approved; plan and approve again")
	}
	return o, nil
}

// buffers hold sealed letters while they are on their way.
var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// gone gives the letter's bytes back, once nobody writes them any more.
func (o *outgoing) gone(w *Worker) {
	if o.weight == 0 {
		buffers.Put(o.buffer)
		return
	}
	w.Files.gone(o.weight, o.buffer)
}

// leaveOut takes suppressed copies out of the envelope. A reason says that the letter cannot go at all.
func (w *Worker) leaveOut(o *outgoing, c ledger.Claim) (reason string) {
	w.mu.Lock()
	list := w.suppressed
	w.mu.Unlock()
	if list.Has(o.Envelope.To) {
		return "the address of the first contact is suppressed"
	}
	o.hashes = []string{ledger.AddressHash(o.Envelope.To)}
	o.copies = o.Envelope.Cc
	var kept []string
	for i, address := range o.copies {
		if list.Has(address) {
			o.left = append(o.left, address)
			continue
		}
		if c.DeferredCc&(1<<i) != 0 {
			o.deferred = append(o.deferred, len(kept))
		}
		kept, o.cc, o.hashes = append(kept, address), append(o.cc, i), append(o.hashes, ledger.AddressHash(address))
	}
	o.Envelope.Cc = kept
	return ""
}

// mask turns places in Envelope.Cc into a mask over the donor's copies.
func (o *outgoing) mask(places []int) (m uint64) {
	for _, p := range places {
		m |= 1 << o.cc[p]
	}
	return m
}

// words is what the relay said, as the ledger keeps it: code, enhanced code, then its text, and first of all which
// copies the letter went without.
func words(v letter.Verdict, o *outgoing) string {
	var b strings.Builder
	without := len(o.left) + len(v.LeftOut)
	if without > 0 && v.Outcome == letter.Accepted {
		fmt.Fprintf(&b, "without %d of %d copies: ", without, len(o.copies))
	}
	if v.Code > 0 {
		fmt.Fprintf(&b, "%d ", v.Code)
	}
	if v.Enhanced != "" {
		b.WriteString(v.Enhanced + " ")
	}
	b.WriteString(v.Text)
	return strings.TrimSpace(b.String())
}
