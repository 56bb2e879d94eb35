package model

import "fmt"

const (
	maxProcs = 4
	maxHands = 3

	lease     = 12_000
	renewed   = 4_000
	guard     = 30_000      // the age at which permission to send is too old for the dot
	writing   = 3 * 60_000  // the deadline of the dot's write
	relayIdle = 5 * 60_000  // a relay drops a dialogue that stands still
	answerDot = 10 * 60_000 // the reply deadline after the dot
	recovered = 120_000     // asynq gives a dead worker's task to another after it
)

type stage uint8

const (
	idle stage = iota
	atRender
	atEnvelope
	atContent
	atBegin
	atWait
	atIntent
	atSync
	atAsk
	atGuard
	atDot
	atReply
	atOutcome
	atSettle
	atEvidence
	atUnclaim
	atWithhold
)

var stageText = [...]string{
	"idle", "render", "envelope", "content", "begin", "WAIT", "intent", "fsync", "asked again", "guard", "dot", "reply", "outcome",
	"settle", "evidence", "unclaim", "withhold",
}

// A hand is one letter between claim and settle.
type hand struct {
	at          stage
	step, donor uint8
	g, a        uint8
	d           int64
	edition     uint8
	n           nonce
	tries       uint8
	conn        uint32 // connection and offset of the begin, which WAIT must be on
	view        uint8
	offset      uint32
	position    uint32 // of the ledger, as begin's reply gave it
	epoch       uint32
	began       int64 // by the monotonic clock
	beganWall   int64
	content     int64 // when the relay last heard of it
	deadline    int64
	dotAt       int64
	replyAt     int64
	reply       mark // what the relay's answer will make of it; none: it cuts, or never answers
	cut         bool
	to          mark // for settle
	after       int64
	w           words
	intent      *intent
	granted     bool
	relay       relaySaid
	free        bool  // its settling counts no attempt
	insists     int64 // since when it cannot be written down
}

// A process is a worker.
type process struct {
	id       int
	up       bool
	host     uint8
	name     uint8
	view     uint8
	conn     uint32
	frozen   int64 // until when it is stopped (SIGSTOP)
	dead     int64 // when it died
	renewal  int64
	retired  uint64 // names (as bits) that have letters in hand still, or have to be ended
	moved    bool   // another server answers for the ledger, or a letter could not be written down
	drift    int64  // of its wall clock
	still    int64  // how long its monotonic clock stood still
	file     int
	hands    [maxHands]hand
	task     int   // plus one
	claiming nonce // of a claim whose answer is not there yet
	want     int
	adopting int // a file, plus one
	line     int
}

func (p *process) String() string { return fmt.Sprintf("worker %d", p.id) }

func (p *process) mono(now int64) int64 { return now - p.still }
func (p *process) wall(now int64) int64 { return now + p.drift }

// start starts a worker process under a new name and with a new intent file.
func (w *world) start(p *process) {
	id, view := p.id, p.view
	f := w.newFile(p, id)
	if f < 0 {
		return
	}
	*p = process{id: id, up: true, host: uint8(id), view: view, file: f, drift: p.drift}
	w.join(p)
	w.say("%s starts as %d with intent file %d", p, p.name, f)
}

// join takes a lease under a new name.
func (w *world) join(p *process) {
	if w.names+1 >= maxWorkers {
		w.spent = true
		return
	}
	b := w.reach(p)
	if b == nil {
		return
	}
	w.names++
	p.name, p.renewal, p.moved = w.names, w.now, false
	w.files[p.file].names |= 1 << p.name
	w.change(b)
	b.renew(p.name, lease, true)
	w.wrote(b)
}

// kill ends a process at once.
func (w *world) kill(p *process) {
	if !p.up {
		return
	}
	w.say("kill -9 of %s", p)
	f := &w.files[p.file]
	for i := range p.hands {
		if p.hands[i].at == atSync && f.durable < f.n && w.odds(300) {
			f.n, f.torn = f.n-1, true // in the middle of the line
		}
	}
	f.held = 0
	if p.adopting > 0 {
		w.files[p.adopting-1].held = 0
	}
	for i := range w.tasks {
		if w.tasks[i].holder == int8(p.id+1) {
			w.tasks[i].free = w.now + int64(60_000+w.n(recovered-60_000))
		}
	}
	p.up, p.dead, p.frozen = false, w.now, 0
	p.hands = [maxHands]hand{}
}

