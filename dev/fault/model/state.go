package model

// The sizes of a ledger: everything is an array, so that a state is copied as one value and a step allocates nothing.
const (
	maxSteps   = 2
	maxDonors  = 6
	maxBlocks  = 2
	maxWorkers = 64 // names of workers in one run; each lost lease takes a new one
	maxEdition = 4
)

// A mark is the letter of a row's state, as the ledger writes it.
type mark byte

// The states, in the order of their counters; none is a row that is not there.
const (
	none mark = iota
	planned
	claimed
	sending
	sent
	inDoubt
	refused
	bounced
	withheld
	cancelled
	marks
)

const letterOf = "-PCGSDRBWX"

func (m mark) String() string { return letterOf[m : m+1] }

// looked says whether a person must look at a letter in this state.
func (m mark) looked() bool { return m == inDoubt || m == refused || m == bounced || m == withheld }

// A nonce is the name of a worker and a token. 0 is none.
type nonce uint32

func (n nonce) worker() uint8 { return uint8(n >> 24) }

func newNonce(worker uint8, token uint32) nonce { return nonce(worker)<<24 | nonce(token&0xffffff) }

// words are what is kept beside a row.
type words uint8

const (
	noWords words = iota
	wordsDropped
	wordsVoid
	wordsStopped
	wordsGone
	wordsLate
	wordsRelay
	wordsFault
	wordsHouse
	wordsCopied
	wordsSays       // and what a person decided: three for each of them
	keepWords words = 255
)

var wordsText = func() []string {
	t := []string{
		noWords: "", wordsDropped: "not in the approved edition", wordsVoid: "campaign cancelled",
		wordsStopped: "stopped: the case has an answer", wordsGone: "its worker is gone, the dot may be written",
		wordsLate: "no answer of the relay in time", wordsRelay: "250 2.0.0 ok", wordsFault: "no salutation",
		wordsHouse: "no connection", wordsCopied: "its registry copy was read",
	}
	for _, name := range people {
		for _, word := range [...]string{"sent", "to be sent again", "given up"} {
			t = append(t, word+", says "+name+": why")
		}
	}
	return t
}()

// People: ann plans and starts, bea approves, cyd resolves.
const (
	ann uint8 = 1 + iota
	bea
	cyd
)

var people = [...]string{"", "ann", "bea", "cyd"}

// A row is one letter.
type row struct {
	t     int64 // since when in this state (ms); for planned: due
	d     int64 // date (s), 0 before the first claim
	n     nonce
	s     mark
	g     uint8 // generation
	a     uint8 // attempts
	e     uint8 // number of the edition it was last claimed under
	mask  uint8 // copies deferred once
	first bool  // released by a person
	words words
}

type status uint8

const (
	unknown status = iota
	isPlanned
	approved
	running
	paused
	over // cancelled
)

var statusText = [...]string{"", "planned", "approved", "running", "paused", "cancelled"}

// each is the approval of a step that is released letter by letter; 0 is a step without any.
const each int64 = -1

// The scopes of holds.
const (
	holdAll    = 0
	holdDonor  = 1                     // and the donor's place
	holdGroup  = holdDonor + maxDonors // and the block's place: here a block is a group of its own
	holdRegion = holdGroup + maxBlocks // one region for all
	scopes     = holdRegion + 1
)

type hold struct {
	until int64 // 0: no end
	on    bool
	who   uint8
	why   uint8
}

// state is everything in Redis that is truth. A copy of it is a snapshot.
type state struct {
	rows   [maxSteps][maxDonors]row
	order  [maxSteps][maxBlocks][maxDonors]uint8 // donors as HGETALL lists them
	have   [maxSteps][maxBlocks]uint8            // how many rows a block has
	wakes  [maxSteps][maxBlocks]uint16
	scoped [maxSteps][maxBlocks]bool // its group and region are known
	inHand [maxSteps][maxBlocks]int16

	due    [maxSteps][maxBlocks]int64 // scores; 0: not in the set
	follow [maxSteps][maxBlocks]int64
	busy   [maxSteps][maxBlocks]int64
	look   [maxSteps][maxDonors]int64
	counts [maxSteps][marks]int16
	copies [maxSteps]uint8 // letters with a registry copy that was read
	odd    [maxSteps]uint8 // letters (as bits) whose copies do not fit where they are
	proofs [maxSteps][maxDonors]proof

	resolutions [maxSteps][maxDonors]resolution

	workers [maxWorkers]int64 // ends of leases, -1: not in the set, 0: left
	holds   [scopes]hold
	heldN   uint8

	cases   [maxDonors]standing
	closedA uint8 // donors whose first address is suppressed

	status      status
	edition     uint8 // 0: none
	pending     uint8
	pendingBy   uint8
	startedBy   uint8
	writtenBy   uint8
	laid        uint8
	editions    uint8
	steps       uint8 // of the approved edition, or of the one that waits before any is
	pendSteps   uint8
	numbers     [maxEdition + 1]uint8
	by          [maxEdition + 1]uint8
	voided      bool
	blocks      uint8  // that any edition has had
	frozen      uint8  // why nothing may leave, 0: it may
	reindex     uint32 // audit entry after which the blocks want their place in the index, 0: none
	deaths      uint16
	counter     uint32 // of nonces: used where a counter stands in the place of chance
	relayDoubts uint8  // in a row
	relayHeld   bool
	open        int64
	until       [maxSteps]int64
	slot        int64 // of the relay's pace: the next free one
	woken       int64
	epoch, seq  uint32
	chain       uint32 // the last entry of the audit, in the log of the run
}

func newState() (s state) {
	for i := range s.cases {
		s.cases[i].s = 'O'
	}
	for i := range s.workers {
		s.workers[i] = -1
	}
	s.epoch = 1
	return s
}
