package ledger

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"
)

// An Account is somebody who may sign in to the console. Stored as roles|JSON: fields may be added, never renamed. What the
// roles allow is for the console to say.
type Account struct {
	Name     string    `json:"name"` // the one that decisions are kept under, as they wrote it
	Roles    []string  `json:"-"`
	Password string    `json:"password,omitempty"` // its hash; "" before they chose one
	Round    int       `json:"round"`              // raised to end everything they are signed in to
	Link     string    `json:"link,omitempty"`     // hash of a link by which they choose a password, once
	LinkEnds time.Time `json:"link_ends,omitzero"`
	Secret   string    `json:"secret,omitempty"` // of their second factor (RFC 6238), in base32; "" for none
	Added    time.Time `json:"added"`
	By       string    `json:"by"`
	Tokens   []Token   `json:"tokens,omitempty"` // by which programs act in the person's name

	stored string
}

// A Token lets a program act in a person's name, as some of their roles. What it says is kept as its hash.
type Token struct {
	Name  string    `json:"name"` // what it is for; the audit shows it behind the person's
	Hash  string    `json:"hash"`
	Roles []string  `json:"roles"`
	Ends  time.Time `json:"ends"`
	Added time.Time `json:"added"`
	By    string    `json:"by"`
}

// PersonKey is what a name is found by: nobody has the same name in other letter case, spacing or
// composition of its accents.
func PersonKey(name string) string {
	return norm.NFC.String(strings.ToLower(strings.Join(strings.Fields(name), " ")))
}

// SamePerson says whether two names that decisions are kept under, "name (account)", are one person's: whatever the machine
// they sit at.
func SamePerson(a, b string) bool { return PersonKey(NameOf(a)) == PersonKey(NameOf(b)) }

func (p Account) store() (string, error) {
	b, err := json.Marshal(p)
	return strings.Join(p.Roles, ",") + "|" + string(b), err
}

func readPerson(v string) (Account, error) {
	roles, rest, ok := strings.Cut(v, "|")
	p := Account{stored: v}
	if !ok {
		return p, fmt.Errorf("people: an entry has no roles")
	}
	if err := json.Unmarshal([]byte(rest), &p); err != nil {
		return p, fmt.Errorf("people: %w", err)
	}
	if roles != "" {
		p.Roles = strings.Split(roles, ",")
	}
	return p, nil
}

// Person reads one person by name; ok is false where there is none.
func (l *Ledger) Person(ctx context.Context, name string) (p Account, ok bool, err error) {
	v, err := l.Redis.HGet(ctx, peopleKey(), PersonKey(name)).Result()
	if isNil(err) {
		return p, false, nil
	}
	if err != nil {
		return p, false, fmt.Errorf("people: %w", err)
	}
	p, err = readPerson(v)
	return p, err == nil, err
}

// People lists everybody who may sign in, by name.
func (l *Ledger) People(ctx context.Context) ([]Account, error) {
	all, err := l.Redis.HVals(ctx, peopleKey()).Result()
	if err != nil {
		return nil, fmt.Errorf("people: %w", err)
	}
	out := make([]Account, 0, len(all))
	for _, v := range all {
		p, err := readPerson(v)
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b Account) int { return strings.Compare(PersonKey(a.Name), PersonKey(b.Name)) })
	return out, nil
}

// AddPerson lets somebody sign in. A name that is taken is refused.
func (l *Ledger) AddPerson(ctx context.Context, who string, p Account) (again bool, err error) {
	return l.person(ctx, who, "person added", Account{Name: p.Name}, p, rolesOf(p))
}

// ChangePerson writes a person as they are now over what was read; note is what the audit says of it, and never a secret.
func (l *Ledger) ChangePerson(ctx context.Context, who, what string, p Account, note string) (again bool, err error) {
	return l.person(ctx, who, what, p, p, note)
}

// RemovePerson lets somebody sign in no longer.
func (l *Ledger) RemovePerson(ctx context.Context, who string, p Account) (again bool, err error) {
	return l.person(ctx, who, "person removed", p, Account{}, rolesOf(p))
}

func rolesOf(p Account) string { return strings.Join(p.Roles, ", ") }

func (l *Ledger) person(ctx context.Context, who, what string, before, after Account, note string) (bool, error) {
	value := ""
	if after.Name != "" {
		var err error
		if value, err = after.store(); err != nil {
			return false, err
		}
	}
	body := before.Name
	if note != "" {
		body += "\n" + note
	}
	got, err := l.text(ctx, "person", []string{metaKey(), auditKey(), peopleKey()}, who, what, PersonKey(before.Name), before.stored, value, body)
	if err != nil {
		return false, err
	}
	switch got {
	case "changed":
		if before.stored == "" {
			return false, Refusal(fmt.Sprintf("there is somebody called %s already; choose a name that tells them apart", before.Name))
		}
		return false, Refusal(fmt.Sprintf("%s was changed by somebody else meanwhile; look again", before.Name))
	case "last":
		return false, Refusal(fmt.Sprintf("%s is the only admin; make somebody else admin first", before.Name))
	}
	return got == "again", nil
}
