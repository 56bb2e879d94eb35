package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/spf13/cobra"

	"outreach.example/ledger"
	"outreach.example/ledger/intent"
	"outreach.example/queue"
	"outreach.example/scheduler"
	"outreach.example/worker"
)

// drain is how long letters in hand may take to finish after the process was told to stop; then the sockets close.
const drain = 60 * time.Second

func (a *app) logger(c config) *slog.Logger {
	if c.value["log"] == "json" {
		return slog.New(slog.NewJSONHandler(a.errs, nil))
	}
	return slog.New(slog.NewTextHandler(a.errs, nil))
}

// house is what the roles share: one ledger, one queue, and how they are to work.
//
//	ledger ---- scheduler ---- queue ---- worker ---- relay
type house struct {
	app    *app
	config config
	ledger *ledger.Ledger
	queue  redis.UniversalClient
	log    *slog.Logger
	times  worker.Times
	always bool // send windows never close (trial)
	trial  bool // deadlines towards the relay are short

	drain time.Duration // drain, unless a test is in a hurry

	pages *trialConsole // of a trial, nil where it has none
	roomy bool          // pages are served beside the worker: they hold whole campaigns, for which a worker's memory is too little

	metrics metrics
}

func (h *house) scheduler() *scheduler.Scheduler {
	boxes, _ := mailboxes(h.config) // whoever reads them tells what is wrong with them
	return &scheduler.Scheduler{
		Ledger: h.ledger, Queue: queue.New(h.queue), Now: h.app.now, Log: h.log, Always: h.always, Sweep: h.app.test.sweep(),
		Copied: slices.ContainsFunc(boxes, func(m box) bool { return !m.replies }),
	}
}

