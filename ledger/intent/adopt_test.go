package intent

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"outreach.example/letter"
)

// A test binary with these in its environment is a process of its own: it intends, or only opens, until it is killed.
const (
	childFolder = "INTENT_TEST_FOLDER"
	childDoes   = "INTENT_TEST_DOES"
)

func child(dir, does string) int {
	f, err := Open(dir, Options{Process: "child", Now: time.Now, Floor: 1})
	if err != nil {
		fmt.Println("refused:", err)
		return 1
	}
	if does == "open" {
		fmt.Println("opened")
		return 0
	}
	if err := f.Worker("abcdef"); err != nil {
		return 1
	}
	var all sync.WaitGroup
	for g := range 16 {
		all.Go(func() {
			for i := 0; ; i++ {
				in := intention(fmt.Sprintf("%d-%d", g, i))
				if err := f.Intend(context.Background(), in); err != nil {
					fmt.Println("refused:", err)
					return
				}
				_, _ = os.Stdout.WriteString(in.Letter.Donor + "\n")
				if i%2 == 0 && f.Outcome(in.Key(), 1, letter.Sent, "250 taken") != nil {
					return
				}
			}
		})
	}
	all.Wait()
	return 0
}

func childCommand(dir, does string) *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childFolder+"="+dir, childDoes+"="+does)
	return cmd
}

// A process is killed while many goroutines intend: whatever Intend returned nil for stands in its file, the file is
// whole, and it can be adopted at once.
func TestKilled(t *testing.T) {
	for round := range 15 {
		t.Run(strconv.Itoa(round), func(t *testing.T) {
			dir := t.TempDir()
			cmd := childCommand(dir, "intend")
			out, err := cmd.StdoutPipe()
			noErr(t, err)
			noErr(t, cmd.Start())
			after := 1 + rand.IntN(400)
			var granted []string
			lines := bufio.NewScanner(out)
			for lines.Scan() {
				granted = append(granted, lines.Text())
				if len(granted) == after {
					noErr(t, cmd.Process.Kill())
				}
			}
			noErr(t, lines.Err())
			_ = cmd.Wait() // it says that it was killed
			adopted, err := Adopt(dir)
			noErr(t, err)
			if len(adopted) != 1 {
				t.Fatalf("%d files to adopt", len(adopted))
			}
			a := adopted[0]
			defer a.Release()
			if !a.Whole() || a.Closed || len(a.Workers) != 1 {
				t.Errorf("file: %+v", a.Content)
			}
			traces, err := a.Read(nil)
			noErr(t, err)
			for _, donor := range granted {
				if !traces[intention(donor).Key()].Intended {
					t.Errorf("%s was granted and is not in the file", donor)
				}
			}
			if len(granted) < after {
				t.Errorf("the child ended after %d letters: %q", len(granted), granted)
			}
		})
	}
}

// The file of a living process is its own, also when it has stopped to move.
func TestLivingKeepsItsFile(t *testing.T) {
	dir := t.TempDir()
	cmd := childCommand(dir, "intend")
	out, err := cmd.StdoutPipe()
	noErr(t, err)
	noErr(t, cmd.Start())
	lines := bufio.NewScanner(out)
	if !lines.Scan() {
		t.Fatal("the child says nothing")
	}
	noErr(t, cmd.Process.Signal(syscall.SIGSTOP))
	f := open(t, dir)
	if got, err := Adopt(dir); err != nil || len(got) != 0 {
		t.Errorf("adopted from the living: %+v, %v", got, err)
	}
	if h, err := Examine(dir); err != nil || h.Living != 2 || h.Waiting != 0 || h.Free == 0 {
		t.Errorf("%+v, %v", h, err)
	}
	noErr(t, cmd.Process.Kill())
	for lines.Scan() {
	}
	_ = cmd.Wait()
	got, err := Adopt(dir)
	if err != nil || len(got) != 1 || got[0].Path == f.Path() {
		t.Fatalf("adopted: %+v, %v", got, err)
	}
	if again, err := Adopt(dir); err != nil || len(again) != 0 {
		t.Errorf("a file that is being adopted is adopted again: %+v, %v", again, err)
	}
	got[0].Release()
	noErr(t, f.Close())
	if again, err := Adopt(dir); err != nil || len(again) != 2 {
		t.Errorf("released: %+v, %v", again, err)
	} else {
		for _, a := range again {
			noErr(t, a.Done())
		}
	}
	if h, err := Examine(dir); err != nil || h.Living+h.Waiting != 0 || h.Settled != 2 {
		t.Errorf("%+v, %v", h, err)
	}
}

