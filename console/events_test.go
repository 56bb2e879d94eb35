package console

import (
	"bufio"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// A page that is open hears that the ledger moved, and nothing of what moved it.
func TestEvents(t *testing.T) {
	server := httptest.NewUnstartedServer(nil)
	address := "http://" + server.Listener.Addr().String()
	o := openOffice(t, address)
	o.c.Log = newDiscard()
	server.Config.Handler = o.c
	server.Start()
	ctx, stop := context.WithTimeout(t.Context(), 30*time.Second)
	defer stop()
	done := make(chan error, 1)
	go func() { done <- o.c.Run(ctx) }()
	defer func() { stop(); <-done; server.Close() }()

	b := o.as("viewer")
	get := func(cookie *http.Cookie) *http.Response {
		r, _ := http.NewRequestWithContext(ctx, http.MethodGet, address+"/events", nil)
		if cookie != nil {
			r.AddCookie(cookie)
		}
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		return res
	}
	stranger := get(nil)
	_ = stranger.Body.Close()
	if stranger.StatusCode != http.StatusUnauthorized {
		t.Errorf("a stranger listens: %s", stranger.Status)
	}
	res := get(b.cookie)
	defer res.Body.Close()
	if res.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("%s %s", res.Status, res.Header)
	}
	if _, err := o.c.Ledger.Hold(ctx, "ann", "donor:KEN", time.Now().Add(time.Hour), "visit"); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(res.Body)
	for lines.Scan() {
		if strings.Contains(lines.Text(), "KEN") || strings.Contains(lines.Text(), "ann") {
			t.Errorf("the stream tells %q", lines.Text())
		}
		if lines.Text() == "event: moved" {
			return
		}
	}
	t.Error("the page heard nothing")
}

// However many pages are open, a few are told after each look, each in its turn, and each once.
func TestEventsInTurn(t *testing.T) {
	h := newHub(nil, nil)
	var all []*ear
	for range 4*mostTold + 1 {
		all = append(all, h.hear())
	}
	heard := func() (n int) {
		for _, e := range all {
			select {
			case seq := <-e.news:
				if n++; seq != e.told {
					t.Errorf("heard %d, told %d", seq, e.told)
				}
			default:
			}
		}
		return n
	}
	for look, want := range []int{mostTold, mostTold, mostTold, mostTold, 1, 0} {
		h.tell(7)
		if got := heard(); got != want {
			t.Errorf("look %d tells %d pages, want %d", look, got, want)
		}
	}
	h.leave(all[0])
	h.tell(8)
	h.tell(9)
	if got := heard(); got != 2*mostTold {
		t.Errorf("while it moves, two looks tell %d pages", got)
	}
	select {
	case <-all[0].news:
		t.Error("told after it left")
	default:
	}
	if late := h.hear(); late.told != 9 {
		t.Errorf("a page that was just asked for is at %d", late.told)
	}
}
