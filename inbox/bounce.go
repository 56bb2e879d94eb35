package inbox

import (
	"context"
	"fmt"
	"slices"

	"outreach.example/inbox/returned"
	"outreach.example/ledger"
	"outreach.example/letter"
)

// believed says why a report is not believed, "" where it is: it must prove which letter it is about. Anybody can write a
// report with the Message-ID of a letter; only what came back by the letter's own way has its signed token.
func (w *work) believed() string {
	switch {
	case w.match.campaign == nil:
		return "it does not say which letter it is about"
	case w.match.how == byToken:
		return ""
	case len(w.desk.Tokens) > 0:
		return "it does not bring back the signed return path of the letter, which every mail system is told"
	case w.match.how == byID:
		return ""
	}
	return "neither a return path nor a Message-ID shows which letter it is about"
}

// reported is the letter that a report is about. Where the report is not believed, or there is no such letter, a person decides
// and nothing further follows.
func (w *work) reported(ctx context.Context) (sent, error) {
	if why := w.believed(); why != "" {
		w.doubt(why)
		return sent{}, w.pause(ctx)
	}
	s, err := w.finder.sent(ctx, w.match)
	if err == nil && !s.ok {
		w.doubt("the ledger has no such letter")
		err = w.pause(ctx)
	}
	return s, err
}

// bounce does what a report of a delivery says, as far as it is believed.
func (w *work) bounce(ctx context.Context) error {
	s, err := w.reported(ctx)
	if err != nil || !s.ok {
		return err
	}
	if err := w.proves(ctx, s); err != nil {
		return err
	}
	var to *returned.Report // what became of the letter's own addressee
	var stranger *returned.Report
	for i := range w.mail.Reports {
		r := &w.mail.Reports[i]
		switch at := addressee(r, s.contacts); {
		case at == 0:
			to = r
		case at > 0:
			w.did(fmt.Sprintf("the copy to %s: %s", r.Address, r.Outcome))
			if r.Outcome == returned.Hard {
				if err := w.suppress(ctx, s.contacts[at], ledger.ByBounce, "its mail system says: "+said(r)); err != nil {
					return err
				}
			}
		case r.Outcome == returned.Hard || r.Outcome == returned.Soft:
			stranger = r
		}
	}
	switch {
	case to != nil && to.Outcome == returned.Hard:
		return w.cameBack(ctx, s, to)
	case to == nil && stranger != nil:
		// Handed on by the addressee's own system: whether the letter was read there is not known.
		w.doubt("it is about " + shown(stranger.Address, 80) + ", whom the letter was not written to")
		return w.pause(ctx)
	}
	return w.noted(ctx, w.mail.Reasons[0])
}

func said(r *returned.Report) string {
	if r.Words == "" {
		return string(r.Concerns) + " " + r.Code
	}
	return shown(r.Words, 200)
}

// addressee is the place among a letter's contacts of whom a report is about, -1 for none of them.
func addressee(r *returned.Report, contacts []string) int {
	if r.Address == "" && len(contacts) == 1 {
		return 0
	}
	for _, a := range []string{r.Original, r.Address} {
		if i := slices.Index(contacts, a); a != "" && i >= 0 {
			return i
		}
	}
	return -1
}

// proves settles a doubt: a report about a letter shows that a relay took it.
func (w *work) proves(ctx context.Context, s sent) error {
	if w.match.how != byToken || s.row.State != letter.InDoubt && s.row.State != letter.Sending || w.match.generation != s.row.Generation {
		return nil
	}
	noted, err := w.desk.Ledger.Evidence(ctx, who, []ledger.Evidence{{Letter: w.match.letter, Block: s.block, Words: "by a delivery report"}})
	if err != nil {
		return err
	}
	if noted[0].Finding == ledger.FoundSent {
		w.did("settled a doubt: the letter was sent")
	}
	return nil
}

// cameBack is a letter whose addressee has no such address.
func (w *work) cameBack(ctx context.Context, s sent, r *returned.Report) error {
	address := s.contacts[0]
	// The address is suppressed first: when the letter is bounced, nothing more goes there.
	if err := w.suppress(ctx, address, ledger.ByBounce, "its mail system says: "+said(r)); err != nil {
		return err
	}
	if g := w.match.generation; g != 0 && g != s.row.Generation {
		return w.noted(ctx, "of an earlier sending: "+w.mail.Reasons[0])
	}
	e := w.entry("bounce", address+": "+said(r))
	e.Address, e.Generation = address, s.row.Generation
	e.Note = shown(e.Note+next(s.contacts), 400)
	got, err := w.record(ctx, e)
	if err != nil {
		return err
	}
	if got.Bounced {
		w.did("the letter is bounced")
		return nil
	}
	// Its answer is still outstanding: once it is settled, the letter is bounced.
	w.later = s.row.State == letter.Sending || s.row.State == letter.InDoubt || s.row.State == letter.Claimed
	return nil
}

// next offers the contact after the first; a person decides.
func next(contacts []string) string {
	if len(contacts) > 1 {
		return "; the next contact is " + contacts[1]
	}
	return "; there is no other contact"
}

// complaint stops everything to the donor, and the address that complained.
func (w *work) complaint(ctx context.Context) error {
	s, err := w.reported(ctx)
	if err != nil || !s.ok {
		return err
	}
	if err := w.everywhere(ctx, w.entry("complaint", w.mail.Reasons[0])); err != nil {
		return err
	}
	for i := range w.mail.Reports {
		if at := addressee(&w.mail.Reports[i], s.contacts); at >= 0 {
			return w.suppress(ctx, s.contacts[at], ledger.ByComplaint, "its reader complained of a letter")
		}
	}
	if len(s.contacts) == 1 {
		return w.suppress(ctx, s.contacts[0], ledger.ByComplaint, "its reader complained of a letter")
	}
	return nil
}
