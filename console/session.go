package console

import (
	"context"
	"net/http"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/redis/go-redis/v9"

	"outreach.example/ledger"
)

// How long somebody stays signed in: without a click, and altogether (ASVS 5.0 V7). A password typed again counts for a while.
const (
	idle     = 30 * time.Minute
	lifetime = 12 * time.Hour
	again    = 5 * time.Minute
)

// What a session holds.
const (
	whoKey   = "who"   // the person's name
	roundKey = "round" // of the person when they signed in; another one now ends the session
	againKey = "again" // when they last typed their password
	tokenKey = "token" // that every form of theirs carries
	flashKey = "flash" // what the next page says on top
)

// sessions are kept in Redis under the hash of what the cookie says, so that reading the store signs nobody in.
func (c *Console) openSessions() *scs.SessionManager {
	m := scs.New()
	m.Store = sessionStore{c.Ledger.Redis}
	m.IdleTimeout, m.Lifetime = idle, lifetime
	m.HashTokenInStore = true
	m.Cookie.HttpOnly, m.Cookie.SameSite, m.Cookie.Path, m.Cookie.Persist = true, http.SameSiteLaxMode, "/", false
	// A browser takes a __Host- cookie only over TLS, from this host, for this host (RFC 6265bis 4.1.3.2).
	m.Cookie.Name, m.Cookie.Secure = "outreach", false
	if c.secure() {
		m.Cookie.Name, m.Cookie.Secure = "__Host-outreach", true
	}
	return m
}

// sessionStore is scs's store on Redis.
type sessionStore struct{ redis redis.UniversalClient }

func sessionKeyOf(token string) string { return ledger.ConsoleKey("session:" + token) }

// FindCtx reads a session.
func (s sessionStore) FindCtx(ctx context.Context, token string) ([]byte, bool, error) {
	b, err := s.redis.Get(ctx, sessionKeyOf(token)).Bytes()
	if err == redis.Nil {
		return nil, false, nil
	}
	return b, err == nil, err
}

// CommitCtx writes a session until it expires.
func (s sessionStore) CommitCtx(ctx context.Context, token string, b []byte, expiry time.Time) error {
	left := time.Until(expiry)
	if left <= 0 {
		return s.DeleteCtx(ctx, token)
	}
	if ctx.Value(ongoing{}) != nil {
		// Somebody may have signed out while this request was answered: what is gone stays gone.
		return s.redis.SetXX(ctx, sessionKeyOf(token), b, left).Err()
	}
	return s.redis.Set(ctx, sessionKeyOf(token), b, left).Err()
}

// ongoing marks the writing of a session that was there before.
type ongoing struct{}

// DeleteCtx ends a session.
func (s sessionStore) DeleteCtx(ctx context.Context, token string) error {
	return s.redis.Del(ctx, sessionKeyOf(token)).Err()
}

// Find is FindCtx, for who has no context.
func (s sessionStore) Find(token string) ([]byte, bool, error) {
	return s.FindCtx(context.Background(), token)
}

// Commit is CommitCtx, for who has no context.
func (s sessionStore) Commit(token string, b []byte, expiry time.Time) error {
	return s.CommitCtx(context.Background(), token, b, expiry)
}

// Delete is DeleteCtx, for who has no context.
func (s sessionStore) Delete(token string) error { return s.DeleteCtx(context.Background(), token) }

// withSession reads the session of a request and writes it back before the answer. A page that asks for itself again by
// script (live) is no click: it does not keep anybody signed in.
func (c *Console) withSession(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token := ""
		if cookie, err := r.Cookie(c.sessions.Cookie.Name); err == nil {
			token = cookie.Value
		}
		ctx, err := c.sessions.Load(r.Context(), token)
		if err != nil {
			c.broken(w, r, err)
			return
		}
		r = r.WithContext(ctx)
		k := &keeper{ResponseWriter: w, console: c, request: r, had: c.sessions.Token(ctx)}
		next.ServeHTTP(k, r)
		k.keep()
	})
}

// keeper writes the session and its cookie before the first byte of the answer.
type keeper struct {
	http.ResponseWriter
	console *Console
	request *http.Request
	had     string // the session it came with
	kept    bool
}

func (k *keeper) keep() {
	if k.kept {
		return
	}
	k.kept = true
	s, ctx := k.console.sessions, k.request.Context()
	switch s.Status(ctx) {
	case scs.Modified:
		if s.GetString(ctx, whoKey) == "" && s.GetString(ctx, flashKey) == "" {
			return // strangers have no session
		}
		if live(k.request) {
			return
		}
		if k.had != "" && k.had == s.Token(ctx) {
			ctx = context.WithValue(ctx, ongoing{}, true)
		}
		token, expiry, err := s.Commit(ctx)
		if err != nil {
			k.console.Log.Error("session not kept", "error", err)
			return
		}
		s.WriteSessionCookie(ctx, k.ResponseWriter, token, expiry)
	case scs.Destroyed:
		s.WriteSessionCookie(ctx, k.ResponseWriter, "", time.Time{})
	}
}

func (k *keeper) WriteHeader(code int) {
	k.keep()
	k.ResponseWriter.WriteHeader(code)
}

func (k *keeper) Write(b []byte) (int, error) {
	k.keep()
	return k.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController flush.
func (k *keeper) Unwrap() http.ResponseWriter { return k.ResponseWriter }

// live says whether a script asks, and no person.
func live(r *http.Request) bool { return r.Header.Get("X-Live") != "" || r.URL.Path == "/events" }

// who is the person that a request comes from; ok is false for a stranger, and for whoever was signed out elsewhere.
func (c *Console) who(ctx context.Context) (ledger.Account, bool, error) {
	name := c.sessions.GetString(ctx, whoKey)
	if name == "" {
		return ledger.Account{}, false, nil
	}
	p, ok, err := c.Ledger.Person(ctx, name)
	if err != nil || !ok || p.Round != c.sessions.GetInt(ctx, roundKey) || p.Password == "" {
		return ledger.Account{}, false, err
	}
	return p, true, nil
}

// enter signs a person in, under a new session: what the cookie said before is worth nothing.
func (c *Console) enter(ctx context.Context, p ledger.Account) error {
	if err := c.sessions.Clear(ctx); err != nil {
		return err
	}
	if err := c.sessions.RenewToken(ctx); err != nil {
		return err
	}
	c.sessions.SetDeadline(ctx, time.Now().Add(lifetime))
	c.sessions.Put(ctx, whoKey, p.Name)
	c.sessions.Put(ctx, roundKey, p.Round)
	c.sessions.Put(ctx, tokenKey, random())
	c.sessions.Put(ctx, againKey, c.Now().UnixMilli())
	return nil
}
