package intent

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"outreach.example/ledger"
	"outreach.example/letter"
)

// Content is what a file holds. Its traces are in the order of their first lines.
type Content struct {
	Format   int
	Process  string
	Epoch    string // of the ledger when the process began
	Began    time.Time
	Workers  []string        // the names under which the process held letters
	Position ledger.Position // the last one the process saw
	Lines    int64           // the number of the last line that could be read
	Torn     bool            // the file ends in the middle of a line
	Closed   bool            // the process left in order
	Damage   string          // the first thing that could not be read, "" for none

	Traces []Trace
	Last   []Trace // the last letters that were sent, whichever were wanted; 2000 at most
}

// lastSent is how many letters Last holds: more than a process has in hand.
const lastSent = 2000

// Whole says that nothing is missing from the file but, perhaps, a torn tail: what does not stand in it was never
// granted.
func (c *Content) Whole() bool { return c.Damage == "" }

// Letters are the traces by their key.
func (c *Content) Letters() map[Key]Trace {
	out := make(map[Key]Trace, len(c.Traces))
	for _, t := range c.Traces {
		out[t.Key] = t
	}
	return out
}

// Of says whether the process worked with the ledger of this epoch. A file that does not say with which one counts as such.
func (c *Content) Of(epoch string) bool {
	return c.Epoch == "" || c.Epoch == epoch || c.Position.Epoch == epoch
}

// Read reads a file to its end, whatever it holds. The error is the reader's own.
func Read(r io.Reader) (*Content, error) { return Select(r, nil) }

// Select reads a file and keeps the traces that are wanted; nil wants all. A process that has sent a million letters
// leaves two million lines.
func Select(r io.Reader, want func(Key) bool) (*Content, error) {
	s := scan{want: want, place: map[Key]int{}, open: map[Key]Intent{}}
	in := bufio.NewReaderSize(r, longest)
	for {
		b, err := in.ReadSlice('\n')
		switch {
		case err == nil:
			s.line(string(b[:len(b)-1]))
		case errors.Is(err, bufio.ErrBufferFull):
			text := string(bytes.TrimRight(b, room))
			roomy := len(text) < len(b)
			blank, end, err := skipLine(in)
			switch {
			case err != nil:
				return &s.c, err
			case end && roomy && blank:
				s.tail(text)
				return s.end(), nil
			}
			s.damage("a line is too long")
			if end {
				return s.end(), nil
			}
		case errors.Is(err, io.EOF):
			s.tail(string(bytes.TrimRight(b, room)))
			return s.end(), nil
		default:
			return &s.c, err
		}
	}
}

// skipLine reads on to the end of a line that is too long to be one, or to the end of the file. What it skips is blank when it
// is nothing but room.
func skipLine(in *bufio.Reader) (blank, end bool, err error) {
	for blank = true; ; {
		b, err := in.ReadSlice('\n')
		blank = blank && len(bytes.TrimRight(b, room)) == 0
		switch {
		case err == nil:
			return blank, false, nil
		case errors.Is(err, io.EOF):
			return blank, true, nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return blank, false, err
		}
	}
}

// scan is a file on its way to a Content.
type scan struct {
	c     Content
	at    ledger.Position // what holds for the dots that come
	lines int64           // of the file, read or not
	want  func(Key) bool
	place map[Key]int
	open  map[Key]Intent // no end yet
	sent  []Trace        // a ring
	over  int            // where the ring's oldest is
}

func (s *scan) damage(why string) {
	s.lines++
	if s.c.Damage == "" {
		s.c.Damage = fmt.Sprintf("line %d: %s", s.lines, why)
	}
}

func (s *scan) line(text string) {
	r, err := readLine(text)
	switch {
	case err != nil:
		s.damage(err.Error())
		return
	case s.c.Closed:
		s.damage("a line after the last one")
		return
	case r.number != s.lines+1:
		s.damage("its number is " + strconv.FormatInt(r.number, 10) + ": lines are missing")
		s.lines = r.number
	case (r.number == 1) != (r.kind == kindHead):
		s.damage("a line " + r.kind + " in this place")
	default:
		s.lines++
	}
	s.c.Lines = r.number
	switch r.kind {
	case kindHead:
		s.c.Format, s.c.Process, s.c.Epoch, s.c.Began = r.format, r.process, r.position.Epoch, r.at
		if r.format != format && s.c.Damage == "" {
			s.c.Damage = fmt.Sprintf("its format is %d and this program knows %d: use the newer program", r.format, format)
		}
	case kindWorker:
		if !slices.Contains(s.c.Workers, r.worker) {
			s.c.Workers = append(s.c.Workers, r.worker)
		}
	case kindAt:
		s.at = r.position
		if p := s.c.Position; p.Epoch != r.position.Epoch || p.Seq < r.position.Seq {
			s.c.Position = r.position
		}
	case kindClosed:
		s.c.Closed = true
	default:
		s.letter(r)
	}
}

func (s *scan) letter(r record) {
	key := r.intent.Key()
	r.intent.Position = s.at
	s.remember(key, r)
	if s.want != nil && !s.want(key) {
		return
	}
	i, seen := s.place[key]
	if !seen {
		i = len(s.c.Traces)
		s.place[key] = i
		s.c.Traces = append(s.c.Traces, Trace{Key: key, Generation: r.intent.Generation})
	}
	t := &s.c.Traces[i]
	switch r.kind {
	case kindDot:
		t.Intended, t.Intent = true, r.intent
	case kindEnd:
		t.Outcome, t.Words, t.At = r.state, r.words, r.at
	case kindNever:
		t.Never, t.At = true, r.at
	}
}

// remember keeps the last letters that were sent.
func (s *scan) remember(key Key, r record) {
	if r.kind == kindDot {
		s.open[key] = r.intent
		return
	}
	in, known := s.open[key]
	delete(s.open, key)
	if !known || r.state != letter.Sent {
		return
	}
	t := Trace{Key: key, Generation: in.Generation, Intended: true, Intent: in, Outcome: r.state, Words: r.words, At: r.at}
	if len(s.sent) < lastSent {
		s.sent = append(s.sent, t)
		return
	}
	s.sent[s.over] = t
	s.over = (s.over + 1) % lastSent
}

// tail looks at what stands behind the last line feed, but for the room. The beginning of a line is a write that was not
// finished; anything else is damage, and may have been a line that somebody relied on.
func (s *scan) tail(text string) {
	if text == "" {
		return
	}
	next := strconv.FormatInt(s.lines+1, 10) + " "
	if !strings.HasPrefix(text, next) && !strings.HasPrefix(next, text) || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' }) {
		s.damage("what follows is no line")
		return
	}
	s.c.Torn = true
}

func (s *scan) end() *Content {
	if s.c.Format == 0 && s.c.Damage == "" {
		// A file gets its name only after its head is on the disk.
		s.damage("there is no head")
	}
	s.c.Last = append(s.sent[s.over:len(s.sent):len(s.sent)], s.sent[:s.over]...)
	return &s.c
}
