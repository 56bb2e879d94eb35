package console

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"outreach.example/ledger"
)

// How a password is turned into its hash (Argon2id, RFC 9106): 19 MB, two passes, one lane. The hash says so itself, so
// that these may be raised and older hashes still be read.
const (
	hashMemory  = 19 << 10 // kB
	hashPasses  = 2
	hashLanes   = 1
	hashLength  = 32
	saltLength  = 16
	mostHashing = 2 // at once: each wants its memory, and there are strangers at the door
)

// Bounds of a password. Long ones are the good ones; beyond the most it is no password but somebody's attempt to keep us busy.
const (
	leastPassword   = 12
	mostPassword    = 200
	hashMemoryMost  = 1 << 20 // kB that a stored hash may ask for
	hashPassesMost  = 16
	hashLengthLeast = 16
)

// hashing lets few passwords be hashed at once.
type hashing chan struct{}

func newHashing() hashing { return make(hashing, mostHashing) }

func (h hashing) do(ctx context.Context, work func()) error {
	select {
	case h <- struct{}{}:
		defer func() { <-h }()
		work()
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// HashPassword is what is kept of a password: $argon2id$v=19$m=..,t=..,p=..$SALT$HASH.
func HashPassword(password string) string {
	salt := make([]byte, saltLength)
	_, _ = rand.Read(salt) // never fails (crypto/rand)
	sum := argon2.IDKey([]byte(password), salt, hashPasses, hashMemory, hashLanes, hashLength)
	return written(salt, sum)
}

func written(salt, sum []byte) string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, hashMemory, hashPasses, hashLanes, b64.EncodeToString(salt), b64.EncodeToString(sum))
}

var errHash = errors.New("a stored password cannot be read")

// samePassword says whether a password is the one of which this is the hash.
func samePassword(hash, password string) (bool, error) {
	part := strings.Split(hash, "$")
	var version, memory, passes, lanes int
	if len(part) != 6 || part[1] != "argon2id" {
		return false, errHash
	}
	if _, err := fmt.Sscanf(part[2], "v=%d", &version); err != nil || version != argon2.Version {
		return false, errHash
	}
	if _, err := fmt.Sscanf(part[3], "m=%d,t=%d,p=%d", &memory, &passes, &lanes); err != nil ||
		memory < 8 || memory > hashMemoryMost || passes < 1 || passes > hashPassesMost || lanes < 1 || lanes > 255 {
		return false, errHash
	}
	salt, err := base64.RawStdEncoding.DecodeString(part[4])
	if err != nil {
		return false, errHash
	}
	want, err := base64.RawStdEncoding.DecodeString(part[5])
	if err != nil || len(want) < hashLengthLeast {
		return false, errHash
	}
	got := argon2.IDKey([]byte(password), salt, uint32(passes), uint32(memory), uint8(lanes), uint32(len(want)))
	return subtle.ConstantTimeCompare(got, want) == 1, nil
}

// nobody is the hash that a password is compared with when nobody has the name, so that the answer takes as long. It is of no
// password: one would have to be hashed, with all the memory that takes, by every process that never sees a sign-in.
var nobody = written([]byte(rand.Text())[:saltLength], []byte(rand.Text() + rand.Text())[:hashLength])

// random is 256 bits that nobody can guess, as they stand in a link.
func random() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	return base64.RawURLEncoding.EncodeToString(b)
}

// CheckPassword says what is wrong with a password that somebody chooses. There are no rules of composition: length is what
// counts, and that it cannot be guessed at once.
func CheckPassword(name, password string) error {
	switch n := utf8.RuneCountInString(password); {
	case !utf8.ValidString(password):
		return errors.New("the password holds bytes that are no text")
	case n < leastPassword:
		return fmt.Errorf("the password has %d characters; choose at least %d, for example four words that do not belong together", n, leastPassword)
	case len(password) > mostPassword:
		return fmt.Errorf("the password is longer than %d bytes; a shorter one is as safe", mostPassword)
	}
	if why := guessable(ledger.PersonKey(name), strings.ToLower(password)); why != "" {
		return fmt.Errorf("the password can be guessed: %s; choose for example four words that do not belong together", why)
	}
	return nil
}

// common are the beginnings of passwords that are tried first.
var common = []string{
	"password", "passw0rd", "p@ssword", "motdepasse", "contrasena", "contraseña", "letmein", "welcome", "bienvenue", "bienvenido",
	"qwerty", "azerty", "qwertz", "asdfgh", "zxcvbn", "1q2w3e", "1qaz2wsx", "iloveyou", "administrator", "admin", "changeme",
	"trustno1", "football", "outreach", "resilience", "migration", "geneva", "geneve", "genève", "unitednations",
	"correcthorsebatterystaple",
}

// guessable says why a password is among the first that somebody would try, "" where it is not.
func guessable(name, password string) string {
	plain := strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.IsPunct(r) || unicode.IsSymbol(r) {
			return -1
		}
		return r
	}, password)
	letters := strings.TrimFunc(plain, unicode.IsDigit)
	for _, word := range common {
		if rest := strings.ReplaceAll(letters, word, ""); len(rest) < 4 && rest != letters {
			return "it is little more than " + word
		}
	}
	if short := strings.ReplaceAll(name, " ", ""); len(short) > 3 && strings.Contains(plain, short) && len(plain)-len(short) < 8 {
		return "it is little more than the name"
	}
	seen := map[rune]bool{}
	steps := 0
	var before rune
	for _, r := range plain {
		seen[r] = true
		if d := r - before; d == 1 || d == -1 || d == 0 {
			steps++
		}
		before = r
	}
	if len(seen) < 5 {
		return "it repeats few characters"
	}
	if n := utf8.RuneCountInString(plain); steps*3 > n*2 {
		return "its characters follow each other"
	}
	return ""
}
