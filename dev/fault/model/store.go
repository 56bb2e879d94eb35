package model

// A Profile is what the ledger runs on.
type Profile uint8

// The profiles. Any lets the seed choose.
const (
	Any        Profile = iota
	Always             // one Redis, appendfsync always: what was answered is on disk
	EverySec           // one Redis, appendfsync everysec: a crash loses the last second
	Replicated         // Sentinel and two replicas: a failover loses what was not waited for
)

func (p Profile) String() string { return [...]string{"any", "always", "everysec", "replicated"}[p] }

const (
	replicas = 2
	depth    = 64 // how far a replica lags behind at most, in writes
)

// A store is the Redis servers under a ledger. In a partition the old primary goes on for a while beside the new one.
type store struct {
	profile Profile
	primary book
	old     book
	oldTill int64 // 0: there is no old primary

	ring   [depth]state // what the primary held after each of the last writes
	offset uint32
	acked  [replicas]uint32
	up     [replicas]bool
	stuck  [replicas]bool // it is there and gets nothing

	synced    state // what is on disk for certain (everysec)
	syncedAt  int64
	writtenAt int64
	backup    state
	hasCopy   bool

	generation uint32 // raised when every connection breaks; the first is 1
	downTill   int64
	skew       int64 // of the primary's clock
}

// change is called before a write, wrote after it.
func (w *world) change(b *book) {
	b.now = w.now + w.st.skew
	if s := &w.st; s.profile == EverySec {
		s.fsync(w.now)
	}
	w.tick++
}

// fsync is the one of every second: what was written before the last of them is on disk.
func (s *store) fsync(now int64) {
	if now >= s.writtenAt+1000 || now >= s.syncedAt+1000 {
		s.synced, s.syncedAt = s.primary.state, now
	}
	s.writtenAt = now
}

func (w *world) wrote(b *book) {
	s := &w.st
	if b == &s.primary {
		if s.profile == Replicated {
			s.offset++
			s.ring[s.offset%depth] = b.state
			for i := range s.acked {
				if s.offset-s.acked[i] >= depth-1 {
					s.acked[i] = s.offset - depth/2
				}
			}
		}
		w.checkTransitions(b)
	}
	w.checkBook(b)
}

// reset makes what the primary holds now all there is: after a restart, a restore, a failover.
func (s *store) reset() {
	s.ring[s.offset%depth] = s.primary.state
	s.acked = [replicas]uint32{s.offset, s.offset}
	s.synced = s.primary.state
}

// replicate lets replicas catch up, wholly or in part.
func (w *world) replicate() {
	s := &w.st
	if s.profile != Replicated {
		return
	}
	for i := range s.acked {
		if s.up[i] && !s.stuck[i] && w.n(3) > 0 {
			s.acked[i] += uint32(w.n(int(s.offset-s.acked[i]) + 1))
		}
	}
}

// waited is WAIT on the connection that wrote at offset: it gives replicas some time, then counts.
func (w *world) waited(view uint8, offset uint32) (n int) {
	s := &w.st
	if view != 0 {
		return 0 // the old primary has no replicas any more
	}
	for i := range s.acked {
		if s.up[i] && !s.stuck[i] && !w.fault(100) {
			s.acked[i] = s.offset
		}
		if s.acked[i] >= offset {
			n++
		}
	}
	return n
}

// failover promotes a replica: what it does not hold is lost. The old primary may live on, cut off, with some of its
// clients; its place is that of a replica which has to come back.
func (w *world) failover() {
	s := &w.st
	r := w.n(replicas)
	if !s.up[r] || s.stuck[1-r] && s.up[1-r] && w.odds(500) {
		r = 1 - r
	}
	if !s.up[r] {
		return
	}
	lost := s.offset - s.acked[r]
	if w.odds(500) {
		s.old, s.oldTill = s.primary, w.now+int64(1000+w.n(60_000))
		for i := range w.procs[:w.nprocs] {
			if w.odds(500) {
				w.procs[i].view = 1
			}
		}
	}
	s.primary.state = s.ring[s.acked[r]%depth]
	s.offset += depth // the numbers of the lost writes are not given again
	s.skew += int64(w.n(2001) - 1000)
	s.reset()
	s.up[r], s.stuck = false, [replicas]bool{}
	w.broken(int64(w.n(12_000)))
	w.say("failover to replica %d loses %d writes, old primary lives on: %v", r, lost, s.oldTill > w.now)
}

// crash ends the one Redis and starts it again with what is on disk.
func (w *world) crash() {
	s := &w.st
	s.fsync(w.now)
	if s.profile == EverySec && w.odds(700) {
		s.primary.state = s.synced
		w.say("Redis crashes and loses what is younger than its last fsync; seq is %d", s.primary.seq)
	} else {
		w.say("Redis crashes and loses nothing")
	}
	s.reset()
	w.broken(int64(w.n(5000)))
}

// restore puts an old snapshot in the ledger's place. It is frozen until a person has reconciled.
func (w *world) restore() {
	s := &w.st
	if !s.hasCopy {
		return
	}
	s.primary.state = s.backup
	s.offset += depth
	s.oldTill = 0
	w.rolledBack = true
	if w.wrong != NoFreeze {
		w.change(&s.primary)
		s.primary.restored()
	}
	s.reset()
	w.broken(int64(1000 + w.n(60_000)))
	w.say("an old snapshot is restored; seq is %d", s.primary.seq)
}

// broken ends every connection to the primary.
func (w *world) broken(down int64) {
	s := &w.st
	s.generation++
	s.downTill = w.now + down
	w.marksAnew()
}

// reach is the ledger as a process sees it, or nil when it answers nothing. A new connection first looks whether the
// ledger still holds what the witnesses remember.
func (w *world) reach(p *process) *book {
	s := &w.st
	if p.view != 0 {
		// min-replicas-to-write: a primary without replicas soon refuses to write.
		if s.oldTill > w.now {
			return &s.old
		}
		p.view = 0
	}
	if s.downTill > w.now {
		return nil
	}
	if p.conn != s.generation {
		p.conn, p.moved = s.generation, p.conn != 0 && w.wrong != NameKept
		w.compare(p)
	}
	return &s.primary
}

// compare freezes a ledger that does not hold what an intent file remembers. On one machine all processes share the folder
// of intent files, and each reads what all of them remember: a process that has not begun a letter lately remembers
// nothing that a rollback could contradict.
func (w *world) compare(p *process) {
	b := &w.st.primary
	if w.wrong == NoFreeze || b.frozen != 0 {
		return
	}
	for i := range w.files[:w.nfiles] {
		f := &w.files[i]
		if w.st.profile == Replicated && f.host != p.host || w.wrong == OwnFileOnly && i != p.file {
			continue
		}
		if !b.log.holds(b.chain, f.noted) {
			w.change(b)
			b.freeze()
			w.wrote(b)
			w.frozenAt = w.now
			w.say("frozen: the ledger does not hold what intent file %d remembers", i)
			return
		}
	}
}
