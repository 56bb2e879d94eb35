package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"outreach.example/donor"
	"outreach.example/examples"
	"outreach.example/ledger"
	"outreach.example/templates"
)

func (a *app) initCommand() *cobra.Command {
	return &cobra.Command{
		Use: "init [FOLDER]", Short: "Write a project folder with a sample campaign; everybody in it is fictional",
		Example: "  outreach init our-project\n  outreach -C our-project init",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usagef("init takes one folder, got %d", len(args))
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			dir := a.dir
			if len(args) == 1 && filepath.IsAbs(args[0]) {
				dir = args[0]
			} else if len(args) == 1 {
				dir = filepath.Join(a.dir, args[0])
			}
			names, err := a.writeSample(dir)
			if err != nil {
				return err
			}
			if a.json {
				return a.print(map[string]any{"folder": dir, "files": names})
			}
			for _, n := range names {
				fmt.Fprintln(a.out, "wrote "+filepath.Join(dir, n))
			}
			if dir == "." {
				a.next("outreach check %s", sample)
			} else {
				a.next("outreach -C %s check %s", dir, sample)
			}
			return nil
		},
	}
}

// sample is the name of the sample campaign.
const sample = "resilience"

// writeSample writes the sample project with the standard texts. It overwrites nothing and leaves nothing half written.
func (a *app) writeSample(dir string) ([]string, error) {
	texts := filepath.Join(dir, "campaigns", sample, "texts")
	if _, err := os.Stat(texts); err == nil {
		return nil, ledger.Refusal(fmt.Sprintf("%s is there already and nothing is overwritten; choose a new folder", texts))
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	names, err := examples.Write(dir, donor.DateOf(a.now()))
	if err != nil {
		return nil, ledger.Refusal(err.Error())
	}
	if err := os.MkdirAll(texts, 0o777); err != nil {
		return nil, err
	}
	standard := templates.Standard()
	for name, content := range standard {
		if err := os.WriteFile(filepath.Join(texts, name), []byte(content), 0o666); err != nil {
			return nil, err
		}
		names = append(names, filepath.Join("campaigns", sample, "texts", name))
	}
	slices.Sort(names)
	return names, nil
}
