package worker_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/mail"
	"strings"
	"testing"

	"outreach.example/campaign"
	"outreach.example/letter"
)

// withFiles stands behind the registry in the campaign file.
const withFiles = "registry@iom.example\nattachments: {folder: attachments, max_mb: 10}"

// attach stores files and freezes their list with the next plan.
func (h *house) attach(files map[string][]byte) {
	h.t.Helper()
	var list strings.Builder
	for name, content := range files {
		hash := hashOf(content)
		h.ok(h.ledger.StoreFile(h.ctx, "res", hash, content))
		fmt.Fprintf(&list, "%s %d %s\n", hash, len(content), name)
	}
	h.attached = list.String()
	if _, err := campaign.ParseAttached(h.attached); err != nil {
		h.t.Fatal(err)
	}
}

// attachment takes the one attachment out of a letter.
func attachment(t *testing.T, message []byte) (name string, content []byte) {
	t.Helper()
	m, err := mail.ReadMessage(bytes.NewReader(message))
	if err != nil {
		t.Fatal(err)
	}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/mixed" {
		t.Fatalf("%s, %v", kind, err)
	}
	parts := multipart.NewReader(m.Body, params["boundary"])
	for {
		p, err := parts.NextRawPart()
		if err != nil {
			t.Fatal(err)
		}
		if p.FileName() != "" {
			content, err := io.ReadAll(base64.NewDecoder(base64.StdEncoding, p))
			if err != nil {
				t.Fatal(err)
			}
			return p.FileName(), content
		}
	}
}

// Each letter takes the file along that is closest to its reader, whole, whatever others have in hand at the time.
func TestAttachments(t *testing.T) {
	donors := givers(6)
	own, all := bytes.Repeat([]byte("%PDF own."), 300_000), bytes.Repeat([]byte("%PDF all."), 200_000)
	h := opened(t)
	h.attach(map[string][]byte{"B.en.pdf": own, "all.pdf": all})
	h.plan(withFiles, text, donors)
	h.work(8, h.relay(h.box.URL()))
	h.process()
	if n := h.states(donors); n[letter.Sent] != 6 {
		t.Fatalf("%v", n)
	}
	seen := map[string]int{}
	for _, got := range h.box.Letters() {
		name, content := attachment(t, got.Data)
		seen[name]++
		want := all
		if strings.Contains(string(got.Data), "Dear Giver B,") {
			want = own
		}
		if !bytes.Equal(content, want) {
			t.Errorf("%s has %d bytes, want %d", name, len(content), len(want))
		}
	}
	if seen["res.en.pdf"] != 5 || seen["res-B.en.pdf"] != 1 {
		t.Errorf("%v", seen)
	}
}

// A file that the ledger does not have, or not whole, keeps its letters planned: nothing is wrong with them.
func TestAttachmentMissing(t *testing.T) {
	donors := givers(1)
	content := []byte("%PDF-1.7 %%EOF")
	h := opened(t)
	h.attach(map[string][]byte{"all.pdf": content})
	h.plan(withFiles, text, donors)
	h.work(8, h.relay(h.box.URL()))
	h.mini.Del("{outreach}:f:res:" + hashOf(content))
	h.process()
	if got := h.letter("A"); got.State != letter.Planned || !strings.Contains(got.Words, "is not in the ledger; plan again") || got.Attempts != 0 {
		t.Errorf("%+v", got)
	}
	h.ok(h.ledger.StoreFile(h.ctx, "res", hashOf(content), content))
	h.at(h.letter("A").Since)
	h.process()
	if got := h.letter("A"); got.State != letter.Sent {
		t.Errorf("%+v", got)
	}
}

// What a setting lacks keeps letters planned and says which; once it is set they leave, with a return path of their own.
func TestSettingsMissing(t *testing.T) {
	donors := givers(2)
	h := opened(t)
	h.plan("registry@iom.example\nopt_out: {web: true}", text, donors)
	h.work(8, h.relay(h.box.URL()))
	h.process()
	for id := range donors {
		if got := h.letter(id); got.State != letter.Planned || !strings.Contains(got.Words, "token_key_file is not set, and ways to opt out are signed") {
			t.Errorf("%+v", got)
		}
	}
	keys := letter.TokenKeys{[]byte(strings.Repeat("k", 32))}
	h.worker.Seal = letter.Sealer{Tokens: keys, OptOutURL: "https://iom.example/optout"}
	h.at(h.letter("A").Since)
	h.process()
	if n := h.states(donors); n[letter.Sent] != 2 {
		t.Fatalf("%v", n)
	}
	for _, got := range h.box.Letters() {
		m, err := mail.ReadMessage(bytes.NewReader(got.Data))
		if err != nil {
			t.Fatal(err)
		}
		_, token, _ := letter.SplitReturnPath(got.From)
		read, err := keys.Read(letter.ReturnToken, token)
		id, ok := read.Donor()
		if err != nil || !ok || !read.Names(letter.ID{Campaign: "res", Donor: id, Step: "appeal"}) || donors[id] == nil {
			t.Errorf("return path %s: %+v, %v", got.From, read, err)
		}
		if m.Header.Get("List-Unsubscribe-Post") != "List-Unsubscribe=One-Click" || !strings.HasPrefix(m.Header.Get("List-Unsubscribe"), "<https://iom.example/optout/") {
			t.Errorf("%v", m.Header)
		}
	}
}

func hashOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
