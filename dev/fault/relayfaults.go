package main

import (
	"fmt"
	"strings"
	"time"

	"outreach.example/letter"
)

// relayFaults are relays that misbehave.
var relayFaults = []scenario{
	{
		id: "F24", what: "the relay closes after byte n, in each direction", short: true,
		options: options{campaign: campaignIs{letters: 400, block: 20}, speed: 600},
		do:      cutting,
	},
	{
		id: "F25", what: "250 late by 14 s, 9 min, 13 min, never (20 times faster)", short: true,
		options: options{campaign: campaignIs{letters: 40, block: 20}}, most: 3 * time.Minute, lasts: 40 * time.Second,
		do: func(l *lab) error {
			l.env = append(l.env, "OUTREACH_CONNECTIONS=8") // one for each of the late answers, which are then late together
			waits := []time.Duration{14 * time.Second / 20, 9 * time.Minute / 20, 13*time.Minute/20 + time.Second, 0}
			n := 0
			l.witness.misbehave(func(m moment) act {
				if m.verb != "." || n >= 2*len(waits) {
					return act{}
				}
				w := waits[n%len(waits)]
				n++
				if w == 0 {
					return act{never: true, fault: "a dot never answered"}
				}
				return act{wait: w, fault: "answer to the dot late by " + (20 * w).Round(time.Second).String() + " at speed 20"}
			})
			return l.through(3 * time.Minute)
		},
	},
	{
		id: "F26", what: "the answer to the dot is torn: half a code, EOF, garbage, 300 lines, NUL, 1 MB line", short: true,
		options: options{campaign: campaignIs{letters: 60, block: 20}},
		do: func(l *lab) error {
			torn := []string{
				"2", "25", "250-half\r\n", "garbage\r\n", "250 nul\x00\r\n", strings.Repeat("250-and so on\r\n", 300) + "250 end\r\n",
				"250 " + strings.Repeat("x", 1<<20) + "\r\n", "999 what\r\n", "\r\n",
			}
			n := 0
			l.witness.misbehave(func(m moment) act {
				if m.verb != "." || n >= len(torn) {
					return act{}
				}
				n++
				return act{reply: torn[n-1], cut: true, fault: fmt.Sprintf("torn answer to the dot %.12q", torn[n-1])}
			})
			if err := l.through(time.Minute); err != nil {
				return err
			}
			if l.released == 0 {
				return fmt.Errorf("two doubts in a row by the relay's doing did not hold it")
			}
			l.note("the relay was held and released %d times", l.released)
			return l.stands(letter.InDoubt, 1, len(torn))
		},
	},
	{
		id: "F27", what: "421 or 4xx after the dot", short: true,
		options: options{campaign: campaignIs{letters: 60, block: 20}, speed: 600},
		do: func(l *lab) error {
			l.witness.misbehave(func(m moment) act {
				switch {
				case m.verb != "." || m.seen > 1:
				case m.conn%2 == 0:
					return act{reply: "421 4.3.2 going away\r\n", cut: true, drop: true, fault: "421 after the dot"}
				default:
					return act{reply: "451 4.3.0 later\r\n", drop: true, fault: "451 after the dot"}
				}
				return act{}
			})
			if err := l.through(time.Minute); err != nil {
				return err
			}
			return l.stands(letter.Sent, l.is.letters, l.is.letters)
		},
	},
	{
		id: "F28", what: "5xx after the dot, of a letter and of the sender", short: true,
		options: options{campaign: campaignIs{letters: 60, block: 20}},
		do:      refusals,
	},
	{
		id: "F29", what: "250, then a reset connection", short: true,
		options: options{campaign: campaignIs{letters: 60, block: 20}},
		do: func(l *lab) error {
			n := 0
			l.witness.misbehave(func(m moment) act {
				if m.verb != "." {
					return act{}
				}
				if n++; n%3 > 0 {
					return act{}
				}
				return act{reset: true, wait: 10 * time.Millisecond, fault: "reset after 250"}
			})
			return l.through(time.Minute)
		},
	},
}

// through lets the whole campaign go through a relay that misbehaves.
func (l *lab) through(within time.Duration) error {
	if err := l.release(); err != nil {
		return err
	}
	if err := l.both(); err != nil {
		return err
	}
	return l.quiet(within)
}

// stands says how many letters must be in a state by now.
func (l *lab) stands(s letter.State, least, most int) error {
	c, err := l.counts("appeal")
	if err == nil && (c[s] < least || c[s] > most) {
		err = fmt.Errorf("%d letters are %s, not %d to %d: %v", c[s], s, least, most, c)
	}
	return err
}

// cutting ends every connection after a number of bytes of its own, in one direction or the other: within the first
// letter, or in the middle of a later one.
func cutting(l *lab) error {
	l.witness.cutting(func(n int) limits {
		switch {
		case n > 400:
			return limits{}
		case n%2 == 0:
			return limits{in: 1 + l.rng.IntN(30000)}
		}
		return limits{out: 1 + l.rng.IntN(900)}
	})
	return l.through(100 * time.Second)
}

// refusals refuses letters for good: seven for what they are, and then one for who sends it, which pauses the campaign
// until a person has looked.
func refusals(l *lab) error {
	n := 0
	l.witness.misbehave(func(m moment) act {
		if m.verb != "." || n >= 8 {
			return act{}
		}
		if n++; n < 8 {
			return act{reply: "554 5.6.0 not this one\r\n", fault: "554 5.6.0 after the dot"}
		}
		return act{reply: "554 5.7.1 not from you\r\n", fault: "554 5.7.1 after the dot"}
	})
	if err := l.release(); err != nil {
		return err
	}
	if err := l.both(); err != nil {
		return err
	}
	if err := l.until(patience, "the campaign is paused", func() (bool, error) {
		c, err := l.ledger.Campaign(l.ctx, campaignName)
		return c.Status == "paused", err
	}); err != nil {
		return err
	}
	out, _, err := l.run("status", campaignName)
	if err != nil || !strings.Contains(out, "554 5.7.1 not from you") {
		return fmt.Errorf("status does not say why: %s (%v)", out, err)
	}
	if _, _, err := l.run("resume", campaignName, "--as", "bea"); err != nil {
		return err
	}
	if err := l.quiet(patience); err != nil {
		return err
	}
	return l.stands(letter.Refused, 8, 8)
}
