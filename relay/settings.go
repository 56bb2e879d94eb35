package relay

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Secret never shows: String, formatting, JSON and the log say "set".
type Secret string

// String is "set", or "" when there is none.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return "set"
}

// GoString is what %#v shows.
func (s Secret) GoString() string { return strconv.Quote(s.String()) }

// MarshalText is what JSON, YAML and slog show.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// How a connection is encrypted.
const (
	StartTLS = "starttls" // in the clear until STARTTLS, which the relay must offer
	Implicit = "implicit" // from the first byte
	NoTLS    = "none"     // never; to this machine, or with Settings.Insecure
)

// Settings say which relay, and how it is spoken to.
type Settings struct {
	Host         string
	Port         int
	TLS          string // StartTLS, Implicit or NoTLS
	Auth         string // a name of logins, "auto" for the best one that is offered, "" for none
	User         string
	Password     Secret
	PasswordFile string                                // where the password is, read anew for each connection
	Token        func(context.Context) (string, error) // access token for XOAUTH2, asked for at each connection
	TokenFile    string                                // where Token reads, for String
	Insecure     bool                                  // letters may cross a network in the clear; a password never does
	CAFile       string                                // PEM file of the authorities that may sign the relay's certificate; "" for the system's
	Helo         string                                // name said in EHLO; "" for the host's name
	Connections  int                                   // open at once, at most; 0 where the URL does not say: then 1
	Pace         *time.Duration                        // time between two letters, 0 for none; nil where the URL does not say
}

// Name is the relay's name in pages and keys: host:port.
func (s Settings) Name() string { return net.JoinHostPort(s.Host, strconv.Itoa(s.Port)) }

// String is the settings as their URL, with every secret as "set".
func (s Settings) String() string {
	u := url.URL{Scheme: "smtp", Host: s.Name()}
	if s.User != "" {
		u.User = url.User(s.User)
		if s.Password != "" {
			u.User = url.UserPassword(s.User, s.Password.String())
		}
	}
	q := url.Values{"tls": {s.TLS}}
	for _, p := range [...]struct{ key, value string }{{"auth", s.Auth}, {"token_file", s.TokenFile}, {"password_file", s.PasswordFile}, {"ca_file", s.CAFile}, {"helo", s.Helo}} {
		if p.value != "" {
			q.Set(p.key, p.value)
		}
	}
	if s.Insecure {
		q.Set("insecure", "yes")
	}
	if s.Pace != nil {
		q.Set("pace", short(*s.Pace))
	}
	if s.Connections > 0 {
		q.Set("connections", strconv.Itoa(s.Connections))
	}
	u.RawQuery = q.Encode()
	return u.String()
}

// ParseURL reads smtp://user:password@host:port?tls=starttls|implicit|none and the optional parameters auth, token_file,
// password_file, ca_file, helo, insecure, pace and connections. The port is 587 with STARTTLS, 465 with implicit TLS and 25 without TLS unless it is given;
// tls is implicit for port 465 and starttls otherwise. The error names every fault and what to do, and holds no secret.
func ParseURL(s string) (Settings, error) {
	u, err := url.Parse(s)
	if err != nil {
		// The parser's own words quote the URL, and the password with it.
		return Settings{}, errors.New("the relay's address cannot be read; expected smtp://user:password@host:port?tls=starttls, " +
			"with the characters @ : / ? # % and spaces of a password percent-encoded (@ is %40)")
	}
	p := parser{url: u, query: u.Query()}
	p.target()
	p.encryption()
	p.login()
	p.rest()
	return p.Settings, errors.Join(p.faults...)
}

// parser collects settings and every fault in them.
type parser struct {
	Settings
	url    *url.URL
	query  url.Values
	faults []error
}

func (p *parser) faultf(format string, args ...any) {
	p.faults = append(p.faults, fmt.Errorf(format, args...))
}

// hostCharacters are those of host names; the underscore is common in the names of containers.
const hostCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_"

