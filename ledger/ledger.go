// Package ledger owns everything in Redis that is truth: keys, scripts, the transitions of letters, cases, holds,
// suppression and the audit stream. What comes next is for others to decide; a ledger only says what may happen.
package ledger

import (
	"context"
	"crypto/rand"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"outreach.example/letter"
)

// Schema is the number of the stored form. A program refuses a ledger with a higher one, and raises a lower one when it opens
// it: from 2 on a case may be paused or moved, which an older program would not see.
const Schema = 2

//go:embed scripts/*.lua
var files embed.FS

// sources holds every script by name, each with lib.lua before it.
var sources = func() map[string]string {
	lib, err := files.ReadFile("scripts/lib.lua")
	if err != nil {
		panic(err)
	}
	entries, err := files.ReadDir("scripts")
	if err != nil {
		panic(err)
	}
	m := map[string]string{}
	for _, e := range entries {
		name := strings.TrimSuffix(e.Name(), ".lua")
		if name == "lib" {
			continue
		}
		body, err := files.ReadFile("scripts/" + e.Name())
		if err != nil {
			panic(err)
		}
		m[name] = string(lib) + "\n" + string(body)
	}
	return m
}()

// scripts are the sources with their hashes.
var scripts = func() map[string]*redis.Script {
	m := map[string]*redis.Script{}
	for name, source := range sources {
		m[name] = redis.NewScript(source)
	}
	return m
}()

// A Ledger speaks to one Redis node (and its replicas). Its client must have MaxRetries -1: a repeated command would
// hide a lost reply. Every call is safe to repeat with the same arguments.
type Ledger struct {
	Redis    redis.UniversalClient
	Patience Patience // that of real work when zero

	replicas replicas

	begins  gather[Begin, begun]
	settles gather[Settlement, string]
}

// Patience is how long the ledger lets others take.
type Patience struct {
	Answer time.Duration // AnswerIn in real work
	Rewake time.Duration // Rewake in real work
}

func (l *Ledger) patience() Patience {
	if l.Patience == (Patience{}) {
		return Patience{Answer: AnswerIn, Rewake: Rewake}
	}
	return l.Patience
}

// New makes a ledger on a client.
func New(rdb redis.UniversalClient) *Ledger {
	l := &Ledger{Redis: rdb}
	l.begins.do, l.begins.most = l.begin, 100
	l.settles.do, l.settles.most = l.settle, 100
	return l
}

// Load puts the scripts that are missing on one new connection's server: after a failover the new node has none. It is meant
// for the client's OnConnect, which is also called for connections to sentinels: they know no scripts and need none.
func Load(ctx context.Context, conn *redis.Conn) error {
	var names, hashes []string
	for name, script := range scripts {
		names, hashes = append(names, name), append(hashes, script.Hash())
	}
	there, err := conn.ScriptExists(ctx, hashes...).Result()
	if err == nil && slices.Contains(there, false) {
		_, err = conn.Pipelined(ctx, func(p redis.Pipeliner) error {
			// Not Script.Load: inside a pipeline it takes the answer that is not there yet for the script's hash, and every
			// later call sends the whole source.
			for i, name := range names {
				if !there[i] {
					p.ScriptLoad(ctx, sources[name])
				}
			}
			return nil
		})
	}
	if redis.HasErrorPrefix(err, "unknown command") {
		return nil
	}
	return err
}

// Position is where the ledger stands: its epoch, and the number and chain hash of its last audit entry.
type Position struct {
	Epoch string
	Seq   int64
	Chain string
}

// RandomEpoch makes the name of a new epoch.
func RandomEpoch() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	return hex.EncodeToString(b[:])
}

// Open gives an empty ledger its epoch, refuses one that a newer program wrote, and says where it stands.
func (l *Ledger) Open(ctx context.Context) (Position, error) {
	got, err := l.strings(ctx, "open", []string{metaKey()}, RandomEpoch(), Schema)
	if err != nil {
		return Position{}, err
	}
	if err := known(got[1]); err != nil {
		return Position{}, err
	}
	seq, _ := strconv.ParseInt(got[2], 10, 64)
	return Position{Epoch: got[0], Seq: seq, Chain: got[3]}, nil
}

