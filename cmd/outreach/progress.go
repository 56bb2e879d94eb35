package main

import (
	"context"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/term"

	"outreach.example/ledger"
)

// isTerminal says whether a person sits at the other end of a stream.
func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// progress shows long work: a bar on a terminal, elsewhere a plain line every tenth or every ten seconds, and nothing
// for work that is over at once.
type progress struct {
	app   *app
	what  string
	total int

	mu   sync.Mutex
	bars *mpb.Progress
	bar  *mpb.Bar
	said time.Time
	last int
	over bool
}

func (a *app) progress(what string, total int) *progress {
	p := &progress{app: a, what: what, total: total, said: a.now()}
	if isTerminal(a.errs) && a.getenv("TERM") != "dumb" {
		p.bars = mpb.New(mpb.WithOutput(a.errs), mpb.WithWidth(48))
		p.bar = p.bars.New(int64(total), mpb.BarStyle().Lbound("[").Filler("=").Tip("=").Padding(" ").Rbound("]"),
			mpb.BarRemoveOnComplete(),
			mpb.PrependDecorators(decor.Name(what+" ")),
			mpb.AppendDecorators(decor.CountersNoUnit(" %d of %d")))
	}
	return p
}

// at says how much is done.
func (p *progress) at(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over {
		return
	}
	if p.bar != nil {
		p.bar.SetCurrent(int64(n))
		return
	}
	now := p.app.now()
	tenth := p.total > 0 && n*10/p.total > p.last*10/p.total
	if n > p.last && (tenth && now.Sub(p.said) > time.Second || now.Sub(p.said) > 10*time.Second) {
		fmt.Fprintf(p.app.errs, "%s: %d of %d\n", p.what, n, p.total)
		p.said, p.last = now, n
	}
}

// of says how much of how much is done, where that is not known before.
func (p *progress) of(n, total int) {
	p.mu.Lock()
	if p.total != total {
		p.total = total
		if p.bar != nil {
			p.bar.SetTotal(int64(total), false)
		}
	}
	p.mu.Unlock()
	p.at(n)
}

// end takes the bar away. It may be called twice.
func (p *progress) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over {
		return
	}
	p.over = true
	if p.bar != nil {
		p.bar.Abort(true)
		p.bars.Wait()
	}
}

// watch follows a campaign's first open step until no letter of it is open.
func (a *app) watch(ctx context.Context, l *ledger.Ledger, name string) error {
	s, _, err := readStatus(ctx, l, name)
	if err != nil {
		return err
	}
	bar := a.progress(name, s.Total)
	defer bar.end()
	t := time.NewTicker(100 * time.Millisecond)
	defer t.Stop()
	for {
		open := s.Planned + s.Claimed + s.Sending
		bar.at(s.Total - open)
		if open == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-t.C:
		}
		if s, _, err = readStatus(ctx, l, name); err != nil {
			return err
		}
	}
}
