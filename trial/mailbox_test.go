package trial

import (
	"bytes"
	"context"
	"errors"
	"net/textproto"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"outreach.example/letter"
)

func TestMailboxKeepsWhatItAccepts(t *testing.T) {
	m := start(t, Options{})
	ken, civ := sample(t, "en", "appeal"), sample(t, "fr", "appeal")
	send(t, m, ken, civ)

	got, err := m.Messages()
	if err != nil {
		t.Fatal(err)
	}
	want := []Message{
		{1, monday, "bounce@iom.example", []string{"ambassador@kenya.example", "desk@kenya.example", "registry@iom.example"}, ken.MessageID, ken.ID, ken.Bytes},
		{2, monday.Add(time.Second), "bounce@iom.example", []string{"ambassade@cotedivoire.example", "registry@iom.example"}, civ.MessageID, civ.ID, civ.Bytes},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
	if m.Accepted() != 2 || m.Doubles() != 0 {
		t.Errorf("%d accepted, %d doubles", m.Accepted(), m.Doubles())
	}
}

func TestMailboxCountsDoubles(t *testing.T) {
	m := start(t, Options{})
	ken := sample(t, "en", "appeal")
	send(t, m, ken, sample(t, "en", "reminder-1"), ken, ken)
	if m.Accepted() != 4 || m.Doubles() != 2 {
		t.Errorf("%d accepted, %d doubles, want 4 and 2", m.Accepted(), m.Doubles())
	}
	without := []byte("Subject: no id\r\n\r\nx\r\n")
	for range 2 {
		if _, err := hand(m.SMTPAddr(), "a@iom.example", []string{"x@ken.example"}, without); err != nil {
			t.Fatal(err)
		}
	}
	if m.Doubles() != 2 {
		t.Errorf("letters without Message-ID count as doubles: %d", m.Doubles())
	}
}

func TestMailboxAnswers(t *testing.T) {
	greeting := []string{"EHLO there.example", "250", "MAIL FROM:<a@iom.example>", "250"}
	tests := []struct {
		name  string
		o     Options
		lines []string
		kept  int
	}{
		{"a real domain", Options{}, append(greeting, "RCPT TO:<x@mission.org>", "550", "DATA", "502"), 0},
		{"a domain that ends alike", Options{}, append(greeting, "RCPT TO:<x@notexample>", "550"), 0},
		{"example as a label before", Options{}, append(greeting, "RCPT TO:<x@ken.example.org>", "550"), 0},
		{"capitals", Options{}, append(greeting, "RCPT TO:<X@KEN.EXAMPLE>", "250"), 0},
		{"larger than SIZE", Options{}, []string{"EHLO there.example", "250", "MAIL FROM:<a@iom.example> SIZE=26214401", "552"}, 0},
		{"8-bit", Options{}, []string{"EHLO there.example", "250", "MAIL FROM:<a@iom.example> BODY=8BITMIME", "250"}, 0},
		{"a foreign copy does not spoil the letter", Options{}, append(greeting, "RCPT TO:<x@ken.example>", "250", "RCPT TO:<y@mission.org>", "550", "DATA", "354", "Subject: x\r\n\r\nx\r\n.", "250"), 1},
		{"nothing but a dot", Options{}, append(greeting, "RCPT TO:<x@ken.example>", "250", "DATA", "354", ".", "554"), 0},
		{"no login", Options{}, []string{"EHLO there.example", "250", "AUTH PLAIN AGEAYg==", "523"}, 0},
		{"no TLS", Options{}, []string{"EHLO there.example", "250", "STARTTLS", "502"}, 0},
		{"full by letters", Options{MaxLetters: 1}, append(greeting, "RCPT TO:<x@ken.example>", "250", "DATA", "354", "a: b\r\n.", "250", "MAIL FROM:<a@iom.example>", "452"), 1},
		{"full by bytes", Options{MaxBytes: 5}, append(greeting, "RCPT TO:<x@ken.example>", "250", "DATA", "354", "a: b\r\n.", "250", "MAIL FROM:<a@iom.example>", "452"), 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := start(t, tt.o)
			dialogue(t, m.SMTPAddr(), tt.lines...)
			if m.Accepted() != tt.kept {
				t.Errorf("%d kept, want %d", m.Accepted(), tt.kept)
			}
		})
	}
}

