// Package consoletest looks at pages as people do: with Debian's Chromium, wide and narrow, light and dark, with and
// without script, and with axe-core for those who cannot see them. It decides what every page has to be.
package consoletest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// patience is how long a browser may take for one thing on a busy machine.
const patience = 45 * time.Second

// mostPage is how many bytes a page may have (without what it is shown with, which the browser keeps).
const mostPage = 100 << 10

// A Browser is one person's: cookies of its own.
type Browser struct {
	ctx context.Context

	mu      sync.Mutex
	foreign []string // requests to another host than the page's
	errors  []string // of scripts and of the content security policy
	host    string
}

// Open starts a browser for one person, and ends it with the test.
func Open(t testing.TB) *Browser { return open(t, true) }

// OpenWithoutScript starts one that runs no script.
func OpenWithoutScript(t testing.TB) *Browser { return open(t, false) }

func open(t testing.TB, script bool) *Browser {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath("chromium"), chromedp.UserDataDir(t.TempDir()))
	if os.Getuid() == 0 {
		options = append(options, chromedp.NoSandbox)
	}
	alloc, end := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, stop := chromedp.NewContext(alloc)
	t.Cleanup(func() {
		patient, cancel := context.WithTimeout(ctx, 10*time.Second)
		_ = chromedp.Cancel(patient) // lets it write its folder before that goes
		cancel()
		stop()
		end()
	})
	b := &Browser{ctx: ctx}
	if err := chromedp.Listen(ctx, b.hear); err != nil {
		t.Fatalf("chromium: %v (./dev/test installs it)", err)
	}
	b.Run(t, func(ctx context.Context, on *chromedp.Target) (chromedp.Void, error) {
		return cdp.Call(ctx, on, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !script})
	})
	return b
}

func (b *Browser) hear(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		b.asked(e.Request.URL)
	case network.EventRequestWillBeSent:
		b.asked(e.Request.URL)
	case *log.EventEntryAdded:
		b.wrote(e.Entry)
	case *runtime.EventExceptionThrown:
		b.errors = append(b.errors, e.ExceptionDetails.Text)
	}
}

func (b *Browser) asked(address string) {
	u, err := url.Parse(address)
	if err == nil && b.host != "" && u.Host != "" && u.Host != b.host && (strings.HasPrefix(u.Scheme, "http") || strings.HasPrefix(u.Scheme, "ws")) {
		b.foreign = append(b.foreign, address)
	}
}

// wrote keeps what the browser itself complains about: scripts that fail, what the content security policy refused.
func (b *Browser) wrote(e *log.Entry) {
	if e.Level == log.EntryLevelError && e.Source != log.EntrySourceNetwork {
		b.errors = append(b.errors, e.Text)
	}
}

// Run does things in the browser.
func (b *Browser) Run(t testing.TB, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		again, cancel := context.WithTimeout(b.ctx, 5*time.Second)
		defer cancel()
		text, _ := chromedp.Run(again, chromedp.Text(chromedp.CSS("body")))
		t.Fatalf("browser: %v; the page says:\n%s", err, text)
	}
}

// Ask does something in the browser that has an answer.
func Ask[T any](t testing.TB, b *Browser, a chromedp.Action[T]) T {
	t.Helper()
	var got T
	b.Run(t, func(ctx context.Context, on *chromedp.Target) (none chromedp.Void, err error) {
		got, err = a(ctx, on)
		return none, err
	})
	return got
}

// Go opens a page.
func (b *Browser) Go(t testing.TB, address string) {
	t.Helper()
	if u, err := url.Parse(address); err == nil {
		b.mu.Lock()
		b.host = u.Host
		b.mu.Unlock()
	}
	b.Run(t, chromedp.Navigate(address))
}

// SignIn signs somebody in.
func (b *Browser) SignIn(t testing.TB, address, name, password string) {
	t.Helper()
	b.Go(t, address+"/sign-in")
	b.Write(t, "#name", name)
	b.Write(t, "#password", password)
	b.Send(t, "main form button")
	b.Run(t, chromedp.WaitVisible(chromedp.CSS(".sections")))
}

