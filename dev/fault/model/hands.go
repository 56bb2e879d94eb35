package model

// stepHand is one step of one letter in hand. False: it waits for something.
func (w *world) stepHand(p *process, h *hand) bool {
	f := &w.files[p.file]
	switch h.at {
	case atRender:
		switch {
		case w.content[h.edition]&(1<<h.donor) == 0 || w.fault(3):
			h.at = atWithhold // a fault of the content
		case w.fault(5):
			h.giveBack(60_000, wordsHouse)
		default:
			h.at = atEnvelope
		}
	case atEnvelope:
		switch w.answer() {
		case relayAway:
			h.giveBack(60_000, wordsHouse)
		case relayDefers:
			h.settled(planned, 900_000, wordsRelay)
		case relayRefuses:
			h.settled(refused, 0, wordsRelay)
		case relayCuts:
			h.settled(planned, 60_000, wordsHouse)
		default:
			h.at = atContent
		}
	case atContent:
		if w.fault(10) {
			h.settled(planned, 60_000, wordsHouse)
			break
		}
		h.content, h.at = w.now, atBegin
		if w.wrong == RecordAfterSend {
			h.began, h.beganWall, h.at = p.mono(w.now), p.wall(w.now), atIntent
		}
	case atBegin:
		w.stepBegin(p, h)
	case atWait:
		w.stepWait(p, h)
	case atIntent:
		if w.fault(5) || f.n == maxIntents || f.epoch != h.epoch && w.wrong != RecordAfterSend && w.wrong != NoFreeze {
			// The disk is full, or the file knows of a newer epoch than this permission.
			h.unsent()
			break
		}
		f.lines[f.n] = intent{step: h.step, donor: h.donor, g: h.g, n: h.n, at: w.now, position: h.position}
		h.intent = &f.lines[f.n]
		f.n++
		h.at = atSync
	case atSync:
		f.sync()
		f.note(h.position, w.st.generation)
		h.at = atGuard
		if w.st.profile == EverySec && w.wrong != NotAskedAgain {
			h.at, h.tries = atAsk, 0
		}
	case atAsk:
		// What begin granted is on disk here, and may be lost there: a rollback before this answer shows in it, one after
		// it contradicts the intent file.
		switch w.call(p, &op{kind: opAsks, step: h.step, donor: h.donor, n: h.n}) {
		case saidOK:
			h.at = atGuard
		case saidNothing:
			if h.tries++; h.tries > 2 {
				h.never()
			}
		default:
			h.never()
		}
	case atGuard:
		took := max(p.mono(w.now)-h.began, abs(p.wall(w.now)-h.beganWall))
		if took > guard {
			h.never()
			break
		}
		h.deadline, h.at = p.mono(w.now)+writing, atDot
	case atDot:
		switch {
		case p.mono(w.now) > h.deadline:
			h.never()
		case w.now > h.content+relayIdle:
			// The relay has left; whether the dot went out before its farewell was read, nobody here can tell.
			h.settledLate(inDoubt, relaySilent)
		default:
			w.dot(p, h)
			h.at = atReply
		}
	case atReply:
		switch {
		case h.replyAt <= w.now && h.replyAt != 0 && p.mono(w.now) <= h.dotAt+answerDot:
			if h.cut {
				h.settledLate(inDoubt, relaySilent)
			} else {
				h.settledLate(h.reply, relayAnswered)
			}
		case p.mono(w.now) > h.dotAt+answerDot:
			h.settledLate(inDoubt, relaySilent)
		default:
			return false
		}
	case atOutcome:
		if h.intent != nil && h.to != inDoubt {
			h.intent.outcome = h.to
		}
		h.at = atSettle
	case atSettle, atUnclaim, atWithhold, atEvidence:
		w.stepSettle(p, h)
	}
	w.say("%s: %s now at %s", p, w.letter(h.step, h.donor), stageText[h.at])
	return true
}

