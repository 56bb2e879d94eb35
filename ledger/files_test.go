package ledger_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"outreach.example/ledger"
	"outreach.example/ledger/ledgertest"
	"outreach.example/letter"
)

func hashOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// A file comes back whole, or not at all.
func TestFile(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, rdb *redis.Client) {
		l, ctx := ledger.New(rdb), t.Context()
		for _, size := range []int{1, 57, letter.ChunkBytes, letter.ChunkBytes + 1, 3*letter.ChunkBytes - 5} {
			content := bytes.Repeat([]byte{0, 0xff, 'x', '\n', '.'}, size)[:size]
			hash := hashOf(content)
			for range 2 { // twice is once
				if err := l.StoreFile(ctx, "res", hash, content); err != nil {
					t.Fatal(err)
				}
			}
			got, err := l.File(ctx, "res", hash)
			if err != nil {
				t.Fatal(err)
			}
			for line := range bytes.Lines(got) {
				if len(line) > 78 || !bytes.HasSuffix(line, []byte("\r\n")) {
					t.Fatalf("line %q", line)
				}
			}
			plain, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(string(got), "\r\n", ""))
			if err != nil || !bytes.Equal(plain, content) || cap(got) != letter.EncodedLen(size) {
				t.Errorf("%d bytes: %d came back, %d reserved for %d, %v", size, len(plain), cap(got), len(got), err)
			}
		}
		content := bytes.Repeat([]byte("%PDF"), letter.ChunkBytes/2)
		hash := hashOf(content)
		key := "{outreach}:f:res:" + hash
		if err := l.StoreFile(ctx, "res", hash, content[1:]); err == nil || !strings.Contains(err.Error(), "changed meanwhile") {
			t.Errorf("stored under a hash that is not its own: %v", err)
		}
		if _, err := l.File(ctx, "res", hash); err == nil || !strings.Contains(err.Error(), "is not in the ledger; plan again") {
			t.Errorf("a file that is not there: %v", err)
		}
		for name, spoil := range map[string]func() error{
			"a cut piece":       func() error { return rdb.HSet(ctx, key, "0", content[:100]).Err() },
			"a changed piece":   func() error { return rdb.HSet(ctx, key, "1", bytes.Repeat([]byte("x"), letter.ChunkBytes)).Err() },
			"a lost piece":      func() error { return rdb.HDel(ctx, key, "1").Err() },
			"cut while written": func() error { return rdb.HDel(ctx, key, "size").Err() },
		} {
			rdb.Del(ctx, key)
			if err := l.StoreFile(ctx, "res", hash, content); err != nil {
				t.Fatal(err)
			}
			if err := spoil(); err != nil {
				t.Fatal(err)
			}
			if _, err := l.File(ctx, "res", hash); err == nil {
				t.Errorf("%s is read", name)
			}
		}
		// What was cut off is stored again.
		if err := l.StoreFile(ctx, "res", hash, content); err != nil {
			t.Fatal(err)
		}
	})
}