// Write types into a field.
func (b *Browser) Write(t testing.TB, field, text string) {
	t.Helper()
	b.Run(t, chromedp.Clear(chromedp.CSS(field)), chromedp.SendKeys(chromedp.CSS(field), text))
}

// Text is what a selector shows. A page that follows the ledger may take the element away while it is read: then it is read
// again.
func (b *Browser) Text(t testing.TB, selector string) string {
	t.Helper()
	for begun := time.Now(); ; {
		ctx, cancel := context.WithTimeout(b.ctx, patience/3)
		got, err := chromedp.Run(ctx, chromedp.Text(chromedp.CSS(selector)))
		cancel()
		if err == nil {
			return strings.Join(strings.Fields(got), " ")
		}
		if time.Since(begun) > patience {
			t.Fatalf("browser: the text of %s: %v", selector, err)
		}
	}
}

// Print prints the page as PDF, and says which words of it stand on paper.
func (b *Browser) Print(t testing.TB) (pdf []byte, words string) {
	t.Helper()
	media := func(name string) {
		b.Run(t, func(ctx context.Context, on *chromedp.Target) (chromedp.Void, error) {
			return cdp.Call(ctx, on, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: name})
		})
	}
	media("print")
	words = b.Text(t, "body")
	media("")
	got := Ask(t, b, func(ctx context.Context, on *chromedp.Target) (page.PrintToPDFResult, error) {
		return cdp.Call(ctx, on, page.PrintToPDF, page.PrintToPDFParams{})
	})
	return got.Data, words
}

// Path is where the browser is.
func (b *Browser) Path(t testing.TB) string {
	t.Helper()
	u, err := url.Parse(Ask(t, b, chromedp.Location()))
	if err != nil {
		t.Fatal(err)
	}
	return u.RequestURI()
}

// Send clicks a button or link and waits for the page that follows.
func (b *Browser) Send(t testing.TB, button string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if _, err := chromedp.RunResponse(ctx, chromedp.Click(chromedp.CSS(button))); err != nil {
		b.picture(t, "failed.png")
		t.Fatalf("browser: %s: %v; the page says:\n%s", button, err, b.Text(t, "body"))
	}
}

// Choose ticks a box or chooses an option.
func (b *Browser) Choose(t testing.TB, selector string) {
	t.Helper()
	b.Run(t, chromedp.Click(chromedp.CSS(selector)))
}

// Pick chooses an option of a list by its value.
func (b *Browser) Pick(t testing.TB, list, value string) {
	t.Helper()
	b.Run(t, chromedp.SendKeys(chromedp.CSS(list), value)) // as a keyboard does, which needs no script
}

// Upload chooses a file of this machine, as the dialogue for files does.
func (b *Browser) Upload(t testing.TB, field, path string) {
	t.Helper()
	b.Run(t, chromedp.SetUploadFiles(chromedp.CSS(field), []string{path}))
}

// Checked asks whether a box is ticked.
func Checked(selector string) chromedp.Action[bool] {
	return chromedp.Evaluate[bool]("document.querySelector(" + strconv.Quote(selector) + ").checked")
}

// A sight is how a page is looked at.
type sight struct {
	width, height int64
	scheme        string
}

var sights = []sight{{1280, 900, "light"}, {1280, 900, "dark"}, {320, 640, "light"}, {320, 640, "dark"}}

// Look looks at a page in every way and fails the test for whatever is wrong with it: what axe-core finds, a page that is
// wider than the screen, a target that is too small for a finger, a request to another host, a script's error, too many
// bytes. Pictures of it go into the folder that OUTREACH_PICTURES names, as NAME-WIDTH-SCHEME.png.
func (b *Browser) Look(t testing.TB, name, address string) {
	t.Helper()
	b.Go(t, address)
	b.LookHere(t, name)
}

