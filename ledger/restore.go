package ledger

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"outreach.example/letter"
)

// Verify reads a backup from end to end and proves that it is whole and unaltered, that each row is a letter, and that its
// audit stream is one chain up to its position. It writes nothing.
func Verify(r io.Reader) (Backup, error) {
	in, err := newArchiveReader(r)
	if err != nil {
		return Backup{}, err
	}
	b := Backup{Position: Position{Epoch: in.head.Epoch, Seq: in.head.Seq, Chain: in.head.Chain}, At: in.head.At}
	keys := map[string]bool{}
	var last AuditEntry
	for {
		l, err := in.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return Backup{}, err
		}
		if l.Entry != nil {
			e := l.Entry.entry()
			switch {
			case e.Seq < 1 || last.Seq > 0 && e.Seq != last.Seq+1 || e.Seq > in.head.Seq:
				return Backup{}, in.refuse("audit entry %d follows %d%s", e.Seq, last.Seq, useAnother)
			case (last.Seq > 0 || e.Seq == 1) && e.Link(last.Chain) != e.Chain:
				return Backup{}, in.refuse("audit entry %d does not follow from the one before it: the ledger's chain is broken there%s", e.Seq, useAnother)
			}
			last = e
			b.Entries++
			continue
		}
		if !keys[l.Key] {
			keys[l.Key] = true
			b.Keys++
		}
		if err := l.check(func() { b.Letters++ }); err != nil {
			return Backup{}, in.refuse("%v%s", err, useAnother)
		}
	}
	if last.Seq != in.head.Seq || last.Chain != in.head.Chain {
		return Backup{}, in.refuse("the audit stream ends at entry %d and the backup's position is %d%s", last.Seq, in.head.Seq, useAnother)
	}
	b.Sum = in.whole
	return b, nil
}

func (e *archiveEntry) entry() AuditEntry {
	return AuditEntry{Seq: e.Seq, At: time.UnixMilli(e.At).UTC(), Who: e.Who, What: e.What, Body: e.Body, Chain: e.Chain}
}

// check says whether a line's values can be written: known type, whole pairs, rows that are letters.
func (l *archiveLine) check(row func()) error {
	switch l.Type {
	case "hash", "zset":
		if len(l.Values)%2 != 0 {
			return fmt.Errorf("key %s: half a pair", l.Key)
		}
	case "string", "set", "list":
	default:
		return fmt.Errorf("key %s: type %q is not known", l.Key, l.Type)
	}
	if l.Key != "campaigns" && !is(l.Key, []string{"c:"}) && is(l.Key, notCopied) {
		return fmt.Errorf("key %s: is never part of a backup", l.Key)
	}
	b, isRows := blockOf(l.Key)
	if !isRows {
		return nil
	}
	for i := 0; i < len(l.Values); i += 2 {
		f := l.Values[i]
		if !isLetter(f) {
			continue
		}
		if _, ok := readRow(letter.ID{}, l.Values[i+1], "", ""); !ok {
			return fmt.Errorf("letter %s/%s/%s: %.40q cannot be read", b.Campaign, f, b.Step, l.Values[i+1])
		}
		row()
	}
	return nil
}

// blockOf reads the block out of a rows key.
func blockOf(key string) (letter.Block, bool) {
	p := strings.SplitN(key, ":", 4)
	if len(p) != 4 || p[0] != "r" {
		return letter.Block{}, false
	}
	return letter.Block{Campaign: p[1], Step: p[2], Name: p[3]}, true
}

// Restored says what a restore made of a backup.
type Restored struct {
	Backup
	Swept // what was in hand when the backup was made
	Now   Position
}

