package trial

import (
	"crypto/sha256"
	"encoding/binary"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-smtp"
)

// A WeatherCount is what the weather has done: replies that put a letter off, refusals, answers held until the
// connection was cut, connections cut at once. Every one of them came before the final dot.
type WeatherCount struct{ Deferred, Refused, Hung, Cut int }

// weather strikes some letters on their way in. Whom and how follows from the seed and the letter's first address
// alone, so a trial can be repeated, and the days are numbered: whoever is not refused is let through on the third
// attempt at the latest. It never touches the content, because a client that has sent all but the dot may write the dot
// before it hears that the line is dead, and then nobody knows what became of the letter.
type weather struct {
	seed uint64
	hang time.Duration
	over <-chan struct{} // closed when the mailbox closes

	mu       sync.Mutex
	attempts map[string]int
	done     WeatherCount
}

// A gust is what strikes one address.
type gust int

const (
	calm gust = iota
	putOffOnce
	putOffTwice
	refuse
	hangAtRcpt
	hangAtData
	cutAtRcpt
	cutAtData
)

// climate is how many of a thousand addresses are struck by what. Of 175 letters that is about 25 put off once, 8 twice,
// 5 refused, 8 left hanging and 8 cut off.
var climate = []struct {
	gust  gust
	share uint64
}{
	{putOffOnce, 143}, {putOffTwice, 46}, {refuse, 29}, {hangAtRcpt, 23}, {hangAtData, 23}, {cutAtRcpt, 23}, {cutAtData, 23},
}

// The weather's replies.
var (
	replyGreylisted = &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "Greylisted (trial weather); try again later"}
	replyBusy       = &smtp.SMTPError{Code: 450, EnhancedCode: smtp.EnhancedCode{4, 2, 1}, Message: "Mailbox busy (trial weather); try again later"}
	replyUnknown    = &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "No such mailbox (trial weather)"}
	replyOthers     = &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "The first recipient was not taken, so this one waits"}
	replyCut        = &smtp.SMTPError{Code: 421, EnhancedCode: smtp.EnhancedCode{4, 4, 2}, Message: "Connection cut (trial weather)"} // never reaches the wire
)

// forecast is what strikes an address.
func (w *weather) forecast(address string) gust {
	sum := sha256.Sum256(append(binary.BigEndian.AppendUint64(nil, w.seed), strings.ToLower(address)...))
	at := binary.BigEndian.Uint64(sum[:]) % 1000
	for _, c := range climate {
		if at < c.share {
			return c.gust
		}
		at -= c.share
	}
	return calm
}

// strike is asked once for the first recipient of every attempt; an error is the reply to it.
func (w *weather) strike(c *wire, address string) error {
	g := w.forecast(address)
	if g == calm {
		return nil
	}
	w.mu.Lock()
	w.attempts[strings.ToLower(address)]++
	attempt := w.attempts[strings.ToLower(address)]
	w.mu.Unlock()

	switch {
	case g == refuse:
		w.note(func(n *WeatherCount) { n.Refused++ })
		return replyUnknown
	case g == putOffTwice && attempt <= 2:
		w.note(func(n *WeatherCount) { n.Deferred++ })
		return replyBusy
	case g == putOffOnce && attempt == 1:
		w.note(func(n *WeatherCount) { n.Deferred++ })
		return replyGreylisted
	case attempt > 1:
		return nil
	case g == hangAtRcpt:
		w.hold(c)
		return replyCut
	case g == cutAtRcpt:
		w.cut(c)
		return replyCut
	case g == hangAtData:
		c.before354 = w.hold
	case g == cutAtData:
		c.before354 = w.cut
	}
	return nil
}

// hold keeps the client waiting for an answer that will not come.
func (w *weather) hold(c *wire) {
	w.note(func(n *WeatherCount) { n.Hung++ })
	patience := time.NewTimer(w.hang)
	defer patience.Stop()
	select {
	case <-patience.C:
	case <-w.over:
	}
	c.cut()
}

func (w *weather) cut(c *wire) {
	w.note(func(n *WeatherCount) { n.Cut++ })
	c.cut()
}

func (w *weather) note(f func(*WeatherCount)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f(&w.done)
}

func (w *weather) count() WeatherCount {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.done
}
