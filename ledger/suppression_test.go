package ledger_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"outreach.example/ledger"
	"outreach.example/ledger/ledgertest"
	"outreach.example/letter"
)

// An address stays suppressed in whatever letter case it is written, and once it is erased nothing in the store spells it or
// its plain hash.
func TestErase(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		w := newWorld(t, rdb, "KEN")
		const address = "Old.Attache@KEN.example"
		w.ok(w.Suppress(w.ctx, "ann", address, ledger.ByBounce, "550 no such user"))
		// One of before addresses were kept.
		w.ok(nil, rdb.HSet(w.ctx, "{outreach}:suppressed", ledger.AddressHash("a@KEN.example"), "1790000000000|ann|asked").Err())
		list, err := w.Suppressions(w.ctx)
		if err != nil || len(list) != 2 || list[0].Address != address || list[0].Source != ledger.ByBounce || list[1].Source != ledger.ByHand || list[1].Reason != "asked" {
			t.Fatalf("%+v %v", list, err)
		}
		for _, a := range []string{"old.attache@ken.EXAMPLE", "A@ken.example"} {
			for i := range 2 {
				if again, err := w.Erase(w.ctx, "bea", a); err != nil || again != (i == 1) {
					t.Errorf("erase %s: %v %v", a, again, err)
				}
			}
			if again, err := w.Suppress(w.ctx, "ann", strings.ToUpper(a), ledger.ByHand, "asked"); err != nil || !again {
				t.Errorf("suppress %s again: %v %v", a, again, err)
			}
			closed, err := w.Suppressed(w.ctx)
			if err != nil || !closed.Has(a) || !closed.Has(strings.ToUpper(a)) || closed.Has("x"+a) || closed.Len() != 2 {
				t.Errorf("%s: %+v %v", a, closed, err)
			}
			if found := everywhere(t, rdb, a, ledger.AddressHash(a)); len(found) > 0 {
				t.Errorf("%s is still in %v", a, found)
			}
		}
		c := w.claimOne("KEN")
		var no ledger.NotGranted
		if err := w.beginAs(c); !errors.As(err, &no) || no.Suppressed != 0 {
			t.Errorf("begin to an erased address: %v", err)
		}
		if err := w.Test(w.ctx, "ann", letter.ID{Campaign: "res", Donor: "KEN", Step: "appeal"}, "en", "a@ken.example", "<x>"); err == nil {
			t.Error("a test goes to an erased address")
		}
		if _, err := w.Erase(w.ctx, "bea", "nobody@ken.example"); !errors.As(err, new(ledger.Refusal)) {
			t.Errorf("erase an unknown address: %v", err)
		}
	})
}

// everywhere lists the keys of the store whose content has one of some texts, in whatever letter case.
func everywhere(t *testing.T, rdb *redis.Client, texts ...string) []string {
	t.Helper()
	ctx := context.Background()
	keys, err := rdb.Keys(ctx, "*").Result()
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, k := range keys {
		var all []string
		switch kind := rdb.Type(ctx, k).Val(); kind {
		case "hash":
			for f, v := range rdb.HGetAll(ctx, k).Val() {
				all = append(all, f, v)
			}
		case "string":
			all = append(all, rdb.Get(ctx, k).Val())
		case "set":
			all = rdb.SMembers(ctx, k).Val()
		case "zset":
			all = rdb.ZRange(ctx, k, 0, -1).Val()
		case "stream":
			for _, m := range rdb.XRange(ctx, k, "-", "+").Val() {
				for _, v := range m.Values {
					all = append(all, v.(string))
				}
			}
		default:
			t.Fatalf("key %s is a %s", k, kind)
		}
		if slices.ContainsFunc(texts, func(x string) bool {
			return strings.Contains(strings.ToLower(strings.Join(all, "\n")), strings.ToLower(x))
		}) {
			found = append(found, k)
		}
	}
	return found
}

// What a reader asked for outweighs what a bounce brought about, and is not taken off the list lightly.
func TestUnsuppress(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		w := newWorld(t, rdb, "KEN")
		const a = "a@ken.example"
		versions := map[int]bool{}
		version := func() {
			t.Helper()
			c, err := w.Suppressed(w.ctx)
			if got := w.claim("KEN"); err != nil || got.Suppressed != c.Version {
				t.Errorf("a claim names version %d, the list is %d (%v)", got.Suppressed, c.Version, err)
			}
			if versions[c.Version] {
				t.Errorf("version %d was there before", c.Version)
			}
			versions[c.Version] = true
		}
		version()
		for _, x := range []struct {
			source ledger.Source
			again  bool
		}{{ledger.ByBounce, false}, {ledger.ByBounce, true}, {ledger.ByHand, true}, {ledger.ByOptOut, false}, {ledger.ByComplaint, true}, {ledger.ByBounce, true}} {
			if again, err := w.Suppress(w.ctx, "inbox", a, x.source, "r"); err != nil || again != x.again {
				t.Errorf("%s: %v %v", x.source, again, err)
			} else if !again {
				version()
			}
		}
		err := w.Unsuppress(w.ctx, "ann", a, "a slip", false)
		if !errors.As(err, new(ledger.Refusal)) || !strings.Contains(err.Error(), "opt-out, "+time.Now().UTC().Format("2 January 2006")) {
			t.Errorf("taken off although asked for: %v", err)
		}
		w.ok(nil, w.Unsuppress(w.ctx, "ann", strings.ToUpper(a), "a slip", true))
		version()
		if c, _ := w.Suppressed(w.ctx); c.Has(a) {
			t.Error("still on the list")
		}
		if err := w.Unsuppress(w.ctx, "ann", a, "a slip", true); !errors.As(err, new(ledger.Refusal)) {
			t.Errorf("again: %v", err)
		}
		w.ok(w.Suppress(w.ctx, "inbox", a, ledger.ByBounce, "r"))
		version()
		w.ok(w.Erase(w.ctx, "inbox", a))
		version()
		w.ok(nil, w.Unsuppress(w.ctx, "ann", a, "a slip", false))
		version()
	})
}
