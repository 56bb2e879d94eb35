package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"outreach.example/ledger"
	"outreach.example/ledger/intent"
	"outreach.example/letter"
)

// tableRows is how many letters the table shows; --json shows all.
const tableRows = 50

// compared is a comparison as --json prints it.
type compared struct {
	Ledger  string           `json:"ledger"` // its name
	Frozen  string           `json:"frozen,omitempty"`
	Letters []comparedLetter `json:"letters"`
	Same    int              `json:"attempts_known"` // of which the ledger knows
	Files   []witness        `json:"files"`
	Stray   []string         `json:"letters_without_intent,omitempty"`
	Changed bool             `json:"changed"` // it was written down
}

type comparedLetter struct {
	Letter     string `json:"letter"`
	Ledger     string `json:"ledger"`
	Files      string `json:"intent_files"`
	Copies     int    `json:"registry_copies"`
	Words      string `json:"words,omitempty"`
	Generation int    `json:"generation,omitempty"`
	Becomes    string `json:"becomes"`

	block letter.Block
	id    letter.ID
}

const (
	noRow   = "not there"
	unknown = "no answer"
)

// lines are the letters of the table.
func (r *reconcile) lines() []comparedLetter {
	out := make([]comparedLetter, 0, len(r.news)+len(r.hand))
	for _, w := range r.news {
		l := comparedLetter{
			Letter: w.Letter.String(), Ledger: noRow, Files: word(w.Says), Words: w.Words, Generation: w.Witnessed.Generation,
			Becomes: word(w.Becomes), block: w.Block, id: w.Letter,
		}
		if w.Says == letter.InDoubt {
			l.Files = unknown
		}
		if w.Was != "" {
			l.Ledger = word(w.Was)
		}
		if w.Kept {
			l.Becomes = "stays " + word(w.Was)
		}
		out = append(out, l)
	}
	for _, h := range r.hand {
		l := comparedLetter{
			Letter: h.ID.String(), Ledger: word(h.State), Files: "-", Words: "its worker is gone", Generation: h.Generation,
			Becomes: "planned", Copies: h.Proof.Copies,
		}
		if h.State == letter.Sending {
			l.Becomes = "in doubt"
		}
		out = append(out, l)
	}
	slices.SortStableFunc(out, func(x, y comparedLetter) int { return strings.Compare(x.Letter, y.Letter) })
	return out
}

// seen reads how many registry copies the ledger knows of letters of the table.
func (r *reconcile) seen(ctx context.Context, lines []comparedLetter) error {
	for i, l := range lines {
		if l.block == (letter.Block{}) {
			continue
		}
		got, _, err := r.ledger.Letter(ctx, l.block, l.id.Donor)
		if err != nil {
			return err
		}
		lines[i].Copies = got.Proof.Copies
	}
	return nil
}

// sum says in a few words what becomes of how many letters.
func (r *reconcile) sum() string {
	counts := map[string]int{}
	var order []string
	for _, l := range r.lines() {
		if counts[l.Becomes] == 0 {
			order = append(order, l.Becomes)
		}
		counts[l.Becomes]++
	}
	if len(order) == 0 {
		return "no letter changes"
	}
	slices.Sort(order)
	var parts []string
	for _, b := range order {
		parts = append(parts, fmt.Sprintf("%s: %d", b, counts[b]))
	}
	return "letters that change, " + strings.Join(parts, ", ")
}

// print shows the table.
func (r *reconcile) print(ctx context.Context) error {
	out := r.app.out
	fmt.Fprintf(out, "ledger %s, entry %d", r.at.Name(), r.at.Seq)
	if r.frozen != "" {
		fmt.Fprintf(out, ", frozen: %s", r.frozen)
	}
	fmt.Fprintln(out)
	lines := r.lines()
	if len(lines) > 0 {
		w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "LETTER\tLEDGER\tINTENT FILES\tREGISTRY COPY\tWILL BE\tWORDS")
		shown := lines[:min(len(lines), tableRows)]
		if err := r.seen(ctx, shown); err != nil {
			return err
		}
		for _, l := range shown {
			found := "-"
			if l.Copies > 0 {
				found = "read"
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", l.Letter, l.Ledger, l.Files, found, l.Becomes, l.Words)
		}
		_ = w.Flush()
		if n := len(lines) - tableRows; n > 0 {
			fmt.Fprintf(out, "and %d more; --json shows all\n", n)
		}
	}
	fmt.Fprintf(out, "%s; attempts that the ledger knows: %d\n", r.sum(), r.same)
	r.printFiles()
	return nil
}

