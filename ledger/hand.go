package ledger

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"outreach.example/letter"
)

// Nonce makes the token of one claim: the worker's name (six characters) and twelve random ones. Never a counter: a
// failover would roll it back and give the same number out again.
func Nonce(worker string) string { return worker + random(9) }

// nameLength is how many characters of a nonce name the worker.
const nameLength = 6

// WorkerName makes a name for a worker: six random characters.
func WorkerName() string { return random(5)[:6] }

func random(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	return base64.RawURLEncoding.EncodeToString(b)
}

// AddressHash is how the ledger knows an address: hex of the first half of SHA-256 over it in lower case, without spaces
// around it.
func AddressHash(address string) string {
	sum := sha256.Sum256([]byte(strings.ToLower(strings.TrimSpace(address))))
	return hex.EncodeToString(sum[:16])
}

// Renew keeps a worker's lease for life. False says that it has ended: the worker's letters may be planned again, and it
// must go on under a new name.
func (l *Ledger) Renew(ctx context.Context, worker string, life time.Duration, first bool) (bool, error) {
	n, err := l.number(ctx, "renew", []string{workersKey()}, worker, life.Milliseconds(), flag(first))
	return n == 1, err
}

// Leave ends a worker's lease at once. It stays on the list as ended, so that the sweep looks at what it still holds as
// at a dead worker's.
func (l *Ledger) Leave(ctx context.Context, worker string) error {
	return l.Redis.ZAddXX(ctx, workersKey(), redis.Z{Score: 0, Member: worker}).Err()
}

// Claim is one letter given to a worker. What the worker prints as the letter's date is Date, and nothing else.
type Claim struct {
	ID         letter.ID
	Block      letter.Block
	Nonce      string
	Edition    string
	Generation int
	Attempts   int // earlier attempts that reached the relay
	Date       time.Time
	NotBefore  time.Time // the relay's pace: no earlier than this
	DeferredCc uint64    // copies deferred in an earlier attempt, a bit mask over the contacts after the first
	Withdrawn  string    // token of the withdrawn facts at the claim; "" for none
	Others     bool      // the ledger has other campaigns, which may have written to the donor
}

// Claims is the answer to a claim.
type Claims struct {
	Letters    []Claim
	Now        time.Time // by Redis, which NotBefore is measured from
	More       bool      // ask again: letters are due that were not asked for
	Next       time.Time // when the block is due next; zero when nothing is planned in it
	Why        string    // why nothing may leave now, "" otherwise
	Held       bool      // it is the relay that is held: another one may do
	Suppressed int       // version of the suppression list
}

// Pace is a relay's speed limit: the time between two letters, 0 for none.
type Pace struct {
	Relay   string
	Between time.Duration
}

// Ahead is how far ahead of their slots letters are handed out; Rewake is when a block with letters left is woken again
// if nobody asks.
const (
	Ahead  = 5 * time.Second
	Rewake = 10 * time.Second
)

// Claim gives at most n due letters of a block to the worker named by nonce.
func (l *Ledger) Claim(ctx context.Context, b letter.Block, nonce string, n int, pace Pace) (Claims, error) {
	c := b.Campaign
	got, err := l.strings(ctx, "claim", []string{
		campaignKey(c), rowsKey(b), countsKey(c), lookKey(c), dueKey(c), busyKey(), holdsKey(), casesKey(c), workersKey(),
		relayKey(pace.Relay), suppressedKey(), metaKey(), auditKey(), withdrawnKey(), campaignsKey(), listenedKey(),
	}, c, b.Step, b.Name, nonce, n, pace.Between.Milliseconds(), Ahead.Milliseconds(), l.patience().Rewake.Milliseconds())
	if err != nil {
		return Claims{}, err
	}
	if got[0] == "no" {
		return Claims{Why: got[1], Held: len(got) > 2}, nil
	}
	out := Claims{Now: fromMS(got[1]), More: got[2] == "1", Next: fromMS(got[3])}
	out.Suppressed, _ = strconv.Atoi(got[5])
	for i := 8; i+5 < len(got); i += 6 {
		cl := Claim{
			ID: letter.ID{Campaign: c, Donor: got[i], Step: b.Step}, Block: b, Nonce: nonce, Edition: got[4], Withdrawn: got[6],
			Others: got[7] == "1", NotBefore: fromMS(got[i+4]),
		}
		cl.Generation, _ = strconv.Atoi(got[i+1])
		cl.Attempts, _ = strconv.Atoi(got[i+2])
		s, _ := strconv.ParseInt(got[i+3], 10, 64)
		cl.Date = time.Unix(s, 0).UTC()
		cl.DeferredCc, _ = strconv.ParseUint(got[i+5], 10, 64)
		out.Letters = append(out.Letters, cl)
	}
	return out, nil
}

