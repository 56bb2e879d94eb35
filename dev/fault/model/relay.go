package model

type relayAnswer uint8

const (
	relayTakes relayAnswer = iota
	relayDefers
	relayRefuses
	relayCuts
	relayAway
)

// answer is what the relay says to an envelope.
func (w *world) answer() relayAnswer {
	if !w.fault(60) {
		return relayTakes
	}
	switch n := w.n(10); {
	case n < 4:
		return relayDefers
	case n < 5:
		return relayRefuses
	case n < 8:
		return relayCuts
	}
	return relayAway
}

// An arrival is a letter that a relay has not made up its mind about.
type arrival struct {
	step, donor, g uint8
	at, date       int64
}

// A copy is a registry copy of an accepted letter.
type registryCopy struct {
	step, donor, id uint8
	at, date        int64
}

// dot hands the letter over: from here on nothing can be taken back.
func (w *world) dot(p *process, h *hand) {
	w.checkDot(h)
	w.dots++
	h.dotAt = p.mono(w.now)
	h.replyAt, h.reply, h.cut = w.now+int64(w.n(2000)), sent, false
	accepted, late := true, int64(0)
	if w.fault(250) {
		switch w.n(8) {
		case 0: // accepted, and the answer takes its time
			h.replyAt = w.now + int64(w.n(14*60_000))
		case 1: // accepted, and no answer ever
			h.replyAt = 0
		case 2: // accepted, and the connection is cut
			h.cut = true
		case 3: // cut before the relay took it
			h.cut, accepted = true, false
		case 4:
			h.reply, accepted = planned, false
		case 5:
			h.reply, accepted = refused, false
		case 6: // cut, and taken later all the same
			h.cut, late = true, int64(w.n(9*60_000))
		case 7: // no answer, and not taken
			h.replyAt, accepted = 0, false
		}
	}
	w.say("%s writes the dot of %s generation %d; the relay: takes it %v after %d ms, answer %s at +%d, cut %v", p,
		w.letter(h.step, h.donor), h.g, accepted, late, h.reply, h.replyAt-w.now, h.cut)
	switch {
	case !accepted:
	case late > 0 && w.narrive < len(w.arrivals):
		w.arrivals[w.narrive] = arrival{h.step, h.donor, h.g, w.now + late, h.d}
		w.narrive++
	default:
		w.accept(h.step, h.donor, h.g, h.d)
	}
}

// take lets the relay take what it has thought about for long enough.
func (w *world) take() {
	for i := 0; i < w.narrive; i++ {
		if a := w.arrivals[i]; a.at <= w.now {
			w.narrive--
			w.arrivals[i] = w.arrivals[w.narrive]
			i--
			w.accept(a.step, a.donor, a.g, a.date)
		}
	}
}

// accept is a copy on its way to the State, and one to the registry mailbox, sooner or later.
func (w *world) accept(step, donor, g uint8, date int64) {
	w.checkAccept(step, donor, g)
	if w.nmail < len(w.mail) && w.odds(800) {
		w.mail[w.nmail] = registryCopy{step, donor, min(w.accepted[step][donor], 16) - 1, w.now + int64(w.n(3_600_000)), date}
		w.nmail++
	}
}

// readMail reads one registry copy, not for the first time perhaps.
func (w *world) readMail(p *process) {
	if w.nmail == 0 {
		return
	}
	w.readCopy(p, &w.mail[w.n(w.nmail)])
}

func (w *world) readCopy(p *process, c *registryCopy) {
	if c.at > w.now {
		return
	}
	was := w.st.primary.rows[c.step][c.donor].s
	w.call(p, &op{kind: opEvidence, step: c.step, donor: c.donor, id: c.id, date: c.date, exact: true})
	if is := w.st.primary.rows[c.step][c.donor].s; is != was {
		w.say("registry copy %d of %s is read: it was %s and is %s", c.id, w.letter(c.step, c.donor), was, is)
	}
}
