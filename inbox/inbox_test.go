package inbox_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"outreach.example/campaign"
	"outreach.example/donor"
	"outreach.example/inbox"
	"outreach.example/ledger"
	"outreach.example/ledger/ledgertest"
	"outreach.example/letter"
	"outreach.example/templates"
)

const written = `campaign: res
title: {en: "Resilience"}
goal: {amount: 1000, currency: USD}
audience: {status: [private]}
sender: {name: "Org", address: org@iom.example}
reply_to: {name: "Desk", address: desk@iom.example}
registry: registry@iom.example
signatory: {name: "A B", title: {en: "Head"}}
ask: {low: 5, high: 10, base_year: 2024, currency: USD}
reply_by: 2099-03-31
schedule: {start: 2026-11-23, zone: Europe/Zurich, days: [mon, tue, wed, thu, fri, sat, sun], hours: "00:00-24:00"}
steps:
  - name: appeal
`

const text = "Subject: A letter to %s\n\n{{.Date}}\n\n{{.Salutation}}\n\nWords to {{.State.Short}}, who gave before and may give again.\n\n{{.Close}}\n"

// long is a donor whose id a Message-ID cuts.
const long = "G-0123456789-0123456789-0123456789-X"

var donors = []string{"F-01", "F-02", "F-03", long, long[:len(long)-1] + "Y"}

// desk is a running campaign and a folder of registry copies.
type desk struct {
	*ledger.Ledger
	t       *testing.T
	ctx     context.Context
	worker  string
	now     time.Time
	reader  *inbox.Reader
	folder  string
	edition campaign.Edition
}

func newDesk(t *testing.T, rdb *redis.Client) *desk {
	t.Helper()
	d := &desk{Ledger: ledger.New(rdb), t: t, ctx: t.Context(), worker: ledger.WorkerName(), now: time.Now()}
	_, err := d.Open(d.ctx)
	d.ok(err)
	_, err = d.Renew(d.ctx, d.worker, time.Minute, true)
	d.ok(err)
	d.folder = t.TempDir()
	d.reader = d.newReader(d.folder)
	d.plan("everyone")
	return d
}

func (d *desk) newReader(folder string) *inbox.Reader {
	return &inbox.Reader{Ledger: d.Ledger, Source: &inbox.Folder{Path: folder}, Every: time.Millisecond, Now: func() time.Time { return d.now }, Log: slog.New(slog.DiscardHandler)}
}

func (d *desk) ok(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) plan(whom string) {
	d.t.Helper()
	files := map[string]string{"campaign.yaml": written, "texts/appeal.en.txt": fmt.Sprintf(text, whom)}
	c, faults := campaign.Parse("res", "campaign.yaml", []byte(written))
	if faults.Refuses() {
		d.t.Fatal(faults)
	}
	set, faults := templates.Load(c, files)
	if faults.Refuses() {
		d.t.Fatal(faults)
	}
	var list []donor.Donor
	row := ledger.Row{Block: "none-0", Donors: donors}
	for _, id := range donors {
		list = append(list, donor.Donor{
			ID: id, Status: "private", Name: map[string]string{"en": "Giver " + id}, Formal: map[string]string{"en": "Giver " + id}, Language: "en",
			Contacts: []donor.Contact{{Email: strings.ToLower(id) + "@giver.example", Name: "Giver", Rank: "other", Salutation: "Dear Giver,", Language: "en"}},
		})
	}
	blocks := map[string][]byte{}
	e, names, err := campaign.Freezer{
		Campaign: c, Files: files,
		Render: func(r campaign.Record, step string) (string, error) {
			l, err := set.Compose(&r, step)
			return l.Hash(), err
		},
		Store: func(b campaign.Block) error { blocks[b.Hash] = b.Data; return nil },
	}.Freeze(d.ctx, list)
	d.ok(err)
	d.ok(d.StoreBlocks(d.ctx, "res", blocks))
	d.ok(d.StoreEdition(d.ctx, e.Hash(), e.Encode(), names))
	_, _, err = d.Plan(d.ctx, "ann", ledger.Edition{Campaign: "res", Hash: e.Hash(), Steps: e.Steps, Donors: e.Donors})
	d.ok(err)
	_, err = d.Approve(d.ctx, "bea", "res", e.Hash(), nil)
	d.ok(err)
	_, err = d.Lay(d.ctx, "ann", "res", "appeal", e.Hash(), []ledger.Row{row}, true, true)
	d.ok(err)
	_, err = d.Switch(d.ctx, "ann", "res", ledger.Start, "")
	d.ok(err)
	d.edition = e
}

