package inbox

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"outreach.example/inbox/returned"
	"outreach.example/ledger"
	"outreach.example/letter"
)

// A Desk sorts what comes back, finds whose it is, and tells the ledger. Stop first: what may be a person's stops or pauses
// the donor's letters, and what a machine says is believed only where it proves which letter it is about.
type Desk struct {
	Ledger *ledger.Ledger
	Tokens letter.TokenKeys // that return paths are signed with; nil where they are not
	Now    func() time.Time
	Log    *slog.Logger
}

// who decides, as the ledger keeps it.
const who = "inbox"

// work is one mail on its way through the desk.
type work struct {
	desk   *Desk
	finder *finder
	mail   *returned.Mail
	match  match
	out    ledger.Sorted
	later  bool // its letter is not where the mail says it is yet: it is read once more
}

// take sorts a mail and does what follows. later says that it is to be read once more.
func (d *Desk) take(ctx context.Context, f *finder, mailbox string, b []byte, cut bool) (kind ledger.Finding, later bool, err error) {
	w := &work{desk: d, finder: f, mail: returned.Sort(b, cut)}
	if w.match, err = f.match(ctx, d.Tokens, w.mail); err != nil {
		return "", false, err
	}
	w.out = d.sorted(w.mail, mailbox)
	w.out.Found = w.match.describe()
	w.out.Donor = w.match.donor()
	if len(w.match.donors) > 1 {
		w.out.Donors = w.match.donors[:min(len(w.match.donors), mostNamed)]
	}
	if w.match.campaign != nil {
		w.out.Letter = w.match.letter.String()
	}
	if err := w.act(ctx); err != nil {
		return "", false, err
	}
	if w.out.Donor == "" || w.out.Quarantine != "" || w.out.Kind == string(returned.Unclear) {
		w.out.Text = whole(w.mail)
	}
	if err := d.Ledger.NoteSorted(ctx, []ledger.Sorted{w.out}); err != nil {
		return "", false, err
	}
	d.Log.Info("mail", "mail", w.out.ID, "kind", w.out.Kind, "donor", w.out.Donor, "letter", w.out.Letter, "why", w.out.Why[0])
	return ledger.Finding(w.out.Kind), w.later, nil
}

func (d *Desk) sorted(m *returned.Mail, mailbox string) ledger.Sorted {
	return ledger.Sorted{
		ID: m.ID, Mailbox: mailbox, From: m.From, Subject: m.Subject, Date: m.Date, Kind: string(m.Kind), Why: m.Reasons, Quarantine: m.Quarantine,
	}
}

// whole is a mail's text as a case keeps it: what is quoted is marked line by line, so that it can be folded.
func whole(m *returned.Mail) string {
	var w strings.Builder
	w.WriteString(m.Text)
	for i, f := range m.Files {
		if i == 0 {
			w.WriteString("\n")
		}
		w.WriteString("\n[attached: " + f + "]")
	}
	if m.Quote != "" {
		w.WriteString("\n")
	}
	for l := range strings.SplitSeq(m.Quote, "\n") {
		if m.Quote == "" {
			break
		}
		if !strings.HasPrefix(l, ">") {
			l = strings.TrimRight("> "+l, " ")
		}
		w.WriteString("\n" + l)
	}
	return strings.TrimSpace(w.String())
}

// act does what follows of a mail.
func (w *work) act(ctx context.Context) error {
	m := w.mail
	switch {
	case w.match.own && m.Kind != returned.Copy:
		// Our own answers and alarms: they are nobody's word to us.
		w.out.Kind = "own"
		w.did("from an address of the organisation itself: nothing is done")
		return nil
	case m.Kind == returned.Copy:
		w.did("a letter of our own, or what looks like one; registry copies prove something in a mailbox of kind registry only")
		return nil
	case len(w.match.donors) == 0 && !w.match.forged:
		w.did("no donor is named by it, so it stops nothing")
		return nil
	}
	if w.match.forged {
		// Somebody made a token up, or the key is not among ours any more.
		w.doubt("it holds a token that was not signed here")
	} else if len(w.match.donors) > 1 {
		w.doubt("it names several donors")
	}
	if w.out.Kind == string(returned.Unclear) {
		return w.pause(ctx)
	}
	switch m.Kind {
	case returned.Reply, returned.OptOut:
		return w.person(ctx)
	case returned.Bounce:
		return w.bounce(ctx)
	case returned.Complaint:
		return w.complaint(ctx)
	case returned.AutoReply:
		return w.autoReply(ctx)
	case returned.Receipt:
		return w.noted(ctx, m.Reasons[0])
	}
	return w.pause(ctx)
}

func (w *work) did(what string) { w.out.Did = append(w.out.Did, what) }

// doubt makes a mail one that a person decides about.
func (w *work) doubt(why string) {
	if w.out.Quarantine == "" && w.mail.Kind != returned.Reply {
		w.out.Quarantine = why
	}
	w.out.Kind = string(returned.Unclear)
	w.out.Why = append([]string{why}, w.out.Why...)
}

// entry is what a mail writes into a case.
func (w *work) entry(kind, note string) ledger.Entry {
	m := w.mail
	day := m.Date
	if now := w.desk.Now(); day.IsZero() || day.After(now.Add(24*time.Hour)) {
		day = now // a clock that is wrong
	}
	return ledger.Entry{
		Kind: kind, Date: day.UTC().Format(returned.Day), Note: shown(note, 300), Mail: m.ID, Address: m.From, At: w.desk.Now().UTC(), By: who,
	}
}

