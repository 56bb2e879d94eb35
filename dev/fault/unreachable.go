package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"outreach.example/letter"
)

// unreachable are relays that cannot be used, or will not take a letter yet.
var unreachable = []scenario{
	{
		id: "F30", what: "RCPT refused for the donor and not for the registry, and the reverse", short: true,
		options: options{campaign: campaignIs{letters: 60, block: 20}, speed: 300},
		do:      recipients,
	},
	{
		id: "F31", what: "relay down, login refused, certificate out of date, STARTTLS gone", short: true,
		options: options{campaign: campaignIs{letters: 60, block: 20}, speed: 300}, most: 4 * time.Minute,
		do: closed,
	},
	{
		id: "F34", what: "greylisted for 5 and 60 min, and 4xx for five days (faster)", short: true,
		options: options{campaign: campaignIs{letters: 60, block: 20}, speed: 1200}, most: 4 * time.Minute, lasts: 25 * time.Second,
		do: greylists,
	},
	{
		id: "F45", what: "no answer and no reset, in every step of the dialogue (as behind a NAT that forgot)", short: true,
		options: options{campaign: campaignIs{letters: 60, block: 20}, speed: 150}, most: 4 * time.Minute,
		do: func(l *lab) error {
			left := map[string]int{"CONNECT": 2, "EHLO": 2, "MAIL": 2, "RCPT": 2, "DATA": 2}
			l.witness.offers = []string{"8BITMIME"} // without PIPELINING each step waits for its own answer
			l.witness.misbehave(func(m moment) act {
				if left[m.verb] == 0 {
					return act{}
				}
				left[m.verb]--
				return act{never: true, fault: m.verb + " never answered"}
			})
			if err := l.through(3 * time.Minute); err != nil {
				return err
			}
			return l.stands(letter.Sent, l.is.letters, l.is.letters)
		},
	},
}

// recipients refuses some addresses for good and one for a while.
func recipients(l *lab) error {
	refused := map[string]bool{}
	for i := range 5 {
		refused[fmt.Sprintf("giver%06d@givers.example", i*7)] = true
	}
	registry := 6
	l.witness.misbehave(func(m moment) act {
		to := address(m.line)
		switch {
		case m.verb != "RCPT":
		case refused[to]:
			return act{reply: "550 5.1.1 no such user\r\n", fault: "RCPT of the donor refused"}
		case to == registryAddress && registry > 0:
			registry--
			return act{reply: "550 5.2.1 mailbox disabled\r\n", fault: "RCPT of the registry refused"}
		}
		return act{}
	})
	if err := l.through(time.Minute); err != nil {
		return err
	}
	all, err := readWitness(filepath.Join(l.dir, "witness.jsonl"))
	if err != nil {
		return err
	}
	for _, t := range all {
		if len(t.To) != 2 || t.To[1] != registryAddress {
			return fmt.Errorf("a letter was taken for %v", t.To)
		}
		if refused[t.To[0]] {
			return fmt.Errorf("a letter was taken for %s, which was refused", t.To[0])
		}
	}
	out, _, err := l.run("case", donorID(7))
	if err != nil || !strings.Contains(out, "550 5.1.1 no such user") {
		return fmt.Errorf("case %s does not tell what the relay said: %s (%v)", donorID(7), out, err)
	}
	return l.stands(letter.Refused, 5, 5)
}

