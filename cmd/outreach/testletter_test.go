package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"outreach.example/ledger"
	"outreach.example/ledger/ledgertest"
	"outreach.example/relay/relaytest"
)

// desk is a person's desk for tests of letters: a sample project, a ledger and a relay.
type desk struct {
	env map[string]string
	dir string
	box *relaytest.Server
	rdb *redis.Client
}

func newDesk(t *testing.T) desk {
	t.Helper()
	mini := ledgertest.Mini(t)
	d := desk{dir: sampleProject(t), box: relaytest.Start(t, relaytest.Options{}), rdb: redis.NewClient(&redis.Options{Addr: mini.Addr()})}
	t.Cleanup(func() { _ = d.rdb.Close() })
	d.env = map[string]string{
		"OUTREACH_REDIS": "redis://" + mini.Addr() + "/0", "OUTREACH_RELAY": d.box.URL(), "OUTREACH_USER": "ann", "OUTREACH_INTENTS": t.TempDir(),
	}
	return d
}

func (d desk) run(t *testing.T, args ...string) (out, errs string, code int) {
	t.Helper()
	return outreach(t, d.env, append([]string{"-C", d.dir}, args...)...)
}

// audited are the bodies of the audit entries of tests.
func (d desk) audited(t *testing.T) (bodies []string) {
	t.Helper()
	all, err := d.rdb.XRange(t.Context(), "{outreach}:audit", "-", "+").Result()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range all {
		if e.Values["what"] == "test" {
			bodies = append(bodies, e.Values["who"].(string)+": "+e.Values["body"].(string))
		}
	}
	return bodies
}

// parts are the text and the HTML of a message.
func parts(t *testing.T, m *mail.Message) (text, html string) {
	t.Helper()
	_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	r := multipart.NewReader(m.Body, params["boundary"])
	for _, to := range []*string{&text, &html} {
		p, err := r.NextRawPart()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(quotedprintable.NewReader(p))
		if err != nil {
			t.Fatal(err)
		}
		*to = strings.ReplaceAll(string(b), "\r\n", "\n")
	}
	return text, html
}

// A test goes to the address that is given and nowhere else, says in its language what it is, and is counted nowhere; before
// anything is planned and while the campaign runs.
func TestTestLetter(t *testing.T) {
	d := newDesk(t)
	send := func(args ...string) relaytest.Letter {
		t.Helper()
		n := len(d.box.Letters())
		out, errs, code := d.run(t, append([]string{"test"}, args...)...)
		if code != exitDone || !strings.Contains(out, "accepted by relay "+d.box.Addr) || !strings.Contains(errs, "nothing was counted") {
			t.Fatalf("exit %d: %s%s", code, out, errs)
		}
		return d.box.Await(t, n+1)[n]
	}
	seen := map[string]bool{}
	for _, c := range []struct {
		args          []string
		subject, line string
	}{
		{[]string{"KEN"}, "[Test] ", "This is a test. "},
		{[]string{"resilience", "KEN", "--lang", "es"}, "[Prueba] ", "Esto es una prueba. "},
		{[]string{"resilience", "CIV", "--step", "reminder-1"}, "[Essai] ", "Ceci est un essai. "},
	} {
		got := send(append(c.args, "--to", "me@iom.example")...)
		if !slices.Equal(got.To, []string{"me@iom.example"}) || seen[got.MessageID] || !strings.HasPrefix(got.MessageID, "<test.") {
			t.Errorf("%v: to %v as %s", c.args, got.To, got.MessageID)
		}
		seen[got.MessageID] = true
		if strings.Contains(string(got.Data), "mission.example") || strings.Contains(string(got.Data), "registry@") {
			t.Errorf("%v: an address of the State or the registry is in it", c.args)
		}
		m, err := mail.ReadMessage(bytes.NewReader(got.Data))
		if err != nil {
			t.Fatal(err)
		}
		if to := m.Header.Get("To"); to != "<me@iom.example>" || m.Header.Get("Cc")+m.Header.Get("References")+m.Header.Get("In-Reply-To") != "" {
			t.Errorf("%v: header %v", c.args, m.Header)
		}
		subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
		if err != nil || !strings.HasPrefix(subject, c.subject) {
			t.Errorf("%v: subject %q, %v", c.args, subject, err)
		}
		text, html := parts(t, m)
		if !strings.HasPrefix(text, c.line) || !strings.Contains(html, ">"+c.line) || strings.Contains(text, "\ue000") {
			t.Errorf("%v: not marked, or not dated: %.200s", c.args, text)
		}
	}
	if n, err := d.rdb.Exists(t.Context(), "{outreach}:campaigns").Result(); err != nil || n != 0 {
		t.Errorf("a campaign is in the ledger after tests alone: %v", err)
	}
	want := "): resilience/KEN/appeal en to " + ledger.AddressHash("me@iom.example") + " <test."
	if got := d.audited(t); len(got) != 3 || !strings.HasPrefix(got[0], "ann (") || !strings.Contains(got[0], want) || strings.Contains(strings.Join(got, ""), "me@iom") {
		t.Errorf("audit entries %q, want the first to hold %q", got, want)
	}

	for _, args := range [][]string{{"plan", sample}, {"approve", sample, "--as", "bea"}, {"start", sample, "--confirm", sample}} {
		if out, errs, code := d.run(t, args...); code != 0 {
			t.Fatalf("%v: %s%s", args, out, errs)
		}
	}
	send("KEN", "--to", "me@iom.example")
	out, _, _ := d.run(t, "status", "--json")
	var s status
	if err := json.Unmarshal([]byte(out), &s); err != nil {
		t.Fatal(err)
	}
	if s.Total != 175 || s.Planned != 175 {
		t.Errorf("%+v, want 175 planned", s.totals)
	}
}

