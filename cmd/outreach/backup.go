package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"outreach.example/ledger"
)

// withBareLedger runs a command on the ledger as it is: an empty one gets no epoch by being looked at, and no queue is
// opened.
func (a *app) withBareLedger(cmd *cobra.Command, do func(ctx context.Context, l *ledger.Ledger) error) error {
	c, err := a.config()
	if err != nil {
		return err
	}
	rdb, err := a.dialRedis(cmd.Context(), c.value["redis"], c.shown("redis"), true)
	if err != nil {
		return err
	}
	defer func() { _ = rdb.Close() }()
	return do(cmd.Context(), ledger.New(rdb))
}

func oneFile(cmd *cobra.Command, args []string) error {
	if len(args) != 1 {
		return usagef("which file? type: %s FILE", cmd.CommandPath())
	}
	return nil
}

func (a *app) backupCommand() *cobra.Command {
	return &cobra.Command{
		Use: "backup FILE", Short: "Copy the whole ledger into one file, beside the house at work", Args: oneFile,
		Example: "  outreach backup ledger-2026-11-24.outreach",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withBareLedger(cmd, func(ctx context.Context, l *ledger.Ledger) error { return a.backup(ctx, l, args[0]) })
		},
	}
}

// backup writes into a file of another name beside the wanted one, which appears only when it is whole and on the disk.
// It holds names and addresses, so that nobody else may read it.
func (a *app) backup(ctx context.Context, l *ledger.Ledger, name string) (err error) {
	if _, err := os.Stat(name); err == nil {
		return ledger.Refusal(name + " is there already; give another name, or move it away")
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	file, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*.part")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, file.Close(), os.Remove(file.Name()))
		}
	}()
	bar := a.progress("backup", 0)
	defer bar.end()
	b, err := l.Backup(ctx, file, bar.of)
	if errors.Is(err, ledger.ErrEmpty) {
		return ledger.Refusal("the ledger is empty: there is nothing to back up")
	}
	if err != nil {
		return err
	}
	if err := file.Sync(); err != nil {
		return err
	}
	// A link, not a rename: it never takes the place of a file that came meanwhile.
	if err := os.Link(file.Name(), name); err != nil {
		return err
	}
	if err := errors.Join(os.Remove(file.Name()), file.Close(), syncDir(filepath.Dir(name))); err != nil {
		return err
	}
	bar.end()
	if a.json {
		return a.print(backedUp(name, b))
	}
	fmt.Fprintf(a.out, "%s: ledger %s up to entry %d of %s; %d letters, SHA-256 %.12s\n", name, b.Position.Name(), b.Position.Seq,
		b.At.Local().Format("2 January 2006 15:04 MST"), b.Letters, b.Sum)
	a.next("keep it where the ledger's disk is not; it holds names and addresses")
	return nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// backupFile is a backup as --json prints it.
type backupFile struct {
	File    string `json:"file"`
	Ledger  string `json:"ledger"`
	Entry   int64  `json:"entry"`
	At      string `json:"at"`
	Letters int    `json:"letters"`
	Sum     string `json:"sha256"`
}

func backedUp(name string, b ledger.Backup) backupFile {
	return backupFile{name, b.Position.Name(), b.Position.Seq, b.At.UTC().Format("2006-01-02T15:04:05Z"), b.Letters, b.Sum}
}

func (a *app) restoreCommand() *cobra.Command {
	var replace, check bool
	var confirm string
	cmd := &cobra.Command{
		Use: "restore FILE", Short: "Put a backup into an empty ledger; it stays frozen until it is reconciled", Args: oneFile,
		Long: `Proves that the file is whole and unaltered before anything is written, and writes it into an empty ledger. What left
since the backup is not in it, so that the ledger is frozen until the intent files were read: outreach reconcile.`,
		Example: "  outreach restore ledger-2026-11-24.outreach\n  outreach restore ledger-2026-11-24.outreach --check\n  outreach restore ledger-2026-11-24.outreach --replace --confirm 3f9a2c1b",
		RunE: func(cmd *cobra.Command, args []string) error {
			who, err := a.person()
			if err != nil {
				return err
			}
			if check {
				b, err := a.prove(args[0])
				if err != nil {
					return err
				}
				return a.proved(args[0], b)
			}
			return a.withBareLedger(cmd, func(ctx context.Context, l *ledger.Ledger) error {
				if replace {
					if err := a.replaces(ctx, l, args[0], confirm); err != nil {
						return err
					}
				}
				return a.restore(ctx, l, who, args[0], replace)
			})
		},
	}
	f := cmd.Flags()
	f.BoolVar(&replace, "replace", false, "in the place of the ledger that is there; type its name again")
	f.StringVar(&confirm, "confirm", "", "the `name` of the ledger that is replaced")
	f.BoolVar(&check, "check", false, "only prove that the file is whole and unaltered")
	return cmd
}

// replaces wants the name of the ledger that goes away typed.
func (a *app) replaces(ctx context.Context, l *ledger.Ledger, file, confirm string) error {
	at, err := l.Where(ctx)
	if errors.Is(err, ledger.ErrEmpty) || err == nil && !at.Known() {
		return nil
	}
	if err != nil {
		return err
	}
	if confirm != at.Name() {
		return ledger.Refusal(fmt.Sprintf("the ledger %s (%d entries) would be gone; back it up first, then type: outreach restore %s --replace --confirm %s",
			at.Name(), at.Seq, file, at.Name()))
	}
	return nil
}

// prove reads a backup from end to end.
func (a *app) prove(name string) (ledger.Backup, error) {
	file, err := os.Open(name)
	if err != nil {
		return ledger.Backup{}, ledger.Refusal(fmt.Sprintf("%s cannot be read: %s", name, plain(err)))
	}
	defer func() { _ = file.Close() }()
	b, err := ledger.Verify(file)
	var no ledger.Refusal
	if errors.As(err, &no) {
		return b, ledger.Refusal(name + ": " + no.Error())
	}
	return b, err
}

func (a *app) proved(name string, b ledger.Backup) error {
	if a.json {
		return a.print(backedUp(name, b))
	}
	fmt.Fprintf(a.out, "%s is whole and unaltered: ledger %s up to entry %d of %s; %d letters\n", name, b.Position.Name(), b.Position.Seq,
		b.At.Local().Format("2 January 2006 15:04 MST"), b.Letters)
	return nil
}

func (a *app) restore(ctx context.Context, l *ledger.Ledger, who, name string, replace bool) error {
	b, err := a.prove(name)
	if err != nil {
		return err
	}
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	bar := a.progress("restore", 0)
	defer bar.end()
	got, err := l.Restore(ctx, file, b, who, replace, bar.of)
	if err != nil {
		return err
	}
	bar.end()
	if a.json {
		return a.print(map[string]any{
			"backup": backedUp(name, got.Backup), "ledger": got.Now.Name(), "planned_again": got.Planned, "in_doubt": got.InDoubt,
		})
	}
	fmt.Fprintf(a.out, "restored: %d letters as of %s; of those in hand then, planned again: %d, in doubt: %d\n", got.Letters,
		got.At.Local().Format("2 January 2006 15:04 MST"), got.Planned, got.InDoubt)
	fmt.Fprintf(a.out, "the ledger is now %s, and frozen: what left since the backup is not in it\n", got.Now.Name())
	a.next("stop every worker, then: outreach reconcile --intents FOLDER (the folder of every machine that ran a worker)")
	return nil
}
