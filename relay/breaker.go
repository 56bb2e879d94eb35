package relay

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// tolerated is how many failures within Times.Failing are no reason yet to leave a relay alone.
const tolerated = 2

// A Trouble is why a relay is offered no letter.
type Trouble struct {
	Why   string    // in words
	Until time.Time // when it is tried again, without a letter; zero where it waits for a person
	Held  bool      // Hold was called: only Hold ends it
}

// String is the trouble in one line.
func (t Trouble) String() string {
	if t.Held {
		return "it is held: " + t.Why
	}
	if t.Until.IsZero() {
		return t.Why + "; it is tried again when its password or token changes, or a person releases it"
	}
	return t.Why + "; it is tried again at " + t.Until.Format("15:04:05 MST") + ", without a letter"
}

// breaker keeps letters from a relay that is in trouble. Closed, it counts failures. Open, it lets one probe through
// when its time has come, each time twice as long after the last one. A login that was refused opens it until the login
// is another, or a person says so.
type breaker struct {
	times   *Times
	proving chan struct{} // holds one: who makes the first connection

	mu       sync.Mutex
	failures []failure // within Times.Failing, while it is closed
	proven   bool      // a connection has stood since it was made or last open
	open     bool
	probing  bool
	until    time.Time // of the next probe; zero: it waits for a person
	length   time.Duration
	login    fingerprint // of what was refused or could not be had; zero where the login was not in question
	why      string
	held     string // why others hold the relay, "" where they do not
}

// failure is one sign of trouble. What one letter meets again and again is one sign.
type failure struct {
	at     time.Time
	letter string // "" where no letter was concerned yet
	why    string
	login  fingerprint
	person bool // only a person, or another login, mends it
}

// fingerprint tells one password from another without keeping it.
type fingerprint [sha256.Size]byte

// failed takes note of a failure and says whether it opened the breaker.
func (b *breaker) failed(f failure) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.open {
		return false
	}
	b.failures = slices.DeleteFunc(b.failures, func(old failure) bool {
		return f.at.Sub(old.at) > b.times.Failing || f.letter != "" && old.letter == f.letter
	})
	b.failures = append(b.failures, f)
	if !f.person && len(b.failures) <= tolerated {
		return false
	}
	b.length = b.times.Open
	b.shut(f)
	if n := len(b.failures); !f.person {
		b.why = fmt.Sprintf("%d failures within %s, the last: %s", n, short(b.times.Failing), f.why)
	}
	b.failures = nil
	return true
}

// shut opens the breaker for its present length. b.mu is held.
func (b *breaker) shut(f failure) {
	b.open, b.proven, b.why, b.login, b.until = true, false, f.why, f.login, f.at.Add(b.length)
	if f.person {
		b.until = time.Time{}
	}
}

// enter lets connections be made one at a time until one has stood: many wrong logins at once lock an account.
func (b *breaker) enter(ctx context.Context) (leave func(), err error) {
	b.mu.Lock()
	proven := b.proven
	b.mu.Unlock()
	if proven {
		return func() {}, nil
	}
	select {
	case b.proving <- struct{}{}:
		return func() { <-b.proving }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// stood notes that a connection stands, with its login.
func (b *breaker) stood() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.proven = true
}

// trouble is why no letter may be offered, nil when one may.
func (b *breaker) trouble() *Trouble {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.held != "":
		return &Trouble{Why: b.held, Held: true}
	case b.open:
		return &Trouble{Why: b.why, Until: b.until}
	}
	return nil
}

// words are those of the breaker's own trouble.
func (b *breaker) words() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return (&Trouble{Why: b.why, Until: b.until}).String()
}

// hold keeps letters from the relay for a reason that is not the breaker's, or with "" no more. was is the reason before.
func (b *breaker) hold(why string) (was string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	was, b.held = b.held, why
	return was
}

// aboutLogin says whether the login is the trouble.
func (b *breaker) aboutLogin() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.open && b.login != fingerprint{}
}

// due says whether a probe is due, and reserves it: there is one at a time. Where the login is the trouble, another one
// is worth a probe at once.
func (b *breaker) due(now time.Time, login fingerprint) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.open || b.probing {
		return false
	}
	ripe := !b.until.IsZero() && !now.Before(b.until)
	b.probing = ripe || b.login != fingerprint{} && login != fingerprint{} && login != b.login
	return b.probing
}