var block = letter.Block{Campaign: "res", Step: "appeal", Name: "none-0"}

// bytes seals a donor's letter as a worker does.
func (d *desk) bytes(id string, date time.Time) []byte {
	d.t.Helper()
	c, err := d.edition.LoadCampaign()
	d.ok(err)
	set, faults := templates.Load(c, d.edition.Files)
	if faults.Refuses() {
		d.t.Fatal(faults)
	}
	blocks, err := d.Blocks(d.ctx, d.edition.Hash())
	d.ok(err)
	records, err := d.Records(d.ctx, blocks, "none-0")
	d.ok(err)
	for i := range records {
		if records[i].Donor.ID == id {
			content, err := set.Compose(&records[i], "appeal")
			d.ok(err)
			sealed, err := letter.Seal(&content, date, set.PrintDate("en", date))
			d.ok(err)
			return sealed.Bytes
		}
	}
	d.t.Fatalf("no donor %s", id)
	return nil
}

// claims gets the letters of these donors in hand; the others are given back.
func (d *desk) claims(ids ...string) map[string]ledger.Claim {
	d.t.Helper()
	got, err := d.Claim(d.ctx, block, ledger.Nonce(d.worker), 100, ledger.Pace{})
	d.ok(err)
	mine := map[string]ledger.Claim{}
	for _, c := range got.Letters {
		wanted := false
		for _, id := range ids {
			wanted = wanted || id == c.ID.Donor
		}
		if wanted {
			mine[c.ID.Donor] = c
		} else {
			d.ok(d.Unclaim(d.ctx, []ledger.Claim{c}, 0, ""))
		}
	}
	if len(mine) != len(ids) {
		d.t.Fatalf("claimed %d of %v", len(mine), ids)
	}
	return mine
}

// doubt puts a donor's letter in doubt and returns what left.
func (d *desk) doubt(id string) []byte {
	d.t.Helper()
	c := d.claims(id)[id]
	b := d.bytes(id, c.Date)
	d.ok(d.begin(c))
	_, err := d.Settle(d.ctx, ledger.Settlement{Claim: c, To: letter.InDoubt, Words: "connection cut"})
	d.ok(err)
	return b
}

func (d *desk) begin(c ledger.Claim) error {
	_, err := d.Begin(d.ctx, ledger.Begin{Claim: c, ContentHash: "c", ByteHash: "b"})
	return err
}

func (d *desk) state(id string) letter.State {
	d.t.Helper()
	got, ok, err := d.Letter(d.ctx, block, id)
	if err != nil || !ok {
		d.t.Fatalf("letter of %s: %v, there: %v", id, err, ok)
	}
	return got.State
}

// drop puts a mail into the folder, as a server delivered it.
func (d *desk) drop(name string, mail []byte) {
	d.t.Helper()
	received := "Return-Path: <org@iom.example>\r\nReceived: from relay.example by mail.iom.example with ESMTP id " + name + "; " + d.now.UTC().Format(time.RFC1123Z) + "\r\n"
	d.ok(os.WriteFile(filepath.Join(d.folder, name), append([]byte(received), mail...), 0o600))
}

