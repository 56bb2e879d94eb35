package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"outreach.example/inbox"
	"outreach.example/ledger"
)

// read runs the reader of registry copies until ctx ends.
//
//	folder ---- inbox ---- ledger
func (h *house) read(ctx context.Context) error {
	folder := h.config.value["registry_copies"]
	if folder == "" {
		return ledger.Refusal("no registry copies are kept; set OUTREACH_REGISTRY_COPIES to a folder of .eml files or a Maildir")
	}
	if err := inbox.Check(folder); err != nil {
		return ledger.Refusal(err.Error())
	}
	h.log.Info("inbox started", "registry_copies", folder)
	defer h.log.Info("inbox stopped")
	return (&inbox.Reader{Ledger: h.ledger, Folder: folder, Every: inbox.Pause, Now: h.app.now, Log: h.log}).Run(ctx)
}

func (a *app) inboxCommand() *cobra.Command {
	return &cobra.Command{
		Use: "inbox", Short: "Run a reader of registry copies: they settle doubts; any number may run", Args: a.none,
		Example: "  OUTREACH_REGISTRY_COPIES=/var/mail/registry outreach inbox",
		RunE: func(cmd *cobra.Command, _ []string) error {
			h, closeAll, err := a.forgetful(cmd)
			if err != nil {
				return err
			}
			defer closeAll()
			return h.read(cmd.Context())
		},
	}
}

// unread is how long after a look at the folder doctor still believes in a reader that it cannot see.
const unread = time.Minute

// examineCopies looks at the folder of registry copies where one is set here. Elsewhere, on another machine or in another
// container, the ledger knows when a reader last looked at its own.
func examineCopies(folder string, read, now time.Time) finding {
	f := finding{What: "registry copies", Mend: "set OUTREACH_REGISTRY_COPIES to a folder of .eml files or a Maildir, and start outreach inbox"}
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