// Restore writes a verified backup into an empty ledger, or with replace in the place of what is there. The ledger has an
// epoch of its own afterwards and is frozen until it is reconciled: what left since the backup is not in it. A restore
// that was cut off leaves a frozen ledger, and may be typed again.
func (l *Ledger) Restore(ctx context.Context, r io.Reader, proved Backup, who string, replace bool, progress func(done, total int)) (Restored, error) {
	in, err := newArchiveReader(r)
	if err != nil {
		return Restored{}, err
	}
	if err := l.clear(ctx, who, replace); err != nil {
		return Restored{}, err
	}
	now, err := l.Now(ctx)
	if err != nil {
		return Restored{}, err
	}
	w := &restorer{
		p: l.Redis.Pipeline(), now: float64(now.UnixMilli()), counts: map[string]map[string]int{},
	}
	total, done := proved.Keys+proved.Entries, 0
	key := ""
	for {
		line, err := in.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return Restored{}, err
		}
		if line.Entry != nil || line.Key != key {
			done++
		}
		key = line.Key
		if err := w.write(ctx, line); err != nil {
			return Restored{}, err
		}
		if progress != nil {
			progress(min(done, total), total)
		}
	}
	if in.whole != proved.Sum {
		return Restored{}, Refusal("the file changed while it was read; the ledger stays frozen; type it again: outreach restore FILE")
	}
	for key, of := range w.counts {
		for field, n := range of {
			w.p.HSet(ctx, key, field, n)
		}
	}
	if err := w.flush(ctx); err != nil {
		return Restored{}, err
	}
	why := "restored from the backup of " + in.head.At.Format("2 January 2006 15:04 MST") + " (entry " +
		strconv.FormatInt(in.head.Seq, 10) + "): what left since then is not in it"
	if _, err := l.text(ctx, "restored", []string{metaKey(), auditKey(), campaignsKey(), reindexKey()},
		who, RandomEpoch(), in.head.Schema, in.head.Seq, in.head.Chain, in.head.Deaths, why,
		fmt.Sprintf("SHA-256 %s, %d letters", in.whole, proved.Letters),
		strings.Join(append(in.head.Epochs, in.head.Epoch), " ")); err != nil {
		return Restored{}, err
	}
	// The workers of the backup are gone: what they held is swept as it would be after a death.
	out := Restored{Backup: proved}
	if out.Swept, err = l.Sweep(ctx); err != nil {
		return Restored{}, err
	}
	out.Now, err = l.Where(ctx)
	return out, err
}

// clear makes room for a restore: the ledger freezes first, so that nothing leaves while it is neither the old one nor
// the new one.
func (l *Ledger) clear(ctx context.Context, who string, replace bool) error {
	at, err := l.Where(ctx)
	if err != nil && !errors.Is(err, ErrEmpty) {
		return err
	}
	cut, err := l.Redis.HExists(ctx, metaKey(), "restoring").Result()
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	if at.Seq > 0 && !cut && !replace {
		return Refusal(fmt.Sprintf("the ledger %s is not empty (%d entries); nothing was written; to put the backup in its place: outreach restore FILE --replace --confirm %s",
			at.Name(), at.Seq, at.Name()))
	}
	const why = "a restore writes the ledger anew; if it was cut off, type it again: outreach restore FILE"
	if at.Seq > 0 {
		if _, err := l.Freeze(ctx, who, why); err != nil && !errors.Is(err, ErrEmpty) {
			return err
		}
	}
	working, err := l.Working(ctx)
	if err != nil {
		return err
	}
	if working > 0 {
		return Refusal(fmt.Sprintf("workers with a lease: %d; stop every worker, wait 12 seconds, and type the restore again", working))
	}
	if err := l.Redis.HSet(ctx, metaKey(), "restoring", "1", "frozen", why).Err(); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	old, err := l.Redis.HKeys(ctx, metaKey()).Result()
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	old = slices.DeleteFunc(old, func(f string) bool { return f == "restoring" || f == "frozen" || f == "schema" })
	if len(old) > 0 {
		if err := l.Redis.HDel(ctx, metaKey(), old...).Err(); err != nil {
			return fmt.Errorf("restore: %w", err)
		}
	}
	keys, err := l.keys(ctx)
	if err != nil {
		return err
	}
	p := l.Redis.Pipeline()
	for _, k := range keys {
		if k != "meta" {
			p.Unlink(ctx, tag+k)
		}
		if p.Len() >= 500 {
			if _, err := p.Exec(ctx); err != nil {
				return fmt.Errorf("restore: %w", err)
			}
		}
	}
	if _, err := p.Exec(ctx); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	return nil
}

// restorer writes lines in pipelines and computes what is not copied: counters and indexes.
type restorer struct {
	p      redis.Pipeliner
	size   int
	now    float64                   // ms
	counts map[string]map[string]int // by counts key
}

func (w *restorer) flush(ctx context.Context) error {
	w.size = 0
	if w.p.Len() == 0 {
		return nil
	}
	if _, err := w.p.Exec(ctx); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	return nil
}

