package ledger

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"outreach.example/letter"
)

// Edition is what the ledger must know of an edition to register it.
type Edition struct {
	Campaign string
	Hash     string
	Steps    []string
	Donors   int
	Inputs   string // SHA-256 of what staff wrote

	Import    string   // the last import into what staff wrote, "" for none
	Canary    []Canary // letters of the first step that leave first, none where all may leave at once
	Importers []string // who imported since the approved edition: they wrote it as well
}

// StoreBlocks writes donor records of a campaign, compressed, by the hash of each block's records. What is addressed by
// hash may be stored again.
func (l *Ledger) StoreBlocks(ctx context.Context, campaign string, records map[string][]byte) error {
	if len(records) == 0 {
		return nil
	}
	args := make([]any, 0, 2*len(records))
	for hash, b := range records {
		args = append(args, hash, b)
	}
	return l.Redis.HSet(ctx, recordsKey(campaign), args...).Err()
}

// StoreEdition writes an edition's manifest and its list of blocks.
func (l *Ledger) StoreEdition(ctx context.Context, hash string, manifest, list []byte) error {
	p := l.Redis.Pipeline()
	p.Set(ctx, editionKey(hash), manifest, 0)
	p.Set(ctx, blockListKey(hash), list, 0)
	_, err := p.Exec(ctx)
	return err
}

// Plan registers an edition as the one that waits for approval. Again says that it was so already.
func (l *Ledger) Plan(ctx context.Context, who string, e Edition) (number int, again bool, err error) {
	args := []any{who, e.Campaign, e.Hash, strings.Join(e.Steps, " "), e.Donors, e.Inputs, e.Import, listCanaries(e.Canary)}
	for _, name := range e.Importers {
		args = append(args, name)
	}
	got, err := l.strings(ctx, "plan", []string{metaKey(), auditKey(), campaignsKey(), campaignKey(e.Campaign)}, args...)
	if err != nil {
		return 0, false, err
	}
	switch got[0] {
	case "cancelled":
		return 0, false, Refusal("campaign " + e.Campaign + " was cancelled; a new campaign needs a new name")
	case "steps":
		return 0, false, Refusal(fmt.Sprintf("campaign %s has the steps %s, and letters of them exist; steps may be added at the end, and none removed, renamed or moved",
			e.Campaign, strings.ReplaceAll(got[1], " ", ", ")))
	}
	number, _ = strconv.Atoi(got[1])
	return number, got[0] == "again", nil
}

// authorship is how somebody wrote an edition, in a sentence: by planning it, or by importing rows of it.
func authorship(how string) string {
	if how == "imported" {
		return "imported rows of"
	}
	return "planned"
}

// own says whether somebody wrote an edition, by names as people write them: a script of the store folds the letter case of
// ASCII alone, and guards against a race. It returns the name as it is kept, and how.
func (l *Ledger) own(ctx context.Context, campaign, edition, who string) (name, how string, err error) {
	v, err := l.Redis.HMGet(ctx, campaignKey(campaign), "by:"+edition, "with:"+edition, "pending", "pending_by", "edition", "written_by").Result()
	if err != nil {
		return "", "", fmt.Errorf("campaign %s: %w", campaign, err)
	}
	text := func(i int) string { s, _ := v[i].(string); return s }
	same := func(s string) bool { return s != "" && SamePerson(s, who) }
	switch {
	case same(text(0)):
		return text(0), "planned", nil
	case text(2) == edition && same(text(3)):
		return text(3), "planned", nil
	case text(4) == edition && same(text(5)):
		return text(5), "planned", nil
	}
	for name := range strings.SplitSeq(text(1), "\n") {
		if same(name) {
			return name, "imported", nil
		}
	}
	return "", "", nil
}

// A Refusal is the ledger's no to something a person asked for, in a sentence for that person.
type Refusal string

func (r Refusal) Error() string { return string(r) }

// Row is one block's letters of a step, to be written.
type Row struct {
	Block  string
	Group  string
	Region string
	Due    time.Time
	Donors []string
	Own    map[string]time.Time // due times of donors whose letters leave at another time than Due
}

// Laid counts what Lay did.
type Laid struct{ New, Changed, Cancelled int }

// Lay writes the rows of a step for some blocks of an edition, new ones in the first step only; last closes the edition's
// laying. It may be repeated, wholly or in part, after a crash.
func (l *Ledger) Lay(ctx context.Context, who, campaign, step, edition string, rows []Row, first, last bool) (Laid, error) {
	keys := []string{
		metaKey(), auditKey(), campaignKey(campaign), countsKey(campaign), lookKey(campaign), dueKey(campaign),
		casesKey(campaign), blocksKey(campaign), followKey(campaign),
	}
	args := []any{who, campaign, step, edition, flag(last), flag(first)}
	for _, r := range rows {
		keys = append(keys, rowsKey(letter.Block{Campaign: campaign, Step: step, Name: r.Block}))
		args = append(args, r.Block, r.Group+"|"+r.Region, ms(r.Due), len(r.Donors))
		for _, d := range r.Donors {
			if own, ok := r.Own[d]; ok {
				d += "\t" + strconv.FormatInt(ms(own), 10)
			}
			args = append(args, d)
		}
	}
	got, err := l.strings(ctx, "lay", keys, args...)
	if err != nil {
		return Laid{}, err
	}
	switch got[0] {
	case "stale":
		return Laid{}, Refusal("another edition of " + campaign + " was approved or planned meanwhile; plan again")
	case "cancelled":
		return Laid{}, Refusal("campaign " + campaign + " was cancelled")
	}
	var laid Laid
	laid.New, _ = strconv.Atoi(got[1])
	laid.Changed, _ = strconv.Atoi(got[2])
	laid.Cancelled, _ = strconv.Atoi(got[3])
	return laid, nil
}

