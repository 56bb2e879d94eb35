package relaytest

import (
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// Options are how a server differs from an open relay without TLS.
type Options struct {
	TLS      string        // "starttls", "implicit", "" for none
	Expired  bool          // its certificate has expired
	Logins   []string      // mechanisms it offers, in upper case; mail is taken after one of them only
	User     string        // the one account
	Password string        // its password, or its access token
	Size     int64         // largest message, 0 for no limit
	Slow     time.Duration // how long slow@ waits before the dot is answered
}

// A Server is a well-behaved relay on loopback whose answers follow from the recipient's local part:
//
//	tempfail@      451 at RCPT
//	greylist@      451 at RCPT the first time, then taken
//	refuse@        550 at RCPT
//	hangup@        the connection ends at RCPT
//	dot-tempfail@  451 after the dot
//	dot-refuse@    554 after the dot
//	dot-hangup@    the letter is taken, then the connection ends without an answer
//	dot-drop@      the connection ends after the dot, and the letter is not taken
//	slow@          taken after Options.Slow
//
// A "+" or "-" and what follows it (refuse+ken@) is ignored, except in dot-; everything else is taken.
type Server struct {
	Witness
	Addr string // 127.0.0.1:port

	options Options
	caFile  string
	done    chan struct{}

	mu          sync.Mutex
	connections int
	seen        map[string]bool
}

// Start runs a server until the test ends.
func Start(t testing.TB, o Options) *Server {
	t.Helper()
	s := &Server{options: o, done: make(chan struct{}), seen: map[string]bool{}}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.Addr = l.Addr().String()
	server := smtp.NewServer(smtp.BackendFunc(s.session))
	server.Domain, server.AllowInsecureAuth, server.MaxMessageBytes = "relay.example", true, o.Size
	server.ErrorLog = log.New(io.Discard, "", 0)
	if o.TLS != "" {
		var certificate tls.Certificate
		certificate, s.caFile = selfSigned(t, o.Expired)
		config := &tls.Config{Certificates: []tls.Certificate{certificate}}
		if o.TLS == "implicit" {
			l = tls.NewListener(l, config)
		} else {
			server.TLSConfig = config
		}
	}
	served := make(chan struct{})
	go func() {
		defer close(served)
		server.Serve(l)
	}()
	t.Cleanup(func() {
		close(s.done)
		server.Close()
		l.Close() // the server does not know it yet when the test was quick
		<-served
	})
	return s
}

// URL is the server's address as relay.ParseURL reads it, with its account and certificate.
func (s *Server) URL() string {
	u := url.URL{Scheme: "smtp", Host: s.Addr}
	q := url.Values{"tls": {"none"}}
	if s.options.User != "" {
		u.User = url.UserPassword(s.options.User, s.options.Password)
	}
	if s.options.TLS != "" {
		q.Set("tls", s.options.TLS)
		q.Set("ca_file", s.caFile)
	}
	u.RawQuery = q.Encode()
	return u.String()
}

// Connections is how many connections were made so far.
func (s *Server) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.connections
}

func (s *Server) session(c *smtp.Conn) (smtp.Session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.connections++
	return &session{server: s, conn: c, in: len(s.options.Logins) == 0}, nil
}

// session is one connection.
type session struct {
	server *Server
	conn   *smtp.Conn
	in     bool // logged in, or no need to
	from   string
	to     []string
}

func (s *session) AuthMechanisms() []string { return s.server.options.Logins }

func (s *session) Auth(mechanism string) (sasl.Server, error) {
	if !slices.Contains(s.server.options.Logins, mechanism) {
		return nil, smtp.ErrAuthUnknownMechanism
	}
	return s.login(mechanism)
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	if !s.in {
		return &smtp.SMTPError{Code: 530, EnhancedCode: smtp.EnhancedCode{5, 7, 0}, Message: "log in first"}
	}
	s.from, s.to = from, nil
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	switch habit(to) {
	case "tempfail":
		return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "come back later"}
	case "greylist":
		s.server.mu.Lock()
		defer s.server.mu.Unlock()
		if !s.server.seen[to] {
			s.server.seen[to] = true
			return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "greylisted"}
		}
	case "refuse":
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such mailbox"}
	case "hangup":
		return s.hangUp()
	}
	s.to = append(s.to, to)
	return nil
}

func (s *session) Data(r io.Reader) error {
	data, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	for _, to := range s.to {
		switch habit(to) {
		case "dot-tempfail":
			return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "not now"}
		case "dot-refuse":
			return &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 7, 1}, Message: "content refused"}
		case "dot-drop":
			return s.hangUp()
		case "slow":
			wait := time.NewTimer(s.server.options.Slow)
			defer wait.Stop()
			select {
			case <-wait.C:
			case <-s.server.done:
				return errors.New("the server ends")
			}
		}
	}
	s.server.take(s.from, s.to, data)
	if slices.ContainsFunc(s.to, func(to string) bool { return habit(to) == "dot-hangup" }) {
		return s.hangUp()
	}
	return nil
}

func (s *session) hangUp() error {
	s.conn.Conn().Close()
	return errors.New("hung up")
}

func (s *session) Reset()        { s.from, s.to = "", nil }
func (s *session) Logout() error { return nil }

// habit is the part of an address that the server obeys.
func habit(address string) string {
	local, _, _ := strings.Cut(address, "@")
	local, _, _ = strings.Cut(local, "+")
	if rest, ok := strings.CutPrefix(local, "dot-"); ok {
		word, _, _ := strings.Cut(rest, "-")
		return "dot-" + word
	}
	word, _, _ := strings.Cut(local, "-")
	return word
}
