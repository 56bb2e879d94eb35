package letter

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
)

// A TokenKind is what a token is for: one for mail that comes back opts nobody out.
type TokenKind byte

// The kinds of tokens.
const (
	ReturnToken TokenKind = 1 // in the return path
	OptOutToken TokenKind = 2 // in List-Unsubscribe
)

// A Token names a letter in an address or a link without saying whom it went to: it holds no address and no name of a
// person. It is signed, so that nobody can bounce or unsubscribe a letter of which they know the id only.
//
// Its bytes are: form and kind (1), what names the campaign (4) and the step (3), the generation (a varint), the donor
// (its id, or where that is longer than wholeDonor a zero byte and 8 that name it), and the signature (10, of
// HMAC-SHA-256 over the rest, RFC 2104 5). They are written in base32 without padding, because a mail system may change
// the case of what stands before the @.
type Token struct {
	Kind       TokenKind
	Generation int

	campaign [4]byte
	step     [3]byte
	donor    string // the id, "" where it is too long
	long     [8]byte
}

const (
	tokenForm     = 1 << 4 // the upper half of the first byte
	tokenSigned   = "outreach token 1"
	signature     = 10
	wholeDonor    = 9
	maxGeneration = 1<<14 - 1 // two bytes of a varint

	tokenBytes = 1 + 4 + 3 + 2 + wholeDonor + signature

	// TokenLength is the most characters that a token has.
	TokenLength = (tokenBytes*8 + 4) / 5

	// ReturnLocal is how long the part of a return path before the @ may be with room left for "+" and a token: 64 octets in
	// all are allowed (RFC 5321 4.5.3.1.1).
	ReturnLocal = 64 - 1 - TokenLength
)

// minTokenKey is the fewest characters of a key: fewer can be guessed.
const minTokenKey = 32

// TokenKeys sign with the first and read with every one, so that a key can be followed by another while letters that
// carry the older one may still come back.
type TokenKeys [][]byte

// ParseTokenKeys reads a key a line, the newest first. Empty lines and those that begin with # say nothing.
func ParseTokenKeys(text string) (TokenKeys, error) {
	var keys TokenKeys
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || line[0] == '#':
		case len(line) < minTokenKey:
			return nil, fmt.Errorf("key %d has %d characters, and fewer than %d can be guessed; make one with: openssl rand -hex 32", len(keys)+1, len(line), minTokenKey)
		default:
			keys = append(keys, []byte(line))
		}
	}
	if len(keys) == 0 {
		return nil, errors.New("there is no key; make one with: openssl rand -hex 32")
	}
	return keys, nil
}

var tokenText = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// Token is the token of a letter's generation.
func (k TokenKeys) Token(kind TokenKind, id ID, generation int) (string, error) {
	if len(k) == 0 {
		return "", errors.New("no key signs tokens")
	}
	if generation < 0 || generation > maxGeneration {
		return "", fmt.Errorf("generation %d cannot be named in a token", generation)
	}
	t := tokenOf(id)
	b := make([]byte, 0, tokenBytes)
	b = append(b, tokenForm|byte(kind))
	b = append(b, t.campaign[:]...)
	b = append(b, t.step[:]...)
	b = binary.AppendUvarint(b, uint64(generation))
	if t.donor != "" {
		b = append(b, t.donor...)
	} else {
		b = append(append(b, 0), t.long[:]...)
	}
	return tokenText.EncodeToString(append(b, sign(k[0], b)...)), nil
}

// sign is the signature over the bytes before it.
func sign(key, b []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(tokenSigned))
	h.Write(b)
	return h.Sum(nil)[:signature]
}

// tokenOf is what a token says of a letter.
func tokenOf(id ID) (t Token) {
	campaign, step := sha256.Sum256([]byte(id.Campaign)), sha256.Sum256([]byte(id.Step))
	copy(t.campaign[:], campaign[:])
	copy(t.step[:], step[:])
	if n := len(id.Donor); n > 0 && n <= wholeDonor && id.Donor[0] != 0 {
		t.donor = id.Donor
	} else {
		long := sha256.Sum256([]byte(id.Donor))
		copy(t.long[:], long[:])
	}
	return t
}

