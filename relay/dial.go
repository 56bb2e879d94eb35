package relay

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"

	"outreach.example/letter"
)

// maxGreeting bounds what a relay may say before the connection stands: go-mail reads its lines without a limit.
const maxGreeting = 64 << 10

// noStartTLS is in go-mail's words, its only sign, when STARTTLS is mandatory and not offered.
const noStartTLS = "does not support STARTTLS"

// LoopbackOnly dials this machine and nothing else. The address is looked at after names are resolved, so no name can
// lead elsewhere.
func LoopbackOnly(ctx context.Context, network, address string) (net.Conn, error) {
	return onlyHere("trial mode: %s is not this machine; nothing leaves it")(ctx, network, address)
}

// onlyHere dials loopback addresses and refuses others in the given words.
func onlyHere(refusal string) func(context.Context, string, string) (net.Conn, error) {
	d := net.Dialer{Control: func(network, address string, _ syscall.RawConn) error {
		if strings.HasPrefix(network, "unix") {
			return nil
		}
		host, _, err := net.SplitHostPort(address)
		if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsLoopback() {
			return fmt.Errorf(refusal, address)
		}
		return nil
	}}
	return d.DialContext
}

// wire is the socket under everything else. Closing it is the only way to leave an open transaction: QUIT, RSET and NOOP
// of a library would end its content with the dot.
type wire struct {
	net.Conn
	heard    int   // bytes the relay may still say; negative for no limit
	written  int   // bytes the kernel has taken
	lost     error // what ended the connection before it stood
	starttls bool
}

func (w *wire) Read(p []byte) (int, error) {
	if w.heard < 0 {
		return w.Conn.Read(p)
	}
	n, err := w.Conn.Read(p)
	if err != nil {
		w.lost = err
	}
	if w.heard -= n; w.heard < 0 {
		w.heard = 0
		return 0, fmt.Errorf("%w: the relay talks without end", errGarbage)
	}
	return n, err
}

func (w *wire) Write(p []byte) (int, error) {
	if w.heard >= 0 && strings.HasPrefix(string(p[:min(len(p), 8)]), "STARTTLS") {
		w.starttls = true
	}
	n, err := w.Conn.Write(p)
	w.written += n
	return n, err
}

// offer is what a relay offers on one connection.
type offer struct {
	tls        string // "TLS 1.3", "" for none
	login      string // the login that was used
	logins     []string
	pipelining bool
	eightBit   bool
	size       int // largest message in octets, 0 for no limit told
}

// String is the offer as doctor shows it.
func (o offer) String() string {
	words := []string{"no TLS"}
	if o.tls != "" {
		words[0] = o.tls
	}
	switch {
	case o.login != "":
		words = append(words, "logged in with "+strings.ToUpper(o.login))
	case len(o.logins) > 0:
		words = append(words, "no login (offered: "+strings.Join(o.logins, " ")+")")
	default:
		words = append(words, "no login")
	}
	if o.pipelining {
		words = append(words, "PIPELINING")
	} else {
		words = append(words, "no PIPELINING")
	}
	if o.size > 0 {
		words = append(words, fmt.Sprintf("letters up to %d octets", o.size))
	}
	return strings.Join(words, ", ")
}

// unreachable says why no connection stands. It concerns the relay, never a letter.
type unreachable struct {
	what string // which part: "no connection", "no greeting", "no TLS", "no login"
	code int
	text string

	own   bool        // this program's doing: it was stopped, or it leaves the relay alone
	login bool        // the login is what was refused, or could not be had
	with  fingerprint // of what was logged in with, where login
}

func (u *unreachable) Error() string { return u.what + ": " + u.text }

func (u *unreachable) verdict() letter.Verdict {
	v := letter.Verdict{Outcome: letter.Unreachable, Stage: letter.StageDial, Code: u.code, Text: u.Error()}
	if u.code > 0 {
		words := strings.TrimPrefix(u.text, strconv.Itoa(u.code)+" ")
		v.Enhanced = enhanced(u.code, words)
		v.Text = u.what + ": " + strings.TrimSpace(strings.TrimPrefix(words, v.Enhanced))
	}
	return v
}