func (r *reconcile) printFiles() {
	out := r.app.out
	used := 0
	for _, f := range r.files {
		if f.Used {
			used++
		}
	}
	fmt.Fprintf(out, "intent files read: %d, in %s\n", used, strings.Join(r.folders, ", "))
	if r.found != nil {
		n := 0
		for _, of := range r.found {
			n += of
		}
		fmt.Fprintf(out, "registry copies looked at: %d; letters sent by them: %d\n", n, r.found[ledger.FoundSent])
	}
	for _, f := range r.files {
		if f.Damage != "" {
			fmt.Fprintf(out, "damaged: %s, %s: letters that it handed over may be missing from this table\n", f.Path, f.Damage)
		}
	}
	for _, s := range r.stray {
		fmt.Fprintf(out, "damaged: an outcome of %s without its intent: look at that letter: outreach case\n", s)
	}
}

// show prints the comparison and what to type next; nothing was changed.
func (r *reconcile) show(ctx context.Context) error {
	if r.app.json {
		c := r.compared(false)
		if err := r.seen(ctx, c.Letters); err != nil {
			return err
		}
		return r.app.print(c)
	}
	if err := r.print(ctx); err != nil {
		return err
	}
	fmt.Fprintln(r.app.out, "nothing was changed")
	r.app.next("%s --confirm %s", r.command(), r.at.Name())
	return nil
}

func (r *reconcile) compared(changed bool) compared {
	return compared{
		Ledger: r.at.Name(), Frozen: r.frozen, Letters: r.lines(), Same: r.same, Files: r.files, Stray: r.stray, Changed: changed,
	}
}

// done says what was written down.
func (r *reconcile) done(ctx context.Context, now ledger.Position) error {
	if r.app.json {
		c := r.compared(true)
		c.Ledger, c.Frozen = now.Name(), ""
		if err := r.seen(ctx, c.Letters); err != nil {
			return err
		}
		return r.app.print(c)
	}
	fmt.Fprintln(r.app.out, r.sum())
	r.printFiles()
	fmt.Fprintf(r.app.out, "ledger %s is now %s and no longer frozen\n", r.at.Name(), now.Name())
	fmt.Fprintln(r.app.out, "a machine whose folder was not given freezes it again when its process comes: then type this with its folder")
	r.app.next("outreach status")
	return nil
}

// lost lists what the intent files say was handed over, when there is no ledger to compare them with.
func (r *reconcile) lost(ctx context.Context) error {
	best := map[letter.ID]ledger.Witnessed{}
	weight := map[letter.State]int{letter.Sent: 2, letter.InDoubt: 1}
	for _, folder := range r.folders {
		paths, err := intent.Files(folder)
		if err != nil {
			return err
		}
		for _, path := range paths {
			w, err := self(path)
			if err != nil {
				return err
			}
			w.Used = true
			r.files = append(r.files, w)
			_, err = intent.Witnesses(ctx, path, func(some []ledger.Witnessed) error {
				for _, w := range some {
					if weight[w.Says] > weight[best[w.Letter].Says] {
						best[w.Letter] = w
					}
				}
				return nil
			}, func(t intent.Trace) { r.stray = append(r.stray, t.Letter.String()) })
			if err != nil {
				return err
			}
		}
	}
	lines := make([]comparedLetter, 0, len(best))
	sent := 0
	for id, w := range best {
		l := comparedLetter{Letter: id.String(), Ledger: noRow, Files: word(w.Says), Words: w.Words, Generation: w.Generation}
		if w.Says == letter.InDoubt {
			l.Files = unknown
		} else {
			sent++
		}
		lines = append(lines, l)
	}
	slices.SortFunc(lines, func(x, y comparedLetter) int { return strings.Compare(x.Letter, y.Letter) })
	if r.app.json {
		if err := r.app.print(compared{Letters: lines, Files: r.files, Stray: r.stray}); err != nil {
			return err
		}
	} else {
		w := tabwriter.NewWriter(r.app.out, 0, 0, 2, ' ', 0)
		for _, l := range lines {
			fmt.Fprintf(w, "%s\t%s\t%s\n", l.Letter, l.Files, l.Words)
		}
		_ = w.Flush()
		r.printFiles()
	}
	return ledger.Refusal(fmt.Sprintf("the ledger is empty; the intent files say that %d letters were sent and that nobody knows of %d; restore a backup, then type this again: outreach restore FILE",
		sent, len(lines)-sent))
}
