package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"outreach.example/inbox"
	"outreach.example/ledger"
	"outreach.example/ledger/intent"
	"outreach.example/letter"
)

// reconcile is one comparison of a ledger with intent files:
//
//	intent files ---\
//	                 weigh ---> table ---> confirmed: write down, sweep, new epoch, thaw, tell the folders
//	rows of letters -/
//
// Everything before the new epoch may be cut off and repeated: the ledger stays frozen, and what was written down once is
// no news the second time.
type reconcile struct {
	app    *app
	ledger *ledger.Ledger
	at     ledger.Position
	frozen string

	folders []string
	files   []witness
	adopted []*intent.Adopted
	also    []string // epochs that a person says are this ledger's
	without []string // epochs that a person says are another one's

	news  []ledger.Weighed // of each letter the last attempt that changes it
	place map[letter.ID]int
	same  int // attempts that the ledger knows
	hand  []ledger.Letter
	stray []string // letters of damaged files without their intent
	found map[ledger.Finding]int
}

// witness is an intent file and what it says of itself.
type witness struct {
	Path    string `json:"file"`
	Process string `json:"process"`
	Epoch   string `json:"epoch"`
	Damage  string `json:"damage,omitempty"`
	Used    bool   `json:"used"`
}

func (a *app) reconcileCommand() *cobra.Command {
	var confirm, reason, registry string
	var also, without []string
	cmd := &cobra.Command{
		Use:   "reconcile [FOLDER...]",
		Short: "Compare the ledger with the intent files, write down what it lost, and let letters go again",
		Long: `Compares what the ledger holds with what the intent files say, and shows each letter that is not the same.
With --confirm and the ledger's name (the table says it) the ledger takes over what it lost: a letter that was handed
over is sent, one of which nobody knows is in doubt, and the ledger is no longer frozen. Give the folder of every
machine that ran a worker: the setting intents, and further folders after it. Stop every worker first.
With --registry the registry copies of a folder are read before, as outreach inbox reads them: they settle what they prove.`,
		Example: "  outreach reconcile\n  outreach reconcile --intents /var/lib/outreach/intents /mnt/worker-2/intents --confirm 3f9a2c1b",
		Args:    cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			who, err := a.person()
			if err != nil {
				return err
			}
			c, err := a.config()
			if err != nil {
				return err
			}
			if c.value["intents"] == "" && len(args) == 0 {
				return ledger.Refusal(noIntents)
			}
			return a.withBareLedger(cmd, func(ctx context.Context, l *ledger.Ledger) error {
				r := &reconcile{app: a, ledger: l, also: also, without: without, place: map[letter.ID]int{}}
				defer r.release()
				if err := r.open(append([]string{c.value["intents"]}, args...)); err != nil {
					return err
				}
				if registry != "" {
					if err := r.copies(ctx, registry); err != nil {
						return err
					}
				}
				return r.run(ctx, who, confirm, reason)
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&confirm, "confirm", "", "the ledger's `name`, typed: the table says it")
	f.StringVar(&reason, "reason", "", "why, for those who come after you")
	f.StringVar(&registry, "registry", "", "read the registry copies of this `folder` (.eml files or a Maildir) before")
	f.StringSliceVar(&also, "also", nil, "intent files of this `epoch` are this ledger's too (after a backup was restored)")
	f.StringSliceVar(&without, "without", nil, "intent files of this `epoch` are another ledger's (of a demonstration)")
	return cmd
}

// open finds the folders and their files. A file of a living process stops it: what it says may change.
func (r *reconcile) open(folders []string) error {
	for _, f := range folders {
		if f == "" {
			continue
		}
		abs, err := filepath.Abs(f)
		if err != nil {
			return err
		}
		if real, err := filepath.EvalSymlinks(abs); err == nil {
			abs = real
		}
		if !slices.Contains(r.folders, abs) {
			r.folders = append(r.folders, abs)
		}
	}
	for _, f := range r.folders {
		living, err := intent.Living(f)
		if err != nil {
			return ledger.Refusal(fmt.Sprintf("the folder %s cannot be read: %s", f, plain(err)))
		}
		if len(living) > 0 {
			w, err := self(living[0])
			if err != nil {
				return err
			}
			return ledger.Refusal(fmt.Sprintf("process %s lives and writes %s; stop it, then type this again", w.Process, w.Path))
		}
		adopted, err := intent.Adopt(f)
		r.adopted = append(r.adopted, adopted...)
		if err != nil {
			return err
		}
	}
	return nil
}

// release leaves the files for whoever comes next.
func (r *reconcile) release() {
	for _, f := range r.adopted {
		f.Release()
	}
}

func (r *reconcile) run(ctx context.Context, who, confirm, reason string) error {
	at, err := r.ledger.Where(ctx)
	if err != nil && !errors.Is(err, ledger.ErrEmpty) {
		return err
	}
	if !at.Known() {
		return r.lost(ctx)
	}
	r.at = at
	if r.frozen, err = r.ledger.Frozen(ctx); err != nil {
		return err
	}
	if err := r.look(ctx); err != nil {
		return err
	}
	if confirm == "" && isTerminal(r.app.in) && !r.app.json {
		if err := r.print(ctx); err != nil {
			return err
		}
		fmt.Fprintf(r.app.errs, "Type the ledger's name (%s) to write this down: ", at.Name())
		line, err := readLine(r.app.in)
		if err != nil {
			return err
		}
		confirm = strings.TrimSpace(line)
	} else if confirm == "" {
		return r.show(ctx)
	}
	if confirm != at.Name() {
		return ledger.Refusal(fmt.Sprintf("the ledger is %s, not %q; nothing was changed; type: %s --confirm %s", at.Name(), confirm, r.command(), at.Name()))
	}
	return r.write(ctx, who, reason)
}

// command is the invocation without its confirmation.
func (r *reconcile) command() string {
	s := "outreach reconcile --intents " + strings.Join(r.folders, " ")
	for _, e := range r.also {
		s += " --also " + e
	}
	for _, e := range r.without {
		s += " --without " + e
	}
	return s
}

// each reads the attempts of every file that is this ledger's.
func (r *reconcile) each(ctx context.Context, what string, do func([]ledger.Witnessed) error) error {
	ours, err := r.ledger.Epochs(ctx)
	if err != nil {
		return err
	}
	r.files, r.stray = nil, nil
	var paths []string
	for _, f := range r.folders {
		found, err := intent.Files(f)
		if err != nil {
			return err
		}
		paths = append(paths, found...)
	}
	bar := r.app.progress(what, len(paths))
	defer bar.end()
	var unknown []witness
	for i, path := range paths {
		bar.at(i)
		w, err := self(path)
		if err != nil {
			return err
		}
		w.Used = w.Epoch == "" || slices.Contains(ours, w.Epoch) || begins(w.Epoch, r.also)
		switch {
		case w.Used:
			_, err := intent.Witnesses(ctx, path, do, func(t intent.Trace) { r.stray = append(r.stray, t.Letter.String()) })
			if err != nil {
				return err
			}
		case !begins(w.Epoch, r.without):
			letters := 0
			count := func(some []ledger.Witnessed) error { letters += len(some); return nil }
			if _, err := intent.Witnesses(ctx, path, count, func(intent.Trace) { letters++ }); err != nil {
				return err
			}
			if letters > 0 {
				unknown = append(unknown, w)
			}
		}
		r.files = append(r.files, w)
	}
	if len(unknown) > 0 {
		u := unknown[0]
		return ledger.Refusal(fmt.Sprintf("intent files of a ledger that this one does not know: %d, the first %s (process %s, epoch %.8s); if this ledger had that epoch after its backup was made, add --also %.8s; if it is another ledger's, add --without %.8s",
			len(unknown), u.Path, u.Process, u.Epoch, u.Epoch, u.Epoch))
	}
	return nil
}

// begins says whether an epoch is one of those that a person typed, or typed the beginning of.
func begins(epoch string, typed []string) bool {
	return slices.ContainsFunc(typed, func(t string) bool { return len(t) >= 6 && strings.HasPrefix(epoch, t) })
}

// copies reads the registry copies of a folder until nothing new is found: a file of a plain folder must look the same
// twice before it is taken as whole.
func (r *reconcile) copies(ctx context.Context, folder string) error {
	if at, err := r.ledger.Where(ctx); errors.Is(err, ledger.ErrEmpty) || err == nil && !at.Known() {
		return nil // there is nothing that they could settle
	} else if err != nil {
		return err
	}
	if err := inbox.Check(folder); err != nil {
		return ledger.Refusal("--registry: " + err.Error())
	}
	reader := &inbox.Reader{Ledger: r.ledger, Source: &inbox.Folder{Path: folder}, Every: inbox.Pause, Now: r.app.now, Log: slog.New(slog.DiscardHandler)}
	r.found = map[ledger.Finding]int{}
	for round := 0; ; round++ {
		found, err := reader.Poll(ctx)
		if err != nil {
			return fmt.Errorf("registry copies in %s: %w", folder, err)
		}
		for finding, n := range found {
			r.found[finding] += n
		}
		if round > 0 && len(found) == 0 {
			return nil
		}
	}
}

// look compares.
func (r *reconcile) look(ctx context.Context) error {
	err := r.each(ctx, "intent files", func(some []ledger.Witnessed) error {
		weighed, err := r.ledger.Weigh(ctx, "", some, false)
		for _, w := range weighed {
			r.weighed(w)
		}
		return err
	})
	if err != nil {
		return err
	}
	hand, err := r.ledger.InHand(ctx)
	if err != nil {
		return err
	}
	for _, l := range hand {
		if _, told := r.place[l.ID]; !told {
			r.hand = append(r.hand, l)
		}
	}
	slices.SortFunc(r.news, func(x, y ledger.Weighed) int { return strings.Compare(x.Letter.String(), y.Letter.String()) })
	return nil
}

// weighed keeps of each letter what becomes of it: of several attempts the one that counts most.
func (r *reconcile) weighed(w ledger.Weighed) {
	if w.Becomes == "" && !w.Kept {
		r.same++
		return
	}
	i, seen := r.place[w.Letter]
	if !seen {
		r.place[w.Letter] = len(r.news)
		r.news = append(r.news, w)
		return
	}
	was := r.news[i]
	weight := map[letter.State]int{letter.Sent: 4, letter.InDoubt: 3, letter.Refused: 2, letter.Planned: 1}
	if w.Becomes == letter.Sent && was.Becomes != letter.Sent || was.Becomes != letter.Sent &&
		(w.Witnessed.Generation > was.Witnessed.Generation ||
			w.Witnessed.Generation == was.Witnessed.Generation && weight[w.Becomes] > weight[was.Becomes]) {
		r.news[i] = w
	}
}

// write does what the table says.
func (r *reconcile) write(ctx context.Context, who, reason string) error {
	if _, err := r.ledger.Freeze(ctx, who, "it is being reconciled; if that was cut off, type: "+r.command()); err != nil {
		return err
	}
	working, err := r.ledger.Working(ctx)
	if err != nil {
		return err
	}
	if working > 0 {
		return ledger.Refusal(fmt.Sprintf("workers with a lease: %d; the ledger is frozen; stop every worker, wait 12 seconds, and type the reconciliation again", working))
	}
	err = r.each(ctx, "written down", func(some []ledger.Witnessed) error {
		_, err := r.ledger.Weigh(ctx, who, some, true)
		return err
	})
	if err != nil {
		return err
	}
	if _, err := r.ledger.Sweep(ctx); err != nil {
		return err
	}
	epoch := ledger.RandomEpoch()
	why := fmt.Sprintf("%s; folders: %s", r.sum(), strings.Join(r.folders, ", "))
	for _, f := range r.files {
		if f.Damage != "" {
			why += "\ndamaged: " + f.Path + ": " + f.Damage
		}
	}
	if reason != "" {
		why += "\n" + reason
	}
	var now ledger.Position
	err = r.told(ctx, r.folders, func() error {
		var err error
		if now, err = r.ledger.NewEpoch(ctx, who, r.at.Epoch, epoch, why); err != nil {
			return err
		}
		for _, f := range r.adopted {
			if err := f.Done(); err != nil {
				return fmt.Errorf("intent file %s: %w; type the reconciliation again", f.Path, err)
			}
		}
		r.adopted = nil
		return nil
	}, &now)
	if err != nil {
		return err
	}
	return r.done(ctx, now)
}

// told does what it is given while no process of these folders can ask the ledger, and lets each folder remember where
// the ledger stands then.
func (r *reconcile) told(ctx context.Context, folders []string, do func() error, now *ledger.Position) error {
	if len(folders) == 0 {
		return do()
	}
	return intent.Alone(ctx, folders[0], func(ledger.Position) (ledger.Position, error) {
		err := r.told(ctx, folders[1:], do, now)
		return *now, err
	})
}

// self is what a file says of itself.
func self(path string) (witness, error) {
	c, err := intent.Peek(path)
	if err != nil {
		return witness{}, err
	}
	return witness{Path: path, Process: cmp.Or(c.Process, "unknown"), Epoch: cmp.Or(c.Position.Epoch, c.Epoch), Damage: c.Damage}, nil
}