// shown is a text in one line, at most n characters of it.
func shown(s string, n int) string {
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > n {
		return string(r[:n]) + "..."
	}
	return s
}

// everywhere records an entry in all cases of the donors, and keeps the mail beside each.
func (w *work) everywhere(ctx context.Context, e ledger.Entry) error {
	donors := w.match.donors[:min(len(w.match.donors), mostNamed)]
	for _, id := range donors {
		done, err := w.desk.Ledger.Everywhere(ctx, id, e)
		if err != nil {
			return err
		}
		for _, r := range done {
			if err := w.keep(ctx, r.Campaign, id); err != nil {
				return err
			}
			w.did(effect(r, id, e))
		}
		if len(done) == 0 {
			w.did("no running campaign writes to " + id)
		}
	}
	return nil
}

// effect says in words what an entry did.
func effect(r ledger.Recorded, donor string, e ledger.Entry) string {
	of := donor + " in " + r.Campaign
	switch {
	case r.Again:
		return "recorded before in the case of " + of
	case r.Stopped:
		return "stopped the letters of " + of
	case r.Paused:
		return "paused the letters of " + of + " until a person has decided"
	case !r.Until.IsZero() && e.Until != "":
		return "moved the letters of " + of + " to " + r.Until.Format("2 January 2006")
	}
	return "noted in the case of " + of
}

// keep keeps the mail's text for the case file.
func (w *work) keep(ctx context.Context, campaign, donor string) error {
	m := w.mail
	at := m.Date
	if at.IsZero() {
		at = w.desk.Now()
	}
	from := m.From
	if m.FromName != "" {
		from = m.FromName + " <" + m.From + ">"
	}
	return w.desk.Ledger.KeepMail(ctx, campaign, donor, ledger.Mail{ID: m.ID, At: at, From: from, Subject: m.Subject, Text: whole(m), Cut: m.Quarantine != ""})
}

// pause keeps the donors' letters until a person has decided.
func (w *work) pause(ctx context.Context) error {
	if len(w.match.donors) == 0 {
		w.did("no donor is named by it, so it stops nothing")
		return nil
	}
	return w.everywhere(ctx, w.entry("unclear", w.out.Why[0]))
}

// person stops: somebody answered, or asked not to be written to.
func (w *work) person(ctx context.Context) error {
	m := w.mail
	if w.match.how == byDomain {
		w.out.Kind = string(returned.Unclear)
		w.out.Why = append([]string{"it comes from the donor's domain, from an address that is none of its contacts"}, w.out.Why...)
		return w.pause(ctx)
	}
	if m.Kind == returned.Reply {
		return w.everywhere(ctx, w.entry("reply", m.Subject))
	}
	if err := w.everywhere(ctx, w.entry("opt-out", m.Subject)); err != nil {
		return err
	}
	if w.match.from == byAddress {
		return w.suppress(ctx, m.From, ledger.ByOptOut, "its reader asked for no further letters")
	}
	return nil
}

func (w *work) suppress(ctx context.Context, address string, source ledger.Source, why string) error {
	again, err := w.desk.Ledger.Suppress(ctx, who, address, source, why)
	if err == nil && !again {
		w.did("suppressed " + address)
	}
	return err
}

// noted writes into the one case that a mail is about, and changes nothing.
func (w *work) noted(ctx context.Context, note string) error {
	if w.match.campaign == nil {
		w.did("no letter is named by it, so nothing is noted")
		return nil
	}
	_, err := w.record(ctx, w.entry("report", note))
	return err
}

// record writes an entry about the letter that the mail names.
func (w *work) record(ctx context.Context, e ledger.Entry) (ledger.Recorded, error) {
	id, c := w.match.letter, w.match.campaign
	block, err := c.places.Block(ctx, id.Donor)
	if err != nil {
		return ledger.Recorded{}, err
	}
	if block == "" {
		w.did("the ledger has no letter " + id.String())
		return ledger.Recorded{}, nil
	}
	e.Step = id.Step
	r, err := w.desk.Ledger.Record(ctx, c.Name, id.Donor, block, c.Steps, e)
	if err != nil {
		return r, err
	}
	if err := w.keep(ctx, c.Name, id.Donor); err != nil {
		return r, err
	}
	w.did(effect(r, id.Donor, e))
	return r, nil
}

// autoReply notes it, and moves what follows to the day on which the letter's reader is back.
func (w *work) autoReply(ctx context.Context) error {
	m := w.mail
	e := w.entry("auto-reply", m.Reasons[0])
	if m.Back.IsZero() || w.match.how == byDomain {
		return w.everywhere(ctx, e)
	}
	if w.match.campaign != nil {
		s, err := w.finder.sent(ctx, w.match)
		if err != nil {
			return err
		}
		for i, a := range s.contacts {
			if i > 0 && a == m.From {
				e.Note = shown(e.Note+"; the one who is away had a copy, so nothing is moved", 300)
				return w.everywhere(ctx, e)
			}
		}
	}
	e.Until = m.Back.Format(returned.Day)
	e.Note = shown(e.Note+"; back on "+m.Back.Format("2 January 2006"), 300)
	return w.everywhere(ctx, e)
}
