package cuts_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"outreach.example/dev/fault/cuts"
	"outreach.example/letter"
)

func limited(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// TestEveryByte: the dialogue is cut after every byte, in both directions; no letter is accepted and planned again, none
// is in doubt whose dot was not written, and what is planned again arrives once.
func TestEveryByte(t *testing.T) {
	began := time.Now()
	got, err := cuts.Every(limited(t), cuts.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s in %v", got, time.Since(began).Round(time.Millisecond))
	for _, f := range got.Faults[:min(len(got.Faults), 20)] {
		t.Error(f)
	}
	if got.Cuts < 2000 || got.Accepted == 0 || got.Again == 0 || got.Taken == 0 || got.Taken == got.Doubtful || got.Together == 0 {
		t.Errorf("not every outcome was met: %s", got)
	}
}

// TestHouse: the same through worker and ledger. What the ledger calls sent was accepted once, what it calls in doubt at
// most once, and what was planned again had not been accepted.
func TestHouse(t *testing.T) {
	began := time.Now()
	got, err := cuts.House(limited(t), cuts.Options{})
	t.Logf("%s in %v", got, time.Since(began).Round(time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range got.Faults[:min(len(got.Faults), 20)] {
		t.Error(f)
	}
	if got.Cuts < 100 || got.Accepted == 0 || got.Again == 0 || got.Doubtful == 0 || got.Together == 0 {
		t.Errorf("not every outcome was met: %s", got)
	}
}

// TestWorseSenders: senders that err are found out.
func TestWorseSenders(t *testing.T) {
	for name, worse := range map[string]func(letter.Verdict) letter.Verdict{
		"a doubt is planned again": func(v letter.Verdict) letter.Verdict {
			if v.Outcome == letter.Doubtful {
				v.Outcome = letter.Unsent
			}
			return v
		},
		"a doubt counts as accepted": func(v letter.Verdict) letter.Verdict {
			if v.Outcome == letter.Doubtful {
				v.Outcome = letter.Accepted
			}
			return v
		},
		"every failure is a doubt": func(v letter.Verdict) letter.Verdict {
			if v.Outcome == letter.Unsent {
				v.Outcome = letter.Doubtful
			}
			return v
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := cuts.Every(limited(t), cuts.Options{Step: 23, Worse: worse})
			if err != nil {
				t.Fatal(err)
			}
			if len(got.Faults) == 0 || !strings.Contains(got.Faults[0], "letter ") {
				t.Errorf("nothing was found: %s", got)
			}
		})
	}
}