// open makes one connection, logged in and ready for MAIL. go-mail dials, speaks EHLO and STARTTLS; the socket under it
// is ours, because go-mail leaves it open when it gives up and because only the socket can be closed without a word.
func (r *Relay) open(ctx context.Context) (*conn, *unreachable) {
	s := r.settings
	ctx, cancel := context.WithTimeout(ctx, r.times.Dial)
	defer cancel()
	defer context.AfterFunc(r.life, cancel)()
	secret, err := s.secret(ctx)
	if err != nil {
		return nil, &unreachable{what: "no login", text: err.Error(), login: true, with: fingerprintOf("", err)}
	}
	config := &tls.Config{ServerName: s.Host, MinVersion: tls.VersionTLS12}
	if s.CAFile != "" {
		if config.RootCAs, err = authorities(s.CAFile); err != nil {
			return nil, &unreachable{what: "no TLS", text: err.Error()}
		}
	}
	var w *wire
	var here func() bool
	connect := func(dialling context.Context, network, _ string) (net.Conn, error) {
		raw, err := r.dial(dialling, network, s.Name())
		if err != nil {
			return nil, err
		}
		w = &wire{Conn: raw, heard: maxGreeting}
		// Not dialling: go-mail ends that one when the connection stands.
		here = context.AfterFunc(ctx, func() { raw.Close() })
		if s.TLS != Implicit {
			return w, nil
		}
		w.starttls = true
		t := tls.Client(w, config)
		return t, t.HandshakeContext(dialling)
	}
	policy := mail.NoTLS
	if s.TLS == StartTLS {
		policy = mail.TLSMandatory
	}
	options := []mail.Option{
		mail.WithPort(s.Port), mail.WithTimeout(r.times.Dial), mail.WithTLSPolicy(policy), mail.WithTLSConfig(config),
		mail.WithDialContextFunc(connect),
	}
	if s.Helo != "" {
		options = append(options, mail.WithHELO(s.Helo))
	}
	dialer, err := mail.NewClient(s.Host, options...)
	if err != nil {
		return nil, &unreachable{what: "no connection", text: err.Error()}
	}
	c := &conn{relay: r}
	client, err := dialer.DialToSMTPClientWithContext(ctx)
	what := "no greeting"
	switch {
	case err == nil && s.Auth != "":
		what = "no login"
		c.offer.login, err = s.logIn(client, secret)
	case err != nil && w == nil:
		what = "no connection"
	case err != nil && (w.starttls || strings.Contains(err.Error(), noStartTLS)):
		what = "no TLS"
	}
	if w != nil && !here() && err == nil {
		err = context.Cause(ctx)
	}
	if err == nil && w.lost != nil {
		// net/textproto takes a line that the end of the connection cut off for a whole one: a letter would be judged by
		// half a SIZE.
		err = fmt.Errorf("in the middle of its greeting: %w", w.lost)
	}
	if err != nil {
		if w != nil {
			w.Close()
		}
		u := s.explain(what, err, ctx, secret)
		if what == "no login" {
			u.login, u.with = true, fingerprintOf(secret, nil)
		}
		return nil, u
	}
	c.take(w, client)
	return c, nil
}

// explain puts into words why no connection stands.
func (s Settings) explain(what string, err error, ctx context.Context, secret string) *unreachable {
	u := &unreachable{what: what}
	var said *textproto.Error
	switch {
	case errors.As(err, &said):
		u.code, u.text = said.Code, fmt.Sprintf("%03d %s", said.Code, printable([]byte(strings.ReplaceAll(said.Msg, "\n", " "))))
	case ctx.Err() != nil && !errors.Is(err, errGarbage):
		u.text = "no answer in time"
		if !errors.Is(ctx.Err(), context.DeadlineExceeded) {
			u.text, u.own = "stopped", true
		}
	case strings.Contains(err.Error(), noStartTLS):
		u.text = "the relay does not offer STARTTLS, and nothing is sent in the clear"
	case errors.Is(err, os.ErrDeadlineExceeded):
		u.text = "no answer in time"
	case errors.Is(err, io.EOF):
		u.text = "the relay closed the connection"
	default:
		u.text = printable([]byte(err.Error()))
	}
	u.text = redact(u.text, s.User, secret)
	if len(u.text) > maxReplyText {
		u.text = u.text[:maxReplyText]
	}
	return u
}

// take fills a connection from what go-mail has made. From here on only this package speaks on it.
func (c *conn) take(w *wire, client *smtp.Client) {
	w.SetDeadline(time.Time{}) // go-mail's, which stands for everything at once
	w.heard = -1
	c.wire, c.r, c.w = w, client.Text.R, client.Text.W
	if state, err := client.GetTLSConnectionState(); err == nil {
		c.offer.tls = tls.VersionName(state.Version)
	}
	_, logins := client.Extension("AUTH")
	c.offer.logins = strings.Fields(logins)
	c.offer.pipelining, _ = client.Extension("PIPELINING")
	c.offer.eightBit, _ = client.Extension("8BITMIME")
	if ok, size := client.Extension("SIZE"); ok {
		c.offer.size, _ = strconv.Atoi(size) // RFC 1870 4: no number or 0 is no limit
	}
	c.deadline = time.AfterFunc(time.Hour, func() {
		c.abort("no answer within " + time.Duration(c.limit.Load()).String())
	})
	c.deadline.Stop()
	c.clean = true
}