// poll reads until a round finds nothing new, and says what was found.
func (d *desk) poll() string {
	d.t.Helper()
	total := map[ledger.Finding]int{}
	for range 3 { // a file of a plain folder is read in the second round
		found, err := d.reader.Poll(d.ctx)
		d.ok(err)
		for f, n := range found {
			total[f] += n
		}
	}
	return strings.TrimSuffix(strings.TrimPrefix(fmt.Sprint(total), "map["), "]")
}

func (d *desk) finds(want string) {
	d.t.Helper()
	if got := d.poll(); got != want {
		d.t.Errorf("found %q, want %q", got, want)
	}
}

func (d *desk) is(id string, want letter.State) {
	d.t.Helper()
	if s := d.state(id); s != want {
		d.t.Errorf("letter of %s is %s, want %s", id, s, want)
	}
}

func each(t *testing.T, test func(t *testing.T, d *desk)) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) { test(t, newDesk(t, rdb)) })
}

// A copy in the folder settles its doubt, once; a restart reads nothing again and loses nothing.
func TestCopySettlesDoubt(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		for _, id := range []string{"F-01", long} {
			d.drop(id+".eml", d.doubt(id))
		}
		d.drop("cover.txt", []byte("not a mail"))
		d.drop(".F-03.eml", d.bytes("F-03", d.now))
		d.finds("sent:2")
		d.is("F-01", letter.Sent)
		d.is(long, letter.Sent)
		d.is(donors[4], letter.Planned)
		d.finds("")
		d.reader = d.newReader(d.folder)
		d.finds("")
		r, err := d.Reading(d.ctx)
		if err != nil || r.Found["sent"] != 2 || r.At.IsZero() {
			t.Errorf("reading: %+v %v", r, err)
		}
		if files, _ := os.ReadDir(d.folder); len(files) != 4 {
			t.Errorf("the folder holds %v", files)
		}
	})
}

// A copy that is read while its answer is outstanding is kept for the doubt that may come of it.
func TestCopyBeforeAnswer(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		c := d.claims("F-01")["F-01"]
		d.ok(d.begin(c))
		d.drop("a.eml", d.bytes("F-01", c.Date))
		d.finds("noted:1")
		d.is("F-01", letter.Sending)
		d.ok(d.Leave(d.ctx, d.worker))
		_, err := d.Sweep(d.ctx)
		d.ok(err)
		d.is("F-01", letter.Sent)
	})
}

// A copy that arrives after a resend was decided and before it left.
func TestCopyBeatsResend(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		left := d.doubt("F-01")
		_, err := d.Resolve(d.ctx, ledger.Resolution{
			Letter: letter.ID{Campaign: "res", Donor: "F-01", Step: "appeal"}, Block: "none-0", Decision: ledger.DecideResend, Who: "cora", Reason: "no copy",
		})
		d.ok(err)
		again := d.claims("F-01")["F-01"]
		d.drop("late.eml", left)
		d.finds("sent:1")
		if err := d.begin(again); err == nil {
			t.Error("begin let a letter pass that evidence shows sent")
		}
		d.is("F-01", letter.Sent)
		// The same delivery exported twice is one copy; another transaction of the letter is one too many.
		same, err := os.ReadFile(filepath.Join(d.folder, "late.eml"))
		d.ok(err)
		d.ok(os.WriteFile(filepath.Join(d.folder, "export.eml"), append([]byte("X-Status: seen\r\n"), same...), 0o600))
		d.finds("again:1")
		d.drop("second.eml", d.bytes("F-01", again.Date))
		d.finds("twice:1")
	})
}

// A Maildir: a mail that its reader moves and flags is the same mail.
func TestMaildir(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		dir := d.folder
		for _, sub := range []string{"new", "cur", "tmp"} {
			d.ok(os.Mkdir(filepath.Join(dir, sub), 0o700))
		}
		b := bytes.ReplaceAll(d.doubt("F-01"), []byte("\r\n"), []byte("\n"))
		d.ok(os.WriteFile(filepath.Join(dir, "tmp", "1764.M1.host"), d.bytes("F-02", d.now), 0o600))
		d.ok(os.WriteFile(filepath.Join(dir, "new", "1764.M0.host"), b, 0o600))
		d.finds("sent:1")
		d.ok(os.Rename(filepath.Join(dir, "new", "1764.M0.host"), filepath.Join(dir, "cur", "1764.M0.host:2,RS")))
		d.finds("")
		d.reader = d.newReader(dir)
		d.finds("")
		d.is("F-01", letter.Sent)
	})
}

