package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"outreach.example/donor"
	"outreach.example/ledger"
	"outreach.example/relay"
	"outreach.example/trial"
	"outreach.example/worker"
)

type tryFlags struct {
	once    bool
	weather bool
	walk    bool
	keep    string
	pages   string
	console string
	verbose bool
}

func (a *app) tryCommand() *cobra.Command {
	var f tryFlags
	cmd := &cobra.Command{
		Use: "try", Short: "Run the sample campaign with a built-in store and mailbox; nothing leaves this machine", Args: a.none,
		Example: "  outreach try\n  outreach try --once --json --keep letters\n  outreach try --weather\n  outreach try --walk",
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.try(cmd.Context(), f) },
	}
	fl := cmd.Flags()
	fl.BoolVar(&f.once, "once", false, "end when no letter of the first step is open")
	fl.BoolVar(&f.weather, "weather", false, "a mailbox that defers, refuses, hangs and cuts")
	fl.BoolVar(&f.walk, "walk", false, "plan, approve and start nothing: everything is left for you to do in the console")
	fl.StringVar(&f.keep, "keep", "", "write every accepted message into this `folder` as .eml")
	fl.StringVar(&f.pages, "pages", "127.0.0.1:0", "loopback `address` of the mailbox's pages")
	fl.StringVar(&f.console, "console", "127.0.0.1:0", "loopback `address` of the console")
	fl.BoolVar(&f.verbose, "verbose", false, "show the program log")
	return cmd
}

// fast are the times of a trial: a letter that is deferred for a quarter of an hour in earnest waits for a second.
var fast = worker.Times{
	Retry:      []time.Duration{time.Second, 2 * time.Second, 3 * time.Second},
	Greylisted: []time.Duration{time.Second}, GiveUp: 10 * time.Minute, Cut: time.Second, Unreachable: time.Second, Instead: time.Second,
	Renew: 4 * time.Second, Lease: 12 * time.Second, Asking: 10 * time.Minute,
}

// fastRelay are the deadlines towards the built-in mailbox. None is shorter than a busy machine may need.
var fastRelay = relay.Times{
	Dial: 5 * time.Second, Mail: 2 * time.Second, Rcpt: 2 * time.Second, Data: 2 * time.Second, Block: 2 * time.Second,
	Dot: time.Minute, Guard: 30 * time.Second, Idle: 10 * time.Second, Quit: time.Second, House: time.Second,
	Failing: 10 * time.Second, Open: time.Second, OpenMost: 5 * time.Second, Tend: 200 * time.Millisecond,
}