// Unclaim gives letters of one claim back, due after a while, with the reason kept beside them.
func (l *Ledger) Unclaim(ctx context.Context, claims []Claim, after time.Duration, why string) error {
	if len(claims) == 0 {
		return nil
	}
	b, c := claims[0].Block, claims[0].Block.Campaign
	args := []any{c, b.Step, b.Name, claims[0].Nonce, after.Milliseconds(), Words(why)}
	for _, cl := range claims {
		args = append(args, cl.ID.Donor)
	}
	_, err := l.number(ctx, "unclaim", []string{
		campaignKey(c), rowsKey(b), countsKey(c), lookKey(c), dueKey(c), busyKey(), casesKey(c),
	}, args...)
	return err
}

// Withhold keeps a claimed letter back because its content or its addressee must change.
func (l *Ledger) Withhold(ctx context.Context, cl Claim, reason string) error {
	b, c := cl.Block, cl.Block.Campaign
	_, err := l.text(ctx, "withhold", []string{metaKey(), auditKey(), rowsKey(b), countsKey(c), lookKey(c), busyKey()},
		c, b.Step, b.Name, cl.Nonce, cl.ID.Donor, Words(reason), reason)
	return err
}

// Begin asks for one letter to pass the commit point.
type Begin struct {
	Claim       Claim
	Before      string // the step before this one, "" for the first
	ContentHash string
	ByteHash    string
	Addresses   []string // hashes of the addresses in the envelope: To, then Cc
	Asks        bool     // the letter asks for something, so that no other campaign asks the donor within its quiet days
	Looked      *Ask     // the last ask to the donor that was looked at; nil where quiet days are of no matter
	Witness     Witness  // writes down that the letter is about to leave; nil for none
}

// A Witness writes down letters that are about to leave: all that one call granted, before any of them does.
type Witness interface {
	Intend(ctx context.Context, at Position, granted []Begin) error
}

// NotWitnessed says that a letter was granted and its witness could not write it down.
type NotWitnessed struct{ Err error }

func (e NotWitnessed) Error() string { return e.Err.Error() }
func (e NotWitnessed) Unwrap() error { return e.Err }

// AnswerIn is how long a live worker may wait for the relay's answer before its letter is shown in doubt.
const AnswerIn = 13 * time.Minute

// NotGranted says why a letter did not pass the commit point. Suppressed is the place of the suppressed address (0 is
// To), or -1.
type NotGranted struct {
	Why        string
	Suppressed int
	Earlier    bool // the step before has not been sent
}

func (e NotGranted) Error() string { return e.Why }

var whyNot = map[string]string{
	"nonce":     "the letter is no longer this worker's",
	"lease":     "the worker's lease has ended",
	"edition":   "another edition was approved meanwhile",
	"status":    "the campaign is not running",
	"stopped":   "the case has an answer",
	"paused":    "a person must decide first about mail that came",
	"moved":     "the case waits for a day",
	"held":      "the donor is held",
	"earlier":   "the step before has not been sent",
	"withdrawn": "facts were withdrawn meanwhile; the letter is looked at again",
	"asked":     "another campaign has written to the donor meanwhile; the letter is looked at again",
	"frozen":    "the ledger is frozen",
}

