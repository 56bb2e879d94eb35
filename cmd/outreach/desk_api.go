package main

import (
	"bytes"
	"context"
	"strings"

	"github.com/redis/go-redis/v9"

	"outreach.example/ledger"
)

// lent is what a process that serves pages lends to the commands that it runs for programs.
type lent struct {
	config config
	ledger *ledger.Ledger
	queue  redis.UniversalClient
}

// Command runs a command as the command line does, in a person's name. The audit stream shows the program behind it.
func (d *consoleDesk) Command(ctx context.Context, person, program string, args []string) (code int, out, errs []byte) {
	return d.run(ctx, person, "token "+program, args)
}

// Run runs a command for somebody who is signed in.
func (d *consoleDesk) Run(ctx context.Context, person string, args []string) (code int, out, errs []byte) {
	return d.run(ctx, person, "console", args)
}

func (d *consoleDesk) run(ctx context.Context, person, account string, args []string) (code int, out, errs []byte) {
	var o, e bytes.Buffer
	getenv := func(k string) string {
		if k == userEnv { // who decides is the token's person
			return ""
		}
		return d.app.getenv(k)
	}
	a := &app{
		getenv: getenv, in: strings.NewReader(""), out: &o, errs: &e, now: d.app.now, account: account, guard: d.app.guard, always: d.app.always,
		lent: &lent{d.house.config, d.house.ledger, d.house.queue},
	}
	root := a.commands()
	root.SetArgs(append([]string{"--as=" + person, "--directory=" + d.app.dir}, args...))
	root.SetIn(a.in)
	root.SetOut(&o)
	root.SetErr(&e)
	code = a.exit(ctx, root.ExecuteContext(ctx))
	return code, o.Bytes(), e.Bytes()
}
