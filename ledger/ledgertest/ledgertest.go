// Package ledgertest gives tests the stores that a ledger runs on: miniredis in the process, and a redis-server of the
// test's own on a free loopback port.
package ledgertest

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os/exec"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
)

// Client makes a client as the ledger wants it.
func Client(t testing.TB, addr string) *redis.Client {
	c := redis.NewClient(&redis.Options{Addr: addr, MaxRetries: -1})
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// Mini starts a miniredis; its clock is set by SetTime.
func Mini(t testing.TB) *miniredis.Miniredis { return miniredis.RunT(t) }

// Server is a redis-server of the test's own.
type Server struct {
	Addr string
	Dir  string
	cmd  *exec.Cmd
	args []string
}

// Start starts a redis-server without persistence unless the arguments say otherwise, and ends it with the test.
func Start(t testing.TB, args ...string) *Server {
	t.Helper()
	s := &Server{Dir: t.TempDir()}
	for range 5 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		s.Addr = l.Addr().String()
		_, port, _ := net.SplitHostPort(s.Addr)
		_ = l.Close()
		all := append([]string{"--bind", "127.0.0.1", "--port", port, "--dir", s.Dir, "--save", "", "--maxmemory-policy", "noeviction"}, args...)
		var out bytes.Buffer
		s.args = all
		s.cmd = exec.Command("redis-server", all...)
		s.cmd.Stdout, s.cmd.Stderr = &out, &out
		if err := s.cmd.Start(); err != nil {
			t.Fatalf("redis-server: %v (./dev/test installs it)", err)
		}
		if err = s.ready(); err == nil {
			t.Cleanup(func() { s.Kill() })
			return s
		}
		s.Kill()
		t.Logf("redis-server on %s: %v\n%s", s.Addr, err, out.String())
	}
	t.Fatal("redis-server did not start on five ports")
	return nil
}

func (s *Server) ready() error {
	c := redis.NewClient(&redis.Options{Addr: s.Addr, MaxRetries: -1})
	defer func() { _ = c.Close() }()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		err := c.Ping(ctx).Err()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("no answer to PING: %w", err)
		case <-tick.C:
		}
	}
}

// Again starts a server that was killed again, on its port and with what its disk holds.
func (s *Server) Again(t testing.TB) {
	t.Helper()
	var out bytes.Buffer
	s.cmd = exec.Command(s.cmd.Path, s.cmd.Args[1:]...)
	s.cmd.Stdout, s.cmd.Stderr = &out, &out
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if err := s.ready(); err != nil {
		s.Kill()
		t.Fatalf("redis-server on %s again: %v\n%s", s.Addr, err, out.String())
	}
}

// PID is the server's process id, for what a test reads or does to the process.
func (s *Server) PID() int { return s.cmd.Process.Pid }

// Restart starts a killed server again on the same port and files.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	s.cmd = exec.Command("redis-server", s.args...)
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if err := s.ready(); err != nil {
		t.Fatal(err)
	}
}

// Kill ends the server at once, by its process id.
func (s *Server) Kill() {
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
}

// Each runs a test on both stores.
func Each(t *testing.T, test func(t *testing.T, rdb *redis.Client)) {
	t.Run("miniredis", func(t *testing.T) { test(t, Client(t, Mini(t).Addr())) })
	t.Run("redis-server", func(t *testing.T) { test(t, Client(t, Start(t).Addr)) })
}
