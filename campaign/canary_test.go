package campaign

import (
	"strings"
	"testing"
	"time"

	"outreach.example/donor"
)

// The canary is one letter in each language first, of those that are due first, then the next ones.
func TestCanaries(t *testing.T) {
	c := good(t)
	var all []donor.Donor
	for _, d := range []string{"KEN en", "PER es", "USA en", "MEX es", "FRA fr"} {
		id, language, _ := strings.Cut(d, " ")
		all = append(all, donor.Donor{ID: id, Language: language})
	}
	for n, want := range map[int]string{0: "", 1: "KEN", 3: "KEN PER FRA", 4: "KEN PER FRA USA", 20: "KEN PER FRA USA MEX"} {
		c.Canary = n
		var got []string
		for _, d := range c.Canaries(all, time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC)) {
			got = append(got, d.ID)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("a canary of %d: %q, want %q", n, got, want)
		}
	}
}
