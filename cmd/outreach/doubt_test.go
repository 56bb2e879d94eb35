package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"outreach.example/ledger/ledgertest"
	"outreach.example/relay/relaytest"
)

const lost = "<resilience.KEN.appeal."

// newDying is the sample campaign on a relay that takes Kenya's letter and ends before it answers, and a folder in which
// registry copies arrive.
func newDying(t *testing.T) (f *field, copies string) {
	t.Helper()
	srv := ledgertest.Start(t, "--appendonly", "yes", "--appendfsync", "everysec")
	f = &field{dir: sampleProject(t), rdb: ledgertest.Client(t, srv.Addr)}
	f.box = relaytest.StartRaw(t, relaytest.Script{Extensions: []string{"PIPELINING", "SIZE 10000000"}, Answer: func(c relaytest.Command) *relaytest.Answer {
		if c.Verb == "." && strings.Contains(c.Line, "Message-ID: "+lost) {
			return &relaytest.Answer{Take: true, HangUp: true}
		}
		return nil
	}})
	copies = t.TempDir()
	f.env = map[string]string{
		"OUTREACH_REDIS": "redis://" + srv.Addr + "/0", "OUTREACH_RELAY": f.box.URL(), "OUTREACH_USER": "ann",
		"OUTREACH_HELO": "worker.outreach.example", "OUTREACH_REGISTRY_COPIES": copies, "OUTREACH_QUIET": "0s", "OUTREACH_INTENTS": t.TempDir(),
	}
	for _, args := range [][]string{
		{"plan", "resilience"}, {"approve", "resilience", "--as", "another"}, {"start", "resilience", "--confirm", "resilience"},
	} {
		must(t, f.env, append([]string{"-C", f.dir}, args...)...)
	}
	return f, copies
}

// deliver puts what the relay took of Kenya's letter into the folder, as the registry mailbox exports it, and says how
// many times it was taken.
func (f *field) deliver(t *testing.T, copies string) (n int) {
	t.Helper()
	for _, m := range f.box.Letters() {
		if !strings.HasPrefix(m.MessageID, lost) {
			continue
		}
		if n++; len(m.To) < 2 || m.To[len(m.To)-1] != "registry@iom.example" {
			t.Errorf("the relay took it for %v, without the registry", m.To)
		}
		mail := append([]byte("Received: from raw.example by mail.iom.example; "+m.MessageID+"\r\n"), m.Data...)
		if err := os.WriteFile(filepath.Join(copies, "ken.eml"), mail, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return n
}

// A relay takes a letter and dies before its answer: the doubt is shown, and its registry copy settles it by itself.
func TestRelayDiesBeforeItsAnswer(t *testing.T) {
	f, copies := newDying(t)
	up := start(t, f.env, "up")
	until(t, "a doubt and all others sent", func() bool { s := f.status(t); return s.InDoubt == 1 && s.Sent == 174 })
	s := f.status(t)
	if len(s.Doubts) != 1 || s.Doubts[0].Letter != "resilience/KEN/appeal" || s.Doubts[0].Copy != "not seen" || s.Doubts[0].Relay != f.box.Addr || !strings.HasPrefix(s.Doubts[0].MessageID, lost) {
		t.Errorf("doubts: %+v", s.Doubts)
	}
	if n := f.deliver(t, copies); n != 1 {
		t.Fatalf("the relay took it %d times", n)
	}
	until(t, "the doubt settled", func() bool { s := f.status(t); return s.InDoubt == 0 && s.Sent == 175 })
	if out := must(t, f.env, "case", "KEN"); !strings.Contains(out, "its registry copy was read on") || !strings.Contains(out, "(by its registry copy)") {
		t.Error(out)
	}
	if n := f.once(t); n != 175 {
		t.Errorf("%d letters accepted", n)
	}
	up.stop(t)
}

// A resend is decided and the copy arrives before it left: the letter is sent, and not sent again.
func TestCopyArrivesAfterResend(t *testing.T) {
	f, copies := newDying(t)
	for _, role := range []string{"scheduler", "worker", "inbox"} {
		start(t, f.env, role)
	}
	until(t, "a doubt and all others sent", func() bool { s := f.status(t); return s.InDoubt == 1 && s.Sent == 174 })
	must(t, f.env, "pause", "resilience")
	must(t, f.env, "resolve", "resilience/KEN/appeal", "resend", "--reason", "no copy yet", "--as", "cora")
	if s := f.status(t); s.Planned != 1 {
		t.Errorf("after the decision: %+v", s)
	}
	f.deliver(t, copies)
	until(t, "the copy read", func() bool { return f.status(t).Sent == 175 })
	must(t, f.env, "resume", "resilience")
	until(t, "the copy counted", func() bool { s := f.status(t); return s.Copies != nil && s.Copies.Letters["appeal"] == 1 })
	if n := f.once(t); n != 175 {
		t.Errorf("%d letters accepted", n)
	}
	if s := f.status(t); s.Sent != 175 || len(s.Odd) != 0 {
		t.Errorf("in the end: %+v", s)
	}
}
