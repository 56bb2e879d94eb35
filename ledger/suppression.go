package ledger

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Source says how an address came onto the suppression list.
type Source string

// The sources. What a reader asked for outweighs the others.
const (
	ByHand      Source = "hand"
	ByBounce    Source = "bounce"
	ByOptOut    Source = "opt-out"
	ByComplaint Source = "complaint"
)

// A Suppression is one address that is never written to again.
type Suppression struct {
	Address string    `json:"address"` // "" where it was erased, or suppressed before addresses were kept
	Hash    string    `json:"hash"`    // AddressHash of it, or its salted hash once it is erased
	Source  Source    `json:"source"`
	Reason  string    `json:"reason"`
	At      time.Time `json:"at"`
	By      string    `json:"by"`
}

// Suppress puts an address on the suppression list, in whatever letter case it is written. Again says that it was there,
// for no weaker a reason: an opt-out or a complaint outweighs a bounce.
func (l *Ledger) Suppress(ctx context.Context, who, address string, source Source, reason string) (again bool, err error) {
	got, err := l.text(ctx, "suppress", l.listKeys(), who, AddressHash(address), string(source), oneLine(reason), oneLine(address), RandomEpoch())
	return got == "again", err
}

// Erase forgets a suppressed address. Its salted hash stays on the list, so that it is never written to all the same. What
// was written before addresses were kept is erased the same way.
func (l *Ledger) Erase(ctx context.Context, who, address string) (again bool, err error) {
	got, err := l.text(ctx, "erase", l.listKeys(), who, AddressHash(address), RandomEpoch())
	if got == "none" {
		return false, notListed
	}
	return got == "again", err
}

const notListed = Refusal("that address is not on the suppression list; type: outreach suppress list")

// Unsuppress takes an address off the list. An address whose reader asked to be on it stays, unless sure.
func (l *Ledger) Unsuppress(ctx context.Context, who, address, reason string, sure bool) error {
	got, err := l.strings(ctx, "unsuppress", l.listKeys(), who, AddressHash(address), RandomEpoch(), oneLine(reason), flag(sure))
	switch {
	case err != nil:
		return err
	case got[0] == "none":
		return notListed
	case got[0] == "asked":
		return Refusal(fmt.Sprintf("its reader asked not to be written to (%s, %s), so it stays; if that is a mistake, add --confirm ADDRESS",
			got[1], fromMS(got[2]).Format("2 January 2006")))
	}
	return nil
}

func (l *Ledger) listKeys() []string { return []string{metaKey(), auditKey(), suppressedKey()} }

// Closed knows which addresses are suppressed.
type Closed struct {
	Version int // of the list, as a claim names it
	salt    string
	hashes  map[string]bool
}

// Has says whether an address is suppressed.
func (c Closed) Has(address string) bool {
	if len(c.hashes) == 0 {
		return false
	}
	h := AddressHash(address)
	return c.hashes[h] || c.salt != "" && c.hashes[salted(c.salt, h)]
}

// Len is how many addresses are suppressed.
func (c Closed) Len() int { return len(c.hashes) }

// salted is how the ledger knows an address that was erased: nobody who lacks the salt can try addresses against it.
func salted(salt, hash string) string {
	sum := sha1.Sum([]byte(salt + hash)) // what scripts can compute
	return hex.EncodeToString(sum[:])
}

// Suppressed reads which addresses are suppressed.
func (l *Ledger) Suppressed(ctx context.Context) (Closed, error) {
	p := l.Redis.Pipeline()
	// The version first: a list that is newer than it is read again, never taken for known.
	meta := p.HMGet(ctx, metaKey(), "closed", "salt")
	hashes := p.HKeys(ctx, suppressedKey())
	if _, err := p.Exec(ctx); err != nil {
		return Closed{}, fmt.Errorf("suppression list: %w", err)
	}
	c := Closed{hashes: make(map[string]bool, len(hashes.Val()))}
	for _, h := range hashes.Val() {
		c.hashes[h] = true
	}
	c.salt, _ = meta.Val()[1].(string)
	version, ok := meta.Val()[0].(string)
	if c.Version, _ = strconv.Atoi(version); !ok {
		c.Version = len(c.hashes)
	}
	return c, nil
}

// Suppressions lists what is on the suppression list, the newest first.
func (l *Ledger) Suppressions(ctx context.Context) ([]Suppression, error) {
	all, err := l.Redis.HGetAll(ctx, suppressedKey()).Result()
	if err != nil {
		return nil, fmt.Errorf("suppression list: %w", err)
	}
	out := make([]Suppression, 0, len(all))
	for hash, v := range all {
		p := strings.SplitN(v, "|", 3)
		if len(p) != 3 {
			return nil, fmt.Errorf("suppression list: %s: %q is no entry", hash, v)
		}
		s := Suppression{Hash: hash, Source: ByHand, At: fromMS(p[0]), By: p[1], Reason: p[2]}
		if rest, ok := strings.CutPrefix(p[2], "\t"); ok {
			if q := strings.SplitN(rest, "\t", 3); len(q) == 3 {
				s.Source, s.Address, s.Reason = Source(q[0]), q[1], q[2]
			}
		}
		out = append(out, s)
	}
	slices.SortFunc(out, func(x, y Suppression) int {
		if n := y.At.Compare(x.At); n != 0 {
			return n
		}
		return strings.Compare(x.Hash, y.Hash)
	})
	return out, nil
}
