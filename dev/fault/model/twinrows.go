package model

import (
	"fmt"
	"math/bits"
	"slices"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"
)

func sortedWords(s []string) []string { slices.Sort(s); return s }

// rowsDiffer compares what every call may change: the rows, and seq.
func (tw *twin) rowsDiffer() string {
	p := tw.rdb.Pipeline()
	var rows [maxSteps][maxBlocks]*redis.MapStringStringCmd
	for step := range maxSteps {
		for bl := range int(tw.b.blocks) {
			rows[step][bl] = p.HGetAll(tw.ctx, "{outreach}:r:"+twinCampaign+":"+twinSteps[step]+":"+tw.blockName(bl))
		}
	}
	seq := p.HGet(tw.ctx, "{outreach}:meta", "seq")
	now := p.Time(tw.ctx)
	if _, err := p.Exec(tw.ctx); err != nil {
		return err.Error()
	}
	tw.b.now = now.Val().UnixMilli() // for the next call, which comes no earlier
	if n, _ := strconv.Atoi(seq.Val()); n != int(tw.b.seq) {
		return fmt.Sprintf("seq is %d, the model's %d", n, tw.b.seq)
	}
	for step := range maxSteps {
		for d := range maxDonors {
			got := rows[step][tw.b.block(d)].Val()
			if s := tw.rowDiffers(got[donorName(d)], got[donorName(d)+"~"], &tw.b.rows[step][d]); s != "" {
				return donorName(d) + "/" + twinSteps[step] + ": " + s
			}
			if s := tw.proofDiffers(got[donorName(d)+"~~"], &tw.b.proofs[step][d]); s != "" {
				return donorName(d) + "/" + twinSteps[step] + ": " + s
			}
		}
		for bl := range int(tw.b.blocks) {
			got := rows[step][bl].Val()
			w, _ := strconv.Atoi(got[".w"])
			n, _ := strconv.Atoi(got[".b"])
			if w != int(tw.b.wakes[step][bl]) || n != int(tw.b.inHand[step][bl]) {
				return fmt.Sprintf("%s/%d: wakes %d and %d in hand, the model's %d and %d", twinSteps[step], bl, w, n,
					tw.b.wakes[step][bl], tw.b.inHand[step][bl])
			}
		}
	}
	return ""
}

func (tw *twin) rowDiffers(v, said string, r *row) string {
	if v == "" || r.s == none {
		if v != "" || r.s != none {
			return fmt.Sprintf("row %q, the model's %+v", v, *r)
		}
		return ""
	}
	p := strings.SplitN(v, "|", 8)
	n, t, d := "", int64(0), int64(0)
	t, _ = strconv.ParseInt(p[4], 10, 64)
	d, _ = strconv.ParseInt(p[5], 10, 64)
	if r.n != 0 {
		n = nonceText(r.n)
	}
	m := ""
	if r.first {
		m = "f"
	}
	if r.mask != 0 {
		m += fmt.Sprint(r.mask)
	}
	real := []string{p[0], p[1], p[2], p[3], p[6], p[7], said}
	model := []string{r.s.String(), fmt.Sprint(r.g), fmt.Sprint(r.a), fmt.Sprint(r.e), n, m, wordsText[r.words]}
	if !slices.Equal(real, model) || !tw.near(t, r.t) || !tw.near(d*1000, r.d*1000) || (d == 0) != (r.d == 0) {
		return fmt.Sprintf("row %q %q, the model's %q since %d dated %d", v, said, model, r.t, r.d)
	}
	return ""
}

func (tw *twin) proofDiffers(v string, c *proof) string {
	p := strings.SplitN(v, "|", 7)
	if len(p) != 7 {
		if c.there || v != "" {
			return fmt.Sprintf("proof %q, the model's %+v", v, *c)
		}
		return ""
	}
	flag := map[bool]string{true: "1", false: "0"}
	d, _ := strconv.ParseInt(p[4], 10, 64)
	t, _ := strconv.ParseInt(p[5], 10, 64)
	ids := 0
	if p[6] != "" {
		ids = 1 + strings.Count(p[6], ",")
	}
	real := []string{p[0], p[1], p[2], p[3], fmt.Sprint(ids)}
	model := []string{fmt.Sprint(c.n), fmt.Sprint(c.g), flag[c.k], flag[c.p], fmt.Sprint(bits.OnesCount16(c.ids))}
	if !slices.Equal(real, model) || !tw.near(d*1000, c.d*1000) || !tw.near(t, c.t) {
		return fmt.Sprintf("proof %q, the model's %q of %d since %d", v, model, c.d, c.t)
	}
	return ""
}