// A Maildir's own rules may sort copies into the folders inside it. They are read; what is no such folder, and what a link
// leads to, is not.
func TestFoldersInMaildir(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		dir, outside := d.folder, t.TempDir()
		for _, path := range []string{"new", "cur", ".Registry/new", ".Registry/cur", ".Registry.2026/new", "Registry/new", ".none/tmp"} {
			d.ok(os.MkdirAll(filepath.Join(dir, path), 0o700))
			d.ok(os.MkdirAll(filepath.Join(outside, path), 0o700))
		}
		d.ok(os.Symlink(outside, filepath.Join(dir, ".elsewhere")))
		b := d.doubt("F-01")
		for _, path := range []string{"Registry/new", ".none/tmp", ".elsewhere/new"} {
			d.ok(os.WriteFile(filepath.Join(dir, path, "1764.M0.host"), b, 0o600))
		}
		d.finds("")
		d.is("F-01", letter.InDoubt)
		d.ok(os.WriteFile(filepath.Join(dir, ".Registry/new", "1764.M0.host"), b, 0o600))
		d.finds("sent:1")
		d.is("F-01", letter.Sent)
		d.ok(os.Rename(filepath.Join(dir, ".Registry/new", "1764.M0.host"), filepath.Join(dir, ".Registry/cur", "1764.M0.host:2,S")))
		d.ok(os.WriteFile(filepath.Join(dir, ".Registry.2026/new", "1764.M1.host"), d.doubt("F-02"), 0o600))
		d.finds("sent:1")
		d.is("F-02", letter.Sent)
		d.ok(os.RemoveAll(filepath.Join(dir, ".Registry.2026")))
		d.finds("")
		for i := range 200 {
			d.ok(os.MkdirAll(filepath.Join(dir, fmt.Sprintf(".%03d", i), "cur"), 0o700))
		}
		if err := inbox.Check(dir); err == nil || !strings.Contains(err.Error(), "has 201 folders inside it, and more than 200 are not read; set registry_copies") {
			t.Error(err)
		}
	})
}

// Whoever knows a donor can write a Message-ID. What does not prove anything is counted and left alone.
func TestForged(t *testing.T) {
	date := time.Now().UTC()
	head := func(fields ...string) string {
		return strings.Join(fields, "\r\n") + "\r\nDate: " + date.Format(time.RFC1123Z) + "\r\n\r\nwords\r\n"
	}
	id := func(donor string) string {
		return letter.MessageID(letter.ID{Campaign: "res", Donor: donor, Step: "appeal"}, "iom.example")
	}
	for _, tt := range []struct{ name, mail, want string }{
		{"no Message-ID", head("From: org@iom.example"), "foreign:1"},
		{"another's Message-ID", head("From: org@iom.example", "Message-ID: <x@y.example>"), "foreign:1"},
		{"another sender", head("From: evil@iom.example", "Message-ID: "+id("F-01")), "forged:1"},
		{"two senders", head("From: org@iom.example, evil@iom.example", "Message-ID: "+id("F-01")), "forged:1"},
		{"another hash", head("From: org@iom.example", "Message-ID: <res.F-01.appeal.0123456789abcdef@iom.example>"), "forged:1"},
		{"another donor", head("From: org@iom.example", "Message-ID: "+strings.Replace(id("F-01"), "F-01", "F-02", 1)), "forged:1"},
		{"another domain", head("From: org@iom.example", "Message-ID: "+strings.Replace(id("F-01"), "iom.", "imo.", 1)), "forged:1"},
		{"two Message-IDs", head("From: org@iom.example", "Message-ID: "+id("F-01"), "Message-ID: <x@y.example>"), "unreadable:1"},
		{"no such donor", head("From: org@iom.example", "Message-ID: "+id("F-99")), "unknown:1"},
		{"a letter that never left", head("From: org@iom.example", "To: f-02@giver.example", "Subject: A letter to everyone", "Message-ID: "+id("F-02")), "weak:1"},
		{"no mail", "\x00\x01\x02", "unreadable:1"},
		{"empty", "", "foreign:1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := newDesk(t, ledgertest.Client(t, ledgertest.Mini(t).Addr()))
			d.ok(os.WriteFile(filepath.Join(d.folder, "x.eml"), []byte(tt.mail), 0o600))
			d.finds(tt.want)
			d.now = d.now.Add(time.Second)
			d.finds("")
			for _, id := range donors {
				d.is(id, letter.Planned)
			}
		})
	}
}

