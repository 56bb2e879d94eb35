package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"outreach.example/ledger"
	"outreach.example/letter"
)

// finding is what the checker says of one scenario when all is quiet.
type finding struct {
	letters int // rows there should be
	lost    []string
	twice   []string
	doubt   int
	shown   int
	wrong   []string // of sums, chain, index, bytes
}

// evidence is what the checker reads: the witness's own file, and the ledger row by row. Nothing of it comes from a
// counter that the program keeps, but for the comparison with the rows.
type evidence struct {
	copies map[letter.ID][]taken
	rows   map[letter.ID]ledger.Letter
	place  map[letter.ID]letter.Block
	begun  map[letter.ID][]string // byte hash of each granted begin, from the audit stream
}

// check compares witness and ledger. horizon is until when a planned letter must have left; one that is due later may
// wait, if something will wake it.
func (l *lab) check(horizon time.Time, steps ...string) (finding, error) {
	f := finding{}
	e, err := l.read(&f, steps)
	if err != nil {
		return f, err
	}
	counted := map[string]ledger.Counts{}
	for id, row := range e.rows {
		if counted[id.Step] == nil {
			counted[id.Step] = ledger.Counts{}
		}
		counted[id.Step][row.State]++
	}
	l.judge(&f, e, horizon, steps)
	if err := l.sums(&f, counted, steps); err != nil {
		return f, err
	}
	if err := l.chain(&f, e); err != nil {
		return f, err
	}
	if err := l.intended(&f, e); err != nil {
		return f, err
	}
	if err := l.index(&f, e, horizon); err != nil {
		return f, err
	}
	return f, l.look(&f, e)
}

// read collects the evidence. A letter of the witness that no campaign has is a fault by itself.
func (l *lab) read(f *finding, steps []string) (evidence, error) {
	e := evidence{
		copies: map[letter.ID][]taken{}, rows: map[letter.ID]ledger.Letter{}, place: map[letter.ID]letter.Block{}, begun: map[letter.ID][]string{},
	}
	ids := expected(l.is.letters, steps...)
	all, err := readWitness(filepath.Join(l.dir, "witness.jsonl"))
	if err != nil {
		return e, err
	}
	for _, t := range all {
		id, ok := ids[t.MessageID]
		if !ok {
			f.wrong = append(f.wrong, fmt.Sprintf("the witness took %s, which nobody planned", t.MessageID))
			continue
		}
		e.copies[id] = append(e.copies[id], t)
	}
	blocks, err := l.ledger.AllBlocks(l.ctx, campaignName)
	if err != nil {
		return e, err
	}
	for _, step := range steps {
		for _, name := range blocks {
			b := letter.Block{Campaign: campaignName, Step: step, Name: name}
			rows, err := l.ledger.Letters(l.ctx, b)
			if err != nil {
				return e, err
			}
			for _, row := range rows {
				e.rows[row.ID], e.place[row.ID] = row, b
			}
		}
	}
	return e, nil
}

// readWitness reads the witness's file as it is on the disk.
func readWitness(file string) ([]taken, error) {
	r, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }()
	var out []taken
	s := bufio.NewScanner(r)
	for s.Scan() {
		var t taken
		if err := json.Unmarshal(s.Bytes(), &t); err != nil {
			return nil, fmt.Errorf("witness: %w", err)
		}
		out = append(out, t)
	}
	return out, s.Err()
}

// judge finds what was lost and what went twice.
func (l *lab) judge(f *finding, e evidence, horizon time.Time, steps []string) {
	for _, id := range sortedIDs(expected(l.is.letters, steps...)) {
		row, ok := e.rows[id]
		copies := len(e.copies[id])
		if id.Step != steps[0] && !ok {
			// A later step has a row once the letter before it is sent, and not before.
			if before := e.rows[letter.ID{Campaign: id.Campaign, Donor: id.Donor, Step: steps[0]}]; before.State != letter.Sent {
				continue
			}
		}
		f.letters++
		lost := func(why string) { f.lost = append(f.lost, id.String()+": "+why) }
		switch {
		case !ok:
			lost("the ledger has no such letter")
		case row.State == letter.Sent && copies == 0 && !l.told[id]:
			lost("the ledger says sent, the witness never took it")
		case row.State == letter.Claimed || row.State == letter.Sending:
			lost("still " + string(row.State) + " when all is quiet")
		case row.State == letter.Planned && row.Since.Before(horizon):
			lost("due since " + row.Since.Format(time.TimeOnly) + " and nobody takes it (" + row.Words + ")")
		case copies > 0 && row.State != letter.Sent && row.State != letter.InDoubt && row.Generation == 0:
			lost(fmt.Sprintf("the witness took it, the ledger says %s (%s)", row.State, row.Words))
		}
		if row.State == letter.InDoubt {
			f.doubt++
		}
		if copies > 1+l.again[id] {
			var how []string
			for _, t := range e.copies[id] {
				how = append(how, fmt.Sprintf("%s on connection %d", t.At.Format("15:04:05.000"), t.Connection))
			}
			f.twice = append(f.twice, fmt.Sprintf("%s: taken %d times (%s), to be sent again %d times", id, copies, strings.Join(how, ", "), l.again[id]))
		}
	}
}

