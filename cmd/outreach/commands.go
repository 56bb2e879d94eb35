package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"runtime/debug"
	"strings"
	"unicode"

	"github.com/spf13/cobra"

	"outreach.example/ledger"
)

// commands builds the tree of verbs.
func (a *app) commands() *cobra.Command {
	root := &cobra.Command{
		Use:   "outreach",
		Short: "Ask donors for money by letter: each letter once, in its language, with its figures, until it is answered",
		Long: `Outreach writes to every Member State exactly once, follows up after some working days, and stops when a State answers.

  outreach try                      see a whole campaign on this machine; nothing leaves it
  outreach init                     write a project folder with a sample campaign
  outreach check resilience         read everything and name every fault
  outreach plan resilience          freeze an edition and show who gets which letter when
  outreach approve resilience --as NAME      another person releases it
  outreach start resilience --confirm resilience

Exit codes: 0 done, 1 failed, 2 usage, 3 partly, 4 refused by a check, 130 interrupted.`,
		SilenceUsage: true, SilenceErrors: true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
		Args:              a.none,
		PersistentPreRunE: func(*cobra.Command, []string) error { return a.underTest() },
		RunE:              func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SuggestionsMinimumDistance = 2
	f := root.PersistentFlags()
	f.StringVarP(&a.dir, "directory", "C", ".", "project `folder`")
	f.StringVar(&a.as, "as", "", "who decides: your `name` (also OUTREACH_USER)")
	f.BoolVar(&a.json, "json", false, "print JSON")
	a.set = map[string]*string{}
	for _, s := range settings {
		a.set[s.key] = f.String(flagName(s.key), "", s.explain)
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.AddCommand(a.tryCommand(), a.initCommand(), a.doctorCommand(), a.checkCommand(), a.planCommand(), a.textsCommand(), a.previewCommand(), a.testCommand(),
		a.approveCommand(), a.switchCommand(ledger.Start), a.statusCommand(), a.switchCommand(ledger.Pause),
		a.switchCommand(ledger.Resume), a.switchCommand(ledger.Cancel), a.caseCommand(), a.calendarCommand(), a.tasksCommand(), a.reportCommand(), a.exportCommand(),
		a.recordCommand(), a.holdCommand(), a.holdsCommand(),
		a.releaseCommand(), a.canaryCommand(), a.factsCommand(), a.importCommand(), a.suppressCommand(), a.resolveCommand(), a.reconcileCommand(), a.backupCommand(), a.restoreCommand(),
		a.schedulerCommand(), a.workerCommand(), a.inboxCommand(), a.consoleCommand(), a.optOutCommand(), a.undoCommand(), a.sendBackCommand(), a.peopleCommand(), a.upCommand(), a.configCommand(),
		a.versionCommand())
	return root
}

// none refuses arguments in this program's words.
func (a *app) none(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		if cmd.HasSubCommands() {
			hint := ""
			if s := cmd.SuggestionsFor(args[0]); len(s) > 0 {
				hint = fmt.Sprintf("; did you mean %s?", strings.Join(s, " or "))
			}
			return usagef("there is no command %q%s (see: outreach help)", args[0], hint)
		}
		return usagef("%s takes no argument, got %q", cmd.CommandPath(), args[0])
	}
	return nil
}

// userEnv is the variable that declares who decides, where --as does not.
const userEnv = "OUTREACH_USER"

// person is who decides: the declared name, with the operating system's account beside it.
func (a *app) person() (string, error) {
	name := strings.TrimSpace(a.as)
	if name == "" {
		name = strings.TrimSpace(a.getenv(userEnv))
	}
	if name == "" {
		name = a.account
	}
	for _, r := range name {
		if unicode.IsControl(r) || strings.ContainsRune("()|\u2028\u2029", r) {
			return "", usagef("--as %q: a name has no brackets, bars or control characters", name)
		}
	}
	if len(name) > 80 {
		return "", usagef("--as: a name has at most 80 characters")
	}
	return name + " (" + a.account + ")", nil
}

// withLedger runs a command that needs nothing but the ledger.
func (a *app) withLedger(cmd *cobra.Command, do func(ctx context.Context, l *ledger.Ledger) error) error {
	c, err := a.config()
	if err != nil {
		return err
	}
	l, _, closeAll, err := a.connect(cmd.Context(), c)
	if err != nil {
		return err
	}
	defer closeAll()
	if frozen, err := l.Frozen(cmd.Context()); err != nil {
		return err
	} else if frozen != "" && cmd.Name() != "status" {
		fmt.Fprintf(a.errs, "the ledger is frozen, nothing leaves: %s\n", frozen)
		defer a.next("stop every worker, then: outreach reconcile")
	}
	return do(cmd.Context(), l)
}

// print writes JSON for programs.
func (a *app) print(v any) error { return printTo(a.out, v) }

func printTo(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// next says what to type now. It goes where people read, never into data.
func (a *app) next(format string, args ...any) {
	fmt.Fprintf(a.errs, "next: "+format+"\n", args...)
}

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Show the version", Args: a.none, Example: "  outreach version --json",
		RunE: func(*cobra.Command, []string) error {
			v := struct {
				Version string `json:"version"`
				Commit  string `json:"commit"`
				Changed bool   `json:"changed"`
				Go      string `json:"go"`
			}{Version: "devel", Commit: "unknown"}
			if b, ok := debug.ReadBuildInfo(); ok {
				v.Go = b.GoVersion
				if b.Main.Version != "" && b.Main.Version != "(devel)" {
					v.Version = b.Main.Version
				}
				for _, s := range b.Settings {
					switch s.Key {
					case "vcs.revision":
						v.Commit = s.Value
					case "vcs.modified":
						v.Changed = s.Value == "true"
					}
				}
			}
			if a.json {
				return a.print(v)
			}
			fmt.Fprintf(a.out, "outreach %s, commit %.12s, %s\n", v.Version, v.Commit, v.Go)
			return nil
		},
	}
}
