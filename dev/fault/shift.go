package main

import (
	"context"
	_ "embed"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

//go:embed clock/shift.c
var shiftSource []byte

// buildShift compiles the library under which Redis sees another time of day.
func buildShift(ctx context.Context, dir string) (string, error) {
	source, lib := filepath.Join(dir, "shift.c"), filepath.Join(dir, "shift.so")
	if err := os.WriteFile(source, shiftSource, 0o600); err != nil {
		return "", err
	}
	if out, err := exec.CommandContext(ctx, "gcc", "-shared", "-fPIC", "-O2", "-Wall", "-Werror", "-o", lib, source).CombinedOutput(); err != nil {
		return "", fmt.Errorf("gcc: %w (./dev/test installs it)\n%s", err, out)
	}
	return lib, nil
}

// shiftRedis moves the clock of Redis, from the true time.
func (l *lab) shiftRedis(by time.Duration) error {
	l.did("clock of Redis shifted by "+by.String(), 1)
	f, err := os.OpenFile(l.shift, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	_, err = f.WriteAt(binary.LittleEndian.AppendUint64(nil, uint64(by.Nanoseconds())), 0)
	return err
}