// passed closes the breaker after a probe that went well.
func (b *breaker) passed() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.probing, b.open, b.proven, b.length = false, false, true, 0
}

// missed keeps it open after a probe that failed; nil for one that was cut short by ourselves.
func (b *breaker) missed(f *failure) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.probing = false
	if f != nil {
		b.length = min(max(2*b.length, b.times.Open), b.times.OpenMost)
		b.shut(*f)
	}
}

// release makes the next probe due at once.
func (b *breaker) release(now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.open {
		b.until, b.length = now, 0
	}
}

// Trouble is why the relay is offered no letter now, nil when it may be.
func (r *Relay) Trouble() *Trouble { return r.breaker.trouble() }

// Release lets an open breaker probe at once: a person says that the trouble is over.
func (r *Relay) Release() { r.breaker.release(r.now()) }

// Hold keeps letters from the relay for a reason of the caller's, until it is called with "". A letter in hand goes back
// unless it has passed the commit point. It returns the reason before.
func (r *Relay) Hold(why string) (was string) { return r.breaker.hold(why) }

// Probe tries a relay whose breaker is open, if the time for that has come: connection, EHLO, TLS, login, QUIT, never a
// letter. Success closes the breaker.
func (r *Relay) Probe(ctx context.Context) {
	var login fingerprint
	if r.breaker.aboutLogin() {
		login = fingerprintOf(r.settings.secret(ctx))
	}
	if !r.breaker.due(r.now(), login) {
		return
	}
	c, u := r.open(ctx)
	switch {
	case u == nil:
		c.quit()
		r.breaker.passed()
		r.log.Info("the relay is used again", "relay", r.settings.Name())
	case u.own:
		r.breaker.missed(nil)
	default:
		r.breaker.missed(r.failure(u))
		r.log.Warn("the relay is still in trouble", "relay", r.settings.Name(), "why", r.breaker.words())
	}
}

// Tend probes the relay whenever its breaker asks for it, until ctx ends.
func (r *Relay) Tend(ctx context.Context) {
	t := time.NewTicker(r.times.Tend)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			r.Probe(ctx)
		}
	}
}

// reach opens a connection for a letter, unless the breaker is open.
func (r *Relay) reach(ctx context.Context) (*conn, *unreachable) {
	if r.settings.Auth != "" {
		leave, err := r.breaker.enter(ctx)
		if err != nil {
			return nil, &unreachable{what: "no login", text: "stopped", own: true}
		}
		defer leave()
	}
	if t := r.Trouble(); t != nil {
		return nil, t.unreachable()
	}
	c, u := r.open(ctx)
	if u != nil {
		r.log.Warn("relay", "relay", r.settings.Name(), "error", u.Error())
		r.mu.Lock()
		others := len(r.conns)
		r.mu.Unlock()
		// A relay that takes no more connections beside those that stand is in no trouble.
		if !u.own && !(departs(u.code) && others > 0) {
			r.failed(*r.failure(u))
		}
		return nil, u
	}
	r.breaker.stood()
	r.log.Debug("connected", "relay", r.settings.Name(), "offers", c.offer.String())
	r.add(c)
	return c, nil
}

func (r *Relay) failed(f failure) {
	if r.breaker.failed(f) {
		r.log.Error("the relay is offered no letter", "relay", r.settings.Name(), "why", r.breaker.words())
	}
}

// failure is what no connection means to the breaker.
func (r *Relay) failure(u *unreachable) *failure {
	f := &failure{at: r.now(), why: u.Error()}
	if u.login {
		f.login, f.person = u.with, refusesLogin(u.code)
		if f.person {
			f.why = "the relay refuses the login: " + u.text
		}
	}
	return f
}

// fingerprintOf is that of what a connection logs in with, or of why that cannot be had.
func fingerprintOf(secret string, err error) fingerprint {
	if err != nil {
		secret = "\x00" + err.Error()
	}
	return sha256.Sum256([]byte(secret))
}

// short is the trouble without what ends it.
func (t *Trouble) short() string {
	if t.Held {
		return t.String()
	}
	return t.Why
}

// unreachable is the trouble as an answer to a letter.
func (t *Trouble) unreachable() *unreachable {
	return &unreachable{what: "relay left alone", text: t.short(), own: true}
}

// short is a time as people write it: 5m, not 5m0s.
func short(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
