package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
	"time"
)

// What staff do in a run: so many people have a page open that follows the ledger, and ask for another one every few
// seconds, each at another moment.
const (
	staff       = 100
	shortLook   = 2 * time.Second // between two clicks of a person
	longLook    = 10 * time.Second
	pagePause   = 2 * time.Second // between two looks of a page that follows the ledger, as in console.js
	pageScatter = 500 * time.Millisecond
)

// pagesReport is what pages took while letters left, and what letters lost by it. Times are in milliseconds.
type pagesReport struct {
	Letters int                `json:"letters"`
	Rounds  int                `json:"rounds"`
	Staff   int                `json:"staff"`
	Asked   int                `json:"pages"`
	Wrong   int                `json:"errors"`
	P50     float64            `json:"page_ms_p50"`
	P95     float64            `json:"page_ms_p95"`
	Worst   float64            `json:"page_ms_worst"`
	Slow    int                `json:"pages_over_300_ms"`
	Rate    float64            `json:"letters_per_s_without_staff"`
	Beside  float64            `json:"letters_per_s_with_staff"`
	Ratio   float64            `json:"letters_with_staff_vs_without"`
	CPU     float64            `json:"console_cpu_ms_per_page"`  // what follows the ledger included
	Quiet   float64            `json:"first_byte_ms_afterwards"` // the worst page's, once all letters are sent and one person looks
	Largest int                `json:"page_bytes_largest"`
	ByPath  map[string]float64 `json:"page_ms_worst_by_path"`
}

// clicks is what the staff of a run saw.
type clicks struct {
	mu    sync.Mutex
	took  []float64
	worst map[string]float64
	wrong []error
	looks int // of pages that follow the ledger

	quiet   float64
	largest int
}

func (c *clicks) add(path string, took time.Duration, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	ms := float64(took.Microseconds()) / 1000
	c.took = append(c.took, ms)
	path, _, _ = strings.Cut(path, "?")
	if strings.Contains(path, "/donors/") {
		path = "a State"
	}
	c.worst[path] = max(c.worst[path], ms)
	if err != nil {
		c.wrong = append(c.wrong, err)
	}
}

// pages measures what staff see while a campaign runs, and what the campaign loses by them: runs with and without them by turns.
func pages(ctx context.Context, letters, rounds int) (r pagesReport, err error) {
	b, err := prepare(ctx, letters)
	if err != nil {
		return r, err
	}
	defer func() { _ = os.RemoveAll(b.dir) }()
	sink, err := b.sink()
	if err != nil {
		return r, err
	}
	defer sink.end()
	r = pagesReport{Letters: letters, Rounds: rounds, Staff: staff, ByPath: map[string]float64{}}
	seen := &clicks{worst: r.ByPath}
	var without, with, ratios, cpu []float64
	for range rounds {
		alone, err := b.run(sink.addr, "hundred", "everysec")
		if err != nil {
			return r, err
		}
		b.staff = &office{clicks: seen}
		beside, err := b.run(sink.addr, "hundred", "everysec")
		cpu = append(cpu, b.staff.cpu)
		b.staff = nil
		if err != nil {
			return r, err
		}
		without, with, ratios = append(without, alone.rate), append(with, beside.rate), append(ratios, beside.rate/alone.rate)
	}
	slices.Sort(seen.took)
	r.Asked, r.Wrong = len(seen.took), len(seen.wrong)
	r.P50, r.P95, r.Worst = percentile(seen.took, 50), percentile(seen.took, 95), percentile(seen.took, 100)
	for _, ms := range seen.took {
		if ms > 300 {
			r.Slow++
		}
	}
	r.Rate, r.Beside, r.Ratio = median(without), median(with), median(ratios)
	sum := 0.0
	for _, c := range cpu {
		sum += c / 1000
	}
	r.Quiet, r.Largest = seen.quiet, seen.largest
	r.CPU = sum / float64(max(1, r.Asked+seen.looks))
	return r, errors.Join(seen.wrong[:min(3, len(seen.wrong))]...)
}

func (r pagesReport) print() {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	line := func(what, format string, args ...any) { fmt.Fprintf(w, "%s\t%s\n", what, fmt.Sprintf(format, args...)) }
	line("staff", "%d people, each with a page that follows the ledger, asking for another every %v to %v", r.Staff, shortLook, longLook)
	line("pages", "%d asked for, %d errors; p50 %.0f ms, p95 %.0f ms, worst %.0f ms, %d over 300 ms", r.Asked, r.Wrong, r.P50, r.P95, r.Worst, r.Slow)
	line("letters", "%d rounds of %d: %.0f/s without staff, %.0f/s with them: %.2f (goal 0.9)", r.Rounds, r.Letters, r.Rate, r.Beside, r.Ratio)
	line("CPU of the console", "%.1f ms per page, those that follow the ledger included", r.CPU)
	line("afterwards, one person", "first byte within %.0f ms (goal 50), pages of %.0f kB at most (goal 100)", r.Quiet, float64(r.Largest)/1024)
	for _, path := range slices.Sorted(maps.Keys(r.ByPath)) {
		line("worst of "+path, "%.0f ms", r.ByPath[path])
	}
	_ = w.Flush()
}

// office is a console with its staff.
type office struct {
	clicks  *clicks
	role    *role
	address string
	people  []*http.Client
	before  float64 // CPU of the console when everybody was signed in
	cpu     float64 // CPU of the console since, until they left; in microseconds
	leave   context.CancelFunc
	gone    sync.WaitGroup
}

const password = "a lamp under seven hills"

var startedAt = regexp.MustCompile(`console started" url=(\S+)`)

