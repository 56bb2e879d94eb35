package relay_test

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"outreach.example/letter"
	"outreach.example/relay"
	"outreach.example/relay/relaytest"
)

// TestLogins: each login works against a server that offers it, and a wrong password is a fault of the login that burns
// nothing and shows nothing.
func TestLogins(t *testing.T) {
	for _, tc := range []struct {
		auth, used string
		offered    []string
		tls        string
	}{
		{"plain", "PLAIN", []string{"PLAIN"}, "starttls"},
		{"login", "LOGIN", []string{"LOGIN"}, "starttls"},
		{"cram-md5", "CRAM-MD5", []string{"PLAIN", "CRAM-MD5"}, "starttls"},
		{"scram-sha-1", "SCRAM-SHA-1", []string{"SCRAM-SHA-1"}, "starttls"},
		{"scram-sha-256", "SCRAM-SHA-256", []string{"SCRAM-SHA-256"}, "implicit"},
		{"scram-sha-1-plus", "SCRAM-SHA-1-PLUS", []string{"SCRAM-SHA-1-PLUS"}, "starttls"},
		{"scram-sha-256-plus", "SCRAM-SHA-256-PLUS", []string{"SCRAM-SHA-256-PLUS"}, "implicit"},
		{"xoauth2", "XOAUTH2", []string{"XOAUTH2", "PLAIN"}, "starttls"},
		{"auto", "SCRAM-SHA-256", []string{"PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"}, "implicit"},
		{"auto", "PLAIN", []string{"LOGIN", "CRAM-MD5", "PLAIN"}, "starttls"},
		{"auto", "CRAM-MD5", []string{"LOGIN", "CRAM-MD5", "PLAIN"}, ""}, // no TLS, on this machine
		{"auto", "PLAIN", []string{"PLAIN"}, ""},
	} {
		t.Run(tc.auth+" "+tc.used+" "+tc.tls, func(t *testing.T) {
			const secret = "s3cret-p@ss"
			srv := relaytest.Start(t, relaytest.Options{TLS: tc.tls, Logins: tc.offered, User: "desk@iom.example", Password: secret})
			s, err := relay.ParseURL(srv.URL())
			if err != nil {
				t.Fatal(err)
			}
			s.Auth = tc.auth
			password := secret
			s.Token = func(context.Context) (string, error) { return password, nil }
			r := relay.New(s, relay.Options{Now: time.Now, Times: quick})
			defer r.Close(t.Context())
			if v := r.Deliver(t.Context(), sealed("a@m.example"), relay.Attempt{}, granted); v.Outcome != letter.Accepted {
				t.Errorf("%+v", v)
			}
			says, err := r.Check(t.Context())
			if err != nil || !strings.Contains(says, "logged in with "+tc.used+", PIPELINING") || (tc.tls != "") != strings.Contains(says, "TLS 1.3") {
				t.Errorf("%s, %v", says, err)
			}

			password, s.Password = "wr0ng-p@ss", "wr0ng-p@ss"
			wrong := relay.New(s, relay.Options{Now: time.Now, Times: quick})
			defer wrong.Close(t.Context())
			v := wrong.Deliver(t.Context(), sealed("b@m.example"), relay.Attempt{}, granted)
			if v.Outcome != letter.Unreachable || v.Stage != letter.StageDial || v.Code != 535 || v.Enhanced != "5.7.8" || !strings.HasPrefix(v.Text, "no login: ") {
				t.Errorf("%+v", v)
			}
			if _, err := wrong.Check(t.Context()); err == nil || strings.Contains(err.Error(), "wr0ng") || strings.Contains(v.Text, "wr0ng") {
				t.Errorf("%v", err)
			}
			if n := len(srv.Letters()); n != 1 {
				t.Errorf("%d letters", n)
			}
		})
	}
}

