package console

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"outreach.example/ledger"
)

// A second factor is six digits that an app on somebody's phone shows for half a minute (RFC 6238, with the values that every
// app knows: SHA-1, six digits, 30 seconds). Who has set one up signs in with a password and a code.
const (
	codeStep   = 30 // seconds
	codeDigits = 1_000_000
	secretKey  = "secret" // of the session: one that is being set up and not confirmed
)

var codeText = base32.StdEncoding.WithPadding(base32.NoPadding)

func newSecret() string {
	b := make([]byte, 20) // as long as the hash (RFC 4226 4)
	_, _ = rand.Read(b)   // never fails (crypto/rand)
	return codeText.EncodeToString(b)
}

// codeAt is the code of a time step (RFC 4226 5.3).
func codeAt(secret []byte, step int64) string {
	h := hmac.New(sha1.New, secret)
	_ = binary.Write(h, binary.BigEndian, step) // a hash takes all
	sum := h.Sum(nil)
	n := binary.BigEndian.Uint32(sum[sum[19]&0xf:]) & 0x7fffffff
	return fmt.Sprintf("%06d", n%codeDigits)
}

// goodCode says whether a code is that of this moment, or of the one before or after, and was not used before.
func (c *Console) goodCode(ctx context.Context, name, secret, code string) (bool, error) {
	key, err := codeText.DecodeString(secret)
	if err != nil {
		return false, fmt.Errorf("second factor of %s: %w", name, err)
	}
	code = strings.ReplaceAll(code, " ", "")
	now := c.Now().Unix() / codeStep
	good := int64(-1)
	for step := now - 1; step <= now+1; step++ {
		if subtle.ConstantTimeCompare([]byte(codeAt(key, step)), []byte(code)) == 1 {
			good = step
		}
	}
	if good < 0 {
		return false, nil
	}
	used := ledger.ConsoleKey(fmt.Sprintf("code:%s:%d", ledger.PersonKey(name), good))
	return c.Ledger.Redis.SetNX(ctx, used, "1", 4*codeStep*time.Second).Result()
}

// codeForm is where a person sets up a second factor.
type codeForm struct {
	frame
	Secret, Link string
}

func (v *visit) codeForm(status int, form *problems, secret string) error {
	page := codeForm{frame: v.frame("Second factor", link{"Your account", "/account"}), Secret: spaced(secret)}
	page.problems = form
	q := url.Values{"secret": {secret}, "issuer": {"Outreach"}}
	page.Link = "otpauth://totp/" + url.PathEscape("Outreach:"+v.Person.Name) + "?" + q.Encode()
	return v.showAs(status, "code.html", page)
}

// spaced is a secret as people type it.
func spaced(s string) string {
	var parts []string
	for len(s) > 4 {
		parts, s = append(parts, s[:4]), s[4:]
	}
	return strings.Join(append(parts, s), " ")
}

// changeCode sets a second factor up, in two steps, or takes it away. Each wants the password again.
func (c *Console) changeCode(v *visit) error {
	form := &problems{}
	if _, err := v.sure(form); err != nil {
		return err
	}
	if !form.none() {
		page := accountForm{v.frame("Your account")}
		page.problems = form
		return v.showAs(http.StatusUnprocessableEntity, "account.html", page)
	}
	p := v.Person
	switch v.value("do") {
	case "begin":
		secret := newSecret()
		c.sessions.Put(v.ctx, secretKey, secret)
		return v.codeForm(http.StatusOK, nil, secret)
	case "confirm":
		secret := c.sessions.GetString(v.ctx, secretKey)
		if secret == "" {
			return refused("stale")
		}
		good, err := c.goodCode(v.ctx, p.Name, secret, v.value("code"))
		if err != nil {
			return err
		}
		if !good {
			form.add("code", "That is not the code of this moment")
			return v.codeForm(http.StatusUnprocessableEntity, form, secret)
		}
		c.sessions.Remove(v.ctx, secretKey)
		p.Secret = secret
		if _, err := c.Ledger.ChangePerson(v.ctx, v.who(), "second factor set up", p, ""); err != nil {
			return err
		}
		return v.to("/account", "From now on you sign in with your password and a code.")
	case "remove":
		p.Secret = ""
		if _, err := c.Ledger.ChangePerson(v.ctx, v.who(), "second factor removed", p, ""); err != nil {
			return err
		}
		return v.to("/account", "From now on you sign in with your password alone.")
	}
	return refused("unread")
}