// try runs the whole house on this machine:
//
//	sample folder -> plan -> approve -> start -> built-in store -> scheduler -> queue -> worker -> built-in mailbox
//	                                                   '------ console ---- browser
//
// Nothing but loopback can be dialled.
func (a *app) try(ctx context.Context, f tryFlags) (err error) {
	if f.walk && f.once {
		return usagef("--walk leaves everything to you, and --once ends when all is sent: choose one")
	}
	a.trial()
	dir, err := os.MkdirTemp("", "outreach-try-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	a.dir = filepath.Join(dir, "project")
	if _, err := a.writeSample(a.dir); err != nil {
		return err
	}
	store, err := trial.StartStore(ctx)
	if err != nil {
		return err
	}
	defer store.Close()
	box, err := trial.StartMailbox(trial.Options{
		Now: a.now, Weather: f.weather, KeepDir: f.keep, Pages: f.pages, Hang: 3 * time.Second, Name: nameOf,
	})
	if err != nil {
		return err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		err = errors.Join(err, box.Close(ctx))
	}()
	h, closeAll, err := a.trialHouse(ctx, store, box, f)
	if err != nil {
		return err
	}
	defer closeAll()

	p, err := a.openTrial()
	if err != nil {
		return err
	}
	// The banner comes first: whoever tries it should know before a letter moves.
	fmt.Fprintln(a.errs, "trial: a built-in store and a built-in mailbox; nothing leaves this machine")
	if !f.once {
		if h.pages, err = h.openTrialConsole(ctx, f.console, box); err != nil {
			return err
		}
		h.pages.tell(a)
	}
	if f.walk {
		a.next("sign in as author and open Project: its button plans the sample; approver releases it, author starts it")
		return h.up(ctx)
	}
	if err := a.release(ctx, h, p); err != nil {
		return err
	}

	work, stop := context.WithCancel(ctx)
	defer stop()
	var roles sync.WaitGroup
	var failed error
	roles.Go(func() { failed = h.up(work) })
	err = a.watch(ctx, h.ledger, p.name)
	if err == nil {
		err = a.tell(ctx, h, box, p, f)
	}
	stop()
	roles.Wait()
	return errors.Join(err, failed)
}

// nameOf is a State's short name, for the mailbox's pages.
func nameOf(id string) string {
	d, _ := donor.Registry().State(id)
	return d.Name["en"]
}

// trial makes this program one that dials its own machine only, at any hour.
func (a *app) trial() { a.guard, a.always = relay.LoopbackOnly, true }

// trialHouse is a house on the built-in store and mailbox.
func (a *app) trialHouse(ctx context.Context, store *trial.Store, box *trial.Mailbox, f tryFlags) (*house, func(), error) {
	for _, s := range settings {
		empty := ""
		a.set[s.key] = &empty
	}
	address := "smtp://" + box.SMTPAddr() + "?tls=none"
	url := store.URL()
	a.set["redis"], a.set["relay"] = &url, &address
	c, err := a.config()
	if err != nil {
		return nil, nil, err
	}
	// What the environment says is for real work; a trial dials what it started itself.
	c.value["queue_redis"], c.value["helo"], c.value["registry_copies"], c.value["intents"], c.value["inbox"] = "", "trial.outreach.example", "", "", ""
	c.value["undo"] = "20s" // whoever tries it does not want to wait
	h, closeAll, err := a.furnish(ctx, c)
	if err != nil {
		return nil, nil, err
	}
	if !f.verbose {
		h.log = slog.New(slog.DiscardHandler)
	}
	h.times, h.always, h.trial = fast, true, true
	return h, closeAll, nil
}

func (a *app) openTrial() (*project, error) {
	p, err := a.open(sample)
	if err != nil {
		return nil, err
	}
	return p, p.load()
}

// release plans, approves and starts the sample: the author and the approver of a trial are two built-in names.
func (a *app) release(ctx context.Context, h *house, p *project) error {
	got, err := a.plan(ctx, h, p, "author (trial)")
	if err != nil {
		return err
	}
	c, err := h.ledger.Campaign(ctx, p.name)
	if err != nil {
		return err
	}
	if _, _, err := a.approve(ctx, h.ledger, "approver (trial)", c, got.edition); err != nil {
		return err
	}
	if _, err := h.ledger.Switch(ctx, "author (trial)", p.name, ledger.Start, ""); err != nil {
		return err
	}
	fmt.Fprintf(a.errs, "planned, approved and started: %d letters (%s)\n", len(p.donors), inWords(p.languages()))
	return nil
}

// tell ends a trial: a table that adds up and where the letters can be read.
func (a *app) tell(ctx context.Context, h *house, box *trial.Mailbox, p *project, f tryFlags) error {
	s, c, err := readStatus(ctx, h.ledger, p.name)
	if err != nil {
		return err
	}
	if a.json {
		if err := a.print(s); err != nil {
			return err
		}
	} else {
		a.table(s.Steps)
		if err := a.printLook(ctx, h.ledger, c, 0); err != nil {
			return err
		}
		fmt.Fprintf(a.out, "in the mailbox: %d letters, twice: %d\n", box.Accepted(), box.Doubles())
	}
	if !f.once {
		fmt.Fprintf(a.errs, "read every letter at %s\n", box.PagesURL())
		h.pages.tell(a)
		<-ctx.Done()
		return nil
	}
	if n := box.Doubles(); n > 0 {
		return fmt.Errorf("%d letters are in the mailbox twice", n)
	}
	if n := s.Refused + s.Withheld + s.InDoubt; n > 0 {
		return partly{fmt.Errorf("%d of %d letters were not sent: %d refused, %d withheld, %d in doubt", n, s.Total, s.Refused, s.Withheld, s.InDoubt)}
	}
	return nil
}