func flag(b bool) string {
	if b {
		return "1"
	}
	return "0"
}

// StepApproval is how a further step is released: each letter by a person, or all until an end.
type StepApproval struct {
	Step  string
	Each  bool
	Until time.Time // the end of the standing approval
}

func notOwn(name, how, campaign string) Refusal {
	return Refusal(fmt.Sprintf("%s %s this edition of %s; another person approves it: outreach approve %s --as NAME", name, authorship(how), campaign, campaign))
}

// Approve approves the edition that waits, and switches the campaign to it in the same step. Nobody approves what they
// planned.
func (l *Ledger) Approve(ctx context.Context, who, campaign, edition string, steps []StepApproval) (again bool, err error) {
	pending, err := l.Redis.HGet(ctx, campaignKey(campaign), "pending").Result()
	if err != nil && !isNil(err) {
		return false, fmt.Errorf("campaign %s: %w", campaign, err)
	}
	if pending == edition {
		if name, how, err := l.own(ctx, campaign, edition, who); err != nil {
			return false, err
		} else if name != "" {
			return false, notOwn(name, how, campaign)
		}
	}
	args := []any{who, campaign, edition}
	for _, s := range steps {
		if s.Each {
			args = append(args, s.Step, "each")
		} else {
			args = append(args, s.Step, ms(s.Until))
		}
	}
	got, err := l.strings(ctx, "approve", []string{metaKey(), auditKey(), campaignKey(campaign), reindexKey()}, args...)
	if err != nil {
		return false, err
	}
	switch got[0] {
	case "own":
		return false, notOwn(got[1], got[2], campaign)
	case "other":
		if got[1] == "" {
			return false, Refusal("no edition of " + campaign + " waits for approval; plan it first: outreach plan " + campaign)
		}
		return false, Refusal(fmt.Sprintf("edition %.12s of %s waits for approval, not %.12s; look at it and approve again",
			got[1], campaign, edition))
	}
	return got[0] == "again", nil
}

// KeepOpen lets letters of a campaign be claimed until a moment, which the scheduler moves on while the send window is open.
func (l *Ledger) KeepOpen(ctx context.Context, campaign string, until time.Time) error {
	return l.Redis.HSet(ctx, campaignKey(campaign), "open", ms(until)).Err()
}

// Verb is what a person does to a whole campaign.
type Verb string

// The verbs of Switch.
const (
	Start  Verb = "start"
	Pause  Verb = "pause"
	Resume Verb = "resume"
	Cancel Verb = "cancel"
)

// Switched says what Switch did: the campaign's status now, whether it was so before, and how many letters were past
// the commit point at that moment.
type Switched struct {
	Status string
	Again  bool
	Past   int
}

// Switch starts, pauses, resumes or cancels a campaign. When it has returned, no letter passes the commit point against it.
func (l *Ledger) Switch(ctx context.Context, who, campaign string, v Verb, reason string) (Switched, error) {
	got, err := l.strings(ctx, "switch", []string{metaKey(), auditKey(), campaignKey(campaign), countsKey(campaign)},
		who, campaign, string(v), reason)
	if err != nil {
		return Switched{}, err
	}
	switch got[0] {
	case "unlaid":
		return Switched{}, Refusal("planning of " + campaign + " was cut off before its end; type: outreach plan " + campaign)
	case "no":
		return Switched{Status: got[1]}, Refusal(cannot(campaign, v, got[1]))
	}
	past, _ := strconv.Atoi(got[2])
	return Switched{Status: got[1], Again: got[0] == "again", Past: past}, nil
}

// cannot says what stands in the way of a verb and what to type.
func cannot(campaign string, v Verb, status string) string {
	switch {
	case status == "":
		return fmt.Sprintf("no campaign %s is planned; type: outreach plan %s", campaign, campaign)
	case status == "cancelled":
		return fmt.Sprintf("campaign %s was cancelled, which is final; a new campaign needs a new name", campaign)
	case status == "planned":
		return fmt.Sprintf("campaign %s is planned and not approved; another person types: outreach approve %s --as NAME", campaign, campaign)
	case status == "approved":
		return fmt.Sprintf("campaign %s has not been started; type: outreach start %s --confirm %s", campaign, campaign, campaign)
	case status == "paused" && v == Start:
		return fmt.Sprintf("campaign %s is paused; type: outreach resume %s", campaign, campaign)
	case status == "running":
		return fmt.Sprintf("campaign %s is running", campaign)
	}
	return fmt.Sprintf("campaign %s is %s", campaign, status)
}