func (l *Ledger) run(ctx context.Context, name string, keys []string, args ...any) *redis.Cmd {
	return scripts[name].Run(ctx, l.Redis, keys, args...)
}

// strings runs a script that returns a list.
func (l *Ledger) strings(ctx context.Context, name string, keys []string, args ...any) ([]string, error) {
	got, err := texts(l.run(ctx, name, keys, args...))
	if err != nil {
		return nil, fmt.Errorf("ledger %s: %w", name, explain(err))
	}
	return got, nil
}

// texts reads a script's list. A missing element is "".
func texts(cmd *redis.Cmd) ([]string, error) {
	got, err := cmd.Slice()
	if err != nil {
		return nil, err
	}
	out := make([]string, len(got))
	for i, v := range got {
		switch v := v.(type) {
		case string:
			out[i] = v
		case int64:
			out[i] = strconv.FormatInt(v, 10)
		}
	}
	return out, nil
}

func (l *Ledger) text(ctx context.Context, name string, keys []string, args ...any) (string, error) {
	s, err := l.run(ctx, name, keys, args...).Text()
	if err != nil {
		return "", fmt.Errorf("ledger %s: %w", name, explain(err))
	}
	return s, nil
}

func (l *Ledger) number(ctx context.Context, name string, keys []string, args ...any) (int, error) {
	n, err := l.run(ctx, name, keys, args...).Int()
	if err != nil {
		return 0, fmt.Errorf("ledger %s: %w", name, explain(err))
	}
	return n, nil
}

// keyring collects the keys of a call that touches several letters, each key once, and gives their places.
type keyring struct {
	keys   []string
	place  map[string]int
	blocks map[letter.Block][]any
}

func newKeyring(fixed ...string) *keyring {
	return &keyring{keys: fixed, place: map[string]int{}, blocks: map[letter.Block][]any{}}
}

// of gives the places of the keys that the letters of a block need, which are made once however many letters a call has.
func (k *keyring) of(b letter.Block, keys func(letter.Block) []string) []any {
	places, ok := k.blocks[b]
	if !ok {
		for _, key := range keys(b) {
			places = append(places, k.at(key))
		}
		k.blocks[b] = places
	}
	return places
}

func (k *keyring) at(key string) int {
	if i, ok := k.place[key]; ok {
		return i
	}
	k.keys = append(k.keys, key)
	k.place[key] = len(k.keys)
	return len(k.keys)
}

// Words shortens what a relay or a reason says so that Redis keeps the compact encoding: at most 64 bytes of printable
// text, cut between characters.
func Words(s string) string {
	var b strings.Builder
	for _, r := range s {
		if r < ' ' || r == 0x7f || r == '\uFFFD' {
			r = ' '
		}
		if b.Len()+len(string(r)) > 64 {
			break
		}
		b.WriteRune(r)
	}
	return strings.TrimSpace(b.String())
}

func ms(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func fromMS(s string) time.Time {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n == 0 {
		return time.Time{}
	}
	return time.UnixMilli(n).UTC()
}

func splitMember(m string) (step, block string) {
	step, block, _ = strings.Cut(m, "/")
	return step, block
}

// parsePath reads a member of the busy index: campaign/step/block.
func parsePath(path string) (letter.Block, bool) {
	p := strings.SplitN(path, "/", 3)
	if len(p) != 3 {
		return letter.Block{}, false
	}
	return letter.Block{Campaign: p[0], Step: p[1], Name: p[2]}, true
}

// stateOf reads a row's letter of state.
var stateOf = map[byte]letter.State{
	'P': letter.Planned, 'C': letter.Claimed, 'G': letter.Sending, 'S': letter.Sent, 'D': letter.InDoubt,
	'R': letter.Refused, 'B': letter.Bounced, 'W': letter.Withheld, 'X': letter.Cancelled,
}

// ErrNoCampaign is returned for a name that no plan has made.
var ErrNoCampaign = errors.New("no such campaign")
