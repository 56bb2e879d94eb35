package ledger

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"outreach.example/letter"
)

// A Fault is one way in which the ledger contradicts itself.
type Fault struct {
	About string `json:"about"` // what its alarm is named by: counters/res/appeal, place/res/appeal/due, chain, seq, ...
	Says  string `json:"says"`  // what differs, where
	Means string `json:"means"`
	Mend  string `json:"mend"` // what to type
}

// A Checkup is what looking at the whole ledger came to.
type Checkup struct {
	Letters int      `json:"letters"`
	Blocks  int      `json:"blocks"`
	Entries int64    `json:"entries"`          // of the audit stream, whose chain was followed
	Faults  []Fault  `json:"faults"`           //
	Moving  []string `json:"moving"`           // what could not be counted to the last letter, because letters were moving
	Mended  []string `json:"mended,omitempty"` // what was put right
}

// Clean says that everything was looked at, to the last letter, and nothing found.
func (c Checkup) Clean() bool { return len(c.Faults) == 0 && len(c.Moving) == 0 }

// Settled says that every letter was counted and found in its place, whatever is the matter with the audit chain.
func (c Checkup) Settled() bool {
	return len(c.Moving) == 0 && !slices.ContainsFunc(c.Faults, func(f Fault) bool {
		return strings.HasPrefix(f.About, "counters/") || strings.HasPrefix(f.About, "place/")
	})
}

// A Checker looks at a ledger that goes on working: that the counters are what the rows say and each open letter stands
// where it is looked for (I4), that the ledger's number never falls (I8) and that the audit chain is unbroken (I10). Each
// call reads a few blocks in one script, so that what it says of them held at one moment, and blocks the store for a few
// milliseconds. It remembers the number and hash it has seen: a Checker that lives on sees them fall.
type Checker struct {
	Ledger   *Ledger
	Progress func(what string, done, total int) // nil for none
	Rest     time.Duration                      // between two calls, so that letters come first
	Whole    bool                               // follow the audit chain from its beginning, not from where it was checked last
	Mender   string                             // who puts right what can be put right; "" for nobody

	mark  Position          // the last position seen
	still map[string]string // finished campaigns that were found right, by what they were then
}

// Run looks at everything once.
func (c *Checker) Run(ctx context.Context) (Checkup, error) {
	var out Checkup
	restoring, err := c.position(ctx, &out)
	if err != nil || restoring {
		return out, err
	}
	names, err := c.Ledger.Campaigns(ctx)
	if err != nil {
		return out, err
	}
	for _, name := range names {
		if err := c.campaign(ctx, name, &out); err != nil {
			return out, err
		}
	}
	return out, nil
}

// campaign looks at the letters of one campaign. One that is finished, and has not changed since it was found right, is
// passed over unless everything is asked for.
func (c *Checker) campaign(ctx context.Context, name string, out *Checkup) error {
	camp, err := c.Ledger.Campaign(ctx, name)
	if err != nil {
		return err
	}
	counts, err := c.Ledger.Counts(ctx, name)
	if err != nil {
		return err
	}
	open := 0
	for _, n := range counts {
		open += n.Open()
	}
	state := fmt.Sprint(camp.Status, camp.Edition, counts)
	if open == 0 && !c.Whole && c.still[name] == state {
		return nil
	}
	blocks, err := c.Ledger.AllBlocks(ctx, name)
	if err != nil {
		return err
	}
	before := len(out.Faults) + len(out.Moving)
	for i, step := range camp.Steps {
		next := ""
		if i+1 < len(camp.Steps) {
			next = camp.Steps[i+1]
		}
		s := &stepCheck{Checker: c, campaign: name, step: step, next: next, blocks: blocks, letters: counts[step].Total()}
		if err := s.run(ctx, out); err != nil {
			return err
		}
		if i == 0 {
			out.Blocks += len(blocks)
		}
		out.Letters += counts[step].Total()
	}
	if c.still == nil {
		c.still = map[string]string{}
	}
	delete(c.still, name)
	if len(out.Faults)+len(out.Moving) == before {
		c.still[name] = state
	}
	return nil
}

// stepCheck looks at one step of a campaign.
type stepCheck struct {
	*Checker
	campaign, step, next string
	blocks               []string
	letters              int
}

// atOnce is how many letters, and how many blocks, one call reads: some four milliseconds of the store's time.
const (
	atOnce       = 2000
	atOnceBlocks = 500
)

// order is in which order check.lua counts states.
var order = []letter.State{
	letter.Planned, letter.Claimed, letter.Sending, letter.Sent, letter.InDoubt, letter.Refused, letter.Bounced, letter.Withheld,
	letter.Cancelled,
}

type vector [9]int

func (v vector) total() (n int) {
	for _, x := range v {
		n += x
	}
	return n
}

