package intent

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"testing"
)

// A disk that is full in the middle of a write: the letter is not granted, what was granted before stands in the file,
// and nothing is granted afterwards.
func TestDiskFull(t *testing.T) {
	dir := t.TempDir()
	mounted := false
	if os.Geteuid() == 0 {
		mounted = syscall.Mount("intents", dir, "tmpfs", 0, "size=64k") == nil
	}
	f := open(t, dir)
	if mounted {
		defer func() {
			_ = f.Close()
			noErr(t, syscall.Unmount(dir, 0))
		}()
	} else {
		// Nobody may mount here: a file that is always full stands for the disk, after some lines.
		file, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
		noErr(t, err)
		defer func(real disk) { _ = real.Close() }(f.disk)
		intend(t, f, intention("0"))
		f.disk = &locked{File: file}
	}
	f.floor = 0
	granted := 0
	var err error
	for i := 0; err == nil && i < 10000; i++ {
		if err = f.Intend(t.Context(), intention(fmt.Sprint(i))); err == nil {
			granted++
		}
	}
	var broken Broken
	if !errors.As(err, &broken) || !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("after %d letters: %v", granted, err)
	}
	if mounted && granted < 100 {
		t.Errorf("%d letters on 64 kB", granted)
	}
	got := read(t, f.Path())
	if !got.Whole() || len(got.Traces) < granted {
		t.Errorf("%d letters granted, %d in the file, damage %q", granted, len(got.Traces), got.Damage)
	}
	if err := f.Intend(t.Context(), intention("later")); !errors.As(err, &broken) {
		t.Errorf("later: %v", err)
	}
}
