package ledger

import (
	"context"
	"fmt"
	"strings"
	"time"

	"outreach.example/letter"
)

// CopyWithin is how long the registry copy of a canary's letter may take before a person is asked to look.
const CopyWithin = time.Hour

// A Canary is a letter that leaves first: the others of its campaign wait for it.
type Canary struct{ Donor, Block string }

// String is the letter as the ledger keeps it.
func (c Canary) String() string { return c.Donor + "@" + c.Block }

func readCanaries(list string) (out []Canary) {
	for _, one := range strings.Fields(list) {
		donor, block, _ := strings.Cut(one, "@")
		out = append(out, Canary{donor, block})
	}
	return out
}

func listCanaries(all []Canary) string {
	var list []string
	for _, c := range all {
		list = append(list, c.String())
	}
	return strings.Join(list, " ")
}

// CanaryLetters reads the first letters of a campaign that the others wait for.
func (l *Ledger) CanaryLetters(ctx context.Context, c Campaign) ([]Letter, error) {
	var out []Letter
	for _, one := range c.Canary {
		got, ok, err := l.Letter(ctx, letter.Block{Campaign: c.Name, Step: c.Steps[0], Name: one.Block}, one.Donor)
		if err != nil {
			return nil, err
		}
		if !ok {
			got = Letter{ID: letter.ID{Campaign: c.Name, Donor: one.Donor, Step: c.Steps[0]}}
		}
		out = append(out, got)
	}
	return out, nil
}

// LookAtCanary lets the letters after the canary go once all of it is sent and, where copies are read, each has its registry
// copy. What will not pass by itself opens a task. It may be repeated at any time.
func (l *Ledger) LookAtCanary(ctx context.Context, who string, c Campaign, copies bool) (passed bool, err error) {
	patience := ""
	if copies {
		patience = fmt.Sprint(CopyWithin.Milliseconds())
	}
	got, err := l.canary(ctx, who, c, "look", "", patience)
	return got[0] == "passed", err
}

// LetGo lets the letters after the canary go because a person says so, who did not write the edition.
func (l *Ledger) LetGo(ctx context.Context, who string, c Campaign, reason string) error {
	own := func(name, how string) error {
		return Refusal(fmt.Sprintf("%s %s this edition of %s; another person lets its letters go: add --as NAME", name, authorship(how), c.Name))
	}
	if name, how, err := l.own(ctx, c.Name, c.Edition, who); err != nil {
		return err
	} else if name != "" {
		return own(name, how)
	}
	got, err := l.canary(ctx, who, c, "go", oneLine(reason), "")
	if err != nil {
		return err
	}
	switch got[0] {
	case "none":
		return Refusal("no letter of " + c.Name + " waits for a canary")
	case "stale":
		return Refusal("the canary of " + c.Name + " is another one meanwhile; look at it again: outreach canary " + c.Name)
	case "own":
		return own(got[1], got[2])
	}
	return nil
}

func (l *Ledger) canary(ctx context.Context, who string, c Campaign, verb, reason, patience string) ([]string, error) {
	keys := []string{metaKey(), auditKey(), campaignKey(c.Name), tasksKey(), reindexKey()}
	args := []any{who, c.Name, verb, reason, patience}
	for _, one := range c.Canary {
		keys = append(keys, rowsKey(letter.Block{Campaign: c.Name, Step: c.Steps[0], Name: one.Block}))
		args = append(args, one.String())
	}
	got, err := l.strings(ctx, "canary", keys, args...)
	if err != nil {
		return []string{""}, err
	}
	return got, nil
}
