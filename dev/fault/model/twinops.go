package model

import (
	"fmt"
	"math/bits"

	"outreach.example/ledger"
)

// twinOps is what can happen to both, and how often.
var twinOps = []struct {
	name   string
	weight int
	do     func(tw *twin)
}{
	{"renew first", 2, opRenewFirst}, {"renew", 1, opRenew}, {"leave", 2, opLeave}, {"plan", 2, opPlan}, {"lay", 4, opLay},
	{"approve", 3, opApprove}, {"start", 1, opStart}, {"pause", 1, opPause}, {"resume", 6, opResume}, {"cancel", 1, opCancel},
	{"claim", 22, opClaim}, {"claim again", 4, opClaimAgain}, {"unclaim", 3, opUnclaim}, {"withhold", 2, opWithhold},
	{"begin", 30, opBegin}, {"settle", 28, opSettle}, {"sweep", 7, opSweep}, {"record", 6, opRecord}, {"hold", 2, opHold},
	{"free", 6, opFree}, {"release", 4, opRelease}, {"advance", 14, opAdvance}, {"void", 1, opVoid}, {"reindex", 3, opReindex},
	{"evidence", 6, opEvidenceOf}, {"resolve", 12, opResolve}, {"bounce", 5, opBounce}, {"due", 3, opDue},
	{"freeze", 1, opFreeze}, {"weigh", 8, opWeigh}, {"new epoch", 4, opEpoch}, {"lift", 3, opLift},
	{"suppress", 1, opSuppress}, {"open", 1, opOpen}, {"age", 8, opAge}, {"time", 6, opTime},
}

func opPlan(tw *twin) { tw.planAs(uint8(1+tw.rng.IntN(maxEdition)), tw.person()) }

func (tw *twin) planAs(e, who uint8) {
	steps := tw.steps[e]
	number, was, err := tw.l.Plan(tw.ctx, people[who], ledger.Edition{
		Campaign: twinCampaign, Hash: editionHash(e), Steps: twinSteps[:steps], Donors: bits.OnesCount8(tw.donors[e]), Inputs: "in",
	})
	a, n := tw.b.plan(who, e, steps)
	if a.refused() != "" {
		n = 0
	}
	tw.same(fmt.Sprintf("plan %d by %s", e, people[who]), []any{number, was, refusedAs(err)}, []any{n, a == again, a.refused()})
}

func opLay(tw *twin) {
	e := tw.b.edition
	if e == 0 {
		e = tw.b.pending
	}
	if tw.rng.IntN(5) == 0 {
		e = uint8(1 + tw.rng.IntN(maxEdition))
	}
	if e == 0 {
		return
	}
	at := tw.began - 7_200_000 - 1000*int64(tw.rng.IntN(3))
	if tw.rng.IntN(4) == 0 {
		at = tw.began + 86_400_000
	}
	blocks := uint8(1<<tw.b.blocks - 1)
	if tw.rng.IntN(4) == 0 {
		blocks = 1 << tw.anyBlock()
	}
	tw.layIn(e, blocks, at)
}

// layIn lays an edition in blocks (as bits).
func (tw *twin) layIn(e, blocks uint8, at int64) {
	for step := range maxSteps {
		var rows []ledger.Row
		for bl := range int(tw.b.blocks) {
			if blocks&(1<<bl) == 0 {
				continue
			}
			r := ledger.Row{Block: tw.blockName(bl), Group: fmt.Sprintf("G%d", bl), Region: "R", Due: tw.at(at)}
			for d := bl; d < maxDonors; d += int(tw.b.blocks) {
				if tw.donors[e]&(1<<d) != 0 {
					r.Donors = append(r.Donors, donorName(d))
				}
			}
			rows = append(rows, r)
		}
		last := step == maxSteps-1
		got, err := tw.l.Lay(tw.ctx, "ann", twinCampaign, twinSteps[step], editionHash(e), rows, step == 0, last)
		sum, a := tw.b.lay(step, e, blocks, tw.donors[e], at, last)
		tw.same(fmt.Sprintf("lay %s of edition %d, blocks %b, due %d", twinSteps[step], e, blocks, at),
			[]any{got.New, got.Changed, got.Cancelled, refusedAs(err)}, []any{sum.added, sum.changed, sum.cancelled, a.refused()})
	}
}

func opApprove(tw *twin) {
	e, who := tw.b.pending, tw.person()
	if e == 0 || tw.rng.IntN(6) == 0 {
		e = uint8(1 + tw.rng.IntN(maxEdition))
	}
	until := [...]int64{each, tw.b.now + 86_400_000, tw.b.now + 86_400_000, tw.b.now + 86_400_000, tw.b.now - 86_400_000}[tw.rng.IntN(5)]
	tw.approveAs(e, who, until)
}

