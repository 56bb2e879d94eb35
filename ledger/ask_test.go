package ledger_test

import (
	"errors"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"outreach.example/ledger"
	"outreach.example/ledger/ledgertest"
	"outreach.example/letter"
)

// second starts another campaign to the donors of the first.
func (w *world) second(donors ...string) {
	w.t.Helper()
	w.ok(w.done(w.Plan(w.ctx, "ann", ledger.Edition{Campaign: "aid", Hash: "aid1", Steps: []string{"appeal"}, Donors: len(donors), Inputs: "in"})))
	var rows []ledger.Row
	for _, d := range donors {
		rows = append(rows, ledger.Row{Block: d + "-0", Group: "African Group", Region: "Africa", Donors: []string{d}})
	}
	w.ok(w.Lay(w.ctx, "ann", "aid", "appeal", "aid1", rows, true, true))
	w.ok(w.Approve(w.ctx, "bea", "aid", "aid1", nil))
	w.ok(w.Switch(w.ctx, "ann", "aid", ledger.Start, ""))
}

// Two campaigns that hold a donor's letters at once do not both pass the commit point unless the second has looked at what
// the first did.
func TestAsked(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		w := newWorld(t, rdb, "KEN")
		first := w.claimOne("KEN")
		if first.Others {
			t.Error("other campaigns are said to be there")
		}
		w.second("KEN")
		got, err := w.Claim(w.ctx, letter.Block{Campaign: "aid", Step: "appeal", Name: "KEN-0"}, ledger.Nonce(w.worker), 10, ledger.Pace{Relay: "main"})
		if err != nil || len(got.Letters) != 1 || !got.Letters[0].Others {
			t.Fatalf("%+v %v", got, err)
		}
		second := got.Letters[0]
		begin := func(c ledger.Claim, looked *ledger.Ask) error {
			_, err := w.Begin(w.ctx, ledger.Begin{Claim: c, ContentHash: "c", ByteHash: "b", Asks: true, Looked: looked})
			return err
		}
		if asked, err := w.Asked(w.ctx, []string{"KEN", "PER"}); err != nil || len(asked) != 0 {
			t.Errorf("asked %v %v", asked, err)
		}
		for range 2 {
			w.ok(nil, begin(first, &ledger.Ask{}))
		}
		var no ledger.NotGranted
		if err := begin(second, &ledger.Ask{}); !errors.As(err, &no) || no.Why != "another campaign has written to the donor meanwhile; the letter is looked at again" {
			t.Errorf("the second begins: %v", err)
		}
		asked, err := w.Asked(w.ctx, []string{"PER", "KEN"})
		if a := asked["KEN"]; err != nil || len(asked) != 1 || a.Campaign != "res" || time.Since(a.At).Abs() > time.Minute {
			t.Fatalf("asked %v %v", asked, err)
		}
		looked := asked["KEN"]
		w.ok(nil, begin(second, &looked))
		if asked, err = w.Asked(w.ctx, []string{"KEN"}); err != nil || asked["KEN"].Campaign != "aid" {
			t.Errorf("asked %v %v", asked, err)
		}
	})
}

// Quiet days are of no matter to a campaign without them, nor is a letter that asks for nothing to others.
func TestNotAsked(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		w := newWorld(t, rdb, "KEN", "PER")
		w.second("KEN", "PER")
		for _, x := range []struct {
			donor         string
			first, second ledger.Begin
		}{
			{"KEN", ledger.Begin{Looked: &ledger.Ask{}}, ledger.Begin{Asks: true, Looked: &ledger.Ask{}}}, // thanks, then an appeal
			{"PER", ledger.Begin{Asks: true, Looked: &ledger.Ask{}}, ledger.Begin{Asks: true}},
		} {
			x.first.Claim = w.claimOne(x.donor)
			w.ok(w.Begin(w.ctx, x.first))
			got, err := w.Claim(w.ctx, letter.Block{Campaign: "aid", Step: "appeal", Name: x.donor + "-0"}, ledger.Nonce(w.worker), 10, ledger.Pace{Relay: "main"})
			if err != nil || len(got.Letters) != 1 {
				t.Fatalf("%+v %v", got, err)
			}
			x.second.Claim = got.Letters[0]
			if _, err := w.Begin(w.ctx, x.second); err != nil {
				t.Errorf("%s: %v", x.donor, err)
			}
		}
	})
}
