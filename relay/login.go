package relay

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/wneessen/go-mail/smtp"
)

// logins are the names that auth= takes, besides auto and none.
var logins = []string{
	"plain", "login", "cram-md5", "ntlm", "scram-sha-1", "scram-sha-1-plus", "scram-sha-256", "scram-sha-256-plus", "xoauth2",
}

// clearLogins show the password or token to everyone who can read the connection.
var clearLogins = []string{"plain", "login", "xoauth2"}

// autoLogins is the order in which auto takes what is offered. Channel binding (-PLUS) and NTLM are taken by name only:
// relays that offer them and cannot do them are common, and a refused login may lock the account. CRAM-MD5 comes last
// under TLS for the same reason.
func autoLogins(secure, readable bool) []string {
	switch {
	case secure:
		return []string{"scram-sha-256", "scram-sha-1", "plain", "login", "cram-md5"}
	case readable:
		return []string{"scram-sha-256", "scram-sha-1", "cram-md5"}
	default: // this machine
		return []string{"scram-sha-256", "scram-sha-1", "cram-md5", "plain", "login"}
	}
}

// secret is what this connection logs in with: the password, or a token of the moment.
func (s Settings) secret(ctx context.Context) (string, error) {
	switch {
	case s.Auth == "xoauth2":
		return s.Token(ctx)
	case s.Auth != "" && s.PasswordFile != "":
		b, err := os.ReadFile(s.PasswordFile)
		if err != nil {
			return "", fmt.Errorf("password_file: %w", err)
		}
		password := strings.TrimRight(string(b), "\r\n")
		if password == "" || strings.ContainsAny(password, "\x00\r\n") {
			return "", fmt.Errorf("password_file: %s does not hold one password on one line", s.PasswordFile)
		}
		return password, nil
	}
	return string(s.Password), nil
}

// logIn logs in on a connection that go-mail has made, and returns the login's name. It chooses among what the relay
// offers on this connection, after TLS.
func (s Settings) logIn(client *smtp.Client, secret string) (string, error) {
	_, offered := client.Extension("AUTH")
	mechanisms := strings.Fields(strings.ToLower(offered))
	tls, tlsErr := client.GetTLSConnectionState()
	want := []string{s.Auth}
	if s.Auth == "auto" {
		want = autoLogins(tlsErr == nil, s.clear())
	}
	i := slices.IndexFunc(want, func(name string) bool { return slices.Contains(mechanisms, name) })
	if i < 0 {
		return "", fmt.Errorf("the relay offers no login that auth=%s may use (it offers: %s)", s.Auth, shorten(strings.Join(mechanisms, " ")))
	}
	var auth smtp.Auth
	switch name := want[i]; name {
	case "plain":
		auth = smtp.PlainAuth("", s.User, secret, s.Host, !s.clear())
	case "login":
		auth = smtp.LoginAuth(s.User, secret, s.Host, !s.clear())
	case "cram-md5":
		auth = smtp.CRAMMD5Auth(s.User, secret)
	case "ntlm":
		auth = smtp.NTLMAuth(s.User, secret, "")
	case "scram-sha-1":
		auth = smtp.ScramSHA1Auth(s.User, secret)
	case "scram-sha-256":
		auth = smtp.ScramSHA256Auth(s.User, secret)
	case "xoauth2":
		auth = smtp.XOAuth2Auth(s.User, secret)
	case "scram-sha-1-plus", "scram-sha-256-plus":
		if tlsErr != nil {
			return "", fmt.Errorf("auth=%s needs tls=starttls or tls=implicit", name)
		}
		auth = smtp.ScramSHA1PlusAuth(s.User, secret, tls)
		if name == "scram-sha-256-plus" {
			auth = smtp.ScramSHA256PlusAuth(s.User, secret, tls)
		}
	}
	return want[i], client.Auth(auth)
}

// redact takes a secret out of words that came from outside, also in the forms in which a login carries it.
func redact(text, user, secret string) string {
	if secret == "" {
		return text
	}
	for _, form := range [...]string{"\x00" + user + "\x00" + secret, "user=" + user + "\x01auth=Bearer " + secret + "\x01\x01", secret} {
		text = strings.ReplaceAll(text, base64.StdEncoding.EncodeToString([]byte(form)), "***")
	}
	return strings.ReplaceAll(text, secret, "***")
}

// authorities reads the certificates of a CA file.
func authorities(file string) (*x509.CertPool, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("ca_file: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(b) {
		return nil, fmt.Errorf("ca_file: %s holds no certificate; it must be a PEM file (-----BEGIN CERTIFICATE-----)", file)
	}
	return pool, nil
}
