package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"outreach.example/ledger"
)

// ledgerFlags are what doctor does about the ledger.
type ledgerFlags struct {
	whole  bool   // check it whole
	mend   bool   // and put right what changes no letter
	clear  bool   // take alarms back
	reason string // why
}

func (f *ledgerFlags) add(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.BoolVar(&f.whole, "ledger", false, "check the whole ledger against itself: every counter, every place in an index, the audit chain")
	fl.BoolVar(&f.mend, "mend", false, "with --ledger: correct counters and put blocks back into their indexes; changes no letter")
	fl.BoolVar(&f.clear, "clear-alarms", false, "take back every alarm, after a person has looked; wants --reason")
	fl.StringVar(&f.reason, "reason", "", "why, in `words`")
}

// checkLedger does what the flags say.
func (a *app) checkLedger(cmd *cobra.Command, f ledgerFlags) error {
	switch {
	case f.mend && !f.whole:
		return usagef("--mend wants --ledger: outreach doctor --ledger --mend --as NAME")
	case f.clear && f.whole:
		return usagef("check first and clear afterwards: outreach doctor --clear-alarms --reason WORDS --as NAME")
	case f.clear && strings.TrimSpace(f.reason) == "":
		return usagef("why? outreach doctor --clear-alarms --reason WORDS --as NAME")
	case !f.clear && f.reason != "":
		return usagef("--reason wants --clear-alarms")
	}
	who, err := a.person()
	if err != nil {
		return err
	}
	return a.withLedger(cmd, func(ctx context.Context, l *ledger.Ledger) error {
		if f.clear {
			n, err := l.Clear(ctx, who, "", f.reason)
			if err == nil {
				fmt.Fprintf(a.out, "alarms taken back: %d\n", n)
			}
			return err
		}
		c := &ledger.Checker{Ledger: l, Whole: true}
		if f.mend {
			c.Mender = who
		}
		var bar *progress
		c.Progress = func(what string, done, total int) {
			if bar == nil || bar.what != what {
				bar.stop()
				bar = a.progress(what, total)
			}
			bar.at(done)
		}
		got, err := c.Run(ctx)
		bar.stop()
		if err != nil {
			return err
		}
		if len(got.Mended) > 0 {
			// What was mended is looked at once more: the answer is about the ledger as it is now.
			mended := got.Mended
			c.Mender = ""
			if got, err = c.Run(ctx); err != nil {
				return err
			}
			bar.stop()
			got.Mended = mended
		}
		return a.tellCheckup(ctx, l, who, got)
	})
}

// stop ends a bar that may not have begun.
func (p *progress) stop() {
	if p != nil {
		p.end()
	}
}

// tellCheckup shows what was found, and raises or takes back alarms by it.
func (a *app) tellCheckup(ctx context.Context, l *ledger.Ledger, who string, got ledger.Checkup) error {
	if _, err := l.Raise(ctx, who, got.Faults); err != nil {
		return err
	}
	cleared := 0
	if got.Clean() {
		var err error
		if cleared, err = l.Clear(ctx, who, "", "a whole check found nothing"); err != nil {
			return err
		}
	}
	if a.json {
		if err := a.print(got); err != nil {
			return err
		}
	} else {
		for _, m := range got.Mended {
			fmt.Fprintln(a.out, "mended  "+m)
		}
		for _, f := range got.Faults {
			fmt.Fprintf(a.out, "FAULT   %s\n        it means: %s\n        type: %s\n", f.Says, f.Means, f.Mend)
		}
		for _, m := range got.Moving {
			fmt.Fprintln(a.out, "moving  "+m+"; pause the campaign for a count to the last letter")
		}
		fmt.Fprintf(a.out, "looked at: %d letters in %d blocks, %d audit entries\n", got.Letters, got.Blocks, got.Entries)
		if got.Clean() {
			fmt.Fprintln(a.out, "the ledger agrees with itself")
		}
		if cleared > 0 {
			fmt.Fprintf(a.out, "alarms taken back: %d\n", cleared)
		}
	}
	if n := len(got.Faults); n > 0 {
		return ledger.Refusal(fmt.Sprintf("the ledger contradicts itself in %d points; each says above what to type", n))
	}
	return nil
}

// printAlarms shows them before everything else.
func (a *app) printAlarms(alarms []ledger.Alarm) {
	for _, al := range alarms {
		fmt.Fprintf(a.out, "ALARM since %s: %s; type: outreach doctor --ledger\n", al.Since.Local().Format("2 January 2006 15:04 MST"), al.Says)
	}
}
