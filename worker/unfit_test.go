package worker_test

import (
	"strings"
	"testing"
	"time"

	"outreach.example/campaign"
	"outreach.example/letter"
	"outreach.example/templates"
)

const (
	withFacts   = "registry@iom.example\nfacts: [people, states]"
	citing      = "Subject: A letter\n\n{{.Date}}\n\n{{.Salutation}}\n\nIOM assisted {{fact \"people\"}}.\n\n{{.Close}}\n"
	factColumns = "id,qualifier,value,unit,year,source,as_of,expires,phrase_en\n"
	peopleRow   = "people,more than,26400000,people,2024,IOM Annual Report 2024,2024-12-31,2026-11-30,{qualifier} {value} people\n"
	statesRow   = "states,,175,States,2025,IOM web site,,,{value} States\n"
)

// factKey is the key of a fact as one register writes it.
func factKey(t *testing.T, id, register string) string {
	t.Helper()
	files := map[string]string{"facts.csv": register, "texts/appeal.en.txt": strings.ReplaceAll(citing, "people", id)}
	c := &campaign.Campaign{Name: "res", Facts: []string{id}, Steps: []campaign.Step{{Name: "appeal"}}}
	c.Sender.Name = "Org"
	set, faults := templates.Load(c, files)
	if faults.Refuses() || len(set.Facts()) != 1 {
		t.Fatalf("%v %v", faults, set.Facts())
	}
	return set.Facts()[0].Key
}

// TestWithdrawnFact: a letter that cites a withdrawn fact is withheld, one that cites another leaves, and the edition whose
// register corrects the fact mends it.
func TestWithdrawnFact(t *testing.T) {
	donors := map[string][]string{"KEN": {"a@mission.example"}}
	h := newHouse(t, "registry@iom.example", donors)
	h.facts = factColumns + peopleRow + statesRow
	h.plan(withFacts, citing, donors)
	_, err := h.ledger.Withdraw(h.ctx, "ann", "counted twice", []string{factKey(t, "people", h.facts)})
	h.ok(err)
	h.process()
	if got := h.letter("KEN"); got.State != letter.Withheld || got.Words != "fact people is withdrawn: counted twice" {
		t.Fatalf("%s (%s)", got.State, got.Words)
	}
	if n := len(h.box.Letters()); n != 0 {
		t.Errorf("%d letters left", n)
	}
	h.facts = factColumns + strings.Replace(peopleRow, "26400000", "25000000", 1) + statesRow
	h.plan(withFacts, citing, donors)
	h.process()
	if got := h.letter("KEN"); got.State != letter.Sent {
		t.Errorf("after the correction: %s (%s)", got.State, got.Words)
	}
}

// TestOtherFactWithdrawn: the withdrawal of a fact that a letter does not cite keeps it a moment, and no longer.
func TestOtherFactWithdrawn(t *testing.T) {
	donors := map[string][]string{"KEN": {"a@mission.example"}}
	h := newHouse(t, "registry@iom.example", donors)
	h.facts = factColumns + peopleRow + statesRow
	h.plan(withFacts, citing, donors)
	_, err := h.ledger.Withdraw(h.ctx, "ann", "counted twice", []string{factKey(t, "states", h.facts)})
	h.ok(err)
	h.process()
	if got := h.letter("KEN"); got.State != letter.Sent {
		t.Errorf("%s (%s)", got.State, got.Words)
	}
}

// TestExpiredFact: on the last day of a fact, by the campaign's clock, its letter leaves; a moment later it is withheld.
func TestExpiredFact(t *testing.T) {
	donors := map[string][]string{"KEN": {"a@mission.example"}}
	for _, c := range []struct {
		at    time.Time
		state letter.State
		words string
	}{
		{time.Date(2026, 11, 30, 22, 59, 59, 0, time.UTC), letter.Sent, "250 "},
		{time.Date(2026, 11, 30, 23, 0, 0, 0, time.UTC), letter.Withheld, "fact people expired on 2026-11-30"},
	} {
		h := newHouse(t, "registry@iom.example", donors)
		h.facts = factColumns + peopleRow + statesRow
		h.plan(withFacts, citing, donors)
		h.at(c.at)
		h.process()
		if got := h.letter("KEN"); got.State != c.state || !strings.HasPrefix(got.Words, c.words) {
			t.Errorf("at %s: %s (%s)", c.at, got.State, got.Words)
		}
	}
}