// glance is one block at one moment.
type glance struct {
	version string // changes whenever anything of the block does
	rows    vector
	faults  []string
}

// run looks at the step's blocks twice, with the counters between: of a block that is the same both times it is known
// what it held at that moment. What the others held is known within bounds only. How far a counter is off is the same at
// any moment, so that each further look narrows it down.
func (s *stepCheck) run(ctx context.Context, out *Checkup) error {
	if len(s.blocks) == 0 {
		return nil
	}
	size := min(atOnceBlocks, max(1, atOnce*len(s.blocks)/max(1, s.letters)))
	before, counters, err := s.look(ctx, size, "")
	if err != nil {
		return err
	}
	off := unknown()
	found := s.places(before)
	if len(s.blocks) <= size {
		off.narrow(counters, before, before) // one call: all of one moment
	}
	for look := 1; (!off.exact() || len(found) > 0) && look <= 3; look++ {
		after, next, err := s.look(ctx, size, "")
		if err != nil {
			return err
		}
		if len(s.blocks) <= size {
			off.narrow(next, after, after)
		} else {
			off.narrow(counters, before, after)
		}
		// Only what is found twice is a fault.
		found = intersect(found, s.places(after))
		before, counters = after, next
		if look == 1 && off.exact() {
			break
		}
	}
	out.Faults = append(out.Faults, s.faults(found)...)
	if f, wrong := s.off(off); wrong {
		out.Faults = append(out.Faults, f)
	} else if !off.exact() {
		out.Moving = append(out.Moving, fmt.Sprintf("%s %s: letters were moving; the counters are right within %d letters", s.campaign, s.step, off.width()))
	}
	return s.mend(ctx, size, off, found, out)
}

// look reads all blocks, some at a time. The counters are those of the last call.
func (s *stepCheck) look(ctx context.Context, size int, mend string) ([]glance, vector, error) {
	var counters vector
	seen := make([]glance, 0, len(s.blocks))
	c := s.campaign
	for from := 0; from < len(s.blocks); from += size {
		chunk := s.blocks[from:min(from+size, len(s.blocks))]
		keys := []string{campaignKey(c), countsKey(c), lookKey(c), dueKey(c), busyKey(), followKey(c), holdsKey(), reindexKey(), casesKey(c)}
		args := []any{c, s.step, flag(s.next != ""), flag(mend != "")}
		for _, b := range chunk {
			next := s.step
			if s.next != "" {
				next = s.next
			}
			keys = append(keys, rowsKey(letter.Block{Campaign: c, Step: s.step, Name: b}), rowsKey(letter.Block{Campaign: c, Step: next, Name: b}))
			args = append(args, b)
		}
		got, err := s.Ledger.strings(ctx, "check", keys, args...)
		if err == nil && len(got) != 10+11*len(chunk) {
			err = fmt.Errorf("ledger check: %d values for %d blocks", len(got), len(chunk))
		}
		if err != nil {
			return nil, counters, err
		}
		counters = numbers(got[1:10])
		for i := range chunk {
			v := got[10+11*i:]
			g := glance{version: v[0], rows: numbers(v[1:10])}
			if v[10] != "" {
				g.faults = strings.Split(v[10], "\n")
			}
			seen = append(seen, g)
		}
		if s.Progress != nil {
			s.Progress(s.campaign+" "+s.step, from+len(chunk), len(s.blocks))
		}
		if !Rest(ctx, s.Rest) {
			return nil, counters, ctx.Err()
		}
	}
	return seen, counters, nil
}

func numbers(s []string) (v vector) {
	for i := range v {
		v[i], _ = strconv.Atoi(s[i])
	}
	return v
}

// bounds is by how much each counter is off: at least low, at most high.
type bounds struct{ low, high vector }

func unknown() bounds {
	var b bounds
	for i := range b.low {
		b.low[i], b.high[i] = -1<<40, 1<<40
	}
	return b
}

func (b *bounds) exact() bool { return b.low == b.high }

// width is how many letters are uncertain at most.
func (b *bounds) width() (n int) {
	for i := range b.low {
		n = max(n, b.high[i]-b.low[i])
	}
	return n
}

// narrow takes in two looks at the blocks with the counters of a moment between them.
func (b *bounds) narrow(counters vector, before, after []glance) {
	moving := 0
	for i := range before {
		if before[i].version != after[i].version {
			moving += max(before[i].rows.total(), after[i].rows.total())
			continue
		}
		for s, n := range before[i].rows {
			counters[s] -= n
		}
	}
	for s, n := range counters {
		b.low[s], b.high[s] = max(b.low[s], n-moving), min(b.high[s], n)
	}
}

