package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"outreach.example/console"
	"outreach.example/ledger"
)

// hangUp is how long pages that are being answered may take when the console is told to end.
const hangUp = 5 * time.Second

// noConsole is the setting by which up serves no pages.
const noConsole = "off"

// checkConsole says whether the console can listen at an address.
func checkConsole(s string) error {
	if s == noConsole {
		return nil
	}
	if err := checkListen(s); err != nil {
		return fmt.Errorf("%q is not an address to listen on (expected 127.0.0.1:8080, or 8080 alone for this machine only)", s)
	}
	return nil
}

// checkConsoleURL says whether people can type an address to reach the console.
func checkConsoleURL(s string) error {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "" {
		return fmt.Errorf("%q is not what people type to reach the console (for example https://outreach.iom.example)", s)
	}
	if u.Scheme == "http" && !thisMachine(u.Hostname()) {
		return fmt.Errorf("%q sends passwords in the clear: write https://, with console_tls_cert and console_tls_key, or with a proxy on this machine that ends TLS", s)
	}
	return nil
}

func thisMachine(host string) bool {
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

// door is where the console listens, and what people type to reach it.
type door struct {
	listener net.Listener
	address  string
}

// busyDoor is an address that cannot be listened at.
type busyDoor struct{ error }

func (b busyDoor) Unwrap() error { return b.error }

// openDoor listens where the settings say. Others reach it over TLS only: its own, or that of a proxy on this machine.
func openDoor(c config) (door, error) {
	if c.value["console"] == noConsole {
		return door{}, ledger.Refusal("the setting console is off; set it to an address to listen on, for example 127.0.0.1:8080")
	}
	at := listenAddress(c.value["console"])
	host, _, err := net.SplitHostPort(at)
	if err != nil {
		return door{}, err
	}
	cert, key := c.value["console_tls_cert"], c.value["console_tls_key"]
	switch {
	case (cert == "") != (key == ""):
		return door{}, ledger.Refusal("console_tls_cert and console_tls_key belong together: set both, or neither")
	case cert == "" && !thisMachine(host):
		return door{}, ledger.Refusal(fmt.Sprintf("the console would send passwords in the clear at %s; set console_tls_cert and console_tls_key, or listen on this machine only (127.0.0.1:8080) behind a proxy that ends TLS", at))
	}
	l, err := net.Listen("tcp", at)
	if err != nil {
		return door{}, busyDoor{ledger.Refusal(fmt.Sprintf("the console cannot listen: %s; set OUTREACH_CONSOLE to a free address", err))}
	}
	scheme := "http"
	if cert != "" {
		pair, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			_ = l.Close()
			return door{}, ledger.Refusal(fmt.Sprintf("console_tls_cert: %s", err))
		}
		l = tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}})
		scheme = "https"
	}
	address := strings.TrimSuffix(c.value["console_url"], "/")
	return door{l, cmp.Or(address, scheme+"://"+l.Addr().String())}, nil
}

// console makes the pages on a house.
func (h *house) console(address string) (*console.Console, error) {
	c := &console.Console{
		Ledger: h.ledger, Desk: &consoleDesk{app: h.app, house: h}, Now: h.app.now, Log: h.log, Address: address,
	}
	var err error
	if c.OptOut, err = h.optOut(); err != nil {
		return nil, err
	}
	if c.OptOut != nil && c.OptOut.Path == "" {
		// Links without a path would take the pages' own addresses.
		h.log.Warn("the console serves no links to opt out: optout_url has no path (https://iom.example/optout); outreach optout does")
		c.OptOut = nil
	}
	c.Open()
	return c, nil
}

// serveConsole serves the pages until ctx ends.
//
//	browser ---- guard ---- session ---- role ---- page ---- ledger
//	                                                 '------ desk (what the commands call)
func (h *house) serveConsole(ctx context.Context) error {
	d, err := openDoor(h.config)
	if err != nil {
		return err
	}
	c, err := h.console(d.address)
	if err != nil {
		_ = d.listener.Close()
		return err
	}
	first, err := console.First(ctx, h.ledger)
	if err != nil {
		_ = d.listener.Close()
		return err
	}
	if first != "" {
		fmt.Fprintf(h.app.errs, "nobody can sign in to the console yet; whoever opens this link first becomes its admin (once, within 24 hours):\n  %s%s\n", d.address, first)
	}
	h.log.Info("console started", "url", d.address)
	defer h.log.Info("console stopped")
	return h.serve(ctx, c, d.listener)
}

// serveBeside serves the pages beside the roles that make letters leave. Where nobody chose the address and it is taken, say
// by a second process on the machine, letters matter more than pages.
func (h *house) serveBeside(ctx context.Context) error {
	err := h.serveConsole(ctx)
	var busy busyDoor
	if errors.As(err, &busy) && h.config.from["console"] == "default" {
		h.log.Warn("no console in this process", "why", err)
		return nil
	}
	return err
}

func (h *house) serve(ctx context.Context, c *console.Console, l net.Listener) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var follow sync.WaitGroup
	follow.Go(func() { _ = c.Run(ctx) }) // it ends with ctx, and has no error of its own
	defer follow.Wait()
	defer stop()
	return serveUntil(ctx, console.NewServer(c), l, h.log)
}

// serveUntil serves until ctx ends; pages that follow the ledger end with it, others may be answered.
func serveUntil(ctx context.Context, s *http.Server, l net.Listener, log *slog.Logger) error {
	s.BaseContext = func(net.Listener) context.Context { return ctx }
	s.ErrorLog = slog.NewLogLogger(log.Handler(), slog.LevelDebug)
	done := make(chan struct{})
	end := context.AfterFunc(ctx, func() {
		defer close(done)
		patience, cancel := context.WithTimeout(context.WithoutCancel(ctx), hangUp)
		defer cancel()
		if s.Shutdown(patience) != nil {
			_ = s.Close()
		}
	})
	err := s.Serve(l)
	if end() {
		_ = s.Close()
		return err // it was not told to end
	}
	<-done
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

func (a *app) consoleCommand() *cobra.Command {
	return &cobra.Command{
		Use: "console", Short: "Serve the pages where staff run campaigns; any number may run", Args: a.none,
		Example: "  outreach console\n  outreach console --console 0.0.0.0:8443 --console-tls-cert cert.pem --console-tls-key key.pem --console-url https://outreach.iom.example",
		RunE: func(cmd *cobra.Command, _ []string) error {
			h, closeAll, err := a.forgetful(cmd)
			if err != nil {
				return err
			}
			defer closeAll()
			return h.together(cmd.Context(), map[string]func(context.Context) error{"console": h.serveConsole})
		},
	}
}
