package relay

import (
	"context"
	"errors"
	"slices"
	"time"

	"outreach.example/letter"
)

// block is how much content goes out under one deadline.
const block = 64 << 10

// deliver takes one letter through its transaction on this connection. written says that the envelope went out with
// the dot of the letter before. again says that the connection had died before this letter's envelope was answered: it
// may be offered once more. The connection has been given back when deliver returns.
func (c *conn) deliver(ctx context.Context, j *job, written bool, commit func(context.Context) error) (v letter.Verdict, again bool) {
	var next *waiter
	defer func() { c.relay.put(c, next) }()

	stop := func() bool { return true }
	if ctx.Done() != nil {
		stop = context.AfterFunc(ctx, func() { c.abort("stopped before the dot") })
	}
	leftOut, no, again := c.offerLetter(j, written)
	stopped := !stop()
	switch {
	case no != nil:
		c.clean = c.clean && !stopped
		return *no, again && !stopped
	case stopped:
		return letter.Verdict{Outcome: letter.Unsent, Stage: letter.StageContent, Text: "stopped before the dot"}, false
	}

	c.relay.at("after-content")
	if no := c.commit(ctx, commit); no != nil {
		return *no, false
	}
	next = c.relay.engage(c)
	before := c.wire.written
	c.await(c.relay.times.Block)
	c.w.WriteString(".\r\n")
	if next != nil {
		c.writeEnvelope(next.job)
	}
	if err := c.w.Flush(); err != nil {
		if c.wire.written == before {
			return neverWritten(c.words(err)), false
		}
		return c.doubt("while the dot was written: ", err), false
	}
	c.relay.at("after-dot")
	c.await(c.relay.times.Dot)
	r, err := c.read()
	if err != nil {
		return c.doubt("no answer to the dot: ", err), false
	}
	c.relay.at("after-reply")
	v = r.afterDot()
	c.used = true
	// Words that nobody asked for: what follows could not be told from answers.
	c.clean = v.Outcome != letter.Doubtful && !r.closing() && (next != nil || c.r.Buffered() == 0)
	if v.Outcome == letter.Accepted {
		v.LeftOut = leftOut
	}
	return v, false
}

// commit asks whether the dot may be written, and makes sure that the permission is still young when it is: a process
// that was frozen in between may have been given up by everyone else. The deadline is set before the question, because
// it must also end a write that is stuck.
func (c *conn) commit(ctx context.Context, commit func(context.Context) error) *letter.Verdict {
	if t := c.relay.Trouble(); t != nil && t.Held {
		v := t.unreachable().verdict()
		return &v
	}
	guard := c.relay.times.Guard
	began := c.relay.now()
	c.await(guard)
	if err := commit(ctx); err != nil {
		return &letter.Verdict{Outcome: letter.Unsent, Stage: letter.StageCommit, Text: err.Error()}
	}
	now := c.relay.now()
	// Subtracting compares the monotonic clock where there is one; it stands still while a machine sleeps, the other
	// can be set.
	if took := max(now.Sub(began), now.Round(0).Sub(began.Round(0)).Abs()); took > guard {
		v := neverWritten("permission to send is " + took.Round(time.Second).String() + " old")
		return &v
	}
	why := c.aborted()
	if why == "" {
		why = c.wire.hungUp()
	}
	if why != "" {
		v := neverWritten(why)
		return &v
	}
	return nil
}

func neverWritten(why string) letter.Verdict {
	return letter.Verdict{Outcome: letter.Unsent, Stage: letter.StageCommit, Text: "dot never written: " + why}
}

// offerLetter sends the envelope and the content, without the dot. After nil the relay waits for the dot.
func (c *conn) offerLetter(j *job, written bool) (leftOut []int, no *letter.Verdict, again bool) {
	if leftOut, no, again = c.envelope(j, written); no != nil {
		return nil, no, again
	}
	c.relay.at("after-rcpt")
	for part := range slices.Chunk(j.content, block) {
		c.await(c.relay.times.Block)
		if _, err := c.w.Write(part); err != nil {
			return nil, c.lost(letter.StageContent, err), false
		}
	}
	if err := c.w.Flush(); err != nil {
		return nil, c.lost(letter.StageContent, err), false
	}
	if why := c.wire.hungUp(); why != "" {
		return nil, &letter.Verdict{Outcome: letter.Unsent, Stage: letter.StageContent, Text: why}, false
	}
	return leftOut, nil, false
}

