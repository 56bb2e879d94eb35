package main

import (
	"context"

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

func examineCopies(c config) finding {
	f := finding{What: "registry copies", Mend: "set OUTREACH_REGISTRY_COPIES to a folder of .eml files or a Maildir, and start outreach inbox"}
	folder := c.value["registry_copies"]
	if folder == "" {
		f.Says = "nobody reads them: every doubt waits for a person"
		return f
	}
	if err := inbox.Check(folder); err != nil {
		f.Says = err.Error()
		return f
	}
	f.Well, f.Says = true, folder+" can be read"
	return f
}
