package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// renew runs each kind of campaign once under a profile, and makes one profile of them.
func renew(ctx context.Context, letters int) error {
	b, err := prepare(ctx, letters)
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(b.dir) }()
	sink, err := b.sink()
	if err != nil {
		return err
	}
	defer sink.end()
	args := []string{"tool", "pprof", "-proto", "-output", filepath.Join(b.dir, "merged")}
	for _, kind := range kinds {
		b.profile = filepath.Join(b.dir, kind.project+"-"+kind.fsync)
		if _, err := b.run(sink.addr, kind.project, kind.fsync); err != nil {
			return err
		}
		args = append(args, b.profile)
	}
	if out, err := exec.CommandContext(ctx, "go", args...).CombinedOutput(); err != nil {
		return fmt.Errorf("go tool pprof: %w\n%s", err, out)
	}
	return anonymous(filepath.Join(b.dir, "merged"), "dev/worker.pgo", b.exe)
}

// anonymous copies a profile without the path of the program that was profiled.
func anonymous(from, to, path string) error {
	f, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	r, err := gzip.NewReader(f)
	if err != nil {
		return err
	}
	profile, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	// The length stands before the text: what takes its place is as long.
	profile = bytes.ReplaceAll(profile, []byte(path), []byte("outreach"+strings.Repeat("_", len(path)-len("outreach"))))
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return err
	}
	_, err = w.Write(profile)
	if err := errors.Join(err, w.Close()); err != nil {
		return err
	}
	return os.WriteFile(to, out.Bytes(), 0o666)
}
