package ledger

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// A backup is read key by key while the house goes on, so it is no picture of one moment. It is made so that a restore of
// it is sound nevertheless:
//
//   - The position is read first, and the audit stream is copied up to it and no further. Every row is read later, so it
//     knows of each begin up to that entry; a begin after it is news to the restored ledger, and reconcile takes it from
//     the intent files, whether the row happens to know of it or not.
//   - Campaigns come before the names of the keys: what a campaign says is laid out is there to be found.
//   - Cases, holds and the suppression list come after the rows: a stop may be missing from the rows and not from the cases.
//   - Which registry copies were read is not copied: they are read again, and one is never taken for two.
//   - Who is signed in to the console is not copied: after a restore everybody signs in anew.
//   - Indexes are not copied, and of the counters only those that count no letters: a restore computes the rest from the rows.
var notCopied = []string{"meta", "audit", "campaigns", "c:", "look:", "due:", "follow:", "busy", "workers", "reindex", "read:", consoleKeys}

// Backup says what a backup holds.
type Backup struct {
	Position Position
	At       time.Time
	Letters  int
	Keys     int
	Entries  int    // of the audit stream
	Sum      string // SHA-256, as the file's last line says it
}

const (
	pieces    = 500     // values a line at most, where a key holds many
	pieceSize = 1 << 20 // bytes a line, about
	readAhead = 64      // keys read in one pipeline
)

// Backup writes the whole ledger while it goes on working. progress, where given, is told how much of how much is done.
func (l *Ledger) Backup(ctx context.Context, w io.Writer, progress func(done, total int)) (Backup, error) {
	at, err := l.Where(ctx)
	if err != nil {
		return Backup{}, err
	}
	if !at.Known() {
		return Backup{}, ErrEmpty
	}
	now, err := l.Now(ctx)
	if err != nil {
		return Backup{}, err
	}
	meta, err := l.Redis.HMGet(ctx, metaKey(), "deaths", "frozen", "restoring", "epochs").Result()
	if err != nil {
		return Backup{}, fmt.Errorf("backup: %w", err)
	}
	if meta[2] != nil {
		return Backup{}, Refusal("a restore into this ledger was cut off; type it again before a backup: outreach restore FILE")
	}
	head := archiveHead{
		Kind: archiveKind, Version: archiveVersion, Schema: Schema, At: now.UTC(), Epoch: at.Epoch, Seq: at.Seq, Chain: at.Chain,
	}
	if s, ok := meta[0].(string); ok {
		head.Deaths, _ = strconv.ParseInt(s, 10, 64)
	}
	head.Frozen, _ = meta[1].(string)
	if s, ok := meta[3].(string); ok {
		head.Epochs = strings.Fields(s)
	}
	out, err := newArchiveWriter(w, head)
	if err != nil {
		return Backup{}, err
	}
	b := &backup{Ledger: l, out: out, sum: Backup{Position: at, At: head.At}}
	campaigns, err := l.Campaigns(ctx)
	if err != nil {
		return Backup{}, err
	}
	if err := out.values("campaigns", "set", campaigns); err != nil {
		return Backup{}, err
	}
	for _, c := range campaigns {
		if err := b.copyKey(ctx, strings.TrimPrefix(campaignKey(c), tag), "hash"); err != nil {
			return Backup{}, err
		}
	}
	keys, err := l.keys(ctx)
	if err != nil {
		return Backup{}, err
	}
	keys = slices.DeleteFunc(keys, func(k string) bool { return is(k, notCopied) })
	slices.SortFunc(keys, func(x, y string) int { return cmp.Or(cmp.Compare(rank(x), rank(y)), cmp.Compare(x, y)) })
	total := len(keys) + int(at.Seq)
	done := 0
	step := func(n int) {
		if done += n; progress != nil {
			progress(done, total)
		}
	}
	for chunk := range slices.Chunk(keys, readAhead) {
		if err := b.copyKeys(ctx, chunk); err != nil {
			return Backup{}, err
		}
		step(len(chunk))
	}
	if err := b.copyAudit(ctx, at, step); err != nil {
		return Backup{}, err
	}
	b.sum.Sum, err = out.close()
	return b.sum, err
}

// keys lists the keys of the ledger, without its tag.
func (l *Ledger) keys(ctx context.Context) ([]string, error) {
	seen := map[string]bool{}
	for cursor := uint64(0); ; {
		found, next, err := l.Redis.Scan(ctx, cursor, tag+"*", 1000).Result()
		if err != nil {
			return nil, fmt.Errorf("keys of the ledger: %w", err)
		}
		for _, k := range found {
			seen[strings.TrimPrefix(k, tag)] = true // a key may be found twice
		}
		if cursor = next; cursor == 0 {
			break
		}
	}
	keys := make([]string, 0, len(seen))
	for k := range seen {
		keys = append(keys, k)
	}
	return keys, nil
}

// is says whether a key is one of these, or begins like one that ends with a colon.
func is(key string, names []string) bool {
	return slices.ContainsFunc(names, func(n string) bool {
		return key == n || strings.HasSuffix(n, ":") && strings.HasPrefix(key, n)
	})
}

