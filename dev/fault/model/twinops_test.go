package model

import (
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"outreach.example/ledger"
	"outreach.example/letter"
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
	{"begin", 30, opBegin}, {"settle", 28, opSettle}, {"sweep", 7, opSweep}, {"record", 2, opRecord}, {"hold", 2, opHold},
	{"free", 6, opFree}, {"release", 4, opRelease}, {"advance", 10, opAdvance}, {"void", 1, opVoid}, {"reindex", 3, opReindex},
	{"evidence", 6, opEvidenceOf}, {"resolve", 12, opResolve}, {"bounce", 2, opBounce}, {"due", 3, opDue},
	{"suppress", 1, opSuppress}, {"open", 1, opOpen}, {"age", 8, opAge}, {"time", 6, opTime},
}

func opRenewFirst(tw *twin) {
	if tw.names+1 >= maxWorkers {
		return
	}
	tw.names++
	life := int64(600_000)
	ok, err := tw.l.Renew(tw.ctx, workerName(tw.names), time.Duration(life)*time.Millisecond, true)
	tw.check(err)
	tw.same("renew first "+workerName(tw.names), ok, tw.b.renew(tw.names, life, true))
}

// worker is most often one that has its lease.
func (tw *twin) worker() uint8 {
	if tw.rng.IntN(8) > 0 {
		for w := tw.names; w > 0; w-- {
			if tw.b.alive(w) {
				return w
			}
		}
	}
	return uint8(1 + tw.rng.IntN(int(tw.names)+1))
}

func opRenew(tw *twin) {
	w := tw.worker()
	ok, err := tw.l.Renew(tw.ctx, workerName(w), 600*time.Second, false)
	tw.check(err)
	tw.same("renew "+workerName(w), ok, tw.b.renew(w, 600_000, false))
}

