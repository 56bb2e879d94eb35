package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"outreach.example/ledger"
	"outreach.example/relay"
)

func checkRelay(s string) error {
	_, err := relay.ParseList(s)
	return err
}

// relayList is a list of relays in outreach.yaml as the one text that the environment would hold.
func relayList(list *ast.SequenceNode) (string, bool) {
	var all []string
	for _, n := range list.Values {
		text, one := value(n)
		if !one {
			return "", false
		}
		all = append(all, text)
	}
	return strings.Join(all, "\n"), true
}

// showRelays is the relays as a person may see them.
func showRelays(v string) string {
	all, err := relay.ParseList(v)
	if err != nil {
		return "set"
	}
	var shown []string
	for _, s := range all {
		shown = append(shown, s.String())
	}
	return strings.Join(shown, " ")
}

// relays makes the relays of the settings, in their order. What an address does not say of itself, the general settings do.
func (h *house) relays() ([]*relay.Relay, error) {
	if h.config.value["relay"] == "" {
		return nil, ledger.Refusal("no relay is set; set OUTREACH_RELAY to smtp://user:password@host:port?tls=starttls|implicit|none")
	}
	list, err := relay.ParseList(h.config.value["relay"])
	if err != nil {
		return nil, ledger.Refusal("relay: " + err.Error())
	}
	helo := h.config.value["helo"]
	if helo == "" {
		if helo, err = os.Hostname(); err != nil {
			return nil, fmt.Errorf("helo: %w", err)
		}
	}
	o := relay.Options{Now: h.app.now, Log: h.log, Dial: h.app.guard, Times: h.app.test.relay(), Fail: h.app.test.fail}
	if h.trial {
		o.Times = fastRelay
	}
	var all []*relay.Relay
	for _, s := range list {
		if s.Connections == 0 {
			s.Connections = h.config.count("connections")
		}
		if s.Helo == "" {
			s.Helo = helo
		}
		if s.Pace == nil {
			pace := h.config.duration("pace")
			if s.Loopback() {
				pace = 0 // this machine itself is nobody to be polite to
			}
			s.Pace = &pace
		}
		all = append(all, relay.New(s, o))
	}
	return all, nil
}

// closeRelays ends them all at once, each when its letters in hand are done or ctx ends.
func (h *house) closeRelays(ctx context.Context, all []*relay.Relay) {
	ended := make(chan error, len(all))
	for _, r := range all {
		go func() { ended <- r.Close(ctx) }()
	}
	for range all {
		if err := <-ended; err != nil {
			h.log.Warn("relay", "error", err)
		}
	}
}

func (a *app) examineRelays(ctx context.Context, c config) []finding {
	mend := "set OUTREACH_RELAY to smtp://user:password@host:port?tls=starttls|implicit|none"
	h := &house{app: a, config: c, log: a.logger(c)}
	all, err := h.relays()
	if err != nil {
		return []finding{{What: "relay", Says: err.Error(), Mend: mend}}
	}
	found := make([]finding, len(all))
	done := make(chan struct{}, len(all))
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for i, r := range all {
		go func() {
			defer func() { done <- struct{}{} }()
			says, err := r.Check(ctx)
			found[i] = finding{What: "relay " + r.Name(), Well: err == nil, Says: strings.TrimPrefix(says, r.Name()+": ") + " (no letter was sent)", Mend: mend}
			if err != nil {
				found[i].Says = strings.TrimPrefix(err.Error(), r.Name()+": ")
			}
			_ = r.Close(ctx)
		}()
	}
	for range all {
		<-done
	}
	return found
}

// keptRelay is a relay that letters are kept from, as status shows it.
type keptRelay struct {
	Relay   string `json:"relay"`
	Held    string `json:"held,omitempty"`    // why, until a person releases it
	Trouble string `json:"trouble,omitempty"` // why a worker leaves it alone for a while
	Type    string `json:"type,omitempty"`    // the command that ends it
}

// keptRelays are those that letters are kept from now, and why nothing at all is taken up, if so.
func keptRelays(ctx context.Context, l *ledger.Ledger) (kept []keptRelay, full string, err error) {
	all, err := l.Relays(ctx)
	if err != nil {
		return nil, "", err
	}
	for _, r := range all {
		if r.Held != "" || r.Trouble != "" {
			kept = append(kept, keptRelay{r.Name, r.Held, r.Trouble, "outreach release --relay " + r.Name + " --as NAME"})
		}
	}
	// A store that does not say how full it is has no limit that staff could do anything about.
	if used, most, err := l.Memory(ctx); err == nil {
		full = ledger.Full(used, most)
	}
	return kept, full, nil
}

func (a *app) printRelays(kept []keptRelay, full string) {
	for _, r := range kept {
		if r.Held != "" {
			fmt.Fprintf(a.out, "relay %s is held: %s; look at these letters, then type: %s\n", r.Relay, r.Held, r.Type)
		} else {
			fmt.Fprintf(a.out, "relay %s is offered no letter: %s; or type: %s\n", r.Relay, r.Trouble, r.Type)
		}
	}
	if full != "" {
		fmt.Fprintln(a.out, full)
	}
}

// releaseRelay lets a relay be used again.
func (a *app) releaseRelay(ctx context.Context, l *ledger.Ledger, who, name, reason string) error {
	again, err := l.Lift(ctx, who, name, reason)
	if err != nil {
		return err
	}
	if again {
		fmt.Fprintf(a.out, "relay %s: was not held; a worker that leaves it alone tries it again now\n", name)
	} else {
		fmt.Fprintf(a.out, "relay %s: released; workers try it again now\n", name)
	}
	a.next("outreach status")
	return nil
}
