package console

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"runtime/debug"
	"strings"
	"time"
)

// What a page may do: show its own style sheet, run its own script, ask its own host, frame a letter of its own.
const pagePolicy = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; frame-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// mostBody is how much a form may hold. A page that takes files says how much it takes itself.
const mostBody = 1 << 20

// mostUpload is how much a form with a file may hold.
const mostUpload = 21 << 20

// NewServer is a server for pages, with the times and sizes that a stranger is given.
func NewServer(h http.Handler) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: time.Minute, WriteTimeout: 2 * time.Minute,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 32 << 10,
	}
}

type requestID struct{}

// guard stands before everything: it sets the headers, gives the request a number for the log, bounds it, refuses other
// hosts and forms of other sites, and answers where the program fails.
func (c *Console) guard(next http.Handler) http.Handler {
	cross := http.NewCrossOriginProtection()
	cross.SetDenyHandler(c.visit("", func(*visit) error { return refused("elsewhere") }))
	sites := cross.Handler(c.sameSite(next))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var b [8]byte
		_, _ = rand.Read(b[:]) // never fails (crypto/rand)
		id := hex.EncodeToString(b[:])
		r = r.WithContext(context.WithValue(r.Context(), requestID{}, id))
		h := w.Header()
		h.Set("Content-Security-Policy", pagePolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
		h.Set("Cache-Control", "no-store")
		h.Set("X-Request-Id", id)
		if c.secure() {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		defer func() {
			if fault := recover(); fault != nil {
				if fault == http.ErrAbortHandler {
					panic(fault)
				}
				c.Log.Error("page failed", "request", id, "path", clean(r.URL.Path), "error", fault, "stack", string(debug.Stack()))
				plainly(w, http.StatusInternalServerError, "This page failed. Tell an operator this number: "+id)
			}
		}()
		if !c.ownHost(r.Host) {
			plainly(w, http.StatusMisdirectedRequest, "This console answers at "+c.Address+" only.")
			return
		}
		most := int64(mostBody)
		if strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/form-data") {
			most = mostUpload
		}
		r.Body = http.MaxBytesReader(w, r.Body, most)
		sites.ServeHTTP(w, r)
	})
}

// sameSite wants a form to say where it comes from: every browser of this decade says so, and CrossOriginProtection lets
// pass what does not. Programs that use the API have a token and no cookie, and come from no site.
func (c *Console) sameSite(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		safe := r.Method == http.MethodGet || r.Method == http.MethodHead
		program := strings.HasPrefix(r.URL.Path, apiPath+"/")
		if !safe && !program && r.Header.Get("Sec-Fetch-Site") == "" && r.Header.Get("Origin") == "" {
			c.visit("", func(*visit) error { return refused("elsewhere") }).ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// ownHost says whether a Host header names this console: a page of another site that had its own name point here (DNS
// rebinding) is recognised by that name.
func (c *Console) ownHost(host string) bool {
	u, err := url.Parse(c.Address)
	if err != nil {
		return false
	}
	if strings.EqualFold(host, u.Host) {
		return true
	}
	name, port, err := net.SplitHostPort(host)
	if err != nil {
		name, port = host, ""
	}
	return port == u.Port() && loopback(name) && loopback(u.Hostname())
}

func loopback(host string) bool {
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

// from is the address that a request comes from. A proxy on this machine is believed when it says for whom it asks.
func (c *Console) from(r *http.Request) netip.Addr {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.IPv4Unspecified()
	}
	addr := peer.Addr().Unmap()
	if said := r.Header.Get("X-Forwarded-For"); said != "" && addr.IsLoopback() && c.secure() {
		last := said[strings.LastIndex(said, ",")+1:]
		if a, err := netip.ParseAddr(strings.TrimSpace(last)); err == nil {
			return a.Unmap()
		}
	}
	return addr
}

// clean is text from outside as it may stand in a log line.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		if isControl(r) {
			return '?'
		}
		return r
	}, s)
	if len(s) > 200 {
		s = s[:200]
	}
	return s
}

func isControl(r rune) bool {
	return r < ' ' || r >= 0x7f && r < 0xa0 || r == '\u2028' || r == '\u2029' || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069
}

// plainly answers where no page can be made.
func plainly(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text + "\n")) // a reader who went away misses nothing
}
