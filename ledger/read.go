package ledger

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"outreach.example/letter"
)

func isNil(err error) bool { return errors.Is(err, redis.Nil) }

// Campaign is what the ledger says of a campaign.
type Campaign struct {
	Name       string
	Status     string // planned, approved, running, paused, cancelled
	Edition    string // the approved one, "" before
	Number     int
	Pending    string // the one that waits for approval, ""
	PendingBy  string
	Importers  []string // who imported rows of the one that waits, since the approved one
	Import     string   // the last import that the approved one has, "" for none
	Inputs     string   // SHA-256 of what staff wrote, of the approved edition, or of the waiting one before that
	Laid       string   // the edition whose rows are complete
	Steps      []string
	Donors     int
	ApprovedBy string
	Open       time.Time // letters may be claimed until then; zero before a scheduler has looked
	PausedBy   string
	PausedWhy  string
	Standing   map[string]time.Time // step to the end of its standing approval; absent for steps released letter by letter
	Each       map[string]bool
	Editions   []string  // hashes of all editions, the newest first
	LaunchAt   time.Time // it starts then, unless that is taken back; zero for no launch
	LaunchBy   string
	Back       string // the edition that was sent back last
	BackBy     string
	BackWhy    string
	Canary     []Canary // letters of the first step that are out while the others wait for them; none once they have passed
	Voided     bool     // what was planned when it was cancelled is cancelled
}

// SentBack says whether the edition that waits was sent back.
func (c Campaign) SentBack() bool { return c.Pending != "" && c.Back == c.Pending }

// Current is the edition that letters are written by: the approved one, or the first one waiting.
func (c Campaign) Current() string {
	if c.Edition != "" {
		return c.Edition
	}
	return c.Pending
}

// Campaigns lists the names of all campaigns.
func (l *Ledger) Campaigns(ctx context.Context) ([]string, error) {
	names, err := l.Redis.SMembers(ctx, campaignsKey()).Result()
	sort.Strings(names)
	if err != nil {
		return nil, fmt.Errorf("campaigns: %w", err)
	}
	return names, nil
}

// Campaign reads one campaign; ErrNoCampaign when no plan has made it.
func (l *Ledger) Campaign(ctx context.Context, name string) (Campaign, error) {
	h, err := l.Redis.HGetAll(ctx, campaignKey(name)).Result()
	if err != nil {
		return Campaign{}, fmt.Errorf("campaign %s: %w", name, err)
	}
	if len(h) == 0 {
		return Campaign{}, fmt.Errorf("%s: %w", name, ErrNoCampaign)
	}
	c := Campaign{
		Name: name, Status: h["status"], Edition: h["edition"], Pending: h["pending"], PendingBy: h["pending_by"],
		Inputs: h["inputs"], Import: h["import"], Laid: h["laid"], Steps: strings.Fields(h["steps"]),
		ApprovedBy: h["approved_by"], Open: fromMS(h["open"]), PausedBy: h["pause_by"], PausedWhy: h["pause_why"],
		Standing: map[string]time.Time{}, Each: map[string]bool{}, Voided: h["voided"] == "1",
		Back: h["back"], BackBy: h["back_by"], BackWhy: h["back_why"], LaunchBy: h["launch_by"], Canary: readCanaries(h["canary"]),
	}
	if c.Pending != "" {
		c.Importers = strings.FieldsFunc(h["with:"+c.Pending], func(r rune) bool { return r == '\n' })
	}
	if c.Status == "approved" {
		c.LaunchAt = fromMS(h["launch_at"])
	}
	c.Number, _ = strconv.Atoi(h["number"])
	n, _ := strconv.Atoi(h["editions"])
	for ; n > 0; n-- {
		c.Editions = append(c.Editions, h["hash:"+strconv.Itoa(n)])
	}
	c.Donors, _ = strconv.Atoi(h["donors"])
	if c.Edition == "" {
		c.Inputs = h["pending_inputs"]
		c.Donors, _ = strconv.Atoi(h["pending_donors"])
	}
	for k, v := range h {
		if step, ok := strings.CutPrefix(k, "until:"); ok {
			if v == "each" {
				c.Each[step] = true
			} else {
				c.Standing[step] = fromMS(v)
			}
		}
	}
	return c, nil
}

