package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"strings"

	"outreach.example/console"
	"outreach.example/ledger"
	"outreach.example/trial"
)

// The accounts of a trial: the author plans and starts, the approver releases, as the sample's two names do.
var trialPeople = []struct{ name, role string }{
	{"author", "editor"}, {"approver", "approver"}, {"operator", "operator"}, {"admin", "admin"}, {"viewer", "viewer"},
}

// trialBanner stands on every page of a trial.
const trialBanner = "Trial: nothing leaves this machine."

// trialConsole is the console of a trial: where it is, and the password of its accounts, which is new each time.
type trialConsole struct {
	console  *console.Console
	listener net.Listener
	password string
}

// openTrialConsole listens on this machine and lets the trial's people sign in.
func (h *house) openTrialConsole(ctx context.Context, at string, box *trial.Mailbox) (*trialConsole, error) {
	host, _, err := net.SplitHostPort(at)
	if err != nil || !thisMachine(host) {
		return nil, usagef("--console: %q is not a loopback address (for example 127.0.0.1:8080)", at)
	}
	l, err := net.Listen("tcp", at)
	if err != nil {
		return nil, ledger.Refusal(fmt.Sprintf("the console cannot listen: %s; choose another address with --console", err))
	}
	t := &trialConsole{listener: l, password: strings.ToLower(rand.Text()[:16])}
	if t.console, err = h.console("http://" + l.Addr().String()); err != nil {
		_ = l.Close()
		return nil, err
	}
	t.console.Banner, t.console.Mailbox = trialBanner, box.PagesURL()
	hash := console.HashPassword(t.password)
	for _, p := range trialPeople {
		if _, err := h.ledger.AddPerson(ctx, "trial", ledger.Account{
			Name: p.name, Roles: []string{p.role}, Password: hash, Added: h.app.now().UTC(), By: "trial",
		}); err != nil {
			_ = l.Close()
			return nil, err
		}
	}
	return t, nil
}

// tell says where the console is and who may sign in.
func (t *trialConsole) tell(a *app) {
	fmt.Fprintf(a.errs, "console: %s (Ctrl-C ends it)\n", t.console.Address)
	var names []string
	for _, p := range trialPeople {
		names = append(names, p.name)
	}
	fmt.Fprintf(a.errs, "sign in as %s, each with the password %s\n", strings.Join(names, ", "), t.password)
}