// rank is the order in which keys are read.
func rank(key string) int {
	switch {
	case is(key, []string{"e:", "records:", "f:", "blocks:"}):
		return 0
	case is(key, []string{"r:"}):
		return 1
	}
	return 2
}

type backup struct {
	*Ledger
	out *archiveWriter
	sum Backup
}

// copyKeys copies some keys: rows in one pipeline, each whole as it was at one moment; others by their type and in pieces.
// A key that lives for a while only is no part of the truth.
func (b *backup) copyKeys(ctx context.Context, keys []string) error {
	p := b.Redis.Pipeline()
	kinds, lives, rows := make([]*redis.StatusCmd, len(keys)), make([]*redis.DurationCmd, len(keys)), make([]*redis.MapStringStringCmd, len(keys))
	for i, k := range keys {
		if rank(k) == 1 {
			rows[i] = p.HGetAll(ctx, tag+k)
		} else {
			kinds[i], lives[i] = p.Type(ctx, tag+k), p.PTTL(ctx, tag+k)
		}
	}
	if _, err := p.Exec(ctx); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	for i, k := range keys {
		if rows[i] == nil {
			if lives[i].Val() > 0 {
				continue
			}
			if err := b.copyKey(ctx, k, kinds[i].Val()); err != nil {
				return err
			}
			continue
		}
		var values []string
		for f, v := range rows[i].Val() {
			values = append(values, f, v)
			if isLetter(f) {
				b.sum.Letters++
			}
		}
		if len(values) > 0 {
			b.sum.Keys++
		}
		if err := b.out.values(k, "hash", values); err != nil {
			return err
		}
	}
	return nil
}

// isLetter says whether a field of a rows key is a letter: others are the block's own, or words.
func isLetter(field string) bool {
	return !strings.HasPrefix(field, ".") && !strings.HasSuffix(field, "~")
}

func (b *backup) copyKey(ctx context.Context, key, kind string) error {
	var scan func(cursor uint64) *redis.ScanCmd
	switch k := tag + key; kind {
	case "none":
		return nil // gone since its name was read
	case "string":
		b.sum.Keys++
		return b.copyString(ctx, key)
	case "list":
		b.sum.Keys++
		return b.copyList(ctx, key)
	case "hash":
		scan = func(c uint64) *redis.ScanCmd { return b.Redis.HScan(ctx, k, c, "", pieces) }
	case "set":
		scan = func(c uint64) *redis.ScanCmd { return b.Redis.SScan(ctx, k, c, "", pieces) }
	case "zset":
		scan = func(c uint64) *redis.ScanCmd { return b.Redis.ZScan(ctx, k, c, "", pieces) }
	default:
		return fmt.Errorf("backup: key %s is a %s, which this program does not know how to copy", key, kind)
	}
	b.sum.Keys++
	for cursor := uint64(0); ; {
		values, next, err := scan(cursor).Result()
		if err != nil {
			return fmt.Errorf("backup of %s: %w", key, err)
		}
		if err := b.pieces(key, kind, values); err != nil {
			return err
		}
		if cursor = next; cursor == 0 {
			return nil
		}
	}
}

// pieces writes values in lines of a size that a reader can hold; pairs stay together.
func (b *backup) pieces(key, kind string, values []string) error {
	from, size := 0, 0
	for i := 0; i+1 < len(values); i += 2 {
		size += len(values[i]) + len(values[i+1])
		if size > pieceSize {
			if err := b.out.values(key, kind, values[from:i+2]); err != nil {
				return err
			}
			from, size = i+2, 0
		}
	}
	return b.out.values(key, kind, values[from:])
}

func (b *backup) copyString(ctx context.Context, key string) error {
	for from := int64(0); ; from += pieceSize {
		part, err := b.Redis.GetRange(ctx, tag+key, from, from+pieceSize-1).Result()
		if err != nil {
			return fmt.Errorf("backup of %s: %w", key, err)
		}
		if part == "" && from > 0 {
			return nil
		}
		if err := b.out.values(key, "string", []string{part}); err != nil {
			return err
		}
		if len(part) < pieceSize {
			return nil
		}
	}
}

func (b *backup) copyList(ctx context.Context, key string) error {
	for from := int64(0); ; from += pieces {
		part, err := b.Redis.LRange(ctx, tag+key, from, from+pieces-1).Result()
		if err != nil {
			return fmt.Errorf("backup of %s: %w", key, err)
		}
		if err := b.out.values(key, "list", part); err != nil {
			return err
		}
		if len(part) < pieces {
			return nil
		}
	}
}

func (b *backup) copyAudit(ctx context.Context, at Position, step func(int)) error {
	for after := int64(0); after < at.Seq; {
		entries, err := b.Audit(ctx, after, pieces)
		if err != nil {
			return err
		}
		if len(entries) == 0 {
			return fmt.Errorf("backup: the audit stream ends at entry %d and the ledger at %d", after, at.Seq)
		}
		before := after
		for _, e := range entries {
			if e.Seq > at.Seq {
				break
			}
			if err := b.out.entry(e); err != nil {
				return err
			}
			b.sum.Entries++
			after = e.Seq
		}
		if after == before {
			return fmt.Errorf("backup: the audit stream has no entry %d, at which the ledger stood", at.Seq)
		}
		step(int(after - before))
	}
	return nil
}