func (tw *twin) approveAs(e, who uint8, until int64) {
	s := ledger.StepApproval{Step: twinSteps[1], Each: until == each}
	if !s.Each {
		s.Until = tw.at(until)
	}
	was, err := tw.l.Approve(tw.ctx, people[who], twinCampaign, editionHash(e), []ledger.StepApproval{s})
	a := tw.b.approve(who, e, until)
	tw.same(fmt.Sprintf("approve %d by %s until %d", e, people[who], until), []any{was, refusedAs(err)}, []any{a == again, a.refused()})
}

func opStart(tw *twin) { tw.turn(ledger.Start, start) }

func opPause(tw *twin) { tw.turn(ledger.Pause, pause) }

func opResume(tw *twin) { tw.turn(ledger.Resume, resume) }

func opCancel(tw *twin) {
	if tw.rng.IntN(3) == 0 {
		tw.turn(ledger.Cancel, cancel)
	}
}

func (tw *twin) turn(v ledger.Verb, as verb) {
	got, err := tw.l.Switch(tw.ctx, "ann", twinCampaign, v, "why")
	a, now, past := tw.b.turn(ann, as)
	text := statusText[now]
	if a == unlaid {
		text = ""
	}
	tw.same(string(v), []any{got.Status, got.Again, got.Past, refusedAs(err)}, []any{text, a == again, past, a.refused()})
}

func opRecord(tw *twin) {
	d := tw.donor()
	c := &tw.b.cases[d]
	if c.n == maxEntries {
		return
	}
	e := entry{kind: kind(tw.rng.IntN(int(entryKinds))), note: uint8(tw.rng.IntN(2))}
	if e.kind == kindCapital {
		e.opens = tw.b.now + [...]int64{-60_000, 700_000, 86_400_000}[tw.rng.IntN(3)]
	}
	if c.n > 0 && e.kind != kindReopen && tw.rng.IntN(2) == 0 {
		e.instead = uint8(1 + tw.rng.IntN(int(c.n)+1))
	}
	replan := tw.rng.IntN(2) == 0
	do := tw.l.Record
	if replan {
		do = tw.l.Replan
	}
	got, err := do(tw.ctx, twinCampaign, donorName(d), tw.blockName(tw.b.block(d)), twinSteps[:], ledger.Entry{
		Kind: kindName[e.kind], Note: fmt.Sprint("note ", e.note), Opens: e.opens, Instead: int(e.instead), By: "ann", At: tw.at(tw.b.now),
	})
	m := tw.b.record(d, e, replan)
	var steps []string
	for step := range maxSteps {
		if m.past&(1<<step) != 0 {
			steps = append(steps, twinSteps[step])
		}
	}
	refused := ""
	switch {
	case m.refused:
		refused = "refused"
		tw.answers["record refused"]++
	case m.said == again:
		tw.answers["record again"]++
	case m.planned > 0:
		tw.answers["record planned again"]++
	}
	tw.same(fmt.Sprintf("record %s %s instead of %d, replan %v", donorName(d), kindName[e.kind], e.instead, replan),
		[]any{got.Again, got.Cancelled, got.Past, got.Planned, got.Stopped, got.Paused, got.Until, refusedAs(err)},
		[]any{m.said == again, m.n, steps, m.planned, m.s == 'S', m.s == 'P', tw.at(m.til), refused})
}

func (tw *twin) scope() (int, string) {
	switch d := tw.donor(); tw.rng.IntN(6) {
	case 0:
		return holdAll, "all"
	case 1:
		bl := tw.anyBlock()
		return holdGroup + bl, fmt.Sprintf("group:G%d", bl)
	case 2:
		return holdRegion, "region:R"
	default:
		return holdDonor + d, "donor:" + donorName(d)
	}
}

func opHold(tw *twin) {
	i, name := tw.scope()
	until := [...]int64{0, tw.b.now + 86_400_000, tw.b.now - 86_400_000}[tw.rng.IntN(3)]
	who, why := tw.person(), uint8(tw.rng.IntN(2))
	was, err := tw.l.Hold(tw.ctx, people[who], name, tw.at(until), fmt.Sprint("why ", why))
	tw.check(err)
	tw.same(fmt.Sprintf("hold %s until %d", name, until), was, tw.b.setHold(i, who, until, why) == again)
}

func opFree(tw *twin) {
	i, name := tw.scope()
	if tw.rng.IntN(2) == 0 {
		was, err := tw.l.Free(tw.ctx, "ann", name, "over")
		tw.check(err)
		tw.same("free "+name, was, tw.b.free(i, -1) == again)
		return
	}
	until := [...]int64{0, tw.b.holds[i].until}[tw.rng.IntN(2)]
	was, err := tw.l.End(tw.ctx, "ann", ledger.Hold{Scope: name, Until: tw.at(until)}, "over")
	tw.check(err)
	tw.same(fmt.Sprintf("end %s of %d", name, until), was, tw.b.free(i, until) == again)
}

