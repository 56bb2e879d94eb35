package console

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"outreach.example/campaign"
	"outreach.example/ledger"
	"outreach.example/templates"
)

// review is an edition that waits, beside the one that runs.
type review struct {
	campaign ledger.Campaign
	edition  campaign.Edition
	before   campaign.Edition // its zero value for the first
	records  []campaign.Record
	earlier  map[string]campaign.Record
	written  *campaign.Campaign
	set      *templates.Set
}

func (c *Console) review(ctx context.Context, camp ledger.Campaign) (*review, error) {
	r := &review{campaign: camp, earlier: map[string]campaign.Record{}}
	var err error
	if r.edition, err = c.Ledger.Edition(ctx, camp.Pending); err != nil {
		return nil, err
	}
	if r.written, r.set, err = templates.LoadEdition(r.edition); err != nil {
		return nil, err
	}
	if err := c.Ledger.AllRecords(ctx, camp.Pending, func(_ string, rec campaign.Record) { r.records = append(r.records, rec) }); err != nil {
		return nil, err
	}
	if camp.Edition == "" {
		return r, nil
	}
	if r.before, err = c.Ledger.Edition(ctx, camp.Edition); err != nil {
		return nil, err
	}
	return r, c.Ledger.AllRecords(ctx, camp.Edition, func(_ string, rec campaign.Record) { r.earlier[rec.Donor.ID] = rec })
}

// linesShown is how many changed lines of a file a page shows.
const linesShown = 12

// files are those that are not as they were, with the lines that came and went.
func (r *review) files() []fileChange {
	if r.before.Campaign == "" {
		return nil
	}
	names := map[string]bool{}
	for n := range r.edition.Files {
		names[n] = true
	}
	for n := range r.before.Files {
		names[n] = true
	}
	var out []fileChange
	for _, n := range slices.Sorted(maps.Keys(names)) {
		was, had := r.before.Files[n]
		now, has := r.edition.Files[n]
		if was == now && had == has {
			continue
		}
		f := fileChange{Name: n, How: "changed"}
		switch {
		case !had:
			f.How = "new"
		case !has:
			f.How = "gone"
		}
		f.Added, f.More = less(now, was)
		f.Gone, f.Missing = less(was, now)
		out = append(out, f)
	}
	return out
}

// less is the lines of one text that the other has not, and how many more there are than shown.
func less(text, other string) (lines []string, more int) {
	there := map[string]int{}
	for _, l := range strings.Split(other, "\n") {
		there[l]++
	}
	for _, l := range strings.Split(text, "\n") {
		if there[l] > 0 {
			there[l]--
			continue
		}
		if strings.TrimSpace(l) == "" {
			continue
		}
		if len(lines) == linesShown {
			more++
			continue
		}
		lines = append(lines, l)
	}
	return lines, more
}

// donors are those who are new, gone, or written to otherwise than in the edition before.
func (r *review) donors() []donorChange {
	if r.before.Campaign == "" {
		return nil
	}
	var out []donorChange
	seen := map[string]bool{}
	for _, rec := range r.records {
		seen[rec.Donor.ID] = true
		was, had := r.earlier[rec.Donor.ID]
		how := "new: was not written to before"
		if had {
			how = difference(was, rec)
		}
		if how != "" {
			out = append(out, donorChange{rec.Donor.ID, cmp.Or(rec.Donor.Name["en"], rec.Donor.ID), how})
		}
	}
	for _, id := range slices.Sorted(maps.Keys(r.earlier)) {
		if !seen[id] {
			out = append(out, donorChange{id, cmp.Or(r.earlier[id].Donor.Name["en"], id), "gone: is not written to any more"})
		}
	}
	return out
}

// difference says in words what changed for a donor, "" for nothing.
func difference(was, now campaign.Record) string {
	var parts []string
	to := func(r campaign.Record) (first string, rest []string) {
		for i, c := range r.Donor.Contacts {
			if i == 0 {
				first = c.Email
			} else {
				rest = append(rest, c.Email)
			}
		}
		return first, rest
	}
	oldTo, oldCc := to(was)
	newTo, newCc := to(now)
	if oldTo != newTo {
		parts = append(parts, fmt.Sprintf("address %s, before %s", newTo, oldTo))
	}
	if !slices.Equal(oldCc, newCc) {
		parts = append(parts, fmt.Sprintf("copies to %s, before %s", cmp.Or(strings.Join(newCc, ", "), "nobody"), cmp.Or(strings.Join(oldCc, ", "), "nobody")))
	}
	if was.Donor.Language != now.Donor.Language {
		parts = append(parts, fmt.Sprintf("language %s, before %s", now.Donor.Language, was.Donor.Language))
	}
	if was.Ask.Low != now.Ask.Low || was.Ask.High != now.Ask.High {
		parts = append(parts, fmt.Sprintf("ask %s to %s, before %s to %s", now.Ask.Low, now.Ask.High, was.Ask.Low, was.Ask.High))
	}
	if was.Variant != now.Variant {
		parts = append(parts, fmt.Sprintf("variant %s, before %s", now.Variant, was.Variant))
	}
	for _, step := range slices.Sorted(maps.Keys(now.Hash)) {
		if was.Hash[step] != now.Hash[step] {
			parts = append(parts, "letter "+step+" reads otherwise")
		}
	}
	return strings.Join(parts, "; ")
}