func TestMailboxOffers(t *testing.T) {
	m := start(t, Options{})
	c := dialogue(t, m.SMTPAddr())
	id, err := c.Cmd("EHLO there.example")
	if err != nil {
		t.Fatal(err)
	}
	c.StartResponse(id)
	_, offers, err := c.ReadResponse(250)
	c.EndResponse(id)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"PIPELINING", "8BITMIME", "SIZE 26214400"} {
		if !strings.Contains(offers, want) {
			t.Errorf("%s is not offered: %s", want, offers)
		}
	}
	for _, no := range []string{"AUTH", "STARTTLS"} {
		if strings.Contains(offers, no) {
			t.Errorf("%s is offered: %s", no, offers)
		}
	}
}

func TestLetterCutOffInTheMiddleIsNotKept(t *testing.T) {
	m := start(t, Options{})
	c := dialogue(t, m.SMTPAddr(), "EHLO there.example", "250", "MAIL FROM:<a@iom.example>", "250", "RCPT TO:<x@ken.example>", "250", "DATA", "354")
	if err := c.PrintfLine("Subject: half\r\n\r\nhalf a letter"); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	send(t, m, sample(t, "en", "appeal"))
	if m.Accepted() != 1 {
		t.Errorf("%d accepted, want the whole letter only", m.Accepted())
	}
}

func TestKeepDirHoldsOneFilePerLetter(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "kept")
	m := start(t, Options{KeepDir: dir})
	ken, civ := sample(t, "en", "appeal"), sample(t, "fr", "reminder-1")
	send(t, m, ken, civ, ken)
	if _, err := hand(m.SMTPAddr(), "a@iom.example", []string{"x@ken.example"}, plainLetter("other", 10)); err != nil {
		t.Fatal(err)
	}
	want := map[string][]byte{
		"KEN.appeal.eml":         ken.Bytes,
		"CIV.reminder-1.eml":     civ.Bytes,
		"KEN.appeal.2.eml":       ken.Bytes,
		"0004-x@ken.example.eml": plainLetter("other", 10),
	}
	got := map[string][]byte{}
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if got[f.Name()], err = os.ReadFile(filepath.Join(dir, f.Name())); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

func TestKeepDirOfAnotherTrialIsRefused(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "KEN.appeal.eml"), []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := StartMailbox(Options{Now: clock(), KeepDir: dir})
	want := "folder for kept letters: " + dir + " holds letters of another trial (KEN.appeal.eml): name an empty folder"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// A letter that cannot be written is answered with a definite "later", and nothing of it is counted.
func TestLetterThatCannotBeKeptIsPutOff(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "kept")
	m := start(t, Options{KeepDir: dir})
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	ken := sample(t, "en", "appeal")
	_, err := hand(m.SMTPAddr(), ken.Envelope.From, []string{ken.Envelope.To}, ken.Bytes)
	var reply *textproto.Error
	if !errors.As(err, &reply) || reply.Code != 451 {
		t.Errorf("answer %v, want 451", err)
	}
	if messages, _ := m.Messages(); m.Accepted() != 0 || len(messages) != 0 {
		t.Errorf("%d accepted, %d messages", m.Accepted(), len(messages))
	}
}

func TestLettersBeyondTheMemoryLieInAFile(t *testing.T) {
	m := start(t, Options{MaxMemory: 2500})
	var want [][]byte
	for _, id := range []string{"a", "b", "c", "d"} {
		raw := plainLetter(id, 1000)
		want = append(want, raw)
		if _, err := hand(m.SMTPAddr(), "a@iom.example", []string{"x@ken.example"}, raw); err != nil {
			t.Fatal(err)
		}
	}
	if m.shelf.spool.file == nil {
		t.Fatal("four letters of 1 kB fit into 2.5 kB")
	}
	messages, err := m.Messages()
	if err != nil {
		t.Fatal(err)
	}
	for i, msg := range messages {
		if !bytes.Equal(msg.Raw, want[i]) {
			t.Errorf("letter %d is not what was handed over", i+1)
		}
	}
}

func TestManyAtOnce(t *testing.T) {
	m := start(t, Options{KeepDir: t.TempDir()})
	var hands sync.WaitGroup
	for i := range 20 {
		hands.Go(func() {
			for range 5 {
				raw := plainLetter(string(rune('a'+i)), 100)
				if _, err := hand(m.SMTPAddr(), "a@iom.example", []string{"x@ken.example"}, raw); err != nil {
					t.Error(err)
				}
			}
		})
	}
	hands.Wait()
	messages, err := m.Messages()
	if err != nil || m.Accepted() != 100 || m.Doubles() != 80 || len(messages) != 100 {
		t.Errorf("%d accepted, %d doubles, %d messages, %v; want 100, 80, 100", m.Accepted(), m.Doubles(), len(messages), err)
	}
	for i, msg := range messages {
		if msg.Number != i+1 {
			t.Fatalf("letter %d has the number %d", i+1, msg.Number)
		}
	}
}

