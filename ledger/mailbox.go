package ledger

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"
)

// Silence is for how long nobody may have looked at a reply mailbox before reminders wait: an answer may lie in it.
const Silence = time.Hour

// A Mailbox is what is known of the reading of one mailbox.
type Mailbox struct {
	Name     string    `json:"name"` // as settings name it, without a password
	Replies  bool      `json:"replies"`
	At       time.Time `json:"at"`      // when it was last looked at with success, by Redis
	Validity uint32    `json:"-"`       // UIDVALIDITY (RFC 3501 2.3.1.1) that Read counts under
	Read     uint32    `json:"-"`       // every mail up to this UID has had its effects
	Trouble  string    `json:"trouble"` // why it cannot be read now, "" while it can
	Since    time.Time `json:"since,omitzero"`
}

// Silent says whether reminders wait for this mailbox.
func (m Mailbox) Silent(now time.Time) bool { return m.Replies && now.Sub(m.At) > Silence }

// storedMailbox is a mailbox as it is kept. Fields may be added.
type storedMailbox struct {
	Replies  bool   `json:"replies,omitempty"`
	At       int64  `json:"at"`
	Validity uint32 `json:"validity,omitempty"`
	Read     uint32 `json:"read,omitempty"`
	Trouble  string `json:"trouble,omitempty"`
	Since    int64  `json:"since,omitempty"`
}

// Looked notes that a mailbox was looked at, and up to where its mail was read. It comes after the effects of that mail: what
// a crash leaves out is read once more and changes nothing.
func (l *Ledger) Looked(ctx context.Context, m Mailbox) error {
	now, err := l.Now(ctx)
	if err != nil {
		return fmt.Errorf("mailbox %s: %w", m.Name, err)
	}
	b, err := json.Marshal(storedMailbox{Replies: m.Replies, At: now.UnixMilli(), Validity: m.Validity, Read: m.Read})
	if err != nil {
		return err
	}
	p := l.Redis.TxPipeline()
	p.HSet(ctx, mailboxesKey(), m.Name, b)
	if m.Replies {
		p.ZAdd(ctx, listenedKey(), redis.Z{Score: float64(now.UnixMilli()), Member: m.Name})
	} else {
		p.ZRem(ctx, listenedKey(), m.Name)
	}
	if _, err := p.Exec(ctx); err != nil {
		return fmt.Errorf("mailbox %s: %w", m.Name, err)
	}
	return nil
}

// Expect notes mailboxes that are to be read, so that reminders wait for one that nobody has ever reached. What is known of
// them stays.
func (l *Ledger) Expect(ctx context.Context, replies ...string) error {
	now, err := l.Now(ctx)
	if err != nil {
		return fmt.Errorf("mailboxes: %w", err)
	}
	p := l.Redis.TxPipeline()
	for _, name := range replies {
		p.ZAddNX(ctx, listenedKey(), redis.Z{Score: float64(now.UnixMilli()), Member: name})
		b, err := json.Marshal(storedMailbox{Replies: true, At: now.UnixMilli()})
		if err != nil {
			return err
		}
		p.HSetNX(ctx, mailboxesKey(), name, b)
	}
	if _, err := p.Exec(ctx); err != nil {
		return fmt.Errorf("mailboxes: %w", err)
	}
	return nil
}

// Unreadable notes why a mailbox cannot be read; when it was last read stays.
func (l *Ledger) Unreadable(ctx context.Context, name string, replies bool, why string) error {
	all, err := l.stored(ctx)
	if err != nil {
		return err
	}
	now, err := l.Now(ctx)
	if err != nil {
		return fmt.Errorf("mailbox %s: %w", name, err)
	}
	s := all[name]
	s.Replies = replies
	if s.Trouble == "" {
		s.Since = now.UnixMilli()
	}
	s.Trouble, _ = cut(oneLine(why), 300)
	b, err := json.Marshal(s)
	if err != nil {
		return err
	}
	if err := l.Redis.HSet(ctx, mailboxesKey(), name, b).Err(); err != nil {
		return fmt.Errorf("mailbox %s: %w", name, err)
	}
	return nil
}

