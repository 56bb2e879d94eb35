package templates

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"outreach.example/campaign"
	"outreach.example/donor"
)

// A cite is a place where a text cites a fact, or gives its year.
type cite struct {
	fact         *fact
	line, column int
}

// cite notes that the text cites a fact; one place of each is enough for a person to find it.
func (k *compiler) cite(f *fact, at int) {
	for _, c := range *k.cites {
		if c.fact == f {
			return
		}
	}
	line, column := placeOf(k.source, k.base+max(at, 0))
	*k.cites = append(*k.cites, cite{f, line, column})
}

// Cites are the keys of the facts that the text of a letter cites, in whichever of its choices. They are shared: read only.
func (s *Set) Cites(r *campaign.Record, step string) []string {
	t, fault := s.textFor(r, step)
	if fault != nil {
		return nil
	}
	return t.keys
}

// Expired says which fact of a letter may be cited no longer at a moment, "" for none. A fact may be cited to the end of
// its last day where the campaign's clock is.
func (s *Set) Expired(r *campaign.Record, step string, at time.Time) string {
	t, fault := s.textFor(r, step)
	if fault != nil || t.ends.IsZero() || at.Before(t.ends) {
		return ""
	}
	for _, c := range t.cites {
		if s.ends(c.fact).Equal(t.ends) {
			return fmt.Sprintf("fact %s expired on %s", c.fact.id, c.fact.expires)
		}
	}
	return ""
}

// ends is the moment from which a fact is cited no longer; zero for never.
func (s *Set) ends(f *fact) time.Time {
	if f.expires == (donor.Date{}) {
		return time.Time{}
	}
	return f.expires.AddDays(1).In(s.campaign.Zone())
}

// close works out, once, what Cites and Expired are asked for every letter.
func (t *text) close(s *Set) {
	for _, c := range t.cites {
		t.keys = append(t.keys, c.fact.key)
		if e := s.ends(c.fact); !e.IsZero() && (t.ends.IsZero() || e.Before(t.ends)) {
			t.ends = e
		}
	}
	slices.Sort(t.keys)
}

// Facts are the rows of the register that the campaign's texts cite, by id.
func (s *Set) Facts() []Fact {
	cited := map[*fact]bool{}
	for _, t := range s.texts {
		for _, c := range t.cites {
			cited[c.fact] = true
		}
	}
	var out []Fact
	for f := range cited {
		out = append(out, f.public(s.profiles))
	}
	slices.SortFunc(out, func(a, b Fact) int { return strings.Compare(a.ID, b.ID) })
	return out
}

// Texts are the names of the texts that cite a fact, by its key: appeal.en, reminder-1.fr.
func (s *Set) Texts(key string) (names []string) {
	for _, t := range s.texts {
		if slices.Contains(t.keys, key) {
			names = append(names, strings.TrimSuffix(path.Base(t.file), ".txt"))
		}
	}
	slices.Sort(names)
	return names
}
