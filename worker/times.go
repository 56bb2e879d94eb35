package worker

import "time"

// Times are the waits that a trial and tests run through faster.
type Times struct {
	Retry       []time.Duration // after the first, second, ... definite 4xx; the last one repeats
	Greylisted  []time.Duration // instead of the first of them, where strangers are made to come back
	GiveUp      time.Duration   // since the letter's date: a letter still deferred then is refused
	Cut         time.Duration   // after a connection that was cut before the dot
	Unreachable time.Duration   // after no connection could be had
	Instead     time.Duration   // the same, where another relay can be used
	Renew       time.Duration   // how often the lease is renewed
	Lease       time.Duration   // its life
	Asking      time.Duration   // how long one wake-up goes on claiming
	Adopt       time.Duration   // how often the intent files of the dead are looked for
}

// Standard are the times of real work (RFC 5321 4.5.4.1: half an hour in general, up to four or five days).
var Standard = Times{
	Retry:      []time.Duration{15 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour},
	Greylisted: []time.Duration{6 * time.Minute, 15 * time.Minute},
	GiveUp:     4 * 24 * time.Hour, Cut: time.Minute, Unreachable: time.Minute, Instead: time.Second,
	Renew: 4 * time.Second, Lease: 12 * time.Second, Asking: 10 * time.Minute,
	Adopt: 10 * time.Second,
}

// enough is how many earlier attempts a letter that is given up has had.
const enough = 5
