package console

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"outreach.example/campaign"
	"outreach.example/ledger"
	"outreach.example/letter"
)

// A picture is a whole campaign as it was at a moment: what pages with all its donors show. Reading one costs a while with
// many letters, so it is kept and shown to everybody until the ledger moves on.
type picture struct {
	At       time.Time
	seq      int64
	Campaign ledger.Campaign
	Written  *campaign.Campaign
	Counts   map[string]ledger.Counts
	Donors   []*donorLine
	byID     map[string]*donorLine
	Around   ledger.Around // what keeps letters whoever they go to
}

// A donorLine is one donor in a campaign.
type donorLine struct {
	ID, Name, Group, Region, Language, Status string
	Block                                     string
	Case                                      ledger.Case
	Letters                                   []ledger.Letter // by step; without a state where the step is not planned
	Held                                      string          // the scope of the hold that keeps it, "" for none
}

// last is the place of the last step that was planned: the first where none was, -1 where there is no step.
func (d *donorLine) last() int {
	for i := len(d.Letters) - 1; i > 0; i-- {
		if d.Letters[i].State != "" {
			return i
		}
	}
	return min(0, len(d.Letters)-1)
}

// Last is the letter of that step.
func (d *donorLine) Last() ledger.Letter {
	if at := d.last(); at >= 0 {
		return d.Letters[at]
	}
	return ledger.Letter{}
}

// Word is where the donor is, in one word: that of its case once it has answered, else that of its last letter.
func (d *donorLine) Word() string {
	if w := d.Case.Word(); w != "open" {
		return w
	}
	return cmp.Or(inWords(d.Last().State), "no letter")
}

// How long a picture is shown although the ledger moved on: at least fresh, and so many times what reading it took.
const (
	fresh     = time.Second
	costTimes = 10
	mostKept  = 8 // campaigns
)

// gallery keeps pictures of campaigns, and what never changes of their editions.
type gallery struct {
	mu       sync.Mutex
	pictures map[string]*kept
	editions map[string]*edition
}

type kept struct {
	mu      sync.Mutex
	picture *picture
	cost    time.Duration
	stale   bool
}

// An edition never changes: it is read once.
type edition struct {
	written *campaign.Campaign
	lines   []donorLine
}

// touch makes the next look at every campaign a new one: somebody has decided something, and wants to see it.
func (g *gallery) touch() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, k := range g.pictures {
		k.mu.Lock()
		k.stale = true
		k.mu.Unlock()
	}
}

func (g *gallery) of(name string) *kept {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.pictures == nil {
		g.pictures = map[string]*kept{}
	}
	k := g.pictures[name]
	if k == nil {
		if len(g.pictures) >= mostKept {
			clear(g.pictures)
		}
		k = &kept{}
		g.pictures[name] = k
	}
	return k
}

// picture is the campaign as it is, or was a moment ago.
func (c *Console) picture(ctx context.Context, name string) (*picture, error) {
	k := c.gallery.of(name)
	k.mu.Lock()
	defer k.mu.Unlock()
	if p := k.picture; p != nil && !k.stale {
		if age := c.Now().Sub(p.At); age >= 0 && age < max(fresh, costTimes*k.cost) {
			return p, nil
		}
		at, err := c.Ledger.Where(ctx)
		if err != nil {
			return nil, err
		}
		if at.Seq == p.seq && c.Now().Sub(p.At) < time.Minute { // a hold ends without an entry
			return p, nil
		}
	}
	begun := c.Now()
	p, err := c.draw(ctx, name)
	if err != nil {
		return nil, err
	}
	k.picture, k.cost, k.stale = p, c.Now().Sub(begun), false
	return p, nil
}

// draw reads a campaign whole.
func (c *Console) draw(ctx context.Context, name string) (*picture, error) {
	at, err := c.Ledger.Where(ctx)
	if err != nil {
		return nil, err
	}
	p := &picture{At: c.Now(), seq: at.Seq, byID: map[string]*donorLine{}}
	if p.Campaign, err = c.Ledger.Campaign(ctx, name); err != nil {
		return nil, err
	}
	e, err := c.edition(ctx, p.Campaign.Current())
	if err != nil {
		return nil, err
	}
	p.Written = e.written
	if p.Counts, err = c.Ledger.Counts(ctx, name); err != nil {
		return nil, err
	}
	cases, err := c.Ledger.AllCases(ctx, name)
	if err != nil {
		return nil, err
	}
	if p.Around, err = c.Ledger.Around(ctx); err != nil {
		return nil, err
	}
	lines := slices.Clone(e.lines)
	steps := p.Campaign.Steps
	if len(steps) == 0 { // the first edition waits for approval
		for _, s := range e.written.Steps {
			steps = append(steps, s.Name)
		}
		p.Campaign.Steps = steps
	}
	place := map[string]int{}
	for i, s := range steps {
		place[s] = i
	}
	for i := range lines {
		d := &lines[i]
		d.Case, d.Letters = cases[d.ID], make([]ledger.Letter, len(steps))
		if d.Case.Donor == "" {
			d.Case.Donor = d.ID
		}
		d.Held = p.held(d)
		p.Donors = append(p.Donors, d)
		p.byID[d.ID] = d
	}
	blocks, err := c.Ledger.AllBlocks(ctx, name)
	if err != nil {
		return nil, err
	}
	return p, c.Ledger.AllLetters(ctx, name, steps, blocks, func(l ledger.Letter) {
		d := p.byID[l.ID.Donor]
		if d == nil { // an edition dropped it, and its letters are there still
			d = &donorLine{ID: l.ID.Donor, Name: l.ID.Donor, Status: "no longer in the edition", Case: cases[l.ID.Donor], Letters: make([]ledger.Letter, len(steps))}
			p.Donors = append(p.Donors, d)
			p.byID[d.ID] = d
		}
		d.Letters[place[l.ID.Step]] = l
	})
}

// held is the scope that keeps a donor's letters, "" for none.
func (p *picture) held(d *donorLine) string {
	for _, scope := range []string{"all", "donor:" + d.ID, "group:" + d.Group, "region:" + d.Region} {
		if h, ok := p.Around.Holds[scope]; ok && !h.Ends(p.At) {
			return scope
		}
	}
	return ""
}

// edition reads what an edition says of its donors, once.
func (c *Console) edition(ctx context.Context, hash string) (*edition, error) {
	g := &c.gallery
	g.mu.Lock()
	e := g.editions[hash]
	g.mu.Unlock()
	if e != nil {
		return e, nil
	}
	stored, err := c.Ledger.Edition(ctx, hash)
	if err != nil {
		return nil, err
	}
	e = &edition{}
	if e.written, err = stored.LoadCampaign(); err != nil {
		return nil, err
	}
	err = c.Ledger.AllRecords(ctx, hash, func(block string, r campaign.Record) {
		d := r.Donor
		e.lines = append(e.lines, donorLine{
			ID: d.ID, Name: cmp.Or(d.Name["en"], d.ID), Group: d.Group, Region: d.Region, Language: d.Language, Status: d.Status, Block: block,
		})
	})
	if err != nil {
		return nil, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.editions == nil || len(g.editions) >= 2*mostKept {
		g.editions = map[string]*edition{}
	}
	g.editions[hash] = e
	return e, nil
}

// looked are the states that a person must look at.
var looked = []letter.State{letter.InDoubt, letter.Refused, letter.Bounced, letter.Withheld}

// forPerson says whether one of a donor's letters wants a person.
func (d *donorLine) forPerson() bool {
	return slices.ContainsFunc(d.Letters, func(l ledger.Letter) bool { return slices.Contains(looked, l.State) })
}