// Closing lets the letter in hand finish, takes no other, and does not wait for idle connections.
func TestCloseWaitsForTheLetterInHand(t *testing.T) {
	m, err := StartMailbox(Options{Now: clock()})
	if err != nil {
		t.Fatal(err)
	}
	idle := dialogue(t, m.SMTPAddr(), "EHLO there.example", "250")
	c := dialogue(t, m.SMTPAddr(), "EHLO there.example", "250", "MAIL FROM:<a@iom.example>", "250", "RCPT TO:<x@ken.example>", "250", "DATA", "354")
	closed := make(chan error)
	go func() { closed <- m.Close(context.Background()) }()
	if _, err := idle.ReadLine(); err == nil {
		t.Error("an idle connection got a line")
	}
	if err := c.PrintfLine("Subject: last\r\n\r\nthe last letter\r\n."); err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.ReadResponse(250); err != nil {
		t.Errorf("the letter in hand was not answered: %v", err)
	}
	if line, err := c.ReadLine(); err == nil {
		t.Errorf("the connection went on: %q", line)
	}
	c.Close()
	if err := errors.Join(<-closed, m.Close(context.Background())); err != nil {
		t.Error(err)
	}
	if m.Accepted() != 1 {
		t.Errorf("%d accepted", m.Accepted())
	}
}

// Closing works from the first moment on, before the servers have begun to listen.
func TestCloseAtOnce(t *testing.T) {
	for range 100 {
		m, err := StartMailbox(Options{Now: clock()})
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Close(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
}

func TestCloseGivesUpWithItsContext(t *testing.T) {
	m, err := StartMailbox(Options{Now: clock()})
	if err != nil {
		t.Fatal(err)
	}
	dialogue(t, m.SMTPAddr(), "EHLO there.example", "250", "MAIL FROM:<a@iom.example>", "250")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := m.Close(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("closed with %v", err)
	}
}

func TestStartRefuses(t *testing.T) {
	tests := []struct {
		name string
		o    Options
		want string
	}{
		{"no clock", Options{}, "no clock given"},
		{"an address that others reach", Options{Now: clock(), SMTP: "0.0.0.0:0"}, `"0.0.0.0:0" can be reached from other machines: choose a loopback address, for example 127.0.0.1:8025`},
		{"every address", Options{Now: clock(), Pages: ":0"}, `":0" can be reached from other machines`},
		{"another machine's name", Options{Now: clock(), Pages: "mail.iom.example:80"}, `can be reached from other machines`},
		{"no address", Options{Now: clock(), Pages: "8025"}, `"8025" is no address to listen on`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := StartMailbox(tt.o)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}

func TestLetterOf(t *testing.T) {
	id := letter.ID{Campaign: "resilience", Donor: "KEN", Step: "appeal"}
	made := letter.MessageID(id, "iom.example")
	tests := []struct {
		name, header string
		id           string
		want         letter.ID
	}{
		{"ours", "Message-ID: " + made, made, id},
		{"folded, other case", "message-id:\r\n " + made, made, id},
		{"not the first field", "Subject: a\r\n b\r\nMESSAGE-ID:" + made, made, id},
		{"another hash", "Message-ID: " + strings.Replace(made, "KEN", "CIV", 1), strings.Replace(made, "KEN", "CIV", 1), letter.ID{}},
		{"someone else's", "Message-ID: <1.2.3.4@mission.example>", "<1.2.3.4@mission.example>", letter.ID{}},
		{"none", "Subject: a", "", letter.ID{}},
		{"in the body", "Subject: a\r\n\r\nMessage-ID: " + made, "", letter.ID{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := messageID([]byte(tt.header + "\r\n\r\nbody\r\n"))
			if got != tt.id || letterOf(got) != tt.want {
				t.Errorf("got %q, %v, want %q, %v", got, letterOf(got), tt.id, tt.want)
			}
		})
	}
}

func TestFileNamesStayInTheirFolder(t *testing.T) {
	for address, want := range map[string]string{
		"Mission@Ken.example":             "mission@ken.example",
		"../../etc/passwd@ken.example":    ".._.._etc_passwd@ken.example",
		"\"a b\\x00\u202Eé\"@ken.example": "_a_b_x00___@ken.example",
		strings.Repeat("a", 300):          strings.Repeat("a", 100),
	} {
		if got := plain(address); got != want {
			t.Errorf("%q becomes %q, want %q", address, got, want)
		}
	}
}
