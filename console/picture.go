package console

import (
	"bytes"
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"golang.org/x/text/collate"
	"golang.org/x/text/language"

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
	edition  *edition
	Counts   map[string]ledger.Counts
	Donors   []*donorLine
	byID     map[string]*donorLine
	Around   ledger.Around // what keeps letters whoever they go to

	once    sync.Once // for what a page wants of all donors
	choices filters
	waiting int
	steps   []string // of the letters that wait for a person's release

	laid laid
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

// How long a picture is shown although the ledger moved on: at least fresh, and so many times what drawing it took. After
// that it is shown once more while the next one is drawn, unless nobody has looked for long.
const (
	fresh     = 2 * time.Second
	costTimes = 20
	longTimes = 60
	mostKept  = 8 // campaigns
)

// gallery keeps pictures of campaigns, and what never changes of their editions.
type gallery struct {
	mu       sync.Mutex
	pictures map[string]*kept
	editions map[string]*edition
	asked    chan string // campaigns to be drawn anew; nil while nobody draws
}

type kept struct {
	mu      sync.Mutex
	picture *picture
	cost    time.Duration
	stale   bool
}

// An edition never changes: it is read once, and of its records those that pages show are kept.
type edition struct {
	written *campaign.Campaign
	lines   []donorLine
	blocks  *ledger.Blocks

	mu      sync.Mutex
	records map[string][]campaign.Record // by block
}

// mostBlocks is how many blocks of records are kept of an edition: some 10 MB of 100 donors each.
const mostBlocks = 64

// block is the records of a block, none where the edition has no such block.
func (e *edition) block(ctx context.Context, l *ledger.Ledger, name string) ([]campaign.Record, error) {
	e.mu.Lock()
	all, ok := e.records[name]
	e.mu.Unlock()
	if ok || !e.blocks.Has(name) {
		return all, nil
	}
	all, err := l.Records(ctx, e.blocks, name)
	if err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.records == nil || len(e.records) >= mostBlocks {
		e.records = map[string][]campaign.Record{}
	}
	e.records[name] = all
	return all, nil
}

// touch makes the next look at every campaign a new one: somebody has decided something, and wants to see it.
func (g *gallery) touch() {
	g.mu.Lock()
	all := slices.Collect(maps.Values(g.pictures))
	g.mu.Unlock()
	for _, k := range all {
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
		age := c.Now().Sub(p.At)
		if age >= 0 && age < max(fresh, costTimes*k.cost) {
			return p, nil
		}
		at, err := c.Ledger.Where(ctx)
		if err != nil {
			return nil, err
		}
		if at.Seq == p.seq && age >= 0 && age < time.Minute { // a hold ends without an entry
			return p, nil
		}
		if age >= 0 && age < max(10*time.Second, longTimes*k.cost) && c.gallery.ask(name) {
			return p, nil
		}
	}
	return k.draw(ctx, c, name)
}

// draw makes a new picture. Whoever calls it has locked k.
func (k *kept) draw(ctx context.Context, c *Console, name string) (*picture, error) {
	begun := c.Now()
	p, err := c.draw(ctx, name)
	if err != nil {
		return nil, err
	}
	k.picture, k.cost, k.stale = p, c.Now().Sub(begun), false
	return p, nil
}

// ask has a picture drawn anew beside; false where nobody does that.
func (g *gallery) ask(name string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.asked == nil {
		return false
	}
	select {
	case g.asked <- name:
	default: // enough is being drawn
	}
	return true
}

// run draws what is asked for, until ctx ends.
func (g *gallery) run(ctx context.Context, c *Console) {
	asked := make(chan string, mostKept)
	set := func(to chan string) {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.asked = to
	}
	set(asked)
	defer set(nil)
	for {
		select {
		case <-ctx.Done():
			return
		case name := <-asked:
			k := g.of(name)
			if p, cost := k.last(); p != nil && c.Now().Sub(p.At) < max(fresh, costTimes*cost) {
				continue // it was drawn since
			}
			begun := c.Now()
			p, err := c.draw(ctx, name)
			if err != nil {
				if ctx.Err() == nil {
					c.Log.Warn("campaign not read", "campaign", name, "error", err)
				}
				continue
			}
			k.keep(p, c.Now().Sub(begun))
		}
	}
}

func (k *kept) last() (*picture, time.Duration) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.picture, k.cost
}

// keep takes a picture that was drawn beside, unless somebody has decided something since, or a newer one is there.
func (k *kept) keep(p *picture, cost time.Duration) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.stale && (k.picture == nil || k.picture.seq <= p.seq) {
		k.picture, k.cost = p, cost
	}
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
	p.Written, p.edition = e.written, e
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
	if e.blocks, err = c.Ledger.Blocks(ctx, hash); err != nil {
		return nil, err
	}
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
	byName(e.lines)
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.editions == nil || len(g.editions) >= 2*mostKept {
		g.editions = map[string]*edition{}
	}
	g.editions[hash] = e
	return e, nil
}

// byName puts donors into the order of their names, as people look for them: once for an edition, because comparing as
// people do is dear.
func byName(lines []donorLine) {
	order, buffer := collate.New(language.English), collate.Buffer{}
	keys := make(map[string][]byte, len(lines))
	for _, d := range lines {
		if keys[d.Name] == nil {
			keys[d.Name] = order.KeyFromString(&buffer, d.Name)
		}
	}
	slices.SortStableFunc(lines, func(a, b donorLine) int { return bytes.Compare(keys[a.Name], keys[b.Name]) })
}

// looked are the states that a person must look at.
var looked = []letter.State{letter.InDoubt, letter.Refused, letter.Bounced, letter.Withheld}

// forPerson says whether one of a donor's letters wants a person.
func (d *donorLine) forPerson() bool {
	return slices.ContainsFunc(d.Letters, func(l ledger.Letter) bool { return slices.Contains(looked, l.State) })
}
