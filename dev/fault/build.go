package main

import (
	"context"
	"fmt"
	"os/exec"
)

// build compiles the program; overlay, where given, is go build's file of replaced sources.
func build(ctx context.Context, root, exe, overlay string) error {
	args := []string{"build", "-o", exe}
	if overlay != "" {
		args = append(args, "-overlay", overlay)
	}
	cmd := exec.CommandContext(ctx, "go", append(args, "./cmd/outreach")...)
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build: %w\n%s", err, out)
	}
	return nil
}
