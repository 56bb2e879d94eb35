package ledger

import (
	"time"

	"outreach.example/letter"
)

// Why says in a sentence what keeps a planned letter from leaving: the one flag that does, the first of them by rank. ""
// for a letter that is not planned.
func Why(l Letter, c Campaign, cs Case, holds map[string]Hold, group, region string, now time.Time) string {
	if l.State != letter.Planned {
		return ""
	}
	switch c.Status {
	case "cancelled":
		return "the campaign is cancelled"
	case "planned":
		return "the edition waits for approval"
	case "approved":
		return "the campaign has not been started"
	case "paused":
		return "the campaign is paused" + because(c.PausedWhy)
	}
	if cs.Stopped {
		return "the case is " + cs.Word()
	}
	for _, scope := range []string{"all", "donor:" + l.ID.Donor, "group:" + group, "region:" + region} {
		if h, ok := holds[scope]; ok && !h.Ends(now) {
			return "held (" + scope + ")" + because(h.Reason)
		}
	}
	if c.Laid != c.Edition {
		return "the new edition is being laid out"
	}
	if c.Each[l.ID.Step] && !l.Released {
		return "waits for a person's release"
	}
	if end, ok := c.Standing[l.ID.Step]; ok && end.Before(now) {
		return "the standing approval of " + l.ID.Step + " ended on " + end.Format("2 January 2006")
	}
	if l.Since.After(now) {
		if l.Attempts > 0 || l.Words != "" {
			return "it is tried again then"
		}
		return "it is not due yet"
	}
	return "it is due: a worker takes it next, within the send window and the relay's pace"
}

func because(why string) string {
	if why == "" {
		return ""
	}
	return ": " + why
}
