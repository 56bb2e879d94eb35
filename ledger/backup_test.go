package ledger_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"

	"outreach.example/ledger"
	"outreach.example/ledger/ledgertest"
	"outreach.example/letter"
)

func (w *world) backup() []byte {
	w.t.Helper()
	var b bytes.Buffer
	_, err := w.Backup(w.ctx, &b, nil)
	w.ok(nil, err)
	return b.Bytes()
}

func (w *world) restore(b []byte, replace bool) ledger.Restored {
	w.t.Helper()
	proved, err := ledger.Verify(bytes.NewReader(b))
	w.ok(nil, err)
	got, err := w.Restore(w.ctx, bytes.NewReader(b), proved, "ann", replace, nil)
	w.ok(nil, err)
	return got
}

// sound wants a ledger in which nothing contradicts itself.
func (w *world) sound() {
	w.t.Helper()
	got, err := (&ledger.Checker{Ledger: w.Ledger, Whole: true}).Run(w.ctx)
	if err != nil || !got.Clean() {
		w.t.Errorf("the ledger contradicts itself: %+v %v", got, err)
	}
}

// chain walks the audit stream from its beginning and wants it unbroken up to where the ledger stands.
func (w *world) chain() {
	w.t.Helper()
	at, err := w.Where(w.ctx)
	w.ok(nil, err)
	last := ledger.AuditEntry{}
	for {
		entries, err := w.Audit(w.ctx, last.Seq, 100)
		w.ok(nil, err)
		if len(entries) == 0 {
			break
		}
		for _, e := range entries {
			if e.Seq != last.Seq+1 || e.Link(last.Chain) != e.Chain {
				w.t.Fatalf("audit entry %+v does not follow from %+v", e, last)
			}
			last = e
		}
	}
	if last.Seq != at.Seq || last.Chain != at.Chain {
		w.t.Errorf("the chain ends at %d %s, the ledger stands at %+v", last.Seq, last.Chain, at)
	}
}