// off says whether a counter is certainly off, and by how much.
func (s *stepCheck) off(b bounds) (Fault, bool) {
	var wrong []string
	for i, state := range order {
		low, high := b.low[i], b.high[i]
		word := strings.ReplaceAll(string(state), "_", " ")
		switch {
		case low == high && low != 0:
			wrong = append(wrong, fmt.Sprintf("%+d %s", low, word))
		case low > 0:
			wrong = append(wrong, fmt.Sprintf("at least +%d %s", low, word))
		case high < 0:
			wrong = append(wrong, fmt.Sprintf("at least %d %s", high, word))
		}
	}
	if len(wrong) == 0 {
		return Fault{}, false
	}
	return Fault{
		About: "counters/" + s.campaign + "/" + s.step,
		Says:  fmt.Sprintf("%s %s: the counters differ from the letters: %s", s.campaign, s.step, strings.Join(wrong, ", ")),
		Means: "pages and reports show wrong numbers; no letter is sent twice or lost by it, but something wrote to the ledger past its scripts, or Redis lost a write",
		Mend:  "outreach doctor --ledger --mend --as NAME",
	}, true
}

// place is one finding of check.lua: which kind, in which block or of which donor.
type place struct{ kind, where string }

// places collects what is not where it must be: how many letters each finding concerns.
func (s *stepCheck) places(seen []glance) map[place]int {
	out := map[place]int{}
	for i, g := range seen {
		for _, line := range g.faults {
			kind, rest, _ := strings.Cut(line, " ")
			switch kind {
			case "look", "row":
				out[place{kind, rest}] = 1
			default:
				n, _, _ := strings.Cut(rest, " ")
				letters, _ := strconv.Atoi(n)
				out[place{kind, s.blocks[i]}] = letters
			}
		}
	}
	return out
}

func intersect(x, y map[place]int) map[place]int {
	out := map[place]int{}
	for k, n := range x {
		if _, ok := y[k]; ok {
			out[k] = n
		}
	}
	return out
}

// what each finding says of its letters, and means.
var placeWords = map[string][2]string{
	"due":    {"planned letters are in blocks that are not in the index of what is due", "they would never leave"},
	"busy":   {"letters in hand are in blocks that the sweep does not look at", "if their worker dies they would stay claimed or sending for ever"},
	"hand":   {"letters in hand are counted wrongly by their blocks", "the sweep could lose sight of them"},
	"follow": {"sent letters have no next step, and their blocks are not in the index of what follows", "their reminders would never be planned"},
	"look":   {"letters that a person must look at are on no list", "status would not show them"},
	"row":    {"rows cannot be read", "their letters are in no state; something wrote to the ledger past its scripts"},
}

// faults puts findings into sentences, one for each kind.
func (s *stepCheck) faults(found map[place]int) []Fault {
	byKind := map[string][]string{}
	letters := map[string]int{}
	for p, n := range found {
		byKind[p.kind] = append(byKind[p.kind], p.where)
		letters[p.kind] += n
	}
	var out []Fault
	for kind, where := range byKind {
		slices.Sort(where)
		list := strings.Join(where[:min(len(where), 5)], ", ")
		if more := len(where) - 5; more > 0 {
			list += fmt.Sprintf(" and %d more", more)
		}
		f := Fault{
			About: "place/" + s.campaign + "/" + s.step + "/" + kind,
			Says:  fmt.Sprintf("%s %s: %d %s (%s)", s.campaign, s.step, letters[kind], placeWords[kind][0], list),
			Means: placeWords[kind][1],
			Mend:  "outreach doctor --ledger --mend --as NAME",
		}
		if kind == "row" {
			f.Mend = "keep a copy (outreach backup FILE), and compare it with an earlier one"
		}
		out = append(out, f)
	}
	slices.SortFunc(out, func(x, y Fault) int { return strings.Compare(x.About, y.About) })
	return out
}

// mend puts right what can be put right without touching a letter.
func (s *stepCheck) mend(ctx context.Context, size int, off bounds, found map[place]int, out *Checkup) error {
	if s.Mender == "" {
		return nil
	}
	if len(found) > 0 {
		if _, _, err := s.look(ctx, size, s.Mender); err != nil {
			return err
		}
		out.Mended = append(out.Mended, fmt.Sprintf("%s %s: what stood in no index was put into its place", s.campaign, s.step))
	}
	if !off.exact() || off.low == (vector{}) {
		return nil
	}
	args := []any{s.Mender, s.campaign, s.step}
	for i, n := range off.low {
		if n != 0 {
			args = append(args, "PCGSDRBWX"[i:i+1], -n)
		}
	}
	if _, err := s.Ledger.number(ctx, "recount", []string{metaKey(), auditKey(), countsKey(s.campaign)}, args...); err != nil {
		return err
	}
	out.Mended = append(out.Mended, fmt.Sprintf("%s %s: the counters were corrected", s.campaign, s.step))
	return nil
}
