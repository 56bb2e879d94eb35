package console

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"outreach.example/ledger"
)

// tokenMark begins every token, so that one that was lost somewhere is recognised for what it is.
const tokenMark = "outreach_"

// Bounds of a token.
const (
	mostTokens    = 20 // of a person
	TokenLife     = 90 * 24 * time.Hour
	LongTokenLife = 366 * 24 * time.Hour
)

// NewToken gives a person a token with a name, some of the person's roles and an end. What it says is shown once and kept as its hash.
func NewToken(p *ledger.Account, name string, roles []string, ends, now time.Time, by string) (says string, err error) {
	switch {
	case CheckName(name) != "":
		return "", ledger.Refusal("a token's name says what it is for, in letters, without brackets, bars, slashes or control characters: for example report")
	case len(p.Tokens) >= mostTokens:
		return "", ledger.Refusal(fmt.Sprintf("%s has %d tokens already; revoke one first", p.Name, len(p.Tokens)))
	case slices.ContainsFunc(p.Tokens, func(t ledger.Token) bool { return t.Name == name }):
		return "", ledger.Refusal(fmt.Sprintf("%s has a token called %s already; revoke it first, or choose another name", p.Name, name))
	case !ends.After(now) || ends.After(now.Add(LongTokenLife)):
		return "", ledger.Refusal("a token ends within a year: say a day from tomorrow on")
	}
	for _, r := range roles {
		if !slices.Contains(p.Roles, r) {
			return "", ledger.Refusal(fmt.Sprintf("%s is no %s, so no token of theirs can be (they are: %s)", p.Name, r, strings.Join(p.Roles, ", ")))
		}
	}
	says = tokenMark + random()
	p.Tokens = append(slices.Clone(p.Tokens), ledger.Token{Name: name, Hash: tokenHash(says), Roles: roles, Ends: ends.UTC(), Added: now.UTC(), By: by})
	return says, nil
}

// tokenHash is a plain hash: a token is as random as the hash is long, so there is nothing to guess.
func tokenHash(says string) string {
	sum := sha256.Sum256([]byte(says))
	return hex.EncodeToString(sum[:])
}

// bearer is the person in whose name a token speaks, as no more than the token's roles that are the person's still.
func (c *Console) bearer(ctx context.Context, says string) (p ledger.Account, t ledger.Token, ok bool, err error) {
	if !strings.HasPrefix(says, tokenMark) || len(says) > 200 {
		return p, t, false, nil
	}
	people, err := c.Ledger.People(ctx)
	if err != nil {
		return p, t, false, err
	}
	hash := tokenHash(says)
	for _, one := range people {
		for _, held := range one.Tokens {
			if subtle.ConstantTimeCompare([]byte(held.Hash), []byte(hash)) == 1 {
				p, t, ok = one, held, c.Now().Before(held.Ends)
			}
		}
	}
	p.Roles = slices.DeleteFunc(slices.Clone(p.Roles), func(r string) bool { return !slices.Contains(t.Roles, r) })
	return p, t, ok, nil
}
