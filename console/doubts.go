package console

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"outreach.example/ledger"
	"outreach.example/letter"
)

// doubtsList is every letter in doubt with its evidence.
type doubtsList struct {
	frame
	Doubts []doubtLine
	Read   ledger.Reading // of the registry copies
}

// doubtLine is one of them.
type doubtLine struct {
	Doubt
	Path string
	May  bool // it is time to settle it
}

// doubtForm is the page on which a person settles one.
type doubtForm struct {
	frame
	doubtLine
	Choices []decision
	Reason  string
}

// decision is a way to settle a doubt, in words.
type decision struct {
	Decision    ledger.Decision
	Says, Means string
	Chosen      bool
}

var decisions = []decision{
	{ledger.DecideSent, "It left", "there is proof outside, for example in the relay's log: the next step follows", false},
	{ledger.DecideResend, "It did not leave", "it goes out again, with the same content, date and Message-ID", false},
	{ledger.DecideGiveUp, "Nobody knows", "it shall not go out again, and no step follows", false},
}

func (c *Console) doubtsPage(v *visit) error {
	names, err := c.Ledger.Campaigns(v.ctx)
	if err != nil {
		return err
	}
	page := doubtsList{frame: v.frame("In doubt")}
	page.Live = true
	if page.Read, err = c.Ledger.Reading(v.ctx); err != nil {
		return err
	}
	for _, name := range names {
		all, err := c.Desk.Doubts(v.ctx, name)
		if err != nil {
			return err
		}
		for _, d := range all {
			page.Doubts = append(page.Doubts, c.doubtLine(d))
		}
	}
	return v.show("doubts.html", page)
}

func (c *Console) doubtLine(d Doubt) doubtLine {
	return doubtLine{d, "/doubts/" + url.PathEscape(d.Letter.Campaign) + "/" + url.PathEscape(d.Letter.Donor) + "/" + url.PathEscape(d.Letter.Step), !c.Now().Before(d.From)}
}

func (c *Console) doubtPage(v *visit) error { return v.doubt(http.StatusOK, nil) }

func (v *visit) letter() letter.ID {
	return letter.ID{Campaign: v.r.PathValue("name"), Donor: v.r.PathValue("donor"), Step: v.r.PathValue("step")}
}

func (v *visit) doubt(status int, form *problems) error {
	all, err := v.Desk.Doubts(v.ctx, v.letter().Campaign)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(all, func(d Doubt) bool { return d.Letter == v.letter() })
	if at < 0 {
		return notFound("This letter is not in doubt: it was settled meanwhile, by evidence or by a person.")
	}
	page := doubtForm{frame: v.frame(v.letter().String(), link{"In doubt", "/doubts"}), doubtLine: v.doubtLine(all[at]), Reason: v.value("reason"), Choices: slices.Clone(decisions)}
	page.problems = form
	for i, k := range page.Choices {
		page.Choices[i].Chosen = string(k.Decision) == v.value("decision")
	}
	return v.showAs(status, "doubt.html", page)
}

func (c *Console) resolve(v *visit) error {
	form := &problems{}
	d := ledger.Decision(v.value("decision"))
	if !slices.ContainsFunc(decisions, func(k decision) bool { return k.Decision == d }) {
		form.add("decision-sent", "Say what became of the letter")
	}
	reason := v.line(form, "reason", "why: where you looked, and what it says there", true)
	if form.none() {
		if _, err := v.sure(form); err != nil {
			return err
		}
	}
	var said []string
	if form.none() {
		var err error
		if said, err = v.Desk.Resolve(v.ctx, v.who(), v.letter(), d, reason); err != nil {
			if err := form.refuse("", err); err != nil {
				return err
			}
		}
	}
	if !form.none() {
		return v.doubt(http.StatusUnprocessableEntity, form)
	}
	return v.to("/doubts", Sentence(strings.Join(said, ". ")))
}

// relaysList is how letters get out: relays, workers, the queue, and what keeps letters from them.
type relaysList struct {
	frame
	Relays  []relayLine
	Workers int
	Depth   int
	Full    string
	Waits   string
	Frozen  string
}

type relayLine struct {
	ledger.Relay
	Path string
}

// relayForm is the page of one relay.
type relayForm struct {
	frame
	relayLine
	Reason string
}

func (c *Console) relaysPage(v *visit) error {
	page := relaysList{frame: v.frame("Relays")}
	page.Live = true
	all, err := c.Ledger.Relays(v.ctx)
	if err != nil {
		return err
	}
	for _, r := range all {
		page.Relays = append(page.Relays, relayLine{r, "/relays/" + url.PathEscape(r.Name)})
	}
	if page.Workers, err = c.Ledger.Working(v.ctx); err != nil {
		return err
	}
	if page.Depth, err = c.Desk.Depth(v.ctx); err != nil {
		return err
	}
	if page.Waits, err = c.Ledger.Waits(v.ctx); err != nil {
		return err
	}
	if page.Frozen, err = c.Ledger.Frozen(v.ctx); err != nil {
		return err
	}
	// A store that does not say how full it is has no limit that staff could do anything about.
	if used, most, err := c.Ledger.Memory(v.ctx); err == nil {
		page.Full = ledger.Full(used, most)
	}
	return v.show("relays.html", page)
}

func (c *Console) relayPage(v *visit) error { return v.relay(http.StatusOK, nil) }

func (v *visit) relay(status int, form *problems) error {
	all, err := v.Ledger.Relays(v.ctx)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(all, func(r ledger.Relay) bool { return r.Name == v.r.PathValue("relay") })
	if at < 0 {
		return notFound("No worker has used a relay of this name.")
	}
	page := relayForm{frame: v.frame(all[at].Name, link{"Relays", "/relays"}), relayLine: relayLine{all[at], "/relays/" + url.PathEscape(all[at].Name)}, Reason: v.value("reason")}
	page.problems = form
	return v.showAs(status, "relay.html", page)
}

// lift lets a relay be used again.
func (c *Console) lift(v *visit) error {
	form := &problems{}
	reason := v.line(form, "reason", "why it may be used again", true)
	if form.none() {
		_, err := c.Ledger.Lift(v.ctx, v.who(), v.r.PathValue("relay"), reason)
		if err := form.refuse("", err); err != nil {
			return err
		}
	}
	if !form.none() {
		return v.relay(http.StatusUnprocessableEntity, form)
	}
	return v.to("/relays", v.r.PathValue("relay")+" is released; workers try it again now.")
}
