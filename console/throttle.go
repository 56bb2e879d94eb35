package console

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"net/netip"
	"time"

	"github.com/redis/go-redis/v9"

	"outreach.example/ledger"
)

// A throttle makes who guesses passwords wait longer and longer: each pair of name and address after a few tries, and each
// address after more, whatever names it tries. Nobody is locked out by what somebody else does at another address.
type throttle struct {
	redis redis.UniversalClient
}

const (
	freeTries   = 5  // of one name from one address
	freeAddress = 25 // of all names from one address
	longestWait = 15 * time.Minute
	remembered  = time.Hour // since the last try
)

// A try is one attempt: what it is counted under.
type try struct{ pair, address string }

func tryOf(name string, from netip.Addr) try {
	if from.Is6() && !from.Is4In6() {
		// Whoever has one address of an IPv6 network has all of it.
		p, _ := from.Prefix(64)
		from = p.Addr()
	}
	address := from.Unmap().String()
	sum := sha256.Sum256([]byte(ledger.PersonKey(name) + "\n" + address))
	return try{
		ledger.ConsoleKey("tries:" + base64.RawURLEncoding.EncodeToString(sum[:12])),
		ledger.ConsoleKey("tries:from:" + address),
	}
}

// wait is for how long nothing may be tried after n tries that failed.
func wait(n, free int64) time.Duration {
	if n < free {
		return 0
	}
	d := time.Second
	for i := free; i < n && d < longestWait; i++ {
		d *= 2
	}
	return min(d, longestWait)
}

// begin counts an attempt before it is judged, so that many at once are not judged together. It is counted as failed until
// done says otherwise. False where one has to wait: then it does not count, or whoever guesses would keep others waiting.
func (t throttle) begin(ctx context.Context, a try) (bool, error) {
	p := t.redis.Pipeline()
	pair, address := p.Exists(ctx, a.pair+":wait"), p.Exists(ctx, a.address+":wait")
	if _, err := p.Exec(ctx); err != nil {
		return false, err
	}
	if pair.Val()+address.Val() > 0 {
		return false, nil
	}
	for _, one := range []struct {
		key  string
		free int64
	}{{a.pair, freeTries}, {a.address, freeAddress}} {
		n, err := t.redis.Incr(ctx, one.key).Result()
		if err == nil {
			err = t.redis.Expire(ctx, one.key, remembered).Err()
		}
		if d := wait(n, one.free); err == nil && d > 0 {
			err = t.redis.Set(ctx, one.key+":wait", "1", d).Err()
		}
		if err != nil {
			return false, err
		}
	}
	return true, nil
}

// done forgets the tries of a pair that was right in the end. Those of the address stay: one right password does not make
// the guesses beside it good.
func (t throttle) done(ctx context.Context, a try) error {
	p := t.redis.Pipeline()
	p.Del(ctx, a.pair, a.pair+":wait")
	p.Decr(ctx, a.address)
	p.Expire(ctx, a.address, remembered)
	_, err := p.Exec(ctx)
	return err
}
