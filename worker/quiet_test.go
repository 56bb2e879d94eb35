package worker_test

import (
	"strings"
	"testing"
	"time"

	"outreach.example/letter"
)

// Two campaigns do not ask one donor within the quiet days of the second: its letter waits, and says until when and for
// which campaign; then it leaves. A donor that only one of them writes to waits for nothing.
func TestQuietDays(t *testing.T) {
	h := newHouse(t, "registry@iom.example", map[string][]string{"A": {"a@a.example"}})
	h.process() // on Tuesday 24 November
	h.name, h.more = "emergency", "quiet_days: 3\n"
	h.plan("registry@iom.example", text, map[string][]string{"A": {"a@a.example"}, "B": {"b@b.example"}})
	other := letter.Block{Campaign: "emergency", Step: "appeal", Name: "none-0"}
	look := func(id string) (letter.State, string, time.Time) {
		t.Helper()
		h.ok(h.worker.Process(h.ctx, other))
		got, _, err := h.ledger.Letter(h.ctx, other, id)
		h.ok(err)
		return got.State, got.Words, got.Since
	}
	h.at(h.now.Add(time.Hour))
	zurich, err := time.LoadLocation("Europe/Zurich")
	h.ok(err)
	until := time.Date(2026, 11, 27, 0, 0, 0, 0, zurich)
	if s, words, due := look("A"); s != letter.Planned || words != "quiet until 2026-11-27: res wrote" || !due.Equal(until) {
		t.Errorf("A: %s (%s) due %s, want %s", s, words, due, until)
	}
	if s, words, _ := look("B"); s != letter.Sent {
		t.Errorf("B: %s (%s)", s, words)
	}
	h.at(until.Add(-time.Minute))
	if s, _, _ := look("A"); s != letter.Planned {
		t.Errorf("A is %s a minute before its quiet days end", s)
	}
	h.at(until)
	if s, words, _ := look("A"); s != letter.Sent {
		t.Errorf("A: %s (%s) after its quiet days", s, words)
	}
	if l := h.box.Letters(); len(l) != 3 || strings.Count(l[0].To[0]+l[1].To[0]+l[2].To[0], "a@a.example") != 2 {
		t.Errorf("taken: %+v", l)
	}
}

// A campaign without quiet days waits for nobody, and two letters of one campaign are no matter of quiet days.
func TestNoQuietDays(t *testing.T) {
	h := newHouse(t, "registry@iom.example", map[string][]string{"A": {"a@a.example"}})
	h.process()
	h.name, h.more = "emergency", "quiet_days: 0\n"
	h.plan("registry@iom.example", text, map[string][]string{"A": {"a@a.example"}})
	h.ok(h.worker.Process(h.ctx, letter.Block{Campaign: "emergency", Step: "appeal", Name: "none-0"}))
	if l := h.box.Letters(); len(l) != 2 {
		t.Errorf("taken: %+v", l)
	}
}