// ErrToken is the answer to every token that is not one of ours: whoever tries one learns nothing from it.
var ErrToken = errors.New("not a token that was signed here")

// Read reads a token of a kind and checks its signature, in any case of its letters.
func (k TokenKeys) Read(kind TokenKind, s string) (Token, error) {
	if len(s) > TokenLength {
		return Token{}, ErrToken
	}
	b, err := tokenText.DecodeString(strings.ToLower(s))
	if err != nil || len(b) < 1+4+3+1+1+signature || b[0] != tokenForm|byte(kind) {
		return Token{}, ErrToken
	}
	// Two spellings of one token, which differ in bits that carry nothing, would be two to whoever counts them.
	if tokenText.EncodeToString(b) != strings.ToLower(s) {
		return Token{}, ErrToken
	}
	said, signed := b[:len(b)-signature], b[len(b)-signature:]
	ours := false
	for _, key := range k {
		ours = hmac.Equal(signed, sign(key, said)) || ours
	}
	if !ours {
		return Token{}, ErrToken
	}
	t := Token{Kind: kind}
	copy(t.campaign[:], said[1:])
	copy(t.step[:], said[5:])
	generation, n := binary.Uvarint(said[8:])
	if n <= 0 || generation > maxGeneration {
		return Token{}, ErrToken
	}
	t.Generation = int(generation)
	switch donor := said[8+n:]; {
	case len(donor) == 1+len(t.long) && donor[0] == 0:
		copy(t.long[:], donor[1:])
	case len(donor) == 0 || len(donor) > wholeDonor || donor[0] == 0:
		return Token{}, ErrToken
	default:
		t.donor = string(donor)
	}
	return t, nil
}

// Donor is the donor's id; ok is false where it was too long to be written, and Names finds it among those there are.
func (t Token) Donor() (id string, ok bool) { return t.donor, t.donor != "" }

// OfCampaign says whether the token is of a campaign.
func (t Token) OfCampaign(name string) bool {
	return t.campaign == tokenOf(ID{Campaign: name}).campaign
}

// OfStep says whether the token is of a step.
func (t Token) OfStep(name string) bool { return t.step == tokenOf(ID{Step: name}).step }

// Names says whether a letter is the one that the token names.
func (t Token) Names(id ID) bool {
	of := tokenOf(id)
	of.Kind, of.Generation = t.Kind, t.Generation
	return of == t
}

// ReturnPath is a return path that carries a token: local+TOKEN@domain (RFC 5233).
func ReturnPath(address, token string) (string, error) {
	local, domain, ok := cutAddress(address)
	if !ok {
		return "", fmt.Errorf("%s is not an address (expected name@domain)", shown(address))
	}
	if len(local) > ReturnLocal {
		return "", fmt.Errorf("%s has %d characters before the @, and a signed return path leaves room for %d: give a shorter return_path", shown(address), len(local), ReturnLocal)
	}
	return local + "+" + token + "@" + domain, nil
}

// SplitReturnPath takes the token out of an address that mail came back to.
func SplitReturnPath(address string) (plain, token string, ok bool) {
	local, domain, ok := cutAddress(address)
	if !ok {
		return "", "", false
	}
	i := strings.LastIndexByte(local, '+')
	if i < 1 || i == len(local)-1 {
		return "", "", false
	}
	return local[:i] + "@" + domain, local[i+1:], true
}

func cutAddress(address string) (local, domain string, ok bool) {
	i := strings.LastIndexByte(address, '@')
	if i < 1 || i == len(address)-1 {
		return "", "", false
	}
	return address[:i], address[i+1:], true
}

// LooksLikeToken says whether a text has the form of a token of a kind. Whether it was signed here says Read.
func LooksLikeToken(kind TokenKind, s string) bool {
	if len(s) > TokenLength {
		return false
	}
	b, err := tokenText.DecodeString(strings.ToLower(s))
	return err == nil && len(b) >= 1+4+3+1+1+signature && b[0] == tokenForm|byte(kind)
}