func opRelease(tw *twin) {
	who, d := tw.person(), -1
	blocks, name := uint8(1<<tw.b.blocks-1), ""
	if tw.rng.IntN(2) == 0 {
		d = tw.donor()
		blocks, name = 1<<tw.b.block(d), donorName(d)
	}
	var names []string
	for bl := range int(tw.b.blocks) {
		if blocks&(1<<bl) != 0 {
			names = append(names, tw.blockName(bl))
		}
	}
	n, err := tw.l.Release(tw.ctx, people[who], twinCampaign, twinSteps[1], name, names)
	m := tw.b.release(who, 1, d, blocks)
	tw.same(fmt.Sprintf("release %q of %v by %s", name, names, people[who]), []any{n, err != nil}, []any{max(0, m), m < 0})
}

func opAdvance(tw *twin) {
	step, bl := tw.anyStep(), tw.anyBlock()
	if tw.rng.IntN(3) > 0 {
		step = 0
	}
	last := step == maxSteps-1
	var due [maxDonors]int64
	var donors []ledger.Next
	var asked uint8
	for d := bl; d < maxDonors; d += int(tw.b.blocks) {
		if tw.rng.IntN(6) > 0 {
			due[d] = tw.b.now - 1000
			if tw.rng.IntN(3) == 0 {
				due[d] = tw.b.now + 3_600_000
			}
			asked |= 1 << d
			donors = append(donors, ledger.Next{Donor: donorName(d), Due: tw.at(due[d])})
		}
	}
	next := step + 1
	if last {
		next, donors, asked = step, nil, 0
	}
	n, err := tw.l.Advance(tw.ctx, ledger.Follow{Block: tw.blockOf(step, bl)}, twinSteps[next], donors)
	tw.check(err)
	m, _ := tw.b.advance(step, bl, last, asked, &due)
	tw.same(fmt.Sprintf("advance %s/%d %v", twinSteps[step], bl, donors), n, m.added)
}

func opVoid(tw *twin) {
	step := tw.anyStep()
	blocks, names := uint8(0), []string(nil)
	for bl := range int(tw.b.blocks) {
		if tw.b.state.blocks&(1<<bl) != 0 {
			blocks, names = blocks|1<<bl, append(names, tw.blockName(bl))
		}
	}
	n, err := tw.l.Void(tw.ctx, twinCampaign, twinSteps[step], names, step == maxSteps-1)
	tw.check(err)
	tw.same("void "+twinSteps[step], n, tw.b.void(step, blocks, step == maxSteps-1))
}

func opReindex(tw *twin) {
	got, err := tw.l.ToReindex(tw.ctx)
	tw.check(err)
	number := got[twinCampaign]
	tw.same("to reindex", number != "", tw.b.reindex > 0)
	var names []string
	for bl := range int(tw.b.blocks) {
		names = append(names, tw.blockName(bl))
	}
	for step := range maxSteps {
		tw.check(tw.l.Reindex(tw.ctx, twinCampaign, twinSteps[step], names))
		tw.b.giveBlocks(step, uint8(1<<tw.b.blocks-1))
	}
	if number != "" && tw.rng.IntN(3) > 0 {
		tw.check(tw.l.Reindexed(tw.ctx, twinCampaign, number))
		tw.b.reindexed(tw.b.reindex)
	}
}

func opDue(tw *twin) {
	n := 1 + tw.rng.IntN(4)
	got, err := tw.l.Due(tw.ctx, []string{twinCampaign}, n)
	tw.check(err)
	var r, m []string
	for _, w := range got {
		r = append(r, fmt.Sprint(w.Block, w.Wake))
	}
	tw.b.listDue(n, rewake, func(step, bl int) {
		m = append(m, fmt.Sprint(tw.blockOf(step, bl), int64(tw.b.wakes[step][bl]+tw.b.deaths)))
	})
	if tw.slack > 0 {
		// Two scores within one millisecond of the model may have an order of their own.
		r, m = sortedWords(r), sortedWords(m)
	}
	tw.same("due", r, m)
}

func opSuppress(tw *twin) {
	d := tw.donor()
	was, err := tw.l.Suppress(tw.ctx, "ann", address(d), ledger.ByHand, "asked")
	tw.check(err)
	tw.same("suppress "+donorName(d), was, tw.b.suppress(d) == again)
}

func opOpen(tw *twin) {
	until := tw.b.now + 86_400_000
	if tw.rng.IntN(4) == 0 {
		until = tw.b.now - 86_400_000
	}
	tw.check(tw.l.KeepOpen(tw.ctx, twinCampaign, tw.at(until)))
	tw.b.open = until
	tw.trace = append(tw.trace, fmt.Sprintf("open until %d", until))
}

func opTime(tw *twin) {
	if tw.mini == nil {
		return
	}
	by := [...]int64{1, 700, 10_000, 15 * 60_000, 3_600_000}[tw.rng.IntN(5)]
	tw.mini.SetTime(tw.at(tw.b.now + by))
	tw.trace = append(tw.trace, fmt.Sprintf("%d ms later", by))
}