// Counts is how many letters of a step are in each state.
type Counts map[letter.State]int

// Total adds them up.
func (c Counts) Total() int {
	n := 0
	for _, v := range c {
		n += v
	}
	return n
}

// Open is how many letters may still change by themselves.
func (c Counts) Open() int { return c[letter.Planned] + c[letter.Claimed] + c[letter.Sending] }

// Counts reads a campaign's counters by step.
func (l *Ledger) Counts(ctx context.Context, campaign string) (map[string]Counts, error) {
	h, err := l.Redis.HGetAll(ctx, countsKey(campaign)).Result()
	if err != nil {
		return nil, fmt.Errorf("counts of %s: %w", campaign, err)
	}
	out := map[string]Counts{}
	for k, v := range h {
		step, state, ok := strings.Cut(k, "/")
		if !ok || len(state) != 1 {
			continue
		}
		if out[step] == nil {
			out[step] = Counts{}
		}
		out[step][stateOf[state[0]]], _ = strconv.Atoi(v)
	}
	return out, nil
}

// Letter is one row as it stands.
type Letter struct {
	ID         letter.ID
	State      letter.State
	Generation int
	Attempts   int
	Edition    int       // number of the edition it was last claimed under, 0 before
	Since      time.Time // since when it is in this state; for Planned: due
	Date       time.Time // the letter's date, zero before the first claim
	Released   bool      // by a person, where its step is released letter by letter
	Words      string    // of the relay, or the reason
	Nonce      string
	Proof      Proof // evidence that a relay took it
}

// Worker is the name of the worker that held it last.
func (l Letter) Worker() string { return l.Nonce[:min(nameLength, len(l.Nonce))] }

func readRow(id letter.ID, v, words, proof string) (Letter, bool) {
	p := strings.SplitN(v, "|", 8)
	if len(p) != 8 || len(p[0]) != 1 || stateOf[p[0][0]] == "" {
		return Letter{}, false
	}
	l := Letter{ID: id, State: stateOf[p[0][0]], Since: fromMS(p[4]), Nonce: p[6], Released: strings.HasPrefix(p[7], "f"), Words: words}
	l.Generation, _ = strconv.Atoi(p[1])
	l.Attempts, _ = strconv.Atoi(p[2])
	l.Edition, _ = strconv.Atoi(p[3])
	if s, _ := strconv.ParseInt(p[5], 10, 64); s > 0 {
		l.Date = time.Unix(s, 0).UTC()
	}
	l.Proof = readProof(proof, l.Generation)
	return l, true
}

// Letter reads one letter; ok is false when it has no row (its step has not been planned for this donor).
func (l *Ledger) Letter(ctx context.Context, b letter.Block, donor string) (got Letter, ok bool, err error) {
	v, err := l.Redis.HMGet(ctx, rowsKey(b), donor, donor+"~", donor+"~~").Result()
	if err != nil {
		return Letter{}, false, fmt.Errorf("letter %s/%s/%s: %w", b.Campaign, donor, b.Step, err)
	}
	row, _ := v[0].(string)
	words, _ := v[1].(string)
	proof, _ := v[2].(string)
	got, ok = readRow(letter.ID{Campaign: b.Campaign, Donor: donor, Step: b.Step}, row, words, proof)
	return got, ok, nil
}

// Letters reads all letters of a block, by donor.
func (l *Ledger) Letters(ctx context.Context, b letter.Block) (map[string]Letter, error) {
	all, err := l.Redis.HGetAll(ctx, rowsKey(b)).Result()
	if err != nil {
		return nil, fmt.Errorf("letters of %s: %w", b, err)
	}
	return readRows(b, all), nil
}

func readRows(b letter.Block, all map[string]string) map[string]Letter {
	out := make(map[string]Letter, len(all)/2)
	for f, v := range all {
		if strings.HasPrefix(f, ".") || strings.HasSuffix(f, "~") {
			continue
		}
		if got, ok := readRow(letter.ID{Campaign: b.Campaign, Donor: f, Step: b.Step}, v, all[f+"~"], all[f+"~~"]); ok {
			out[f] = got
		}
	}
	return out
}