// ForgetMailbox forgets a mailbox that is not read any more: no reminder waits for it. False says that none of that name is known.
func (l *Ledger) ForgetMailbox(ctx context.Context, name string) (bool, error) {
	p := l.Redis.TxPipeline()
	n := p.HDel(ctx, mailboxesKey(), name)
	p.ZRem(ctx, listenedKey(), name)
	if _, err := p.Exec(ctx); err != nil {
		return false, fmt.Errorf("mailbox %s: %w", name, err)
	}
	return n.Val() == 1, nil
}

func (l *Ledger) stored(ctx context.Context) (map[string]storedMailbox, error) {
	all, err := l.Redis.HGetAll(ctx, mailboxesKey()).Result()
	if err != nil {
		return nil, fmt.Errorf("mailboxes: %w", err)
	}
	out := make(map[string]storedMailbox, len(all))
	for name, v := range all {
		var s storedMailbox
		if err := json.Unmarshal([]byte(v), &s); err != nil {
			return nil, fmt.Errorf("mailbox %s: %w", name, err)
		}
		out[name] = s
	}
	return out, nil
}

// Mailboxes lists the mailboxes that are read, or were.
func (l *Ledger) Mailboxes(ctx context.Context) ([]Mailbox, error) {
	all, err := l.stored(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]Mailbox, 0, len(all))
	for name, s := range all {
		m := Mailbox{Name: name, Replies: s.Replies, Validity: s.Validity, Read: s.Read, Trouble: s.Trouble}
		if s.At > 0 {
			m.At = time.UnixMilli(s.At).UTC()
		}
		if s.Since > 0 {
			m.Since = time.UnixMilli(s.Since).UTC()
		}
		out = append(out, m)
	}
	slices.SortFunc(out, func(x, y Mailbox) int { return cmp.Compare(x.Name, y.Name) })
	return out, nil
}

// Silent lists the reply mailboxes that nobody has looked at for so long that reminders wait.
func (l *Ledger) Silent(ctx context.Context) ([]Mailbox, error) {
	all, err := l.Mailboxes(ctx)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	now, err := l.Now(ctx)
	if err != nil {
		return nil, fmt.Errorf("mailboxes: %w", err)
	}
	return slices.DeleteFunc(all, func(m Mailbox) bool { return !m.Silent(now) }), nil
}

// Unheard says in a sentence that nobody reads a mailbox.
func (m Mailbox) Unheard() string {
	s := fmt.Sprintf("nobody has read the reply mailbox %s since %s, so reminders wait", m.Name, m.At.Format("2 January 2006 15:04 UTC"))
	if m.Trouble != "" {
		s += ": " + m.Trouble
	}
	return s
}

// HearAlarms raises an alarm for every reply mailbox that nobody reads, and takes it back once somebody does. It says how
// many are new.
func (l *Ledger) HearAlarms(ctx context.Context, who string) (news int, err error) {
	silent, err := l.Silent(ctx)
	if err != nil {
		return 0, err
	}
	about := map[string]bool{}
	var faults []Fault
	for _, m := range silent {
		about["mailbox "+m.Name] = true
		faults = append(faults, Fault{About: "mailbox " + m.Name, Says: m.Unheard() + "; start outreach inbox, or type: outreach inbox forget " + m.Name})
	}
	alarms, err := l.Alarms(ctx)
	if err != nil {
		return 0, err
	}
	for _, a := range alarms {
		if len(a.About) > 8 && a.About[:8] == "mailbox " && !about[a.About] {
			if _, err := l.Clear(ctx, who, a.About, "it is read again, or not any more"); err != nil {
				return 0, err
			}
		}
	}
	return l.Raise(ctx, who, faults)
}
