package intent

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"outreach.example/ledger"
	"outreach.example/letter"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(childFolder); dir != "" {
		os.Exit(child(dir, os.Getenv(childDoes)))
	}
	goleak.VerifyTestMain(m)
}

var began = time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)

func at() time.Time { return began }

func open(t testing.TB, dir string) *File {
	t.Helper()
	f, err := Open(dir, Options{Process: "host 1", Position: ledger.Position{Epoch: "e1"}, Now: at, Floor: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func intention(donor string) Intent {
	id := letter.ID{Campaign: "res", Donor: donor, Step: "appeal"}
	return Intent{
		Letter: id, Block: letter.Block{Campaign: "res", Step: "appeal", Name: "none-0"}, Generation: 1, Nonce: "abcdef0123456789xy",
		ContentHash: strings.Repeat("c", 64), ByteHash: strings.Repeat("b", 64), At: began,
		Position: ledger.Position{Epoch: "e1", Seq: 7, Chain: "cafe"},
	}
}

func intend(t testing.TB, f *File, in Intent) {
	t.Helper()
	if err := f.Intend(context.Background(), in); err != nil {
		t.Fatal(err)
	}
}

func noErr(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func read(t testing.TB, path string) *Content {
	t.Helper()
	b, err := os.ReadFile(path)
	noErr(t, err)
	c, err := Read(bytes.NewReader(b))
	noErr(t, err)
	return c
}

// What is written is read: an intent when Intend returns, everything else when the file is closed at the latest.
func TestWrittenAndRead(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	f := open(t, dir)
	for _, path := range []string{dir, filepath.Dir(dir)} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
	if info, err := os.Stat(f.Path()); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("file: %v, %v", info.Mode(), err)
	}
	noErr(t, f.Worker("abcdef"))
	a, b, c := intention("A"), intention("B"), intention("C")
	b.Position.Seq, b.Position.Chain = 9, "beef"
	intend(t, f, a)
	if got := read(t, f.Path()); len(got.Traces) != 1 || !got.Traces[0].Open() || !got.Whole() || got.Closed {
		t.Fatalf("after the first intent: %+v", got)
	}
	intend(t, f, b)
	intend(t, f, c)
	noErr(t, f.Outcome(a.Key(), 1, letter.Sent, "250 2.0.0 100% taken\r\nas \xff1"))
	noErr(t, f.Never(b.Key(), 1))
	noErr(t, f.Note(ledger.Position{Epoch: "e1", Seq: 12, Chain: "f00d"}))
	noErr(t, f.Close())
	noErr(t, f.Close())
	got := read(t, f.Path())
	want := &Content{
		Format: 1, Process: "host 1", Epoch: "e1", Began: began, Workers: []string{"abcdef"}, Lines: got.Lines, Closed: true,
		Position: ledger.Position{Epoch: "e1", Seq: 12, Chain: "f00d"},
		Traces: []Trace{
			{Key: a.Key(), Generation: 1, Intended: true, Intent: a, Outcome: letter.Sent, Words: "250 2.0.0 100% taken\r\nas \xff1", At: began},
			{Key: b.Key(), Generation: 1, Intended: true, Intent: b, Never: true, At: began},
			{Key: c.Key(), Generation: 1, Intended: true, Intent: c},
		},
	}
	want.Last = want.Traces[:1]
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("read (-want +got):\n%s", diff)
	}
	if !got.Whole() || !got.Of("e1") || got.Of("e2") {
		t.Errorf("whole %v, of e1 %v, of e2 %v", got.Whole(), got.Of("e1"), got.Of("e2"))
	}
	for what, err := range map[string]error{
		"intend": f.Intend(t.Context(), a), "outcome": f.Outcome(a.Key(), 1, letter.Sent, ""), "never": f.Never(a.Key(), 1),
		"worker": f.Worker("x"), "note": f.Note(ledger.Position{Epoch: "e1", Seq: 13}),
	} {
		if err == nil {
			t.Errorf("%s on a closed file: no error", what)
		}
	}
}

// The first lines of a file, as the package comment promises them to whoever reads them with other means.
func TestFormat(t *testing.T) {
	f := open(t, t.TempDir())
	noErr(t, f.Worker("abcdef"))
	intend(t, f, intention("A"))
	noErr(t, f.Outcome(intention("A").Key(), 1, letter.Planned, "451 later, please"))
	noErr(t, f.Close())
	b, err := os.ReadFile(f.Path())
	noErr(t, err)
	want := `1 head 1 host%201 e1 2026-11-24T10:00:00.000Z 6a40cbdd
2 worker abcdef eae2c292
3 at e1 7 cafe d4be7ec3
4 dot res/A/appeal none-0 1 abcdef0123456789xy ` + strings.Repeat("c", 64) + " " + strings.Repeat("b", 64) + ` 2026-11-24T10:00:00.000Z 1eadea7c
5 end res/A/appeal 1 abcdef0123456789xy planned 2026-11-24T10:00:00.000Z 451 later, please b32940ec
6 closed 2026-11-24T10:00:00.000Z c10c46af
`
	if diff := cmp.Diff(want, string(b)); diff != "" {
		t.Errorf("file (-want +got):\n%s", diff)
	}
}

// An outcome that no intent takes along reaches the disk by itself.
func TestOutcomeBySoon(t *testing.T) {
	f := open(t, t.TempDir())
	intend(t, f, intention("A"))
	noErr(t, f.Outcome(intention("A").Key(), 1, letter.Sent, "250"))
	deadline := time.NewTimer(10 * time.Second)
	defer deadline.Stop()
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for read(t, f.Path()).Traces[0].Outcome != letter.Sent {
		select {
		case <-look.C:
		case <-deadline.C:
			t.Fatal("the outcome is not in the file after ten seconds")
		}
	}
}

// counting counts what goes to the disk, and fails as it is told.
type counting struct {
	mu            sync.Mutex
	bytes.Buffer  // what was written
	syncs         int
	onSync        func(n int)
	write, onDisk error
}

func (c *counting) Write(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.write != nil {
		n, _ := c.Buffer.Write(b[:len(b)/2])
		return n, c.write
	}
	return c.Buffer.Write(b)
}

func (c *counting) Sync() error {
	c.mu.Lock()
	c.syncs++
	n, do, err := c.syncs, c.onSync, c.onDisk
	c.mu.Unlock()
	if do != nil {
		do(n)
	}
	return err
}

func (c *counting) Close() error { return nil }

// Whoever comes while the disk is busy shares the next write, all of them.
func TestGroup(t *testing.T) {
	f := open(t, t.TempDir())
	real := f.disk
	defer func() { _ = real.Close() }()
	running, release := make(chan struct{}), make(chan struct{})
	d := &counting{onSync: func(n int) {
		if n == 1 {
			close(running)
			<-release
		}
	}}
	f.disk = d
	var all sync.WaitGroup
	var errs sync.Map
	call := func(donor string) {
		all.Go(func() {
			if err := f.Intend(t.Context(), intention(donor)); err != nil {
				errs.Store(donor, err)
			}
		})
	}
	call("first")
	<-running
	for i := range 63 {
		call(fmt.Sprint(i))
	}
	wait(t, "63 lines that wait", func() bool {
		f.mu.Lock()
		defer f.mu.Unlock()
		return bytes.Count(f.pending, []byte("\n")) == 63
	})
	close(release)
	all.Wait()
	errs.Range(func(k, v any) bool { t.Errorf("%v: %v", k, v); return true })
	if d.syncs != 2 {
		t.Errorf("%d times to the disk for 64 letters of which 63 came while it was busy", d.syncs)
	}
	if n := bytes.Count(d.Bytes(), []byte(" dot ")); n != 64 {
		t.Errorf("%d intents are written", n)
	}
}

func wait(t *testing.T, what string, done func() bool) {
	t.Helper()
	deadline := time.NewTimer(10 * time.Second)
	defer deadline.Stop()
	look := time.NewTicker(time.Millisecond)
	defer look.Stop()
	for !done() {
		select {
		case <-look.C:
		case <-deadline.C:
			t.Fatalf("after ten seconds: not %s", what)
		}
	}
}

// After the disk has failed once nothing is granted any more, whatever the disk says later.
func TestDiskFails(t *testing.T) {
	for name, d := range map[string]*counting{
		"write": {write: errors.New("no space left on device")}, "fsync": {onDisk: errors.New("input/output error")},
	} {
		t.Run(name, func(t *testing.T) {
			f := open(t, t.TempDir())
			defer func(real disk) { _ = real.Close() }(f.disk)
			f.disk = d
			var broken Broken
			if err := f.Intend(t.Context(), intention("A")); !errors.As(err, &broken) || !strings.Contains(err.Error(), "nothing more leaves from this process") {
				t.Fatalf("intend: %v", err)
			}
			d.write, d.onDisk = nil, nil
			if err := f.Intend(t.Context(), intention("B")); !errors.As(err, &broken) {
				t.Errorf("a later intend: %v", err)
			}
			if err := f.Ready(); !errors.As(err, &broken) {
				t.Errorf("ready: %v", err)
			}
			if err := f.Outcome(intention("A").Key(), 1, letter.Planned, ""); !errors.As(err, &broken) {
				t.Errorf("outcome: %v", err)
			}
			if err := f.Close(); !errors.As(err, &broken) {
				t.Errorf("close: %v", err)
			}
			if bytes.Contains(d.Bytes(), []byte("closed")) || bytes.Contains(d.Bytes(), []byte("res/B/")) {
				t.Errorf("written after the failure: %s", d.Bytes())
			}
		})
	}
}

// Everybody who waits for the write that fails is refused.
func TestDiskFailsForAll(t *testing.T) {
	f := open(t, t.TempDir())
	defer func(real disk) { _ = real.Close() }(f.disk)
	running, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	f.disk = &counting{onDisk: errors.New("input/output error"), onSync: func(int) {
		once.Do(func() { close(running); <-release })
	}}
	var all sync.WaitGroup
	granted := make(chan string, 64)
	for i := range 32 {
		all.Go(func() {
			if f.Intend(context.Background(), intention(fmt.Sprint(i))) == nil {
				granted <- fmt.Sprint(i)
			}
		})
	}
	<-running
	close(release)
	all.Wait()
	if n := len(granted); n != 0 {
		t.Errorf("%d letters were granted by a disk that failed", n)
	}
}

// Below the floor no letter is begun, in words that say what to do; above it again.
func TestFloor(t *testing.T) {
	f := open(t, t.TempDir())
	f.floor = 1 << 62
	var full Full
	err := f.Intend(t.Context(), intention("A"))
	if !errors.As(err, &full) || !strings.Contains(err.Error(), "make room on its disk, or set OUTREACH_INTENTS") {
		t.Errorf("intend: %v", err)
	}
	if !errors.As(f.Ready(), &full) {
		t.Errorf("ready: %v", f.Ready())
	}
	f.floor = 1
	intend(t, f, intention("B"))
	if got := read(t, f.Path()); len(got.Traces) != 1 || got.Traces[0].Letter.Donor != "B" {
		t.Errorf("file: %+v", got.Traces)
	}
	if f := open(t, t.TempDir()); f.Ready() != nil {
		t.Error(f.Ready())
	}
	if o, err := Open(t.TempDir(), Options{Now: at}); err != nil || o.floor != Floor {
		t.Errorf("%v: the floor unless told otherwise is %d", err, o.floor)
	} else {
		noErr(t, o.Close())
	}
}

func TestRefusesNonsense(t *testing.T) {
	f := open(t, t.TempDir())
	in := intention("A")
	in.Block.Step = "reminder-1"
	if err := f.Intend(t.Context(), in); err == nil {
		t.Error("a letter in a block of another step is written")
	}
	if err := f.Outcome(in.Key(), 1, letter.Claimed, ""); err == nil {
		t.Error("claimed is no outcome")
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := f.Intend(ended, intention("A")); !errors.Is(err, context.Canceled) {
		t.Errorf("after the end of its context: %v", err)
	}
	if got := read(t, f.Path()); len(got.Traces) != 0 {
		t.Errorf("file: %+v", got.Traces)
	}
}

func BenchmarkIntend(b *testing.B) {
	for _, n := range []int{1, 64} {
		b.Run(fmt.Sprintf("goroutines=%d", n), func(b *testing.B) {
			f := open(b, b.TempDir())
			ctx, in := context.Background(), intention("A")
			var all sync.WaitGroup
			work := make(chan struct{})
			for range n {
				all.Go(func() {
					for range work {
						if err := f.Intend(ctx, in); err != nil {
							b.Error(err)
						}
						if err := f.Outcome(in.Key(), 1, letter.Sent, "250 2.0.0 Ok: queued as 4F1C2D3E4A"); err != nil {
							b.Error(err)
						}
					}
				})
			}
			var before, after syscall.Rusage
			noErr(b, syscall.Getrusage(syscall.RUSAGE_SELF, &before))
			b.ResetTimer()
			for range b.N {
				work <- struct{}{}
			}
			close(work)
			all.Wait()
			b.StopTimer()
			noErr(b, syscall.Getrusage(syscall.RUSAGE_SELF, &after))
			used := after.Utime.Nano() + after.Stime.Nano() - before.Utime.Nano() - before.Stime.Nano()
			b.ReportMetric(float64(used)/float64(b.N)/1e3, "cpu-µs/letter")
			info, err := os.Stat(f.Path())
			noErr(b, err)
			b.ReportMetric(float64(info.Size())/float64(b.N), "B/letter")
		})
	}
}
