package ledger_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/redis/go-redis/v9"

	"outreach.example/ledger"
	"outreach.example/ledger/ledgertest"
	"outreach.example/letter"
)

// A granted letter comes with the ledger's position right after it: the audit entry that names it. Asked again, the
// ledger stands where it stands now.
func TestGrantTellsThePosition(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		w := newWorld(t, rdb, "KEN", "PER")
		ken, per := w.claimOne("KEN"), w.claimOne("PER")
		first, err := w.grant(ken)
		w.ok(nil, err)
		stands, err := w.Open(w.ctx)
		w.ok(nil, err)
		if first.Position != stands || stands.Seq == 0 || stands.Epoch == "" || stands.Chain == "" {
			t.Errorf("granted at %+v, the ledger stands at %+v", first.Position, stands)
		}
		second, err := w.grant(per)
		w.ok(nil, err)
		again, err := w.grant(ken)
		w.ok(nil, err)
		if second.Position.Seq != first.Position.Seq+1 || again.Position != second.Position {
			t.Errorf("granted at %+v, then %+v, and again at %+v", first.Position, second.Position, again.Position)
		}
		entries, err := w.Audit(w.ctx, first.Position.Seq-1, 2)
		w.ok(nil, err)
		if len(entries) != 2 || entries[0].Chain != first.Position.Chain || entries[1].Chain != second.Position.Chain {
			t.Errorf("audit: %+v", entries)
		}
	})
}

// witness writes down letters until its disk is full.
type witness struct {
	mu    sync.Mutex
	calls [][]string
	full  error
	at    []ledger.Position
}

func (w *witness) Intend(_ context.Context, at ledger.Position, granted []ledger.Begin) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	var donors []string
	for _, b := range granted {
		donors = append(donors, b.Claim.ID.Donor)
	}
	w.calls, w.at = append(w.calls, donors), append(w.at, at)
	return w.full
}

// A letter is granted to its worker only once its witness has written it down, and a witness hears of no letter that was not
// granted. Where it fails, the letter is sending and its worker knows why it may not leave.
func TestWitnessWritesWhatIsGranted(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		w := newWorld(t, rdb, "KEN", "PER", "FJI")
		ken, per, fji := w.claimOne("KEN"), w.claimOne("PER"), w.claimOne("FJI")
		per.Nonce = "another's"
		var file witness
		begin := func(c ledger.Claim) error {
			_, err := w.Begin(w.ctx, ledger.Begin{Claim: c, ContentHash: "c", ByteHash: "b", Witness: &file})
			return err
		}
		w.ok(nil, begin(ken))
		stands, err := w.Open(w.ctx)
		w.ok(nil, err)
		var no ledger.NotGranted
		if err := begin(per); !errors.As(err, &no) {
			t.Errorf("another's letter: %v", err)
		}
		if len(file.calls) != 1 || !slices.Equal(file.calls[0], []string{"KEN"}) || file.at[0] != stands {
			t.Errorf("written down: %v at %v, the ledger stands at %v", file.calls, file.at, stands)
		}
		file.full = errors.New("the disk is full")
		var blind ledger.NotWitnessed
		if err := begin(fji); !errors.As(err, &blind) || !errors.Is(err, file.full) || w.state("FJI") != letter.Sending {
			t.Errorf("a full disk: %v, and the letter is %s", err, w.state("FJI"))
		}
	})
}

// However many letters a call begins, it is written down once, with all it granted.
func TestWitnessWritesTogether(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		donors := []string{"KEN", "PER", "FJI", "ALB", "AUT", "BEL", "BEN", "BOL", "BRA", "CAN"}
		w := newWorld(t, rdb, donors...)
		var claims []ledger.Claim
		for _, d := range donors {
			claims = append(claims, w.claimOne(d))
		}
		before, err := w.Open(w.ctx)
		w.ok(nil, err)
		var file witness
		var all sync.WaitGroup
		file.mu.Lock() // the first call's witness waits until everybody else has come
		var came sync.WaitGroup
		for _, c := range claims {
			came.Add(1)
			all.Go(func() {
				came.Done()
				if _, err := w.Begin(w.ctx, ledger.Begin{Claim: c, ContentHash: "c", ByteHash: "b", Witness: &file}); err != nil {
					t.Error(err)
				}
			})
		}
		came.Wait()
		file.mu.Unlock()
		all.Wait()
		written := slices.Concat(file.calls...)
		slices.Sort(written)
		slices.Sort(donors)
		if !slices.Equal(written, donors) {
			t.Errorf("written down: %v", file.calls)
		}
		n, err := w.Open(w.ctx)
		if err != nil || file.at[len(file.at)-1] != n {
			t.Errorf("the last call is noted at %v, the ledger stands at %v (%v)", file.at, n, err)
		}
		if calls := n.Seq - before.Seq; int64(len(file.calls)) != calls {
			t.Errorf("%d calls of begin are written down %d times: %v", calls, len(file.calls), file.calls)
		}
	})
}
