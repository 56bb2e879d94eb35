package console

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/redis/go-redis/v9"

	"outreach.example/ledger"
)

// linkLife is how long a link by which somebody chooses a password can be used, once.
const linkLife = 24 * time.Hour

// A link's token is kept as its hash only.
func linkHash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

func firstKey() string { return ledger.ConsoleKey("first") }

// First is the path of a link by which the first person makes themselves admin; "" where there are people already. A newer
// one takes the place of the one before.
func First(ctx context.Context, l *ledger.Ledger) (string, error) {
	people, err := l.People(ctx)
	if err != nil || len(people) > 0 {
		return "", err
	}
	token := random()
	return "/welcome/" + token, l.Redis.Set(ctx, firstKey(), linkHash(token), linkLife).Err()
}

// Invite gives a person who is about to be written a link by which they choose a password; it returns its path.
func Invite(p *ledger.Account, now time.Time) string {
	token := random()
	p.Link, p.LinkEnds = linkHash(token), now.Add(linkLife).UTC()
	return "/welcome/" + token
}

// CheckName says what is wrong with a name that decisions shall be kept under, "" for nothing.
func CheckName(name string) string {
	switch {
	case name == "":
		return "Write a name"
	case !utf8.ValidString(name) || strings.ContainsFunc(name, isControl) || strings.ContainsAny(name, "()|/\\"):
		return "A name has no brackets, bars, slashes or control characters"
	case len(name) > 80:
		return "A name has at most 80 characters"
	case ledger.PersonKey(name) == "." || ledger.PersonKey(name) == "..":
		return "A name has letters"
	}
	return ""
}

// welcomeForm is where a person chooses a password, and the first one a name.
type welcomeForm struct {
	frame
	First bool
	Name  string
	Path  string
}

// invited is whom a link is for: first, the first person of all; or somebody who was added.
func (c *Console) invited(v *visit) (p ledger.Account, first bool, err error) {
	hash := linkHash(v.r.PathValue("token"))
	people, err := c.Ledger.People(v.ctx)
	if err != nil {
		return p, false, err
	}
	for _, p := range people {
		if p.Link == hash && v.Now().Before(p.LinkEnds) {
			return p, false, nil
		}
	}
	kept, err := c.Ledger.Redis.Get(v.ctx, firstKey()).Result()
	if err != nil && err != redis.Nil {
		return p, false, err
	}
	if kept != hash || len(people) > 0 {
		return p, false, refused("link")
	}
	return p, true, nil
}

func (c *Console) welcome(v *visit) error {
	p, first, err := c.invited(v)
	if err != nil {
		return err
	}
	return v.show("welcome.html", welcomeForm{frame: v.frame("Welcome"), First: first, Name: p.Name, Path: v.r.URL.Path})
}

func (c *Console) chosen(v *visit) error {
	if err := v.parse(); err != nil {
		return err
	}
	p, first, err := c.invited(v)
	if err != nil {
		return err
	}
	form := &problems{}
	if first {
		p = ledger.Account{Name: strings.Join(strings.Fields(v.value("name")), " "), Roles: []string{"admin"}, Added: v.Now().UTC()}
		p.By = p.Name
		if why := CheckName(p.Name); why != "" {
			form.add("name", why)
		}
	}
	password := v.chosenPassword(form, p.Name)
	if !form.none() {
		page := welcomeForm{frame: v.frame("Welcome"), First: first, Name: p.Name, Path: v.r.URL.Path}
		page.problems = form
		return v.showAs(http.StatusUnprocessableEntity, "welcome.html", page)
	}
	p.Link, p.LinkEnds = "", time.Time{}
	p.Round++
	if first {
		// Whoever takes the link away may use it: two at once are not both the first.
		if n, err := c.Ledger.Redis.Del(v.ctx, firstKey()).Result(); err != nil || n == 0 {
			if err != nil {
				return err
			}
			return refused("link")
		}
		if err := c.hashing.do(v.ctx, func() { p.Password = HashPassword(password) }); err != nil {
			return err
		}
		if _, err := c.Ledger.AddPerson(v.ctx, p.Name+" (console)", p); err != nil {
			return err
		}
	} else if err := c.setPassword(v.ctx, p.Name+" (console)", "password chosen", &p, password); err != nil {
		return err
	}
	if err := c.enter(v.ctx, p); err != nil {
		return err
	}
	said := "Welcome, " + p.Name + "."
	if first {
		said += " You are admin: add the people who work here on this page, and give yourself the roles you need."
		return v.to("/people", said)
	}
	return v.to("/", said)
}