// Several that adopt at the same time get each file once.
func TestManyAdopters(t *testing.T) {
	dir := t.TempDir()
	for i := range 40 {
		f := open(t, dir)
		intend(t, f, intention(strconv.Itoa(i)))
		noErr(t, f.Close())
	}
	var mu sync.Mutex
	times := map[string]int{}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 10 {
				got, err := Adopt(dir)
				if err != nil {
					t.Error(err)
				}
				for _, a := range got {
					traces, err := a.Read(nil)
					if err != nil || len(traces) != 1 {
						t.Errorf("%+v, %v", traces, err)
					}
					mu.Lock()
					times[a.Path]++
					mu.Unlock()
					if err := a.Done(); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	all.Wait()
	if len(times) != 40 {
		t.Errorf("%d files were adopted", len(times))
	}
	for path, n := range times {
		if n != 1 {
			t.Errorf("%s was adopted %d times", path, n)
		}
	}
}

// A settled file is kept, and can be read, until it is old enough.
func TestForget(t *testing.T) {
	dir := t.TempDir()
	f := open(t, dir)
	intend(t, f, intention("A"))
	noErr(t, f.Close())
	got, err := Adopt(dir)
	noErr(t, err)
	noErr(t, got[0].Done())
	living := open(t, dir)
	left := filepath.Join(dir, "LEFT.new")
	noErr(t, os.WriteFile(left, nil, 0o600))
	noErr(t, Forget(dir, time.Now().Add(-time.Hour)))
	paths, err := Files(dir)
	noErr(t, err)
	if len(paths) != 2 {
		t.Fatalf("files: %v", paths)
	}
	for _, path := range paths {
		if settled(path) && len(read(t, path).Traces) != 1 {
			t.Errorf("%s: %+v", path, read(t, path))
		}
	}
	noErr(t, Forget(dir, time.Now().Add(time.Hour)))
	if paths, err = Files(dir); err != nil || len(paths) != 1 || paths[0] != living.Path() {
		t.Errorf("files after they were forgotten: %v, %v", paths, err)
	}
	if _, err := os.Stat(left); !os.IsNotExist(err) {
		t.Errorf("what a process that never began has left: %v", err)
	}
	if paths, err := Files(filepath.Join(dir, "none")); err != nil || len(paths) != 0 {
		t.Errorf("a folder that is not there: %v, %v", paths, err)
	}
}

// A folder that cannot be written is refused in words that name it.
func TestReadOnlyFolder(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	noErr(t, os.WriteFile(file, nil, 0o600))
	if _, err := Open(file, Options{Now: at}); err == nil || !strings.Contains(err.Error(), file+" is no folder") {
		t.Errorf("a file in the place of the folder: %v", err)
	}
	noErr(t, os.Chmod(dir, 0o500))
	defer func() { noErr(t, os.Chmod(dir, 0o700)) }()
	cmd := childCommand(dir, "open")
	if os.Geteuid() == 0 {
		// Nothing is read-only for root: the child is somebody else, and may read the folder.
		noErr(t, os.Chmod(dir, 0o555))
		for up := dir; up != os.TempDir() && len(up) > 1; up = filepath.Dir(up) {
			noErr(t, os.Chmod(filepath.Dir(up), 0o755|os.FileMode(0)))
			if filepath.Dir(filepath.Dir(up)) == os.TempDir() {
				break
			}
		}
		cmd = copied(t, cmd)
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	}
	out, err := cmd.CombinedOutput()
	if err == nil || !bytes.Contains(out, []byte("refused: intent file: open "+dir)) || !bytes.Contains(out, []byte("permission denied")) {
		t.Errorf("%v: %s", err, out)
	}
}

// copied runs the test binary from a place where everybody may start it.
func copied(t *testing.T, cmd *exec.Cmd) *exec.Cmd {
	t.Helper()
	b, err := os.ReadFile(os.Args[0])
	noErr(t, err)
	dir, err := os.MkdirTemp("", "intent-test-")
	noErr(t, err)
	t.Cleanup(func() { noErr(t, os.RemoveAll(dir)) })
	noErr(t, os.Chmod(dir, 0o755))
	exe := filepath.Join(dir, "child")
	noErr(t, os.WriteFile(exe, b, 0o755))
	out := exec.Command(exe)
	out.Env = cmd.Env
	out.Dir = dir
	return out
}