func (p *parser) target() {
	if p.url.Scheme != "smtp" {
		p.faultf("the relay's address begins with %s; write smtp://host:port (encryption is set with tls=starttls or tls=implicit)", shorten(p.url.Scheme+":"))
	}
	if p.Host = p.url.Hostname(); p.Host == "" {
		p.faultf("the relay's address names no host; write smtp://host:port?tls=starttls")
	} else if net.ParseIP(p.Host) == nil && strings.ContainsFunc(p.Host, func(r rune) bool { return !strings.ContainsRune(hostCharacters, r) }) {
		p.faultf("%s is not the name or the address of a host; write for example relay.iom.example", shorten(p.Host))
	}
	if port := p.url.Port(); port != "" {
		n, err := strconv.Atoi(port)
		if err != nil || n < 1 || n > 65535 {
			p.faultf("port %s does not exist; a port is a number from 1 to 65535", shorten(port))
		}
		p.Port = n
	}
	if p.url.Path != "" && p.url.Path != "/" {
		p.faultf("the relay's address has a path after the port; remove it")
	}
}

func (p *parser) encryption() {
	p.TLS = p.query.Get("tls")
	switch {
	case p.TLS == "" && p.Port == 465:
		p.TLS = Implicit
	case p.TLS == "":
		p.TLS = StartTLS
	case p.TLS != StartTLS && p.TLS != Implicit && p.TLS != NoTLS:
		p.faultf("tls=%s is not known; write tls=starttls, tls=implicit or tls=none", shorten(p.TLS))
	}
	if p.Port == 0 {
		p.Port = map[string]int{StartTLS: 587, Implicit: 465, NoTLS: 25}[p.TLS]
	}
	switch p.query.Get("insecure") {
	case "":
	case "yes":
		p.Insecure = true
	default:
		p.faultf("insecure=%s is not known; write insecure=yes or leave it out", shorten(p.query.Get("insecure")))
	}
	if p.TLS == NoTLS && !p.Insecure && p.Host != "" && !loopback(p.Host) {
		p.faultf("tls=none sends every letter in the clear, and %s is not this machine; write tls=starttls or tls=implicit "+
			"(or add insecure=yes where nobody else can read the network between)", shorten(p.Host))
	}
}

func (p *parser) login() {
	p.User = p.url.User.Username()
	password, hasPassword := p.url.User.Password()
	p.Password = Secret(password)
	p.TokenFile, p.PasswordFile = p.query.Get("token_file"), p.query.Get("password_file")
	p.Auth = strings.ToLower(p.query.Get("auth"))
	if p.Auth == "" && p.User != "" {
		p.Auth = "auto"
		if p.TokenFile != "" {
			p.Auth = "xoauth2"
		}
	}
	if p.TokenFile != "" {
		p.Token = tokenFrom(p.TokenFile)
	}
	switch {
	case p.Auth == "" || p.Auth == "none":
		p.Auth = ""
		if p.User != "" || hasPassword {
			p.faultf("there is a user or a password but auth=none; remove one of them")
		} else if p.PasswordFile != "" {
			p.faultf("password_file needs a user; write smtp://user@host?password_file=FILE")
		}
	case p.Auth != "auto" && !slices.Contains(logins, p.Auth):
		p.faultf("auth=%s is not known; write auth=auto or one of %s", shorten(p.Auth), strings.Join(logins, ", "))
	case p.User == "":
		p.faultf("auth=%s needs a user; write smtp://user:password@host", p.Auth)
	case p.Auth == "xoauth2" && p.TokenFile == "":
		p.faultf("auth=xoauth2 needs token_file=FILE, a file that holds the access token (it is read anew for each connection)")
	case p.Auth != "xoauth2" && p.TokenFile != "":
		p.faultf("token_file is read by auth=xoauth2 only; write auth=xoauth2 or remove token_file")
	case p.PasswordFile != "" && (hasPassword || p.Auth == "xoauth2"):
		p.faultf("password_file stands beside a password or a token; leave only one of them")
	case p.Auth != "xoauth2" && password == "" && p.PasswordFile == "":
		p.faultf("auth=%s needs a password; write smtp://user:password@host or smtp://user@host?password_file=FILE", p.Auth)
	case p.clear() && slices.Contains(clearLogins, p.Auth):
		p.faultf("auth=%s would send the password in the clear to %s; write tls=starttls or tls=implicit", p.Auth, shorten(p.Host))
	}
	for _, s := range [...]string{p.User, password} {
		if strings.ContainsAny(s, "\x00\r\n") {
			p.faultf("the user or the password holds a control character; look for %%00, %%0d or %%0a in the relay's address")
			break
		}
	}
}