// sums compares the counters with the rows.
func (l *lab) sums(f *finding, counted map[string]ledger.Counts, steps []string) error {
	all, err := l.ledger.Counts(l.ctx, campaignName)
	if err != nil {
		return err
	}
	for _, step := range steps {
		for _, s := range letter.States {
			if all[step][s] != counted[step][s] {
				f.wrong = append(f.wrong, fmt.Sprintf("%s: the counter of %s is %d, the rows are %d", step, s, all[step][s], counted[step][s]))
			}
		}
	}
	return nil
}

// chain verifies the audit stream from its first entry, and takes from it which bytes were granted.
func (l *lab) chain(f *finding, e evidence) error {
	before, seq, broken := "", int64(0), 0
	for {
		entries, err := l.ledger.Audit(l.ctx, seq, 500)
		if err != nil {
			return err
		}
		for _, a := range entries {
			if a.Seq != seq+1 || a.Link(before) != a.Chain {
				broken++
			}
			seq, before = a.Seq, a.Chain
			if a.What == "begin" {
				granted(e.begun, a.Body)
			}
		}
		if len(entries) == 0 {
			break
		}
	}
	if broken > 0 {
		f.wrong = append(f.wrong, fmt.Sprintf("the audit chain is broken in %d places", broken))
	}
	at, err := l.rdb.HMGet(l.ctx, "{outreach}:meta", "seq", "chain").Result()
	if err != nil {
		return err
	}
	if fmt.Sprint(at[0]) != fmt.Sprint(seq) || fmt.Sprint(at[1]) != before {
		f.wrong = append(f.wrong, fmt.Sprintf("the audit stream ends at %d, the ledger at %v", seq, at[0]))
	}
	if l.forgot {
		return nil
	}
	for id, copies := range e.copies {
		for _, t := range copies {
			if !slices.Contains(e.begun[id], t.Hash) {
				f.wrong = append(f.wrong, fmt.Sprintf("%s: the witness took bytes %.10s that no begin had granted", id, t.Hash))
			}
		}
	}
	return nil
}

// granted reads the body of a begin: campaign/step/block/donor, generation, nonce, content hash, byte hash.
func granted(begun map[letter.ID][]string, body string) {
	for _, line := range strings.Split(body, "\n") {
		f := strings.Fields(line)
		if len(f) < 5 {
			continue
		}
		p := strings.Split(f[0], "/")
		if len(p) != 4 {
			continue
		}
		id := letter.ID{Campaign: p[0], Donor: p[3], Step: p[1]}
		begun[id] = append(begun[id], f[4])
	}
}

// index looks whether every open letter's block stands where something will wake it.
func (l *lab) index(f *finding, e evidence, horizon time.Time) error {
	due, err := l.members("{outreach}:due:" + campaignName)
	if err != nil {
		return err
	}
	busy, err := l.members("{outreach}:busy")
	if err != nil {
		return err
	}
	for id, row := range e.rows {
		b := e.place[id]
		member := b.Step + "/" + b.Name
		switch row.State {
		case letter.Planned:
			at, ok := due[member]
			if !ok || at.After(row.Since.Add(time.Minute)) && row.Since.After(horizon) {
				f.lost = append(f.lost, id.String()+": planned, and its block has no place in the index")
			}
		case letter.Claimed, letter.Sending:
			if _, ok := busy[b.Campaign+"/"+member]; !ok {
				f.lost = append(f.lost, id.String()+": in hand, and its block is not in the busy index")
			}
		}
	}
	return nil
}

func (l *lab) members(key string) (map[string]time.Time, error) {
	z, err := l.rdb.ZRangeWithScores(l.ctx, key, 0, -1).Result()
	if err != nil && err != redis.Nil {
		return nil, err
	}
	out := map[string]time.Time{}
	for _, m := range z {
		name, _ := m.Member.(string)
		out[name] = time.UnixMilli(int64(m.Score))
	}
	return out, nil
}

// look compares the doubts in the rows with what a person is shown.
func (l *lab) look(f *finding, e evidence) error {
	shown, err := l.shown()
	if err != nil {
		return err
	}
	f.shown = len(shown)
	for id, row := range e.rows {
		if row.State == letter.InDoubt && !shown[id] {
			f.wrong = append(f.wrong, id.String()+": in doubt, and status does not show it")
		}
	}
	return nil
}

func sortedIDs(m map[string]letter.ID) []letter.ID {
	out := make([]letter.ID, 0, len(m))
	for _, id := range m {
		out = append(out, id)
	}
	slices.SortFunc(out, func(a, b letter.ID) int { return strings.Compare(a.String(), b.String()) })
	return out
}