// Granted is the ledger's word that a letter is sending. Position is where the ledger stood right after that.
type Granted struct{ Position Position }

// begun is a begin's answer for one letter, as the script gives it.
type begun struct {
	word  string
	at    Position
	short error // the replicas that the begin has not reached
	blind error // of the witness
}

// granted says that the letter is sending now.
func (b begun) granted() bool { return b.word == "ok" || b.word == "again" }

// Begin passes the commit point: no error means that the letter is now sending and the dot may be written. Any error
// means that it may not; a NotGranted is the ledger's own no, a MissingReplica says that the letter is sending as far as
// the primary knows, and that a failover might forget it, and a NotWitnessed that it is sending and its witness failed.
// Calls of many goroutines share one script, and their letters one call of their witness.
func (l *Ledger) Begin(ctx context.Context, b Begin) (Granted, error) {
	answer, err := l.begins.call(ctx, b)
	switch {
	case err != nil:
		return Granted{}, err
	case answer.granted():
		if answer.short != nil {
			return Granted{}, answer.short
		}
		if answer.blind != nil {
			return Granted{}, NotWitnessed{answer.blind}
		}
		return Granted{Position: answer.at}, nil
	}
	if n, ok := strings.CutPrefix(answer.word, "suppressed:"); ok {
		place, _ := strconv.Atoi(n)
		return Granted{}, NotGranted{Why: "an address of the letter is suppressed", Suppressed: place}
	}
	why, ok := whyNot[answer.word]
	if !ok {
		why = "the ledger answered " + strconv.Quote(answer.word)
	}
	return Granted{}, NotGranted{Why: why, Suppressed: -1, Earlier: answer.word == "earlier"}
}

func beginKeys(b letter.Block) []string {
	c := b.Campaign
	return []string{campaignKey(c), rowsKey(b), countsKey(c), lookKey(c), casesKey(c)}
}

func settleKeys(b letter.Block) []string {
	c := b.Campaign
	return []string{campaignKey(c), rowsKey(b), countsKey(c), lookKey(c), dueKey(c), casesKey(c)}
}

func (l *Ledger) begin(ctx context.Context, bs []Begin) ([]begun, error) {
	k := newKeyring(metaKey(), auditKey(), busyKey(), holdsKey(), suppressedKey(), workersKey(), withdrawnKey())
	args := make([]any, 1, 1+17*len(bs))
	args[0] = l.patience().Answer.Milliseconds()
	for _, b := range bs {
		bl, c := b.Claim.Block, b.Claim.Block.Campaign
		before := 0
		if b.Before != "" {
			before = k.at(rowsKey(letter.Block{Campaign: c, Step: b.Before, Name: bl.Name}))
		}
		args = append(args, k.of(bl, beginKeys)...)
		args = append(args, before, c+"/"+bl.Step+"/"+bl.Name, bl.Step, b.Claim.ID.Donor, b.Claim.Nonce, b.Claim.Edition,
			b.ContentHash, b.ByteHash, strings.Join(b.Addresses, ","), b.Claim.Withdrawn)
		asks, looked := 0, "*"
		if b.Asks {
			asks = k.at(asksKey(shardOf(b.Claim.ID.Donor)))
		}
		if b.Looked != nil {
			looked = b.Looked.token()
		}
		args = append(args, asks, looked)
	}
	var short error
	got, err := l.twice(ctx, "begin", 3+len(bs), func(ctx context.Context) (got []string, err error) {
		got, short, err = l.reaching(ctx, "begin", k.keys, args)
		return got, err
	})
	if err != nil {
		return nil, err
	}
	at := Position{Epoch: got[0], Chain: got[2]}
	if at.Seq, err = strconv.ParseInt(got[1], 10, 64); err != nil {
		return nil, fmt.Errorf("ledger begin: the ledger has no sequence number: it was emptied or never opened")
	}
	out := make([]begun, len(bs))
	for i, word := range got[3:] {
		out[i] = begun{word: word, at: at, short: short}
	}
	if short == nil {
		witness(context.WithoutCancel(ctx), at, bs, out)
	}
	return out, nil
}