func opLeave(tw *twin) {
	w := tw.worker()
	tw.check(tw.l.Leave(tw.ctx, workerName(w)))
	tw.b.leave(w)
	tw.trace = append(tw.trace, "leave "+workerName(w))
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
	at := tw.b.now - 1000*int64(tw.rng.IntN(3))
	if tw.rng.IntN(4) == 0 {
		at = tw.b.now + 3_600_000
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

func opStart(tw *twin)  { tw.turn(ledger.Start, start) }
func opPause(tw *twin)  { tw.turn(ledger.Pause, pause) }
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

func opClaim(tw *twin) {
	tw.token++
	step := 0
	if tw.rng.IntN(3) == 0 {
		step = 1
	}
	tw.claimAs(step, tw.anyBlock(), newNonce(tw.worker(), tw.token))
}

func opClaimAgain(tw *twin) {
	if len(tw.hands) == 0 {
		return
	}
	h := tw.hands[tw.rng.IntN(len(tw.hands))]
	tw.claimAs(h.step, tw.b.block(h.d), h.n)
}

func (tw *twin) claimAs(step, bl int, n nonce) {
	want := 1 + tw.rng.IntN(4)
	var pace int64
	if tw.rng.IntN(4) == 0 {
		pace = 60_000
	}
	got, err := tw.l.Claim(tw.ctx, tw.blockOf(step, bl), nonceText(n), want, ledger.Pace{Relay: "main", Between: time.Duration(pace) * time.Millisecond})
	tw.check(err)
	m := tw.b.claim(step, bl, n, want, pace)
	what := fmt.Sprintf("claim %d of %s/%d by %s pace %d", want, twinSteps[step], bl, nonceText(n), pace)
	var r, w []string
	for _, c := range got.Letters {
		r = append(r, fmt.Sprint(c.ID.Donor, c.Generation, c.Attempts, c.DeferredCc))
	}
	for _, g := range m.letters[:m.n] {
		w = append(w, fmt.Sprint(donorName(int(g.donor)), int(g.g), int(g.a), g.mask))
	}
	tw.same(what, []any{got.Why != "", got.More, r}, []any{m.why != may, m.more, w})
	if tw.differ != "" {
		return
	}
	if next := got.Next.UnixMilli(); !got.Next.IsZero() && !tw.near(next, m.next) || got.Next.IsZero() != (m.next == 0) {
		tw.differ = fmt.Sprintf("%s: next due %v, the model %d", what, got.Next, m.next)
	}
	for i, c := range got.Letters {
		g := m.letters[i]
		if !tw.near(c.Date.Unix()*1000, g.d*1000) || !tw.near(c.NotBefore.UnixMilli(), g.slot) {
			tw.differ = fmt.Sprintf("%s: %s date %v not before %v, the model %d %d", what, c.ID, c.Date, c.NotBefore, g.d, g.slot)
		}
		tw.hands = append(tw.hands, handOf{c, step, int(g.donor), n, m.edition})
	}
}

// hand is one of the claims given so far: most often one that is held still, in a state where there is one.
func (tw *twin) hand(in ...mark) (handOf, bool) {
	if len(tw.hands) == 0 {
		return handOf{}, false
	}
	if tw.rng.IntN(6) > 0 {
		for _, i := range tw.rng.Perm(len(tw.hands)) {
			h := tw.hands[i]
			if r := &tw.b.rows[h.step][h.d]; r.n == h.n && slices.Contains(in, r.s) {
				return h, true
			}
		}
	}
	return tw.hands[tw.rng.IntN(len(tw.hands))], true
}

func opUnclaim(tw *twin) {
	h, ok := tw.hand(claimed)
	if !ok {
		return
	}
	after, w := int64(0), noWords
	if tw.rng.IntN(2) == 0 {
		after, w = 600_000, wordsHouse
	}
	tw.check(tw.l.Unclaim(tw.ctx, []ledger.Claim{h.c}, time.Duration(after)*time.Millisecond, wordsText[w]))
	tw.b.unclaim(h.step, h.d, h.n, after, w)
	tw.trace = append(tw.trace, "unclaim "+h.c.ID.String()+" "+h.c.Nonce)
}

func opWithhold(tw *twin) {
	if h, ok := tw.hand(claimed); ok && tw.rng.IntN(2) == 0 {
		tw.check(tw.l.Withhold(tw.ctx, h.c, wordsText[wordsFault]))
		tw.b.withhold(h.step, h.d, h.n)
		tw.trace = append(tw.trace, "withhold "+h.c.ID.String()+" "+h.c.Nonce)
	}
}

var whyText = map[said]string{
	saidNonce: "the letter is no longer this worker's", saidLease: "the worker's lease has ended",
	saidEdition: "another edition was approved meanwhile", saidStatus: "the campaign is not running",
	saidStopped: "the case has an answer", saidHeld: "the donor is held", saidEarlier: "the step before has not been sent",
	saidSuppressed: "an address of the letter is suppressed",
}

func address(d int) string { return "a@" + strings.ToLower(donorName(d)) + ".example" }

func opBegin(tw *twin) {
	h, ok := tw.hand(claimed)
	if !ok {
		return
	}
	before := ""
	if h.step > 0 {
		before = twinSteps[h.step-1]
	}
	granted, err := tw.l.Begin(tw.ctx, ledger.Begin{
		Claim: h.c, Before: before, ContentHash: "c", ByteHash: "b", Addresses: []string{ledger.AddressHash(address(h.d))},
	})
	text := ""
	if err != nil {
		text = err.Error()
	}
	m := tw.b.begin(h.step, h.d, h.n, h.ed)
	if err == nil && granted.Position.Seq != int64(tw.b.seq) {
		tw.differ = fmt.Sprintf("begin grants at seq %d, the model at %d", granted.Position.Seq, tw.b.seq)
	}
	tw.answers["begin "+saidText[m]]++
	tw.same("begin "+h.c.ID.String()+" "+h.c.Nonce, text, whyText[m])
}

var stateOf = map[mark]letter.State{
	planned: letter.Planned, claimed: letter.Claimed, sending: letter.Sending, sent: letter.Sent, inDoubt: letter.InDoubt,
	refused: letter.Refused, bounced: letter.Bounced, withheld: letter.Withheld, cancelled: letter.Cancelled,
}

func opSettle(tw *twin) {
	in := sending
	if tw.rng.IntN(8) == 0 {
		in = inDoubt // a late answer
	}
	h, ok := tw.hand(in)
	if !ok {
		return
	}
	to := [...]mark{sent, sent, sent, planned, planned, refused, inDoubt, inDoubt}[tw.rng.IntN(8)]
	after, mask, w := int64(0), uint8(0), noWords
	if tw.rng.IntN(2) == 0 {
		after, mask, w = 600_000, 1, wordsRelay
	}
	last := h.step == maxSteps-1
	s, err := tw.l.Settle(tw.ctx, ledger.Settlement{
		Claim: h.c, To: stateOf[to], After: time.Duration(after) * time.Millisecond, DeferredCc: uint64(mask), Words: wordsText[w], Last: last,
	})
	m := tw.b.settle(h.step, h.d, h.n, to, after, mask, w, last)
	is := map[said]letter.State{saidOK: stateOf[to], saidAgain: stateOf[to], saidCancelled: letter.Cancelled, saidSent: letter.Sent}[m]
	var no ledger.NotGranted
	if err != nil && !errors.As(err, &no) {
		tw.check(err)
	}
	tw.answers["settle "+saidText[m]]++
	tw.same(fmt.Sprintf("settle %s %s as %s", h.c.ID, h.c.Nonce, to), s, is)
}

func opSweep(tw *twin) {
	got, err := tw.l.Sweep(tw.ctx)
	tw.check(err)
	blocks, gone := tw.b.toSweep()
	m := tw.b.sweep(blocks)
	for w := range uint8(maxWorkers) {
		if gone&(1<<w) != 0 {
			tw.b.bury(w)
		}
	}
	tw.same("sweep", got, ledger.Swept{Planned: m.planned, InDoubt: m.inDoubt, Cancelled: m.cancelled})
}

func opRecord(tw *twin) {
	d, entry := tw.donor(), tw.rng.IntN(2)
	got, err := tw.l.Record(tw.ctx, twinCampaign, donorName(d), tw.blockName(tw.b.block(d)), twinSteps[:],
		ledger.Entry{Kind: "reply", Note: fmt.Sprint("note ", entry), By: "ann", At: tw.at(tw.b.now)})
	tw.check(err)
	a, n, past := tw.b.record(d, 1<<entry)
	var steps []string
	for step := range maxSteps {
		if past&(1<<step) != 0 {
			steps = append(steps, twinSteps[step])
		}
	}
	tw.same("record "+donorName(d), []any{got.Again, got.Cancelled, got.Past}, []any{a == again, n, steps})
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
		if tw.rng.IntN(4) > 0 {
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

// opEvidenceOf is a registry copy, or a late answer, of any letter.
func opEvidenceOf(tw *twin) {
	step, d := tw.anyStep(), tw.donor()
	if h, ok := tw.hand(sending, inDoubt, planned); ok && tw.rng.IntN(4) > 0 {
		step, d = h.step, h.d
	}
	id, exact, date, taken := uint8(tw.rng.IntN(3)), tw.rng.IntN(3) > 0, int64(0), int64(0)
	e := ledger.Evidence{
		Letter: letter.ID{Campaign: twinCampaign, Donor: donorName(d), Step: twinSteps[step]}, Block: tw.blockName(tw.b.block(d)),
		Copy: fmt.Sprint("copy", id), Exact: exact, Words: wordsText[wordsRelay],
	}
	if tw.rng.IntN(4) == 0 {
		e.Copy, id = "", noCopy
	}
	switch tw.rng.IntN(4) {
	case 0: // not known
	case 1:
		date = 1_000_000
		e.Date = time.Unix(date, 0)
	default:
		if date = tw.b.rows[step][d].d; date != 0 {
			if got, ok, err := tw.l.Letter(tw.ctx, tw.blockOf(step, tw.b.block(d)), donorName(d)); ok && err == nil {
				e.Date = got.Date // a server's clock may have gone on by a second
			}
		}
	}
	if tw.rng.IntN(2) == 0 {
		taken = tw.b.now - 60_000
		e.Taken = tw.at(taken)
	}
	got, err := tw.l.Evidence(tw.ctx, "inbox", []ledger.Evidence{e})
	tw.check(err)
	if err != nil {
		return
	}
	f, was := tw.b.evidence(step, d, id, date, exact, taken, wordsRelay)
	tw.answers["evidence "+findingText[f]]++
	tw.same(fmt.Sprintf("evidence %s %q exact %v date %d", e.Letter, e.Copy, exact, date),
		[]any{got[0].Finding, got[0].Before}, []any{findingText[f], stateOf[was]})
}

func opResolve(tw *twin) {
	step, d := tw.anyStep(), tw.donor()
	for s := range maxSteps {
		for i := range maxDonors {
			if m := tw.b.rows[s][i].s; m == inDoubt || (m == refused || m == bounced) && tw.rng.IntN(2) == 0 {
				step, d = s, i
			}
		}
	}
	if last := tw.rng.IntN(maxDonors); tw.rng.IntN(4) == 0 && tw.b.resolutions[0][last].there {
		step, d = 0, last
	}
	who, how, wait := tw.person(), decision(tw.rng.IntN(3)), int64(0)
	if tw.rng.IntN(3) > 0 {
		who = cyd
	}
	if tw.rng.IntN(3) == 0 {
		wait = 3_600_000
	}
	corrected, hash := uint8(0), ""
	if tw.rng.IntN(2) == 0 {
		corrected, hash = tw.b.edition, hashOf(tw.b.edition)
	}
	if last := tw.b.resolutions[step][d]; last.there && tw.rng.IntN(2) == 0 {
		who, how = last.who, last.how
	}
	id := letter.ID{Campaign: twinCampaign, Donor: donorName(d), Step: twinSteps[step]}
	got, err := tw.l.Resolve(tw.ctx, ledger.Resolution{
		Letter: id, Block: tw.blockName(tw.b.block(d)), Decision: [...]ledger.Decision{"sent", "resend", "give-up"}[how], Who: people[who],
		Reason: "why", Quiet: time.Duration(wait) * time.Millisecond, Corrected: hash,
	})
	m := tw.b.resolve(who, step, d, how, 0, wait, corrected)
	want := []any{m.said == saidAgain, stateOf[m.state], int(m.g), stateOf[m.before], ""}
	if m.said != saidOK && m.said != saidAgain {
		want = []any{false, letter.State(""), 0, letter.State(""), "refused"}
	}
	tw.answers["resolve "+saidText[m.said]]++
	tw.same(fmt.Sprintf("resolve %s %d by %s", id, how, people[who]),
		[]any{got.Again, got.State, got.Generation, got.Before, refusedAs(err)}, want)
}

func opSuppress(tw *twin) {
	d := tw.donor()
	was, err := tw.l.Suppress(tw.ctx, "ann", address(d), "asked")
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

// opAge makes a letter older than it is, as time would: a server's clock cannot be moved.
func opAge(tw *twin) {
	step, d := tw.anyStep(), tw.donor()
	r := tw.b.rows[step][d]
	if r.s != planned && r.s != sending {
		return
	}
	bl := tw.b.block(d)
	at := tw.b.now - 3_600_000
	key := "{outreach}:r:" + twinCampaign + ":" + twinSteps[step] + ":" + tw.blockName(bl)
	v, err := tw.rdb.HGet(tw.ctx, key, donorName(d)).Result()
	tw.check(err)
	p := strings.SplitN(v, "|", 8)
	p[4] = fmt.Sprint(at)
	tw.check(tw.rdb.HSet(tw.ctx, key, donorName(d), strings.Join(p, "|")).Err())
	r.t = at
	tw.b.rows[step][d] = r
	member := twinSteps[step] + "/" + tw.blockName(bl)
	set, score, name := "due:"+twinCampaign, &tw.b.due[step][bl], member
	if r.s == sending {
		set, score, name = "busy", &tw.b.busy[step][bl], twinCampaign+"/"+member
	}
	tw.check(tw.rdb.ZAdd(tw.ctx, "{outreach}:"+set, redis.Z{Score: float64(at), Member: name}).Err())
	*score = at
	tw.trace = append(tw.trace, fmt.Sprintf("%s/%s is an hour older", donorName(d), twinSteps[step]))
}

// opBounce makes a sent letter one that came back, as a report of its relay will.
func opBounce(tw *twin) {
	step, d := tw.anyStep(), tw.donor()
	r := tw.b.rows[step][d]
	if r.s != sent {
		return
	}
	key := "{outreach}:r:" + twinCampaign + ":" + twinSteps[step] + ":" + tw.blockName(tw.b.block(d))
	v, err := tw.rdb.HGet(tw.ctx, key, donorName(d)).Result()
	tw.check(err)
	tw.check(tw.rdb.HSet(tw.ctx, key, donorName(d), bounced.String()+v[1:]).Err())
	tw.check(tw.rdb.HIncrBy(tw.ctx, "{outreach}:n:"+twinCampaign, twinSteps[step]+"/S", -1).Err())
	tw.check(tw.rdb.HIncrBy(tw.ctx, "{outreach}:n:"+twinCampaign, twinSteps[step]+"/B", 1).Err())
	tw.check(tw.rdb.ZAdd(tw.ctx, "{outreach}:look:"+twinCampaign, redis.Z{Score: float64(r.t), Member: twinSteps[step] + "/" + donorName(d)}).Err())
	tw.b.write(step, d, r, bounced, keepWords)
	tw.trace = append(tw.trace, donorName(d)+"/"+twinSteps[step]+" came back")
}

func opTime(tw *twin) {
	if tw.mini == nil {
		return
	}
	by := [...]int64{1, 700, 10_000, 15 * 60_000, 3_600_000}[tw.rng.IntN(5)]
	tw.mini.SetTime(tw.at(tw.b.now + by))
	tw.trace = append(tw.trace, fmt.Sprintf("%d ms later", by))
}
