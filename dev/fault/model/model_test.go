package model

import (
	"context"
	"strings"
	"testing"
)

// No seed breaks a promise. ./dev/faults runs many more of them.
func TestPromises(t *testing.T) {
	r := Run(context.Background(), 3000, 1, Options{})
	t.Log(r)
	if r.Dots < r.Letters/3 || r.CutShort > r.Seeds/50 {
		t.Errorf("%d dots for %d letters, %d of %d runs cut short: too little happens", r.Dots, r.Letters, r.CutShort, r.Seeds)
	}
	for _, f := range r.Failures {
		var b strings.Builder
		f.Print(&b)
		t.Error(b.String())
	}
}

// The simulation can fail: with any one safeguard removed it finds the promise broken, and makes the way there short.
func TestMutants(t *testing.T) {
	for _, m := range Mutants {
		t.Run(m.Name, func(t *testing.T) {
			t.Parallel()
			f, err := m.Run(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("seed %d, %d steps suffice: %s", f.Seed, len(f.Keep), f.Why)
			if testing.Verbose() {
				t.Log(strings.Join(f.Trace, "\n"))
			}
			// What is printed for a person repeats the failure.
			again := Run(context.Background(), 1, f.Seed, Options{
				Mutant: m.Mutant, Profile: m.Profile, Only: m.Breaks, Keep: f.Keep, Calm: f.Calm,
			})
			if again.Broken(m.Breaks) != 1 {
				t.Errorf("seed %d with its %d steps does not break the promise again", f.Seed, len(f.Keep))
			}
			if len(f.Keep) > 120 {
				t.Errorf("%d steps are left: not short", len(f.Keep))
			}
		})
	}
}