// witness has each witness write down the letters that were granted to it.
func witness(ctx context.Context, at Position, bs []Begin, answers []begun) {
	of := map[Witness][]int{}
	for i, b := range bs {
		if b.Witness != nil && answers[i].granted() {
			of[b.Witness] = append(of[b.Witness], i)
		}
	}
	for w, places := range of {
		granted := make([]Begin, len(places))
		for i, place := range places {
			granted[i] = bs[place]
		}
		if err := w.Intend(ctx, at, granted); err != nil {
			for _, place := range places {
				answers[place].blind = err
			}
		}
	}
}

// twice runs a gathered script, and once more if its reply was lost: each letter's answer then says what the first run did.
func (l *Ledger) twice(ctx context.Context, name string, n int, run func(context.Context) ([]string, error)) ([]string, error) {
	// The letters of others are in this call: it must not end because the first one's context does.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second)
	defer cancel()
	got, err := run(ctx)
	if err != nil {
		got, err = run(ctx)
	}
	if err == nil && len(got) != n {
		err = fmt.Errorf("ledger %s: %d values in the answer, expected %d", name, len(got), n)
	}
	return got, err
}

// Settlement is what became of one claimed letter.
type Settlement struct {
	Claim      Claim
	To         letter.State  // Sent, Planned, Refused or InDoubt
	After      time.Duration // for Planned: due again after this
	DeferredCc uint64        // for Planned: copies deferred in this attempt
	NoAttempt  bool          // for Planned: the house stood in the way, no attempt is counted
	Words      string        // the relay's
	Last       bool          // no step follows this one in the edition the letter was sent by
	Relay      string        // the relay that the dot was written to, "" for none
	Answered   bool          // the relay gave a definite answer to the dot
	Silent     bool          // for InDoubt: by the relay's doing, not by ours
}

// Settle writes down what became of a letter. It returns the state the ledger holds after it: a letter to be planned
// again is cancelled instead when its case or campaign was stopped meanwhile.
func (l *Ledger) Settle(ctx context.Context, s Settlement) (letter.State, error) {
	answer, err := l.settles.call(ctx, s)
	switch {
	case err != nil:
		return "", err
	case answer == "again":
		return s.To, nil
	case len(answer) == 1:
		return stateOf[answer[0]], nil
	case answer == "nonce":
		return "", NotGranted{Why: whyNot["nonce"], Suppressed: -1}
	}
	return "", NotGranted{Why: fmt.Sprintf("%s cannot follow where the letter is", s.To), Suppressed: -1}
}

func (l *Ledger) settle(ctx context.Context, ss []Settlement) ([]string, error) {
	k := newKeyring(metaKey(), auditKey(), busyKey())
	args := make([]any, 0, 18*len(ss))
	for _, s := range ss {
		b, c := s.Claim.Block, s.Claim.Block.Campaign
		follow := k.at(followKey(c))
		if s.Last {
			follow = -follow
		}
		to := map[letter.State]string{letter.Sent: "S", letter.Planned: "P", letter.Refused: "R", letter.InDoubt: "D"}[s.To]
		if s.NoAttempt && s.To == letter.Planned {
			to = "N"
		}
		mask := ""
		if s.DeferredCc != 0 {
			mask = strconv.FormatUint(s.DeferredCc, 10)
		}
		args = append(args, k.of(b, settleKeys)...)
		args = append(args, follow, c, b.Step, b.Name, s.Claim.ID.Donor, s.Claim.Nonce, to, s.After.Milliseconds(), mask,
			Words(s.Words))
		switch {
		case s.Relay != "" && s.Answered:
			args = append(args, k.at(relayKey(s.Relay)), "+")
		case s.Relay != "" && s.Silent:
			args = append(args, k.at(relayKey(s.Relay)), "-")
		default:
			args = append(args, 0, "")
		}
	}
	return l.twice(ctx, "settle", len(ss), func(ctx context.Context) ([]string, error) {
		return l.strings(ctx, "settle", k.keys, args...)
	})
}
