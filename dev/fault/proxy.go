package main

import (
	"bufio"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// call is one command on its way to Redis.
type call struct {
	name string // of the ledger's script, or "enqueue", "dequeue", "done" of the queue, or the command's own
	n    int    // how many of this name have passed, this one included
}

// harm is what happens to a command.
type harm struct {
	before bool          // the connection is cut before Redis sees the command
	after  bool          // the connection is cut when Redis has done it: its answer is lost
	mute   bool          // as after, but the connection stands, and nothing more comes through it
	answer string        // an error in place of doing it
	wait   time.Duration // before Redis sees it
	fault  string        // what this is counted as
}

// proxy stands between the program and Redis. It understands what passes, so that it can lose the answer to one command
// and not to another.
type proxy struct {
	addr, to string

	l     net.Listener
	names map[string]string // SHA-1 of a ledger's script to its name

	mu     sync.Mutex
	harm   func(call) harm
	counts map[string]int
	faults map[string]int
	conns  map[net.Conn]bool
	cut    bool
	wg     sync.WaitGroup
}

func startProxy(to string, names map[string]string) (*proxy, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &proxy{
		addr: l.Addr().String(), to: to, l: l, names: names, counts: map[string]int{}, faults: map[string]int{}, conns: map[net.Conn]bool{},
	}
	p.wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			p.wg.Go(func() { p.serve(c) })
		}
	})
	return p, nil
}

// scriptNames reads the ledger's scripts as the program loads them, each behind lib.lua.
func scriptNames(root string) (map[string]string, error) {
	dir := filepath.Join(root, "ledger", "scripts")
	lib, err := os.ReadFile(filepath.Join(dir, "lib.lua"))
	if err != nil {
		return nil, err
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.lua"))
	if err != nil {
		return nil, err
	}
	names := map[string]string{}
	for _, f := range files {
		body, err := os.ReadFile(f)
		if err != nil {
			return nil, err
		}
		sum := sha1.Sum([]byte(string(lib) + "\n" + string(body)))
		names[hex.EncodeToString(sum[:])] = strings.TrimSuffix(filepath.Base(f), ".lua")
	}
	return names, nil
}

func (p *proxy) harming(h func(call) harm) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.harm = h
}

// part cuts every connection, and takes no new one while it is on.
func (p *proxy) part(on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cut = on
	for c := range p.conns {
		_ = c.Close()
	}
}

func (p *proxy) passed(name string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.counts[name]
}

func (p *proxy) injected() map[string]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := map[string]int{}
	for k, n := range p.faults {
		out[k] = n
	}
	return out
}

func (p *proxy) close() {
	_ = p.l.Close()
	p.part(true)
	p.wg.Wait()
}

// name says what a command is.
func (p *proxy) name(args []string) string {
	if len(args) == 0 {
		return ""
	}
	verb := strings.ToLower(args[0])
	if verb != "evalsha" && verb != "eval" || len(args) < 4 {
		return verb
	}
	if n := p.names[args[1]]; n != "" {
		return n
	}
	// asynq's scripts, by their keys.
	keys := args[3:]
	switch {
	case len(keys) >= 4 && strings.HasSuffix(keys[0], ":pending") && strings.HasSuffix(keys[1], ":paused"):
		return "dequeue"
	case len(keys) >= 2 && strings.Contains(keys[0], ":t:") && strings.HasSuffix(keys[1], ":pending"):
		return "enqueue"
	case len(keys) >= 3 && strings.HasSuffix(keys[0], ":active") && strings.HasSuffix(keys[1], ":lease") && strings.Contains(keys[2], ":t:"):
		return "done"
	}
	return verb
}

func (p *proxy) weigh(name string) harm {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.counts[name]++
	if p.harm == nil {
		return harm{}
	}
	h := p.harm(call{name, p.counts[name]})
	if h.fault != "" {
		p.faults[h.fault]++
	}
	return h
}

var errHarmed = errors.New("harmed")

func (p *proxy) serve(client net.Conn) {
	defer func() { _ = client.Close() }()
	p.mu.Lock()
	if p.cut {
		p.mu.Unlock()
		return
	}
	p.conns[client] = true
	p.mu.Unlock()
	server, err := net.Dial("tcp", p.to)
	if err != nil {
		return
	}
	defer func() {
		_ = server.Close()
		p.mu.Lock()
		delete(p.conns, client)
		p.mu.Unlock()
	}()
	// Answers come in the order of the commands, so what is to happen to each waits in a queue.
	pending := make(chan harm, 4096)
	raw := make(chan struct{}) // closed when the connection is one of subscriptions, which answer out of order
	var back sync.WaitGroup
	back.Go(func() { p.answers(client, server, pending, raw) })
	_ = p.commands(client, server, pending, raw)
	close(pending)
	_ = server.Close()
	_ = client.Close()
	back.Wait()
}

func (p *proxy) commands(client, server net.Conn, pending chan<- harm, raw chan struct{}) error {
	r := bufio.NewReaderSize(client, 64<<10)
	var buf []byte
	subscribed := false
	for {
		var args []string
		var err error
		if buf, err = frame(r, buf[:0], &args); err != nil {
			return err
		}
		name := p.name(args)
		if !subscribed && strings.HasSuffix(name, "subscribe") {
			subscribed = true
			close(raw)
		}
		h := harm{}
		if !subscribed {
			h = p.weigh(name)
			if h.before {
				return errHarmed
			}
			if h.wait > 0 {
				t := time.NewTimer(h.wait)
				<-t.C
			}
			pending <- h
		}
		if h.answer != "" {
			// Redis answers something harmless, which is replaced.
			buf = append(buf[:0], "*1\r\n$4\r\nPING\r\n"...)
		}
		if _, err := server.Write(buf); err != nil {
			return err
		}
	}
}

func (p *proxy) answers(client, server net.Conn, pending <-chan harm, raw <-chan struct{}) {
	defer func() { _ = client.Close() }()
	r := bufio.NewReaderSize(server, 64<<10)
	var buf []byte
	muted := false
	for {
		if _, err := r.Peek(1); err != nil {
			return
		}
		select {
		case <-raw:
			// What was asked before the first subscription is answered before it, unharmed.
			_, _ = io.Copy(client, r)
			return
		default:
		}
		var err error
		if buf, err = frame(r, buf[:0], nil); err != nil {
			return
		}
		h, ok := <-pending
		switch {
		case !ok || h.after:
			return
		case h.mute:
			muted = true
		case h.answer != "":
			buf = append(buf[:0], fmt.Sprintf("-%s\r\n", h.answer)...)
		}
		if muted {
			continue
		}
		if _, err := client.Write(buf); err != nil {
			return
		}
	}
}
