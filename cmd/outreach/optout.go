package main

import (
	"context"
	"fmt"
	"net"
	"net/url"

	"github.com/spf13/cobra"

	"outreach.example/console"
	"outreach.example/ledger"
)

// optOut answers the links of letters to opt out; nil where no links are offered. The path is that of the setting: a proxy
// passes it on as it is.
func (h *house) optOut() (*console.OptOut, error) {
	at := h.config.value["optout_url"]
	if at == "" {
		return nil, nil
	}
	u, err := url.Parse(at)
	if err != nil {
		return nil, err
	}
	keys, err := h.app.tokenKeys(h.config)
	if err != nil || len(keys) == 0 {
		return nil, err
	}
	return &console.OptOut{Ledger: h.ledger, Keys: keys, Path: u.Path, Now: h.app.now, Log: h.log}, nil
}

func (a *app) optOutCommand() *cobra.Command {
	var listen string
	cmd := &cobra.Command{
		Use: "optout", Short: "Serve the links of letters to opt out, and nothing else; the console serves them as well", Args: a.none,
		Example: "  OUTREACH_OPTOUT_URL=https://iom.example/optout outreach optout --listen 127.0.0.1:8090",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := checkListen(listen); err != nil {
				return usagef("--listen: %s", err)
			}
			h, closeAll, err := a.forgetful(cmd)
			if err != nil {
				return err
			}
			defer closeAll()
			o, err := h.optOut()
			if err != nil {
				return err
			}
			if o == nil {
				return ledger.Refusal("no letter offers a link: set optout_url, and token_key_file with the keys that the workers sign with")
			}
			l, err := net.Listen("tcp", listenAddress(listen))
			if err != nil {
				return ledger.Refusal(fmt.Sprintf("opt-out links cannot be served: %s; choose another address with --listen", err))
			}
			h.log.Info("optout started", "url", "http://"+l.Addr().String()+o.Path)
			defer h.log.Info("optout stopped")
			return h.together(cmd.Context(), map[string]func(context.Context) error{"optout": func(ctx context.Context) error {
				return serveUntil(ctx, console.NewServer(console.OptOutHandler(o)), l, h.log)
			}})
		},
	}
	cmd.Flags().StringVar(&listen, "listen", "127.0.0.1:8090", "`address` to listen on, behind a proxy that ends TLS")
	return cmd
}
