package main

import (
	"context"
	"fmt"
	"path"
	"strings"
	"time"

	"outreach.example/console"
	"outreach.example/console/pack"
	"outreach.example/donor"
	"outreach.example/ledger"
	"outreach.example/letter"
	"outreach.example/templates"
)

// noDate stands in a letter that has none yet.
const noDate = "[date of sending]"

// Reading reads a letter beside its text, and checks it.
func (d *consoleDesk) Reading(ctx context.Context, campaign, id, step string) (*console.Reading, error) {
	l := d.house.ledger
	f, err := d.app.find(ctx, l, campaign, id)
	if err != nil {
		return nil, err
	}
	row, there, err := l.Letter(ctx, letter.Block{Campaign: f.campaign.Name, Step: step, Name: f.block}, f.record.Donor.ID)
	if err != nil {
		return nil, err
	}
	r := console.Reading{Edition: f.campaign.Current()}
	if there && row.Edition > 0 && row.Edition <= len(f.campaign.Editions) {
		r.Written, r.Edition = true, f.campaign.Editions[len(f.campaign.Editions)-row.Edition]
	}
	r.Waits = r.Edition == f.campaign.Pending
	made, err := packs(l, d.house.config).Made(ctx, r.Edition, f.block, f.record.Donor.ID, step)
	if made == nil || err != nil {
		return nil, err
	}
	r.Language = made.Content.Language
	printed := noDate
	if r.At = row.Date; r.At.IsZero() {
		if r.At, err = l.Now(ctx); err != nil {
			return nil, err
		}
	} else {
		printed = made.Set.PrintDate(r.Language, r.At)
	}
	r.Text = strings.ReplaceAll(made.Content.Text, letter.DateMark, printed)
	file, all, err := made.Set.Compare(&made.Record, step)
	if err != nil {
		return nil, err
	}
	templates.Dated(all, printed)
	r.Master, r.Standard, r.Differences = path.Base(file), made.IsStandard(file), all
	r.Checks, err = checked(ctx, l, made, file, row, r.At)
	return &r, err
}

// checked checks a letter that was made again, each time by what checked it before it left.
func checked(ctx context.Context, l *ledger.Ledger, made *pack.Made, file string, row ledger.Letter, at time.Time) (all []console.Check, err error) {
	step := made.Content.ID.Step
	add := func(what, passed, failed string) {
		c := console.Check{What: what, Says: passed, Result: console.Passed}
		if failed != "" {
			c.Says, c.Result = failed, console.Failed
		}
		all = append(all, c)
	}
	hash, wrong := made.Content.Hash(), ""
	if hash != made.Approved() {
		wrong = fmt.Sprintf("written again now, it is %.12s, and the edition has %.12s", hash, made.Approved())
	}
	add("Content", fmt.Sprintf("written again now from the edition, it has the same SHA-256 as when it was planned: %.12s", hash), wrong)
	add("Addressee and ask", "the addresses are the donor's own, and the ask follows from its contribution by the campaign's rule", sentenceOf(made.Set.Door(&made.Content, &made.Record)))
	var found []string
	for _, f := range made.Set.Proofread(donor.DateOf(at), nil) {
		if f.File == file && !f.Warning {
			found = append(found, f.Error())
		}
	}
	add("Proofreader", "nothing is wrong with the words of "+path.Base(file)+", and its facts may be cited on that day", strings.Join(found, "; "))
	withdrawn, err := l.Withdrawn(ctx)
	if err != nil {
		return nil, err
	}
	wrong = made.Set.Expired(&made.Record, step, at)
	for _, key := range made.Set.Cites(&made.Record, step) {
		if w, ok := withdrawn[key]; ok {
			wrong = fmt.Sprintf("fact %s was withdrawn on %s%s", templates.FactID(key), w.At.Format("2 January 2006, 15:04 MST"), because(w.Reason))
		}
	}
	add("Facts", "none that it cites has expired or is withdrawn", wrong)
	switch p := row.Proof; {
	case p.Twice:
		add("Registry copy", "", fmt.Sprintf("%d different copies were read, more than were sent on purpose", p.Copies))
	case p.Copies > 0:
		add("Registry copy", "the organisation's own mailbox has it", "")
	default:
		all = append(all, console.Check{What: "Registry copy", Says: "none was read in the organisation's own mailbox", Result: console.Nothing})
	}
	return all, nil
}

// sentenceOf is an error in words, "" for none.
func sentenceOf(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
