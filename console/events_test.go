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
	go func() {
		for ctx.Err() == nil {
			_, _ = o.c.Ledger.Hold(ctx, "ann", "donor:KEN", time.Now().Add(time.Hour), "visit "+time.Now().String())
			time.Sleep(50 * time.Millisecond)
		}
	}()
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