// open starts the console and signs everybody in.
func (o *office) open(b *bench, env []string, dir string) error {
	var err error
	if o.role, err = b.role(append(env, "OUTREACH_CONSOLE=127.0.0.1:0"), "console", "-C", dir); err != nil {
		return err
	}
	if err := b.until(time.Minute, func() (bool, error) { return o.role.says("console started") }); err != nil {
		return err
	}
	said, err := os.ReadFile(o.role.log)
	if err != nil {
		return err
	}
	o.address = string(startedAt.FindSubmatch(said)[1])
	for i := range staff {
		out, err := b.outreach(env, "people", "add", fmt.Sprintf("Person %c%c", 'A'+i/26, 'a'+i%26), "--role", "viewer")
		if err != nil {
			return err
		}
		jar, err := cookiejar.New(nil)
		if err != nil {
			return err
		}
		c := &http.Client{Jar: jar, Transport: &http.Transport{}}
		o.people = append(o.people, c)
		form := url.Values{"new": {password}, "repeat": {password}}.Encode()
		req, err := http.NewRequestWithContext(b.ctx, http.MethodPost, o.address+regexp.MustCompile(`/welcome/\S+`).FindString(string(out)), strings.NewReader(form))
		if err != nil {
			return err
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Origin", o.address)
		if err := answered(c.Do(req)); err != nil {
			return fmt.Errorf("signing in: %w", err)
		}
	}
	return nil
}

// answered reads an answer whole; one that is no page is an error.
func answered(res *http.Response, err error) error {
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, res.Body)
	if err := errors.Join(err, res.Body.Close()); err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK || strings.HasPrefix(res.Request.URL.Path, "/sign-in") {
		return fmt.Errorf("%s answers %s", res.Request.URL.Path, res.Status)
	}
	return nil
}

// begin lets everybody click until end.
func (o *office) begin(ctx context.Context, letters int) {
	o.before = o.role.used()
	ctx, o.leave = context.WithCancel(ctx)
	for _, c := range o.people {
		o.gone.Go(func() { o.follow(ctx, c) })
		o.gone.Go(func() { o.click(ctx, c, letters) })
	}
}

func (o *office) get(ctx context.Context, c *http.Client, path string, live bool) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, o.address+path, nil)
	if err != nil {
		return err
	}
	if live {
		req.Header.Set("X-Live", "1")
	}
	return answered(c.Do(req))
}

// paths are pages that people look at, some of them about the nth donor.
func paths(n int) []string {
	return []string{
		"/", "/campaigns", "/campaigns/bench", fmt.Sprintf("/campaigns/bench?q=Giver+%06d", n), "/campaigns/bench?state=sent", "/approvals",
		fmt.Sprintf("/campaigns/bench/donors/P%06d", n), fmt.Sprintf("/campaigns/bench/donors/P%06d/letters/appeal", n), "/doubts", "/tasks", "/relays",
		"/audit",
	}
}

// look asks for every page when nobody else does, a few times: the middle of the times until the first byte counts.
func (o *office) look(ctx context.Context, letters int) error {
	for i := range paths(0) {
		var took []float64
		for n := range 5 {
			path := paths(n * letters / 5)[i]
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, o.address+path, nil)
			if err != nil {
				return err
			}
			begun := time.Now()
			res, err := o.people[0].Do(req)
			took = append(took, float64(time.Since(begun).Microseconds())/1000)
			if err != nil {
				return err
			}
			page, err := io.ReadAll(res.Body)
			if err := errors.Join(err, res.Body.Close()); err != nil || res.StatusCode != http.StatusOK {
				return errors.Join(err, fmt.Errorf("%s answers %s", path, res.Status))
			}
			o.clicks.largest = max(o.clicks.largest, len(page))
		}
		o.clicks.quiet = max(o.clicks.quiet, median(took))
	}
	return nil
}

// click is a person who asks for pages.
func (o *office) click(ctx context.Context, c *http.Client, letters int) {
	rest := time.Duration(rand.Int64N(int64(longLook)))
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(rest):
		}
		all := paths(rand.IntN(letters))
		path := all[rand.IntN(len(all))]
		begun := time.Now()
		err := o.get(ctx, c, path, false)
		if ctx.Err() != nil {
			return
		}
		o.clicks.add(path, time.Since(begun), err)
		rest = shortLook + time.Duration(rand.Int64N(int64(longLook-shortLook)))
	}
}

// follow is a page that follows the ledger, as console.js does.
func (o *office) follow(ctx context.Context, c *http.Client) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, o.address+"/events", nil)
	if err != nil {
		return
	}
	res, err := c.Do(req)
	if err != nil {
		return
	}
	defer func() { _ = res.Body.Close() }()
	asked := time.Time{}
	for lines := bufio.NewScanner(res.Body); lines.Scan(); {
		if lines.Text() != "event: moved" || time.Since(asked) < pagePause+time.Duration(rand.Int64N(int64(pageScatter))) {
			continue
		}
		asked = time.Now()
		begun := time.Now()
		err := o.get(ctx, c, "/campaigns/bench", true)
		if ctx.Err() != nil {
			return
		}
		o.clicks.mu.Lock()
		o.clicks.looks++
		o.clicks.mu.Unlock()
		o.clicks.add("/campaigns/bench", time.Since(begun), err)
	}
}

// close lets everybody go but one, who looks at the pages, and ends the console.
func (o *office) close(ctx context.Context, letters int) error {
	var err error
	if o.leave != nil {
		o.leave()
		o.gone.Wait()
		after := o.role.used()
		err = o.look(ctx, letters)
		o.cpu = after - o.before
	}
	for _, c := range o.people {
		c.CloseIdleConnections()
	}
	if o.role == nil {
		return nil
	}
	return errors.Join(err, o.role.stop())
}
