package campaign

import (
	"slices"
	"time"

	"outreach.example/donor"
)

// Canaries are the donors whose letters leave first: of those that are due first the first in each language, then the next
// ones. None where the campaign has no canary.
func (c *Campaign) Canaries(donors []donor.Donor, now time.Time) []donor.Donor {
	if c.Canary == 0 {
		return nil
	}
	due := make(map[*Schedule]time.Time)
	opening := func(d *donor.Donor) time.Time {
		s := c.ScheduleOf(d)
		if _, ok := due[s]; !ok {
			due[s] = s.Opening(now)
		}
		return due[s]
	}
	all := slices.Clone(donors)
	slices.SortStableFunc(all, func(x, y donor.Donor) int { return opening(&x).Compare(opening(&y)) })
	var first, others []donor.Donor
	seen := map[string]bool{}
	for _, d := range all {
		if seen[d.Language] {
			others = append(others, d)
			continue
		}
		seen[d.Language] = true
		first = append(first, d)
	}
	first = append(first, others...)
	return first[:min(c.Canary, len(first))]
}