// Look lists letters that a person must look at (in doubt, refused, bounced, withheld), oldest first: step and donor.
func (l *Ledger) Look(ctx context.Context, campaign string, n int) ([]letter.ID, error) {
	got, err := l.Redis.ZRange(ctx, lookKey(campaign), 0, int64(n)-1).Result()
	if err != nil {
		return nil, fmt.Errorf("letters to look at in %s: %w", campaign, err)
	}
	out := make([]letter.ID, len(got))
	for i, m := range got {
		step, donor := splitMember(m)
		out[i] = letter.ID{Campaign: campaign, Donor: donor, Step: step}
	}
	return out, nil
}

// OldestDoubt is since when the oldest letter in doubt of a campaign is; zero when none is. Doubts stand first on the list
// of letters to look at, see scripts/lib.lua.
func (l *Ledger) OldestDoubt(ctx context.Context, campaign string) (time.Time, error) {
	got, err := l.Redis.ZRangeByScoreWithScores(ctx, lookKey(campaign), &redis.ZRangeBy{Min: "-inf", Max: "(0", Count: 1}).Result()
	if err != nil || len(got) == 0 {
		return time.Time{}, err
	}
	return time.UnixMilli(int64(got[0].Score) + doubtsAhead).UTC(), nil
}

// doubtsAhead is by how much the score of a doubt is lower than its time.
const doubtsAhead = 1e13

// NextDue is the earliest moment at which a block of the campaign is due; zero when none is.
func (l *Ledger) NextDue(ctx context.Context, campaign string) (time.Time, error) {
	got, err := l.Redis.ZRangeWithScores(ctx, dueKey(campaign), 0, 0).Result()
	if err != nil || len(got) == 0 {
		return time.Time{}, err
	}
	return time.UnixMilli(int64(got[0].Score)).UTC(), nil
}

// Working is how many workers have a lease now.
func (l *Ledger) Working(ctx context.Context) (int, error) {
	now, err := l.Now(ctx)
	if err != nil {
		return 0, err
	}
	n, err := l.Redis.ZCount(ctx, workersKey(), strconv.FormatInt(now.UnixMilli(), 10), "+inf").Result()
	return int(n), err
}

// Now is the time by Redis, which all due times are compared with.
func (l *Ledger) Now(ctx context.Context) (time.Time, error) { return l.Redis.Time(ctx).Result() }

// Server names the run of the server that answers for the ledger: another one after a failover or a restart. "" where it
// does not tell.
func (l *Ledger) Server(ctx context.Context) (string, error) {
	text, err := l.Redis.Info(ctx, "server").Result()
	if err != nil {
		return "", fmt.Errorf("ledger server: %w", explain(err))
	}
	_, rest, _ := strings.Cut(text, "run_id:")
	id, _, _ := strings.Cut(rest, "\r\n")
	return id, nil
}

// AuditEntry is one link of the chain.
type AuditEntry struct {
	Seq   int64
	At    time.Time
	Who   string
	What  string
	Body  string
	Chain string
}

// Audit reads at most n entries after a sequence number.
func (l *Ledger) Audit(ctx context.Context, after int64, n int) ([]AuditEntry, error) {
	got, err := l.Redis.XRangeN(ctx, auditKey(), strconv.FormatInt(after+1, 10)+"-0", "+", int64(n)).Result()
	if err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	out := make([]AuditEntry, len(got))
	for i, m := range got {
		s := func(k string) string { v, _ := m.Values[k].(string); return v }
		seq, _ := strconv.ParseInt(strings.TrimSuffix(m.ID, "-0"), 10, 64)
		out[i] = AuditEntry{Seq: seq, At: fromMS(s("at")), Who: s("who"), What: s("what"), Body: s("body"), Chain: s("chain")}
	}
	return out, nil
}

// Link is the chain hash this entry must have after the one before it.
func (e AuditEntry) Link(before string) string {
	sum := sha1.Sum([]byte(before + "\n" + strconv.FormatInt(e.Seq, 10) + "\n" + strconv.FormatInt(e.At.UnixMilli(), 10) + "\n" +
		e.Who + "\n" + e.What + "\n" + e.Body))
	return hex.EncodeToString(sum[:])
}