// A mail beyond the limits is left alone, and so is what is no file.
func TestLimits(t *testing.T) {
	d := newDesk(t, ledgertest.Client(t, ledgertest.Mini(t).Addr()))
	dir := d.folder
	huge, err := os.Create(filepath.Join(dir, "huge.eml"))
	d.ok(err)
	d.ok(huge.Truncate(26 << 20))
	d.ok(huge.Close())
	d.ok(os.WriteFile(filepath.Join(dir, "header.eml"), append([]byte("From: "), bytes.Repeat([]byte("a"), 300<<10)...), 0o600))
	d.ok(os.Mkdir(filepath.Join(dir, "folder.eml"), 0o700))
	d.ok(os.Symlink("/etc/hostname", filepath.Join(dir, "link.eml")))
	d.finds("unreadable:2")
}

// A file that is still being written is not read before it stands still.
func TestHalfWritten(t *testing.T) {
	d := newDesk(t, ledgertest.Client(t, ledgertest.Mini(t).Addr()))
	b := d.doubt("F-01")
	path := filepath.Join(d.folder, "a.eml")
	for _, n := range []int{len(b) / 3, len(b) / 2, len(b)} {
		d.ok(os.WriteFile(path, b[:n], 0o600))
		if found, err := d.reader.Poll(d.ctx); err != nil || len(found) != 0 {
			t.Errorf("after %d of %d bytes: %v %v", n, len(b), found, err)
		}
	}
	d.finds("sent:1")
	if got, _, _ := d.Letter(d.ctx, block, "F-01"); got.Proof.Copies != 1 {
		t.Errorf("letter: %+v", got)
	}
}

// A ledger that was restored from before a letter left learns from the copy that it did: by its own content only.
func TestRestored(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		left := d.bytes("F-01", d.now.Add(-time.Hour))
		d.drop("a.eml", left)
		d.drop("forged.eml", bytes.Replace(d.bytes("F-02", d.now.Add(-time.Hour)), []byte("who gave before"), []byte("who never gave!"), 2))
		d.finds("sent:1 weak:1")
		d.is("F-01", letter.Sent)
		d.is("F-02", letter.Planned)
		// Emptied, planned anew, and read by the same process: the copy counts again.
		d.ok(d.Redis.FlushDB(d.ctx).Err())
		d.finds("unknown:2")
		_, err := d.Open(d.ctx)
		d.ok(err)
		d.plan("everyone")
		d.now = d.now.Add(time.Minute)
		d.finds("sent:1 weak:1")
		d.is("F-01", letter.Sent)
		d.is("F-02", letter.Planned)
	})
}

// A folder that is not there gets one sentence.
func TestNoFolder(t *testing.T) {
	err := inbox.Check(filepath.Join(t.TempDir(), "none"))
	if err == nil || !strings.Contains(err.Error(), "set registry_copies (OUTREACH_REGISTRY_COPIES) to a folder of .eml files or a Maildir") {
		t.Error(err)
	}
}