// LookHere is Look at the page that the browser shows now, for one that answers a form.
func (b *Browser) LookHere(t testing.TB, name string) {
	t.Helper()
	script := axe(t)
	for _, s := range sights {
		b.as(t, s)
		where := fmt.Sprintf("%s, %d px, %s", name, s.width, s.scheme)
		b.axe(t, script, where)
		b.measure(t, where)
		b.picture(t, fmt.Sprintf("%s-%d-%s.png", name, s.width, s.scheme))
	}
	b.as(t, sights[0])
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, u := range b.foreign {
		t.Errorf("%s: asks another host: %s", name, u)
	}
	for _, e := range b.errors {
		t.Errorf("%s: %s", name, e)
	}
	b.foreign, b.errors = nil, nil
}

// as makes the browser one of a size and a scheme.
func (b *Browser) as(t testing.TB, s sight) {
	t.Helper()
	b.Run(t, func(ctx context.Context, on *chromedp.Target) (chromedp.Void, error) {
		return cdp.Call(ctx, on, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
			Width: s.width, Height: s.height, DeviceScaleFactor: 1,
		})
	}, func(ctx context.Context, on *chromedp.Target) (chromedp.Void, error) {
		return cdp.Call(ctx, on, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
			{Name: "prefers-color-scheme", Value: s.scheme}, {Name: "prefers-reduced-motion", Value: "reduce"},
		}})
	})
}

func (b *Browser) axe(t testing.TB, script, where string) {
	t.Helper()
	Ask(t, b, chromedp.Evaluate[int](script+";0"))
	answer := Ask(t, b, chromedp.Evaluate[string](
		`axe.run(document, {resultTypes: ["violations"], runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}).then(r => JSON.stringify(r.violations.map(v => ({id: v.id, help: v.help, at: v.nodes.map(n => n.html + " :: " + n.failureSummary)}))))`,
		chromedp.EvalAwaitPromise))
	var found []struct {
		ID, Help string
		At       []string
	}
	if err := json.Unmarshal([]byte(answer), &found); err != nil {
		t.Fatalf("%s: axe-core: %v", where, err)
	}
	for _, f := range found {
		t.Errorf("%s: %s (%s): %s", where, f.Help, f.ID, strings.Join(f.At[:min(3, len(f.At))], "\n  "))
	}
}

// measure looks at what axe-core does not: how wide the page is, how large its targets, how many bytes.
func (b *Browser) measure(t testing.TB, where string) {
	t.Helper()
	type measured struct {
		Wide, Screen, Bytes int
		Small               []string
	}
	got := Ask(t, b, chromedp.Evaluate[measured](`(() => {
  const small = [];
  for (const el of document.querySelectorAll("button, input:not([type=hidden]), select, textarea, summary, .button, .sections a, .tiles a")) {
    const r = el.getBoundingClientRect();
    const box = el.matches("input[type=checkbox], input[type=radio]") ? el.closest(".choice, label, td, th")?.getBoundingClientRect() ?? r : r;
    if (r.width > 0 && (box.height < 43.5 || box.width < 43.5) && !el.closest(".skip")) small.push(el.outerHTML.slice(0, 120) + " " + Math.round(box.width) + "x" + Math.round(box.height));
  }
  return {Wide: document.documentElement.scrollWidth, Screen: document.documentElement.clientWidth, Bytes: new TextEncoder().encode(document.documentElement.outerHTML).length, Small: small};
})()`))
	if got.Wide > got.Screen {
		t.Errorf("%s: the page is %d px wide on a screen of %d", where, got.Wide, got.Screen)
	}
	if got.Bytes > mostPage {
		t.Errorf("%s: the page has %d bytes, more than %d", where, got.Bytes, mostPage)
	}
	for _, s := range got.Small {
		t.Errorf("%s: too small for a finger (44 px): %s", where, s)
	}
}

func (b *Browser) picture(t testing.TB, name string) {
	t.Helper()
	dir := os.Getenv("OUTREACH_PICTURES")
	if dir == "" {
		return
	}
	b.unroll(t)
	png := Ask(t, b, chromedp.FullScreenshot(100))
	if err := os.WriteFile(filepath.Join(dir, name), png, 0o644); err != nil {
		t.Fatal(err)
	}
}
