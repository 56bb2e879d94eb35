package ledger

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"
)

// Known says whether there is anything to remember: a ledger in which nothing has happened yet proves nothing.
func (p Position) Known() bool { return p.Epoch != "" && p.Seq > 0 }

// Name is how people name the ledger of an epoch: the first eight characters. Confirming wants it typed.
func (p Position) Name() string { return fmt.Sprintf("%.8s", p.Epoch) }

// ErrEmpty is returned where a ledger is expected and there is none, or one in which nothing ever happened.
var ErrEmpty = errors.New("the ledger is empty")

// Checked is what Check found.
type Checked struct {
	Now    Position
	Holds  bool   // the ledger holds the position that was asked for
	Frozen string // why nothing leaves, "" when letters may
}

// Check asks on a connection whether the ledger still holds a position that who remembers: the same epoch, and the same
// chain hash at that entry. A ledger that does not is frozen in the same step: letters may have left that it knows
// nothing of. ErrEmpty says that there is no ledger any more. The zero Position is held by every ledger.
func Check(ctx context.Context, conn redis.Scripter, who string, p Position) (Checked, error) {
	return check(ctx, conn, who, p, "")
}

// Freeze freezes the ledger for a reason in words. One that is frozen stays so for its first reason.
func (l *Ledger) Freeze(ctx context.Context, who, why string) (Checked, error) {
	return check(ctx, l.Redis, who, Position{}, why)
}

func check(ctx context.Context, conn redis.Scripter, who string, p Position, why string) (Checked, error) {
	got, err := scripts["freeze"].Run(ctx, conn, []string{metaKey(), auditKey()}, who, p.Epoch, p.Seq, p.Chain, why).StringSlice()
	if err != nil {
		return Checked{}, fmt.Errorf("ledger freeze: %w", err)
	}
	if got[0] == "empty" {
		return Checked{}, ErrEmpty
	}
	seq, _ := strconv.ParseInt(got[2], 10, 64)
	return Checked{Now: Position{Epoch: got[1], Seq: seq, Chain: got[3]}, Holds: got[0] == "ok", Frozen: got[4]}, nil
}

// Frozen says why nothing leaves of this ledger; "" when letters may.
func (l *Ledger) Frozen(ctx context.Context) (string, error) {
	why, err := l.Redis.HGet(ctx, metaKey(), "frozen").Result()
	if err != nil && !isNil(err) {
		return "", fmt.Errorf("ledger frozen: %w", err)
	}
	return why, nil
}

// Where says where the ledger stands without touching it; ErrEmpty where there is none. A schema that a newer program
// wrote is refused.
func (l *Ledger) Where(ctx context.Context) (Position, error) {
	got, err := l.Redis.HMGet(ctx, metaKey(), "epoch", "schema", "seq", "chain").Result()
	if err != nil {
		return Position{}, fmt.Errorf("ledger: %w", err)
	}
	text := func(i int) string { s, _ := got[i].(string); return s }
	if text(0) == "" {
		return Position{}, ErrEmpty
	}
	if err := known(text(1)); err != nil {
		return Position{}, err
	}
	seq, _ := strconv.ParseInt(text(2), 10, 64)
	return Position{Epoch: text(0), Seq: seq, Chain: text(3)}, nil
}

// Epochs are the epochs that this ledger has had, the one it has now among them: intent files of these are its own.
func (l *Ledger) Epochs(ctx context.Context) ([]string, error) {
	got, err := l.Redis.HMGet(ctx, metaKey(), "epochs", "epoch").Result()
	if err != nil {
		return nil, fmt.Errorf("epochs of the ledger: %w", err)
	}
	var out []string
	for _, v := range got {
		s, _ := v.(string)
		out = append(out, strings.Fields(s)...)
	}
	return out, nil
}

// known refuses a schema that a newer program wrote.
func known(schema string) error {
	n, err := strconv.Atoi(schema)
	if err != nil || n > Schema {
		return fmt.Errorf("the ledger has schema %q and this program knows %d: use the newer program", schema, Schema)
	}
	return nil
}
