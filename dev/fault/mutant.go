package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"outreach.example/dev/fault/model"
)

// mutant is the program with one safeguard taken out. It is built from a copy of a source file that go build is told to
// read in place of the tree's: the program itself has no way to do without.
type mutant struct {
	name  string
	what  string
	edits []edit
	shown []string // scenarios of which at least one must report a letter lost or twice
}

// edit replaces one piece of a source file, which must be there exactly once.
type edit struct{ file, old, new string }

var allMutants = []mutant{
	{
		"no-begin", "the dot is written without asking", []edit{{
			"worker/worker.go", "_, err := w.Ledger.Begin(ctx, ledger.Begin{", "err := error(nil)\n\t\t_ = (ledger.Begin{",
		}}, []string{"F03", "F04"},
	},
	{
		"record-after-send", "the commit point is passed when the relay has answered", []edit{{
			"relay/deliver.go", "if no := c.commit(ctx, commit); no != nil {\n\t\treturn *no, false\n\t}",
			"defer func() {\n\t\tif v.Outcome == letter.Accepted {\n\t\t\t_ = c.commit(ctx, commit)\n\t\t}\n\t}()",
		}}, []string{"F03", "F04"},
	},
	{
		"no-intent", "the dot is written without an intent on the disk", []edit{{
			"worker/intents.go", "err := w.Intents.Intend(ctx, ins...)", "err := error(nil)",
		}}, []string{"F03", "F04"},
	},
	{
		"counter", "a worker's token is a counter and not a random nonce", []edit{{
			"ledger/hand.go", "return worker + random(9) }", "_ = worker\n\tissued++\n\treturn fmt.Sprintf(\"worker%012d\", issued)\n}\n\nvar issued int",
		}, {
			"ledger/hand.go", "return random(5)[:6] }", "return \"worker\" }",
		}}, []string{"F01", "F03", "F07"},
	},
	{
		"no-wait", "a begin waits for no replica", []edit{{
			"ledger/replicas.go", "l.replicas.needed.Store(int64(max(0, n)))", "l.replicas.needed.Store(int64(0 * n))",
		}}, []string{"F16a"},
	},
	{
		"sweep-sends-again", "a dead worker's sending letters are planned again", []edit{{
			"ledger/scripts/sweep.lua", "if r.s == 'C' and not living then", "if not living then",
		}}, []string{"F03", "F04"},
	},
}

// mutants builds mutants and shows that the harness reports what they do.
func (h *harness) mutants(ctx context.Context, name string) int {
	chosen := allMutants
	if name != "all" {
		chosen = slices.DeleteFunc(slices.Clone(allMutants), func(m mutant) bool { return m.name != name })
	}
	if len(chosen) == 0 && name != layerModel {
		var names []string
		for _, m := range allMutants {
			names = append(names, m.name)
		}
		fmt.Fprintf(os.Stderr, "faults: --mutant %s: there is none (there are: %s, all, or %s for those of the model)\n", name, strings.Join(names, ", "), layerModel)
		return 2
	}
	code := 0
	if name == "all" || name == layerModel {
		code = modelMutants(ctx)
	}
	for _, m := range chosen {
		r, err := h.mutant(ctx, m)
		switch {
		case err != nil:
			fmt.Fprintf(os.Stderr, "faults: mutant %s: %v\n", m.name, err)
			code = 1
		case r.Lost+r.Twice == 0:
			r.print()
			fmt.Printf("mutant %s: NOT NOTICED: %s, and no letter was reported\n", m.name, m.what)
			code = 1
		default:
			for _, o := range r.Rows {
				for _, w := range o.Wrong[:min(2, len(o.Wrong))] {
					fmt.Printf("mutant %s: %s: %s\n", m.name, o.ID, w)
				}
			}
			fmt.Printf("mutant %s: noticed: %s: lost %d, twice %d of %d letters\n", m.name, m.what, r.Lost, r.Twice, r.Letters)
		}
	}
	return code
}

// modelMutants shows the same of the model, with each of its safeguards.
func modelMutants(ctx context.Context) (code int) {
	for _, m := range model.Mutants {
		f, err := m.Run(ctx)
		if err != nil {
			fmt.Fprintf(os.Stderr, "faults: model: %v\n", err)
			code = 1
			continue
		}
		fmt.Printf("model, %s: noticed (%s) with seed %d, of which %d steps suffice: %s\n", m.Name, f.Kind, f.Seed, len(f.Keep), f.Why)
	}
	return code
}

func (h *harness) mutant(ctx context.Context, m mutant) (report, error) {
	overlay, err := h.overlay(m)
	if err != nil {
		return report{}, err
	}
	sick := *h
	sick.exe = filepath.Join(h.dir, "outreach-"+m.name)
	if err := build(ctx, h.root, sick.exe, overlay); err != nil {
		return report{}, err
	}
	chosen, err := choose(true, strings.Join(m.shown, ","))
	if err != nil {
		return report{}, err
	}
	for i := range chosen {
		chosen[i].sick = true
	}
	return sick.runAll(ctx, chosen), nil
}

// overlay writes the changed copies and the file that names them.
func (h *harness) overlay(m mutant) (string, error) {
	sources := map[string]string{}
	for _, e := range m.edits {
		if sources[e.file] == "" {
			b, err := os.ReadFile(filepath.Join(h.root, e.file))
			if err != nil {
				return "", err
			}
			sources[e.file] = string(b)
		}
		if n := strings.Count(sources[e.file], e.old); n != 1 {
			return "", fmt.Errorf("%s has %q %d times, not once: the mutant must follow the program", e.file, e.old, n)
		}
		sources[e.file] = strings.Replace(sources[e.file], e.old, e.new, 1)
	}
	replace := map[string]string{}
	for file, content := range sources {
		copied := filepath.Join(h.dir, m.name+"-"+strings.ReplaceAll(file, "/", "-"))
		if err := os.WriteFile(copied, []byte(content), 0o600); err != nil {
			return "", err
		}
		replace[filepath.Join(h.root, file)] = copied
	}
	b, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	file := filepath.Join(h.dir, m.name+".json")
	return file, os.WriteFile(file, b, 0o600)
}