// closed puts a relay before the worker that it cannot use, in one way after the other. No letter moves, none loses an
// attempt, and nothing of any letter is said in the clear.
func closed(l *lab) error {
	if err := l.release(); err != nil {
		return err
	}
	if _, err := l.role("scheduler"); err != nil {
		return err
	}
	ca := filepath.Join(l.dir, "ca.pem")
	good, err := certificate(ca, time.Now().AddDate(1, 0, 0))
	if err != nil {
		return err
	}
	old := filepath.Join(l.dir, "old.pem")
	expired, err := certificate(old, time.Now().AddDate(0, 0, -1))
	if err != nil {
		return err
	}
	offers := l.witness.offers
	url := func(ca string) string {
		return "OUTREACH_RELAY=smtp://house:secret@" + l.witness.addr + "?tls=starttls&auth=plain&ca_file=" + ca
	}
	for _, c := range []struct {
		what, relay, says string
		set               func() error
	}{
		{"the relay is down", url(ca), "no connection", func() error { l.witness.stop(); return nil }},
		{"STARTTLS is gone", url(ca), "no TLS", func() error { l.witness.offers = offers; return l.witness.again() }},
		{"the certificate is out of date", url(old), "no TLS", func() error {
			l.witness.cert, l.witness.offers = &expired, append([]string{"STARTTLS", "AUTH PLAIN"}, offers...)
			return nil
		}},
		{"the login is refused", url(ca), "535", func() error { l.witness.cert = &good; return nil }},
	} {
		if err := c.set(); err != nil {
			return err
		}
		l.witness.misbehave(func(m moment) act {
			switch m.verb {
			case "MAIL", "RCPT", "DATA":
				return act{fault: "SAID IN THE CLEAR OR WITHOUT LOGIN: " + m.verb}
			case "AUTH":
				return act{reply: "535 5.7.8 no\r\n", fault: "login refused"}
			}
			return act{}
		})
		p, err := l.role("worker", c.relay)
		if err != nil {
			return err
		}
		if err := l.until(patience, "the worker says that "+c.what, func() (bool, error) {
			return strings.Contains(p.said(), c.says), nil
		}); err != nil {
			return fmt.Errorf("%w: %s", err, tail(p.said(), 3))
		}
		l.did(c.what, 1)
		if err := p.end(patience); err != nil {
			return err
		}
		if n := l.witness.accepted(); n > 0 {
			return fmt.Errorf("%s: %d letters were taken", c.what, n)
		}
	}
	for fault := range l.witness.injected() {
		if strings.HasPrefix(fault, "SAID") {
			return fmt.Errorf("%s", fault)
		}
	}
	blocks, err := l.ledger.AllBlocks(l.ctx, campaignName)
	if err != nil {
		return err
	}
	for _, b := range blocks {
		rows, err := l.ledger.Letters(l.ctx, letter.Block{Campaign: campaignName, Step: "appeal", Name: b})
		if err != nil {
			return err
		}
		for _, row := range rows {
			if row.State != letter.Planned || row.Attempts != 0 {
				return fmt.Errorf("%s is %s after %d attempts, though no relay could be used", row.ID, row.State, row.Attempts)
			}
		}
	}
	l.witness.misbehave(nil)
	if _, err := l.role("worker", url(ca)); err != nil {
		return err
	}
	return l.quiet(time.Minute)
}

// greylists defers letters for a while, and a few for ever.
func greylists(l *lab) error {
	never := map[string]bool{}
	for i := range 3 {
		never[fmt.Sprintf("giver%06d@givers.example", i*11)] = true
	}
	first := map[string]time.Time{}
	l.witness.misbehave(func(m moment) act {
		if m.verb != "RCPT" {
			return act{}
		}
		to := address(m.line)
		if first[to].IsZero() {
			first[to] = time.Now()
		}
		wait := 5 * time.Minute / 1200
		if len(to)%2 == 0 || strings.HasSuffix(to, "1@givers.example") {
			wait = 60 * time.Minute / 1200
		}
		switch {
		case never[to]:
			return act{reply: "451 4.2.1 mailbox busy\r\n", fault: "4xx for five days"}
		case to != registryAddress && time.Since(first[to]) < wait:
			return act{reply: "451 4.7.1 greylisted, try again later\r\n", fault: "greylisted"}
		}
		return act{}
	})
	if err := l.release(); err != nil {
		return err
	}
	if err := l.both(); err != nil {
		return err
	}
	if err := l.until(2*time.Minute, "every letter but those that are never taken is sent", func() (bool, error) {
		c, err := l.counts("appeal")
		return c[letter.Sent] == l.is.letters-len(never), err
	}); err != nil {
		c, _ := l.counts("appeal")
		return fmt.Errorf("%w: %v", err, c)
	}
	// Five days later, by the clock of the worker.
	if err := l.roles[len(l.roles)-1].end(patience); err != nil {
		return err
	}
	if _, err := l.role("worker", "OUTREACH_TEST_CLOCK=+120h"); err != nil {
		return err
	}
	if err := l.quiet(2 * time.Minute); err != nil {
		return err
	}
	out, _, err := l.run("case", donorID(11))
	if err != nil || !strings.Contains(out, "expired: 451 4.2.1 mailbox busy") {
		return fmt.Errorf("case %s does not say that it expired: %s (%v)", donorID(11), out, err)
	}
	return l.stands(letter.Refused, len(never), len(never))
}
