package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"outreach.example/console/intake"
	"outreach.example/donor"
	"outreach.example/ledger"
)

// intake is the project folder as imports see it.
func (a *app) intake() intake.Folder {
	f := intake.Folder{Dir: a.dir, Now: a.now, Fresh: donor.Fresh}
	if c, err := a.config(); err == nil {
		f.Fresh = c.count("verified_days")
	}
	return f
}

// importFlags are how rows are brought.
type importFlags struct {
	columns []string // table's=file's
	replace bool
	confirm bool
	reason  string
}

func (a *app) importCommand() *cobra.Command {
	var f importFlags
	cmd := &cobra.Command{
		Use: "import TABLE FILE", Short: "Bring rows of contacts or contributions from a CSV or XLSX file: show what would change, then write it",
		Example: "  outreach import contacts missions.xlsx\n  outreach import contacts missions.xlsx --column donor=Pays --column email=Courriel\n" +
			"  outreach import contacts missions.xlsx --confirm --reason 'the list of November' --as ann\n  outreach import undo contacts --as ann",
		Args: func(_ *cobra.Command, args []string) error {
			switch {
			case len(args) > 0 && !slices.Contains(donor.Tables, args[0]):
				return usagef("there is no table %q to import (there are: %s)", args[0], strings.Join(donor.Tables, ", "))
			case len(args) != 2:
				return usagef("which table, from which file? for example: outreach import contacts missions.xlsx")
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error { return a.importTable(args[0], args[1], f) },
	}
	fl := cmd.Flags()
	fl.StringArrayVar(&f.columns, "column", nil, "which column of the file is which of the table, as `TABLE'S=FILE'S`; may be repeated")
	fl.BoolVar(&f.replace, "replace", false, "the file is the whole table: what it does not name is removed")
	fl.BoolVar(&f.confirm, "confirm", false, "write it")
	fl.StringVar(&f.reason, "reason", "", "why, for those who come after you")
	cmd.AddCommand(a.importListCommand(), a.importUndoCommand())
	return cmd
}

func (a *app) importTable(table, file string, f importFlags) error {
	if f.confirm && f.reason == "" {
		return usagef("why? add --reason 'one line for those who come after you'")
	}
	who, err := a.person()
	if err != nil {
		return err
	}
	s, faults, err := bring(table, file)
	if err != nil || faults.Refuses() {
		return orFaults(err, faults)
	}
	m, err := mapColumns(table, s, f.columns)
	if err != nil {
		return err
	}
	folder := a.intake()
	p, base, err := folder.Propose(table, s, m, f.replace)
	if err != nil {
		return err
	}
	p.Faults = append(slices.Clone(faults), p.Faults...) // of the reading, warnings
	if p.Refuses() {
		return p.Faults
	}
	for _, w := range p.Faults {
		fmt.Fprintln(a.errs, w.Error())
	}
	if f.confirm {
		i, err := folder.Take(who, f.reason, file, p, base)
		if err != nil {
			return err
		}
		if a.json {
			return a.print(i)
		}
		fmt.Fprintf(a.out, "%s written: %d rows added, %d changed, %d removed; it has %d now, and the version before is kept\n", i.File, i.Added, i.Changed, i.Removed, i.Rows)
		a.next("outreach check CAMPAIGN, then outreach plan CAMPAIGN; to take it back: outreach import undo %s", table)
		return nil
	}
	if a.json {
		return a.print(map[string]any{
			"table": table, "file": p.File, "columns": columnsOf(s, m), "changes": changesOf(p), "same": p.Same, "skipped": p.Skipped, "rows": p.Total(), "written": false,
		})
	}
	a.printProposal(s, m, p)
	if len(p.Changes) > 0 {
		a.next("the same with --confirm --reason WORDS --as NAME writes it; nothing was written")
	}
	return nil
}

func orFaults(err error, faults donor.Faults) error {
	if err != nil {
		return err
	}
	return faults
}

// bring reads the file that somebody names.
func bring(table, file string) (donor.Sheet, donor.Faults, error) {
	info, err := os.Stat(file)
	if err != nil {
		return donor.Sheet{}, nil, usagef("%s: %s", file, plain(err))
	}
	if info.IsDir() || info.Size() > donor.MaxBrought {
		return donor.Sheet{}, nil, ledger.Refusal(fmt.Sprintf("%s is no file of at most %d MB", file, donor.MaxBrought>>20))
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return donor.Sheet{}, nil, usagef("%s: %s", file, plain(err))
	}
	s, faults := donor.ReadSheet(table, filepath.Base(file), content)
	return s, faults, nil
}

// mapColumns guesses which column is which, but for those that are named.
func mapColumns(table string, s donor.Sheet, named []string) (donor.Mapping, error) {
	m := donor.Guess(table, s.Head)
	for _, n := range named {
		to, from, ok := strings.Cut(n, "=")
		at := slices.IndexFunc(s.Head, func(h string) bool { return h != "" && strings.EqualFold(h, strings.TrimSpace(from)) })
		switch {
		case !ok || !slices.ContainsFunc(donor.Columns(table), func(c donor.Column) bool { return c.Name == to }):
			var columns []string
			for _, c := range donor.Columns(table) {
				columns = append(columns, c.Name)
			}
			return nil, usagef("--column %q: write COLUMN=HEADING, with a column of %s (%s)", n, table, strings.Join(columns, ", "))
		case from == "":
			delete(m, to)
		case at < 0:
			return nil, usagef("--column %q: the file has no column %q (there are: %s)", n, from, strings.Join(s.Head, ", "))
		default:
			m[to] = at
		}
	}
	return m, nil
}

// columnsOf says which column of the sheet is which of the table.
func columnsOf(s donor.Sheet, m donor.Mapping) map[string]string {
	out := map[string]string{}
	for name, at := range m {
		out[name] = s.Head[at]
	}
	return out
}

type changeJSON struct {
	Kind  string     `json:"kind"`
	Row   string     `json:"row"`
	Line  int        `json:"line,omitempty"`
	Cells []cellJSON `json:"cells"`
}

type cellJSON struct {
	Column string `json:"column"`
	Before string `json:"before"`
	After  string `json:"after"`
}

func changesOf(p *donor.Proposal) []changeJSON {
	out := []changeJSON{}
	for _, c := range p.Changes {
		one := changeJSON{c.Kind, c.Key, c.Line, nil}
		for _, d := range c.Cells {
			one.Cells = append(one.Cells, cellJSON(d))
		}
		out = append(out, one)
	}
	return out
}

// printProposal shows what would change.
func (a *app) printProposal(s donor.Sheet, m donor.Mapping, p *donor.Proposal) {
	for _, c := range donor.Columns(p.Table) {
		if at, ok := m[c.Name]; ok && s.Head[at] != c.Name {
			fmt.Fprintf(a.out, "column %s is read from %s\n", c.Name, donor.Quote(s.Head[at]))
		}
	}
	for at, h := range s.Head {
		if h != "" && !mapsTo(m, at) {
			fmt.Fprintf(a.out, "column %s is not brought\n", donor.Quote(h))
		}
	}
	for _, c := range p.Changes {
		fmt.Fprintf(a.out, "%-8s %s\n", c.Kind, c.Key)
		for _, d := range c.Cells {
			if c.Kind == "changed" {
				fmt.Fprintf(a.out, "           %s: %s, before %s\n", d.Column, orNothing(d.After), orNothing(d.Before))
			}
		}
	}
	if p.Skipped > 0 {
		fmt.Fprintf(a.out, "rows with nothing in these columns: %d\n", p.Skipped)
	}
	fmt.Fprintf(a.out, "%s: %d rows added, %d changed, %d removed, %d stay as they are; %d afterwards\n",
		p.File, p.Count("added"), p.Count("changed"), p.Count("removed"), p.Same, p.Total())
}

func mapsTo(m donor.Mapping, at int) bool {
	for _, to := range m {
		if to == at {
			return true
		}
	}
	return false
}

func orNothing(s string) string {
	if s == "" {
		return "nothing"
	}
	return s
}

func (a *app) importListCommand() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "Show what was imported, the newest first", Args: a.none, Example: "  outreach import list\n  outreach import list --json",
		RunE: func(*cobra.Command, []string) error {
			all, err := a.intake().Imports()
			if err != nil {
				return err
			}
			if a.json {
				return a.print(map[string]any{"imports": append([]intake.Import{}, all...)})
			}
			for _, i := range all {
				what := i.File + " " + i.From()
				if i.Undoes != "" {
					what = "taken back: " + what
				}
				undone := ""
				if i.Undone {
					undone = " (taken back since)"
				}
				fmt.Fprintf(a.out, "%s  %s by %s: %d added, %d changed, %d removed%s\n", i.At.Local().Format("2 January 2006 15:04"), what, i.Who, i.Added, i.Changed, i.Removed, undone)
				if i.Why != "" {
					fmt.Fprintf(a.out, "    %s\n", i.Why)
				}
			}
			if len(all) == 0 {
				fmt.Fprintln(a.out, "nothing was imported yet")
				a.next("outreach import contacts FILE")
			}
			return nil
		},
	}
}

func (a *app) importUndoCommand() *cobra.Command {
	return &cobra.Command{
		Use: "undo TABLE", Short: "Take the last import of a table back, or the last change of one by hand", Example: "  outreach import undo contacts --as ann\n  outreach import undo holidays --as ann",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 || !slices.Contains(intake.Tables, args[0]) {
				return usagef("the last import of which table? there are: %s", strings.Join(intake.Tables, ", "))
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			who, err := a.person()
			if err != nil {
				return err
			}
			folder := a.intake()
			all, err := folder.Imports()
			if err != nil {
				return err
			}
			at := slices.IndexFunc(all, func(i intake.Import) bool { return i.Last && i.Table == args[0] })
			if at < 0 {
				return ledger.Refusal(fmt.Sprintf("there is no import of %s to take back", args[0]))
			}
			i, err := folder.Undo(who, all[at].ID)
			if err != nil {
				return err
			}
			if a.json {
				return a.print(i)
			}
			fmt.Fprintf(a.out, "%s is again as it was %s\n", i.File, i.Before())
			a.next("outreach import list")
			return nil
		},
	}
}