// envelope sends MAIL, RCPT and DATA, in one piece where the relay allows it, and reads the answers.
func (c *conn) envelope(j *job, written bool) (leftOut []int, no *letter.Verdict, again bool) {
	times, together := &c.relay.times, c.offer.pipelining
	c.clean = false
	if !written {
		if together {
			c.writeEnvelope(j)
		} else {
			c.writeMail(j)
		}
		c.await(times.Mail)
		if err := c.w.Flush(); err != nil {
			return nil, c.lost(letter.StageMail, err), c.used
		}
	}
	r, err := c.readWithin(times.Mail)
	if err != nil {
		return nil, c.lost(letter.StageMail, err), c.used && !errors.Is(err, errGarbage)
	}
	if r.closing() {
		return nil, ref(r.leaving(letter.StageMail)), c.used
	}
	c.used = true
	if !r.positive() {
		v := r.atMail(times.House)
		c.clean = v.Outcome != letter.Unsent && (!together || c.skip(j.rcpts()+1))
		return nil, &v, false
	}
	var refusals []refusal
	for i := range j.rcpts() {
		if !together {
			c.writeRcpt(j.rcpt(i))
			c.await(times.Rcpt)
			if err := c.w.Flush(); err != nil {
				return nil, c.lost(j.stage(i), err), false
			}
		}
		r, err := c.readWithin(times.Rcpt)
		switch {
		case err != nil:
			return nil, c.lost(j.stage(i), err), false
		case r.closing():
			return nil, ref(r.leaving(j.stage(i))), false
		case r.later(), r.never():
			r.text = slices.Clone(r.text)
			refusals = append(refusals, refusal{i, r})
		case !r.positive():
			return nil, ref(r.outOfStep(j.stage(i))), false
		}
	}
	// From here the transaction can be left by closing the socket only, whatever DATA is answered.
	if leftOut, no = j.decide(refusals, times.House); no != nil {
		return nil, no, false
	}
	if !together {
		c.w.WriteString("DATA\r\n")
		c.await(times.Data)
		if err := c.w.Flush(); err != nil {
			return nil, c.lost(letter.StageData, err), false
		}
	}
	r, err = c.readWithin(times.Data)
	switch {
	case err != nil:
		return nil, c.lost(letter.StageData, err), false
	case r.closing():
		return nil, ref(r.leaving(letter.StageData)), false
	case !r.goAhead():
		return nil, ref(r.atData()), false
	case c.r.Buffered() > 0:
		// It would be taken for the answer to the dot.
		return nil, &letter.Verdict{Outcome: letter.Unsent, Stage: letter.StageData, Text: "the relay says more than it was asked"}, false
	}
	return leftOut, nil, false
}

// skip reads the refusals that follow a refused MAIL in one group, and says whether they were refusals and nothing else.
func (c *conn) skip(replies int) bool {
	for range replies {
		r, err := c.readWithin(c.relay.times.Rcpt)
		if err != nil || r.closing() || !r.later() && !r.never() {
			return false
		}
	}
	return c.r.Buffered() == 0
}

// readWithin reads one reply under a deadline of its own, unless its beginning is here already.
func (c *conn) readWithin(d time.Duration) (reply, error) {
	if c.r.Buffered() == 0 {
		c.await(d)
	}
	return c.read()
}

func (c *conn) read() (reply, error) {
	r, err := readReply(c.r, c.space)
	c.space = r.text
	return r, err
}

// lost is the verdict on a letter whose connection broke, or fell out of step, before the dot: the relay must drop what
// it has of it (RFC 5321 4.1.1.10).
func (c *conn) lost(s letter.Stage, err error) *letter.Verdict {
	return &letter.Verdict{Outcome: letter.Unsent, Stage: s, Text: c.words(err)}
}

// at marks a place where a test may end the process.
func (r *Relay) at(point string) {
	if r.fail != nil {
		r.fail(point)
	}
}

// doubt is the verdict on a letter whose dot was, or may have been, written and not answered.
func (c *conn) doubt(when string, err error) letter.Verdict {
	return letter.Verdict{Outcome: letter.Doubtful, Stage: letter.StageDot, Text: when + c.words(err), Own: c.aborted() == stopped}
}

func ref(v letter.Verdict) *letter.Verdict { return &v }
