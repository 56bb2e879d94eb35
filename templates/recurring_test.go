package templates

import (
	"bytes"
	"fmt"
	"sync"
	"testing"
)

// Whatever was met before, and by however many at once, a letter is laid out as if it were the first.
func TestRecurringParts(t *testing.T) {
	body := func(i int) []byte {
		return []byte(fmt.Sprintf("To State %d.\n\nThe same <words> for all, written to desk@iom.example.\n\n- one\n- two", i))
	}
	write := func(lay func([]byte, *plainSheet, *htmlSheet), i int) (string, string) {
		p := plainSheet{out: []byte("IOM\n")}
		h := htmlSheet{reply: []byte("desk@iom.example")}
		lay(body(i), &p, &h)
		return string(p.out), string(h.out)
	}
	var k recurring
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := range 3 * maxMet / 2 {
				wantPlain, wantHTML := write(func(b []byte, p *plainSheet, h *htmlSheet) { lay(b, p, h) }, i)
				if plain, html := write(k.lay, i); plain != wantPlain || html != wantHTML {
					t.Errorf("letter %d: got %q %q\nwant %q %q", i, plain, html, wantPlain, wantHTML)
					return
				}
			}
		})
	}
	wg.Wait()
	parts := *k.parts.Load()
	if _, ok := parts["- one\n- two"]; !ok || len(parts) > maxRecurring {
		t.Errorf("%d parts kept, the list among them: %v", len(parts), ok)
	}
	if k.met != nil || !k.full.Load() {
		t.Error("still looking after enough was met")
	}
	for part := range parts {
		if bytes.Contains([]byte(part), []byte("\n\n")) {
			t.Errorf("kept %q", part)
		}
	}
}