func (p *parser) rest() {
	p.Helo, p.CAFile = p.query.Get("helo"), p.query.Get("ca_file")
	if strings.ContainsFunc(p.Helo, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		p.faultf("helo=%s is not the name of a host; write the full name of this machine, for example mail.iom.example", shorten(p.Helo))
	}
	if p.CAFile != "" {
		if _, err := authorities(p.CAFile); err != nil {
			p.faults = append(p.faults, err)
		}
	}
	if v, given := p.given("pace"); given {
		d, err := time.ParseDuration(v)
		if err != nil || d < 0 || d > time.Hour {
			p.faultf("pace=%s is not a time from 0 to 1h; write for example pace=5s, or pace=0 for none", shorten(v))
		}
		p.Pace = &d
	}
	if v, given := p.given("connections"); given {
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 || n > 1000 {
			p.faultf("connections=%s is not a number from 1 to 1000; write for example connections=5", shorten(v))
		}
		p.Connections = n
	}
	known := []string{"auth", "ca_file", "connections", "helo", "insecure", "pace", "password_file", "tls", "token_file"}
	var unknown []string
	for key, values := range p.query {
		if !slices.Contains(known, key) {
			unknown = append(unknown, shorten(key))
		} else if len(values) > 1 {
			p.faultf("%s is given %d times; give it once", key, len(values))
		}
	}
	slices.Sort(unknown)
	for _, key := range unknown {
		p.faultf("%s is not a setting of a relay; there are: %s", key, strings.Join(known, ", "))
	}
}

// given is the value of a parameter that may be there and empty.
func (p *parser) given(key string) (string, bool) {
	_, is := p.query[key]
	return p.query.Get(key), is
}

// ParseList reads one or several addresses, separated by spaces or line ends, in the order in which letters are offered.
func ParseList(s string) ([]Settings, error) {
	var all []Settings
	var faults []error
	words := strings.Fields(s)
	if len(words) < 2 {
		one, err := ParseURL(strings.TrimSpace(s))
		return []Settings{one}, err
	}
	for i, word := range words {
		one, err := ParseURL(word)
		if err != nil {
			for _, line := range strings.Split(err.Error(), "\n") {
				faults = append(faults, fmt.Errorf("relay %d of %d: %s", i+1, len(words), line))
			}
		} else if slices.ContainsFunc(all, func(other Settings) bool { return strings.EqualFold(other.Name(), one.Name()) }) {
			faults = append(faults, fmt.Errorf("relay %d of %d: %s is there already; give each relay once", i+1, len(words), one.Name()))
		}
		all = append(all, one)
	}
	return all, errors.Join(faults...)
}

// Loopback says whether the relay is this machine itself.
func (s Settings) Loopback() bool { return loopback(s.Host) }

// clear says whether what is sent can be read on the way by others.
func (s Settings) clear() bool { return s.TLS == NoTLS && !loopback(s.Host) }

// tokenFrom reads an access token from a file, anew each time: whoever renews it replaces the file.
func tokenFrom(file string) func(context.Context) (string, error) {
	return func(context.Context) (string, error) {
		b, err := os.ReadFile(file)
		if err != nil {
			return "", fmt.Errorf("access token: %w", err)
		}
		token := strings.TrimSpace(string(b))
		if token == "" || strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
			return "", fmt.Errorf("access token: %s does not hold one token", file)
		}
		return token, nil
	}
}

// loopback says whether a host name or address means this machine.
func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// shorten is a value as an error shows it.
func shorten(s string) string {
	if r := []rune(s); len(r) > 40 {
		s = string(r[:40]) + "..."
	}
	return strconv.Quote(s)
}
