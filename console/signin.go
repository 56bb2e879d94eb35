package console

import (
	"context"
	"net/http"
	"strings"

	"outreach.example/ledger"
)

// What a stranger is told is the same whether there is such a person or not, and takes as long.
const (
	wrong   = "The name, the password or the code is not right"
	tooMany = "Too many tries: wait a while before the next one"
)

// signInForm is the page for a stranger.
type signInForm struct {
	frame
	Name, To string
}

func (c *Console) signInPage(v *visit) error {
	if v.Person.Name != "" {
		return v.to(own(v.r.URL.Query().Get("to")), "")
	}
	return v.show("signin.html", signInForm{frame: v.frame("Sign in"), To: own(v.r.URL.Query().Get("to"))})
}

// own is where to go after signing in: a page of this console and nothing else.
func own(to string) string {
	if !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") || strings.ContainsAny(to, "\\\r\n\t") || len(to) > 500 {
		return "/"
	}
	return to
}

func (c *Console) signIn(v *visit) error {
	if err := v.parse(); err != nil {
		return err
	}
	form := &problems{}
	name, to := v.value("name"), own(v.value("to"))
	p, ok, waiting, err := v.person(name, v.r.PostFormValue("password"))
	switch {
	case err != nil:
		return err
	case waiting:
		form.add("name", tooMany)
	case ok && p.Secret != "":
		// The answer is that of a wrong password: whoever guessed the one learns nothing of it without the other.
		if ok, err = c.goodCode(v.ctx, p.Name, p.Secret, v.value("code")); err != nil {
			return err
		}
	}
	if !waiting && !ok {
		form.add("name", wrong)
	}
	if !form.none() {
		page := signInForm{frame: v.frame("Sign in"), Name: name, To: to}
		page.problems = form
		status := http.StatusUnprocessableEntity
		if waiting {
			status = http.StatusTooManyRequests
		}
		c.Log.Warn("sign-in refused", "name", clean(name), "from", c.from(v.r).String())
		return v.showAs(status, "signin.html", page)
	}
	if p.Secret != "" {
		if err := c.throttle.done(v.ctx, tryOf(name, c.from(v.r))); err != nil {
			return err
		}
	}
	if err := c.enter(v.ctx, p); err != nil {
		return err
	}
	c.Log.Info("signed in", "name", clean(p.Name), "from", c.from(v.r).String())
	return v.to(to, "")
}

// judge says whether a password is a person's.
func (v *visit) judge(name, password string) (ok, waiting bool, err error) {
	_, ok, waiting, err = v.person(name, password)
	return ok, waiting, err
}

// person is who has a name and a password. Whether there is somebody of that name makes no difference to what is done
// until the end.
func (v *visit) person(name, password string) (p ledger.Account, ok, waiting bool, err error) {
	if len(name) > 200 || len(password) > mostPassword {
		name, password = "", "" // hashing a book is no way to keep others waiting
	}
	a := tryOf(name, v.from(v.r))
	free, err := v.throttle.begin(v.ctx, a)
	if err != nil || !free {
		return p, false, !free && err == nil, err
	}
	p, there, err := v.Ledger.Person(v.ctx, name)
	if err != nil {
		return p, false, false, err
	}
	hash := nobody
	if there && p.Password != "" {
		hash = p.Password
	}
	if same, failed := v.same(v.ctx, hash, password); failed != nil {
		return p, false, false, failed
	} else if !same || !there || p.Password == "" {
		return ledger.Account{}, false, false, nil
	}
	if p.Secret != "" && v.Person.Name == "" {
		return p, true, false, nil // the tries are forgotten once the code is right, too
	}
	return p, true, false, v.throttle.done(v.ctx, a)
}

// same compares a password with a hash, when it is its turn.
func (c *Console) same(ctx context.Context, hash, password string) (same bool, err error) {
	if turn := c.hashing.do(ctx, func() { same, err = samePassword(hash, password) }); turn != nil {
		return false, turn
	}
	return same, err
}

func (c *Console) signOut(v *visit) error {
	if err := c.sessions.Destroy(v.ctx); err != nil {
		return err
	}
	c.Log.Info("signed out", "name", clean(v.Person.Name))
	http.Redirect(v.w, v.r, "/sign-in", http.StatusSeeOther)
	return nil
}

func (c *Console) signOutEverywhere(v *visit) error {
	p := v.Person
	p.Round++
	if _, err := c.Ledger.ChangePerson(v.ctx, v.who(), "signed out everywhere", p, ""); err != nil {
		return err
	}
	return c.signOut(v)
}

// accountForm is a person's own page.
type accountForm struct{ frame }

func (c *Console) accountPage(v *visit) error {
	return v.show("account.html", accountForm{v.frame("Your account")})
}

// changePassword takes a new password for the old one, and ends what the person is signed in to elsewhere.
func (c *Console) changePassword(v *visit) error {
	form := &problems{}
	ok, waiting, err := v.judge(v.Person.Name, v.r.PostFormValue("old"))
	switch {
	case err != nil:
		return err
	case waiting:
		form.add("old", tooMany)
	case !ok:
		form.add("old", "That is not your password")
	}
	password := v.chosenPassword(form, v.Person.Name)
	if !form.none() {
		page := accountForm{v.frame("Your account")}
		page.problems = form
		return v.showAs(http.StatusUnprocessableEntity, "account.html", page)
	}
	p := v.Person
	p.Round++
	if err := c.setPassword(v.ctx, v.who(), "password changed", &p, password); err != nil {
		return err
	}
	if err := c.enter(v.ctx, p); err != nil {
		return err
	}
	return v.to("/account", "Your password was changed. Wherever else you were signed in, you are signed out.")
}

// chosenPassword reads a password that is typed twice.
func (v *visit) chosenPassword(form *problems, name string) string {
	password := v.r.PostFormValue("new")
	if err := CheckPassword(name, password); err != nil {
		form.add("new", err.Error())
	} else if password != v.r.PostFormValue("repeat") {
		form.add("repeat", "The two passwords differ")
	}
	return password
}

func (c *Console) setPassword(ctx context.Context, who, what string, p *ledger.Account, password string) error {
	if err := c.hashing.do(ctx, func() { p.Password = HashPassword(password) }); err != nil {
		return err
	}
	_, err := c.Ledger.ChangePerson(ctx, who, what, *p, "")
	return err
}