// work runs a worker until ctx ends, then lets its letters finish for drain and closes what it opened.
func (h *house) work(ctx context.Context) error {
	relays, err := h.relays()
	if err != nil {
		return err
	}
	seal, err := h.sealer()
	if err != nil {
		return err
	}
	if !h.roomy {
		worker.LimitMemory(h.config.count("in_hand"), h.app.getenv)
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var file *intent.File
	if !h.trial {
		// A trial's store dies with its process: there is nothing to remember for.
		var leave func()
		if file, leave, err = h.intents(ctx, stop); err != nil {
			return err
		}
		defer leave()
		if m := h.app.memory; m != nil {
			m.follow(file.Position)
		}
	}
	drain := cmp.Or(h.drain, drain)
	hard, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	w := &worker.Worker{
		Ledger: h.ledger, Relays: relays, Seal: seal, Editions: &worker.Editions{Ledger: h.ledger, Always: h.always}, Times: h.times, InHand: h.config.count("in_hand"),
		Intake: ctx, Now: h.app.now, Log: h.log, Intents: file, Fail: h.app.test.fail,
	}
	count, done, err := h.counter(ctx)
	if err != nil {
		return err
	}
	defer done()
	w.Replicas = count
	if err := w.Join(ctx); err != nil {
		return err
	}
	h.metrics.worker.Store(w)
	var keep sync.WaitGroup
	lease, drop := context.WithCancel(context.WithoutCancel(ctx)) // until everything in hand is written down
	keep.Go(func() { w.Keep(lease) })
	keep.Go(func() { w.Watch(lease) })
	for _, r := range relays {
		keep.Go(func() { r.Tend(lease) })
	}
	defer keep.Wait()
	defer drop()
	var closed sync.WaitGroup
	closed.Go(func() {
		select {
		case <-ctx.Done():
		case <-hard.Done():
		}
		// Letters that are not on their way yet are given back, the others may finish; then the sockets close.
		patience, end := context.WithTimeout(context.WithoutCancel(ctx), drain)
		defer end()
		h.closeRelays(patience, relays)
		cut()
	})
	defer closed.Wait()
	s := &queue.Server{
		Redis: h.queue, Workers: max(4, h.config.count("in_hand")/2), Drain: drain, Log: h.log,
		Process: w.Handle(hard),
	}
	h.log.Info("worker started", "worker", w.Name(), "relay", h.config.shown("relay"))
	err = s.Serve(ctx)
	cut()
	var broken intent.Broken
	if errors.As(context.Cause(ctx), &broken) {
		err = errors.Join(broken, err)
	}
	h.log.Info("worker stopped", "worker", w.Name())
	return err
}

// house opens the ledger and the queue for a role that makes letters leave: its process remembers where the ledger stands.
func (a *app) house(cmd *cobra.Command) (*house, func(), error) {
	c, err := a.config()
	if err != nil {
		return nil, nil, err
	}
	if a.lent == nil { // whoever lends asks for itself
		if a.memory, err = a.remember(c, a.logger(c)); err != nil {
			return nil, nil, err
		}
	}
	return a.furnish(cmd.Context(), c)
}

// forgetful is a house whose process remembers nothing: nothing leaves through it.
func (a *app) forgetful(cmd *cobra.Command) (*house, func(), error) {
	c, err := a.config()
	if err != nil {
		return nil, nil, err
	}
	return a.furnish(cmd.Context(), c)
}

// furnish opens what a house needs.
func (a *app) furnish(ctx context.Context, c config) (*house, func(), error) {
	l, q, closeAll, err := a.connect(ctx, c)
	if err != nil {
		return nil, nil, err
	}
	times := a.test.worker(time.Duration(c.count("give_up")) * 24 * time.Hour)
	return &house{app: a, config: c, ledger: l, queue: q, log: a.logger(c), times: times}, closeAll, nil
}

func (a *app) schedulerCommand() *cobra.Command {
	return &cobra.Command{
		Use: "scheduler", Short: "Run a scheduler: it wakes what is due and plans what follows; any number may run", Args: a.none,
		Example: "  OUTREACH_REDIS=redis://127.0.0.1:6379/0 outreach scheduler",
		RunE: func(cmd *cobra.Command, _ []string) error {
			h, closeAll, err := a.house(cmd)
			if err != nil {
				return err
			}
			defer closeAll()
			h.log.Info("scheduler started")
			s := h.scheduler()
			err = h.together(cmd.Context(), map[string]func(context.Context) error{"scheduler": s.Run, "check": s.Watch})
			h.log.Info("scheduler stopped")
			return err
		},
	}
}

func (a *app) workerCommand() *cobra.Command {
	return &cobra.Command{
		Use: "worker", Short: "Run a worker: it hands letters to the relay; any number may run", Args: a.none,
		Example: "  OUTREACH_RELAY='smtp://user:password@relay.example:587?tls=starttls' outreach worker",
		RunE: func(cmd *cobra.Command, _ []string) error {
			h, closeAll, err := a.house(cmd)
			if err != nil {
				return err
			}
			defer closeAll()
			return h.together(cmd.Context(), map[string]func(context.Context) error{"worker": h.work})
		},
	}
}

func (a *app) upCommand() *cobra.Command {
	return &cobra.Command{
		Use: "up", Short: "Run scheduler, worker, console and, where it is set, inbox in one process", Args: a.none,
		Example: "  outreach up --relay 'smtp://127.0.0.1:25?tls=none'",
		RunE: func(cmd *cobra.Command, _ []string) error {
			h, closeAll, err := a.house(cmd)
			if err != nil {
				return err
			}
			defer closeAll()
			return h.up(cmd.Context())
		},
	}
}

// up runs scheduler, worker, console and, where mailboxes are set, inbox.
func (h *house) up(ctx context.Context) error {
	s := h.scheduler()
	all := map[string]func(context.Context) error{"scheduler": s.Run, "check": s.Watch, "worker": h.work}
	switch {
	case h.pages != nil:
		h.roomy = true
		all["console"] = func(ctx context.Context) error { return h.serve(ctx, h.pages.console, h.pages.listener) }
	case !h.trial && h.config.value["console"] != noConsole:
		h.roomy = true
		all["console"] = h.serveBeside
	}
	if h.config.value["registry_copies"] != "" || h.config.value["inbox"] != "" {
		all["inbox"] = h.read
	}
	return h.together(ctx, all)
}

// together runs roles, and the page with metrics beside them, until ctx ends or one of them fails.
func (h *house) together(ctx context.Context, all map[string]func(context.Context) error) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	profiled, err := h.app.test.profiled()
	if err != nil {
		return err
	}
	defer profiled()
	if m := h.app.memory; m != nil {
		all["memory"] = func(ctx context.Context) error { return m.watch(ctx, h.ledger.Redis) }
	}
	wait, err := h.serveMetrics(ctx)
	if err != nil {
		return err
	}
	defer wait()
	var roles sync.WaitGroup
	var first sync.Once
	for name, role := range all {
		roles.Go(func() {
			if failed := role(ctx); failed != nil {
				first.Do(func() { err = fmt.Errorf("%s: %w", name, failed) })
				stop()
			}
		})
	}
	roles.Wait()
	return err
}
