package consoletest

import (
	"context"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// FrameText is what the frame of a page shows whose address ends so. A sandboxed frame is a target of its own, with the address
// of the browser's page of errors where the policy of the page or of the letter refused to show it.
func (b *Browser) FrameText(t testing.TB, ends string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	all, err := chromedp.Targets(ctx)
	if err != nil {
		t.Fatalf("browser: its frames: %v", err)
	}
	var there []string
	for _, one := range all {
		if one.Type != "iframe" {
			continue
		}
		if there = append(there, one.URL); strings.HasSuffix(one.URL, ends) {
			in, end := chromedp.NewContext(ctx, chromedp.WithTargetID(one.TargetID), chromedp.WithDetachOnCancel())
			defer end()
			got, err := chromedp.Run(in, chromedp.Text(chromedp.CSS("body")))
			if err != nil {
				t.Fatalf("browser: the frame %s: %v", one.URL, err)
			}
			return strings.Join(strings.Fields(got), " ")
		}
	}
	t.Fatalf("browser: no frame %s is shown; there are: %v", ends, there)
	return ""
}

// unroll makes the screen as high as a page that has a frame: a picture of a whole page shows nothing of a frame that is
// outside the screen.
func (b *Browser) unroll(t testing.TB) {
	t.Helper()
	type size struct {
		Framed        bool
		Width, Height int64
	}
	got := Ask(t, b, chromedp.Evaluate[size](`({Framed: document.querySelector("iframe") !== null, Width: innerWidth, Height: document.documentElement.scrollHeight})`))
	if !got.Framed {
		return
	}
	b.Run(t, func(ctx context.Context, on *chromedp.Target) (chromedp.Void, error) {
		return cdp.Call(ctx, on, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
			Width: got.Width, Height: got.Height, DeviceScaleFactor: 1,
		})
	})
}
