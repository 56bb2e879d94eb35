package relay

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// TestParseURL: what a URL leaves out follows from what it says.
func TestParseURL(t *testing.T) {
	for _, tc := range []struct {
		url  string
		want Settings
		show string
	}{
		{"smtp://relay.example", Settings{Host: "relay.example", Port: 587, TLS: StartTLS}, "smtp://relay.example:587?tls=starttls"},
		{"smtp://u:p@relay.example", Settings{Host: "relay.example", Port: 587, TLS: StartTLS, User: "u", Password: "p", Auth: "auto"}, "smtp://u:set@relay.example:587?auth=auto&tls=starttls"},
		{"smtp://desk%40iom.example:p%40ss@relay.example:465", Settings{Host: "relay.example", Port: 465, TLS: Implicit, User: "desk@iom.example", Password: "p@ss", Auth: "auto"}, "smtp://desk%40iom.example:set@relay.example:465?auth=auto&tls=implicit"},
		{"smtp://relay.example?tls=implicit", Settings{Host: "relay.example", Port: 465, TLS: Implicit}, "smtp://relay.example:465?tls=implicit"},
		{"smtp://127.0.0.1?tls=none", Settings{Host: "127.0.0.1", Port: 25, TLS: NoTLS}, "smtp://127.0.0.1:25?tls=none"},
		{"smtp://[::1]:2525?tls=none", Settings{Host: "::1", Port: 2525, TLS: NoTLS}, "smtp://[::1]:2525?tls=none"},
		{"smtp://mail:1025?tls=none&insecure=yes&helo=desk.iom.example", Settings{Host: "mail", Port: 1025, TLS: NoTLS, Insecure: true, Helo: "desk.iom.example"}, "smtp://mail:1025?helo=desk.iom.example&insecure=yes&tls=none"},
		{"smtp://u:p@relay.example?auth=SCRAM-SHA-256", Settings{Host: "relay.example", Port: 587, TLS: StartTLS, User: "u", Password: "p", Auth: "scram-sha-256"}, "smtp://u:set@relay.example:587?auth=scram-sha-256&tls=starttls"},
		{"smtp://u@relay.example?token_file=t", Settings{Host: "relay.example", Port: 587, TLS: StartTLS, User: "u", Auth: "xoauth2", TokenFile: "t"}, "smtp://u@relay.example:587?auth=xoauth2&tls=starttls&token_file=t"},
		{"smtp://u@relay.example?password_file=p&pace=0&connections=5", Settings{Host: "relay.example", Port: 587, TLS: StartTLS, User: "u", Auth: "auto", PasswordFile: "p", Pace: new(time.Duration), Connections: 5}, "smtp://u@relay.example:587?auth=auto&connections=5&pace=0s&password_file=p&tls=starttls"},
		{"smtp://relay.example?pace=90s", Settings{Host: "relay.example", Port: 587, TLS: StartTLS, Pace: func() *time.Duration { d := 90 * time.Second; return &d }()}, "smtp://relay.example:587?pace=1m30s&tls=starttls"},
	} {
		t.Run(tc.url, func(t *testing.T) {
			got, err := ParseURL(tc.url)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got, cmpopts.IgnoreFields(Settings{}, "Token")); diff != "" {
				t.Error(diff)
			}
			if got.String() != tc.show {
				t.Errorf("shows as %s", got)
			}
		})
	}
}

