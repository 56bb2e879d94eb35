package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"outreach.example/inbox"
	"outreach.example/ledger"
)

// readers are the readers of all mailboxes.
//
//	mailbox ---- inbox ---- ledger
func (h *house) readers() ([]*inbox.Reader, error) {
	all, err := mailboxes(h.config)
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, ledger.Refusal("no mailbox is set; name them under inbox: in " + settingsFile + " (docs/inbox.md), or set OUTREACH_REGISTRY_COPIES to a folder of .eml files or a Maildir")
	}
	keys, err := h.app.tokenKeys(h.config)
	if err != nil {
		return nil, ledger.Refusal(err.Error())
	}
	var out []*inbox.Reader
	for _, m := range all {
		r := &inbox.Reader{Ledger: h.ledger, Source: m.source(h.app), Every: inbox.Rest, Now: h.app.now, Log: h.log}
		if m.folder != "" {
			if err := inbox.Check(m.folder); err != nil {
				return nil, ledger.Refusal(err.Error())
			}
			r.Every = inbox.Pause
		}
		if m.replies {
			r.Desk = &inbox.Desk{Ledger: h.ledger, Tokens: keys, Now: h.app.now, Log: h.log}
		}
		out = append(out, r)
	}
	return out, nil
}

// read runs the readers of all mailboxes until ctx ends.
func (h *house) read(ctx context.Context) error {
	all, err := h.readers()
	if err != nil {
		return err
	}
	h.log.Info("inbox started", "mailboxes", len(all))
	defer h.log.Info("inbox stopped")
	var running sync.WaitGroup
	for _, r := range all {
		running.Go(func() { _ = r.Run(ctx) }) // it ends with ctx, and only so
	}
	running.Wait()
	return nil
}

func (a *app) inboxCommand() *cobra.Command {
	var once bool
	cmd := &cobra.Command{
		Use: "inbox", Short: "Read the mailboxes: answers stop letters, bounces and copies settle them; any number may run", Args: a.none,
		Example: "  outreach inbox\n  outreach inbox --once\n  outreach inbox list --waiting\n  outreach inbox show 4f1c\n  outreach inbox sort 4f1c as reply --donor KEN\n  outreach inbox try saved.eml",
		RunE: func(cmd *cobra.Command, _ []string) error {
			h, closeAll, err := a.forgetful(cmd)
			if err != nil {
				return err
			}
			defer closeAll()
			if once {
				return h.readOnce(cmd.Context())
			}
			return h.read(cmd.Context())
		},
	}
	cmd.Flags().BoolVar(&once, "once", false, "read what is there, and end")
	cmd.AddCommand(a.inboxListCommand(), a.inboxQuarantineCommand(), a.inboxShowCommand(), a.inboxSortCommand(), a.inboxTryCommand(), a.inboxForgetCommand())
	return cmd
}

// readOnce reads every mailbox until nothing new is found in it. A mailbox that cannot be read does not keep the others.
func (h *house) readOnce(ctx context.Context) error {
	all, err := h.readers()
	if err != nil {
		return err
	}
	type one struct {
		Mailbox string         `json:"mailbox"`
		Found   map[string]int `json:"found"`
		Trouble string         `json:"trouble,omitempty"`
	}
	var out []one
	failed := 0
	for _, r := range all {
		o := one{Mailbox: r.Source.Name(), Found: map[string]int{}}
		if err := once(ctx, r, o.Found); err != nil {
			if ctx.Err() != nil {
				return err
			}
			o.Trouble = err.Error()
			failed++
			if err := h.ledger.Unreadable(ctx, o.Mailbox, r.Desk != nil, o.Trouble); err != nil {
				return err
			}
		}
		out = append(out, o)
	}
	a := h.app
	if a.json {
		if err := a.print(out); err != nil {
			return err
		}
	} else {
		for _, o := range out {
			fmt.Fprintf(a.out, "%s:", o.Mailbox)
			for _, k := range slices.Sorted(maps.Keys(o.Found)) {
				fmt.Fprintf(a.out, " %s %d", k, o.Found[k])
			}
			if len(o.Found) == 0 && o.Trouble == "" {
				fmt.Fprint(a.out, " nothing new")
			}
			if o.Trouble != "" {
				fmt.Fprintf(a.out, " %s", o.Trouble)
			}
			fmt.Fprintln(a.out)
		}
		a.next("outreach inbox list")
	}
	switch {
	case failed == len(all):
		return fmt.Errorf("no mailbox could be read")
	case failed > 0:
		return partly{fmt.Errorf("%d of %d mailboxes could not be read", failed, len(all))}
	}
	return nil
}

// once reads one mailbox: a file of a plain folder must look the same twice before it is taken as whole.
func once(ctx context.Context, r *inbox.Reader, total map[string]int) error {
	defer r.Source.Close()
	for round := 0; ; round++ {
		found, err := r.Poll(ctx)
		for finding, n := range found {
			total[string(finding)] += n
		}
		if err != nil || round > 0 && len(found) == 0 {
			return err
		}
	}
}

// unread is how long after a look at the folder doctor still believes in a reader that it cannot see.
const unread = 3 * time.Minute

// examineCopies looks at the folder of registry copies where one is set here. Elsewhere, on another machine or in another
// container, the ledger knows when a reader last looked at its own.
func examineCopies(folder string, read, now time.Time) finding {
	f := finding{What: "registry copies", Mend: "name the registry mailbox under inbox: in outreach.yaml, or set OUTREACH_REGISTRY_COPIES to a folder of .eml files or a Maildir; then start outreach inbox"}
	switch {
	case folder != "":
		if err := inbox.Check(folder); err != nil {
			f.Says = err.Error()
			return f
		}
		f.Well, f.Says = true, folder+" can be read"
	case read.IsZero():
		f.Says = "nobody reads them: every doubt waits for a person"
	case now.Sub(read) > unread:
		f.Says, f.Mend = "last read "+moment(read)+", and by nobody since: every doubt waits for a person", "start outreach inbox again"
	default:
		f.Well, f.Says = true, "an outreach inbox reads them, last "+moment(read)
	}
	return f
}
