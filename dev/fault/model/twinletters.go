package model

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"outreach.example/ledger"
	"outreach.example/letter"
)

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

func opClaim(tw *twin) {
	tw.token++
	step, bl := 0, tw.anyBlock()
	if tw.rng.IntN(6) == 0 || tw.b.counts[1][planned] > 0 && tw.rng.IntN(2) == 0 {
		step = 1
	}
	tw.claimAs(step, bl, newNonce(tw.worker(), tw.token))
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
	tw.same(what, []any{got.Why != "", got.Held, got.More, r}, []any{m.why != may, m.why == whyRelay, m.more, w})
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
	saidStopped: "the case has an answer", saidPaused: "a person must decide first about mail that came",
	saidMoved: "the case waits for a day", saidHeld: "the donor is held", saidEarlier: "the step before has not been sent",
	saidSuppressed: "an address of the letter is suppressed", saidFrozen: "the ledger is frozen",
}

func address(d int) string { return "a@" + strings.ToLower(donorName(d)) + ".example" }

func opBegin(tw *twin) {
	if h, ok := tw.hand(claimed); ok {
		tw.beginAs(h)
	}
}

func (tw *twin) beginAs(h handOf) {
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
	if m == saidOK {
		tw.begun[begunOf{h.d, h.n}] = position{granted.Position, tw.b.chain}
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
	last, free := h.step == maxSteps-1 || tw.rng.IntN(4) == 0, to == planned && tw.rng.IntN(3) == 0
	relay := relaySaid(tw.rng.IntN(3))
	o := ledger.Settlement{
		Claim: h.c, To: stateOf[to], After: time.Duration(after) * time.Millisecond, DeferredCc: uint64(mask), Words: wordsText[w],
		Last: last, NoAttempt: free, Answered: relay == relayAnswered, Silent: relay == relaySilent,
	}
	if relay != relayNothing {
		o.Relay = "main"
	}
	s, err := tw.l.Settle(tw.ctx, o)
	m := tw.b.settle(h.step, h.d, h.n, settlement{to: to, after: after, mask: mask, w: w, free: free, last: last, relay: relay})
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
	for i := range maxDonors {
		if tw.b.rows[0][i].s == sent && tw.b.rows[1][i].s == claimed {
			step, d = 0, i // its reminder is on its way
		}
	}
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
	for _, h := range tw.hands {
		if h.step == 1 && h.d == d && tw.b.rows[1][d].n == h.n {
			tw.beginAs(h) // its reminder asks for the commit point
		}
	}
}
