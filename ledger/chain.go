package ledger

import (
	"context"
	"fmt"
	"strconv"
	"strings"
)

// position looks at where the ledger stands (I8) and follows its audit chain (I10). restoring says that the ledger is not
// whole yet, so that there is nothing to look at.
func (c *Checker) position(ctx context.Context, out *Checkup) (restoring bool, err error) {
	got, err := c.Ledger.strings(ctx, "tail", []string{metaKey(), auditKey()})
	if err != nil {
		return false, err
	}
	if got[5] != "" {
		out.Moving = append(out.Moving, "a restore is under way; check again after it")
		return true, nil
	}
	now := Position{Epoch: got[0], Chain: got[2]}
	now.Seq, _ = strconv.ParseInt(got[1], 10, 64)
	last, _ := strconv.ParseInt(strings.TrimSuffix(got[3], "-0"), 10, 64)
	mark := c.mark
	if mark.Epoch != now.Epoch {
		mark = Position{Epoch: now.Epoch} // a person has begun a new epoch: what went before it is another story
		if !c.Whole {
			mark = markOf(got[6], now.Epoch)
		}
	}
	fault := func(about, means, format string, args ...any) {
		out.Faults = append(out.Faults, Fault{
			About: about, Says: fmt.Sprintf(format, args...), Means: means,
			Mend: "outreach pause CAMPAIGN, keep a copy (outreach backup FILE), then outreach reconcile --intents DIR (docs/operators.md)",
		})
	}
	const lost, altered = "Redis lost what it had acknowledged, or an older copy was put in its place: letters may be in the ledger as unsent that were sent",
		"something wrote to the ledger past its scripts, or Redis lost a write: who did what cannot be relied on from there"
	if now.Seq < c.mark.Seq && c.mark.Epoch == now.Epoch {
		fault("seq", lost, "the ledger's number fell from %d to %d", c.mark.Seq, now.Seq)
		c.mark = now
		return false, nil
	}
	if last != now.Seq || got[4] != now.Chain {
		fault("chain/end", altered, "the ledger stands at entry %d (%.12s), and its audit stream ends with entry %d (%.12s)", now.Seq, now.Chain, last, got[4])
	}
	if c.Whole {
		mark = Position{Epoch: now.Epoch}
	}
	end, ok, err := c.follow(ctx, mark, now.Seq, out, func(format string, args ...any) { fault("chain", altered, format, args...) })
	if err != nil {
		return false, err
	}
	c.mark = now
	if ok && end.Seq > 0 {
		err = c.Ledger.Redis.HSet(ctx, metaKey(), "checked", fmt.Sprintf("%s|%d|%s", end.Epoch, end.Seq, end.Chain)).Err()
	}
	return false, err
}

// markOf reads up to where a chain was followed before.
func markOf(v, epoch string) Position {
	p := strings.Split(v, "|")
	if len(p) != 3 || p[0] != epoch {
		return Position{Epoch: epoch}
	}
	seq, _ := strconv.ParseInt(p[1], 10, 64)
	return Position{Epoch: epoch, Seq: seq, Chain: p[2]}
}

// follow proves each link from one position to an entry; ok says that it held. The entry at the first position is read
// again: it must still have its hash.
func (c *Checker) follow(ctx context.Context, from Position, to int64, out *Checkup, fault func(string, ...any)) (end Position, ok bool, err error) {
	const some = 200
	end = from
	if from.Seq > 0 {
		first, err := c.Ledger.Audit(ctx, from.Seq-1, 1)
		if err != nil {
			return end, false, err
		}
		if len(first) == 0 || first[0].Seq != from.Seq || first[0].Chain != from.Chain {
			fault("audit entry %d is not the one that was there before (%.12s)", from.Seq, from.Chain)
			return end, false, nil
		}
	}
	for end.Seq < to {
		entries, err := c.Ledger.Audit(ctx, end.Seq, int(min(some, to-end.Seq)))
		if err != nil {
			return end, false, err
		}
		if len(entries) == 0 {
			fault("audit entries %d to %d are missing", end.Seq+1, to)
			return end, false, nil
		}
		for _, e := range entries {
			switch {
			case e.Seq != end.Seq+1:
				fault("audit entries %d to %d are missing", end.Seq+1, e.Seq-1)
				return end, false, nil
			case e.Chain != e.Link(end.Chain):
				fault("audit entry %d (%s by %s at %s) is not what was chained to entry %d", e.Seq, e.What, e.Who, e.At.Format("2 January 2006 15:04:05 MST"), end.Seq)
				return end, false, nil
			}
			end.Seq, end.Chain = e.Seq, e.Chain
			out.Entries++
		}
		if c.Progress != nil {
			c.Progress("audit chain", int(end.Seq), int(to))
		}
		if !Rest(ctx, c.Rest) {
			return end, false, ctx.Err()
		}
	}
	return end, true, nil
}