// What is restored is what was backed up, but for what nobody holds any more; it is frozen, under an epoch of its own.
func TestBackupRestore(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		donors := []string{"KEN", "PER", "FRA", "NER", "TUR", "FJI"}
		w := newWorld(t, rdb, donors...)
		w.ok(nil, w.StoreEdition(w.ctx, editionOne, bytes.Repeat([]byte{0, 0xff, 'x'}, 700_000), []byte("list")))
		w.ok(nil, w.StoreBlocks(w.ctx, "res", map[string][]byte{"a": {1, 2, 0xfe}, "b": []byte("plain")}))
		attached := bytes.Repeat([]byte{0, 0xff, 0x0a}, 400_000)
		w.ok(nil, w.StoreFile(w.ctx, "res", hashOf(attached), attached))
		w.ok(w.Suppress(w.ctx, "ann", "x@y.example", ledger.ByHand, "asked\nfor \xff it"))
		w.ok(w.Withdraw(w.ctx, "ann", "corrected", []string{"people@1", "countries@2"}))
		w.ok(w.Hold(w.ctx, "ann", "region:Asia", time.Time{}, "summit"))
		w.ok(w.Record(w.ctx, "res", "FJI", "FJI-0", []string{"appeal"}, ledger.Entry{Kind: "reply", Date: "2026-11-24", By: "ann", At: time.Now()}))
		sent, flying := w.claimOne("KEN"), w.claimOne("PER")
		w.ok(nil, w.beginAs(sent))
		w.settleAs(sent, letter.Sent)
		w.ok(nil, w.beginAs(flying))
		w.claimOne("FRA")
		refused := w.claimOne("NER")
		w.settleAs(refused, letter.Refused)
		before := map[string]ledger.Letter{}
		for _, d := range donors {
			before[d], _, _ = w.Letter(w.ctx, block(d), d)
		}
		w.ok(nil, rdb.HSet(w.ctx, "{outreach}:n:res", "appeal/others", 3).Err())
		at, err := w.Where(w.ctx)
		w.ok(nil, err)
		manifest := rdb.Get(w.ctx, "{outreach}:e:"+editionOne).Val()
		held, cases, suppressed := rdb.HGetAll(w.ctx, "{outreach}:holds").Val(), rdb.HGetAll(w.ctx, "{outreach}:case:res").Val(),
			rdb.HGetAll(w.ctx, "{outreach}:suppressed").Val()

		b := w.backup()
		// A worker that lives still would write into the restored ledger.
		proved, err := ledger.Verify(bytes.NewReader(b))
		if err != nil || proved.Letters != 6 || proved.Position != at || proved.Entries != int(at.Seq) {
			t.Fatalf("verify: %+v %v", proved, err)
		}
		_, err = w.Restore(w.ctx, bytes.NewReader(b), proved, "ann", false, nil)
		if err == nil || !strings.Contains(err.Error(), "is not empty") || !strings.Contains(err.Error(), "--replace --confirm "+at.Name()) {
			t.Fatalf("restore over a ledger: %v", err)
		}
		if why, _ := w.Frozen(w.ctx); why != "" {
			t.Errorf("a refused restore froze the ledger: %s", why)
		}
		_, err = w.Restore(w.ctx, bytes.NewReader(b), proved, "ann", true, nil)
		if err == nil || !strings.Contains(err.Error(), "stop every worker") {
			t.Fatalf("restore beside a worker: %v", err)
		}
		w.ok(nil, rdb.FlushDB(w.ctx).Err())
		got := w.restore(b, false)
		_, err = w.File(w.ctx, "res", hashOf(attached))
		w.ok(nil, err)
		if got.Planned != 1 || got.InDoubt != 1 || got.Now.Epoch == at.Epoch || got.Now.Seq != at.Seq+2 {
			t.Errorf("restored: %+v", got)
		}
		if n := rdb.HGet(w.ctx, "{outreach}:n:res", "appeal/others").Val(); n != "3" {
			t.Errorf("a counter that counts no letters: %q", n)
		}
		w.adds(donors...)
		w.chain()
		w.sound()
		if why, err := w.Frozen(w.ctx); err != nil || !strings.HasPrefix(why, "restored from the backup of ") {
			t.Errorf("frozen: %q %v", why, err)
		}
		for _, d := range donors {
			after, _, err := w.Letter(w.ctx, block(d), d)
			w.ok(nil, err)
			want := before[d]
			switch d {
			case "PER":
				want.State, want.Words, want.Since = letter.InDoubt, "its worker is gone, the dot may be written", after.Since
			case "FRA":
				want.State, want.Since = letter.Planned, after.Since
			}
			if diff := cmp.Diff(want, after); diff != "" {
				t.Errorf("%s: %s", d, diff)
			}
		}
		if rdb.Get(w.ctx, "{outreach}:e:"+editionOne).Val() != manifest || rdb.HGet(w.ctx, "{outreach}:records:res", "a").Val() != "\x01\x02\xfe" {
			t.Error("editions and records are not what they were")
		}
		for key, want := range map[string]map[string]string{"holds": held, "case:res": cases, "suppressed": suppressed} {
			if diff := cmp.Diff(want, rdb.HGetAll(w.ctx, "{outreach}:"+key).Val()); diff != "" {
				t.Errorf("%s: %s", key, diff)
			}
		}
		look, err := w.Look(w.ctx, "res", 10)
		if err != nil || len(look) != 2 {
			t.Errorf("for a person to look at: %v %v", look, err)
		}
		if n, _ := w.Working(w.ctx); n != 0 || rdb.Exists(w.ctx, "{outreach}:busy").Val() != 0 {
			t.Errorf("workers: %d, busy: %v", n, rdb.ZRange(w.ctx, "{outreach}:busy", 0, -1).Val())
		}
		follow, err := w.Following(w.ctx, "res", 10)
		if err != nil || len(follow) != 1 || follow[0].Block.Name != "KEN-0" {
			t.Errorf("follow: %v %v", follow, err)
		}
		w.ok(w.Renew(w.ctx, "worker", time.Minute, true))
		w.worker = "worker"
		if c := w.claim("TUR"); !strings.HasPrefix(c.Why, "frozen: restored from the backup of ") {
			t.Errorf("claim: %+v", c)
		}
		// The same backup restores the same letters again, in the place of the first restore.
		w.ok(nil, w.Leave(w.ctx, "worker"))
		if again := w.restore(b, true); again.InDoubt != 1 || again.Now.Epoch == got.Now.Epoch {
			t.Errorf("restored again: %+v", again)
		}
		w.adds(donors...)
		w.chain()
		w.sound()
	})
}

// A restore that was cut off leaves a frozen ledger and is typed again without --replace.
func TestRestoreCutOff(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		w := newWorld(t, rdb, "KEN", "PER")
		w.ok(nil, w.Leave(w.ctx, w.worker))
		b := w.backup()
		proved, err := ledger.Verify(bytes.NewReader(b))
		w.ok(nil, err)
		w.ok(nil, rdb.FlushDB(w.ctx).Err())
		if _, err := w.Restore(w.ctx, bytes.NewReader(b[:len(b)-30]), proved, "ann", false, nil); err == nil {
			t.Fatal("half a file was restored")
		}
		why, err := w.Frozen(w.ctx)
		if err != nil || !strings.HasPrefix(why, "a restore writes the ledger anew") {
			t.Errorf("frozen: %q %v", why, err)
		}
		if _, err := w.Backup(w.ctx, io.Discard, nil); !errors.Is(err, ledger.ErrEmpty) {
			t.Errorf("backup of half a restore: %v", err)
		}
		w.restore(b, false)
		w.adds("KEN", "PER")
		w.chain()
		w.sound()
	})
}

