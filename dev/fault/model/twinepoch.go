package model

import (
	"fmt"
	"time"

	"outreach.example/ledger"
	"outreach.example/letter"
)

func opFreeze(tw *twin) {
	got, err := tw.l.Freeze(tw.ctx, "ann", "a rollback")
	tw.check(err)
	tw.b.freeze()
	tw.same("freeze", []any{got.Frozen != "", got.Now.Seq}, []any{tw.b.frozen != 0, tw.b.seq})
}

// opEpoch is the end of a reconciliation: letters may leave again.
func opEpoch(tw *twin) {
	at, err := tw.l.Where(tw.ctx)
	tw.check(err)
	got, err := tw.l.NewEpoch(tw.ctx, "ann", at.Epoch, ledger.RandomEpoch(), "why")
	tw.check(err)
	tw.b.newEpoch()
	tw.same("new epoch", got.Seq, tw.b.seq)
}

func opLift(tw *twin) {
	if !tw.b.relayHeld {
		return
	}
	was, err := tw.l.Lift(tw.ctx, "ann", "main", "looked at")
	tw.check(err)
	tw.same("lift", was, !tw.b.lift())
}

// opWeigh is what an intent file says of an attempt, which the ledger may hold or have forgotten.
func opWeigh(tw *twin) {
	step, d := tw.anyStep(), tw.donor()
	o := weight{
		says: [...]mark{sent, sent, refused, planned, inDoubt, inDoubt}[tw.rng.IntN(6)], g: uint8(1 + tw.rng.IntN(2)), w: wordsRelay,
		at: tw.b.now - 3_600_000, lost: true,
	}
	nonce := ""
	var at ledger.Position
	in := []mark{claimed, sending, inDoubt, refused, planned}
	if tw.rng.IntN(2) == 0 {
		in = []mark{inDoubt}
	}
	if h, ok := tw.hand(in...); ok && tw.rng.IntN(5) > 0 {
		step, d, o.n, nonce = h.step, h.d, h.n, h.c.Nonce
		if tw.rng.IntN(3) > 0 {
			o.g = uint8(h.c.Generation)
		}
		if p, ok := tw.begun[begunOf{d, h.n}]; ok && tw.rng.IntN(2) == 0 {
			at, o.lost = p.at, !tw.b.log.holds(tw.b.chain, p.link)
		} else if ok {
			at = ledger.Position{Epoch: p.at.Epoch, Seq: p.at.Seq, Chain: "of a past that was lost"}
		}
	} else {
		tw.token++
		o.n = newNonce(tw.worker(), tw.token)
		nonce = nonceText(o.n)
	}
	got, err := tw.l.Weigh(tw.ctx, "ann", []ledger.Witnessed{{
		Letter: letter.ID{Campaign: twinCampaign, Donor: donorName(d), Step: twinSteps[step]}, Block: tw.blockOf(step, tw.b.block(d)),
		Generation: int(o.g), Nonce: nonce, Position: at, Says: stateOf[o.says], At: time.UnixMilli(o.at), Words: wordsText[o.w],
	}}, true)
	tw.check(err)
	if err != nil {
		return
	}
	was, to, kept := tw.b.weigh(step, d, o)
	what := fmt.Sprintf("weigh %s %s", was, to)
	if kept {
		what = fmt.Sprintf("weigh %s kept", was)
	}
	tw.answers[what]++
	tw.same(fmt.Sprintf("weigh %s/%s generation %d %s as %s, lost %v", donorName(d), twinSteps[step], o.g, nonce, o.says, o.lost),
		[]any{got[0].Was, got[0].Becomes, got[0].Kept}, []any{stateOf[was], stateOf[to], kept})
}