// everything compares all else that is stored.
func (tw *twin) everything() {
	fail := func(format string, args ...any) {
		if tw.differ == "" {
			tw.differ = fmt.Sprintf(format, args...)
		}
	}
	p := tw.rdb.Pipeline()
	counts := p.HGetAll(tw.ctx, "{outreach}:n:"+twinCampaign)
	campaign := p.HGetAll(tw.ctx, "{outreach}:c:"+twinCampaign)
	meta := p.HGetAll(tw.ctx, "{outreach}:meta")
	holds := p.HGetAll(tw.ctx, "{outreach}:holds")
	relay := p.HGetAll(tw.ctx, "{outreach}:relay:main")
	reindex := p.HGet(tw.ctx, "{outreach}:reindex", twinCampaign)
	sets := map[string]*redis.ZSliceCmd{}
	for _, k := range []string{"due:" + twinCampaign, "follow:" + twinCampaign, "busy", "look:" + twinCampaign, "workers"} {
		sets[k] = p.ZRangeWithScores(tw.ctx, "{outreach}:"+k, 0, -1)
	}
	odd := p.ZRange(tw.ctx, "{outreach}:odd:"+twinCampaign, 0, -1)
	stream := p.XRange(tw.ctx, "{outreach}:audit", "-", "+")
	if _, err := p.Exec(tw.ctx); err != nil && err != redis.Nil {
		fail("%v", err)
		return
	}
	for step := range maxSteps {
		for s := planned; s < marks; s++ {
			n, _ := strconv.Atoi(counts.Val()[twinSteps[step]+"/"+s.String()])
			if n != int(tw.b.counts[step][s]) {
				fail("counter %s/%s is %d, the model's %d", twinSteps[step], s, n, tw.b.counts[step][s])
			}
		}
	}
	odds := 0
	for step := range maxSteps {
		odds += bits.OnesCount8(tw.b.odd[step])
		n, _ := strconv.Atoi(counts.Val()[twinSteps[step]+"/copies"])
		if n != int(tw.b.copies[step]) {
			fail("%d letters of %s have copies, the model's %d", n, twinSteps[step], tw.b.copies[step])
		}
	}
	if len(odd.Val()) != odds {
		fail("odd are %v, the model's %d", odd.Val(), odds)
	}
	c := campaign.Val()
	for field, want := range map[string]string{
		"status": statusText[tw.b.status], "edition": hashOf(tw.b.edition), "pending": hashOf(tw.b.pending), "laid": hashOf(tw.b.laid),
		"pending_by": people[tw.b.pendingBy], "written_by": people[tw.b.writtenBy], "start_by": people[tw.b.startedBy],
		"steps": strings.Join(twinSteps[:tw.b.steps], " "),
	} {
		if c[field] != want {
			fail("campaign's %s is %q, the model's %q", field, c[field], want)
		}
	}
	if (c["voided"] == "1") != tw.b.voided {
		fail("voided is %q, the model's %v", c["voided"], tw.b.voided)
	}
	if n, _ := strconv.Atoi(meta.Val()["deaths"]); n != int(tw.b.deaths) {
		fail("%d deaths, the model's %d", n, tw.b.deaths)
	}
	if (meta.Val()["frozen"] != "") != (tw.b.frozen != 0) {
		fail("frozen is %q, the model's %d", meta.Val()["frozen"], tw.b.frozen)
	}
	if n, _ := strconv.Atoi(relay.Val()["doubts"]); n != int(tw.b.relayDoubts) || (relay.Val()["held"] != "") != tw.b.relayHeld {
		fail("the relay is %v, the model's has %d doubts, held %v", relay.Val(), tw.b.relayDoubts, tw.b.relayHeld)
	}
	if (reindex.Val() != "") != (tw.b.reindex > 0) {
		fail("reindex is %q, the model's %d", reindex.Val(), tw.b.reindex)
	}
	if len(holds.Val()) != int(tw.b.heldN) {
		fail("%d holds, the model's %d", len(holds.Val()), tw.b.heldN)
	}
	want := map[string]map[string]int64{}
	for k := range sets {
		want[k] = map[string]int64{}
	}
	put := func(set, member string, score int64) {
		if score != 0 {
			want[set][member] = score
		}
	}
	for step := range maxSteps {
		for bl := range int(tw.b.blocks) {
			member := twinSteps[step] + "/" + tw.blockName(bl)
			put("due:"+twinCampaign, member, tw.b.due[step][bl])
			put("follow:"+twinCampaign, member, tw.b.follow[step][bl])
			put("busy", twinCampaign+"/"+member, tw.b.busy[step][bl])
		}
		for d := range maxDonors {
			put("look:"+twinCampaign, twinSteps[step]+"/"+donorName(d), tw.b.look[step][d])
		}
	}
	for w, til := range tw.b.workers {
		if til >= 0 {
			want["workers"][workerName(uint8(w))] = til
		}
	}
	for k, cmd := range sets {
		for _, z := range cmd.Val() {
			m, ok := want[k][z.Member.(string)]
			if !ok || !tw.near(int64(z.Score), m) && (k != "workers" || z.Score != 0 || m != 0) {
				fail("%s has %v at %.0f, the model %d (there: %v)", k, z.Member, z.Score, m, ok)
			}
			delete(want[k], z.Member.(string))
		}
		if len(want[k]) > 0 {
			fail("%s lacks %v", k, want[k])
		}
	}
	if len(stream.Val()) != int(tw.b.seq) {
		fail("%d audit entries, the model's seq is %d", len(stream.Val()), tw.b.seq)
	}
	tw.chainHolds(fail)
}

func hashOf(e uint8) string {
	if e == 0 {
		return ""
	}
	return editionHash(e)
}

// chainHolds checks that every audit entry follows from the one before it (I10).
func (tw *twin) chainHolds(fail func(string, ...any)) {
	entries, err := tw.l.Audit(tw.ctx, 0, 10_000)
	if err != nil {
		fail("%v", err)
	}
	before := ""
	for i, e := range entries {
		if e.Seq != int64(i+1) || e.Chain != e.Link(before) {
			fail("audit entry %d breaks the chain", e.Seq)
		}
		before = e.Chain
	}
}