// TestParseURLFaults: every fault at once, each with what to do, and never the password.
func TestParseURLFaults(t *testing.T) {
	const secret = "hunter2secret"
	for _, tc := range []struct{ url, want string }{
		{"smtp://u:" + secret + " x@relay.example", "the relay's address cannot be read; expected smtp://user:password@host:port?tls=starttls, with the characters @ : / ? # % and spaces of a password percent-encoded (@ is %40)"},
		{"smtp://u:" + secret + "%zz@relay.example", "the relay's address cannot be read; expected smtp://user:password@host:port?tls=starttls, with the characters @ : / ? # % and spaces of a password percent-encoded (@ is %40)"},
		{"smtps://u:" + secret + "@relay.example", `the relay's address begins with "smtps:"; write smtp://host:port (encryption is set with tls=starttls or tls=implicit)`},
		{"", "the relay's address begins with \":\"; write smtp://host:port (encryption is set with tls=starttls or tls=implicit)\nthe relay's address names no host; write smtp://host:port?tls=starttls"},
		{"smtp://relay,example:25", `"relay,example" is not the name or the address of a host; write for example relay.iom.example`},
		{"smtp://relay.example:70000", `port "70000" does not exist; a port is a number from 1 to 65535`},
		{"smtp://relay.example/x", "the relay's address has a path after the port; remove it"},
		{"smtp://relay.example?tls=yes&port=25&tsl=none", "tls=\"yes\" is not known; write tls=starttls, tls=implicit or tls=none\n\"port\" is not a setting of a relay; there are: auth, ca_file, connections, helo, insecure, pace, password_file, tls, token_file\n\"tsl\" is not a setting of a relay; there are: auth, ca_file, connections, helo, insecure, pace, password_file, tls, token_file"},
		{"smtp://relay.example?tls=none", `tls=none sends every letter in the clear, and "relay.example" is not this machine; write tls=starttls or tls=implicit (or add insecure=yes where nobody else can read the network between)`},
		{"smtp://relay.example?insecure=1", `insecure="1" is not known; write insecure=yes or leave it out`},
		{"smtp://u:" + secret + "@relay.example?auth=digest", `auth="digest" is not known; write auth=auto or one of plain, login, cram-md5, ntlm, scram-sha-1, scram-sha-1-plus, scram-sha-256, scram-sha-256-plus, xoauth2`},
		{"smtp://u:" + secret + "@relay.example?auth=none", "there is a user or a password but auth=none; remove one of them"},
		{"smtp://relay.example?auth=plain", "auth=plain needs a user; write smtp://user:password@host"},
		{"smtp://u@relay.example?auth=plain", "auth=plain needs a password; write smtp://user:password@host or smtp://user@host?password_file=FILE"},
		{"smtp://u@relay.example?auth=xoauth2", "auth=xoauth2 needs token_file=FILE, a file that holds the access token (it is read anew for each connection)"},
		{"smtp://u:" + secret + "@relay.example?auth=plain&token_file=t", "token_file is read by auth=xoauth2 only; write auth=xoauth2 or remove token_file"},
		{"smtp://u:" + secret + "@relay.example?tls=none&insecure=yes&auth=plain", `auth=plain would send the password in the clear to "relay.example"; write tls=starttls or tls=implicit`},
		{"smtp://u:" + secret + "%0d@relay.example", "the user or the password holds a control character; look for %00, %0d or %0a in the relay's address"},
		{"smtp://relay.example?helo=a%20b", `helo="a b" is not the name of a host; write the full name of this machine, for example mail.iom.example`},
		{"smtp://relay.example?ca_file=settings.go", "ca_file: settings.go holds no certificate; it must be a PEM file (-----BEGIN CERTIFICATE-----)"},
		{"smtp://relay.example?tls=none&tls=starttls", "tls=none sends every letter in the clear, and \"relay.example\" is not this machine; write tls=starttls or tls=implicit (or add insecure=yes where nobody else can read the network between)\ntls is given 2 times; give it once"},
		{"smtp://relay.example?pace=soon", `pace="soon" is not a time from 0 to 1h; write for example pace=5s, or pace=0 for none`},
		{"smtp://relay.example?pace=", `pace="" is not a time from 0 to 1h; write for example pace=5s, or pace=0 for none`},
		{"smtp://relay.example?pace=-1s&connections=0", "pace=\"-1s\" is not a time from 0 to 1h; write for example pace=5s, or pace=0 for none\nconnections=\"0\" is not a number from 1 to 1000; write for example connections=5"},
		{"smtp://relay.example?connections=many", `connections="many" is not a number from 1 to 1000; write for example connections=5`},
		{"smtp://u:" + secret + "@relay.example?password_file=p", "password_file stands beside a password or a token; leave only one of them"},
		{"smtp://relay.example?password_file=p", "password_file needs a user; write smtp://user@host?password_file=FILE"},
	} {
		t.Run(tc.url, func(t *testing.T) {
			s, err := ParseURL(tc.url)
			if err == nil || err.Error() != tc.want {
				t.Errorf("got  %v\nwant %s", err, tc.want)
			}
			if err != nil && strings.Contains(err.Error(), secret) {
				t.Error("the error shows the password")
			}
			for _, shown := range [...]string{s.String(), fmt.Sprintf("%v", s), fmt.Sprintf("%+v", s), fmt.Sprintf("%#v", s.Password)} {
				if strings.Contains(shown, secret) {
					t.Errorf("the settings show the password: %s", shown)
				}
			}
		})
	}
}

// TestParseList: several relays in order, each once, every fault at its place.
func TestParseList(t *testing.T) {
	for _, tc := range []struct{ name, list, want, fault string }{
		{"one", " smtp://a.example ", "a.example:587", ""},
		{"two", "smtp://b.example:25\n\n smtp://a.example?pace=0", "b.example:25 a.example:587", ""},
		{"faults", "smtp://a.example:99999 http://b.example smtp://c.example", "", "relay 1 of 3: port \"99999\" does not exist; a port is a number from 1 to 65535\n" +
			"relay 2 of 3: the relay's address begins with \"http:\"; write smtp://host:port (encryption is set with tls=starttls or tls=implicit)"},
		{"twice", "smtp://u:hunter2secret@a.example smtp://A.example:587", "", "relay 2 of 2: A.example:587 is there already; give each relay once"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			all, err := ParseList(tc.list)
			if tc.fault != "" {
				if err == nil || err.Error() != tc.fault {
					t.Errorf("got  %v\nwant %s", err, tc.fault)
				}
				return
			}
			var names []string
			for _, s := range all {
				names = append(names, s.Name())
			}
			if got := strings.Join(names, " "); err != nil || got != tc.want {
				t.Errorf("%s, %v; want %s", got, err, tc.want)
			}
		})
	}
}

// TestSecretStaysSecret: no usual way of writing a value down writes a secret.
func TestSecretStaysSecret(t *testing.T) {
	s := Secret("hunter2secret")
	b, err := json.Marshal(map[string]any{"password": s})
	if err != nil {
		t.Fatal(err)
	}
	got := []string{s.String(), fmt.Sprint(s), fmt.Sprintf("%#v", s), fmt.Sprintf("%q", s), string(b), Secret("").String()}
	want := []string{"set", "set", `"set"`, `"set"`, `{"password":"set"}`, ""}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func FuzzParseURL(f *testing.F) {
	f.Add("smtp://u:p@relay.example:587?tls=starttls&auth=auto")
	f.Add("smtp://[::1]?tls=none&ca_file=&helo=%00")
	f.Fuzz(func(t *testing.T, url string) {
		if strings.Contains(url, "ca_file") {
			return // reads files
		}
		s, err := ParseURL(url)
		if err != nil {
			return
		}
		s.Password = ""
		again, err := ParseURL(s.String())
		if s.User == "" && (err != nil || again.String() != s.String()) {
			t.Errorf("%s read again as %s, %v", s, again, err)
		}
	})
}
