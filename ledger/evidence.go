package ledger

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"outreach.example/letter"
)

// Evidence shows that a relay took a letter.
type Evidence struct {
	Letter letter.ID
	Block  string
	// Copy tells one registry copy from another; "" for evidence that is no copy, as a delivery report or a late answer.
	Copy  string
	Date  time.Time // the letter's Date header; zero when it is not known
	Exact bool      // content and addressee were compared with the letter's
	Taken time.Time // when the relay took it, as far as is known; zero when it is not
	Words string
}

// Finding says what became of evidence.
type Finding string

// The findings.
const (
	FoundSent    Finding = "sent"  // the letter is sent by this evidence
	FoundNoted   Finding = "noted" // it is kept; the letter's state stays
	FoundAgain   Finding = "again" // it was known
	FoundTwice   Finding = "twice" // one copy more than were sent on purpose: the letter was relayed twice
	FoundOdd     Finding = "odd"   // a copy of a letter that is refused, withheld or cancelled
	FoundEarlier Finding = "date"  // a copy of the letter to the address that failed before
	FoundWeak    Finding = "weak"  // the letter never left, and its Message-ID alone proves nothing
)

// Noted is what became of one piece of evidence. Before is the letter's state until then, "" when it has no row yet: its
// evidence is kept for it.
type Noted struct {
	Finding Finding
	Before  letter.State
}

// Evidence notes what was found and settles what it settles, for many letters in one call.
func (l *Ledger) Evidence(ctx context.Context, who string, es []Evidence) ([]Noted, error) {
	var out []Noted
	for len(es) > 0 {
		n := min(len(es), 100)
		k := newKeyring(metaKey(), auditKey(), busyKey())
		args := make([]any, 1, 1+15*n)
		args[0] = who
		for _, e := range es[:n] {
			c := e.Letter.Campaign
			b := letter.Block{Campaign: c, Step: e.Letter.Step, Name: e.Block}
			date := int64(0)
			if !e.Date.IsZero() {
				date = max(0, e.Date.Unix())
			}
			args = append(args, k.at(campaignKey(c)), k.at(rowsKey(b)), k.at(countsKey(c)), k.at(lookKey(c)), k.at(followKey(c)),
				k.at(oddKey(c)), c, b.Step, b.Name, e.Letter.Donor, e.Copy, date, flag(e.Exact), max(0, ms(e.Taken)), Words(e.Words))
		}
		got, err := l.strings(ctx, "evidence", k.keys, args...)
		if err == nil && len(got) != 2*n {
			err = fmt.Errorf("ledger evidence: %d values in the answer, expected %d", len(got), 2*n)
		}
		if err != nil {
			return out, err
		}
		for i := 0; i < len(got); i += 2 {
			out = append(out, Noted{Finding: Finding(got[i]), Before: stateOf[got[i+1][0]]})
		}
		es = es[n:]
	}
	return out, nil
}

// Late notes an accepting answer whose letter is no longer its worker's, because a person decided meanwhile: it proves that
// the relay took the letter. False says that it changed nothing.
func (l *Ledger) Late(ctx context.Context, s Settlement) (bool, error) {
	got, err := l.Evidence(ctx, "worker", []Evidence{{
		Letter: s.Claim.ID, Block: s.Claim.Block.Name, Date: s.Claim.Date, Words: s.Words,
	}})
	if err != nil {
		return false, err
	}
	return got[0].Finding == FoundSent || got[0].Finding == FoundNoted || got[0].Finding == FoundAgain, nil
}

// Proof is what evidence has shown of one letter.
type Proof struct {
	Copies int       // different registry copies; 9 stands for more than eight
	Other  bool      // proof that is no copy
	Since  time.Time // when the first was noted
	Twice  bool      // more copies than were sent on purpose
}

// Seen says whether there is any.
func (p Proof) Seen() bool { return p.Copies > 0 || p.Other }

// readProof reads what scripts/lib.lua writes, of a letter of this generation.
func readProof(v string, generation int) Proof {
	f := strings.SplitN(v, "|", 7)
	if len(f) != 7 {
		return Proof{}
	}
	n := [4]int{}
	for i := range n {
		n[i], _ = strconv.Atoi(f[i])
	}
	return Proof{
		Copies: n[0], Other: n[3] == 1, Since: fromMS(f[5]),
		Twice: n[0] > max(1, generation-n[1]+1-n[2]),
	}
}

// Odd lists at most n letters whose registry copies do not fit where they are, the longest known first.
func (l *Ledger) Odd(ctx context.Context, campaign string, n int) ([]letter.ID, error) {
	got, err := l.Redis.ZRange(ctx, oddKey(campaign), 0, int64(n)-1).Result()
	return idsOf(campaign, got), err
}

// Doubts lists at most n letters in doubt, the longest first.
func (l *Ledger) Doubts(ctx context.Context, campaign string, n int) ([]letter.ID, error) {
	got, err := l.Redis.ZRangeByScore(ctx, lookKey(campaign), &redis.ZRangeBy{Min: "-inf", Max: "(0", Count: int64(n)}).Result()
	if err != nil {
		return nil, fmt.Errorf("doubts of %s: %w", campaign, err)
	}
	return idsOf(campaign, got), nil
}

func idsOf(campaign string, members []string) []letter.ID {
	out := make([]letter.ID, len(members))
	for i, m := range members {
		step, donor := splitMember(m)
		out[i] = letter.ID{Campaign: campaign, Donor: donor, Step: step}
	}
	return out
}

// Copies is how many letters of a campaign have a registry copy that was read, by step.
func (l *Ledger) Copies(ctx context.Context, campaign string) (map[string]int, error) {
	h, err := l.Redis.HGetAll(ctx, countsKey(campaign)).Result()
	if err != nil {
		return nil, fmt.Errorf("counts of %s: %w", campaign, err)
	}
	out := map[string]int{}
	for k, v := range h {
		if step, ok := strings.CutSuffix(k, "/copies"); ok {
			out[step], _ = strconv.Atoi(v)
		}
	}
	return out, nil
}