// A cut or altered file is refused with its line before anything is written.
func TestVerify(t *testing.T) {
	rdb := ledgertest.Client(t, ledgertest.Mini(t).Addr())
	var donors []string
	for i := range 30 {
		donors = append(donors, fmt.Sprintf("P%02d", i))
	}
	w := newWorld(t, rdb, donors...)
	whole := w.backup()
	lines := strings.SplitAfter(unzip(t, whole), "\n")
	lines = lines[:len(lines)-1]
	if _, err := ledger.Verify(bytes.NewReader(zip(lines))); err != nil {
		t.Fatal(err)
	}
	at := func(part string) int {
		for i, l := range lines {
			if strings.Contains(l, part) {
				return i
			}
		}
		t.Fatalf("no line with %s", part)
		return 0
	}
	row, entry := at(`"r:res:appeal:P07-0"`), at(`"what":"approve"`)
	change := func(i int, from, to string) []byte {
		out := append([]string(nil), lines...)
		out[i] = strings.Replace(out[i], from, to, 1)
		if out[i] == lines[i] {
			t.Fatalf("line %d has no %s: %s", i+1, from, lines[i])
		}
		return zip(out)
	}
	for _, c := range []struct {
		name string
		file []byte
		want string
	}{
		{"no gzip", []byte("hello"), "line 1: the file is not a backup of outreach (no gzip)"},
		{"another file", zip([]string{"{\"hello\": 1}\n"}), "line 1: the file is not a backup of outreach"},
		{"empty", zip(nil), "line 1: the file was cut off here"},
		{"cut in the gzip", whole[:len(whole)/2], "the file was cut off here"},
		{"last line missing", zip(lines[:len(lines)-1]), fmt.Sprintf("line %d: the file was cut off here", len(lines))},
		{"a line missing", zip(append(append([]string(nil), lines[:row]...), lines[row+1:]...)), "was altered"},
		{"a state changed", change(row, `P|1|`, `S|1|`), fmt.Sprintf("line %d: this line or one before it was altered", len(lines))},
		{"a row that is none", change(row, `P|1|`, `Q|1|`), fmt.Sprintf("line %d: letter res/P07/appeal: ", row+1)},
		{"no JSON", change(row, `{`, `<`), fmt.Sprintf("line %d: cannot be read", row+1)},
		{"an entry rewritten", change(entry, `"who":"bea"`, `"who":"ann"`), fmt.Sprintf("line %d: audit entry", entry+1)},
		{"a newer version", change(0, `"version":1`, `"version":2`), "line 1: the backup has version 2 and this program knows 1"},
		{"a newer schema", change(0, `"schema":2`, `"schema":9`), "line 1: the backup's ledger has schema 9"},
		{"more after the end", zip(append(append([]string(nil), lines...), "{}\n")), "something follows after the backup's last line"},
		{"a bit in the gzip", flip(whole), "line "},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := ledger.Verify(bytes.NewReader(c.file))
			var no ledger.Refusal
			if !errors.As(err, &no) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func zip(lines []string) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	for _, l := range lines {
		_, _ = z.Write([]byte(l))
	}
	_ = z.Close()
	return b.Bytes()
}

func unzip(t *testing.T, b []byte) string {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	all, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return string(all)
}

func flip(b []byte) []byte {
	out := bytes.Clone(b)
	out[len(out)-6] ^= 1 // in the CRC
	return out
}

// A backup beside a house at work restores to a ledger that adds up, and knows of every begin up to its position.
func TestBackupBesideWork(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		var donors []string
		for i := range 200 {
			donors = append(donors, fmt.Sprintf("P%03d", i))
		}
		w := newWorld(t, rdb, donors...)
		var work sync.WaitGroup
		half := make(chan struct{})
		work.Go(func() {
			for i, d := range donors {
				if i == 50 {
					close(half)
				}
				c, err := w.Claim(w.ctx, block(d), ledger.Nonce(w.worker), 1, ledger.Pace{})
				if err != nil || len(c.Letters) != 1 {
					t.Errorf("claim: %v", err)
					return
				}
				if err := w.beginAs(c.Letters[0]); err != nil {
					t.Errorf("begin: %v", err)
				}
				if _, err := w.Settle(w.ctx, ledger.Settlement{Claim: c.Letters[0], To: letter.Sent}); err != nil {
					t.Errorf("settle: %v", err)
				}
			}
		})
		<-half
		b := w.backup()
		work.Wait()
		begun := map[string]bool{}
		proved, err := ledger.Verify(bytes.NewReader(b))
		w.ok(nil, err)
		w.ok(nil, w.Leave(w.ctx, w.worker))
		w.restore(b, true)
		w.adds(donors...)
		w.chain()
		w.sound()
		entries, err := w.Audit(w.ctx, 0, 10_000)
		w.ok(nil, err)
		for _, e := range entries {
			if e.What == "begin" && e.Seq <= proved.Position.Seq {
				begun[strings.Split(strings.Fields(e.Body)[0], "/")[3]] = true
			}
		}
		if len(begun) < 50 {
			t.Fatalf("%d begins before the backup", len(begun))
		}
		for d := range begun {
			if s := w.state(d); s != letter.Sent && s != letter.InDoubt {
				t.Errorf("%s was begun before the backup's position and is %s after the restore", d, s)
			}
		}
	})
}