func (w *restorer) write(ctx context.Context, l archiveLine) error {
	key := tag + l.Key
	args := make([]any, len(l.Values))
	for i, v := range l.Values {
		args[i] = v
		w.size += len(v)
	}
	switch {
	case l.Entry != nil:
		e := l.Entry
		w.size += len(e.Body) + 200
		w.p.XAdd(ctx, &redis.XAddArgs{Stream: auditKey(), ID: strconv.FormatInt(e.Seq, 10) + "-0", Values: []any{
			"at", strconv.FormatInt(e.At, 10), "who", e.Who, "what", e.What, "body", e.Body, "chain", e.Chain,
		}})
	case l.Type == "hash":
		if b, ok := blockOf(l.Key); ok {
			args = w.rows(ctx, b, l.Values)
		} else if is(l.Key, []string{"n:"}) {
			args = uncounted(l.Values)
		}
		if len(args) > 0 {
			w.p.HSet(ctx, key, args...)
		}
	case l.Type == "string":
		w.p.Append(ctx, key, l.Values[0])
	case l.Type == "set":
		w.p.SAdd(ctx, key, args...)
	case l.Type == "list":
		w.p.RPush(ctx, key, args...)
	case l.Type == "zset":
		for i := 0; i < len(l.Values); i += 2 {
			score, err := strconv.ParseFloat(l.Values[i+1], 64)
			if err != nil {
				return fmt.Errorf("restore of %s: %w", l.Key, err)
			}
			w.p.ZAdd(ctx, key, redis.Z{Score: score, Member: l.Values[i]})
		}
	}
	if w.p.Len() >= 500 || w.size > 4*pieceSize {
		return w.flush(ctx)
	}
	return nil
}

// rows are a block's fields as a restored ledger holds them. Each letter is counted, and the block gets its places in the
// indexes; one with letters in hand is put where the sweep looks at once.
func (w *restorer) rows(ctx context.Context, b letter.Block, values []string) []any {
	counts := w.counts[countsKey(b.Campaign)]
	if counts == nil {
		counts = map[string]int{}
		w.counts[countsKey(b.Campaign)] = counts
	}
	var args []any
	due, sent, hand := math.Inf(1), false, 0
	for i := 0; i < len(values); i += 2 {
		field, v := values[i], values[i+1]
		if field == ".b" {
			continue // letters in hand are counted anew
		}
		args = append(args, field, v)
		if strings.HasSuffix(field, "~~") && !strings.HasPrefix(v, "0|") {
			counts[b.Step+"/copies"]++ // a proof by a registry copy
		}
		if !isLetter(field) {
			continue
		}
		state, since := v[:1], since(v)
		counts[b.Step+"/"+state]++
		switch state {
		case "P":
			due = min(due, since)
		case "C", "G":
			hand++
		case "S":
			sent = true
		case "D":
			since -= doubtsFirst
			fallthrough
		case "R", "B", "W":
			w.p.ZAdd(ctx, lookKey(b.Campaign), redis.Z{Score: since, Member: b.Step + "/" + field})
		}
	}
	member := b.Step + "/" + b.Name
	if !math.IsInf(due, 1) {
		w.p.ZAdd(ctx, dueKey(b.Campaign), redis.Z{Score: due, Member: member})
	}
	if sent {
		w.p.ZAdd(ctx, followKey(b.Campaign), redis.Z{Score: w.now, Member: member})
	}
	if hand > 0 {
		args = append(args, ".b", hand)
		w.p.ZAdd(ctx, busyKey(), redis.Z{Score: 0, Member: b.Campaign + "/" + member})
	}
	return args
}

// doubtsFirst is by how much the score of a doubt is lower among the letters that a person must look at (scripts/lib.lua).
const doubtsFirst = 1e13

// uncounted are the counters of a campaign that count no letters: they cannot be computed from the rows.
func uncounted(values []string) []any {
	var out []any
	for i := 0; i < len(values); i += 2 {
		if _, name, _ := strings.Cut(values[i], "/"); len(name) != 1 && name != "copies" {
			out = append(out, values[i], values[i+1])
		}
	}
	return out
}

// since is the moment (ms) that a row carries: it was read before, so it has one.
func since(row string) float64 {
	n, _ := strconv.ParseFloat(strings.SplitN(row, "|", 6)[4], 64)
	return n
}
