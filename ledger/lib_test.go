package ledger_test

import (
	"os"
	"runtime"
	"testing"

	"github.com/redis/go-redis/v9"

	"outreach.example/ledger/ledgertest"
)

// TestDigits: numbers are written out as they are, and a large one costs the store of the trial no array of its size.
func TestDigits(t *testing.T) {
	lib, err := os.ReadFile("scripts/lib.lua")
	if err != nil {
		t.Fatal(err)
	}
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		got, err := rdb.Eval(t.Context(), string(lib)+`
			local out = {}
			for _, n in ipairs({50000000, '7', 7, 0, -0, '0', 1790000000000, -3, 50000000}) do out[#out + 1] = int(n) end
			return table.concat(out, ' ')`, nil).Text()
		runtime.ReadMemStats(&after)
		if want := "50000000 7 7 0 0 0 1790000000000 -3 50000000"; err != nil || got != want {
			t.Errorf("%q (%v), not %q", got, err, want)
		}
		if grown := (after.TotalAlloc - before.TotalAlloc) >> 20; grown > 32 {
			t.Errorf("%d MB for a few numbers", grown)
		}
	})
}