// What must not be tested, and relays that do not take a test: one sentence each, and nothing in the audit stream that did not
// come as far as the dot.
func TestTestLetterRefused(t *testing.T) {
	d := newDesk(t)
	for _, c := range []struct {
		name string
		args []string
		code int
		says string
	}{
		{"nobody", []string{"KEN"}, exitUsage, "to whom? add --to with your own address"},
		{"no address", []string{"KEN", "--to", "me"}, exitUsage, `--to: "me" has no @`},
		{"the State", []string{"KEN", "--to", "Mission.Geneva@ken.mission.example"}, exitRefused, "is a contact of KEN, to whom nothing goes that was not approved"},
		{"another State", []string{"KEN", "--to", "mission.geneva@fra.mission.example"}, exitRefused, "is a contact of FRA"},
		{"somebody at a mission", []string{"KEN", "--to", "cousin@fra.mission.example"}, exitRefused, "is at fra.mission.example, where FRA is written to"},
		{"the registry", []string{"KEN", "--to", "registry@iom.example"}, exitRefused, "is read by the program"},
		{"no State", []string{"XYZ", "--to", "me@iom.example"}, exitUsage, `does not write to "XYZ"`},
		{"no language", []string{"KEN", "--lang", "de", "--to", "me@iom.example"}, exitUsage, "no text in the language"},
		{"refused", []string{"KEN", "--to", "refuse@iom.example"}, exitFailed, "not sent; relay " + d.box.Addr + " says: "},
		{"deferred", []string{"KEN", "--to", "tempfail@iom.example"}, exitFailed, "not sent; relay "},
		{"no answer", []string{"KEN", "--to", "dot-hangup@iom.example"}, exitFailed, "it may or may not arrive"},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, errs, code := d.run(t, append([]string{"test"}, c.args...)...)
			if code != c.code || !strings.Contains(errs, c.says) || out != "" || strings.Count(errs, "\n") != 1 {
				t.Errorf("exit %d, says %q%q, want %d and %q", code, out, errs, c.code, c.says)
			}
		})
	}
	if got := d.audited(t); len(got) != 1 {
		t.Errorf("audit entries %q, want that of the test without an answer", got)
	}
	if _, errs, code := d.run(t, "suppress", "add", "gone@iom.example", "--reason", "asked for it"); code != 0 {
		t.Fatal(errs)
	}
	if _, errs, code := d.run(t, "test", "KEN", "--to", "gone@iom.example"); code != exitRefused || !strings.Contains(errs, "that address is suppressed") {
		t.Errorf("to a suppressed address: exit %d, %s", code, errs)
	}
	if n := len(d.box.Letters()); n != 1 {
		t.Errorf("the relay took %d letters, want the one it did not answer", n)
	}
}

// A test goes by the relay that can be used: not by one that is away, and not by one that is held.
func TestTestLetterByAnotherRelay(t *testing.T) {
	d := newDesk(t)
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := gone.Addr().String()
	gone.Close()
	d.env["OUTREACH_RELAY"] = "smtp://" + address + "?tls=none"
	if _, errs, code := d.run(t, "test", "KEN", "--to", "me@iom.example"); code != exitFailed || !strings.Contains(errs, "not sent; relay "+address+" says: ") {
		t.Errorf("no relay: exit %d, %s", code, errs)
	}
	d.env["OUTREACH_RELAY"] = "smtp://" + address + "?tls=none " + d.box.URL()
	if out, errs, code := d.run(t, "test", "KEN", "--to", "me@iom.example", "--json"); code != exitDone || !strings.Contains(out, `"relay": "`+d.box.Addr+`"`) {
		t.Errorf("the second relay: exit %d, %s%s", code, out, errs)
	}

	l := ledger.New(d.rdb)
	if _, err := l.Tell(t.Context(), ledger.WorkerName(), time.Minute, []ledger.Word{{Relay: d.box.Addr}}); err != nil {
		t.Fatal(err)
	}
	if err := d.rdb.HSet(t.Context(), "{outreach}:relay:"+d.box.Addr, "held", "it left two letters in a row in doubt", "since", "1").Err(); err != nil {
		t.Fatal(err)
	}
	d.env["OUTREACH_RELAY"] = d.box.URL()
	if _, errs, code := d.run(t, "test", "KEN", "--to", "me@iom.example"); code != exitFailed || !strings.Contains(errs, "it is held: it left two letters") {
		t.Errorf("a held relay: exit %d, %s", code, errs)
	}
	if n := len(d.box.Letters()); n != 1 {
		t.Errorf("%d tests were taken, want 1", n)
	}
}

// In a trial nothing but this machine can be dialled, by a test of a letter neither.
func TestTestLetterInATrial(t *testing.T) {
	d := newDesk(t)
	d.env["OUTREACH_RELAY"] = "smtp://192.0.2.1:25?tls=none&insecure=yes" // TEST-NET-1: nobody's
	var out, errs bytes.Buffer
	a := &app{getenv: func(k string) string { return d.env[k] }, in: strings.NewReader(""), out: &out, errs: &errs, now: time.Now, account: "acc"}
	a.trial()
	root := a.commands()
	root.SetArgs([]string{"-C", d.dir, "test", "KEN", "--to", "me@iom.example"})
	err := root.ExecuteContext(context.Background())
	if err == nil || !strings.Contains(err.Error(), "trial mode: 192.0.2.1:25 is not this machine") {
		t.Errorf("%v %s%s", err, &out, &errs)
	}
}
