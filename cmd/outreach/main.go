// Command outreach asks donors for money by letter: each letter exactly once, in its language, with its figures, until
// it is answered. A verb per role; docs/ tells staff and operators what they do.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"os/user"
	"syscall"
	"time"

	"outreach.example/donor"
	"outreach.example/ledger"
)

// Exit codes, as docs and scripts know them.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2
	exitPartly      = 3
	exitRefused     = 4
	exitInterrupted = 130
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Getenv, os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is the whole program but for the process around it.
func run(ctx context.Context, args []string, getenv func(string) string, in io.Reader, out, errs io.Writer) int {
	account := "unknown"
	if u, err := user.Current(); err == nil {
		account = u.Username
	}
	a := &app{getenv: getenv, in: in, out: out, errs: errs, now: time.Now, account: account}
	root := a.commands()
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(errs)
	return a.exit(ctx, root.ExecuteContext(ctx))
}

// app is one invocation: where it reads and writes, and what its global flags say.
type app struct {
	getenv    func(string) string
	in        io.Reader
	out, errs io.Writer
	now       func() time.Time
	account   string // of the operating system, kept beside the declared name

	dir  string // -C
	as   string // --as
	json bool   // --json
	set  map[string]*string

	// memory, where it is set, asks on every connection whether the ledger is still the one that was left.
	memory *memory

	// guard, where it is set, dials every connection of the program: a trial's knows this machine only.
	guard func(ctx context.Context, network, address string) (net.Conn, error)

	always bool // a trial's: send windows never close

	// lent, where it is set, is what a command works on in a process that serves pages, in place of a connection of its own.
	lent *lent

	test testSettings // what a test of faults has set; nothing in real work
}

// usageError is a command that cannot be understood.
type usageError struct{ error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// partly is work that was done in part: something was refused, and the rest is done.
type partly struct{ error }

// exit prints an error for a person and gives the exit code for it.
func (a *app) exit(ctx context.Context, err error) int {
	var faults donor.Faults
	var refusal ledger.Refusal
	var usage usageError
	var part partly
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &faults):
		fmt.Fprintln(a.errs, faults.Error())
		return exitRefused
	case errors.As(err, &refusal):
		fmt.Fprintln(a.errs, "outreach: "+refusal.Error())
		return exitRefused
	case errors.As(err, &part):
		fmt.Fprintln(a.errs, "outreach: "+part.Error())
		return exitPartly
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		fmt.Fprintln(a.errs, "outreach: interrupted")
		return exitInterrupted
	case errors.As(err, &usage):
		fmt.Fprintln(a.errs, "outreach: "+usage.Error())
		return exitUsage
	case errors.Is(err, ledger.ErrNoCampaign):
		fmt.Fprintln(a.errs, "outreach: "+err.Error()+"; type: outreach plan NAME")
		return exitRefused
	default:
		fmt.Fprintln(a.errs, "outreach: "+err.Error())
		return exitFailed
	}
}