// keep renews the lease of a process that runs, as its ticker did while time went by since a moment.
func (w *world) keep(p *process, since int64) {
	if !p.up || p.frozen > since || w.now < p.renewal+renewed {
		return
	}
	b := w.reach(p)
	if b == nil {
		return
	}
	w.change(b)
	ok := b.renew(p.name, lease, false)
	if !ok && b.workers[p.name] >= since+w.st.skew {
		b.workers[p.name], ok = b.now+lease-int64(w.n(renewed)), true // it was in time, again and again
	}
	w.wrote(b)
	p.renewal = w.now
	w.retire(p, b)
	if p.moved && ok {
		// What the old server was told last may be lost: a letter that was given back would stay claimed by this name for
		// as long as it lives.
		w.say("%s takes a new name: another server answers, or it could not write down a letter", p)
		p.retired |= 1 << p.name
		w.join(p)
		return
	}
	if !ok {
		w.say("%s has lost its lease as %d", p, p.name)
		w.join(p)
	}
}

// retire ends the names that hold nothing any more, and keeps the lease of the others.
func (w *world) retire(p *process, b *book) {
	for n := uint8(0); p.retired>>n != 0; n++ {
		if p.retired&(1<<n) == 0 {
			continue
		}
		holds := p.claiming.worker() == n
		for i := range p.hands {
			holds = holds || p.hands[i].at != idle && p.hands[i].n.worker() == n
		}
		w.change(b)
		if !holds {
			b.leave(n)
			p.retired &^= 1 << n
		} else if !b.renew(n, lease, false) {
			p.retired &^= 1 << n
		}
		w.wrote(b)
	}
}

// work is one step of a process: of a letter in hand, of a claim, of the adoption of a dead one's file.
func (w *world) work(p *process) bool {
	if p.adopting == 0 {
		if f := w.toAdopt(p); f >= 0 {
			p.adopting, p.line = f+1, 0
			w.files[f].held = int8(p.id + 1)
		}
	}
	var busy [maxHands]int
	n := 0
	for i := range p.hands {
		if p.hands[i].at != idle {
			busy[n] = i
			n++
		}
	}
	switch {
	case p.adopting > 0 && (n == 0 || w.odds(500)):
		w.adopt(p)
	case n == 0 || n < maxHands && w.odds(200):
		if !w.claim(p) && n > 0 {
			return w.stepHand(p, &p.hands[busy[w.n(n)]])
		}
		return p.task > 0
	default:
		return w.stepHand(p, &p.hands[busy[w.n(n)]])
	}
	return true
}

// claim takes a task of the queue and asks for its block's letters.
func (w *world) claim(p *process) bool {
	if p.task == 0 {
		for i := range w.tasks {
			t := &w.tasks[i]
			if t.there && (t.holder == 0 || t.free != 0 && t.free <= w.now) {
				t.holder, t.free = int8(p.id+1), 0
				p.task, p.claiming = i+1, 0
				break
			}
		}
		if p.task == 0 {
			return false
		}
	}
	t := &w.tasks[p.task-1]
	b := w.reach(p)
	if b == nil {
		return false
	}
	free := 0
	for i := range p.hands {
		if p.hands[i].at == idle {
			free++
		}
	}
	if p.claiming == 0 {
		w.token++
		p.claiming, p.want = newNonce(p.name, w.token), 1+w.n(free)
		if w.wrong == CounterNonce {
			w.change(b)
			b.counter++
			p.claiming = newNonce(p.name, b.counter)
			w.wrote(b)
		}
	}
	lost := w.fault(w.loss)
	if lost && w.odds(500) {
		w.say("%s: a claim does not arrive", p)
		return true
	}
	w.change(b)
	got := b.claim(int(t.step), int(t.block), p.claiming, p.want, w.pace)
	w.wrote(b)
	if lost {
		w.say("%s: the answer to a claim of %d letters is lost", p, got.n)
		return true
	}
	w.say("%s claims %d of %s/%d (why not: %d)", p, got.n, stepText[t.step], t.block, got.why)
	next := 0
	for _, g := range got.letters[:got.n] {
		for p.hands[next].at != idle {
			if next++; next == maxHands {
				break
			}
		}
		if next == maxHands {
			break
		}
		p.hands[next] = hand{at: atRender, step: t.step, donor: g.donor, g: g.g, a: g.a, d: g.d, edition: got.edition, n: p.claiming}
		next++
		if next == maxHands {
			break
		}
	}
	p.claiming = 0
	if got.n == 0 || !got.more {
		*t = task{}
		p.task = 0
	}
	return true
}
