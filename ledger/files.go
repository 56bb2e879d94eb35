package ledger

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"

	"github.com/redis/go-redis/v9"

	"outreach.example/letter"
)

// whole is the field of a file that says how many bytes it has. It is written last: a file without it is not all there.
const whole = "size"

// StoreFile writes a file that goes with letters of a campaign, in pieces, by the hash of its content. What is there
// already is left as it is: editions of a campaign share their files.
func (l *Ledger) StoreFile(ctx context.Context, campaign, hash string, content []byte) error {
	if sum := sha256.Sum256(content); hex.EncodeToString(sum[:]) != hash {
		return fmt.Errorf("file %.12s of %s: its bytes have another hash, so it was changed meanwhile", hash, campaign)
	}
	key := fileKey(campaign, hash)
	there, err := l.Redis.HExists(ctx, key, whole).Result()
	if err != nil || there {
		return err
	}
	for i, rest := 0, content; len(rest) > 0; i++ {
		n := min(len(rest), letter.ChunkBytes)
		if err := l.Redis.HSet(ctx, key, strconv.Itoa(i), rest[:n]).Err(); err != nil {
			return fmt.Errorf("file %.12s of %s: %w", hash, campaign, err)
		}
		rest = rest[n:]
	}
	return l.Redis.HSet(ctx, key, whole, len(content)).Err()
}

// File reads a file as a letter carries it, and proves that it is the one of that hash. Only one piece of it is held
// beside that.
func (l *Ledger) File(ctx context.Context, campaign, hash string) ([]byte, error) {
	key := fileKey(campaign, hash)
	size, err := l.Redis.HGet(ctx, key, whole).Int()
	if errors.Is(err, redis.Nil) {
		return nil, fmt.Errorf("file %.12s of %s is not in the ledger; plan again", hash, campaign)
	}
	if err != nil {
		return nil, fmt.Errorf("file %.12s of %s: %w", hash, campaign, err)
	}
	out, sum := letter.NewEncoded(size), sha256.New()
	for i, read := 0, 0; read < size; i++ {
		piece, err := l.Redis.HGet(ctx, key, strconv.Itoa(i)).Bytes()
		if err != nil {
			return nil, fmt.Errorf("file %.12s of %s, piece %d: %w", hash, campaign, i+1, err)
		}
		read += len(piece)
		if len(piece) == 0 || read > size || len(piece) != letter.ChunkBytes && read != size {
			return nil, fmt.Errorf("file %.12s of %s, piece %d has %d bytes, so it was changed or cut", hash, campaign, i+1, len(piece))
		}
		sum.Write(piece)
		out.Add(piece)
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != hash {
		return nil, fmt.Errorf("file %.12s of %s has the hash %.12s, so it was changed or cut", hash, campaign, got)
	}
	return out.Bytes(), nil
}
