package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"outreach.example/console/pack"
	"outreach.example/inbox"
	"outreach.example/ledger"
)

func (a *app) exportCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "export", Short: "Write what is known to files of open formats"}
	cmd.AddCommand(a.exportEvidence())
	return cmd
}

func (a *app) exportEvidence() *cobra.Command {
	var in, out string
	cmd := &cobra.Command{
		Use: "evidence DONOR", Short: "Write everything about one donor's letters as a zip that anybody can check",
		Example: "  outreach export evidence KEN\n  outreach export evidence KEN --campaign resilience --out kenya.zip",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usagef("which donor? for example: outreach export evidence KEN")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withLedger(cmd, func(ctx context.Context, l *ledger.Ledger) error {
				f, err := a.find(ctx, l, in, args[0])
				if err != nil {
					return err
				}
				c, err := a.config()
				if err != nil {
					return err
				}
				p, err := packs(l, c).Make(ctx, f.campaign, f.record.Donor, f.block)
				if err != nil {
					return err
				}
				if out == "" {
					out = fmt.Sprintf("evidence-%s-%s.zip", p.Campaign, p.Donor)
				}
				if err := write(out, p.Write); err != nil {
					return err
				}
				if a.json {
					return a.print(struct {
						File    string `json:"file"`
						Files   int    `json:"files"`
						Letters int    `json:"letters"`
						Copies  int    `json:"registry_copies"`
					}{out, len(p.Files) + 1, p.Letters, p.Copies})
				}
				fmt.Fprintf(a.out, "written: %s, %d files; letters that left: %d, registry copies of them: %d\n", out, len(p.Files)+1, p.Letters, p.Copies)
				a.next("unzip %s, then python3 check.py in its folder", out)
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&in, "campaign", "", "which campaign, where there are several")
	cmd.Flags().StringVar(&out, "out", "", "the `file` to write; evidence-CAMPAIGN-DONOR.zip unless set")
	return cmd
}

// packs makes evidence packs, with the exact bytes of letters where registry copies are kept.
func packs(l *ledger.Ledger, c config) pack.Maker {
	m := pack.Maker{Ledger: l}
	if folder := c.value["registry_copies"]; folder != "" {
		m.Copies = func(ctx context.Context, ids []string) (map[string][][]byte, error) {
			return inbox.Copies(ctx, folder, ids)
		}
	}
	return m
}