// TestNTLMIsSpoken: the negotiation begins as NTLM does; go-mail's own tests go through the rest.
func TestNTLMIsSpoken(t *testing.T) {
	srv := relaytest.StartRaw(t, relaytest.Script{Extensions: []string{"AUTH NTLM"}, Answer: says("AUTH", "535 5.7.8 no\r\n")})
	s, err := relay.ParseURL("smtp://u:p@" + srv.Addr + "?tls=none&auth=ntlm")
	if err != nil {
		t.Fatal(err)
	}
	_, err = relay.New(s, relay.Options{Now: time.Now, Times: quick}).Check(t.Context())
	if err == nil || !strings.Contains(err.Error(), "no login: 535 5.7.8 no") {
		t.Error(err)
	}
	for _, c := range srv.Commands() {
		if strings.HasPrefix(c.Line, "AUTH NTLM TlRMTVNTUAAB") {
			return
		}
	}
	t.Errorf("%+v", srv.Commands())
}

// TestTokenIsReadAnew: each connection logs in with the token of the moment.
func TestTokenIsReadAnew(t *testing.T) {
	srv := relaytest.Start(t, relaytest.Options{TLS: "starttls", Logins: []string{"XOAUTH2"}, User: "desk@iom.example", Password: "token-2"})
	file := filepath.Join(t.TempDir(), "token")
	write := func(token string) {
		if err := os.WriteFile(file, []byte(token+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("token-1")
	s, err := relay.ParseURL(strings.Replace(srv.URL(), ":token-2@", "@", 1) + "&token_file=" + file)
	if err != nil {
		t.Fatal(err)
	}
	r := relay.New(s, relay.Options{Now: time.Now, Times: quick})
	defer r.Close(t.Context())
	for _, step := range []struct {
		token, want string
	}{{"token-1", "no login: 535 5.7.8"}, {"token-2", ""}, {"", "no login: access token: "}, {"two tokens", "does not hold one token"}} {
		write(step.token)
		_, err := r.Check(t.Context())
		if (err == nil) != (step.want == "") || err != nil && (!strings.Contains(err.Error(), step.want) || strings.Contains(err.Error(), "token-1")) {
			t.Errorf("%q: %v", step.token, err)
		}
	}
}

// TestUnreachable: without a connection as it is set nothing is sent, nothing leaves in the clear, and the words say
// which part failed.
func TestUnreachable(t *testing.T) {
	closed := func() string {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		return l.Addr().String()
	}()
	raw := func(s relaytest.Script) func(*testing.T) (string, *relaytest.Raw) {
		return func(t *testing.T) (string, *relaytest.Raw) {
			r := relaytest.StartRaw(t, s)
			return "smtp://u:p@" + r.Addr, r
		}
	}
	for _, tc := range []struct {
		name  string
		start func(*testing.T) (string, *relaytest.Raw)
		want  string
	}{
		{"nobody listens", func(*testing.T) (string, *relaytest.Raw) { return "smtp://" + closed + "?tls=none", nil }, "no connection: dial tcp " + closed + ": connect: connection refused"},
		{"STARTTLS removed", raw(relaytest.Script{Extensions: []string{"AUTH PLAIN"}}), "no TLS: the relay does not offer STARTTLS, and nothing is sent in the clear"},
		{"STARTTLS refused", raw(relaytest.Script{Extensions: []string{"STARTTLS", "AUTH PLAIN"}, Answer: says("STARTTLS", "454 4.7.0 not now\r\n")}), "no TLS: not now"},
		{"STARTTLS and then no TLS", raw(relaytest.Script{Extensions: []string{"STARTTLS", "AUTH PLAIN"}}), "no TLS: "},
		{"implicit TLS to a server without", func(t *testing.T) (string, *relaytest.Raw) {
			r := relaytest.StartRaw(t, relaytest.Script{})
			return "smtp://u:p@" + r.Addr + "?tls=implicit", r
		}, "no TLS: tls: first record does not look like a TLS handshake"},
		{"certificate expired", func(t *testing.T) (string, *relaytest.Raw) {
			return relaytest.Start(t, relaytest.Options{TLS: "starttls", Expired: true}).URL(), nil
		}, "no TLS: tls: failed to verify certificate: x509: certificate has expired"},
		{"certificate unknown", func(t *testing.T) (string, *relaytest.Raw) {
			u, _, _ := strings.Cut(relaytest.Start(t, relaytest.Options{TLS: "implicit"}).URL(), "?")
			return u + "?tls=implicit", nil
		}, "no TLS: tls: failed to verify certificate: x509: certificate signed by unknown authority"},
		{"no login offered", func(t *testing.T) (string, *relaytest.Raw) {
			r := relaytest.StartRaw(t, relaytest.Script{})
			return "smtp://u:p@" + r.Addr + "?tls=none", r
		}, `no login: the relay offers no login that auth=auto may use (it offers: "")`},
		{"the password said back", func(t *testing.T) (string, *relaytest.Raw) {
			r := relaytest.StartRaw(t, relaytest.Script{Extensions: []string{"AUTH PLAIN"}, Answer: says("AUTH", "535 5.7.8 wrong: hunter2secret AHUAaHVudGVyMnNlY3JldA==\r\n")})
			return "smtp://u:hunter2secret@" + r.Addr + "?tls=none", r
		}, "no login: wrong: *** ***"},
		{"other machine than this", func(*testing.T) (string, *relaytest.Raw) { return "smtp://192.0.2.1:25?tls=none&insecure=yes", nil }, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			url, server := tc.start(t)
			s, err := relay.ParseURL(url)
			if err != nil {
				t.Fatal(err)
			}
			options := relay.Options{Now: time.Now, Times: quick}
			if tc.want == "" {
				options.Dial = relay.LoopbackOnly
				tc.want = "no connection: dial tcp 192.0.2.1:25: trial mode: 192.0.2.1:25 is not this machine; nothing leaves it"
			}
			r := relay.New(s, options)
			defer r.Close(t.Context())
			v := r.Deliver(t.Context(), sealed("a@m.example"), relay.Attempt{}, granted)
			if v.Outcome != letter.Unreachable || v.Stage != letter.StageDial || !strings.HasPrefix(v.Text, tc.want) {
				t.Errorf("%+v", v)
			}
			if server == nil {
				return
			}
			for _, c := range server.Commands() {
				if c.Verb == "MAIL" || c.Verb == "AUTH" && tc.name != "the password said back" {
					t.Errorf("%s was said", c.Line)
				}
			}
		})
	}
}

// TestLoopbackOnly: in trial mode no address and no name leads off this machine.
func TestLoopbackOnly(t *testing.T) {
	srv := relaytest.Start(t, relaytest.Options{})
	_, port, _ := net.SplitHostPort(srv.Addr)
	for _, tc := range []struct {
		address string
		want    string
	}{
		{srv.Addr, ""},
		{"localhost:" + port, ""},
		{"192.0.2.1:25", "trial mode: 192.0.2.1:25 is not this machine; nothing leaves it"},
		{"[2001:db8::1]:25", "trial mode: [2001:db8::1]:25 is not this machine; nothing leaves it"},
		{"0.0.0.0:" + port, "trial mode: 0.0.0.0:" + port + " is not this machine; nothing leaves it"},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		c, err := relay.LoopbackOnly(ctx, "tcp", tc.address)
		cancel()
		if c != nil {
			c.Close()
		}
		if (err == nil) != (tc.want == "") || err != nil && !strings.HasSuffix(err.Error(), tc.want) {
			t.Errorf("%s: %v", tc.address, err)
		}
	}
}

// TestSize: a letter that is too large for the relay is refused with both sizes before anything of it is said.
func TestSize(t *testing.T) {
	for _, tc := range []struct {
		extension string
		want      letter.Outcome
		mail      string
	}{
		{"SIZE 10000", letter.Accepted, "MAIL FROM:<bounce@iom.example> SIZE="},
		{"SIZE 0", letter.Accepted, "MAIL FROM:<bounce@iom.example>"},
		{"SIZE", letter.Accepted, "MAIL FROM:<bounce@iom.example>"},
		{"SIZE 50", letter.Refused5xx, ""},
	} {
		t.Run(tc.extension, func(t *testing.T) {
			s := relaytest.StartRaw(t, relaytest.Script{Extensions: []string{tc.extension, "SMTPUTF8", "8BITMIME"}})
			r := open(t, s.URL(), 1, quick)
			v := r.Deliver(t.Context(), sealed("a@m.example"), relay.Attempt{}, granted)
			if v.Outcome != tc.want || tc.mail == "" && v.Text != "the letter has 72 octets, the relay takes at most 50" {
				t.Errorf("%+v", v)
			}
			mail := ""
			for _, c := range s.Commands() {
				if c.Verb == "MAIL" {
					mail = c.Line
				}
			}
			if !strings.HasPrefix(mail, tc.mail) || strings.Contains(mail, "BODY") || strings.Contains(mail, "SMTPUTF8") || tc.mail == "" && mail != "" {
				t.Errorf("%q was said", mail)
			}
		})
	}
}

// TestTornGreeting: half an answer to EHLO is no answer. Of a limit of 100000 octets, 10 would refuse the letter for good.
func TestTornGreeting(t *testing.T) {
	s := relaytest.StartRaw(t, relaytest.Script{Answer: cut("EHLO", "250-raw.example\r\n250 SIZE 10")})
	r := open(t, s.URL(), 1, quick)
	v := r.Deliver(t.Context(), sealed("a@m.example"), relay.Attempt{}, granted)
	if v.Outcome != letter.Unreachable || !strings.Contains(v.Text, "the relay closed the connection") {
		t.Errorf("%+v", v)
	}
}

// TestUnspeakable: what could become another command, another recipient or another message is refused before a
// connection is made.
func TestUnspeakable(t *testing.T) {
	for _, tc := range []struct {
		name   string
		change func(*letter.Sealed)
		stage  letter.Stage
	}{
		{"parameter in To", func(s *letter.Sealed) { s.Envelope.To = "a@m.example> NOTIFY=NEVER" }, letter.StageRcptTo},
		{"line end in a copy", func(s *letter.Sealed) { s.Envelope.Cc = []string{"a@m.example\r\nRCPT TO:<b@m.example"} }, letter.StageRcptCc},
		{"letter outside ASCII", func(s *letter.Sealed) { s.Envelope.Registry = "é@iom.example" }, letter.StageRcptRegistry},
		{"no To", func(s *letter.Sealed) { s.Envelope.To = "" }, letter.StageRcptTo},
		{"space in the return path", func(s *letter.Sealed) { s.Envelope.From = "a b@iom.example" }, letter.StageMail},
		{"bare line feed", func(s *letter.Sealed) { s.Bytes = []byte("a\r\n\n.\nMAIL FROM:<x@y.example>\r\n") }, letter.StageContent},
		{"bare carriage return", func(s *letter.Sealed) { s.Bytes = []byte("a\r.\r\n") }, letter.StageContent},
		{"NUL", func(s *letter.Sealed) { s.Bytes = []byte("a\x00\r\n") }, letter.StageContent},
		{"no line end", func(s *letter.Sealed) { s.Bytes = []byte("a\r\nb") }, letter.StageContent},
		{"nothing", func(s *letter.Sealed) { s.Bytes = nil }, letter.StageContent},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := relaytest.Start(t, relaytest.Options{})
			r := open(t, s.URL(), 1, quick)
			l := sealed("a@m.example")
			tc.change(&l)
			v := r.Deliver(t.Context(), l, relay.Attempt{}, granted)
			if v.Outcome != letter.Refused5xx || v.Stage != tc.stage || v.Text == "" || s.Connections() != 0 {
				t.Errorf("%+v, %d connections", v, s.Connections())
			}
		})
	}
	t.Run("8-bit letter to a 7-bit relay", func(t *testing.T) {
		s := relaytest.StartRaw(t, relaytest.Script{})
		l := sealed("a@m.example")
		l.Bytes = append(l.Bytes, "é\r\n"...)
		v := open(t, s.URL(), 1, quick).Deliver(t.Context(), l, relay.Attempt{}, granted)
		if v.Outcome != letter.Refused5xx || v.Text != "the letter has 8-bit characters, the relay takes 7-bit letters only" {
			t.Errorf("%+v", v)
		}
	})
}
