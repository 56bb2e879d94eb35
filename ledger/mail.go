package ledger

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// How much of the mail of one case is kept: the newest of them, and of each no more text than a person reads on a screen.
const (
	MailsKept = 20
	MailBytes = 8 << 10
)

// A Mail is what a case keeps of a mail that came: its plain text, as far as it is kept. A mail program's quotes are in it;
// who shows it folds them.
type Mail struct {
	ID      string    `json:"id"` // as in the entry that came from it
	At      time.Time `json:"at"` // when it came
	From    string    `json:"from"`
	Subject string    `json:"subject"`
	Text    string    `json:"text"`
	Cut     bool      `json:"cut,omitempty"` // there was more
}

// KeepMail keeps the text of a mail beside a donor's case. It is safe to repeat; of more than MailsKept the oldest go.
func (l *Ledger) KeepMail(ctx context.Context, campaign, donor string, m Mail) error {
	m.From, m.Subject = oneLine(strings.ToValidUTF8(m.From, "\uFFFD")), oneLine(strings.ToValidUTF8(m.Subject, "\uFFFD"))
	for _, s := range []*string{&m.From, &m.Subject} {
		*s, _ = cut(*s, 300)
	}
	text, short := cut(strings.ToValidUTF8(m.Text, "\uFFFD"), MailBytes)
	m.At, m.Text, m.Cut = m.At.UTC(), text, m.Cut || short
	b, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("mail in case %s/%s: %w", campaign, donor, err)
	}
	_, err = l.number(ctx, "keepmail", []string{mailsKey(campaign, donor)}, m.ID, fmt.Sprintf("%013d|%s", max(0, ms(m.At)), b), MailsKept)
	return err
}

// cut shortens a text to a number of bytes, between characters.
func cut(s string, most int) (string, bool) {
	if len(s) <= most {
		return s, false
	}
	for most > 0 && !utf8.RuneStart(s[most]) {
		most--
	}
	return s[:most], true
}

// Mails reads what is kept of a case's mail, the oldest first.
func (l *Ledger) Mails(ctx context.Context, campaign, donor string) ([]Mail, error) {
	all, err := l.Redis.HGetAll(ctx, mailsKey(campaign, donor)).Result()
	if err != nil {
		return nil, fmt.Errorf("mail in case %s/%s: %w", campaign, donor, err)
	}
	var out []Mail
	for id, v := range all {
		_, text, _ := strings.Cut(v, "|")
		var m Mail
		if err := json.Unmarshal([]byte(text), &m); err != nil {
			return nil, fmt.Errorf("mail %s in case %s/%s: %w", id, campaign, donor, err)
		}
		out = append(out, m)
	}
	slices.SortFunc(out, func(x, y Mail) int { return cmp.Or(x.At.Compare(y.At), strings.Compare(x.ID, y.ID)) })
	return out, nil
}