func abs(n int64) int64 { return max(n, -n) }

func (h *hand) giveBack(after int64, why words) {
	h.at, h.after, h.w, h.tries = atUnclaim, after, why, 0
}

func (h *hand) settled(to mark, after int64, why words) {
	h.at, h.to, h.after, h.w, h.tries = atSettle, to, after, why, 0
}

// settledLate is what follows a dot, or what might have been one.
func (h *hand) settledLate(to mark, of relaySaid) {
	h.settled(to, 900_000, wordsRelay)
	h.relay = of
	h.at = atOutcome
}

// never is a dot that was never written.
func (h *hand) never() {
	h.unsent()
	h.at = atOutcome
}

// unsent is a letter that the house did not let go: the relay has no part in it.
func (h *hand) unsent() {
	h.settled(planned, 60_000, wordsHouse)
	h.free = true
}

// sync makes the lines of a file durable, with the outcomes noted so far.
func (f *file) sync() {
	f.durable = f.n
	for i := range f.lines[:f.n] {
		f.lines[i].known = f.lines[i].outcome != none
	}
}

func (w *world) stepBegin(p *process, h *hand) {
	if h.tries == 0 {
		h.began, h.beganWall = p.mono(w.now), p.wall(w.now)
	}
	h.tries++
	switch said := w.call(p, &op{kind: opBegins, step: h.step, donor: h.donor, n: h.n, edition: h.edition}); said {
	case saidOK, saidAgain:
		b := &w.st.primary
		if p.view != 0 {
			b = &w.st.old
		}
		h.conn, h.view, h.offset = p.conn, p.view, w.st.offset
		h.position, h.epoch = b.chain, b.epoch
		h.at = atIntent
		if w.st.profile == Replicated && w.wrong != NoWait {
			h.at = atWait
		} else {
			w.granted(h)
		}
	case saidNothing:
		if h.tries > 2 {
			h.unsent() // unknown: the connection is closed without a dot
		}
	case saidSuppressed:
		h.at = atWithhold
	case saidEarlier:
		h.giveBack(3_600_000, noWords)
	default:
		h.giveBack(1000, noWords)
	}
}

func (w *world) stepWait(p *process, h *hand) {
	want := replicas
	if w.wrong == WaitForOne {
		want = 1
	}
	switch {
	case w.wrong == WaitElsewhere:
		// A connection that has written nothing is told that all is replicated.
		w.granted(h)
		h.at = atIntent
	case h.conn != w.st.generation || h.view != p.view || w.fault(w.loss):
		h.at = atBegin // the connection is gone: the begin must be written again before it can be waited for
		if h.tries > 2 {
			h.unsent()
		}
	case w.waited(p.view, h.offset) >= want:
		w.granted(h)
		h.at = atIntent
	default:
		h.unsent()
	}
}

// stepSettle writes down what became of a letter, for as long as it takes.
func (w *world) stepSettle(p *process, h *hand) {
	o := op{step: h.step, donor: h.donor, n: h.n, to: h.to, after: h.after, w: h.w, id: noCopy, date: h.d, free: h.free, relay: h.relay}
	switch h.at {
	case atSettle:
		o.kind = opSettles
	case atUnclaim:
		o.kind = opUnclaims
	case atWithhold:
		o.kind = opWithholds
	case atEvidence:
		o.kind = opEvidence
	}
	said := w.call(p, &o)
	switch {
	case said == saidNothing:
		if h.insists == 0 {
			h.insists = w.now
		}
		if w.now-h.insists > 60_000 {
			*h = hand{step: h.step, donor: h.donor}
			// The ledger may go on holding the letter under this name for as long as the name lives.
			p.moved = w.wrong != NameKept
		}
	case h.at == atSettle && h.to == sent && (said == saidNonce || said == saidState):
		h.at = atEvidence // the row has gone on: that the letter was taken is evidence all the same
	default:
		*h = hand{step: h.step, donor: h.donor}
	}
}
